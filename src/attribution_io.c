/*-------------------------------------------------------------------------
 *
 * attribution_io.c
 *		The type attribution: input, output, binary forms.
 *
 * As text:
 *
 *		{ads > mail 3/1 worth 1500.50, mail 0/2}
 *
 * Behind a path stand its deals, won / lost, and what the won ones were worth, unless
 * that is 0.  The binary form:
 *
 *		int8	version, 1
 *		int32	number of channels
 *				each: int32 length, bytes in the client's encoding
 *		int32	number of paths
 *				each: int64 won, int64 lost, int32 number of touches
 *				int16 per touch: the channel's number, from 0
 *				the value, as numeric is sent
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#include "attribution.h"
#include "label.h"
#include "report.h"
#include "scan.h"
#include "sums.h"
#include "wire.h"

#define WIRE_TYPE "attribution"
#define WIRE_LABEL_SIZE sizeof(int32)
/* A touch, and a value of 0. */
#define WIRE_PATH_SIZE (2 * sizeof(int64) + sizeof(int32) + sizeof(int16) + 4 * sizeof(int16))
/* What numeric holds in front of its point and behind it. */
#define MAX_DIGITS 131072
#define MAX_DECIMALS 16383

/* "ads > mail", into touches with room for the most that a path has */
static bool
scan_touches(Scanner *scanner, AttributionTable *table, AttributionPath *path)
{
	do
	{
		JourneyLabel label;

		CHECK_FOR_INTERRUPTS();
		if (scanner->kind != SCAN_WORD && scanner->kind != SCAN_LABEL)
			return scan_unexpected(scanner, "a channel");
		label.text = scanner->value.data;
		label.len = scanner->value.len;
		if (label.len > JOURNEY_MAX_LABEL_LEN)
			return scan_fail(scanner, PURE_LIMIT, "a channel of %u bytes is too long: \"%s\"",
							 label.len, pure_sample(label.text, label.len));
		if (path->ntouches == ATTRIBUTION_MAX_TOUCHES)
			return scan_fail(scanner, PURE_LIMIT, "a path cannot have more than %d touches",
							 ATTRIBUTION_MAX_TOUCHES);
		path->touches[path->ntouches++] = attribution_channel(table, label.text, label.len);
		scan_next(scanner);
	} while (scan_accept_mark(scanner, '>'));
	return true;
}

/* "1500.50" */
static bool
scan_value(Scanner *scanner, Datum *value)
{
	const char *text = scanner->value.data;
	size_t		before,
				behind = 0;

	if (scanner->kind != SCAN_WORD)
		return scan_unexpected(scanner, "a number");
	text += *text == '-';
	before = strspn(text, "0123456789");
	text += before;
	if (before > 0 && *text == '.')
	{
		behind = strspn(++text, "0123456789");
		text += behind;
		if (behind == 0)
			before = 0;
	}
	if (before == 0 || *text != '\0')
		return scan_unexpected(scanner, "a number");
	if (before > MAX_DIGITS || behind > MAX_DECIMALS)
		return scan_fail(scanner, PURE_LIMIT, "a number has too many digits");
	*value = DirectFunctionCall3(numeric_in, CStringGetDatum(scanner->value.data),
								 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	scan_next(scanner);
	return true;
}

/* Is there a deal, and a value only where one was won? */
static bool
is_possible(const AttributionPath *path)
{
	return path->won >= 0 && path->lost >= 0 && (path->won > 0 || path->lost > 0) &&
		(path->won > 0 || amount_sign(path->value) == 0);
}

/* "ads > mail 3/1 worth 1500.50" */
static bool
scan_path(Scanner *scanner, AttributionTable *table, uint16 *touches)
{
	AttributionPath path = {touches};

	path.value = NumericGetDatum(int64_to_numeric(0));
	if (!scan_touches(scanner, table, &path) ||
		!scan_integer(scanner, 0, PG_INT64_MAX, &path.won) ||
		!scan_expect_mark(scanner, '/') ||
		!scan_integer(scanner, 0, PG_INT64_MAX, &path.lost) ||
		(scan_accept(scanner, "worth") && !scan_value(scanner, &path.value)))
		return false;
	if (!is_possible(&path))
		return scan_fail(scanner, PURE_VALUE, "a path has no deals, or a value without a deal won");
	attribution_put(table, &path);
	return true;
}

static bool
scan_paths(Scanner *scanner, AttributionTable *table)
{
	uint16	   *touches = palloc(ATTRIBUTION_MAX_TOUCHES * sizeof(uint16));

	if (!scan_expect_mark(scanner, '{'))
		return false;
	do
		if (!scan_path(scanner, table, touches))
			return false;
	while (scan_accept_mark(scanner, ','));
	return scan_expect_mark(scanner, '}') && scan_finish(scanner);
}

PG_FUNCTION_INFO_V1(attribution_in);
Datum
attribution_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	AttributionTable *table = attribution_begin();
	Scanner		scanner;
	PureError	error;

	scan_begin(&scanner, text, strlen(text), &error);
	if (!scan_paths(&scanner, table))
		return refuse_input(fcinfo, &error);
	return attribution_write(attribution_end(table));
}

