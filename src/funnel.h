/*-------------------------------------------------------------------------
 *
 * funnel.h
 *		How far one journey came in a funnel, and when.
 *
 * A plan is a specification made ready for many journeys.  What it finds in a journey
 * is the chain that semantics.md says: how many steps, and the instant of each.
 *
 * Counting chains over many journeys is funnel_sum's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FUNNEL_H
#define CRM_FUNNEL_H

#include "funnel_spec.h"
#include "label_map.h"

/* The instant of a step that "at least" skipped. */
#define FUNNEL_SKIPPED DT_NOBEGIN

typedef struct FunnelChain
{
	int			level;			/* 0: the journey never entered */
	TimestampTz entry;			/* of the chain's first visit */
	TimestampTz times[FUNNEL_MAX_STEPS];
} FunnelChain;

typedef struct FunnelPlan FunnelPlan;

extern FunnelPlan *funnel_plan(const FunnelSpec *spec);
extern void funnel_find(FunnelPlan *plan, const JourneyView *view, FunnelChain *chain);
extern bool funnel_is_eligible(const FunnelPlan *plan, const FunnelChain *chain);

#endif							/* CRM_FUNNEL_H */
