/*-------------------------------------------------------------------------
 *
 * scan.c
 *		Reading a specification word by word, and writing it back.
 *
 * The scanner looks one token ahead and no further.  Spans and instants are made of
 * several tokens, so they are read from where the token begins when the grammar asks
 * for them.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "instant.h"
#include "label.h"
#include "scan.h"

/* ASCII only: what isspace() says of other bytes depends on the locale. */
static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void
scan_begin(Scanner *scanner, const char *text, size_t len, PureError *error)
{
	memset(scanner, 0, sizeof(*scanner));
	scanner->text = scanner->next = text;
	scanner->end = text + len;
	scanner->error = error;
	initStringInfo(&scanner->value);
	scan_next(scanner);
}

/*
 * Moves to the next token.
 */
void
scan_next(Scanner *scanner)
{
	const char *p = scanner->next;

	while (p < scanner->end && is_blank(*p))
		p++;
	scanner->start = scanner->next = p;
	resetStringInfo(&scanner->value);
	if (p == scanner->end)
		scanner->kind = SCAN_END;
	else if (label_read(&scanner->next, scanner->end, &scanner->value))
		scanner->kind = *p == '"' ? SCAN_LABEL : SCAN_WORD;
	else
	{
		scanner->kind = *p == '"' ? SCAN_BROKEN : SCAN_MARK;
		scanner->next = p + 1;
	}
}

/*
 * Continues behind something that the caller read from the token's start.
 */
void
scan_resume(Scanner *scanner, const char *p)
{
	scanner->next = p;
	scan_next(scanner);
}

/*
 * Fails at the token, with a message of the caller's; returns false.
 */
bool
scan_fail(Scanner *scanner, PureErrorKind kind, const char *fmt,...)
{
	StringInfoData message;
	va_list		args;
	int			needed;

	initStringInfo(&message);
	for (;;)
	{
		va_start(args, fmt);
		needed = appendStringInfoVA(&message, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&message, needed);
	}
	pure_fail(scanner->error, kind, "%s", message.data);
	return pure_at(scanner->error, scanner->text, scanner->start);
}

/*
 * Fails because the token is not what the grammar wants here; returns false.
 */
bool
scan_unexpected(Scanner *scanner, const char *expected)
{
	if (scanner->kind == SCAN_BROKEN)
		return scan_fail(scanner, PURE_SYNTAX, "a quoted label is not closed");
	if (scanner->kind == SCAN_END)
		return scan_fail(scanner, PURE_SYNTAX, "expected %s, but the text ends", expected);
	return scan_fail(scanner, PURE_SYNTAX, "expected %s, not %s", expected,
					 scanner->kind == SCAN_LABEL ?
					 pure_sample(scanner->start, scanner->next - scanner->start) :
					 psprintf("\"%s\"", pure_sample(scanner->start,
													scanner->next - scanner->start)));
}

/*
 * Is the token this word of the grammar, in any case?
 */
bool
scan_is(const Scanner *scanner, const char *word)
{
	return scanner->kind == SCAN_WORD && pg_strcasecmp(scanner->value.data, word) == 0;
}

bool
scan_accept(Scanner *scanner, const char *word)
{
	if (!scan_is(scanner, word))
		return false;
	scan_next(scanner);
	return true;
}

bool
scan_expect(Scanner *scanner, const char *word)
{
	if (scan_accept(scanner, word))
		return true;
	return scan_unexpected(scanner, psprintf("\"%s\"", word));
}

bool
scan_accept_mark(Scanner *scanner, char mark)
{
	if (scanner->kind != SCAN_MARK || *scanner->start != mark)
		return false;
	scan_next(scanner);
	return true;
}

bool
scan_expect_mark(Scanner *scanner, char mark)
{
	if (scan_accept_mark(scanner, mark))
		return true;
	return scan_unexpected(scanner, psprintf("\"%c\"", mark));
}

/*
 * Reads the label of a stage; its text is a terminated copy.
 */
