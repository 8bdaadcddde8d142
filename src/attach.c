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

PG_FUNCTION_INFO_V1(attach);
PG_FUNCTION_INFO_V1(detach);
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
	char	   *since;			/* name, or NULL */
	bool		new_journey;	/* the journey column is to be added */
} Request;

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
 * Locks the table, for its owner only, and says how statements name it.
 */
static void
lock_table(Request *request, Oid relid)
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
	if (rel->rd_rel->relkind == RELKIND_RELATION && find_inheritance_children(relid, NoLock) != NIL)
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

static void
read_request(FunctionCallInfo fcinfo, Request *request)
{
	require_argument(!PG_ARGISNULL(0), "the table");
	require_argument(!PG_ARGISNULL(1), "the name of a lifecycle");
	require_argument(!PG_ARGISNULL(2), "the name of the stage column");
	require_argument(!PG_ARGISNULL(3), "the name of the journey column");
	memset(request, 0, sizeof(*request));
	lock_table(request, PG_GETARG_OID(0));
	request->lifecycle = text_to_cstring(PG_GETARG_TEXT_PP(1));
	request->columns[STAGE_COLUMN] = name_argument(fcinfo, 2);
	request->columns[JOURNEY_COLUMN] = name_argument(fcinfo, 3);
	request->columns[REASON_COLUMN] = name_argument(fcinfo, 4);
	request->since = name_argument(fcinfo, 5);
	request->key = request->columns[STAGE_COLUMN];

	(void) ordinary_column(request, request->columns[STAGE_COLUMN]);
	check_journey_column(request);
	if (request->columns[REASON_COLUMN] != NULL)
		(void) ordinary_column(request, request->columns[REASON_COLUMN]);
	if (request->since != NULL)
		(void) ordinary_column(request, request->since);
}

