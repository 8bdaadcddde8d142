/*-------------------------------------------------------------------------
 *
 * velocity_report.c
 *		What SQL reads from a velocity: velocity_moves, velocity_stages,
 *		win_probability and expected_time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "markov.h"
#include "report.h"
#include "stage.h"
#include "velocity_io.h"

#define MAX_COLUMNS 9

/* A row being filled, column by column. */
typedef struct Row
{
	int			count;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
} Row;

static void
put_null(Row *row)
{
	row->values[row->count] = (Datum) 0;
	row->nulls[row->count++] = true;
}

static void
put_value(Row *row, Datum value)
{
	row->values[row->count] = value;
	row->nulls[row->count++] = false;
}

/*
 * Whole days of 24 hours and the rest, as the difference of two timestamptz comes;
 * NULL for more days than an interval counts.
 */
static Interval *
make_duration(const Wide *micros)
{
	Interval   *interval = palloc0(sizeof(Interval));
	uint64		days,
				rest;

	if (micros->high >= USECS_PER_DAY)
		return NULL;
	days = wide_divide(micros, USECS_PER_DAY, &rest);
	if (days > PG_INT32_MAX)
		return NULL;
	interval->day = days;
	interval->time = rest;
	return interval;
}

static void
put_duration(Row *row, const Wide *micros)
{
	Interval   *interval = make_duration(micros);

	if (interval != NULL)
		put_value(row, IntervalPGetDatum(interval));
	else
		put_null(row);
}

static void
put_micros(Row *row, bool known, int64 micros)
{
	Wide		wide = {.low = micros};

	if (known)
		put_duration(row, &wide);
	else
		put_null(row);
}

static void
put_mean(Row *row, const Digest *digest)
{
	int64		mean = 0;
	bool		known = digest_mean(digest, &mean);

	put_micros(row, known, mean);
}

static void
put_percentile(Row *row, const Digest *digest, double fraction)
{
	int64		percentile = 0;
	bool		known = digest_percentile(digest, fraction, &percentile);

	put_micros(row, known, percentile);
}

static void
put_label(Row *row, const Velocity *velocity, uint32 stage)
{
	JourneyLabel label = velocity_label(velocity, &velocity_stages_of(velocity)[stage]);

	put_value(row, PointerGetDatum(cstring_to_text_with_len(label.text, label.len)));
}

static void
put_row(ReturnSetInfo *result, Row *row)
{
	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
}

PG_FUNCTION_INFO_V1(velocity_moves);
Datum
velocity_moves(PG_FUNCTION_ARGS)
{
	Velocity   *velocity = PG_GETARG_VELOCITY(0);
	Digest	  **dwells = velocity_dwells(velocity);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(velocity)[i];
		const Digest *digest = velocity_digest(velocity, move->dwells);
		Row			row = {0};

		CHECK_FOR_INTERRUPTS();
		put_label(&row, velocity, move->from);
		put_label(&row, velocity, move->to);
		put_value(&row, Int64GetDatum(digest->count));
		put_value(&row, Float8GetDatum((double) digest->count / dwells[move->from]->count));
		put_mean(&row, digest);
		put_percentile(&row, digest, 0.5);
		put_percentile(&row, digest, 0.9);
		put_micros(&row, true, digest->max);
		put_row((ReturnSetInfo *) fcinfo->resultinfo, &row);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(velocity_stages);
Datum
velocity_stages(PG_FUNCTION_ARGS)
{
	Velocity   *velocity = PG_GETARG_VELOCITY(0);
	Digest	  **dwells = velocity_dwells(velocity);
	uint64	   *visits = velocity_visits(velocity);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		const VelocityStage *stage = &velocity_stages_of(velocity)[i];
		Row			row = {0};

		CHECK_FOR_INTERRUPTS();
		put_label(&row, velocity, i);
		put_value(&row, Int64GetDatum(visits[i]));
		put_value(&row, Int64GetDatum(dwells[i]->count));
		put_value(&row, Int64GetDatum(stage->open));
		put_mean(&row, dwells[i]);
		put_percentile(&row, dwells[i], 0.5);
		put_percentile(&row, dwells[i], 0.9);
		if (stage->ages != 0)
			put_percentile(&row, velocity_digest(velocity, stage->ages), 0.5);
		else
			put_null(&row);
		put_duration(&row, &dwells[i]->sum);
		put_row((ReturnSetInfo *) fcinfo->resultinfo, &row);
	}
	return (Datum) 0;
}

/* Marks the stages of a list; those that nobody ever visited are not in the velocity. */
static void
mark_stages(FunctionCallInfo fcinfo, int argno, const Velocity *velocity, MarkovKind kind,
			MarkovKind *kinds)
{
	JourneyLabel *labels;
	int			count = stage_list_argument(fcinfo, argno, &labels);

	for (int i = 0; i < count; i++)
	{
		int			stage = velocity_find_stage(velocity, labels[i].text, labels[i].len);

		if (stage < 0)
			continue;
		if (kinds[stage] != MARKOV_OPEN && kinds[stage] != kind)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("stage \"%.*s\" cannot be both won and lost",
							(int) labels[i].len, labels[i].text)));
		kinds[stage] = kind;
	}
}

/* The velocity as a chain of moves. */
static MarkovMove *
make_moves(const Velocity *velocity)
{
	MarkovMove *moves = palloc(Max(velocity->nmoves, 1) * sizeof(MarkovMove));

	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(velocity)[i];
		const Digest *dwells = velocity_digest(velocity, move->dwells);

		moves[i].from = move->from;
		moves[i].to = move->to;
		moves[i].count = dwells->count;
		moves[i].time = wide_to_double(&dwells->sum);
	}
	return moves;
}

/* What the arguments (velocity, stage, won, lost) come to; unknown for an unknown stage. */
static MarkovOutcome
get_outcome(FunctionCallInfo fcinfo)
{
	Velocity   *velocity = PG_GETARG_VELOCITY(0);
	JourneyLabel label = stage_argument(fcinfo, 1);
	MarkovKind *kinds = palloc0(Max(velocity->nstages, 1) * sizeof(MarkovKind));
	MarkovChain chain = {velocity->nstages, kinds, velocity->nmoves, make_moves(velocity)};
	MarkovOutcome outcome = {0};
	PureError	error;
	int			stage;

	mark_stages(fcinfo, 2, velocity, MARKOV_WON, kinds);
	mark_stages(fcinfo, 3, velocity, MARKOV_LOST, kinds);
	stage = velocity_find_stage(velocity, label.text, label.len);
	if (stage >= 0 && !markov_outcome(&chain, stage, &outcome, &error))
		report_pure_error(&error);
	return outcome;
}

PG_FUNCTION_INFO_V1(win_probability);
Datum
win_probability(PG_FUNCTION_ARGS)
{
	MarkovOutcome outcome = get_outcome(fcinfo);

	if (!outcome.known)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(outcome.won);
}

PG_FUNCTION_INFO_V1(expected_time);
Datum
expected_time(PG_FUNCTION_ARGS)
{
	MarkovOutcome outcome = get_outcome(fcinfo);
	Wide		micros = {0};
	Interval   *interval;

	/* Nine quintillion microseconds are more days than an interval counts, too. */
	if (!outcome.known || outcome.time >= (double) PG_INT64_MAX)
		PG_RETURN_NULL();
	micros.low = (uint64) rint(outcome.time);
	interval = make_duration(&micros);
	if (interval == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(interval);
}
