/*-------------------------------------------------------------------------
 *
 * derive.c
 *		Stages that follow from those of other rows: an account's from its contacts'.
 *
 * A row trigger on either table notes the keys of the rows whose children have changed
 * (derive_note.c).  When the query ends, these rows are locked in the order of their keys,
 * then their children are asked with a snapshot taken after, so that of two sessions the
 * later one sees what the earlier one did; and then they are moved, by the shortest way that
 * is drawn, a step at a time.  Each step is an UPDATE like any other: it is judged, logged,
 * and fires triggers.
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
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "actor.h"
#include "binding.h"
#include "derive.h"
#include "derive_keys.h"
#include "ownership.h"
#include "sql_text.h"

PG_FUNCTION_INFO_V1(derive_rows);
PG_FUNCTION_INFO_V1(greater_operator);

/* So many rows are locked and moved at a time. */
#define MAX_KEYS_AT_ONCE 10000

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

/*
 * Whether it is this derivation that moves rows right now.
 */
bool
derive_moves(const Derivation *derivation)
{
	return moving != NULL && moving->derivation->parent == derivation->parent &&
		strcmp(NameStr(moving->derivation->name), NameStr(derivation->name)) == 0;
}

/* Does a statement as a table's owner, with the newest snapshot that the isolation level has. */
static void
execute_as(Oid owner, SPIPlanPtr plan, Datum *values, int expected)
{
	Actor		before;
	Snapshot	snapshot = InvalidSnapshot;
	Snapshot	crosscheck = InvalidSnapshot;

	/* As foreign keys do: what is newer than the transaction's snapshot is seen, and not overwritten. */
	if (IsolationUsesXactSnapshot())
	{
		CommandCounterIncrement();
		snapshot = GetLatestSnapshot();
		crosscheck = GetTransactionSnapshot();
	}
	act_as(owner, &before);
	if (SPI_execute_snapshot(plan, values, NULL, snapshot, crosscheck, false, true, 0) != expected)
		elog(ERROR, "could not derive a stage");
	act_again(&before);
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
derive_sorted(Derivation *derivation, const DeriveKeys *keys)
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

/*
 * Derives the rows whose keys were noted.
 */
void
derive_noted(void *argument)
{
	DeriveKeys *keys = argument;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle deriving", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Derivation *derivation = derivation_get(keys->parent, NameStr(keys->name));
	Report		report = {.derivation = derivation};
	ErrorContextCallback callback = {.previous = error_context_stack, .callback = add_context, .arg = &report};

	report.secret = pg_class_aclcheck(derivation->parent, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(derivation->parent, InvalidOid, true) == RLS_ENABLED;
	error_context_stack = &callback;
	derive_keys_sort(keys);
	derive_sorted(derivation, keys);
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
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
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);
	Derivation *derived;
	DeriveKeys *keys;
	Datum	   *items;
	bool	   *nulls;
	int			count;

	check_table_owner(relid);
	derived = derivation_get(relid, name);
	if (getBaseType(ARR_ELEMTYPE(array)) != derived->element)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the keys are of type %s, not %s", format_type_be(ARR_ELEMTYPE(array)),
						format_type_be(derived->element))));
	deconstruct_array(array, derived->element, derived->typlen, derived->typbyval, derived->typalign,
					  &items, &nulls, &count);
	keys = derive_keys_begin(derived);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			derive_keys_add(keys, items[i]);
	derive_noted(keys);
	PG_RETURN_VOID();
}
