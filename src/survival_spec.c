/*-------------------------------------------------------------------------
 *
 * survival_spec.c
 *		Who is watched and what for: reading, printing and applying it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "instant.h"
#include "label.h"
#include "survival_spec.h"

/*
 * A specification without stages, everything else as where nothing is said.
 */
void
survival_spec_begin(SurvivalSpec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->as_of = DT_NOEND;
}

/*
 * The microseconds of a span whose days have 24 hours.  A month has no such length.
 */
bool
survival_micros(const Interval *span, int64 *micros, PureError *error)
{
	if (span->month != 0)
	{
		pure_fail(error, PURE_VALUE, "a duration in months has no length");
		return pure_hint(error, "Give it in days or less: subtract timestamps, do not use age().");
	}
	if (pg_mul_s64_overflow(span->day, USECS_PER_DAY, micros) ||
		pg_add_s64_overflow(*micros, span->time, micros) ||
		*micros > SURVIVAL_MAX_TIME)
		return pure_fail(error, PURE_VALUE, "duration out of range");
	return true;
}

/*
 * Counts in buckets of this length.
 */
bool
survival_spec_set_by(SurvivalSpec *spec, const Interval *by, PureError *error)
{
	if (!survival_micros(by, &spec->by, error))
		return false;
	if (spec->by <= 0)
		return pure_fail(error, PURE_VALUE, "a bucket must be longer than nothing");
	return true;
}

/*
 * Are all parts there that must be?
 */
bool
survival_spec_check(const SurvivalSpec *spec, PureError *error)
{
	if (spec->causes.count == 0)
		return pure_fail(error, PURE_VALUE, "a survival needs at least one stage to wait for");
	return true;
}

/*
 * Is it said at which instant the question is asked?  Without one nobody can be told to
 * have survived.
 */
bool
survival_spec_complete(const SurvivalSpec *spec, PureError *error)
{
	if (spec->as_of != DT_NOEND)
		return true;
	pure_fail(error, PURE_VALUE, "a survival needs to know \"as of\" which instant");
	return pure_hint(error, "Add \"as of 2026-05-01\" to the specification, or give the instant as the third argument.");
}

static bool
read_by(Scanner *scanner, SurvivalSpec *spec)
{
	const char *start = scanner->start;
	Interval	by;

	if (!scan_span(scanner, &by))
		return false;
	if (!survival_spec_set_by(spec, &by, scanner->error))
		return pure_at(scanner->error, scanner->text, start);
	return true;
}

/*
 * Reads a specification, up to the first token that does not belong to it.  The labels
 * are copies.
 */
bool
survival_spec_scan(Scanner *scanner, SurvivalSpec *spec)
{
	survival_spec_begin(spec);
	if (!scan_expect(scanner, "from") || !scan_label(scanner, &spec->from) ||
		!scan_expect(scanner, "to") || !label_list_scan(scanner, &spec->causes, SURVIVAL_MAX_CAUSES))
		return false;
	if (scan_accept(scanner, "by") && !read_by(scanner, spec))
		return false;
	if (scan_accept(scanner, "as"))
		return scan_expect(scanner, "of") && scan_instant(scanner, &spec->as_of);
	return true;
}

bool
survival_spec_read(SurvivalSpec *spec, const char *text, size_t len, PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!survival_spec_scan(&scanner, spec))
		return false;
	return scanner.kind == SCAN_END ||
		scan_unexpected(&scanner, "\",\", \"by\", \"as of\" or the end");
}

/*
 * Appends the canonical text.
 */
void
survival_spec_write(StringInfo out, const SurvivalSpec *spec)
{
	appendStringInfoString(out, "from ");
	label_write(out, spec->from.text, spec->from.len);
	appendStringInfoString(out, " to ");
	label_list_write(out, &spec->causes);
	if (spec->by > 0)
	{
		Interval	by = {.day = spec->by / USECS_PER_DAY, .time = spec->by % USECS_PER_DAY};

		appendStringInfoString(out, " by ");
		span_write(out, &by);
	}
	if (spec->as_of != DT_NOEND)
	{
		appendStringInfoString(out, " as of ");
		scan_write_instant(out, spec->as_of);
	}
}

/*
 * A label map's coder.  A stage may be both: "from order to order" waits for the next one.
 */
int32
survival_spec_code(void *arg, const char *label, size_t len)
{
	const SurvivalSpec *spec = arg;
	JourneyLabel stage = {label, len};
	int			cause = label_list_find(&spec->causes, label, len);
	int32		code = SURVIVAL_OTHER;

	if (journey_label_compare(&stage, &spec->from) == 0)
		code |= SURVIVAL_FROM;
	if (cause >= 0)
		code += SURVIVAL_CAUSE * (1 + cause);
	return code;
}

/*
 * A label map's judge: can a journey with these labels enter at all?
 */
int32
survival_spec_judge(void *arg, const int32 *codes, uint32 nlabels)
{
	int32		all = SURVIVAL_OTHER;

	for (uint32 i = 0; i < nlabels; i++)
		all |= codes[i];
	return all & SURVIVAL_FROM;
}

/* A duration counts as the end of its bucket: at every end the curve has seen what had happened. */
static int64
round_up(int64 time, int64 by)
{
	int64		rest = by > 0 ? time % by : 0;

	if (rest == 0)
		return time;
	/* Behind the last whole bucket that 64 bits hold there is none to round up to. */
	return time - rest > SURVIVAL_MAX_TIME - by ? time - rest : time - rest + by;
}

/* 64 bits do not hold the distance of the farthest instants. */
static int64
distance(TimestampTz from, TimestampTz to)
{
	int64		micros;

	return pg_sub_s64_overflow(to, from, &micros) ? SURVIVAL_MAX_TIME : Min(micros, SURVIVAL_MAX_TIME);
}

/*
 * What a journey contributes, its labels' codes given and the judgement behind them;
 * false if it never entered, or only later than the instant of the question, which must
 * be set.
 */
bool
survival_spec_watch(const SurvivalSpec *spec, const JourneyView *view, const int32 *codes,
					SurvivalCase *found)
{
	uint32		step = 0;
	TimestampTz entry;

	if (!codes[view->nlabels])
		return false;
	while (!(codes[journey_index(view, step)] & SURVIVAL_FROM))
		step++;
	entry = journey_at(view, step);
	if (entry > spec->as_of)
		return false;
	found->cause = -1;
	found->time = distance(entry, spec->as_of);
	while (++step < view->nsteps)
	{
		int32		code = codes[journey_index(view, step)];

		if (code < SURVIVAL_CAUSE)
			continue;
		if (journey_at(view, step) <= spec->as_of)
		{
			found->cause = code / SURVIVAL_CAUSE - 1;
			found->time = distance(entry, journey_at(view, step));
		}
		break;
	}
	found->time = round_up(found->time, spec->by);
	return true;
}
