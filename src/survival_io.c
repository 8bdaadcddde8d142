/*-------------------------------------------------------------------------
 *
 * survival_io.c
 *		The types survival_spec and survival: input, output, constructor, Datums.
 *
 * The binary form of a survival:
 *
 *		int8	version, 1
 *		int32	length of the specification's text, which may be 0, and the text
 *		int32	number of causes
 *				each: int32 length, bytes in the client's encoding
 *		int32	number of entries
 *				each: int64 microseconds, int32 cause (0: censored), int64 how many
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "report.h"
#include "spec_args.h"
#include "survival_io.h"
#include "survival_text.h"
#include "wire.h"

#define WIRE_TYPE "survival"
#define WIRE_ENTRY_SIZE (sizeof(int64) + sizeof(int32) + sizeof(int64))

static bool
canonize(StringInfo out, const char *text, size_t len, PureError *error)
{
	SurvivalSpec spec;

	if (!survival_spec_read(&spec, text, len, error))
		return false;
	survival_spec_write(out, &spec);
	return true;
}

static void *prepare(const char *text, size_t len, TimestampTz as_of);

static const SpecType spec_type = {
	"survival_spec", "from trial to won, lost by 1 day as of 2026-01-01", canonize, prepare
};

static void *
prepare(const char *text, size_t len, TimestampTz as_of)
{
	PlannedSurvival *planned = palloc0(sizeof(PlannedSurvival));
	StringInfoData canonical;
	PureError	error;

	report_if(!survival_spec_read(&planned->spec, text, len, &error), &error);
	spec_set_as_of(&spec_type, &planned->spec.as_of, as_of);
	report_if(!survival_spec_complete(&planned->spec, &error), &error);
	initStringInfo(&canonical);
	survival_spec_write(&canonical, &planned->spec);
	planned->text = canonical.data;
	planned->text_len = canonical.len;
	planned->map = label_map_create(survival_spec_code, survival_spec_judge, &planned->spec);
	return planned;
}

/*
 * The specification of a call, made ready once and not once a row; as_of_arg may be
 * NO_ARGUMENT.
 */
PlannedSurvival *
survival_planned(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg)
{
	return spec_ready_here(&spec_type, fcinfo, spec_arg, as_of_arg);
}

