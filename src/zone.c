/*-------------------------------------------------------------------------
 *
 * zone.c
 *		Time zones as PostgreSQL knows them, for the pure code's calendar.
 *
 * The rules of a zone are those of the server's tzdata.  They change when governments
 * change them, as they do for PostgreSQL's own timezone(text, timestamptz), which is
 * IMMUTABLE all the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "spec_args.h"
#include "zone.h"

/* What the zone's clock shows at an instant. */
static TimestampTz
read_clock(const void *arg, TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			west;

	if (timestamp2tm(at, &west, &tm, &fsec, NULL, (pg_tz *) arg) != 0)
		return at;
	return at - west * USECS_PER_SEC;
}

/* When the zone's clock shows this, by the same rule as timestamp AT TIME ZONE. */
static TimestampTz
find_instant(const void *arg, TimestampTz reading)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(reading, NULL, &tm, &fsec, NULL, NULL) != 0)
		return reading;
	return reading + DetermineTimeZoneOffset(&tm, (pg_tz *) arg) * USECS_PER_SEC;
}

/*
 * Finds a zone by its full name, in any case.
 */
bool
zone_find(const char *name, Zone *zone, PureError *error)
{
	pg_tz	   *found = strlen(name) > TZ_STRLEN_MAX ? NULL : pg_tzset(name);

	if (found == NULL || !pg_tz_acceptable(found))
	{
		pure_fail(error, PURE_VALUE, "time zone \"%s\" not recognized",
				  pure_sample(name, strlen(name)));
		return pure_hint(error, "Write a full name such as Europe/Paris; pg_timezone_names lists them.");
	}
	zone->name = pg_get_timezone_name(found);
	zone->arg = found;
	zone->reading = read_clock;
	zone->instant = find_instant;
	if (strcmp(zone->name, ZONE_UTC) == 0)
		zone->reading = NULL;
	return true;
}

/*
 * The time zone of a text argument; left alone where it is NULL.
 */
void
argument_zone(FunctionCallInfo fcinfo, int argno, const char *name, Zone *zone)
{
	char	   *value;
	PureError	error;

	if (PG_ARGISNULL(argno))
		return;
	value = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	if (strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/+-") !=
		strlen(value))
		refuse_argument(name, "must be the full name of a time zone");
	report_if(!zone_find(value, zone, &error), &error);
}

/*
 * The period of an interval argument.
 */
Interval
argument_every(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		refuse_argument(name, "must not be NULL");
	return argument_span(PG_GETARG_DATUM(argno), name);
}
