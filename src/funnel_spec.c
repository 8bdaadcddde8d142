/*-------------------------------------------------------------------------
 *
 * funnel_spec.c
 *		Which funnel is meant: reading, checking and printing it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "funnel_spec.h"
#include "instant.h"
#include "label.h"

static bool
same_label(const JourneyLabel *a, const JourneyLabel *b)
{
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static int
compare_labels(const JourneyLabel *a, const JourneyLabel *b)
{
	int			order = memcmp(a->text, b->text, Min(a->len, b->len));

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/*
 * A specification without steps, everything else as where nothing is said.
 */
void
funnel_spec_begin(FunnelSpec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->entered_from = DT_NOBEGIN;
	spec->entered_to = DT_NOEND;
	spec->as_of = DT_NOEND;
}

/*
 * Adds a step without a limit; the label's bytes must live as long as spec.
 */
bool
funnel_spec_add_step(FunnelSpec *spec, JourneyLabel stage, PureError *error)
{
	if (spec->nsteps == FUNNEL_MAX_STEPS)
		return pure_fail(error, PURE_LIMIT, "a funnel cannot have more than %d steps",
						 FUNNEL_MAX_STEPS);
	spec->steps[spec->nsteps++].stage = stage;
	return true;
}

/*
 * Adds an excluded stage in its place, if it is not there yet.
 */
bool
funnel_spec_exclude(FunnelSpec *spec, JourneyLabel stage, PureError *error)
{
	int			at = spec->nexcluded;

	while (at > 0 && compare_labels(&stage, &spec->excluded[at - 1]) < 0)
		at--;
	if (at > 0 && same_label(&stage, &spec->excluded[at - 1]))
		return true;
	if (spec->nexcluded == FUNNEL_MAX_EXCLUDED)
		return pure_fail(error, PURE_LIMIT, "a funnel cannot exclude more than %d stages",
						 FUNNEL_MAX_EXCLUDED);
	if (spec->excluded == NULL)
		spec->excluded = palloc(FUNNEL_MAX_EXCLUDED * sizeof(JourneyLabel));
	memmove(spec->excluded + at + 1, spec->excluded + at,
			(spec->nexcluded - at) * sizeof(JourneyLabel));
	spec->excluded[at] = stage;
	spec->nexcluded++;
	return true;
}

/*
 * How long after its entry a chain is over at the latest: the whole window, or else
 * the sum of the steps' limits.  False where nothing bounds it.
 */
bool
funnel_spec_window(const FunnelSpec *spec, Interval *window)
{
	if (spec->windowed)
	{
		*window = spec->within;
		return true;
	}
	memset(window, 0, sizeof(*window));
	if (spec->nsteps == 1)
		return false;
	for (int i = 1; i < spec->nsteps; i++)
	{
		const FunnelStep *step = &spec->steps[i];

		if (!step->limited ||
			pg_add_s32_overflow(window->month, step->limit.month, &window->month) ||
			pg_add_s32_overflow(window->day, step->limit.day, &window->day) ||
			pg_add_s64_overflow(window->time, step->limit.time, &window->time))
			return false;
	}
	return true;
}

static bool
check_excluded(const FunnelSpec *spec, PureError *error)
{
	for (int i = 0; i < spec->nsteps; i++)
		for (int j = 0; j < spec->nexcluded; j++)
			if (same_label(&spec->steps[i].stage, &spec->excluded[j]))
				return pure_fail(error, PURE_VALUE, "stage \"%s\" is both a step and excluded",
								 pure_sample(spec->excluded[j].text, spec->excluded[j].len));
	return true;
}

static bool
check_at_least(const FunnelSpec *spec, PureError *error)
{
	if (spec->ordering != FUNNEL_ORDERED)
	{
		pure_fail(error, PURE_VALUE, "\"at least\" cannot go with \"%s\"",
				  spec->ordering == FUNNEL_ADJACENT ? "adjacent" : "any order");
		return pure_hint(error, "It says that a later step implies the earlier ones, so they must be ordered.");
	}
	for (int i = 0; i < spec->nsteps; i++)
		for (int j = 0; j < i; j++)
			if (same_label(&spec->steps[i].stage, &spec->steps[j].stage))
				return pure_fail(error, PURE_VALUE,
								 "\"at least\" cannot go with a repeated stage: \"%s\"",
								 pure_sample(spec->steps[i].stage.text, spec->steps[i].stage.len));
	return true;
}

