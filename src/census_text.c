/*-------------------------------------------------------------------------
 *
 * census_text.c
 *		A census as text:
 *
 *		{from 2026-01-01T00:00:00Z to 2026-03-01T00:00:00Z every 1 month; lead: 3 5 4; won: 0 1 2}
 *
 * The specification, then every stage with its count at each instant.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "census.h"
#include "label.h"

/*
 * Appends the canonical text.
 */
void
census_print(StringInfo out, const Census *trimmed)
{
	appendStringInfoChar(out, '{');
	appendBinaryStringInfo(out, trimmed->spec, trimmed->spec_len);
	for (uint32 i = 0; i < trimmed->nstages; i++)
	{
		const CensusStage *stage = census_stage(trimmed, i);
		JourneyLabel label = census_label(trimmed, stage);
		int64		count = 0;

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, "; ");
		label_write(out, label.text, label.len);
		appendStringInfoChar(out, ':');
		for (uint32 at = 0; at < trimmed->ninstants; at++)
		{
			count += stage->change[at];
			appendStringInfo(out, " " INT64_FORMAT, count);
		}
	}
	appendStringInfoChar(out, '}');
}

static bool
read_stage(Scanner *scanner, Census **census, LabelBook *book, int64 *counts)
{
	const char *start = scanner->start;
	JourneyLabel label;

	if (!scan_label(scanner, &label) || !scan_expect_mark(scanner, ':'))
		return false;
	for (uint32 at = 0; at < (*census)->ninstants; at++)
		if (!scan_integer(scanner, 0, PG_INT64_MAX, &counts[at]))
			return false;
	return census_put(census, book, label, counts, scanner->error) ||
		pure_at(scanner->error, scanner->text, start);
}

static Census *
read_stages(Scanner *scanner, const CensusSpec *spec)
{
	LabelBook  *book = label_book_create(1);
	StringInfoData text;
	Grid		instants;
	Census	   *census;
	int64	   *counts;

	initStringInfo(&text);
	census_spec_print(&text, spec);
	census_instants(spec, &instants);
	census = census_begin(text.data, text.len, instants.n);
	counts = palloc(instants.n * sizeof(int64));
	while (scan_accept_mark(scanner, ';'))
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_stage(scanner, &census, book, counts))
			return NULL;
	}
	return census_trim(census);
}

/*
 * Reads the text of a census; it is trimmed, palloc'd, or NULL once error is filled in.
 */
Census *
census_parse(const char *text, size_t len, ZoneFinder finder, PureError *error)
{
	CensusSpec	spec;
	Scanner		scanner;
	Census	   *census;

	scan_begin(&scanner, text, len, error);
	if (!scan_expect_mark(&scanner, '{') || !census_spec_read(&scanner, finder, &spec))
		return NULL;
	census = read_stages(&scanner, &spec);
	if (census == NULL || !scan_expect_mark(&scanner, '}') || !scan_finish(&scanner))
		return NULL;
	return census;
}
