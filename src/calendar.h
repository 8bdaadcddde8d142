/*-------------------------------------------------------------------------
 *
 * calendar.h
 *		Periods of a calendar in a time zone: months, weeks, days, hours.
 *
 * A period is a number of whole months, or of whole days, or a length of time.  Months
 * and days are counted on the zone's own clock, so a day on which the clocks change is
 * one day, of 23 or 25 hours; a length of time is a length of time.  All is counted from
 * an anchor and never from the previous result: January 31 and one month is February 28,
 * and two months are March 31.
 *
 * Periods that have no anchor of their own lie on a grid:
 *
 *		months	from 2000-01-01, so 3 months are quarters and 12 months are years
 *		days	from 2000-01-03, so 7 days begin on a Monday
 *		time	from 2000-01-01 00:00
 *
 * What a zone's clock shows is the caller's to say: pure code knows UTC only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CALENDAR_H
#define CRM_CALENDAR_H

#include "pure.h"

/*
 * A time zone.  Its clock's reading is microseconds too, as if it were an instant in
 * UTC.  A reading that the clock skips or shows twice is taken as PostgreSQL takes it.
 */
typedef struct Zone
{
	const char *name;			/* as it is printed */
	const void *arg;
	TimestampTz (*reading) (const void *arg, TimestampTz at);	/* NULL: UTC */
	TimestampTz (*instant) (const void *arg, TimestampTz reading);
} Zone;

/* Finds a zone by its name, which it keeps in a form that two equal zones share. */
typedef bool (*ZoneFinder) (const char *name, Zone *zone, PureError *error);

/* The name that specifications leave out. */
#define ZONE_UTC "UTC"

static inline TimestampTz
zone_reading(const Zone *zone, TimestampTz at)
{
	return zone->reading ? zone->reading(zone->arg, at) : at;
}

static inline TimestampTz
zone_instant(const Zone *zone, TimestampTz reading)
{
	return zone->reading ? zone->instant(zone->arg, reading) : reading;
}

/*
 * Instants in order, with a search that takes one look where they are about evenly
 * spread, as those of a calendar are.
 */
typedef struct Grid
{
	int			n;
	int			room;
	TimestampTz *at;
	double		rate;			/* instants per microsecond */
} Grid;

extern void grid_measure(Grid *grid);
extern int	grid_search(const Grid *grid, TimestampTz at);

/* How many of the instants are before this one. */
static inline int
grid_before(const Grid *grid, TimestampTz at)
{
	int			guess;

	if (grid->n == 0 || at <= grid->at[0])
		return 0;
	if (at > grid->at[grid->n - 1])
		return grid->n;
	guess = (int) (((double) at - (double) grid->at[0]) * grid->rate) + 1;
	guess = Min(guess, grid->n - 1);
	/* Now at[guess - 1] < at <= at[guess], or one beside it, or else search. */
	if (grid->at[guess - 1] >= at)
		guess--;
	else if (grid->at[guess] < at)
		guess++;
	if (guess > 0 && guess < grid->n && grid->at[guess - 1] < at && at <= grid->at[guess])
		return guess;
	return grid_search(grid, at);
}

/* A day for a thousand years, an hour for a hundred: 8 MB. */
#define CALENDAR_MAX_PERIODS (1 << 20)

/* A grid of periods, of which the part is known that was asked for. */
typedef struct Calendar
{
	Interval	every;
	Zone		zone;
	int64		first;			/* number of the period that begins at starts.at[0] */
	Grid		starts;
#ifndef FRONTEND
	MemoryContext context;
#endif
} Calendar;

extern bool calendar_check_period(const Interval *every, PureError *error);
extern double calendar_mean_period(const Interval *every);
extern TimestampTz calendar_add(const Zone *zone, const Interval *every, TimestampTz anchor,
								int64 times);
extern int64 calendar_whole_periods(const Zone *zone, const Interval *every, TimestampTz anchor,
									TimestampTz at);

extern void calendar_begin(Calendar *calendar, const Interval *every, const Zone *zone);
extern TimestampTz calendar_start(const Calendar *calendar, int64 number);
extern bool calendar_extend(Calendar *calendar, TimestampTz at, PureError *error);

/* The number of the period that an instant lies in. */
static inline bool
calendar_number(Calendar *calendar, TimestampTz at, int64 *number, PureError *error)
{
	const Grid *starts = &calendar->starts;

	if ((starts->n == 0 || at < starts->at[0] || at >= starts->at[starts->n - 1]) &&
		!calendar_extend(calendar, at, error))
		return false;
	*number = calendar->first + grid_before(starts, at + 1) - 1;
	return true;
}

#endif							/* CRM_CALENDAR_H */
