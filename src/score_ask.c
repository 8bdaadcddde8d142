/*-------------------------------------------------------------------------
 *
 * score_ask.c
 *		What SQL asks of scores, row by row: score, explain_score, score_band, today's and
 *		by the rules of another day.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "score_face.h"
#include "score_ready.h"
#include "spec_args.h"

/* How deep conditions may ask for scores whose conditions ask for scores: nobody means more. */
#define MAX_DEPTH 32

/* A question: what a call is about, and what each rule says to it. */
typedef struct Question
{
	const ScoreModel *model;
	ScoreTally *tallies;
} Question;

/* The arguments events and at: as many of the one as of the other; false where there are none. */
static bool
open_events(FunctionCallInfo fcinfo, int argno, Datum **kinds, bool **no_kind, Datum **instants,
			bool **no_instant, int *n)
{
	int			ninstants;

	if (PG_ARGISNULL(argno) && PG_ARGISNULL(argno + 1))
		return false;
	if (PG_ARGISNULL(argno) || PG_ARGISNULL(argno + 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("events need their kinds and their instants")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), TEXTOID, -1, false, TYPALIGN_INT,
					  kinds, no_kind, n);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno + 1), TIMESTAMPTZOID, 8, FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, instants, no_instant, &ninstants);
	if (*n != ninstants)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d events but %d instants", *n, ninstants)));
	return true;
}

/* Counts the events that have a kind and an instant that is not later than as_of. */
static void
tally_events(FunctionCallInfo fcinfo, int argno, TimestampTz as_of, Question *question)
{
	ScoreInstants *book = palloc0(Max(question->model->nkinds, 1) * sizeof(ScoreInstants));
	Datum	   *kinds,
			   *instants;
	bool	   *no_kind,
			   *no_instant;
	int			n;
	PureError	error;

	if (!open_events(fcinfo, argno, &kinds, &no_kind, &instants, &no_instant, &n))
		return;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!no_kind[i] && !no_instant[i])
			score_take_event(question->model, book, DatumGetTextPP(kinds[i]),
							 DatumGetTimestampTz(instants[i]), as_of);
	}
	report_if(!score_count_events(question->model, book, as_of, question->tallies, &error), &error);
}

/* A condition that asks for scores again leaves another row in the slot, so it is stored each time. */
static void
judge_conditions(ReadyScore *ready, HeapTuple tuple, ScoreTally *tallies)
{
	for (int i = 0; i < ready->stored->model->nrules; i++)
	{
		if (ready->guards[i] == NULL)
			continue;
		ExecStoreHeapTuple(tuple, ready->row, false);
		if (guard_holds(ready->guards[i], ready->row, ready->no_row))
			tallies[i].points = tallies[i].capped = tallies[i].decayed = ready->stored->model->rules[i].points;
		ExecClearTuple(ready->row);
	}
}

/* Scores whose conditions ask for scores are fine; those that go round in circles never end. */
static void
tally_conditions(ReadyScore *ready, HeapTupleHeader row, ScoreTally *tallies)
{
	static int	depth = 0;
	HeapTupleData tuple;

	if (depth >= MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("scores ask for scores more than %d deep", MAX_DEPTH),
				 errdetail("The innermost is \"%s\".", ready->stored->name),
				 errhint("A score whose conditions lead back to it has no value.")));
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	depth++;
	PG_TRY();
	{
		judge_conditions(ready, &tuple, tallies);
	}
	PG_FINALLY();
	{
		depth--;
	}
	PG_END_TRY();
}

static TimestampTz
finite_instant(FunctionCallInfo fcinfo, int argno)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(argno);

	score_check_as_of(at);
	return at;
}

/*
 * The arguments name [, rules_of], row [, events, at], as_of; false where one of the others
 * than events and at is NULL, or there was no such score.
 */
