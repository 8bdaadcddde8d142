/*-------------------------------------------------------------------------
 *
 * instant.c
 *		Instants and spans of time, read and written without any setting.
 *
 * Calendar arithmetic is the proleptic Gregorian calendar in UTC, the same that
 * PostgreSQL uses; the conversion between dates and day numbers is the usual one
 * with years that begin in March, so that the leap day comes last.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "instant.h"

/* Days from 0000-03-01 to 2000-01-01, PostgreSQL's epoch. */
#define EPOCH_DAYS 730425
#define DAYS_PER_ERA 146097		/* 400 years */

typedef struct CivilDate
{
	int64		year;			/* astronomical: 0 is 1 BC */
	int			month;			/* 1 to 12 */
	int			day;			/* 1 to 31 */
} CivilDate;

static int64
floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

static int64
days_from_civil(int64 year, int month, int day)
{
	int64		y = year - (month <= 2);
	int64		era = floor_div(y, 400);
	int64		year_of_era = y - era * 400;
	int64		day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64		day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS;
}

static CivilDate
civil_from_days(int64 days)
{
	int64		era = floor_div(days + EPOCH_DAYS, DAYS_PER_ERA);
	int64		day_of_era = days + EPOCH_DAYS - era * DAYS_PER_ERA;
	int64		year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64		day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64		shifted_month = (5 * day_of_year + 2) / 153;
	CivilDate	date;

	date.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
	date.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	date.year = year_of_era + era * 400 + (date.month <= 2);
	return date;
}

