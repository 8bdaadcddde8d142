/*-------------------------------------------------------------------------
 *
 * derive.c
 *		Stages that follow from those of other rows: an account's from its contacts'.
 *
 * A row trigger on either table notes the keys of the rows whose children have changed.
 * When the query ends, these rows are locked in the order of their keys, then their children
 * are asked with a snapshot taken after, so that of two sessions the later one sees what the
 * earlier one did; and then they are moved, by the shortest way that is drawn, a step at a
 * time.  Each step is an UPDATE like any other: it is judged, logged, and fires triggers.
 *
 * Rows are locked and moved as the owner of their table, children are read as the owner of
 * theirs, with the search_path of whoever made the derivation: who writes a child needs no
 * right on the account.
 *
 * What a derivation is, is derivation.c's to know; when a query ends, query_end.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "binding.h"
#include "compat.h"
#include "context.h"
#include "derivation.h"
#include "derive.h"
#include "face.h"
#include "journey_keep.h"
#include "query_end.h"

PG_FUNCTION_INFO_V1(derivation);
PG_FUNCTION_INFO_V1(derive_stage);
PG_FUNCTION_INFO_V1(derive_rows);
PG_FUNCTION_INFO_V1(greater_operator);

/* So many rows are locked and moved at a time. */
#define MAX_KEYS_AT_ONCE 10000

/* Keys of rows to look at. */
typedef struct Keys
{
	Datum	   *items;
	int			count;
	int			room;
} Keys;

/* What one query leaves to be derived. */
typedef struct Gathered
{
	Oid			parent;
	NameData	name;
	MemoryContext context;
	Keys		keys;
	bool		typbyval;
	int16		typlen;
	FmgrInfo   *compare;
	Oid			collation;
} Gathered;

/* What a trigger keeps while its statement lasts. */
typedef struct Watch
{
	uint64		changes;
	Derivation *derivation;
	bool		of_parent;
	AttrNumber	column;			/* key, or via */
	Binding    *binding;		/* of children */
	MemoryContext query;		/* that the trigger lives in */
	MemoryContext context;
} Watch;

/* The derivations that are moving rows, innermost first. */
typedef struct Moving
{
	struct Moving *outer;
	const Derivation *derivation;
} Moving;

static Moving *moving = NULL;

bool
derive_is_moving(const Binding *binding)
{
	return moving != NULL && moving->derivation->parent == binding->home &&
		strcmp(moving->derivation->parent_key, binding->key) == 0;
}

static int
compare_keys(const void *a, const void *b, void *arg)
{
	const Gathered *gathered = arg;

	return DatumGetInt32(FunctionCall2Coll(gathered->compare, gathered->collation,
										   *(const Datum *) a, *(const Datum *) b));
}

/* Sorts the keys, and leaves one of each. */
static void
sort_keys(Gathered *gathered)
{
	Keys	   *keys = &gathered->keys;
	int			kept = 0;

	qsort_arg(keys->items, keys->count, sizeof(Datum), compare_keys, gathered);
	for (int i = 0; i < keys->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (kept > 0 && compare_keys(&keys->items[kept - 1], &keys->items[i], gathered) == 0)
		{
			if (!gathered->typbyval)
				pfree(DatumGetPointer(keys->items[i]));
		}
		else
			keys->items[kept++] = keys->items[i];
	}
	keys->count = kept;
}

static void
add_key(Gathered *gathered, Datum key)
{
	Keys	   *keys = &gathered->keys;
	MemoryContext caller;

	if (keys->count > 0 && compare_keys(&keys->items[keys->count - 1], &key, gathered) == 0)
		return;
	caller = MemoryContextSwitchTo(gathered->context);
	if (keys->count == keys->room)
	{
		/* Children of the same few rows need no more room. */
		sort_keys(gathered);
		if (keys->items == NULL || keys->count > keys->room / 2)
		{
			keys->room = Max(keys->room * 2, 64);
			keys->items = keys->items == NULL ? palloc(keys->room * sizeof(Datum)) :
				repalloc_huge(keys->items, (Size) keys->room * sizeof(Datum));
		}
	}
	keys->items[keys->count++] = datumCopy(key, gathered->typbyval, gathered->typlen);
	MemoryContextSwitchTo(caller);
}

