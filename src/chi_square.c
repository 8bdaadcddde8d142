/*-------------------------------------------------------------------------
 *
 * chi_square.c
 *		How likely a chi-square is exceeded by chance.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <float.h>
#include <math.h>

#include "chi_square.h"

/* exp(-x) x^a / gamma(a): what both expansions are multiplied with. */
static double
front(double a, double x)
{
	return exp(a * log(x) - x - lgamma(a));
}

/* P(a, x) = front * sum of x^n / (a (a+1) ... (a+n)); Abramowitz & Stegun (1964) 6.5.29 */
static double
lower_series(double a, double x)
{
	double		term = 1 / a;
	double		sum = term;

	for (double n = a + 1; term > sum * DBL_EPSILON; n++)
	{
		term *= x / n;
		sum += term;
	}
	return front(a, x) * sum;
}

/*
 * Q(a, x) = front / (x+1-a - 1(1-a) / (x+3-a - 2(2-a) / (x+5-a - ...))); Abramowitz &
 * Stegun (1964) 6.5.31, evaluated from the front as Thompson & Barnett (1986) do.  For x
 * above a + 1 the denominators stay positive and it converges within O(sqrt(a)) terms.
 */
static double
upper_fraction(double a, double x)
{
	double		b = x + 1 - a;
	double		d = 1 / b;
	double		c = DBL_MAX;
	double		value = d;

	for (double n = 1;; n++)
	{
		double		numerator = n * (a - n);
		double		step;

		b += 2;
		d = 1 / (numerator * d + b);
		c = b + numerator / c;
		step = c * d;
		value *= step;
		if (fabs(step - 1) <= 2 * DBL_EPSILON)
			return front(a, x) * value;
	}
}

/*
 * The probability that a chi-square with df degrees of freedom is at least x: the upper
 * regularised incomplete gamma function Q(df/2, x/2).
 */
double
chi_square_tail(double x, int df)
{
	double		a = df / 2.0;

	x /= 2;
	if (x <= 0)
		return 1;
	if (x < a + 1)
		return 1 - lower_series(a, x);
	return upper_fraction(a, x);
}
