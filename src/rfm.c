/*-------------------------------------------------------------------------
 *
 * rfm.c
 *		Scores by cut points: recency, frequency, monetary value (Hughes, Strategic Database
 *		Marketing, 1994, whose fifths the cut points are by default).
 *
 * Where the cut points come from, and what scores are called, is SQL's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"

#include "sums.h"

static int
read_cuts(ArrayType *array, Datum **cuts)
{
	bool	   *nulls;
	int			n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cut points must be a list")));
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, cuts, &nulls, &n);
	for (int i = 0; i < n; i++)
		if (nulls[i] || numeric_is_nan(DatumGetNumeric((*cuts)[i])))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a cut point must be a number")));
	return n;
}

/*
 * rfm_score(value, cuts, lower_is_better)
 *
 * Counts all of them: their order does not matter, and there are few.
 */
PG_FUNCTION_INFO_V1(rfm_score);
Datum
rfm_score(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);
	Datum	   *cuts;
	int			n = read_cuts(PG_GETARG_ARRAYTYPE_P(1), &cuts),
				better = PG_GETARG_BOOL(2) ? -1 : 1,
				score = 1;

	if (numeric_is_nan(PG_GETARG_NUMERIC(0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a value to score must be a number")));
	for (int i = 0; i < n; i++)
		score += amount_compare(value, cuts[i]) == better;
	PG_RETURN_INT32(score);
}
