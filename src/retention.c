/*-------------------------------------------------------------------------
 *
 * retention.c
 *		Who stayed, by cohort and period: room, merging, trimming, reports; see retention.h.
 *
 * What a journey counts for is retention_add.c's to know.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "retention.h"

#define FIRST_ROOM 4

static size_t
cohort_size(const Retention *retention)
{
	return offsetof(RetentionCohort, change) + retention->nperiods * sizeof(int64);
}

static size_t
head_size(const Retention *retention)
{
	return offsetof(Retention, spec) + TYPEALIGN(8, retention->spec_len);
}

size_t
retention_size(const Retention *retention)
{
	return head_size(retention) + retention->room * cohort_size(retention);
}

RetentionCohort *
retention_cohort(const Retention *retention, uint32 number)
{
	return (RetentionCohort *) ((char *) retention + head_size(retention) +
								number * cohort_size(retention));
}

/* A copy with another room, in the current memory context. */
static Retention *
resize(const Retention *retention, uint32 room)
{
	size_t		used = head_size(retention) + retention->ncohorts * cohort_size(retention);
	size_t		size = head_size(retention) + room * cohort_size(retention);
	Retention  *copy = palloc(size);

	memcpy(copy, retention, used);
	memset((char *) copy + used, 0, size - used);
	copy->room = room;
	return copy;
}

/*
 * The summary of no journeys, in the current memory context.
 */
Retention *
retention_begin(const char *spec, size_t len, int nperiods)
{
	Retention  *retention = palloc0(offsetof(Retention, spec) + TYPEALIGN(8, len));

	retention->version = RETENTION_VERSION;
	retention->spec_len = len;
	retention->nperiods = nperiods;
	memcpy(retention->spec, spec, len);
	return retention;
}

/*
 * A copy without spare room.
 */
Retention *
retention_trim(const Retention *retention)
{
	return resize(retention, retention->ncohorts);
}

