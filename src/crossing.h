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

#include "rulebook.h"

/*
 * What one statement knows of them, for one attachment.  An UPDATE that changes the
 * partition fires BEFORE UPDATE and BEFORE DELETE on the old one, BEFORE INSERT on the new
 * one, and at the end AFTER DELETE directly followed by AFTER INSERT.
 */
typedef struct Crossing
{
	Datum		leaving;		/* journey of the row whose BEFORE DELETE has fired; 0: none */
	Datum		departed[2];	/* old journey of the row whose AFTER DELETE has fired; 0: none */
} Crossing;

/* Who asks for the old journey of a row that has arrived. */
typedef enum CrossingUse
{
	CROSSING_ENTRY,
	CROSSING_LOG
} CrossingUse;

/*
 * A statement is told by the memory context of its execution, which all its triggers
 * share; an attachment, of those that a table may have, by its key.
 */
extern Crossing *crossing_find(MemoryContext query, const char *key);
extern Crossing *crossing_get(MemoryContext query, const char *key);
extern bool crossing_is_departure(TriggerData *trigdata);
extern void crossing_depart(MemoryContext query, const char *key, CrossingUse use, Datum journey);
extern bool crossing_arrive(MemoryContext query, const char *key, CrossingUse use, const Rulebook *book,
							Datum journey, Datum *old_journey);

#endif							/* CRM_CROSSING_H */
