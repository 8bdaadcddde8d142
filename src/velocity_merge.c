/*-------------------------------------------------------------------------
 *
 * velocity_merge.c
 *		Adding to a velocity what another one, or its text or bytes, already counted.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "velocity_room.h"

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
		if (!velocity_take_heap(velocity, digest_size(other), &larger, error))
			return false;
		memcpy(velocity_digest(*velocity, larger), other, digest_size(other));
	}
	else
	{
		Digest	   *digest = velocity_digest(*velocity, *offset);

		if (digest_merge(digest, other))
			return true;
		if (!velocity_take_heap(velocity, digest_merge_size(digest, other), &larger, error))
			return false;
		digest = velocity_digest(*velocity, *(uint32 *) VELOCITY_AT(*velocity, place));
		digest_merge_into(velocity_digest(*velocity, larger), digest, other);
	}
	*(uint32 *) VELOCITY_AT(*velocity, place) = larger;
	return true;
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
	if (!velocity_adopt(velocity, book, error) || !velocity_get_stage(velocity, book, code, &number, error))
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
		velocity_adopt(velocity, book, error) &&
		velocity_get_move(velocity, book, from, to, &number, error) &&
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
