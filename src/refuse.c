/*-------------------------------------------------------------------------
 *
 * refuse.c
 *		What is said to somebody whose row may not move.
 *
 * The message says what was refused, DETAIL everything that stands in the way, HINT the
 * way out, and the fields make an integrity error of it in every client library.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "compat.h"
#include "journey_io.h"
#include "ownership.h"
#include "derive.h"
#include "refuse.h"

/* Values of a key are shown up to this many bytes, as core's messages show a row's. */
#define MAX_SHOWN_VALUE 64

/*
 * Whether the user may read a column of the row.  As in core's messages about rows, row
 * security makes that too hard to tell.
 */
static bool
may_see(const Binding *binding, Relation rel, AttrNumber column)
{
	Oid			home = binding->home;
	AttrNumber	attnum = get_attnum(home, get_attname(RelationGetRelid(rel), column, false));

	if (check_enable_rls(home, InvalidOid, true) == RLS_ENABLED ||
		check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED)
		return false;
	return pg_class_aclcheck(home, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		(attnum != InvalidAttrNumber &&
		 pg_attribute_aclcheck(home, attnum, GetUserId(), ACL_SELECT) == ACLCHECK_OK);
}

static void
append_value(StringInfo list, Relation rel, TupleTableSlot *row, AttrNumber column)
{
	Oid			output;
	bool		is_varlena;
	bool		isnull;
	Datum		value = slot_getattr(row, column, &isnull);
	char	   *text;
	int			len;

	if (isnull)
	{
		appendStringInfoString(list, "null");
		return;
	}
	getTypeOutputInfo(TupleDescAttr(RelationGetDescr(rel), column - 1)->atttypid, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	len = pg_mbcliplen(text, strlen(text), MAX_SHOWN_VALUE);
	appendBinaryStringInfo(list, text, len);
	if (text[len] != '\0')
		appendStringInfoString(list, "...");
}

/*
 * Says by its primary key which row it is, as core's messages about keys do; NULL where
 * the table has none, or the user may not read all of it.
 */
char *
name_row(const Binding *binding, Relation rel, TupleTableSlot *row)
{
	Bitmapset  *key = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	StringInfoData columns;
	StringInfoData values;
	int			i = -1;

	initStringInfo(&columns);
	initStringInfo(&values);
	while ((i = bms_next_member(key, i)) >= 0)
	{
		AttrNumber	column = i + FirstLowInvalidHeapAttributeNumber;

		if (!may_see(binding, rel, column))
			return NULL;
		if (columns.len > 0)
		{
			appendStringInfoString(&columns, ", ");
			appendStringInfoString(&values, ", ");
		}
		appendStringInfoString(&columns, get_attname(RelationGetRelid(rel), column, false));
		append_value(&values, rel, row, column);
	}
	return columns.len == 0 ? NULL : psprintf("The row is (%s)=(%s).", columns.data, values.data);
}

static void
raise_refusal(int level, const Binding *binding, Relation rel, TupleTableSlot *row, const char *constraint,
			  const char *message, const char *detail, const char *hint)
{
	const char *column = get_attname(RelationGetRelid(rel), binding->columns[STAGE_COLUMN], false);
	const char *which = name_row(binding, rel, row);

	if (detail == NULL)
		detail = which;
	else if (which != NULL)
		detail = psprintf("%s\n%s", detail, which);
	ereport(level,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 errtablecolname(rel, column),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint)));
}

/*
 * Raises a refusal with the fields that client libraries make integrity errors of; or a
 * warning, or nothing, where the attachment's mode is only to look on.
 */
static void
refuse_with(const Candidate *candidate, const char *constraint, const char *message, const char *detail,
			const char *hint)
{
	const Binding *binding = candidate->binding;
	bool		is_new = candidate->old_row == binding->no_row;

	/* Whoever moves a child is not warned of what the parent's row is like. */
	if (binding->mode == MODE_ENFORCE || (binding->mode == MODE_WARN && !derive_is_moving(binding)))
		raise_refusal(binding->mode == MODE_ENFORCE ? ERROR : WARNING, binding, candidate->rel,
					  is_new ? candidate->new_row : candidate->old_row, constraint, message, detail, hint);
}

/*
 * The same, for what no mode lets pass.
 */
