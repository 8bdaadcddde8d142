/*-------------------------------------------------------------------------
 *
 * score_face.c
 *		What the SQL faces of scores share: events that come in, points and lines that go out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "score_face.h"
#include "spec_args.h"

/*
 * Puts an event into the book, which has a place for each kind that the model counts; not
 * one later than as_of.
 */
void
score_take_event(const ScoreModel *model, ScoreInstants *book, text *kind, TimestampTz at,
				 TimestampTz as_of)
{
	PureError	error;
	int			place;

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events need instants that are finite")));
	if (at > as_of)
		return;
	place = score_kind(model, VARDATA_ANY(kind), VARSIZE_ANY_EXHDR(kind));
	if (place >= 0)
		report_if(!score_add_event(&book[place], at, &error), &error);
}

/*
 * Refuses an instant of a score that is infinite.
 */
void
score_check_as_of(TimestampTz at)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a score is of an instant that is finite")));
}

/*
 * Points as SQL shows them.
 */
Datum
score_points_datum(int64 points)
{
	return DirectFunctionCall1(numeric_trim_scale,
							   NumericGetDatum(int64_div_fast_to_numeric(points, SCORE_DECIMALS)));
}

/*
 * The columns of a line.
 */
void
score_line_values(const ScoreLine *line, Datum *values, bool *nulls)
{
	memset(nulls, false, SCORE_LINE_COLUMNS * sizeof(bool));
	nulls[0] = line->group == NULL;
	values[0] = line->group == NULL ? (Datum) 0 : CStringGetTextDatum(line->group);
	values[1] = CStringGetTextDatum(line->rule);
	values[2] = score_points_datum(line->tally.points);
	values[3] = score_points_datum(line->tally.capped);
	values[4] = score_points_datum(line->tally.decayed);
}
