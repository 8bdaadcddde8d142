/*-------------------------------------------------------------------------
 *
 * log.c
 *		The log: one row for each move, in a table beside the attached one.
 *
 * It is written by an AFTER trigger, and nothing in it is ever updated.  What happened is
 * read off the journeys before and after, so it makes no difference which trigger moved
 * the row.
 *
 * A constraint trigger names the log (FROM): PostgreSQL follows its renaming, dumps it,
 * and takes the trigger away with it.
 *
 * What the table looks like is log_table.c's to know; when rows are stored, and as whom,
 * log_statement.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "context.h"
#include "crossing.h"
#include "duplicates.h"
#include "hand_over.h"
#include "journey_io.h"
#include "journey_keep.h"
#include "judge.h"
#include "log_statement.h"
#include "renew.h"

PG_FUNCTION_INFO_V1(log_move);

/* One row to write: the parameters behind the key in the writer's slot. */
typedef struct LogRow
{
	Datum	   *values;
	bool	   *nulls;
} LogRow;

static void
put(LogRow *row, int parameter, Datum value)
{
	row->values[parameter] = value;
	row->nulls[parameter] = false;
}

static void
put_text(LogRow *row, int parameter, const char *value)
{
	if (value != NULL)
		put(row, parameter, CStringGetTextDatum(value));
}

static void
put_label(LogRow *row, int parameter, JourneyLabel label)
{
	put(row, parameter, PointerGetDatum(cstring_to_text_with_len(label.text, label.len)));
}

static void
put_role(LogStatement *statement, LogRow *row, int parameter, RoleName *cached, Oid role)
{
	MemoryContext caller = MemoryContextSwitchTo(statement->context);

	if (cached->role != role)
	{
		if (cached->name != NULL)
			pfree(cached->name);
		cached->role = InvalidOid;
		cached->name = cstring_to_text(GetUserNameFromId(role, false));
		cached->role = role;
	}
	MemoryContextSwitchTo(caller);
	put(row, parameter, PointerGetDatum(cached->name));
}

static void
put_key(const LogPlan *plan, TupleTableSlot *known, TupleTableSlot *of)
{
	for (int i = 0; i < plan->nkeys; i++)
		known->tts_values[i] = slot_getattr(of, plan->keys[i], &known->tts_isnull[i]);
}

static void
begin_row(LogStatement *statement, LogRow *row, TupleTableSlot *of)
{
	TupleTableSlot *known = log_write_slot(statement->writer);
	char	   *reason = binding_text(statement->binding, of, REASON_COLUMN);

	put_key(statement->plan, known, of);
	row->values = known->tts_values + statement->plan->nkeys;
	row->nulls = known->tts_isnull + statement->plan->nkeys;
	memset(row->nulls, true, NUM_LOG_PARAMETERS * sizeof(bool));
	if (statement->lifecycle != NULL)
		put(row, P_LIFECYCLE, PointerGetDatum(statement->lifecycle));
	else
		put_text(row, P_LIFECYCLE, binding_lifecycle(statement->binding, of));
	put_text(row, P_ACTOR, context_actor());
	put_text(row, P_REASON, reason != NULL ? reason : context_reason());
	put_text(row, P_NOTE, context_note());
	put_role(statement, row, P_LOGIN, &statement->login, GetSessionUserId());
	put_role(statement, row, P_ROLE, &statement->role, GetUserId());
}

static bool
get_journey(const LogStatement *statement, TupleTableSlot *row, Datum *journey)
{
	bool		isnull;

	*journey = slot_getattr(row, statement->binding->columns[JOURNEY_COLUMN], &isnull);
	return !isnull;
}

/* The rules that a row follows; NULL where they do not exist. */
static Rulebook *
row_book(const LogStatement *statement, TupleTableSlot *row)
{
	const char *lifecycle = binding_lifecycle(statement->binding, row);

	return lifecycle == NULL ? NULL : binding_rulebook(statement->binding, lifecycle);
}

/* The journey of a row as it was; of one that had none yet, the one that it has got since. */
static Datum
journey_before(const LogStatement *statement, TupleTableSlot *old_row)
{
	Datum		journey;

	if (get_journey(statement, old_row, &journey))
		return journey;
	return journey_of_unfilled(statement->binding, old_row, context_instant(statement->rel));
}

static TimestampTz
last_instant(const JourneyView *view)
{
	return view->first + journey_word_time(view->last_word);
}

