/*-------------------------------------------------------------------------
 *
 * pipeline.c
 *		The weighted pipeline: what open deals are worth, how sure that is, and how fast it
 *		turns into money.
 *
 * Each deal is won or lost by itself, with its probability p: of an amount a, the mean
 * is p a and the variance p (1 - p) a^2 (a Bernoulli trial), and both add up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "utils/builtins.h"
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

/* Days of 24 hours; a month counts 30 of them. */
static float8
days_of(Datum span)
{
	return DatumGetFloat8(DirectFunctionCall2(interval_part, CStringGetTextDatum("epoch"), span)) /
		SECS_PER_DAY;
}

/*
 * sales_velocity(open_deals, win_rate, won_value, median_time): money a day; NULL where the
 * deals take no time, or for ever.
 */
PG_FUNCTION_INFO_V1(sales_velocity);
Datum
sales_velocity(PG_FUNCTION_ARGS)
{
	int64		deals = PG_GETARG_INT64(0);
	float8		win_rate = PG_GETARG_FLOAT8(1);
	Datum		value = finite_amount(fcinfo, 2, "what a won deal brings");
	float8		days = days_of(PG_GETARG_DATUM(3));
	Datum		at_stake;

	if (deals < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there cannot be " INT64_FORMAT " open deals", deals)));
	if (!(win_rate >= 0 && win_rate <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a win rate must be between 0 and 1, not %g", win_rate),
				 errhint("Give it as a share: 0.25 for 25 %%.")));
	if (!(days > 0) || isinf(days))
		PG_RETURN_NULL();
	at_stake = amount_multiply(NumericGetDatum(int64_to_numeric(deals)), value);
	PG_RETURN_FLOAT8(DatumGetFloat8(DirectFunctionCall1(numeric_float8, at_stake)) * win_rate / days);
}
