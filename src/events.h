/*-------------------------------------------------------------------------
 *
 * events.h
 *		Events of one subject, collected in any order until they become a journey.
 *
 * This is what the aggregates that make journeys hold between two rows.  It is one
 * flat block that begins with a varlena header, because the transition type is an
 * ordinary SQL type: that lets nodes of a cluster and parallel workers hand it on.
 *
 *		 0	int32	varlena header, written by the face only
 *		 4	uint8	version, 1
 *		 5	uint8	flags: EVENTS_HAVE_SEQ, EVENTS_HAVE_ORDER, EVENTS_SCATTERED
 *		 6	uint16	number of labels
 *		 8	uint32	number of events
 *		12	uint32	events that there is room for
 *		16	uint32	bytes of labels
 *		20	uint32	bytes of labels that there is room for
 *		24	int64	base: the instant that words count from
 *		32	uint64	a bit for each label, by its hash
 *		40	cells of 1 or 2 int64: word [, seq]
 *		..	labels, each once, as they came: [float4 order,] length byte, bytes
 *
 * A word is one of a journey's, but for its sign: microseconds since the base (upper 54
 * bits), index of its label (lower 10 bits).  Most events come in their order; then words
 * and labels are those of the journey, and there is nothing left to do but to copy them.
 *
 * The unused room lies inside the block.  Adding writes into it; only when it is full
 * is a new block of twice the room made, and the old one left to its owner.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_EVENTS_H
#define CRM_EVENTS_H

#include "journey.h"

#define EVENTS_VERSION 1
#define EVENTS_HAVE_SEQ 0x01
#define EVENTS_HAVE_ORDER 0x02	/* a label's order is not 0 */
#define EVENTS_SCATTERED 0x04	/* an event was not later than the one that came before it */

/* What palloc gives. */
#define EVENTS_MAX_SIZE ((size_t) 0x3fffffff)

typedef struct JourneyEvents
{
	int32		vl_len_;
	uint8		version;
	uint8		flags;
	uint16		nlabels;
	uint32		nevents;
	uint32		events_room;
	uint32		labels_len;
	uint32		labels_room;
	TimestampTz base;
	uint64		label_bits;
	int64		cells[FLEXIBLE_ARRAY_MEMBER];
} JourneyEvents;

/* A label and where it stands among labels: an enum's order; 0 where labels have none. */
typedef struct EventLabel
{
	JourneyLabel label;
	float4		order;
} EventLabel;

/*
 * An event in its place.  Among events of one instant seq decides, then the label's
 * order, then the label's bytes: rank is the label's place by these two.
 */
typedef struct SortedEvent
{
	TimestampTz at;
	int64		seq;
	uint32		rank;
	uint32		label;
} SortedEvent;

static inline bool
events_have_seq(const JourneyEvents *events)
{
	return (events->flags & EVENTS_HAVE_SEQ) != 0;
}

extern size_t events_size(const JourneyEvents *events);
extern JourneyEvents *events_begin(bool have_seq, bool have_order);
extern void events_clear(JourneyEvents *events);
extern bool events_add_simple(JourneyEvents *events, JourneyLabel label, TimestampTz at,
							  int64 seq);
extern JourneyEvents *events_add(JourneyEvents *events, const EventLabel *label, TimestampTz at,
								 int64 seq, PureError *error);
extern JourneyEvents *events_merge(JourneyEvents *into, const JourneyEvents *from,
								   PureError *error);
extern EventLabel *events_labels(const JourneyEvents *events);

/* events_journey.c */
extern SortedEvent *events_sorted(const JourneyEvents *events);
extern bool events_in_order(const JourneyEvents *events);
extern size_t events_journey_size(const JourneyEvents *events);
extern void events_write_journey(const JourneyEvents *events, char *payload);
extern bool events_to_journey(const JourneyEvents *events, JourneyBuilder *builder,
							  PureError *error);

#endif							/* CRM_EVENTS_H */
