/*-------------------------------------------------------------------------
 *
 * logregr_newton.c
 *		Logistic regression: Newton's way from step to step, and where it ends.
 *
 * Where the columns tell all or some of the true from the false ("separation", Albert &
 * Anderson 1984) no finite coefficients are the best: the likelihood grows for ever, ever
 * less.  Newton's steps show it.  On the way to a maximum they shrink, in the end
 * quadratically; under separation each adds about 1 to log odds while it gains next to
 * nothing.  Coefficients that get every row right prove complete separation; three steps
 * in a row that are long and gain less than 10^-6 are taken for the quasi-complete one.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "logregr.h"

/* In log odds, of any row: a change below is the last that is needed. */
#define NEGLIGIBLE 1e-8
/* Twice the gain in log likelihood, or the squared length of the step in standard errors. */
#define NEGLIGIBLE_GAIN 1e-18

#define LONG 0.1
#define SMALL_GAIN 1e-6
#define MARCH 3

static bool
finish(LogRegrFit *fit, LogRegrStatus status)
{
	fit->status = status;
	return true;
}

/* Does the way end here? */
static bool
arrived(LogRegrFit *fit, const LogRegrStep *step)
{
	if (step->nrows == 0)
		return finish(fit, LOGREGR_NO_ROWS);
	if (step->separated)
		return finish(fit, LOGREGR_SEPARATED);
	if (step->dependent > 0)
	{
		/* At 0 all weigh the same, so it is the columns; later weights that vanish. */
		fit->dependent = step->dependent;
		return finish(fit, fit->iterations == 0 ? LOGREGR_DEPENDENT : LOGREGR_QUASI_SEPARATED);
	}
	if (fit->close)
		return finish(fit, LOGREGR_CONVERGED);
	if (fit->iterations >= fit->max_iterations)
		return finish(fit, LOGREGR_NOT_CONVERGED);
	return false;
}

/* A step that made things worse is taken back by half. */
static bool
overshot(LogRegrFit *fit, const LogRegrStep *step)
{
	double		slack = 1e-10 * (1 + fabs(fit->likelihood_before));

	if (fit->before == NULL || step->log_likelihood >= fit->likelihood_before - slack)
		return false;
	for (uint32 i = 0; i < fit->ncolumns; i++)
		fit->coef[i] = (fit->coef[i] + fit->before[i]) / 2;
	fit->close = false;
	return true;
}

/* How far the step moves the log odds of any row at most, and what it gains. */
static void
judge_step(LogRegrFit *fit, const LogRegrStep *step)
{
	double		length = 0;
	double		gain = 0;

	for (uint32 i = 0; i < fit->ncolumns; i++)
	{
		length += step->largest[i] * fabs(step->step[i]);
		gain += step->gradient[i] * step->step[i];
	}
	fit->close = length <= NEGLIGIBLE || gain <= NEGLIGIBLE_GAIN;
	fit->marching = length >= LONG && gain < SMALL_GAIN ? fit->marching + 1 : 0;
}

/*
 * Takes the step of the sums at fit->coef, or finds that the way ends there.
 */
void
logregr_advance(LogRegrFit *fit, const LogRegrStep *step)
{
	if (fit->coef == NULL)
	{
		fit->ncolumns = step->ncolumns;
		fit->coef = palloc0(step->ncolumns * sizeof(double));
	}
	if (arrived(fit, step))
		return;
	fit->iterations++;
	if (overshot(fit, step))
		return;
	judge_step(fit, step);
	if (fit->marching == MARCH)
	{
		finish(fit, LOGREGR_QUASI_SEPARATED);
		return;
	}
	if (fit->before == NULL)
		fit->before = palloc(fit->ncolumns * sizeof(double));
	fit->likelihood_before = step->log_likelihood;
	for (uint32 i = 0; i < fit->ncolumns; i++)
	{
		fit->before[i] = fit->coef[i];
		fit->coef[i] += step->step[i];
	}
}

/*
 * In words.
 */
const char *
logregr_status_text(const LogRegrFit *fit)
{
	switch (fit->status)
	{
		case LOGREGR_ON_THE_WAY:
			break;
		case LOGREGR_CONVERGED:
			return "converged";
		case LOGREGR_NO_ROWS:
			return "no rows";
		case LOGREGR_DEPENDENT:
			return psprintf("x[%d] is determined by the elements before it", fit->dependent);
		case LOGREGR_SEPARATED:
			return "complete separation: x tells every true row from every false one, or y is"
				" always the same, so no finite coefficients are the best";
		case LOGREGR_QUASI_SEPARATED:
			return "quasi-complete separation: x tells some rows for certain,"
				" so no finite coefficients are the best";
		case LOGREGR_NOT_CONVERGED:
			return psprintf("not converged after %d iterations", fit->iterations);
	}
	return "on the way";
}