/* What stood in the way of a move that was let pass, unless there is a note already. */
static void
put_obstacle(LogRow *row, const char *obstacle)
{
	if (row->nulls[P_NOTE])
		put_text(row, P_NOTE, obstacle);
}

static void
put_refusal(LogRow *row, const Verdict *verdict)
{
	StringInfoData note;
	ListCell   *cell;

	initStringInfo(&note);
	foreach(cell, verdict->checks)
		appendStringInfo(&note, "%s%s", note.len > 0 ? " " : "", ((Check *) lfirst(cell))->message);
	put_obstacle(row, note.data);
}

static void
put_unknown_stage(LogRow *row, const Rules *rules, JourneyLabel stage)
{
	put_obstacle(row, psprintf("Lifecycle \"%s\" has no stage \"%s\".", rules->name,
							   pnstrdup(stage.text, stage.len)));
}

static bool
is_label(const text *word, JourneyLabel label)
{
	return word != NULL && VARSIZE_ANY_EXHDR(word) == label.len &&
		memcmp(VARDATA_ANY(word), label.text, label.len) == 0;
}

/* Puts the words of the move made last, if this is the same. */
static bool
put_same_move(const LogStatement *statement, LogRow *row, JourneyLabel from, JourneyLabel to)
{
	if (!is_label(statement->drawn[P_FROM], from) || !is_label(statement->drawn[P_TO], to))
		return false;
	for (int i = 0; i < NUM_LOG_PARAMETERS; i++)
		if (statement->drawn[i] != NULL)
			put(row, i, PointerGetDatum(statement->drawn[i]));
	return true;
}

/* Keeps the words of a move, most rows of a statement make the same. */
static void
keep_move(LogStatement *statement, const LogRow *row)
{
	static const int words[] = {P_FROM, P_TO, P_EVENT, P_ACTION};
	MemoryContext caller = MemoryContextSwitchTo(statement->context);

	for (int i = 0; i < lengthof(words); i++)
	{
		text	  **word = &statement->drawn[words[i]];

		if (*word != NULL)
			pfree(*word);
		*word = row->nulls[words[i]] ? NULL : DatumGetTextPCopy(row->values[words[i]]);
	}
	MemoryContextSwitchTo(caller);
}

/* Which move it was; under other modes than enforcement, whether it would have been refused. */
static const char *
put_move(LogStatement *statement, LogRow *row, const char *kind, TupleTableSlot *new_row,
		 TupleTableSlot *old_row, const JourneyLabel *from, JourneyLabel to)
{
	Candidate	candidate = judge_candidate(statement->binding, statement->rel, new_row, old_row);
	const DiagramMove *move;
	bool		always;

	candidate.from = from == NULL ? NO_STAGE : rulebook_find_stage(candidate.book, *from);
	candidate.to = candidate.begun = rulebook_find_stage(candidate.book, to);
	if (candidate.to == NO_STAGE || (from != NULL && candidate.from == NO_STAGE))
	{
		put_unknown_stage(row, candidate.book->rules, candidate.to == NO_STAGE ? to : *from);
		return "forced";
	}
	if (statement->binding->mode != MODE_ENFORCE)
	{
		Verdict		verdict = judge(&candidate, false);

		if (!verdict.granted)
		{
			put_refusal(row, &verdict);
			return "forced";
		}
	}
	move = judge_move_made(&candidate, &always);
	if (move != NULL)
	{
		put_text(row, P_EVENT, move->event);
		put_text(row, P_ACTION, move->action);
	}
	if (always && from != NULL && statement->lifecycle != NULL && statement->binding->mode == MODE_ENFORCE)
		keep_move(statement, row);
	return kind;
}

static void
log_insert(LogStatement *statement, TupleTableSlot *new_row)
{
	Datum		journey;
	JourneyView view;
	LogRow		row;
	const char *kind = "insert";

	if (!get_journey(statement, new_row, &journey))
		return;
	journey_open_datum(journey, &view);
	begin_row(statement, &row, new_row);
	put_label(&row, P_TO, journey_last_stage(&view));
	put(&row, P_AT, TimestampTzGetDatum(last_instant(&view)));
	if (statement->importing || view.nsteps > 1)
		put(&row, P_JOURNEY, journey);
	if (statement->importing || (view.nsteps > 1 && !hand_over_is_expected(statement->binding, new_row)))
		kind = "import";
	else
		kind = put_move(statement, &row, kind, new_row, NULL, NULL, journey_last_stage(&view));
	put_text(&row, P_KIND, kind);
	log_row_later(statement);
}

