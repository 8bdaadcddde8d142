/*-------------------------------------------------------------------------
 *
 * velocity.c
 *		How journeys move: building and trimming velocities; see velocity.h.
 *
 * Reading and writing their text and bytes is velocity_text.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "velocity.h"

/* Enough for a group of a few journeys; from there the rooms double. */
#define FIRST_STAGES 8
#define FIRST_MOVES 8
#define FIRST_DWELLS (4 * DIGEST_RUN_WORDS)
#define FIRST_HEAP (FIRST_MOVES * DIGEST_SIZE(FIRST_DWELLS) + FIRST_STAGES * 16)

/* Slots of an index for each that it has room for. */
#define STAGE_SLOTS 2
#define MOVE_SLOTS 4

#define ALIGN8(size) (((size) + 7) & ~(size_t) 7)

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
static Velocity *
allocate(const VelocitySpec *spec, uint32 stages_room, uint32 moves_room, bool indexed, size_t heap)
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
	return allocate(spec, FIRST_STAGES, FIRST_MOVES, true, FIRST_HEAP);
}

static size_t
label_size(const Velocity *velocity, uint32 offset)
{
	return ALIGN8(1 + (size_t) (unsigned char) *VELOCITY_AT(velocity, offset));
}

/* What the heap holds that is still used. */
static size_t
live_heap(const Velocity *velocity)
{
	size_t		live = 0;

	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		const VelocityStage *stage = &velocity_stages_of(velocity)[i];

		live += label_size(velocity, stage->label);
		if (stage->ages != 0)
			live += digest_size(velocity_digest(velocity, stage->ages));
	}
	for (uint32 i = 0; i < velocity->nmoves; i++)
		live += digest_size(velocity_digest(velocity, velocity_moves_of(velocity)[i].dwells));
	return live;
}

/* Copies bytes to the end of a heap that has room for them. */
static uint32
copy_to_heap(Velocity *velocity, const void *bytes, size_t size)
{
	uint32		offset = velocity->heap_end;

	memcpy(VELOCITY_AT(velocity, offset), bytes, size);
	velocity->heap_end += size;
	return offset;
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
		stage->label = copy_to_heap(larger, VELOCITY_AT(velocity, stage->label),
									label_size(velocity, stage->label));
		if (stage->ages != 0)
			stage->ages = copy_to_heap(larger, velocity_digest(velocity, stage->ages),
									   digest_size(velocity_digest(velocity, stage->ages)));
	}
	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		VelocityMove *move = &velocity_moves_of(larger)[i];

		*move = velocity_moves_of(velocity)[i];
		move->dwells = copy_to_heap(larger, velocity_digest(velocity, move->dwells),
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
	Velocity   *larger;

	heap += live + live / 2;
	if (tables_size(stages_room, moves_room, true) + heap > VELOCITY_MAX_SIZE)
	{
		pure_fail(error, PURE_LIMIT, "a velocity cannot take more than 1 GB");
		return pure_hint(error, "Group the stages into fewer ones first.");
	}
	larger = allocate(&(*velocity)->spec, stages_room, moves_room, true, heap);
	copy_content(larger, *velocity);
	build_index(larger);
	*velocity = larger;
	return true;
}

/* Finds bytes on the heap; tables stay at their offsets. */
static bool
take_heap(Velocity **velocity, size_t size, uint32 *offset, PureError *error)
{
	if (size > (*velocity)->size - (*velocity)->heap_end &&
		!grow(velocity, (*velocity)->stages_room, (*velocity)->moves_room, size, error))
		return false;
	*offset = (*velocity)->heap_end;
	(*velocity)->heap_end += size;
	return true;
}

