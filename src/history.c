/*-------------------------------------------------------------------------
 *
 * history.c
 *		What lifecycles were drawn like, since when, and by whom.
 *
 * The trigger on the table of lifecycles has every change recorded, whoever makes it.  The
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
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "history.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(guard_history);

/* What is being done to the table of lifecycles, and by whom; NULL: nobody has said. */
static const char *announced_change = NULL;
static char *announced_role = NULL;

/* The row that is being inserted comes from here. */
static bool recording = false;

/*
 * Runs a statement that changes the table of lifecycles, as its owner, on behalf of the
 * current user.
 */
void
history_change(const char *change, const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	char	   *role = GetUserNameFromId(GetUserId(), false);
	RulesVisit	visit;

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
	rules_leave(&visit);
}

/*
 * The number that the next change of the lifecycle gets: the first that is free, because a row
 * that somebody brought can have the last that there is.  The lifecycle's row is locked, so
 * nobody else asks.
 */
static int32
next_number(Datum name)
{
	Oid			type = TEXTOID;
	bool		isnull;
	int32		number;

	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute_with_args("SELECT pg_catalog.min(taken.number) OPERATOR(pg_catalog.+) 1"
							  " FROM (SELECT 0 UNION ALL SELECT h.number FROM lifecycle.lifecycle_history h"
							  " WHERE h.lifecycle OPERATOR(pg_catalog.=) $1) taken (number)"
							  " WHERE taken.number OPERATOR(pg_catalog.>=) 0"
							  " AND NOT EXISTS (SELECT FROM lifecycle.lifecycle_history n"
							  " WHERE n.lifecycle OPERATOR(pg_catalog.=) $1"
							  " AND n.number OPERATOR(pg_catalog.-) 1::pg_catalog.int8"
							  " OPERATOR(pg_catalog.=) taken.number)",
							  1, &type, &name, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the history of a lifecycle");
	number = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	PopActiveSnapshot();
	return number;
}

static void
insert_entry(const char *name, const char *before, const char *after, const char *role)
{
	Oid			types[] = {TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[lengthof(types)];
	char		nulls[] = "       ";

	values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum(next_number(values[0]));
	values[2] = CStringGetTextDatum(announced_change != NULL ? announced_change : "by hand");
	nulls[3] = before == NULL ? 'n' : ' ';
	values[3] = before == NULL ? (Datum) 0 : CStringGetTextDatum(before);
	nulls[4] = after == NULL ? 'n' : ' ';
	values[4] = after == NULL ? (Datum) 0 : CStringGetTextDatum(after);
	values[5] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	values[6] = CStringGetTextDatum(role);
	if (SPI_execute_with_args("INSERT INTO lifecycle.lifecycle_history"
							  " (lifecycle, number, change, before, after, login, role)"
							  " VALUES ($1, $2, $3, $4, $5, $6, $7)",
							  lengthof(types), types, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not record a change of a lifecycle");
}

/* Until ALTER EXTENSION ... UPDATE, a database may be at a version that had no history yet. */
static bool
has_history(void)
{
	return OidIsValid(get_relname_relid("lifecycle_history", get_namespace_oid(CRM_SCHEMA, false)));
}

/*
 * Records a change of the table of lifecycles; before is NULL where there was nothing, after
 * where there is nothing any more.  On a subscriber the publisher has recorded it.
 */
void
history_record(const char *name, const char *before, const char *after)
{
	const char *role;
	RulesVisit	visit;

	if (!has_history())
		return;
	if (announced_change == NULL &&
		(before == NULL || SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA))
		return;
	if (before != NULL && after != NULL && strcmp(before, after) == 0)
		return;
	role = announced_role != NULL ? announced_role : GetUserNameFromId(GetUserId(), false);
	rules_enter(&visit);
	recording = true;
	PG_TRY();
	{
		insert_entry(name, before, after, role);
	}
	PG_FINALLY();
	{
		recording = false;
	}
	PG_END_TRY();
	rules_leave(&visit);
}

/* Whether the very same entry is there already, whoever brought it. */
static bool
already_recorded(Relation rel, HeapTuple tuple)
{
	Oid			type = rel->rd_rel->reltype;
	Datum		row = heap_copy_tuple_as_datum(tuple, RelationGetDescr(rel));
	RulesVisit	visit;
	bool		found;

	rules_enter(&visit);
	if (SPI_execute_with_args("SELECT FROM lifecycle.lifecycle_history h"
							  " WHERE h.lifecycle OPERATOR(pg_catalog.=) ($1).lifecycle"
							  " AND h.number OPERATOR(pg_catalog.=) ($1).number"
							  " AND ROW(h.change, h.before, h.after, h.at, h.login, h.role)"
							  " IS NOT DISTINCT FROM ROW(($1).change, ($1).before, ($1).after, ($1).at, ($1).login, ($1).role)",
							  1, &type, &row, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a change of a lifecycle");
	found = SPI_processed > 0;
	rules_leave(&visit);
	return found;
}

/*
 * guard_history() is the trigger on the history: it tells what was recorded from what was
 * brought, and keeps both.
 */
Datum
guard_history(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	rel;
	int			attno;
	Datum		value;
	bool		isnull = false;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"guard_history\" can only be called as a trigger")));
	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the history of lifecycles is only added to")));
	if (recording)
		return PointerGetDatum(trigdata->tg_trigtuple);
	rel = trigdata->tg_relation;
	if (already_recorded(rel, trigdata->tg_trigtuple))
		return PointerGetDatum(NULL);
	attno = SPI_fnumber(RelationGetDescr(rel), "restored_by");
	value = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
	return PointerGetDatum(heap_modify_tuple_by_cols(trigdata->tg_trigtuple, RelationGetDescr(rel),
													 1, &attno, &value, &isnull));
}
