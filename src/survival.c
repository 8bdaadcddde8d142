/*-------------------------------------------------------------------------
 *
 * survival.c
 *		How long many were watched, and how that ended: building, merging, trimming; see
 *		survival.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "survival.h"

/* Enough for a group of a few; from there the room doubles. */
#define FIRST_ROOM 32

static Survival *
allocate(const Survival *head, size_t labels_len, uint32 room)
{
	size_t		texts = TYPEALIGN(8, head->spec_len + labels_len);
	size_t		size = offsetof(Survival, spec) + texts + room * sizeof(SurvivalEntry);
	Survival   *survival = palloc0(size);

	survival->version = SURVIVAL_VERSION;
	survival->size = size;
	survival->spec_len = head->spec_len;
	survival->labels_len = labels_len;
	survival->room = room;
	survival->total = head->total;
	return survival;
}

/*
 * The survival of nobody, with this canonical specification, which may be empty.
 */
Survival *
survival_create(const char *spec, size_t spec_len)
{
	Survival	head = {.spec_len = spec_len};
	Survival   *survival = allocate(&head, 0, FIRST_ROOM);

	memcpy(survival->spec, spec, spec_len);
	return survival;
}

bool
survival_has_spec(const Survival *survival, const char *spec, size_t len)
{
	return survival->spec_len == len && memcmp(survival->spec, spec, len) == 0;
}

/*
 * The labels of all causes, from 1: labels[0] is the first one's.
 */
void
survival_cause_labels(const Survival *survival, JourneyLabel *labels)
{
	const char *p = survival_labels(survival);

	for (uint32 i = 0; i < survival->ncauses; i++)
	{
		labels[i].len = (unsigned char) *p;
		labels[i].text = p + 1;
		p += 1 + labels[i].len;
	}
}

/*
 * The number of a cause, or SURVIVAL_CENSORED where nobody had it.  Causes are a handful:
 * they are simply compared.
 */
uint32
survival_find_cause(const Survival *survival, JourneyLabel label)
{
	const char *p = survival_labels(survival);

	for (uint32 cause = 1; cause <= survival->ncauses; cause++)
	{
		if ((unsigned char) *p == label.len && memcmp(p + 1, label.text, label.len) == 0)
			return cause;
		p += 1 + (unsigned char) *p;
	}
	return SURVIVAL_CENSORED;
}

static int
compare_entries(const void *a, const void *b)
{
	const SurvivalEntry *left = a;
	const SurvivalEntry *right = b;

	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;
	return (int) survival_entry_cause(left) - (int) survival_entry_cause(right);
}

/* Appends an entry to a list in order; returns the list's new length. */
static uint32
put_in_order(SurvivalEntry *list, uint32 n, const SurvivalEntry *entry)
{
	if (n > 0 && compare_entries(&list[n - 1], entry) == 0)
		list[n - 1].tally += survival_entry_count(entry) << SURVIVAL_CAUSE_BITS;
	else
		list[n++] = *entry;
	return n;
}

/* The entries in order, each pair once; returns how many there are in list, which has room. */
static uint32
merge_tail(const Survival *survival, SurvivalEntry *list)
{
	const SurvivalEntry *entries = survival_entries(survival);
	uint32		ntail = survival->nentries - survival->nsorted;
	SurvivalEntry *tail = palloc(Max(ntail, 1) * sizeof(SurvivalEntry));
	uint32		i = 0,
				j = 0,
				n = 0;

	memcpy(tail, entries + survival->nsorted, ntail * sizeof(SurvivalEntry));
	qsort(tail, ntail, sizeof(SurvivalEntry), compare_entries);
	while (i < survival->nsorted || j < ntail)
	{
		bool		from_tail = i == survival->nsorted ||
			(j < ntail && compare_entries(&tail[j], &entries[i]) < 0);

		n = put_in_order(list, n, from_tail ? &tail[j++] : &entries[i++]);
	}
	pfree(tail);
	return n;
}

