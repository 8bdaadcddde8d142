/*-------------------------------------------------------------------------
 *
 * attribution_agg.c
 *		The aggregates that make attributions: attribution_agg and rollup.
 *
 * Their state is a table in the aggregate's memory; between processes it travels as the
 * bytes of the value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "attribution.h"
#include "face.h"
#include "journey_io.h"
#include "spec_args.h"
#include "sums.h"

/* Of a row: the labels of its touches. */
typedef struct Touches
{
	uint32		n;
	JourneyLabel *labels;
} Touches;

/* Hands the state back as it came, NULL too. */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(PG_GETARG_POINTER(0));
}

/* Begins the state, or returns the one there is; either way its memory is the current one then. */
static AttributionTable *
enter_state(FunctionCallInfo fcinfo, MemoryContext *caller)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		refuse_plain_call();
	*caller = MemoryContextSwitchTo(context);
	return PG_ARGISNULL(0) ? attribution_begin() : (AttributionTable *) PG_GETARG_POINTER(0);
}

/* Counts a closed deal; who was touched by nothing counts nothing. */
static Datum
put_deal(FunctionCallInfo fcinfo, const Touches *touches, bool won, int value_arg)
{
	AttributionPath path = {.ntouches = touches->n,.won = won,.lost = !won};
	AttributionTable *table;
	MemoryContext caller;

	if (touches->n == 0)
		return same_state(fcinfo);
	path.touches = palloc(touches->n * sizeof(uint16));
	path.value = NumericGetDatum(int64_to_numeric(0));
	if (won && value_arg > 0 && !PG_ARGISNULL(value_arg))
		path.value = finite_amount(fcinfo, value_arg, "the value of a deal");
	table = enter_state(fcinfo, &caller);
	for (uint32 i = 0; i < touches->n; i++)
		path.touches[i] = attribution_channel(table, touches->labels[i].text,
											  touches->labels[i].len);
	attribution_put(table, &path);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(table);
}

/* The touches of an array, which stay in it. */
static Touches
open_path(ArrayType *array)
{
	Touches		touches;
	Datum	   *items;
	bool	   *nulls;
	int			n;

	if (ARR_NDIM(array) > 1)
		refuse_argument("a path", "must have one dimension");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &n);
	touches.n = n;
	touches.labels = palloc(Max(n, 1) * sizeof(JourneyLabel));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			refuse_argument("a path", "must not contain NULL");
		touches.labels[i].text = VARDATA_ANY(DatumGetPointer(items[i]));
		touches.labels[i].len = VARSIZE_ANY_EXHDR(DatumGetPointer(items[i]));
	}
	return touches;
}

static Datum
put_path(FunctionCallInfo fcinfo, int value_arg)
{
	Touches		touches;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return same_state(fcinfo);
	touches = open_path(PG_GETARG_ARRAYTYPE_P(1));
	return put_deal(fcinfo, &touches, PG_GETARG_BOOL(2), value_arg);
}

/*
 * attribution_agg_add(state, path, converted)
 */
PG_FUNCTION_INFO_V1(attribution_agg_add);
Datum
attribution_agg_add(PG_FUNCTION_ARGS)
{
	return put_path(fcinfo, 0);
}

/*
 * attribution_agg_add_value(state, path, converted, value)
 */
PG_FUNCTION_INFO_V1(attribution_agg_add_value);
Datum
attribution_agg_add_value(PG_FUNCTION_ARGS)
{
	return put_path(fcinfo, 3);
}

static bool
is_listed(const JourneyLabel *label, const JourneyLabel *list, int n)
{
	for (int i = 0; i < n; i++)
		if (journey_label_compare(label, &list[i]) == 0)
			return true;
	return false;
}

/*
 * attribution_agg_add_journey(state, journey, won, lost, value): the touches are the steps
 * before the first outcome; without one the deal is open.
 */
PG_FUNCTION_INFO_V1(attribution_agg_add_journey);
Datum
attribution_agg_add_journey(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyLabel *labels,
			   *won,
			   *lost;
	int			nwon,
				nlost;
	Touches		touches = {0};

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	nwon = argument_labels(fcinfo, 2, "won", &won);
	nlost = argument_labels(fcinfo, 3, "lost", &lost);
	if (nwon == 0)
		refuse_argument("won", "must not be empty");
	for (int i = 0; i < nlost; i++)
		if (is_listed(&lost[i], won, nwon))
			refuse_argument("a stage", "must not be both won and lost");
	journey_open_datum(PG_GETARG_DATUM(1), &view);
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	touches.labels = palloc(view.nsteps * sizeof(JourneyLabel));
	for (uint32 step = 0; step < view.nsteps; step++)
	{
		const JourneyLabel *label = &labels[journey_index(&view, step)];

		if (is_listed(label, won, nwon))
			return put_deal(fcinfo, &touches, true, 4);
		if (is_listed(label, lost, nlost))
			return put_deal(fcinfo, &touches, false, 4);
		touches.labels[touches.n++] = *label;
	}
	return same_state(fcinfo);
}

static Datum
put_all(FunctionCallInfo fcinfo, const Attribution *paths)
{
	MemoryContext caller;
	AttributionTable *table = enter_state(fcinfo, &caller);

	attribution_put_all(table, paths);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(table);
}

/*
 * attribution_rollup_add(state, attribution)
 */
PG_FUNCTION_INFO_V1(attribution_rollup_add);
Datum
attribution_rollup_add(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	return put_all(fcinfo, PG_GETARG_ATTRIBUTION(1));
}

/*
 * Adds the right to the left state; the right one stays as it is.
 */
PG_FUNCTION_INFO_V1(attribution_agg_combine);
Datum
attribution_agg_combine(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	return put_all(fcinfo, attribution_end((AttributionTable *) PG_GETARG_POINTER(1)));
}

PG_FUNCTION_INFO_V1(attribution_agg_serialize);
Datum
attribution_agg_serialize(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	return attribution_write(attribution_end((AttributionTable *) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(attribution_agg_deserialize);
Datum
attribution_agg_deserialize(PG_FUNCTION_ARGS)
{
	AttributionTable *table;

	require_aggregate(fcinfo);
	table = attribution_begin();
	attribution_put_all(table, PG_GETARG_ATTRIBUTION(0));
	PG_RETURN_POINTER(table);
}

PG_FUNCTION_INFO_V1(attribution_agg_final);
Datum
attribution_agg_final(PG_FUNCTION_ARGS)
{
	require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return attribution_write(attribution_end((AttributionTable *) PG_GETARG_POINTER(0)));
}