static bool
check_limits(const FunnelSpec *spec, FunnelPart *part, PureError *error)
{
	for (int i = 0; i < spec->nsteps; i++)
	{
		if (!spec->steps[i].limited)
			continue;
		if (i == 0)
			return pure_fail(error, PURE_VALUE, "the first step of a funnel has no previous step, so no limit");
		if (spec->ordering == FUNNEL_ANY_ORDER)
		{
			*part = FUNNEL_ORDERING;
			pure_fail(error, PURE_VALUE, "a step's limit cannot go with \"any order\"");
			return pure_hint(error, "Limit the whole with \"within\".");
		}
	}
	return true;
}

/*
 * Do the parts fit together?  If not, part says which one to blame.
 */
bool
funnel_spec_check(const FunnelSpec *spec, FunnelPart *part, PureError *error)
{
	Interval	window;

	*part = FUNNEL_STEPS;
	if (spec->nsteps == 0)
		return pure_fail(error, PURE_VALUE, "a funnel needs at least one step");
	if (!check_limits(spec, part, error))
		return false;
	*part = FUNNEL_EXCLUDED;
	if (!check_excluded(spec, error))
		return false;
	*part = FUNNEL_REACH;
	if (spec->at_least && !check_at_least(spec, error))
		return false;
	*part = FUNNEL_AS_OF;
	if (spec->as_of == DT_NOEND || funnel_spec_window(spec, &window))
		return true;
	pure_fail(error, PURE_VALUE, "\"as of\" needs a window");
	return pure_hint(error, "Add \"within\", or a limit to every step but the first: else nobody is ever old enough to be counted.");
}

static bool
read_steps(Scanner *scanner, FunnelSpec *spec)
{
	do
	{
		const char *start = scanner->start;
		JourneyLabel stage;
		FunnelStep *step;

		if (!scan_label(scanner, &stage))
			return false;
		if (!funnel_spec_add_step(spec, stage, scanner->error))
			return pure_at(scanner->error, scanner->text, start);
		step = &spec->steps[spec->nsteps - 1];
		step->limited = scan_accept_mark(scanner, '(');
		if (step->limited &&
			(!scan_span(scanner, &step->limit) || !scan_expect_mark(scanner, ')')))
			return false;
	} while (scan_accept_mark(scanner, '>'));
	return true;
}

static bool
read_excluded(Scanner *scanner, FunnelSpec *spec)
{
	do
	{
		const char *start = scanner->start;
		JourneyLabel stage;

		if (!scan_label(scanner, &stage))
			return false;
		if (!funnel_spec_exclude(spec, stage, scanner->error))
			return pure_at(scanner->error, scanner->text, start);
	} while (scan_accept_mark(scanner, ','));
	return true;
}

/* The word that begins each option; the ordering's is any of three. */
static const char *const option_words[FUNNEL_PARTS] = {
	[FUNNEL_WITHIN] = "within",
	[FUNNEL_ENTRY] = "first",
	[FUNNEL_REACH] = "at",
	[FUNNEL_EXCLUDED] = "excluding",
	[FUNNEL_ENTERED] = "entered",
	[FUNNEL_AS_OF] = "as",
};

static bool
find_option(const Scanner *scanner, FunnelPart *part)
{
	for (int i = 0; i < FUNNEL_PARTS; i++)
	{
		*part = i;
		if (option_words[i] != NULL && scan_is(scanner, option_words[i]))
			return true;
	}
	*part = FUNNEL_ORDERING;
	return scan_is(scanner, "ordered") || scan_is(scanner, "adjacent") || scan_is(scanner, "any");
}

static bool
read_ordering(Scanner *scanner, FunnelSpec *spec)
{
	if (scan_accept(scanner, "ordered"))
		spec->ordering = FUNNEL_ORDERED;
	else if (scan_accept(scanner, "adjacent"))
		spec->ordering = FUNNEL_ADJACENT;
	else
	{
		spec->ordering = FUNNEL_ANY_ORDER;
		return scan_expect(scanner, "any") && scan_expect(scanner, "order");
	}
	return true;
}

