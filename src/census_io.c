/*-------------------------------------------------------------------------
 *
 * census_io.c
 *		The types census_spec and census: input, output, constructor, Datums.
 *
 * The binary form of a census (spec_face.h has that of a census_spec):
 *
 *		int8	version, 1
 *		int32	length of the specification's text, and the text
 *		int32	number of stages
 *				each: int32 length of the label, bytes in the client's encoding; int64
 *				count at every instant
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "census_io.h"
#include "compat.h"
#include "report.h"
#include "spec_args.h"
#include "wire.h"
#include "zone.h"

#define TYPE_NAME "census"
#define WIRE_VERSION 1

static bool
canonize(StringInfo out, const char *text, size_t len, PureError *error)
{
	CensusSpec	spec;

	if (!census_spec_parse(&spec, text, len, zone_find, error))
		return false;
	census_spec_print(out, &spec);
	return true;
}

static void
parse_spec(CensusSpec *spec, const char *text, size_t len)
{
	PureError	error;

	report_if(!census_spec_parse(spec, text, len, zone_find, &error), &error);
}

static void *
prepare(const char *text, size_t len, TimestampTz as_of)
{
	CensusPlan *plan = palloc(sizeof(CensusPlan));
	CensusSpec	spec;

	Assert(as_of == DT_NOEND);
	parse_spec(&spec, text, len);
	plan->text = pnstrdup(text, len);
	plan->text_len = len;
	census_instants(&spec, &plan->instants);
	return plan;
}

static const SpecType spec_type = {
	"census_spec", "from 2026-01-01 to 2026-07-01 every 1 month", canonize, prepare
};

/*
 * The specification of a call, made ready once and not once a row.
 */
const CensusPlan *
census_ready(SpecCache *cache, FunctionCallInfo fcinfo, int spec_arg)
{
	return spec_ready(&spec_type, cache, fcinfo, spec_arg, NO_ARGUMENT);
}

/*
 * The instants of the specification that a census bears.
 */
void
census_instants_of(const Census *census, Grid *instants)
{
	CensusSpec	spec;

	parse_spec(&spec, census->spec, census->spec_len);
	census_instants(&spec, instants);
	/* Should a zone's rules have changed so far: what was counted stays. */
	if (instants->n != census->ninstants)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the time zone of a census has changed since it was made"),
				 errdetail("It has %u instants, of which there are %d now.",
						   census->ninstants, instants->n)));
}

PG_FUNCTION_INFO_V1(census_spec_in);
Datum
census_spec_in(PG_FUNCTION_ARGS)
{
	return spec_in(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(census_spec_out);
Datum
census_spec_out(PG_FUNCTION_ARGS)
{
	return spec_out(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(census_spec_recv);
Datum
census_spec_recv(PG_FUNCTION_ARGS)
{
	return spec_recv(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(census_spec_send);
Datum
census_spec_send(PG_FUNCTION_ARGS)
{
	return spec_send(&spec_type, fcinfo);
}

/*
 * census_spec(from_instant, to_instant, every, time_zone)
 */
PG_FUNCTION_INFO_V1(census_spec);
Datum
census_spec(PG_FUNCTION_ARGS)
{
	CensusSpec	spec;
	PureError	error;
	StringInfoData value;

	census_spec_begin(&spec);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		refuse_argument(PG_ARGISNULL(0) ? "from_instant" : "to_instant", "must not be NULL");
	spec.from = argument_instant(fcinfo, 0, "from_instant");
	spec.to = argument_instant(fcinfo, 1, "to_instant");
	spec.every = argument_every(fcinfo, 2, "every");
	argument_zone(fcinfo, 3, "time_zone", &spec.zone);
	report_if(!census_spec_check(&spec, &error), &error);
	spec_value_begin(&value);
	census_spec_print(&value, &spec);
	return spec_value_end(&value);
}

/*
 * Opens a census, with a full and aligned header even where it came with a short one.
 */
Census *
census_open_datum(Datum value)
{
	Census	   *census = (Census *) PG_DETOAST_DATUM(value);

	require_version(TYPE_NAME, census->version, CENSUS_VERSION);
	return census;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
census_datum(Census *census)
{
	SET_VARSIZE(census, census_size(census));
	return PointerGetDatum(census);
}

PG_FUNCTION_INFO_V1(census_in);
Datum
census_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	Census	   *census = census_parse(text, strlen(text), zone_find, &error);

	if (census == NULL)
		return refuse_input(fcinfo, &error);
	return census_datum(census);
}

PG_FUNCTION_INFO_V1(census_out);
Datum
census_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	census_print(&out, census_trim(census_open_datum(PG_GETARG_DATUM(0))));
	PG_RETURN_CSTRING(out.data);
}

static void
receive_stage(StringInfo buf, Census **census, LabelBook *book, int64 *counts)
{
	JourneyLabel label = wire_receive_label(buf, TYPE_NAME);
	PureError	error;

	CHECK_FOR_INTERRUPTS();
	for (uint32 at = 0; at < (*census)->ninstants; at++)
		counts[at] = pq_getmsgint64(buf);
	if (!census_put(census, book, label, counts, &error))
		wire_refuse(TYPE_NAME, error.message);
}

PG_FUNCTION_INFO_V1(census_recv);
Datum
census_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	LabelBook  *book = label_book_create(1);
	CensusSpec	spec;
	StringInfoData canonical;
	Grid		instants;
	Census	   *census;
	int64	   *counts;
	uint32		nstages;
	char	   *text;
	int			len;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse(TYPE_NAME, "its version is unknown");
	len = wire_receive_count(buf, MaxAllocSize, 1, TYPE_NAME);
	text = pq_getmsgtext(buf, len, &len);
	parse_spec(&spec, text, len);
	initStringInfo(&canonical);
	census_spec_print(&canonical, &spec);
	census_instants(&spec, &instants);
	census = census_begin(canonical.data, canonical.len, instants.n);
	counts = palloc(instants.n * sizeof(int64));
	nstages = pq_getmsgint(buf, 4);
	if (nstages > (buf->len - buf->cursor) / (sizeof(int32) + instants.n * sizeof(int64)))
		wire_refuse(TYPE_NAME, "a count is out of range");
	for (uint32 i = 0; i < nstages; i++)
		receive_stage(buf, &census, book, counts);
	wire_receive_end(buf, TYPE_NAME);
	return census_datum(census_trim(census));
}

PG_FUNCTION_INFO_V1(census_send);
Datum
census_send(PG_FUNCTION_ARGS)
{
	const Census *census = census_trim(census_open_datum(PG_GETARG_DATUM(0)));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	send_counted_text(&buf, census->spec, census->spec_len);
	pq_sendint32(&buf, census->nstages);
	for (uint32 i = 0; i < census->nstages; i++)
	{
		const CensusStage *stage = census_stage(census, i);
		JourneyLabel label = census_label(census, stage);
		int64		count = 0;

		CHECK_FOR_INTERRUPTS();
		wire_send_label(&buf, &label);
		for (uint32 at = 0; at < census->ninstants; at++)
		{
			count += stage->change[at];
			pq_sendint64(&buf, count);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
