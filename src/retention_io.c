/*-------------------------------------------------------------------------
 *
 * retention_io.c
 *		The types retention_spec and retention: input, output, constructor, Datums.
 *
 * The binary form of a retention (spec_face.h has that of a retention_spec):
 *
 *		int8	version, 1
 *		int32	length of the specification's text, and the text
 *		int32	number of cohorts
 *				each: int64 beginning, int64 size, int64 retained for every period
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "compat.h"
#include "retention_io.h"
#include "retention_text.h"
#include "report.h"
#include "spec_args.h"
#include "wire.h"
#include "zone.h"

#define TYPE_NAME "retention"
#define WIRE_VERSION 1

static bool
canonize(StringInfo out, const char *text, size_t len, PureError *error)
{
	RetentionSpec spec;

	if (!retention_spec_parse(&spec, text, len, zone_find, error))
		return false;
	retention_spec_print(out, &spec);
	return true;
}

static void *prepare(const char *text, size_t len, TimestampTz as_of);

static const SpecType spec_type = {
	"retention_spec", "from trial while trial, customer every 1 month for 12", canonize, prepare
};

static void
parse_spec(RetentionSpec *spec, const char *text, size_t len)
{
	PureError	error;

	report_if(!retention_spec_parse(spec, text, len, zone_find, &error), &error);
}

static void *
prepare(const char *text, size_t len, TimestampTz as_of)
{
	RetentionSpec spec;

	parse_spec(&spec, text, len);
	spec_set_as_of(&spec_type, &spec.as_of, as_of);
	if (spec.as_of == DT_NOEND)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a retention needs an \"as of\""),
				 errhint("Say it in the retention_spec, or as the third argument of retention_agg.")));
	return retention_plan(&spec);
}

/*
 * The specification of a call, made ready once and not once a row; as_of_arg may be
 * NO_ARGUMENT.
 */
RetentionPlan *
retention_ready(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg)
{
	return spec_ready_here(&spec_type, fcinfo, spec_arg, as_of_arg);
}

/*
 * A plan from the specification that a retention bears.
 */
RetentionPlan *
retention_plan_of(const Retention *retention)
{
	RetentionSpec spec;

	parse_spec(&spec, retention->spec, retention->spec_len);
	return retention_plan(&spec);
}