static int
days_in_month(int64 year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/*
 * Writes the canonical text of a finite instant, such as 2026-01-05T09:00:00Z, with
 * as many decimals as needed and " BC" where PostgreSQL wants it; returns its length.
 */
int
instant_write(char *buf, TimestampTz at)
{
	int64		days = floor_div(at, USECS_PER_DAY);
	int64		time = at - days * USECS_PER_DAY;
	CivilDate	date = civil_from_days(days);
	int64		seconds = time / USECS_PER_SEC;
	int			micros = time % USECS_PER_SEC;
	int			len;

	len = snprintf(buf, INSTANT_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d",
				   (int) (date.year > 0 ? date.year : 1 - date.year), date.month, date.day,
				   (int) (seconds / 3600), (int) (seconds / 60 % 60), (int) (seconds % 60));
	if (micros != 0)
	{
		len += snprintf(buf + len, INSTANT_TEXT_MAX - len, ".%06d", micros);
		while (buf[len - 1] == '0')
			len--;
	}
	len += snprintf(buf + len, INSTANT_TEXT_MAX - len, "Z%s", date.year > 0 ? "" : " BC");
	return len;
}

/* Reads between min_digits and max_digits digits. */
static bool
read_digits(const char **cursor, const char *end, int min_digits, int max_digits, int64 *value)
{
	const char *p = *cursor;

	*value = 0;
	while (p < end && p - *cursor < max_digits && isdigit((unsigned char) *p))
		*value = *value * 10 + (*p++ - '0');
	if (p - *cursor < min_digits)
		return false;
	*cursor = p;
	return true;
}

static bool
skip_char(const char **cursor, const char *end, char c)
{
	if (*cursor >= end || **cursor != c)
		return false;
	(*cursor)++;
	return true;
}

/* A fraction of a second: digits beyond the sixth are rounded. */
static int64
read_fraction(const char **cursor, const char *end)
{
	int64		micros = 0;
	int			ndigits = 0;

	for (; *cursor < end && isdigit((unsigned char) **cursor); (*cursor)++, ndigits++)
	{
		if (ndigits < 6)
			micros = micros * 10 + (**cursor - '0');
		else if (ndigits == 6 && **cursor >= '5')
			micros++;
	}
	for (; ndigits < 6; ndigits++)
		micros *= 10;
	return micros;
}

/* HH:MM[:SS[.ffffff]], in microseconds. */
static bool
read_time(const char **cursor, const char *end, int64 *time)
{
	int64		hours,
				minutes,
				seconds = 0,
				micros = 0;

	if (!read_digits(cursor, end, 2, 2, &hours) ||
		!skip_char(cursor, end, ':') ||
		!read_digits(cursor, end, 2, 2, &minutes))
		return false;
	if (skip_char(cursor, end, ':'))
	{
		if (!read_digits(cursor, end, 2, 2, &seconds))
			return false;
		if (skip_char(cursor, end, '.'))
			micros = read_fraction(cursor, end);
	}
	if (hours > 24 || minutes > 59 || seconds > 60)
		return false;
	*time = ((hours * 60 + minutes) * 60 + seconds) * USECS_PER_SEC + micros;
	return *time <= USECS_PER_DAY;
}

/* Z, or +HH[[:]MM]; nothing at all means UTC. */
static bool
read_offset(const char **cursor, const char *end, int64 *offset)
{
	int64		hours,
				minutes = 0;
	int			sign;

	*offset = 0;
	if (skip_char(cursor, end, 'Z') || skip_char(cursor, end, 'z'))
		return true;
	if (skip_char(cursor, end, '+'))
		sign = 1;
	else if (skip_char(cursor, end, '-'))
		sign = -1;
	else
		return true;
	if (!read_digits(cursor, end, 2, 2, &hours))
		return false;
	if (skip_char(cursor, end, ':') || (*cursor < end && isdigit((unsigned char) **cursor)))
	{
		if (!read_digits(cursor, end, 2, 2, &minutes))
			return false;
	}
	if (hours > 15 || minutes > 59)
		return false;
	*offset = sign * (hours * 60 + minutes) * 60 * USECS_PER_SEC;
	return true;
}

static bool
read_date(const char **cursor, const char *end, CivilDate *date)
{
	int64		month,
				day;

	if (!read_digits(cursor, end, 4, 6, &date->year) ||
		!skip_char(cursor, end, '-') ||
		!read_digits(cursor, end, 2, 2, &month) ||
		!skip_char(cursor, end, '-') ||
		!read_digits(cursor, end, 2, 2, &day))
		return false;
	date->month = month;
	date->day = day;
	return true;
}

/*
 * Reads an instant at *cursor and moves behind it: a date, and after "T" or one blank a
 * time and an offset.  Without an offset it is UTC; without a time, midnight.
 */
bool
instant_read(const char **cursor, const char *end, TimestampTz *at, PureError *error)
{
	const char *start = *cursor;
	CivilDate	date;
	int64		time = 0,
				offset = 0;

	if (!read_date(cursor, end, &date))
		goto malformed;
	if (end - *cursor > 1 && (**cursor == 'T' || **cursor == 't' ||
							  (**cursor == ' ' && isdigit((unsigned char) (*cursor)[1]))))
	{
		(*cursor)++;
		if (!read_time(cursor, end, &time) || !read_offset(cursor, end, &offset))
			goto malformed;
	}
	else if (*cursor < end && (**cursor == 'Z' || **cursor == 'z'))
		(*cursor)++;
	if (end - *cursor >= 3 && pg_strncasecmp(*cursor, " BC", 3) == 0)
	{
		*cursor += 3;
		date.year = 1 - date.year;
	}
	else if (date.year == 0)
		goto malformed;
	if (date.month < 1 || date.month > 12 ||
		date.day < 1 || date.day > days_in_month(date.year, date.month))
		goto malformed;
	if (__builtin_mul_overflow(days_from_civil(date.year, date.month, date.day), USECS_PER_DAY, at) ||
		__builtin_add_overflow(*at, time - offset, at) ||
		!IS_VALID_TIMESTAMP(*at))
		return pure_fail(error, PURE_VALUE, "instant out of range: \"%s\"",
						 pure_sample(start, *cursor - start));
	return true;

malformed:
	pure_fail(error, PURE_SYNTAX, "not an instant: \"%s\"",
			  pure_sample(start, Min(end - start, 32)));
	pure_hint(error, "Write it like 2026-01-05 or 2026-01-05T09:00:00Z.");
	*cursor = start;
	return false;
}

/*
 * Adds a span as PostgreSQL adds it in UTC: months first (a day that the month lacks
 * becomes its last), then days, then time.  False where the result is out of range.
 */
bool
instant_add(TimestampTz at, const Interval *span, TimestampTz *result)
{
	int64		days = floor_div(at, USECS_PER_DAY);
	int64		time = at - days * USECS_PER_DAY;
	int64		whole;

	if (span->month != 0)
	{
		CivilDate	date = civil_from_days(days);
		int64		months = date.year * 12 + date.month - 1 + span->month;

		date.year = floor_div(months, 12);
		date.month = months - date.year * 12 + 1;
		date.day = Min(date.day, days_in_month(date.year, date.month));
		days = days_from_civil(date.year, date.month, date.day);
	}
	days += span->day;
	if (__builtin_mul_overflow(days, USECS_PER_DAY, &whole) ||
		__builtin_add_overflow(whole, time, &whole) ||
		__builtin_add_overflow(whole, span->time, &whole))
		return false;
	*result = whole;
	return IS_VALID_TIMESTAMP(whole);
}

typedef struct SpanUnit
{
	const char *name;			/* singular; a plural s may follow */
	int32		months;
	int32		days;
	int64		micros;
} SpanUnit;

static const SpanUnit span_units[] = {
	{"year", 12, 0, 0},
	{"month", 1, 0, 0},
	{"week", 0, 7, 0},
	{"day", 0, 1, 0},
	{"hour", 0, 0, USECS_PER_HOUR},
	{"minute", 0, 0, USECS_PER_MINUTE},
	{"second", 0, 0, USECS_PER_SEC},
	{"millisecond", 0, 0, 1000},
	{"microsecond", 0, 0, 1},
	{"mon", 1, 0, 0},
	{"min", 0, 0, USECS_PER_MINUTE},
	{"sec", 0, 0, USECS_PER_SEC},
};

static const SpanUnit *
find_unit(const char *word, size_t len)
{
	for (int i = 0; i < lengthof(span_units); i++)
	{
		const SpanUnit *unit = &span_units[i];
		size_t		unit_len = strlen(unit->name);

		if ((len == unit_len || (len == unit_len + 1 && tolower((unsigned char) word[unit_len]) == 's')) &&
			pg_strncasecmp(word, unit->name, unit_len) == 0)
			return unit;
	}
	return NULL;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char) *p))
		p++;
	return p;
}

