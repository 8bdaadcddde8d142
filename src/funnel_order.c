/*-------------------------------------------------------------------------
 *
 * funnel_order.c
 *		The search for a chain whose steps are visited in order; "adjacent" too.
 *
 * A forward pass finds the level and the earliest instant at which it is reached: for
 * every step it keeps the chains that wait for it, the better deadline before the
 * worse.  A backward pass from there finds the latest entry from which that end can be
 * reached, marking the visits that lead to it; a second forward pass picks, of the
 * marked ones, the earliest for each step.
 *
 * Inside a group, a chain takes a run of consecutive steps.  As any order is allowed
 * there, the group offers a run if it has as many visits to each stage as the run
 * needs.  An adjacent chain further wants the group's other visits out of the way:
 * before its entry and behind its last step everything may lie, and otherwise what
 * belongs to the step before the run, to the run, or to the step behind it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "funnel_search.h"

/* A run of steps inside a group, grown step by step. */
typedef struct Run
{
	int			first;
	int			last;			/* before the first growth, first - 1 */
	uint64		allowed;		/* codes of the step before it, its own, the step behind it */
} Run;

static void
run_begin(const FunnelPlan *plan, Run *run, int first)
{
	run->first = first;
	run->last = first - 1;
	run->allowed = bit(plan->code_of[first]);
	if (first > 0)
		run->allowed |= bit(plan->code_of[first - 1]);
}

/* Adds the next step, if the group has a visit left for it. */
static bool
run_grow(FunnelPlan *plan, Run *run)
{
	int			next = run->last + 1;
	int			code;

	if (next == plan->spec.nsteps)
		return false;
	code = plan->code_of[next];
	if (plan->taken[code] == plan->present[code])
		return false;
	plan->taken[code]++;
	run->last = next;
	if (next + 1 < plan->spec.nsteps)
		run->allowed |= bit(plan->code_of[next + 1]);
	return true;
}

static void
run_end(FunnelPlan *plan, const Run *run)
{
	for (int i = run->first; i <= run->last; i++)
		plan->taken[plan->code_of[i]] = 0;
}

/* May a chain that came before the group go on behind it? */
static bool
group_allows(const FunnelPlan *plan, const EventGroup *group, uint64 allowed)
{
	return plan->spec.ordering != FUNNEL_ADJACENT ||
		(!group->foreign && (group->codes & ~allowed) == 0);
}

static bool
run_goes_on(const FunnelPlan *plan, const EventGroup *group, const Run *run)
{
	return run->first == 0 || group_allows(plan, group, run->allowed);
}

/* Does a chain that waits for this step survive a group that it takes nothing from? */
static bool
waits_through(const FunnelPlan *plan, const EventGroup *group, int step)
{
	return group_allows(plan, group, bit(plan->code_of[step - 1]) | bit(plan->code_of[step]));
}

static TimestampTz
best_deadline(FunnelPlan *plan, int step, TimestampTz at)
{
	return step == 0 ? entry_deadline(plan, at) : queue_best(&plan->queues[step], at);
}

static void
reach(ChainEnd *end, int level, uint32 from, TimestampTz at)
{
	if (level <= end->level)
		return;
	end->level = level;
	end->from = from;
	end->at = at;
}

static void
wait_for_next(FunnelPlan *plan, int step, TimestampTz at, TimestampTz deadline)
{
	if (step + 1 < plan->spec.nsteps)
		queue_push(&plan->queues[step + 1], bound_end(&plan->limits[step + 1], at), deadline);
}

/*
 * One visit alone in its instant.  The later steps come first, so that it is not used
 * for two.
 */
static void
visit_single(FunnelPlan *plan, uint32 event, ChainEnd *end)
{
	TimestampTz at = plan->at[event];
	uint64		steps;

	if (plan->code[event] < 0)
	{
		queue_reset(plan);
		return;
	}
	for (steps = plan->steps_of[plan->code[event]]; steps != 0;)
	{
		int			step = pg_leftmost_one_pos64(steps);
		TimestampTz deadline = best_deadline(plan, step, at);

		steps &= ~bit(step);
		if (deadline == NEVER)
			continue;
		reach(end, step + 1, event, at);
		wait_for_next(plan, step, at, deadline);
	}
}

/*
 * All runs that a group offers to the chains that wait before it: the best deadline of
 * those that end with each step, and of those among them that may go on.
 */
static void
offer_runs(FunnelPlan *plan, const EventGroup *group, TimestampTz *ended, TimestampTz *going_on)
{
	for (int first = 0; first < plan->spec.nsteps; first++)
	{
		TimestampTz deadline;
		Run			run;

		if (!(group->codes & bit(plan->code_of[first])))
			continue;
		deadline = best_deadline(plan, first, group->at);
		if (deadline == NEVER)
			continue;
		run_begin(plan, &run, first);
		while (run_grow(plan, &run))
		{
			ended[run.last] = Max(ended[run.last], deadline);
			if (run_goes_on(plan, group, &run))
				going_on[run.last] = Max(going_on[run.last], deadline);
		}
		run_end(plan, &run);
	}
}

