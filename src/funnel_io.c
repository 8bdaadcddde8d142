/*-------------------------------------------------------------------------
 *
 * funnel_io.c
 *		The types funnel_spec and funnel: input, output, constructor, Datums.
 *
 * The binary form of a funnel (spec_face.h has that of a funnel_spec):
 *
 *		int8	version, 1
 *		int32	length of the specification's text, and the text
 *		int64	levels, one more than steps
 *		int64	pending, one a step
 *				one digest a step but the first
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "digest_text.h"
#include "funnel_io.h"
#include "report.h"
#include "spec_args.h"
#include "wire.h"

#define WIRE_VERSION 1

static bool
canonize(StringInfo out, const char *text, size_t len, PureError *error)
{
	FunnelSpec	spec;

	if (!funnel_spec_parse(&spec, text, len, error))
		return false;
	funnel_spec_print(out, &spec);
	return true;
}

static void *prepare(const char *text, size_t len, TimestampTz as_of);

static const SpecType spec_type = {
	"funnel_spec", "lead > trial > won within 90 days as of 2026-01-01", canonize, prepare
};

static void
parse_spec(FunnelSpec *spec, const char *text, size_t len)
{
	PureError	error;

	report_if(!funnel_spec_parse(spec, text, len, &error), &error);
}

PG_FUNCTION_INFO_V1(funnel_spec_in);
Datum
funnel_spec_in(PG_FUNCTION_ARGS)
{
	return spec_in(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(funnel_spec_out);
Datum
funnel_spec_out(PG_FUNCTION_ARGS)
{
	return spec_out(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(funnel_spec_recv);
Datum
funnel_spec_recv(PG_FUNCTION_ARGS)
{
	return spec_recv(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(funnel_spec_send);
Datum
funnel_spec_send(PG_FUNCTION_ARGS)
{
	return spec_send(&spec_type, fcinfo);
}

/* One limit a step, the first one NULL; or one a step but the first. */
static void
limits_argument(FunctionCallInfo fcinfo, int argno, FunnelSpec *spec)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			skip;

	if (PG_ARGISNULL(argno))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), INTERVALOID, sizeof(Interval), false,
					  TYPALIGN_DOUBLE, &values, &nulls, &n);
	skip = spec->nsteps - n;
	if (skip != 0 && skip != 1)
		refuse_argument("per_step", "must have one element a step, the first of them NULL");
	for (int i = 0; i < n; i++)
	{
		FunnelStep *step = &spec->steps[i + skip];

		step->limited = !nulls[i];
		if (step->limited)
			step->limit = argument_span(values[i], "per_step");
	}
}

/*
 * funnel_spec(steps, per_step, within, ordering, entry, reach, exclude, entered, as_of)
 */
PG_FUNCTION_INFO_V1(funnel_spec);
Datum
funnel_spec(PG_FUNCTION_ARGS)
{
	static const char *const orderings[] = {"ordered", "adjacent", "any", NULL};
	static const char *const entries[] = {"best", "first", NULL};
	static const char *const reaches[] = {"exact", "at_least", NULL};
	JourneyLabel *labels;
	FunnelSpec	spec;
	FunnelPart	part;
	PureError	error;
	StringInfoData value;
	int			n;

	funnel_spec_begin(&spec);
	n = argument_labels(fcinfo, 0, "steps", &labels);
	for (int i = 0; i < n; i++)
		report_if(!funnel_spec_add_step(&spec, labels[i], &error), &error);
	limits_argument(fcinfo, 1, &spec);
	spec.windowed = !PG_ARGISNULL(2);
	if (spec.windowed)
		spec.within = argument_span(PG_GETARG_DATUM(2), "within");
	spec.ordering = argument_word(fcinfo, 3, "ordering", orderings);
	spec.first_entry = argument_word(fcinfo, 4, "entry", entries);
	spec.at_least = argument_word(fcinfo, 5, "reach", reaches);
	n = argument_labels(fcinfo, 6, "exclude", &labels);
	for (int i = 0; i < n; i++)
		report_if(!funnel_spec_exclude(&spec, labels[i], &error), &error);
	argument_period(fcinfo, 7, "entered", &spec.entered_from, &spec.entered_to);
	if (!PG_ARGISNULL(8))
		spec.as_of = argument_instant(fcinfo, 8, "as_of");
	report_if(!funnel_spec_check(&spec, &part, &error), &error);
	spec_value_begin(&value);
	funnel_spec_print(&value, &spec);
	return spec_value_end(&value);
}

