/*-------------------------------------------------------------------------
 *
 * census_spec.c
 *		At which instants stages are counted: reading, checking and printing it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "calendar_text.h"
#include "census_spec.h"
#include "instant.h"

void
census_spec_begin(CensusSpec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->zone.name = ZONE_UTC;
}

/*
 * Is this one that text could have given?
 */
bool
census_spec_check(const CensusSpec *spec, PureError *error)
{
	if (!calendar_check_period(&spec->every, error))
		return false;
	if (spec->to < spec->from)
		return pure_fail(error, PURE_VALUE, "a census must not end before it begins");
	/* The mean is less than two periods off, so this bounds the work of counting them. */
	if (((double) spec->to - (double) spec->from) / calendar_mean_period(&spec->every) <
		CENSUS_MAX_INSTANTS + 2 &&
		calendar_add(&spec->zone, &spec->every, spec->from, CENSUS_MAX_INSTANTS) > spec->to)
		return true;
	pure_fail(error, PURE_LIMIT, "a census cannot have more than %d instants", CENSUS_MAX_INSTANTS);
	return pure_hint(error, "Take longer steps.");
}

/*
 * Reads a specification, up to the first token that does not belong to it.
 */
bool
census_spec_read(Scanner *scanner, ZoneFinder finder, CensusSpec *spec)
{
	ClockInstant from,
				to;

	census_spec_begin(spec);
	if (!scan_expect(scanner, "from") || !scan_clock_instant(scanner, &from) ||
		!scan_expect(scanner, "to") || !scan_clock_instant(scanner, &to) ||
		!scan_every(scanner, &spec->every))
		return false;
	if (scan_accept(scanner, "at") &&
		!(scan_expect(scanner, "time") && scan_expect(scanner, "zone") &&
		  scan_zone(scanner, finder, &spec->zone)))
		return false;
	spec->from = clock_instant(&from, &spec->zone);
	spec->to = clock_instant(&to, &spec->zone);
	return census_spec_check(spec, scanner->error);
}

/*
 * Reads a text that is a specification and nothing else.
 */
bool
census_spec_parse(CensusSpec *spec, const char *text, size_t len, ZoneFinder finder,
				  PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!census_spec_read(&scanner, finder, spec))
		return false;
	return scanner.kind == SCAN_END || scan_unexpected(&scanner, "\"at time zone\" or the end");
}

/*
 * Appends the canonical text.
 */
void
census_spec_print(StringInfo out, const CensusSpec *spec)
{
	appendStringInfoString(out, "from ");
	scan_write_instant(out, spec->from);
	appendStringInfoString(out, " to ");
	scan_write_instant(out, spec->to);
	appendStringInfoString(out, " every ");
	span_write(out, &spec->every);
	scan_write_zone(out, &spec->zone);
}

/*
 * Computes the instants, in the current memory context.
 */
void
census_instants(const CensusSpec *spec, Grid *instants)
{
	memset(instants, 0, sizeof(*instants));
	for (;;)
	{
		TimestampTz at = calendar_add(&spec->zone, &spec->every, spec->from, instants->n);

		CHECK_FOR_INTERRUPTS();
		if (at > spec->to)
			break;
		if (instants->n == instants->room)
		{
			instants->room = Max(16, 2 * instants->room);
			instants->at = instants->at == NULL ?
				palloc(instants->room * sizeof(TimestampTz)) :
				repalloc(instants->at, instants->room * sizeof(TimestampTz));
		}
		instants->at[instants->n++] = at;
	}
	grid_measure(instants);
}
