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
 * What the stages mean to each other is derivation_ranks.c's, the statements are
 * derivation_plans.c's; when they are asked, and what is done then, derive.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "binding.h"
#include "derivation.h"
#include "guard.h"
#include "sql_text.h"

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
	fmgr_info_cxt(type->cmp_proc, &derivation->compare, derivation->kept.context);
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
	derivation->parent_name = table_name_of(RelationGetRelid(parent));
	derivation->children_name = table_name_of(derivation->children);
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
	derivation_read_rules(derivation, rules_get(parent_binding->lifecycle), rules_get(binding->lifecycle), trigger);
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
	derivation->kept.context = context;
	derivation->going.func = derivation_free_plans;
	derivation->going.arg = derivation;
	MemoryContextRegisterResetCallback(context, &derivation->going);
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
	kept_drop(&derivation->kept);
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
		if (entry->derivation->kept.pins == 0)
			unlist(entry);
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
		kept_pin(&entry->derivation->kept);
		return entry->derivation;
	}
	if (entry != NULL)
		unlist(entry);
	make_room();
	derivation = build(parent, name);
	entry = hash_search(derivations, &key, HASH_ENTER, NULL);
	entry->derivation = derivation;
	derivation->kept.listed = true;
	MemoryContextSetParent(derivation->kept.context, CacheMemoryContext);
	kept_pin(&derivation->kept);
	return derivation;
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