/* Does a statement as a table's owner, with the newest snapshot that the isolation level has. */
static void
execute_as(Oid owner, SPIPlanPtr plan, Datum *values, int expected)
{
	Oid			userid;
	int			sec_context;
	Snapshot	snapshot = InvalidSnapshot;
	Snapshot	crosscheck = InvalidSnapshot;

	/* As foreign keys do: what is newer than the transaction's snapshot is seen, and not overwritten. */
	if (IsolationUsesXactSnapshot())
	{
		CommandCounterIncrement();
		snapshot = GetLatestSnapshot();
		crosscheck = GetTransactionSnapshot();
	}
	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(owner, sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	if (SPI_execute_snapshot(plan, values, NULL, snapshot, crosscheck, false, true, 0) != expected)
		elog(ERROR, "could not derive a stage");
	SetUserIdAndSecContext(userid, sec_context);
}

/* Appends the walks' rows of one column. */
static Datum
walk_column(const Derivation *derivation, const bool *wanted, size_t column)
{
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	for (int i = 0; i < derivation->nstages; i++)
	{
		Datum	   *labels;
		int			n;

		if (!wanted[i])
			continue;
		deconstruct_array(*(ArrayType **) ((char *) &derivation->walks[i] + column), TEXTOID, -1, false,
						  TYPALIGN_INT, &labels, NULL, &n);
		for (int k = 0; k < n; k++)
			accumArrayResult(result, labels[k], false, TEXTOID, CurrentMemoryContext);
	}
	return makeArrayResult(result, CurrentMemoryContext);
}

/* Reads where the children want their rows: values become those of the plan that moves them. */
static void
read_answers(const Derivation *derivation, Datum *values)
{
	SPITupleTable *found = SPI_tuptable;
	ArrayBuildState *keys = initArrayResult(derivation->element, CurrentMemoryContext, false);
	ArrayBuildState *targets = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	bool	   *wanted = palloc0(derivation->nstages * sizeof(bool));

	for (uint64 i = 0; i < found->numvals; i++)
	{
		bool		isnull;
		Datum		key = SPI_getbinval(found->vals[i], found->tupdesc, 1, &isnull);
		int			stage = derivation_stage_of_rank(DatumGetInt32(SPI_getbinval(found->vals[i], found->tupdesc, 2, &isnull)));

		wanted[stage] = true;
		accumArrayResult(keys, key, false, derivation->element, CurrentMemoryContext);
		accumArrayResult(targets, CStringGetTextDatum(derivation->stages[stage]), false, TEXTOID, CurrentMemoryContext);
	}
	values[0] = makeArrayResult(keys, CurrentMemoryContext);
	values[1] = makeArrayResult(targets, CurrentMemoryContext);
	values[2] = walk_column(derivation, wanted, offsetof(Walk, sources));
	values[3] = walk_column(derivation, wanted, offsetof(Walk, targets));
	values[4] = walk_column(derivation, wanted, offsetof(Walk, nexts));
}

/* Moves the rows a step at a time, until none goes any further. */
static void
move_rows(const Derivation *derivation, Datum *values)
{
	Moving		here = {.outer = moving, .derivation = derivation};

	moving = &here;
	PG_TRY();
	{
		for (int i = 0; i < derivation->nstages; i++)
		{
			execute_as(derivation->parent_owner, derivation->move, values, SPI_OK_UPDATE);
			if (SPI_processed == 0)
				break;
		}
	}
	PG_FINALLY();
	{
		moving = here.outer;
	}
	PG_END_TRY();
}

static void
derive_keys(const Derivation *derivation, const Datum *keys, int count)
{
	Datum		asked[3];
	Datum		values[5];

	asked[0] = PointerGetDatum(construct_array(unconstify(Datum *, keys), count, derivation->element, derivation->typlen,
											   derivation->typbyval, derivation->typalign));
	asked[1] = PointerGetDatum(derivation->label_array);
	asked[2] = PointerGetDatum(derivation->rank_array);
	execute_as(derivation->parent_owner, derivation->lock, asked, SPI_OK_SELECT);
	SPI_freetuptable(SPI_tuptable);
	if (SPI_processed == 0)
		return;
	execute_as(derivation->children_owner, derivation->ask, asked, SPI_OK_SELECT);
	if (SPI_processed == 0)
		return;
	read_answers(derivation, values);
	SPI_freetuptable(SPI_tuptable);
	move_rows(derivation, values);
}

static void
set_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * What the session says of its own moves does not hold for those that follow, but for when
 * they happened, if it may say so.
 */
static int
begin_settings(const Derivation *derivation)
{
	int			level = NewGUCNestLevel();

	set_for_now("search_path", derivation->path);
	set_for_now("crm_lifecycle.import", "off");
	set_for_now("crm_lifecycle.undo", "off");
	if (!has_privs_of_role(GetSessionUserId(), derivation->parent_owner))
		set_for_now("crm_lifecycle.effective_at", "");
	return level;
}

/* What is said of an error while rows are derived. */
typedef struct Report
{
	const Derivation *derivation;
	bool		secret;			/* whoever wrote the child may not read the parents' table */
} Report;

/* Errors are raised as the owner of the rows, and told to somebody else. */
static void
add_context(void *arg)
{
	const Report *report = arg;

	if (report->secret)
		errdetail("Whoever may read table %s is told more.", report->derivation->parent_name);
	errcontext("deriving the stages of table %s from table %s", report->derivation->parent_name,
			   report->derivation->children_name);
}

/* In a context that goes after each lot of keys. */
static void
derive_sorted(Derivation *derivation, const Keys *keys)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle keys", ALLOCSET_DEFAULT_SIZES);
	int			level = begin_settings(derivation);

	SPI_connect();
	derivation_prepare(derivation);
	for (int i = 0; i < keys->count; i += MAX_KEYS_AT_ONCE)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		derive_keys(derivation, keys->items + i, Min(keys->count - i, MAX_KEYS_AT_ONCE));
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	SPI_finish();
	AtEOXact_GUC(false, level);
	MemoryContextDelete(context);
}

