/*-------------------------------------------------------------------------
 *
 * log_table.h
 *		The log as a table: its columns, and where in it the rows of a relation go.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOG_TABLE_H
#define CRM_LOG_TABLE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "binding.h"

/* What is logged besides the row's key. */
typedef enum LogParameter
{
	P_KIND,
	P_LIFECYCLE,
	P_FROM,
	P_TO,
	P_EVENT,
	P_ACTION,
	P_AT,
	P_ACTOR,
	P_REASON,
	P_NOTE,
	P_LOGIN,
	P_ROLE,
	P_JOURNEY,
	NUM_LOG_PARAMETERS
} LogParameter;

/* How the rows of one relation get into its log; kept with the binding. */
struct LogPlan
{
	int			nkeys;
	AttrNumber *keys;			/* in the relation */
	TupleDesc	known;			/* the key and the parameters, under the names of the log's columns */
	List	   *columns;		/* from log_write_plan() */
	bool		gathers;		/* from log_write_may_gather() */
};

/* The log's columns behind its number and the row's key, as CREATE TABLE wants them. */
extern const char *log_columns(void);

/* The names of the columns that make up a table's key; NIL where it has no primary key. */
extern List *log_key_columns(Relation rel);
extern char *log_key_name(const char *column);

extern LogPlan *log_plan_get(Binding *binding, Relation rel, Relation log);

#endif							/* CRM_LOG_TABLE_H */
