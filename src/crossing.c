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
#include "utils/memutils.h"

#include "crossing.h"

typedef struct Entry
{
	Crossing	crossing;
	dlist_node	node;
	MemoryContext query;
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
crossing_find(MemoryContext query)
{
	dlist_iter	iter;

	dlist_foreach(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		if (entry->query == query)
			return &entry->crossing;
	}
	return NULL;
}

/*
 * The same, begun where there is nothing yet.  It is forgotten with the statement.
 */
Crossing *
crossing_get(MemoryContext query)
{
	Crossing   *found = crossing_find(query);
	Entry	   *entry;

	if (found != NULL)
		return found;
	entry = MemoryContextAllocZero(query, sizeof(Entry));
	entry->query = query;
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
