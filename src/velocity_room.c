/*-------------------------------------------------------------------------
 *
 * velocity_room.c
 *		The room of a velocity while it is built: its tables, their index, the heap; see
 *		velocity.h for how they lie.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "velocity_room.h"

/* Enough for a group of a few journeys; from there the rooms double. */
#define FIRST_STAGES 8
#define FIRST_MOVES 8
#define FIRST_HEAP (FIRST_MOVES * DIGEST_SIZE(VELOCITY_FIRST_DWELLS) + FIRST_STAGES * 16)

/* Slots of an index for each that it has room for. */
#define STAGE_SLOTS 2
#define MOVE_SLOTS 4

/* Codes are given out in sequence: a stage's own number is a good hash. */
static inline uint32
find_stage_slot(const Velocity *velocity, uint32 code)
{
	const uint32 *index = stage_index(velocity);
	uint32		mask = velocity->stage_slots - 1;
	uint32		slot = code & mask;

	while (index[slot] != 0 && velocity_stages_of(velocity)[index[slot] - 1].code != code)
		slot = (slot + 1) & mask;
	return slot;
}

static inline uint32
find_move_slot(const Velocity *velocity, uint64 key)
{
	const uint32 *index = move_index(velocity);
	uint32		mask = velocity->move_slots - 1;
	uint32		slot = first_move_slot(velocity, key >> 32, (uint32) key);

	while (index[slot] != 0 && velocity_moves_of(velocity)[index[slot] - 1].key != key)
		slot = (slot + 1) & mask;
	return slot;
}

/* An index is larger than what it finds, so a probe always ends. */
static void
build_index(Velocity *velocity)
{
	memset(stage_index(velocity), 0,
		   (velocity->stage_slots + velocity->move_slots) * sizeof(uint32));
	for (uint32 i = 0; i < velocity->nstages; i++)
		stage_index(velocity)[find_stage_slot(velocity, velocity_stages_of(velocity)[i].code)] = i + 1;
	for (uint32 i = 0; i < velocity->nmoves; i++)
		move_index(velocity)[find_move_slot(velocity, velocity_moves_of(velocity)[i].key)] = i + 1;
}

static size_t
tables_size(uint32 stages_room, uint32 moves_room, bool indexed)
{
	return sizeof(Velocity) +
		stages_room * (sizeof(VelocityStage) + (indexed ? STAGE_SLOTS * sizeof(uint32) : 0)) +
		moves_room * (sizeof(VelocityMove) + (indexed ? MOVE_SLOTS * sizeof(uint32) : 0));
}

/* An empty value with the given rooms, which are powers of two where it is indexed. */
Velocity *
velocity_allocate(const VelocitySpec *spec, uint32 stages_room, uint32 moves_room, bool indexed, size_t heap)
{
	size_t		tables = tables_size(stages_room, moves_room, indexed);
	Velocity   *velocity = palloc0(tables + heap);

	velocity->size = tables + heap;
	velocity->spec = *spec;
	velocity->stages_room = stages_room;
	velocity->moves_room = moves_room;
	if (indexed)
	{
		velocity->stage_slots = STAGE_SLOTS * stages_room;
		velocity->move_slots = MOVE_SLOTS * moves_room;
		velocity->stride = 1 << pg_leftmost_one_pos32(velocity->move_slots) / 2;
	}
	velocity->heap_end = tables;
	return velocity;
}

Velocity *
velocity_create(const VelocitySpec *spec)
{
	return velocity_allocate(spec, FIRST_STAGES, FIRST_MOVES, true, FIRST_HEAP);
}

/* What the heap holds that is still used. */
static size_t
live_heap(const Velocity *velocity)
{
	size_t		live = 0;

	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		const VelocityStage *stage = &velocity_stages_of(velocity)[i];

		live += velocity_label_size(velocity, stage->label);
		if (stage->ages != 0)
			live += digest_size(velocity_digest(velocity, stage->ages));
	}
	for (uint32 i = 0; i < velocity->nmoves; i++)
		live += digest_size(velocity_digest(velocity, velocity_moves_of(velocity)[i].dwells));
	return live;
}

static void
copy_content(Velocity *larger, const Velocity *velocity)
{
	larger->stamp = velocity->stamp;
	larger->total = velocity->total;
	larger->nstages = velocity->nstages;
	larger->nmoves = velocity->nmoves;
	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		VelocityStage *stage = &velocity_stages_of(larger)[i];

		*stage = velocity_stages_of(velocity)[i];
		stage->label = velocity_copy_to_heap(larger, VELOCITY_AT(velocity, stage->label),
									velocity_label_size(velocity, stage->label));
		if (stage->ages != 0)
			stage->ages = velocity_copy_to_heap(larger, velocity_digest(velocity, stage->ages),
									   digest_size(velocity_digest(velocity, stage->ages)));
	}
	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		VelocityMove *move = &velocity_moves_of(larger)[i];

		*move = velocity_moves_of(velocity)[i];
		move->dwells = velocity_copy_to_heap(larger, velocity_digest(velocity, move->dwells),
									digest_size(velocity_digest(velocity, move->dwells)));
	}
}

/* The power of two that holds as many, at least first. */
static uint32
round_up(uint32 first, uint32 needed)
{
	uint32		room = first;

	while (room < needed)
		room *= 2;
	return room;
}

/* Up to this size palloc hands out powers of two, which it never gives back to malloc. */
#define PALLOC_KEEPS 8192

/*
 * How many bytes a heap gets that must have so many.  What palloc would leave unused is
 * better used; and groups grow together, so that none wants what another has outgrown:
 * from half of what palloc keeps, the next size is one that it does not keep.
 */
