/*-------------------------------------------------------------------------
 *
 * journey_keep.h
 *		The few things that enforcement does to a journey.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_JOURNEY_KEEP_H
#define CRM_JOURNEY_KEEP_H

#include "postgres.h"

#include "journey.h"

extern Datum journey_start(JourneyLabel stage, TimestampTz at);
extern Datum journey_extend(Datum journey, JourneyLabel stage, TimestampTz at);
extern Datum journey_shorten(const JourneyView *view);
extern JourneyLabel journey_last_stage(const JourneyView *view);

#endif							/* CRM_JOURNEY_KEEP_H */
