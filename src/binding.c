/*-------------------------------------------------------------------------
 *
 * binding.c
 *		An attached table as one backend sees it: its columns, and the rulebooks of the
 *		lifecycles that its rows follow.
 *
 * PostgreSQL's own catalogs are the registry of attachments.  The CHECK says which column
 * is the stage of which journey; a statement-level trigger names the journey and the
 * other columns ("UPDATE OF journey, reason"), and its arguments say which lifecycle.  So
 * PostgreSQL itself follows the renaming of columns and dumps everything.  The trigger
 * does not name the stage column, because that would forbid ALTER COLUMN ... TYPE, with
 * which migration tools rebuild enums; a CHECK is rebuilt along with the column.
 *
 * The row triggers carry only the attachment's key.  PostgreSQL clones row triggers to
 * partitions but not statement-level ones: a partition's columns are found by name,
 * through the ancestor that was attached.
 *
 * A binding is kept until its relation, its rules, or anything that its guards were
 * compiled from changes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "binding.h"

/* A partition's binding with a few guards takes about 10 kB. */
#define MAX_BINDINGS 1024

/* Rulebooks of one table: pipelines are few, tenants' are many and seldom all at work. */
#define MAX_RULEBOOKS 64

const char *const attached_column_names[NUM_ATTACHED_COLUMNS] = {"stage", "journey", "reason", "lifecycle", "since"};
const char *const enforcement_mode_names[NUM_ENFORCEMENT_MODES] = {"enforce", "warn", "observe"};

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
	if (binding->listed)
	{
		hash_search(bindings, &binding->trigger, HASH_REMOVE, NULL);
		binding->listed = false;
	}
	if (binding->pins == 0)
		MemoryContextDelete(binding->context);
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
	static const int caches[] = {PROCOID, OPEROID, TYPEOID, NAMESPACEOID, AUTHOID, ENUMOID};

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

static Oid
trigger_function(const char *name)
{
	List	   *qualified = list_make2(makeString(CRM_SCHEMA), makeString(unconstify(char *, name)));

	return LookupFuncName(qualified, 0, NULL, false);
}

/*
 * The trigger with this function and, as its first argument, this key.  A relation's own
 * descriptor may be replaced whenever an invalidation arrives: who looks up anything else
 * before being done with the trigger passes a copy.
 */
static Trigger *
find_trigger(TriggerDesc *desc, Oid function, const char *key)
{
	for (int i = 0; desc != NULL && i < desc->numtriggers; i++)
	{
		Trigger    *trigger = &desc->triggers[i];

		if (trigger->tgfoid == function && trigger->tgnargs > 0 &&
			(key == NULL || strcmp(trigger->tgargs[ARG_KEY], key) == 0))
			return trigger;
	}
	return NULL;
}

static void
refuse_damaged(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the attachment of table \"%s\" is damaged", RelationGetRelationName(rel)),
			 errdetail("One of its lifecycle triggers, or the column of the stage, is missing."),
			 errhint("Call lifecycle.detach() and lifecycle.attach() again; the journeys stay.")));
}

/* The one column in an argument, under the casts that ALTER TABLE ... TYPE leaves around it. */
static AttrNumber
column_in(Node *argument)
{
	Bitmapset  *columns = NULL;
	int			column;

	pull_varattnos(argument, 1, &columns);
	if (!bms_get_singleton_member(columns, &column))
		return InvalidAttrNumber;
	return column + FirstLowInvalidHeapAttributeNumber;
}

/*
 * The column that a CHECK (ends_in(journey, ...)) of the relation keeps in step with
 * this journey; InvalidAttrNumber where there is none.
 */
AttrNumber
attached_stage_column(Relation rel, AttrNumber journey)
{
	TupleConstr *constraints = RelationGetDescr(rel)->constr;
	Oid			schema = get_namespace_oid(CRM_SCHEMA, false);

	for (int i = 0; constraints != NULL && i < constraints->num_check; i++)
	{
		FuncExpr   *call = (FuncExpr *) stringToNode(constraints->check[i].ccbin);

		if (IsA(call, FuncExpr) && list_length(call->args) == 2 &&
			get_func_namespace(call->funcid) == schema &&
			strcmp(get_func_name(call->funcid), "ends_in") == 0 &&
			column_in(linitial(call->args)) == journey)
			return column_in(lsecond(call->args));
	}
	return InvalidAttrNumber;
}

/* Which attribute of rel an attribute of the attached relation is, by its name. */
static AttrNumber
same_column(Relation rel, Relation home, AttrNumber attnum)
{
	if (attnum == InvalidAttrNumber)
		return InvalidAttrNumber;
	return get_attnum(RelationGetRelid(rel), get_attname(RelationGetRelid(home), attnum, false));
}

/*
 * Finds the attached columns.  Where the CHECK has been dropped, the stage column may
 * still bear the name that became the key.
 */
