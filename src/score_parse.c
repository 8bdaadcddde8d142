/*-------------------------------------------------------------------------
 *
 * score_parse.c
 *		Reading the definition of a score, line by line.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "decayed_score.h"
#include "scan.h"
#include "score.h"

typedef struct Reader
{
	ScoreModel *model;
	Scanner		scanner;
	const char *line;			/* without blanks around it */
	const char *line_end;
	bool		has_bands;
} Reader;

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next of a kind, in an array of SCORE_MAX_ITEMS; NULL beyond. */
static bool
take_place(Reader *reader, int *count, const char *what)
{
	if (*count == SCORE_MAX_ITEMS)
		return scan_fail(&reader->scanner, PURE_LIMIT, "a score has at most %d %s", SCORE_MAX_ITEMS, what);
	(*count)++;
	return true;
}

/* Says what is wrong with something that already has been read. */
static bool
fail_at(Reader *reader, const char *where, PureErrorKind kind, const char *message)
{
	scan_resume(&reader->scanner, where);
	return scan_fail(&reader->scanner, kind, "%s", message);
}

/* What stands where points should, up to the next blank. */
static bool
no_points(Reader *reader)
{
	Scanner    *scanner = &reader->scanner;
	size_t		len = 0;

	if (scanner->kind == SCAN_END)
		return scan_unexpected(scanner, "a number such as 5, -10 or 2.5");
	while (scanner->start + len < scanner->end && !is_blank(scanner->start[len]))
		len++;
	return scan_fail(scanner, PURE_SYNTAX, "expected a number such as 5, -10 or 2.5, not \"%s\"",
					 pure_sample(scanner->start, len));
}

/* A number with up to SCORE_DECIMALS decimals, which the two dots of a range end. */
static bool
read_points(Reader *reader, int64 *points)
{
	const char *p = reader->scanner.start;
	bool		negative = *p == '-';
	int64		number = 0;
	int			ndigits = 0,
				ndecimals = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; isdigit((unsigned char) *p) && ndigits < 9; p++, ndigits++)
		number = number * 10 + (*p - '0');
	if (ndigits > 0 && *p == '.' && isdigit((unsigned char) p[1]))
		for (p++; isdigit((unsigned char) *p) && ndecimals < SCORE_DECIMALS; p++, ndecimals++)
			number = number * 10 + (*p - '0');
	if (ndecimals == SCORE_DECIMALS && isdigit((unsigned char) *p))
		return scan_fail(&reader->scanner, PURE_VALUE, "points have at most %d decimals", SCORE_DECIMALS);
	if (ndigits == 0 || isalpha((unsigned char) *p))
		return no_points(reader);
	for (; ndecimals < SCORE_DECIMALS; ndecimals++)
		number *= 10;
	if (isdigit((unsigned char) *p) || number > (int64) SCORE_MAX_POINTS * SCORE_UNIT)
		return scan_fail(&reader->scanner, PURE_VALUE, "points must be from -%d to %d",
						 SCORE_MAX_POINTS, SCORE_MAX_POINTS);
	*points = negative ? -number : number;
	scan_resume(&reader->scanner, p);
	return true;
}

/* MIN..MAX */
static bool
read_range(Reader *reader, ScoreRange *range)
{
	const char *start = reader->scanner.start;

	if (!read_points(reader, &range->min))
		return false;
	if (strncmp(reader->scanner.start, "..", 2) != 0)
		return scan_unexpected(&reader->scanner, "\"..\", as in 0..50");
	scan_resume(&reader->scanner, reader->scanner.start + 2);
	if (!read_points(reader, &range->max))
		return false;
	if (range->min > range->max)
		return fail_at(reader, start, PURE_VALUE, "a range must not end before it begins");
	return true;
}

static bool
read_name(Reader *reader, const char *what, char **name)
{
	Scanner    *scanner = &reader->scanner;

	if ((scanner->kind != SCAN_WORD && scanner->kind != SCAN_LABEL) || scanner->value.len == 0)
		return scan_unexpected(scanner, what);
	*name = pstrdup(scanner->value.data);
	scan_next(scanner);
	return true;
}

