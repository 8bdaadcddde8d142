/*-------------------------------------------------------------------------
 *
 * derivation.c
 *		How the stages of one table's rows follow from another's, as one backend sees it.
 *
 * A derivation is told from four triggers, two on either table, which name each other's
 * table ("FROM").  PostgreSQL clones them to partitions, numbers their columns there, and
 * drops them with either table.  What is read from them and from the two lifecycles is kept
 * until anything changes, along with the plans.
 *
 * A rank says at once what a child's stage stands for and how much it counts: it is the
 * stage's place in the parent's diagram, and the greater one is the furthest.  Stages with
 * the outcome lost or closed count only where there is nothing else, so they come before
 * the others; where the least rank is wanted ("all"), behind them.
 *
 * When it is asked, and what is done then, is derive.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/typcache.h"

#include "binding.h"
#include "derivation.h"
#include "face.h"
#include "guard.h"

/* Between stages that count and those that do so only where nothing else does. */
#define RANK_STEP 1000000

/* One with its plans takes some 30 kB. */
#define MAX_DERIVATIONS 128

typedef struct EntryKey
{
	Oid			parent;
	NameData	name;
} EntryKey;

typedef struct Entry
{
	EntryKey	key;
	Derivation *derivation;
} Entry;

static HTAB *derivations = NULL;

/* Whether it is a trigger of a derivation, on this side of it. */
bool
derivation_is_side(const Trigger *trigger, const char *side)
{
	return trigger->tgnargs > DERIVATION_SIDE && strcmp(trigger->tgargs[DERIVATION_SIDE], side) == 0;
}

/* The trigger that names the column, on one side. */
static Trigger *
find_registry(Relation rel, Oid function, const char *name, const char *side)
{
	for (int i = 0; rel->trigdesc != NULL && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgfoid == function && derivation_is_side(trigger, side) && trigger->tgnattr == 1 &&
			strcmp(trigger->tgargs[DERIVATION_NAME], name) == 0)
			return trigger;
	}
	return NULL;
}

/* A database whose extension was not updated yet lacks the function. */
static Oid
registry(void)
{
	return LookupFuncName(list_make2(makeString(CRM_SCHEMA), makeString(DERIVATION_FUNCTION)), 0, NULL, true);
}

/*
 * The table that the stage of an attachment is derived from; InvalidOid where it is not.
 */
Oid
derivation_source(Relation rel, const char *key)
{
	Oid			function = registry();
	TriggerDesc *desc = rel->trigdesc;

	if (!OidIsValid(function))
		return InvalidOid;
	for (int i = 0; desc != NULL && i < desc->numtriggers; i++)
		if (desc->triggers[i].tgfoid == function && derivation_is_side(&desc->triggers[i], "parent") &&
			desc->triggers[i].tgnargs > DERIVATION_KEY &&
			strcmp(desc->triggers[i].tgargs[DERIVATION_KEY], key) == 0)
			return desc->triggers[i].tgconstrrelid;
	return InvalidOid;
}

static void
refuse_damaged(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the derivation of the stages of table \"%s\" is damaged", RelationGetRelationName(rel)),
			 errdetail("One of its triggers, or what it was made of, is missing."),
			 errhint("Call lifecycle.underive() and lifecycle.derive() again; the stages stay.")));
}

static void
read_column(Derivation *derivation, Relation rel, AttrNumber column)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);
	TypeCacheEntry *type = lookup_type_cache(getBaseType(attribute->atttypid), TYPECACHE_CMP_PROC);

	if (!OidIsValid(type->cmp_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("values of type %s cannot be ordered", format_type_be(attribute->atttypid)),
				 errhint("Derive by a column of another type.")));
	derivation->via = column;
	derivation->element = type->type_id;
	derivation->collation = attribute->attcollation;
	derivation->typlen = type->typlen;
	derivation->typbyval = type->typbyval;
	derivation->typalign = type->typalign;
	fmgr_info_cxt(type->cmp_proc, &derivation->compare, derivation->context);
}

/* Where what a stage's name stands for comes from: a stage of the parent's diagram, or NO_STAGE. */
static int
counts_for(const Rules *parent, const char *label, Jsonb *mapping)
{
	JsonbValue	key;
	JsonbValue *value;
	int			stage;

	if (mapping == NULL)
		stage = machine_find_stage(parent->machine, label, strlen(label));
	else
	{
		key.type = jbvString;
		key.val.string.val = unconstify(char *, label);
		key.val.string.len = strlen(label);
		value = findJsonbValueFromContainer(&mapping->root, JB_FOBJECT, &key);
		if (value == NULL || value->type != jbvString)
			return NO_STAGE;
		stage = machine_find_stage(parent->machine, value->val.string.val, value->val.string.len);
	}
	return stage == NO_STAGE || parent->diagram->stages[stage].outside ? NO_STAGE : stage;
}

