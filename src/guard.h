/*-------------------------------------------------------------------------
 *
 * guard.h
 *		Guards: SQL conditions over a row, compiled for one relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_GUARD_H
#define CRM_GUARD_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#include "diagram.h"

/* Who a lifecycle's guards run as, and how they understand names. */
typedef struct GuardIdentity
{
	const char *lifecycle;		/* its name, or that of the score */
	const char *kind;			/* what has that name: NULL for a lifecycle */
	Oid			owner;			/* InvalidOid: the role is gone, nothing may run */
	const char *search_path;	/* from guard_search_path() */
	int			running;		/* how many of its guards are at work: it must stay meanwhile */
} GuardIdentity;

typedef struct Guard
{
	const char *text;
	const char *place;			/* of which move or stage, in words */
	GuardIdentity *identity;
	Expr	   *expression;
	ExprState  *state;
	ExprContext *context;		/* has a row while the guard is being evaluated */
	bool		needs_path;		/* calls something outside pg_catalog */
} Guard;

extern char *guard_search_path(const char *defined);
extern char *guard_place_of_move(const Diagram *diagram, const DiagramMove *move);
extern char *guard_place_of_entry(const DiagramStage *stage);
extern char *guard_place_of_exit(const DiagramStage *stage);
extern void guard_check_syntax(const char *text, const char *place);
extern Guard *guard_compile(const char *text, const char *place, GuardIdentity *identity, Relation rel);
extern bool guard_holds(const Guard *guard, TupleTableSlot *new_row, TupleTableSlot *old_row);

#endif							/* CRM_GUARD_H */
