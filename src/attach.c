/*-------------------------------------------------------------------------
 *
 * attach.c
 *		Attaching a lifecycle to a table, and taking it off again.
 *
 * Everything that an attachment consists of is an ordinary object of PostgreSQL on the
 * user's table, a column, a CHECK and three triggers, made by the same statements that
 * the user could write.  They run as the user, who must own the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "binding.h"
#include "compat.h"
#include "log.h"

PG_FUNCTION_INFO_V1(attach);
PG_FUNCTION_INFO_V1(detach);
PG_FUNCTION_INFO_V1(set_mode);
PG_FUNCTION_INFO_V1(trigger_arguments);
PG_FUNCTION_INFO_V1(stage_of_journey);

/* Sorts after every name that begins with a letter, and so do the triggers. */
#define TRIGGER_PREFIX "~lifecycle"

/* A request to attach, with its names checked and quoted. */
typedef struct Request
{
	Oid			relid;
	char	   *name;			/* for messages */
	char	   *table;			/* qualified and quoted, for statements */
	bool		partitions;		/* it has partitions, or is one */
	char	   *lifecycle;
	char	   *key;
	char	   *columns[NUM_ATTACHED_COLUMNS];	/* names, NULL where there is none */
	EnforcementMode mode;
	bool		defer;			/* rows get their journeys later, by fill() */
	bool		log;
	bool		new_journey;	/* the journey column is to be added */
} Request;

/* The arguments of attach(). */
enum
{
	A_TABLE,
	A_LIFECYCLE,
	A_LIFECYCLE_COLUMN,
	A_STAGE_COLUMN,
	A_JOURNEY_COLUMN,
	A_REASON_COLUMN,
	A_SINCE,
	A_EXISTING,
	A_LOG,
	A_MODE
};

static void
run(const char *sql)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not execute: %s", sql);
}

static const char *
quoted(const Request *request, AttachedColumn column)
{
	return quote_identifier(request->columns[column]);
}

static void
refuse_kind(Relation rel, const char *why, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("cannot attach a lifecycle to \"%s\"", RelationGetRelationName(rel)),
			 errdetail("%s", why),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * Locks the table, for its owner only, and says how statements name it.  One that others
 * inherit from is not attached, but one that was attached before is let go.
 */
static void
lock_table(Request *request, Oid relid, bool attaching)
{
	Relation	rel;

	if (!OidIsValid(relid) || get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relid)), get_rel_name(relid));
	rel = relation_open(relid, AccessExclusiveLock);
	if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		refuse_kind(rel, "It is not a table.", NULL);
	if (attaching && rel->rd_rel->relkind == RELKIND_RELATION && find_inheritance_children(relid, NoLock) != NIL)
		refuse_kind(rel, "Tables inherit from it, and its triggers would not fire for their rows.",
					"Use declarative partitioning, or attach the children one by one and keep the parent empty.");
	request->relid = relid;
	request->name = pstrdup(RelationGetRelationName(rel));
	request->table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												request->name);
	request->partitions = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE || rel->rd_rel->relispartition;
	relation_close(rel, NoLock);	/* open relations cannot be altered */
}

/* The type of a column that must exist and be an ordinary one. */
static Oid
ordinary_column(const Request *request, const char *name)
{
	AttrNumber	attnum = get_attnum(request->relid, name);

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\"", request->name, name),
				 errhint("Name the column to use, as in lifecycle.attach(..., stage_column => 'status').")));
	if (get_attgenerated(request->relid, attnum) != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of table \"%s\" is generated", name, request->name),
				 errdetail("Generated columns are computed after the move has been judged."),
				 errhint("Name the column that it is generated from.")));
	return get_atttype(request->relid, attnum);
}

static void
check_journey_column(Request *request)
{
	const char *name = request->columns[JOURNEY_COLUMN];
	Oid			journey_type;

	request->new_journey = get_attnum(request->relid, name) == InvalidAttrNumber;
	if (request->new_journey)
		return;
	journey_type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("journey"),
								   ObjectIdGetDatum(get_namespace_oid(CRM_SCHEMA, false)));
	if (ordinary_column(request, name) != journey_type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" is not of type lifecycle.journey",
						name, request->name),
				 errhint("Name another one: lifecycle.attach(..., journey_column => '...'); "
						 "it is added if it does not exist.")));
}

static char *
name_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(n)));
}

static void
require_argument(bool given, const char *what)
{
	if (!given)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s cannot be NULL", what)));
}

static EnforcementMode
mode_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *name;

	require_argument(!PG_ARGISNULL(n), "the mode");
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	for (int mode = 0; mode < NUM_ENFORCEMENT_MODES; mode++)
		if (strcmp(enforcement_mode_names[mode], name) == 0)
			return mode;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown mode: \"%s\"", name),
			 errhint("There are enforce, warn and observe.")));
}