/* The labels that rows may hold. */
static Datum
labels_of_rows(const Diagram *diagram)
{
	Datum	   *labels = palloc(Max(diagram->nstages, 1) * sizeof(Datum));
	int			count = 0;

	for (int i = 0; i < diagram->nstages; i++)
		if (!diagram->stages[i].outside)
			labels[count++] = CStringGetTextDatum(diagram->stages[i].label);
	return PointerGetDatum(construct_array(labels, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Refuses rows whose stage the lifecycle does not know, naming the stages. */
static void
check_stages_of_rows(const Request *request, const Diagram *diagram)
{
	Oid			type = TEXTARRAYOID;
	Datum		labels = labels_of_rows(diagram);
	char	   *sql;

	sql = psprintf("SELECT pg_catalog.string_agg(pg_catalog.format('%%s (%%s rows)', stage, count), ', ')"
				   " FROM (SELECT COALESCE(pg_catalog.quote_ident(%1$s::pg_catalog.text), 'NULL') AS stage,"
				   " pg_catalog.count(*) FROM %2$s"
				   " WHERE (%1$s::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)) IS NOT TRUE"
				   " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) AS unknown",
				   quoted(request, STAGE_COLUMN), request->table);
	SPI_execute_with_args(sql, 1, &type, &labels, NULL, true, 0);
	if (SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("table \"%s\" has rows in stages that lifecycle \"%s\" does not have",
						request->name, request->lifecycle),
				 errdetail("These are: %s.", SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1)),
				 errhint("Draw these stages, or change the rows first.")));
}

/* The journeys that are there must end in the stage of their row. */
static void
check_journeys_of_rows(const Request *request)
{
	char	   *sql = psprintf("SELECT pg_catalog.count(*) FROM %s WHERE %s IS NOT NULL"
							   " AND NOT lifecycle.ends_in(%s, %s)",
							   request->table, quoted(request, JOURNEY_COLUMN),
							   quoted(request, JOURNEY_COLUMN), quoted(request, STAGE_COLUMN));
	bool		isnull;
	int64		count;

	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not check the journeys of the table");
	count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("table \"%s\" has rows whose journey does not end in their stage",
						request->name),
				 errdetail("There are " INT64_FORMAT " of them.", count),
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
	char	   *since = request->since == NULL ? "pg_catalog.now()" :
		psprintf("LEAST(pg_catalog.now(), COALESCE(%s::pg_catalog.timestamptz, pg_catalog.now()))",
				 quote_identifier(request->since));
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
check_name(const char *key)
{
	return quote_identifier(makeObjectName("lifecycle", key, "check"));
}

static void
create_check(const Request *request)
{
	run(psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (lifecycle.ends_in(%s, %s))",
				 request->table, check_name(request->key),
				 quoted(request, JOURNEY_COLUMN), quoted(request, STAGE_COLUMN)));
}

/* Rows leave a table for another partition by a DELETE; elsewhere deletes do not matter. */
static void
create_triggers(const Request *request)
{
	const char *key = quote_literal_cstr(request->key);
	const char *or_delete = request->partitions ? " OR DELETE" : "";

	run(psprintf("CREATE TRIGGER %s BEFORE UPDATE OF %s ON %s FOR EACH STATEMENT"
				 " EXECUTE FUNCTION lifecycle." ATTACHMENT_FUNCTION "(%s, %s, %s, 'enforce')",
				 object_name(request->key, "columns"), column_list(request, false), request->table,
				 key, quote_literal_cstr(request->lifecycle), quote_literal_cstr(column_list(request, true))));
	run(psprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE%s ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle." BEFORE_FUNCTION "(%s)",
				 object_name(request->key, "move"), or_delete, request->table, key));
	run(psprintf("CREATE TRIGGER %s AFTER INSERT%s ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle." AFTER_FUNCTION "(%s)",
				 object_name(request->key, "entry"), or_delete, request->table, key));
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

/* What does not fit the table shows now, not at somebody's first move. */
static void
check_binding(const Request *request)
{
	Relation	rel = relation_open(request->relid, NoLock);

	rulebook_check(binding_rulebook(binding_get(rel, request->key), request->lifecycle), rel);
	relation_close(rel, NoLock);
}

/*
 * attach(rel, lifecycle, ...) keeps the rows of a table to a lifecycle from now on.
 */
Datum
attach(PG_FUNCTION_ARGS)
{
	Request		request;
	Rules	   *rules;

	read_request(fcinfo, &request);
	rules = rules_get(request.lifecycle);
	SPI_connect();
	check_not_attached(&request);
	check_stages_of_rows(&request, rules->diagram);
	if (request.new_journey)
		run(psprintf("ALTER TABLE %s ADD COLUMN %s lifecycle.journey",
					 request.table, quoted(&request, JOURNEY_COLUMN)));
	else
		check_journeys_of_rows(&request);
	fill_journeys(&request);
	create_check(&request);
	create_triggers(&request);
	SPI_finish();
	check_binding(&request);
	PG_RETURN_VOID();
}

/* Takes off one attachment; the column and the journeys stay. */
static void
detach_key(const char *table, const char *key)
{
	static const char *const triggers[] = {"columns", "move", "entry"};

	for (int i = 0; i < lengthof(triggers); i++)
		run(psprintf("DROP TRIGGER IF EXISTS %s ON %s", object_name(key, triggers[i]), table));
	run(psprintf("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", table, check_name(key)));
}

/*
 * detach(rel, stage_column) takes the lifecycle off again.
 */
Datum
detach(PG_FUNCTION_ARGS)
{
	Request		request = {0};
	char	   *only = name_argument(fcinfo, 1);
	char	   *sql;
	SPITupleTable *found;
	uint64		count;

	require_argument(!PG_ARGISNULL(0), "the table");
	lock_table(&request, PG_GETARG_OID(0));
	sql = psprintf("SELECT key FROM lifecycle.attachments"
				   " WHERE relation OPERATOR(pg_catalog.=) %u::pg_catalog.regclass"
				   " AND (%s::pg_catalog.name IS NULL OR stage_column OPERATOR(pg_catalog.=) %s)",
				   request.relid, only ? quote_literal_cstr(only) : "NULL",
				   only ? quote_literal_cstr(only) : "NULL");
	SPI_connect();
	if (SPI_execute(sql, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the attachments");
	found = SPI_tuptable;
	count = SPI_processed;
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no lifecycle is attached to %s", only ? psprintf("column \"%s\" of %s", only, request.table) : request.table),
				 errhint("SELECT * FROM lifecycle.attachments shows what is attached.")));
	for (uint64 i = 0; i < count; i++)
		detach_key(request.table, SPI_getvalue(found->vals[i], found->tupdesc, 1));
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
