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

#include "binding.h"
#include "journey.h"

extern Datum journey_start(JourneyLabel stage, TimestampTz at);
extern Datum journey_extend(Datum journey, JourneyLabel stage, TimestampTz at);
extern Datum journey_shorten(const JourneyView *view);
extern Datum journey_of_unfilled(const Binding *binding, TupleTableSlot *row, TimestampTz now);
extern bool journey_same(Datum a, Datum b);
extern JourneyLabel journey_last_stage(const JourneyView *view);

#endif							/* CRM_JOURNEY_KEEP_H */
