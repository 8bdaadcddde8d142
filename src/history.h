/*-------------------------------------------------------------------------
 *
 * history.h
 *		What lifecycles were drawn like, since when, and by whom.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_HISTORY_H
#define CRM_HISTORY_H

#include "postgres.h"

extern void history_change(const char *change, const char *sql, int nargs, Oid *types,
						   Datum *values, const char *nulls);
extern void history_record(const char *name, const char *before, const char *after);

#endif							/* CRM_HISTORY_H */
