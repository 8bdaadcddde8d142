/*-------------------------------------------------------------------------
 *
 * guard_trust.h
 *		Whose functions, operators, casts and types a guard may have run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_GUARD_TRUST_H
#define CRM_GUARD_TRUST_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "utils/rel.h"

extern void guard_trust_functions(Node *expression, Oid owner);
extern void guard_trust_types(Node *raw, Relation rel, Oid owner);

#endif							/* CRM_GUARD_TRUST_H */
