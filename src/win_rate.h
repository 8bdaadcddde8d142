/*-------------------------------------------------------------------------
 *
 * win_rate.h
 *		How many of the decided were won: "won against lost closed 2026-01-01 to 2026-04-01".
 *
 * A journey is decided by its first outcome, the first step into any of the listed
 * stages; it counts in the period into which that falls.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_WIN_RATE_H
#define CRM_WIN_RATE_H

#include "label_list.h"

#define WIN_RATE_VERSION 1

typedef struct WinRateSpec
{
	LabelList	won;
	LabelList	lost;
	TimestampTz closed_from;	/* or DT_NOBEGIN */
	TimestampTz closed_to;		/* not included; or DT_NOEND */
} WinRateSpec;

typedef enum WinRateOutcome
{
	WIN_RATE_NONE,
	WIN_RATE_WON,
	WIN_RATE_LOST
} WinRateOutcome;

/* The value: counts, and the specification's canonical text. */
typedef struct WinRate
{
	int32		vl_len_;		/* the varlena header, kept by the server side */
	uint8		version;
	uint8		reserved[3];	/* zero */
	uint32		spec_len;
	uint32		unused;			/* zero */
	uint64		won;
	uint64		lost;
	char		spec[FLEXIBLE_ARRAY_MEMBER];
} WinRate;

static inline size_t
win_rate_size(const WinRate *rate)
{
	return offsetof(WinRate, spec) + rate->spec_len;
}

extern void win_rate_spec_begin(WinRateSpec *spec);
extern bool win_rate_spec_check(const WinRateSpec *spec, PureError *error);
extern bool win_rate_spec_read(WinRateSpec *spec, const char *text, size_t len, PureError *error);
extern void win_rate_spec_write(StringInfo out, const WinRateSpec *spec);

extern int32 win_rate_code(void *spec, const char *label, size_t len);
extern int32 win_rate_judge(void *spec, const int32 *codes, uint32 nlabels);
extern WinRateOutcome win_rate_outcome(const WinRateSpec *spec, const JourneyView *view,
									   const int32 *codes);

extern WinRate *win_rate_create(const char *spec, size_t len);
extern bool win_rate_has_spec(const WinRate *rate, const char *spec, size_t len);
extern bool win_rate_count(WinRate *rate, uint64 won, uint64 lost, PureError *error);
extern bool win_rate_merge(WinRate *rate, const WinRate *other, PureError *error);
extern WinRate *win_rate_read(const char *text, size_t len, PureError *error);
extern void win_rate_write(StringInfo out, const WinRate *rate);

#endif							/* CRM_WIN_RATE_H */
