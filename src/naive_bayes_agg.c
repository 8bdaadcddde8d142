/*-------------------------------------------------------------------------
 *
 * naive_bayes_agg.c
 *		The aggregates that make models: naive_bayes_agg and rollup.
 *
 * Their state is a table in the aggregate's memory; between processes it travels as the
 * bytes of the value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "face.h"
#include "naive_bayes_io.h"
#include "report.h"
#include "spec_args.h"

/* Begins the state, or returns the one there is; either way its memory is the current one then. */
static NaiveBayesTable *
enter_state(FunctionCallInfo fcinfo, MemoryContext *caller)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		refuse_plain_call();
	*caller = MemoryContextSwitchTo(context);
	return PG_ARGISNULL(0) ? naive_bayes_begin() : (NaiveBayesTable *) PG_GETARG_POINTER(0);
}

/* A row whose outcome or features are NULL counts nothing. */
static Datum
put_row(FunctionCallInfo fcinfo,
		bool (*put) (NaiveBayesTable *, bool, const NaiveBayesFeatures *, PureError *))
{
	NaiveBayesFeatures features;
	NaiveBayesTable *table;
	MemoryContext caller;
	PureError	error;
	bool		counts = !PG_ARGISNULL(1) && !PG_ARGISNULL(2);

	require_aggregate(fcinfo);
	if (counts)
		naive_bayes_features(fcinfo, 2, &features);
	table = enter_state(fcinfo, &caller);
	if (counts)
		report_if(!put(table, PG_GETARG_BOOL(1), &features, &error), &error);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(table);
}

/*
 * naive_bayes_agg_add(state, won, features)
 */
PG_FUNCTION_INFO_V1(naive_bayes_agg_add);
Datum
naive_bayes_agg_add(PG_FUNCTION_ARGS)
{
	return put_row(fcinfo, naive_bayes_count_deal);
}

/*
 * The inverse: a row leaves a window's frame.
 */
PG_FUNCTION_INFO_V1(naive_bayes_agg_remove);
Datum
naive_bayes_agg_remove(PG_FUNCTION_ARGS)
{
	return put_row(fcinfo, naive_bayes_uncount_deal);
}

/*
 * naive_bayes_rollup_add(state, naive_bayes)
 */
PG_FUNCTION_INFO_V1(naive_bayes_rollup_add);
Datum
naive_bayes_rollup_add(PG_FUNCTION_ARGS)
{
	NaiveBayesTable *table;
	const NaiveBayes *model;
	MemoryContext caller;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(PG_GETARG_POINTER(0));
	}
	model = PG_GETARG_NAIVE_BAYES(1);
	table = enter_state(fcinfo, &caller);
	report_if(!naive_bayes_put_model(table, model, &error), &error);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(table);
}

/*
 * Adds the right to the left state; the right one stays as it is.
 */
PG_FUNCTION_INFO_V1(naive_bayes_agg_combine);
Datum
naive_bayes_agg_combine(PG_FUNCTION_ARGS)
{
	NaiveBayesTable *table;
	MemoryContext caller;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(PG_GETARG_POINTER(0));
	}
	table = enter_state(fcinfo, &caller);
	report_if(!naive_bayes_put_table(table, (NaiveBayesTable *) PG_GETARG_POINTER(1), &error),
			  &error);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(table);
}

PG_FUNCTION_INFO_V1(naive_bayes_agg_serialize);
Datum
naive_bayes_agg_serialize(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	return naive_bayes_datum((NaiveBayesTable *) PG_GETARG_POINTER(0));
}

PG_FUNCTION_INFO_V1(naive_bayes_agg_deserialize);
Datum
naive_bayes_agg_deserialize(PG_FUNCTION_ARGS)
{
	NaiveBayesTable *table;
	PureError	error;

	require_aggregate(fcinfo);
	table = naive_bayes_begin();
	report_if(!naive_bayes_put_model(table, PG_GETARG_NAIVE_BAYES(0), &error), &error);
	PG_RETURN_POINTER(table);
}

/*
 * Without a closed deal there is no model, also where there were some that left the frame.
 */
PG_FUNCTION_INFO_V1(naive_bayes_agg_final);
Datum
naive_bayes_agg_final(PG_FUNCTION_ARGS)
{
	const NaiveBayesTable *table;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	table = (const NaiveBayesTable *) PG_GETARG_POINTER(0);
	if (table->won + table->lost == 0)
		PG_RETURN_NULL();
	return naive_bayes_datum(table);
}

/*
 * Of models, an empty one is one.
 */
PG_FUNCTION_INFO_V1(naive_bayes_rollup_final);
Datum
naive_bayes_rollup_final(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return naive_bayes_datum((const NaiveBayesTable *) PG_GETARG_POINTER(0));
}
