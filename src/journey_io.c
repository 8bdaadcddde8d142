/*-------------------------------------------------------------------------
 *
 * journey_io.c
 *		The type journey: text and binary input and output, and its Datums.
 *
 * The binary form is for the wire and is the same on every machine:
 *
 *		int8	version, 1
 *		int32	number of labels
 *				each: int32 length, bytes in the client's encoding; in the order of
 *				first visit
 *		int32	number of steps
 *				each: int32 index of its label, int64 microseconds since 2000-01-01 UTC
 *
 * Bytes that arrive are hostile: they are believed only step by step.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/timestamp.h"
#include "utils/builtins.h"

#include "journey_io.h"
#include "journey_text.h"
#include "report.h"
#include "wire.h"

#define TYPE_NAME "journey"
#define WIRE_VERSION 1
#define WIRE_STEP_SIZE (sizeof(int32) + sizeof(int64))

/* Head and labels of an ordinary journey: what is fetched first of a toasted one. */
#define HEAD_SLICE 512

/*
 * Reports a journey whose head nobody here can read.
 */
void
journey_refuse_version(const char *payload)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("journey has unknown format version %d", payload[0]),
			 errhint("It was written by a newer version of crm_lifecycle.")));
}

/* Whether the first len bytes of a payload hold the label with this index. */
static bool
find_label_within(const char *payload, size_t len, uint32 index, JourneyLabel *label)
{
	size_t		at = JOURNEY_HEAD;

	while (at < len)
	{
		label->len = (unsigned char) payload[at];
		label->text = payload + at + 1;
		at += 1 + label->len;
		if (index-- == 0)
			return at <= len;
	}
	return false;
}

/*
 * Reads head and last label only; of a toasted journey it fetches no more than a slice.
 */
void
journey_read_head(Datum value, JourneyHead *head)
{
	struct varlena *journey = (struct varlena *) DatumGetPointer(value);
	bool		toasted = VARATT_IS_EXTERNAL(journey) || VARATT_IS_COMPRESSED(journey);
	const char *payload;
	uint64		last_word;

	if (toasted)
		journey = PG_DETOAST_DATUM_SLICE(value, 0, HEAD_SLICE);
	payload = VARDATA_ANY(journey);
	journey_check_version(payload);
	memcpy(&head->nsteps, payload + 4, sizeof(head->nsteps));
	memcpy(&head->first, payload + 8, sizeof(head->first));
	memcpy(&last_word, payload + 16, sizeof(last_word));
	head->last = head->first + journey_word_time(last_word);
	if (find_label_within(payload, VARSIZE_ANY_EXHDR(journey), journey_word_index(last_word),
						  &head->stage))
		return;

	/* So many or so long labels are rare; here the slice that holds them all. */
	Assert(toasted);
	journey = PG_DETOAST_DATUM_SLICE(value, 0, JOURNEY_HEAD + (journey_word_index(last_word) + 1) *
									 (1 + JOURNEY_MAX_LABEL_LEN));
	if (!find_label_within(VARDATA_ANY(journey), VARSIZE_ANY_EXHDR(journey),
						   journey_word_index(last_word), &head->stage))
		elog(ERROR, "journey lacks the label of its last step");
}

/*
 * A journey of the steps that a builder has collected: at least one.
 */
struct varlena *
journey_from_builder(const JourneyBuilder *builder)
{
	size_t		size = VARHDRSZ + journey_size(builder);
	struct varlena *journey = palloc(size);

	SET_VARSIZE(journey, size);
	journey_write(builder, VARDATA(journey));
	return journey;
}

PG_FUNCTION_INFO_V1(journey_in);
Datum
journey_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	JourneyBuilder builder;
	PureError	error;

	journey_begin(&builder);
	if (!journey_parse(&builder, text, strlen(text), &error))
		return refuse_input(fcinfo, &error);
	PG_RETURN_JOURNEY(&builder);
}

PG_FUNCTION_INFO_V1(journey_out);
Datum
journey_out(PG_FUNCTION_ARGS)
{
	JourneyView view;
	StringInfoData out;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	initStringInfo(&out);
	journey_print(&out, &view);
	PG_RETURN_CSTRING(out.data);
}

/*
 * The builder numbers labels by first visit, so a step whose index differs from the
 * builder's means a label that is repeated or out of order.
 */
static void
receive_step(StringInfo buf, JourneyBuilder *builder, const JourneyLabel *labels, uint32 nlabels)
{
	uint32		index = pq_getmsgint(buf, 4);
	TimestampTz at = pq_getmsgint64(buf);
	PureError	error;

	if (index >= nlabels)
		wire_refuse(TYPE_NAME, "a step's label is not among the labels");
	if (!journey_add(builder, labels[index].text, labels[index].len, at, &error))
		wire_refuse(TYPE_NAME, error.message);
	if (journey_word_index(builder->words[builder->nsteps - 1]) != index)
		wire_refuse(TYPE_NAME, "the labels are not in the order of first visit");
}

PG_FUNCTION_INFO_V1(journey_recv);
Datum
journey_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	JourneyLabel *labels;
	uint32		nlabels;
	uint32		nsteps;
	JourneyBuilder builder;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse(TYPE_NAME, "unknown version");
	nlabels = wire_receive_count(buf, JOURNEY_MAX_LABELS, sizeof(int32), TYPE_NAME);
	labels = palloc(nlabels * sizeof(JourneyLabel));
	for (uint32 i = 0; i < nlabels; i++)
		labels[i] = wire_receive_label(buf, TYPE_NAME);
	nsteps = wire_receive_count(buf, JOURNEY_MAX_STEPS, WIRE_STEP_SIZE, TYPE_NAME);
	journey_begin(&builder);
	for (uint32 i = 0; i < nsteps; i++)
	{
		CHECK_FOR_INTERRUPTS();
		receive_step(buf, &builder, labels, nlabels);
	}
	if (builder.nlabels != nlabels)
		wire_refuse(TYPE_NAME, "a label belongs to no step");
	wire_receive_end(buf, TYPE_NAME);
	PG_RETURN_JOURNEY(&builder);
}

PG_FUNCTION_INFO_V1(journey_send);
Datum
journey_send(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyLabel *labels;
	StringInfoData buf;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	pq_begintypsend(&buf);
	pq_sendint8(&buf, WIRE_VERSION);
	pq_sendint32(&buf, view.nlabels);
	for (uint32 i = 0; i < view.nlabels; i++)
		wire_send_label(&buf, &labels[i]);
	pq_sendint32(&buf, view.nsteps);
	for (uint32 step = 0; step < view.nsteps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint32(&buf, journey_index(&view, step));
		pq_sendint64(&buf, journey_at(&view, step));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * journey(stage, at) is a journey of one step.
 */
PG_FUNCTION_INFO_V1(journey);
Datum
journey(PG_FUNCTION_ARGS)
{
	text	   *stage = PG_GETARG_TEXT_PP(0);
	JourneyBuilder builder;
	PureError	error;

	journey_begin(&builder);
	if (!journey_add(&builder, VARDATA_ANY(stage), VARSIZE_ANY_EXHDR(stage), PG_GETARG_TIMESTAMPTZ(1), &error))
		report_pure_error(&error);
	PG_RETURN_JOURNEY(&builder);
}
