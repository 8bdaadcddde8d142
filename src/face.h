/*-------------------------------------------------------------------------
 *
 * face.h
 *		What the SQL faces of several rooms need.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FACE_H
#define CRM_FACE_H

#include "postgres.h"

#include "fmgr.h"

extern void require_aggregate(FunctionCallInfo fcinfo);
extern void require_argument(FunctionCallInfo fcinfo, int argno, const char *name);
extern Datum span_datum(int64 micros);

#endif							/* CRM_FACE_H */
