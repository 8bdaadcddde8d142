/*-------------------------------------------------------------------------
 *
 * events_journey.c
 *		Collected events in their order, and the journey that they make.
 *
 * A block is only read here; what is put into it is events.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "events_block.h"

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
		CHECK_FOR_INTERRUPTS();
		sorted[i].at = event_at(events, i);
		sorted[i].label = journey_word_index(*event_cells(events, i));
		sorted[i].rank = ranks[sorted[i].label];
		sorted[i].seq = event_seq(events, i);
	}
	sort_events(sorted, events->nevents);
	pfree(ranks);
	return sorted;
}

/*
 * Whether the events came one after the other, no two at one instant: then their labels
 * did, too, and all that stands between them and a journey is its head.
 */
bool
events_in_order(const JourneyEvents *events)
{
	return events->nevents > 0 && (events->flags & EVENTS_SCATTERED) == 0;
}

/*
 * The size of the journey that events in order make.
 */
size_t
events_journey_size(const JourneyEvents *events)
{
	return JOURNEY_HEAD + events->labels_len - events->nlabels * order_size(events) +
		(size_t) events->nevents * sizeof(uint64);
}

static char *
write_labels(const JourneyEvents *events, char *p)
{
	const char *label = label_bytes(events);

	if (order_size(events) == 0)
	{
		memcpy(p, label, events->labels_len);
		return p + events->labels_len;
	}
	for (int i = 0; i < events->nlabels; i++)
	{
		size_t		len = 1 + (unsigned char) label[order_size(events)];

		memcpy(p, label + order_size(events), len);
		label += order_size(events) + len;
		p += len;
	}
	return p;
}

/*
 * Writes that journey, behind its varlena header.
 */
void
events_write_journey(const JourneyEvents *events, char *payload)
{
	TimestampTz first = event_at(events, 0);
	uint64		before = ((uint64) first - (uint64) events->base) << JOURNEY_INDEX_BITS;
	char	   *p = write_labels(events, payload + JOURNEY_HEAD);
	uint64		word = *event_cells(events, events->nevents - 1) - before;

	journey_write_head(payload, events->nlabels, events->nevents, first, word);
	if (before == 0 && !events_have_seq(events))
	{
		memcpy(p, events->cells, (size_t) events->nevents * sizeof(word));
		return;
	}
	for (uint32 i = 0; i < events->nevents; i++, p += sizeof(word))
	{
		word = *event_cells(events, i) - before;
		memcpy(p, &word, sizeof(word));
	}
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
