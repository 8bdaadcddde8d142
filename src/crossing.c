/*-------------------------------------------------------------------------
 *
 * crossing.c
 *		Rows on their way from one partition to another.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "lib/ilist.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "crossing.h"
#include "journey_io.h"
#include "renew.h"

typedef struct Entry
{
	Crossing	crossing;
	dlist_node	node;
	MemoryContext query;
	char	   *key;
	MemoryContextCallback callback;
} Entry;

/* As many as there are statements within statements; one, as a rule, or none. */
static dlist_head entries = DLIST_STATIC_INIT(entries);

static void
forget(void *arg)
{
	dlist_delete(&((Entry *) arg)->node);
}

/*
 * What is known in this statement; NULL for nothing.
 */
Crossing *
crossing_find(MemoryContext query, const char *key)
{
	dlist_iter	iter;

	dlist_foreach(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		if (entry->query == query && strcmp(entry->key, key) == 0)
			return &entry->crossing;
	}
	return NULL;
}

/*
 * The same, begun where there is nothing yet.  It is forgotten with the statement.
 */
Crossing *
crossing_get(MemoryContext query, const char *key)
{
	Crossing   *found = crossing_find(query, key);
	Entry	   *entry;

	if (found != NULL)
		return found;
	entry = MemoryContextAllocZero(query, sizeof(Entry));
	entry->query = query;
	entry->key = MemoryContextStrdup(query, key);
	entry->callback.func = forget;
	entry->callback.arg = entry;
	dlist_push_head(&entries, &entry->node);
	MemoryContextRegisterResetCallback(query, &entry->callback);
	return &entry->crossing;
}

/*
 * Whether an AFTER trigger has fired for the delete half of a change of partition: the
 * tuple that was deleted bears the mark.
 */
bool
crossing_is_departure(TriggerData *trigdata)
{
	return TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
		HeapTupleHeaderIndicatesMovedPartitions(trigdata->tg_trigtuple->t_data);
}

/*
 * Keeps the journey of a row whose delete half has fired, for its insert half.
 */
void
crossing_depart(MemoryContext query, const char *key, CrossingUse use, Datum journey)
{
	Crossing   *crossing = crossing_get(query, key);
	MemoryContext caller = MemoryContextSwitchTo(query);

	crossing->departed[use] = datumCopy(journey, false, -1);
	MemoryContextSwitchTo(caller);
}

/* Whether one of the two is the other and some steps more: moves add them, undoing takes one back. */
static bool
same_row(Datum journey, Datum old_journey)
{
	JourneyView view,
				old;

	journey_open_datum(journey, &view);
	journey_open_datum(old_journey, &old);
	return journey_continues(&view, &old) || journey_continues(&old, &view);
}

/*
 * Whether a row with this journey is the insert half of the row that departed last, and
 * the journey which that one had, with the labels that the rules have now; book may be
 * NULL.  Another trigger may have swallowed the insert half, and then the next row to be
 * inserted is a new one.
 */
bool
crossing_arrive(MemoryContext query, const char *key, CrossingUse use, const Rulebook *book, Datum journey,
				Datum *old_journey)
{
	Crossing   *crossing = crossing_find(query, key);

	if (crossing == NULL || crossing->departed[use] == (Datum) 0)
		return false;
	*old_journey = crossing->departed[use];
	if (book != NULL)
		*old_journey = renew_journey(book->rules->machine, *old_journey);
	crossing->departed[use] = (Datum) 0;
	return same_row(journey, *old_journey);
}
