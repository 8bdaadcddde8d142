/*-------------------------------------------------------------------------
 *
 * funnel_plain.c
 *		The search for a chain in the ordinary case, which it makes several times as
 *		fast as funnel_order.c.
 *
 * The ordinary case: steps in order, no limits but a window without months, and no two
 * visits in one instant.  Then a later entry always has the later deadline, so that
 * one waiting chain for each step is enough: the one that entered last.  It takes one
 * walk over the journey's words, which ends where the journey's labels can bring it no
 * further.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "funnel_search.h"

/*
 * Writes the times of the chain that enters at this step of the journey: it goes on to
 * the earliest visits.
 */
static void
walk_from(const FunnelPlan *plan, const JourneyView *view, const int32 *codes, uint32 i,
		  FunnelChain *chain)
{
	chain->times[0] = journey_at(view, i);
	for (int step = 1; step < chain->level; step++)
	{
		do
			i++;
		while (codes[journey_index(view, i)] != plan->code_of[step]);
		chain->times[step] = journey_at(view, i);
	}
}

/*
 * Fills the chain, whose level is 0 yet; false, with its level unchanged, if visits are
 * tied.
 */
bool
find_plain(FunnelPlan *plan, const JourneyView *view, const int32 *codes, FunnelChain *chain)
{
	/* Of the chains that wait, by the step that they wait for: where they entered, until when. */
	uint32		entries[FUNNEL_MAX_STEPS + 1];
	TimestampTz deadlines[FUNNEL_MAX_STEPS + 1];
	TimestampTz as_of = plan->spec.as_of;
	uint32		nsteps = view->nsteps;
	int			bound = codes[view->nlabels];
	int			level = 0;
	uint32		first = 0;		/* where the chain that came to level 1 first entered */
	uint32		from = 0;		/* where the one that came to this level first entered */
	TimestampTz last = NEVER;	/* the last visit */
	bool		entered = false;
	uint32		i;

	for (i = 0; level < bound && i < nsteps; i++)
	{
		uint64		word = journey_word(view, i);
		int32		code = codes[journey_word_index(word)];
		TimestampTz at = view->first + journey_word_time(word);
		uint64		steps;

		if (i % 1024 == 1023)
			CHECK_FOR_INTERRUPTS();
		if (code == CODE_FOREIGN)
			continue;
		if (at > as_of)
			break;
		if (at == last)
			return false;
		last = at;
		if (code == CODE_EXCLUDED)
		{
			for (int step = 1; step <= level; step++)
				deadlines[step] = NEVER;
			continue;
		}

		/* The later steps come first, so that a visit is not used for two. */
		for (steps = plan->steps_of[code]; steps != 0;)
		{
			int			step = pg_leftmost_one_pos64(steps);

			steps ^= bit(step);
			if (step == 0)
			{
				if (!entered)
					plan->first_entry = at;
				entered = true;
				entries[0] = i;
				deadlines[0] = entry_deadline(plan, at);
			}
			if (step > level || deadlines[step] < at)
				continue;
			deadlines[step + 1] = deadlines[step];
			entries[step + 1] = entries[step];
			if (step < level)
				continue;
			from = entries[step];
			if (level == 0)
				first = from;
			chain->times[level++] = at;
		}
	}
	if (level == 0)
		return true;
	/* The chain's end may be tied, too. */
	if (level == bound && i < nsteps && journey_at(view, i) == last)
		return false;
	chain->level = level;
	if (from != first)
		walk_from(plan, view, codes, from, chain);
	chain->entry = chain->times[0];
	return true;
}
