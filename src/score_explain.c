/*-------------------------------------------------------------------------
 *
 * score_explain.c
 *		From what each rule brings to the score: adding up, clamping, and the lines that say so.
 *
 * Points are whole numbers, so that the lines add up to the score exactly.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "score.h"

/*
 * Whether a sum is one that all that follows can be reckoned with.
 */
bool
score_in_range(int64 points, PureError *error)
{
	if (points >= -SCORE_MAX_SUM && points <= SCORE_MAX_SUM)
		return true;
	return pure_fail(error, PURE_LIMIT, "a score is out of range");
}

static int64
clamp(int64 score, const ScoreRange *range)
{
	return Min(Max(score, range->min), range->max);
}

/* The sum of the rules of a group from the rule *next on, which becomes that of the next group. */
static bool
sum_group(const ScoreModel *model, int group, const ScoreTally *tallies, int *next, int64 *sum,
		  PureError *error)
{
	*sum = 0;
	for (; *next < model->nrules && model->rules[*next].group == group; (*next)++)
	{
		if (__builtin_add_overflow(*sum, tallies[*next].decayed, sum))
			*sum = PG_INT64_MAX;
		if (!score_in_range(*sum, error))
			return false;
	}
	return true;
}

/*
 * The score.  Clamped groups have at most a thousand million points each: no overflow.
 */
bool
score_sum(const ScoreModel *model, const ScoreTally *tallies, int64 *score, PureError *error)
{
	int			rule = 0;

	*score = 0;
	for (int i = 0; i < model->ngroups; i++)
	{
		int64		sum;

		if (!sum_group(model, i, tallies, &rule, &sum, error))
			return false;
		*score += clamp(sum, &model->groups[i].range);
	}
	if (model->has_total)
		*score = clamp(*score, &model->total);
	return true;
}

/* A number without the zeros that end its decimals. */
static char *
points_text(int64 points)
{
	uint64		size = points < 0 ? -(uint64) points : points;
	char	   *text = psprintf("%s" UINT64_FORMAT ".%06u", points < 0 ? "-" : "", size / SCORE_UNIT,
								(unsigned) (size % SCORE_UNIT));
	char	   *end = text + strlen(text);

	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	*end = '\0';
	return text;
}

/* What a clamp adds or takes away, where it does. */
static void
put_clamp(ScoreLine *lines, int *nlines, const char *group, int64 sum, const ScoreRange *range)
{
	int64		clamped = clamp(sum, range);
	ScoreTally	tally = {clamped - sum, clamped - sum, clamped - sum};
	ScoreLine	line = {group, NULL, tally};

	if (clamped == sum)
		return;
	line.rule = psprintf("%s %s", clamped < sum ? "at most" : "at least", points_text(clamped));
	lines[(*nlines)++] = line;
}

/*
 * The explanation of the score: a line for each rule, and for each clamp that bites.
 */
bool
score_explain(const ScoreModel *model, const ScoreTally *tallies, ScoreLine **lines, int *nlines,
			  PureError *error)
{
	int			rule = 0;
	int64		total = 0;

	*nlines = 0;
	*lines = palloc((model->nrules + model->ngroups + 1) * sizeof(ScoreLine));
	for (int i = 0; i < model->ngroups; i++)
	{
		int			first = rule;
		int64		sum;

		if (!sum_group(model, i, tallies, &rule, &sum, error))
			return false;
		for (int j = first; j < rule; j++)
		{
			ScoreLine	line = {model->groups[i].name, model->rules[j].text, tallies[j]};

			(*lines)[(*nlines)++] = line;
		}
		put_clamp(*lines, nlines, model->groups[i].name, sum, &model->groups[i].range);
		total += clamp(sum, &model->groups[i].range);
	}
	if (model->has_total)
		put_clamp(*lines, nlines, NULL, total, &model->total);
	return true;
}
