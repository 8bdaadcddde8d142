/*-------------------------------------------------------------------------
 *
 * journey_text.c
 *		A journey as text.
 *
 *		{lead@2026-01-05T09:00:00Z,"closed won"@2026-02-01T10:30:00.5Z}
 *
 * What is printed here is the same under every setting; what is read may have blanks
 * around every part.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "instant.h"
#include "journey_text.h"
#include "label.h"
#include "scan.h"

/*
 * Appends the canonical text of a journey.
 */
void
journey_print(StringInfo out, const JourneyView *view)
{
	JourneyLabel *labels = palloc(view->nlabels * sizeof(JourneyLabel));

	journey_labels(view, labels);
	for (uint32 step = 0; step < view->nsteps; step++)
	{
		JourneyLabel *label = &labels[journey_index(view, step)];

		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(out, step == 0 ? '{' : ',');
		label_write(out, label->text, label->len);
		appendStringInfoChar(out, '@');
		scan_write_instant(out, journey_at(view, step));
	}
	appendStringInfoChar(out, '}');
	pfree(labels);
}

static bool
read_step(Scanner *scanner, JourneyBuilder *builder)
{
	const char *start = scanner->start;
	JourneyLabel label;
	TimestampTz at;

	if (!scan_label(scanner, &label) ||
		!scan_expect_mark(scanner, '@') ||
		!scan_instant(scanner, &at))
		return false;
	if (!journey_add(builder, label.text, label.len, at, scanner->error))
		return pure_at(scanner->error, scanner->text, start);
	pfree(unconstify(char *, label.text));
	return true;
}

/*
 * Reads the text of a whole journey into a builder that was just begun.
 */
bool
journey_parse(JourneyBuilder *builder, const char *text, size_t len, PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!scan_expect_mark(&scanner, '{'))
		return pure_hint(error, "A journey looks like {lead@2026-01-05T09:00:00Z,\"closed won\"@2026-02-01}.");
	if (scan_accept_mark(&scanner, '}'))
	{
		pure_fail(error, PURE_SYNTAX, "a journey has at least one step");
		return pure_hint(error, "Use NULL where there is no journey.");
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_step(&scanner, builder))
			return false;
	} while (scan_accept_mark(&scanner, ','));
	if (!scan_accept_mark(&scanner, '}'))
		return scan_unexpected(&scanner, "\",\" or \"}\"");
	return scan_finish(&scanner);
}
