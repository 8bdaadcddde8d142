/*-------------------------------------------------------------------------
 *
 * logistic.h
 *		From log odds to a probability.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOGISTIC_H
#define CRM_LOGISTIC_H

#include <math.h>

/* The exponential of what is not positive does not overflow, on either side. */
static inline double
logistic(double logit)
{
	double		odds = exp(-fabs(logit));

	return logit >= 0 ? 1 / (1 + odds) : odds / (1 + odds);
}

#endif							/* CRM_LOGISTIC_H */
