/*-------------------------------------------------------------------------
 *
 * retention_text.h
 *		A retention as text.
 *
 *		{from lead while lead every 1 month for 3 as of 2026-05-01T00:00:00Z;
 *			2026-01-01T00:00:00Z 10: 10 8 7; 2026-02-01T00:00:00Z 5: 5 4 0}
 *
 * The specification, then every cohort: its beginning, its size, and how many of them
 * are retained in each period.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RETENTION_TEXT_H
#define CRM_RETENTION_TEXT_H

#include "retention.h"

extern void retention_print(StringInfo out, const Retention *retention);
extern Retention *retention_parse(const char *text, size_t len, ZoneFinder finder,
								  PureError *error);

#endif							/* CRM_RETENTION_TEXT_H */
