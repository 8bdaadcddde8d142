/*-------------------------------------------------------------------------
 *
 * diagram_compare.h
 *		Diagrams in SQL: what is different between two, and what is wrong with one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIAGRAM_COMPARE_H
#define CRM_DIAGRAM_COMPARE_H

#include "postgres.h"

#include "fmgr.h"

#include "diagram.h"

extern void put_changes(FunctionCallInfo fcinfo, const Diagram *before, const Diagram *after);

#endif							/* CRM_DIAGRAM_COMPARE_H */
