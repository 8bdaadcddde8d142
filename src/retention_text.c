/*-------------------------------------------------------------------------
 *
 * retention_text.c
 *		A retention as text; see retention_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "retention_text.h"

/*
 * Appends the canonical text.
 */
void
retention_print(StringInfo out, const Retention *retention)
{
	appendStringInfoChar(out, '{');
	appendBinaryStringInfo(out, retention->spec, retention->spec_len);
	for (uint32 i = 0; i < retention->ncohorts; i++)
	{
		const RetentionCohort *cohort = retention_cohort(retention, i);
		int64		retained = 0;

		CHECK_FOR_INTERRUPTS();
		appendStringInfoString(out, "; ");
		scan_write_instant(out, cohort->start);
		appendStringInfo(out, " " INT64_FORMAT ":", cohort->size);
		for (uint32 period = 0; period < retention->nperiods; period++)
		{
			retained += cohort->change[period];
			appendStringInfo(out, " " INT64_FORMAT, retained);
		}
	}
	appendStringInfoChar(out, '}');
}

static bool
read_cohort(Scanner *scanner, Retention **retention, int64 *retained)
{
	const char *start = scanner->start;
	TimestampTz at;
	int64		size = 0;

	if (!scan_instant(scanner, &at) ||
		!scan_integer(scanner, 1, PG_INT64_MAX, &size) ||
		!scan_expect_mark(scanner, ':'))
		return false;
	for (uint32 period = 0; period < (*retention)->nperiods; period++)
		if (!scan_integer(scanner, 0, size, &retained[period]))
			return false;
	return retention_put(retention, at, size, retained, scanner->error) ||
		pure_at(scanner->error, scanner->text, start);
}

static Retention *
read_cohorts(Scanner *scanner, const RetentionSpec *spec)
{
	Retention  *retention;
	StringInfoData text;
	int64	   *retained = palloc(spec->nperiods * sizeof(int64));

	initStringInfo(&text);
	retention_spec_print(&text, spec);
	retention = retention_begin(text.data, text.len, spec->nperiods);
	while (scan_accept_mark(scanner, ';'))
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_cohort(scanner, &retention, retained))
			return NULL;
	}
	return retention_trim(retention);
}

/*
 * Reads the text of a retention; it is trimmed, palloc'd, or NULL once error is filled
 * in.
 */
Retention *
retention_parse(const char *text, size_t len, ZoneFinder finder, PureError *error)
{
	RetentionSpec spec;
	Scanner		scanner;
	Retention  *retention;

	scan_begin(&scanner, text, len, error);
	if (!scan_expect_mark(&scanner, '{') || !retention_spec_read(&scanner, finder, &spec))
		return NULL;
	if (spec.as_of == DT_NOEND)
	{
		pure_fail(error, PURE_VALUE, "a retention needs an \"as of\"");
		return NULL;
	}
	retention = read_cohorts(&scanner, &spec);
	if (retention == NULL || !scan_expect_mark(&scanner, '}') || !scan_finish(&scanner))
		return NULL;
	return retention;
}
