/*-------------------------------------------------------------------------
 *
 * mrr_report.c
 *		What a customer's series of monthly revenue says: its months, the movements
 *		between periods, and what is left of the first month.
 *
 * How movements of many customers add up is in revenue.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "movement.h"
#include "mrr.h"
#include "sums.h"

/* Months before the first revenue are no history: a series of the user's own may have some. */
static MrrSeries
open_paid(FunctionCallInfo fcinfo)
{
	MrrSeries	series = mrr_open(PG_GETARG_ARRAYTYPE_P(0));

	while (series.n > 0 && amount_sign(series.amounts[0]) == 0)
	{
		series.amounts++;
		series.first++;
		series.n--;
	}
	return series;
}

static void
put_row(FunctionCallInfo fcinfo, Datum *values)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		nulls[6] = {false};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * mrr_at(series, month)
 */
PG_FUNCTION_INFO_V1(mrr_at);
Datum
mrr_at(PG_FUNCTION_ARGS)
{
	MrrSeries	series = mrr_open(PG_GETARG_ARRAYTYPE_P(0));

	PG_RETURN_DATUM(mrr_amount(&series, mrr_month(PG_GETARG_DATEADT(1), "a month")));
}

/*
 * mrr_months(series) -> month, mrr
 */
PG_FUNCTION_INFO_V1(mrr_months);
Datum
mrr_months(PG_FUNCTION_ARGS)
{
	MrrSeries	series = mrr_open(PG_GETARG_ARRAYTYPE_P(0));

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < series.n; i++)
		put_row(fcinfo, (Datum[]) {mrr_month_datum(series.first + i), series.amounts[i]});
	return (Datum) 0;
}

/* The movement in the period that ends with a month, if there is any revenue in it. */
static void
put_movement(FunctionCallInfo fcinfo, const MrrSeries *series, int end, int months)
{
	Datum		before = mrr_amount(series, end - months),
				after = mrr_amount(series, end);
	MovementKind kind = movement_between(before, after);

	if (kind == MOVEMENT_UNCHANGED && amount_sign(after) == 0)
		return;
	if (kind == MOVEMENT_NEW && series->first <= end - months)
		kind = MOVEMENT_REACTIVATION;
	put_row(fcinfo, (Datum[]) {mrr_month_datum(end),
			PointerGetDatum(cstring_to_text(movement_name(kind))),
			amount_subtract(after, before), before, after});
}

/*
 * mrr_movements(series, through, months) -> month, kind, change, before, after
 */
PG_FUNCTION_INFO_V1(mrr_movements);
Datum
mrr_movements(PG_FUNCTION_ARGS)
{
	MrrSeries	series = open_paid(fcinfo);
	int			through = mrr_month(PG_GETARG_DATEADT(1), "the last month"),
				months = PG_GETARG_INT32(2);

	if (months < 1 || months > MRR_MAX_MONTHS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a period must have from 1 to %d months", MRR_MAX_MONTHS)));
	InitMaterializedSRF(fcinfo, 0);
	if (series.n == 0 || through < series.first)
		return (Datum) 0;
	/* Periods are counted back from the last month: the first is that of the first revenue. */
	for (int end = through - (through - series.first) / months * months;
		 end <= through && end - months < series.first + series.n; end += months)
		put_movement(fcinfo, &series, end, months);
	return (Datum) 0;
}

/*
 * revenue_cohort(series, through) -> cohort, period, start_mrr, mrr, kept
 */
PG_FUNCTION_INFO_V1(revenue_cohort);
Datum
revenue_cohort(PG_FUNCTION_ARGS)
{
	MrrSeries	series = open_paid(fcinfo);
	int			through = mrr_month(PG_GETARG_DATEADT(1), "the last month");

	InitMaterializedSRF(fcinfo, 0);
	if (series.n == 0 || through < series.first)
		return (Datum) 0;
	if (through - series.first >= MRR_MAX_MONTHS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a cohort is followed for at most %d months", MRR_MAX_MONTHS)));
	for (int month = series.first; month <= through; month++)
	{
		Datum		start = series.amounts[0],
					mrr = mrr_amount(&series, month);

		put_row(fcinfo, (Datum[]) {mrr_month_datum(series.first),
				Int32GetDatum(month - series.first), start, mrr,
				amount_compare(mrr, start) < 0 ? mrr : start});
	}
	return (Datum) 0;
}
