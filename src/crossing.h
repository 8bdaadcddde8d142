/*-------------------------------------------------------------------------
 *
 * crossing.h
 *		Rows on their way from one partition to another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CROSSING_H
#define CRM_CROSSING_H

#include "postgres.h"

#include "commands/trigger.h"

/*
 * What one statement knows of them.  An UPDATE that changes the partition fires BEFORE
 * UPDATE and BEFORE DELETE on the old one, BEFORE INSERT on the new one, and at the end
 * AFTER DELETE directly followed by AFTER INSERT.
 */
typedef struct Crossing
{
	Datum		leaving;		/* journey of the row whose BEFORE DELETE has fired; 0: none */
	bool		arriving;		/* the next AFTER INSERT is an insert half */
	Datum		left;			/* for the log: the journey that this row had before; 0: none */
} Crossing;

/* A statement is told by the memory context of its execution, which all its triggers share. */
extern Crossing *crossing_find(MemoryContext query);
extern Crossing *crossing_get(MemoryContext query);
extern bool crossing_is_departure(TriggerData *trigdata);

#endif							/* CRM_CROSSING_H */
