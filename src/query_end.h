/*-------------------------------------------------------------------------
 *
 * query_end.h
 *		What is left to do when a query's AFTER triggers have fired.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_QUERY_END_H
#define CRM_QUERY_END_H

#include "postgres.h"

#include "utils/rel.h"

typedef void (*QueryEndAction) (void *argument);

/*
 * Whether the trigger that lives in this memory context is fired at the end of a query that
 * writes into this relation and into no other.  Only such a trigger may leave work behind.
 */
extern bool query_end_expected(MemoryContext query, Relation rel);

/*
 * The memory that lasts until the end of the query, or the COPY, that fires the trigger living
 * in this memory context; NULL where its end cannot be seen.  Work may be left behind by any
 * trigger that has got it, whatever else the query writes, and found again.
 */
extern MemoryContext query_end_memory(MemoryContext query);
extern void *query_end_find(QueryEndAction action, bool (*is_it) (const void *argument, const void *wanted),
							const void *wanted);

/* The work is done, or the query fails: nothing is left behind in between. */
extern void query_end_do(QueryEndAction action, void *argument);
extern void query_end_forget(void *argument);
extern void query_end_init(void);

#endif							/* CRM_QUERY_END_H */