/* Takes over the codes of another label book. */
static bool
adopt(Velocity **velocity, LabelBook *book, PureError *error)
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
static bool
get_stage(Velocity **velocity, const LabelBook *book, uint32 code, uint32 *number, PureError *error)
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
	if (!take_heap(velocity, ALIGN8(1 + label.len), &offset, error))
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
static bool
get_move(Velocity **velocity, const LabelBook *book, uint32 from_code, uint32 to_code,
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
	if (!get_stage(velocity, book, from_code, &from, error) ||
		!get_stage(velocity, book, to_code, &to, error))
		return false;
	if ((*velocity)->nmoves == (*velocity)->moves_room &&
		!grow(velocity, (*velocity)->nstages, (*velocity)->nmoves + 1, 0, error))
		return false;
	if (!take_heap(velocity, DIGEST_SIZE(FIRST_DWELLS), &offset, error))
		return false;
	digest_start(velocity_digest(*velocity, offset), FIRST_DWELLS);
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

/*
 * Puts a digest's samples on top of those that an offset leads to.  The offset itself
 * is found by its place in the tables, which no heap request moves.
 */
static bool
pour_digest(Velocity **velocity, uint32 *offset, const Digest *other, PureError *error)
{
	size_t		place = (char *) offset - (char *) *velocity;
	uint32		larger;

	if (*offset == 0)
	{
		if (!take_heap(velocity, digest_size(other), &larger, error))
			return false;
		memcpy(velocity_digest(*velocity, larger), other, digest_size(other));
	}
	else
	{
		Digest	   *digest = velocity_digest(*velocity, *offset);

		if (digest_merge(digest, other))
			return true;
		if (!take_heap(velocity, digest_merge_size(digest, other), &larger, error))
			return false;
		digest = velocity_digest(*velocity, *(uint32 *) VELOCITY_AT(*velocity, place));
		digest_merge_into(velocity_digest(*velocity, larger), digest, other);
	}
	*(uint32 *) VELOCITY_AT(*velocity, place) = larger;
	return true;
}

/* One sample more than the digest has room for. */
static bool
add_to_larger(Velocity **velocity, uint32 *offset, int64 sample, PureError *error)
{
	size_t		place = (char *) offset - (char *) *velocity;
	Digest	   *digest = velocity_digest(*velocity, *offset);
	uint32		larger;

	if (!take_heap(velocity, digest_add_size(digest, sample), &larger, error))
		return false;
	digest = velocity_digest(*velocity, *(uint32 *) VELOCITY_AT(*velocity, place));
	digest_add_into(velocity_digest(*velocity, larger), digest, sample);
	*(uint32 *) VELOCITY_AT(*velocity, place) = larger;
	return true;
}

static inline bool
add_sample(Velocity **velocity, uint32 *offset, int64 sample, PureError *error)
{
	return digest_add(velocity_digest(*velocity, *offset), sample) ||
		add_to_larger(velocity, offset, sample, error);
}

/* How many steps there are at this instant. */
static uint32
steps_as_of(const JourneyView *view, TimestampTz as_of)
{
	uint32		nsteps = view->nsteps;

	while (nsteps > 0 && journey_at(view, nsteps - 1) > as_of)
		nsteps--;
	return nsteps;
}

static bool
add_start(Velocity **velocity, const LabelBook *book, uint32 code, PureError *error)
{
	uint32		number;

	if (!get_stage(velocity, book, code, &number, error))
		return false;
	velocity_stages_of(*velocity)[number].starts++;
	(*velocity)->total++;
	return true;
}

static bool
add_open(Velocity **velocity, const LabelBook *book, uint32 code, TimestampTz since, PureError *error)
{
	uint32		number;
	VelocityStage *stage;
	int64		age;

	if (!get_stage(velocity, book, code, &number, error))
		return false;
	stage = &velocity_stages_of(*velocity)[number];
	stage->open++;
	(*velocity)->total++;
	if (!velocity_spec_has_as_of(&(*velocity)->spec))
		return true;
	if (stage->ages == 0)
	{
		uint32		offset;

		if (!take_heap(velocity, DIGEST_SIZE(FIRST_DWELLS), &offset, error))
			return false;
		digest_start(velocity_digest(*velocity, offset), FIRST_DWELLS);
		stage = &velocity_stages_of(*velocity)[number];
		stage->ages = offset;
	}
	if (pg_sub_s64_overflow((*velocity)->spec.as_of, since, &age))
		age = PG_INT64_MAX;
	return add_sample(velocity, &stage->ages, age, error);
}

/* One move, whose pair may be new, or its digest out of room. */
static bool
add_move(Velocity **velocity, const LabelBook *book, uint32 from, uint32 to, int64 dwell,
		 PureError *error)
{
	uint32		number;

	return get_move(velocity, book, from, to, &number, error) &&
		add_sample(velocity, &velocity_moves_of(*velocity)[number].dwells, dwell, error);
}

/* The same for most moves: false, with nothing changed, for the others. */
static inline bool
add_known_move(Velocity *velocity, const uint32 *index, const VelocityMove *moves, uint32 from,
			   uint32 to, int64 dwell)
{
	uint32		entry = index[first_move_slot(velocity, from, to)];

	return entry != 0 && moves[entry - 1].key == move_key(from, to) &&
		digest_add(velocity_digest(velocity, moves[entry - 1].dwells), dwell);
}

/* Where a journey is, by its code, and since when, counted from its first step. */
typedef struct Stay
{
	uint32		stage;
	int64		since;
} Stay;

static inline Stay
read_stay(const JourneyView *view, const int32 *codes, uint32 step)
{
	uint64		word = journey_word(view, step);
	Stay		stay = {codes[journey_word_index(word)], journey_word_time(word)};

	return stay;
}

static inline bool
in_period(const VelocitySpec *spec, TimestampTz at)
{
	return at >= spec->moved_from && at < spec->moved_to;
}

/* Adds the moves of a journey's first steps and leaves its stay at the last of them. */
static bool
add_moves(Velocity **velocity, const LabelBook *book, const JourneyView *view, const int32 *codes,
		  uint32 nsteps, Stay *stay, PureError *error)
{
	Velocity   *value = *velocity;
	const uint32 *index = move_index(value);
	const VelocityMove *moves = velocity_moves_of(value);
	uint64		moved = 0;

	for (uint32 step = 1; step < nsteps; step++)
	{
		Stay		next = read_stay(view, codes, step);
		int64		dwell = next.since - stay->since;

		if (step % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (in_period(&value->spec, view->first + next.since))
		{
			moved++;
			if (!add_known_move(value, index, moves, stay->stage, next.stage, dwell))
			{
				if (!add_move(velocity, book, stay->stage, next.stage, dwell, error))
					return false;
				value = *velocity;
				index = move_index(value);
				moves = velocity_moves_of(value);
			}
		}
		*stay = next;
	}
	value->total += moved;
	return true;
}

/*
 * Adds a journey, whose labels have these codes in the book: its moves in the period,
 * and the stage in which it is, as it was at the instant asked for.
 */
bool
velocity_add(Velocity **velocity, LabelBook *book, const JourneyView *view, const int32 *codes,
			 PureError *error)
{
	uint32		nsteps = steps_as_of(view, (*velocity)->spec.as_of);
	Stay		stay;

	if (!adopt(velocity, book, error))
		return false;
	if (nsteps == 0)
		return true;
	stay = read_stay(view, codes, 0);
	if (in_period(&(*velocity)->spec, view->first + stay.since) &&
		!add_start(velocity, book, stay.stage, error))
		return false;
	return add_moves(velocity, book, view, codes, nsteps, &stay, error) &&
		add_open(velocity, book, stay.stage, view->first + stay.since, error);
}

/*
 * Keeps all counts together within 63 bits.  No journeys that ever were exceed them,
 * but a text can say so; below the limit no sum of counts overflows.
 */
static bool
count_more(Velocity *velocity, uint64 more, PureError *error)
{
	if (more > PG_INT64_MAX - velocity->total)
		return pure_fail(error, PURE_LIMIT, "a velocity cannot count so many journeys and moves");
	velocity->total += more;
	return true;
}

/*
 * Adds counts to the stage with this code, at most PG_INT64_MAX each; ages may be
 * NULL, else they are the open ones.
 */
bool
velocity_put_stage(Velocity **velocity, LabelBook *book, uint32 code, uint64 starts, uint64 open,
				   const Digest *ages, PureError *error)
{
	uint32		number;
	VelocityStage *stage;

	if (ages != NULL)
		open = ages->count;
	if (!count_more(*velocity, starts, error) || !count_more(*velocity, open, error))
		return false;
	if (!adopt(velocity, book, error) || !get_stage(velocity, book, code, &number, error))
		return false;
	stage = &velocity_stages_of(*velocity)[number];
	stage->starts += starts;
	stage->open += open;
	return ages == NULL || pour_digest(velocity, &stage->ages, ages, error);
}

/*
 * Adds dwells to the move between the stages with these codes.
 */
bool
velocity_put_move(Velocity **velocity, LabelBook *book, uint32 from, uint32 to,
				  const Digest *dwells, PureError *error)
{
	uint32		number;

	return count_more(*velocity, dwells->count, error) &&
		adopt(velocity, book, error) &&
		get_move(velocity, book, from, to, &number, error) &&
		pour_digest(velocity, &velocity_moves_of(*velocity)[number].dwells, dwells, error);
}

/*
 * Adds everything that another velocity counts, which stays as it is.
 */
bool
velocity_merge(Velocity **velocity, LabelBook *book, const Velocity *other, PureError *error)
{
	const VelocityStage *stages = velocity_stages_of(other);
	uint32	   *codes;

	if (!velocity_spec_equals(&(*velocity)->spec, &other->spec))
	{
		pure_fail(error, PURE_VALUE, "velocities of different specifications cannot be merged");
		return pure_hint(error, "Build them with the same period and the same instant.");
	}
	codes = palloc(Max(other->nstages, 1) * sizeof(uint32));
	for (uint32 i = 0; i < other->nstages; i++)
	{
		JourneyLabel label = velocity_label(other, &stages[i]);

		codes[i] = label_book_code(book, label.text, label.len);
		if (!velocity_put_stage(velocity, book, codes[i], stages[i].starts, stages[i].open,
								stages[i].ages ? velocity_digest(other, stages[i].ages) : NULL,
								error))
			return false;
	}
	for (uint32 i = 0; i < other->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(other)[i];

		CHECK_FOR_INTERRUPTS();
		if (!velocity_put_move(velocity, book, codes[move->from], codes[move->to],
							   velocity_digest(other, move->dwells), error))
			return false;
	}
	pfree(codes);
	return true;
}

static int
compare_labels(JourneyLabel a, JourneyLabel b)
{
	int			order = memcmp(a.text, b.text, Min(a.len, b.len));

	return order != 0 ? order : (int) a.len - (int) b.len;
}

static int
compare_stages(const void *a, const void *b, void *velocity)
{
	const VelocityStage *stages = velocity_stages_of(velocity);

	return compare_labels(velocity_label(velocity, &stages[*(const uint32 *) a]),
						  velocity_label(velocity, &stages[*(const uint32 *) b]));
}

static int
compare_moves(const void *a, const void *b)
{
	const VelocityMove *left = a;
	const VelocityMove *right = b;

	if (left->from != right->from)
		return left->from < right->from ? -1 : 1;
	return left->to < right->to ? -1 : left->to > right->to;
}

/* The moves in the order of their stages' new numbers. */
static VelocityMove *
sorted_moves(const Velocity *velocity, const uint32 *new_number)
{
	VelocityMove *moves = palloc(Max(velocity->nmoves, 1) * sizeof(VelocityMove));

	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		moves[i] = velocity_moves_of(velocity)[i];
		moves[i].key = 0;
		moves[i].from = new_number[moves[i].from];
		moves[i].to = new_number[moves[i].to];
	}
	qsort(moves, velocity->nmoves, sizeof(VelocityMove), compare_moves);
	return moves;
}

static size_t
trimmed_heap(const Velocity *velocity)
{
	size_t		size = 0;

	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		const VelocityStage *stage = &velocity_stages_of(velocity)[i];

		size += label_size(velocity, stage->label);
		if (stage->ages != 0)
			size += digest_trim_size(velocity_digest(velocity, stage->ages));
	}
	for (uint32 i = 0; i < velocity->nmoves; i++)
		size += digest_trim_size(velocity_digest(velocity, velocity_moves_of(velocity)[i].dwells));
	return size;
}

