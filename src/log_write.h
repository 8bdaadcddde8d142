/*-------------------------------------------------------------------------
 *
 * log_write.h
 *		Writes rows into a log, with all that an INSERT into it would do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOG_WRITE_H
#define CRM_LOG_WRITE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

typedef struct LogWriter LogWriter;

/*
 * The log's columns as expressions over what is known of a row: "known" names the columns
 * that it goes to, the others get their defaults.  Made in CurrentMemoryContext.
 */
extern List *log_write_plan(Relation log, TupleDesc known);

/* Lasts as long as CurrentMemoryContext; the log must be locked until the transaction ends. */
extern LogWriter *log_write_begin(Relation log, List *plan, TupleDesc known);

/* Where the next row is to be put. */
extern TupleTableSlot *log_write_slot(LogWriter *writer);
extern void log_write(LogWriter *writer);

/*
 * Many rows cost less together.  Where nobody can tell the difference, a row may be made
 * now and be stored later, at the latest by log_write_gathered().  Until then the log is
 * held open.
 */
extern bool log_write_may_gather(Relation log, List *plan);
extern void log_write_later(LogWriter *writer);
extern void log_write_gathered(LogWriter *writer);

#endif							/* CRM_LOG_WRITE_H */
