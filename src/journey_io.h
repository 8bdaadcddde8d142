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

#include "journey.h"

/* What is known without reading the steps; the label points into the value or a slice of it. */
typedef struct JourneyHead
{
	uint32		nsteps;
	TimestampTz first;
	TimestampTz last;
	JourneyLabel stage;			/* of the last step */
} JourneyHead;

extern struct varlena *journey_open_datum(Datum value, JourneyView *view);
extern void journey_read_head(Datum value, JourneyHead *head);
extern struct varlena *journey_from_builder(const JourneyBuilder *builder);

#define PG_RETURN_JOURNEY(builder) PG_RETURN_POINTER(journey_from_builder(builder))

#endif							/* CRM_JOURNEY_IO_H */
