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

/* The work is done, or the query fails: nothing is left behind in between. */
extern void query_end_do(QueryEndAction action, void *argument);
extern void query_end_forget(void *argument);
extern void query_end_init(void);

#endif							/* CRM_QUERY_END_H */
