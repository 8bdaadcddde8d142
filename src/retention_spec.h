/*-------------------------------------------------------------------------
 *
 * retention_spec.h
 *		Who counts as retained, as a value: read from text, printed as text.
 *
 *		from customer while customer, expansion every 1 month for 24
 *			[at any time | at end | on | on or after] [since entry]
 *			[at time zone 'Europe/Paris'] as of 2026-05-01
 *
 * The options may stand in any order; printed, they stand in this one.  "as of" may
 * also be given elsewhere, so a specification can be without.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RETENTION_SPEC_H
#define CRM_RETENTION_SPEC_H

#include "calendar.h"
#include "journey.h"
#include "scan.h"

/* Days for 27 years; a cohort then takes 80 kB. */
#define RETENTION_MAX_PERIODS 10000
/* No journey visits more stages. */
#define RETENTION_MAX_STAGES JOURNEY_MAX_LABELS

typedef enum RetentionMeasure
{
	RETENTION_ANY_TIME,			/* in such a stage at any instant of the period */
	RETENTION_AT_END,			/* at its last instant */
	RETENTION_ON,				/* came to such a stage in the period */
	RETENTION_ON_OR_AFTER		/* in the period or later */
} RetentionMeasure;

typedef struct RetentionSpec
{
	JourneyLabel from;
	int			nstages;
	JourneyLabel *stages;		/* in the order of their bytes, each once */
	Interval	every;
	int			nperiods;
	RetentionMeasure measure;
	bool		since_entry;	/* periods begin with the entry, not with the cohort */
	Zone		zone;
	TimestampTz as_of;			/* or DT_NOEND: not said */
} RetentionSpec;

extern void retention_spec_begin(RetentionSpec *spec);
extern bool retention_spec_add_stage(RetentionSpec *spec, JourneyLabel stage, PureError *error);
extern bool retention_spec_check(const RetentionSpec *spec, PureError *error);
extern bool retention_spec_read(Scanner *scanner, ZoneFinder finder, RetentionSpec *spec);
extern bool retention_spec_parse(RetentionSpec *spec, const char *text, size_t len,
								 ZoneFinder finder, PureError *error);
extern void retention_spec_print(StringInfo out, const RetentionSpec *spec);

#endif							/* CRM_RETENTION_SPEC_H */
