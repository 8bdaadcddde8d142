/*-------------------------------------------------------------------------
 *
 * rules.c
 *		The rules of a lifecycle, loaded from their tables and kept per backend.
 *
 * A backend keeps the lifecycles that it used last, at most MAX_RULES of them besides
 * those that are pinned: tenants may have thousands.  Every change of a rule table
 * sends a relcache invalidation for it (see rule_tables.c); the callback merely flips
 * flags, and the next statement loads anew.
 *
 * Loading reads with the latest snapshot, not the transaction's: what a REPEATABLE
 * READ transaction loaded with its own old snapshot would stay in the cache, valid and
 * stale, long after the transaction is gone.
 *
 * How a lifecycle is stored is known here and in sql/parts/rules.sql, nowhere else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "rules.h"

/* 256 lifecycles of ten stages are about 3 MB, a fair part of a backend. */
#define MAX_RULES 256

static const char *const rule_table_names[] = {"lifecycle", "phase", "stage", "transition"};

static Oid	rule_tables[lengthof(rule_table_names)];
static dlist_head loaded = DLIST_STATIC_INIT(loaded);	/* most recently used first */
static int	nloaded = 0;
static void (*change_callback) (void) = NULL;

/*
 * The oid of one of the extension's tables; an error where it is missing.
 */
Oid
rules_table(const char *relname)
{
	Oid			schema = get_namespace_oid(CRM_SCHEMA, false);
	Oid			relid = get_relname_relid(relname, schema);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s.%s\" of extension crm_lifecycle is missing", CRM_SCHEMA, relname),
				 errhint("Drop and create the extension, or restore it from a dump.")));
	return relid;
}

/*
 * Takes on the identity of the rule tables' owner, as ri_triggers.c does, so that
 * nobody needs rights on them.  The caller has checked what the user may do.
 */