/* The first cohort that does not begin before this instant. */
static uint32
find_place(const Retention *retention, TimestampTz start)
{
	uint32		low = 0,
				high = retention->ncohorts;

	while (low < high)
	{
		uint32		middle = (low + high) / 2;

		if (retention_cohort(retention, middle)->start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
make_room(Retention **retention, PureError *error)
{
	uint32		most = RETENTION_MAX_CELLS / ((*retention)->nperiods + 1);
	uint32		room = (*retention)->room;

	if ((*retention)->ncohorts < room)
		return true;
	if (room >= most)
	{
		pure_fail(error, PURE_LIMIT, "a retention cannot have more than %u cohorts of %u periods",
				  most, (*retention)->nperiods);
		return pure_hint(error, "Take longer periods or fewer of them.");
	}
	*retention = resize(*retention, Min(most, Max(FIRST_ROOM, 2 * room)));
	return true;
}

/*
 * The cohort that begins at this instant; it is added where there is none yet.
 */
bool
retention_get_cohort(Retention **retention, TimestampTz start, RetentionCohort **cohort,
					 PureError *error)
{
	uint32		place = find_place(*retention, start);

	if (place < (*retention)->ncohorts)
	{
		*cohort = retention_cohort(*retention, place);
		if ((*cohort)->start == start)
			return true;
	}
	if (!make_room(retention, error))
		return false;
	*cohort = retention_cohort(*retention, place);
	memmove(retention_cohort(*retention, place + 1), *cohort,
			((*retention)->ncohorts - place) * cohort_size(*retention));
	memset(*cohort, 0, cohort_size(*retention));
	(*cohort)->start = start;
	(*retention)->ncohorts++;
	return true;
}

static bool
count_entrants(const Retention *retention, int64 *total, PureError *error)
{
	for (uint32 i = 0; i < retention->ncohorts; i++)
		if (pg_add_s64_overflow(*total, retention_cohort(retention, i)->size, total))
			return pure_fail(error, PURE_LIMIT, "a retention cannot count more than 2^63 journeys");
	return true;
}

/*
 * Adds another retention, which is left alone.
 */
bool
retention_merge(Retention **retention, const Retention *other, PureError *error)
{
	int64		total = 0;

	if (!retention_has_spec(*retention, other->spec, other->spec_len))
	{
		pure_fail(error, PURE_VALUE, "cannot merge different retentions");
		return pure_detail(error, "One is \"%.*s\", the other \"%.*s\".",
						   (int) (*retention)->spec_len, (*retention)->spec,
						   (int) other->spec_len, other->spec);
	}
	if (!count_entrants(*retention, &total, error) || !count_entrants(other, &total, error))
		return false;
	for (uint32 i = 0; i < other->ncohorts; i++)
	{
		const RetentionCohort *added = retention_cohort(other, i);
		RetentionCohort *cohort;

		CHECK_FOR_INTERRUPTS();
		if (!retention_get_cohort(retention, added->start, &cohort, error))
			return false;
		cohort->size += added->size;
		for (uint32 period = 0; period < other->nperiods; period++)
			cohort->change[period] += added->change[period];
	}
	return true;
}

/*
 * Adds a cohort that came from outside; cohorts must come in the order of their
 * beginnings.
 */
bool
retention_put(Retention **retention, TimestampTz start, int64 size, const int64 *retained,
			  PureError *error)
{
	RetentionCohort *cohort;
	int64		total = 0;
	int64		before = 0;

	if ((*retention)->ncohorts > 0 &&
		retention_cohort(*retention, (*retention)->ncohorts - 1)->start >= start)
		return pure_fail(error, PURE_VALUE, "the cohorts of a retention must be in order");
	if (!IS_VALID_TIMESTAMP(start) || size <= 0)
		return pure_fail(error, PURE_VALUE, "a cohort needs a beginning and somebody in it");
	for (uint32 period = 0; period < (*retention)->nperiods; period++)
		if (retained[period] < 0 || retained[period] > size)
			return pure_fail(error, PURE_VALUE, "a cohort retains nobody but its own");
	if (!retention_get_cohort(retention, start, &cohort, error))
		return false;
	cohort->size = size;
	for (uint32 period = 0; period < (*retention)->nperiods; period++)
	{
		cohort->change[period] = retained[period] - before;
		before = retained[period];
	}
	return count_entrants(*retention, &total, error);
}

/* Whether a period of a cohort has begun by "as of", and whether it is over for everybody. */
static bool
judge_cell(RetentionPlan *plan, int64 number, int period, bool *complete)
{
	const RetentionSpec *spec = &plan->spec;
	const Calendar *calendar = &plan->calendar;

	if (spec->since_entry)
	{
		TimestampTz earliest = calendar_start(calendar, number);
		TimestampTz latest = calendar_start(calendar, number + 1) - 1;

		*complete = calendar_add(&spec->zone, &spec->every, latest, period + 1) <= spec->as_of;
		return calendar_add(&spec->zone, &spec->every, earliest, period) < spec->as_of;
	}
	*complete = calendar_start(calendar, number + period + 1) <= spec->as_of;
	return calendar_start(calendar, number + period) < spec->as_of;
}

/* The rows of one cohort; what is complete is added to the pools. */
static bool
report_cohort(const RetentionCohort *cohort, RetentionPlan *plan, RetentionRow *pools,
			  RetentionReport report, void *arg, PureError *error)
{
	RetentionRow row = {.cohort = cohort->start, .size = cohort->size};
	int64		number;

	if (!calendar_number(&plan->calendar, cohort->start, &number, error))
		return false;
	for (row.period = 0; row.period < plan->spec.nperiods; row.period++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!judge_cell(plan, number, row.period, &row.complete))
			break;
		row.retained += cohort->change[row.period];
		report(arg, &row);
		if (!row.complete)
			continue;
		pools[row.period].size += row.size;
		pools[row.period].retained += row.retained;
	}
	return true;
}

/*
 * Reports the cells of all cohorts, and behind them for every period those cohorts
 * together in which it is over.
 */
bool
retention_report(const Retention *retention, RetentionPlan *plan, RetentionReport report,
				 void *arg, PureError *error)
{
	RetentionRow *pools = palloc0(plan->spec.nperiods * sizeof(RetentionRow));

	for (uint32 i = 0; i < retention->ncohorts; i++)
		if (!report_cohort(retention_cohort(retention, i), plan, pools, report, arg, error))
			return false;
	for (int period = 0; period < plan->spec.nperiods; period++)
	{
		pools[period].overall = pools[period].complete = true;
		pools[period].period = period;
		if (pools[period].size > 0)
			report(arg, &pools[period]);
	}
	return true;
}