static bool
is_given_up(const Diagram *diagram, int stage)
{
	return diagram->stages[stage].outcome == OUTCOME_LOST || diagram->stages[stage].outcome == OUTCOME_CLOSED;
}

static int
make_rank(const Rules *parent, int stage, bool least)
{
	return stage + (is_given_up(parent->diagram, stage) == least ? RANK_STEP : 0);
}

/* The stage that a rank stands for. */
int
derivation_stage_of_rank(int rank)
{
	return rank % RANK_STEP;
}

/* What all the labels that children may hold count for, those that count. */
static void
read_ranks(Derivation *derivation, const Rules *parent, const Rules *children, Jsonb *mapping, bool least)
{
	const Machine *machine = children->machine;

	derivation->labels = palloc(Max(machine->nnames, 1) * sizeof(char *));
	derivation->ranks = palloc(Max(machine->nnames, 1) * sizeof(int));
	for (int i = 0; i < machine->nnames; i++)
	{
		int			stage = counts_for(parent, machine->diagram->stages[machine->names[i].stage].label, mapping);

		if (stage == NO_STAGE)
			continue;
		derivation->labels[derivation->nlabels] = pnstrdup(machine->names[i].text, machine->names[i].len);
		derivation->ranks[derivation->nlabels++] = make_rank(parent, stage, least);
	}
}

static ArrayType *
text_array(char **items, int count)
{
	Datum	   *values = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = CStringGetTextDatum(items[i]);
	return construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT);
}

static ArrayType *
rank_array(const int *ranks, int count)
{
	Datum	   *values = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = Int32GetDatum(ranks[i]);
	return construct_array(values, count, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}

/*
 * A row passes no outcome on its way that no child has had: it is not lost in between, nor won
 * on the way to being lost.
 */
static bool *
stages_to_pass(const Diagram *diagram, int target)
{
	bool	   *passable = palloc(diagram->nstages * sizeof(bool));

	for (int i = 0; i < diagram->nstages; i++)
		passable[i] = !is_given_up(diagram, i) &&
			!(diagram->stages[i].outcome == OUTCOME_WON && is_given_up(diagram, target));
	return passable;
}

/* From each label that rows of the parent may hold, the next stage on the shortest way. */
static void
read_walk(Walk *walk, const Machine *machine, int target)
{
	char	  **sources = palloc(Max(machine->nnames, 1) * sizeof(char *));
	char	  **targets = palloc(Max(machine->nnames, 1) * sizeof(char *));
	char	  **nexts = palloc(Max(machine->nnames, 1) * sizeof(char *));
	int		   *way = palloc((machine->diagram->nstages + 1) * sizeof(int));
	bool	   *passable = stages_to_pass(machine->diagram, target);
	int			n = 0;

	for (int i = 0; i < machine->nnames; i++)
	{
		if (machine->names[i].stage == target ||
			machine_shortest_way_through(machine, machine->names[i].stage, target, passable, way) < 2)
			continue;
		sources[n] = pnstrdup(machine->names[i].text, machine->names[i].len);
		targets[n] = machine->diagram->stages[target].label;
		nexts[n++] = machine->diagram->stages[way[1]].label;
	}
	walk->sources = text_array(sources, n);
	walk->targets = text_array(targets, n);
	walk->nexts = text_array(nexts, n);
}

static bool
has_conditions(const Diagram *diagram)
{
	for (int i = 0; i < diagram->nmoves; i++)
		if (diagram->moves[i].guard != NULL)
			return true;
	for (int i = 0; i < diagram->nstages; i++)
		if (diagram->stages[i].entry != NULL || diagram->stages[i].exit != NULL ||
			diagram->stages[i].requires.count > 0 || diagram->stages[i].reasons.count > 0)
			return true;
	return false;
}

static void
read_rules(Derivation *derivation, const Rules *parent, const Rules *children, const Trigger *trigger)
{
	const char *mapping = trigger->tgargs[DERIVATION_MAPPING];
	const char *rule = trigger->tgargs[DERIVATION_RULE];

	derivation->ever = strcmp(rule, "any") == 0;
	derivation->least = strcmp(rule, "all") == 0;
	derivation->conditions = has_conditions(parent->diagram);
	read_ranks(derivation, parent, children,
			   mapping[0] == '\0' ? NULL : DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(mapping))),
			   derivation->least);
	derivation->label_array = text_array(derivation->labels, derivation->nlabels);
	derivation->rank_array = rank_array(derivation->ranks, derivation->nlabels);
	derivation->nstages = parent->diagram->nstages;
	derivation->stages = palloc0(derivation->nstages * sizeof(char *));
	derivation->walks = palloc0(derivation->nstages * sizeof(Walk));
	for (int i = 0; i < derivation->nstages; i++)
		derivation->stages[i] = pstrdup(parent->diagram->stages[i].label);
	for (int i = 0; i < derivation->nlabels; i++)
	{
		int			target = derivation_stage_of_rank(derivation->ranks[i]);

		if (derivation->walks[target].sources == NULL)
			read_walk(&derivation->walks[target], parent->machine, target);
	}
}

