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
 * Not every trigger is fired from there: not those of COPY, nor of a subscription, nor
 * deferred ones.  Theirs is another memory context than the query's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "parser/parsetree.h"

#include "query_end.h"

typedef struct QueryEndWork
{
	QueryEndAction action;
	void	   *argument;
} QueryEndWork;

typedef struct QueryEnd
{
	struct QueryEnd *outer;
	QueryDesc  *query;
	List	   *work;			/* of QueryEndWork */
} QueryEnd;

static QueryEnd *innermost = NULL;
static ExecutorFinish_hook_type previous_hook = NULL;

bool
query_end_expected(MemoryContext query, Relation rel)
{
	PlannedStmt *statement;

	if (innermost == NULL || innermost->query->estate->es_query_cxt != query)
		return false;
	statement = innermost->query->plannedstmt;
	return list_length(statement->resultRelations) == 1 &&
		rt_fetch(linitial_int(statement->resultRelations), statement->rtable)->relid == RelationGetRelid(rel);
}

void
query_end_do(QueryEndAction action, void *argument)
{
	MemoryContext caller = MemoryContextSwitchTo(innermost->query->estate->es_query_cxt);
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
finish_query(QueryDesc *query)
{
	QueryEnd	end = {.outer = innermost, .query = query, .work = NIL};
	ListCell   *cell;

	innermost = &end;
	PG_TRY();
	{
		if (previous_hook != NULL)
			previous_hook(query);
		else
			standard_ExecutorFinish(query);
		foreach(cell, end.work)
		{
			QueryEndWork *work = lfirst(cell);

			work->action(work->argument);
		}
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
}
