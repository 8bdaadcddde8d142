/*-------------------------------------------------------------------------
 *
 * funnel_io.h
 *		funnel_spec and funnel as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FUNNEL_IO_H
#define CRM_FUNNEL_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "funnel_summary.h"
#include "spec_face.h"

/* A specification that a function call has made ready, for as long as it lasts. */
typedef struct PlannedFunnel
{
	uint32		stamp;			/* what states of this specification bear, never 0 */
	char	   *text;			/* canonical, with as_of */
	size_t		text_len;
	FunnelPlan *plan;
	int			nsteps;
} PlannedFunnel;

extern PlannedFunnel *funnel_planned(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg);
extern Funnel *funnel_open_datum(Datum value);
extern Datum funnel_datum(Funnel *funnel);

#endif							/* CRM_FUNNEL_IO_H */