static bool
defer_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *existing;

	require_argument(!PG_ARGISNULL(n), "what becomes of existing rows");
	existing = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (strcmp(existing, "fill") != 0 && strcmp(existing, "defer") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("existing rows cannot be treated like this: \"%s\"", existing),
				 errhint("Existing rows get their journeys at once (\"fill\"), or later (\"defer\").")));
	return existing[0] == 'd';
}

static void
read_request(FunctionCallInfo fcinfo, Request *request)
{
	require_argument(!PG_ARGISNULL(A_TABLE), "the table");
	require_argument(!PG_ARGISNULL(A_STAGE_COLUMN), "the name of the stage column");
	require_argument(!PG_ARGISNULL(A_JOURNEY_COLUMN), "the name of the journey column");
	if (PG_ARGISNULL(A_LIFECYCLE) == PG_ARGISNULL(A_LIFECYCLE_COLUMN))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attach() takes either a lifecycle for all rows or a column that names each row's")));
	memset(request, 0, sizeof(*request));
	lock_table(request, PG_GETARG_OID(A_TABLE), true);
	request->lifecycle = PG_ARGISNULL(A_LIFECYCLE) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(A_LIFECYCLE));
	request->columns[STAGE_COLUMN] = name_argument(fcinfo, A_STAGE_COLUMN);
	request->columns[JOURNEY_COLUMN] = name_argument(fcinfo, A_JOURNEY_COLUMN);
	request->columns[REASON_COLUMN] = name_argument(fcinfo, A_REASON_COLUMN);
	request->columns[LIFECYCLE_COLUMN] = name_argument(fcinfo, A_LIFECYCLE_COLUMN);
	request->columns[SINCE_COLUMN] = name_argument(fcinfo, A_SINCE);
	request->key = request->columns[STAGE_COLUMN];
	request->defer = defer_argument(fcinfo, A_EXISTING);
	request->log = !PG_ARGISNULL(A_LOG) && PG_GETARG_BOOL(A_LOG);
	request->mode = mode_argument(fcinfo, A_MODE);

	check_journey_column(request);
	for (int c = 0; c < NUM_ATTACHED_COLUMNS; c++)
		if (request->columns[c] != NULL && c != JOURNEY_COLUMN)
			(void) ordinary_column(request, request->columns[c]);
}

/* What SQL calls the lifecycle of a row of the table. */
static const char *
row_lifecycle(const Request *request)
{
	if (request->columns[LIFECYCLE_COLUMN] == NULL)
		return quote_literal_cstr(request->lifecycle);
	return psprintf("t.%s::pg_catalog.text", quoted(request, LIFECYCLE_COLUMN));
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
check_stages_of_rows(const Request *request)
{
	char	   *stage = psprintf("t.%s::pg_catalog.text", quoted(request, STAGE_COLUMN));
	char	   *unknown;

	unknown = single_text(psprintf(
		"SELECT pg_catalog.string_agg(pg_catalog.format('%%s (%%s rows)', stage, count), ', ')"
		" FROM (SELECT COALESCE(pg_catalog.quote_ident(%s), 'NULL') AS stage, pg_catalog.count(*)"
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
				 errhint("Draw these stages, or change the rows first.")));
}

/* The journeys that are there must end in the stage of their row. */
static void
check_journeys_of_rows(const Request *request)
{
	char	   *count = single_text(psprintf("SELECT NULLIF(pg_catalog.count(*), 0) FROM %s WHERE %s IS NOT NULL"
											 " AND NOT lifecycle.ends_in(%s, %s)",
											 request->table, quoted(request, JOURNEY_COLUMN),
											 quoted(request, JOURNEY_COLUMN), quoted(request, STAGE_COLUMN)));

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
fill_journeys(const Request *request)
{
	const char *journey = quoted(request, JOURNEY_COLUMN);
	const char *since = request->columns[SINCE_COLUMN] == NULL ? "pg_catalog.now()" :
		psprintf("LEAST(pg_catalog.now(), COALESCE(%s::pg_catalog.timestamptz, pg_catalog.now()))",
				 quoted(request, SINCE_COLUMN));
	char	   *first_step = psprintf("lifecycle.journey(%s::pg_catalog.text, %s)",
									  quoted(request, STAGE_COLUMN), since);

	if (request->new_journey)
		run(psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE lifecycle.journey USING %s",
					 request->table, journey, first_step));
	else
		run(psprintf("UPDATE %s SET %s = %s WHERE %s IS NULL", request->table, journey, first_step, journey));
}

/* The columns that the trigger names, or what they are; the CHECK names the stage. */
static char *
column_list(const Request *request, bool meanings)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int c = JOURNEY_COLUMN; c < NUM_ATTACHED_COLUMNS; c++)
		if (request->columns[c] != NULL)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
							 meanings ? attached_column_names[c] : quoted(request, c));
	return list.data;
}

