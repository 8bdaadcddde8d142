/*-------------------------------------------------------------------------
 *
 * velocity_spec_io.c
 *		The type velocity_spec: text and binary input and output, and its constructor.
 *
 * The binary form: int8 version 1, then int64 from, to and as of, where the least and
 * the greatest int64 mean that there is none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "report.h"
#include "velocity_spec.h"
#include "wire.h"

#define WIRE_TYPE "velocity_spec"

PG_FUNCTION_INFO_V1(velocity_spec_in);
Datum
velocity_spec_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	VelocitySpec *spec = palloc(sizeof(VelocitySpec));
	PureError	error;

	if (!velocity_spec_read(spec, text, strlen(text), &error))
		report_pure_error(&error);
	PG_RETURN_POINTER(spec);
}

PG_FUNCTION_INFO_V1(velocity_spec_out);
Datum
velocity_spec_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	velocity_spec_write(&out, (VelocitySpec *) PG_GETARG_POINTER(0));
	PG_RETURN_CSTRING(out.data);
}

PG_FUNCTION_INFO_V1(velocity_spec_recv);
Datum
velocity_spec_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	VelocitySpec *spec = palloc(sizeof(VelocitySpec));
	PureError	error;

	if (pq_getmsgbyte(buf) != VELOCITY_SPEC_VERSION)
		wire_refuse(WIRE_TYPE, "unknown version");
	velocity_spec_start(spec);
	spec->moved_from = pq_getmsgint64(buf);
	spec->moved_to = pq_getmsgint64(buf);
	spec->as_of = pq_getmsgint64(buf);
	if (!velocity_spec_check(spec, &error))
		wire_refuse(WIRE_TYPE, error.message);
	wire_receive_end(buf, WIRE_TYPE);
	PG_RETURN_POINTER(spec);
}

PG_FUNCTION_INFO_V1(velocity_spec_send);
Datum
velocity_spec_send(PG_FUNCTION_ARGS)
{
	const VelocitySpec *spec = (VelocitySpec *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, spec->version);
	pq_sendint64(&buf, spec->moved_from);
	pq_sendint64(&buf, spec->moved_to);
	pq_sendint64(&buf, spec->as_of);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * The period of a range: from the first instant in it to the first behind it.  Instants
 * are whole microseconds, so every kind of bound has such a form.
 */
static void
set_period(VelocitySpec *spec, RangeType *range)
{
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	RangeBound	lower,
				upper;
	bool		empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the period of a velocity_spec is empty")));
	if ((!lower.infinite && TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(lower.val))) ||
		(!upper.infinite && TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(upper.val))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an instant of a velocity_spec must be finite"),
				 errhint("A period without an end has no bound, as in [2026-01-01,).")));
	if (!lower.infinite)
		spec->moved_from = DatumGetTimestampTz(lower.val) + !lower.inclusive;
	if (!upper.infinite)
		spec->moved_to = DatumGetTimestampTz(upper.val) + upper.inclusive;
}

PG_FUNCTION_INFO_V1(velocity_spec);
Datum
velocity_spec(PG_FUNCTION_ARGS)
{
	VelocitySpec *spec = palloc(sizeof(VelocitySpec));
	PureError	error;

	velocity_spec_start(spec);
	if (!PG_ARGISNULL(0))
		set_period(spec, PG_GETARG_RANGE_P(0));
	if (!PG_ARGISNULL(1))
	{
		spec->as_of = PG_GETARG_TIMESTAMPTZ(1);
		if (TIMESTAMP_NOT_FINITE(spec->as_of))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an instant of a velocity_spec must be finite")));
	}
	if (!velocity_spec_check(spec, &error))
		report_pure_error(&error);
	PG_RETURN_POINTER(spec);
}
