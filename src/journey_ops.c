/*-------------------------------------------------------------------------
 *
 * journey_ops.c
 *		Comparing and hashing journeys, and making journeys of journeys.
 *
 * Equal journeys are equal bytes, so equality and hashing never look inside.  The
 * order is by the steps, for DISTINCT, count(DISTINCT) and merge joins: journeys sort
 * by when they began.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "common/hashfn.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"

#include "journey_cut.h"
#include "journey_io.h"
#include "report.h"

static bool
same_bytes(Datum a, Datum b)
{
	struct varlena *left;
	struct varlena *right;
	bool		same;

	/* The sizes tell most journeys apart without detoasting them. */
	if (toast_raw_datum_size(a) != toast_raw_datum_size(b))
		return false;
	left = PG_DETOAST_DATUM_PACKED(a);
	right = PG_DETOAST_DATUM_PACKED(b);
	same = memcmp(VARDATA_ANY(left), VARDATA_ANY(right), VARSIZE_ANY_EXHDR(left)) == 0;
	if (left != (struct varlena *) DatumGetPointer(a))
		pfree(left);
	if (right != (struct varlena *) DatumGetPointer(b))
		pfree(right);
	return same;
}

static int
compare(FunctionCallInfo fcinfo)
{
	JourneyView a,
				b;
	struct varlena *left = journey_open_datum(PG_GETARG_DATUM(0), &a);
	struct varlena *right = journey_open_datum(PG_GETARG_DATUM(1), &b);
	int			order = journey_compare(&a, &b);

	PG_FREE_IF_COPY(left, 0);
	PG_FREE_IF_COPY(right, 1);
	return order;
}

PG_FUNCTION_INFO_V1(journey_eq);
Datum
journey_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same_bytes(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

PG_FUNCTION_INFO_V1(journey_ne);
Datum
journey_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same_bytes(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

PG_FUNCTION_INFO_V1(journey_lt);
Datum
journey_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

PG_FUNCTION_INFO_V1(journey_le);
Datum
journey_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

PG_FUNCTION_INFO_V1(journey_gt);
Datum
journey_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

PG_FUNCTION_INFO_V1(journey_ge);
Datum
journey_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

PG_FUNCTION_INFO_V1(journey_cmp);
Datum
journey_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

PG_FUNCTION_INFO_V1(journey_hash);
Datum
journey_hash(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_GETARG_VARLENA_PP(0);
	uint32		hash = hash_bytes((unsigned char *) VARDATA_ANY(journey),
								  VARSIZE_ANY_EXHDR(journey));

	PG_FREE_IF_COPY(journey, 0);
	PG_RETURN_UINT32(hash);
}

PG_FUNCTION_INFO_V1(journey_hash_extended);
Datum
journey_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *journey = PG_GETARG_VARLENA_PP(0);
	uint64		hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(journey),
										   VARSIZE_ANY_EXHDR(journey), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(journey, 0);
	return UInt64GetDatum(hash);
}

/* NULL where no step is left. */
static Datum
return_built(FunctionCallInfo fcinfo, const JourneyBuilder *builder, bool done,
			 const PureError *error)
{
	if (!done)
		report_pure_error(error);
	if (builder->nsteps == 0)
		PG_RETURN_NULL();
	PG_RETURN_JOURNEY(builder);
}

/* An end of a range that is infinite is DT_NOBEGIN or DT_NOEND already. */
static bool
read_window(FunctionCallInfo fcinfo, RangeType *range, JourneyWindow *window)
{
	TypeCacheEntry *typcache = range_get_typcache(fcinfo, RangeTypeGetOid(range));
	RangeBound	lower,
				upper;
	bool		empty;

	range_deserialize(typcache, range, &lower, &upper, &empty);
	window->from = lower.infinite ? DT_NOBEGIN : DatumGetTimestampTz(lower.val);
	window->from_included = lower.inclusive;
	window->to = upper.infinite ? DT_NOEND : DatumGetTimestampTz(upper.val);
	window->to_included = upper.inclusive;
	return !empty;
}

PG_FUNCTION_INFO_V1(slice);
Datum
slice(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyWindow window;
	JourneyBuilder builder;
	PureError	error;

	if (!read_window(fcinfo, PG_GETARG_RANGE_P(1), &window))
		PG_RETURN_NULL();
	journey_open_datum(PG_GETARG_DATUM(0), &view);
	journey_begin(&builder);
	return return_built(fcinfo, &builder, journey_slice(&builder, &view, &window, &error), &error);
}

PG_FUNCTION_INFO_V1(crop);
Datum
crop(PG_FUNCTION_ARGS)
{
	JourneyWindow window = {PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TIMESTAMPTZ(2), true, false};
	JourneyView view;
	JourneyBuilder builder;
	PureError	error;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	journey_begin(&builder);
	return return_built(fcinfo, &builder, journey_crop(&builder, &view, &window, &error), &error);
}

PG_FUNCTION_INFO_V1(collapse);
Datum
collapse(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyBuilder builder;
	PureError	error;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	journey_begin(&builder);
	return return_built(fcinfo, &builder, journey_collapse(&builder, &view, &error), &error);
}

static JourneyLabel
label_argument(FunctionCallInfo fcinfo, int argno)
{
	text	   *value = PG_GETARG_TEXT_PP(argno);
	JourneyLabel label = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};

	return label;
}

PG_FUNCTION_INFO_V1(relabel);
Datum
relabel(PG_FUNCTION_ARGS)
{
	JourneyLabel new_label = label_argument(fcinfo, 2);
	JourneyLabel old_label = label_argument(fcinfo, 1);
	JourneyView view;
	struct varlena *journey = journey_open_datum(PG_GETARG_DATUM(0), &view);
	int			index = journey_find_label(&view, old_label.text, old_label.len);
	JourneyLabel *labels;
	JourneyBuilder builder;
	PureError	error;

	if (!journey_check_label(new_label.text, new_label.len, &error))
		report_pure_error(&error);
	if (index < 0)
		PG_RETURN_POINTER(journey);
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	labels[index] = new_label;
	journey_begin(&builder);
	return return_built(fcinfo, &builder, journey_relabel(&builder, &view, labels, &error), &error);
}

PG_FUNCTION_INFO_V1(journey_begun);
Datum
journey_begun(PG_FUNCTION_ARGS)
{
	JourneyLabel label = label_argument(fcinfo, 1);
	JourneyView view;
	JourneyBuilder builder;
	PureError	error;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	journey_begin(&builder);
	return return_built(fcinfo, &builder, journey_begin_with(&builder, &view, label, &error), &error);
}

PG_FUNCTION_INFO_V1(journey_concat);
Datum
journey_concat(PG_FUNCTION_ARGS)
{
	JourneyView left,
				right;
	JourneyBuilder builder;
	PureError	error;

	journey_open_datum(PG_GETARG_DATUM(0), &left);
	journey_open_datum(PG_GETARG_DATUM(1), &right);
	if (right.first < journey_at(&left, left.nsteps - 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the second journey begins before the first one ends"),
				 errhint("Journeys that overlap in time are merged by the aggregate journey_merge.")));
	journey_begin(&builder);
	return return_built(fcinfo, &builder,
						journey_append_all(&builder, &left, &error) &&
						journey_append_all(&builder, &right, &error),
						&error);
}