static bool
read_option(Scanner *scanner, FunnelPart part, FunnelSpec *spec)
{
	if (part == FUNNEL_ORDERING)
		return read_ordering(scanner, spec);
	scan_next(scanner);
	switch (part)
	{
		case FUNNEL_WITHIN:
			spec->windowed = true;
			return scan_span(scanner, &spec->within);
		case FUNNEL_ENTRY:
			spec->first_entry = true;
			return scan_expect(scanner, "entry");
		case FUNNEL_REACH:
			spec->at_least = true;
			return scan_expect(scanner, "least");
		case FUNNEL_EXCLUDED:
			return read_excluded(scanner, spec);
		case FUNNEL_ENTERED:
			return scan_period(scanner, &spec->entered_from, &spec->entered_to);
		default:
			return scan_expect(scanner, "of") && scan_instant(scanner, &spec->as_of);
	}
}

/*
 * Reads a specification, up to the first token that does not belong to it.  The
 * labels are copies.
 */
bool
funnel_spec_read(Scanner *scanner, FunnelSpec *spec)
{
	const char *starts[FUNNEL_PARTS] = {[FUNNEL_STEPS] = scanner->start};
	FunnelPart	part;

	funnel_spec_begin(spec);
	if (!read_steps(scanner, spec))
		return false;
	while (find_option(scanner, &part))
	{
		if (starts[part] != NULL)
			return scan_fail(scanner, PURE_SYNTAX, "an option of the funnel is given twice");
		starts[part] = scanner->start;
		if (!read_option(scanner, part, spec))
			return false;
	}
	if (funnel_spec_check(spec, &part, scanner->error))
		return true;
	return pure_at(scanner->error, scanner->text, starts[part]);
}

/*
 * Reads a text that is a specification and nothing else.
 */
bool
funnel_spec_parse(FunnelSpec *spec, const char *text, size_t len, PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!funnel_spec_read(&scanner, spec))
		return false;
	if (scanner.kind == SCAN_END)
		return true;
	(void) scan_unexpected(&scanner, "\">\" or an option");
	return pure_hint(error, "Options are within, ordered, adjacent, any order, first entry, at least, excluding, "
					 "entered and as of. A stage that is no plain word stands in double quotes: \"closed won\".");
}

static void
print_steps(StringInfo out, const FunnelSpec *spec)
{
	for (int i = 0; i < spec->nsteps; i++)
	{
		const FunnelStep *step = &spec->steps[i];

		if (i > 0)
			appendStringInfoString(out, " > ");
		label_write(out, step->stage.text, step->stage.len);
		if (step->limited)
		{
			appendStringInfoString(out, " (");
			span_write(out, &step->limit);
			appendStringInfoChar(out, ')');
		}
	}
}

/*
 * Appends the canonical text.
 */
void
funnel_spec_print(StringInfo out, const FunnelSpec *spec)
{
	static const char *const orderings[] = {"", " adjacent", " any order"};

	print_steps(out, spec);
	if (spec->windowed)
	{
		appendStringInfoString(out, " within ");
		span_write(out, &spec->within);
	}
	appendStringInfoString(out, orderings[spec->ordering]);
	if (spec->first_entry)
		appendStringInfoString(out, " first entry");
	if (spec->at_least)
		appendStringInfoString(out, " at least");
	for (int i = 0; i < spec->nexcluded; i++)
	{
		appendStringInfoString(out, i == 0 ? " excluding " : ", ");
		label_write(out, spec->excluded[i].text, spec->excluded[i].len);
	}
	if (spec->entered_from != DT_NOBEGIN || spec->entered_to != DT_NOEND)
	{
		appendStringInfoString(out, " entered ");
		scan_write_period(out, spec->entered_from, spec->entered_to);
	}
	if (spec->as_of != DT_NOEND)
	{
		appendStringInfoString(out, " as of ");
		scan_write_instant(out, spec->as_of);
	}
}
