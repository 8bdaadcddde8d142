/*-------------------------------------------------------------------------
 *
 * registry.h
 *		Which columns of a table are attached to what.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_REGISTRY_H
#define CRM_REGISTRY_H

#include "postgres.h"

#include "commands/trigger.h"
#include "utils/rel.h"

#include "binding.h"

extern AttrNumber stage_in_check(const char *check, AttrNumber journey);
extern Oid	registry_function(const char *name);
extern Trigger *registry_find_trigger(TriggerDesc *desc, Oid function, const char *key);

/* Fills in the attached columns, the lifecycle, the mode, and where they are registered. */
extern bool registry_exists(Relation rel, const char *key);
extern void registry_read(Binding *binding, Relation rel);

pg_noreturn extern void refuse_damaged_attachment(Relation rel);

#endif							/* CRM_REGISTRY_H */