void
refuse_always(const Binding *binding, Relation rel, TupleTableSlot *row, const char *constraint,
			  const char *message, const char *detail, const char *hint)
{
	raise_refusal(ERROR, binding, rel, row, constraint, message, detail, hint);
	pg_unreachable();
}

/* Whether the user may read the stage that the row is in. */
static bool
may_see_stage(const Candidate *candidate)
{
	return may_see(candidate->binding, candidate->rel, candidate->binding->columns[STAGE_COLUMN]);
}

/*
 * To somebody who may move a row but not read it, a refusal says what was wanted, not
 * what the row is like.
 */
static void
refuse_blindly(const Candidate *candidate, CheckKind kind, JourneyLabel to)
{
	const char *lifecycle = candidate->book->rules->name;

	refuse_with(candidate, psprintf("%s_%s", lifecycle, check_name(kind)),
				psprintf("%s to \"%s\" %s lifecycle \"%s\"", kind == CHECK_MOVE ? "illegal move" : "move",
						 pnstrdup(to.text, to.len), kind == CHECK_MOVE ? "in" : "refused in", lifecycle),
				NULL, "Whoever may read the row is told the reason.");
}

/* What would help, where a move is not drawn; NULL where the details say it already. */
static char *
way_hint(const Candidate *candidate)
{
	const Machine *machine = candidate->book->rules->machine;
	int		   *way = palloc((machine->diagram->nstages + 1) * sizeof(int));
	int			to = candidate->from == NO_STAGE ? candidate->begun : candidate->to;
	int			length = machine_shortest_way(machine, candidate->from, to, way);
	const char **labels = palloc((length + 1) * sizeof(char *));
	char	   *text;

	for (int i = 0; i < length; i++)
		labels[i] = stage_of(candidate, way[i])->label;
	text = enumerate(labels, length, " > ");
	if (length == 0)
		return psprintf("No legal way leads there.");
	if (candidate->from == NO_STAGE)
		return psprintf("Insert the row at \"%s\" and move it from there: %s.",
						stage_of(candidate, way[0])->label, text);
	return psprintf("The shortest legal way is %s.", text);
}

static const Check *
first_failure(const Verdict *verdict)
{
	ListCell   *cell;

	foreach(cell, verdict->checks)
		if (!((Check *) lfirst(cell))->passed)
			return lfirst(cell);
	elog(ERROR, "nothing was refused");
	return NULL;
}

static char *
refusal_message(const Candidate *candidate, CheckKind kind)
{
	const char *lifecycle = candidate->book->rules->name;
	const char *to = stage_of(candidate, candidate->to)->label;

	if (kind == CHECK_ENTRY)
		return psprintf("illegal entry at \"%s\" in lifecycle \"%s\"",
						stage_of(candidate, candidate->begun)->label, lifecycle);
	if (candidate->from == NO_STAGE)
		return psprintf("entry at \"%s\" refused in lifecycle \"%s\"", to, lifecycle);
	if (kind == CHECK_MOVE)
		return psprintf("illegal move from \"%s\" to \"%s\" in lifecycle \"%s\"",
						stage_of(candidate, candidate->from)->label, to, lifecycle);
	return psprintf("move from \"%s\" to \"%s\" refused in lifecycle \"%s\"",
					stage_of(candidate, candidate->from)->label, to, lifecycle);
}

/* What to do about the first thing that stands in the way. */
static char *
hint_for(const Candidate *candidate, const Check *first)
{
	const char *reason_column;

	switch (first->kind)
	{
		case CHECK_MOVE:
		case CHECK_ENTRY:
			return way_hint(candidate);
		case CHECK_GUARD:
			return "lifecycle.explain_move() shows every condition of a move, and which of them hold.";
		case CHECK_REQUIRES:
			return "Set what is missing in the same statement.";
		case CHECK_REASON:
			if (candidate->binding->columns[REASON_COLUMN] == 0)
				return "Give the reason in the same transaction: BEGIN; SELECT lifecycle.set_context(reason => '...');";
			reason_column = get_attname(RelationGetRelid(candidate->rel),
										candidate->binding->columns[REASON_COLUMN], false);
			return psprintf("Set \"%s\" in the same statement.", reason_column);
	}
	return NULL;
}

