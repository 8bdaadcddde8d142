/*-------------------------------------------------------------------------
 *
 * compare_shares.c
 *		Whether two groups differ in a share, or by chance.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "chi_square.h"
#include "wilson.h"

PG_FUNCTION_INFO_V1(compare_shares);

/* Below, chi-square is too rough a picture of chance (W. G. Cochran, Biometrics 10 (1954), 417-451). */
#define LEAST_EXPECTED 5

#define SHARE_COLUMNS 6

static void
check_share(int64 part, int64 whole)
{
	if (part < 0 || part > whole)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(INT64_FORMAT " of " INT64_FORMAT " is no share", part, whole)));
}

/* Pearson's chi-square of the four counts; false where one of them is expected to be too small. */
static bool
four_fields(double part, double whole, double other_part, double other_whole, double *result)
{
	double		all = whole + other_whole,
				yes = part + other_part,
				no = all - yes,
				difference = part * (other_whole - other_part) - other_part * (whole - part);

	if (Min(whole, other_whole) * Min(yes, no) < LEAST_EXPECTED * all || all == 0)
		return false;
	*result = difference / whole * difference / other_whole * (all / (yes * no));
	return true;
}

/*
 * compare_shares(part, whole, other_part, other_whole)
 */
Datum
compare_shares(PG_FUNCTION_ARGS)
{
	int64		part = PG_GETARG_INT64(0),
				whole = PG_GETARG_INT64(1),
				other_part = PG_GETARG_INT64(2),
				other_whole = PG_GETARG_INT64(3);
	Datum		values[SHARE_COLUMNS] = {0};
	bool		nulls[SHARE_COLUMNS] = {whole == 0, whole == 0, whole == 0, other_whole == 0, true, true};
	double		low,
				high,
				chi_square;
	TupleDesc	desc;

	check_share(part, whole);
	check_share(other_part, other_whole);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (whole > 0)
	{
		wilson_interval(part, whole, &low, &high);
		values[0] = Float8GetDatum((double) part / whole);
		values[1] = Float8GetDatum(low);
		values[2] = Float8GetDatum(high);
	}
	if (other_whole > 0)
		values[3] = Float8GetDatum((double) other_part / other_whole);
	if (four_fields(part, whole, other_part, other_whole, &chi_square))
	{
		values[4] = Float8GetDatum(chi_square);
		values[5] = Float8GetDatum(chi_square_tail(chi_square, 1));
		nulls[4] = nulls[5] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
