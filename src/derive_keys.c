/*-------------------------------------------------------------------------
 *
 * derive_keys.c
 *		Keys of the rows that are to be derived, each once.
 *
 * Who adds them is derive_note.c, what is done for them is derive.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "derive_keys.h"

/*
 * No keys yet, in CurrentMemoryContext.
 */
DeriveKeys *
derive_keys_begin(const Derivation *derivation)
{
	DeriveKeys *keys = palloc0(sizeof(DeriveKeys));

	keys->parent = derivation->parent;
	keys->name = derivation->name;
	keys->context = CurrentMemoryContext;
	keys->typbyval = derivation->typbyval;
	keys->typlen = derivation->typlen;
	keys->compare = palloc(sizeof(FmgrInfo));
	fmgr_info_copy(keys->compare, unconstify(FmgrInfo *, &derivation->compare), CurrentMemoryContext);
	keys->collation = derivation->collation;
	return keys;
}

static int
compare_keys(const void *a, const void *b, void *arg)
{
	const DeriveKeys *keys = arg;

	return DatumGetInt32(FunctionCall2Coll(keys->compare, keys->collation,
										   *(const Datum *) a, *(const Datum *) b));
}

/*
 * Sorts the keys, and leaves one of each.
 */
void
derive_keys_sort(DeriveKeys *keys)
{
	int			kept = 0;

	qsort_arg(keys->items, keys->count, sizeof(Datum), compare_keys, keys);
	for (int i = 0; i < keys->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (kept > 0 && compare_keys(&keys->items[kept - 1], &keys->items[i], keys) == 0)
		{
			if (!keys->typbyval)
				pfree(DatumGetPointer(keys->items[i]));
		}
		else
			keys->items[kept++] = keys->items[i];
	}
	keys->count = kept;
}

/*
 * Adds a copy of a key.
 */
void
derive_keys_add(DeriveKeys *keys, Datum key)
{
	MemoryContext caller;

	if (keys->count > 0 && compare_keys(&keys->items[keys->count - 1], &key, keys) == 0)
		return;
	caller = MemoryContextSwitchTo(keys->context);
	if (keys->count == keys->room)
	{
		/* Children of the same few rows need no more room. */
		derive_keys_sort(keys);
		if (keys->items == NULL || keys->count > keys->room / 2)
		{
			keys->room = Max(keys->room * 2, 64);
			keys->items = keys->items == NULL ? palloc(keys->room * sizeof(Datum)) :
				repalloc_huge(keys->items, (Size) keys->room * sizeof(Datum));
		}
	}
	keys->items[keys->count++] = datumCopy(key, keys->typbyval, keys->typlen);
	MemoryContextSwitchTo(caller);
}
