/*-------------------------------------------------------------------------
 *
 * enforce.h
 *		What the row triggers share: for enforce.c and enforce_journey.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ENFORCE_H
#define CRM_ENFORCE_H

#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "journey.h"
#include "judge.h"

/* What one statement keeps about one relation, from its first row to its end. */
typedef struct Statement
{
	Binding    *binding;
	Relation	rel;
	TupleTableSlot *row;		/* that the trigger fires for, before it is changed */
	MemoryContext query;
	TimestampTz now;
	bool		importing;
	bool		restoring;
	char	   *missing;		/* a lifecycle that does not exist */
	TupleTableSlot *today[2];	/* for the old and the new row, if they held former labels */
	ItemPointerData updated;	/* the row that BEFORE UPDATE saw last, on a partition */
	Datum		updated_journey;
} Statement;

static inline bool
same_label(JourneyLabel a, JourneyLabel b)
{
	return journey_label_compare(&a, &b) == 0;
}

static inline Datum
row_journey(const Statement *statement, TupleTableSlot *row, bool *isnull)
{
	return slot_getattr(row, statement->binding->columns[JOURNEY_COLUMN], isnull);
}

static inline HeapTuple
with_journey(const Statement *statement, HeapTuple tuple, Datum journey)
{
	int			column = statement->binding->columns[JOURNEY_COLUMN];
	bool		isnull = false;

	return heap_modify_tuple_by_cols(tuple, RelationGetDescr(statement->rel), 1, &column, &journey, &isnull);
}

/* A row that is not judged yet, by the rules that it follows; old_row may be NULL. */
static inline Candidate
make_candidate(const Statement *statement, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	return judge_candidate(statement->binding, statement->rel, new_row, old_row);
}

extern Rulebook *known_rulebook(Statement *statement, TupleTableSlot *row);

/* enforce_journey.c */
extern void check_has_happened(const Statement *statement, Datum journey);
extern void check_brought_journey(Statement *statement, const Candidate *candidate, Datum journey,
								  JourneyLabel stage);
extern HeapTuple before_standing_still(Statement *statement, TriggerData *trigdata, JourneyLabel stage);
extern HeapTuple before_undo(Statement *statement, TriggerData *trigdata, const Candidate *candidate,
							 Datum journey, JourneyLabel stage);
extern HeapTuple before_import(Statement *statement, TriggerData *trigdata, JourneyLabel old_stage,
							   JourneyLabel stage);

#endif							/* CRM_ENFORCE_H */
