/*-------------------------------------------------------------------------
 *
 * survival_text.h
 *		A survival as text:
 *
 *		from sql to lost, won as of 2026-05-01T00:00:00Z {open [5*2]; to lost [3]; to won [3,7*2]}
 *
 * The specification, if there is one; then for each way to end the durations in
 * microseconds, with their number where it is not one.  "open" are the censored ones.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SURVIVAL_TEXT_H
#define CRM_SURVIVAL_TEXT_H

#include "survival.h"

extern void survival_write(StringInfo out, const Survival *trimmed);
extern Survival *survival_read(const char *text, size_t len, PureError *error);
extern Survival *survival_create_as(const SurvivalSpec *spec);
extern bool survival_admits(const SurvivalSpec *spec, const JourneyLabel *cause, int64 time,
							PureError *error);

#endif							/* CRM_SURVIVAL_TEXT_H */
