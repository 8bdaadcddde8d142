/*-------------------------------------------------------------------------
 *
 * sums.c
 *		Several exact sums side by side: the states of aggregates over money.
 *
 * What is summed is the business of the rooms that use it, not of this file.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "sums.h"

/* A small number for the life of the process: made once and not once a row. */
static Datum
lasting_number(int64 number)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	Datum		result = NumericGetDatum(int64_to_numeric(number));

	MemoryContextSwitchTo(caller);
	return result;
}

Datum
amount_zero(void)
{
	static Datum zero = 0;

	if (zero == 0)
		zero = lasting_number(0);
	return zero;
}

Datum
amount_one(void)
{
	static Datum one = 0;

	if (one == 0)
		one = lasting_number(1);
	return one;
}

/* A state's sums, or those of none yet. */
static Sums
open_state(ArrayType *state)
{
	Sums		sums;
	bool	   *nulls;

	deconstruct_array(state, NUMERICOID, -1, false, TYPALIGN_INT, &sums.values, &nulls, &sums.n);
	for (int i = 0; i < sums.n; i++)
		if (nulls[i])
			sums.n = 0;
	return sums;
}

/* The state is an array like any other to SQL: it need not come from here. */
static void
require_size(const Sums *sums, int n)
{
	if (sums->n != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state of the aggregate must be %d sums", n)));
}

/*
 * The n sums that an argument is, all 0 where it is NULL.
 */
Sums
sums_open(FunctionCallInfo fcinfo, int argno, int n)
{
	Sums		sums;

	if (!PG_ARGISNULL(argno))
	{
		sums = open_state(PG_GETARG_ARRAYTYPE_P(argno));
		require_size(&sums, n);
		return sums;
	}
	sums.n = n;
	sums.values = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
		sums.values[i] = amount_zero();
	return sums;
}

void
sums_add(Sums *sums, int which, Datum amount)
{
	sums->values[which] = amount_add(sums->values[which], amount);
}

/*
 * Adds one.
 */
void
sums_count(Sums *sums, int which)
{
	sums_add(sums, which, amount_one());
}

Datum
sums_datum(const Sums *sums)
{
	return PointerGetDatum(construct_array(sums->values, sums->n, NUMERICOID, -1, false,
										   TYPALIGN_INT));
}

/*
 * An argument that can be summed: neither NULL nor NaN nor infinite.  It comes with a
 * full header, so that no function that is called with it copies it once more.
 */
Datum
finite_amount(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Numeric		amount;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
	amount = PG_GETARG_NUMERIC(argno);
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number", name)));
	return NumericGetDatum(amount);
}

/*
 * sums_combine(sums, sums): adds them one by one; what is NULL adds nothing.
 */
PG_FUNCTION_INFO_V1(sums_combine);
Datum
sums_combine(PG_FUNCTION_ARGS)
{
	Sums		sums,
				other;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	sums = open_state(PG_GETARG_ARRAYTYPE_P(0));
	other = open_state(PG_GETARG_ARRAYTYPE_P(1));
	require_size(&other, sums.n);
	for (int i = 0; i < sums.n; i++)
		sums_add(&sums, i, other.values[i]);
	return sums_datum(&sums);
}
