/*-------------------------------------------------------------------------
 *
 * logregr_fit.c
 *		logregr_fit: a logistic regression over the rows of a query, to its end.
 *
 * The query is the caller's and runs as the caller, read-only, in the snapshot of the
 * statement that asks.  It is prepared alone first, so that it is one whole SELECT, of the
 * right columns, before it is put in parentheses.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "nodes/parsenodes.h"
#include "tcop/cmdtag.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "compat.h"
#include "logregr.h"
#include "logregr_io.h"
#include "spec_args.h"

pg_noreturn static void
refuse_query(int code, const char *what)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("%s", what),
			 errhint("Give a query like SELECT won, ARRAY[1, amount, age] FROM deals.")));
}

static void
require_columns(TupleDesc row)
{
	Oid			x;

	if (row->natts != 2)
		refuse_query(ERRCODE_DATATYPE_MISMATCH, "the query must return two columns, y and x");
	if (getBaseType(TupleDescAttr(row, 0)->atttypid) != BOOLOID)
		refuse_query(ERRCODE_DATATYPE_MISMATCH,
					 psprintf("the query's first column, y, must be boolean, not %s",
							  format_type_be(TupleDescAttr(row, 0)->atttypid)));
	x = get_element_type(getBaseType(TupleDescAttr(row, 1)->atttypid));
	if (x != FLOAT8OID && x != FLOAT4OID && x != NUMERICOID && x != INT2OID && x != INT4OID &&
		x != INT8OID)
		refuse_query(ERRCODE_DATATYPE_MISMATCH,
					 psprintf("the query's second column, x, must be an array of numbers, not %s",
							  format_type_be(TupleDescAttr(row, 1)->atttypid)));
}

/* The text of the one SELECT that a query is, without what surrounds it. */
static char *
select_text(const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	List	   *sources;
	CachedPlanSource *source;
	RawStmt    *statement;

	if (plan == NULL)
		refuse_query(ERRCODE_SYNTAX_ERROR, "the query cannot be prepared");
	sources = SPI_plan_get_plan_sources(plan);
	if (list_length(sources) != 1)
		refuse_query(ERRCODE_SYNTAX_ERROR, "the query must be one statement");
	source = (CachedPlanSource *) linitial(sources);
	if (source->commandTag != CMDTAG_SELECT || source->resultDesc == NULL)
		refuse_query(ERRCODE_SYNTAX_ERROR, "the query must be a SELECT");
	require_columns(source->resultDesc);
	statement = source->raw_parse_tree;
	query += Max(statement->stmt_location, 0);
	return statement->stmt_len > 0 ? pnstrdup(query, statement->stmt_len) : pstrdup(query);
}

/* What the aggregate is asked for, once a step. */
static char *
step_query(const char *query)
{
	return psprintf("SELECT (s).observations, (s).log_likelihood, (s).gradient, (s).information,"
					" (s).separated, (s).largest_x"
					" FROM (SELECT lifecycle.logregr_agg(q.y, q.x::double precision[], $1) AS s"
					" FROM (%s\n) AS q (y, x)) AS sums", select_text(query));
}

static Datum
column(int number, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, is_null);
}

/* The numbers of a column, in the current context. */
static double *
numbers(int number, uint32 *n)
{
	bool		is_null;
	ArrayType  *array = DatumGetArrayTypePCopy(column(number, &is_null));

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (double *) ARR_DATA_PTR(array);
}

/* The sums at these coefficients; the step's memory is the current context's. */
static void
ask(const char *query, const LogRegrFit *fit, LogRegrStep *step)
{
	Oid			types[1] = {FLOAT8ARRAYOID};
	char		nulls[1] = {fit->coef == NULL ? 'n' : ' '};
	Datum		values[1] = {0};
	MemoryContext caller = CurrentMemoryContext;
	bool		is_null;
	uint32		n;

	memset(step, 0, sizeof(*step));
	if (fit->coef != NULL)
		values[0] = logregr_numbers(fit->coef, fit->ncolumns);
	if (SPI_execute_with_args(query, 1, types, values, nulls, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not sum up the rows");
	MemoryContextSwitchTo(caller);	/* SPI leaves its own behind */
	step->nrows = DatumGetInt64(column(1, &is_null));
	if (is_null)
		step->nrows = 0;
	else
	{
		step->log_likelihood = DatumGetFloat8(column(2, &is_null));
		step->gradient = numbers(3, &step->ncolumns);
		step->information = numbers(4, &n);
		step->separated = DatumGetBool(column(5, &is_null));
		step->largest = numbers(6, &n);
		logregr_solve(step);
	}
	SPI_freetuptable(SPI_tuptable);
}

#define FIT_COLUMNS 9

/* Two-sided, by the normal distribution: 2 (1 - Phi(|z|)) = erfc(|z| / sqrt 2). */
static void
put_estimates(const LogRegrFit *fit, const LogRegrStep *step, Datum *values)
{
	double	   *z = palloc(fit->ncolumns * sizeof(double));
	double	   *p_values = palloc(fit->ncolumns * sizeof(double));

	for (uint32 i = 0; i < fit->ncolumns; i++)
	{
		z[i] = fit->coef[i] / step->std_errors[i];
		p_values[i] = erfc(fabs(z[i]) / sqrt(2));
	}
	values[0] = logregr_numbers(fit->coef, fit->ncolumns);
	values[1] = logregr_numbers(step->std_errors, fit->ncolumns);
	values[2] = logregr_numbers(z, fit->ncolumns);
	values[3] = logregr_numbers(p_values, fit->ncolumns);
	values[4] = Float8GetDatum(step->log_likelihood);
}

static Datum
fit_datum(const LogRegrFit *fit, const LogRegrStep *step, TupleDesc row)
{
	Datum		values[FIT_COLUMNS] = {0};
	bool		nulls[FIT_COLUMNS] = {false};
	bool		converged = fit->status == LOGREGR_CONVERGED;

	if (converged)
		put_estimates(fit, step, values);
	else
		memset(nulls, true, 5 * sizeof(bool));
	values[5] = Int64GetDatum(step->nrows);
	values[6] = Int32GetDatum(fit->iterations);
	values[7] = BoolGetDatum(converged);
	values[8] = CStringGetTextDatum(logregr_status_text(fit));
	return HeapTupleGetDatum(heap_form_tuple(row, values, nulls));
}

/*
 * logregr_fit(query, max_iterations)
 */
PG_FUNCTION_INFO_V1(logregr_fit);
Datum
logregr_fit(PG_FUNCTION_ARGS)
{
	LogRegrFit	fit = {.max_iterations = PG_GETARG_INT32(1)};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "logistic regression",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	char	   *given = text_to_cstring(PG_GETARG_TEXT_PP(0));
	LogRegrStep step;
	TupleDesc	row;
	char	   *query;

	if (fit.max_iterations < 1)
		refuse_argument("max_iterations", "must be at least 1");
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "logregr_fit must return a row");
	row = BlessTupleDesc(row);
	SPI_connect();
	query = step_query(given);
	while (fit.status == LOGREGR_ON_THE_WAY)
	{
		MemoryContext spi = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		ask(query, &fit, &step);
		logregr_advance(&fit, &step);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return fit_datum(&fit, &step, row);
}