static bool
read_window(Reader *reader, int64 *micros)
{
	const char *start = reader->scanner.start;
	Interval	span;

	if (!scan_span(&reader->scanner, &span))
		return false;
	return decayed_half_life(&span, micros, reader->scanner.error) ||
		fail_at(reader, start, PURE_VALUE, "a window or half-life must be more than no time, and less than 292,000 years, without months or years");
}

/* group NAME MIN..MAX [half-life SPAN] */
static bool
read_group(Reader *reader)
{
	ScoreModel *model = reader->model;
	ScoreGroup *group = &model->groups[model->ngroups];
	const char *start = reader->scanner.start;

	if (!take_place(reader, &model->ngroups, "groups") ||
		!read_name(reader, "the name of a group", &group->name))
		return false;
	for (int i = 0; i < model->ngroups - 1; i++)
		if (strcmp(model->groups[i].name, group->name) == 0)
			return fail_at(reader, start, PURE_VALUE, psprintf("there are two groups \"%s\"", group->name));
	return read_range(reader, &group->range) &&
		(!scan_accept(&reader->scanner, "half-life") || read_window(reader, &group->half_life));
}

/* Behind "when": the rest of the line. */
static bool
read_condition(Reader *reader, ScoreRule *rule)
{
	Scanner    *scanner = &reader->scanner;

	if (scanner->kind == SCAN_END)
		return scan_unexpected(scanner, "a condition");
	rule->condition = pnstrdup(scanner->start, reader->line_end - scanner->start);
	scan_resume(scanner, reader->line_end);
	return true;
}

/* Behind "on": EVENT [at most N [per SPAN]] */
static bool
read_event(Reader *reader, ScoreRule *rule)
{
	Scanner    *scanner = &reader->scanner;

	if (!read_name(reader, "an event", &rule->event))
		return false;
	if (!scan_accept(scanner, "at"))
		return true;
	return scan_expect(scanner, "most") && scan_integer(scanner, 1, PG_INT32_MAX, &rule->cap) &&
		(!scan_accept(scanner, "per") || read_window(reader, &rule->window));
}

/* +N when CONDITION, or -N on EVENT ... */
static bool
read_rule(Reader *reader)
{
	ScoreModel *model = reader->model;
	ScoreRule  *rule = &model->rules[model->nrules];

	if (model->ngroups == 0)
		return scan_fail(&reader->scanner, PURE_SYNTAX, "a rule must follow its group");
	if (!take_place(reader, &model->nrules, "rules"))
		return false;
	rule->group = model->ngroups - 1;
	rule->text = pnstrdup(reader->line, reader->line_end - reader->line);
	if (!read_points(reader, &rule->points))
		return false;
	if (scan_accept(&reader->scanner, "when"))
		return read_condition(reader, rule);
	if (scan_accept(&reader->scanner, "on"))
		return read_event(reader, rule);
	return scan_unexpected(&reader->scanner, "\"when\" or \"on\"");
}

/* NAME >= N, or the last one without */
static bool
read_band(Reader *reader)
{
	ScoreModel *model = reader->model;
	ScoreBand  *band = &model->bands[model->nbands];
	Scanner    *scanner = &reader->scanner;
	const char *start = scanner->start;

	if (!take_place(reader, &model->nbands, "bands") || !read_name(reader, "the name of a band", &band->name))
		return false;
	for (const ScoreBand *other = model->bands; other < band; other++)
		if (strcmp(other->name, band->name) == 0)
			return fail_at(reader, start, PURE_VALUE, psprintf("there are two bands \"%s\"", band->name));
	band->floor = PG_INT64_MIN;
	if (scanner->kind == SCAN_END)
		return true;
	if (!scan_expect_mark(scanner, '>') || !scan_expect_mark(scanner, '=') ||
		!read_points(reader, &band->floor))
		return false;
	if (band > model->bands && band->floor >= band[-1].floor)
		return fail_at(reader, start, PURE_VALUE, "bands must come from the highest to the lowest");
	return true;
}

