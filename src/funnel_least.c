/*-------------------------------------------------------------------------
 *
 * funnel_least.c
 *		The search for a chain that may skip steps: "at least".
 *
 * A visit to a step counts as having passed the earlier ones, so a chain may enter
 * anywhere and its level is the number of its last step.  Of the chains that reach the
 * level earliest, the one that visits most steps is reported, of those the one that
 * enters latest, and then, from left to right, each step as early as possible.
 *
 * No stage is repeated here, so the code of a step's stage is the step.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "funnel_search.h"

/*
 * For one step, the visits from which the end can be reached, the nearest last.  A
 * farther one is kept only if it leads to more steps, so there are never more of them
 * than steps.
 */
typedef struct Onward
{
	int			count;
	TimestampTz at[FUNNEL_MAX_STEPS];
	int			visited[FUNNEL_MAX_STEPS];
} Onward;

/* Where the reported chain enters. */
typedef struct Entry
{
	uint32		event;
	int			step;
	int			visited;		/* steps of the chain; 0: none found yet */
} Entry;

static void
visit(FunnelPlan *plan, const EventGroup *group, int step, ChainEnd *end)
{
	TimestampTz deadline = Max(entry_deadline(plan, group->at),
							   queue_best(&plan->queues[step], group->at));

	if (deadline == NEVER)
		return;
	if (step >= end->level)
	{
		end->level = step + 1;
		end->from = group->from;
		end->at = group->at;
	}
	for (int next = step + 1; next < plan->spec.nsteps; next++)
		queue_push(&plan->queues[next], bound_end(&plan->limits[next], group->at), deadline);
}

static void
find_end(FunnelPlan *plan, ChainEnd *end)
{
	EventGroup	group;

	end->level = 0;
	queue_reset(plan);
	for (uint32 from = 0; from < plan->nevents && end->level < plan->spec.nsteps; from = group.to)
	{
		CHECK_FOR_INTERRUPTS();
		group_open(plan, &group, from);
		group_close(plan, &group);
		if (group.excluded)
			queue_reset(plan);
		for (int step = 0; step < plan->spec.nsteps; step++)
			if (group.codes & bit(step))
				visit(plan, &group, step, end);
	}
}

static void
onward_add(Onward *onward, TimestampTz at, int visited)
{
	while (onward->count > 0 && onward->visited[onward->count - 1] <= visited)
		onward->count--;
	onward->at[onward->count] = at;
	onward->visited[onward->count] = visited;
	onward->count++;
}

/* The most steps that can be visited by going on at this step until that instant. */
static int
onward_best(const Onward *onward, TimestampTz until)
{
	for (int i = 0; i < onward->count; i++)
		if (onward->at[i] <= until)
			return onward->visited[i];
	return 0;
}

/* The most steps that a chain from this step and instant to the end can visit. */
static int
count_visited(const FunnelPlan *plan, const Onward *onward, int step, TimestampTz at,
			  const ChainEnd *end)
{
	int			best = 0;

	if (step == end->level - 1)
		return at == end->at ? 1 : 0;
	for (int next = step + 1; next < end->level; next++)
		best = Max(best, onward_best(&onward[next], bound_end(&plan->limits[next], at)));
	return best == 0 ? 0 : best + 1;
}

/*
 * Marks every visit of a group, in plan->starts, with the number of steps on the way
 * from it to the end.
 */
static void
mark_group(FunnelPlan *plan, const EventGroup *group, Onward *onward, const ChainEnd *end,
		   Entry *entry)
{
	int			visited[FUNNEL_MAX_STEPS] = {0};
	bool		may_enter = end->at <= entry_deadline(plan, group->at);

	for (int step = end->level - 1; step >= 0; step--)
	{
		if (!(group->codes & bit(step)))
			continue;
		visited[step] = count_visited(plan, onward, step, group->at, end);
		if (visited[step] == 0)
			continue;
		onward_add(&onward[step], group->at, visited[step]);
		if (may_enter && visited[step] > entry->visited)
		{
			entry->event = group->from;
			entry->step = step;
			entry->visited = visited[step];
		}
	}
	for (uint32 i = group->from; i < group->to; i++)
		plan->starts[i] = plan->code[i] >= 0 ? visited[plan->code[i]] : 0;
}

static void
trace_back(FunnelPlan *plan, const ChainEnd *end, Entry *entry)
{
	Onward	   *onward = palloc(end->level * sizeof(Onward));
	EventGroup	group;

	for (int step = 0; step < end->level; step++)
		onward[step].count = 0;
	entry->visited = 0;
	group_open(plan, &group, end->from);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		group_close(plan, &group);
		mark_group(plan, &group, onward, end, entry);
		if (entry->visited == end->level || group.excluded || group.from == 0)
			break;
		group_open_before(plan, &group, group.from);
	}
	pfree(onward);
}

/* The first visit to a step, from this event on, with so many steps on the way; or -1. */
static int64
find_visit(const FunnelPlan *plan, uint32 from, int step, uint64 visited, TimestampTz until)
{
	for (uint32 i = from; i < plan->nevents && plan->at[i] <= until; i++)
		if (plan->code[i] == step && plan->starts[i] == visited)
			return i;
	return -1;
}

static void
trace_forward(FunnelPlan *plan, const Entry *entry, const ChainEnd *end, FunnelChain *chain)
{
	TimestampTz at = plan->at[entry->event];
	uint32		from = entry->event;
	int			visited = entry->visited;

	for (int step = 0; step < end->level; step++)
		chain->times[step] = FUNNEL_SKIPPED;
	chain->times[entry->step] = at;
	for (int step = entry->step + 1; step < end->level; step++)
	{
		TimestampTz until = Min(bound_end(&plan->limits[step], at), end->at);
		int64		event = find_visit(plan, from, step, visited - 1, until);

		CHECK_FOR_INTERRUPTS();
		if (event < 0)
			continue;
		chain->times[step] = at = plan->at[event];
		while (from < event && plan->at[from] < at)
			from++;
		visited--;
	}
}

/*
 * Fills the chain, whose level is 0 yet.
 */
void
find_at_least(FunnelPlan *plan, FunnelChain *chain)
{
	ChainEnd	end;
	Entry		entry;

	find_end(plan, &end);
	if (end.level == 0)
		return;
	trace_back(plan, &end, &entry);
	chain->level = end.level;
	chain->entry = plan->at[entry.event];
	trace_forward(plan, &entry, &end, chain);
}
