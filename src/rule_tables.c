/*-------------------------------------------------------------------------
 *
 * rule_tables.c
 *		What stands between the rule tables and everybody's INSERT.
 *
 * The tables of rules are open to INSERT, because a database's plain owner restores
 * their rows from a dump.  The trigger here keeps that from being a hole: nobody can
 * plant a lifecycle in another's name, nor add rules to another's lifecycle.  It also
 * sends the invalidation on which rules.c relies, which is why it is ENABLE ALWAYS.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "ownership.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(guard_rules);

/* How a row of each table is found again: the table itself is the composite $1. */
typedef struct RuleTable
{
	const char *relname;
	const char *lifecycle_column;
	const char *same_key;		/* finds the row with the same key and tells whether it is equal */
} RuleTable;

static const RuleTable rule_tables[] = {
	{"lifecycle", "name",
		"SELECT t OPERATOR(pg_catalog.=) $1 FROM lifecycle.lifecycle t"
	" WHERE t.name OPERATOR(pg_catalog.=) ($1).name"},
	{"phase", "lifecycle",
		"SELECT t OPERATOR(pg_catalog.=) $1 FROM lifecycle.phase t"
		" WHERE t.lifecycle OPERATOR(pg_catalog.=) ($1).lifecycle"
	" AND t.id OPERATOR(pg_catalog.=) ($1).id"},
	{"stage", "lifecycle",
		"SELECT t OPERATOR(pg_catalog.=) $1 FROM lifecycle.stage t"
		" WHERE t.lifecycle OPERATOR(pg_catalog.=) ($1).lifecycle"
	" AND t.id OPERATOR(pg_catalog.=) ($1).id"},
	{"transition", "lifecycle",
		"SELECT t OPERATOR(pg_catalog.=) $1 FROM lifecycle.transition t"
		" WHERE t.lifecycle OPERATOR(pg_catalog.=) ($1).lifecycle"
	" AND t.position OPERATOR(pg_catalog.=) ($1).position"},
};

static const RuleTable *
find_rule_table(Relation rel)
{
	for (int i = 0; i < lengthof(rule_tables); i++)
		if (strcmp(rule_tables[i].relname, RelationGetRelationName(rel)) == 0)
			return &rule_tables[i];
	elog(ERROR, "\"%s\" is not a table of rules", RelationGetRelationName(rel));
}

static char *
column_value(TriggerData *trigdata, const char *column)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);

	return SPI_getvalue(trigdata->tg_trigtuple, desc, SPI_fnumber(desc, column));
}

/* Whether the row is there already; a different one with its key is an error. */
static bool
already_there(TriggerData *trigdata, const RuleTable *table, const char *lifecycle)
{
	Relation	rel = trigdata->tg_relation;
	Oid			type = rel->rd_rel->reltype;
	Datum		row = heap_copy_tuple_as_datum(trigdata->tg_trigtuple, RelationGetDescr(rel));
	bool		found,
				isnull;

	if (SPI_execute_with_args(table->same_key, 1, &type, &row, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a row of \"%s\"", table->relname);
	found = SPI_processed > 0;
	if (found && !DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("lifecycle \"%s\" is already defined, and differently", lifecycle),
				 errdetail("The row to insert into \"%s.%s\" differs from the one that is there.",
						   CRM_SCHEMA, table->relname),
				 errhint("Keep the lifecycle that is there, or drop it before restoring another one.")));
	return found;
}

static char *
owner_in_table(const char *lifecycle)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(lifecycle);

	SPI_execute_with_args("SELECT owner FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1",
						  1, &type, &value, NULL, false, 1);
	if (SPI_processed == 0)
		return NULL;
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/* A lifecycle in the name of a role that is not the inserter's becomes the inserter's. */
static HeapTuple
own_lifecycle(TriggerData *trigdata, Oid inserter)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(desc, "owner");
	char	   *owner = column_value(trigdata, "owner");
	Datum		value;
	bool		isnull = false;

	if (owner == NULL || may_act_as(inserter, owner))
		return trigdata->tg_trigtuple;
	value = CStringGetTextDatum(GetUserNameFromId(inserter, false));
	return heap_modify_tuple_by_cols(trigdata->tg_trigtuple, desc, 1, &attno, &value, &isnull);
}

static HeapTuple
guard_insert(TriggerData *trigdata, Oid inserter)
{
	const RuleTable *table = find_rule_table(trigdata->tg_relation);
	char	   *lifecycle = column_value(trigdata, table->lifecycle_column);
	char	   *owner;

	if (lifecycle == NULL)
		return trigdata->tg_trigtuple;	/* the NOT NULL constraint says it better */
	if (already_there(trigdata, table, lifecycle))
		return NULL;
	if (strcmp(table->relname, "lifecycle") == 0)
		return own_lifecycle(trigdata, inserter);
	owner = owner_in_table(lifecycle);
	if (owner != NULL && !may_act_as(inserter, owner))
		refuse_not_owner(lifecycle, owner);
	return trigdata->tg_trigtuple;
}

/*
 * guard_rules() is the trigger on each table of rules.
 */
Datum
guard_rules(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	HeapTuple	result;
	MemoryContext caller = CurrentMemoryContext;
	Oid			inserter;
	int			sec_context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"guard_rules\" can only be called as a trigger")));
	CacheInvalidateRelcacheByRelid(RelationGetRelid(trigdata->tg_relation));
	if (!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_newtuple);
	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_trigtuple);

	rules_as_owner(&inserter, &sec_context);
	SPI_connect();
	result = guard_insert(trigdata, inserter);
	if (result != NULL && result != trigdata->tg_trigtuple)
	{
		MemoryContext spi_context = MemoryContextSwitchTo(caller);

		result = heap_copytuple(result);
		MemoryContextSwitchTo(spi_context);
	}
	SPI_finish();
	rules_as_before(inserter, sec_context);
	return PointerGetDatum(result);
}
