/*-------------------------------------------------------------------------
 *
 * journey_io.h
 *		Journeys as Datums: how every function of the server side opens and makes them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_JOURNEY_IO_H
#define CRM_JOURNEY_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "journey.h"

/* What is known without reading the steps; the label points into the value or a slice of it. */
typedef struct JourneyHead
{
	uint32		nsteps;
	TimestampTz first;
	TimestampTz last;
	JourneyLabel stage;			/* of the last step */
} JourneyHead;

extern void journey_refuse_version(const char *payload);
extern void journey_read_head(Datum value, JourneyHead *head);
extern struct varlena *journey_from_builder(const JourneyBuilder *builder);

static inline void
journey_check_version(const char *payload)
{
	if (payload[0] != JOURNEY_VERSION || payload[1] != 0)
		journey_refuse_version(payload);
}

/*
 * Opens a journey for reading.  Returns the detoasted value, which a caller in a
 * long-lived context frees if it is not the Datum's own pointer.
 */
static inline struct varlena *
journey_open_datum(Datum value, JourneyView *view)
{
	struct varlena *journey = (struct varlena *) DatumGetPointer(value);
	const char *payload;

	/* Most journeys lie in their rows as they are: spare them the call. */
	if (VARATT_IS_EXTERNAL(journey) || VARATT_IS_COMPRESSED(journey))
		journey = PG_DETOAST_DATUM_PACKED(value);
	payload = VARDATA_ANY(journey);
	journey_check_version(payload);
	journey_open(view, payload, VARSIZE_ANY_EXHDR(journey));
	return journey;
}

/* Ordinary rows are shorter; a cache line has 64 bytes. */
#define NEXT_ROW_REACH 320
#define CACHE_LINE 64

/*
 * Has the processor fetch the next row of a scan while this one is worked on: a page is
 * filled from its end downwards, so that row usually lies just before this one.  Where
 * it does not, nothing is lost.
 */
static inline void
journey_foresee_next(Datum value)
{
	const char *here = (const char *) DatumGetPointer(value);

	for (int back = CACHE_LINE; back <= NEXT_ROW_REACH; back += CACHE_LINE)
		__builtin_prefetch(here - back);
}

#define PG_RETURN_JOURNEY(builder) PG_RETURN_POINTER(journey_from_builder(builder))

#endif							/* CRM_JOURNEY_IO_H */
