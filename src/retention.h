/*-------------------------------------------------------------------------
 *
 * retention.h
 *		Who stayed, by cohort and period: the value of the type retention.
 *
 * Layout, every part at a multiple of 8:
 *
 *		 0	int32	varlena header, always of four bytes here; the face sets it
 *		 4	uint8	version, 1
 *		 5	uint8	flags, 0: reserved
 *		 6	uint16	0: reserved
 *		 8	uint32	length of the specification
 *		12	uint32	number of periods
 *		16	uint32	number of cohorts
 *		20	uint32	room for so many
 *		24	the specification's canonical text, filled up with zeros
 *		..	one row a cohort, by its beginning: int64 beginning, int64 size, then for
 *			every period an int64: how many more are retained in it than in the one
 *			before
 *
 * Differences, because who is retained from one period to another is then counted in
 * two places and not in all between.
 *
 * While it is built the rows have spare room.  Where it does not do, the whole value is
 * copied to a larger one, and the old one is left for whoever allocated it to free.  A
 * value that leaves an aggregate is trimmed: no spare room; the same journeys, in
 * whatever order they came, give the same bytes.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RETENTION_H
#define CRM_RETENTION_H

#include "label_map.h"
#include "retention_spec.h"

#define RETENTION_VERSION 1
/* A size and a count for every period of every cohort: 128 MB, an eighth of what palloc gives. */
#define RETENTION_MAX_CELLS (1 << 24)

typedef struct Retention
{
	int32		vl_len_;
	uint8		version;
	uint8		flags;
	uint16		reserved;
	uint32		spec_len;
	uint32		nperiods;
	uint32		ncohorts;
	uint32		room;
	char		spec[FLEXIBLE_ARRAY_MEMBER];
} Retention;

typedef struct RetentionCohort
{
	TimestampTz start;
	int64		size;
	int64		change[FLEXIBLE_ARRAY_MEMBER];	/* of the number retained, by period */
} RetentionCohort;

/* A specification made ready for many journeys. */
typedef struct RetentionPlan
{
	RetentionSpec spec;
	char	   *text;			/* canonical, with "as of" */
	size_t		text_len;
	LabelMap   *map;
	Calendar	calendar;
} RetentionPlan;

/* One row of the report. */
typedef struct RetentionRow
{
	bool		overall;		/* all cohorts in which this period is over */
	TimestampTz cohort;
	int			period;
	int64		size;
	int64		retained;
	bool		complete;
} RetentionRow;

typedef void (*RetentionReport) (void *arg, const RetentionRow *row);

static inline bool
retention_has_spec(const Retention *retention, const char *spec, size_t len)
{
	return retention->spec_len == len && memcmp(retention->spec, spec, len) == 0;
}

extern RetentionPlan *retention_plan(const RetentionSpec *spec);

extern size_t retention_size(const Retention *retention);
extern RetentionCohort *retention_cohort(const Retention *retention, uint32 number);
extern Retention *retention_begin(const char *spec, size_t len, int nperiods);

/*
 * These return false once error is filled in.  Where *retention had to grow it now
 * points to new palloc'd bytes.
 */
extern bool retention_add(Retention **retention, RetentionPlan *plan, const JourneyView *view,
						  PureError *error);
extern bool retention_get_cohort(Retention **retention, TimestampTz start,
								 RetentionCohort **cohort, PureError *error);
extern bool retention_merge(Retention **retention, const Retention *other, PureError *error);
extern bool retention_put(Retention **retention, TimestampTz start, int64 size,
						  const int64 *retained, PureError *error);

extern Retention *retention_trim(const Retention *retention);
extern bool retention_report(const Retention *retention, RetentionPlan *plan,
							 RetentionReport report, void *arg, PureError *error);

#endif							/* CRM_RETENTION_H */
