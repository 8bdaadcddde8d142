/*-------------------------------------------------------------------------
 *
 * history.c
 *		What lifecycles were drawn like, and scores defined, since when, and by whom.
 *
 * The trigger on the table of either has every change recorded, whoever makes it.  The
 * extension's own functions say beforehand what they are about to do, and for whom; what
 * nobody has announced was done by hand.  A row that arrives without having been announced
 * is a restored one, and brings its own history.
 *
 * The history's table is open to INSERT for the database's owner, who restores dumps.  The
 * trigger here writes into each row that comes so who brought it: no such row passes for
 * one that was recorded.  Nothing changes a row, or takes it away.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "history.h"
#include "ownership.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(guard_history);

const History history_of_lifecycles = {"lifecycle_history", "lifecycle", false};
const History history_of_scores = {"score_history", "score", true};

/* What is being done to a table of rules, and by whom; NULL: nobody has said. */
static const char *announced_change = NULL;
static char *announced_role = NULL;

/* The row that is being inserted comes from here. */
static bool recording = false;

/*
 * Whoever creates something of this name meanwhile is waited for, so that it is found to be
 * there rather than its history to be taken; of scores also whoever changes or drops it.
 * Two names with one hash wait for nothing, which does no harm.  A standby creates nothing, as it says itself.
 */
void
history_await_others(const History *history, const char *name)
{
	if (!RecoveryInProgress())
		LockDatabaseObject(get_relname_relid(history->table, get_namespace_oid(CRM_SCHEMA, false)),
						   hash_bytes((const unsigned char *) name, strlen(name)), 0, ExclusiveLock);
}

/*
 * Runs a statement that changes a table of rules, as its owner, on behalf of the current
 * user.  Answers how many rows it changed.
 */
uint64
history_change(const char *change, const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	char	   *role = GetUserNameFromId(GetUserId(), false);
	RulesVisit	visit;
	uint64		changed;

	rules_enter(&visit);
	announced_change = change;
	announced_role = role;
	PG_TRY();
	{
		if (SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0) < 0)
			elog(ERROR, "could not execute: %s", sql);
	}
	PG_FINALLY();
	{
		announced_change = NULL;
		announced_role = NULL;
	}
	PG_END_TRY();
	changed = SPI_processed;
	rules_leave(&visit);
	return changed;
}

/*
 * The number that the next change of something gets: the first that is free, because a row
 * that somebody brought can have the last that there is.  What is changed is locked, so
 * nobody else asks.
 */
static int32
next_number(const History *history, Datum name)
{
	Oid			type = TEXTOID;
	bool		isnull;
	int32		number;

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.min(taken.number) OPERATOR(pg_catalog.+) 1"
									   " FROM (SELECT 0 UNION ALL SELECT h.number FROM lifecycle.%1$s h"
									   " WHERE h.%2$s OPERATOR(pg_catalog.=) $1) taken (number)"
									   " WHERE taken.number OPERATOR(pg_catalog.>=) 0"
									   " AND NOT EXISTS (SELECT FROM lifecycle.%1$s n"
									   " WHERE n.%2$s OPERATOR(pg_catalog.=) $1"
									   " AND n.number OPERATOR(pg_catalog.-) 1::pg_catalog.int8"
									   " OPERATOR(pg_catalog.=) taken.number)", history->table, history->key),
							  1, &type, &name, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read %s", history->table);
	number = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	PopActiveSnapshot();
	return number;
}