/* One for every plan of this process. */
static uint32
new_stamp(void)
{
	static uint32 last = 0;

	if (++last == 0)
		++last;
	return last;
}

/* Makes the specification ready: its plan, and the text that states must bear. */
static void *
prepare(const char *text, size_t len, TimestampTz as_of)
{
	PlannedFunnel *planned = palloc(sizeof(PlannedFunnel));
	StringInfoData dated;
	FunnelSpec	spec;
	FunnelPart	part;
	PureError	error;

	parse_spec(&spec, text, len);
	spec_set_as_of(&spec_type, &spec.as_of, as_of);
	report_if(!funnel_spec_check(&spec, &part, &error), &error);
	initStringInfo(&dated);
	funnel_spec_print(&dated, &spec);
	planned->stamp = new_stamp();
	planned->text = dated.data;
	planned->text_len = dated.len;
	planned->nsteps = spec.nsteps;
	planned->plan = funnel_plan(&spec);
	return planned;
}

/*
 * The specification of a call, made ready once and not once a row; as_of_arg may be
 * NO_ARGUMENT.
 */
PlannedFunnel *
funnel_planned(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg)
{
	return spec_ready_here(&spec_type, fcinfo, spec_arg, as_of_arg);
}

/*
 * Opens a funnel: with a full header, as its parts must be aligned.
 */
Funnel *
funnel_open_datum(Datum value)
{
	Funnel	   *funnel = (Funnel *) PG_DETOAST_DATUM(value);

	require_version("funnel", funnel->version, FUNNEL_VERSION);
	return funnel;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
funnel_datum(Funnel *funnel)
{
	FunnelParts parts;

	funnel_open(funnel, &parts);
	SET_VARSIZE(funnel, parts.size);
	return PointerGetDatum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_in);
Datum
funnel_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	Funnel	   *funnel = funnel_parse(text, strlen(text), &error);

	if (funnel == NULL)
		return refuse_input(fcinfo, &error);
	return funnel_datum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_out);
Datum
funnel_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	funnel_print(&out, funnel_trim(funnel_open_datum(PG_GETARG_DATUM(0))));
	PG_RETURN_CSTRING(out.data);
}

static void
receive_counts(StringInfo buf, uint64 *counts, int n)
{
	for (int i = 0; i < n; i++)
		counts[i] = pq_getmsgint64(buf);
}

static void
receive_times(StringInfo buf, Digest **times, int nsteps)
{
	PureError	error;

	for (int step = 1; step < nsteps; step++)
	{
		const char *cursor = buf->data + buf->cursor;

		times[step] = digest_receive(&cursor, buf->data + buf->len, &error);
		report_if(times[step] == NULL, &error);
		buf->cursor = cursor - buf->data;
	}
}

PG_FUNCTION_INFO_V1(funnel_recv);
Datum
funnel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	uint64		levels[FUNNEL_MAX_STEPS + 1];
	uint64		pending[FUNNEL_MAX_STEPS];
	Digest	   *times[FUNNEL_MAX_STEPS];
	FunnelSpec	spec;
	Funnel	   *funnel;
	PureError	error;
	char	   *text;
	int			len;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse("funnel", "its version is unknown");
	len = wire_receive_count(buf, MaxAllocSize, 1, "funnel");
	text = pq_getmsgtext(buf, len, &len);
	parse_spec(&spec, text, len);
	receive_counts(buf, levels, spec.nsteps + 1);
	receive_counts(buf, pending, spec.nsteps);
	receive_times(buf, times, spec.nsteps);
	wire_receive_end(buf, "funnel");
	funnel = funnel_assemble(&spec, levels, pending, times, &error);
	if (funnel == NULL)
		wire_refuse("funnel", error.message);
	return funnel_datum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_send);
Datum
funnel_send(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = funnel_trim(funnel_open_datum(PG_GETARG_DATUM(0)));
	StringInfoData buf;
	FunnelParts parts;

	funnel_open(funnel, &parts);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	send_counted_text(&buf, funnel->spec, funnel->spec_len);
	for (int i = 0; i <= funnel->nsteps; i++)
		pq_sendint64(&buf, parts.levels[i]);
	for (int i = 0; i < funnel->nsteps; i++)
		pq_sendint64(&buf, parts.pending[i]);
	for (int step = 1; step < funnel->nsteps; step++)
		digest_send(&buf, parts.times[step]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
