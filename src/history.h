/*-------------------------------------------------------------------------
 *
 * history.h
 *		What lifecycles were drawn like, and scores defined, since when, and by whom.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_HISTORY_H
#define CRM_HISTORY_H

#include "postgres.h"

/* A history is a table of its own, with the schema of all the others. */
typedef struct History
{
	const char *table;
	const char *key;			/* the column that says what was changed */
	bool		says_how_to_run;	/* has columns for owner and search_path */
} History;

extern const History history_of_lifecycles;
extern const History history_of_scores;

/* A change: before is NULL where there was nothing, after where there is nothing any more. */
typedef struct HistoryEntry
{
	const char *name;
	const char *before;
	const char *after;
	const char *owner;			/* these two where the history says how to run it */
	const char *search_path;
} HistoryEntry;

extern void history_await_others(const History *history, const char *name);
extern uint64 history_change(const char *change, const char *sql, int nargs, Oid *types,
							 Datum *values, const char *nulls);
extern void history_record(const History *history, const HistoryEntry *entry);

#endif							/* CRM_HISTORY_H */
