/*-------------------------------------------------------------------------
 *
 * wilson.c
 *		How sure a share is that was counted.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "wilson.h"

/* The standard normal distribution's 97.5 % quantile. */
#define WILSON_Z 1.959963984540054

/*
 * The 95 % score interval of a proportion.  E. B. Wilson, "Probable inference, the law
 * of succession, and statistical inference", Journal of the American Statistical
 * Association 22 (1927), 209-212.
 */
void
wilson_interval(double successes, double trials, double *low, double *high)
{
	double		z2 = WILSON_Z * WILSON_Z;
	double		p = successes / trials;
	double		centre = p + z2 / (2 * trials);
	double		spread = WILSON_Z * sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials));
	double		scale = 1 + z2 / trials;

	/* At the ends it is exact; rounding must not push it beyond. */
	*low = successes == 0 ? 0 : (centre - spread) / scale;
	*high = successes == trials ? 1 : (centre + spread) / scale;
}
