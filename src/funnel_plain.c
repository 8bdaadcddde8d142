/*-------------------------------------------------------------------------
 *
 * funnel_plain.c
 *		The search for a chain in the ordinary case, which it makes several times as
 *		fast as funnel_order.c.
 *
 * The ordinary case: steps in order, no limits but a window without months, and no two
 * visits in one instant.  Then a later entry always has the later deadline, so that
 * one waiting chain for each step is enough; and whatever lies between an entry and an
 * end that it reaches leads there, so that the chain is found by walking back to the
 * latest visits and forth to the earliest ones.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "funnel_search.h"

/* Finds the level, and the event that is the first to reach it. */
static int
find_end(const FunnelPlan *plan, uint32 *last)
{
	TimestampTz deadlines[FUNNEL_MAX_STEPS + 1];	/* by the step that is waited for */
	int			nsteps = plan->spec.nsteps;
	int			level = 0;

	for (int step = 0; step <= nsteps; step++)
		deadlines[step] = NEVER;
	for (uint32 i = 0; i < plan->nevents && level < nsteps; i++)
	{
		TimestampTz at = plan->at[i];
		int			code = plan->code[i];
		uint64		steps;

		CHECK_FOR_INTERRUPTS();
		if (code < 0)
		{
			for (int step = 1; step <= level; step++)
				deadlines[step] = NEVER;
			continue;
		}

		/* The later steps come first, so that a visit is not used for two. */
		for (steps = plan->steps_of[code]; steps != 0;)
		{
			int			step = pg_leftmost_one_pos64(steps);

			steps &= ~bit(step);
			if (step == 0)
				deadlines[0] = entry_deadline(plan, at);
			if (deadlines[step] < at)
				continue;
			deadlines[step + 1] = Max(deadlines[step], deadlines[step + 1]);
			if (step == level)
			{
				level++;
				*last = i;
			}
		}
	}
	return level;
}

/* The latest entry from which the event is reached as the level's last. */
static uint32
find_entry(const FunnelPlan *plan, int level, uint32 last)
{
	TimestampTz end = plan->at[last];
	uint32		i = last;

	/* find_end saw that they are there. */
	for (int step = level - 2; step > 0; step--)
		do
			i--;
		while (plan->code[i] != plan->code_of[step]);
	if (level > 1)
		i--;
	while (plan->code[i] != plan->code_of[0] || entry_deadline(plan, plan->at[i]) < end)
		i--;
	Assert(i <= last);
	return i;
}

/*
 * Fills the chain, whose level is 0 yet.
 */
void
find_plain(const FunnelPlan *plan, FunnelChain *chain)
{
	uint32		i = 0;

	chain->level = find_end(plan, &i);
	if (chain->level == 0)
		return;
	i = find_entry(plan, chain->level, i);
	chain->entry = chain->times[0] = plan->at[i];
	for (int step = 1; step < chain->level; step++)
	{
		do
			i++;
		while (plan->code[i] != plan->code_of[step]);
		chain->times[step] = plan->at[i];
	}
}