static void
bind_columns(Binding *binding, Relation rel, Relation home, const Trigger *registry)
{
	AttrNumber	stage;
	List	   *names;
	ListCell   *cell;
	int			i = 0;

	if (registry->tgnargs != NUM_ATTACHMENT_ARGUMENTS ||
		!SplitIdentifierString(pstrdup(registry->tgargs[ARG_COLUMNS]), ',', &names) ||
		list_length(names) != registry->tgnattr)
		refuse_damaged(rel);
	foreach(cell, names)
	{
		AttrNumber	attnum = same_column(rel, home, registry->tgattr[i++]);

		for (int c = 0; c < NUM_ATTACHED_COLUMNS; c++)
			if (strcmp(lfirst(cell), attached_column_names[c]) == 0)
				binding->columns[c] = attnum;
	}
	stage = attached_stage_column(home, registry->tgattr[0]);
	if (stage == InvalidAttrNumber)
		stage = get_attnum(RelationGetRelid(home), binding->key);
	binding->columns[STAGE_COLUMN] = same_column(rel, home, stage);
	if (binding->columns[STAGE_COLUMN] <= 0 || binding->columns[JOURNEY_COLUMN] <= 0)
		refuse_damaged(rel);
}

static EnforcementMode
parse_mode(const char *name, Relation rel)
{
	for (int mode = 0; mode < NUM_ENFORCEMENT_MODES; mode++)
		if (strcmp(enforcement_mode_names[mode], name) == 0)
			return mode;
	refuse_damaged(rel);
	return MODE_ENFORCE;
}

/* Finds the registry in rel or the nearest ancestor that has it. */
static void
bind_registry(Binding *binding, Relation rel)
{
	Oid			function = trigger_function(ATTACHMENT_FUNCTION);
	List	   *candidates = list_make1_oid(RelationGetRelid(rel));
	ListCell   *cell;

	if (rel->rd_rel->relispartition)
		candidates = list_concat(candidates, get_partition_ancestors(RelationGetRelid(rel)));
	foreach(cell, candidates)
	{
		Relation	home = table_open(lfirst_oid(cell), AccessShareLock);
		Trigger    *registry = find_trigger(CopyTriggerDesc(home->trigdesc), function, binding->key);

		if (registry != NULL)
		{
			binding->home = RelationGetRelid(home);
			bind_columns(binding, rel, home, registry);
			binding->lifecycle = pstrdup(registry->tgargs[ARG_LIFECYCLE]);
			binding->mode = parse_mode(registry->tgargs[ARG_MODE], rel);
		}
		table_close(home, NoLock);
		if (registry != NULL)
			return;
	}
	refuse_damaged(rel);
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

	binding->context = context;
	dlist_init(&binding->rulebooks);
	binding->relid = RelationGetRelid(rel);
	binding->key = pstrdup(key);
	bind_registry(binding, rel);
	bind_stage_type(binding, rel);
	/* What changed while it was being built may not have been seen. */
	binding->valid = changes == changes_before;
	MemoryContextSwitchTo(caller);
	return binding;
}

/* Throws out what nobody is using; which of it hardly matters at this size. */
static void
make_room(void)
{
	HASH_SEQ_STATUS scan;
	Entry	   *entry;

	if (hash_get_num_entries(bindings) < MAX_BINDINGS)
		return;
	hash_seq_init(&scan, bindings);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->binding->pins == 0)
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
	binding->listed = true;
	MemoryContextSetParent(binding->context, CacheMemoryContext);
}

/* A pin that lasts as long as a memory context. */
typedef struct Pin
{
	MemoryContextCallback callback;
	Binding    *binding;
} Pin;

static void
unpin(void *arg)
{
	Binding    *binding = ((Pin *) arg)->binding;

	Assert(binding->pins > 0);
	binding->pins--;
	if (binding->pins == 0 && !binding->listed)
		MemoryContextDelete(binding->context);
}

static void
pin(Binding *binding)
{
	Pin		   *new_pin = palloc(sizeof(Pin));

	new_pin->binding = binding;
	new_pin->callback.func = unpin;
	new_pin->callback.arg = new_pin;
	binding->pins++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &new_pin->callback);
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
		before_function = trigger_function(BEFORE_FUNCTION);
	trigger = find_trigger(rel->trigdesc, before_function, key);
	if (trigger == NULL)
		refuse_damaged(rel);
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
	pin(binding);
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
		before_function = trigger_function(BEFORE_FUNCTION);
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
	caller = MemoryContextSwitchTo(binding->context);
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
	MemoryContextSetParent(book->context, binding->context);
	dlist_push_head(&binding->rulebooks, &book->node);
	if (++binding->nrulebooks > MAX_RULEBOOKS)
		forget_oldest_rulebook(binding);
	return book;
}
