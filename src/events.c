/*-------------------------------------------------------------------------
 *
 * events.c
 *		Events of one subject are collected in any order: added one by one, or from
 *		another block.
 *
 * The layout is in events.h.  In which order they are told in the end, and how they become a
 * journey, is events_journey.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "events_block.h"

#define EVENTS_HEAD offsetof(JourneyEvents, cells)

/* Room to begin with, for a block of 256 bytes: most subjects have few events. */
#define FIRST_CELLS 16
#define FIRST_LABELS_ROOM 88

/* A word's time has 54 bits, one of them the sign. */
#define WORD_REACH (INT64CONST(1) << (63 - JOURNEY_INDEX_BITS))

static inline bool
base_reaches(const JourneyEvents *events, TimestampTz at)
{
	return (uint64) at - (uint64) events->base + (uint64) WORD_REACH < 2 * (uint64) WORD_REACH;
}

static inline int64
make_word(const JourneyEvents *events, TimestampTz at, uint32 label)
{
	return (int64) (((uint64) at - (uint64) events->base) << JOURNEY_INDEX_BITS | label);
}

static inline size_t
label_size(const JourneyEvents *events, const EventLabel *label)
{
	return order_size(events) + 1 + label->label.len;
}

static inline size_t
size_of(uint8 flags, size_t events_room, size_t labels_room)
{
	return EVENTS_HEAD + events_room * ((flags & EVENTS_HAVE_SEQ) != 0 ? 2 : 1) * sizeof(int64) +
		labels_room;
}

/*
 * The whole block, with the room not used yet.
 */
size_t
events_size(const JourneyEvents *events)
{
	return size_of(events->flags, events->events_room, events->labels_room);
}

/* What is not used is zero: a block is copied, sent and spilled whole. */
static JourneyEvents *
make_room(uint8 flags, uint32 events_room, uint32 labels_room)
{
	JourneyEvents *events = palloc0(size_of(flags, events_room, labels_room));

	events->version = EVENTS_VERSION;
	events->flags = flags;
	events->events_room = events_room;
	events->labels_room = labels_room;
	return events;
}

/*
 * A block without events.  Orders may also come later, at the price of a copy.
 */
JourneyEvents *
events_begin(bool have_seq, bool have_order)
{
	return make_room((have_seq ? EVENTS_HAVE_SEQ : 0) | (have_order ? EVENTS_HAVE_ORDER : 0),
					 have_seq ? FIRST_CELLS / 2 : FIRST_CELLS, FIRST_LABELS_ROOM);
}

/*
 * Makes a block that one or more events were added to as it was when it began.
 */
void
events_clear(JourneyEvents *events)
{
	memset(events->cells, 0, events->nevents * cells_per_event(events) * sizeof(int64));
	memset(label_bytes(events), 0, events->labels_len);
	events->flags &= EVENTS_HAVE_SEQ | EVENTS_HAVE_ORDER;
	events->nlabels = 0;
	events->nevents = 0;
	events->labels_len = 0;
	events->label_bits = 0;
}

/* Reads the label at p and returns where the next one begins. */
static inline const char *
read_label(const JourneyEvents *events, const char *p, EventLabel *label)
{
	label->order = 0;
	if (order_size(events) > 0)
		memcpy(&label->order, p, sizeof(float4));
	p += order_size(events);
	label->label.len = (unsigned char) *p++;
	label->label.text = p;
	return p + label->label.len;
}

/*
 * A bit that few labels share: most events bring a label that was not there before, and
 * this tells without reading those that were.
 */
static inline uint64
label_bit(const JourneyLabel *label)
{
	uint32		hash = label->len;

	if (label->len > 0)
		hash += 7 * (unsigned char) label->text[0] +
			37 * (unsigned char) label->text[label->len - 1];
	return UINT64CONST(1) << hash % 64;
}

/* Where labels have orders: writes one at p.  Returns where the label's length belongs. */
static inline char *
put_order(const JourneyEvents *events, char *p, const EventLabel *label)
{
	if (order_size(events) > 0)
		memcpy(p, &label->order, sizeof(float4));
	return p + order_size(events);
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

	if ((events->label_bits & label_bit(&wanted->label)) == 0)
		return -1;
	for (int i = 0; i < events->nlabels; i++)
	{
		const char *here = p;
		EventLabel	label;

		p = read_label(events, p, &label);
		if (label.label.len != wanted->label.len ||
			memcmp(label.label.text, wanted->label.text, label.label.len) != 0)
			continue;
		if (wanted->order < label.order)
			put_order(events, labels + (here - labels), wanted);
		return i;
	}
	return -1;
}

