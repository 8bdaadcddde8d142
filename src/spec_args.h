/*-------------------------------------------------------------------------
 *
 * spec_args.h
 *		The named arguments of the functions that make specifications.
 *
 * What they refuse could not be said in the text of a specification either.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SPEC_ARGS_H
#define CRM_SPEC_ARGS_H

#include "postgres.h"

#include "fmgr.h"

#include "journey.h"

pg_noreturn extern void refuse_argument(const char *name, const char *what);
extern void report_if(bool failed, const PureError *error);

extern JourneyLabel argument_label(FunctionCallInfo fcinfo, int argno, const char *name);
extern int	argument_labels(FunctionCallInfo fcinfo, int argno, const char *name,
							JourneyLabel **labels);
extern Interval argument_span(Datum value, const char *name);
extern int	argument_word(FunctionCallInfo fcinfo, int argno, const char *name,
						  const char *const *words);
extern TimestampTz argument_instant(FunctionCallInfo fcinfo, int argno, const char *name);
extern void argument_period(FunctionCallInfo fcinfo, int argno, const char *name,
							TimestampTz *from, TimestampTz *to);

#endif							/* CRM_SPEC_ARGS_H */
