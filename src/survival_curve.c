/*-------------------------------------------------------------------------
 *
 * survival_curve.c
 *		What is estimated from a survival's counts: Kaplan-Meier, Nelson-Aalen,
 *		Aalen-Johansen, their variances and intervals, and what is read off them.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <float.h>
#include <math.h>

#include "common/int.h"

#include "survival_curve.h"

/* The standard normal distribution's 97.5 % quantile. */
#define NORMAL_Z 1.959963984540054

static uint32
count_instants(const Survival *trimmed)
{
	const SurvivalEntry *entries = survival_entries(trimmed);
	uint32		n = 0;

	for (uint32 i = 0; i < trimmed->nentries; i++)
		if (i == 0 || entries[i].time != entries[i - 1].time)
			n++;
	return n;
}

/*
 * The steps of a curve, palloc'd.  Whoever is censored at an instant is at risk at it.
 */
void
survival_curve(const Survival *trimmed, uint32 cause, SurvivalCurve *curve)
{
	const SurvivalEntry *entries = survival_entries(trimmed);
	uint64		at_risk = trimmed->total;
	uint32		i = 0;

	curve->nsteps = count_instants(trimmed);
	curve->steps = palloc0(Max(curve->nsteps, 1) * sizeof(SurvivalStep));
	for (uint32 n = 0; n < curve->nsteps; n++)
	{
		SurvivalStep *step = &curve->steps[n];

		step->time = entries[i].time;
		step->at_risk = at_risk;
		for (; i < trimmed->nentries && entries[i].time == step->time; i++)
		{
			uint64		count = survival_entry_count(&entries[i]);
			uint32		how = survival_entry_cause(&entries[i]);

			if (how == SURVIVAL_CENSORED)
				step->censored += count;
			else
				step->events += count;
			if (how == cause || (how != SURVIVAL_CENSORED && cause == SURVIVAL_ANY_CAUSE))
				step->of_cause += count;
			at_risk -= count;
		}
	}
}

/*
 * Before the first step everybody is there.
 */
void
survival_start(SurvivalEstimate *estimate)
{
	memset(estimate, 0, sizeof(*estimate));
	estimate->survival = estimate->run_survival = 1;
	estimate->run_ended = true;
}

/*
 * S after the step.  Kaplan & Meier (1958): the product of 1 - d/n.  As long as nobody is
 * censored the product telescopes: (n1-d1)/n1 * (n2-d2)/n2 = (n2-d2)/n1, since n2 = n1-d1.
 * So it is taken over runs without censoring, and without any S is an exact share.
 */
static double
advance_survival(SurvivalEstimate *estimate, const SurvivalStep *step)
{
	if (estimate->run_ended)
	{
		estimate->run_survival = estimate->survival;
		estimate->run_at_risk = step->at_risk;
		estimate->runs++;
	}
	estimate->run_ended = step->censored > 0;
	return estimate->run_survival *
		((double) (step->at_risk - step->events) / (double) estimate->run_at_risk);
}

/*
 * Carries an estimate over one step, with n at risk, d events, k of them of the cause
 * asked for, and the hazards h = d/n and c = k/n:
 *
 *		S' = S (1 - h)		Kaplan & Meier (1958)
 *		H' = H + h			Nelson (1972), Aalen (1978)
 *		F' = F + S c		Aalen & Johansen (1978)
 *
 * The counts at one instant are multinomial given who is at risk, and what happens at
 * different instants is uncorrelated; so the covariance matrix of (S, F) follows from
 * the one before by the delta method (Andersen, Borgan, Gill & Keiding 1993, IV.4):
 *
 *		var S' = (1-h)^2 var S + S^2 h (1-h) / n
 *		cov'   = (1-h) (cov + c var S) - S^2 c (1-h) / n
 *		var F' = var F + 2 c cov + c^2 var S + S^2 c (1-c) / n
 *
 * The first is Greenwood's formula (1926): divided by S'^2 it is the sum of d/(n(n-d)).
 * The last is what Gaynor et al. (1993) write as a double sum; it also equals the
 * infinitesimal jackknife, since the terms of one subject at different instants are
 * uncorrelated.  No term is divided by 1 - h, so it holds where everybody is gone.
 */
