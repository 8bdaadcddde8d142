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
#include "nodes/execnodes.h"

extern void refuse_plain_call(void);
extern void require_argument(FunctionCallInfo fcinfo, int argno, const char *name);
extern Datum span_datum(int64 micros);
extern uint64 new_book_stamp(void);

/*
 * Transition functions write into their state, so nobody else may call them.  This is
 * AggCheckCallContext without the calls: it runs for every row.
 */
static inline void
require_aggregate(FunctionCallInfo fcinfo)
{
	if (fcinfo->context == NULL ||
		!(IsA(fcinfo->context, AggState) || IsA(fcinfo->context, WindowAggState)))
		refuse_plain_call();
}

#endif							/* CRM_FACE_H */
