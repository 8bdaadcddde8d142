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

#include "compat.h"

extern bool may_act_as(Oid user, const char *role);
pg_noreturn extern void refuse_not_owner(const char *lifecycle, const char *owner);
extern void check_owner(const char *lifecycle, const char *owner);

#endif							/* CRM_OWNERSHIP_H */
