/*-------------------------------------------------------------------------
 *
 * events_block.h
 *		Where things lie in a block of collected events: what adding and reading share.
 *
 * For events*.c only; events.h, where the layout is described, is for everybody else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_EVENTS_BLOCK_H
#define CRM_EVENTS_BLOCK_H

#include "events.h"

static inline size_t
cells_per_event(const JourneyEvents *events)
{
	return events_have_seq(events) ? 2 : 1;
}

static inline int64 *
event_cells(const JourneyEvents *events, size_t index)
{
	return (int64 *) events->cells + index * cells_per_event(events);
}

static inline int64
event_seq(const JourneyEvents *events, size_t index)
{
	return events_have_seq(events) ? event_cells(events, index)[1] : 0;
}

/* The base may lie outside of all calendars, so this may wrap around, and back. */
static inline TimestampTz
word_instant(const JourneyEvents *events, int64 word)
{
	return (TimestampTz) ((uint64) events->base + (uint64) (word >> JOURNEY_INDEX_BITS));
}

static inline TimestampTz
event_at(const JourneyEvents *events, size_t index)
{
	return word_instant(events, *event_cells(events, index));
}

static inline char *
label_bytes(const JourneyEvents *events)
{
	return (char *) event_cells(events, events->events_room);
}

static inline size_t
order_size(const JourneyEvents *events)
{
	return (events->flags & EVENTS_HAVE_ORDER) != 0 ? sizeof(float4) : 0;
}

#endif							/* CRM_EVENTS_BLOCK_H */
