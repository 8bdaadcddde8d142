/*-------------------------------------------------------------------------
 *
 * journey.h
 *		The bytes of a journey, and how to read and build them.
 *
 * A journey is the ordered (stage, entered_at) steps that one row went through; it
 * has at least one step.  It holds its own labels and instants and points at nothing
 * in the catalog, so it outlives enum types, dumps and shards.
 *
 * Layout, behind the varlena header and without any alignment:
 *
 *		 0	uint8	version, 1
 *		 1	uint8	flags, 0: reserved
 *		 2	uint16	number of labels
 *		 4	uint32	number of steps
 *		 8	int64	instant of the first step, microseconds since 2000-01-01 UTC
 *		16	uint64	the last step's word
 *		24	labels, each once, in the order of first visit: length byte, then bytes
 *		..	one 8-byte word a step: microseconds since the first step (upper 54
 *			bits), index of its label (lower 10 bits)
 *
 * The head and the labels come first, so that "which stage is it in, since when"
 * reads a slice of a value that TOAST keeps out of line.  Fixed words beat varints by
 * 10 to 20 % in time for 13 % in space, and appending a step is copying.  Labels in
 * the order of first visit make the bytes canonical: equal journeys are equal bytes.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_JOURNEY_H
#define CRM_JOURNEY_H

#include "pure.h"

#define JOURNEY_VERSION 1
#define JOURNEY_HEAD 24

/* A word's index has 10 bits. */
#define JOURNEY_INDEX_BITS 10
#define JOURNEY_MAX_LABELS (1 << JOURNEY_INDEX_BITS)
/* The length of a label is a byte. */
#define JOURNEY_MAX_LABEL_LEN 255
/* A word's time has 54 bits: 570 years. */
#define JOURNEY_MAX_SPAN ((INT64CONST(1) << (64 - JOURNEY_INDEX_BITS)) - 1)
/* 2^26 words are half of what palloc gives (1 GB); the labels need at most 256 kB more. */
#define JOURNEY_MAX_STEPS (1 << 26)

typedef struct JourneyLabel
{
	const char *text;			/* not terminated */
	uint32		len;
} JourneyLabel;

/* A journey opened for reading; it points into the value. */
typedef struct JourneyView
{
	uint32		nsteps;
	uint32		nlabels;
	TimestampTz first;
	uint64		last_word;
	const char *labels;			/* the dictionary's bytes, fit as a cache key */
	uint32		labels_len;
	const char *words;			/* unaligned */
} JourneyView;

static inline uint32
journey_word_index(uint64 word)
{
	return word & (JOURNEY_MAX_LABELS - 1);
}

static inline int64
journey_word_time(uint64 word)
{
	return (int64) (word >> JOURNEY_INDEX_BITS);
}

/*
 * Opens the bytes behind a varlena header.  They were written by this code, so they
 * are not checked again; what comes from outside goes through a JourneyBuilder.
 */
static inline void
journey_open(JourneyView *view, const char *payload, size_t len)
{
	uint16		nlabels;

	memcpy(&nlabels, payload + 2, sizeof(nlabels));
	memcpy(&view->nsteps, payload + 4, sizeof(view->nsteps));
	memcpy(&view->first, payload + 8, sizeof(view->first));
	memcpy(&view->last_word, payload + 16, sizeof(view->last_word));
	view->nlabels = nlabels;
	view->labels = payload + JOURNEY_HEAD;
	view->labels_len = len - JOURNEY_HEAD - (size_t) view->nsteps * sizeof(uint64);
	view->words = view->labels + view->labels_len;
}

static inline uint64
journey_word(const JourneyView *view, uint32 step)
{
	uint64		word;

	memcpy(&word, view->words + (size_t) step * sizeof(word), sizeof(word));
	return word;
}

static inline uint32
journey_index(const JourneyView *view, uint32 step)
{
	return journey_word_index(journey_word(view, step));
}

static inline TimestampTz
journey_at(const JourneyView *view, uint32 step)
{
	return view->first + journey_word_time(journey_word(view, step));
}

extern void journey_labels(const JourneyView *view, JourneyLabel *labels);
extern JourneyLabel journey_label(const JourneyView *view, uint32 index);
extern int	journey_find_label(const JourneyView *view, const char *label, size_t len);

extern int64 journey_visit(const JourneyView *view, int index, int nth);
extern int64 journey_step_at(const JourneyView *view, TimestampTz at);
extern uint32 journey_stay(const JourneyView *view);
extern int	journey_compare(const JourneyView *a, const JourneyView *b);
extern bool journey_continues(const JourneyView *journey, const JourneyView *begun);
extern int	journey_label_compare(const JourneyLabel *a, const JourneyLabel *b);

extern bool journey_check_label(const char *label, size_t len, PureError *error);
extern bool journey_check_label_count(uint32 nlabels, PureError *error);
extern bool journey_check_instant(TimestampTz at, PureError *error);
extern bool journey_check_span(TimestampTz first, TimestampTz last, PureError *error);

/* Collects steps in order and writes them as a journey. */
typedef struct JourneyBuilder
{
	uint32		nsteps;
	uint32		words_room;
	uint64	   *words;
	TimestampTz first;
	uint32		nlabels;
	uint32		offsets_room;
	uint32	   *offsets;		/* of each label in the dictionary */
	StringInfoData labels;
} JourneyBuilder;

extern void journey_begin(JourneyBuilder *builder);
extern bool journey_add(JourneyBuilder *builder, const char *label, size_t len, TimestampTz at,
						PureError *error);
extern bool journey_add_as(JourneyBuilder *builder, int *index, JourneyLabel label,
						   TimestampTz at, PureError *error);
extern bool journey_add_behind(JourneyBuilder *builder, const JourneyView *view, PureError *error);
extern size_t journey_size(const JourneyBuilder *builder);
extern void journey_write(const JourneyBuilder *builder, char *payload);
extern void journey_write_head(char *payload, uint16 nlabels, uint32 nsteps, TimestampTz first,
							   uint64 last_word);

/* One step more, without taking the journey apart. */
typedef struct JourneyAppend
{
	uint64		word;
	bool		new_label;
	size_t		size;			/* of the payload that journey_append_write fills */
} JourneyAppend;

extern bool journey_append_plan(JourneyAppend *plan, const JourneyView *old, const char *label,
								size_t len, TimestampTz at, PureError *error);
extern void journey_append_write(const JourneyAppend *plan, const JourneyView *old,
								 const char *label, size_t len, char *payload);

#endif							/* CRM_JOURNEY_H */
