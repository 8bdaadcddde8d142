/*-------------------------------------------------------------------------
 *
 * actor.h
 *		Who statements run as, and with which settings, for a while.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ACTOR_H
#define CRM_ACTOR_H

#include "postgres.h"

typedef struct Actor
{
	Oid			userid;
	int			sec_context;
} Actor;

/* An error ends both by itself: the transaction restores who was acting. */
extern void act_as(Oid owner, Actor *before);
extern void act_again(const Actor *before);

extern void set_for_now(const char *name, const char *value);

#endif							/* CRM_ACTOR_H */
