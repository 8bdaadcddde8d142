/*-------------------------------------------------------------------------
 *
 * survival_io.h
 *		survival_spec and survival as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SURVIVAL_IO_H
#define CRM_SURVIVAL_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "label_map.h"
#include "spec_face.h"
#include "survival.h"

/* A specification that a call site has made ready: it says "as of" when. */
typedef struct PlannedSurvival
{
	SurvivalSpec spec;
	char	   *text;			/* canonical */
	size_t		text_len;
	LabelMap   *map;			/* dictionaries to SurvivalCodes */
} PlannedSurvival;

extern PlannedSurvival *survival_planned(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg);
extern Survival *survival_open_datum(Datum value);
extern Datum survival_datum(Survival *survival);
extern int64 duration_argument(FunctionCallInfo fcinfo, int argno, const char *name);

#define PG_GETARG_SURVIVAL(n) survival_open_datum(PG_GETARG_DATUM(n))

#endif							/* CRM_SURVIVAL_IO_H */
