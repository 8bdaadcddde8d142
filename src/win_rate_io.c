/*-------------------------------------------------------------------------
 *
 * win_rate_io.c
 *		The types win_rate_spec and win_rate: input, output, constructor, Datums.
 *
 * The binary form of a win rate: int8 version 1; int32 length of the specification's
 * text, and the text; int64 won, int64 lost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "compat.h"
#include "report.h"
#include "spec_args.h"
#include "win_rate_io.h"
#include "wire.h"

#define WIRE_TYPE "win_rate"

static bool
canonize(StringInfo out, const char *text, size_t len, PureError *error)
{
	WinRateSpec spec;

	if (!win_rate_spec_read(&spec, text, len, error))
		return false;
	win_rate_spec_write(out, &spec);
	return true;
}

static void *
prepare(const char *text, size_t len, TimestampTz as_of)
{
	PlannedWinRate *planned = palloc0(sizeof(PlannedWinRate));
	PureError	error;

	report_if(!win_rate_spec_read(&planned->spec, text, len, &error), &error);
	planned->text = pnstrdup(text, len);
	planned->text_len = len;
	planned->map = label_map_create(win_rate_code, win_rate_judge, &planned->spec);
	return planned;
}

static const SpecType spec_type = {
	"win_rate_spec", "won against lost closed 2026-01-01 to 2026-04-01", canonize, prepare
};

/*
 * The specification of a call, made ready once and not once a row.
 */
PlannedWinRate *
win_rate_planned(FunctionCallInfo fcinfo, int spec_arg)
{
	return spec_ready_here(&spec_type, fcinfo, spec_arg, NO_ARGUMENT);
}

/* Appends the canonical text of the arguments won, lost and period. */
static void
write_arguments(StringInfo out, FunctionCallInfo fcinfo, int won_arg)
{
	WinRateSpec spec;
	JourneyLabel *labels;
	PureError	error;
	int			n;

	win_rate_spec_begin(&spec);
	n = argument_labels(fcinfo, won_arg, "won", &labels);
	for (int i = 0; i < n; i++)
		report_if(!label_list_add(&spec.won, labels[i], JOURNEY_MAX_LABELS, &error), &error);
	n = argument_labels(fcinfo, won_arg + 1, "lost", &labels);
	for (int i = 0; i < n; i++)
		report_if(!label_list_add(&spec.lost, labels[i], JOURNEY_MAX_LABELS, &error), &error);
	argument_period(fcinfo, won_arg + 2, "the period", &spec.closed_from, &spec.closed_to);
	report_if(!win_rate_spec_check(&spec, &error), &error);
	win_rate_spec_write(out, &spec);
}

/* The bytes of the three arguments, as they came: what says whether they are the same again. */
static void
append_arguments(StringInfo out, FunctionCallInfo fcinfo, int won_arg)
{
	for (int i = won_arg; i < won_arg + 3; i++)
	{
		struct varlena *value;
		uint32		len;

		appendStringInfoChar(out, PG_ARGISNULL(i) ? '0' : '1');
		if (PG_ARGISNULL(i))
			continue;
		value = PG_GETARG_VARLENA_PP(i);
		len = VARSIZE_ANY_EXHDR(value);
		appendBinaryStringInfo(out, (char *) &len, sizeof(len));
		appendBinaryStringInfo(out, VARDATA_ANY(value), len);
	}
}

/* What a call site with those arguments remembers. */
typedef struct ArgumentCache
{
	MemoryContext context;		/* of all below */
	StringInfoData arguments;
	PlannedWinRate *planned;	/* NULL: nothing yet */
} ArgumentCache;

/*
 * The same from the arguments won text[], lost text[] and period tstzrange.
 */