static const char *
object_name(const char *key, const char *what)
{
	return quote_identifier(makeObjectName(TRIGGER_PREFIX, key, what));
}

static const char *
constraint_name(const char *key)
{
	return quote_identifier(makeObjectName("lifecycle", key, "check"));
}

static void
create_check(const Request *request)
{
	run(psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (lifecycle.ends_in(%s, %s))%s",
				 request->table, constraint_name(request->key),
				 quoted(request, JOURNEY_COLUMN), quoted(request, STAGE_COLUMN),
				 request->defer ? " NOT VALID" : ""));
}

/* The trigger that says which lifecycle, which columns and which mode. */
static void
create_registry(const Request *request)
{
	run(psprintf("CREATE TRIGGER %s BEFORE UPDATE OF %s ON %s FOR EACH STATEMENT"
				 " EXECUTE FUNCTION lifecycle." ATTACHMENT_FUNCTION "(%s, %s, %s, %s)",
				 object_name(request->key, "columns"), column_list(request, false), request->table,
				 quote_literal_cstr(request->key),
				 quote_literal_cstr(request->lifecycle != NULL ? request->lifecycle : ""),
				 quote_literal_cstr(column_list(request, true)),
				 quote_literal_cstr(enforcement_mode_names[request->mode])));
}

/* Rows leave a table for another partition by a DELETE; elsewhere deletes do not matter. */
static void
create_triggers(const Request *request)
{
	const char *key = quote_literal_cstr(request->key);
	const char *or_delete = request->partitions ? " OR DELETE" : "";

	create_registry(request);
	run(psprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE%s ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle." BEFORE_FUNCTION "(%s)",
				 object_name(request->key, "move"), or_delete, request->table, key));
	run(psprintf("CREATE TRIGGER %s AFTER INSERT%s ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle." AFTER_FUNCTION "(%s)",
				 object_name(request->key, "entry"), or_delete, request->table, key));
}