/* Derives the rows whose keys were gathered. */
static void
derive_gathered(void *argument)
{
	Gathered   *gathered = argument;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle deriving", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Derivation *derivation = derivation_get(gathered->parent, NameStr(gathered->name));
	Report		report = {.derivation = derivation};
	ErrorContextCallback callback = {.previous = error_context_stack, .callback = add_context, .arg = &report};

	report.secret = pg_class_aclcheck(derivation->parent, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(derivation->parent, InvalidOid, true) == RLS_ENABLED;
	error_context_stack = &callback;
	sort_keys(gathered);
	derive_sorted(derivation, &gathered->keys);
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static bool
is_gathered_for(const void *argument, const void *wanted)
{
	const Gathered *gathered = argument;
	const Derivation *derivation = wanted;

	return gathered->parent == derivation->parent && strcmp(NameStr(gathered->name), NameStr(derivation->name)) == 0;
}

static Gathered *
make_gathered(const Derivation *derivation)
{
	Gathered   *gathered = palloc0(sizeof(Gathered));

	gathered->parent = derivation->parent;
	gathered->name = derivation->name;
	gathered->context = CurrentMemoryContext;
	gathered->typbyval = derivation->typbyval;
	gathered->typlen = derivation->typlen;
	gathered->compare = palloc(sizeof(FmgrInfo));
	fmgr_info_copy(gathered->compare, unconstify(FmgrInfo *, &derivation->compare), CurrentMemoryContext);
	gathered->collation = derivation->collation;
	return gathered;
}

/* Has the row of this key derived when the query ends, or now where its end cannot be seen. */
static void
note_key(const Watch *watch, Datum key)
{
	MemoryContext query = query_end_memory(watch->query);
	MemoryContext caller = MemoryContextSwitchTo(query != NULL ? query : CurrentMemoryContext);
	Gathered   *gathered = NULL;

	if (query != NULL)
		gathered = query_end_find(derive_gathered, is_gathered_for, watch->derivation);
	if (gathered == NULL)
	{
		gathered = make_gathered(watch->derivation);
		if (query != NULL)
			query_end_do(derive_gathered, gathered);
	}
	MemoryContextSwitchTo(caller);
	add_key(gathered, key);
	if (query == NULL)
		derive_gathered(gathered);
}

static void
note_row(const Watch *watch, TupleTableSlot *row)
{
	bool		isnull;
	Datum		key = slot_getattr(row, watch->column, &isnull);

	if (!isnull)
		note_key(watch, key);
}

static bool
same_key(const Watch *watch, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	bool		old_isnull,
				new_isnull;
	Datum		old_key = slot_getattr(old_row, watch->column, &old_isnull);
	Datum		new_key = slot_getattr(new_row, watch->column, &new_isnull);

	if (old_isnull || new_isnull)
		return old_isnull == new_isnull;
	return datumIsEqual(old_key, new_key, watch->derivation->typbyval, watch->derivation->typlen);
}

/* What the stage of a child counts for now; -1: nothing. */
static int
rank_of_row(const Watch *watch, TupleTableSlot *row)
{
	bool		isnull;
	Datum		stage = slot_getattr(row, watch->binding->columns[STAGE_COLUMN], &isnull);
	JourneyLabel label;

	if (isnull)
		return -1;
	label = binding_label(watch->binding, stage);
	return derivation_rank(watch->derivation, label.text, label.len);
}

static bool
same_history(const Watch *watch, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	bool		old_isnull,
				new_isnull;
	Datum		old_journey = slot_getattr(old_row, watch->binding->columns[JOURNEY_COLUMN], &old_isnull);
	Datum		new_journey = slot_getattr(new_row, watch->binding->columns[JOURNEY_COLUMN], &new_isnull);

	return !old_isnull && !new_isnull && journey_same(old_journey, new_journey);
}

/* old_row or new_row is NULL where there is none. */
static void
note_child(const Watch *watch, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	bool		ever = watch->derivation->ever;

	if (old_row != NULL && new_row != NULL && same_key(watch, old_row, new_row) &&
		(ever ? same_history(watch, old_row, new_row) : rank_of_row(watch, old_row) == rank_of_row(watch, new_row)))
		return;
	if (old_row != NULL && (ever || rank_of_row(watch, old_row) >= 0 || new_row != NULL))
		note_row(watch, old_row);
	if (new_row != NULL && (ever || rank_of_row(watch, new_row) >= 0))
		note_row(watch, new_row);
}

/*
 * A row that is new, or has another key, may have children already; and one that a
 * condition held back may go on when it is written.
 */
static void
note_parent(const Watch *watch, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	bool		is_moving = moving != NULL && moving->derivation->parent == watch->derivation->parent &&
		strcmp(NameStr(moving->derivation->name), NameStr(watch->derivation->name)) == 0;

	if (old_row == NULL || !same_key(watch, old_row, new_row) || (watch->derivation->conditions && !is_moving))
		note_row(watch, new_row);
}

/* The table that a partition belongs to in the end. */
static Oid
root_of(Relation rel)
{
	return rel->rd_rel->relispartition ? llast_oid(get_partition_ancestors(RelationGetRelid(rel))) : RelationGetRelid(rel);
}

pg_noreturn static void
refuse_foreign_trigger(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function \"derive_stage\" can only be called as a trigger that lifecycle.derive() made")));
}