PlannedWinRate *
win_rate_planned_from(FunctionCallInfo fcinfo, int won_arg)
{
	ArgumentCache *cache = fcinfo->flinfo->fn_extra;
	StringInfoData arguments,
				text;
	MemoryContext caller;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ArgumentCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "win rate",
											   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = cache;
	}
	initStringInfo(&arguments);
	append_arguments(&arguments, fcinfo, won_arg);
	if (cache->planned != NULL && cache->arguments.len == arguments.len &&
		memcmp(cache->arguments.data, arguments.data, arguments.len) == 0)
		return cache->planned;
	cache->planned = NULL;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	initStringInfo(&cache->arguments);
	appendBinaryStringInfo(&cache->arguments, arguments.data, arguments.len);
	initStringInfo(&text);
	write_arguments(&text, fcinfo, won_arg);
	cache->planned = prepare(text.data, text.len, DT_NOEND);
	MemoryContextSwitchTo(caller);
	return cache->planned;
}

PG_FUNCTION_INFO_V1(win_rate_spec_in);
Datum
win_rate_spec_in(PG_FUNCTION_ARGS)
{
	return spec_in(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(win_rate_spec_out);
Datum
win_rate_spec_out(PG_FUNCTION_ARGS)
{
	return spec_out(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(win_rate_spec_recv);
Datum
win_rate_spec_recv(PG_FUNCTION_ARGS)
{
	return spec_recv(&spec_type, fcinfo);
}

PG_FUNCTION_INFO_V1(win_rate_spec_send);
Datum
win_rate_spec_send(PG_FUNCTION_ARGS)
{
	return spec_send(&spec_type, fcinfo);
}

/*
 * win_rate_spec(won, lost, closed)
 */
PG_FUNCTION_INFO_V1(win_rate_spec);
Datum
win_rate_spec(PG_FUNCTION_ARGS)
{
	StringInfoData value;

	spec_value_begin(&value);
	write_arguments(&value, fcinfo, 0);
	return spec_value_end(&value);
}

/*
 * Opens a win rate, with a full and aligned header even where it came with a short one.
 */
WinRate *
win_rate_open_datum(Datum value)
{
	WinRate    *rate = (WinRate *) PG_DETOAST_DATUM(value);

	require_version(WIRE_TYPE, rate->version, WIN_RATE_VERSION);
	return rate;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
win_rate_datum(WinRate *rate)
{
	SET_VARSIZE(rate, win_rate_size(rate));
	return PointerGetDatum(rate);
}

PG_FUNCTION_INFO_V1(win_rate_in);
Datum
win_rate_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	WinRate    *rate = win_rate_read(text, strlen(text), &error);

	if (rate == NULL)
		return refuse_input(fcinfo, &error);
	return win_rate_datum(rate);
}

PG_FUNCTION_INFO_V1(win_rate_out);
Datum
win_rate_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	win_rate_write(&out, PG_GETARG_WIN_RATE(0));
	PG_RETURN_CSTRING(out.data);
}

PG_FUNCTION_INFO_V1(win_rate_recv);
Datum
win_rate_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	StringInfoData canonical;
	PureError	error;
	WinRate    *rate;
	int64		won,
				lost;
	char	   *text;
	int			len;

	if (pq_getmsgbyte(buf) != WIN_RATE_VERSION)
		wire_refuse(WIRE_TYPE, "its version is unknown");
	len = wire_receive_count(buf, MaxAllocSize, 1, WIRE_TYPE);
	text = pq_getmsgtext(buf, len, &len);
	initStringInfo(&canonical);
	if (!canonize(&canonical, text, len, &error))
		wire_refuse(WIRE_TYPE, error.message);
	won = pq_getmsgint64(buf);
	lost = pq_getmsgint64(buf);
	wire_receive_end(buf, WIRE_TYPE);
	rate = win_rate_create(canonical.data, canonical.len);
	if (won < 0 || lost < 0 || !win_rate_count(rate, won, lost, &error))
		wire_refuse(WIRE_TYPE, "a count is out of range");
	return win_rate_datum(rate);
}

PG_FUNCTION_INFO_V1(win_rate_send);
Datum
win_rate_send(PG_FUNCTION_ARGS)
{
	const WinRate *rate = PG_GETARG_WIN_RATE(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, WIN_RATE_VERSION);
	send_counted_text(&buf, rate->spec, rate->spec_len);
	pq_sendint64(&buf, rate->won);
	pq_sendint64(&buf, rate->lost);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
