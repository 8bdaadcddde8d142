/*-------------------------------------------------------------------------
 *
 * census.h
 *		How many journeys are in each stage at given instants: the value of the type
 *		census.
 *
 * Layout, every part at a multiple of 8:
 *
 *		 0	int32	varlena header, always of four bytes here; the face sets it
 *		 4	uint8	version, 1
 *		 5	uint8	flags, 0: reserved
 *		 6	uint16	0: reserved
 *		 8	uint32	length of the specification
 *		12	uint32	number of instants
 *		16	uint64	stamp of the label book that the codes are from; 0: none
 *		24	uint32	number of stages
 *		28	uint32	room for so many
 *		32	uint32	slots of the index, a power of two; 0: none
 *		36	uint32	bytes of labels
 *		40	uint32	room for so many
 *		44	uint32	0: reserved
 *		48	the specification's canonical text, filled up with zeros
 *		..	one row a stage: uint32 code, uint32 offset of its label, then for every
 *			instant an int64: how many more journeys are there than at the one before
 *		..	the index by code: a stage's number + 1, or 0
 *		..	the labels: length byte, then bytes
 *
 * Differences, because a stay from one instant to another is then counted in two places
 * and not in all between.
 *
 * While it is built everything has spare room, the stages stand in the order in which
 * they appeared, and their codes are those of a label book.  Where the room does not do,
 * the whole value is copied to a larger one, and the old one is left for whoever
 * allocated it to free.  Trimmed, it is canonical: stages in the order of their labels'
 * bytes and only those that are not empty at every instant, no codes, no index, no spare
 * room.  The same journeys, in whatever order they came, give the same trimmed bytes.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CENSUS_H
#define CRM_CENSUS_H

#include "census_spec.h"
#include "journey.h"
#include "label_book.h"

#define CENSUS_VERSION 1
/* A count for every stage and instant: 128 MB, an eighth of what palloc gives. */
#define CENSUS_MAX_CELLS (1 << 24)
/* A stage counted at one instant takes 16 bytes, 256 for its label and 16 of the index: 288 MB. */
#define CENSUS_MAX_STAGES (1 << 20)

typedef struct Census
{
	int32		vl_len_;
	uint8		version;
	uint8		flags;
	uint16		reserved;
	uint32		spec_len;
	uint32		ninstants;
	uint64		stamp;
	uint32		nstages;
	uint32		stages_room;
	uint32		nslots;
	uint32		labels_len;
	uint32		labels_room;
	uint32		reserved2;
	char		spec[FLEXIBLE_ARRAY_MEMBER];
} Census;

typedef struct CensusStage
{
	uint32		code;
	uint32		label;			/* offset in the labels */
	int64		change[FLEXIBLE_ARRAY_MEMBER];	/* of the number there, by instant */
} CensusStage;

static inline bool
census_has_spec(const Census *census, const char *spec, size_t len)
{
	return census->spec_len == len && memcmp(census->spec, spec, len) == 0;
}

extern size_t census_size(const Census *census);
extern CensusStage *census_stage(const Census *census, uint32 number);
extern JourneyLabel census_label(const Census *census, const CensusStage *stage);
extern Census *census_begin(const char *spec, size_t len, int ninstants);

/*
 * These return false once error is filled in.  Where *census had to grow it now points
 * to new palloc'd bytes.
 */
extern bool census_add(Census **census, LabelBook *book, const Grid *instants,
					   const JourneyView *view, const int32 *codes, TimestampTz until,
					   PureError *error);
extern bool census_merge(Census **census, LabelBook *book, const Census *other, PureError *error);
extern bool census_put(Census **census, LabelBook *book, JourneyLabel label, const int64 *counts,
					   PureError *error);

extern Census *census_trim(const Census *census);

extern void census_print(StringInfo out, const Census *trimmed);
extern Census *census_parse(const char *text, size_t len, ZoneFinder finder, PureError *error);

#endif							/* CRM_CENSUS_H */