PG_FUNCTION_INFO_V1(survival_spec_in);
Datum
survival_spec_in(PG_FUNCTION_ARGS)
{
	return spec_in(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(survival_spec_out);
Datum
survival_spec_out(PG_FUNCTION_ARGS)
{
	return spec_out(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(survival_spec_recv);
Datum
survival_spec_recv(PG_FUNCTION_ARGS)
{
	return spec_recv(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(survival_spec_send);
Datum
survival_spec_send(PG_FUNCTION_ARGS)
{
	return spec_send(&spec_type, fcinfo);
}

/*
 * survival_spec(from_stage, to_stages, by, as_of)
 */
PG_FUNCTION_INFO_V1(survival_spec);
Datum
survival_spec(PG_FUNCTION_ARGS)
{
	JourneyLabel *labels;
	SurvivalSpec spec;
	StringInfoData value;
	PureError	error;
	int			n;

	survival_spec_begin(&spec);
	spec.from = argument_label(fcinfo, 0, "from_stage");
	n = argument_labels(fcinfo, 1, "to_stages", &labels);
	for (int i = 0; i < n; i++)
		report_if(!label_list_add(&spec.causes, labels[i], SURVIVAL_MAX_CAUSES, &error), &error);
	if (!PG_ARGISNULL(2))
	{
		Interval	by = argument_span(PG_GETARG_DATUM(2), "by");

		report_if(!survival_spec_set_by(&spec, &by, &error), &error);
	}
	if (!PG_ARGISNULL(3))
		spec.as_of = argument_instant(fcinfo, 3, "as_of");
	report_if(!survival_spec_check(&spec, &error), &error);
	spec_value_begin(&value);
	survival_spec_write(&value, &spec);
	return spec_value_end(&value);
}

/*
 * The microseconds of an interval argument, which must not be negative.
 */
int64
duration_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Interval   *span = PG_GETARG_INTERVAL_P(argno);
	int64		micros;
	PureError	error;

	if (INTERVAL_NOT_FINITE(span))
		refuse_argument(name, "must not be infinite");
	report_if(!survival_micros(span, &micros, &error), &error);
	if (micros < 0)
		refuse_argument(name, "must not be negative");
	return micros;
}

/*
 * Opens a survival, with a full and aligned header even where it came with a short one.
 */
Survival *
survival_open_datum(Datum value)
{
	Survival   *survival = (Survival *) PG_DETOAST_DATUM(value);

	require_version(WIRE_TYPE, survival->version, SURVIVAL_VERSION);
	return survival;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
survival_datum(Survival *survival)
{
	SET_VARSIZE(survival, survival->size);
	return PointerGetDatum(survival);
}

PG_FUNCTION_INFO_V1(survival_in);
Datum
survival_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	Survival   *survival = survival_read(text, strlen(text), &error);

	if (survival == NULL)
		return refuse_input(fcinfo, &error);
	return survival_datum(survival);
}

/* What leaves an unfinished aggregate is not trimmed yet. */
PG_FUNCTION_INFO_V1(survival_out);
Datum
survival_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	survival_write(&out, survival_trim(PG_GETARG_SURVIVAL(0)));
	PG_RETURN_CSTRING(out.data);
}

/* The specification, of which there may be none: then false. */
static bool
receive_spec(StringInfo buf, SurvivalSpec *spec)
{
	int			wire_len = pq_getmsgint(buf, 4);
	PureError	error;
	char	   *text;
	int			len;

	if (wire_len == 0)
		return false;
	if (wire_len < 0 || wire_len > buf->len - buf->cursor)
		wire_refuse(WIRE_TYPE, "a text is longer than the message");
	text = pq_getmsgtext(buf, wire_len, &len);
	if (!survival_spec_read(spec, text, len, &error) || !survival_spec_complete(spec, &error))
		wire_refuse(WIRE_TYPE, error.message);
	return true;
}

static uint32
receive_count(StringInfo buf, size_t item_size)
{
	uint32		count = pq_getmsgint(buf, 4);

	if (count > (buf->len - buf->cursor) / item_size)
		wire_refuse(WIRE_TYPE, "a count is out of range");
	return count;
}

static void
receive_entry(StringInfo buf, const SurvivalSpec *spec, Survival **survival,
			  const JourneyLabel *labels, const uint32 *causes, uint32 ncauses)
{
	int64		time = pq_getmsgint64(buf);
	uint32		cause = pq_getmsgint(buf, 4);
	int64		count = pq_getmsgint64(buf);
	PureError	error;

	if (cause > ncauses)
		wire_refuse(WIRE_TYPE, "a cause is not among the causes");
	if (count < 1)
		wire_refuse(WIRE_TYPE, "a count is out of range");
	if (!survival_admits(spec, cause > 0 ? &labels[cause - 1] : NULL, time, &error))
		wire_refuse(WIRE_TYPE, error.message);
	report_if(!survival_add(survival, time, causes[cause], count, &error), &error);
}

PG_FUNCTION_INFO_V1(survival_recv);
Datum
survival_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	SurvivalSpec named;
	const SurvivalSpec *spec = NULL;
	Survival   *survival;
	JourneyLabel *labels;
	uint32	   *causes;
	uint32		ncauses,
				nentries;
	PureError	error;

	if (pq_getmsgbyte(buf) != SURVIVAL_VERSION)
		wire_refuse(WIRE_TYPE, "its version is unknown");
	if (receive_spec(buf, &named))
		spec = &named;
	survival = survival_create_as(spec);
	ncauses = receive_count(buf, sizeof(int32));
	labels = palloc(Max(ncauses, 1) * sizeof(JourneyLabel));
	causes = palloc0((1 + (size_t) ncauses) * sizeof(uint32));
	for (uint32 i = 0; i < ncauses; i++)
	{
		CHECK_FOR_INTERRUPTS();
		labels[i] = wire_receive_label(buf, WIRE_TYPE);
		report_if(!survival_put_cause(&survival, labels[i], &causes[1 + i], &error), &error);
	}
	nentries = receive_count(buf, WIRE_ENTRY_SIZE);
	for (uint32 i = 0; i < nentries; i++)
	{
		CHECK_FOR_INTERRUPTS();
		receive_entry(buf, spec, &survival, labels, causes, ncauses);
	}
	wire_receive_end(buf, WIRE_TYPE);
	return survival_datum(survival_trim(survival));
}

PG_FUNCTION_INFO_V1(survival_send);
Datum
survival_send(PG_FUNCTION_ARGS)
{
	Survival   *survival = survival_trim(PG_GETARG_SURVIVAL(0));
	JourneyLabel *labels = palloc(Max(survival->ncauses, 1) * sizeof(JourneyLabel));
	StringInfoData buf;

	survival_cause_labels(survival, labels);
	pq_begintypsend(&buf);
	pq_sendint8(&buf, SURVIVAL_VERSION);
	send_counted_text(&buf, survival->spec, survival->spec_len);
	pq_sendint32(&buf, survival->ncauses);
	for (uint32 i = 0; i < survival->ncauses; i++)
		wire_send_label(&buf, &labels[i]);
	pq_sendint32(&buf, survival->nentries);
	for (uint32 i = 0; i < survival->nentries; i++)
	{
		const SurvivalEntry *entry = &survival_entries(survival)[i];

		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&buf, entry->time);
		pq_sendint32(&buf, survival_entry_cause(entry));
		pq_sendint64(&buf, survival_entry_count(entry));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
