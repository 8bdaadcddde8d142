/*-------------------------------------------------------------------------
 *
 * naive_bayes_count.c
 *		Counting deals and their features in a table, adding and subtracting; see naive_bayes.h.
 *
 * A table grows by repalloc, so it stays in the memory context in which it was made; the
 * names of new counts are copied into the current one.  What a table becomes is
 * naive_bayes.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/hashfn.h"

#include "naive_bayes.h"

#define FIRST_ROOM 32

static bool
check_name(JourneyLabel name, const char *what, PureError *error)
{
	if (name.len <= NAIVE_BAYES_MAX_NAME)
		return true;
	pure_fail(error, PURE_LIMIT, "a feature's %s of %u bytes is too long: \"%s\"", what, name.len,
			  pure_sample(name.text, name.len));
	return pure_hint(error, "It has at most %d bytes.", NAIVE_BAYES_MAX_NAME);
}

/*
 * Adds a feature to a deal's; the names must live as long as the list.
 */
bool
naive_bayes_put_feature(NaiveBayesFeatures *features, JourneyLabel field, JourneyLabel value,
						PureError *error)
{
	if (!check_name(field, "field", error) || !check_name(value, "value", error))
		return false;
	if (features->count == NAIVE_BAYES_MAX_COUNTS)
		return pure_fail(error, PURE_LIMIT, "a deal cannot have more than %d features",
						 NAIVE_BAYES_MAX_COUNTS);
	if (features->count == features->room)
	{
		features->room = Max(8, 2 * features->room);
		features->items = features->items == NULL ?
			palloc(features->room * sizeof(NaiveBayesFeature)) :
			repalloc(features->items, features->room * sizeof(NaiveBayesFeature));
	}
	features->items[features->count].field = field;
	features->items[features->count].value = value;
	features->count++;
	return true;
}

static int
compare_features(const void *a, const void *b)
{
	const NaiveBayesFeature *left = a;
	const NaiveBayesFeature *right = b;
	int			order = journey_label_compare(&left->field, &right->field);

	return order != 0 ? order : journey_label_compare(&left->value, &right->value);
}

/*
 * Puts a deal's features in order, each once: it has a value or it has not.
 */
void
naive_bayes_sort_features(NaiveBayesFeatures *features)
{
	uint32		n = 0;

	if (features->count > 1)
		qsort(features->items, features->count, sizeof(NaiveBayesFeature), compare_features);
	for (uint32 i = 0; i < features->count; i++)
		if (n == 0 || compare_features(&features->items[n - 1], &features->items[i]) != 0)
			features->items[n++] = features->items[i];
	features->count = n;
}

NaiveBayesTable *
naive_bayes_begin(void)
{
	NaiveBayesTable *table = palloc0(sizeof(NaiveBayesTable));

	table->room = FIRST_ROOM;
	table->counts = palloc(table->room * sizeof(NaiveBayesCount));
	table->nslots = 2 * table->room;
	table->slots = palloc0(table->nslots * sizeof(uint32));
	return table;
}

static bool
same_name(const JourneyLabel *a, const JourneyLabel *b)
{
	return a->len == b->len && (a->text == NULL) == (b->text == NULL) &&
		memcmp(a->text ? a->text : "", b->text ? b->text : "", a->len) == 0;
}

static uint32
hash_names(const JourneyLabel *field, const JourneyLabel *value)
{
	uint32		hash = hash_bytes((const unsigned char *) field->text, field->len);

	if (value->text == NULL)
		return hash;
	return hash_combine(hash, hash_bytes((const unsigned char *) value->text, value->len) + 1);
}

/* Where the count is, or the empty slot where it belongs. */
static uint32
find_slot(const NaiveBayesTable *table, const JourneyLabel *field, const JourneyLabel *value,
		  uint32 hash)
{
	uint32		slot = hash & (table->nslots - 1);

	for (; table->slots[slot] != 0; slot = (slot + 1) & (table->nslots - 1))
	{
		const NaiveBayesCount *known = &table->counts[table->slots[slot] - 1];

		if (known->hash == hash && same_name(&known->field, field) &&
			same_name(&known->value, value))
			break;
	}
	return slot;
}

static void
double_room(NaiveBayesTable *table)
{
	table->room *= 2;
	table->counts = repalloc(table->counts, table->room * sizeof(NaiveBayesCount));
	table->nslots *= 2;
	table->slots = repalloc(table->slots, table->nslots * sizeof(uint32));
	memset(table->slots, 0, table->nslots * sizeof(uint32));
	for (uint32 i = 0; i < table->ncounts; i++)
	{
		const NaiveBayesCount *count = &table->counts[i];

		table->slots[find_slot(table, &count->field, &count->value, count->hash)] = i + 1;
	}
}

static JourneyLabel
copy_name(const JourneyLabel *name)
{
	char	   *text = palloc(Max(name->len, 1));
	JourneyLabel copy = {text, name->len};

	memcpy(text, name->text, name->len);
	return copy;
}