static bool
ask(FunctionCallInfo fcinfo, bool by_rules_of, Question *question)
{
	int			row_arg = by_rules_of ? 2 : 1;
	int			as_of_arg = PG_NARGS() - 1;
	TimestampTz rules_of = 0,
				as_of;
	HeapTupleHeader row;
	ReadyScore *ready;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(row_arg) || PG_ARGISNULL(as_of_arg))
		return false;
	as_of = finite_instant(fcinfo, as_of_arg);
	if (by_rules_of)
		rules_of = finite_instant(fcinfo, 1);
	row = PG_GETARG_HEAPTUPLEHEADER(row_arg);
	ready = ready_score(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)), HeapTupleHeaderGetTypeId(row),
						by_rules_of ? &rules_of : NULL);
	question->model = ready->stored->model;
	if (question->model == NULL)
		return false;
	question->tallies = palloc0(question->model->nrules * sizeof(ScoreTally));
	if (as_of_arg > row_arg + 1)
		tally_events(fcinfo, row_arg + 1, as_of, question);
	tally_conditions(ready, row, question->tallies);
	return true;
}

static Datum
answer(FunctionCallInfo fcinfo, bool by_rules_of)
{
	Question	question;
	PureError	error;
	int64		score;

	if (!ask(fcinfo, by_rules_of, &question))
		PG_RETURN_NULL();
	report_if(!score_sum(question.model, question.tallies, &score, &error), &error);
	PG_RETURN_DATUM(score_points_datum(score));
}

/*
 * score(name, row [, events, at], as_of)
 */
PG_FUNCTION_INFO_V1(score);
Datum
score(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, false);
}

/*
 * score_by(name, rules_of, row [, events, at], as_of)
 */
PG_FUNCTION_INFO_V1(score_by);
Datum
score_by(PG_FUNCTION_ARGS)
{
	return answer(fcinfo, true);
}

static Datum
explain(FunctionCallInfo fcinfo, bool by_rules_of)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Question	question;
	PureError	error;
	ScoreLine  *lines;
	int			nlines;

	InitMaterializedSRF(fcinfo, 0);
	if (!ask(fcinfo, by_rules_of, &question))
		return (Datum) 0;
	report_if(!score_explain(question.model, question.tallies, &lines, &nlines, &error), &error);
	for (int i = 0; i < nlines; i++)
	{
		Datum		values[SCORE_LINE_COLUMNS];
		bool		nulls[SCORE_LINE_COLUMNS];

		score_line_values(&lines[i], values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * explain_score(name, row [, events, at], as_of)
 */
PG_FUNCTION_INFO_V1(explain_score);
Datum
explain_score(PG_FUNCTION_ARGS)
{
	return explain(fcinfo, false);
}

/*
 * explain_score_by(name, rules_of, row [, events, at], as_of)
 */
PG_FUNCTION_INFO_V1(explain_score_by);
Datum
explain_score_by(PG_FUNCTION_ARGS)
{
	return explain(fcinfo, true);
}

static Datum
band_of(FunctionCallInfo fcinfo, const StoredScore *stored, Datum score)
{
	const ScoreModel *model = stored->model;

	if (model == NULL || numeric_is_nan(DatumGetNumeric(score)))
		PG_RETURN_NULL();
	for (int i = 0; i < model->nbands; i++)
	{
		const ScoreBand *band = &model->bands[i];

		if (band->floor == PG_INT64_MIN ||
			DatumGetBool(DirectFunctionCall2(numeric_ge, score, score_points_datum(band->floor))))
			PG_RETURN_TEXT_P(cstring_to_text(band->name));
	}
	PG_RETURN_NULL();
}

/*
 * score_band(name, score): NULL where the score reaches none.
 */
PG_FUNCTION_INFO_V1(score_band);
Datum
score_band(PG_FUNCTION_ARGS)
{
	return band_of(fcinfo, kept_score(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL),
				   PG_GETARG_DATUM(1));
}

/*
 * score_band_by(name, rules_of, score)
 */
PG_FUNCTION_INFO_V1(score_band_by);
Datum
score_band_by(PG_FUNCTION_ARGS)
{
	TimestampTz rules_of = finite_instant(fcinfo, 1);

	return band_of(fcinfo, kept_score(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)), &rules_of),
				   PG_GETARG_DATUM(2));
}
