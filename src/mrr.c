/*-------------------------------------------------------------------------
 *
 * mrr.c
 *		Series of monthly recurring revenue, and the aggregates that make them.
 *
 * What a series says about a period is in mrr_report.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

#include "mrr.h"
#include "sums.h"

/*
 * The number of a date's month.
 */
int
mrr_month(DateADT date, const char *name)
{
	int			year,
				month,
				day;

	if (DATE_NOT_FINITE(date))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be infinite", name)));
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (year < MRR_FIRST_YEAR || year > MRR_LAST_YEAR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be in the years %d to %d", name, MRR_FIRST_YEAR, MRR_LAST_YEAR)));
	return year * MONTHS_PER_YEAR + month - 1;
}

/*
 * A month as SQL sees it: the date of its first day.
 */
Datum
mrr_month_datum(int month)
{
	return DateADTGetDatum(date2j(month / MONTHS_PER_YEAR, month % MONTHS_PER_YEAR + 1, 1) -
						   POSTGRES_EPOCH_JDATE);
}

/* Reads a series, of whatever sign; false where the array is none. */
static bool
read_series(ArrayType *array, MrrSeries *series)
{
	bool	   *nulls;

	series->n = 0;
	series->first = 0;
	if (ARR_NDIM(array) == 0)
		return true;
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] > MRR_MAX_MONTHS)
		return false;
	series->first = ARR_LBOUND(array)[0];
	if (series->first < MRR_FIRST_YEAR * MONTHS_PER_YEAR ||
		series->first > MRR_END - ARR_DIMS(array)[0])
		return false;
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &series->amounts, &nulls,
					  &series->n);
	for (int i = 0; i < series->n; i++)
		if (nulls[i] || numeric_is_nan(DatumGetNumeric(series->amounts[i])) ||
			numeric_is_inf(DatumGetNumeric(series->amounts[i])))
			return false;
	return true;
}

/*
 * Reads what ought to be one.
 */
MrrSeries
mrr_open(ArrayType *array)
{
	MrrSeries	series;

	if (!read_series(array, &series))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this array is no series of monthly revenue")));
	return series;
}

/*
 * What a month's revenue is: 0 outside of the series.
 */
Datum
mrr_amount(const MrrSeries *series, int month)
{
	if (month < series->first || month - series->first >= series->n)
		return amount_zero();
	return series->amounts[month - series->first];
}

/* The same series with room for the months from first to last as well. */
static MrrSeries
widen(const MrrSeries *series, int first, int last)
{
	MrrSeries	wide;

	if (series->n > 0)
	{
		first = Min(first, series->first);
		last = Max(last, series->first + series->n - 1);
	}
	if (last - first >= MRR_MAX_MONTHS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a series of monthly revenue spans at most %d months", MRR_MAX_MONTHS)));
	wide.first = first;
	wide.n = last - first + 1;
	wide.amounts = palloc(wide.n * sizeof(Datum));
	for (int i = 0; i < wide.n; i++)
		wide.amounts[i] = mrr_amount(series, first + i);
	return wide;
}

static Datum
series_datum(const MrrSeries *series)
{
	int			n = series->n,
				first = series->first;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(NUMERICOID));
	return PointerGetDatum(construct_md_array(series->amounts, NULL, 1, &n, &first, NUMERICOID, -1,
											  false, TYPALIGN_INT));
}

/*
 * is_mrr_series(numeric[]): what the domain asks.
 */
PG_FUNCTION_INFO_V1(is_mrr_series);
Datum
is_mrr_series(PG_FUNCTION_ARGS)
{
	MrrSeries	series;

	if (!read_series(PG_GETARG_ARRAYTYPE_P(0), &series))
		PG_RETURN_BOOL(false);
	for (int i = 0; i < series.n; i++)
		if (amount_sign(series.amounts[i]) < 0)
			PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(true);
}

/*
 * mrr_agg_add(state, month, mrr): several amounts of one month add up.
 */
PG_FUNCTION_INFO_V1(mrr_agg_add);
Datum
mrr_agg_add(PG_FUNCTION_ARGS)
{
	MrrSeries	series = {0};
	Datum		mrr;
	int			month;

	if (PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("revenue must have a month")));
	mrr = finite_amount(fcinfo, 2, "revenue");
	month = mrr_month(PG_GETARG_DATEADT(1), "a month");
	if (!PG_ARGISNULL(0))
		series = mrr_open(PG_GETARG_ARRAYTYPE_P(0));
	series = widen(&series, month, month);
	series.amounts[month - series.first] = amount_add(series.amounts[month - series.first], mrr);
	return series_datum(&series);
}

/*
 * mrr_agg_combine(state, state): adds month by month; also rollup's transition function.
 */
PG_FUNCTION_INFO_V1(mrr_agg_combine);
Datum
mrr_agg_combine(PG_FUNCTION_ARGS)
{
	MrrSeries	series,
				other;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	series = mrr_open(PG_GETARG_ARRAYTYPE_P(0));
	other = mrr_open(PG_GETARG_ARRAYTYPE_P(1));
	if (other.n == 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	series = widen(&series, other.first, other.first + other.n - 1);
	for (int i = 0; i < other.n; i++)
	{
		Datum	   *amount = &series.amounts[other.first + i - series.first];

		*amount = amount_add(*amount, other.amounts[i]);
	}
	return series_datum(&series);
}

/*
 * mrr_agg_final(state): without the months at either end that are 0.
 */
PG_FUNCTION_INFO_V1(mrr_agg_final);
Datum
mrr_agg_final(PG_FUNCTION_ARGS)
{
	MrrSeries	series = mrr_open(PG_GETARG_ARRAYTYPE_P(0));

	for (int i = 0; i < series.n; i++)
		if (amount_sign(series.amounts[i]) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("monthly revenue cannot be negative"),
					 errdetail("The amounts of %s add up to %s.",
							   DatumGetCString(DirectFunctionCall1(date_out,
																   mrr_month_datum(series.first + i))),
							   DatumGetCString(DirectFunctionCall1(numeric_out, series.amounts[i]))),
					 errhint("Credits and refunds are no recurring revenue.")));
	while (series.n > 0 && amount_sign(series.amounts[series.n - 1]) == 0)
		series.n--;
	while (series.n > 0 && amount_sign(series.amounts[0]) == 0)
	{
		series.amounts++;
		series.first++;
		series.n--;
	}
	return series_datum(&series);
}
