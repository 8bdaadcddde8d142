/*-------------------------------------------------------------------------
 *
 * ownership.h
 *		Who may change a lifecycle, or how a table follows one: its owner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_OWNERSHIP_H
#define CRM_OWNERSHIP_H

#include "postgres.h"

extern bool may_act_as(Oid user, const char *role);
extern void check_owner(const char *lifecycle, const char *owner);
extern void check_table_owner(Oid relid);

#endif							/* CRM_OWNERSHIP_H */
