/*-------------------------------------------------------------------------
 *
 * events.c
 *		Events of one subject, collected in any order until they become a journey;
 *		see events.h for the layout.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "events.h"

#define EVENTS_HEAD offsetof(JourneyEvents, cells)

/* Room to begin with, for a block of 256 bytes: most subjects have few events. */
#define FIRST_EVENTS_ROOM 8
#define FIRST_LABELS_ROOM 104

static inline size_t
cells_per_event(const JourneyEvents *events)
{
	return events_have_seq(events) ? 3 : 2;
}

static inline int64 *
event_cells(const JourneyEvents *events, size_t index)
{
	return (int64 *) events->cells + index * cells_per_event(events);
}

static inline char *
label_bytes(const JourneyEvents *events)
{
	return (char *) event_cells(events, events->events_room);
}

static inline size_t
size_of(bool have_seq, size_t events_room, size_t labels_room)
{
	return EVENTS_HEAD + events_room * (have_seq ? 3 : 2) * sizeof(int64) + labels_room;
}

/*
 * The whole block, with the room not used yet.
 */
size_t
events_size(const JourneyEvents *events)
{
	return size_of(events_have_seq(events), events->events_room, events->labels_room);
}

/* What is not used is zero: a block is copied, sent and spilled whole. */
static JourneyEvents *
make_room(bool have_seq, uint32 events_room, uint32 labels_room)
{
	JourneyEvents *events = palloc0(size_of(have_seq, events_room, labels_room));

	events->version = EVENTS_VERSION;
	events->flags = have_seq ? EVENTS_HAVE_SEQ : 0;
	events->events_room = events_room;
	events->labels_room = labels_room;
	return events;
}

JourneyEvents *
events_begin(bool have_seq)
{
	return make_room(have_seq, FIRST_EVENTS_ROOM, FIRST_LABELS_ROOM);
}

static uint32
doubled(uint32 room, size_t needed)
{
	return Max((size_t) room * 2, needed);
}

/*
 * The block itself, or a larger copy with room for so many more events and bytes of
 * labels.  NULL where that is more than palloc gives.
 */
static JourneyEvents *
reserve(JourneyEvents *events, uint32 more_events, uint32 more_labels, PureError *error)
{
	size_t		nevents = (size_t) events->nevents + more_events;
	size_t		labels_len = (size_t) events->labels_len + more_labels;
	uint32		events_room = events->events_room;
	uint32		labels_room = events->labels_room;
	bool		have_seq = events_have_seq(events);
	JourneyEvents *larger;

	if (nevents <= events_room && labels_len <= labels_room)
		return events;
	if (size_of(have_seq, nevents, labels_len) > EVENTS_MAX_SIZE || nevents > JOURNEY_MAX_STEPS)
	{
		pure_fail(error, PURE_LIMIT, "too many events for one journey");
		return NULL;
	}
	if (labels_len > labels_room)
		labels_room = doubled(labels_room, labels_len);
	if (nevents > events_room)
		events_room = doubled(events_room, nevents);
	if (size_of(have_seq, events_room, labels_room) > EVENTS_MAX_SIZE)
	{
		labels_room = labels_len;
		events_room = (EVENTS_MAX_SIZE - size_of(have_seq, 0, labels_room)) /
			(cells_per_event(events) * sizeof(int64));
	}
	larger = make_room(have_seq, events_room, labels_room);
	larger->nlabels = events->nlabels;
	larger->nevents = events->nevents;
	larger->labels_len = events->labels_len;
	memcpy(larger->cells, events->cells,
		   events->nevents * cells_per_event(events) * sizeof(int64));
	memcpy(label_bytes(larger), label_bytes(events), events->labels_len);
	return larger;
}

/* Reads the label at p and returns where the next one begins. */
static const char *
read_label(const char *p, EventLabel *label)
{
	memcpy(&label->order, p, sizeof(float4));
	p += sizeof(float4);
	label->label.len = (unsigned char) *p++;
	label->label.text = p;
	return p + label->label.len;
}

/*
 * One node of a cluster may order an enum's values by other numbers than the next one;
 * the smallest wins, so that it does not matter who comes first.
 */
