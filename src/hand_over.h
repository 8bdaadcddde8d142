/*-------------------------------------------------------------------------
 *
 * hand_over.h
 *		Rows that go on with the journey of a row of another table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_HAND_OVER_H
#define CRM_HAND_OVER_H

#include "postgres.h"

#include "utils/array.h"

#include "binding.h"

/* One of the tables that rows may come from. */
typedef struct Origin
{
	AttrNumber	via;			/* says from which row of it */
	Oid			source;
	char	   *name;			/* of the hand-over, the same on both sides */
	char	   *source_key;		/* of the source's attachment */
	ArrayType  *stages;			/* in which rows are handed over */
} Origin;

extern List *hand_over_origins(Relation rel, const char *key);
extern bool hand_over_is_expected(const Binding *binding, TupleTableSlot *row);
extern Datum hand_over_take(const Binding *binding, Relation rel, TupleTableSlot *row, TimestampTz now);
extern void hand_over_require(const Binding *binding, Relation rel, TupleTableSlot *row, TimestampTz now);
extern void hand_over_keep(const Binding *binding, Relation rel, TupleTableSlot *old_row, TupleTableSlot *new_row);

#endif							/* CRM_HAND_OVER_H */
