/*-------------------------------------------------------------------------
 *
 * report.h
 *		From the pure code's errors to PostgreSQL's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_REPORT_H
#define CRM_REPORT_H

#include "pure.h"

extern void report_pure_error(const PureError *error) pg_attribute_noreturn();

#endif							/* CRM_REPORT_H */
