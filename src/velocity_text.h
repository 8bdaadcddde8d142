/*-------------------------------------------------------------------------
 *
 * velocity_text.h
 *		A velocity as text.
 *
 *		as of 2026-05-01T00:00:00Z {lead start 3; won open 2 [0,86400000000]; lead > won [3600000000*3]}
 *
 * The specification; then for every stage in which journeys began or are still how
 * many of them, the open ones with their ages where there is an "as of"; then the
 * moves with their dwells.  Ages and dwells are microseconds, in the text of digest_text.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_VELOCITY_TEXT_H
#define CRM_VELOCITY_TEXT_H

#include "velocity.h"

extern void velocity_write(StringInfo out, const Velocity *trimmed);
extern Velocity *velocity_read(const char *text, size_t len, PureError *error);

#endif							/* CRM_VELOCITY_TEXT_H */
