/*-------------------------------------------------------------------------
 *
 * binding.c
 *		An attached table as one backend sees it: its columns, and the rulebooks of the
 *		lifecycles that its rows follow.
 *
 * A binding is kept until its relation, its rules, or anything that its guards were
 * compiled from changes.  How attachments are told from the catalogs is registry.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "binding.h"
#include "derivation.h"
#include "hand_over.h"
#include "registry.h"

/* A partition's binding with a few guards takes about 10 kB. */
#define MAX_BINDINGS 1024

/* Rulebooks of one table: pipelines are few, tenants' are many and seldom all at work. */
#define MAX_RULEBOOKS 64

typedef struct Entry
{
	Oid			trigger;		/* hash key: the BEFORE trigger of this very relation */
	Binding    *binding;
} Entry;

static HTAB *bindings = NULL;

/* Counts the invalidations that have arrived. */
static uint64 changes = 0;

/* The row triggers' function, looked up again after any function has changed. */
static Oid	before_function = InvalidOid;

static void
forget(Binding *binding)
{
	if (binding->kept.listed)
		hash_search(bindings, &binding->trigger, HASH_REMOVE, NULL);
	kept_drop(&binding->kept);
}

static void
invalidate(Oid relid)
{
	HASH_SEQ_STATUS scan;
	Entry	   *entry;

	changes++;
	if (bindings == NULL)
		return;
	hash_seq_init(&scan, bindings);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (!OidIsValid(relid) || entry->binding->relid == relid ||
			entry->binding->home == relid || entry->binding->log == relid)
			entry->binding->valid = false;
}

static void
on_relcache_inval(Datum arg, Oid relid)
{
	invalidate(relid);
}

static void
on_syscache_inval(Datum arg, int cacheid, uint32 hashvalue)
{
	before_function = InvalidOid;
	invalidate(InvalidOid);
}

static void
on_rules_change(void)
{
	invalidate(InvalidOid);
}

void
binding_init(void)
{
	/* What the meaning of a guard's or a stage's text depends on. */
	static const int caches[] = {
		PROCOID, OPEROID, CASTSOURCETARGET, TYPEOID, NAMESPACEOID, AUTHOID, ENUMOID
	};

	CacheRegisterRelcacheCallback(on_relcache_inval, (Datum) 0);
	for (int i = 0; i < lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], on_syscache_inval, (Datum) 0);
	rules_on_change(on_rules_change);
}

/*
 * How much has been invalidated yet.  Who keeps something beside a binding looks whether
 * this has changed, and gets the binding again: a pinned one may be outdated.
 */
uint64
binding_changes(void)
{
	return changes;
}

static void
bind_stage_type(Binding *binding, Relation rel)
{
	Oid			type = TupleDescAttr(RelationGetDescr(rel), binding->columns[STAGE_COLUMN] - 1)->atttypid;
	bool		is_varlena;

	binding->stage_type = getBaseType(type);
	binding->stage_is_text = binding->stage_type == TEXTOID || binding->stage_type == VARCHAROID ||
		binding->stage_type == BPCHAROID;
	getTypeOutputInfo(binding->stage_type, &binding->stage_output, &is_varlena);
}

static Binding *
build(Relation rel, const char *key)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle binding",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Binding    *binding = palloc0(sizeof(Binding));
	uint64		changes_before = changes;

	binding->kept.context = context;
	dlist_init(&binding->rulebooks);
	binding->relid = RelationGetRelid(rel);
	binding->key = pstrdup(key);
	registry_read(binding, rel);
	bind_stage_type(binding, rel);
	binding->derived_from = derivation_source(rel, key);
	binding->origins = hand_over_origins(rel, key);
	/* What changed while it was being built may not have been seen. */
	binding->valid = changes == changes_before;
	MemoryContextSwitchTo(caller);
	return binding;
}

/*
 * Throws out what is outdated: nobody may ever ask for it again, as its table may be gone.  Where
 * that is not enough, throws out what nobody is using; which of it hardly matters at this size.
 */
static void
make_room(void)
{
	bool		full = hash_get_num_entries(bindings) >= MAX_BINDINGS;
	HASH_SEQ_STATUS scan;
	Entry	   *entry;

	hash_seq_init(&scan, bindings);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (!entry->binding->valid || (full && entry->binding->kept.pins == 0))
			forget(entry->binding);
}

static void
list_binding(Binding *binding, Oid trigger)
{
	Entry	   *entry;

	make_room();
	binding->trigger = trigger;
	entry = hash_search(bindings, &trigger, HASH_ENTER, NULL);
	entry->binding = binding;
	binding->kept.listed = true;
	MemoryContextSetParent(binding->kept.context, CacheMemoryContext);
}

static void
create_cache(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Entry);
	bindings = hash_create("crm_lifecycle bindings", 64, &control, HASH_ELEM | HASH_BLOBS);
}

/*
 * Whether the attachment has what its binding is made from.
 */
bool
binding_can_be_got(Relation rel, const char *key)
{
	return registry_find_trigger(rel->trigdesc, registry_function(BEFORE_FUNCTION), key) != NULL &&
		registry_exists(rel, key);
}

/*
 * The binding of rel's attachment with this key.
 */