static int
find_label(JourneyEvents *events, const EventLabel *wanted)
{
	char	   *labels = label_bytes(events);
	const char *p = labels;

	for (int i = 0; i < events->nlabels; i++)
	{
		const char *here = p;
		EventLabel	label;

		p = read_label(p, &label);
		if (label.label.len != wanted->label.len ||
			memcmp(label.label.text, wanted->label.text, label.label.len) != 0)
			continue;
		if (wanted->order < label.order)
			memcpy(labels + (here - labels), &wanted->order, sizeof(float4));
		return i;
	}
	return -1;
}

static inline size_t
label_size(const EventLabel *label)
{
	return sizeof(float4) + 1 + label->label.len;
}

/* The label's index in a block that has room for it. */
static int
put_label(JourneyEvents *events, const EventLabel *label)
{
	char	   *p = label_bytes(events) + events->labels_len;

	memcpy(p, &label->order, sizeof(float4));
	p[sizeof(float4)] = (char) label->label.len;
	memcpy(p + sizeof(float4) + 1, label->label.text, label->label.len);
	events->labels_len += label_size(label);
	return events->nlabels++;
}

static void
put_event(JourneyEvents *events, TimestampTz at, uint32 label, int64 seq)
{
	int64	   *cells = event_cells(events, events->nevents++);

	cells[0] = at;
	cells[1] = label;
	if (events_have_seq(events))
		cells[2] = seq;
}

/*
 * Adds an event.  Returns the block, or a larger one that replaces it; NULL for an
 * event that no journey can hold.
 */
JourneyEvents *
events_add(JourneyEvents *events, const EventLabel *label, TimestampTz at, int64 seq,
		   PureError *error)
{
	int			index = find_label(events, label);
	bool		is_new = index < 0;

	if (!journey_check_label(label->label.text, label->label.len, error) ||
		!journey_check_instant(at, error))
		return NULL;
	if (is_new && !journey_check_label_count(events->nlabels, error))
		return NULL;
	events = reserve(events, 1, is_new ? label_size(label) : 0, error);
	if (events == NULL)
		return NULL;
	if (is_new)
		index = put_label(events, label);
	put_event(events, at, index, seq);
	return events;
}

/* Maps the indexes of one block's labels to those of another, or to -1. */
static int *
map_labels(JourneyEvents *into, const EventLabel *labels, uint32 nlabels, size_t *new_size,
		   uint32 *new_count)
{
	int		   *map = palloc(nlabels * sizeof(int));

	*new_size = 0;
	*new_count = 0;
	for (uint32 i = 0; i < nlabels; i++)
	{
		map[i] = find_label(into, &labels[i]);
		if (map[i] < 0)
		{
			*new_size += label_size(&labels[i]);
			(*new_count)++;
		}
	}
	return map;
}

/*
 * Adds the events of another block, which stays as it is.  Returns as events_add does.
 */
JourneyEvents *
events_merge(JourneyEvents *into, const JourneyEvents *from, PureError *error)
{
	EventLabel *labels = events_labels(from);
	size_t		new_size;
	uint32		new_count;
	int		   *map = map_labels(into, labels, from->nlabels, &new_size, &new_count);

	if (new_count > 0 && !journey_check_label_count(into->nlabels + new_count - 1, error))
		return NULL;
	into = reserve(into, from->nevents, new_size, error);
	if (into == NULL)
		return NULL;
	for (uint32 i = 0; i < from->nlabels; i++)
		if (map[i] < 0)
			map[i] = put_label(into, &labels[i]);
	for (uint32 i = 0; i < from->nevents; i++)
	{
		const int64 *cells = event_cells(from, i);

		CHECK_FOR_INTERRUPTS();
		put_event(into, cells[0], map[cells[1]], events_have_seq(from) ? cells[2] : 0);
	}
	pfree(map);
	pfree(labels);
	return into;
}

/*
 * The labels, by index; they point into the block.
 */
EventLabel *
events_labels(const JourneyEvents *events)
{
	EventLabel *labels = palloc(Max(events->nlabels, 1) * sizeof(EventLabel));
	const char *p = label_bytes(events);

	for (int i = 0; i < events->nlabels; i++)
		p = read_label(p, &labels[i]);
	return labels;
}

static int
compare_labels(const void *a, const void *b)
{
	const EventLabel *left = *(EventLabel *const *) a;
	const EventLabel *right = *(EventLabel *const *) b;

	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	return journey_label_compare(&left->label, &right->label);
}

