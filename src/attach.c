/*-------------------------------------------------------------------------
 *
 * attach.c
 *		Attaching a lifecycle to a table, taking it off, and changing how strict it is.
 *
 * What is made is attach_objects.c's, what may be asked for attach_request.c's; what has
 * to be true of the rows, and what becomes of them, is here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "attach.h"
#include "binding.h"
#include "face.h"
#include "sql_text.h"

PG_FUNCTION_INFO_V1(attach);
PG_FUNCTION_INFO_V1(detach);
PG_FUNCTION_INFO_V1(set_mode);
PG_FUNCTION_INFO_V1(check_attachment);

/* What SQL calls the lifecycle of a row of the table. */
static const char *
row_lifecycle(const AttachRequest *request)
{
	if (request->columns[LIFECYCLE_COLUMN] == NULL)
		return quote_literal_cstr(request->lifecycle);
	return psprintf("t.%s::pg_catalog.text", quoted_column(request, LIFECYCLE_COLUMN));
}

static char *
single_text(const char *sql)
{
	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute: %s", sql);
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/* Refuses rows whose stage their lifecycle does not have, naming the stages. */
static void
check_stages_of_rows(const AttachRequest *request)
{
	char	   *stage = psprintf("t.%s::pg_catalog.text", quoted_column(request, STAGE_COLUMN));
	char	   *unknown;

	unknown = single_text(psprintf(
		"SELECT pg_catalog.string_agg(pg_catalog.format('%%s (%%s row%%s)', COALESCE(stage, 'NULL'), count,"
		" CASE WHEN count OPERATOR(pg_catalog.>) 1 THEN 's' END), ', '),"
		" NULLIF(pg_catalog.count(stage), 0)"
		" FROM (SELECT pg_catalog.quote_ident(%s) AS stage, pg_catalog.count(*)"
		" FROM %s t LEFT JOIN lifecycle.stage s ON s.lifecycle OPERATOR(pg_catalog.=) %s"
		" AND s.label OPERATOR(pg_catalog.=) %s AND NOT s.outside"
		" WHERE s.label IS NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) AS unknown",
		stage, request->table, row_lifecycle(request), stage));
	if (unknown != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 request->columns[LIFECYCLE_COLUMN] == NULL
				 ? errmsg("table \"%s\" has rows in stages that lifecycle \"%s\" does not have",
						  request->name, request->lifecycle)
				 : errmsg("table \"%s\" has rows in stages that their lifecycle does not have", request->name),
				 errdetail("These are: %s.", unknown),
				 errhint("%s", SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2) == NULL
						 ? "Give these rows a stage first." : "Draw these stages, or change the rows first.")));
}

/* The journeys that are there must end in the stage of their row. */
static void
check_journeys_of_rows(const AttachRequest *request)
{
	char	   *count = single_text(psprintf("SELECT NULLIF(pg_catalog.count(*), 0) FROM %s WHERE %s IS NOT NULL"
											 " AND NOT lifecycle.ends_in(%s, %s)",
											 request->table, quoted_column(request, JOURNEY_COLUMN),
											 quoted_column(request, JOURNEY_COLUMN), quoted_column(request, STAGE_COLUMN)));

	if (count != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("table \"%s\" has rows whose journey does not end in their stage", request->name),
				 errdetail("There are %s of them.", count),
				 errhint("Correct them, or set their journey to NULL to have it begin anew.")));
}

/*
 * Gives every row without a journey one that begins now, or at "since" where that is
 * known.  For a new column this is one rewrite of the table, which fires no trigger and
 * leaves no dead row.
 */
static void
fill_journeys(const AttachRequest *request)
{
	const char *journey = quoted_column(request, JOURNEY_COLUMN);
	const char *since = request->columns[SINCE_COLUMN] == NULL ? "pg_catalog.now()" :
		psprintf("LEAST(pg_catalog.now(), COALESCE(%s::pg_catalog.timestamptz, pg_catalog.now()))",
				 quoted_column(request, SINCE_COLUMN));
	char	   *first_step = psprintf("lifecycle.journey(%s::pg_catalog.text, %s)",
									  quoted_column(request, STAGE_COLUMN), since);

	if (request->new_journey)
		run(psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE lifecycle.journey USING %s",
					 request->table, journey, first_step));
	else
		run(psprintf("UPDATE %s SET %s = %s WHERE %s IS NULL", request->table, journey, first_step, journey));
}

