/*-------------------------------------------------------------------------
 *
 * pipeline.c
 *		The weighted pipeline: what open deals are worth, and how sure that is.
 *
 * Each deal is won or lost by itself, with its probability p: of an amount a, the mean
 * is p a and the variance p (1 - p) a^2 (a Bernoulli trial), and both add up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "sums.h"

/* The sums of pipeline_agg; sql/parts/pipeline.sql reads them in this order. */
enum
{
	DEALS,
	INCOMPLETE,
	TOTAL,
	WEIGHTED,
	VARIANCE,
	PIPELINE_SUMS
};

static void
add_deal(Sums *sums, Datum amount, float8 probability)
{
	Datum		p = DirectFunctionCall1(float8_numeric, Float8GetDatum(probability)),
				lost = amount_subtract(amount_one(), p),
				mean = amount_multiply(amount, p);

	sums_count(sums, DEALS);
	sums_add(sums, TOTAL, amount);
	sums_add(sums, WEIGHTED, mean);
	sums_add(sums, VARIANCE, amount_multiply(amount_multiply(mean, amount), lost));
}

/*
 * pipeline_agg_add(sums, amount, probability)
 */
PG_FUNCTION_INFO_V1(pipeline_agg_add);
Datum
pipeline_agg_add(PG_FUNCTION_ARGS)
{
	Sums		sums = sums_open(fcinfo, 0, PIPELINE_SUMS);

	/* A negated comparison, so that NaN is refused too. */
	if (!PG_ARGISNULL(2) && !(PG_GETARG_FLOAT8(2) >= 0 && PG_GETARG_FLOAT8(2) <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a probability must be between 0 and 1, not %g", PG_GETARG_FLOAT8(2))));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		sums_count(&sums, INCOMPLETE);
	else
		add_deal(&sums, finite_amount(fcinfo, 1, "an amount"), PG_GETARG_FLOAT8(2));
	return sums_datum(&sums);
}
