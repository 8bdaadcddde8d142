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

extern void label_write(StringInfo out, const char *label, size_t len);
extern bool label_read(const char **cursor, const char *end, StringInfo label);

extern void journey_print(StringInfo out, const JourneyView *view);
extern bool journey_parse(JourneyBuilder *builder, const char *text, size_t len, PureError *error);

#endif							/* CRM_JOURNEY_TEXT_H */
