/*-------------------------------------------------------------------------
 *
 * funnel_summary.c
 *		What many journeys did in one funnel: adding, merging, reporting, text.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "digest_text.h"
#include "funnel_summary.h"
#include "wilson.h"

/* Where the digests begin. */
static size_t
fixed_size(size_t spec_len, int nsteps)
{
	return offsetof(Funnel, spec) + TYPEALIGN(8, spec_len) + (2 * nsteps + 1) * sizeof(uint64);
}

static Funnel *
begin_sized(const char *spec, size_t len, int nsteps, size_t size)
{
	Funnel	   *funnel = palloc0(size);

	funnel->version = FUNNEL_VERSION;
	funnel->nsteps = nsteps;
	funnel->spec_len = len;
	memcpy(funnel->spec, spec, len);
	return funnel;
}

static uint64 *
find_levels(const Funnel *funnel)
{
	return (uint64 *) ((char *) funnel + offsetof(Funnel, spec) + TYPEALIGN(8, funnel->spec_len));
}

static Digest *
digest_at(const Funnel *funnel, size_t at)
{
	return (Digest *) ((char *) funnel + at);
}

/*
 * The summary of no journeys, in the current memory context.
 */
Funnel *
funnel_begin(const char *spec, size_t len, int nsteps)
{
	size_t		fixed = fixed_size(len, nsteps);
	Funnel	   *funnel = begin_sized(spec, len, nsteps, fixed + (nsteps - 1) * DIGEST_SIZE(0));

	for (int step = 1; step < nsteps; step++)
		digest_start(digest_at(funnel, fixed + (step - 1) * DIGEST_SIZE(0)), 0);
	return funnel;
}

/*
 * Finds the parts.
 */
void
funnel_open(const Funnel *funnel, FunnelParts *parts)
{
	parts->levels = find_levels(funnel);
	parts->pending = parts->levels + funnel->nsteps + 1;
	parts->size = fixed_size(funnel->spec_len, funnel->nsteps);
	for (int step = 1; step < funnel->nsteps; step++)
	{
		parts->times[step] = digest_at(funnel, parts->size);
		parts->size += digest_size(parts->times[step]);
	}
}

/*
 * A copy in which the digest of one step has so many bytes; they are the caller's to
 * fill, with a digest of this very size.  The old funnel is left alone.
 */
static Funnel *
make_room(const Funnel *funnel, const FunnelParts *parts, int step, size_t size, Digest **digest)
{
	size_t		before = (char *) parts->times[step] - (char *) funnel;
	size_t		old_size = digest_size(parts->times[step]);
	Funnel	   *larger = palloc(parts->size - old_size + size);

	memcpy(larger, funnel, before);
	memcpy((char *) larger + before + size, (char *) funnel + before + old_size,
		   parts->size - before - old_size);
	*digest = (Digest *) ((char *) larger + before);
	return larger;
}

/* Where there is no room: a larger copy. */
static Funnel *
add_time_larger(const Funnel *funnel, int step, int64 time)
{
	FunnelParts parts;
	Digest	   *digest;
	Funnel	   *larger;

	funnel_open(funnel, &parts);
	larger = make_room(funnel, &parts, step, digest_add_size(parts.times[step], time), &digest);
	digest_add_into(digest, parts.times[step], time);
	return larger;
}

/*
 * Adds what one journey did: in place or, where that has no room, in a larger copy in
 * the current memory context.
 */
Funnel *
funnel_add(Funnel *funnel, const FunnelChain *chain, bool eligible)
{
	uint64	   *levels = find_levels(funnel);
	size_t		at = fixed_size(funnel->spec_len, funnel->nsteps);

	if (chain->level > 0 && !eligible)
	{
		levels[funnel->nsteps + chain->level]++;
		return funnel;
	}
	levels[chain->level]++;
	for (int step = 1; step < chain->level; step++)
	{
		TimestampTz before = chain->times[step - 1];
		TimestampTz after = chain->times[step];

		if (before != FUNNEL_SKIPPED && after != FUNNEL_SKIPPED &&
			!digest_add(digest_at(funnel, at), after - before))
			funnel = add_time_larger(funnel, step, after - before);
		at += digest_size(digest_at(funnel, at));
	}
	return funnel;
}

