/*-------------------------------------------------------------------------
 *
 * log.c
 *		The log: one row for each move, in a table beside the attached one.
 *
 * It is written by an AFTER trigger as its owner, so that those who move rows
 * need no right on it, and nothing in it is ever updated.  What happened is read off the
 * journeys before and after, so it makes no difference which trigger moved the row.
 *
 * A constraint trigger names the log (FROM): PostgreSQL follows its renaming, dumps it,
 * and takes the trigger away with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "binding.h"
#include "compat.h"
#include "context.h"
#include "crossing.h"
#include "journey_io.h"
#include "journey_keep.h"
#include "judge.h"
#include "log.h"
#include "log_write.h"
#include "query_end.h"
#include "renew.h"

PG_FUNCTION_INFO_V1(log_move);

/* What is logged besides the row's key. */
enum
{
	P_KIND,
	P_LIFECYCLE,
	P_FROM,
	P_TO,
	P_EVENT,
	P_ACTION,
	P_AT,
	P_ACTOR,
	P_REASON,
	P_NOTE,
	P_LOGIN,
	P_ROLE,
	P_JOURNEY,
	NUM_LOG_PARAMETERS
};

/* The log's own columns; the row's key stands before them, under the names of its columns. */
static const char *const parameter_columns[NUM_LOG_PARAMETERS] = {
	"kind", "lifecycle", "from_stage", "to_stage", "event", "action", "at", "actor", "reason", "note",
	"login", "role", "journey"
};

/* How the rows of one relation get into its log; kept with the binding. */
struct LogPlan
{
	int			nkeys;
	AttrNumber *keys;			/* in the relation */
	TupleDesc	known;			/* the key and the parameters, under the names of the log's columns */
	List	   *columns;		/* from log_write_plan() */
	bool		gathers;		/* from log_write_may_gather() */
};

/* A role's name as text, as long as it is the same role. */
typedef struct RoleName
{
	Oid			role;
	text	   *name;
} RoleName;

/* What one statement needs for the rows of one relation. */
typedef struct LogStatement
{
	MemoryContext context;
	uint64		changes;		/* from binding_changes(): then it was made */
	Binding    *binding;
	LogPlan    *plan;
	LogWriter  *writer;
	Oid			owner;			/* of the log */
	Relation	rel;
	MemoryContext query;
	bool		importing;
	bool		gathers;		/* rows may be stored at the end of the query */
	bool		gathering;
	bool		cascades;		/* new keys are passed on by foreign keys */
	RoleName	login;
	RoleName	role;
	text	   *lifecycle;		/* of all rows; NULL where a column names it */
	text	   *drawn[NUM_LOG_PARAMETERS];	/* the words of the move made last, if they tell each such move */
} LogStatement;

/* One row to write: the parameters behind the key in the writer's slot. */
typedef struct LogRow
{
	Datum	   *values;
	bool	   *nulls;
} LogRow;

const char *
log_columns(void)
{
	return "kind pg_catalog.text NOT NULL"
		" CHECK (kind IN ('insert', 'move', 'undo', 'import', 'forced', 'delete')),"
		" lifecycle pg_catalog.text, from_stage pg_catalog.text, to_stage pg_catalog.text,"
		" event pg_catalog.text, action pg_catalog.text, at pg_catalog.timestamptz NOT NULL,"
		" actor pg_catalog.text, reason pg_catalog.text, note pg_catalog.text,"
		" login pg_catalog.text NOT NULL, role pg_catalog.text NOT NULL, journey lifecycle.journey,"
		" recorded_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),"
		" xid pg_catalog.xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id()";
}

/* The attributes of the primary key, which the log repeats. */
static Bitmapset *
key_of(Relation rel)
{
	return RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
}

/*
 * The names of the key's columns in their order in the table.
 */
List *
log_key_columns(Relation rel)
{
	Bitmapset  *key = key_of(rel);
	List	   *names = NIL;
	int			i = -1;

	while ((i = bms_next_member(key, i)) >= 0)
		names = lappend(names, get_attname(RelationGetRelid(rel), i + FirstLowInvalidHeapAttributeNumber, false));
	return names;
}

/*
 * The name of a column of the key in the log, which has columns of its own.
 */
char *
log_key_name(const char *column)
{
	static const char *const others[] = {"number", "recorded_at", "xid"};
	bool		taken = false;

	for (int i = 0; i < lengthof(others); i++)
		taken |= strcmp(column, others[i]) == 0;
	for (int i = 0; i < NUM_LOG_PARAMETERS; i++)
		taken |= strcmp(column, parameter_columns[i]) == 0;
	return taken ? psprintf("key_%s", column) : pstrdup(column);
}

