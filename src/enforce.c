/*-------------------------------------------------------------------------
 *
 * enforce.c
 *		The row triggers: no row changes its stage but by a legal move, and every move
 *		is written into the row's journey.
 *
 * The BEFORE trigger judges moves and keeps the journey; it has no effect outside the
 * tuple.  Whether a new row may begin where it does is decided in AFTER INSERT, because
 * INSERT ... ON CONFLICT fires BEFORE INSERT for rows that are then updated instead.
 *
 * A row that an UPDATE moves to another partition fires BEFORE UPDATE and BEFORE DELETE
 * on the old one, BEFORE INSERT on the new one, and at the end AFTER DELETE directly
 * followed by AFTER INSERT; the deleted tuple bears a mark that says so.  Its insert half
 * must be told from a new row twice: BEFORE by a note that the delete half left, AFTER
 * by the mark.
 *
 * What is legal is judge.c's to know; where columns are, binding.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "context.h"
#include "journey_io.h"
#include "judge.h"
#include "ownership.h"
#include "report.h"

PG_FUNCTION_INFO_V1(attachment);
PG_FUNCTION_INFO_V1(enforce_move);
PG_FUNCTION_INFO_V1(enforce_entry);

/*
 * What one statement knows of rows on their way between partitions.  A statement is
 * told by the memory context of its execution, which all its triggers share.
 */
typedef struct Crossing
{
	dlist_node	node;
	MemoryContext query;
	MemoryContextCallback callback;
	Datum		journey;		/* of the row whose delete half has fired; 0: none */
	bool		arriving;		/* the next AFTER INSERT is an insert half */
} Crossing;

static dlist_head crossings = DLIST_STATIC_INIT(crossings);

/* What one statement keeps about one relation, from its first row to its end. */
typedef struct Statement
{
	Binding    *binding;
	MemoryContext query;
	TimestampTz now;
	TupleTableSlot *no_row;		/* from get_no_row() */
	ItemPointerData updated;	/* the row that BEFORE UPDATE saw last, on a partition */
	Datum		updated_journey;
} Statement;

static void
forget_crossing(void *arg)
{
	dlist_delete(&((Crossing *) arg)->node);
}

static Crossing *
find_crossing(MemoryContext query)
{
	dlist_iter	iter;

	dlist_foreach(iter, &crossings)
	{
		Crossing   *crossing = dlist_container(Crossing, node, iter.cur);

		if (crossing->query == query)
			return crossing;
	}
	return NULL;
}

static Crossing *
get_crossing(MemoryContext query)
{
	Crossing   *crossing = find_crossing(query);

	if (crossing != NULL)
		return crossing;
	crossing = MemoryContextAllocZero(query, sizeof(Crossing));
	crossing->query = query;
	crossing->callback.func = forget_crossing;
	crossing->callback.arg = crossing;
	dlist_push_head(&crossings, &crossing->node);
	MemoryContextRegisterResetCallback(query, &crossing->callback);
	return crossing;
}

static Statement *
get_statement(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	MemoryContext caller;
	Statement  *statement = fcinfo->flinfo->fn_extra;

	if (statement != NULL)
		return statement;
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	statement = palloc0(sizeof(Statement));
	statement->binding = binding_get(trigdata->tg_relation, trigdata->tg_trigger->tgargs[ARG_KEY]);
	statement->now = GetCurrentTransactionStartTimestamp();
	statement->query = CurrentMemoryContext;
	MemoryContextSwitchTo(caller);
	fcinfo->flinfo->fn_extra = statement;
	return statement;
}

/* A row of NULLs, for guards on rows that have no old one. */
static TupleTableSlot *
get_no_row(Statement *statement, Relation rel)
{
	if (statement->no_row == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(statement->query);

		/* A copy of the descriptor, since nobody would release a reference to it. */
		statement->no_row = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(rel)),
													 &TTSOpsVirtual);
		ExecStoreAllNullTuple(statement->no_row);
		MemoryContextSwitchTo(caller);
	}
	return statement->no_row;
}

static void
check_called_as(FunctionCallInfo fcinfo, const char *name, bool before)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BEFORE(trigdata->tg_event) != before || trigdata->tg_trigger->tgnargs < 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" can only be called as a trigger that lifecycle.attach() made", name)));
}

/*
 * attachment() is the statement-level trigger that names the columns; there is nothing
 * for it to do.
 */
Datum
attachment(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"attachment\" can only be called as a trigger that lifecycle.attach() made")));
	return PointerGetDatum(NULL);
}

