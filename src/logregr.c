/*-------------------------------------------------------------------------
 *
 * logregr.c
 *		Logistic regression: the sums of one Newton step, and the step.
 *
 * With p = 1 / (1 + exp(-x b)), the gradient of the log likelihood is the sum of (y - p) x,
 * the information the sum of p (1 - p) x x', and Newton's next b is b + information^-1
 * gradient; the standard errors are the roots of the inverse's diagonal (McCullagh & Nelder
 * 1989, 4.4; iteratively reweighted least squares is the same step).
 *
 * Each row's terms are computed from that row alone and summed exactly: the same rows give
 * the same bits in any order, by any plan.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "logistic.h"
#include "logregr.h"

/*
 * A column that keeps less than this share of itself is one that the earlier columns
 * determine; rounding the information's entries leaves 1e-16 or so.
 */
#define LEAST_PIVOT 1e-12

static inline double *
largest_of(LogRegr *state)
{
	return state->columns + state->ncolumns;
}

static inline ExactSum *
sums_of(LogRegr *state)
{
	return (ExactSum *) (state->columns + 2 * state->ncolumns);
}

/*
 * The sums of no rows, at these coefficients or, where they are NULL, at 0.
 */
LogRegr *
logregr_begin(const double *coef, uint32 ncolumns, PureError *error)
{
	LogRegr    *state;

	if (ncolumns == 0)
	{
		pure_fail(error, PURE_VALUE, "x must have elements");
		return NULL;
	}
	if (ncolumns > LOGREGR_MAX_COLUMNS)
	{
		pure_fail(error, PURE_LIMIT, "x cannot have more than %d elements", LOGREGR_MAX_COLUMNS);
		return NULL;
	}
	state = palloc0(logregr_size(ncolumns));
	state->ncolumns = ncolumns;
	state->least_margin = INFINITY;
	for (uint32 i = 0; coef != NULL && i < ncolumns; i++)
	{
		if (!isfinite(coef[i]))
		{
			pure_fail(error, PURE_VALUE, "a coefficient must be finite");
			return NULL;
		}
		state->columns[i] = coef[i];
	}
	return state;
}

/*
 * Are these the coefficients at which the sums are taken?
 */
bool
logregr_check_coef(const LogRegr *state, const double *coef, uint32 ncolumns)
{
	if (coef != NULL && ncolumns != state->ncolumns)
		return false;
	for (uint32 i = 0; i < state->ncolumns; i++)
		if (state->columns[i] != (coef != NULL ? coef[i] : 0))
			return false;
	return true;
}

static void
carry(LogRegr *state)
{
	for (size_t i = 0; i < logregr_sums(state->ncolumns); i++)
		exact_sum_carry(&sums_of(state)[i]);
	state->since_carry = 0;
}

static bool
check_row(const LogRegr *state, const double *x, uint32 ncolumns, PureError *error)
{
	if (ncolumns != state->ncolumns)
		return pure_fail(error, PURE_VALUE, "x has %u elements, but %u coefficients",
						 ncolumns, state->ncolumns);
	for (uint32 i = 0; i < ncolumns; i++)
		if (!(fabs(x[i]) <= LOGREGR_MAX_X))
			return pure_fail(error, PURE_VALUE, "x[%u] must be a number of at most %g", i + 1,
							 LOGREGR_MAX_X);
	return true;
}

/* The log of 1 / (1 + exp(-margin)), without loss on either side. */
static double
log_logistic(double margin)
{
	return margin >= 0 ? -log1p(exp(-margin)) : margin - log1p(exp(margin));
}

/*
 * Adds a row's terms.
 */
bool
logregr_add(LogRegr *state, bool y, const double *x, uint32 ncolumns, PureError *error)
{
	ExactSum   *sum = sums_of(state);
	double		log_odds = 0;
	double		margin,
				residual,
				odds,
				weight;

	if (!check_row(state, x, ncolumns, error))
		return false;
	for (uint32 i = 0; i < ncolumns; i++)
		log_odds += state->columns[i] * x[i];
	if (!isfinite(log_odds))
		return pure_fail(error, PURE_VALUE, "the log odds of a row are out of range");
	margin = y ? log_odds : -log_odds;
	residual = y ? logistic(-log_odds) : -logistic(log_odds);
	odds = exp(-fabs(log_odds));
	weight = odds / ((1 + odds) * (1 + odds));
	if (state->since_carry == EXACT_SUM_ROOM / 2)
		carry(state);
	exact_sum_add(sum++, log_logistic(margin));
	for (uint32 i = 0; i < ncolumns; i++)
	{
		largest_of(state)[i] = Max(largest_of(state)[i], fabs(x[i]));
		exact_sum_add(sum++, residual * x[i]);
	}
	for (uint32 i = 0; i < ncolumns; i++)
		for (uint32 j = 0; j <= i; j++)
			exact_sum_add(sum++, weight * x[i] * x[j]);
	state->least_margin = Min(state->least_margin, margin);
	state->since_carry++;
	state->nrows++;
	return true;
}

/*
 * Adds what another state sums at the same coefficients; carries both.
 */
