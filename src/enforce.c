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
 * The insert half of a row that changes its partition (see crossing.h) must be told from
 * a new row twice: BEFORE by a note that the delete half left, AFTER by the mark on the
 * deleted tuple.  Both times its journey must go on from the one that left.
 *
 * What is legal is judge.c's to know; where columns are, binding.c's; what is logged,
 * log.c's; which journeys may be brought, written or taken back, enforce_journey.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "context.h"
#include "crossing.h"
#include "derive.h"
#include "duplicates.h"
#include "enforce.h"
#include "hand_over.h"
#include "journey_io.h"
#include "journey_keep.h"
#include "refuse.h"
#include "renew.h"

PG_FUNCTION_INFO_V1(attachment);
PG_FUNCTION_INFO_V1(enforce_move);
PG_FUNCTION_INFO_V1(enforce_entry);

static Statement *
get_statement(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	MemoryContext caller;
	Statement  *statement = fcinfo->flinfo->fn_extra;

	if (statement != NULL)
	{
		statement->row = trigdata->tg_trigslot;
		return statement;
	}
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	statement = palloc0(sizeof(Statement));
	statement->binding = binding_get(trigdata->tg_relation, trigdata->tg_trigger->tgargs[ARG_KEY]);
	statement->rel = trigdata->tg_relation;
	statement->row = trigdata->tg_trigslot;
	statement->query = CurrentMemoryContext;
	statement->now = context_instant(trigdata->tg_relation);
	statement->importing = context_importing(trigdata->tg_relation);
	statement->restoring = context_restoring(trigdata->tg_relation);
	MemoryContextSwitchTo(caller);
	fcinfo->flinfo->fn_extra = statement;
	return statement;
}

/*
 * Whether a restore has not made all of the attachment yet: in parallel it copies into a
 * partition while the partitioned table's triggers come one by one.
 */
static bool
is_half_made(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	return fcinfo->flinfo->fn_extra == NULL && context_restoring(trigdata->tg_relation) &&
		!binding_can_be_got(trigdata->tg_relation, trigdata->tg_trigger->tgargs[ARG_KEY]);
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
stage_label(const Statement *statement, TupleTableSlot *row)
{
	AttrNumber	column = statement->binding->columns[STAGE_COLUMN];
	bool		isnull;
	Datum		stage = slot_getattr(row, column, &isnull);
	const char *which;

	if (!isnull)
		return binding_label(statement->binding, stage);
	which = name_row(statement->binding, statement->rel, statement->row);
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("the stage of a row of table \"%s\" cannot be NULL",
					RelationGetRelationName(statement->rel)),
			 which ? errdetail_internal("%s", which) : 0,
			 errhint("Set \"%s\" to one of the lifecycle's stages.",
					 get_attname(RelationGetRelid(statement->rel), column, false)),
			 errtablecol(statement->rel, column)));
}

/*
 * The rules that a row follows, which need not exist: a restore may copy rows before them.
 */
Rulebook *
known_rulebook(Statement *statement, TupleTableSlot *row)
{
	const char *lifecycle = binding_lifecycle(statement->binding, row);
	Rulebook   *book;

	if (lifecycle == NULL || (statement->missing != NULL && strcmp(statement->missing, lifecycle) == 0))
		return NULL;
	book = binding_rulebook(statement->binding, lifecycle);
	if (book == NULL)
		statement->missing = MemoryContextStrdup(statement->query, lifecycle);
	return book;
}

/* Judges a candidate whose stages are known. */
static void
require_granted(const Candidate *candidate)
{
	Verdict		verdict = judge(candidate, false);

	if (!verdict.granted)
		refuse(candidate, &verdict);
}

/*
 * Judges a move between two labels.  A row that changes its lifecycle along with its
 * stage moves by the new one's rules, or enters it where its old stage is not known there.
 */
