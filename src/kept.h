/*-------------------------------------------------------------------------
 *
 * kept.h
 *		What one backend keeps for the next time: it may be thrown out while it is in use,
 *		and then goes with the last one who uses it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_KEPT_H
#define CRM_KEPT_H

#include "postgres.h"

typedef struct Kept
{
	MemoryContext context;		/* of all of it, Kept as well */
	int			pins;			/* who uses it */
	bool		listed;			/* its keeper finds it */
} Kept;

/* Pins it until CurrentMemoryContext is reset or deleted. */
extern void kept_pin(Kept *kept);
extern void kept_drop(Kept *kept);

#endif							/* CRM_KEPT_H */
