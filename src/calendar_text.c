/*-------------------------------------------------------------------------
 *
 * calendar_text.c
 *		Periods, time zones and instants on a zone's clock, in the text of specifications.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "calendar_text.h"

/*
 * Reads "every 1 month".
 */
bool
scan_every(Scanner *scanner, Interval *every)
{
	const char *start;

	if (!scan_expect(scanner, "every"))
		return false;
	start = scanner->start;
	if (!scan_span(scanner, every))
		return false;
	return calendar_check_period(every, scanner->error) ||
		pure_at(scanner->error, scanner->text, start);
}

/* What names of zones are made of. */
static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '/' || c == '+' || c == '-';
}

/*
 * Reads the name of a zone, in single quotes, in double ones or in none.
 */
bool
scan_zone(Scanner *scanner, ZoneFinder finder, Zone *zone)
{
	const char *start = scanner->start;
	const char *p = start;
	const char *name;
	char		quote = '\0';

	if (p < scanner->end && (*p == '\'' || *p == '"'))
		quote = *p++;
	name = p;
	while (p < scanner->end && is_name_char(*p))
		p++;
	if (p == name || (quote && (p == scanner->end || *p != quote)))
		return scan_unexpected(scanner, "the name of a time zone");
	if (!finder(pnstrdup(name, p - name), zone, scanner->error))
		return pure_at(scanner->error, scanner->text, start);
	scan_resume(scanner, quote ? p + 1 : p);
	return true;
}

/* Whether the text of an instant says how far from UTC it is. */
static bool
has_offset(const char *text, const char *end)
{
	bool		in_time = false;

	for (; text < end; text++)
	{
		if (*text == 'Z' || *text == 'z' || *text == '+' || (in_time && *text == '-'))
			return true;
		in_time |= *text == ':';
	}
	return false;
}

bool
scan_clock_instant(Scanner *scanner, ClockInstant *instant)
{
	const char *start = scanner->start;

	/* Behind the instant stands the next token, before which there may be blanks. */
	if (!scan_instant(scanner, &instant->at))
		return false;
	instant->is_reading = !has_offset(start, scanner->start);
	return true;
}

TimestampTz
clock_instant(const ClockInstant *instant, const Zone *zone)
{
	TimestampTz at = instant->is_reading ? zone_instant(zone, instant->at) : instant->at;

	/* The ends of PostgreSQL's calendar are a clock's, too. */
	return IS_VALID_TIMESTAMP(at) ? at : instant->at;
}

/*
 * Appends the zone, unless it is UTC, so that scan_zone reads it back.
 */
void
scan_write_zone(StringInfo out, const Zone *zone)
{
	if (zone->reading != NULL)
		appendStringInfo(out, " at time zone '%s'", zone->name);
}