static Watch *
make_watch(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	MemoryContext context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "crm_lifecycle watch", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Trigger    *trigger = trigdata->tg_trigger;
	Watch	   *watch = palloc0(sizeof(Watch));

	watch->context = context;
	watch->query = fcinfo->flinfo->fn_mcxt;
	watch->of_parent = derivation_is_side(trigger, "parent");
	if (!OidIsValid(trigger->tgconstrrelid))
		refuse_foreign_trigger();
	watch->derivation = derivation_get(watch->of_parent ? root_of(trigdata->tg_relation) : trigger->tgconstrrelid,
									   trigger->tgargs[DERIVATION_NAME]);
	watch->changes = watch->derivation->changes;
	watch->column = derivation_column(watch->derivation, trigdata->tg_relation, watch->of_parent);
	if (!watch->of_parent)
		watch->binding = binding_get(trigdata->tg_relation, watch->derivation->child_key);
	MemoryContextSwitchTo(caller);
	return watch;
}

static Watch *
get_watch(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	Watch	   *watch = fcinfo->flinfo->fn_extra;

	if (watch != NULL && watch->changes == binding_changes())
		return watch;
	fcinfo->flinfo->fn_extra = NULL;
	if (watch != NULL)
		MemoryContextDelete(watch->context);
	watch = make_watch(fcinfo, trigdata);
	fcinfo->flinfo->fn_extra = watch;
	return watch;
}

