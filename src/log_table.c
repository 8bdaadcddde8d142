/*-------------------------------------------------------------------------
 *
 * log_table.c
 *		The log as a table: its columns, and where in it the rows of a relation go.
 *
 * The row's key comes first, under the names of its columns; what is known of a move
 * follows.  What that is, is log.c's to say; how a row is stored, log_write.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "log_table.h"
#include "log_write.h"

/* The log's own columns; the row's key stands before them, under the names of its columns. */
static const char *const parameter_columns[NUM_LOG_PARAMETERS] = {
	"kind", "lifecycle", "from_stage", "to_stage", "event", "action", "at", "actor", "reason", "note",
	"login", "role", "journey"
};

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

/*
 * The names of the primary key's columns, which the log repeats, in their order in the table.
 */
List *
log_key_columns(Relation rel)
{
	Bitmapset  *key = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
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

/*
 * Finds the row's key where the log wants it: in the order of the table that was attached,
 * which need not be that of a partition's columns.
 */
static void
bind_keys(LogPlan *plan, const Binding *binding, Relation rel, Relation log)
{
	Relation	home = table_open(binding->home, AccessShareLock);
	List	   *key = log_key_columns(home);
	ListCell   *cell;

	if (list_length(key) != list_length(key_columns_of_log(log)))
		refuse_log(rel, log);
	plan->keys = palloc(Max(list_length(key), 1) * sizeof(AttrNumber));
	foreach(cell, key)
		plan->keys[plan->nkeys++] = get_attnum(RelationGetRelid(rel), lfirst(cell));
	table_close(home, NoLock);
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

/*
 * The plan of the binding, which goes when the log or the table changes.
 */
LogPlan *
log_plan_get(Binding *binding, Relation rel, Relation log)
{
	MemoryContext caller;
	LogPlan    *plan;

	if (binding->log_plan != NULL)
		return binding->log_plan;
	binding->log = RelationGetRelid(log);
	caller = MemoryContextSwitchTo(binding->kept.context);
	plan = palloc0(sizeof(LogPlan));
	bind_keys(plan, binding, rel, log);
	plan->known = describe_known(plan, binding, rel, log);
	plan->columns = log_write_plan(log, plan->known);
	plan->gathers = log_write_may_gather(log, plan->columns);
	MemoryContextSwitchTo(caller);
	binding->log_plan = plan;
	return plan;
}
