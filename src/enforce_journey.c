/*-------------------------------------------------------------------------
 *
 * enforce_journey.c
 *		Journeys that do not come of a move: those that new rows bring, that somebody writes
 *		by hand, that are taken back by a step, and that are imported.
 *
 * Moves are enforce.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "enforce.h"
#include "instant.h"
#include "journey_io.h"
#include "journey_keep.h"
#include "ownership.h"
#include "refuse.h"

static void
refuse_journey(const Statement *statement, const char *message, const char *detail, const char *hint)
{
	refuse_always(statement->binding, statement->rel, statement->row, "journey_immutable", message, detail, hint);
}

/*
 * Later steps would have to wait for one that is still to come.
 */
void
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
void
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
 * Whether this is the journey that BEFORE INSERT has begun for the stage: one of its own, or
 * behind another row's, whose last step may be later than now.
 */
static bool
was_begun_now(const Statement *statement, const JourneyView *view, JourneyLabel stage)
{
	TimestampTz last = view->first + journey_word_time(view->last_word);

	return same_label(journey_last_stage(view), stage) &&
		(view->nsteps == 1 ? last == statement->now : statement->binding->origins != NIL && last >= statement->now);
}

/*
 * Whether somebody writes back what was read before: nothing at all, the journey as it was
 * some moves ago, or in an upsert EXCLUDED.journey.
 */
static bool
is_stale(const Statement *statement, Datum old_journey, Datum new_journey, bool new_isnull, JourneyLabel stage)
{
	JourneyView stored,
				written;

	if (new_isnull)
		return true;
	journey_open_datum(old_journey, &stored);
	journey_open_datum(new_journey, &written);
	return was_begun_now(statement, &written, stage) || journey_continues(&stored, &written);
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
HeapTuple
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

/*
 * Takes the last move back, as the session asked to.
 */
HeapTuple
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

/*
 * Under import a row may bring another journey; otherwise a new stage is a step.
 */
HeapTuple
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