/* bands NAME >= N, NAME >= N, NAME */
static bool
read_bands(Reader *reader)
{
	if (reader->has_bands)
		return scan_fail(&reader->scanner, PURE_SYNTAX, "there can be only one line of bands");
	reader->has_bands = true;
	do
	{
		if (!read_band(reader))
			return false;
	} while (scan_accept_mark(&reader->scanner, ','));
	return true;
}

static bool
read_total(Reader *reader)
{
	if (reader->model->has_total)
		return scan_fail(&reader->scanner, PURE_SYNTAX, "there can be only one total");
	reader->model->has_total = true;
	return read_range(reader, &reader->model->total);
}

static bool
read_line(Reader *reader)
{
	Scanner    *scanner = &reader->scanner;

	if (*reader->line == '+' || *reader->line == '-')
		return read_rule(reader);
	if (scan_accept(scanner, "group"))
		return read_group(reader);
	if (scan_accept(scanner, "total"))
		return read_total(reader);
	if (scan_accept(scanner, "bands"))
		return read_bands(reader);
	return scan_unexpected(scanner, "a rule (\"+5 when ...\" or \"+5 on ...\"), \"group\", \"total\" or \"bands\"");
}

/* Takes the line that begins there; false where it is empty or a comment. */
static bool
take_line(Reader *reader, const char **cursor)
{
	const char *p = *cursor;
	const char *end = p + strcspn(p, "\n");

	*cursor = *end == '\n' ? end + 1 : end;
	while (p < end && is_blank(*p))
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	reader->line = p;
	reader->line_end = end;
	return p < end && *p != '#';
}

static int
compare_kinds(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Numbers the kinds of events, so that an event has to be recognized once and not by every rule. */
static void
number_kinds(ScoreModel *model)
{
	int			n = 0;

	model->kinds = palloc(model->nrules * sizeof(char *));
	for (int i = 0; i < model->nrules; i++)
		if (model->rules[i].event != NULL)
			model->kinds[n++] = model->rules[i].event;
	qsort(model->kinds, n, sizeof(char *), compare_kinds);
	for (int i = 0; i < n; i++)
		if (i == 0 || strcmp(model->kinds[i], model->kinds[i - 1]) != 0)
			model->kinds[model->nkinds++] = model->kinds[i];
	for (int i = 0; i < model->nrules; i++)
		if (model->rules[i].event != NULL)
			model->rules[i].kind = score_kind(model, model->rules[i].event, strlen(model->rules[i].event));
}

/* Models are kept, and few have a thousand of anything. */
static void
give_back_room(ScoreModel *model)
{
	model->groups = repalloc(model->groups, model->ngroups * sizeof(ScoreGroup));
	model->rules = repalloc(model->rules, model->nrules * sizeof(ScoreRule));
	model->bands = repalloc(model->bands, Max(model->nbands, 1) * sizeof(ScoreBand));
}

/*
 * Reads a definition; NULL with an error where it is none.
 */
ScoreModel *
score_parse(const char *text, PureError *error)
{
	Reader		reader = {0};
	ScoreModel *model = palloc0(sizeof(ScoreModel));
	const char *cursor = text;

	model->groups = palloc0(SCORE_MAX_ITEMS * sizeof(ScoreGroup));
	model->rules = palloc0(SCORE_MAX_ITEMS * sizeof(ScoreRule));
	model->bands = palloc0(SCORE_MAX_ITEMS * sizeof(ScoreBand));
	reader.model = model;
	while (*cursor)
	{
		CHECK_FOR_INTERRUPTS();
		if (!take_line(&reader, &cursor))
			continue;
		scan_begin(&reader.scanner, text, reader.line_end - text, error);
		scan_resume(&reader.scanner, reader.line);
		if (!read_line(&reader) || !scan_finish(&reader.scanner))
			return NULL;
	}
	if (model->nrules > 0)
	{
		number_kinds(model);
		give_back_room(model);
		return model;
	}
	pure_fail(error, PURE_SYNTAX, "a score needs at least one rule");
	pure_hint(error, "Write it like \"group fit 0..50\", and in the next line \"+20 when industry = 'software'\".");
	return NULL;
}
