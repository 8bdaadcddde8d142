/*-------------------------------------------------------------------------
 *
 * attribution_report.h
 *		What an attribution says, row by row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ATTRIBUTION_REPORT_H
#define CRM_ATTRIBUTION_REPORT_H

#include "postgres.h"

#include "fmgr.h"

#include "attribution.h"

extern Datum attribution_label(const JourneyLabel *label);
extern void attribution_put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);
extern double *attribution_effects(const Attribution *paths);

#endif							/* CRM_ATTRIBUTION_REPORT_H */