/* Copies the texts, with one label more or without. */
static Survival *
copy_texts(const Survival *survival, const JourneyLabel *label, uint32 room)
{
	size_t		more = label != NULL ? 1 + label->len : 0;
	Survival   *copy = allocate(survival, survival->labels_len + more, room);
	char	   *end = copy->spec + survival->spec_len + survival->labels_len;

	memcpy(copy->spec, survival->spec, survival->spec_len + survival->labels_len);
	copy->ncauses = survival->ncauses;
	if (label != NULL)
	{
		*end = (char) label->len;
		memcpy(end + 1, label->text, label->len);
		copy->ncauses++;
	}
	return copy;
}

/*
 * The number of a cause, which gets the next one if it is new.
 */
bool
survival_put_cause(Survival **survival, JourneyLabel label, uint32 *cause, PureError *error)
{
	Survival   *larger;

	*cause = survival_find_cause(*survival, label);
	if (*cause != SURVIVAL_CENSORED)
		return true;
	if ((*survival)->ncauses == SURVIVAL_MAX_CAUSES)
		return pure_fail(error, PURE_LIMIT, "a survival cannot have more than %d causes",
						 SURVIVAL_MAX_CAUSES);
	if (!journey_check_label(label.text, label.len, error))
		return false;
	larger = copy_texts(*survival, &label, (*survival)->room);
	larger->nentries = (*survival)->nentries;
	larger->nsorted = (*survival)->nsorted;
	memcpy(survival_entries(larger), survival_entries(*survival),
		   (*survival)->nentries * sizeof(SurvivalEntry));
	*cause = larger->ncauses;
	*survival = larger;
	return true;
}

static bool
refuse_more(const Survival *survival, PureError *error)
{
	pure_fail(error, PURE_LIMIT, "a survival cannot hold more than %d different durations",
			  SURVIVAL_MAX_ENTRIES);
	if (survival->spec_len > 0)
		return pure_hint(error, "Count them in buckets: add \"by 1 hour\", say, to the specification.");
	return pure_hint(error, "Round the durations, to hours say.");
}

/* Sorts the tail in; unless more than half the room is left then, or any at all, finds more. */
static bool
make_room(Survival **survival, PureError *error)
{
	Survival   *old = *survival;
	SurvivalEntry *list = palloc(Max(old->nentries, 1) * sizeof(SurvivalEntry));
	uint32		n = merge_tail(old, list);

	if (n >= SURVIVAL_MAX_ENTRIES)
		return refuse_more(old, error);
	if (n >= old->room / 2)
		*survival = copy_texts(old, NULL, Max(FIRST_ROOM, 2 * n));
	memcpy(survival_entries(*survival), list, n * sizeof(SurvivalEntry));
	(*survival)->nentries = (*survival)->nsorted = n;
	pfree(list);
	return true;
}

/*
 * Counts so many more of a duration and a cause.
 */
bool
survival_add(Survival **survival, int64 time, uint32 cause, uint64 count, PureError *error)
{
	SurvivalEntry *entry;

	if (count > SURVIVAL_MAX_TOTAL - (*survival)->total)
		return pure_fail(error, PURE_LIMIT, "a survival cannot count so many");
	if ((*survival)->nentries == (*survival)->room && !make_room(survival, error))
		return false;
	entry = &survival_entries(*survival)[(*survival)->nentries++];
	entry->time = time;
	entry->tally = count << SURVIVAL_CAUSE_BITS | cause;
	(*survival)->total += count;
	return true;
}

/*
 * Adds everything that another survival counts, which stays as it is.
 */
