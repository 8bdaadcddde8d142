/*-------------------------------------------------------------------------
 *
 * survival_text.c
 *		A survival as text; see survival_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "label.h"
#include "scan.h"
#include "survival_text.h"

/* One list: the durations of the entries with this cause. */
static void
write_times(StringInfo out, const Survival *trimmed, uint32 cause)
{
	const char *before = "[";

	for (uint32 i = 0; i < trimmed->nentries; i++)
	{
		const SurvivalEntry *entry = &survival_entries(trimmed)[i];

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (survival_entry_cause(entry) != cause)
			continue;
		appendStringInfo(out, "%s" INT64_FORMAT, before, entry->time);
		if (survival_entry_count(entry) > 1)
			appendStringInfo(out, "*" UINT64_FORMAT, survival_entry_count(entry));
		before = ",";
	}
	appendStringInfoChar(out, ']');
}

static bool
has_censored(const Survival *trimmed)
{
	for (uint32 i = 0; i < trimmed->nentries; i++)
		if (survival_entry_cause(&survival_entries(trimmed)[i]) == SURVIVAL_CENSORED)
			return true;
	return false;
}

/*
 * Appends the canonical text.
 */
void
survival_write(StringInfo out, const Survival *trimmed)
{
	JourneyLabel *labels = palloc(Max(trimmed->ncauses, 1) * sizeof(JourneyLabel));
	const char *before = "";

	survival_cause_labels(trimmed, labels);
	appendBinaryStringInfo(out, trimmed->spec, trimmed->spec_len);
	appendStringInfoString(out, trimmed->spec_len > 0 ? " {" : "{");
	if (has_censored(trimmed))
	{
		appendStringInfoString(out, "open ");
		write_times(out, trimmed, SURVIVAL_CENSORED);
		before = "; ";
	}
	for (uint32 i = 0; i < trimmed->ncauses; i++)
	{
		appendStringInfo(out, "%sto ", before);
		label_write(out, labels[i].text, labels[i].len);
		appendStringInfoChar(out, ' ');
		write_times(out, trimmed, 1 + i);
		before = "; ";
	}
	appendStringInfoChar(out, '}');
	pfree(labels);
}

/*
 * The survival of nobody with this specification; NULL is none.
 */
Survival *
survival_create_as(const SurvivalSpec *spec)
{
	StringInfoData text;

	initStringInfo(&text);
	if (spec != NULL)
		survival_spec_write(&text, spec);
	return survival_create(text.data, text.len);
}

/*
 * Could journeys have given this under the specification?  A cause of NULL is censored.
 */
bool
survival_admits(const SurvivalSpec *spec, const JourneyLabel *cause, int64 time, PureError *error)
{
	if (time < 0 || time > SURVIVAL_MAX_TIME)
		return pure_fail(error, PURE_VALUE, "duration out of range");
	if (spec == NULL)
		return true;
	if (cause != NULL && label_list_find(&spec->causes, cause->text, cause->len) < 0)
		return pure_fail(error, PURE_VALUE, "stage \"%s\" is not one that the survival waits for",
						 pure_sample(cause->text, cause->len));
	if (spec->by > 0 && time % spec->by != 0)
		return pure_fail(error, PURE_VALUE, "a duration is not a whole number of buckets");
	return true;
}

/* A survival being read. */
typedef struct Reading
{
	Scanner		scanner;
	const SurvivalSpec *spec;	/* or NULL */
	Survival   *survival;
} Reading;

/* "time" or "time*count", of a cause that is NULL where it is none */
static bool
read_time(Reading *reading, const JourneyLabel *label, uint32 cause)
{
	Scanner    *scanner = &reading->scanner;
	const char *start = scanner->start;
	int64		time,
				count = 1;

	if (!scan_integer(scanner, 0, SURVIVAL_MAX_TIME, &time))
		return false;
	if (scan_accept_mark(scanner, '*') && !scan_integer(scanner, 1, SURVIVAL_MAX_TOTAL, &count))
		return false;
	if (survival_admits(reading->spec, label, time, scanner->error) &&
		survival_add(&reading->survival, time, cause, count, scanner->error))
		return true;
	return pure_at(scanner->error, scanner->text, start);
}

/* "open [...]" or "to label [...]" */
static bool
read_list(Reading *reading)
{
	Scanner    *scanner = &reading->scanner;
	JourneyLabel label;
	bool		open = scan_accept(scanner, "open");
	uint32		cause = SURVIVAL_CENSORED;

	if (!open && !scan_accept(scanner, "to"))
		return scan_unexpected(scanner, "\"open\" or \"to\"");
	if (!open && (!scan_label(scanner, &label) ||
				  !survival_put_cause(&reading->survival, label, &cause, scanner->error)))
		return false;
	if (!scan_expect_mark(scanner, '['))
		return false;
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_time(reading, open ? NULL : &label, cause))
			return false;
	} while (scan_accept_mark(scanner, ','));
	return scan_expect_mark(scanner, ']');
}

/* What stands between the braces, in any order; what is given twice is added up. */
static bool
read_lists(Reading *reading)
{
	Scanner    *scanner = &reading->scanner;

	if (scan_accept_mark(scanner, '}'))
		return true;
	do
	{
		if (!read_list(reading))
			return false;
	} while (scan_accept_mark(scanner, ';'));
	return scan_expect_mark(scanner, '}');
}

/*
 * Reads a survival; it is trimmed, palloc'd, or NULL once error is filled in.
 */
Survival *
survival_read(const char *text, size_t len, PureError *error)
{
	Reading		reading = {0};
	SurvivalSpec spec;

	scan_begin(&reading.scanner, text, len, error);
	if (scan_is(&reading.scanner, "from"))
	{
		const char *start = reading.scanner.start;

		if (!survival_spec_scan(&reading.scanner, &spec))
			return NULL;
		if (!survival_spec_complete(&spec, error))
		{
			pure_at(error, text, start);
			return NULL;
		}
		reading.spec = &spec;
	}
	if (!scan_expect_mark(&reading.scanner, '{'))
		return NULL;
	reading.survival = survival_create_as(reading.spec);
	if (!read_lists(&reading) || !scan_finish(&reading.scanner))
		return NULL;
	return survival_trim(reading.survival);
}
