/*-------------------------------------------------------------------------
 *
 * dependents.c
 *		Which tables need a lifecycle, or a stage of it: neither goes before they let go of it.
 *
 * A table either is attached to the lifecycle, or has rows that name it.  Rows are counted
 * with the rights of the table's owner, for the types of its columns may be that owner's,
 * and so may a cast of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "dependents.h"
#include "ownership.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(lifecycle_tables);
PG_FUNCTION_INFO_V1(unfit_stages);

/* A table whose rows follow a lifecycle, or may. */
typedef struct Dependent
{
	Oid			relid;
	char	   *name;
	char	   *key;
	Oid			owner;
	bool		attached;		/* all of its rows do; else those that name it */
	char	   *rows;			/* FROM ... WHERE those rows; $1 is the lifecycle */
	char	   *stage;			/* of a row, as text; NULL where the column is gone */
	char	   *column;			/* that column */
} Dependent;

static char *
found_text(SPITupleTable *found, uint64 row, int column)
{
	return SPI_getvalue(found->vals[row], found->tupdesc, column);
}

static Oid
found_oid(SPITupleTable *found, uint64 row, int column)
{
	bool		isnull;

	return DatumGetObjectId(SPI_getbinval(found->vals[row], found->tupdesc, column, &isnull));
}

/* The tables whose rows follow the lifecycle, or may. */
static List *
find_dependents(const char *lifecycle)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(lifecycle);
	List	   *list = NIL;
	SPITupleTable *found;

	SPI_execute_with_args("SELECT a.relation::pg_catalog.oid, a.relation::pg_catalog.text, a.key, c.relowner,"
						  " a.lifecycle_column IS NULL,"
						  " pg_catalog.format('FROM %I.%I t WHERE ', n.nspname, c.relname)"
						  " OPERATOR(pg_catalog.||) CASE WHEN a.lifecycle_column IS NULL THEN 'true' ELSE"
						  " pg_catalog.format('t.%I::pg_catalog.text OPERATOR(pg_catalog.=) $1', a.lifecycle_column) END,"
						  " CASE WHEN a.stage_column IS NOT NULL THEN pg_catalog.format('t.%I::pg_catalog.text', a.stage_column) END, a.stage_column"
						  " FROM lifecycle.attachments a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation"
						  " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
						  " WHERE a.lifecycle OPERATOR(pg_catalog.=) $1 OR a.lifecycle_column IS NOT NULL"
						  " ORDER BY a.relation, a.key", 1, &type, &value, NULL, false, 0);
	found = SPI_tuptable;
	for (uint64 i = 0; i < found->numvals; i++)
	{
		Dependent  *dependent = palloc(sizeof(Dependent));

		dependent->relid = found_oid(found, i, 1);
		dependent->name = found_text(found, i, 2);
		dependent->key = found_text(found, i, 3);
		dependent->owner = found_oid(found, i, 4);
		dependent->attached = strcmp(found_text(found, i, 5), "t") == 0;
		dependent->rows = found_text(found, i, 6);
		dependent->stage = found_text(found, i, 7);
		dependent->column = found_text(found, i, 8);
		list = lappend(list, dependent);
	}
	return list;
}

/*
 * Asks about the rows of a table as its owner, and of how they are now, whatever the
 * transaction's snapshot; NULL where there is no answer.  $2 are labels.
 */