/* The count of a field's value, or of the field as a whole; NULL once error is filled in. */
static NaiveBayesCount *
get_count(NaiveBayesTable *table, const JourneyLabel *field, const JourneyLabel *value,
		  PureError *error)
{
	uint32		hash = hash_names(field, value);
	uint32		slot = find_slot(table, field, value, hash);
	NaiveBayesCount *count;

	if (table->slots[slot] != 0)
		return &table->counts[table->slots[slot] - 1];
	if (table->ncounts == NAIVE_BAYES_MAX_COUNTS)
	{
		pure_fail(error, PURE_LIMIT, "a naive Bayes model cannot have more than %d fields and values",
				  NAIVE_BAYES_MAX_COUNTS);
		pure_hint(error, "Leave out fields that tell deals apart rather than classify them.");
		return NULL;
	}
	if (table->ncounts == table->room)
	{
		double_room(table);
		slot = find_slot(table, field, value, hash);
	}
	count = &table->counts[table->ncounts];
	memset(count, 0, sizeof(*count));
	count->field = copy_name(field);
	if (value->text != NULL)
		count->value = copy_name(value);
	count->hash = hash;
	table->slots[slot] = ++table->ncounts;
	return count;
}

static bool
add_number(int64 *number, int64 more, PureError *error)
{
	if (!__builtin_add_overflow(*number, more, number))
		return true;
	return pure_fail(error, PURE_LIMIT, "a naive Bayes model cannot count so many deals");
}

/*
 * Adds to a count; it may be below zero until naive_bayes_end.
 */
bool
naive_bayes_put(NaiveBayesTable *table, const NaiveBayesCount *count, PureError *error)
{
	NaiveBayesCount *known;

	if (!check_name(count->field, "field", error) || !check_name(count->value, "value", error))
		return false;
	known = get_count(table, &count->field, &count->value, error);
	return known != NULL && add_number(&known->won, count->won, error) &&
		add_number(&known->lost, count->lost, error);
}

/*
 * Adds to the number of deals.
 */
bool
naive_bayes_put_deals(NaiveBayesTable *table, int64 won, int64 lost, PureError *error)
{
	return add_number(&table->won, won, error) && add_number(&table->lost, lost, error);
}

/* Counts a deal, or with sign -1 takes it away. */
static bool
put_deal(NaiveBayesTable *table, bool is_won, const NaiveBayesFeatures *features, int64 sign,
		 PureError *error)
{
	int64		won = is_won ? sign : 0;
	int64		lost = is_won ? 0 : sign;

	for (uint32 i = 0; i < features->count; i++)
	{
		const NaiveBayesFeature *feature = &features->items[i];
		NaiveBayesCount count = {feature->field, feature->value, 0, won, lost};

		if (!naive_bayes_put(table, &count, error))
			return false;
		if (i > 0 && journey_label_compare(&feature->field, &feature[-1].field) == 0)
			continue;
		memset(&count.value, 0, sizeof(count.value));
		if (!naive_bayes_put(table, &count, error))
			return false;
	}
	return naive_bayes_put_deals(table, won, lost, error);
}

/*
 * Counts a closed deal, whose features are sorted.
 */
bool
naive_bayes_count_deal(NaiveBayesTable *table, bool won, const NaiveBayesFeatures *features,
					   PureError *error)
{
	return put_deal(table, won, features, 1, error);
}

/*
 * Takes one away again.
 */
bool
naive_bayes_uncount_deal(NaiveBayesTable *table, bool won, const NaiveBayesFeatures *features,
						 PureError *error)
{
	return put_deal(table, won, features, -1, error);
}

/*
 * Adds what another table counts.
 */
bool
naive_bayes_put_table(NaiveBayesTable *table, const NaiveBayesTable *other, PureError *error)
{
	for (uint32 i = 0; i < other->ncounts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!naive_bayes_put(table, &other->counts[i], error))
			return false;
	}
	return naive_bayes_put_deals(table, other->won, other->lost, error);
}

static bool
put_counts(NaiveBayesTable *table, const NaiveBayes *model, int64 sign, PureError *error)
{
	if (!naive_bayes_put_deals(table, sign * (int64) model->won, sign * (int64) model->lost, error))
		return false;
	for (uint32 i = 0; i < model->nfields; i++)
	{
		const NaiveBayesField *field = &naive_bayes_fields(model)[i];
		NaiveBayesCount count = {.field = naive_bayes_name(model, field->name),
			.won = sign * (int64) field->won, .lost = sign * (int64) field->lost};

		CHECK_FOR_INTERRUPTS();
		if (!naive_bayes_put(table, &count, error))
			return false;
		for (uint32 j = field->first; j < field->first + field->ncells; j++)
		{
			const NaiveBayesCell *cell = &naive_bayes_cells(model)[j];

			count.value = naive_bayes_name(model, cell->name);
			count.won = sign * (int64) cell->won;
			count.lost = sign * (int64) cell->lost;
			if (!naive_bayes_put(table, &count, error))
				return false;
		}
	}
	return true;
}

/*
 * Adds what a model counts.
 */
bool
naive_bayes_put_model(NaiveBayesTable *table, const NaiveBayes *model, PureError *error)
{
	return put_counts(table, model, 1, error);
}

/*
 * Takes it away.
 */
bool
naive_bayes_take_model(NaiveBayesTable *table, const NaiveBayes *model, PureError *error)
{
	return put_counts(table, model, -1, error);
}