/* The label's index in a block that has room for it. */
static int
put_label(JourneyEvents *events, const EventLabel *label)
{
	char	   *p = label_bytes(events) + events->labels_len;

	p = put_order(events, p, label);
	*p = (char) label->label.len;
	memcpy(p + 1, label->label.text, label->label.len);
	events->labels_len += label_size(events, label);
	events->label_bits |= label_bit(&label->label);
	return events->nlabels++;
}

static uint32
doubled(uint32 room, size_t needed)
{
	return needed <= room ? room : Max((size_t) room * 2, needed);
}

/* Copies all but the flags and the rooms to a block that may have orders where this one has none. */
static void
copy_content(JourneyEvents *larger, const JourneyEvents *events)
{
	const char *p = label_bytes(events);

	larger->base = events->base;
	larger->nevents = events->nevents;
	memcpy(larger->cells, events->cells,
		   events->nevents * cells_per_event(events) * sizeof(int64));
	for (int i = 0; i < events->nlabels; i++)
	{
		EventLabel	label;

		p = read_label(events, p, &label);
		put_label(larger, &label);
	}
}

/*
 * The block itself, or a larger copy with room for so many more events and bytes of
 * labels, and with orders if they are wanted.  NULL where that is more than palloc gives.
 */
static JourneyEvents *
reserve(JourneyEvents *events, uint32 more_events, size_t more_labels, bool have_order,
		PureError *error)
{
	uint8		flags = events->flags | (have_order ? EVENTS_HAVE_ORDER : 0);
	size_t		nevents = (size_t) events->nevents + more_events;
	size_t		labels_len = events->labels_len + more_labels;
	uint32		events_room = events->events_room;
	uint32		labels_room = events->labels_room;
	JourneyEvents *larger;

	if (flags != events->flags)
		labels_len += events->nlabels * sizeof(float4);
	if (nevents <= events_room && labels_len <= labels_room && flags == events->flags)
		return events;
	if (size_of(flags, nevents, labels_len) > EVENTS_MAX_SIZE || nevents > JOURNEY_MAX_STEPS)
	{
		pure_fail(error, PURE_LIMIT, "too many events for one journey");
		return NULL;
	}
	labels_room = doubled(labels_room, labels_len);
	events_room = doubled(events_room, nevents);
	if (size_of(flags, events_room, labels_room) > EVENTS_MAX_SIZE)
	{
		labels_room = labels_len;
		events_room = (EVENTS_MAX_SIZE - size_of(flags, 0, labels_room)) /
			(cells_per_event(events) * sizeof(int64));
	}
	larger = make_room(flags, events_room, labels_room);
	copy_content(larger, events);
	return larger;
}

/*
 * Moves the base to the middle of all events and this instant.  Whatever the next events
 * are, it can only happen so often: each time the room on both sides is at most half of
 * what it was.
 */
static bool
move_base(JourneyEvents *events, TimestampTz at, PureError *error)
{
	TimestampTz first = at;
	TimestampTz last = at;
	uint64		moved;

	for (uint32 i = 0; i < events->nevents; i++)
	{
		first = Min(first, event_at(events, i));
		last = Max(last, event_at(events, i));
	}
	if (!journey_check_span(first, last, error))
		return false;
	moved = (uint64) first + (last - first + 1) / 2 - (uint64) events->base;
	events->base = (TimestampTz) ((uint64) events->base + moved);
	for (uint32 i = 0; i < events->nevents; i++)
	{
		uint64	   *word = (uint64 *) event_cells(events, i);

		*word -= moved << JOURNEY_INDEX_BITS;
	}
	return true;
}

/* Adds an event for which there is room; false where it is too far from the others. */
static inline bool
put_event(JourneyEvents *events, TimestampTz at, uint32 label, int64 seq, PureError *error)
{
	int64	   *cells;

	if (events->nevents == 0)
		events->base = at;
	else if (at <= event_at(events, events->nevents - 1))
		events->flags |= EVENTS_SCATTERED;
	if (unlikely(!base_reaches(events, at)) && !move_base(events, at, error))
		return false;
	cells = event_cells(events, events->nevents++);
	cells[0] = make_word(events, at, label);
	if (events_have_seq(events))
		cells[1] = seq;
	return true;
}

/*
 * Adds an event.  Returns the block, or a larger one that replaces it; NULL for an
 * event that no journey can hold.
 */
