/*-------------------------------------------------------------------------
 *
 * score_face.h
 *		What the SQL faces of scores share: events that come in, points and lines that go out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SCORE_FACE_H
#define CRM_SCORE_FACE_H

#include "postgres.h"

#include "score.h"

#define SCORE_LINE_COLUMNS 5

extern void score_take_event(const ScoreModel *model, ScoreInstants *book, text *kind, TimestampTz at,
							 TimestampTz as_of);
extern void score_check_as_of(TimestampTz at);
extern Datum score_points_datum(int64 points);
extern void score_line_values(const ScoreLine *line, Datum *values, bool *nulls);

#endif							/* CRM_SCORE_FACE_H */
