/*-------------------------------------------------------------------------
 *
 * judge.h
 *		Whether a row may move, and if not, everything that stands in the way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_JUDGE_H
#define CRM_JUDGE_H

#include "postgres.h"

#include "binding.h"

/* What a check is about; the constraint that a refusal names follows from it. */
typedef enum CheckKind
{
	CHECK_MOVE,					/* the move is drawn */
	CHECK_ENTRY,				/* rows may begin here */
	CHECK_GUARD,
	CHECK_REQUIRES,
	CHECK_REASON
} CheckKind;

/* A row that wants to be in stage "to". */
typedef struct Candidate
{
	Binding    *binding;
	Relation	rel;
	int			from;			/* NO_STAGE: a new row */
	int			begun;			/* where a new row's journey begins; "to" unless it brought one */
	int			to;
	TupleTableSlot *new_row;
	TupleTableSlot *old_row;	/* a row of NULLs where there is none */
	const char *reason;			/* or NULL */
} Candidate;

/* One check that failed, in words. */
typedef struct Failure
{
	CheckKind	kind;
	char	   *message;		/* a sentence */
} Failure;

typedef struct Verdict
{
	const DiagramMove *move;	/* the first that passes; NULL where none does */
	List	   *failures;		/* of Failure; NIL: granted */
} Verdict;

extern Verdict judge(const Candidate *candidate);
extern void refuse(const Candidate *candidate, const Verdict *verdict) pg_attribute_noreturn();
extern void refuse_unknown_stage(const Binding *binding, Relation rel, const char *from, JourneyLabel to)
			pg_attribute_noreturn();
extern void refuse_with(Relation rel, const Binding *binding, const char *constraint, const char *message,
						const char *detail, const char *hint) pg_attribute_noreturn();

#endif							/* CRM_JUDGE_H */
