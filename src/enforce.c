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
 * log.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "context.h"
#include "crossing.h"
#include "instant.h"
#include "journey_io.h"
#include "journey_keep.h"
#include "judge.h"
#include "ownership.h"
#include "refuse.h"
#include "renew.h"

PG_FUNCTION_INFO_V1(attachment);
PG_FUNCTION_INFO_V1(enforce_move);
PG_FUNCTION_INFO_V1(enforce_entry);

/* What one statement keeps about one relation, from its first row to its end. */
typedef struct Statement
{
	Binding    *binding;
	Relation	rel;
	TupleTableSlot *row;		/* that the trigger fires for, before it is changed */
	MemoryContext query;
	TimestampTz now;
	bool		importing;
	bool		restoring;
	char	   *missing;		/* a lifecycle that does not exist */
	TupleTableSlot *today[2];	/* for the old and the new row, if they held former labels */
	ItemPointerData updated;	/* the row that BEFORE UPDATE saw last, on a partition */
	Datum		updated_journey;
} Statement;

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

/* The rules that a row follows, which need not exist: a restore may copy rows before them. */
static Rulebook *
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

static bool
same_label(JourneyLabel a, JourneyLabel b)
{
	return journey_label_compare(&a, &b) == 0;
}

static Datum
row_journey(const Statement *statement, TupleTableSlot *row, bool *isnull)
{
	return slot_getattr(row, statement->binding->columns[JOURNEY_COLUMN], isnull);
}

static HeapTuple
with_journey(const Statement *statement, HeapTuple tuple, Datum journey)
{
	int			column = statement->binding->columns[JOURNEY_COLUMN];
	bool		isnull = false;

	return heap_modify_tuple_by_cols(tuple, RelationGetDescr(statement->rel), 1, &column, &journey, &isnull);
}

/* A row that is not judged yet, by the rules that it follows; old_row may be NULL. */
static Candidate
make_candidate(const Statement *statement, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	return judge_candidate(statement->binding, statement->rel, new_row, old_row);
}

/* Judges a candidate whose stages are known. */
static void
require_granted(const Candidate *candidate)
{
	Verdict		verdict = judge(candidate, false);

	if (!verdict.granted)
		refuse(candidate, &verdict);
}

static void
refuse_journey(const Statement *statement, const char *message, const char *detail, const char *hint)
{
	refuse_always(statement->binding, statement->rel, statement->row, "journey_immutable", message, detail, hint);
}

/* Later steps would have to wait for one that is still to come. */
static void
check_has_happened(const Statement *statement, Datum journey)
{
	JourneyView view;

	journey_open_datum(journey, &view);
	if (view.first + journey_word_time(view.last_word) > GetCurrentTimestamp())
		refuse_journey(statement, "the journey that the row brings ends in the future", NULL,
					   "A step that has not happened yet does not belong into a journey.");
}

/*
 * A row that brings its journey: an import.  It takes an owner's rights, and the journey
 * must be one that this table could have kept.
 */
