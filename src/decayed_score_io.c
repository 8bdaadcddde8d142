/*-------------------------------------------------------------------------
 *
 * decayed_score_io.c
 *		The type decayed_score: input, output, constructor, addition, reading, and the
 *		aggregates decayed_sum and rollup, whose state is the value itself.
 *
 * The binary form: int8 version 1; int64 instant, int64 half-life, both in
 * microseconds; DECAYED_PARTS parts, the newest first, each an int64 high and an int64
 * low word.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/timestamp.h"

#include "decayed_score.h"
#include "face.h"
#include "report.h"
#include "spec_args.h"
#include "wire.h"

#define WIRE_TYPE "decayed_score"

#define PG_GETARG_DECAYED(n) ((DecayedScore *) PG_GETARG_POINTER(n))

static int64
half_life_argument(FunctionCallInfo fcinfo, int argno)
{
	PureError	error;
	int64		half_life;

	report_if(!decayed_half_life(PG_GETARG_INTERVAL_P(argno), &half_life, &error), &error);
	return half_life;
}

/* One event, from the arguments points, at and half_life. */
static Datum
score_of_arguments(FunctionCallInfo fcinfo, int argno)
{
	DecayedScore *score = palloc(sizeof(DecayedScore));
	PureError	error;

	report_if(!decayed_score_begin(score, PG_GETARG_FLOAT8(argno), PG_GETARG_TIMESTAMPTZ(argno + 1),
								   half_life_argument(fcinfo, argno + 2), &error), &error);
	PG_RETURN_POINTER(score);
}

PG_FUNCTION_INFO_V1(decayed_score_in);
Datum
decayed_score_in(PG_FUNCTION_ARGS)
{
	DecayedScore *score = palloc(sizeof(DecayedScore));
	PureError	error;

	if (!decayed_score_read(score, PG_GETARG_CSTRING(0), &error))
		return refuse_input(fcinfo, &error);
	PG_RETURN_POINTER(score);
}

PG_FUNCTION_INFO_V1(decayed_score_out);
Datum
decayed_score_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	decayed_score_write(&out, PG_GETARG_DECAYED(0));
	PG_RETURN_CSTRING(out.data);
}

PG_FUNCTION_INFO_V1(decayed_score_recv);
Datum
decayed_score_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	DecayedScore *score = palloc0(sizeof(DecayedScore));
	PureError	error;

	score->version = pq_getmsgbyte(buf);
	if (score->version != DECAYED_SCORE_VERSION)
		wire_refuse(WIRE_TYPE, "its version is unknown");
	score->instant = pq_getmsgint64(buf);
	score->half_life = pq_getmsgint64(buf);
	for (int i = 0; i < DECAYED_PARTS; i++)
	{
		score->parts[i].high = pq_getmsgint64(buf);
		score->parts[i].low = pq_getmsgint64(buf);
	}
	wire_receive_end(buf, WIRE_TYPE);
	if (!decayed_score_check(score, &error))
		wire_refuse(WIRE_TYPE, error.message);
	PG_RETURN_POINTER(score);
}

PG_FUNCTION_INFO_V1(decayed_score_send);
Datum
decayed_score_send(PG_FUNCTION_ARGS)
{
	const DecayedScore *score = PG_GETARG_DECAYED(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, DECAYED_SCORE_VERSION);
	pq_sendint64(&buf, score->instant);
	pq_sendint64(&buf, score->half_life);
	for (int i = 0; i < DECAYED_PARTS; i++)
	{
		pq_sendint64(&buf, score->parts[i].high);
		pq_sendint64(&buf, score->parts[i].low);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * decayed_score(points, at, half_life)
 */
PG_FUNCTION_INFO_V1(decayed_score);
Datum
decayed_score(PG_FUNCTION_ARGS)
{
	return score_of_arguments(fcinfo, 0);
}

PG_FUNCTION_INFO_V1(decayed_score_plus);
Datum
decayed_score_plus(PG_FUNCTION_ARGS)
{
	DecayedScore *sum = palloc(sizeof(DecayedScore));
	PureError	error;

	memcpy(sum, PG_GETARG_DECAYED(0), sizeof(DecayedScore));
	report_if(!decayed_score_merge(sum, PG_GETARG_DECAYED(1), &error), &error);
	PG_RETURN_POINTER(sum);
}

/*
 * score_at(decayed_score, at): NULL before its instant, when nobody could know it.
 */
PG_FUNCTION_INFO_V1(score_at);
Datum
score_at(PG_FUNCTION_ARGS)
{
	const DecayedScore *score = PG_GETARG_DECAYED(0);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);

	if (at < score->instant)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(decayed_score_value(score, at));
}

/*
 * decayed_sum_add(state, points, at, half_life): a row with a NULL counts nothing.
 */
PG_FUNCTION_INFO_V1(decayed_sum_add);
Datum
decayed_sum_add(PG_FUNCTION_ARGS)
{
	DecayedScore *score;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
		return score_of_arguments(fcinfo, 1);
	score = PG_GETARG_DECAYED(0);
	report_if(!decayed_score_add(score, PG_GETARG_FLOAT8(1), PG_GETARG_TIMESTAMPTZ(2),
								 half_life_argument(fcinfo, 3), &error), &error);
	PG_RETURN_POINTER(score);
}

/*
 * Adds the right to the left one, as a combine function and as rollup's transition
 * function.  It is strict: the first value is the first state.
 */
PG_FUNCTION_INFO_V1(decayed_sum_combine);
Datum
decayed_sum_combine(PG_FUNCTION_ARGS)
{
	DecayedScore *score = PG_GETARG_DECAYED(0);
	PureError	error;

	require_aggregate(fcinfo);
	report_if(!decayed_score_merge(score, PG_GETARG_DECAYED(1), &error), &error);
	PG_RETURN_POINTER(score);
}
