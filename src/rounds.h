/*-------------------------------------------------------------------------
 *
 * rounds.h
 *		Journeys told in rounds, so that all of them together have no cycle.
 *
 * Stages have an order.  A step to a stage that does not come behind the one before
 * begins a new round, so along every step either the round grows, or it stays and the
 * stage comes later: what journeys do between stages of numbered rounds is free of
 * cycles, whatever they did.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ROUNDS_H
#define CRM_ROUNDS_H

#include "journey.h"

/*
 * Rounds from this one on are not told apart, nor are those before it where a journey
 * would get more labels than it can have.
 */
#define ROUNDS_LAST 10

typedef struct RoundPlan RoundPlan;

extern RoundPlan *rounds_plan(const JourneyLabel *stages, int nstages);
extern bool journey_in_rounds(JourneyBuilder *builder, RoundPlan *plan, const JourneyView *view,
							  PureError *error);

#endif							/* CRM_ROUNDS_H */
