/*-------------------------------------------------------------------------
 *
 * lifecycle.h
 *		What is asked of every diagram before it becomes a lifecycle.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LIFECYCLE_H
#define CRM_LIFECYCLE_H

#include "diagram.h"

extern void check_guards(const Diagram *diagram);
extern void notice_unreachable(const char *name, const Diagram *diagram);

#endif							/* CRM_LIFECYCLE_H */
