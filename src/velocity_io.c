/*-------------------------------------------------------------------------
 *
 * velocity_io.c
 *		The type velocity: text and binary input and output, and its Datums.
 *
 * The binary form:
 *
 *		int8	version, 1
 *		int64	moves from (least int64: open), to (greatest: open), as of (greatest: none)
 *		int32	number of stages
 *				each: int32 length of the label, bytes in the client's encoding; int64
 *				journeys that began; with an as of the ages of the open ones as a digest
 *				(see digest_text.h), else int64 their number
 *		int32	number of moves
 *				each: int32 from, int32 to, the dwells as a digest
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"

#include "digest_text.h"
#include "report.h"
#include "velocity_io.h"
#include "velocity_text.h"
#include "wire.h"

#define WIRE_TYPE "velocity"

/* The least bytes of a stage: its label's length, two counts, the second as a digest. */
#define WIRE_STAGE_SIZE (sizeof(int32) + sizeof(int64) + 1)
#define WIRE_MOVE_SIZE (2 * sizeof(int32) + 1)

/*
 * Opens a velocity, with a full and aligned header even where it came with a short one.
 */
Velocity *
velocity_open_datum(Datum value)
{
	Velocity   *velocity = (Velocity *) PG_DETOAST_DATUM(value);

	require_version(WIRE_TYPE, velocity->spec.version, VELOCITY_SPEC_VERSION);
	return velocity;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
velocity_datum(Velocity *velocity)
{
	SET_VARSIZE(velocity, velocity->size);
	return PointerGetDatum(velocity);
}

PG_FUNCTION_INFO_V1(velocity_in);
Datum
velocity_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	Velocity   *velocity = velocity_read(text, strlen(text), &error);

	if (velocity == NULL)
		return refuse_input(fcinfo, &error);
	PG_RETURN_VELOCITY(velocity);
}

/* What leaves an unfinished aggregate is not trimmed yet. */
PG_FUNCTION_INFO_V1(velocity_out);
Datum
velocity_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	velocity_write(&out, velocity_trim(PG_GETARG_VELOCITY(0)));
	PG_RETURN_CSTRING(out.data);
}

static uint32
receive_count(StringInfo buf, size_t item_size)
{
	uint32		count = pq_getmsgint(buf, 4);

	if (count > (buf->len - buf->cursor) / item_size)
		wire_refuse(WIRE_TYPE, "a count is out of range");
	return count;
}

static uint64
receive_total(StringInfo buf)
{
	int64		total = pq_getmsgint64(buf);

	if (total < 0)
		wire_refuse(WIRE_TYPE, "a count is negative");
	return total;
}

static Digest *
receive_digest(StringInfo buf)
{
	const char *cursor = buf->data + buf->cursor;
	PureError	error;
	Digest	   *digest = digest_receive(&cursor, buf->data + buf->len, &error);

	if (digest == NULL)
		wire_refuse(WIRE_TYPE, error.message);
	buf->cursor = cursor - buf->data;
	return digest;
}

static void
receive_spec(StringInfo buf, VelocitySpec *spec)
{
	PureError	error;

	if (pq_getmsgbyte(buf) != VELOCITY_SPEC_VERSION)
		wire_refuse(WIRE_TYPE, "unknown version");
	velocity_spec_start(spec);
	spec->moved_from = pq_getmsgint64(buf);
	spec->moved_to = pq_getmsgint64(buf);
	spec->as_of = pq_getmsgint64(buf);
	if (!velocity_spec_check(spec, &error))
		wire_refuse(WIRE_TYPE, error.message);
}