static Datum
text_or_null(const char *text, char *null)
{
	*null = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static void
insert_entry(const History *history, const HistoryEntry *entry, const char *role)
{
	Oid			types[] = {TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[lengthof(types)];
	char		nulls[] = "         ";

	values[0] = CStringGetTextDatum(entry->name);
	values[1] = Int32GetDatum(next_number(history, values[0]));
	values[2] = CStringGetTextDatum(announced_change != NULL ? announced_change : "by hand");
	values[3] = text_or_null(entry->before, &nulls[3]);
	values[4] = text_or_null(entry->after, &nulls[4]);
	values[5] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	values[6] = CStringGetTextDatum(role);
	values[7] = text_or_null(entry->owner, &nulls[7]);
	values[8] = text_or_null(entry->search_path, &nulls[8]);
	if (SPI_execute_with_args(psprintf("INSERT INTO lifecycle.%s (%s, number, change, before, after, login, role%s)"
									   " VALUES ($1, $2, $3, $4, $5, $6, $7%s)", history->table, history->key,
									   history->says_how_to_run ? ", owner, search_path" : "",
									   history->says_how_to_run ? ", $8, $9" : ""),
							  history->says_how_to_run ? 9 : 7, types, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not write %s", history->table);
}

/* Until ALTER EXTENSION ... UPDATE, a database may be at a version that had no history yet. */
static bool
exists(const History *history)
{
	return OidIsValid(get_relname_relid(history->table, get_namespace_oid(CRM_SCHEMA, false)));
}

/*
 * Records a change of a table of rules.  On a subscriber the publisher has recorded it.
 */
void
history_record(const History *history, const HistoryEntry *entry)
{
	const char *role;
	RulesVisit	visit;

	if (!exists(history))
		return;
	if (announced_change == NULL &&
		(entry->before == NULL || SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA))
		return;
	role = announced_role != NULL ? announced_role : GetUserNameFromId(GetUserId(), false);
	rules_enter(&visit);
	recording = true;
	PG_TRY();
	{
		insert_entry(history, entry, role);
	}
	PG_FINALLY();
	{
		recording = false;
	}
	PG_END_TRY();
	rules_leave(&visit);
}

/* The one that the trigger was called for. */
static const History *
history_of_call(FunctionCallInfo fcinfo)
{
	if (rules_triggered_on(fcinfo, history_of_scores.table))
		return &history_of_scores;
	if (!rules_triggered_on(fcinfo, history_of_lifecycles.table))
		rules_refuse_trigger("guard_history");
	return &history_of_lifecycles;
}

/* Whether the very same entry is there already, whoever brought it. */
static bool
already_recorded(const History *history, Relation rel, HeapTuple tuple)
{
	Oid			type = rel->rd_rel->reltype;
	Datum		row = heap_copy_tuple_as_datum(tuple, RelationGetDescr(rel));
	RulesVisit	visit;
	bool		found;

	rules_enter(&visit);
	if (SPI_execute_with_args(psprintf("SELECT FROM lifecycle.%1$s h"
									   " WHERE h.%2$s OPERATOR(pg_catalog.=) ($1).%2$s"
									   " AND h.number OPERATOR(pg_catalog.=) ($1).number"
									   " AND ROW(h.change, h.before, h.after, h.at, h.login, h.role)"
									   " IS NOT DISTINCT FROM ROW(($1).change, ($1).before, ($1).after, ($1).at, ($1).login, ($1).role)",
									   history->table, history->key), 1, &type, &row, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read %s", history->table);
	found = SPI_processed > 0;
	rules_leave(&visit);
	return found;
}

/*
 * The row as it may stand: it says who brought it, and what it holds runs as nobody for whom
 * that user cannot act.
 */
static HeapTuple
brought_by_inserter(const History *history, Relation rel, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			attnos[2] = {SPI_fnumber(desc, "restored_by")};
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int			nchanges = 1;

	values[0] = values[1] = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
	if (history->says_how_to_run)
	{
		char	   *owner;

		attnos[1] = SPI_fnumber(desc, "owner");
		owner = SPI_getvalue(tuple, desc, attnos[1]);
		if (owner != NULL && !may_act_as(GetUserId(), owner))
			nchanges = 2;
	}
	return heap_modify_tuple_by_cols(tuple, desc, nchanges, attnos, values, nulls);
}

/*
 * guard_history() is the trigger on a history: it tells what was recorded from what was
 * brought, and keeps both.
 */
Datum
guard_history(PG_FUNCTION_ARGS)
{
	const History *history = history_of_call(fcinfo);
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	rel = trigdata->tg_relation;

	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the history of %ss is only added to", history->key)));
	if (recording)
		return PointerGetDatum(trigdata->tg_trigtuple);
	if (already_recorded(history, rel, trigdata->tg_trigtuple))
		return PointerGetDatum(NULL);
	return PointerGetDatum(brought_by_inserter(history, rel, trigdata->tg_trigtuple));
}
