/*-------------------------------------------------------------------------
 *
 * velocity_add.c
 *		Adding a journey to a velocity, which happens once for every row.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "velocity_room.h"

/* One sample more than the digest has room for. */
static bool
add_to_larger(Velocity **velocity, uint32 *offset, int64 sample, PureError *error)
{
	size_t		place = (char *) offset - (char *) *velocity;
	Digest	   *digest = velocity_digest(*velocity, *offset);
	uint32		larger;

	if (!velocity_take_heap(velocity, digest_add_size(digest, sample), &larger, error))
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

	if (!velocity_get_stage(velocity, book, code, &number, error))
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

	if (!velocity_get_stage(velocity, book, code, &number, error))
		return false;
	stage = &velocity_stages_of(*velocity)[number];
	stage->open++;
	(*velocity)->total++;
	if (!velocity_spec_has_as_of(&(*velocity)->spec))
		return true;
	if (stage->ages == 0)
	{
		uint32		offset;

		if (!velocity_take_heap(velocity, DIGEST_SIZE(VELOCITY_FIRST_DWELLS), &offset, error))
			return false;
		digest_start(velocity_digest(*velocity, offset), VELOCITY_FIRST_DWELLS);
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

	return velocity_get_move(velocity, book, from, to, &number, error) &&
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

/* More steps than this fetch each other's. */
#define FORESEEN_STEPS 16

/*
 * Has the processor fetch what a journey's moves will touch, all at once: where there are
 * many groups, a group's value was pushed out of the caches since its last journey, and
 * one fetch would wait for the other.
 */
void
velocity_foresee(const Velocity *velocity, uint64 stamp, const JourneyView *view,
				 const int32 *codes)
{
	const uint32 *index = move_index(velocity);
	const VelocityMove *moves = velocity_moves_of(velocity);
	uint32		nsteps = Min(view->nsteps, FORESEEN_STEPS);
	uint32		slots[FORESEEN_STEPS];

	if (velocity->stamp != stamp)
		return;
	for (uint32 step = 1; step < nsteps; step++)
	{
		slots[step] = first_move_slot(velocity, codes[journey_index(view, step - 1)],
									  codes[journey_index(view, step)]);
		__builtin_prefetch(&index[slots[step]]);
	}
	for (uint32 step = 1; step < nsteps; step++)
	{
		slots[step] = index[slots[step]];
		if (slots[step] != 0)
			__builtin_prefetch(&moves[slots[step] - 1]);
	}
	for (uint32 step = 1; step < nsteps; step++)
	{
		const char *digest;

		if (slots[step] == 0)
			continue;
		digest = (const char *) velocity_digest(velocity, moves[slots[step] - 1].dwells);
		__builtin_prefetch(digest);
		for (int line = 1; line < 5; line++)
			__builtin_prefetch(digest + line * 64);
	}
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

	if (!velocity_adopt(velocity, book, error))
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