bool
scan_label(Scanner *scanner, JourneyLabel *label)
{
	if (scanner->kind != SCAN_WORD && scanner->kind != SCAN_LABEL)
		return scan_unexpected(scanner, "a stage");
	if (scanner->value.len > JOURNEY_MAX_LABEL_LEN)
		return scan_fail(scanner, PURE_LIMIT, "stage label of %d bytes is too long: \"%s\"",
						 scanner->value.len,
						 pure_sample(scanner->value.data, scanner->value.len));
	label->text = pstrdup(scanner->value.data);
	label->len = scanner->value.len;
	scan_next(scanner);
	return true;
}

/*
 * Reads a whole number between min and max, neither of them negative.
 */
bool
scan_integer(Scanner *scanner, int64 min, int64 max, int64 *value)
{
	int64		number = 0;
	bool		overflow = false;

	if (scanner->kind != SCAN_WORD)
		return scan_unexpected(scanner, "a number");
	for (const char *p = scanner->value.data; *p; p++)
	{
		if (*p < '0' || *p > '9')
			return scan_unexpected(scanner, "a number");
		overflow = overflow || __builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, *p - '0', &number);
	}
	if (overflow || number < min || number > max)
		return scan_fail(scanner, PURE_VALUE,
						 "%s is not between " INT64_FORMAT " and " INT64_FORMAT,
						 pure_sample(scanner->value.data, scanner->value.len), min, max);
	*value = number;
	scan_next(scanner);
	return true;
}

/*
 * Reads a span of time such as 90 days.
 */
bool
scan_span(Scanner *scanner, Interval *span)
{
	const char *p = scanner->start;

	if (!span_read(&p, scanner->end, span, scanner->error))
		return pure_at(scanner->error, scanner->text, scanner->start);
	scan_resume(scanner, p);
	return true;
}

/*
 * Reads a finite instant such as 2026-01-05 or 2026-01-05T09:00:00Z.
 */
bool
scan_instant(Scanner *scanner, TimestampTz *at)
{
	const char *p = scanner->start;

	if (!instant_read(&p, scanner->end, at, scanner->error))
		return pure_at(scanner->error, scanner->text, scanner->start);
	scan_resume(scanner, p);
	return true;
}

/*
 * Reads a period: "A to B" (B not included), "since A" or "before B".  An open end is
 * DT_NOBEGIN or DT_NOEND.
 */
bool
scan_period(Scanner *scanner, TimestampTz *from, TimestampTz *to)
{
	const char *end_of_period;

	*from = DT_NOBEGIN;
	*to = DT_NOEND;
	if (scan_accept(scanner, "since"))
		return scan_instant(scanner, from);
	if (scan_accept(scanner, "before"))
		return scan_instant(scanner, to);
	if (!scan_instant(scanner, from) || !scan_expect(scanner, "to"))
		return false;
	end_of_period = scanner->start;
	if (!scan_instant(scanner, to))
		return false;
	if (*from < *to)
		return true;
	pure_fail(scanner->error, PURE_VALUE, "a period must end after it begins");
	return pure_at(scanner->error, scanner->text, end_of_period);
}

/*
 * There must be nothing left.
 */
bool
scan_finish(Scanner *scanner)
{
	return scanner->kind == SCAN_END || scan_unexpected(scanner, "the end");
}

void
scan_write_instant(StringInfo out, TimestampTz at)
{
	char		instant[INSTANT_TEXT_MAX];

	appendBinaryStringInfo(out, instant, instant_write(instant, at));
}

/*
 * Appends a period so that scan_period reads it back.
 */
void
scan_write_period(StringInfo out, TimestampTz from, TimestampTz to)
{
	if (from == DT_NOBEGIN || to == DT_NOEND)
		appendStringInfoString(out, from == DT_NOBEGIN ? "before " : "since ");
	if (from != DT_NOBEGIN)
		scan_write_instant(out, from);
	if (from != DT_NOBEGIN && to != DT_NOEND)
		appendStringInfoString(out, " to ");
	if (to != DT_NOEND)
		scan_write_instant(out, to);
}
