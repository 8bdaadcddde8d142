/*-------------------------------------------------------------------------
 *
 * velocity.h
 *		How journeys move: for every pair of stages the dwells before the move.
 *
 * A velocity is one flat value, the same while an aggregate builds it and when it is
 * stored:
 *
 *		head, with the specification
 *		stages		VelocityStage each, with room for more
 *		moves		VelocityMove each, with room for more
 *		index		of the stages and of the moves by code: uint32 slots
 *		heap		labels and digests, found by their offset from the value's start
 *
 * While it is built its stages and moves stand in the order in which they appeared,
 * everything has spare room, and the codes are those of a label book, whose stamp the
 * value bears: so a step costs one probe of the index and no comparison of labels.
 * Where the room does not do, the whole value is copied to a larger one, which also
 * leaves behind what the heap no longer uses; the old one stays as it is, for whoever
 * allocated it to free.
 *
 * Trimmed, it is canonical: stages in the order of their labels' bytes, moves in the
 * order of their stages, digests trimmed, no index, no codes, no spare room.  The same
 * journeys give the same trimmed bytes.  Functions that read want a trimmed one.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_VELOCITY_H
#define CRM_VELOCITY_H

#include "digest.h"
#include "journey.h"
#include "label_book.h"
#include "pure.h"
#include "velocity_spec.h"

/* Less than what palloc gives (1 GB), so that sizes and offsets fit 32 bits. */
#define VELOCITY_MAX_SIZE (1000 * 1024 * 1024)

typedef struct VelocityStage
{
	uint64		starts;			/* journeys whose first step this is, in the period of moves */
	uint64		open;			/* journeys that are here in the end */
	uint32		label;			/* offset: length byte, then bytes */
	uint32		ages;			/* offset of the digest of open ages; 0: no as of, or none open */
	uint32		code;			/* 0 when trimmed */
	uint32		reserved;
} VelocityStage;

typedef struct VelocityMove
{
	uint64		key;			/* both stages' codes; 0 when trimmed */
	uint32		from;			/* number of the stage */
	uint32		to;
	uint32		dwells;			/* offset of the digest of dwells in "from" */
	uint32		reserved;
} VelocityMove;

typedef struct Velocity
{
	int32		vl_len_;		/* the varlena header, kept by the server side */
	uint32		size;			/* of everything */
	VelocitySpec spec;			/* its version is the version of this format, too */
	uint64		stamp;			/* of the label book that the codes are from; 0: none */
	uint32		nstages;
	uint32		stages_room;
	uint32		nmoves;
	uint32		moves_room;
	uint32		stage_slots;	/* a power of two, or 0 without an index */
	uint32		move_slots;
	uint32		heap_end;		/* offset */
	uint32		stride;			/* of codes in the moves' index: its square fits the slots */
	uint64		total;			/* of all counts: starts, open ones, moves */
} Velocity;

#define VELOCITY_AT(velocity, offset) ((char *) (velocity) + (offset))

static inline VelocityStage *
velocity_stages_of(const Velocity *velocity)
{
	return (VelocityStage *) VELOCITY_AT(velocity, sizeof(Velocity));
}

static inline VelocityMove *
velocity_moves_of(const Velocity *velocity)
{
	return (VelocityMove *) (velocity_stages_of(velocity) + velocity->stages_room);
}

static inline Digest *
velocity_digest(const Velocity *velocity, uint32 offset)
{
	return (Digest *) VELOCITY_AT(velocity, offset);
}

static inline JourneyLabel
velocity_label(const Velocity *velocity, const VelocityStage *stage)
{
	const char *entry = VELOCITY_AT(velocity, stage->label);
	JourneyLabel label = {entry + 1, (unsigned char) *entry};

	return label;
}

/*
 * Building.  These return false once error is filled in.  Where *velocity had to grow
 * it now points to new palloc'd bytes.
 */
extern Velocity *velocity_create(const VelocitySpec *spec);
extern bool velocity_add(Velocity **velocity, LabelBook *book, const JourneyView *view,
						 const int32 *codes, PureError *error);
extern void velocity_foresee(const Velocity *velocity, uint64 stamp, const JourneyView *view,
							 const int32 *codes);
extern bool velocity_merge(Velocity **velocity, LabelBook *book, const Velocity *other,
						   PureError *error);
extern bool velocity_put_stage(Velocity **velocity, LabelBook *book, uint32 code, uint64 starts,
							   uint64 open, const Digest *ages, PureError *error);
extern bool velocity_put_move(Velocity **velocity, LabelBook *book, uint32 from, uint32 to,
							  const Digest *dwells, PureError *error);
extern Velocity *velocity_trim(const Velocity *velocity);

/* Reading a trimmed one. */
extern int	velocity_find_stage(const Velocity *trimmed, const char *label, size_t len);

extern Digest **velocity_dwells(const Velocity *trimmed);
extern uint64 *velocity_visits(const Velocity *trimmed);

#endif							/* CRM_VELOCITY_H */
