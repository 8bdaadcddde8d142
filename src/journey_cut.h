/*-------------------------------------------------------------------------
 *
 * journey_cut.h
 *		Journeys made of parts of journeys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_JOURNEY_CUT_H
#define CRM_JOURNEY_CUT_H

#include "journey.h"

/* A span of instants; an end that is open is DT_NOBEGIN or DT_NOEND. */
typedef struct JourneyWindow
{
	TimestampTz from;
	TimestampTz to;
	bool		from_included;
	bool		to_included;
} JourneyWindow;

extern bool journey_slice(JourneyBuilder *builder, const JourneyView *view,
						  const JourneyWindow *window, PureError *error);
extern bool journey_crop(JourneyBuilder *builder, const JourneyView *view,
						 const JourneyWindow *window, PureError *error);
extern bool journey_collapse(JourneyBuilder *builder, const JourneyView *view, PureError *error);
extern bool journey_relabel(JourneyBuilder *builder, const JourneyView *view,
							const JourneyLabel *labels, PureError *error);
extern bool journey_begin_with(JourneyBuilder *builder, const JourneyView *view,
							   JourneyLabel label, PureError *error);
extern bool journey_append_all(JourneyBuilder *builder, const JourneyView *view,
							   PureError *error);

#endif							/* CRM_JOURNEY_CUT_H */