/* A stage that is written by its id where the column holds its label; NULL otherwise. */
static const DiagramStage *
meant_by_id(const Diagram *diagram, const char *label)
{
	for (int i = 0; i < diagram->nstages; i++)
		if (strcmp(diagram->stages[i].id, label) == 0)
			return &diagram->stages[i];
	return NULL;
}

/*
 * Refuses with a verdict's failures, all of them in DETAIL; the first names the constraint.
 */
void
refuse(const Candidate *candidate, const Verdict *verdict)
{
	const Check *first = first_failure(verdict);
	StringInfoData detail;
	ListCell   *cell;

	if (candidate->from != NO_STAGE && !may_see_stage(candidate))
	{
		const char *to = stage_of(candidate, candidate->to)->label;
		JourneyLabel label = {to, strlen(to)};

		refuse_blindly(candidate, first->kind, label);
		return;
	}
	initStringInfo(&detail);
	foreach(cell, verdict->checks)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? "\n" : "", ((Check *) lfirst(cell))->message);
	refuse_with(candidate, psprintf("%s_%s", candidate->book->rules->name, check_name(first->kind)),
				refusal_message(candidate, first->kind), detail.data,
				hint_for(candidate, first));
}

static char *
rename_call(const Candidate *candidate, const char *from, const char *to)
{
	return psprintf("CALL lifecycle.rename_stage(%s, %s, %s);", quote_literal_cstr(candidate->book->rules->name),
					quote_literal_cstr(from), quote_literal_cstr(to));
}

/* A stage that the enum of the column lacks, so that it may have another label there; or NULL. */
static const char *
missing_in_enum(const Candidate *candidate)
{
	const Diagram *diagram = candidate->book->rules->diagram;
	Oid			type = candidate->binding->stage_type;

	if (!type_is_enum(type))
		return NULL;
	for (int i = 0; i < diagram->nstages; i++)
	{
		const char *label = diagram->stages[i].label;

		if (!diagram->stages[i].outside &&
			(strlen(label) >= NAMEDATALEN ||
			 !SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type), CStringGetDatum(label))))
			return label;
	}
	return NULL;
}

/*
 * What to do about a label that the lifecycle does not have.  Whoever may change the
 * lifecycle may have meant to rename the stage that the row is in.
 */
static char *
unknown_stage_hint(const Candidate *candidate, const char *from, const char *label)
{
	const Diagram *diagram = candidate->book->rules->diagram;
	const DiagramStage *meant = meant_by_id(diagram, label);
	const char *missing = missing_in_enum(candidate);
	const char **labels = palloc(Max(diagram->nstages, 1) * sizeof(char *));
	char	   *stages;

	if (meant != NULL)
		return psprintf("The column holds \"%s\" for stage \"%s\".", meant->label, meant->id);
	if (missing != NULL)
		return psprintf("The column's type lacks \"%s\". If that was renamed: %s", missing,
						rename_call(candidate, missing, label));
	for (int i = 0; i < diagram->nstages; i++)
		labels[i] = diagram->stages[i].label;
	stages = enumerate(labels, diagram->nstages, ", ");
	if (from != NULL && may_act_as(GetUserId(), candidate->book->rules->owner))
		return psprintf("Its stages are: %s. To rename a stage: %s", stages, rename_call(candidate, from, label));
	return psprintf("Its stages are: %s.", stages);
}

/*
 * Refuses a label that the lifecycle does not have.  from is NULL for a new row.
 */
void
refuse_unknown_stage(const Candidate *candidate, const char *from, JourneyLabel to)
{
	const char *lifecycle = candidate->book->rules->name;
	char	   *label = pnstrdup(to.text, to.len);

	if (from != NULL && !may_see_stage(candidate))
	{
		refuse_blindly(candidate, CHECK_MOVE, to);
		return;
	}
	refuse_with(candidate, psprintf("%s_%s", lifecycle, from == NULL ? "entry" : "move"),
				from == NULL
				? psprintf("illegal entry at \"%s\" in lifecycle \"%s\"", label, lifecycle)
				: psprintf("illegal move from \"%s\" to \"%s\" in lifecycle \"%s\"", from, label, lifecycle),
				psprintf("Lifecycle \"%s\" has no stage \"%s\".", lifecycle, label),
				unknown_stage_hint(candidate, from, label));
}