bool
logregr_merge(LogRegr *state, LogRegr *other, PureError *error)
{
	if (other->ncolumns != state->ncolumns ||
		!logregr_check_coef(state, other->columns, other->ncolumns))
		return pure_fail(error, PURE_VALUE, "the rows of one group have different coefficients");
	carry(state);
	carry(other);
	for (size_t i = 0; i < logregr_sums(state->ncolumns); i++)
		exact_sum_merge(&sums_of(state)[i], &sums_of(other)[i]);
	for (uint32 i = 0; i < state->ncolumns; i++)
		largest_of(state)[i] = Max(largest_of(state)[i], largest_of(other)[i]);
	state->least_margin = Min(state->least_margin, other->least_margin);
	state->since_carry = 2;
	state->nrows += other->nrows;
	return true;
}

/*
 * Cholesky's factor of the information, whose diagonal is scaled to 1, into its lower
 * triangle; returns the column that others determine, from 1, or 0.
 */
static int
factorize(double *factor, uint32 n)
{
	for (uint32 j = 0; j < n; j++)
	{
		double		pivot = factor[j * n + j];

		CHECK_FOR_INTERRUPTS();
		for (uint32 k = 0; k < j; k++)
			pivot -= factor[j * n + k] * factor[j * n + k];
		if (!(pivot > LEAST_PIVOT))
			return j + 1;
		factor[j * n + j] = sqrt(pivot);
		for (uint32 i = j + 1; i < n; i++)
		{
			double		rest = factor[i * n + j];

			for (uint32 k = 0; k < j; k++)
				rest -= factor[i * n + k] * factor[j * n + k];
			factor[i * n + j] = rest / factor[j * n + j];
		}
	}
	return 0;
}

/* Solves factor z = z */
static void
solve_forward(const double *factor, uint32 n, double *z)
{
	for (uint32 i = 0; i < n; i++)
	{
		for (uint32 k = 0; k < i; k++)
			z[i] -= factor[i * n + k] * z[k];
		z[i] /= factor[i * n + i];
	}
}

/* Solves factor' z = z */
static void
solve_backward(const double *factor, uint32 n, double *z)
{
	for (uint32 i = n; i-- > 0;)
	{
		for (uint32 k = i + 1; k < n; k++)
			z[i] -= factor[k * n + i] * z[k];
		z[i] /= factor[i * n + i];
	}
}

/* The scaled inverse's diagonal entry: the squared length of the solution for a unit vector. */
static double
inverse_diagonal(const double *factor, uint32 n, uint32 column, double *room)
{
	double		sum = 0;

	memset(room, 0, n * sizeof(double));
	room[column] = 1;
	solve_forward(factor, n, room);
	for (uint32 i = column; i < n; i++)
		sum += room[i] * room[i];
	return sum;
}

/*
 * The step and the standard errors that gradient and information give, or which column is
 * dependent.
 */
void
logregr_solve(LogRegrStep *step)
{
	uint32		n = step->ncolumns;
	double	   *factor = palloc((size_t) n * n * sizeof(double));
	double	   *scale = palloc(n * sizeof(double));
	double	   *room = palloc(n * sizeof(double));

	step->step = palloc0(n * sizeof(double));
	step->std_errors = palloc0(n * sizeof(double));
	for (uint32 i = 0; i < n; i++)
	{
		scale[i] = sqrt(step->information[i * n + i]);
		if (!(scale[i] > 0 && isfinite(scale[i])))
		{
			step->dependent = i + 1;
			return;
		}
		for (uint32 j = 0; j <= i; j++)
			factor[i * n + j] = step->information[i * n + j] / scale[i] / scale[j];
	}
	step->dependent = factorize(factor, n);
	if (step->dependent > 0)
		return;
	for (uint32 i = 0; i < n; i++)
		step->step[i] = step->gradient[i] / scale[i];
	solve_forward(factor, n, step->step);
	solve_backward(factor, n, step->step);
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		step->step[i] /= scale[i];
		step->std_errors[i] = sqrt(inverse_diagonal(factor, n, i, room)) / scale[i];
	}
}

/*
 * What the sums say.  The state stays as it is.
 */
void
logregr_finish(const LogRegr *state, LogRegrStep *step)
{
	uint32		n = state->ncolumns;
	const ExactSum *sum = (const ExactSum *) (state->columns + 2 * n);

	memset(step, 0, sizeof(*step));
	step->ncolumns = n;
	step->nrows = state->nrows;
	step->separated = state->nrows > 0 && state->least_margin > 0;
	step->gradient = palloc(n * sizeof(double));
	step->information = palloc((size_t) n * n * sizeof(double));
	step->largest = palloc(n * sizeof(double));
	memcpy(step->largest, state->columns + n, n * sizeof(double));
	step->log_likelihood = exact_sum_round(sum++);
	for (uint32 i = 0; i < n; i++)
		step->gradient[i] = exact_sum_round(sum++);
	for (uint32 i = 0; i < n; i++)
		for (uint32 j = 0; j <= i; j++)
			step->information[i * n + j] = step->information[j * n + i] = exact_sum_round(sum++);
	logregr_solve(step);
}
