/*-------------------------------------------------------------------------
 *
 * sql_text.h
 *		What the statements that we write are made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SQL_TEXT_H
#define CRM_SQL_TEXT_H

#include "postgres.h"

#include "access/attnum.h"

extern char *table_name_of(Oid relid);
extern const char *column_name_of(Oid relid, AttrNumber column);
extern char *equality_of(Oid type);
extern char *greater_than_of(Oid type);
extern char *dollar_quote(const char *text, const char *tag);

#endif							/* CRM_SQL_TEXT_H */
