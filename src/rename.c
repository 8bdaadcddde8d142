/*-------------------------------------------------------------------------
 *
 * rename.c
 *		The two ends of renaming a stage: from when on its rows may hold two labels, and
 *		since when they hold one again.
 *
 * Between the two the diagram carries the former label, so that every session, every
 * dump and every call that goes on with the work knows it.  The work itself, and the order
 * of its steps, is rename_stage()'s in sql/parts/rename.sql; what happens to a row, renew.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "redraw.h"

PG_FUNCTION_INFO_V1(begin_rename);
PG_FUNCTION_INFO_V1(end_rename);

/*
 * What guards say about a label is SQL, which nobody but its author can put right.
 */
static void
warn_of_guard(const char *guard, const char *label)
{
	if (guard != NULL && strstr(guard, quote_literal_cstr(label)) != NULL)
		ereport(WARNING,
				(errmsg("the guard [%s] mentions %s, which it does not follow", guard, quote_literal_cstr(label)),
				 errhint("Draw the lifecycle with another guard, or compare with both labels until then.")));
}

static void
warn_of_guards(const Diagram *diagram, const char *label)
{
	for (int i = 0; i < diagram->nmoves; i++)
		warn_of_guard(diagram->moves[i].guard, label);
	for (int i = 0; i < diagram->nstages; i++)
	{
		warn_of_guard(diagram->stages[i].entry, label);
		warn_of_guard(diagram->stages[i].exit, label);
	}
}

static void
refuse_neither(const char *name, const char *old_label, const char *new_label)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("lifecycle \"%s\" has neither a stage \"%s\" nor a stage \"%s\"", name, old_label, new_label),
			 errhint("SELECT id, label FROM lifecycle.stage WHERE lifecycle = %s; shows what rows hold.",
					 quote_literal_cstr(name))));
}

static void
rename_in_diagram(const char *name, Diagram *diagram, const char *old_label, const char *new_label)
{
	int			old_stage = diagram_find_label(diagram, old_label);
	int			new_stage = diagram_find_label(diagram, new_label);

	if (old_stage != NO_STAGE && new_stage != NO_STAGE)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("lifecycle \"%s\" has a stage \"%s\" already", name, new_label),
				 errhint("Choose another label.")));
	if (old_stage == NO_STAGE && new_stage == NO_STAGE)
		refuse_neither(name, old_label, new_label);
	if (diagram_find_former(diagram, new_label) != old_stage)
		check_not_awaited(name, diagram, new_label);
	if (diagram_find_former(diagram, old_label) != new_stage)
		check_not_awaited(name, diagram, old_label);
	if (old_stage == NO_STAGE)
	{
		/* The diagram has the new label already: go on, or heal what still holds the old one. */
		diagram_add_former(diagram, new_stage, old_label);
		return;
	}
	diagram_rename(diagram, old_stage, new_label);
	check_drawable(diagram, old_stage);
	warn_of_guards(diagram, old_label);
}

/*
 * begin_rename(lifecycle, old, new) gives a stage another label, and from now on whoever
 * touches a row that holds the old one writes the new one.
 */
Datum
begin_rename(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *old_label = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *new_label = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Diagram    *diagram = lock_diagram(name);

	if (strcmp(old_label, new_label) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is the old label and the new one", old_label)));
	rename_in_diagram(name, diagram, old_label, new_label);
	store_diagram(name, diagram, NULL, "rename");
	PG_RETURN_VOID();
}

/* Somebody else has renamed the stage on, or back, while its rows were being relabelled. */
static void
refuse_overtaken(const char *name, const Diagram *diagram, const char *label)
{
	int			stage = diagram_find_former(diagram, label);

	if (stage == NO_STAGE)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("stage \"%s\" of lifecycle \"%s\" was renamed, merged or dropped by somebody else meanwhile",
						label, name),
				 errhint("SELECT * FROM lifecycle.lifecycle_history WHERE lifecycle = %s; shows who did what."
						 " Rename the stage again if that was not meant.", quote_literal_cstr(name))));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("stage \"%s\" of lifecycle \"%s\" was renamed to \"%s\" by somebody else meanwhile",
					label, name, diagram->stages[stage].label),
			 errdetail("That renaming relabels the rows that are left, too."),
			 errhint("Wait for it, or finish it: CALL lifecycle.rename_stage(%s, %s, %s);",
					 quote_literal_cstr(name), quote_literal_cstr(label),
					 quote_literal_cstr(diagram->stages[stage].label))));
}

/*
 * end_rename(lifecycle, label) forgets what the stage with this label was called formerly.
 */
Datum
end_rename(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *label = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Diagram    *diagram = lock_diagram(name);
	int			stage = diagram_find_label(diagram, label);

	if (stage == NO_STAGE)
		refuse_overtaken(name, diagram, label);
	diagram_forget_formers(diagram, stage);
	store_diagram(name, diagram, NULL, "settle");
	PG_RETURN_VOID();
}