static Funnel *
merge_times(Funnel *funnel, FunnelParts *parts, int step, const Digest *other)
{
	Digest	   *old = parts->times[step];
	Digest	   *digest;

	if (digest_merge(old, other))
		return funnel;
	funnel = make_room(funnel, parts, step, digest_merge_size(old, other), &digest);
	digest_merge_into(digest, old, other);
	funnel_open(funnel, parts);
	return funnel;
}

/* Adds all counts up; false if 63 bits do not hold them. */
static bool
count_journeys(const uint64 *levels, const uint64 *pending, int nsteps, int64 *total)
{
	for (int i = 0; i <= nsteps; i++)
		if (levels[i] > PG_INT64_MAX || pg_add_s64_overflow(*total, levels[i], total))
			return false;
	for (int i = 0; i < nsteps; i++)
		if (pending[i] > PG_INT64_MAX || pg_add_s64_overflow(*total, pending[i], total))
			return false;
	return true;
}

/*
 * Adds another funnel, which is left alone: in place, or in a larger copy in the
 * current memory context.  NULL if the two do not belong together.
 */
Funnel *
funnel_merge(Funnel *funnel, const Funnel *other, PureError *error)
{
	FunnelParts parts,
				others;
	int64		total = 0;

	if (!funnel_has_spec(funnel, other->spec, other->spec_len))
	{
		pure_fail(error, PURE_VALUE, "cannot merge different funnels");
		pure_detail(error, "One is \"%.*s\", the other \"%.*s\".",
					(int) funnel->spec_len, funnel->spec, (int) other->spec_len, other->spec);
		return NULL;
	}
	funnel_open(funnel, &parts);
	funnel_open(other, &others);
	if (!count_journeys(parts.levels, parts.pending, funnel->nsteps, &total) ||
		!count_journeys(others.levels, others.pending, funnel->nsteps, &total))
	{
		pure_fail(error, PURE_LIMIT, "a funnel cannot count more than 2^63 journeys");
		return NULL;
	}
	for (int i = 0; i <= funnel->nsteps; i++)
		parts.levels[i] += others.levels[i];
	for (int i = 0; i < funnel->nsteps; i++)
		parts.pending[i] += others.pending[i];
	for (int step = 1; step < funnel->nsteps; step++)
		funnel = merge_times(funnel, &parts, step, others.times[step]);
	return funnel;
}

/*
 * A copy without spare room: the same journeys, in whatever order they came, give the
 * same bytes.
 */
Funnel *
funnel_trim(const Funnel *funnel)
{
	FunnelParts parts;
	size_t		fixed = fixed_size(funnel->spec_len, funnel->nsteps);
	size_t		size = fixed;
	Funnel	   *trimmed;

	funnel_open(funnel, &parts);
	for (int step = 1; step < funnel->nsteps; step++)
		size += digest_trim_size(parts.times[step]);
	trimmed = palloc(size);
	memcpy(trimmed, funnel, fixed);
	trimmed->stamp = 0;
	for (int step = 1; step < funnel->nsteps; step++)
	{
		Digest	   *digest = digest_at(trimmed, fixed);

		digest_trim(digest, parts.times[step]);
		fixed += digest_size(digest);
	}
	return trimmed;
}

static uint64
sum(const uint64 *counts, int from, int to)
{
	uint64		total = 0;

	for (int i = from; i < to; i++)
		total += counts[i];
	return total;
}

/*
 * One row of the report, for a step counted from 0.
 */
void
funnel_report(const FunnelParts *trimmed, int nsteps, int step, FunnelRow *row)
{
	row->eligible = sum(trimmed->levels, 1, nsteps + 1);
	row->reached = sum(trimmed->levels, step + 1, nsteps + 1);
	row->reached_before = step > 0 ? sum(trimmed->levels, step, nsteps + 1) : 0;
	row->pending = sum(trimmed->pending, 0, nsteps);
	if (row->eligible > 0)
		wilson_interval(row->reached, row->eligible, &row->low, &row->high);
	row->timed = step > 0 && digest_percentile(trimmed->times[step], 0.5, &row->p50) &&
		digest_percentile(trimmed->times[step], 0.9, &row->p90);
}

/* Does every counted journey that reached a step have a time for it, and no other? */
static bool
check_times(const FunnelSpec *spec, const uint64 *levels, Digest *const *times)
{
	for (int step = 1; step < spec->nsteps; step++)
	{
		uint64		reached = sum(levels, step + 1, spec->nsteps + 1);
		uint64		count = times[step]->count;

		if (count > reached || (count < reached && !spec->at_least))
			return false;
	}
	return true;
}

