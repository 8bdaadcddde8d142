/*-------------------------------------------------------------------------
 *
 * retention.c
 *		Who stayed, by cohort and period: adding, merging, trimming; see retention.h.
 *
 * What is counted is the half-open past: steps before "as of", periods that begin
 * before it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "retention.h"

#define FIRST_ROOM 4

/* What a label is to a specification. */
#define LABEL_FROM 1
#define LABEL_WHILE 2

static bool
label_is(const JourneyLabel *label, const char *text, size_t len)
{
	return label->len == len && memcmp(label->text, text, len) == 0;
}

static int32
code_label(void *arg, const char *label, size_t len)
{
	const RetentionSpec *spec = arg;
	int32		code = label_is(&spec->from, label, len) ? LABEL_FROM : 0;

	for (int i = 0; i < spec->nstages; i++)
		if (label_is(&spec->stages[i], label, len))
			return code | LABEL_WHILE;
	return code;
}

/* Does the journey ever come to the stage where it all begins? */
static int32
can_enter(void *arg, const int32 *codes, uint32 nlabels)
{
	int32		all = 0;

	for (uint32 i = 0; i < nlabels; i++)
		all |= codes[i];
	return all & LABEL_FROM;
}

/*
 * Makes a specification ready.  The plan takes it over and lives, with all that it will
 * ever allocate, in the current memory context.
 */
RetentionPlan *
retention_plan(const RetentionSpec *spec)
{
	RetentionPlan *plan = palloc0(sizeof(RetentionPlan));
	StringInfoData text;

	plan->spec = *spec;
	initStringInfo(&text);
	retention_spec_print(&text, spec);
	plan->text = text.data;
	plan->text_len = text.len;
	plan->map = label_map_create(code_label, can_enter, &plan->spec);
	calendar_begin(&plan->calendar, &spec->every, &spec->zone);
	return plan;
}

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

/* The cohort that begins at this instant; it is added where there is none yet. */
static bool
get_cohort(Retention **retention, TimestampTz start, RetentionCohort **cohort, PureError *error)
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

/* A journey being counted. */
typedef struct Tracing
{
	RetentionPlan *plan;
	const JourneyView *view;
	const int32 *codes;
	TimestampTz entry;
	int64		number;			/* of the period in which its cohort begins */
	RetentionCohort *cohort;
	int64		next;			/* the first period not yet counted */
} Tracing;

/* Which of the journey's periods an instant lies in, which is not before its entry. */
static bool
find_period(Tracing *tracing, TimestampTz at, int64 *period, PureError *error)
{
	const RetentionSpec *spec = &tracing->plan->spec;

	if (spec->since_entry)
	{
		*period = calendar_whole_periods(&spec->zone, &spec->every, tracing->entry, at);
		return true;
	}
	if (!calendar_number(&tracing->plan->calendar, at, period, error))
		return false;
	*period -= tracing->number;
	return true;
}

/* Counts the journey in these periods, unless it is counted there already. */
static void
count_periods(Tracing *tracing, int64 from, int64 to)
{
	int			nperiods = tracing->plan->spec.nperiods;

	from = Max(from, tracing->next);
	if (from > to || from >= nperiods)
		return;
	tracing->cohort->change[from]++;
	if (to + 1 < nperiods)
		tracing->cohort->change[to + 1]--;
	tracing->next = to + 1;
}

/* Counts a stay from one instant to another, or until "as of". */
static bool
count_stay(Tracing *tracing, TimestampTz from, TimestampTz to, PureError *error)
{
	const RetentionSpec *spec = &tracing->plan->spec;
	int64		first = 0,
				last = 0;

	if (from >= to)
		return true;
	if (!find_period(tracing, from, &first, error))
		return false;
	if (first >= spec->nperiods)
		return true;
	if (spec->measure == RETENTION_AT_END && to < spec->as_of)
	{
		/* It is there at the end of every period but the one that it leaves in. */
		if (!find_period(tracing, to, &last, error))
			return false;
		last--;
	}
	else if (!find_period(tracing, to - 1, &last, error))
		return false;
	count_periods(tracing, first, last);
	return true;
}

/* Counts the stays in the wanted stages; a move from one to another does not end a stay. */
static bool
count_stays(Tracing *tracing, uint32 step, PureError *error)
{
	const JourneyView *view = tracing->view;
	TimestampTz as_of = tracing->plan->spec.as_of;
	TimestampTz since = 0;
	bool		inside = false;

	for (; step < view->nsteps; step++)
	{
		uint64		word = journey_word(view, step);
		TimestampTz at = view->first + journey_word_time(word);
		bool		wanted = tracing->codes[journey_word_index(word)] & LABEL_WHILE;

		CHECK_FOR_INTERRUPTS();
		if (at >= as_of)
			break;
		if (inside && !wanted && !count_stay(tracing, since, at, error))
			return false;
		if (!inside && wanted)
			since = at;
		inside = wanted;
	}
	return !inside || count_stay(tracing, since, as_of, error);
}

/* Counts the arrivals in the wanted stages after the entry. */
static bool
count_returns(Tracing *tracing, uint32 step, PureError *error)
{
	const JourneyView *view = tracing->view;
	const RetentionSpec *spec = &tracing->plan->spec;
	bool		each = spec->measure == RETENTION_ON;
	TimestampTz latest = DT_NOBEGIN;
	int64		period = 0;

	for (; step < view->nsteps; step++)
	{
		uint64		word = journey_word(view, step);
		TimestampTz at = view->first + journey_word_time(word);

		CHECK_FOR_INTERRUPTS();
		if (at >= spec->as_of)
			break;
		if (at == tracing->entry || !(tracing->codes[journey_word_index(word)] & LABEL_WHILE))
			continue;
		latest = at;
		if (!each)
			continue;
		if (!find_period(tracing, at, &period, error))
			return false;
		count_periods(tracing, period, period);
	}
	if (each || latest == DT_NOBEGIN)
		return true;
	if (!find_period(tracing, latest, &period, error))
		return false;
	count_periods(tracing, 0, period);
	return true;
}

/* The first step into the stage where it all begins; false if there is none in time. */
static bool
find_entry(Tracing *tracing, uint32 *step)
{
	const JourneyView *view = tracing->view;

	if (!tracing->codes[view->nlabels])
		return false;
	for (*step = 0; *step < view->nsteps; (*step)++)
	{
		uint64		word = journey_word(view, *step);

		CHECK_FOR_INTERRUPTS();
		if (!(tracing->codes[journey_word_index(word)] & LABEL_FROM))
			continue;
		tracing->entry = view->first + journey_word_time(word);
		return tracing->entry < tracing->plan->spec.as_of;
	}
	return false;
}

/*
 * Adds what one journey did.
 */
bool
retention_add(Retention **retention, RetentionPlan *plan, const JourneyView *view,
			  PureError *error)
{
	Tracing		tracing = {plan, view, label_map_codes(plan->map, view)};
	const Grid *starts = &plan->calendar.starts;
	uint32		step;

	if (!find_entry(&tracing, &step))
		return true;
	if (!calendar_number(&plan->calendar, tracing.entry, &tracing.number, error) ||
		!get_cohort(retention, starts->at[tracing.number - plan->calendar.first], &tracing.cohort,
					error))
		return false;
	tracing.cohort->size++;
	if (plan->spec.measure == RETENTION_ON || plan->spec.measure == RETENTION_ON_OR_AFTER)
		return count_returns(&tracing, step, error);
	return count_stays(&tracing, step, error);
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
		if (!get_cohort(retention, added->start, &cohort, error))
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
	if (!get_cohort(retention, start, &cohort, error))
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
