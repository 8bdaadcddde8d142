/*-------------------------------------------------------------------------
 *
 * attribution.h
 *		The paths of touchpoints that deals took: how many that took each were won and
 *		lost, and what the won ones were worth.
 *
 * Each path is kept as it was, so that any model can be read from the value: how credit
 * is shared out is attribution_shares.c's.
 *
 * The value, behind the varlena header and without any alignment:
 *
 *		uint8	version, 1
 *		uint8	0, three times: reserved
 *		uint32	number of channels
 *		uint32	number of paths
 *		channels, each once, in the order of their bytes: length byte, then bytes
 *		paths, in the order of their channels:
 *				int64	deals won, int64 deals lost
 *				uint32	number of touches
 *				uint32	length of the value
 *				uint16	per touch: the channel
 *				what the won ones were worth: a numeric without its header
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ATTRIBUTION_H
#define CRM_ATTRIBUTION_H

#include "postgres.h"

#include "fmgr.h"

#include "label_book.h"

#define ATTRIBUTION_VERSION 1
/* A touch is a uint16. */
#define ATTRIBUTION_MAX_CHANNELS 65535
#define ATTRIBUTION_MAX_TOUCHES 65535
/* With its counts and the least value a path takes 30 bytes and 2 for each touch. */
#define ATTRIBUTION_MAX_PATHS (1 << 20)
/* A quarter of what palloc gives, for all paths together. */
#define ATTRIBUTION_MAX_ALL_TOUCHES (1 << 27)

typedef struct AttributionPath
{
	uint16	   *touches;		/* numbers of channels */
	uint32		ntouches;		/* at least 1 */
	uint32		hash;			/* while it is in a table */
	int64		won;
	int64		lost;
	Datum		value;			/* numeric: of the won ones */
} AttributionPath;

/* Under construction: channels are numbered as they come. */
typedef struct AttributionTable
{
	LabelBook  *channels;
	uint32		npaths;
	uint32		room;
	AttributionPath *paths;
	uint32		nslots;			/* a power of two, twice the room */
	uint32	   *slots;			/* a path's number + 1; 0: none */
	uint32		ntouches;		/* of all paths */
} AttributionTable;

/* In order: channels by their bytes, paths by their channels. */
typedef struct Attribution
{
	uint32		nchannels;
	JourneyLabel *channels;
	uint32		npaths;
	AttributionPath *paths;
} Attribution;

extern AttributionTable *attribution_begin(void);
extern uint16 attribution_channel(AttributionTable *table, const char *label, size_t len);
extern void attribution_put(AttributionTable *table, const AttributionPath *path);
extern void attribution_put_all(AttributionTable *table, const Attribution *paths);
extern Attribution *attribution_end(const AttributionTable *table);
extern Datum attribution_write(const Attribution *paths);
extern Attribution *attribution_open(Datum value);

#define PG_GETARG_ATTRIBUTION(n) attribution_open(PG_GETARG_DATUM(n))

#endif							/* CRM_ATTRIBUTION_H */
