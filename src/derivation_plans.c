/*-------------------------------------------------------------------------
 *
 * derivation_plans.c
 *		The statements of a derivation: which lock rows, ask their children and move them.
 *
 * They are prepared here, and run by derive.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rel.h"

#include "actor.h"
#include "binding.h"
#include "derivation.h"
#include "sql_text.h"

/*
 * Prepares a statement that its table's owner will run.  It is planned once, for any keys, and
 * for tables that may grow: by their indexes, even if they are empty today.
 */
static SPIPlanPtr
prepare(Oid owner, const char *sql, int nargs, Oid *types)
{
	int			level = NewGUCNestLevel();
	Actor		before;
	SPIPlanPtr	plan;
	CachedPlan *planned;

	set_for_now("enable_seqscan", "off");
	act_as(owner, &before);
	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare: %s", sql);
	planned = SPI_plan_get_cached_plan(plan);
	if (planned != NULL)
		ReleaseCachedPlan(planned, CurrentResourceOwner);
	act_again(&before);
	AtEOXact_GUC(false, level);
	return plan;
}

/* Waits for others that derive the same rows, in the order of the keys. */
static SPIPlanPtr
prepare_lock(const Derivation *derivation, Oid keys, const char *equal, const char *key)
{
	return prepare(derivation->parent_owner,
				   psprintf("SELECT FROM %1$s a WHERE a.%2$s %3$s ANY ($1) ORDER BY a.%2$s FOR NO KEY UPDATE",
							derivation->parent_name, key, equal), 1, &keys);
}

static SPIPlanPtr
prepare_ask(const Derivation *derivation, Oid keys, const char *equal, const Binding *binding)
{
	const char *via = column_name_of(derivation->children, derivation->via);
	const char *stage = column_name_of(derivation->children, binding->columns[STAGE_COLUMN]);
	const char *journey = column_name_of(derivation->children, binding->columns[JOURNEY_COLUMN]);
	char	   *held = psprintf("c.%s::pg_catalog.text", stage);
	Oid			types[] = {keys, TEXTARRAYOID, INT4ARRAYOID};

	if (derivation->ever)
		held = psprintf("ANY (COALESCE(lifecycle.stages(c.%s), ARRAY[%s]))", journey, held);
	return prepare(derivation->children_owner,
				   psprintf("SELECT c.%1$s, pg_catalog.%2$s(m.rank) FROM %3$s c, ROWS FROM (pg_catalog.unnest($2),"
							" pg_catalog.unnest($3)) AS m (label, rank) WHERE m.label COLLATE pg_catalog.\"C\""
							" OPERATOR(pg_catalog.=) %4$s AND c.%1$s %5$s ANY ($1) GROUP BY 1",
							via, derivation->least ? "min" : "max", derivation->children_name, held, equal), 3, types);
}

static SPIPlanPtr
prepare_move(const Derivation *derivation, Oid keys, const char *equal, const char *key, Relation parent,
			 const Binding *binding)
{
	AttrNumber	column = binding->columns[STAGE_COLUMN];
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(parent), column - 1);
	const char *type = format_type_extended(attribute->atttypid, attribute->atttypmod,
											FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	Oid			types[] = {keys, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID};

	return prepare(derivation->parent_owner,
				   psprintf("UPDATE %1$s a SET %2$s = CAST(w.next AS %3$s)"
							" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS t (key, target),"
							" ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5))"
							" AS w (source, target, next)"
							" WHERE a.%4$s %5$s t.key AND w.target COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) t.target"
							" AND w.source COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) a.%2$s::pg_catalog.text",
							derivation->parent_name, column_name_of(derivation->parent, column), type, key, equal),
				   lengthof(types), types);
}

/*
 * Makes the plans on first use, connected to SPI and with the path under which they run.
 */
void
derivation_prepare(Derivation *derivation)
{
	Relation	parent,
				children;
	Oid			keys = get_array_type(derivation->element);
	const char *equal,
			   *key;

	if (derivation->move != NULL)
		return;
	if (!OidIsValid(keys))
		elog(ERROR, "there is no array of type %u", derivation->element);
	parent = table_open(derivation->parent, AccessShareLock);
	children = table_open(derivation->children, AccessShareLock);
	equal = equality_of(derivation->element);
	key = column_name_of(derivation->parent, derivation->key);
	if (derivation->lock == NULL)
		derivation->lock = prepare_lock(derivation, keys, equal, key);
	if (derivation->ask == NULL)
		derivation->ask = prepare_ask(derivation, keys, equal, binding_get(children, derivation->child_key));
	derivation->move = prepare_move(derivation, keys, equal, key, parent, binding_get(parent, derivation->parent_key));
	table_close(children, NoLock);
	table_close(parent, NoLock);
}

static void
free_plan(SPIPlanPtr plan)
{
	if (plan != NULL)
		SPI_freeplan(plan);
}

/*
 * Frees those that were made, when the derivation's context goes.
 */
void
derivation_free_plans(void *argument)
{
	Derivation *derivation = argument;

	free_plan(derivation->lock);
	free_plan(derivation->ask);
	free_plan(derivation->move);
}
