/*-------------------------------------------------------------------------
 *
 * funnel_any.c
 *		The search for a chain that visits the funnel's stages in any order.
 *
 * A chain enters with its earliest visit.  The forward pass keeps the latest visits,
 * as many of each stage as the funnel names it, in order of their age: the window from
 * the j-th latest of them to now holds exactly j steps, and any earlier entry holds at
 * least as many.  So the level is the largest j that some entry can still reach.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "funnel_search.h"

typedef struct Recent
{
	TimestampTz at;
	TimestampTz deadline;		/* the best of all entries up to this visit, or NEVER */
	int			code;
} Recent;

typedef struct RecentVisits
{
	int			count;
	TimestampTz deadline;		/* the best of all entries so far, or NEVER */
	Recent		items[FUNNEL_MAX_STEPS + 1];	/* the oldest first */
} RecentVisits;

/* How often the funnel names a stage. */
static int
needed(const FunnelPlan *plan, int code)
{
	return pg_popcount64(plan->steps_of[code]);
}

static void
remember(const FunnelPlan *plan, RecentVisits *recent, int code, TimestampTz at)
{
	int			same = 0;
	int			oldest = 0;
	Recent	   *item;

	recent->deadline = Max(recent->deadline, entry_deadline(plan, at));
	for (int i = recent->count; i-- > 0;)
	{
		if (recent->items[i].code != code)
			continue;
		same++;
		oldest = i;
	}
	if (same == needed(plan, code))
	{
		recent->count--;
		memmove(recent->items + oldest, recent->items + oldest + 1,
				(recent->count - oldest) * sizeof(Recent));
	}
	item = &recent->items[recent->count++];
	item->at = at;
	item->code = code;
	item->deadline = recent->deadline;
}

/* How many of the latest visits lie in a window that is still open. */
static int
count_open(const RecentVisits *recent, TimestampTz at)
{
	int			level = 0;

	while (level < recent->count && recent->items[recent->count - 1 - level].deadline >= at)
		level++;
	return level;
}

/*
 * The first event of the latest entry that reaches the end; it is not later than the
 * oldest of the visits that the end needs.
 */
static uint32
find_entry(const FunnelPlan *plan, const ChainEnd *end, TimestampTz oldest)
{
	uint32		i = end->from;

	while (plan->at[i] > oldest || plan->code[i] < 0 ||
		   entry_deadline(plan, plan->at[i]) < end->at)
	{
		CHECK_FOR_INTERRUPTS();
		Assert(i > 0);
		i--;
	}
	while (i > 0 && plan->at[i - 1] == plan->at[i])
		i--;
	return i;
}

/* From the entry on, every visit that the funnel has a step left for. */
static void
collect(const FunnelPlan *plan, uint32 from, FunnelChain *chain)
{
	int			taken[FUNNEL_MAX_STEPS] = {0};
	int			step = 0;

	for (uint32 i = from; step < chain->level; i++)
	{
		int			code = plan->code[i];

		if (code < 0 || taken[code] == needed(plan, code))
			continue;
		taken[code]++;
		chain->times[step++] = plan->at[i];
	}
}

/*
 * Fills the chain, whose level is 0 yet.
 */
void
find_any_order(FunnelPlan *plan, FunnelChain *chain)
{
	RecentVisits recent = {0, NEVER};
	ChainEnd	end = {0};
	TimestampTz oldest = 0;
	EventGroup	group;

	for (uint32 from = 0; from < plan->nevents && end.level < plan->spec.nsteps; from = group.to)
	{
		int			level;

		CHECK_FOR_INTERRUPTS();
		group_open(plan, &group, from);
		group_close(plan, &group);
		if (group.excluded)
		{
			recent.count = 0;
			recent.deadline = NEVER;
		}
		for (uint32 i = group.from; i < group.to; i++)
			if (plan->code[i] >= 0)
				remember(plan, &recent, plan->code[i], group.at);
		level = count_open(&recent, group.at);
		if (level <= end.level)
			continue;
		end.level = level;
		end.from = group.to - 1;
		end.at = group.at;
		oldest = recent.items[recent.count - level].at;
	}
	if (end.level == 0)
		return;
	chain->level = end.level;
	collect(plan, find_entry(plan, &end, oldest), chain);
	chain->entry = chain->times[0];
}
