/*-------------------------------------------------------------------------
 *
 * refuse.h
 *		What is said to somebody whose row may not move.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_REFUSE_H
#define CRM_REFUSE_H

#include "postgres.h"

#include "judge.h"

extern void refuse(const Candidate *candidate, const Verdict *verdict);
extern void refuse_unknown_stage(const Candidate *candidate, const char *from, JourneyLabel to);
pg_noreturn extern void refuse_undo(const Candidate *candidate, JourneyLabel to, const char *message,
								   const char *detail, const char *hint);
pg_noreturn extern void refuse_renamed(const Candidate *candidate, JourneyLabel stage);
pg_noreturn extern void refuse_derived(const Candidate *candidate);
extern void refuse_left_stage(const Candidate *candidate, JourneyLabel from, JourneyLabel to);
pg_noreturn extern void refuse_always(const Binding *binding, Relation rel, TupleTableSlot *row,
									  const char *constraint, const char *message, const char *detail,
									  const char *hint);
extern char *name_row(const Binding *binding, Relation rel, TupleTableSlot *row);

#endif							/* CRM_REFUSE_H */
