/*-------------------------------------------------------------------------
 *
 * funnel_agg.c
 *		The aggregates funnel_agg and rollup, and the functions that read their result
 *		or look at one journey.
 *
 * The transition type is funnel itself.  The state is the aggregate's own copy and is
 * written into; when it must grow, it grows in the caller's short-lived memory and the
 * executor copies it over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "face.h"
#include "funnel_io.h"
#include "journey_io.h"
#include "report.h"

/*
 * A state that bears the plan's stamp was compared before.  It may also come from
 * elsewhere: as the initial value of somebody's own aggregate.
 */
static inline void
require_same_spec(Funnel *funnel, const PlannedFunnel *planned)
{
	if (likely(funnel->stamp == planned->stamp && funnel->nsteps == planned->nsteps))
		return;
	if (!funnel_has_spec(funnel, planned->text, planned->text_len))
		refuse_mixed_specs("funnels", funnel->spec, funnel->spec_len, planned->text, planned->text_len);
	funnel->stamp = planned->stamp;
}

/*
 * funnel_agg_add(state, journey, funnel_spec [, as_of])
 *
 * Not strict: a NULL journey is nobody, but its row says which funnel is asked for.
 */
PG_FUNCTION_INFO_V1(funnel_agg_add);
Datum
funnel_agg_add(PG_FUNCTION_ARGS)
{
	bool		dated = PG_NARGS() > 3;
	PlannedFunnel *planned;
	Funnel	   *old = NULL;
	Funnel	   *funnel;
	JourneyView view;
	FunnelChain chain;

	require_aggregate(fcinfo);
	planned = funnel_planned(fcinfo, 2, dated ? 3 : NO_ARGUMENT);
	if (!PG_ARGISNULL(0))
	{
		old = funnel_open_datum(PG_GETARG_DATUM(0));
		require_same_spec(old, planned);
	}
	funnel = old ? old : funnel_begin(planned->text, planned->text_len, planned->nsteps);
	if (!PG_ARGISNULL(1))
	{
		journey_foresee_next(PG_GETARG_DATUM(1));
		journey_open_datum(PG_GETARG_DATUM(1), &view);
		funnel_find(planned->plan, &view, &chain);
		funnel = funnel_add(funnel, &chain, funnel_is_eligible(planned->plan, &chain));
	}
	if (funnel == old)
		PG_RETURN_POINTER(old);
	return funnel_datum(funnel);
}

/*
 * funnel_agg_combine(state, other): both of one specification; also adds to a rollup.
 */
PG_FUNCTION_INFO_V1(funnel_agg_combine);
Datum
funnel_agg_combine(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel;
	PureError	error;

	require_aggregate(fcinfo);
	funnel = funnel_merge(funnel_open_datum(PG_GETARG_DATUM(0)),
						  funnel_open_datum(PG_GETARG_DATUM(1)), &error);
	if (funnel == NULL)
		report_pure_error(&error);
	return funnel_datum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_agg_final);
Datum
funnel_agg_final(PG_FUNCTION_ARGS)
{
	return funnel_datum(funnel_trim(funnel_open_datum(PG_GETARG_DATUM(0))));
}

/* Finds the chain of the call's journey; false if it never entered. */
static bool
find_chain(FunctionCallInfo fcinfo, FunnelChain *chain)
{
	PlannedFunnel *planned = funnel_planned(fcinfo, 1, NO_ARGUMENT);
	JourneyView view;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	funnel_find(planned->plan, &view, chain);
	return chain->level > 0;
}

PG_FUNCTION_INFO_V1(funnel_level);
Datum
funnel_level(PG_FUNCTION_ARGS)
{
	FunnelChain chain;

	find_chain(fcinfo, &chain);
	PG_RETURN_INT32(chain.level);
}

PG_FUNCTION_INFO_V1(funnel_times);
Datum
funnel_times(PG_FUNCTION_ARGS)
{
	FunnelChain chain;
	Datum		times[FUNNEL_MAX_STEPS];
	bool		nulls[FUNNEL_MAX_STEPS];
	int			lower = 1;

	if (!find_chain(fcinfo, &chain))
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TIMESTAMPTZOID));
	for (int step = 0; step < chain.level; step++)
	{
		times[step] = TimestampTzGetDatum(chain.times[step]);
		nulls[step] = chain.times[step] == FUNNEL_SKIPPED;
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(times, nulls, 1, &chain.level, &lower, TIMESTAMPTZOID,
											 sizeof(TimestampTz), FLOAT8PASSBYVAL,
											 TYPALIGN_DOUBLE));
}

#define STEP_COLUMNS 12

static void
put_step(ReturnSetInfo *rsinfo, const FunnelSpec *spec, int step, const FunnelRow *row)
{
	Datum		values[STEP_COLUMNS] = {0};
	bool		nulls[STEP_COLUMNS] = {false};
	const JourneyLabel *stage = &spec->steps[step].stage;

	values[0] = Int32GetDatum(step + 1);
	nulls[1] = spec->ordering == FUNNEL_ANY_ORDER;
	if (!nulls[1])
		values[1] = PointerGetDatum(cstring_to_text_with_len(stage->text, stage->len));
	values[2] = Int64GetDatum(row->eligible);
	values[3] = Int64GetDatum(row->reached);
	values[4] = Int64GetDatum(row->pending);
	values[5] = Int64GetDatum(row->reached_before - row->reached);
	nulls[5] = step == 0;
	values[6] = Float8GetDatum((double) row->reached / row->eligible);
	nulls[6] = row->eligible == 0;
	values[7] = Float8GetDatum((double) row->reached / row->reached_before);
	nulls[7] = row->reached_before == 0;
	values[8] = Float8GetDatum(row->low);
	values[9] = Float8GetDatum(row->high);
	nulls[8] = nulls[9] = row->eligible == 0;
	nulls[10] = nulls[11] = !row->timed;
	if (row->timed)
	{
		values[10] = span_datum(row->p50);
		values[11] = span_datum(row->p90);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(funnel_steps);
Datum
funnel_steps(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = funnel_trim(funnel_open_datum(PG_GETARG_DATUM(0)));
	FunnelParts parts;
	FunnelSpec	spec;
	PureError	error;

	InitMaterializedSRF(fcinfo, 0);
	funnel_open(funnel, &parts);
	if (!funnel_spec_parse(&spec, funnel->spec, funnel->spec_len, &error))
		report_pure_error(&error);
	for (int step = 0; step < spec.nsteps; step++)
	{
		FunnelRow	row;

		funnel_report(&parts, spec.nsteps, step, &row);
		put_step((ReturnSetInfo *) fcinfo->resultinfo, &spec, step, &row);
	}
	return (Datum) 0;
}
