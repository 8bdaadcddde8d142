/*-------------------------------------------------------------------------
 *
 * decayed_score_text.c
 *		The text of a decayed score.
 *
 *		12.5 at 2026-01-05T09:00:00Z half-life 30 days
 *		7.5 at 2026-02-04T09:00:00Z half-life 30 days {1fe00000000,-3c}
 *
 * Braces hold the exact parts, in hexadecimal, the newest first and without those at the
 * end that are zero.  They are left out where the points alone make the same score.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>
#include <math.h>

#include "decayed_score.h"
#include "instant.h"

typedef struct Reader
{
	const char *at;
	const char *end;
	PureError  *error;
} Reader;

static void
skip_blanks(Reader *reader)
{
	while (isspace((unsigned char) *reader->at))
		reader->at++;
}

static bool
accept(Reader *reader, const char *word)
{
	size_t		len = strlen(word);

	skip_blanks(reader);
	if (pg_strncasecmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

static bool
refuse_text(Reader *reader, const char *expected)
{
	skip_blanks(reader);
	pure_fail(reader->error, PURE_SYNTAX, "malformed decayed score: expected %s at \"%s\"", expected,
			  pure_sample(reader->at, Min(reader->end - reader->at, 32)));
	return pure_hint(reader->error, "Write it like 12.5 at 2026-01-05T09:00:00Z half-life 30 days.");
}

static bool
read_number(Reader *reader, double *number)
{
	char	   *behind;

	skip_blanks(reader);
	*number = strtod(reader->at, &behind);
	if (behind == reader->at || !isspace((unsigned char) *behind))
		return refuse_text(reader, "points");
	reader->at = behind;
	return true;
}

static bool
read_half_life(Reader *reader, int64 *half_life)
{
	Interval	span;

	skip_blanks(reader);
	return span_read(&reader->at, reader->end, &span, reader->error) &&
		decayed_half_life(&span, half_life, reader->error);
}

/* Hexadecimal, below 2^127 either way. */
static bool
read_part(Reader *reader, Wide *part)
{
	bool		negative = accept(reader, "-");
	int			ndigits = 0;

	memset(part, 0, sizeof(*part));
	for (; isxdigit((unsigned char) *reader->at); reader->at++, ndigits++)
	{
		int			c = tolower((unsigned char) *reader->at);

		if (part->high >> 59)
			return pure_fail(reader->error, PURE_LIMIT, "a decayed score is out of range");
		part->high = part->high << 4 | part->low >> 60;
		part->low = part->low << 4 | (isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	if (ndigits == 0)
		return refuse_text(reader, "a hexadecimal number");
	if (negative)
	{
		part->low = ~part->low;
		part->high = ~part->high;
		wide_add_word(part, 1);
	}
	return true;
}

/* Behind the opening brace. */
static bool
read_parts(Reader *reader, DecayedScore *score)
{
	int			n = 0;

	do
	{
		if (n == DECAYED_PARTS)
			return refuse_text(reader, "a closing brace");
		if (!read_part(reader, &score->parts[n++]))
			return false;
	} while (accept(reader, ","));
	return accept(reader, "}") || refuse_text(reader, "a comma or a closing brace");
}

/* The points in front of the braces are there to be read; they must say the same. */
static bool
agrees(const DecayedScore *score, double points, PureError *error)
{
	double		value = decayed_score_value(score, score->instant);

	if (fabs(value - points) <= 2e-9 + fabs(value) * 1e-12)
		return true;
	return pure_fail(error, PURE_VALUE, "a decayed score of %.15g cannot have parts that make %.15g",
					 points, value);
}

/*
 * Reads the text of a score.
 */
bool
decayed_score_read(DecayedScore *score, const char *text, PureError *error)
{
	Reader		reader = {text, text + strlen(text), error};
	double		points;
	TimestampTz at;
	int64		half_life;

	if (!read_number(&reader, &points))
		return false;
	if (!accept(&reader, "at"))
		return refuse_text(&reader, "\"at\"");
	skip_blanks(&reader);
	if (!instant_read(&reader.at, reader.end, &at, error))
		return false;
	if (!accept(&reader, "half-life"))
		return refuse_text(&reader, "\"half-life\"");
	if (!read_half_life(&reader, &half_life))
		return false;
	if (!accept(&reader, "{"))
	{
		if (!decayed_score_begin(score, points, at, half_life, error))
			return false;
	}
	else if (!decayed_score_begin(score, 0, at, half_life, error) ||
			 !read_parts(&reader, score) || !agrees(score, points, error))
		return false;
	skip_blanks(&reader);
	return *reader.at == '\0' || refuse_text(&reader, "the end");
}

static void
write_part(StringInfo out, const Wide *part)
{
	Wide		size = *part;

	if (part->high >> 63)
	{
		size.low = ~size.low;
		size.high = ~size.high;
		wide_add_word(&size, 1);
		appendStringInfoChar(out, '-');
	}
	if (size.high > 0)
		appendStringInfo(out, "%llx%016llx", (unsigned long long) size.high,
						 (unsigned long long) size.low);
	else
		appendStringInfo(out, "%llx", (unsigned long long) size.low);
}

static void
write_parts(StringInfo out, const DecayedScore *score)
{
	int			n = DECAYED_PARTS;

	while (n > 1 && score->parts[n - 1].low == 0 && score->parts[n - 1].high == 0)
		n--;
	for (int i = 0; i < n; i++)
	{
		appendStringInfoString(out, i == 0 ? " {" : ",");
		write_part(out, &score->parts[i]);
	}
	appendStringInfoChar(out, '}');
}

/* Do the points alone make the same score? */
static bool
is_plain(const DecayedScore *score, double points)
{
	DecayedScore plain;
	PureError	error;

	return fabs(points) <= DECAYED_MAX_POINTS &&
		decayed_score_begin(&plain, points, score->instant, score->half_life, &error) &&
		memcmp(plain.parts, score->parts, sizeof(plain.parts)) == 0;
}

/*
 * Appends the text of a score.
 */
void
decayed_score_write(StringInfo out, const DecayedScore *score)
{
	double		points = decayed_score_value(score, score->instant);
	char		instant[INSTANT_TEXT_MAX];

	(void) instant_write(instant, score->instant);
	appendStringInfo(out, "%.15g at %s half-life ", points, instant);
	decayed_half_life_write(out, score->half_life);
	if (!is_plain(score, points))
		write_parts(out, score);
}
