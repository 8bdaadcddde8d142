/*-------------------------------------------------------------------------
 *
 * score_ready.h
 *		Scores with their conditions compiled for rows of one type, kept by whoever calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SCORE_READY_H
#define CRM_SCORE_READY_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "fmgr.h"

#include "guard.h"
#include "score_model.h"

/* A score, ready for rows of one type. */
typedef struct ReadyScore
{
	struct ReadyScore *next;
	MemoryContext context;
	StoredScore *stored;
	Oid			row_type;
	Guard	  **guards;			/* of each rule; NULL: it has no condition */
	TupleTableSlot *row;
	TupleTableSlot *no_row;

	/* for score_ready.c only */
	uint64		changes;		/* when its conditions were compiled */
	GuardIdentity identity;
} ReadyScore;

extern ReadyScore *ready_score(FunctionCallInfo fcinfo, const char *name, Oid row_type,
							   const TimestampTz *rules_of);

extern StoredScore *kept_score(FunctionCallInfo fcinfo, const char *name, const TimestampTz *rules_of);

#endif							/* CRM_SCORE_READY_H */