static void
require_move(Candidate *candidate, JourneyLabel old_stage, JourneyLabel stage, bool other_lifecycle)
{
	candidate->from = rulebook_find_stage(candidate->book, old_stage);
	candidate->to = candidate->begun = rulebook_find_stage(candidate->book, stage);
	if (candidate->to == NO_STAGE)
		refuse_unknown_stage(candidate, pnstrdup(old_stage.text, old_stage.len), stage);
	else if (candidate->from == NO_STAGE && !other_lifecycle)
		refuse_left_stage(candidate, old_stage, stage);
	else
		require_granted(candidate);
}

/* The insert half of a row that moves between partitions; another trigger may move it on. */
static HeapTuple
before_arrival(Statement *statement, TriggerData *trigdata, Datum journey, JourneyLabel stage)
{
	Candidate	candidate;
	JourneyView view;

	journey_open_datum(journey, &view);
	if (same_label(journey_last_stage(&view), stage))
		return trigdata->tg_trigtuple;
	if (!statement->importing)
	{
		candidate = make_candidate(statement, trigdata->tg_trigslot, NULL);
		require_move(&candidate, journey_last_stage(&view), stage, false);
	}
	return with_journey(statement, trigdata->tg_trigtuple, journey_extend(journey, stage, statement->now));
}

/*
 * Takes the note that a delete half has left in this statement, if this is its insert
 * half: the row carries the very journey that was noted.
 */
static bool
arrives_from_partition(const Statement *statement, Datum journey, bool isnull)
{
	Crossing   *crossing = crossing_find(statement->query, statement->binding->key);
	bool		same;

	if (crossing == NULL || crossing->leaving == (Datum) 0)
		return false;
	same = !isnull && journey_same(journey, crossing->leaving);
	pfree(DatumGetPointer(crossing->leaving));
	crossing->leaving = (Datum) 0;
	return same;
}

/* What a new row begins with: its stage, behind the journey of the row that it comes from. */
static Datum
first_journey(Statement *statement, TupleTableSlot *row, JourneyLabel stage)
{
	Datum		journey = (Datum) 0;

	if (statement->binding->origins != NIL && !statement->importing)
		journey = hand_over_take(statement->binding, statement->rel, row, statement->now);
	return journey == (Datum) 0 ? journey_start(stage, statement->now) : journey_extend(journey, stage, statement->now);
}

static HeapTuple
before_insert(Statement *statement, TriggerData *trigdata)
{
	TupleTableSlot *row = trigdata->tg_trigslot;
	JourneyLabel stage = stage_label(statement, row);
	bool		isnull;
	Datum		journey = row_journey(statement, row, &isnull);
	Candidate	candidate;

	if (statement->rel->rd_rel->relispartition && arrives_from_partition(statement, journey, isnull))
		return before_arrival(statement, trigdata, journey, stage);
	if (!statement->importing)
	{
		candidate = make_candidate(statement, row, NULL);
		if (rulebook_find_stage(candidate.book, stage) == NO_STAGE)
			refuse_unknown_stage(&candidate, NULL, stage);
		if (!isnull)
			check_brought_journey(statement, &candidate, journey, stage);
	}
	if (isnull)
		return with_journey(statement, trigdata->tg_trigtuple, first_journey(statement, row, stage));
	if (statement->importing && !statement->restoring)
		check_has_happened(statement, journey);
	return trigdata->tg_trigtuple;
}

/* A row that stays in its stage may change to another lifecycle that has the stage. */
static void
require_known_in_lifecycle(Statement *statement, TriggerData *trigdata, JourneyLabel stage)
{
	Candidate	candidate;

	candidate = make_candidate(statement, trigdata->tg_newslot, trigdata->tg_trigslot);
	if (rulebook_find_stage(candidate.book, stage) == NO_STAGE)
		refuse_unknown_stage(&candidate, pnstrdup(stage.text, stage.len), stage);
}

static bool
changes_lifecycle(const Statement *statement, TriggerData *trigdata)
{
	const char *old_lifecycle,
			   *lifecycle;

	if (statement->binding->columns[LIFECYCLE_COLUMN] == 0)
		return false;
	old_lifecycle = binding_lifecycle(statement->binding, trigdata->tg_trigslot);
	lifecycle = binding_lifecycle(statement->binding, trigdata->tg_newslot);
	return old_lifecycle == NULL || lifecycle == NULL || strcmp(old_lifecycle, lifecycle) != 0;
}