JourneyEvents *
events_add(JourneyEvents *events, const EventLabel *label, TimestampTz at, int64 seq,
		   PureError *error)
{
	int			index;
	bool		is_new;

	if (unlikely(label->order != 0 && order_size(events) == 0))
		events = reserve(events, 0, 0, true, error);
	if (events == NULL)
		return NULL;
	index = find_label(events, label);
	is_new = index < 0;
	if (is_new && (!journey_check_label(label->label.text, label->label.len, error) ||
				   !journey_check_label_count(events->nlabels, error)))
		return NULL;
	if (unlikely(!IS_VALID_TIMESTAMP(at)) && !journey_check_instant(at, error))
		return NULL;
	events = reserve(events, 1, is_new ? label_size(events, label) : 0, false, error);
	if (events == NULL)
		return NULL;
	if (is_new)
		index = put_label(events, label);
	return put_event(events, at, index, seq, error) ? events : NULL;
}

/* memcpy, for lengths that mostly are below 16, without a call. */
static inline void
copy_short(char *to, const char *from, size_t len)
{
	uint64		first8,
				last8;
	uint32		first4,
				last4;

	if (len > 16)
		memcpy(to, from, len);
	else if (len >= 8)
	{
		memcpy(&first8, from, 8);
		memcpy(&last8, from + len - 8, 8);
		memcpy(to, &first8, 8);
		memcpy(to + len - 8, &last8, 8);
	}
	else if (len >= 4)
	{
		memcpy(&first4, from, 4);
		memcpy(&last4, from + len - 4, 4);
		memcpy(to, &first4, 4);
		memcpy(to + len - 4, &last4, 4);
	}
	else if (len > 0)
	{
		to[0] = from[0];
		to[len / 2] = from[len / 2];
		to[len - 1] = from[len - 1];
	}
}

/* find_label(), where labels have no orders. */
static inline int
find_plain_label(const JourneyEvents *events, JourneyLabel wanted)
{
	const char *p = label_bytes(events);

	for (int i = 0; i < events->nlabels; i++)
	{
		uint32		len = (unsigned char) *p++;

		if (len == wanted.len && memcmp(p, wanted.text, len) == 0)
			return i;
		p += len;
	}
	return -1;
}

/*
 * What most events need of events_add(): false, with nothing changed, for the others.  A
 * label without an order, and room for label and event.
 */
bool
events_add_simple(JourneyEvents *events, JourneyLabel label, TimestampTz at, int64 seq)
{
	size_t		width = cells_per_event(events);
	int64	   *cells = events->cells + events->nevents * width;
	uint64		bit = label_bit(&label);
	int			index = -1;

	if (events->nevents == 0)
		events->base = at;
	if (order_size(events) > 0 || events->nevents == events->events_room ||
		!IS_VALID_TIMESTAMP(at) || !base_reaches(events, at))
		return false;
	if ((events->label_bits & bit) != 0)
		index = find_plain_label(events, label);
	if (index < 0)
	{
		char	   *p = label_bytes(events) + events->labels_len;

		if (events->labels_len + 1 + label.len > events->labels_room ||
			events->nlabels == JOURNEY_MAX_LABELS || label.len > JOURNEY_MAX_LABEL_LEN)
			return false;
		*p = (char) label.len;
		copy_short(p + 1, label.text, label.len);
		events->labels_len += 1 + label.len;
		events->label_bits |= bit;
		index = events->nlabels++;
	}
	if (events->nevents++ > 0 && at <= word_instant(events, *(cells - width)))
		events->flags |= EVENTS_SCATTERED;
	cells[0] = make_word(events, at, index);
	if (width > 1)
		cells[1] = seq;
	return true;
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
			*new_size += label_size(into, &labels[i]);
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
	int		   *map;

	into = reserve(into, 0, 0, order_size(from) > 0, error);
	if (into == NULL)
		return NULL;
	map = map_labels(into, labels, from->nlabels, &new_size, &new_count);
	if (new_count > 0 && !journey_check_label_count(into->nlabels + new_count - 1, error))
		return NULL;
	into = reserve(into, from->nevents, new_size, false, error);
	if (into == NULL)
		return NULL;
	for (uint32 i = 0; i < from->nlabels; i++)
		if (map[i] < 0)
			map[i] = put_label(into, &labels[i]);
	for (uint32 i = 0; i < from->nevents; i++)
	{
		uint32		label = map[journey_word_index(*event_cells(from, i))];

		CHECK_FOR_INTERRUPTS();
		if (!put_event(into, event_at(from, i), label, event_seq(from, i), error))
			return NULL;
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
		p = read_label(events, p, &labels[i]);
	return labels;
}
