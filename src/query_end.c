/*-------------------------------------------------------------------------
 *
 * query_end.c
 *		What is left to do when a query's AFTER triggers have fired.
 *
 * A trigger sees one row, and is not told which is the last.  Here a query's end is seen:
 * its AFTER triggers fire in ExecutorFinish(), and we stand around that.  What is left to
 * do is known to that call alone, so it is done before the call returns, or the call fails
 * and takes the rows with it: no savepoint, no transaction's end comes in between.
 *
 * Not every trigger is fired from there: not those of a subscription, nor deferred ones.
 * Theirs is another memory context than the query's.  COPY fires its own before it returns,
 * so we stand around that too; but its triggers are told from others by nothing else than
 * that no query stands between, so only those ask for it who may.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"

#include "query_end.h"

typedef struct QueryEndWork
{
	QueryEndAction action;
	void	   *argument;
} QueryEndWork;

typedef struct QueryEnd
{
	struct QueryEnd *outer;
	QueryDesc  *query;			/* NULL: it is a COPY */
	MemoryContext memory;		/* that lasts until it ends */
	List	   *work;			/* of QueryEndWork */
} QueryEnd;

static QueryEnd *innermost = NULL;
static ExecutorFinish_hook_type previous_hook = NULL;
static ProcessUtility_hook_type previous_utility_hook = NULL;

bool
query_end_expected(MemoryContext query, Relation rel)
{
	PlannedStmt *statement;

	if (innermost == NULL || innermost->query == NULL || innermost->memory != query)
		return false;
	statement = innermost->query->plannedstmt;
	return list_length(statement->resultRelations) == 1 &&
		rt_fetch(linitial_int(statement->resultRelations), statement->rtable)->relid == RelationGetRelid(rel);
}

MemoryContext
query_end_memory(MemoryContext query)
{
	if (innermost == NULL || (innermost->query != NULL && innermost->memory != query))
		return NULL;
	return innermost->memory;
}

void *
query_end_find(QueryEndAction action, bool (*is_it) (const void *argument, const void *wanted), const void *wanted)
{
	ListCell   *cell;

	foreach(cell, innermost->work)
	{
		QueryEndWork *work = lfirst(cell);

		if (work->action == action && is_it(work->argument, wanted))
			return work->argument;
	}
	return NULL;
}

void
query_end_do(QueryEndAction action, void *argument)
{
	MemoryContext caller = MemoryContextSwitchTo(innermost->memory);
	QueryEndWork *work = palloc(sizeof(QueryEndWork));

	work->action = action;
	work->argument = argument;
	innermost->work = lappend(innermost->work, work);
	MemoryContextSwitchTo(caller);
}

void
query_end_forget(void *argument)
{
	ListCell   *cell;

	foreach(cell, innermost->work)
		if (((QueryEndWork *) lfirst(cell))->argument == argument)
			innermost->work = foreach_delete_current(innermost->work, cell);
}

static void
do_work(const QueryEnd *end)
{
	ListCell   *cell;

	foreach(cell, end->work)
	{
		QueryEndWork *work = lfirst(cell);

		work->action(work->argument);
	}
}

static void
finish_query(QueryDesc *query)
{
	QueryEnd	end = {.outer = innermost, .query = query, .memory = query->estate->es_query_cxt, .work = NIL};

	innermost = &end;
	PG_TRY();
	{
		if (previous_hook != NULL)
			previous_hook(query);
		else
			standard_ExecutorFinish(query);
		do_work(&end);
	}
	PG_FINALLY();
	{
		innermost = end.outer;
	}
	PG_END_TRY();
}

static void
next_utility(PlannedStmt *statement, const char *text, bool read_only_tree, ProcessUtilityContext context,
			 ParamListInfo params, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *completion)
{
	if (previous_utility_hook != NULL)
		previous_utility_hook(statement, text, read_only_tree, context, params, environment, receiver, completion);
	else
		standard_ProcessUtility(statement, text, read_only_tree, context, params, environment, receiver, completion);
}

/* Stands around COPY ... FROM. */
static void
finish_copy(PlannedStmt *statement, const char *text, bool read_only_tree, ProcessUtilityContext context,
			ParamListInfo params, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *completion)
{
	QueryEnd	end = {.outer = innermost, .query = NULL, .memory = CurrentMemoryContext, .work = NIL};

	if (!IsA(statement->utilityStmt, CopyStmt) || !((CopyStmt *) statement->utilityStmt)->is_from)
	{
		next_utility(statement, text, read_only_tree, context, params, environment, receiver, completion);
		return;
	}
	innermost = &end;
	PG_TRY();
	{
		next_utility(statement, text, read_only_tree, context, params, environment, receiver, completion);
		do_work(&end);
	}
	PG_FINALLY();
	{
		innermost = end.outer;
	}
	PG_END_TRY();
}

void
query_end_init(void)
{
	previous_hook = ExecutorFinish_hook;
	ExecutorFinish_hook = finish_query;
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = finish_copy;
}
