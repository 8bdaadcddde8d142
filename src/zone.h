/*-------------------------------------------------------------------------
 *
 * zone.h
 *		Time zones as PostgreSQL knows them, for the pure code's calendar.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ZONE_H
#define CRM_ZONE_H

#include "postgres.h"

#include "fmgr.h"

#include "calendar.h"

extern bool zone_find(const char *name, Zone *zone, PureError *error);
extern void argument_zone(FunctionCallInfo fcinfo, int argno, const char *name, Zone *zone);
extern Interval argument_every(FunctionCallInfo fcinfo, int argno, const char *name);

#endif							/* CRM_ZONE_H */
