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
	Rulebook   *book;			/* of the lifecycle that new_row follows */
	Relation	rel;
	int			from;			/* NO_STAGE: a new row */
	int			begun;			/* where a new row's journey begins; "to" unless it brought one */
	int			to;
	TupleTableSlot *new_row;
	TupleTableSlot *old_row;	/* a row of NULLs where there is none */
} Candidate;

/* One check, in words. */
typedef struct Check
{
	CheckKind	kind;
	bool		passed;
	char	   *message;		/* a sentence */
} Check;

typedef struct Verdict
{
	const DiagramMove *move;	/* the first that passes; NULL where none does */
	bool		granted;
	List	   *checks;			/* those that failed, or all if they were to be explained */
} Verdict;

/* old_row may be NULL; an unknown lifecycle is an error. */
extern Candidate judge_candidate(Binding *binding, Relation rel, TupleTableSlot *new_row,
								 TupleTableSlot *old_row);

/* "always": whether it is the one that any row makes between these stages. */
extern const DiagramMove *judge_move_made(const Candidate *candidate, bool *always);
extern Verdict judge(const Candidate *candidate, bool explain);
extern const char *check_name(CheckKind kind);
extern char *enumerate(const char *const *items, int count, const char *separator);

static inline const DiagramStage *
stage_of(const Candidate *candidate, int stage)
{
	return &candidate->book->rules->diagram->stages[stage];
}

#endif							/* CRM_JUDGE_H */
