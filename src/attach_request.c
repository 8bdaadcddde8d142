/*-------------------------------------------------------------------------
 *
 * attach_request.c
 *		What a call of attach(), detach() or set_mode() asks for, checked.
 *
 * Only arguments and catalogs are looked at here, rows are not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "attach.h"
#include "face.h"
#include "ownership.h"
#include "sql_text.h"

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

char *
name_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(n)));
}

EnforcementMode
mode_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *name;

	require_argument(fcinfo, n, "the mode");
	name = text_to_cstring(PG_GETARG_TEXT_PP(n));
	for (int mode = 0; mode < NUM_ENFORCEMENT_MODES; mode++)
		if (strcmp(enforcement_mode_names[mode], name) == 0)
			return mode;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown mode: \"%s\"", name),
			 errhint("There are enforce, warn and observe.")));
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
void
lock_table(AttachRequest *request, Oid relid, bool attaching)
{
	Relation	rel;

	check_table_owner(relid);
	rel = relation_open(relid, AccessExclusiveLock);
	if (rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		refuse_kind(rel, "It is not a table.", NULL);
	if (attaching && rel->rd_rel->relkind == RELKIND_RELATION && find_inheritance_children(relid, NoLock) != NIL)
		refuse_kind(rel, "Tables inherit from it, and its triggers would not fire for their rows.",
					"Use declarative partitioning, or attach the children one by one and keep the parent empty.");
	request->relid = relid;
	request->name = pstrdup(RelationGetRelationName(rel));
	request->table = table_name_of(relid);
	request->partitions = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE || rel->rd_rel->relispartition;
	relation_close(rel, NoLock);	/* open relations cannot be altered */
}

/* The arguments of attach() that name the columns. */
static const char *const column_arguments[NUM_ATTACHED_COLUMNS] = {
	[STAGE_COLUMN] = "stage_column",
	[JOURNEY_COLUMN] = "journey_column",
	[REASON_COLUMN] = "reason_column",
	[LIFECYCLE_COLUMN] = "lifecycle_column",
	[SINCE_COLUMN] = "since"
};

/* The type of a column that must exist and be an ordinary one. */
static Oid
ordinary_column(const AttachRequest *request, AttachedColumn column)
{
	const char *name = request->columns[column];
	AttrNumber	attnum = get_attnum(request->relid, name);

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\"", request->name, name),
				 errhint("Add it, or name the column to use: lifecycle.attach(..., %s => '...').",
						 column_arguments[column])));
	if (get_attgenerated(request->relid, attnum) != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of table \"%s\" is generated", name, request->name),
				 errdetail("Generated columns are computed after the move has been judged."),
				 errhint("Name the column that it is generated from.")));
	return get_atttype(request->relid, attnum);
}

static void
check_journey_column(AttachRequest *request)
{
	const char *name = request->columns[JOURNEY_COLUMN];
	Oid			journey_type;

	request->new_journey = get_attnum(request->relid, name) == InvalidAttrNumber;
	if (request->new_journey)
		return;
	journey_type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("journey"),
								   ObjectIdGetDatum(get_namespace_oid(CRM_SCHEMA, false)));
	if (ordinary_column(request, JOURNEY_COLUMN) != journey_type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" is not of type lifecycle.journey",
						name, request->name),
				 errhint("Name another one: lifecycle.attach(..., journey_column => '...'); "
						 "it is added if it does not exist.")));
}

static bool
defer_argument(FunctionCallInfo fcinfo, int n)
{
	char	   *existing;

	require_argument(fcinfo, n, "what becomes of existing rows");
	existing = text_to_cstring(PG_GETARG_TEXT_PP(n));
	if (strcmp(existing, "fill") != 0 && strcmp(existing, "defer") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("existing rows cannot be treated like this: \"%s\"", existing),
				 errhint("Existing rows get their journeys at once (\"fill\"), or later (\"defer\").")));
	return existing[0] == 'd';
}

/*
 * Reads the arguments of attach().
 */
void
read_request(FunctionCallInfo fcinfo, AttachRequest *request)
{
	require_argument(fcinfo, A_TABLE, "the table");
	require_argument(fcinfo, A_STAGE_COLUMN, "the name of the stage column");
	require_argument(fcinfo, A_JOURNEY_COLUMN, "the name of the journey column");
	if (PG_ARGISNULL(A_LIFECYCLE) == PG_ARGISNULL(A_LIFECYCLE_COLUMN))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attach() takes either a lifecycle for all rows or a column that names each row's"),
				 errhint("To name the column that holds the stage, write stage_column => '...'.")));
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
			(void) ordinary_column(request, c);
}