static void
check_brought_journey(Statement *statement, const Candidate *candidate, Datum journey, JourneyLabel stage)
{
	JourneyView view;
	JourneyLabel *labels;

	if (!has_privs_of_role(GetUserId(), statement->rel->rd_rel->relowner) &&
		!may_act_as(GetUserId(), candidate->book->rules->owner))
		refuse_journey(statement, "a new row cannot bring its own journey",
					   "Only the owners of the table and of the lifecycle may import journeys.",
					   "Leave the journey column out: it begins when the row is inserted.");
	journey_open_datum(journey, &view);
	if (!same_label(journey_last_stage(&view), stage))
		refuse_journey(statement, "the journey that the row brings does not end in its stage",
					   psprintf("The row is in \"%s\", and its journey ends in \"%s\".",
								pnstrdup(stage.text, stage.len),
								pnstrdup(journey_last_stage(&view).text, journey_last_stage(&view).len)),
					   "Set the stage to the journey's last one.");
	check_has_happened(statement, journey);
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	for (uint32 i = 0; i < view.nlabels; i++)
		if (rulebook_find_stage(candidate->book, labels[i]) == NO_STAGE)
			refuse_unknown_stage(candidate, NULL, labels[i]);
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
		return with_journey(statement, trigdata->tg_trigtuple, journey_start(stage, statement->now));
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

/*
 * Whether somebody writes back what was read before: nothing at all, the journey as it was
 * some moves ago, or in an upsert EXCLUDED.journey, the one that BEFORE INSERT has begun.
 */
static bool
is_stale(const Statement *statement, Datum old_journey, Datum new_journey, bool new_isnull, JourneyLabel stage)
{
	JourneyView stored,
				written;

	if (new_isnull || journey_same(journey_start(stage, statement->now), new_journey))
		return true;
	journey_open_datum(old_journey, &stored);
	journey_open_datum(new_journey, &written);
	return journey_continues(&stored, &written);
}

/*
 * A row whose stage was renamed behind the lifecycle's back, as by ALTER TYPE ... RENAME
 * VALUE: the CHECK would refuse it, but not say what heals it.
 */
static void
require_known_or_in_step(Statement *statement, TriggerData *trigdata, Datum journey, JourneyLabel stage)
{
	Rulebook   *book = known_rulebook(statement, trigdata->tg_newslot);
	Candidate	candidate;
	JourneyHead head;

	if (book == NULL || rulebook_find_stage(book, stage) != NO_STAGE)
		return;
	journey_read_head(journey, &head);
	if (same_label(head.stage, stage))
		return;
	candidate = make_candidate(statement, trigdata->tg_newslot, trigdata->tg_trigslot);
	refuse_renamed(&candidate, stage);
}

/*
 * The stage stays, so the journey does; one that is still to be filled in is.  Clients that
 * write every column back mean no harm.
 */
static HeapTuple
before_standing_still(Statement *statement, TriggerData *trigdata, JourneyLabel stage)
{
	bool		old_isnull,
				new_isnull;
	Datum		old_journey = row_journey(statement, trigdata->tg_trigslot, &old_isnull);
	Datum		new_journey = row_journey(statement, trigdata->tg_newslot, &new_isnull);

	if (old_isnull && new_isnull)
		return with_journey(statement, trigdata->tg_newtuple,
							journey_of_unfilled(statement->binding, trigdata->tg_trigslot, statement->now));
	if (!old_isnull)
		require_known_or_in_step(statement, trigdata, old_journey, stage);
	if (!old_isnull && !new_isnull && journey_same(old_journey, new_journey))
		return trigdata->tg_newtuple;
	if (!old_isnull && is_stale(statement, old_journey, new_journey, new_isnull, stage))
		return with_journey(statement, trigdata->tg_newtuple, old_journey);
	refuse_journey(statement, "a journey cannot be changed by hand",
				   "It is kept by the moves of the row's stage.",
				   "Leave the journey column out of the UPDATE, and change the stage to move the row.");
	return NULL;
}

/* Whether the time for taking the last move back has not run out; owners have all of it. */
static bool
undo_in_time(const Candidate *candidate, const JourneyView *view)
{
	TimestampTz moved = view->first + journey_word_time(view->last_word);
	TimestampTz until;
	int			stage = rulebook_find_stage(candidate->book, journey_last_stage(view));
	const Interval *time = stage == NO_STAGE ? NULL : candidate->book->rules->diagram->stages[stage].undo;

	if (time != NULL && instant_add(moved, time, &until) && GetCurrentTimestamp() <= until)
		return true;
	return may_act_as(GetUserId(), candidate->book->rules->owner);
}

/* Takes the last move back, as the session asked to. */
static HeapTuple
before_undo(Statement *statement, TriggerData *trigdata, const Candidate *candidate, Datum journey,
			JourneyLabel stage)
{
	JourneyView view;

	journey_open_datum(journey, &view);
	if (view.nsteps < 2 ||
		!same_label(journey_label(&view, journey_index(&view, view.nsteps - 2)), stage))
		refuse_undo(candidate, stage,
					psprintf("there is no move from \"%s\" to take back",
							 pnstrdup(stage.text, stage.len)),
					"Undoing leads back to the stage that the row was in before its last move.",
					"SELECT lifecycle.path(journey) shows where it came from.");
	if (!undo_in_time(candidate, &view))
		refuse_undo(candidate, stage,
					psprintf("the move to \"%s\" can no longer be taken back",
							 pnstrdup(journey_last_stage(&view).text, journey_last_stage(&view).len)),
					"The stage's time for undoing is over, or it has none.",
					"The lifecycle's owner may take it back at any time.");
	return with_journey(statement, trigdata->tg_newtuple, journey_shorten(&view));
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

/* Under import a row may bring another journey; otherwise a new stage is a step. */
static HeapTuple
before_import(Statement *statement, TriggerData *trigdata, JourneyLabel old_stage, JourneyLabel stage)
{
	bool		old_isnull,
				new_isnull;
	Datum		old_journey = row_journey(statement, trigdata->tg_trigslot, &old_isnull);
	Datum		new_journey = row_journey(statement, trigdata->tg_newslot, &new_isnull);
	bool		unchanged = !old_isnull && !new_isnull && journey_same(old_journey, new_journey);

	if (!new_isnull && !unchanged)
	{
		if (!statement->restoring)
			check_has_happened(statement, new_journey);
		return trigdata->tg_newtuple;
	}
	if (old_isnull)
		return with_journey(statement, trigdata->tg_newtuple, journey_start(stage, statement->now));
	if (same_label(old_stage, stage))
		return with_journey(statement, trigdata->tg_newtuple, old_journey);
	return with_journey(statement, trigdata->tg_newtuple, journey_extend(old_journey, stage, statement->now));
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

	if (statement->importing)
		result = before_import(statement, trigdata, old_stage, stage);
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
	candidate.begun = rulebook_find_stage(candidate.book, journey_label(&view, 0));
	candidate.to = rulebook_find_stage(candidate.book, stage);
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
	if (crossing_is_departure(trigdata))
		after_departure(get_statement(fcinfo, trigdata), trigdata);
	else if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		after_insert(get_statement(fcinfo, trigdata), trigdata);
	return PointerGetDatum(NULL);
}