/* The log's columns that hold the key: all before "kind" but the first, its number. */
static List *
key_columns_of_log(Relation log)
{
	TupleDesc	desc = RelationGetDescr(log);
	List	   *names = NIL;

	for (int i = 1; i < desc->natts && strcmp(NameStr(TupleDescAttr(desc, i)->attname), "kind") != 0; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			names = lappend(names, NameStr(TupleDescAttr(desc, i)->attname));
	return names;
}

static void
refuse_log(Relation rel, Relation log)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the log \"%s\" does not fit the primary key of table \"%s\" any more",
					RelationGetRelationName(log), RelationGetRelationName(rel)),
			 errhint("Rename the log, then call lifecycle.detach() and lifecycle.attach() with log => true.")));
}

/* Finds the row's key where the log wants it. */
static void
bind_keys(LogPlan *plan, Relation rel, Relation log)
{
	List	   *in_log = key_columns_of_log(log);
	Bitmapset  *key = key_of(rel);
	int			i = -1;

	if (bms_num_members(key) != list_length(in_log))
		refuse_log(rel, log);
	plan->keys = palloc(Max(list_length(in_log), 1) * sizeof(AttrNumber));
	while ((i = bms_next_member(key, i)) >= 0)
		plan->keys[plan->nkeys++] = i + FirstLowInvalidHeapAttributeNumber;
}

/* What is known of a row that is to be logged. */
static TupleDesc
describe_known(const LogPlan *plan, const Binding *binding, Relation rel, Relation log)
{
	TupleDesc	known = CreateTemplateTupleDesc(plan->nkeys + NUM_LOG_PARAMETERS);
	ListCell   *cell;
	int			n = 0;

	foreach(cell, key_columns_of_log(log))
	{
		TupleDescCopyEntry(known, n + 1, RelationGetDescr(rel), plan->keys[n]);
		namestrcpy(&TupleDescAttr(known, n)->attname, lfirst(cell));
		n++;
	}
	for (int i = 0; i < NUM_LOG_PARAMETERS; i++)
		TupleDescInitEntry(known, ++n, parameter_columns[i],
						   i == P_AT ? TIMESTAMPTZOID :
						   i == P_JOURNEY ? TupleDescAttr(RelationGetDescr(rel), binding->columns[JOURNEY_COLUMN] - 1)->atttypid :
						   TEXTOID, -1, 0);
	return known;
}

/* The plan of the binding, which goes when the log or the table changes. */
static LogPlan *
get_plan(Binding *binding, Relation rel, Relation log)
{
	MemoryContext caller;
	LogPlan    *plan;

	if (binding->log_plan != NULL)
		return binding->log_plan;
	binding->log = RelationGetRelid(log);
	caller = MemoryContextSwitchTo(binding->context);
	plan = palloc0(sizeof(LogPlan));
	bind_keys(plan, rel, log);
	plan->known = describe_known(plan, binding, rel, log);
	plan->columns = log_write_plan(log, plan->known);
	plan->gathers = log_write_may_gather(log, plan->columns);
	MemoryContextSwitchTo(caller);
	binding->log_plan = plan;
	return plan;
}

/* Whether somebody else's triggers fire at the end of the query, who may look into the log. */
static bool
others_fire_after(Relation rel, const Trigger *log_trigger)
{
	Oid			ours = get_func_namespace(log_trigger->tgfoid);

	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (TRIGGER_FOR_AFTER(trigger->tgtype) && !trigger->tgisinternal &&
			get_func_namespace(trigger->tgfoid) != ours)
			return true;
	}
	return false;
}

/* Whether an UPDATE of the trigger's table may be followed by one of the table that refers to it. */
static bool
is_cascade(const Trigger *trigger)
{
	return trigger->tgisinternal && TRIGGER_FOR_UPDATE(trigger->tgtype) &&
		RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK &&
		trigger->tgfoid != F_RI_FKEY_NOACTION_UPD && trigger->tgfoid != F_RI_FKEY_RESTRICT_UPD;
}

static bool
has_cascades(Relation rel)
{
	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
		if (is_cascade(&rel->trigdesc->triggers[i]))
			return true;
	return false;
}

/* Whether foreign keys pass on what the row has got, which fires the triggers of others. */
static bool
is_passed_on(Relation rel, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (is_cascade(trigger) && RI_FKey_pk_upd_check_required(trigger, rel, old_row, new_row))
			return true;
	}
	return false;
}

