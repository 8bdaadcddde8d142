/*-------------------------------------------------------------------------
 *
 * survival.h
 *		How long many were watched, and how that ended: integer counts.
 *
 * A survival is one flat value, the same while an aggregate builds it and when it is
 * stored:
 *
 *		head
 *		specification	its canonical text; none where durations were counted
 *		labels			of the causes: length byte, then bytes
 *		entries			of 16 bytes, aligned to 8, with room for more
 *
 * An entry is a duration, a cause and how many ended so.  The first nsorted entries are
 * in order and have each pair of duration and cause once; behind them is what was added
 * since.  When the room is used up the tail is sorted in; if that leaves less than half
 * of the room, the value moves to one of twice the room.  So adding costs O(log n), and
 * the old value stays as it is, for whoever allocated it to free.
 *
 * Trimmed, it is canonical: causes that occur in the order of their labels' bytes,
 * entries in order, no spare room.  The same cases give the same trimmed bytes.
 * Functions that read want a trimmed one.
 *
 * Nothing here may know SQL, the function manager or the catalog, nor what is estimated
 * from the counts: that is survival_curve.c's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SURVIVAL_H
#define CRM_SURVIVAL_H

#include "journey.h"
#include "pure.h"
#include "survival_spec.h"

#define SURVIVAL_VERSION 1

/* An entry's text has at most 36 bytes ("9223372036854775807*9007199254740992"), so 1 GB holds it all. */
#define SURVIVAL_MAX_ENTRIES (1 << 24)

/* Up to here doubles are exact, and an entry's word holds every count. */
#define SURVIVAL_MAX_TOTAL (UINT64CONST(1) << 53)

#define SURVIVAL_CAUSE_BITS 10
#define SURVIVAL_CENSORED 0

typedef struct SurvivalEntry
{
	int64		time;			/* microseconds, not negative */
	uint64		tally;			/* how many, and in the lower 10 bits the cause, from 1 */
} SurvivalEntry;

typedef struct Survival
{
	int32		vl_len_;		/* the varlena header, kept by the server side */
	uint8		version;
	uint8		reserved[3];	/* zero */
	uint32		size;			/* of everything */
	uint32		spec_len;
	uint32		labels_len;
	uint32		ncauses;
	uint32		room;			/* for entries */
	uint32		nentries;
	uint32		nsorted;
	uint32		unused;			/* zero */
	uint64		total;			/* of all counts */
	char		spec[FLEXIBLE_ARRAY_MEMBER];
} Survival;

static inline const char *
survival_labels(const Survival *survival)
{
	return survival->spec + survival->spec_len;
}

static inline SurvivalEntry *
survival_entries(const Survival *survival)
{
	size_t		texts = (size_t) survival->spec_len + survival->labels_len;

	return (SurvivalEntry *) ((char *) survival + offsetof(Survival, spec) + TYPEALIGN(8, texts));
}

static inline uint32
survival_entry_cause(const SurvivalEntry *entry)
{
	return entry->tally & (((uint64) 1 << SURVIVAL_CAUSE_BITS) - 1);
}

static inline uint64
survival_entry_count(const SurvivalEntry *entry)
{
	return entry->tally >> SURVIVAL_CAUSE_BITS;
}

/*
 * Building.  These return false once error is filled in.  Where *survival had to grow it
 * now points to new palloc'd bytes.
 */
extern Survival *survival_create(const char *spec, size_t spec_len);
extern bool survival_put_cause(Survival **survival, JourneyLabel label, uint32 *cause,
							   PureError *error);
extern bool survival_add(Survival **survival, int64 time, uint32 cause, uint64 count,
						 PureError *error);
extern bool survival_merge(Survival **survival, const Survival *other, PureError *error);
extern Survival *survival_trim(const Survival *survival);

extern bool survival_has_spec(const Survival *survival, const char *spec, size_t len);
extern uint32 survival_find_cause(const Survival *survival, JourneyLabel label);
extern void survival_cause_labels(const Survival *survival, JourneyLabel *labels);

#endif							/* CRM_SURVIVAL_H */
