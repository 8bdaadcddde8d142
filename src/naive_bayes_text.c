/*-------------------------------------------------------------------------
 *
 * naive_bayes_text.c
 *		A naive Bayes model as text:
 *
 *			{5 won, 4 lost; country 5/4: be 3/2, fr 2/2; tag 4/0: big 3/0, new 2/0}
 *
 * Behind a name stand the deals that have it, won / lost; behind a field's its values.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "label.h"
#include "naive_bayes_text.h"
#include "scan.h"

static bool
scan_name(Scanner *scanner, JourneyLabel *name, const char *what)
{
	if (scanner->kind != SCAN_WORD && scanner->kind != SCAN_LABEL)
		return scan_unexpected(scanner, what);
	if (scanner->value.len > NAIVE_BAYES_MAX_NAME)
		return scan_fail(scanner, PURE_LIMIT, "%s of %d bytes is too long: \"%s\"", what,
						 scanner->value.len,
						 pure_sample(scanner->value.data, scanner->value.len));
	name->text = pnstrdup(scanner->value.data, scanner->value.len);
	name->len = scanner->value.len;
	scan_next(scanner);
	return true;
}

/* "3/2", and puts it into the table */
static bool
scan_counts(Scanner *scanner, NaiveBayesTable *table, NaiveBayesCount *count)
{
	return scan_integer(scanner, 0, PG_INT64_MAX, &count->won) &&
		scan_expect_mark(scanner, '/') &&
		scan_integer(scanner, 0, PG_INT64_MAX, &count->lost) &&
		naive_bayes_put(table, count, scanner->error);
}

/* "country 5/4: be 3/2, fr 2/2" */
static bool
scan_field(Scanner *scanner, NaiveBayesTable *table)
{
	NaiveBayesCount count = {{NULL}};

	if (!scan_name(scanner, &count.field, "a field") || !scan_counts(scanner, table, &count) ||
		!scan_expect_mark(scanner, ':'))
		return false;
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!scan_name(scanner, &count.value, "a value") || !scan_counts(scanner, table, &count))
			return false;
	} while (scan_accept_mark(scanner, ','));
	return true;
}

static bool
scan_model(Scanner *scanner, NaiveBayesTable *table)
{
	int64		won,
				lost;

	if (!scan_expect_mark(scanner, '{') ||
		!scan_integer(scanner, 0, PG_INT64_MAX, &won) || !scan_expect(scanner, "won") ||
		!scan_expect_mark(scanner, ',') ||
		!scan_integer(scanner, 0, PG_INT64_MAX, &lost) || !scan_expect(scanner, "lost") ||
		!naive_bayes_put_deals(table, won, lost, scanner->error))
		return false;
	while (scan_accept_mark(scanner, ';'))
		if (!scan_field(scanner, table))
			return false;
	return scan_expect_mark(scanner, '}') && scan_finish(scanner);
}

/*
 * Reads a model; it is palloc'd, or NULL once error is filled in.
 */
NaiveBayes *
naive_bayes_read(const char *text, size_t len, PureError *error)
{
	NaiveBayesTable *table = naive_bayes_begin();
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	return scan_model(&scanner, table) ? naive_bayes_end(table, error) : NULL;
}

static void
write_name(StringInfo out, const NaiveBayes *model, uint32 at, uint64 won, uint64 lost)
{
	JourneyLabel name = naive_bayes_name(model, at);

	label_write(out, name.text, name.len);
	appendStringInfo(out, " " UINT64_FORMAT "/" UINT64_FORMAT, won, lost);
}

void
naive_bayes_write(StringInfo out, const NaiveBayes *model)
{
	appendStringInfo(out, "{" UINT64_FORMAT " won, " UINT64_FORMAT " lost", model->won, model->lost);
	for (uint32 i = 0; i < model->nfields; i++)
	{
		const NaiveBayesField *field = &naive_bayes_fields(model)[i];

		appendStringInfoString(out, "; ");
		write_name(out, model, field->name, field->won, field->lost);
		for (uint32 j = 0; j < field->ncells; j++)
		{
			const NaiveBayesCell *cell = &naive_bayes_cells(model)[field->first + j];

			CHECK_FOR_INTERRUPTS();
			appendStringInfoString(out, j == 0 ? ": " : ", ");
			write_name(out, model, cell->name, cell->won, cell->lost);
		}
	}
	appendStringInfoChar(out, '}');
}