/* A table's name in statements. */
static char *
table_name(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)), RelationGetRelationName(rel));
}

static const char *
column_name(Relation rel, AttrNumber column)
{
	return quote_identifier(get_attname(RelationGetRelid(rel), column, false));
}

/*
 * Prepares a statement that its table's owner will run.  It is planned once, for any keys, and
 * for tables that may grow: by their indexes, even if they are empty today.
 */
static SPIPlanPtr
prepare(Oid owner, const char *sql, int nargs, Oid *types)
{
	int			level = NewGUCNestLevel();
	Oid			userid;
	int			sec_context;
	SPIPlanPtr	plan;
	CachedPlan *planned;

	(void) set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(owner, sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare: %s", sql);
	planned = SPI_plan_get_cached_plan(plan);
	if (planned != NULL)
		ReleaseCachedPlan(planned, CurrentResourceOwner);
	SetUserIdAndSecContext(userid, sec_context);
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
prepare_ask(const Derivation *derivation, Oid keys, const char *equal, Relation children, const Binding *binding)
{
	const char *via = column_name(children, derivation->via);
	const char *stage = column_name(children, binding->columns[STAGE_COLUMN]);
	const char *journey = column_name(children, binding->columns[JOURNEY_COLUMN]);
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
							derivation->parent_name, column_name(parent, column), type, key, equal),
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
	key = column_name(parent, derivation->key);
	if (derivation->lock == NULL)
		derivation->lock = prepare_lock(derivation, keys, equal, key);
	if (derivation->ask == NULL)
		derivation->ask = prepare_ask(derivation, keys, equal, children, binding_get(children, derivation->child_key));
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

static void
forget(Derivation *derivation)
{
	free_plan(derivation->lock);
	free_plan(derivation->ask);
	free_plan(derivation->move);
	MemoryContextDelete(derivation->context);
}

/* Reads the two tables' triggers. */
static void
read_triggers(Derivation *derivation, Relation parent, const Trigger *trigger)
{
	Oid			function = registry();
	Relation	children = table_open(derivation->children, AccessShareLock);
	Trigger    *other = find_registry(children, function, NameStr(derivation->name), "child");
	Binding    *parent_binding,
			   *binding;

	if (other == NULL || other->tgconstrrelid != derivation->parent)
		refuse_damaged(parent);
	derivation->parent_name = table_name(parent);
	derivation->children_name = table_name(children);
	derivation->parent_owner = parent->rd_rel->relowner;
	derivation->children_owner = children->rd_rel->relowner;
	derivation->key = trigger->tgattr[0];
	derivation->parent_key = pstrdup(trigger->tgargs[DERIVATION_KEY]);
	derivation->child_key = pstrdup(trigger->tgargs[DERIVATION_CHILD_KEY]);
	derivation->path = guard_search_path(trigger->tgargs[DERIVATION_PATH]);
	read_column(derivation, children, other->tgattr[0]);
	parent_binding = binding_get(parent, derivation->parent_key);
	binding = binding_get(children, derivation->child_key);
	if (parent_binding->columns[LIFECYCLE_COLUMN] != 0 || binding->columns[LIFECYCLE_COLUMN] != 0)
		refuse_damaged(parent);
	read_rules(derivation, rules_get(parent_binding->lifecycle), rules_get(binding->lifecycle), trigger);
	table_close(children, NoLock);
}

/* What is read is copied; what was pinned meanwhile is let go with the context that it is read in. */
static Derivation *
build(Oid parent_id, const char *name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle derivation",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Derivation *derivation = palloc0(sizeof(Derivation));
	Relation	parent = table_open(parent_id, AccessShareLock);
	Oid			function = registry();
	TriggerDesc *copy = CopyTriggerDesc(parent->trigdesc);
	Trigger    *trigger = NULL;

	for (int i = 0; copy != NULL && i < copy->numtriggers && trigger == NULL; i++)
		if (copy->triggers[i].tgfoid == function && derivation_is_side(&copy->triggers[i], "parent") &&
			strcmp(copy->triggers[i].tgargs[DERIVATION_NAME], name) == 0)
			trigger = &copy->triggers[i];
	if (trigger == NULL || trigger->tgnattr != 1 || trigger->tgnargs != NUM_DERIVATION_ARGUMENTS ||
		!OidIsValid(trigger->tgconstrrelid))
		refuse_damaged(parent);
	derivation->context = context;
	derivation->changes = binding_changes();
	namestrcpy(&derivation->name, name);
	derivation->parent = parent_id;
	derivation->children = trigger->tgconstrrelid;
	read_triggers(derivation, parent, trigger);
	table_close(parent, NoLock);
	MemoryContextSwitchTo(caller);
	return derivation;
}

static void
create_cache(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(EntryKey);
	control.entrysize = sizeof(Entry);
	derivations = hash_create("crm_lifecycle derivations", 16, &control, HASH_ELEM | HASH_BLOBS);
}

/* Lets go of one that has changed, or that there is no room for. */
static void
unlist(Entry *entry)
{
	Derivation *derivation = entry->derivation;

	hash_search(derivations, &entry->key, HASH_REMOVE, NULL);
	derivation->listed = false;
	if (derivation->pins == 0)
		forget(derivation);
}

/* Throws out what nobody is using; which of it hardly matters at this size. */
static void
make_room(void)
{
	HASH_SEQ_STATUS scan;
	Entry	   *entry;

	if (hash_get_num_entries(derivations) < MAX_DERIVATIONS)
		return;
	hash_seq_init(&scan, derivations);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->derivation->pins == 0)
			unlist(entry);
}

/* A pin that lasts as long as a memory context. */
typedef struct Pin
{
	MemoryContextCallback callback;
	Derivation *derivation;
} Pin;

static void
unpin(void *arg)
{
	Derivation *derivation = ((Pin *) arg)->derivation;

	derivation->pins--;
	if (derivation->pins == 0 && !derivation->listed)
		forget(derivation);
}

static void
pin(Derivation *derivation)
{
	Pin		   *new_pin = palloc(sizeof(Pin));

	new_pin->derivation = derivation;
	new_pin->callback.func = unpin;
	new_pin->callback.arg = new_pin;
	derivation->pins++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &new_pin->callback);
}

