/*-------------------------------------------------------------------------
 *
 * win_rate.c
 *		How many of the decided were won: the specification, the counts and their texts.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "win_rate.h"

/* Larger numbers than this are not told from too large ones when they are read. */
#define WIN_RATE_MAX_COUNT (PG_INT64_MAX - 1)

void
win_rate_spec_begin(WinRateSpec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->closed_from = DT_NOBEGIN;
	spec->closed_to = DT_NOEND;
}

/*
 * Do the parts fit together?
 */
bool
win_rate_spec_check(const WinRateSpec *spec, PureError *error)
{
	if (spec->won.count == 0 || spec->lost.count == 0)
		return pure_fail(error, PURE_VALUE, "a win rate needs at least one won and one lost stage");
	for (uint32 i = 0; i < spec->won.count; i++)
	{
		const JourneyLabel *label = &spec->won.labels[i];

		if (label_list_find(&spec->lost, label->text, label->len) >= 0)
			return pure_fail(error, PURE_VALUE, "stage \"%s\" cannot be both won and lost",
							 pure_sample(label->text, label->len));
	}
	return true;
}

/* Reads up to the first token that does not belong to the specification. */
static bool
scan_spec(Scanner *scanner, WinRateSpec *spec)
{
	const char *start = scanner->start;

	win_rate_spec_begin(spec);
	if (!label_list_scan(scanner, &spec->won, JOURNEY_MAX_LABELS) ||
		!scan_expect(scanner, "against") ||
		!label_list_scan(scanner, &spec->lost, JOURNEY_MAX_LABELS))
		return false;
	if (scan_accept(scanner, "closed") &&
		!scan_period(scanner, &spec->closed_from, &spec->closed_to))
		return false;
	if (win_rate_spec_check(spec, scanner->error))
		return true;
	return pure_at(scanner->error, scanner->text, start);
}

/*
 * Reads a text that is a specification and nothing else.
 */
bool
win_rate_spec_read(WinRateSpec *spec, const char *text, size_t len, PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!scan_spec(&scanner, spec))
		return false;
	return scanner.kind == SCAN_END || scan_unexpected(&scanner, "\",\", \"closed\" or the end");
}

/*
 * Appends the canonical text.
 */
void
win_rate_spec_write(StringInfo out, const WinRateSpec *spec)
{
	label_list_write(out, &spec->won);
	appendStringInfoString(out, " against ");
	label_list_write(out, &spec->lost);
	if (spec->closed_from != DT_NOBEGIN || spec->closed_to != DT_NOEND)
	{
		appendStringInfoString(out, " closed ");
		scan_write_period(out, spec->closed_from, spec->closed_to);
	}
}

/*
 * A label map's coder: the outcome that a stage is.
 */
int32
win_rate_code(void *arg, const char *label, size_t len)
{
	const WinRateSpec *spec = arg;

	if (label_list_find(&spec->won, label, len) >= 0)
		return WIN_RATE_WON;
	return label_list_find(&spec->lost, label, len) >= 0 ? WIN_RATE_LOST : WIN_RATE_NONE;
}

/*
 * A label map's judge: is a journey with these labels decided at all?
 */
int32
win_rate_judge(void *arg, const int32 *codes, uint32 nlabels)
{
	for (uint32 i = 0; i < nlabels; i++)
		if (codes[i] != WIN_RATE_NONE)
			return true;
	return false;
}

/*
 * The first outcome of a journey, its labels' codes given and the judgement behind them;
 * none if there is none, or if it falls outside the period.
 */
WinRateOutcome
win_rate_outcome(const WinRateSpec *spec, const JourneyView *view, const int32 *codes)
{
	uint32		step = 0;
	TimestampTz at;

	if (!codes[view->nlabels])
		return WIN_RATE_NONE;
	while (codes[journey_index(view, step)] == WIN_RATE_NONE)
		step++;
	at = journey_at(view, step);
	if (at < spec->closed_from || at >= spec->closed_to)
		return WIN_RATE_NONE;
	return codes[journey_index(view, step)];
}

/*
 * Nobody is decided yet.
 */
WinRate *
win_rate_create(const char *spec, size_t len)
{
	WinRate    *rate = palloc0(offsetof(WinRate, spec) + len);

	rate->version = WIN_RATE_VERSION;
	rate->spec_len = len;
	memcpy(rate->spec, spec, len);
	return rate;
}

bool
win_rate_has_spec(const WinRate *rate, const char *spec, size_t len)
{
	return rate->spec_len == len && memcmp(rate->spec, spec, len) == 0;
}

/*
 * Counts more, at most WIN_RATE_MAX_COUNT each and PG_INT64_MAX together.
 */
bool
win_rate_count(WinRate *rate, uint64 won, uint64 lost, PureError *error)
{
	uint64		left = PG_INT64_MAX - rate->won - rate->lost;

	if (won > left || lost > left - won ||
		rate->won + won > WIN_RATE_MAX_COUNT || rate->lost + lost > WIN_RATE_MAX_COUNT)
		return pure_fail(error, PURE_LIMIT, "a win rate cannot count so many");
	rate->won += won;
	rate->lost += lost;
	return true;
}

/*
 * Adds what another win rate counts.
 */
bool
win_rate_merge(WinRate *rate, const WinRate *other, PureError *error)
{
	if (win_rate_has_spec(rate, other->spec, other->spec_len))
		return win_rate_count(rate, other->won, other->lost, error);
	pure_fail(error, PURE_VALUE, "win rates of different specifications cannot be merged");
	return pure_hint(error, "Build them with the same stages and period.");
}

/* "{3 won, 2 lost}" */
static bool
scan_counts(Scanner *scanner, WinRate *rate)
{
	const char *start = scanner->start;
	int64		won,
				lost;

	if (!scan_expect_mark(scanner, '{') ||
		!scan_integer(scanner, 0, WIN_RATE_MAX_COUNT, &won) || !scan_expect(scanner, "won") ||
		!scan_expect_mark(scanner, ',') ||
		!scan_integer(scanner, 0, WIN_RATE_MAX_COUNT, &lost) || !scan_expect(scanner, "lost") ||
		!scan_expect_mark(scanner, '}') || !scan_finish(scanner))
		return false;
	return win_rate_count(rate, won, lost, scanner->error) ||
		pure_at(scanner->error, scanner->text, start);
}

/*
 * Reads a win rate; it is palloc'd, or NULL once error is filled in.
 */
WinRate *
win_rate_read(const char *text, size_t len, PureError *error)
{
	Scanner		scanner;
	WinRateSpec spec;
	StringInfoData canonical;
	WinRate    *rate;

	scan_begin(&scanner, text, len, error);
	if (!scan_spec(&scanner, &spec))
		return NULL;
	initStringInfo(&canonical);
	win_rate_spec_write(&canonical, &spec);
	rate = win_rate_create(canonical.data, canonical.len);
	return scan_counts(&scanner, rate) ? rate : NULL;
}

void
win_rate_write(StringInfo out, const WinRate *rate)
{
	appendBinaryStringInfo(out, rate->spec, rate->spec_len);
	appendStringInfo(out, " {" UINT64_FORMAT " won, " UINT64_FORMAT " lost}", rate->won, rate->lost);
}
