/*-------------------------------------------------------------------------
 *
 * velocity_trim.c
 *		The canonical form of a velocity: making it, and reading what it does not say itself.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "velocity_room.h"

static int
compare_stages(const void *a, const void *b, void *velocity)
{
	const VelocityStage *stages = velocity_stages_of(velocity);
	JourneyLabel left = velocity_label(velocity, &stages[*(const uint32 *) a]);
	JourneyLabel right = velocity_label(velocity, &stages[*(const uint32 *) b]);

	return journey_label_compare(&left, &right);
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

		size += velocity_label_size(velocity, stage->label);
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
	Velocity   *trimmed = velocity_allocate(&velocity->spec, velocity->nstages, velocity->nmoves, false,
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
		stage->label = velocity_copy_to_heap(trimmed, VELOCITY_AT(velocity, stage->label),
									velocity_label_size(velocity, stage->label));
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
		int			order = journey_label_compare(&wanted, &found);

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