static char *
ask_as_owner(const Dependent *dependent, const char *query, const char *lifecycle, ArrayType *labels)
{
	Oid			types[] = {TEXTOID, TEXTARRAYOID};
	Datum		values[] = {CStringGetTextDatum(lifecycle), PointerGetDatum(labels)};
	Oid			userid;
	int			sec_context;

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(dependent->owner, sec_context | SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_execute_with_args(query, lengthof(types), types, values, labels == NULL ? " n" : NULL, true, 0);
	PopActiveSnapshot();
	SetUserIdAndSecContext(userid, sec_context);
	return SPI_processed == 0 ? NULL : SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

static void
append_count(StringInfo list, const Dependent *dependent, const char *count)
{
	if (count != NULL)
		appendStringInfo(list, "%s%s (%s)", list->len > 0 ? ", " : "", dependent->name, count);
}

/*
 * Refuses to let a lifecycle go that tables need.  Runs as the owner of the table of
 * lifecycles, connected to SPI.
 */
void
refuse_if_needed(const char *lifecycle)
{
	List	   *dependents = find_dependents(lifecycle);
	StringInfoData attached,
				naming;
	ListCell   *cell;

	initStringInfo(&attached);
	initStringInfo(&naming);
	foreach(cell, dependents)
	{
		const Dependent *dependent = lfirst(cell);

		if (dependent->attached)
			appendStringInfo(&attached, "%s%s", attached.len > 0 ? ", " : "", dependent->name);
		else
			append_count(&naming, dependent,
						 ask_as_owner(dependent, psprintf("SELECT NULLIF(pg_catalog.count(*), 0) %s", dependent->rows),
									  lifecycle, NULL));
	}
	if (attached.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop lifecycle \"%s\" because tables are attached to it", lifecycle),
				 errdetail("Attached: %s.", attached.data),
				 errhint("Call lifecycle.detach() for each of them first.")));
	if (naming.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop lifecycle \"%s\" because rows name it", lifecycle),
				 errdetail("Tables and their rows: %s.", naming.data),
				 errhint("Have these rows name another lifecycle first.")));
}

/* The label of a stage and those that it had formerly. */
static ArrayType *
labels_of(const DiagramStage *stage)
{
	Datum	   *labels = palloc((1 + stage->formerly.count) * sizeof(Datum));

	labels[0] = CStringGetTextDatum(stage->label);
	for (int i = 0; i < stage->formerly.count; i++)
		labels[1 + i] = CStringGetTextDatum(stage->formerly.items[i]);
	return construct_array(labels, 1 + stage->formerly.count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* The table and its partitions. */
static void
lock_against_writers(const Dependent *dependent)
{
	LockRelationOid(dependent->relid, ShareRowExclusiveLock);
	(void) find_all_inheritors(dependent->relid, ShareRowExclusiveLock, NULL);
}

/* Names the tables whose rows hold a stage, and how many; NULL if none does. */
static char *
holding_tables(const char *lifecycle, const DiagramStage *stage)
{
	List	   *dependents = find_dependents(lifecycle);
	ArrayType  *labels = labels_of(stage);
	StringInfoData list;
	ListCell   *cell;

	/* Whoever is writing finishes first, and by the rules that hold until now. */
	foreach(cell, dependents)
		lock_against_writers(lfirst(cell));
	initStringInfo(&list);
	foreach(cell, dependents)
	{
		const Dependent *dependent = lfirst(cell);

		if (dependent->stage != NULL)
			append_count(&list, dependent,
						 ask_as_owner(dependent, psprintf("SELECT NULLIF(pg_catalog.count(*), 0) %s"
														  " AND %s OPERATOR(pg_catalog.=) ANY ($2)",
														  dependent->rows, dependent->stage),
									  lifecycle, labels));
	}
	return list.len > 0 ? list.data : NULL;
}

/*
 * Refuses to let a stage go that rows hold.  From here to the end of the transaction no row
 * comes to hold it.
 */
void
refuse_if_held(const char *lifecycle, const DiagramStage *stage)
{
	RulesVisit	visit;
	char	   *tables;

	rules_enter(&visit);
	tables = holding_tables(lifecycle, stage);
	if (tables != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop stage \"%s\" of lifecycle \"%s\" because rows hold it", stage->label, lifecycle),
				 errdetail("Tables and their rows: %s.", tables),
				 errhint("CALL lifecycle.merge_stage(%1$s, %2$s, ...); puts them into another stage."
						 " SELECT lifecycle.retire_stage(%1$s, %2$s); lets them leave, and no others come.",
						 quote_literal_cstr(lifecycle), quote_literal_cstr(stage->label))));
	rules_leave(&visit);
}

