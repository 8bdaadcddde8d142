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

/* The chains that wait, one for each step, as far as the journey's words have been walked. */
typedef struct PlainWalk
{
	/* By the step that they wait for: where they entered, until when. */
	uint32		entries[FUNNEL_MAX_STEPS + 1];
	TimestampTz deadlines[FUNNEL_MAX_STEPS + 1];
	int			level;
	uint32		first;			/* where the chain that came to level 1 first entered */
	uint32		from;			/* where the one that came to this level first entered */
	bool		entered;
} PlainWalk;

/* A visit at a step of the funnel: the chain that waits for it goes on. */
static pg_attribute_always_inline void
visit(PlainWalk *walk, FunnelPlan *plan, FunnelChain *chain, int step, uint32 i, TimestampTz at)
{
	if (step == 0)
	{
		if (!walk->entered)
			plan->first_entry = at;
		walk->entered = true;
		walk->entries[0] = i;
		walk->deadlines[0] = entry_deadline(plan, at);
	}
	if (step > walk->level || walk->deadlines[step] < at)
		return;
	walk->deadlines[step + 1] = walk->deadlines[step];
	walk->entries[step + 1] = walk->entries[step];
	if (step < walk->level)
		return;
	walk->from = walk->entries[step];
	if (walk->level == 0)
		walk->first = walk->from;
	chain->times[walk->level++] = at;
}

/*
 * Fills the chain, whose level is 0 yet; false, with its level unchanged, if visits are
 * tied.
 */
bool
find_plain(FunnelPlan *plan, const JourneyView *view, const int32 *codes, FunnelChain *chain)
{
	PlainWalk	walk;
	TimestampTz as_of = plan->spec.as_of;
	uint32		nsteps = view->nsteps;
	int			bound = codes[view->nlabels];
	TimestampTz last = NEVER;	/* the last visit */
	uint32		i;

	walk.level = 0;
	walk.first = walk.from = 0;
	walk.entered = false;
	for (i = 0; walk.level < bound && i < nsteps; i++)
	{
		uint64		word = journey_word(view, i);
		int32		code = codes[journey_word_index(word)];
		TimestampTz at = view->first + journey_word_time(word);

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
			for (int step = 1; step <= walk.level; step++)
				walk.deadlines[step] = NEVER;
			continue;
		}

		/* The later steps come first, so that a visit is not used for two. */
		for (uint64 steps = plan->steps_of[code]; steps != 0;)
		{
			int			step = pg_leftmost_one_pos64(steps);

			steps ^= bit(step);
			visit(&walk, plan, chain, step, i, at);
		}
	}
	if (walk.level == 0)
		return true;
	/* The chain's end may be tied, too. */
	if (walk.level == bound && i < nsteps && journey_at(view, i) == last)
		return false;
	chain->level = walk.level;
	if (walk.from != walk.first)
		walk_from(plan, view, codes, walk.from, chain);
	chain->entry = chain->times[0];
	return true;
}