/* The journey from before, with the labels that its stages have now: renaming them is no move. */
static Datum
with_present_labels(const LogStatement *statement, TupleTableSlot *new_row, Datum journey)
{
	Rulebook   *book = row_book(statement, new_row);

	return book == NULL ? journey : renew_journey(book->rules->machine, journey);
}

/* old_row is NULL where only the journey from before is known. */
static void
log_update(LogStatement *statement, TupleTableSlot *new_row, TupleTableSlot *old_row, Datum old_journey)
{
	Datum		journey;
	JourneyView old,
				new;
	JourneyLabel from,
				to;
	LogRow		row;
	bool		merged = duplicates_journey(statement->binding, new_row) != (Datum) 0;
	const char *kind = "move";

	if (!get_journey(statement, new_row, &journey) || journey_same(old_journey, journey))
		return;
	old_journey = with_present_labels(statement, new_row, old_journey);
	if (journey_same(old_journey, journey))
		return;
	journey_open_datum(old_journey, &old);
	journey_open_datum(journey, &new);
	from = journey_last_stage(&old);
	to = journey_last_stage(&new);
	begin_row(statement, &row, new_row);
	put(&row, P_AT, TimestampTzGetDatum(last_instant(&new)));
	if (merged || new.nsteps < old.nsteps || !put_same_move(statement, &row, from, to))
	{
		put_label(&row, P_FROM, from);
		put_label(&row, P_TO, to);
		if (statement->importing || merged)
		{
			kind = "import";
			put(&row, P_JOURNEY, journey);
		}
		else if (new.nsteps < old.nsteps)
		{
			kind = "undo";
			put(&row, P_AT, TimestampTzGetDatum(GetCurrentTimestamp()));
		}
		else
			kind = put_move(statement, &row, kind, new_row, old_row, &from, to);
	}
	put_text(&row, P_KIND, kind);
	log_row_later(statement);
}

static void
log_delete(LogStatement *statement, TupleTableSlot *old_row)
{
	Datum		journey;
	JourneyView view;
	LogRow		row;

	begin_row(statement, &row, old_row);
	put_text(&row, P_KIND, "delete");
	put(&row, P_AT, TimestampTzGetDatum(GetCurrentTimestamp()));
	if (get_journey(statement, old_row, &journey))
	{
		journey = with_present_labels(statement, old_row, journey);
		journey_open_datum(journey, &view);
		put_label(&row, P_FROM, journey_last_stage(&view));
		put(&row, P_JOURNEY, journey);
	}
	log_row_now(statement);
}

/* The delete half of a change of partition only leaves the journey for the insert half. */
static void
note_departure(LogStatement *statement, TupleTableSlot *old_row)
{
	if (statement->cascades)
		log_gathered_now(statement);
	crossing_depart(statement->query, statement->binding->key, CROSSING_LOG, journey_before(statement, old_row));
}

static void
log_arrival(LogStatement *statement, TupleTableSlot *new_row)
{
	Datum		journey,
				old_journey;

	if (get_journey(statement, new_row, &journey) &&
		crossing_arrive(statement->query, statement->binding->key, CROSSING_LOG, row_book(statement, new_row),
						journey, &old_journey))
		log_update(statement, new_row, NULL, old_journey);
	else
		log_insert(statement, new_row);
}

/*
 * log_move() is the AFTER ROW trigger that writes the log.
 */
Datum
log_move(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	LogStatement *statement;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event) || !OidIsValid(trigdata->tg_trigger->tgconstrrelid))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"log_move\" can only be called as a trigger that lifecycle.attach() made")));
	if (context_restoring(trigdata->tg_relation))
		return PointerGetDatum(NULL);
	statement = log_statement_get(fcinfo, trigdata);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		log_arrival(statement, trigdata->tg_trigslot);
	else if (crossing_is_departure(trigdata))
		note_departure(statement, trigdata->tg_trigslot);
	else if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		log_delete(statement, trigdata->tg_trigslot);
	else
	{
		log_update(statement, trigdata->tg_newslot, trigdata->tg_trigslot,
				   journey_before(statement, trigdata->tg_trigslot));
		if (statement->cascades && log_is_passed_on(statement->rel, trigdata->tg_trigslot, trigdata->tg_newslot))
			log_gathered_now(statement);
	}
	return PointerGetDatum(NULL);
}
