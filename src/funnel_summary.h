/*-------------------------------------------------------------------------
 *
 * funnel_summary.h
 *		The value of the type funnel: what many journeys did in one funnel.
 *
 * Layout, every part at a multiple of 8:
 *
 *		 0	int32	varlena header, always of four bytes here; the face sets it
 *		 4	uint8	version, 1
 *		 5	uint8	flags, 0: reserved
 *		 6	uint16	number of steps
 *		 8	uint32	length of the specification
 *		12	uint32	0; in an aggregate's state a stamp, which tells whose it is
 *		16	the specification's canonical text, filled up with zeros
 *		..	uint64	levels[steps + 1]: eligible journeys whose level is exactly the
 *			index; at 0, all those that never entered
 *		..	uint64	pending[steps]: young entrants by level, the first at level 1
 *		..	one digest a step but the first: times from the previous step of those
 *			counted in levels
 *
 * A value that leaves an aggregate has its digests trimmed.
 *
 * How a journey's level is found is funnel.h's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_FUNNEL_SUMMARY_H
#define CRM_FUNNEL_SUMMARY_H

#include "digest.h"
#include "funnel.h"

#define FUNNEL_VERSION 1

typedef struct Funnel
{
	int32		vl_len_;
	uint8		version;
	uint8		flags;
	uint16		nsteps;
	uint32		spec_len;
	uint32		stamp;
	char		spec[FLEXIBLE_ARRAY_MEMBER];
} Funnel;

/* The counts and times of a funnel; they point into it. */
typedef struct FunnelParts
{
	uint64	   *levels;
	uint64	   *pending;
	Digest	   *times[FUNNEL_MAX_STEPS];	/* by step; none for step 0 */
	size_t		size;			/* of the whole */
} FunnelParts;

/* One row of the report. */
typedef struct FunnelRow
{
	int64		eligible;
	int64		reached;
	int64		reached_before;	/* at the previous step; of the first one, nothing */
	int64		pending;
	double		low;			/* 95 % interval of reached / eligible, if anybody is eligible */
	double		high;
	bool		timed;
	int64		p50;			/* microseconds, if timed */
	int64		p90;
} FunnelRow;

extern Funnel *funnel_begin(const char *spec, size_t len, int nsteps);
extern void funnel_open(const Funnel *funnel, FunnelParts *parts);
extern Funnel *funnel_add(Funnel *funnel, const FunnelChain *chain, bool eligible);
extern Funnel *funnel_merge(Funnel *funnel, const Funnel *other, PureError *error);
extern Funnel *funnel_trim(const Funnel *funnel);
extern void funnel_report(const FunnelParts *trimmed, int nsteps, int step, FunnelRow *row);

extern void funnel_print(StringInfo out, const Funnel *trimmed);
extern Funnel *funnel_parse(const char *text, size_t len, PureError *error);

/* Puts a trimmed funnel together from parts that came from outside. */
extern Funnel *funnel_assemble(const FunnelSpec *spec, const uint64 *levels, const uint64 *pending,
							   Digest *const *times, PureError *error);

static inline bool
funnel_has_spec(const Funnel *funnel, const char *spec, size_t len)
{
	return funnel->spec_len == len && memcmp(funnel->spec, spec, len) == 0;
}

#endif							/* CRM_FUNNEL_SUMMARY_H */