/*
 * Puts a trimmed funnel together from trimmed parts that came from outside; NULL if no
 * journeys can have given them.
 */
Funnel *
funnel_assemble(const FunnelSpec *spec, const uint64 *levels, const uint64 *pending,
				Digest *const *times, PureError *error)
{
	StringInfoData text;
	FunnelParts parts;
	Funnel	   *funnel;
	size_t		fixed;
	size_t		size;
	int64		total = 0;

	if (!count_journeys(levels, pending, spec->nsteps, &total) ||
		(spec->as_of == DT_NOEND && sum(pending, 0, spec->nsteps) > 0) ||
		!check_times(spec, levels, times))
	{
		pure_fail(error, PURE_VALUE, "the numbers of a funnel contradict each other");
		return NULL;
	}
	initStringInfo(&text);
	funnel_spec_print(&text, spec);
	size = fixed = fixed_size(text.len, spec->nsteps);
	for (int step = 1; step < spec->nsteps; step++)
		size += digest_size(times[step]);
	funnel = begin_sized(text.data, text.len, spec->nsteps, size);
	for (int step = 1; step < spec->nsteps; step++)
	{
		memcpy(digest_at(funnel, fixed), times[step], digest_size(times[step]));
		fixed += digest_size(times[step]);
	}
	funnel_open(funnel, &parts);
	memcpy(parts.levels, levels, (spec->nsteps + 1) * sizeof(uint64));
	memcpy(parts.pending, pending, spec->nsteps * sizeof(uint64));
	return funnel;
}

static void
print_counts(StringInfo out, const char *name, const uint64 *counts, int n)
{
	appendStringInfo(out, "; %s", name);
	for (int i = 0; i < n; i++)
		appendStringInfo(out, " " UINT64_FORMAT, counts[i]);
}

/*
 * Appends the text:
 *
 *		{lead > won within 90 days; levels 3 5 2; pending 1 0; times [86400000000*2]}
 */
void
funnel_print(StringInfo out, const Funnel *trimmed)
{
	FunnelParts parts;

	funnel_open(trimmed, &parts);
	appendStringInfoChar(out, '{');
	appendBinaryStringInfo(out, trimmed->spec, trimmed->spec_len);
	print_counts(out, "levels", parts.levels, trimmed->nsteps + 1);
	print_counts(out, "pending", parts.pending, trimmed->nsteps);
	appendStringInfoString(out, "; times");
	for (int step = 1; step < trimmed->nsteps; step++)
	{
		appendStringInfoChar(out, ' ');
		digest_write(out, parts.times[step]);
	}
	appendStringInfoChar(out, '}');
}

static bool
read_counts(Scanner *scanner, const char *name, uint64 *counts, int n)
{
	if (!scan_expect_mark(scanner, ';') || !scan_expect(scanner, name))
		return false;
	for (int i = 0; i < n; i++)
	{
		int64		count = 0;

		if (!scan_integer(scanner, 0, PG_INT64_MAX, &count))
			return false;
		counts[i] = count;
	}
	return true;
}

static bool
read_times(Scanner *scanner, Digest **times, int nsteps)
{
	if (!scan_expect_mark(scanner, ';') || !scan_expect(scanner, "times"))
		return false;
	for (int step = 1; step < nsteps; step++)
	{
		const char *p = scanner->start;

		times[step] = digest_read(&p, scanner->end, scanner->error);
		if (times[step] == NULL)
			return pure_at(scanner->error, scanner->text, scanner->start);
		scan_resume(scanner, p);
	}
	return true;
}

/*
 * Reads the text of a funnel; NULL on error.
 */
Funnel *
funnel_parse(const char *text, size_t len, PureError *error)
{
	uint64		levels[FUNNEL_MAX_STEPS + 1];
	uint64		pending[FUNNEL_MAX_STEPS];
	Digest	   *times[FUNNEL_MAX_STEPS];
	FunnelSpec	spec;
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (scan_expect_mark(&scanner, '{') &&
		funnel_spec_read(&scanner, &spec) &&
		read_counts(&scanner, "levels", levels, spec.nsteps + 1) &&
		read_counts(&scanner, "pending", pending, spec.nsteps) &&
		read_times(&scanner, times, spec.nsteps) &&
		scan_expect_mark(&scanner, '}') &&
		scan_finish(&scanner))
		return funnel_assemble(&spec, levels, pending, times, error);
	return NULL;
}
