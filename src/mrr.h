/*-------------------------------------------------------------------------
 *
 * mrr.h
 *		A customer's monthly recurring revenue, month by month, and what moved it.
 *
 * To SQL a series is a numeric[] whose subscripts are months, year * 12 + month - 1:
 * [24312:24314]={100,100,120} is January to March 2026.  So it has every property of
 * an array, input, output and equality among them, and none of our own is needed.  In
 * its canonical form it begins and ends with a month that is not 0.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_MRR_H
#define CRM_MRR_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/date.h"

/* A hundred years: a date that is further off is a slip of the pen, and memory is bounded. */
#define MRR_MAX_MONTHS 1200

/* Years of four digits at most, so that every month has a date and no number overflows. */
#define MRR_FIRST_YEAR 1
#define MRR_LAST_YEAR 9999
#define MRR_END ((MRR_LAST_YEAR + 1) * 12)	/* the month after the last one */

typedef struct MrrSeries
{
	int			first;			/* month of amounts[0] */
	int			n;
	Datum	   *amounts;		/* numerics */
} MrrSeries;

extern int	mrr_month(DateADT date, const char *name);
extern Datum mrr_month_datum(int month);

extern MrrSeries mrr_open(ArrayType *array);
extern Datum mrr_amount(const MrrSeries *series, int month);

#endif							/* CRM_MRR_H */