/* The label of a row's stage, which must not be NULL. */
static JourneyLabel
stage_label(const Binding *binding, Relation rel, TupleTableSlot *row)
{
	AttrNumber	column = binding->columns[STAGE_COLUMN];
	bool		isnull;
	Datum		stage = slot_getattr(row, column, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("the stage of a row in lifecycle \"%s\" cannot be NULL", binding->rules->name),
				 errhint("Set \"%s\" to one of the lifecycle's stages.",
						 get_attname(RelationGetRelid(rel), column, false)),
				 errtablecol(rel, column)));
	return binding_label(binding, stage);
}

static bool
same_label(JourneyLabel a, JourneyLabel b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static const char *
row_reason(const Binding *binding, TupleTableSlot *row)
{
	AttrNumber	column = binding->columns[REASON_COLUMN];
	bool		isnull = true;
	Datum		value = column > 0 ? slot_getattr(row, column, &isnull) : (Datum) 0;
	Oid			output;
	bool		is_varlena;

	if (isnull)
		return context_reason();
	getTypeOutputInfo(TupleDescAttr(row->tts_tupleDescriptor, column - 1)->atttypid, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

/* Judges a row and refuses it unless it is granted. */
static void
require_granted(Statement *statement, Relation rel, int from, int begun, int to,
				TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	Binding    *binding = statement->binding;
	Candidate	candidate = {binding, rel, from, begun, to, new_row, old_row, NULL};
	Verdict		verdict;

	if (binding->rules->diagram->stages[to].reasons.count > 0)
		candidate.reason = row_reason(binding, new_row);
	verdict = judge(&candidate);
	if (verdict.failures != NIL)
		refuse(&candidate, &verdict);
}

static HeapTuple
with_journey(const Binding *binding, Relation rel, HeapTuple tuple, Datum journey)
{
	int			column = binding->columns[JOURNEY_COLUMN];
	bool		isnull = false;

	return heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1, &column, &journey, &isnull);
}

static Datum
start_journey(JourneyLabel label, TimestampTz at)
{
	JourneyBuilder builder;
	PureError	error;

	journey_begin(&builder);
	if (!journey_add(&builder, label.text, label.len, at, &error))
		report_pure_error(&error);
	return PointerGetDatum(journey_from_builder(&builder));
}

static Datum
extend_journey(Datum journey, JourneyLabel label, TimestampTz at)
{
	JourneyView view;
	JourneyAppend plan = {0};
	PureError	error;
	struct varlena *result;

	journey_open_datum(journey, &view);
	if (!journey_append_plan(&plan, &view, label.text, label.len, at, &error))
		report_pure_error(&error);
	result = palloc(VARHDRSZ + plan.size);
	SET_VARSIZE(result, VARHDRSZ + plan.size);
	journey_append_write(&plan, &view, label.text, label.len, VARDATA(result));
	return PointerGetDatum(result);
}

static void
refuse_journey(Relation rel, const Binding *binding, const char *message, const char *detail, const char *hint)
{
	refuse_with(rel, binding, "journey_immutable", message, detail, hint);
}

/*
 * A row that brings its journey: an import.  It takes an owner's rights, and the journey
 * must be one that this table could have kept.
 */
static void
check_brought_journey(Statement *statement, Relation rel, Datum journey, JourneyLabel stage)
{
	const Binding *binding = statement->binding;
	JourneyView view;
	JourneyLabel *labels;

	if (!has_privs_of_role(GetUserId(), rel->rd_rel->relowner) &&
		!may_act_as(GetUserId(), binding->rules->owner))
		refuse_journey(rel, binding, "a new row cannot bring its own journey",
					   "Only the owners of the table and of the lifecycle may import journeys.",
					   "Leave the journey column out: it begins when the row is inserted.");
	journey_open_datum(journey, &view);
	if (!same_label(journey_label(&view, journey_word_index(view.last_word)), stage))
		refuse_journey(rel, binding, "the journey that the row brings does not end in its stage",
					   psprintf("The row is in \"%.*s\", and its journey ends in \"%s\".",
								(int) stage.len, stage.text,
								pnstrdup(journey_label(&view, journey_word_index(view.last_word)).text,
										 journey_label(&view, journey_word_index(view.last_word)).len)),
					   "Set the stage to the journey's last one.");
	if (view.first + journey_word_time(view.last_word) > GetCurrentTimestamp())
		refuse_journey(rel, binding, "the journey that the row brings ends in the future", NULL,
					   "A step that has not happened yet does not belong into a journey.");
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	for (uint32 i = 0; i < view.nlabels; i++)
		if (binding_find_stage(binding, labels[i]) == NO_STAGE)
			refuse_unknown_stage(binding, rel, NULL, labels[i]);
}

/*
 * Takes the note that a delete half has left in this statement, if this is its insert
 * half: the row carries the very journey that was noted.
 */
static bool
arrives_from_partition(const Statement *statement, Datum journey, bool isnull)
{
	Crossing   *crossing = find_crossing(statement->query);
	bool		same;

	if (crossing == NULL || crossing->journey == (Datum) 0)
		return false;
	same = !isnull && datum_image_eq(journey, crossing->journey, false, -1);
	pfree(DatumGetPointer(crossing->journey));
	crossing->journey = (Datum) 0;
	return same;
}

/* Refuses the move unless it is granted; old_row is a row of NULLs where it is not at hand. */
static void
require_move(Statement *statement, Relation rel, JourneyLabel old_stage, JourneyLabel stage,
			 TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	const Binding *binding = statement->binding;
	int			from = binding_find_stage(binding, old_stage);
	int			to = binding_find_stage(binding, stage);

	if (to == NO_STAGE)
		refuse_unknown_stage(binding, rel, pnstrdup(old_stage.text, old_stage.len), stage);
	if (from == NO_STAGE)
		refuse_with(rel, binding, psprintf("%s_move", binding->rules->name),
					psprintf("the row is in a stage that lifecycle \"%s\" does not have: \"%s\"",
							 binding->rules->name, pnstrdup(old_stage.text, old_stage.len)),
					"No move is drawn from a stage that is not in the diagram.",
					"Draw the stage, or restore the label that the column held.");
	require_granted(statement, rel, from, NO_STAGE, to, new_row, old_row);
}

/* The insert half of a row that moves between partitions; another trigger may move it on. */
static HeapTuple
before_arrival(Statement *statement, TriggerData *trigdata, Datum journey, JourneyLabel stage)
{
	Relation	rel = trigdata->tg_relation;
	JourneyView view;
	JourneyLabel old_stage;

	journey_open_datum(journey, &view);
	old_stage = journey_label(&view, journey_word_index(view.last_word));
	if (same_label(old_stage, stage))
		return trigdata->tg_trigtuple;
	require_move(statement, rel, old_stage, stage, trigdata->tg_trigslot, get_no_row(statement, rel));
	return with_journey(statement->binding, rel, trigdata->tg_trigtuple,
						extend_journey(journey, stage, statement->now));
}

static HeapTuple
before_insert(Statement *statement, TriggerData *trigdata)
{
	Relation	rel = trigdata->tg_relation;
	const Binding *binding = statement->binding;
	TupleTableSlot *row = trigdata->tg_trigslot;
	JourneyLabel stage = stage_label(binding, rel, row);
	bool		isnull;
	Datum		journey = slot_getattr(row, binding->columns[JOURNEY_COLUMN], &isnull);

	if (binding_find_stage(binding, stage) == NO_STAGE)
		refuse_unknown_stage(binding, rel, NULL, stage);
	if (rel->rd_rel->relispartition && arrives_from_partition(statement, journey, isnull))
		return before_arrival(statement, trigdata, journey, stage);
	if (isnull)
		return with_journey(binding, rel, trigdata->tg_trigtuple, start_journey(stage, statement->now));
	check_brought_journey(statement, rel, journey, stage);
	return trigdata->tg_trigtuple;
}

/*
 * The stage stays, so the journey does.  An upsert may set it to EXCLUDED.journey, the
 * one that BEFORE INSERT has just begun: that means no harm, and the stored one is kept.
 */
static HeapTuple
before_standing_still(Statement *statement, TriggerData *trigdata, JourneyLabel stage)
{
	const Binding *binding = statement->binding;
	AttrNumber	column = binding->columns[JOURNEY_COLUMN];
	bool		old_isnull,
				new_isnull;
	Datum		old_journey = slot_getattr(trigdata->tg_trigslot, column, &old_isnull);
	Datum		new_journey = slot_getattr(trigdata->tg_newslot, column, &new_isnull);

	if (old_isnull && new_isnull)
		return trigdata->tg_newtuple;
	if (!old_isnull && !new_isnull)
	{
		if (datum_image_eq(old_journey, new_journey, false, -1))
			return trigdata->tg_newtuple;
		if (datum_image_eq(start_journey(stage, statement->now), new_journey, false, -1))
			return with_journey(binding, trigdata->tg_relation, trigdata->tg_newtuple, old_journey);
	}
	refuse_journey(trigdata->tg_relation, binding, "a journey cannot be changed by hand",
				   "It is kept by the moves of the row's stage.",
				   "Leave the journey column out of the UPDATE, and change the stage to move the row.");
	return NULL;
}

static HeapTuple
before_move(Statement *statement, TriggerData *trigdata, JourneyLabel old_stage, JourneyLabel stage)
{
	Relation	rel = trigdata->tg_relation;
	const Binding *binding = statement->binding;
	bool		isnull;
	Datum		journey = slot_getattr(trigdata->tg_trigslot, binding->columns[JOURNEY_COLUMN], &isnull);

	require_move(statement, rel, old_stage, stage, trigdata->tg_newslot, trigdata->tg_trigslot);
	if (isnull)
		journey = start_journey(old_stage, statement->now);
	return with_journey(binding, rel, trigdata->tg_newtuple,
						extend_journey(journey, stage, statement->now));
}

/* Remembers what a delete half would have to match. */
static void
remember_updated(Statement *statement, TriggerData *trigdata, HeapTuple result)
{
	MemoryContext caller;
	bool		isnull;
	Datum		journey = heap_getattr(result, statement->binding->columns[JOURNEY_COLUMN],
									   RelationGetDescr(trigdata->tg_relation), &isnull);

	if (DatumGetPointer(statement->updated_journey) != NULL)
		pfree(DatumGetPointer(statement->updated_journey));
	statement->updated_journey = (Datum) 0;
	if (isnull)
		return;
	caller = MemoryContextSwitchTo(statement->query);
	statement->updated_journey = datumCopy(journey, false, -1);
	MemoryContextSwitchTo(caller);
	statement->updated = trigdata->tg_trigtuple->t_self;
}

static HeapTuple
before_update(Statement *statement, TriggerData *trigdata)
{
	const Binding *binding = statement->binding;
	Relation	rel = trigdata->tg_relation;
	JourneyLabel old_stage = stage_label(binding, rel, trigdata->tg_trigslot);
	JourneyLabel stage = stage_label(binding, rel, trigdata->tg_newslot);
	HeapTuple	result;

	if (same_label(old_stage, stage))
		result = before_standing_still(statement, trigdata, stage);
	else
		result = before_move(statement, trigdata, old_stage, stage);
	if (rel->rd_rel->relispartition)
		remember_updated(statement, trigdata, result);
	return result;
}

/* Only a row that this statement is updating can be on its way to another partition. */
static HeapTuple
before_delete(Statement *statement, TriggerData *trigdata)
{
	if (statement->updated_journey != (Datum) 0 &&
		ItemPointerEquals(&statement->updated, &trigdata->tg_trigtuple->t_self))
	{
		get_crossing(statement->query)->journey = statement->updated_journey;
		statement->updated_journey = (Datum) 0;
	}
	return trigdata->tg_trigtuple;
}

/*
 * enforce_move() is the BEFORE ROW trigger.
 */
Datum
enforce_move(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Statement  *statement;

	check_called_as(fcinfo, "enforce_move", true);
	statement = get_statement(fcinfo, trigdata);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(before_insert(statement, trigdata));
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(before_update(statement, trigdata));
	return PointerGetDatum(before_delete(statement, trigdata));
}

static void
after_insert(Statement *statement, TriggerData *trigdata)
{
	const Binding *binding = statement->binding;
	Relation	rel = trigdata->tg_relation;
	TupleTableSlot *row = trigdata->tg_trigslot;
	JourneyLabel stage = stage_label(binding, rel, row);
	JourneyView view;
	JourneyLabel first;
	bool		isnull;
	Datum		journey = slot_getattr(row, binding->columns[JOURNEY_COLUMN], &isnull);

	if (isnull)
		return;					/* the CHECK has let it pass, so it is not valid yet */
	journey_open_datum(journey, &view);
	first = journey_label(&view, 0);
	require_granted(statement, rel, NO_STAGE, binding_find_stage(binding, first),
					binding_find_stage(binding, stage), row, get_no_row(statement, rel));
}

/*
 * enforce_entry() is the AFTER ROW trigger.
 */
Datum
enforce_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	MemoryContext query = fcinfo->flinfo->fn_mcxt;
	Crossing   *crossing;

	check_called_as(fcinfo, "enforce_entry", false);
	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		if (HeapTupleHeaderIndicatesMovedPartitions(trigdata->tg_trigtuple->t_data))
			get_crossing(query)->arriving = true;
		return PointerGetDatum(NULL);
	}
	crossing = find_crossing(query);
	if (crossing != NULL && crossing->arriving)
		crossing->arriving = false;
	else
		after_insert(get_statement(fcinfo, trigdata), trigdata);
	return PointerGetDatum(NULL);
}
