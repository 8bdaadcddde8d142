/*-------------------------------------------------------------------------
 *
 * context.h
 *		What a session says about its moves: who acts, and why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CONTEXT_H
#define CRM_CONTEXT_H

#include "postgres.h"

extern const char *context_reason(void);
extern void context_init(void);

#endif							/* CRM_CONTEXT_H */
