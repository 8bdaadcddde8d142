/*-------------------------------------------------------------------------
 *
 * velocity_room.h
 *		The room of a velocity while it is built: what adding and merging share.
 *
 * Where the room does not do, *velocity is made to point to a larger copy; pointers
 * into the old one are void then.
 *
 * For velocity_*.c only; velocity.h is for everybody else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_VELOCITY_ROOM_H
#define CRM_VELOCITY_ROOM_H

#include "velocity.h"

/* Words of a new digest. */
#define VELOCITY_FIRST_DWELLS (4 * DIGEST_RUN_WORDS)

static inline uint32 *
stage_index(const Velocity *velocity)
{
	return (uint32 *) (velocity_moves_of(velocity) + velocity->moves_room);
}

static inline uint32 *
move_index(const Velocity *velocity)
{
	return stage_index(velocity) + velocity->stage_slots;
}

static inline uint64
move_key(uint32 from_code, uint32 to_code)
{
	return (uint64) from_code << 32 | to_code;
}

/*
 * Stages are few and their codes small: then every pair has a slot of its own, and
 * nothing is left to chance, which a processor cannot foretell.
 */
static inline uint32
first_move_slot(const Velocity *velocity, uint32 from_code, uint32 to_code)
{
	uint64		key = move_key(from_code, to_code);

	if (likely(from_code < velocity->stride && to_code < velocity->stride))
		return from_code * velocity->stride + to_code;
	return (uint32) (key * UINT64CONST(0x9E3779B97F4A7C15) >> 32) & (velocity->move_slots - 1);
}

static inline size_t
velocity_label_size(const Velocity *velocity, uint32 offset)
{
	return TYPEALIGN(8, 1 + (size_t) (unsigned char) *VELOCITY_AT(velocity, offset));
}

/* Copies bytes to the end of a heap that has room for them. */
static inline uint32
velocity_copy_to_heap(Velocity *velocity, const void *bytes, size_t size)
{
	uint32		offset = velocity->heap_end;

	memcpy(VELOCITY_AT(velocity, offset), bytes, size);
	velocity->heap_end += size;
	return offset;
}

extern Velocity *velocity_allocate(const VelocitySpec *spec, uint32 stages_room, uint32 moves_room,
								   bool indexed, size_t heap);
extern bool velocity_take_heap(Velocity **velocity, size_t size, uint32 *offset, PureError *error);
extern bool velocity_adopt(Velocity **velocity, LabelBook *book, PureError *error);
extern bool velocity_get_stage(Velocity **velocity, const LabelBook *book, uint32 code,
							   uint32 *number, PureError *error);
extern bool velocity_get_move(Velocity **velocity, const LabelBook *book, uint32 from_code,
							  uint32 to_code, uint32 *number, PureError *error);

#endif							/* CRM_VELOCITY_ROOM_H */
