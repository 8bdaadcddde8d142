/*-------------------------------------------------------------------------
 *
 * dependents.h
 *		Which tables need a lifecycle: it cannot go before they let go of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DEPENDENTS_H
#define CRM_DEPENDENTS_H

extern void refuse_if_needed(const char *name);

#endif							/* CRM_DEPENDENTS_H */