bool
survival_merge(Survival **survival, const Survival *other, PureError *error)
{
	const SurvivalEntry *entries = survival_entries(other);
	JourneyLabel *labels;
	uint32	   *causes;

	if (!survival_has_spec(*survival, other->spec, other->spec_len))
	{
		pure_fail(error, PURE_VALUE, "survivals of different specifications cannot be merged");
		return pure_hint(error, "Build them with the same stages, bucket and instant.");
	}
	labels = palloc(Max(other->ncauses, 1) * sizeof(JourneyLabel));
	causes = palloc0((1 + other->ncauses) * sizeof(uint32));
	survival_cause_labels(other, labels);
	for (uint32 i = 0; i < other->ncauses; i++)
		if (!survival_put_cause(survival, labels[i], &causes[1 + i], error))
			return false;
	for (uint32 i = 0; i < other->nentries; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!survival_add(survival, entries[i].time, causes[survival_entry_cause(&entries[i])],
						  survival_entry_count(&entries[i]), error))
			return false;
	}
	pfree(labels);
	pfree(causes);
	return true;
}

static int
compare_labels(const void *a, const void *b, void *labels)
{
	return journey_label_compare((JourneyLabel *) labels + *(const uint32 *) a,
								 (JourneyLabel *) labels + *(const uint32 *) b);
}

/* The causes that occur, in the order of their labels; returns how many. */
static uint32
order_causes(const Survival *survival, JourneyLabel *labels, uint32 *order)
{
	bool	   *occurs = palloc0((1 + survival->ncauses) * sizeof(bool));
	uint32		n = 0;

	for (uint32 i = 0; i < survival->nentries; i++)
		occurs[survival_entry_cause(&survival_entries(survival)[i])] = true;
	for (uint32 i = 0; i < survival->ncauses; i++)
		if (occurs[1 + i])
			order[n++] = i;
	qsort_arg(order, n, sizeof(uint32), compare_labels, labels);
	pfree(occurs);
	return n;
}

/* With the causes that occur, in order; its entries are all tail. */
static Survival *
renumber(const Survival *survival)
{
	JourneyLabel *labels = palloc(Max(survival->ncauses, 1) * sizeof(JourneyLabel));
	uint32	   *order = palloc(Max(survival->ncauses, 1) * sizeof(uint32));
	uint32	   *causes = palloc0((1 + survival->ncauses) * sizeof(uint32));
	Survival   *copy;
	uint32		n,
				labels_len = 0;
	char	   *p;

	survival_cause_labels(survival, labels);
	n = order_causes(survival, labels, order);
	for (uint32 i = 0; i < n; i++)
		labels_len += 1 + labels[order[i]].len;
	copy = allocate(survival, labels_len, survival->nentries);
	memcpy(copy->spec, survival->spec, survival->spec_len);
	p = copy->spec + copy->spec_len;
	for (uint32 i = 0; i < n; i++)
	{
		causes[1 + order[i]] = 1 + i;
		*p++ = (char) labels[order[i]].len;
		memcpy(p, labels[order[i]].text, labels[order[i]].len);
		p += labels[order[i]].len;
	}
	copy->ncauses = n;
	copy->nentries = survival->nentries;
	for (uint32 i = 0; i < survival->nentries; i++)
	{
		const SurvivalEntry *entry = &survival_entries(survival)[i];

		survival_entries(copy)[i].time = entry->time;
		survival_entries(copy)[i].tally = survival_entry_count(entry) << SURVIVAL_CAUSE_BITS |
			causes[survival_entry_cause(entry)];
	}
	pfree(labels);
	pfree(order);
	pfree(causes);
	return copy;
}

/*
 * A canonical copy.
 */
Survival *
survival_trim(const Survival *survival)
{
	Survival   *loose = renumber(survival);
	SurvivalEntry *list = palloc(Max(loose->nentries, 1) * sizeof(SurvivalEntry));
	uint32		n = merge_tail(loose, list);
	Survival   *trimmed = copy_texts(loose, NULL, n);

	memcpy(survival_entries(trimmed), list, n * sizeof(SurvivalEntry));
	trimmed->nentries = trimmed->nsorted = n;
	pfree(loose);
	pfree(list);
	return trimmed;
}