/* Each label's place by order and bytes. */
static uint32 *
rank_labels(const JourneyEvents *events)
{
	EventLabel *labels = events_labels(events);
	EventLabel **sorted = palloc(Max(events->nlabels, 1) * sizeof(EventLabel *));
	uint32	   *ranks = palloc(Max(events->nlabels, 1) * sizeof(uint32));

	for (int i = 0; i < events->nlabels; i++)
		sorted[i] = &labels[i];
	qsort(sorted, events->nlabels, sizeof(EventLabel *), compare_labels);
	for (int i = 0; i < events->nlabels; i++)
		ranks[sorted[i] - labels] = i;
	pfree(sorted);
	pfree(labels);
	return ranks;
}

static inline int
compare_events(const SortedEvent *a, const SortedEvent *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* PostgreSQL's own quicksort, which notices what is sorted already: most events are. */
#define ST_SORT sort_events
#define ST_ELEMENT_TYPE SortedEvent
#define ST_COMPARE(a, b) compare_events(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The events in their order, whatever order they came in.
 */
SortedEvent *
events_sorted(const JourneyEvents *events)
{
	uint32	   *ranks = rank_labels(events);
	SortedEvent *sorted = palloc_extended(Max(events->nevents, 1) * sizeof(SortedEvent),
										  MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < events->nevents; i++)
	{
		const int64 *cells = event_cells(events, i);

		CHECK_FOR_INTERRUPTS();
		sorted[i].at = cells[0];
		sorted[i].label = cells[1];
		sorted[i].rank = ranks[cells[1]];
		sorted[i].seq = events_have_seq(events) ? cells[2] : 0;
	}
	sort_events(sorted, events->nevents);
	pfree(ranks);
	return sorted;
}

/*
 * Whether the events came one after the other, no two at one instant, and their labels
 * with them: then their cells are already the journey's steps, and nothing is to be
 * sorted.  It is false, too, for what no journey can hold.
 */
bool
events_in_order(const JourneyEvents *events)
{
	TimestampTz first = event_cells(events, 0)[0];
	TimestampTz last = first;
	uint32		seen = 0;

	for (uint32 i = 0; i < events->nevents; i++)
	{
		const int64 *cells = event_cells(events, i);

		CHECK_FOR_INTERRUPTS();
		if ((i > 0 && cells[0] <= last) || cells[1] > seen)
			return false;
		last = cells[0];
		seen += cells[1] == seen;
	}
	return events->nevents > 0 && seen == events->nlabels &&
		(uint64) last - (uint64) first <= JOURNEY_MAX_SPAN;
}

/*
 * The size of the journey that events in order make.
 */
size_t
events_journey_size(const JourneyEvents *events)
{
	return JOURNEY_HEAD + events->labels_len - events->nlabels * sizeof(float4) +
		(size_t) events->nevents * sizeof(uint64);
}

/*
 * Writes that journey, behind its varlena header.
 */
void
events_write_journey(const JourneyEvents *events, char *payload)
{
	TimestampTz first = event_cells(events, 0)[0];
	const char *label = label_bytes(events);
	char	   *p = payload + JOURNEY_HEAD;
	uint64		word = 0;

	for (int i = 0; i < events->nlabels; i++)
	{
		size_t		len = 1 + (unsigned char) label[sizeof(float4)];

		memcpy(p, label + sizeof(float4), len);
		label += sizeof(float4) + len;
		p += len;
	}
	for (uint32 i = 0; i < events->nevents; i++, p += sizeof(word))
	{
		const int64 *cells = event_cells(events, i);

		word = (uint64) (cells[0] - first) << JOURNEY_INDEX_BITS | (uint64) cells[1];
		memcpy(p, &word, sizeof(word));
	}
	journey_write_head(payload, events->nlabels, events->nevents, first, word);
}

/*
 * Fills a builder that was just begun with the events in their order.
 */
bool
events_to_journey(const JourneyEvents *events, JourneyBuilder *builder, PureError *error)
{
	SortedEvent *sorted = events_sorted(events);
	EventLabel *labels = events_labels(events);
	int		   *built = palloc(Max(events->nlabels, 1) * sizeof(int));

	memset(built, -1, events->nlabels * sizeof(int));
	for (uint32 i = 0; i < events->nevents; i++)
	{
		const SortedEvent *event = &sorted[i];

		CHECK_FOR_INTERRUPTS();
		if (!journey_add_as(builder, &built[event->label], labels[event->label].label, event->at,
							error))
			return false;
	}
	pfree(built);
	pfree(labels);
	pfree(sorted);
	return true;
}
