/*-------------------------------------------------------------------------
 *
 * retention_spec.c
 *		Who counts as retained: reading, checking and printing it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "calendar_text.h"
#include "instant.h"
#include "label.h"
#include "retention_spec.h"

void
retention_spec_begin(RetentionSpec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->zone.name = ZONE_UTC;
	spec->as_of = DT_NOEND;
}

/*
 * Adds a stage in its place, if it is not there yet; the label's bytes must live as
 * long as spec.
 */
bool
retention_spec_add_stage(RetentionSpec *spec, JourneyLabel stage, PureError *error)
{
	int			at = spec->nstages;

	while (at > 0 && journey_label_compare(&stage, &spec->stages[at - 1]) < 0)
		at--;
	if (at > 0 && journey_label_compare(&stage, &spec->stages[at - 1]) == 0)
		return true;
	if (spec->nstages == RETENTION_MAX_STAGES)
		return pure_fail(error, PURE_LIMIT, "a retention cannot have more than %d stages",
						 RETENTION_MAX_STAGES);
	if (spec->stages == NULL)
		spec->stages = palloc(RETENTION_MAX_STAGES * sizeof(JourneyLabel));
	memmove(spec->stages + at + 1, spec->stages + at, (spec->nstages - at) * sizeof(JourneyLabel));
	spec->stages[at] = stage;
	spec->nstages++;
	return true;
}

/*
 * Is this one that text could have given?
 */
bool
retention_spec_check(const RetentionSpec *spec, PureError *error)
{
	if (spec->nstages == 0)
		return pure_fail(error, PURE_VALUE, "a retention needs at least one stage to be retained in");
	if (!calendar_check_period(&spec->every, error))
		return false;
	if (spec->nperiods < 1)
		return pure_fail(error, PURE_VALUE, "a retention needs at least one period");
	if (spec->nperiods > RETENTION_MAX_PERIODS)
		return pure_fail(error, PURE_LIMIT, "a retention cannot have more than %d periods",
						 RETENTION_MAX_PERIODS);
	return true;
}

static bool
read_stages(Scanner *scanner, RetentionSpec *spec)
{
	do
	{
		const char *start = scanner->start;
		JourneyLabel stage;

		if (!scan_label(scanner, &stage))
			return false;
		if (!retention_spec_add_stage(spec, stage, scanner->error))
			return pure_at(scanner->error, scanner->text, start);
	} while (scan_accept_mark(scanner, ','));
	return true;
}

typedef enum Option
{
	OPTION_MEASURE,
	OPTION_SINCE,
	OPTION_ZONE,
	OPTION_AS_OF,
	OPTIONS
} Option;

/* What is read before it is known what it means. */
typedef struct Reading
{
	Scanner    *scanner;
	ZoneFinder	finder;
	RetentionSpec *spec;
	ClockInstant as_of;
	bool		given[OPTIONS];
} Reading;

static bool
give(Reading *reading, Option option)
{
	if (reading->given[option])
		return scan_fail(reading->scanner, PURE_SYNTAX,
						 "an option of the retention is given twice");
	return reading->given[option] = true;
}

/* Behind "at". */
static bool
read_at(Reading *reading)
{
	Scanner    *scanner = reading->scanner;
	bool		any = scan_is(scanner, "any");

	if (scan_is(scanner, "time"))
	{
		if (!give(reading, OPTION_ZONE))
			return false;
		scan_next(scanner);
		return scan_expect(scanner, "zone") &&
			scan_zone(scanner, reading->finder, &reading->spec->zone);
	}
	if (!any && !scan_is(scanner, "end"))
		return scan_unexpected(scanner, "\"any time\", \"end\" or \"time zone\"");
	if (!give(reading, OPTION_MEASURE))
		return false;
	reading->spec->measure = any ? RETENTION_ANY_TIME : RETENTION_AT_END;
	scan_next(scanner);
	return !any || scan_expect(scanner, "time");
}

/* Behind "on". */
static bool
read_on(Reading *reading)
{
	if (!give(reading, OPTION_MEASURE))
		return false;
	reading->spec->measure = RETENTION_ON;
	if (!scan_accept(reading->scanner, "or"))
		return true;
	reading->spec->measure = RETENTION_ON_OR_AFTER;
	return scan_expect(reading->scanner, "after");
}

static bool
read_options(Reading *reading)
{
	Scanner    *scanner = reading->scanner;

	for (;;)
	{
		if (scan_accept(scanner, "at"))
		{
			if (!read_at(reading))
				return false;
		}
		else if (scan_accept(scanner, "on"))
		{
			if (!read_on(reading))
				return false;
		}
		else if (scan_accept(scanner, "since"))
		{
			if (!give(reading, OPTION_SINCE) || !scan_expect(scanner, "entry"))
				return false;
			reading->spec->since_entry = true;
		}
		else if (scan_accept(scanner, "as"))
		{
			if (!give(reading, OPTION_AS_OF) || !scan_expect(scanner, "of") ||
				!scan_clock_instant(scanner, &reading->as_of))
				return false;
		}
		else
			return true;
	}
}

/*
 * Reads a specification, up to the first token that does not belong to it.  The labels
 * are copies.
 */
bool
retention_spec_read(Scanner *scanner, ZoneFinder finder, RetentionSpec *spec)
{
	Reading		reading = {scanner, finder, spec};
	int64		nperiods = 0;

	retention_spec_begin(spec);
	if (!scan_expect(scanner, "from") || !scan_label(scanner, &spec->from) ||
		!scan_expect(scanner, "while") || !read_stages(scanner, spec) ||
		!scan_every(scanner, &spec->every) || !scan_expect(scanner, "for") ||
		!scan_integer(scanner, 1, PG_INT32_MAX, &nperiods))
		return false;
	spec->nperiods = nperiods;
	if (!read_options(&reading))
		return false;
	if (reading.given[OPTION_AS_OF])
		spec->as_of = clock_instant(&reading.as_of, &spec->zone);
	return retention_spec_check(spec, scanner->error);
}

/*
 * Reads a text that is a specification and nothing else.
 */
bool
retention_spec_parse(RetentionSpec *spec, const char *text, size_t len, ZoneFinder finder,
					 PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!retention_spec_read(&scanner, finder, spec))
		return false;
	return scanner.kind == SCAN_END || scan_unexpected(&scanner, "an option or the end");
}

/*
 * Appends the canonical text.
 */
void
retention_spec_print(StringInfo out, const RetentionSpec *spec)
{
	static const char *const measures[] = {"", " at end", " on", " on or after"};

	appendStringInfoString(out, "from ");
	label_write(out, spec->from.text, spec->from.len);
	for (int i = 0; i < spec->nstages; i++)
	{
		appendStringInfoString(out, i == 0 ? " while " : ", ");
		label_write(out, spec->stages[i].text, spec->stages[i].len);
	}
	appendStringInfoString(out, " every ");
	span_write(out, &spec->every);
	appendStringInfo(out, " for %d%s%s", spec->nperiods, measures[spec->measure],
					 spec->since_entry ? " since entry" : "");
	scan_write_zone(out, &spec->zone);
	if (spec->as_of != DT_NOEND)
	{
		appendStringInfoString(out, " as of ");
		scan_write_instant(out, spec->as_of);
	}
}
