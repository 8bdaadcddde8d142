/*-------------------------------------------------------------------------
 *
 * rules.c
 *		The rules of a lifecycle, loaded from their table and kept per backend.
 *
 * A backend keeps the lifecycles that it used last, at most MAX_RULES of them besides
 * those that are pinned: tenants may have thousands.  Every change of the table sends a
 * relcache invalidation for it (see rule_table.c); the callback merely flips
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
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "report.h"
#include "rules.h"

/* 256 lifecycles of ten stages are about 3 MB, a fair part of a backend. */
#define MAX_RULES 256

static Oid	rule_table = InvalidOid;
static dlist_head loaded = DLIST_STATIC_INIT(loaded);	/* most recently used first */
static int	nloaded = 0;
static void (*change_callback) (void) = NULL;

/*
 * The oid of the table of lifecycles; an error where it is missing.
 */
static Oid
find_rule_table(void)
{
	Oid			relid = get_relname_relid("lifecycle", get_namespace_oid(CRM_SCHEMA, false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s.lifecycle\" of extension crm_lifecycle is missing", CRM_SCHEMA),
				 errhint("Drop and create the extension, or restore it from a dump.")));
	return relid;
}

/*
 * From here to rules_leave(), SPI runs statements as the owner of the table of lifecycles, as
 * ri_triggers.c does, so that nobody needs rights on it.  The caller has checked what the user
 * may do.
 */
void
rules_enter(RulesVisit *visit)
{
	Oid			relid = find_rule_table();
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	act_as(owner, visit);
	SPI_connect();
}

/* An error ends the visit by itself: the transaction restores who was acting. */
void
rules_leave(const RulesVisit *visit)
{
	SPI_finish();
	act_again(visit);
}

/*
 * Whether a function was called as a trigger on that table of the extension.  What such
 * triggers do they do as the table's owner, for whoever writes there; and anybody may put
 * their functions on a table of one's own, whose columns have types with casts of one's own.
 */
bool
rules_triggered_on(FunctionCallInfo fcinfo, const char *table)
{
	return CALLED_AS_TRIGGER(fcinfo) &&
		RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation) ==
		get_relname_relid(table, get_namespace_oid(CRM_SCHEMA, false));
}

void
rules_refuse_trigger(const char *function)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function \"%s\" can only be called as the trigger of a table of the extension", function)));
}

static void
forget(Rules *rules)
{
	if (rules->kept.listed)
	{
		dlist_delete(&rules->lru);
		nloaded--;
	}
	kept_drop(&rules->kept);
}

static void
on_relcache_inval(Datum arg, Oid relid)
{
	dlist_iter	iter;

	if (OidIsValid(relid) && relid != rule_table)
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

/* A column of the row that a query has found, in the current context. */
static char *
found_text(const char *column)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	int			attno = SPI_fnumber(desc, column);
	bool		isnull;
	Datum		value;

	if (attno <= 0)
		elog(ERROR, "the table of lifecycles lacks the column \"%s\"", column);
	value = SPI_getbinval(SPI_tuptable->vals[0], desc, attno, &isnull);
	return isnull ? pstrdup("") : TextDatumGetCString(value);
}

/* Fills rules, in context; false where there is no such lifecycle. */
static bool
read_rules(Rules *rules, MemoryContext context)
{
	Oid			type = TEXTOID;
	Datum		name = CStringGetTextDatum(rules->name);
	MemoryContext spi_context;
	PureError	error;

	if (SPI_execute_with_args("SELECT * FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1",
							  1, &type, &name, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the table of lifecycles");
	if (SPI_processed == 0)
		return false;
	spi_context = MemoryContextSwitchTo(context);
	rules->owner = found_text("owner");
	rules->search_path = found_text("search_path");
	rules->diagram = diagram_parse(found_text("diagram"), &error);
	if (rules->diagram == NULL)
		report_pure_error(&error);
	rules->machine = machine_build(rules->diagram);
	MemoryContextSwitchTo(spi_context);
	return true;
}

/* Reads as the tables' owner and with the latest snapshot. */
static bool
read_rules_as_owner(Rules *rules, MemoryContext context)
{
	RulesVisit	visit;
	bool		found;

	rules_enter(&visit);
	PushActiveSnapshot(GetLatestSnapshot());
	found = read_rules(rules, context);
	PopActiveSnapshot();
	rules_leave(&visit);
	return found;
}

static Rules *
load(const char *name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle rules",
												  ALLOCSET_SMALL_SIZES);
	Rules	   *rules = MemoryContextAllocZero(context, sizeof(Rules));
	bool		found;

	rule_table = find_rule_table();
	rules->kept.context = context;
	rules->name = MemoryContextStrdup(context, name);

	/*
	 * Listed before it is read: an invalidation that arrives meanwhile must find it.
	 */
	rules->valid = true;
	rules->kept.listed = true;
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
			if (oldest->kept.pins == 0)
				break;
			oldest = NULL;
		}
		if (oldest == NULL)
			return;
		forget(oldest);
	}
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

		/* Also one of another name: nobody may ever ask for it again. */
		if (!candidate->valid)
			forget(candidate);
		else if (strcmp(candidate->name, name) == 0)
			rules = candidate;
	}
	if (rules == NULL)
		rules = load(name);
	if (rules == NULL)
		return NULL;
	kept_pin(&rules->kept);
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
 * Like rules_find(), but a missing lifecycle is an error.
 */
Rules *
rules_get(const char *name)
{
	Rules	   *rules = rules_find(name);

	if (rules == NULL)
		rules_missing(name);
	return rules;
}

/*
 * Sees to it, until the end of the transaction, that the lifecycle is not dropped while a
 * table is attached to it or the other way about; an error where it is gone already.
 */
void
rules_lock(const char *name, bool to_drop)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);
	RulesVisit	visit;

	rules_enter(&visit);
	if (SPI_execute_with_args(to_drop ?
							  "SELECT FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1 FOR UPDATE" :
							  "SELECT FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1 FOR KEY SHARE",
							  1, &type, &value, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not lock a lifecycle");
	if (SPI_processed == 0)
		rules_missing(name);
	rules_leave(&visit);
}