/* Whether rows follow the lifecycle, or are to. */
static bool
follows(const Dependent *dependent, const char *lifecycle)
{
	return dependent->attached ||
		ask_as_owner(dependent, psprintf("SELECT true %s LIMIT 1", dependent->rows), lifecycle, NULL) != NULL;
}

/*
 * lifecycle_tables(lifecycle): the attachments whose rows follow it, all of them or some; for
 * its owner.
 */
Datum
lifecycle_tables(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *lifecycle = text_to_cstring(PG_GETARG_TEXT_PP(0));
	RulesVisit	visit;
	ListCell   *cell;

	check_owner(lifecycle, rules_get(lifecycle)->owner);
	InitMaterializedSRF(fcinfo, 0);
	rules_enter(&visit);
	foreach(cell, find_dependents(lifecycle))
	{
		const Dependent *dependent = lfirst(cell);
		Datum		values[] = {ObjectIdGetDatum(dependent->relid), CStringGetTextDatum(dependent->key)};
		bool		nulls[lengthof(values)] = {false};

		if (follows(dependent, lifecycle))
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	rules_leave(&visit);
	return (Datum) 0;
}

/* Why a stage column cannot hold a label; NULL if it can, or is an enum's, which follows. */
static char *
reason_against(const Dependent *dependent, const char *lifecycle, const char *label)
{
	Datum		value = CStringGetTextDatum(label);
	char	   *column = quote_literal_cstr(dependent->column);

	return ask_as_owner(dependent,
						psprintf("SELECT lifecycle.what_is_unfit(a.attrelid, a.attname, ($2)[1])"
								 " FROM pg_catalog.pg_attribute a"
								 " WHERE a.attrelid OPERATOR(pg_catalog.=) %u::pg_catalog.oid"
								 " AND a.attname OPERATOR(pg_catalog.=) %s::pg_catalog.name"
								 " AND lifecycle.enum_of(a.atttypid) IS NULL", dependent->relid, column),
						lifecycle, construct_array(&value, 1, TEXTOID, -1, false, TYPALIGN_INT));
}

/* What rows hold, kept: what an owner's domain does may have the rules loaded anew. */
static List *
labels_inside(const Diagram *diagram)
{
	List	   *labels = NIL;

	for (int i = 0; i < diagram->nstages; i++)
		if (!diagram->stages[i].outside)
			labels = lappend(labels, pstrdup(diagram->stages[i].label));
	return labels;
}

/* The reason may be the words of a domain of the owner's: they are for that owner's members. */
static void
put_unfit_stages(ReturnSetInfo *result, const Dependent *dependent, const char *lifecycle, List *labels,
				 bool may_know)
{
	ListCell   *cell;

	foreach(cell, labels)
	{
		char	   *reason = reason_against(dependent, lifecycle, lfirst(cell));
		Datum		values[4] = {ObjectIdGetDatum(dependent->relid)};
		bool		nulls[lengthof(values)] = {false, false, false, !may_know};

		CHECK_FOR_INTERRUPTS();
		if (reason == NULL)
			continue;
		values[1] = DirectFunctionCall1(namein, CStringGetDatum(dependent->column));
		values[2] = CStringGetTextDatum(lfirst(cell));
		values[3] = CStringGetTextDatum(reason);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * unfit_stages(lifecycle): the stages that a table which follows it cannot hold, and why; for
 * its owner.
 */
Datum
unfit_stages(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *lifecycle = text_to_cstring(PG_GETARG_TEXT_PP(0));
	RulesVisit	visit;
	List	   *labels;
	ListCell   *cell;

	check_owner(lifecycle, rules_get(lifecycle)->owner);
	labels = labels_inside(rules_get(lifecycle)->diagram);
	InitMaterializedSRF(fcinfo, 0);
	rules_enter(&visit);
	foreach(cell, find_dependents(lifecycle))
	{
		const Dependent *dependent = lfirst(cell);

		if (dependent->column != NULL && follows(dependent, lifecycle))
			put_unfit_stages(result, dependent, lifecycle, labels,
							 has_privs_of_role(visit.userid, dependent->owner));
	}
	rules_leave(&visit);
	return (Datum) 0;
}