/* Returns the stage's code. */
static uint32
receive_stage(StringInfo buf, Velocity **velocity, LabelBook *book)
{
	JourneyLabel label = wire_receive_label(buf, WIRE_TYPE);
	uint64		starts;
	uint64		open = 0;
	Digest	   *ages = NULL;
	uint32		code;
	PureError	error;

	if (label.len > JOURNEY_MAX_LABEL_LEN)
		wire_refuse(WIRE_TYPE, "a label is too long");
	starts = receive_total(buf);
	if (velocity_spec_has_as_of(&(*velocity)->spec))
	{
		ages = receive_digest(buf);
		if (ages->count == 0)
			ages = NULL;
	}
	else
		open = receive_total(buf);
	code = label_book_code(book, label.text, label.len);
	if ((starts > 0 || open > 0 || ages != NULL) &&
		!velocity_put_stage(velocity, book, code, starts, open, ages, &error))
		report_pure_error(&error);
	return code;
}

static void
receive_move(StringInfo buf, Velocity **velocity, LabelBook *book, const uint32 *codes,
			 uint32 nstages)
{
	uint32		from = pq_getmsgint(buf, 4);
	uint32		to = pq_getmsgint(buf, 4);
	Digest	   *dwells;
	PureError	error;

	if (from >= nstages || to >= nstages)
		wire_refuse(WIRE_TYPE, "a move's stage is not among the stages");
	dwells = receive_digest(buf);
	if (dwells->count == 0)
		wire_refuse(WIRE_TYPE, "a move was never made");
	if (!velocity_put_move(velocity, book, codes[from], codes[to], dwells, &error))
		report_pure_error(&error);
}

PG_FUNCTION_INFO_V1(velocity_recv);
Datum
velocity_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	VelocitySpec spec;
	Velocity   *velocity;
	LabelBook  *book = label_book_create(1);
	uint32		nstages,
				nmoves;
	uint32	   *codes;

	receive_spec(buf, &spec);
	velocity = velocity_create(&spec);
	nstages = receive_count(buf, WIRE_STAGE_SIZE);
	codes = palloc(Max(nstages, 1) * sizeof(uint32));
	for (uint32 i = 0; i < nstages; i++)
	{
		CHECK_FOR_INTERRUPTS();
		codes[i] = receive_stage(buf, &velocity, book);
	}
	nmoves = receive_count(buf, WIRE_MOVE_SIZE);
	for (uint32 i = 0; i < nmoves; i++)
	{
		CHECK_FOR_INTERRUPTS();
		receive_move(buf, &velocity, book, codes, nstages);
	}
	wire_receive_end(buf, WIRE_TYPE);
	PG_RETURN_VELOCITY(velocity_trim(velocity));
}

static void
send_stage(StringInfo buf, const Velocity *velocity, const VelocityStage *stage)
{
	JourneyLabel label = velocity_label(velocity, stage);
	Digest		none;

	wire_send_label(buf, &label);
	pq_sendint64(buf, stage->starts);
	if (!velocity_spec_has_as_of(&velocity->spec))
		pq_sendint64(buf, stage->open);
	else if (stage->ages != 0)
		digest_send(buf, velocity_digest(velocity, stage->ages));
	else
	{
		digest_start(&none, 0);
		digest_send(buf, &none);
	}
}

PG_FUNCTION_INFO_V1(velocity_send);
Datum
velocity_send(PG_FUNCTION_ARGS)
{
	Velocity   *velocity = velocity_trim(PG_GETARG_VELOCITY(0));
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, velocity->spec.version);
	pq_sendint64(&buf, velocity->spec.moved_from);
	pq_sendint64(&buf, velocity->spec.moved_to);
	pq_sendint64(&buf, velocity->spec.as_of);
	pq_sendint32(&buf, velocity->nstages);
	for (uint32 i = 0; i < velocity->nstages; i++)
		send_stage(&buf, velocity, &velocity_stages_of(velocity)[i]);
	pq_sendint32(&buf, velocity->nmoves);
	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(velocity)[i];

		CHECK_FOR_INTERRUPTS();
		pq_sendint32(&buf, move->from);
		pq_sendint32(&buf, move->to);
		digest_send(&buf, velocity_digest(velocity, move->dwells));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
