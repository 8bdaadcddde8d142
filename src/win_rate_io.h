/*-------------------------------------------------------------------------
 *
 * win_rate_io.h
 *		win_rate_spec and win_rate as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_WIN_RATE_IO_H
#define CRM_WIN_RATE_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "label_map.h"
#include "spec_face.h"
#include "win_rate.h"

/* A specification that a call site has made ready. */
typedef struct PlannedWinRate
{
	WinRateSpec spec;
	char	   *text;			/* canonical */
	size_t		text_len;
	LabelMap   *map;			/* dictionaries to outcomes */
} PlannedWinRate;

extern PlannedWinRate *win_rate_planned(FunctionCallInfo fcinfo, int spec_arg);
extern PlannedWinRate *win_rate_planned_from(FunctionCallInfo fcinfo, int won_arg);
extern WinRate *win_rate_open_datum(Datum value);
extern Datum win_rate_datum(WinRate *rate);

#define PG_GETARG_WIN_RATE(n) win_rate_open_datum(PG_GETARG_DATUM(n))

#endif							/* CRM_WIN_RATE_IO_H */