/*
 * Whether a row that is to follow others stays where it is: they do not insist where it may
 * not go.  By hand it does not move at all.
 */
static bool
is_held_back(Statement *statement, TriggerData *trigdata, JourneyLabel old_stage, JourneyLabel stage)
{
	Candidate	candidate;

	if (!OidIsValid(statement->binding->derived_from))
		return false;
	candidate = make_candidate(statement, trigdata->tg_newslot, trigdata->tg_trigslot);
	if (!derive_is_moving(statement->binding))
		refuse_derived(&candidate);
	candidate.from = rulebook_find_stage(candidate.book, old_stage);
	candidate.to = candidate.begun = rulebook_find_stage(candidate.book, stage);
	return statement->binding->mode == MODE_ENFORCE && candidate.from != NO_STAGE && candidate.to != NO_STAGE &&
		!judge(&candidate, false).granted;
}

static HeapTuple
before_move(Statement *statement, TriggerData *trigdata, JourneyLabel old_stage, JourneyLabel stage,
			bool other_lifecycle)
{
	bool		isnull;
	Datum		journey = row_journey(statement, trigdata->tg_trigslot, &isnull);
	Candidate	candidate;

	candidate = make_candidate(statement, trigdata->tg_newslot, trigdata->tg_trigslot);
	if (context_undo() && !isnull)
		return before_undo(statement, trigdata, &candidate, journey, stage);
	require_move(&candidate, old_stage, stage, other_lifecycle);
	if (isnull)
		journey = journey_of_unfilled(statement->binding, trigdata->tg_trigslot, statement->now);
	return with_journey(statement, trigdata->tg_newtuple, journey_extend(journey, stage, statement->now));
}

/* Remembers what a delete half would have to match. */
static void
remember_updated(Statement *statement, TriggerData *trigdata, HeapTuple result)
{
	MemoryContext caller;
	bool		isnull;
	Datum		journey = heap_getattr(result, statement->binding->columns[JOURNEY_COLUMN],
									   RelationGetDescr(statement->rel), &isnull);

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
	JourneyLabel old_stage = stage_label(statement, trigdata->tg_trigslot);
	JourneyLabel stage = stage_label(statement, trigdata->tg_newslot);
	bool		other_lifecycle = changes_lifecycle(statement, trigdata);
	HeapTuple	result;
	Datum		merged = duplicates_journey(statement->binding, trigdata->tg_newslot);

	if (!statement->importing && statement->binding->origins != NIL)
		hand_over_keep(statement->binding, statement->rel, trigdata->tg_trigslot, trigdata->tg_newslot);
	if (merged != (Datum) 0)
		result = with_journey(statement, trigdata->tg_newtuple, merged);
	else if (statement->importing)
		result = before_import(statement, trigdata, old_stage, stage);
	else if (!same_label(old_stage, stage) && is_held_back(statement, trigdata, old_stage, stage))
		return NULL;			/* it is not written */
	else if (!same_label(old_stage, stage))
		result = before_move(statement, trigdata, old_stage, stage, other_lifecycle);
	else
	{
		if (other_lifecycle)
			require_known_in_lifecycle(statement, trigdata, stage);
		result = before_standing_still(statement, trigdata, stage);
	}
	if (statement->rel->rd_rel->relispartition)
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
		crossing_get(statement->query, statement->binding->key)->leaving = statement->updated_journey;
		statement->updated_journey = (Datum) 0;
	}
	return trigdata->tg_trigtuple;
}

