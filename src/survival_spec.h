/*-------------------------------------------------------------------------
 *
 * survival_spec.h
 *		Who is watched and what for: "from sql to lost, won by 1 day as of 2026-05-01".
 *
 * A journey is watched from its first entry into one stage until it first visits one of
 * some others, its causes, or until the instant of the question.  The printed text is
 * canonical, and it is what the type survival_spec stores: two specifications mean the
 * same if their texts are equal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SURVIVAL_SPEC_H
#define CRM_SURVIVAL_SPEC_H

#include "label_list.h"

/* An entry's word has 10 bits for the cause, and 0 is none; see survival.h. */
#define SURVIVAL_MAX_CAUSES 1023

/* The longest duration: one less than what a number that is too large is read as. */
#define SURVIVAL_MAX_TIME (PG_INT64_MAX - 1)

typedef struct SurvivalSpec
{
	JourneyLabel from;
	LabelList	causes;			/* numbered from 0 */
	int64		by;				/* microseconds of a bucket; 0: none */
	TimestampTz as_of;			/* or DT_NOEND: not said yet */
} SurvivalSpec;

/* What one journey contributes. */
typedef struct SurvivalCase
{
	int64		time;			/* how long it was watched, in whole buckets */
	int			cause;			/* number in the specification; -1: still open, censored */
} SurvivalCase;

/* What a label means to a specification, for a label map. */
typedef enum SurvivalCode
{
	SURVIVAL_OTHER = 0,
	SURVIVAL_FROM = 1,			/* a bit */
	SURVIVAL_CAUSE = 2			/* plus twice the cause's number */
} SurvivalCode;

extern void survival_spec_begin(SurvivalSpec *spec);
extern bool survival_spec_set_by(SurvivalSpec *spec, const Interval *by, PureError *error);
extern bool survival_spec_check(const SurvivalSpec *spec, PureError *error);
extern bool survival_spec_complete(const SurvivalSpec *spec, PureError *error);

extern bool survival_spec_scan(Scanner *scanner, SurvivalSpec *spec);
extern bool survival_spec_read(SurvivalSpec *spec, const char *text, size_t len, PureError *error);
extern void survival_spec_write(StringInfo out, const SurvivalSpec *spec);

extern int32 survival_spec_code(void *spec, const char *label, size_t len);
extern int32 survival_spec_judge(void *spec, const int32 *codes, uint32 nlabels);
extern bool survival_spec_watch(const SurvivalSpec *spec, const JourneyView *view,
								const int32 *codes, SurvivalCase *found);
extern bool survival_micros(const Interval *span, int64 *micros, PureError *error);

#endif							/* CRM_SURVIVAL_SPEC_H */
