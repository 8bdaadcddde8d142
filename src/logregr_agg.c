/*-------------------------------------------------------------------------
 *
 * logregr_agg.c
 *		The aggregate logregr_agg, one step of a logistic regression, and logregr_predict.
 *
 * The state is one piece of memory of a size that the first row settles; between processes
 * it travels as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"

#include "compat.h"
#include "face.h"
#include "logistic.h"
#include "logregr.h"
#include "logregr_io.h"
#include "report.h"
#include "spec_args.h"

/* The numbers of a float8[] argument; false where one of them is NULL. */
static bool
open_numbers(FunctionCallInfo fcinfo, int argno, const char *name, const double **numbers,
			 uint32 *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argno);

	if (ARR_NDIM(array) > 1)
		refuse_argument(name, "must have one dimension");
	*n = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
	*numbers = (const double *) ARR_DATA_PTR(array);
	return !array_contains_nulls(array);
}

/* The state in the aggregate's memory, for a row of so many columns. */
static LogRegr *
begin_state(FunctionCallInfo fcinfo, const double *coef, uint32 ncolumns)
{
	MemoryContext context;
	MemoryContext caller;
	LogRegr    *state;
	PureError	error;

	if (!AggCheckCallContext(fcinfo, &context))
		refuse_plain_call();
	caller = MemoryContextSwitchTo(context);
	state = logregr_begin(coef, ncolumns, &error);
	MemoryContextSwitchTo(caller);
	report_if(state == NULL, &error);
	return state;
}

static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(PG_GETARG_POINTER(0));
}

/*
 * logregr_agg_add(state, y, x, coef): a row with a NULL in y or x is left out; coef NULL is 0.
 */
PG_FUNCTION_INFO_V1(logregr_agg_add);
Datum
logregr_agg_add(PG_FUNCTION_ARGS)
{
	const double *x,
			   *coef = NULL;
	uint32		ncolumns,
				ncoefs;
	LogRegr    *state;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || !open_numbers(fcinfo, 2, "x", &x, &ncolumns))
		return same_state(fcinfo);
	ncoefs = ncolumns;
	if (!PG_ARGISNULL(3) && !open_numbers(fcinfo, 3, "coef", &coef, &ncoefs))
		refuse_argument("coef", "must not contain null");
	state = PG_ARGISNULL(0) ? begin_state(fcinfo, coef, ncoefs) : (LogRegr *) PG_GETARG_POINTER(0);
	if (!logregr_check_coef(state, coef, ncoefs))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the rows of one group have different coefficients"),
				 errhint("Group by whatever the coefficients depend on.")));
	report_if(!logregr_add(state, PG_GETARG_BOOL(1), x, ncolumns, &error), &error);
	PG_RETURN_POINTER(state);
}

/*
 * Adds the right to the left state; carrying does not change what the right one sums.
 */
PG_FUNCTION_INFO_V1(logregr_agg_combine);
Datum
logregr_agg_combine(PG_FUNCTION_ARGS)
{
	LogRegr    *state,
			   *other;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	other = (LogRegr *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? begin_state(fcinfo, other->columns, other->ncolumns) :
		(LogRegr *) PG_GETARG_POINTER(0);
	report_if(!logregr_merge(state, other, &error), &error);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(logregr_agg_serialize);
Datum
logregr_agg_serialize(PG_FUNCTION_ARGS)
{
	const LogRegr *state;
	LogRegr    *copy;
	size_t		size;

	require_aggregate(fcinfo);
	state = (const LogRegr *) PG_GETARG_POINTER(0);
	size = logregr_size(state->ncolumns);
	copy = palloc(size);
	memcpy(copy, state, size);
	SET_VARSIZE(copy, size);
	PG_RETURN_BYTEA_P((bytea *) copy);
}

PG_FUNCTION_INFO_V1(logregr_agg_deserialize);
Datum
logregr_agg_deserialize(PG_FUNCTION_ARGS)
{
	LogRegr    *state;

	require_aggregate(fcinfo);
	state = (LogRegr *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
	if (VARSIZE(state) < offsetof(LogRegr, columns) || state->ncolumns > LOGREGR_MAX_COLUMNS ||
		VARSIZE(state) != logregr_size(state->ncolumns))
		elog(ERROR, "malformed state of logregr_agg");
	PG_RETURN_POINTER(state);
}

/*
 * Numbers as float8[].
 */
Datum
logregr_numbers(const double *numbers, uint32 n)
{
	Datum	   *values = palloc(n * sizeof(Datum));

	for (uint32 i = 0; i < n; i++)
		values[i] = Float8GetDatum(numbers[i]);
	return PointerGetDatum(construct_array(values, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

static Datum
square(const double *numbers, uint32 n)
{
	Datum	   *values = palloc((size_t) n * n * sizeof(Datum));
	int			dims[2] = {n, n};
	int			bounds[2] = {1, 1};

	for (uint32 i = 0; i < n * n; i++)
		values[i] = Float8GetDatum(numbers[i]);
	return PointerGetDatum(construct_md_array(values, NULL, 2, dims, bounds, FLOAT8OID,
											  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

#define STEP_COLUMNS 8

/*
 * logregr_agg_final(state): a logregr_step.
 */
PG_FUNCTION_INFO_V1(logregr_agg_final);
Datum
logregr_agg_final(PG_FUNCTION_ARGS)
{
	const LogRegr *state;
	LogRegrStep step;
	Datum		values[STEP_COLUMNS] = {0};
	bool		nulls[STEP_COLUMNS] = {false};
	TupleDesc	row;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "logregr_agg must return a row");
	state = (const LogRegr *) PG_GETARG_POINTER(0);
	logregr_finish(state, &step);
	values[0] = Int64GetDatum(step.nrows);
	values[1] = Float8GetDatum(step.log_likelihood);
	values[2] = logregr_numbers(step.gradient, step.ncolumns);
	values[3] = square(step.information, step.ncolumns);
	nulls[4] = nulls[5] = step.dependent > 0;
	if (!nulls[4])
	{
		for (uint32 i = 0; i < step.ncolumns; i++)
			step.step[i] += state->columns[i];
		values[4] = logregr_numbers(step.step, step.ncolumns);
		values[5] = logregr_numbers(step.std_errors, step.ncolumns);
	}
	values[6] = BoolGetDatum(step.separated);
	values[7] = logregr_numbers(step.largest, step.ncolumns);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

/*
 * logregr_predict(coef, x)
 */
PG_FUNCTION_INFO_V1(logregr_predict);
Datum
logregr_predict(PG_FUNCTION_ARGS)
{
	const double *coef,
			   *x;
	uint32		ncoefs,
				ncolumns;
	double		log_odds = 0;

	if (!open_numbers(fcinfo, 0, "coef", &coef, &ncoefs) ||
		!open_numbers(fcinfo, 1, "x", &x, &ncolumns))
		PG_RETURN_NULL();
	if (ncoefs != ncolumns)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x has %u elements, but %u coefficients", ncolumns, ncoefs)));
	for (uint32 i = 0; i < ncolumns; i++)
		log_odds += coef[i] * x[i];
	PG_RETURN_FLOAT8(logistic(log_odds));
}
