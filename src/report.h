/*-------------------------------------------------------------------------
 *
 * report.h
 *		From the pure code's errors to PostgreSQL's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_REPORT_H
#define CRM_REPORT_H

#include "fmgr.h"

#include "compat.h"
#include "pure.h"

pg_noreturn extern void report_pure_error(const PureError *error);
extern Datum refuse_input(FunctionCallInfo fcinfo, const PureError *error);

#endif							/* CRM_REPORT_H */
