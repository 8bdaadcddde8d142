/*-------------------------------------------------------------------------
 *
 * alter.c
 *		A lifecycle is drawn anew, or a stage of it merged or retired.
 *
 * What is short and must be whole is here; the order of the steps, and what becomes of rows
 * and of enums, is sql/parts/alter.sql's.  That a stage is renamed on the way is rename.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "binding.h"
#include "dependents.h"
#include "diagram_compare.h"
#include "diagram_diff.h"
#include "guard.h"
#include "lifecycle.h"
#include "redraw.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(lock_lifecycle);
PG_FUNCTION_INFO_V1(redraw_lifecycle);
PG_FUNCTION_INFO_V1(begin_merge);
PG_FUNCTION_INFO_V1(retire_stage);
PG_FUNCTION_INFO_V1(check_fit);
PG_FUNCTION_INFO_V1(check_guard_text);

static int
find_stage(const char *name, const Diagram *diagram, const char *label)
{
	int			stage = diagram_find_label(diagram, label);

	if (stage == NO_STAGE)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("lifecycle \"%s\" has no stage \"%s\"", name, label),
				 errhint("SELECT id, label FROM lifecycle.stage WHERE lifecycle = %s; shows what rows hold.",
						 quote_literal_cstr(name))));
	return stage;
}

/*
 * lock_lifecycle(lifecycle) is its diagram, which nobody else changes until the end of the
 * transaction; for its owner.
 */
Datum
lock_lifecycle(PG_FUNCTION_ARGS)
{
	Diagram    *diagram = lock_diagram(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_TEXT_P(cstring_to_text(diagram_print(diagram)));
}

/*
 * A new drawing does not know which labels rows still hold from a renaming that is not
 * finished; nor do those that it names itself mean anything, once their rows are relabelled.
 */
static void
keep_former_labels(const char *name, const Diagram *before, const DiagramDiff *diff, Diagram *after)
{
	for (int i = 0; i < after->nstages; i++)
	{
		diagram_forget_formers(after, i);
		if (diagram_find_former(before, after->stages[i].label) != NO_STAGE)
			check_not_awaited(name, before, after->stages[i].label);
	}
	for (int i = 0; i < before->nstages; i++)
		for (int f = 0; diff->becomes[i] != NO_STAGE && f < before->stages[i].formerly.count; f++)
			diagram_add_former(after, diff->becomes[i], before->stages[i].formerly.items[f]);
}

/* Stages in which no row can be any more. */
static void
refuse_homeless(const char *name, const Diagram *before, const DiagramDiff *diff, const Diagram *after)
{
	for (int i = 0; i < before->nstages; i++)
	{
		int			becomes = diff->becomes[i];

		if (before->stages[i].outside || (becomes != NO_STAGE && !after->stages[becomes].outside))
			continue;
		refuse_if_held(name, &before->stages[i]);
	}
}

/*
 * redraw_lifecycle(lifecycle, diagram) stores a new diagram, whose stages have the labels that
 * rows hold by now.
 */
Datum
redraw_lifecycle(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Diagram    *before = lock_diagram(name);
	Diagram    *after = read_diagram(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	DiagramDiff *diff;

	check_guards(after);
	diff = compare_diagrams(before, after);
	keep_former_labels(name, before, diff, after);
	refuse_homeless(name, before, diff, after);
	notice_unreachable(name, after);
	store_diagram(name, after, namespace_search_path, "alter");
	PG_RETURN_VOID();
}

/* Nothing is stored that could not be read again: there may be too many moves, say. */
static void
check_readable(const Diagram *diagram, const char *label)
{
	PureError	error;

	if (diagram_parse(diagram_print(diagram), &error) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("the diagram cannot be drawn without stage \"%s\"", label),
				 errdetail("It would say: %s.", error.message),
				 errhint("Draw the lifecycle anew with lifecycle.alter_lifecycle() first.")));
}

/*
 * begin_merge(lifecycle, stage, into) makes a stage part of another, and from now on whoever
 * touches a row of the one writes the other.
 */
Datum
begin_merge(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *label = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *into_label = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Diagram    *diagram = lock_diagram(name);
	int			into,
				stage;

	if (strcmp(label, into_label) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be merged into itself", label)));
	into = find_stage(name, diagram, into_label);
	/* Begun before: go on. */
	if (diagram_find_former(diagram, label) == into)
		PG_RETURN_VOID();
	stage = find_stage(name, diagram, label);
	if (diagram->stages[stage].outside || diagram->stages[into].outside)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no rows are in stage \"%s\", which lies outside of the table",
						diagram->stages[stage].outside ? label : into_label),
				 errhint("Draw the lifecycle without it: lifecycle.alter_lifecycle().")));
	diagram_merge(diagram, stage, into);
	check_readable(diagram, label);
	store_diagram(name, diagram, NULL, "merge");
	PG_RETURN_VOID();
}

static bool
has_entry(const Diagram *diagram)
{
	return machine_build(diagram)->entries.count > 0;
}

/*
 * retire_stage(lifecycle, stage) takes out all ways to a stage: rows may leave it, and none
 * come.
 */
Datum
retire_stage(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *label = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Diagram    *before = lock_diagram(name);
	Diagram    *after = read_diagram(diagram_print(before));

	diagram_retire(after, find_stage(name, after, label));
	if (has_entry(before) && !has_entry(after))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("stage \"%s\" is the only one where rows begin", label),
				 errhint("Draw another entry with lifecycle.alter_lifecycle() first.")));
	store_diagram(name, after, NULL, "retire");
	put_changes(fcinfo, before, after);
	return (Datum) 0;
}

/*
 * check_fit(relation, key, lifecycle, part) raises what of a lifecycle does not fit a table:
 * of all of it, or of one part of it, and then it is false behind the last, whatever is wrong
 * with the table.  What was dropped meanwhile fits.
 */
Datum
check_fit(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	int32		part = PG_GETARG_INT32(3);
	Relation	rel;
	Rulebook   *book;

	if (part >= rulebook_parts(rules_get(name)->diagram))
		PG_RETURN_BOOL(false);
	rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	if (rel == NULL)
		PG_RETURN_BOOL(false);
	book = binding_rulebook(binding_get(rel, text_to_cstring(PG_GETARG_TEXT_PP(1))), name);
	if (book == NULL)
		rules_missing(name);
	if (part < 0)
		rulebook_check(book, rel);
	else
		rulebook_check_part(book, rel, part);
	relation_close(rel, AccessShareLock);
	PG_RETURN_BOOL(true);
}

/*
 * check_guard_text(guard) refuses what is not exactly one expression.
 */
Datum
check_guard_text(PG_FUNCTION_ARGS)
{
	guard_check_syntax(text_to_cstring(PG_GETARG_TEXT_PP(0)), "of a lifecycle");
	PG_RETURN_VOID();
}