static void
visit_group(FunnelPlan *plan, const EventGroup *group, ChainEnd *end)
{
	TimestampTz ended[FUNNEL_MAX_STEPS];
	TimestampTz going_on[FUNNEL_MAX_STEPS];
	int			nsteps = plan->spec.nsteps;

	if (group->excluded)
		queue_reset(plan);
	for (int step = 0; step < nsteps; step++)
		ended[step] = going_on[step] = NEVER;
	offer_runs(plan, group, ended, going_on);
	for (int step = 1; step < nsteps; step++)
		if (!waits_through(plan, group, step))
			queue_clear(&plan->queues[step]);
	for (int step = 0; step < nsteps; step++)
	{
		if (ended[step] != NEVER)
			reach(end, step + 1, group->from, group->at);
		if (going_on[step] != NEVER)
			wait_for_next(plan, step, group->at, going_on[step]);
	}
}

static void
find_end(FunnelPlan *plan, ChainEnd *end)
{
	bool		grouped = plan->spec.ordering == FUNNEL_ADJACENT;

	end->level = 0;
	queue_reset(plan);
	for (uint32 i = 0; i < plan->nevents && end->level < plan->spec.nsteps;)
	{
		EventGroup	group;

		CHECK_FOR_INTERRUPTS();
		if (!grouped && (i + 1 == plan->nevents || plan->at[i] != plan->at[i + 1]))
		{
			visit_single(plan, i++, end);
			continue;
		}
		group_open(plan, &group, i);
		visit_group(plan, &group, end);
		group_close(plan, &group);
		i = group.to;
	}
}

/* Steps with which a chain may leave a group and still reach the end. */
static uint64
mark_exits(const FunnelPlan *plan, TimestampTz at, int level, const TimestampTz *nearest)
{
	uint64		exits = 0;

	for (int step = 0; step + 1 < level; step++)
		if (nearest[step + 1] != NEVER &&
			nearest[step + 1] <= bound_end(&plan->limits[step + 1], at))
			exits |= bit(step);
	return exits;
}

/* The last step of the longest run from first that reaches the end, or -1. */
static int
longest_run(FunnelPlan *plan, const EventGroup *group, int first, int level, uint64 exits)
{
	int			last = -1;
	Run			run;

	run_begin(plan, &run, first);
	while (run_grow(plan, &run))
		if ((exits & bit(run.last)) &&
			(run.last == level - 1 || run_goes_on(plan, group, &run)))
			last = run.last;
	run_end(plan, &run);
	return last;
}

/* Steps with which a chain may come into a group and still reach the end. */
static uint64
mark_starts(FunnelPlan *plan, const EventGroup *group, int level, uint64 exits)
{
	uint64		starts = 0;

	for (int step = 0; step < level; step++)
		if ((group->codes & bit(plan->code_of[step])) &&
			longest_run(plan, group, step, level, exits) >= 0)
			starts |= bit(step);
	return starts;
}

/*
 * The first event of the latest entry from which the end can be reached; fills starts
 * and exits of the groups from there on.
 */
static uint32
trace_back(FunnelPlan *plan, const ChainEnd *end)
{
	TimestampTz nearest[FUNNEL_MAX_STEPS];	/* by step: the next visit that leads to the end */
	EventGroup	group;
	uint64		exits = bit(end->level - 1);
	uint64		starts;

	for (int step = 0; step < end->level; step++)
		nearest[step] = NEVER;
	group_open(plan, &group, end->from);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		starts = mark_starts(plan, &group, end->level, exits);
		group_close(plan, &group);
		plan->starts[group.from] = starts;
		plan->exits[group.from] = exits;
		if ((starts & bit(0)) && end->at <= entry_deadline(plan, group.at))
			return group.from;
		for (int step = 1; step < end->level; step++)
		{
			if (starts & bit(step))
				nearest[step] = group.at;
			else if (!waits_through(plan, &group, step))
				nearest[step] = NEVER;
		}
		Assert(group.from > 0 && !group.excluded);
		group_open_before(plan, &group, group.from);
		exits = mark_exits(plan, group.at, end->level, nearest);
	}
}

/* From the entry on, each step as early as it still reaches the end. */
static void
trace_forward(FunnelPlan *plan, uint32 from, int level, FunnelChain *chain)
{
	int			step = 0;

	while (step < level)
	{
		EventGroup	group;

		CHECK_FOR_INTERRUPTS();
		group_open(plan, &group, from);
		if (plan->starts[from] & bit(step))
		{
			int			last = longest_run(plan, &group, step, level, plan->exits[from]);

			while (step <= last)
				chain->times[step++] = group.at;
		}
		group_close(plan, &group);
		from = group.to;
	}
}

/*
 * Fills the chain, whose level is 0 yet.
 */
void
find_in_order(FunnelPlan *plan, FunnelChain *chain)
{
	ChainEnd	end;

	find_end(plan, &end);
	if (end.level == 0)
		return;
	chain->level = end.level;
	trace_forward(plan, trace_back(plan, &end), end.level, chain);
	chain->entry = chain->times[0];
}
