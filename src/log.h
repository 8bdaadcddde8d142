/*-------------------------------------------------------------------------
 *
 * log.h
 *		The log: one row for each move, in a table beside the attached one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOG_H
#define CRM_LOG_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/rel.h"

/* The log's columns behind its number and the row's key, as CREATE TABLE wants them. */
extern const char *log_columns(void);

/* The names of the columns that make up a table's key; NIL where it has no primary key. */
extern List *log_key_columns(Relation rel);
extern char *log_key_name(const char *column);

#endif							/* CRM_LOG_H */