/* One of the rows of a trigger, with the present labels where it holds former ones. */
static void
renew(Statement *statement, const Machine *machine, int which, TupleTableSlot **row, HeapTuple *tuple)
{
	HeapTuple	renewed = renew_row(statement->binding, statement->rel, machine, *row, *tuple);
	MemoryContext caller;

	if (renewed == NULL)
		return;
	if (statement->today[which] == NULL)
	{
		caller = MemoryContextSwitchTo(statement->query);
		/* A copy of the descriptor, since nobody would release a reference to it. */
		statement->today[which] = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(statement->rel)),
														   &TTSOpsHeapTuple);
		MemoryContextSwitchTo(caller);
	}
	ExecStoreHeapTuple(renewed, statement->today[which], false);
	*row = statement->today[which];
	*tuple = renewed;
}

/*
 * What the trigger fires for, as if the rows had been written today: while a stage is being
 * renamed they may hold its former label.
 */
static TriggerData *
with_present_labels(Statement *statement, TriggerData *trigdata)
{
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	Rulebook   *book = known_rulebook(statement, is_update ? trigdata->tg_newslot : trigdata->tg_trigslot);
	const Machine *machine = book == NULL ? NULL : book->rules->machine;
	TriggerData *today;

	if (machine == NULL || !machine_has_former_labels(machine))
		return trigdata;
	today = palloc(sizeof(TriggerData));
	*today = *trigdata;
	renew(statement, machine, 0, &today->tg_trigslot, &today->tg_trigtuple);
	if (is_update)
		renew(statement, machine, 1, &today->tg_newslot, &today->tg_newtuple);
	return today;
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
	if (is_half_made(fcinfo, trigdata))
		return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ? trigdata->tg_newtuple
							   : trigdata->tg_trigtuple);
	statement = get_statement(fcinfo, trigdata);
	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		return PointerGetDatum(before_delete(statement, trigdata));
	trigdata = with_present_labels(statement, trigdata);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(before_insert(statement, trigdata));
	return PointerGetDatum(before_update(statement, trigdata));
}

static void
after_departure(Statement *statement, TriggerData *trigdata)
{
	bool		isnull;
	Datum		journey = row_journey(statement, trigdata->tg_trigslot, &isnull);

	if (isnull)
		journey = journey_of_unfilled(statement->binding, trigdata->tg_trigslot, statement->now);
	crossing_depart(statement->query, statement->binding->key, CROSSING_ENTRY, journey);
}

static void
after_insert(Statement *statement, TriggerData *trigdata)
{
	TupleTableSlot *row = trigdata->tg_trigslot;
	JourneyLabel stage = stage_label(statement, row);
	Candidate	candidate;
	JourneyView view;
	bool		isnull;
	Datum		journey = row_journey(statement, row, &isnull);
	Datum		old_journey;

	if (isnull ||
		crossing_arrive(statement->query, statement->binding->key, CROSSING_ENTRY, known_rulebook(statement, row),
						journey, &old_journey) ||
		statement->importing)
		return;
	candidate = make_candidate(statement, row, NULL);
	journey_open_datum(journey, &view);
	candidate.to = rulebook_find_stage(candidate.book, stage);
	candidate.begun = rulebook_find_stage(candidate.book, journey_label(&view, 0));
	if (hand_over_is_expected(statement->binding, row))
	{
		/* It has two steps at least, unless its owner brought it, who says when it began. */
		if (view.nsteps == 1 && view.first == statement->now)
			hand_over_require(statement->binding, statement->rel, row, statement->now);
		candidate.begun = candidate.to;
	}
	if (candidate.begun != NO_STAGE && candidate.to != NO_STAGE)
		require_granted(&candidate);
	else if (statement->binding->mode == MODE_ENFORCE)
		/* BEFORE would have refused it: it is disabled, or another trigger came after it. */
		refuse_unknown_stage(&candidate, NULL, candidate.to == NO_STAGE ? stage : journey_label(&view, 0));
}

/*
 * enforce_entry() is the AFTER ROW trigger.
 */
Datum
enforce_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	check_called_as(fcinfo, "enforce_entry", false);
	if (is_half_made(fcinfo, trigdata))
		return PointerGetDatum(NULL);
	if (crossing_is_departure(trigdata))
		after_departure(get_statement(fcinfo, trigdata), trigdata);
	else if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		after_insert(get_statement(fcinfo, trigdata), trigdata);
	return PointerGetDatum(NULL);
}