Binding *
binding_get(Relation rel, const char *key)
{
	Trigger    *trigger;
	Oid			trigger_id;
	Entry	   *entry;
	Binding    *binding;

	/* A cached plan whose locks the transaction holds has not looked for what others committed. */
	AcceptInvalidationMessages();
	if (!OidIsValid(before_function))
		before_function = registry_function(BEFORE_FUNCTION);
	trigger = registry_find_trigger(rel->trigdesc, before_function, key);
	if (trigger == NULL)
		refuse_damaged_attachment(rel);
	trigger_id = trigger->tgoid;
	if (bindings == NULL)
		create_cache();
	entry = hash_search(bindings, &trigger_id, HASH_FIND, NULL);
	if (entry != NULL && entry->binding->valid)
		binding = entry->binding;
	else
	{
		if (entry != NULL)
			forget(entry->binding);
		binding = build(rel, key);
		list_binding(binding, trigger_id);
	}
	kept_pin(&binding->kept);
	return binding;
}

/*
 * The binding of the attachment of this stage column, or of the only one where none is
 * named; NULL where there is none.
 */
Binding *
binding_of_column(Relation rel, const char *stage_column)
{
	TriggerDesc *desc = CopyTriggerDesc(rel->trigdesc);
	Binding    *found = NULL;

	if (!OidIsValid(before_function))
		before_function = registry_function(BEFORE_FUNCTION);
	for (int i = 0; desc != NULL && i < desc->numtriggers; i++)
	{
		Trigger    *trigger = &desc->triggers[i];
		Binding    *binding;

		if (trigger->tgfoid != before_function || trigger->tgnargs == 0)
			continue;
		binding = binding_get(rel, trigger->tgargs[ARG_KEY]);
		if (stage_column != NULL &&
			get_attnum(RelationGetRelid(rel), stage_column) != binding->columns[STAGE_COLUMN])
			continue;
		if (found != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
					 errmsg("several lifecycles are attached to table \"%s\"", RelationGetRelationName(rel)),
					 errhint("Say which is meant: stage_column => '...'.")));
		found = binding;
	}
	return found;
}

/*
 * The label in a value of the stage column; it points into the value where it can.
 */
JourneyLabel
binding_label(const Binding *binding, Datum stage)
{
	JourneyLabel label;

	if (binding->stage_is_text)
	{
		text	   *value = DatumGetTextPP(stage);

		label.text = VARDATA_ANY(value);
		label.len = VARSIZE_ANY_EXHDR(value);
		if (binding->stage_type == BPCHAROID)
			label.len = bpchartruelen(unconstify(char *, label.text), label.len);
	}
	else
	{
		label.text = OidOutputFunctionCall(binding->stage_output, stage);
		label.len = strlen(label.text);
	}
	return label;
}

/* The text form of a column's value. */
static char *
column_text(TupleTableSlot *row, AttrNumber column, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(TupleDescAttr(row->tts_tupleDescriptor, column - 1)->atttypid, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

/*
 * The text of one of the attached columns; NULL where the row has none.
 */
char *
binding_text(const Binding *binding, TupleTableSlot *row, AttachedColumn which)
{
	AttrNumber	column = binding->columns[which];
	bool		isnull = true;
	Datum		value = column > 0 ? slot_getattr(row, column, &isnull) : (Datum) 0;

	return isnull ? NULL : column_text(row, column, value);
}

/*
 * A row of NULLs, which stands for the old row where there is none.
 */
TupleTableSlot *
binding_no_row(Binding *binding, Relation rel)
{
	MemoryContext caller;

	if (binding->no_row != NULL)
		return binding->no_row;
	caller = MemoryContextSwitchTo(binding->kept.context);
	/* A copy of the descriptor, since nobody would release a reference to it. */
	binding->no_row = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(rel)), &TTSOpsVirtual);
	ExecStoreAllNullTuple(binding->no_row);
	MemoryContextSwitchTo(caller);
	return binding->no_row;
}

/*
 * The name of the lifecycle that a row follows; NULL where its column is NULL.
 */
const char *
binding_lifecycle(const Binding *binding, TupleTableSlot *row)
{
	if (binding->columns[LIFECYCLE_COLUMN] == 0)
		return binding->lifecycle;
	return binding_text(binding, row, LIFECYCLE_COLUMN);
}

/* But none whose guard is at work: functions in guards may move other rows. */
static void
forget_oldest_rulebook(Binding *binding)
{
	dlist_iter	iter;

	dlist_reverse_foreach(iter, &binding->rulebooks)
	{
		Rulebook   *book = dlist_container(Rulebook, node, iter.cur);

		if (book->identity.running > 0)
			continue;
		dlist_delete(&book->node);
		binding->nrulebooks--;
		MemoryContextDelete(book->context);
		return;
	}
}

/*
 * The rules of this lifecycle for the relation; NULL where it does not exist.  Good until
 * the next call.
 */
Rulebook *
binding_rulebook(Binding *binding, const char *lifecycle)
{
	dlist_iter	iter;
	Rulebook   *book;

	dlist_foreach(iter, &binding->rulebooks)
	{
		book = dlist_container(Rulebook, node, iter.cur);
		if (strcmp(book->rules->name, lifecycle) != 0)
			continue;
		dlist_move_head(&binding->rulebooks, &book->node);
		return book;
	}
	book = rulebook_open(lifecycle);
	if (book == NULL)
		return NULL;
	MemoryContextSetParent(book->context, binding->kept.context);
	dlist_push_head(&binding->rulebooks, &book->node);
	if (++binding->nrulebooks > MAX_RULEBOOKS)
		forget_oldest_rulebook(binding);
	return book;
}