/* The log of a trigger, which another trigger of the same statement may have dropped. */
static Relation
open_log(TriggerData *trigdata)
{
	Relation	log = try_table_open(trigdata->tg_trigger->tgconstrrelid, RowExclusiveLock);

	if (log == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("the log of table \"%s\" was dropped while its rows were moving",
						RelationGetRelationName(trigdata->tg_relation))));
	return log;
}

static LogStatement *
make_statement(TriggerData *trigdata, MemoryContext query)
{
	MemoryContext context = AllocSetContextCreate(query, "crm_lifecycle log", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	LogStatement *statement = palloc0(sizeof(LogStatement));
	Relation	log = open_log(trigdata);

	statement->context = context;
	statement->query = query;
	statement->rel = trigdata->tg_relation;
	statement->importing = context_importing(trigdata->tg_relation);
	statement->binding = binding_get(trigdata->tg_relation, trigdata->tg_trigger->tgargs[ARG_KEY]);
	statement->changes = binding_changes();
	if (statement->binding->columns[LIFECYCLE_COLUMN] == 0)
		statement->lifecycle = cstring_to_text(binding_lifecycle(statement->binding, NULL));
	statement->plan = get_plan(statement->binding, statement->rel, log);
	statement->writer = log_write_begin(log, statement->plan->columns, statement->plan->known);
	statement->owner = log->rd_rel->relowner;
	table_close(log, NoLock);
	statement->gathers = statement->plan->gathers && query_end_expected(query, statement->rel) &&
		!others_fire_after(statement->rel, trigdata->tg_trigger);
	statement->cascades = statement->gathers && has_cascades(statement->rel);
	MemoryContextSwitchTo(caller);
	return statement;
}

/* Does something with the writer as the log's owner, who has put into it what runs then. */
static void
as_owner(const LogStatement *statement, void (*act) (LogWriter *writer))
{
	Oid			userid;
	int			sec_context;

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(statement->owner,
						   sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	act(statement->writer);
	SetUserIdAndSecContext(userid, sec_context);
}

static void
write_row(const LogStatement *statement)
{
	as_owner(statement, log_write);
}

static void
write_gathered(void *argument)
{
	as_owner(argument, log_write_gathered);
}

/*
 * Writes the row when the query ends, if it may wait so long.  That of a deleted row may
 * not: the foreign keys that follow a DELETE fire other people's triggers.
 */
static void
write_row_later(LogStatement *statement)
{
	if (!statement->gathers)
	{
		write_row(statement);
		return;
	}
	if (!statement->gathering)
		query_end_do(write_gathered, statement);
	statement->gathering = true;
	as_owner(statement, log_write_later);
}

/* Stores what is gathered already, before the query ends. */
static void
write_by_now(LogStatement *statement)
{
	if (!statement->gathering)
		return;
	query_end_forget(statement);
	statement->gathering = false;
	write_gathered(statement);
}

static void
end_statement(LogStatement *statement)
{
	write_by_now(statement);
	MemoryContextDelete(statement->context);
}

/* A function that a trigger calls may alter the log in the midst of a statement. */
static LogStatement *
get_statement(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	LogStatement *statement = fcinfo->flinfo->fn_extra;

	if (statement != NULL && statement->changes == binding_changes())
		return statement;
	fcinfo->flinfo->fn_extra = NULL;
	if (statement != NULL)
		end_statement(statement);
	statement = make_statement(trigdata, fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = statement;
	return statement;
}

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
	{
		kind = "import";
		put(&row, P_JOURNEY, journey);
	}
	else
		kind = put_move(statement, &row, kind, new_row, NULL, NULL, journey_last_stage(&view));
	put_text(&row, P_KIND, kind);
	write_row_later(statement);
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
	if (new.nsteps < old.nsteps || !put_same_move(statement, &row, from, to))
	{
		put_label(&row, P_FROM, from);
		put_label(&row, P_TO, to);
		if (statement->importing)
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
	write_row_later(statement);
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
	write_row(statement);
}

/* The delete half of a change of partition only leaves the journey for the insert half. */
static void
note_departure(LogStatement *statement, TupleTableSlot *old_row)
{
	if (statement->cascades)
		write_by_now(statement);
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
	statement = get_statement(fcinfo, trigdata);
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
		if (statement->cascades && is_passed_on(statement->rel, trigdata->tg_trigslot, trigdata->tg_newslot))
			write_by_now(statement);
	}
	return PointerGetDatum(NULL);
}
