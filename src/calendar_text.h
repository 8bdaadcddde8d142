/*-------------------------------------------------------------------------
 *
 * calendar_text.h
 *		Periods, time zones and instants on a zone's clock, in the text of specifications.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CALENDAR_TEXT_H
#define CRM_CALENDAR_TEXT_H

#include "calendar.h"
#include "scan.h"

/*
 * An instant that may wait for its time zone, which the text names later: what says no
 * offset is a reading of that zone's clock.
 */
typedef struct ClockInstant
{
	TimestampTz at;
	bool		is_reading;
} ClockInstant;

extern bool scan_every(Scanner *scanner, Interval *every);
extern bool scan_zone(Scanner *scanner, ZoneFinder finder, Zone *zone);
extern bool scan_clock_instant(Scanner *scanner, ClockInstant *instant);
extern TimestampTz clock_instant(const ClockInstant *instant, const Zone *zone);
extern void scan_write_zone(StringInfo out, const Zone *zone);

#endif							/* CRM_CALENDAR_TEXT_H */