PG_FUNCTION_INFO_V1(attribution_out);
Datum
attribution_out(PG_FUNCTION_ARGS)
{
	const Attribution *paths = PG_GETARG_ATTRIBUTION(0);
	StringInfoData out;

	initStringInfo(&out);
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		const AttributionPath *path = &paths->paths[i];
		char	   *value = DatumGetCString(DirectFunctionCall1(numeric_out, path->value));

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(&out, i == 0 ? "{" : ", ");
		for (uint32 j = 0; j < path->ntouches; j++)
		{
			const JourneyLabel *label = &paths->channels[path->touches[j]];

			appendStringInfoString(&out, j == 0 ? "" : " > ");
			label_write(&out, label->text, label->len);
		}
		appendStringInfo(&out, " " INT64_FORMAT "/" INT64_FORMAT, path->won, path->lost);
		if (strcmp(value, "0") != 0)
			appendStringInfo(&out, " worth %s", value);
		pfree(value);
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

static void
receive_path(StringInfo buf, AttributionTable *table, const uint16 *codes, uint32 nchannels)
{
	AttributionPath path = {NULL};

	path.won = pq_getmsgint64(buf);
	path.lost = pq_getmsgint64(buf);
	path.ntouches = wire_receive_count(buf, ATTRIBUTION_MAX_TOUCHES, sizeof(int16), WIRE_TYPE);
	path.touches = palloc(path.ntouches * sizeof(uint16));
	for (uint32 i = 0; i < path.ntouches; i++)
	{
		uint32		channel = pq_getmsgint(buf, 2);

		if (channel >= nchannels)
			wire_refuse(WIRE_TYPE, "a touch has no channel");
		path.touches[i] = codes[channel];
	}
	path.value = DirectFunctionCall3(numeric_recv, PointerGetDatum(buf),
									 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (numeric_is_nan(DatumGetNumeric(path.value)) || numeric_is_inf(DatumGetNumeric(path.value)))
		wire_refuse(WIRE_TYPE, "a value is not finite");
	if (!is_possible(&path))
		wire_refuse(WIRE_TYPE, "a path has no deals, or a value without a deal won");
	attribution_put(table, &path);
	pfree(path.touches);
}

PG_FUNCTION_INFO_V1(attribution_recv);
Datum
attribution_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	AttributionTable *table = attribution_begin();
	uint32		nchannels,
				npaths;
	uint16	   *codes;

	if (pq_getmsgbyte(buf) != ATTRIBUTION_VERSION)
		wire_refuse(WIRE_TYPE, "its version is unknown");
	nchannels = wire_receive_count(buf, ATTRIBUTION_MAX_CHANNELS, WIRE_LABEL_SIZE, WIRE_TYPE);
	codes = palloc(nchannels * sizeof(uint16));
	for (uint32 i = 0; i < nchannels; i++)
	{
		JourneyLabel label = wire_receive_label(buf, WIRE_TYPE);

		if (label.len > JOURNEY_MAX_LABEL_LEN)
			wire_refuse(WIRE_TYPE, "a channel is too long");
		codes[i] = attribution_channel(table, label.text, label.len);
	}
	npaths = wire_receive_count(buf, ATTRIBUTION_MAX_PATHS, WIRE_PATH_SIZE, WIRE_TYPE);
	for (uint32 i = 0; i < npaths; i++)
	{
		CHECK_FOR_INTERRUPTS();
		receive_path(buf, table, codes, nchannels);
	}
	wire_receive_end(buf, WIRE_TYPE);
	return attribution_write(attribution_end(table));
}

PG_FUNCTION_INFO_V1(attribution_send);
Datum
attribution_send(PG_FUNCTION_ARGS)
{
	const Attribution *paths = PG_GETARG_ATTRIBUTION(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, ATTRIBUTION_VERSION);
	pq_sendint32(&buf, paths->nchannels);
	for (uint32 i = 0; i < paths->nchannels; i++)
		wire_send_label(&buf, &paths->channels[i]);
	pq_sendint32(&buf, paths->npaths);
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		const AttributionPath *path = &paths->paths[i];
		bytea	   *value = DatumGetByteaPP(DirectFunctionCall1(numeric_send, path->value));

		CHECK_FOR_INTERRUPTS();
		pq_sendint64(&buf, path->won);
		pq_sendint64(&buf, path->lost);
		pq_sendint32(&buf, path->ntouches);
		for (uint32 j = 0; j < path->ntouches; j++)
			pq_sendint16(&buf, path->touches[j]);
		pq_sendbytes(&buf, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
		pfree(value);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
