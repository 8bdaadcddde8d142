/*-------------------------------------------------------------------------
 *
 * events_text.c
 *		Collected events as text.
 *
 *		{lead:1@2026-01-05T09:00:00Z#7,mql:2@2026-01-06T11:00:00Z#8}
 *
 * A journey's text with two things added: behind ":" the label's order where labels
 * have one, behind "#" the event's seq where events have one: all of them, or none.
 * It is printed in the order that the journey will have.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "events_text.h"
#include "label.h"
#include "scan.h"

static void
write_order(StringInfo out, float4 order)
{
	char	   *number = psprintf("%.9g", order);

	appendStringInfoChar(out, ':');
	label_write(out, number, strlen(number));
	pfree(number);
}

void
events_print(StringInfo out, const JourneyEvents *events)
{
	EventLabel *labels = events_labels(events);
	SortedEvent *sorted = events_sorted(events);

	for (uint32 i = 0; i < events->nevents; i++)
	{
		const EventLabel *label = &labels[sorted[i].label];

		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(out, i == 0 ? '{' : ',');
		label_write(out, label->label.text, label->label.len);
		if (label->order != 0)
			write_order(out, label->order);
		appendStringInfoChar(out, '@');
		scan_write_instant(out, sorted[i].at);
		if (events_have_seq(events))
			appendStringInfo(out, "#" INT64_FORMAT, sorted[i].seq);
	}
	appendStringInfoChar(out, '}');
	pfree(sorted);
	pfree(labels);
}

/* The order of a label: none is 0. */
static bool
read_order(Scanner *scanner, float4 *order)
{
	char	   *end;

	*order = 0;
	if (!scan_accept_mark(scanner, ':'))
		return true;
	*order = strtof(scanner->value.data, &end);
	if (end == scanner->value.data || *end != '\0' || !isfinite(*order))
		return scan_unexpected(scanner, "a number");
	scan_next(scanner);
	return true;
}

static bool
read_seq(Scanner *scanner, bool *has_seq, int64 *seq)
{
	char	   *end;

	*seq = 0;
	*has_seq = scan_accept_mark(scanner, '#');
	if (!*has_seq)
		return true;
	errno = 0;
	*seq = strtoll(scanner->value.data, &end, 10);
	if (end == scanner->value.data || *end != '\0' || errno != 0)
		return scan_unexpected(scanner, "a whole number");
	scan_next(scanner);
	return true;
}

/* The first event decides whether all have a seq. */
static bool
read_event(Scanner *scanner, JourneyEvents **events)
{
	const char *start = scanner->start;
	EventLabel	label;
	TimestampTz at;
	int64		seq;
	bool		has_seq;

	if (!scan_label(scanner, &label.label) ||
		!read_order(scanner, &label.order) ||
		!scan_expect_mark(scanner, '@') ||
		!scan_instant(scanner, &at) ||
		!read_seq(scanner, &has_seq, &seq))
		return false;
	if (*events == NULL)
		*events = events_begin(has_seq, label.order != 0);
	if (has_seq != events_have_seq(*events))
		return scan_fail(scanner, PURE_SYNTAX, "either all events have a \"#\", or none has");
	*events = events_add(*events, &label, at, seq, scanner->error);
	if (*events == NULL)
		return pure_at(scanner->error, scanner->text, start);
	pfree(unconstify(char *, label.label.text));
	return true;
}

/*
 * Reads the text of collected events; NULL where it is malformed.
 */
JourneyEvents *
events_parse(const char *text, size_t len, PureError *error)
{
	Scanner		scanner;
	JourneyEvents *events = NULL;

	scan_begin(&scanner, text, len, error);
	if (!scan_expect_mark(&scanner, '{'))
		return NULL;
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_event(&scanner, &events))
			return NULL;
	} while (scan_accept_mark(&scanner, ','));
	if (!scan_expect_mark(&scanner, '}') || !scan_finish(&scanner))
		return NULL;
	return events;
}