static size_t
fill_up(size_t tables, size_t heap)
{
	size_t		size = 1024;

	if (tables + heap > PALLOC_KEEPS)
		return heap;
	if (tables + heap > PALLOC_KEEPS / 2)
		return PALLOC_KEEPS + 8 - tables;
	while (size < tables + heap)
		size *= 2;
	return size - tables;
}

/*
 * Moves to larger bytes with room for so many stages and moves and for so many bytes
 * on the heap.  Half as much again as is in use stays free, so that a value of n
 * bytes was copied O(log n) times.
 */
static bool
grow(Velocity **velocity, uint32 nstages, uint32 nmoves, size_t heap, PureError *error)
{
	size_t		live = live_heap(*velocity);
	uint32		stages_room = round_up(FIRST_STAGES, nstages);
	uint32		moves_room = round_up(FIRST_MOVES, nmoves);
	size_t		tables = tables_size(stages_room, moves_room, true);
	Velocity   *larger;

	heap = fill_up(tables, heap + live + live / 2);
	if (tables + heap > VELOCITY_MAX_SIZE)
	{
		pure_fail(error, PURE_LIMIT, "a velocity cannot take more than 1 GB");
		return pure_hint(error, "Group the stages into fewer ones first.");
	}
	larger = velocity_allocate(&(*velocity)->spec, stages_room, moves_room, true, heap);
	copy_content(larger, *velocity);
	build_index(larger);
	*velocity = larger;
	return true;
}

/* Finds bytes on the heap; tables stay at their offsets. */
bool
velocity_take_heap(Velocity **velocity, size_t size, uint32 *offset, PureError *error)
{
	if (size > (*velocity)->size - (*velocity)->heap_end &&
		!grow(velocity, (*velocity)->stages_room, (*velocity)->moves_room, size, error))
		return false;
	*offset = (*velocity)->heap_end;
	(*velocity)->heap_end += size;
	return true;
}

/* Takes over the codes of another label book. */
bool
velocity_adopt(Velocity **velocity, LabelBook *book, PureError *error)
{
	VelocityStage *stages;

	if ((*velocity)->stamp == book->stamp)
		return true;
	if ((*velocity)->stage_slots == 0 &&
		!grow(velocity, (*velocity)->nstages, (*velocity)->nmoves, 0, error))
		return false;
	stages = velocity_stages_of(*velocity);
	for (uint32 i = 0; i < (*velocity)->nstages; i++)
	{
		JourneyLabel label = velocity_label(*velocity, &stages[i]);

		stages[i].code = label_book_code(book, label.text, label.len);
	}
	for (uint32 i = 0; i < (*velocity)->nmoves; i++)
	{
		VelocityMove *move = &velocity_moves_of(*velocity)[i];

		move->key = move_key(stages[move->from].code, stages[move->to].code);
	}
	(*velocity)->stamp = book->stamp;
	build_index(*velocity);
	return true;
}

/* The number of the stage with this code; it is added where there is none yet. */
bool
velocity_get_stage(Velocity **velocity, const LabelBook *book, uint32 code, uint32 *number, PureError *error)
{
	uint32		slot = find_stage_slot(*velocity, code);
	JourneyLabel label;
	uint32		offset;
	VelocityStage *stage;

	*number = stage_index(*velocity)[slot] - 1;
	if (stage_index(*velocity)[slot] != 0)
		return true;
	label = label_book_label(book, code);
	if ((*velocity)->nstages == (*velocity)->stages_room &&
		!grow(velocity, (*velocity)->nstages + 1, (*velocity)->nmoves, 0, error))
		return false;
	if (!velocity_take_heap(velocity, TYPEALIGN(8, 1 + label.len), &offset, error))
		return false;
	VELOCITY_AT(*velocity, offset)[0] = (char) label.len;
	memcpy(VELOCITY_AT(*velocity, offset) + 1, label.text, label.len);
	*number = (*velocity)->nstages++;
	stage = &velocity_stages_of(*velocity)[*number];
	memset(stage, 0, sizeof(*stage));
	stage->code = code;
	stage->label = offset;
	stage_index(*velocity)[find_stage_slot(*velocity, code)] = *number + 1;
	return true;
}

/* Likewise for a move. */
bool
velocity_get_move(Velocity **velocity, const LabelBook *book, uint32 from_code, uint32 to_code,
		 uint32 *number, PureError *error)
{
	uint64		key = move_key(from_code, to_code);
	uint32		slot = find_move_slot(*velocity, key);
	uint32		from,
				to,
				offset;
	VelocityMove *move;

	*number = move_index(*velocity)[slot] - 1;
	if (move_index(*velocity)[slot] != 0)
		return true;
	if (!velocity_get_stage(velocity, book, from_code, &from, error) ||
		!velocity_get_stage(velocity, book, to_code, &to, error))
		return false;
	if ((*velocity)->nmoves == (*velocity)->moves_room &&
		!grow(velocity, (*velocity)->nstages, (*velocity)->nmoves + 1, 0, error))
		return false;
	if (!velocity_take_heap(velocity, DIGEST_SIZE(VELOCITY_FIRST_DWELLS), &offset, error))
		return false;
	digest_start(velocity_digest(*velocity, offset), VELOCITY_FIRST_DWELLS);
	*number = (*velocity)->nmoves++;
	move = &velocity_moves_of(*velocity)[*number];
	memset(move, 0, sizeof(*move));
	move->key = key;
	move->from = from;
	move->to = to;
	move->dwells = offset;
	move_index(*velocity)[find_move_slot(*velocity, key)] = *number + 1;
	return true;
}
