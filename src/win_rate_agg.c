/*-------------------------------------------------------------------------
 *
 * win_rate_agg.c
 *		The aggregates that make win rates, win_rate_agg and rollup, and what SQL reads
 *		from one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"

#include "face.h"
#include "journey_io.h"
#include "spec_args.h"
#include "wilson.h"
#include "win_rate_io.h"

/* Hands the state back as it came, NULL too. */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static Datum
add_journey(FunctionCallInfo fcinfo, const PlannedWinRate *planned)
{
	WinRate    *rate;
	JourneyView view;
	WinRateOutcome outcome;
	PureError	error;

	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	rate = PG_ARGISNULL(0) ? win_rate_create(planned->text, planned->text_len) : PG_GETARG_WIN_RATE(0);
	if (!win_rate_has_spec(rate, planned->text, planned->text_len))
		refuse_mixed_specs("win rates", rate->spec, rate->spec_len, planned->text, planned->text_len);
	journey_foresee_next(PG_GETARG_DATUM(1));
	journey_open_datum(PG_GETARG_DATUM(1), &view);
	outcome = win_rate_outcome(&planned->spec, &view, label_map_codes(planned->map, &view));
	report_if(!win_rate_count(rate, outcome == WIN_RATE_WON, outcome == WIN_RATE_LOST, &error),
			  &error);
	return win_rate_datum(rate);
}

/*
 * win_rate_agg_add(state, journey, win_rate_spec)
 */
PG_FUNCTION_INFO_V1(win_rate_agg_add);
Datum
win_rate_agg_add(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	return add_journey(fcinfo, win_rate_planned(fcinfo, 2));
}

/*
 * win_rate_agg_add_between(state, journey, won, lost, period)
 */
PG_FUNCTION_INFO_V1(win_rate_agg_add_between);
Datum
win_rate_agg_add_between(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	return add_journey(fcinfo, win_rate_planned_from(fcinfo, 2));
}

/*
 * Adds the right to the left one, as a combine function and as rollup's transition
 * function.
 */
PG_FUNCTION_INFO_V1(win_rate_agg_combine);
Datum
win_rate_agg_combine(PG_FUNCTION_ARGS)
{
	WinRate    *rate;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	/* A copy with a full header: it will be written into. */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));
	rate = PG_GETARG_WIN_RATE(0);
	report_if(!win_rate_merge(rate, PG_GETARG_WIN_RATE(1), &error), &error);
	return win_rate_datum(rate);
}

/*
 * The rate itself; NULL where nothing was decided.
 */
PG_FUNCTION_INFO_V1(win_rate_float8);
Datum
win_rate_float8(PG_FUNCTION_ARGS)
{
	const WinRate *rate = PG_GETARG_WIN_RATE(0);

	if (rate->won + rate->lost == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) rate->won / (rate->won + rate->lost));
}

#define COUNT_COLUMNS 5

/*
 * win_rate_counts(win_rate)
 */
PG_FUNCTION_INFO_V1(win_rate_counts);
Datum
win_rate_counts(PG_FUNCTION_ARGS)
{
	const WinRate *rate = PG_GETARG_WIN_RATE(0);
	uint64		decided = rate->won + rate->lost;
	Datum		values[COUNT_COLUMNS] = {0};
	bool		nulls[COUNT_COLUMNS] = {false};
	double		low = 0,
				high = 0;
	TupleDesc	row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "win_rate_counts must return a row");
	if (decided > 0)
		wilson_interval(rate->won, decided, &low, &high);
	values[0] = Int64GetDatum(rate->won);
	values[1] = Int64GetDatum(rate->lost);
	values[2] = Float8GetDatum((double) rate->won / Max(decided, 1));
	values[3] = Float8GetDatum(low);
	values[4] = Float8GetDatum(high);
	nulls[2] = nulls[3] = nulls[4] = decided == 0;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}
