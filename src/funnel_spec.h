/*-------------------------------------------------------------------------
 *
 * funnel_spec.h
 *		Which funnel is meant, as a value: read from text, printed as text.
 *
 *		lead > mql (7 days) > "closed won" (30 days) [within 90 days]
 *			[ordered | adjacent | any order] [first entry] [at least]
 *			[excluding lost, churned] [entered 2026-01-01 to 2026-04-01]
 *			[as of 2026-05-01]
 *
 * The options may stand in any order; printed, they stand in this one.  The printed
 * text is canonical, and it is what the type funnel_spec stores: two specifications
 * mean the same funnel if their texts are equal, and a new option is no new format.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FUNNEL_SPEC_H
#define CRM_FUNNEL_SPEC_H

#include "journey.h"
#include "scan.h"

/* A set of steps fits a 64-bit word. */
#define FUNNEL_MAX_STEPS 64
/* No journey visits more stages. */
#define FUNNEL_MAX_EXCLUDED JOURNEY_MAX_LABELS

typedef enum FunnelOrdering
{
	FUNNEL_ORDERED,
	FUNNEL_ADJACENT,
	FUNNEL_ANY_ORDER
} FunnelOrdering;

typedef struct FunnelStep
{
	JourneyLabel stage;
	bool		limited;
	Interval	limit;			/* at most this long since the previous step */
} FunnelStep;

typedef struct FunnelSpec
{
	int			nsteps;
	FunnelStep	steps[FUNNEL_MAX_STEPS];
	bool		windowed;
	Interval	within;			/* from the first step of a chain to its last */
	FunnelOrdering ordering;
	bool		first_entry;
	bool		at_least;
	int			nexcluded;
	JourneyLabel *excluded;		/* in the order of their bytes, each once */
	TimestampTz entered_from;	/* or DT_NOBEGIN */
	TimestampTz entered_to;		/* not included; or DT_NOEND */
	TimestampTz as_of;			/* or DT_NOEND: everybody is old enough */
} FunnelSpec;

/* What an error can be about. */
typedef enum FunnelPart
{
	FUNNEL_STEPS,
	FUNNEL_WITHIN,
	FUNNEL_ORDERING,
	FUNNEL_ENTRY,
	FUNNEL_REACH,
	FUNNEL_EXCLUDED,
	FUNNEL_ENTERED,
	FUNNEL_AS_OF
} FunnelPart;

#define FUNNEL_PARTS (FUNNEL_AS_OF + 1)

extern void funnel_spec_begin(FunnelSpec *spec);
extern bool funnel_spec_add_step(FunnelSpec *spec, JourneyLabel stage, PureError *error);
extern bool funnel_spec_exclude(FunnelSpec *spec, JourneyLabel stage, PureError *error);
extern bool funnel_spec_window(const FunnelSpec *spec, Interval *window);
extern bool funnel_spec_check(const FunnelSpec *spec, FunnelPart *part, PureError *error);

extern bool funnel_spec_read(Scanner *scanner, FunnelSpec *spec);
extern bool funnel_spec_parse(FunnelSpec *spec, const char *text, size_t len, PureError *error);
extern void funnel_spec_print(StringInfo out, const FunnelSpec *spec);

#endif							/* CRM_FUNNEL_SPEC_H */