/* The keys of all that is attached to a table, also of what has lost its column or its trigger. */
static List *
remaining_keys(const AttachRequest *request)
{
	List	   *keys = NIL;

	run(psprintf("SELECT DISTINCT (lifecycle.trigger_arguments(tgargs))[1] FROM pg_catalog.pg_trigger"
				 " WHERE tgrelid OPERATOR(pg_catalog.=) %u AND tgfoid OPERATOR(pg_catalog.=) ANY ('{%s}'::pg_catalog.regprocedure[])",
				 request->relid, ATTACHED_FUNCTIONS));
	for (uint64 i = 0; i < SPI_processed; i++)
		keys = lappend(keys, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	return keys;
}

/* What is left of an attachment that has lost its journey column would be in the way. */
static void
check_nothing_remains(const AttachRequest *request)
{
	ListCell   *cell;

	foreach(cell, remaining_keys(request))
		if (strcmp(lfirst(cell), request->key) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table \"%s\" bears the rest of an earlier attachment", request->name),
					 errhint("SELECT lifecycle.detach('%s') clears it away.", request->table)));
}

/* Each stage column is attached once. */
static void
check_not_attached(const AttachRequest *request)
{
	char	   *sql = psprintf("SELECT lifecycle FROM lifecycle.attachments"
							   " WHERE relation OPERATOR(pg_catalog.=) %u::pg_catalog.regclass"
							   " AND (stage_column OPERATOR(pg_catalog.=) %s OR journey_column OPERATOR(pg_catalog.=) %s)",
							   request->relid,
							   quote_literal_cstr(request->columns[STAGE_COLUMN]),
							   quote_literal_cstr(request->columns[JOURNEY_COLUMN]));

	if (SPI_execute(sql, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the attachments");
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("table \"%s\" is already attached to lifecycle \"%s\"",
						request->name,
						SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1)),
				 errhint("Call lifecycle.detach() first, or name other columns.")));
}

/* The lifecycles that apply to the table: one, or those that its rows name. */
static List *
applying_lifecycles(const AttachRequest *request)
{
	List	   *names = NIL;

	if (request->columns[LIFECYCLE_COLUMN] == NULL)
		return list_make1(request->lifecycle);
	run(psprintf("SELECT DISTINCT %s FROM %s t WHERE %s IS NOT NULL", row_lifecycle(request),
				 request->table, row_lifecycle(request)));
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	return names;
}

/* What does not fit the table shows now, not at somebody's first move. */
static void
check_rulebooks(const AttachRequest *request, List *lifecycles, bool attaching)
{
	Relation	rel = relation_open(request->relid, AccessShareLock);
	Binding    *binding = binding_get(rel, request->key);
	ListCell   *cell;

	foreach(cell, lifecycles)
	{
		Rulebook   *book;

		if (attaching)
			rules_lock(lfirst(cell), false);
		book = binding_rulebook(binding, lfirst(cell));
		if (book == NULL)
			rules_missing(lfirst(cell));
		rulebook_check(book, rel);
	}
	relation_close(rel, NoLock);
}

/*
 * attach(rel, lifecycle, ...) keeps the rows of a table to a lifecycle from now on.
 */
Datum
attach(PG_FUNCTION_ARGS)
{
	AttachRequest request;

	read_request(fcinfo, &request);
	if (request.columns[LIFECYCLE_COLUMN] == NULL)
		rules_lock(request.lifecycle, false);
	SPI_connect();
	check_not_attached(&request);
	check_nothing_remains(&request);
	if (!request.defer)
		check_stages_of_rows(&request);
	if (request.new_journey)
		run(psprintf("ALTER TABLE %s ADD COLUMN %s lifecycle.journey",
					 request.table, quoted_column(&request, JOURNEY_COLUMN)));
	else if (!request.defer)
		check_journeys_of_rows(&request);
	if (!request.defer)
		fill_journeys(&request);
	create_check(&request);
	create_triggers(&request);
	if (request.log)
		create_log(&request);
	if (!request.defer || request.columns[LIFECYCLE_COLUMN] == NULL)
		check_rulebooks(&request, applying_lifecycles(&request), true);
	SPI_finish();
	PG_RETURN_VOID();
}

/* The attachments of a table, or the one of a stage column; there must be some. */
static SPITupleTable *
find_attachments(const AttachRequest *request, const char *stage_column)
{
	char	   *sql = psprintf("SELECT key, lifecycle, lifecycle_column, journey_column, reason_column, since"
							   " FROM lifecycle.attachments"
							   " WHERE relation OPERATOR(pg_catalog.=) %u::pg_catalog.regclass"
							   " AND (%s::pg_catalog.name IS NULL OR stage_column OPERATOR(pg_catalog.=) %s)",
							   request->relid, stage_column ? quote_literal_cstr(stage_column) : "NULL",
							   stage_column ? quote_literal_cstr(stage_column) : "NULL");

	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the attachments");
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no lifecycle is attached to %s", stage_column == NULL ? request->table :
						psprintf("column \"%s\" of %s", stage_column, request->table)),
				 errhint("SELECT * FROM lifecycle.attachments shows what is attached.")));
	return SPI_tuptable;
}

