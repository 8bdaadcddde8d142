/*-------------------------------------------------------------------------
 *
 * retention_add.c
 *		What one journey counts for in a retention.
 *
 * What is counted is the half-open past: steps before "as of", periods that begin
 * before it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "retention.h"

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
		!retention_get_cohort(retention, starts->at[tracing.number - plan->calendar.first], &tracing.cohort,
					error))
		return false;
	tracing.cohort->size++;
	if (plan->spec.measure == RETENTION_ON || plan->spec.measure == RETENTION_ON_OR_AFTER)
		return count_returns(&tracing, step, error);
	return count_stays(&tracing, step, error);
}
