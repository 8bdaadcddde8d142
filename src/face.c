/*-------------------------------------------------------------------------
 *
 * face.c
 *		What the SQL faces of several rooms need.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "face.h"

/*
 * Refuses what is no call by an aggregate.
 */
void
refuse_plain_call(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("this function works inside its aggregate only")));
}

void
require_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

/*
 * Microseconds as PostgreSQL subtracts instants: days of 24 hours, and a rest.
 */
Datum
span_datum(int64 micros)
{
	Interval   *span = palloc0(sizeof(Interval));

	span->day = micros / USECS_PER_DAY;
	span->time = micros % USECS_PER_DAY;
	return IntervalPGetDatum(span);
}

/*
 * No two label books have one stamp, not even those of a query's several processes.
 */
uint64
new_book_stamp(void)
{
	static uint32 last = 0;

	return (uint64) MyProcPid << 32 | ++last;
}