/* One "number unit"; false, with nothing consumed, where there is none. */
static bool
read_quantity(const char **cursor, const char *end, Interval *span, bool *overflow)
{
	const char *p = *cursor;
	const char *word;
	const SpanUnit *unit;
	int64		number,
				fraction = 0,
				part;
	bool		decimal;

	if (!read_digits(&p, end, 1, 15, &number))
		return false;
	decimal = skip_char(&p, end, '.');
	if (decimal)
		fraction = read_fraction(&p, end);
	word = p = skip_blanks(p, end);
	while (p < end && isalpha((unsigned char) *p))
		p++;
	unit = find_unit(word, p - word);
	if (unit == NULL || (decimal && unit->micros == 0))
		return false;
	*cursor = p;
	if (__builtin_mul_overflow(number, unit->micros, &part) ||
		__builtin_add_overflow(span->time, part, &span->time) ||
		__builtin_add_overflow(span->time, fraction * (unit->micros / 1000000), &span->time) ||
		(unit->micros < 1000000 && __builtin_add_overflow(span->time, fraction * unit->micros / 1000000, &span->time)) ||
		__builtin_mul_overflow(number, unit->days, &part) || part > PG_INT32_MAX ||
		__builtin_add_overflow(span->day, (int32) part, &span->day) ||
		__builtin_mul_overflow(number, unit->months, &part) || part > PG_INT32_MAX ||
		__builtin_add_overflow(span->month, (int32) part, &span->month))
		*overflow = true;
	return true;
}

/*
 * Reads a span such as "90 days" or "1 month 12 hours" at *cursor and moves behind
 * it.  Decimals are for hours and below; a bare 0 is no time at all.
 */
bool
span_read(const char **cursor, const char *end, Interval *span, PureError *error)
{
	const char *start = *cursor;
	const char *p = start;
	bool		any = false,
				overflow = false;

	memset(span, 0, sizeof(*span));
	while (read_quantity(&p, end, span, &overflow))
	{
		any = true;
		*cursor = p;
		p = skip_blanks(p, end);
	}
	if (!any && p < end && *p == '0' && (p + 1 == end || !isalnum((unsigned char) p[1])))
	{
		*cursor = p + 1;
		any = true;
	}
	if (overflow)
		return pure_fail(error, PURE_VALUE, "span of time out of range: \"%s\"",
						 pure_sample(start, *cursor - start));
	if (any)
		return true;
	pure_fail(error, PURE_SYNTAX, "not a span of time: \"%s\"",
			  pure_sample(start, Min(end - start, 32)));
	return pure_hint(error, "Write it like 90 days, 1 month 12 hours or 15 minutes.");
}

static void
write_quantity(StringInfo out, int64 number, const char *unit)
{
	if (number == 0)
		return;
	if (out->len > 0 && !isspace((unsigned char) out->data[out->len - 1]) && out->data[out->len - 1] != '(')
		appendStringInfoChar(out, ' ');
	appendStringInfo(out, INT64_FORMAT " %s%s", number, unit, number == 1 ? "" : "s");
}

/*
 * Appends the canonical text of a span that is not negative; it reads back as the
 * same months, days and microseconds.
 */
void
span_write(StringInfo out, const Interval *span)
{
	int64		time = span->time;

	if (span->month == 0 && span->day == 0 && time == 0)
	{
		appendStringInfoString(out, "0 days");
		return;
	}
	write_quantity(out, span->month / 12, "year");
	write_quantity(out, span->month % 12, "month");
	write_quantity(out, span->day, "day");
	write_quantity(out, time / USECS_PER_HOUR, "hour");
	write_quantity(out, time / USECS_PER_MINUTE % 60, "minute");
	write_quantity(out, time / USECS_PER_SEC % 60, "second");
	write_quantity(out, time % USECS_PER_SEC, "microsecond");
}
