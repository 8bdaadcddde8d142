/*-------------------------------------------------------------------------
 *
 * context.h
 *		What a session says about its moves: who acts, why, when, and whether it imports.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CONTEXT_H
#define CRM_CONTEXT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/rel.h"

/* NULL where nothing was said. */
extern const char *context_actor(void);
extern const char *context_reason(void);
extern const char *context_note(void);
extern bool context_undo(void);

/* These two take the rights of the table's owner. */
extern bool context_importing(Relation rel);
extern bool context_restoring(Relation rel);
extern TimestampTz context_instant(Relation rel);

extern void context_init(void);

#endif							/* CRM_CONTEXT_H */
