/*-------------------------------------------------------------------------
 *
 * retention_io.h
 *		retention_spec and retention as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RETENTION_IO_H
#define CRM_RETENTION_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "retention.h"
#include "spec_face.h"

extern RetentionPlan *retention_ready(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg);
extern RetentionPlan *retention_plan_of(const Retention *retention);
extern Retention *retention_open_datum(Datum value);
extern Datum retention_datum(Retention *retention);

#endif							/* CRM_RETENTION_IO_H */
