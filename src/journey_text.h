/*-------------------------------------------------------------------------
 *
 * journey_text.h
 *		A journey as text: {lead@2026-01-05T09:00:00Z,"closed won"@2026-02-01T10:30:00.5Z}
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_JOURNEY_TEXT_H
#define CRM_JOURNEY_TEXT_H

#include "journey.h"

extern void journey_print(StringInfo out, const JourneyView *view);
extern bool journey_parse(JourneyBuilder *builder, const char *text, size_t len, PureError *error);

#endif							/* CRM_JOURNEY_TEXT_H */