/* The log is the table owner's, whoever attaches. */
static void
create_log(const Request *request)
{
	Relation	rel = relation_open(request->relid, NoLock);
	List	   *keys = log_key_columns(rel);
	char	   *owner = GetUserNameFromId(rel->rd_rel->relowner, false);
	char	   *schema = get_namespace_name(RelationGetNamespace(rel));
	char	   *name = makeObjectName(request->name, strcmp(request->key, "stage") == 0 ? NULL : request->key,
									  "stage_log");
	const char *log = quote_qualified_identifier(schema, name);
	StringInfoData columns;
	ListCell   *cell;

	initStringInfo(&columns);
	foreach(cell, keys)
	{
		char	   *key = lfirst(cell);
		Oid			type;
		int32		typmod;
		Oid			collation;

		get_atttypetypmodcoll(request->relid, get_attnum(request->relid, key), &type, &typmod, &collation);
		appendStringInfo(&columns, "%s %s NOT NULL, ", quote_identifier(log_key_name(key)),
						 format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	relation_close(rel, NoLock);
	if (keys == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no primary key, so a log could not say which row has moved", request->name),
				 errhint("Add a primary key, or attach it without a log.")));
	run(psprintf("CREATE TABLE %s (number pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, %s%s)",
				 log, columns.data, log_columns()));
	run(psprintf("ALTER TABLE %s OWNER TO %s", log, quote_identifier(owner)));
	run(psprintf("COMMENT ON TABLE %s IS %s", log,
				 quote_literal_cstr(psprintf("moves of %s, written by lifecycle.log_move()", request->table))));
	run(psprintf("CREATE CONSTRAINT TRIGGER %s AFTER INSERT OR UPDATE OR DELETE ON %s FROM %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle.log_move(%s)",
				 object_name(request->key, "log"), request->table, log, quote_literal_cstr(request->key)));
}

/* Each stage column is attached once. */
static void
check_not_attached(const Request *request)
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
applying_lifecycles(const Request *request)
{
	List	   *names = NIL;

	if (request->columns[LIFECYCLE_COLUMN] == NULL)
		return list_make1(request->lifecycle);
	run(psprintf("SELECT DISTINCT %s FROM %s t", row_lifecycle(request), request->table));
	for (uint64 i = 0; i < SPI_processed; i++)
		names = lappend(names, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	return names;
}

/* What does not fit the table shows now, not at somebody's first move. */
static void
check_rulebooks(const Request *request, List *lifecycles)
{
	Relation	rel = relation_open(request->relid, NoLock);
	Binding    *binding = binding_get(rel, request->key);
	ListCell   *cell;

	foreach(cell, lifecycles)
		rulebook_check(binding_rulebook(binding, lfirst(cell)), rel);
	relation_close(rel, NoLock);
}

/*
 * attach(rel, lifecycle, ...) keeps the rows of a table to a lifecycle from now on.
 */
Datum
attach(PG_FUNCTION_ARGS)
{
	Request		request;

	read_request(fcinfo, &request);
	if (request.columns[LIFECYCLE_COLUMN] == NULL)
		rules_lock(request.lifecycle, false);
	SPI_connect();
	check_not_attached(&request);
	if (!request.defer)
		check_stages_of_rows(&request);
	if (request.new_journey)
		run(psprintf("ALTER TABLE %s ADD COLUMN %s lifecycle.journey",
					 request.table, quoted(&request, JOURNEY_COLUMN)));
	else if (!request.defer)
		check_journeys_of_rows(&request);
	if (!request.defer)
		fill_journeys(&request);
	create_check(&request);
	create_triggers(&request);
	if (request.log)
		create_log(&request);
	if (!request.defer || request.columns[LIFECYCLE_COLUMN] == NULL)
		check_rulebooks(&request, applying_lifecycles(&request));
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * Takes off one attachment; the column and the journeys stay.  The triggers are found by
 * what they call, since anybody may have renamed them.
 */
static void
detach_key(const Request *request, const char *key)
{
	SPITupleTable *found;

	run(psprintf("SELECT tgname FROM pg_catalog.pg_trigger"
				 " WHERE tgrelid OPERATOR(pg_catalog.=) %u AND tgfoid OPERATOR(pg_catalog.=) ANY ('{"
				 "lifecycle." ATTACHMENT_FUNCTION "(), lifecycle." BEFORE_FUNCTION "(), lifecycle."
				 AFTER_FUNCTION "(), lifecycle.log_move()}'::pg_catalog.regprocedure[])"
				 " AND (lifecycle.trigger_arguments(tgargs))[1] OPERATOR(pg_catalog.=) %s",
				 request->relid, quote_literal_cstr(key)));
	found = SPI_tuptable;
	for (uint64 i = 0; i < found->numvals; i++)
		run(psprintf("DROP TRIGGER %s ON %s",
					 quote_identifier(SPI_getvalue(found->vals[i], found->tupdesc, 1)), request->table));
	run(psprintf("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", request->table, constraint_name(key)));
}

/* The attachments of a table, or the one of a stage column; there must be some. */
static SPITupleTable *
find_attachments(const Request *request, const char *stage_column)
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
 * detach(rel, stage_column) takes the lifecycle off again.
 */
Datum
detach(PG_FUNCTION_ARGS)
{
	Request		request = {0};
	SPITupleTable *found;

	require_argument(!PG_ARGISNULL(0), "the table");
	lock_table(&request, PG_GETARG_OID(0), false);
	SPI_connect();
	found = find_attachments(&request, name_argument(fcinfo, 1));
	for (uint64 i = 0; i < found->numvals; i++)
		detach_key(&request, SPI_getvalue(found->vals[i], found->tupdesc, 1));
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
	Request		request = {0};
	SPITupleTable *found;

	require_argument(!PG_ARGISNULL(0), "the table");
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
		run(psprintf("DROP TRIGGER %s ON %s", object_name(request.key, "columns"), request.table));
		create_registry(&request);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * trigger_arguments(bytea) splits pg_trigger.tgargs, which are strings that end in NUL.
 */
Datum
trigger_arguments(PG_FUNCTION_ARGS)
{
	bytea	   *packed = PG_GETARG_BYTEA_PP(0);
	char	   *p = VARDATA_ANY(packed);
	char	   *end = p + VARSIZE_ANY_EXHDR(packed);
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	while (p < end)
	{
		size_t		len = strnlen(p, end - p);

		accumArrayResult(result, PointerGetDatum(cstring_to_text_with_len(p, len)), false, TEXTOID,
						 CurrentMemoryContext);
		p += len + 1;
	}
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}

/*
 * stage_of_journey(regclass, int2) is the number of the stage column that belongs to a
 * journey column; NULL where the CHECK that says so is missing.
 */
Datum
stage_of_journey(PG_FUNCTION_ARGS)
{
	Relation	rel = relation_open(PG_GETARG_OID(0), AccessShareLock);
	AttrNumber	stage = attached_stage_column(rel, PG_GETARG_INT16(1));

	relation_close(rel, AccessShareLock);
	if (stage == InvalidAttrNumber)
		PG_RETURN_NULL();
	PG_RETURN_INT16(stage);
}