/* The stage in which the row's journey ends, if the lifecycle has it; else NULL. */
static const char *
stage_of_journey_end(const Candidate *candidate)
{
	bool		isnull;
	Datum		journey = slot_getattr(candidate->old_row, candidate->binding->columns[JOURNEY_COLUMN], &isnull);
	JourneyHead head;

	if (isnull)
		return NULL;
	journey_read_head(journey, &head);
	return rulebook_find_stage(candidate->book, head.stage) == NO_STAGE ? NULL :
		pnstrdup(head.stage.text, head.stage.len);
}

/* What heals a row whose stage bears a label that the lifecycle does not have. */
static char *
left_stage_hint(const Candidate *candidate, const char *stage)
{
	const char *formerly = stage_of_journey_end(candidate);

	if (formerly == NULL)
		return "Draw the stage, or restore the label that the column held.";
	return psprintf("If \"%s\" was renamed: %s", formerly, rename_call(candidate, formerly, stage));
}

/*
 * Refuses a move out of a stage that the lifecycle does not have.
 */
void
refuse_left_stage(const Candidate *candidate, JourneyLabel from, JourneyLabel to)
{
	const char *lifecycle = candidate->book->rules->name;

	if (!may_see_stage(candidate))
	{
		refuse_blindly(candidate, CHECK_MOVE, to);
		return;
	}
	refuse_with(candidate, psprintf("%s_move", lifecycle),
				psprintf("the row is in a stage that lifecycle \"%s\" does not have: \"%s\"",
						 lifecycle, pnstrdup(from.text, from.len)),
				"No move is drawn from a stage that is not in the diagram.",
				left_stage_hint(candidate, pnstrdup(from.text, from.len)));
}

/*
 * Refuses to take a move back, whatever the mode, for a reason that tells what the row is like.
 */
void
refuse_undo(const Candidate *candidate, JourneyLabel to, const char *message, const char *detail,
			const char *hint)
{
	const char *lifecycle = candidate->book->rules->name;
	const char *constraint = psprintf("%s_undo", lifecycle);

	if (!may_see_stage(candidate))
		refuse_always(candidate->binding, candidate->rel, candidate->old_row, constraint,
					  psprintf("no move is taken back to \"%s\" in lifecycle \"%s\"",
							   pnstrdup(to.text, to.len), lifecycle),
					  NULL, "Whoever may read the row is told the reason.");
	refuse_always(candidate->binding, candidate->rel, candidate->old_row, constraint, message, detail, hint);
}

/*
 * Refuses to write a row whose journey does not end in its stage, which the lifecycle does
 * not have: somebody has renamed it by hand.
 */
void
refuse_renamed(const Candidate *candidate, JourneyLabel stage)
{
	const char *lifecycle = candidate->book->rules->name;
	char	   *label = pnstrdup(stage.text, stage.len);

	if (!may_see_stage(candidate))
		refuse_always(candidate->binding, candidate->rel, candidate->old_row, psprintf("%s_move", lifecycle),
					  psprintf("the row is in a stage that lifecycle \"%s\" does not have", lifecycle), NULL,
					  "Whoever may read the row is told the reason.");
	refuse_always(candidate->binding, candidate->rel, candidate->old_row, psprintf("%s_move", lifecycle),
				  psprintf("the row is in a stage that lifecycle \"%s\" does not have: \"%s\"", lifecycle, label),
				  "Its journey does not end there.", left_stage_hint(candidate, label));
}

/*
 * Refuses to move a row by hand whose stage follows from other rows.
 */
void
refuse_derived(const Candidate *candidate)
{
	const Binding *binding = candidate->binding;
	const char *column = get_attname(RelationGetRelid(candidate->rel), binding->columns[STAGE_COLUMN], false);
	const char *source = get_rel_name(binding->derived_from);

	refuse_always(binding, candidate->rel, candidate->old_row, psprintf("%s_derived", candidate->book->rules->name),
				  psprintf("the column \"%s\" of table \"%s\" is derived", column,
						   RelationGetRelationName(candidate->rel)),
				  psprintf("It follows from the rows of \"%s\".", source),
				  psprintf("Move the rows of \"%s\", and it follows. lifecycle.underive() ends that.", source));
}