/*
 * derivation() is the trigger that names a column and never fires.
 */
Datum
derivation(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"derivation\" can only be called as a trigger that lifecycle.derive() made")));
	return PointerGetDatum(NULL);
}

/*
 * derive_stage() is the AFTER ROW trigger on both tables.
 */
Datum
derive_stage(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Watch	   *watch;
	TupleTableSlot *old_row,
			   *new_row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event) || trigdata->tg_trigger->tgnargs != DERIVATION_SIDE + 1)
		refuse_foreign_trigger();
	if (context_restoring(trigdata->tg_relation))
		return PointerGetDatum(NULL);
	watch = get_watch(fcinfo, trigdata);
	old_row = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ? NULL : trigdata->tg_trigslot;
	new_row = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ? trigdata->tg_trigslot :
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ? trigdata->tg_newslot : NULL;
	if (watch->of_parent && new_row != NULL)
		note_parent(watch, old_row, new_row);
	else if (!watch->of_parent)
		note_child(watch, old_row, new_row);
	return PointerGetDatum(NULL);
}

/*
 * greater_operator(type) is how a query writes that one value of a type comes after another.
 */
Datum
greater_operator(PG_FUNCTION_ARGS)
{
	Oid			type = PG_GETARG_OID(0);

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type with OID %u does not exist", type)));
	PG_RETURN_TEXT_P(cstring_to_text(greater_than_of(getBaseType(type))));
}

/*
 * derive_rows(rel, name, keys) derives rows now, for the owner of their table.
 */
Datum
derive_rows(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ArrayType  *keys = PG_GETARG_ARRAYTYPE_P(2);
	Derivation *derived;
	Gathered   *gathered;
	Datum	   *items;
	bool	   *nulls;
	int			count;

	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (!relation_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(get_rel_relkind(relid)), get_rel_name(relid));
	derived = derivation_get(relid, name);
	if (getBaseType(ARR_ELEMTYPE(keys)) != derived->element)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the keys are of type %s, not %s", format_type_be(ARR_ELEMTYPE(keys)),
						format_type_be(derived->element))));
	deconstruct_array(keys, derived->element, derived->typlen, derived->typbyval, derived->typalign,
					  &items, &nulls, &count);
	gathered = make_gathered(derived);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			add_key(gathered, items[i]);
	derive_gathered(gathered);
	PG_RETURN_VOID();
}
