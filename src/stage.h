/*-------------------------------------------------------------------------
 *
 * stage.h
 *		A stage handed to an SQL function, as the label that a journey keeps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_STAGE_H
#define CRM_STAGE_H

#include "postgres.h"

#include "fmgr.h"

#include "journey.h"

extern JourneyLabel stage_argument(FunctionCallInfo fcinfo, int argno);
extern int	stage_list_argument(FunctionCallInfo fcinfo, int argno, JourneyLabel **labels);
extern JourneyLabel stage_ordered_argument(FunctionCallInfo fcinfo, int argno, float4 *order);

#endif							/* CRM_STAGE_H */