void
survival_step(SurvivalEstimate *estimate, const SurvivalStep *step)
{
	double		n = step->at_risk;
	double		h = step->events / n;
	double		c = step->of_cause / n;
	double		stay = (step->at_risk - step->events) / n;
	double		square = estimate->survival * estimate->survival;

	estimate->incidence += estimate->survival * c;
	estimate->incidence_variance += 2 * c * estimate->covariance + c * c * estimate->variance +
		square * c * (1 - c) / n;
	estimate->covariance = stay * (estimate->covariance + c * estimate->variance) -
		square * c * stay / n;
	estimate->variance = stay * stay * estimate->variance + square * h * stay / n;
	estimate->hazard += h;
	estimate->survival = advance_survival(estimate, step);
}

/*
 * The 95 % interval of a probability.  "log" is exp(log p +- z s), "log-log" is p to the
 * power exp(+- z s / log p), with s the standard error of log p (Kalbfleisch & Prentice
 * 1980): the latter stays between 0 and 1 by itself.  False where a logarithm has none:
 * at 0, and for log-log at 1.
 */
bool
survival_interval(SurvivalInterval kind, double p, double variance, double *lower, double *upper)
{
	double		reach = NORMAL_Z * sqrt(variance) / p;

	if (p <= 0 || (kind == SURVIVAL_LOG_LOG && p >= 1))
		return false;
	if (kind == SURVIVAL_LOG)
	{
		*lower = p * exp(-reach);
		*upper = Min(p * exp(reach), 1);
	}
	else
	{
		*lower = pow(p, exp(-reach / log(p)));
		*upper = pow(p, exp(reach / log(p)));
	}
	return true;
}

/*
 * The first instant at which S is at most one half; false if there is none.  A run's
 * quotient and product are rounded once each, and a half must not be missed by that.
 */
bool
survival_median(const SurvivalCurve *curve, int64 *time)
{
	SurvivalEstimate estimate;

	survival_start(&estimate);
	for (uint32 i = 0; i < curve->nsteps; i++)
	{
		survival_step(&estimate, &curve->steps[i]);
		if (estimate.survival <= 0.5 * (1 + estimate.runs * DBL_EPSILON))
		{
			*time = curve->steps[i].time;
			return true;
		}
	}
	return false;
}

/* Nobody knows what comes after the last one was censored; where all are gone, everybody. */
static bool
is_known(const SurvivalCurve *curve, int64 time)
{
	const SurvivalStep *last;

	if (curve->nsteps == 0)
		return false;
	last = &curve->steps[curve->nsteps - 1];
	return time <= last->time || last->censored == 0;
}

/*
 * (F(age + horizon) - F(age)) / S(age): how likely a subject that is still there at an
 * age ends by the cause within a horizon.  False where that is not known.
 */
bool
survival_within(const SurvivalCurve *curve, int64 age, int64 horizon, double *probability)
{
	SurvivalEstimate estimate;
	double		before = 0,
				there = 1;
	int64		until;

	if (pg_add_s64_overflow(age, horizon, &until))
		until = PG_INT64_MAX;
	if (!is_known(curve, until))
		return false;
	survival_start(&estimate);
	for (uint32 i = 0; i < curve->nsteps && curve->steps[i].time <= until; i++)
	{
		survival_step(&estimate, &curve->steps[i]);
		if (curve->steps[i].time > age)
			continue;
		before = estimate.incidence;
		there = estimate.survival;
	}
	if (there <= 0)
		return false;
	*probability = Min((estimate.incidence - before) / there, 1);
	return true;
}
