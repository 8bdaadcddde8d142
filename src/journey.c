/*-------------------------------------------------------------------------
 *
 * journey.c
 *		Reading and building the bytes of a journey; see journey.h for the layout.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "journey.h"

/*
 * Fills labels, which has room for view->nlabels, in the order of their indexes.
 */
void
journey_labels(const JourneyView *view, JourneyLabel *labels)
{
	const char *p = view->labels;

	for (uint32 i = 0; i < view->nlabels; i++)
	{
		labels[i].len = (unsigned char) *p;
		labels[i].text = p + 1;
		p += 1 + labels[i].len;
	}
}

JourneyLabel
journey_label(const JourneyView *view, uint32 index)
{
	const char *p = view->labels;
	JourneyLabel label;

	while (index-- > 0)
		p += 1 + (unsigned char) *p;
	label.len = (unsigned char) *p;
	label.text = p + 1;
	return label;
}

/*
 * The index of a label, or -1 where the journey never visited it.
 */
int
journey_find_label(const JourneyView *view, const char *label, size_t len)
{
	const char *p = view->labels;

	for (uint32 i = 0; i < view->nlabels; i++)
	{
		size_t		this_len = (unsigned char) *p;

		if (this_len == len && memcmp(p + 1, label, len) == 0)
			return i;
		p += 1 + this_len;
	}
	return -1;
}

/*
 * The step of the nth visit to the stage with this index, counted from the end where
 * nth is negative; -1 where there are not so many.
 */
int64
journey_visit(const JourneyView *view, int index, int nth)
{
	int64		step = nth > 0 ? 0 : (int64) view->nsteps - 1;
	int64		forward = nth > 0 ? 1 : -1;
	int64		left = nth > 0 ? nth : -(int64) nth;

	if (index < 0 || nth == 0)
		return -1;
	for (; step >= 0 && step < view->nsteps; step += forward)
	{
		CHECK_FOR_INTERRUPTS();
		if (journey_index(view, step) == index && --left == 0)
			return step;
	}
	return -1;
}

/*
 * The last step that begins at this instant or before; -1 where none does.
 */
