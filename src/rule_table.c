/*-------------------------------------------------------------------------
 *
 * rule_table.c
 *		What stands between the table of lifecycles and everybody's INSERT.
 *
 * The table is open to INSERT, because a database's plain owner restores its rows from
 * a dump.  The trigger here keeps that from being a hole: nobody can plant a lifecycle in
 * another's name.  Not even a superuser deletes by hand what tables need.  It also has
 * every change recorded, and sends the invalidation on which rules.c relies, which is why
 * it is ENABLE ALWAYS.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "dependents.h"
#include "history.h"
#include "ownership.h"
#include "report.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(guard_rules);

static char *
column_value(Relation rel, HeapTuple tuple, const char *column)
{
	return SPI_getvalue(tuple, RelationGetDescr(rel), SPI_fnumber(RelationGetDescr(rel), column));
}

/* A diagram that cannot be read would fail at somebody's next move instead. */
static void
check_diagram(Relation rel, HeapTuple tuple)
{
	char	   *text = column_value(rel, tuple, "diagram");
	PureError	error;

	if (text != NULL && diagram_parse(text, &error) == NULL)
		report_pure_error(&error);
}

/* Whether the row is there already; a different one with its name is an error. */
static bool
already_there(TriggerData *trigdata, const char *name)
{
	Relation	rel = trigdata->tg_relation;
	Oid			type = rel->rd_rel->reltype;
	Datum		row = heap_copy_tuple_as_datum(trigdata->tg_trigtuple, RelationGetDescr(rel));
	bool		found,
				isnull;

	if (SPI_execute_with_args("SELECT l OPERATOR(pg_catalog.=) $1 FROM lifecycle.lifecycle l"
							  " WHERE l.name OPERATOR(pg_catalog.=) ($1).name",
							  1, &type, &row, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a lifecycle");
	found = SPI_processed > 0;
	if (found && !DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("lifecycle \"%s\" is already defined, and differently", name),
				 errhint("Keep the lifecycle that is there, or drop it before restoring another one.")));
	return found;
}

/* A lifecycle in the name of a role that is not the inserter's becomes the inserter's. */
static HeapTuple
owned_by_inserter(TriggerData *trigdata, Oid inserter)
{
	Relation	rel = trigdata->tg_relation;
	int			attno = SPI_fnumber(RelationGetDescr(rel), "owner");
	char	   *owner = column_value(rel, trigdata->tg_trigtuple, "owner");
	Datum		value;
	bool		isnull = false;

	if (owner == NULL || may_act_as(inserter, owner))
		return trigdata->tg_trigtuple;
	value = CStringGetTextDatum(GetUserNameFromId(inserter, false));
	return heap_modify_tuple_by_cols(trigdata->tg_trigtuple, RelationGetDescr(rel), 1, &attno, &value, &isnull);
}

/* Another owner is no other diagram. */
static void
record_change(const char *name, const char *before, const char *after)
{
	HistoryEntry entry = {name, before, after};

	if (before == NULL || after == NULL || strcmp(before, after) != 0)
		history_record(&history_of_lifecycles, &entry);
}

/* NULL where there is nothing to insert. */
static HeapTuple
guard_insert(TriggerData *trigdata)
{
	char	   *name = column_value(trigdata->tg_relation, trigdata->tg_trigtuple, "name");
	RulesVisit	visit;
	bool		found;

	if (name == NULL)
		return trigdata->tg_trigtuple;	/* the NOT NULL constraint says it better */
	check_diagram(trigdata->tg_relation, trigdata->tg_trigtuple);
	rules_enter(&visit);
	found = already_there(trigdata, name);
	rules_leave(&visit);
	if (found)
		return NULL;
	record_change(name, NULL, column_value(trigdata->tg_relation, trigdata->tg_trigtuple, "diagram"));
	return owned_by_inserter(trigdata, visit.userid);
}

/* A lifecycle that tables need does not go; on a subscriber the publisher has decided. */
static void
refuse_loss(const char *name)
{
	RulesVisit	visit;

	if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA)
		return;
	rules_enter(&visit);
	refuse_if_needed(name);
	rules_leave(&visit);
}

/* Nor does it change its name. */
static void
guard_loss(TriggerData *trigdata, HeapTuple kept)
{
	char	   *name = column_value(trigdata->tg_relation, trigdata->tg_trigtuple, "name");

	if (kept == NULL || strcmp(column_value(trigdata->tg_relation, kept, "name"), name) != 0)
		refuse_loss(name);
}

/* What becomes of a row goes into the history; under another name it is gone. */
static void
record(TriggerData *trigdata, HeapTuple kept)
{
	Relation	rel = trigdata->tg_relation;
	char	   *name = column_value(rel, trigdata->tg_trigtuple, "name");

	if (kept != NULL && strcmp(column_value(rel, kept, "name"), name) != 0)
		kept = NULL;
	record_change(name, column_value(rel, trigdata->tg_trigtuple, "diagram"),
				  kept == NULL ? NULL : column_value(rel, kept, "diagram"));
}

/* The lifecycles that there are: a name, its diagram, the next name, and so on. */
static List *
all_rules(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *list = NIL;
	RulesVisit	visit;

	rules_enter(&visit);
	if (SPI_execute("SELECT name, diagram FROM lifecycle.lifecycle ORDER BY name", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the lifecycles");
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < SPI_processed; i++)
		for (int column = 1; column <= 2; column++)
			list = lappend(list, pstrdup(SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, column)));
	rules_leave(&visit);
	return list;
}

/* Emptying the table is deleting each of its rows. */
static void
guard_truncate(void)
{
	List	   *rules = all_rules();

	for (int i = 0; i < list_length(rules); i += 2)
		refuse_loss(list_nth(rules, i));
	for (int i = 0; i < list_length(rules); i += 2)
		record_change(list_nth(rules, i), list_nth(rules, i + 1), NULL);
}

/*
 * guard_rules() is the trigger on the table of lifecycles.
 */
Datum
guard_rules(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!rules_triggered_on(fcinfo, "lifecycle"))
		rules_refuse_trigger("guard_rules");
	if (TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event))
		guard_truncate();
	CacheInvalidateRelcacheByRelid(RelationGetRelid(trigdata->tg_relation));
	if (!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(guard_insert(trigdata));
	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		guard_loss(trigdata, NULL);
		record(trigdata, NULL);
		return PointerGetDatum(trigdata->tg_trigtuple);
	}
	guard_loss(trigdata, trigdata->tg_newtuple);
	check_diagram(trigdata->tg_relation, trigdata->tg_newtuple);
	record(trigdata, trigdata->tg_newtuple);
	return PointerGetDatum(trigdata->tg_newtuple);
}
