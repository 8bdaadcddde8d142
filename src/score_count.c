/*-------------------------------------------------------------------------
 *
 * score_count.c
 *		What a score makes of facts: counting events, adding up, clamping, bands.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "score.h"

static bool
out_of_range(PureError *error)
{
	return pure_fail(error, PURE_LIMIT, "a score is out of range");
}

/* Between the ends of all time there is more than an int64 holds. */
static uint64
time_between(TimestampTz from, TimestampTz to)
{
	return (uint64) to - (uint64) from;
}

/*
 * Counts the events of a rule: all there were until as_of, in order of time.  An event
 * counts unless as many as the cap allows counted already within the window that ends
 * with it, so that later events never change what counted before.
 */
bool
score_count_events(const ScoreModel *model, const ScoreRule *rule, const TimestampTz *at,
				   int64 nevents, TimestampTz as_of, ScoreTally *tally, PureError *error)
{
	int64		half_life = model->groups[rule->group].half_life;
	TimestampTz *counted = palloc(Max(nevents, 1) * sizeof(TimestampTz));
	int64		ncounted = 0;
	double		weight = 0;

	for (int64 i = 0; i < nevents; i++)
	{
		if (rule->cap > 0 && ncounted >= rule->cap &&
			(rule->window == 0 || time_between(counted[ncounted - rule->cap], at[i]) < (uint64) rule->window))
			continue;
		counted[ncounted++] = at[i];
		if (half_life > 0)
			weight += exp2(-(double) time_between(at[i], as_of) / (double) half_life);
	}
	pfree(counted);
	if (__builtin_mul_overflow(rule->points, nevents, &tally->points))
		return out_of_range(error);
	tally->capped = rule->points * ncounted;
	tally->decayed = half_life > 0 ? (int64) rint(rule->points * weight) : tally->capped;
	return true;
}

/*
 * The sum of the rules of a group, before it is clamped.
 */
bool
score_sum_group(const ScoreModel *model, int group, const ScoreTally *tallies, int64 *sum,
				PureError *error)
{
	*sum = 0;
	for (int i = 0; i < model->nrules; i++)
		if (model->rules[i].group == group &&
			__builtin_add_overflow(*sum, tallies[i].decayed, sum))
			return out_of_range(error);
	return true;
}

int64
score_clamp(int64 score, const ScoreRange *range)
{
	return Min(Max(score, range->min), range->max);
}
