/*-------------------------------------------------------------------------
 *
 * derive_note.c
 *		The triggers of a derivation, which note the keys of the rows whose children have
 *		changed.
 *
 * Nothing is derived here: that is derive.c's, when the query ends.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "binding.h"
#include "compat.h"
#include "context.h"
#include "derive_keys.h"
#include "journey_keep.h"
#include "query_end.h"

PG_FUNCTION_INFO_V1(derivation);
PG_FUNCTION_INFO_V1(derive_stage);

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

static bool
is_noted_for(const void *argument, const void *wanted)
{
	const DeriveKeys *keys = argument;
	const Derivation *derivation = wanted;

	return keys->parent == derivation->parent && strcmp(NameStr(keys->name), NameStr(derivation->name)) == 0;
}

/* Has the row of this key derived when the query ends, or now where its end cannot be seen. */
static void
note_key(const Watch *watch, Datum key)
{
	MemoryContext query = query_end_memory(watch->query);
	MemoryContext caller = MemoryContextSwitchTo(query != NULL ? query : CurrentMemoryContext);
	DeriveKeys *keys = NULL;

	if (query != NULL)
		keys = query_end_find(derive_noted, is_noted_for, watch->derivation);
	if (keys == NULL)
	{
		keys = derive_keys_begin(watch->derivation);
		if (query != NULL)
			query_end_do(derive_noted, keys);
	}
	MemoryContextSwitchTo(caller);
	derive_keys_add(keys, key);
	if (query == NULL)
		derive_noted(keys);
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
	if (old_row == NULL || !same_key(watch, old_row, new_row) ||
		(watch->derivation->conditions && !derive_moves(watch->derivation)))
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