/*
 * The derivation of this name for the rows of parent.
 */
Derivation *
derivation_get(Oid parent, const char *name)
{
	EntryKey	key;
	Entry	   *entry;
	Derivation *derivation;

	AcceptInvalidationMessages();
	memset(&key, 0, sizeof(key));
	key.parent = parent;
	namestrcpy(&key.name, name);
	if (derivations == NULL)
		create_cache();
	entry = hash_search(derivations, &key, HASH_FIND, NULL);
	if (entry != NULL && entry->derivation->changes == binding_changes())
	{
		pin(entry->derivation);
		return entry->derivation;
	}
	if (entry != NULL)
		unlist(entry);
	make_room();
	derivation = build(parent, name);
	entry = hash_search(derivations, &key, HASH_ENTER, NULL);
	entry->derivation = derivation;
	derivation->listed = true;
	MemoryContextSetParent(derivation->context, CacheMemoryContext);
	pin(derivation);
	return derivation;
}

/*
 * What a label of a child counts for; -1: nothing.
 */
int
derivation_rank(const Derivation *derivation, const char *label, size_t len)
{
	for (int i = 0; i < derivation->nlabels; i++)
		if (strlen(derivation->labels[i]) == len && memcmp(derivation->labels[i], label, len) == 0)
			return derivation->ranks[i];
	return -1;
}

/*
 * By which of its columns a relation, on one side of the derivation or a partition of it,
 * takes part.
 */
AttrNumber
derivation_column(const Derivation *derivation, Relation rel, bool of_parent)
{
	Trigger    *trigger = find_registry(rel, registry(), NameStr(derivation->name), of_parent ? "parent" : "child");

	if (trigger == NULL ||
		getBaseType(TupleDescAttr(RelationGetDescr(rel), trigger->tgattr[0] - 1)->atttypid) != derivation->element)
		refuse_damaged(rel);
	return trigger->tgattr[0];
}