/*
 * What other rows' stages or journeys follow from, or what follows from them, is not let go of.
 */
static void
check_not_followed(const AttachRequest *request)
{
	run(psprintf("SELECT f.what FROM lifecycle.attachments a JOIN ("
				 "SELECT relation, stage_column, children, child_stage_column,"
				 " pg_catalog.format('SELECT lifecycle.underive(%%L);', relation) FROM lifecycle.derivations"
				 " UNION ALL SELECT relation, stage_column, source, source_stage_column,"
				 " pg_catalog.format('SELECT lifecycle.forbid_hand_over(%%L, %%L);', source, relation) FROM lifecycle.hand_overs)"
				 " f (relation, stage_column, other, other_column, what)"
				 " ON (a.relation OPERATOR(pg_catalog.=) f.relation AND a.stage_column OPERATOR(pg_catalog.=) f.stage_column)"
				 " OR (a.relation OPERATOR(pg_catalog.=) f.other AND a.stage_column OPERATOR(pg_catalog.=) f.other_column)"
				 " WHERE a.relation OPERATOR(pg_catalog.=) %u::pg_catalog.regclass AND a.key OPERATOR(pg_catalog.=) %s",
				 request->relid, quote_literal_cstr(request->key)));
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot detach the lifecycle from %s because rows of two tables follow each other", request->table),
				 errhint("First: %s", SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1))));
}

/*
 * detach(rel, stage_column) takes the lifecycle off again; without a column, all that is
 * left of any.
 */
Datum
detach(PG_FUNCTION_ARGS)
{
	AttachRequest request = {0};
	char	   *stage_column = name_argument(fcinfo, 1);
	List	   *keys;
	ListCell   *cell;

	require_argument(fcinfo, 0, "the table");
	lock_table(&request, PG_GETARG_OID(0), false);
	SPI_connect();
	keys = stage_column == NULL ? remaining_keys(&request) : NIL;
	if (keys == NIL)
	{
		SPITupleTable *found = find_attachments(&request, stage_column);

		for (uint64 i = 0; i < found->numvals; i++)
			keys = lappend(keys, SPI_getvalue(found->vals[i], found->tupdesc, 1));
	}
	foreach(cell, keys)
	{
		request.key = lfirst(cell);
		check_not_followed(&request);
		drop_objects(&request);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * set_mode(rel, mode, stage_column) makes the trigger that says the mode anew, with all
 * else that it says.
 */
Datum
set_mode(PG_FUNCTION_ARGS)
{
	AttachRequest request = {0};
	SPITupleTable *found;

	require_argument(fcinfo, 0, "the table");
	lock_table(&request, PG_GETARG_OID(0), false);
	request.mode = mode_argument(fcinfo, 1);
	SPI_connect();
	found = find_attachments(&request, name_argument(fcinfo, 2));
	for (uint64 i = 0; i < found->numvals; i++)
	{
		request.key = SPI_getvalue(found->vals[i], found->tupdesc, 1);
		request.lifecycle = SPI_getvalue(found->vals[i], found->tupdesc, 2);
		request.columns[LIFECYCLE_COLUMN] = SPI_getvalue(found->vals[i], found->tupdesc, 3);
		request.columns[JOURNEY_COLUMN] = SPI_getvalue(found->vals[i], found->tupdesc, 4);
		request.columns[REASON_COLUMN] = SPI_getvalue(found->vals[i], found->tupdesc, 5);
		request.columns[SINCE_COLUMN] = SPI_getvalue(found->vals[i], found->tupdesc, 6);
		drop_registry(&request);
		create_registry(&request);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * check_attachment(regclass, key) raises what of its lifecycles does not fit the table.
 */
Datum
check_attachment(PG_FUNCTION_ARGS)
{
	AttachRequest request = {0};
	SPITupleTable *found;
	char	   *key = text_to_cstring(PG_GETARG_TEXT_PP(1));

	request.relid = PG_GETARG_OID(0);
	request.key = key;
	request.table = table_name_of(request.relid);
	SPI_connect();
	found = find_attachments(&request, NULL);
	for (uint64 i = 0; i < found->numvals; i++)
	{
		if (strcmp(SPI_getvalue(found->vals[i], found->tupdesc, 1), key) != 0)
			continue;
		request.lifecycle = SPI_getvalue(found->vals[i], found->tupdesc, 2);
		request.columns[LIFECYCLE_COLUMN] = SPI_getvalue(found->vals[i], found->tupdesc, 3);
		check_rulebooks(&request, applying_lifecycles(&request), false);
	}
	SPI_finish();
	PG_RETURN_VOID();
}
