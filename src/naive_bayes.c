/*-------------------------------------------------------------------------
 *
 * naive_bayes.c
 *		The value that a table of counts becomes, and finding counts in it; see naive_bayes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "naive_bayes.h"

/* By field; the field as a whole in front of its values. */
static int
compare_counts(const void *a, const void *b)
{
	const NaiveBayesCount *left = *(NaiveBayesCount *const *) a;
	const NaiveBayesCount *right = *(NaiveBayesCount *const *) b;
	int			order = journey_label_compare(&left->field, &right->field);

	if (order != 0)
		return order;
	if (left->value.text == NULL || right->value.text == NULL)
		return (left->value.text != NULL) - (right->value.text != NULL);
	return journey_label_compare(&left->value, &right->value);
}

/* The counts that are not zero, in order. */
static NaiveBayesCount **
sort_counts(const NaiveBayesTable *table, uint32 *n)
{
	NaiveBayesCount **sorted = palloc(Max(table->ncounts, 1) * sizeof(NaiveBayesCount *));

	*n = 0;
	for (uint32 i = 0; i < table->ncounts; i++)
		if (table->counts[i].won != 0 || table->counts[i].lost != 0)
			sorted[(*n)++] = &table->counts[i];
	if (*n > 1)
		qsort(sorted, *n, sizeof(NaiveBayesCount *), compare_counts);
	return sorted;
}

/* Can so many of so many deals be? */
static bool
check_counts(const NaiveBayesCount *count, int64 won, int64 lost, PureError *error)
{
	bool		too_many_won = count->won > won;

	if (count->won >= 0 && count->lost >= 0 && !too_many_won && count->lost <= lost)
		return true;
	if (count->won < 0 || count->lost < 0)
		pure_fail(error, PURE_VALUE, "a count is negative");
	else
		pure_fail(error, PURE_VALUE, INT64_FORMAT " deals were %s out of " INT64_FORMAT,
				  too_many_won ? count->won : count->lost, too_many_won ? "won" : "lost",
				  too_many_won ? won : lost);
	if (count->value.text == NULL)
		return pure_detail(error, "It is that of \"%s\".",
						   pure_sample(count->field.text, count->field.len));
	return pure_detail(error, "It is that of \"%s\" in \"%s\".",
					   pure_sample(count->value.text, count->value.len),
					   pure_sample(count->field.text, count->field.len));
}

/* Every deal that has a field has one of its values at least. */
static bool
check_field(const NaiveBayesField *field, const NaiveBayesCount *whole, PureError *error)
{
	if (field->won_total >= (double) field->won && field->lost_total >= (double) field->lost)
		return true;
	pure_fail(error, PURE_VALUE, "a field has fewer values than deals");
	return pure_detail(error, "It is \"%s\".", pure_sample(whole->field.text, whole->field.len));
}

static NaiveBayes *
allocate(const NaiveBayesTable *table, NaiveBayesCount *const *sorted, uint32 n)
{
	size_t		size = sizeof(NaiveBayes);
	uint32		nfields = 0;
	NaiveBayes *model;

	for (uint32 i = 0; i < n; i++)
	{
		bool		is_whole = sorted[i]->value.text == NULL;

		nfields += is_whole;
		size += is_whole ? sizeof(NaiveBayesField) + 1 + sorted[i]->field.len :
			sizeof(NaiveBayesCell) + 1 + sorted[i]->value.len;
	}
	model = palloc0(size);
	model->version = NAIVE_BAYES_VERSION;
	model->size = size;
	model->nfields = nfields;
	model->ncells = n - nfields;
	model->won = table->won;
	model->lost = table->lost;
	return model;
}

static uint32
write_name(NaiveBayes *model, char **end, const JourneyLabel *name)
{
	uint32		at = *end - (char *) model;

	**end = (char) name->len;
	memcpy(*end + 1, name->text, name->len);
	*end += 1 + name->len;
	return at;
}

/* Writes counts in order into the value that has room for them. */
static bool
write_counts(NaiveBayes *model, NaiveBayesCount *const *sorted, uint32 n, PureError *error)
{
	NaiveBayesField *field = (NaiveBayesField *) (model + 1) - 1;
	NaiveBayesCell *cells = (NaiveBayesCell *) naive_bayes_cells(model);
	char	   *end = (char *) (cells + model->ncells);
	const NaiveBayesCount *whole = NULL;
	uint32		ncells = 0;

	for (uint32 i = 0; i < n; i++)
	{
		const NaiveBayesCount *count = sorted[i];

		CHECK_FOR_INTERRUPTS();
		if (count->value.text == NULL)
		{
			if (!check_counts(count, model->won, model->lost, error) ||
				(whole != NULL && !check_field(field, whole, error)))
				return false;
			whole = count;
			field++;
			field->name = write_name(model, &end, &count->field);
			field->first = ncells;
			field->won = count->won;
			field->lost = count->lost;
			continue;
		}
		if (whole == NULL || journey_label_compare(&whole->field, &count->field) != 0)
			return check_counts(count, 0, 0, error);
		if (!check_counts(count, field->won, field->lost, error))
			return false;
		field->ncells++;
		field->won_total += count->won;
		field->lost_total += count->lost;
		cells[ncells].name = write_name(model, &end, &count->value);
		cells[ncells].won = count->won;
		cells[ncells++].lost = count->lost;
	}
	return whole == NULL || check_field(field, whole, error);
}

/*
 * The value; the same deals give the same bytes, however they were counted.  NULL once
 * error is filled in: no deals can be counted like that.
 */
NaiveBayes *
naive_bayes_end(const NaiveBayesTable *table, PureError *error)
{
	uint32		n;
	NaiveBayesCount **sorted;
	NaiveBayes *model;

	if (table->won < 0 || table->lost < 0)
	{
		pure_fail(error, PURE_VALUE, "a count is negative");
		pure_detail(error, "It is that of all deals.");
		return NULL;
	}
	sorted = sort_counts(table, &n);
	model = allocate(table, sorted, n);
	if (!write_counts(model, sorted, n, error))
		return NULL;
	pfree(sorted);
	return model;
}

/*
 * The field of that name, or NULL.
 */
const NaiveBayesField *
naive_bayes_find_field(const NaiveBayes *model, JourneyLabel name)
{
	uint32		low = 0,
				high = model->nfields;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		const NaiveBayesField *field = &naive_bayes_fields(model)[middle];
		JourneyLabel known = naive_bayes_name(model, field->name);
		int			order = journey_label_compare(&name, &known);

		if (order == 0)
			return field;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/*
 * The field's value of that name, or NULL.
 */
const NaiveBayesCell *
naive_bayes_find_cell(const NaiveBayes *model, const NaiveBayesField *field, JourneyLabel name)
{
	uint32		low = field->first,
				high = field->first + field->ncells;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		const NaiveBayesCell *cell = &naive_bayes_cells(model)[middle];
		JourneyLabel known = naive_bayes_name(model, cell->name);
		int			order = journey_label_compare(&name, &known);

		if (order == 0)
			return cell;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
