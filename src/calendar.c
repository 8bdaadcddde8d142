/*-------------------------------------------------------------------------
 *
 * calendar.c
 *		Periods of a calendar in a time zone; see calendar.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "calendar.h"
#include "instant.h"

/* Readings of a clock. */
#define ORIGIN INT64CONST(0)	/* 2000-01-01 00:00, a Saturday */
#define MONDAY (2 * USECS_PER_DAY)

/* Of 400 years. */
#define MEAN_MONTH (30.436875 * USECS_PER_DAY)

/* A call site that needs one more start needs many more. */
#define SPARE_STARTS 32

/*
 * To be called once the instants are there.
 */
void
grid_measure(Grid *grid)
{
	double		spread = 0;

	if (grid->n > 1)
		spread = (double) grid->at[grid->n - 1] - (double) grid->at[0];
	grid->rate = spread > 0 ? (grid->n - 1) / spread : 0;
}

/*
 * What grid_before says, for instants that lie elsewhere than expected.
 */
int
grid_search(const Grid *grid, TimestampTz at)
{
	int			low = 0,
				high = grid->n;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (grid->at[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Is this one kind of period, and not none at all?
 */
bool
calendar_check_period(const Interval *every, PureError *error)
{
	int			kinds = (every->month != 0) + (every->day != 0) + (every->time != 0);

	if (kinds == 0)
		return pure_fail(error, PURE_VALUE, "a period must be longer than nothing");
	if (kinds == 1)
		return true;
	pure_fail(error, PURE_VALUE,
			  "a period must be whole months, or whole days, or hours and less");
	return pure_hint(error, "Their mixture has no place in a calendar.");
}

/*
 * How long a period is on average, in microseconds.
 */
double
calendar_mean_period(const Interval *every)
{
	if (every->month != 0)
		return every->month * MEAN_MONTH;
	if (every->day != 0)
		return every->day * (double) USECS_PER_DAY;
	return every->time;
}

/* So many periods as one; false if that is more than an interval holds. */
static bool
multiply(const Interval *every, int64 times, Interval *span)
{
	int64		months,
				days;

	if (pg_mul_s64_overflow(every->month, times, &months) || months != (int32) months ||
		pg_mul_s64_overflow(every->day, times, &days) || days != (int32) days)
		return false;
	span->month = months;
	span->day = days;
	return !pg_mul_s64_overflow(every->time, times, &span->time);
}

/* Infinity where PostgreSQL's calendar ends. */
static TimestampTz
beyond(int64 times)
{
	return times < 0 ? DT_NOBEGIN : DT_NOEND;
}

/* The instant at which the clock shows so many periods of months or days more. */
static TimestampTz
add_to_reading(const Zone *zone, const Interval *every, TimestampTz reading, int64 times)
{
	TimestampTz sum;
	Interval	span;

	if (!multiply(every, times, &span) || !instant_add(reading, &span, &sum))
		return beyond(times);
	sum = zone_instant(zone, sum);
	return IS_VALID_TIMESTAMP(sum) ? sum : beyond(times);
}

/*
 * The instant that is so many periods after the anchor; infinity beyond what PostgreSQL
 * holds.
 */
TimestampTz
calendar_add(const Zone *zone, const Interval *every, TimestampTz anchor, int64 times)
{
	TimestampTz sum;
	Interval	span;

	if (times == 0)
		return anchor;
	if (every->time == 0)
		return add_to_reading(zone, every, zone_reading(zone, anchor), times);
	if (!multiply(every, times, &span) || !instant_add(anchor, &span, &sum))
		return beyond(times);
	return sum;
}

/*
 * How many whole periods lie between the anchor and an instant that is not before it.
 */
int64
calendar_whole_periods(const Zone *zone, const Interval *every, TimestampTz anchor, TimestampTz at)
{
	int64		times = ((double) at - (double) anchor) / calendar_mean_period(every);
	TimestampTz reading;

	if (every->time != 0)
		return (at - anchor) / every->time;
	reading = zone_reading(zone, anchor);
	while (times > 0 && add_to_reading(zone, every, reading, times) > at)
		times--;
	while (add_to_reading(zone, every, reading, times + 1) <= at)
		times++;
	return times;
}

/*
 * A grid of which nothing is known yet; what it learns lives in the current memory
 * context.
 */
void
calendar_begin(Calendar *calendar, const Interval *every, const Zone *zone)
{
	memset(calendar, 0, sizeof(*calendar));
	calendar->every = *every;
	calendar->zone = *zone;
#ifndef FRONTEND
	calendar->context = CurrentMemoryContext;
#endif
}

/*
 * When the period with this number begins; what begins before PostgreSQL's calendar
 * does begins with it.
 */
TimestampTz
calendar_start(const Calendar *calendar, int64 number)
{
	const Interval *every = &calendar->every;
	TimestampTz outside = number < 0 ? MIN_TIMESTAMP : DT_NOEND;
	TimestampTz sum;
	Interval	span;

	if (!multiply(every, number, &span) ||
		!instant_add(every->day != 0 ? MONDAY : ORIGIN, &span, &sum))
		return outside;
	/* The clock is set once for a length of time, and for every month and day. */
	if (every->time != 0)
		sum += zone_instant(&calendar->zone, ORIGIN);
	else
		sum = zone_instant(&calendar->zone, sum);
	return IS_VALID_TIMESTAMP(sum) ? sum : outside;
}

static TimestampTz *
find_room(Calendar *calendar, int n)
{
#ifdef FRONTEND
	return palloc(n * sizeof(TimestampTz));
#else
	return MemoryContextAlloc(calendar->context, n * sizeof(TimestampTz));
#endif
}

/* Learns the starts with the numbers from first, n of them, which hold all known ones. */
static void
learn(Calendar *calendar, int64 first, int n)
{
	TimestampTz *at = find_room(calendar, n);
	Grid	   *starts = &calendar->starts;

	for (int i = 0; i < n; i++)
	{
		int64		known = first + i - calendar->first;

		CHECK_FOR_INTERRUPTS();
		if (starts->n > 0 && known >= 0 && known < starts->n)
			at[i] = starts->at[known];
		else
			at[i] = calendar_start(calendar, first + i);
	}
	if (starts->at != NULL)
		pfree(starts->at);
	starts->at = at;
	starts->n = n;
	calendar->first = first;
	grid_measure(starts);
}

static bool
too_many(PureError *error)
{
	pure_fail(error, PURE_LIMIT, "a calendar cannot have more than %d periods",
			  CALENDAR_MAX_PERIODS);
	return pure_hint(error, "Take a longer period, or leave out what lies far from the rest.");
}

/* How many starts to learn beside those needed: each doubling costs one copy. */
static int64
spare_starts(const Calendar *calendar, int64 needed)
{
	return Min(SPARE_STARTS + calendar->starts.n / 2, (CALENDAR_MAX_PERIODS - needed) / 2);
}

/*
 * Learns so many starts that the instant lies between two of them.
 */
bool
calendar_extend(Calendar *calendar, TimestampTz at, PureError *error)
{
	int64		guess = (double) at / calendar_mean_period(&calendar->every);
	int64		low = guess;
	int64		high = guess;
	int64		spare;

	/* The mean is less than two periods off, a zone's clock less than two days. */
	while (calendar_start(calendar, low) > at)
		low--;
	while (calendar_start(calendar, high) <= at)
		high++;
	if (calendar->starts.n > 0)
	{
		low = Min(low, calendar->first);
		high = Max(high, calendar->first + calendar->starts.n - 1);
	}
	if (high - low >= CALENDAR_MAX_PERIODS)
		return too_many(error);
	spare = spare_starts(calendar, high - low + 1);
	if (calendar->starts.n == 0 || low < calendar->first)
		low -= spare;
	if (calendar->starts.n == 0 || high >= calendar->first + calendar->starts.n)
		high += spare;
	learn(calendar, low, high - low + 1);
	return true;
}
