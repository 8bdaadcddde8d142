/*-------------------------------------------------------------------------
 *
 * velocity_spec_io.c
 *		The type velocity_spec: input, output, constructor, and as arguments.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "spec_args.h"
#include "velocity_io.h"

static bool
canonize(StringInfo out, const char *text, size_t len, PureError *error)
{
	VelocitySpec spec;

	if (!velocity_spec_read(&spec, text, len, error))
		return false;
	velocity_spec_write(out, &spec);
	return true;
}

static void *prepare(const char *text, size_t len, TimestampTz as_of);

static const SpecType spec_type = {
	"velocity_spec", "moved 2026-01-01 to 2026-04-01 as of 2026-07-01", canonize, prepare
};

static void *
prepare(const char *text, size_t len, TimestampTz as_of)
{
	VelocitySpec *spec = palloc(sizeof(VelocitySpec));
	PureError	error;

	report_if(!velocity_spec_read(spec, text, len, &error), &error);
	spec_set_as_of(&spec_type, &spec->as_of, as_of);
	return spec;
}

/*
 * The specification of a call, made ready once and not once a row; as_of_arg may be
 * NO_ARGUMENT.
 */
const VelocitySpec *
velocity_spec_ready(SpecCache *cache, FunctionCallInfo fcinfo, int spec_arg, int as_of_arg)
{
	return spec_ready(&spec_type, cache, fcinfo, spec_arg, as_of_arg);
}

PG_FUNCTION_INFO_V1(velocity_spec_in);
Datum
velocity_spec_in(PG_FUNCTION_ARGS)
{
	return spec_in(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(velocity_spec_out);
Datum
velocity_spec_out(PG_FUNCTION_ARGS)
{
	return spec_out(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(velocity_spec_recv);
Datum
velocity_spec_recv(PG_FUNCTION_ARGS)
{
	return spec_recv(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(velocity_spec_send);
Datum
velocity_spec_send(PG_FUNCTION_ARGS)
{
	return spec_send(&spec_type, fcinfo);
}

/*
 * velocity_spec(moved, as_of)
 */
PG_FUNCTION_INFO_V1(velocity_spec);
Datum
velocity_spec(PG_FUNCTION_ARGS)
{
	VelocitySpec spec;
	PureError	error;
	StringInfoData value;

	velocity_spec_start(&spec);
	argument_period(fcinfo, 0, "moved", &spec.moved_from, &spec.moved_to);
	if (!PG_ARGISNULL(1))
		spec.as_of = argument_instant(fcinfo, 1, "as_of");
	report_if(!velocity_spec_check(&spec, &error), &error);
	spec_value_begin(&value);
	velocity_spec_write(&value, &spec);
	return spec_value_end(&value);
}
