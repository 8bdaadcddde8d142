/*-------------------------------------------------------------------------
 *
 * ownership.h
 *		Who may change a lifecycle: its owner, by name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_OWNERSHIP_H
#define CRM_OWNERSHIP_H

#include "postgres.h"

extern bool may_act_as(Oid user, const char *role);
extern void check_owner(const char *lifecycle, const char *owner);

#endif							/* CRM_OWNERSHIP_H */