void
rules_as_owner(Oid *save_userid, int *save_sec_context)
{
	Oid			relid = rules_table("lifecycle");
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	GetUserIdAndSecContext(save_userid, save_sec_context);
	SetUserIdAndSecContext(owner, *save_sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
}

void
rules_as_before(Oid save_userid, int save_sec_context)
{
	SetUserIdAndSecContext(save_userid, save_sec_context);
}

static void
forget(Rules *rules)
{
	if (rules->listed)
	{
		dlist_delete(&rules->lru);
		nloaded--;
		rules->listed = false;
	}
	if (rules->pins == 0)
		MemoryContextDelete(rules->context);
}

static void
on_relcache_inval(Datum arg, Oid relid)
{
	dlist_iter	iter;
	bool		ours = relid == InvalidOid;

	for (int i = 0; i < lengthof(rule_tables); i++)
		ours |= relid == rule_tables[i];
	if (!ours)
		return;
	dlist_foreach(iter, &loaded)
		dlist_container(Rules, lru, iter.cur)->valid = false;
	if (change_callback)
		change_callback();
}

/*
 * Registers what else depends on the rules; the callback may only flip flags.
 */
void
rules_on_change(void (*callback) (void))
{
	change_callback = callback;
}

void
rules_init(void)
{
	CacheRegisterRelcacheCallback(on_relcache_inval, (Datum) 0);
}

/*
 * Reading rows.  Columns are fetched by name, so that an older table with other
 * columns fails plainly instead of being misread.
 */
typedef struct Row
{
	HeapTuple	tuple;
	TupleDesc	desc;
} Row;

static Datum
fetch(Row row, const char *column, bool *isnull)
{
	int			attno = SPI_fnumber(row.desc, column);

	if (attno <= 0)
		elog(ERROR, "rule tables lack the column \"%s\"", column);
	return SPI_getbinval(row.tuple, row.desc, attno, isnull);
}

static char *
fetch_text(Row row, const char *column)
{
	bool		isnull;
	Datum		value = fetch(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static TextList
fetch_list(Row row, const char *column)
{
	bool		isnull;
	Datum		value = fetch(row, column, &isnull);
	TextList	list = {0, NULL};
	Datum	   *items;
	bool	   *nulls;

	if (isnull)
		return list;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, &list.count);
	list.items = palloc(Max(list.count, 1) * sizeof(char *));
	for (int i = 0; i < list.count; i++)
		list.items[i] = nulls[i] ? pstrdup("") : TextDatumGetCString(items[i]);
	return list;
}

static Interval *
fetch_interval(Row row, const char *column)
{
	bool		isnull;
	Datum		value = fetch(row, column, &isnull);
	Interval   *copy;

	if (isnull)
		return NULL;
	copy = palloc(sizeof(Interval));
	*copy = *DatumGetIntervalP(value);
	return copy;
}

static StageOutcome
fetch_outcome(Row row)
{
	char	   *name = fetch_text(row, "outcome");

	if (strcmp(name, "won") == 0)
		return OUTCOME_WON;
	if (strcmp(name, "lost") == 0)
		return OUTCOME_LOST;
	if (strcmp(name, "closed") == 0)
		return OUTCOME_CLOSED;
	return OUTCOME_OPEN;
}

static int
find_phase(const Diagram *diagram, const char *id)
{
	for (int i = 0; id != NULL && i < diagram->nphases; i++)
		if (strcmp(diagram->phases[i].id, id) == 0)
			return i;
	return NO_STAGE;
}

static int
find_stage(const Diagram *diagram, const char *id)
{
	for (int i = 0; id != NULL && i < diagram->nstages; i++)
		if (strcmp(diagram->stages[i].id, id) == 0)
			return i;
	return NO_STAGE;
}

static DiagramStage
read_stage(Row row, const Diagram *diagram)
{
	DiagramStage stage = {0};
	bool		isnull;
	Datum		value;

	stage.id = fetch_text(row, "id");
	stage.label = fetch_text(row, "label");
	stage.title = fetch_text(row, "title");
	stage.description = fetch_text(row, "description");
	stage.phase = find_phase(diagram, fetch_text(row, "phase"));
	stage.outcome = fetch_outcome(row);
	value = fetch(row, "probability", &isnull);
	stage.probability = isnull ? -1 : DatumGetFloat8(value);
	stage.sla = fetch_interval(row, "sla");
	stage.owner = fetch_text(row, "owner");
	stage.goal = fetch_text(row, "goal");
	stage.metrics = fetch_text(row, "metrics");
	stage.requires = fetch_list(row, "requires");
	stage.entry = fetch_text(row, "entry_guard");
	stage.exit = fetch_text(row, "exit_guard");
	stage.reasons = fetch_list(row, "reasons");
	stage.outside = DatumGetBool(fetch(row, "outside", &isnull));
	stage.undo = fetch_interval(row, "undo");
	stage.color = fetch_text(row, "color");
	stage.text = fetch_text(row, "note");
	stage.note_left = DatumGetBool(fetch(row, "note_left", &isnull));
	return stage;
}

static DiagramMove
read_move(Row row, const Diagram *diagram)
{
	DiagramMove move;

	move.from_stage = find_stage(diagram, fetch_text(row, "from_stage"));
	move.from_phase = find_phase(diagram, fetch_text(row, "from_phase"));
	move.to_stage = find_stage(diagram, fetch_text(row, "to_stage"));
	move.event = fetch_text(row, "event");
	move.guard = fetch_text(row, "guard");
	move.action = fetch_text(row, "action");
	return move;
}

/* Runs a query about one lifecycle; how many rows it found is in SPI_processed. */
static void
query(const char *sql, const char *name)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);

	if (SPI_execute_with_args(sql, 1, &type, &value, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the rule tables");
}

static Row
result_row(uint64 i)
{
	Row			row = {SPI_tuptable->vals[i], SPI_tuptable->tupdesc};

	return row;
}

/* Fills rules, in context; false where there is no such lifecycle. */
static bool
read_rules(Rules *rules, MemoryContext context)
{
	Diagram    *diagram;
	MemoryContext spi_context;

	query("SELECT * FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1", rules->name);
	if (SPI_processed == 0)
		return false;
	spi_context = MemoryContextSwitchTo(context);
	diagram = rules->diagram = palloc0(sizeof(Diagram));
	rules->owner = fetch_text(result_row(0), "owner");
	rules->search_path = fetch_text(result_row(0), "search_path");
	diagram->direction = fetch_text(result_row(0), "direction");
	diagram->front_matter = fetch_text(result_row(0), "front_matter");
	diagram->presentation = fetch_list(result_row(0), "presentation");

	MemoryContextSwitchTo(spi_context);
	query("SELECT * FROM lifecycle.phase WHERE lifecycle OPERATOR(pg_catalog.=) $1 ORDER BY position", rules->name);
	MemoryContextSwitchTo(context);
	diagram->nphases = SPI_processed;
	diagram->phases = palloc0(Max(diagram->nphases, 1) * sizeof(DiagramPhase));
	for (int i = 0; i < diagram->nphases; i++)
	{
		diagram->phases[i].id = fetch_text(result_row(i), "id");
		diagram->phases[i].title = fetch_text(result_row(i), "title");
		diagram->phases[i].direction = fetch_text(result_row(i), "direction");
	}

	MemoryContextSwitchTo(spi_context);
	query("SELECT * FROM lifecycle.stage WHERE lifecycle OPERATOR(pg_catalog.=) $1 ORDER BY position", rules->name);
	MemoryContextSwitchTo(context);
	diagram->nstages = SPI_processed;
	diagram->stages = palloc0(Max(diagram->nstages, 1) * sizeof(DiagramStage));
	for (int i = 0; i < diagram->nstages; i++)
		diagram->stages[i] = read_stage(result_row(i), diagram);

	MemoryContextSwitchTo(spi_context);
	query("SELECT * FROM lifecycle.transition WHERE lifecycle OPERATOR(pg_catalog.=) $1 ORDER BY position", rules->name);
	MemoryContextSwitchTo(context);
	diagram->nmoves = SPI_processed;
	diagram->moves = palloc0(Max(diagram->nmoves, 1) * sizeof(DiagramMove));
	for (int i = 0; i < diagram->nmoves; i++)
		diagram->moves[i] = read_move(result_row(i), diagram);

	rules->machine = machine_build(diagram);
	MemoryContextSwitchTo(spi_context);
	return true;
}

/* Reads as the tables' owner and with the latest snapshot. */
static bool
read_rules_as_owner(Rules *rules, MemoryContext context)
{
	Oid			save_userid;
	int			save_sec_context;
	bool		found;

	rules_as_owner(&save_userid, &save_sec_context);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PushActiveSnapshot(GetLatestSnapshot());
	found = read_rules(rules, context);
	PopActiveSnapshot();
	SPI_finish();
	rules_as_before(save_userid, save_sec_context);
	return found;
}

static Rules *
load(const char *name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle rules",
												  ALLOCSET_SMALL_SIZES);
	Rules	   *rules = MemoryContextAllocZero(context, sizeof(Rules));
	bool		found;

	for (int i = 0; i < lengthof(rule_tables); i++)
		rule_tables[i] = rules_table(rule_table_names[i]);
	rules->context = context;
	rules->name = MemoryContextStrdup(context, name);

	/*
	 * Listed before it is read: an invalidation that arrives meanwhile must find it.
	 */
	rules->valid = true;
	rules->listed = true;
	dlist_push_head(&loaded, &rules->lru);
	nloaded++;
	PG_TRY();
	{
		found = read_rules_as_owner(rules, context);
	}
	PG_CATCH();
	{
		forget(rules);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (!found)
	{
		forget(rules);
		return NULL;
	}
	MemoryContextSetParent(context, CacheMemoryContext);
	return rules;
}

static void
evict_beyond_limit(void)
{
	while (nloaded > MAX_RULES)
	{
		Rules	   *oldest = NULL;
		dlist_iter	iter;

		dlist_reverse_foreach(iter, &loaded)
		{
			oldest = dlist_container(Rules, lru, iter.cur);
			if (oldest->pins == 0)
				break;
			oldest = NULL;
		}
		if (oldest == NULL)
			return;
		forget(oldest);
	}
}

/* A pin that lasts as long as a memory context. */
typedef struct Pin
{
	MemoryContextCallback callback;
	Rules	   *rules;
} Pin;

static void
unpin(void *arg)
{
	Rules	   *rules = ((Pin *) arg)->rules;

	Assert(rules->pins > 0);
	rules->pins--;
	if (rules->pins == 0 && !rules->listed)
		MemoryContextDelete(rules->context);
}

static void
pin(Rules *rules)
{
	Pin		   *new_pin = palloc(sizeof(Pin));

	new_pin->rules = rules;
	new_pin->callback.func = unpin;
	new_pin->callback.arg = new_pin;
	rules->pins++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &new_pin->callback);
}

/*
 * The current rules of a lifecycle; NULL where it does not exist.
 */
Rules *
rules_find(const char *name)
{
	dlist_mutable_iter iter;
	Rules	   *rules = NULL;

	dlist_foreach_modify(iter, &loaded)
	{
		Rules	   *candidate = dlist_container(Rules, lru, iter.cur);

		if (strcmp(candidate->name, name) != 0)
			continue;
		if (candidate->valid)
			rules = candidate;
		else
			forget(candidate);
	}
	if (rules == NULL)
		rules = load(name);
	if (rules == NULL)
		return NULL;
	pin(rules);
	dlist_move_head(&loaded, &rules->lru);
	evict_beyond_limit();
	return rules;
}

void
rules_missing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("lifecycle \"%s\" does not exist", name),
			 errhint("Define it with lifecycle.create_lifecycle(). A dump without data carries no "
					 "rules: where they exist, lifecycle.dump_lifecycle() prints the call.")));
}

/*
 * The same, but a missing lifecycle is an error.
 */
Rules *
rules_get(const char *name)
{
	Rules	   *rules = rules_find(name);

	if (rules == NULL)
		rules_missing(name);
	return rules;
}
