/*-------------------------------------------------------------------------
 *
 * dependents.h
 *		Which tables need a lifecycle, or a stage of it: neither goes before they let go of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DEPENDENTS_H
#define CRM_DEPENDENTS_H

#include "diagram.h"

extern void refuse_if_needed(const char *name);
extern void refuse_if_held(const char *name, const DiagramStage *stage);

#endif							/* CRM_DEPENDENTS_H */
