/*-------------------------------------------------------------------------
 *
 * sums.h
 *		Several exact sums side by side: the states of aggregates over money.
 *
 * They are a numeric[] and never written in place, so a state may be combined, read
 * and added to outside of an aggregate too.  Sums of numerics are exact: the order in
 * which rows come, or workers finish, changes nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SUMS_H
#define CRM_SUMS_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* Those of a state, open for adding. */
typedef struct Sums
{
	Datum	   *values;			/* numerics */
	int			n;
} Sums;

extern Sums sums_open(FunctionCallInfo fcinfo, int argno, int n);
extern void sums_add(Sums *sums, int which, Datum amount);
extern void sums_count(Sums *sums, int which);
extern Datum sums_datum(const Sums *sums);

extern Datum amount_zero(void);
extern Datum amount_one(void);
extern Datum finite_amount(FunctionCallInfo fcinfo, int argno, const char *name);

/* Minus 1, 0 or 1. */
static inline int
amount_compare(Datum a, Datum b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b));
}

static inline int
amount_sign(Datum amount)
{
	return amount_compare(amount, amount_zero());
}

static inline Datum
amount_add(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_add, a, b);
}

static inline Datum
amount_subtract(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_sub, a, b);
}

static inline Datum
amount_multiply(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_mul, a, b);
}

#endif							/* CRM_SUMS_H */
