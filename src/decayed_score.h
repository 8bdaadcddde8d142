/*-------------------------------------------------------------------------
 *
 * decayed_score.h
 *		Points that halve with time: a value, the instant it is of, and a half-life.  Weights
 *		are fixed when an event comes, relative to an instant that all share: the forward
 *		decay of Cormode, Shkapenyuk, Srivastava & Xu, 2009.
 *
 * The sum of many must not depend on their order, so it is never a sum of doubles.
 * With time counted in half-lives since the epoch, points p at e + f (e whole, f below
 * 1) weigh p * 2^f * 2^e.  The first product is rounded once, to a fixed point; what is
 * left is whole numbers and powers of two, which add exactly.  Each DECAYED_SPAN
 * half-lives have a sum of their own, a part; kept are the DECAYED_PARTS parts up to the
 * one of the newest instant.  Nothing is carried from part to part, so that what falls
 * out of the window takes nothing of what stays with it, whenever it falls.
 *
 * Limits: points up to 2^30 times a factor below 2 for f, moved by up to 15 places, with
 * 41 places behind the point, are below 2^87: a part holds 2^40 of them.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DECAYED_SCORE_H
#define CRM_DECAYED_SCORE_H

#include "pure.h"
#include "wide.h"

#define DECAYED_SCORE_VERSION 1
#define DECAYED_SPAN 16
#define DECAYED_PARTS 6
#define DECAYED_PLACES 41
#define DECAYED_MAX_POINTS 1e9

/* The value as it is stored: of fixed length, without a header. */
typedef struct DecayedScore
{
	uint8		version;
	uint8		reserved[7];	/* zero */
	TimestampTz instant;		/* the newest of all that was added */
	int64		half_life;		/* microseconds, at least 1 */
	Wide		parts[DECAYED_PARTS];	/* in two's complement, the newest first */
} DecayedScore;

extern bool decayed_score_begin(DecayedScore *score, double points, TimestampTz at, int64 half_life,
								PureError *error);
extern bool decayed_score_add(DecayedScore *score, double points, TimestampTz at, int64 half_life,
							  PureError *error);
extern bool decayed_score_merge(DecayedScore *score, const DecayedScore *other, PureError *error);
extern bool decayed_score_check(const DecayedScore *score, PureError *error);
extern double decayed_score_value(const DecayedScore *score, TimestampTz at);
extern bool decayed_half_life(const Interval *span, int64 *half_life, PureError *error);
extern void decayed_half_life_write(StringInfo out, int64 half_life);

extern bool decayed_score_read(DecayedScore *score, const char *text, PureError *error);
extern void decayed_score_write(StringInfo out, const DecayedScore *score);

#endif							/* CRM_DECAYED_SCORE_H */
