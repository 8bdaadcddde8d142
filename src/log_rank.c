/*-------------------------------------------------------------------------
 *
 * log_rank.c
 *		Do groups differ in how long they last?
 *
 * The log-rank test (Mantel 1966; Peto & Peto 1972).  At every instant with events the
 * events are dealt to the groups at random, in proportion to who is at risk: their
 * numbers are hypergeometric.  Expected numbers and covariances are summed over the
 * instants.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "chi_square.h"
#include "log_rank.h"

/*
 * A pivot that keeps less than this share of its variance is one that the earlier groups
 * determine; rounding leaves 1e-16 or so per instant.
 */
#define LEAST_PIVOT 1e-9

/* One instant, of all groups. */
typedef struct Moment
{
	int64		time;
	double		events;
	double		at_risk;
	double	   *of_group;		/* at risk */
} Moment;

/* The earliest step that any group has ahead; false at the end. */
static bool
next_time(const LogRank *test, const uint32 *ahead, int64 *time)
{
	bool		any = false;

	for (uint32 g = 0; g < test->ngroups; g++)
	{
		const SurvivalCurve *curve = test->groups[g].curve;

		if (ahead[g] == curve->nsteps)
			continue;
		if (!any || curve->steps[ahead[g]].time < *time)
			*time = curve->steps[ahead[g]].time;
		any = true;
	}
	return any;
}

/* Who is at risk and what happens at the moment's time; moves on behind it. */
static void
take_moment(const LogRank *test, uint32 *ahead, Moment *moment)
{
	moment->events = moment->at_risk = 0;
	for (uint32 g = 0; g < test->ngroups; g++)
	{
		LogRankGroup *group = &test->groups[g];
		const SurvivalStep *step = &group->curve->steps[ahead[g]];

		moment->of_group[g] = 0;
		if (ahead[g] == group->curve->nsteps)
			continue;
		/* Between two steps nobody leaves. */
		moment->of_group[g] = step->at_risk;
		moment->at_risk += step->at_risk;
		if (step->time > moment->time)
			continue;
		moment->events += step->of_cause;
		group->observed += step->of_cause;
		ahead[g]++;
	}
}

/* Covariance d (n-d)/(n-1) n_g/n (1[g=h] - n_h/n): hypergeometric. */
static void
add_moment(LogRank *test, const Moment *moment)
{
	double		n = moment->at_risk;
	double		spread = n > 1 ? moment->events * (n - moment->events) / (n - 1) : 0;

	for (uint32 g = 0; g < test->ngroups; g++)
	{
		double		share = moment->of_group[g] / n;
		double	   *row = test->covariance + (size_t) g * test->ngroups;

		if (share == 0)
			continue;
		test->groups[g].expected += moment->events * share;
		for (uint32 h = 0; h < test->ngroups; h++)
			row[h] -= spread * share * (moment->of_group[h] / n);
		row[g] += spread * share;
	}
}

/* The group left with the largest share of its own variance; -1 when none has any. */
static int
choose_pivot(const LogRank *test, const double *matrix, const bool *done)
{
	double		best = LEAST_PIVOT;
	int			pivot = -1;

	for (uint32 g = 0; g < test->ngroups; g++)
	{
		double		share;

		if (done[g] || test->groups[g].variance <= 0)
			continue;
		share = matrix[(size_t) g * test->ngroups + g] / test->groups[g].variance;
		if (share > best)
		{
			best = share;
			pivot = g;
		}
	}
	return pivot;
}

/*
 * The quadratic form of the differences with the inverse of their covariance, which is
 * singular, as they add up to 0: eliminates the groups that tell something new.  Their
 * number is the degrees of freedom.
 */
static void
solve(LogRank *test)
{
	size_t		n = test->ngroups;
	double	   *matrix = palloc(n * n * sizeof(double));
	double	   *rest = palloc(n * sizeof(double));
	bool	   *done = palloc0(n * sizeof(bool));
	int			pivot;

	memcpy(matrix, test->covariance, n * n * sizeof(double));
	for (size_t g = 0; g < n; g++)
		rest[g] = (double) test->groups[g].observed - test->groups[g].expected;
	while ((pivot = choose_pivot(test, matrix, done)) >= 0)
	{
		const double *row = matrix + pivot * n;

		CHECK_FOR_INTERRUPTS();
		done[pivot] = true;
		test->df++;
		test->chi_square += rest[pivot] * rest[pivot] / row[pivot];
		for (size_t g = 0; g < n; g++)
		{
			double		factor = matrix[g * n + pivot] / row[pivot];

			if (done[g] || factor == 0)
				continue;
			for (size_t h = 0; h < n; h++)
				matrix[g * n + h] -= factor * row[h];
			rest[g] -= factor * rest[pivot];
		}
	}
	pfree(matrix);
	pfree(rest);
	pfree(done);
}

/*
 * Tests the groups, whose curves are set and whose counts are 0: events are those of the
 * curves' cause, all others leave like the censored.
 */
void
log_rank(LogRank *test)
{
	size_t		n = test->ngroups;
	uint32	   *ahead = palloc0(Max(n, 1) * sizeof(uint32));
	Moment		moment = {.of_group = palloc(Max(n, 1) * sizeof(double))};

	test->covariance = palloc0(Max(n * n, 1) * sizeof(double));
	test->df = 0;
	test->chi_square = 0;
	while (next_time(test, ahead, &moment.time))
	{
		CHECK_FOR_INTERRUPTS();
		take_moment(test, ahead, &moment);
		if (moment.events > 0)
			add_moment(test, &moment);
	}
	for (size_t g = 0; g < n; g++)
		test->groups[g].variance = test->covariance[g * n + g];
	solve(test);
	test->p_value = test->df > 0 ? chi_square_tail(test->chi_square, test->df) : 1;
	pfree(ahead);
	pfree(moment.of_group);
}
