/*-------------------------------------------------------------------------
 *
 * retention_agg.c
 *		The aggregates retention_agg and rollup, and the function that reads their
 *		result.
 *
 * The transition type is retention itself.  The state is the aggregate's own copy and
 * is written into; when it must grow, it grows in the caller's short-lived memory and
 * the executor copies it over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/timestamp.h"

#include "face.h"
#include "journey_io.h"
#include "retention_io.h"
#include "spec_args.h"

static void
require_same_spec(const Retention *retention, const RetentionPlan *plan)
{
	if (!retention_has_spec(retention, plan->text, plan->text_len))
		refuse_mixed_specs("retentions", retention->spec, retention->spec_len, plan->text, plan->text_len);
}

/*
 * retention_agg_add(state, journey, retention_spec [, as_of])
 *
 * Not strict: a NULL journey is nobody, but its row says which retention is asked for.
 */
PG_FUNCTION_INFO_V1(retention_agg_add);
Datum
retention_agg_add(PG_FUNCTION_ARGS)
{
	RetentionPlan *plan;
	Retention  *old = NULL;
	Retention  *retention;
	JourneyView view;
	PureError	error;

	require_aggregate(fcinfo);
	plan = retention_ready(fcinfo, 2, PG_NARGS() > 3 ? 3 : NO_ARGUMENT);
	if (!PG_ARGISNULL(0))
	{
		old = retention_open_datum(PG_GETARG_DATUM(0));
		require_same_spec(old, plan);
	}
	retention = old ? old : retention_begin(plan->text, plan->text_len, plan->spec.nperiods);
	if (!PG_ARGISNULL(1))
	{
		journey_foresee_next(PG_GETARG_DATUM(1));
		journey_open_datum(PG_GETARG_DATUM(1), &view);
		report_if(!retention_add(&retention, plan, &view, &error), &error);
	}
	if (retention == old)
		PG_RETURN_POINTER(old);
	return retention_datum(retention);
}

/*
 * retention_agg_combine(state, other): both of one specification; also adds to a rollup.
 */
PG_FUNCTION_INFO_V1(retention_agg_combine);
Datum
retention_agg_combine(PG_FUNCTION_ARGS)
{
	Retention  *retention;
	PureError	error;

	require_aggregate(fcinfo);
	retention = retention_open_datum(PG_GETARG_DATUM(0));
	report_if(!retention_merge(&retention, retention_open_datum(PG_GETARG_DATUM(1)), &error),
			  &error);
	return retention_datum(retention);
}

PG_FUNCTION_INFO_V1(retention_agg_final);
Datum
retention_agg_final(PG_FUNCTION_ARGS)
{
	return retention_datum(retention_trim(retention_open_datum(PG_GETARG_DATUM(0))));
}

#define CELL_COLUMNS 6

static void
put_cell(void *arg, const RetentionRow *row)
{
	ReturnSetInfo *rsinfo = arg;
	Datum		values[CELL_COLUMNS];
	bool		nulls[CELL_COLUMNS] = {row->overall};

	values[0] = TimestampTzGetDatum(row->cohort);
	values[1] = Int32GetDatum(row->period);
	values[2] = Int64GetDatum(row->size);
	values[3] = Int64GetDatum(row->retained);
	values[4] = Float8GetDatum((double) row->retained / row->size);
	values[5] = BoolGetDatum(row->complete);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * retention_cells(retention)
 */
PG_FUNCTION_INFO_V1(retention_cells);
Datum
retention_cells(PG_FUNCTION_ARGS)
{
	const Retention *retention = retention_open_datum(PG_GETARG_DATUM(0));
	PureError	error;

	InitMaterializedSRF(fcinfo, 0);
	report_if(!retention_report(retention, retention_plan_of(retention), put_cell,
								fcinfo->resultinfo, &error), &error);
	return (Datum) 0;
}
