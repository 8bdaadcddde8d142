/*-------------------------------------------------------------------------
 *
 * score.h
 *		Scores by rules: what a definition says, and what it makes of facts.
 *
 *		group fit 0..50
 *		    +20 when industry = 'software'
 *		group engagement 0..100 half-life 30 days
 *		    +5 on opened at most 3 per 7 days
 *		total 0..120
 *		bands hot >= 80, warm >= 40, cold
 *
 * Points are whole numbers of millionths, so that every sum of them is exact.
 *
 * Nothing here may know SQL, the function manager or the catalog: a condition is text,
 * and whether it holds is for others to say.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SCORE_H
#define CRM_SCORE_H

#include "pure.h"

#define SCORE_DECIMALS 6
#define SCORE_UNIT 1000000		/* 10^SCORE_DECIMALS */

/* So that a thousand groups, each within its range, stay far below 2^63. */
#define SCORE_MAX_POINTS 1000000
#define SCORE_MAX_ITEMS 1000	/* rules, groups, bands */

/* What rules may bring together, either way: what a clamp makes of it stays below 2^63 too. */
#define SCORE_MAX_SUM INT64CONST(9000000000000000000)

/* Of one kind: their instants are an array, and half a gigabyte is enough for one. */
#define SCORE_MAX_EVENTS (1 << 26)

typedef struct ScoreRange
{
	int64		min;
	int64		max;
} ScoreRange;

/* The condition or the event is NULL. */
typedef struct ScoreRule
{
	int			group;
	int64		points;
	char	   *text;			/* the line, as it was written */
	char	   *condition;
	char	   *event;
	int			kind;			/* of the event, among the model's */
	int64		cap;			/* 0: none */
	int64		window;			/* microseconds; 0: of all time */
} ScoreRule;

typedef struct ScoreGroup
{
	char	   *name;
	ScoreRange	range;
	int64		half_life;		/* microseconds; 0: points stay */
} ScoreGroup;

typedef struct ScoreBand
{
	char	   *name;
	int64		floor;			/* PG_INT64_MIN: of all the rest */
} ScoreBand;

typedef struct ScoreModel
{
	int			ngroups;
	int			nrules;
	int			nbands;
	int			nkinds;
	bool		has_total;
	ScoreRange	total;
	ScoreGroup *groups;
	ScoreRule  *rules;			/* those of a group next to each other, in the groups' order */
	ScoreBand  *bands;
	char	  **kinds;			/* of events that rules count, each once, in the order of bytes */
} ScoreModel;

/* The instants of the events of one kind. */
typedef struct ScoreInstants
{
	int64		n;
	int64		room;
	TimestampTz *at;
} ScoreInstants;

/* What a rule brings: for all it met, for what its cap lets through, and of that today. */
typedef struct ScoreTally
{
	int64		points;
	int64		capped;
	int64		decayed;
} ScoreTally;

/* One line of an explanation. */
typedef struct ScoreLine
{
	const char *group;			/* NULL: of the total */
	const char *rule;			/* as it was written, or what a clamp says */
	ScoreTally	tally;
} ScoreLine;

extern ScoreModel *score_parse(const char *text, PureError *error);

extern int	score_kind(const ScoreModel *model, const char *kind, size_t len);
extern bool score_add_event(ScoreInstants *instants, TimestampTz at, PureError *error);
extern bool score_add_events(ScoreInstants *instants, const ScoreInstants *others, PureError *error);
extern bool score_count_events(const ScoreModel *model, ScoreInstants *instants, TimestampTz as_of,
							   ScoreTally *tallies, PureError *error);

extern bool score_in_range(int64 points, PureError *error);
extern bool score_sum(const ScoreModel *model, const ScoreTally *tallies, int64 *score, PureError *error);
extern bool score_explain(const ScoreModel *model, const ScoreTally *tallies, ScoreLine **lines,
						  int *nlines, PureError *error);

#endif							/* CRM_SCORE_H */