static uint32
trim_to_heap(Velocity *trimmed, const Digest *digest)
{
	uint32		offset = trimmed->heap_end;

	digest_trim(velocity_digest(trimmed, offset), digest);
	trimmed->heap_end += digest_trim_size(digest);
	return offset;
}

/*
 * A canonical copy.
 */
Velocity *
velocity_trim(const Velocity *velocity)
{
	Velocity   *trimmed = allocate(&velocity->spec, velocity->nstages, velocity->nmoves, false,
								   trimmed_heap(velocity));
	uint32	   *order = palloc(Max(velocity->nstages, 1) * sizeof(uint32));
	uint32	   *new_number = palloc(Max(velocity->nstages, 1) * sizeof(uint32));
	VelocityMove *moves;

	for (uint32 i = 0; i < velocity->nstages; i++)
		order[i] = i;
	qsort_arg(order, velocity->nstages, sizeof(uint32), compare_stages, (void *) velocity);
	trimmed->total = velocity->total;
	trimmed->nstages = velocity->nstages;
	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		VelocityStage *stage = &velocity_stages_of(trimmed)[i];

		new_number[order[i]] = i;
		*stage = velocity_stages_of(velocity)[order[i]];
		stage->code = 0;
		stage->label = copy_to_heap(trimmed, VELOCITY_AT(velocity, stage->label),
									label_size(velocity, stage->label));
		if (stage->ages != 0)
			stage->ages = trim_to_heap(trimmed, velocity_digest(velocity, stage->ages));
	}
	moves = sorted_moves(velocity, new_number);
	trimmed->nmoves = velocity->nmoves;
	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		CHECK_FOR_INTERRUPTS();
		moves[i].dwells = trim_to_heap(trimmed, velocity_digest(velocity, moves[i].dwells));
		velocity_moves_of(trimmed)[i] = moves[i];
	}
	pfree(order);
	pfree(new_number);
	pfree(moves);
	return trimmed;
}

