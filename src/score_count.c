/*-------------------------------------------------------------------------
 *
 * score_count.c
 *		What a score makes of events: collecting their instants, and counting them.
 *
 * Instants are collected in any order and counted in that of time, so the order in which
 * they come changes nothing, not even the last digit.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "score.h"

/*
 * The number of a kind of events; -1 where no rule counts it.
 */
int
score_kind(const ScoreModel *model, const char *kind, size_t len)
{
	int			low = 0,
				high = model->nkinds;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const char *candidate = model->kinds[middle];
		size_t		candidate_len = strlen(candidate);
		int			order = memcmp(kind, candidate, Min(len, candidate_len));

		if (order == 0 && len == candidate_len)
			return middle;
		if (order < 0 || (order == 0 && len < candidate_len))
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* In the memory context in which the instants are, or the current one for the first. */
static bool
make_room(ScoreInstants *instants, int64 n, PureError *error)
{
	if (n > SCORE_MAX_EVENTS)
		return pure_fail(error, PURE_LIMIT, "there are more than %d events of a kind", SCORE_MAX_EVENTS);
	if (n <= instants->room)
		return true;
	instants->room = Max(Max(n, 4), Min(instants->room * 2, SCORE_MAX_EVENTS));
	if (instants->at == NULL)
		instants->at = palloc(instants->room * sizeof(TimestampTz));
	else
		instants->at = repalloc(instants->at, instants->room * sizeof(TimestampTz));
	return true;
}

/*
 * Adds an event, that is its instant.
 */
bool
score_add_event(ScoreInstants *instants, TimestampTz at, PureError *error)
{
	if (!make_room(instants, instants->n + 1, error))
		return false;
	instants->at[instants->n++] = at;
	return true;
}

/*
 * Adds others of the same kind.
 */
bool
score_add_events(ScoreInstants *instants, const ScoreInstants *others, PureError *error)
{
	if (others->n == 0)
		return true;
	if (!make_room(instants, instants->n + others->n, error))
		return false;
	memcpy(instants->at + instants->n, others->at, others->n * sizeof(TimestampTz));
	instants->n += others->n;
	return true;
}

static int
compare_instants(const void *a, const void *b)
{
	TimestampTz left = *(const TimestampTz *) a,
				right = *(const TimestampTz *) b;

	return left < right ? -1 : left > right;
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
static bool
count_events(const ScoreRule *rule, int64 half_life, const ScoreInstants *events, TimestampTz as_of,
			 TimestampTz *counted, ScoreTally *tally, PureError *error)
{
	int64		ncounted = 0;
	double		weight = 0;

	for (int64 i = 0; i < events->n; i++)
	{
		TimestampTz at = events->at[i];

		CHECK_FOR_INTERRUPTS();
		if (rule->cap > 0 && ncounted >= rule->cap &&
			(rule->window == 0 || time_between(counted[ncounted - rule->cap], at) < (uint64) rule->window))
			continue;
		counted[ncounted++] = at;
		if (half_life > 0)
			weight += exp2(-(double) time_between(at, as_of) / (double) half_life);
	}
	if (__builtin_mul_overflow(rule->points, events->n, &tally->points))
		tally->points = PG_INT64_MAX;
	if (!score_in_range(tally->points, error))
		return false;
	tally->capped = rule->points * ncounted;
	tally->decayed = half_life > 0 ? (int64) rint(rule->points * weight) : tally->capped;
	return true;
}

/*
 * Counts the events of each kind, none of them later than as_of, into the tallies of the
 * rules for events.
 */
bool
score_count_events(const ScoreModel *model, ScoreInstants *instants, TimestampTz as_of,
				   ScoreTally *tallies, PureError *error)
{
	int64		most = 1;
	TimestampTz *counted;

	for (int i = 0; i < model->nkinds; i++)
	{
		if (instants[i].n > 1)
			qsort(instants[i].at, instants[i].n, sizeof(TimestampTz), compare_instants);
		most = Max(most, instants[i].n);
	}
	counted = palloc(most * sizeof(TimestampTz));
	for (int i = 0; i < model->nrules; i++)
	{
		const ScoreRule *rule = &model->rules[i];

		if (rule->event != NULL &&
			!count_events(rule, model->groups[rule->group].half_life, &instants[rule->kind], as_of,
						  counted, &tallies[i], error))
			return false;
	}
	pfree(counted);
	return true;
}