PG_FUNCTION_INFO_V1(retention_spec_in);
Datum
retention_spec_in(PG_FUNCTION_ARGS)
{
	return spec_in(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(retention_spec_out);
Datum
retention_spec_out(PG_FUNCTION_ARGS)
{
	return spec_out(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(retention_spec_recv);
Datum
retention_spec_recv(PG_FUNCTION_ARGS)
{
	return spec_recv(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(retention_spec_send);
Datum
retention_spec_send(PG_FUNCTION_ARGS)
{
	return spec_send(&spec_type, fcinfo);
}

/*
 * retention_spec(from_stage, while_stages, every, periods, measure, counted_from, time_zone, as_of)
 */
PG_FUNCTION_INFO_V1(retention_spec);
Datum
retention_spec(PG_FUNCTION_ARGS)
{
	static const char *const measures[] = {"any_time", "at_end", "on", "on_or_after", NULL};
	static const char *const origins[] = {"cohort", "entry", NULL};
	JourneyLabel *stages;
	RetentionSpec spec;
	PureError	error;
	StringInfoData value;
	int			n;

	retention_spec_begin(&spec);
	spec.from = argument_label(fcinfo, 0, "from_stage");
	n = argument_labels(fcinfo, 1, "while_stages", &stages);
	for (int i = 0; i < n; i++)
		report_if(!retention_spec_add_stage(&spec, stages[i], &error), &error);
	spec.every = argument_every(fcinfo, 2, "every");
	if (PG_ARGISNULL(3))
		refuse_argument("periods", "must not be NULL");
	spec.nperiods = PG_GETARG_INT32(3);
	spec.measure = argument_word(fcinfo, 4, "measure", measures);
	spec.since_entry = argument_word(fcinfo, 5, "counted_from", origins);
	argument_zone(fcinfo, 6, "time_zone", &spec.zone);
	if (!PG_ARGISNULL(7))
		spec.as_of = argument_instant(fcinfo, 7, "as_of");
	report_if(!retention_spec_check(&spec, &error), &error);
	spec_value_begin(&value);
	retention_spec_print(&value, &spec);
	return spec_value_end(&value);
}

/*
 * Opens a retention, with a full and aligned header even where it came with a short one.
 */
Retention *
retention_open_datum(Datum value)
{
	Retention  *retention = (Retention *) PG_DETOAST_DATUM(value);

	require_version(TYPE_NAME, retention->version, RETENTION_VERSION);
	return retention;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
retention_datum(Retention *retention)
{
	SET_VARSIZE(retention, retention_size(retention));
	return PointerGetDatum(retention);
}

PG_FUNCTION_INFO_V1(retention_in);
Datum
retention_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	Retention  *retention = retention_parse(text, strlen(text), zone_find, &error);

	if (retention == NULL)
		return refuse_input(fcinfo, &error);
	return retention_datum(retention);
}

PG_FUNCTION_INFO_V1(retention_out);
Datum
retention_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	retention_print(&out, retention_open_datum(PG_GETARG_DATUM(0)));
	PG_RETURN_CSTRING(out.data);
}

static void
receive_cohort(StringInfo buf, Retention **retention, int64 *retained)
{
	TimestampTz start = pq_getmsgint64(buf);
	int64		size = pq_getmsgint64(buf);
	PureError	error;

	CHECK_FOR_INTERRUPTS();
	for (uint32 period = 0; period < (*retention)->nperiods; period++)
		retained[period] = pq_getmsgint64(buf);
	if (!retention_put(retention, start, size, retained, &error))
		wire_refuse(TYPE_NAME, error.message);
}

PG_FUNCTION_INFO_V1(retention_recv);
Datum
retention_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	RetentionSpec spec;
	StringInfoData canonical;
	Retention  *retention;
	int64	   *retained;
	uint32		ncohorts;
	char	   *text;
	int			len;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse(TYPE_NAME, "its version is unknown");
	len = wire_receive_count(buf, MaxAllocSize, 1, TYPE_NAME);
	text = pq_getmsgtext(buf, len, &len);
	parse_spec(&spec, text, len);
	if (spec.as_of == DT_NOEND)
		wire_refuse(TYPE_NAME, "its specification has no \"as of\"");
	initStringInfo(&canonical);
	retention_spec_print(&canonical, &spec);
	retention = retention_begin(canonical.data, canonical.len, spec.nperiods);
	retained = palloc(spec.nperiods * sizeof(int64));
	ncohorts = pq_getmsgint(buf, 4);
	if (ncohorts > (buf->len - buf->cursor) / ((2 + (size_t) spec.nperiods) * sizeof(int64)))
		wire_refuse(TYPE_NAME, "a count is out of range");
	for (uint32 i = 0; i < ncohorts; i++)
		receive_cohort(buf, &retention, retained);
	wire_receive_end(buf, TYPE_NAME);
	return retention_datum(retention_trim(retention));
}

PG_FUNCTION_INFO_V1(retention_send);
Datum
retention_send(PG_FUNCTION_ARGS)
{
	const Retention *retention = retention_open_datum(PG_GETARG_DATUM(0));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	send_counted_text(&buf, retention->spec, retention->spec_len);
	pq_sendint32(&buf, retention->ncohorts);
	for (uint32 i = 0; i < retention->ncohorts; i++)
	{
		const RetentionCohort *cohort = retention_cohort(retention, i);
		int64		retained = 0;

		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&buf, cohort->start);
		pq_sendint64(&buf, cohort->size);
		for (uint32 period = 0; period < retention->nperiods; period++)
		{
			retained += cohort->change[period];
			pq_sendint64(&buf, retained);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
