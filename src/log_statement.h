/*-------------------------------------------------------------------------
 *
 * log_statement.h
 *		What a statement keeps for the log of one relation, and when its rows are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOG_STATEMENT_H
#define CRM_LOG_STATEMENT_H

#include "postgres.h"

#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "binding.h"
#include "log_table.h"
#include "log_write.h"

/* A role's name as text, as long as it is the same role. */
typedef struct RoleName
{
	Oid			role;
	text	   *name;
} RoleName;

/* What one statement needs for the rows of one relation. */
typedef struct LogStatement
{
	MemoryContext context;
	uint64		changes;		/* from binding_changes(): then it was made */
	Binding    *binding;
	LogPlan    *plan;
	LogWriter  *writer;
	Oid			owner;			/* of the log */
	Relation	rel;
	MemoryContext query;
	bool		importing;
	bool		gathers;		/* rows may be stored at the end of the query */
	bool		gathering;
	bool		cascades;		/* new keys are passed on by foreign keys */
	RoleName	login;
	RoleName	role;
	text	   *lifecycle;		/* of all rows; NULL where a column names it */
	text	   *drawn[NUM_LOG_PARAMETERS];	/* the words of the move made last, if they tell each such move */
} LogStatement;

extern LogStatement *log_statement_get(FunctionCallInfo fcinfo, TriggerData *trigdata);

/* Whether foreign keys pass on what the row has got, which fires the triggers of others. */
extern bool log_is_passed_on(Relation rel, TupleTableSlot *old_row, TupleTableSlot *new_row);

/* Store the row in the writer's slot: now, or when the query ends, if it may wait so long. */
extern void log_row_now(const LogStatement *statement);
extern void log_row_later(LogStatement *statement);

/* Stores what is gathered already, before the query ends. */
extern void log_gathered_now(LogStatement *statement);

#endif							/* CRM_LOG_STATEMENT_H */
