/*-------------------------------------------------------------------------
 *
 * events_text.h
 *		Collected events as text: {lead:1@2026-01-05T09:00:00Z#7,...}
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_EVENTS_TEXT_H
#define CRM_EVENTS_TEXT_H

#include "events.h"

extern void events_print(StringInfo out, const JourneyEvents *events);
extern JourneyEvents *events_parse(const char *text, size_t len, PureError *error);

#endif							/* CRM_EVENTS_TEXT_H */