int64
journey_step_at(const JourneyView *view, TimestampTz at)
{
	int64		low = 0,
				high = view->nsteps;

	while (low < high)
	{
		int64		middle = (low + high) / 2;

		if (journey_at(view, middle) <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

/*
 * The step that began the stay in the last stage: steps from a stage to itself do not
 * end a stay.
 */
uint32
journey_stay(const JourneyView *view)
{
	uint32		step = view->nsteps - 1;
	uint32		index = journey_index(view, step);

	for (; step > 0 && journey_index(view, step - 1) == index; step--)
		CHECK_FOR_INTERRUPTS();
	return step;
}

/*
 * Compares journeys step by step, each by instant and then by label; a beginning of
 * another journey comes before it.
 */
int
journey_compare(const JourneyView *a, const JourneyView *b)
{
	uint32		common = Min(a->nsteps, b->nsteps);

	for (uint32 step = 0; step < common; step++)
	{
		TimestampTz left = journey_at(a, step);
		TimestampTz right = journey_at(b, step);
		JourneyLabel left_label,
					right_label;
		int			order;

		CHECK_FOR_INTERRUPTS();
		if (left != right)
			return left < right ? -1 : 1;
		left_label = journey_label(a, journey_index(a, step));
		right_label = journey_label(b, journey_index(b, step));
		order = journey_label_compare(&left_label, &right_label);
		if (order != 0)
			return order;
	}
	return a->nsteps < b->nsteps ? -1 : a->nsteps > b->nsteps;
}

/*
 * Whether a journey begins with all the steps of another: labels in the order of first
 * visit make that a matter of bytes.
 */
bool
journey_continues(const JourneyView *journey, const JourneyView *begun)
{
	return journey->nsteps >= begun->nsteps && journey->first == begun->first &&
		journey->labels_len >= begun->labels_len &&
		memcmp(journey->labels, begun->labels, begun->labels_len) == 0 &&
		memcmp(journey->words, begun->words, (size_t) begun->nsteps * sizeof(uint64)) == 0;
}

/*
 * Compares labels by their bytes, the order that ties follow.
 */
int
journey_label_compare(const JourneyLabel *a, const JourneyLabel *b)
{
	int			order = memcmp(a->text, b->text, Min(a->len, b->len));

	if (order != 0)
		return order;
	return a->len < b->len ? -1 : a->len > b->len;
}

void
journey_begin(JourneyBuilder *builder)
{
	memset(builder, 0, sizeof(*builder));
	builder->words_room = 16;
	builder->words = palloc(builder->words_room * sizeof(uint64));
	builder->offsets_room = 16;
	builder->offsets = palloc(builder->offsets_room * sizeof(uint32));
	initStringInfo(&builder->labels);
}

/*
 * Whether a label is one that a journey can hold.
 */
bool
journey_check_label(const char *label, size_t len, PureError *error)
{
	if (len <= JOURNEY_MAX_LABEL_LEN)
		return true;
	pure_fail(error, PURE_LIMIT, "stage label of %zu bytes is too long: \"%s\"", len,
			  pure_sample(label, len));
	return pure_hint(error, "A label in a journey has at most %d bytes.", JOURNEY_MAX_LABEL_LEN);
}

/*
 * Whether a journey that has so many labels can take one more.
 */
bool
journey_check_label_count(uint32 nlabels, PureError *error)
{
	if (nlabels < JOURNEY_MAX_LABELS)
		return true;
	pure_fail(error, PURE_LIMIT, "a journey cannot visit more than %d different stages",
			  JOURNEY_MAX_LABELS);
	return pure_hint(error, "Group the events into fewer stages first.");
}

/*
 * Whether an instant is one that a step can have.
 */
bool
journey_check_instant(TimestampTz at, PureError *error)
{
	if (TIMESTAMP_NOT_FINITE(at))
		return pure_fail(error, PURE_VALUE, "a step of a journey cannot be at infinity");
	if (!IS_VALID_TIMESTAMP(at))
		return pure_fail(error, PURE_VALUE, "instant of a step out of range");
	return true;
}

/*
 * Whether a journey can last from the one instant to the other, which is no earlier.
 */
bool
journey_check_span(TimestampTz first, TimestampTz last, PureError *error)
{
	if ((uint64) last - (uint64) first <= JOURNEY_MAX_SPAN)
		return true;
	return pure_fail(error, PURE_LIMIT, "a journey cannot last more than 570 years");
}

static bool
too_many_steps(PureError *error)
{
	return pure_fail(error, PURE_LIMIT, "a journey cannot have more than %d steps",
					 JOURNEY_MAX_STEPS);
}

/* The last label first: events often repeat. */
static int
find_built_label(const JourneyBuilder *builder, const char *label, size_t len)
{
	for (uint32 i = builder->nlabels; i-- > 0;)
	{
		const char *p = builder->labels.data + builder->offsets[i];

		if ((unsigned char) *p == len && memcmp(p + 1, label, len) == 0)
			return i;
	}
	return -1;
}

static int
add_label(JourneyBuilder *builder, const char *label, size_t len)
{
	if (builder->nlabels == builder->offsets_room)
	{
		builder->offsets_room *= 2;
		builder->offsets = repalloc(builder->offsets, builder->offsets_room * sizeof(uint32));
	}
	builder->offsets[builder->nlabels] = builder->labels.len;
	appendStringInfoChar(&builder->labels, (char) len);
	appendBinaryStringInfo(&builder->labels, label, len);
	return builder->nlabels++;
}

/* The word's time part for a step at this instant, after one at this earlier instant. */
static bool
step_time(TimestampTz first, TimestampTz last, TimestampTz at, int64 *time, PureError *error)
{
	if (!journey_check_instant(at, error))
		return false;
	if (at < last)
		return pure_fail(error, PURE_VALUE, "the steps of a journey cannot run backwards in time");
	if (!journey_check_span(first, at, error))
		return false;
	*time = at - first;
	return true;
}

/* The index of a label, which is added if it is new; -1 where there is no room for it. */
static int
build_label(JourneyBuilder *builder, const char *label, size_t len, PureError *error)
{
	int			index = find_built_label(builder, label, len);

	if (index >= 0)
		return index;
	if (!journey_check_label(label, len, error) ||
		!journey_check_label_count(builder->nlabels, error))
		return -1;
	return add_label(builder, label, len);
}

static void
add_word(JourneyBuilder *builder, uint64 word)
{
	if (builder->nsteps == builder->words_room)
	{
		builder->words_room *= 2;
		builder->words = repalloc(builder->words, builder->words_room * sizeof(uint64));
	}
	builder->words[builder->nsteps++] = word;
}

/*
 * Adds the next step.  Steps come in order: an instant before the last one is an
 * error, an equal one is not.
 */
bool
journey_add(JourneyBuilder *builder, const char *label, size_t len, TimestampTz at, PureError *error)
{
	JourneyLabel text = {label, len};
	int			index = -1;

	return journey_add_as(builder, &index, text, at, error);
}

/*
 * The same for a caller that remembers the builder's index of each of its labels: -1
 * until the first step that has it.
 */
bool
journey_add_as(JourneyBuilder *builder, int *index, JourneyLabel label, TimestampTz at,
			   PureError *error)
{
	TimestampTz last;
	int64		time = 0;

	if (builder->nsteps == 0)
		builder->first = last = at;
	else
		last = builder->first + journey_word_time(builder->words[builder->nsteps - 1]);
	if (!step_time(builder->first, last, at, &time, error))
		return false;
	if (builder->nsteps == JOURNEY_MAX_STEPS)
		return too_many_steps(error);
	if (*index < 0)
		*index = build_label(builder, label.text, label.len, error);
	if (*index < 0)
		return false;
	add_word(builder, (uint64) time << JOURNEY_INDEX_BITS | *index);
	return true;
}

/*
 * Adds all the steps of a journey that begins where the builder's only step is, and
 * none of whose labels is that step's: they are the builder's next ones, as they stand.
 */
bool
journey_add_behind(JourneyBuilder *builder, const JourneyView *view, PureError *error)
{
	Assert(builder->nsteps == 1 && builder->first == view->first);
	if (view->nsteps >= JOURNEY_MAX_STEPS)
		return too_many_steps(error);
	if (!journey_check_label_count(view->nlabels, error))
		return false;
	builder->words_room = view->nsteps + 1;
	builder->words = repalloc(builder->words, builder->words_room * sizeof(uint64));
	for (uint32 step = 0; step < view->nsteps; step++)
		builder->words[builder->nsteps++] = journey_word(view, step) + 1;
	appendBinaryStringInfo(&builder->labels, view->labels, view->labels_len);
	builder->nlabels += view->nlabels;
	return true;
}

/*
 * Writes what stands before the labels.
 */
void
journey_write_head(char *payload, uint16 nlabels, uint32 nsteps, TimestampTz first,
				   uint64 last_word)
{
	payload[0] = JOURNEY_VERSION;
	payload[1] = 0;
	memcpy(payload + 2, &nlabels, sizeof(nlabels));
	memcpy(payload + 4, &nsteps, sizeof(nsteps));
	memcpy(payload + 8, &first, sizeof(first));
	memcpy(payload + 16, &last_word, sizeof(last_word));
}

size_t
journey_size(const JourneyBuilder *builder)
{
	return JOURNEY_HEAD + builder->labels.len + (size_t) builder->nsteps * sizeof(uint64);
}

/*
 * Writes the journey_size() bytes that go behind a varlena header.  The builder must
 * hold at least one step.
 */
void
journey_write(const JourneyBuilder *builder, char *payload)
{
	Assert(builder->nsteps > 0);
	journey_write_head(payload, builder->nlabels, builder->nsteps, builder->first,
					   builder->words[builder->nsteps - 1]);
	payload += JOURNEY_HEAD;
	memcpy(payload, builder->labels.data, builder->labels.len);
	payload += builder->labels.len;
	memcpy(payload, builder->words, (size_t) builder->nsteps * sizeof(uint64));
}

/*
 * Prepares old plus one step.  An instant before the last one is set to the last one:
 * of two sessions, the one that began first may well move the row last.
 */
bool
journey_append_plan(JourneyAppend *plan, const JourneyView *old, const char *label, size_t len,
					TimestampTz at, PureError *error)
{
	TimestampTz last = old->first + journey_word_time(old->last_word);
	int64		time;
	int			index = journey_find_label(old, label, len);

	if (!TIMESTAMP_NOT_FINITE(at))
		at = Max(at, last);
	if (!step_time(old->first, last, at, &time, error) || !journey_check_label(label, len, error))
		return false;
	if (old->nsteps == JOURNEY_MAX_STEPS)
		return too_many_steps(error);
	plan->new_label = index < 0;
	if (plan->new_label)
	{
		if (!journey_check_label_count(old->nlabels, error))
			return false;
		index = old->nlabels;
	}
	plan->word = (uint64) time << JOURNEY_INDEX_BITS | index;
	plan->size = JOURNEY_HEAD + old->labels_len + (plan->new_label ? 1 + len : 0) +
		((size_t) old->nsteps + 1) * sizeof(uint64);
	return true;
}

void
journey_append_write(const JourneyAppend *plan, const JourneyView *old, const char *label,
					 size_t len, char *payload)
{
	size_t		words_len = (size_t) old->nsteps * sizeof(uint64);

	journey_write_head(payload, old->nlabels + plan->new_label, old->nsteps + 1, old->first, plan->word);
	payload += JOURNEY_HEAD;
	memcpy(payload, old->labels, old->labels_len);
	payload += old->labels_len;
	if (plan->new_label)
	{
		*payload++ = (char) len;
		memcpy(payload, label, len);
		payload += len;
	}
	memcpy(payload, old->words, words_len);
	memcpy(payload + words_len, &plan->word, sizeof(plan->word));
}
