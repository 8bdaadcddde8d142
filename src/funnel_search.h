/*-------------------------------------------------------------------------
 *
 * funnel_search.h
 *		What the searches for a chain share: the plan, and one journey's events.
 *
 * Steps count from 0 here.  An event is a visit to a stage that matters to the funnel;
 * events of one instant are a group, and inside a group any order is allowed.
 *
 * For funnel*.c only; funnel.h is for everybody else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FUNNEL_SEARCH_H
#define CRM_FUNNEL_SEARCH_H

#include "port/pg_bitutils.h"

#include "funnel.h"
#include "instant.h"

/* Codes of stages: the funnel's own count from 0. */
#define CODE_FOREIGN (-1)
#define CODE_EXCLUDED (-2)

/* A deadline that is over, and one that never is. */
#define NEVER DT_NOBEGIN
#define FOREVER DT_NOEND

/* A span of time made ready to be added. */
typedef struct Bound
{
	bool		calendar;		/* has months: their length depends on the instant */
	int64		micros;			/* otherwise; PG_INT64_MAX: no bound */
	Interval	span;
} Bound;

/*
 * Chains that wait for their next step, in order of the instant until which they may
 * wait; a chain that may wait longer is kept only if its own deadline is earlier, so
 * deadlines fall from the head on and the best one is always at the head.
 */
typedef struct Waiting
{
	TimestampTz until;			/* the next step's limit */
	TimestampTz deadline;		/* the whole chain's */
} Waiting;

typedef struct WaitingQueue
{
	uint32		head;
	uint32		end;
	uint32		room;
	Waiting    *items;
} WaitingQueue;

/* Events from up to, not including, to. */
typedef struct EventGroup
{
	uint32		from;
	uint32		to;
	TimestampTz at;
	bool		excluded;
	bool		foreign;		/* or excluded: nothing of the funnel */
	uint64		codes;
} EventGroup;

struct FunnelPlan
{
	FunnelSpec	spec;
	LabelMap   *map;
	int			ncodes;
	JourneyLabel labels[FUNNEL_MAX_STEPS];	/* by code */
	uint64		steps_of[FUNNEL_MAX_STEPS]; /* by code: the steps that it stands at */
	int			code_of[FUNNEL_MAX_STEPS];	/* by step */
	Bound		within;
	Bound		limits[FUNNEL_MAX_STEPS];
	bool		aged;			/* young entrants are told from the others */
	Bound		age;
	bool		plain;			/* may be searched by funnel_plain.c, if nothing is tied */

	/* The journey at hand. */
	uint32		nevents;
	uint32		room;
	TimestampTz *at;
	int8	   *code;
	uint64	   *starts;			/* scratch of a search, one a event */
	uint64	   *exits;
	TimestampTz first_entry;	/* if the specification wants it */
	uint32		present[FUNNEL_MAX_STEPS];	/* by code: events in the open group */
	uint32		taken[FUNNEL_MAX_STEPS];	/* by code: of those, in the run at hand */
	WaitingQueue queues[FUNNEL_MAX_STEPS];	/* by the step that is waited for */
};

/* The best chain's end, as a forward pass finds it. */
typedef struct ChainEnd
{
	int			level;
	uint32		from;			/* its last group */
	TimestampTz at;
} ChainEnd;

static inline uint64
bit(int i)
{
	return UINT64CONST(1) << i;
}

static inline TimestampTz
bound_end(const Bound *bound, TimestampTz at)
{
	TimestampTz end;

	if (bound->calendar)
		return instant_add(at, &bound->span, &end) ? end : FOREVER;
	return __builtin_add_overflow(at, bound->micros, &end) ? FOREVER : end;
}

/*
 * Until when a chain that enters at this instant may last; NEVER if it may not enter.
 */
static inline TimestampTz
entry_deadline(const FunnelPlan *plan, TimestampTz at)
{
	if (at < plan->spec.entered_from || at >= plan->spec.entered_to ||
		(plan->spec.first_entry && at != plan->first_entry))
		return NEVER;
	return bound_end(&plan->within, at);
}

extern void group_open(FunnelPlan *plan, EventGroup *group, uint32 from);
extern void group_open_before(FunnelPlan *plan, EventGroup *group, uint32 to);
extern void group_close(FunnelPlan *plan, const EventGroup *group);

extern void queue_reset(FunnelPlan *plan);
extern void queue_push(WaitingQueue *queue, TimestampTz until, TimestampTz deadline);

/*
 * The latest deadline of the chains that may take their next step at this instant, or
 * NEVER.  Instants must not fall from call to call.
 */
static inline TimestampTz
queue_best(WaitingQueue *queue, TimestampTz at)
{
	while (queue->head < queue->end && queue->items[queue->head].until < at)
		queue->head++;
	if (queue->head == queue->end || queue->items[queue->head].deadline < at)
		return NEVER;
	return queue->items[queue->head].deadline;
}

static inline void
queue_clear(WaitingQueue *queue)
{
	queue->head = queue->end = 0;
}

extern bool find_plain(FunnelPlan *plan, const JourneyView *view, const int32 *codes,
					   FunnelChain *chain);
extern void find_in_order(FunnelPlan *plan, FunnelChain *chain);
extern void find_at_least(FunnelPlan *plan, FunnelChain *chain);
extern void find_any_order(FunnelPlan *plan, FunnelChain *chain);

#endif							/* CRM_FUNNEL_SEARCH_H */