/*
 * The number of the stage with this label, or -1.
 */
int
velocity_find_stage(const Velocity *trimmed, const char *label, size_t len)
{
	JourneyLabel wanted = {label, len};
	int			low = 0,
				high = trimmed->nstages;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		JourneyLabel found = velocity_label(trimmed, &velocity_stages_of(trimmed)[middle]);
		int			order = compare_labels(wanted, found);

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/*
 * The dwells of all moves that leave each stage, trimmed, by the stage's number.
 */
Digest **
velocity_dwells(const Velocity *trimmed)
{
	Digest	  **dwells = palloc(Max(trimmed->nstages, 1) * sizeof(Digest *));

	for (uint32 i = 0; i < trimmed->nstages; i++)
	{
		dwells[i] = palloc(DIGEST_SIZE(0));
		digest_start(dwells[i], 0);
	}
	for (uint32 i = 0; i < trimmed->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(trimmed)[i];
		const Digest *more = velocity_digest(trimmed, move->dwells);
		Digest	   *both;

		if (digest_merge(dwells[move->from], more))
			continue;
		both = palloc(digest_merge_size(dwells[move->from], more));
		digest_merge_into(both, dwells[move->from], more);
		pfree(dwells[move->from]);
		dwells[move->from] = both;
	}
	for (uint32 i = 0; i < trimmed->nstages; i++)
	{
		Digest	   *loose = dwells[i];

		dwells[i] = palloc(digest_trim_size(loose));
		digest_trim(dwells[i], loose);
		pfree(loose);
	}
	return dwells;
}

/*
 * How often each stage was entered, by its number.
 */
uint64 *
velocity_visits(const Velocity *trimmed)
{
	uint64	   *visits = palloc(Max(trimmed->nstages, 1) * sizeof(uint64));

	for (uint32 i = 0; i < trimmed->nstages; i++)
		visits[i] = velocity_stages_of(trimmed)[i].starts;
	for (uint32 i = 0; i < trimmed->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(trimmed)[i];

		visits[move->to] += velocity_digest(trimmed, move->dwells)->count;
	}
	return visits;
}
