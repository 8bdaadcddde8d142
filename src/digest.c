/*-------------------------------------------------------------------------
 *
 * digest.c
 *		A collection of durations in little space; see digest.h for what it promises.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "digest.h"

/* Enough for a group of four; from there the room doubles. */
#define FIRST_ROOM (4 * DIGEST_RUN_WORDS)

void
digest_start(Digest *digest, uint32 room)
{
	Assert(room <= DIGEST_EXACT_ROOM && room % DIGEST_RUN_WORDS == 0);
	memset(digest, 0, offsetof(Digest, words));
	digest->room = room;
}

/*
 * How many values of an exact digest are less than this one.  The halving has no branch
 * that depends on the samples, whose order nobody foretells.
 */
static inline uint32
find_rank(const Digest *digest, uint64 value)
{
	const DigestRun *runs = digest_runs(digest);
	const DigestRun *low = runs;

	for (uint32 left = digest->distinct; left > 0; left /= 2)
		low += (left + 1) / 2 & -(uint32) (low[left / 2].value < value);
	return low - runs;
}

/* Is this value the one of that rank? */
static inline bool
has_value(const Digest *digest, uint32 rank, uint64 value)
{
	return rank < digest->distinct && digest_runs(digest)[rank].value == value;
}

/*
 * Counts samples of one value in the runs of an exact digest, and nowhere else; false
 * where there is no room.
 */
bool
digest_tally_exact(Digest *digest, int64 sample, uint64 times)
{
	uint32		rank = find_rank(digest, sample);
	DigestRun  *run = digest_runs(digest) + rank;

	if (has_value(digest, rank, sample))
	{
		run->times += times;
		return true;
	}
	if (digest->distinct == digest->room / DIGEST_RUN_WORDS)
		return false;
	memmove(run + 1, run, (digest->distinct - rank) * sizeof(DigestRun));
	run->value = sample;
	run->times = times;
	digest->distinct++;
	return true;
}

/* How many buckets there is room for. */
static inline uint32
count_slots(const Digest *digest)
{
	return digest->distinct == DIGEST_IN_HALVES ? 2 * digest->room : digest->room;
}

/* How many samples a bucket has. */
static inline uint64
slot_count(const Digest *digest, uint32 slot)
{
	return digest->distinct == DIGEST_IN_HALVES ? digest_halves(digest)[slot] : digest->words[slot];
}

/* Counts samples in their bucket, and nowhere else; there must be room. */
static inline void
tally_bucket(Digest *digest, uint32 bucket, uint64 times)
{
	uint32		slot = bucket - digest->base;

	if (digest->distinct == DIGEST_IN_HALVES)
		digest_halves(digest)[slot] += (uint32) times;
	else
		digest->words[slot] += times;
}

/*
 * digest_add() for a digest that does not have two buckets a word.
 */
bool
digest_add_otherwise(Digest *digest, int64 sample)
{
	uint32		slot;

	if (digest_is_exact(digest))
	{
		if (!digest_tally_exact(digest, sample, 1))
			return false;
	}
	else
	{
		slot = digest_bucket(sample) - digest->base;
		if (slot >= digest->room)
			return false;
		digest->words[slot]++;
	}
	digest_add_head(digest, sample);
	return true;
}

/* The lowest and the highest bucket in use; there must be samples. */
static void
bucket_range(const Digest *digest, uint32 *low, uint32 *high)
{
	*high = digest_bucket(digest->max);
	*low = *high;
	if (digest_is_exact(digest))
	{
		*low = digest_bucket(digest_runs(digest)->value);
	}
	else
	{
		uint32		slot = 0;

		while (slot_count(digest, slot) == 0)
			slot++;
		*low = digest->base + slot;
	}
}

/* Whole octaves, so that a window that grows does so a few times only. */
static void
set_window(Digest *digest, uint32 low, uint32 high)
{
	uint32		slots;

	digest->base = low / DIGEST_OCTAVE * DIGEST_OCTAVE;
	slots = (high / DIGEST_OCTAVE + 1) * DIGEST_OCTAVE - digest->base;
	digest->room = digest->distinct == DIGEST_IN_HALVES ? slots / 2 : slots;
}

/* How many distinct values both have together; any number above the limit is one. */
static uint32
count_distinct(const Digest *digest, const Digest *other)
{
	uint32		distinct = digest->distinct;

	if (!digest_is_exact(digest) || !digest_is_exact(other))
		return DIGEST_IN_BUCKETS;
	for (uint32 i = 0; i < other->distinct && distinct <= DIGEST_EXACT_MAX; i++)
	{
		uint64		value = digest_runs(other)[i].value;

		distinct += !has_value(digest, find_rank(digest, value), value);
	}
	return distinct;
}

/* The buckets that both have in use, and those that the first one has room for. */
static void
union_range(const Digest *digest, const Digest *other, uint32 *low, uint32 *high)
{
	uint32		other_low,
				other_high;

	bucket_range(digest->count > 0 ? digest : other, low, high);
	bucket_range(other->count > 0 ? other : digest, &other_low, &other_high);
	*low = Min(*low, other_low);
	*high = Max(*high, other_high);
	if (!digest_is_exact(digest))
	{
		*low = Min(*low, digest->base);
		*high = Max(*high, digest->base + count_slots(digest) - 1);
	}
}

/* Whether 32 bits count all samples of both. */
static inline bool
halves_do(const Digest *digest, const Digest *other)
{
	return digest->count + other->count <= PG_UINT32_MAX;
}

/* The head of an empty digest with room for both. */
static void
plan_union(Digest *planned, const Digest *digest, const Digest *other)
{
	uint32		distinct = count_distinct(digest, other);

	digest_start(planned, 0);
	if (distinct > DIGEST_EXACT_MAX)
	{
		uint32		low,
					high;

		union_range(digest, other, &low, &high);
		planned->distinct = halves_do(digest, other) ? DIGEST_IN_HALVES : DIGEST_IN_BUCKETS;
		set_window(planned, low, high);
	}
	else
	{
		planned->room = FIRST_ROOM;
		while (planned->room < distinct * DIGEST_RUN_WORDS)
			planned->room *= 2;
	}
}

/* Counts samples of one value, in the words only; there must be room. */
static void
tally(Digest *digest, int64 sample, uint64 times)
{
	if (digest_is_exact(digest))
		(void) digest_tally_exact(digest, sample, times);
	else
		tally_bucket(digest, digest_bucket(sample), times);
}

/* Counts the samples of another digest; there must be room for them all. */
static void
pour_words(Digest *digest, const Digest *from)
{
	if (digest_is_exact(from))
	{
		for (uint32 i = 0; i < from->distinct; i++)
			tally(digest, digest_runs(from)[i].value, digest_runs(from)[i].times);
	}
	else
	{
		for (uint32 slot = 0; slot < count_slots(from); slot++)
			if (slot_count(from, slot) != 0)
				tally_bucket(digest, from->base + slot, slot_count(from, slot));
	}
}

static void
add_head(Digest *digest, const Digest *other)
{
	digest->count += other->count;
	wide_add(&digest->sum, &other->sum);
	digest->max = Max(digest->max, other->max);
}

size_t
digest_merge_size(const Digest *digest, const Digest *other)
{
	Digest		planned;

	plan_union(&planned, digest, other);
	return digest_size(&planned);
}

/*
 * Writes both into larger, which has digest_merge_size() bytes apart from theirs.
 */
void
digest_merge_into(Digest *larger, const Digest *digest, const Digest *other)
{
	plan_union(larger, digest, other);
	if (digest_is_exact(larger))
	{
		larger->distinct = digest->distinct;
		memcpy(larger->words, digest->words, digest->distinct * sizeof(DigestRun));
	}
	else
	{
		memset(larger->words, 0, larger->room * sizeof(uint64));
		pour_words(larger, digest);
	}
	pour_words(larger, other);
	add_head(larger, digest);
	add_head(larger, other);
}

/*
 * Adds the samples of another digest in place; false, with nothing changed, where
 * there is no room.
 */
bool
digest_merge(Digest *digest, const Digest *other)
{
	if (other->count == 0)
		return true;
	if (digest_is_exact(digest))
	{
		if (count_distinct(digest, other) > digest->room / DIGEST_RUN_WORDS)
			return false;
	}
	else
	{
		uint32		low,
					high;

		bucket_range(other, &low, &high);
		if (low < digest->base || high - digest->base >= count_slots(digest))
			return false;
		if (digest->distinct == DIGEST_IN_HALVES && !halves_do(digest, other))
			return false;
	}
	pour_words(digest, other);
	add_head(digest, other);
	return true;
}

/* A digest of one sample, on the stack. */
typedef union SingleDigest
{
	Digest		digest;
	char		bytes[DIGEST_SIZE(DIGEST_RUN_WORDS)];
} SingleDigest;

static const Digest *
make_single(SingleDigest *single, int64 sample)
{
	digest_start(&single->digest, DIGEST_RUN_WORDS);
	digest_add(&single->digest, sample);
	return &single->digest;
}

size_t
digest_add_size(const Digest *digest, int64 sample)
{
	SingleDigest single;

	return digest_merge_size(digest, make_single(&single, sample));
}

/*
 * Writes the digest and one sample more into larger, which has digest_add_size()
 * bytes.
 */
void
digest_add_into(Digest *larger, const Digest *digest, int64 sample)
{
	SingleDigest single;

	digest_merge_into(larger, digest, make_single(&single, sample));
}

size_t
digest_trim_size(const Digest *digest)
{
	uint32		low,
				high;

	if (digest_is_exact(digest))
		return DIGEST_SIZE(digest->distinct * DIGEST_RUN_WORDS);
	bucket_range(digest, &low, &high);
	return DIGEST_SIZE(high - low + 1);
}

/*
 * Writes the canonical form into trimmed, which has digest_trim_size() bytes.
 */
void
digest_trim(Digest *trimmed, const Digest *digest)
{
	memcpy(trimmed, digest, offsetof(Digest, words));
	if (digest_is_exact(digest))
	{
		trimmed->room = digest->distinct * DIGEST_RUN_WORDS;
		memcpy(trimmed->words, digest->words, trimmed->room * sizeof(uint64));
	}
	else
	{
		uint32		low,
					high;

		bucket_range(digest, &low, &high);
		trimmed->room = high - low + 1;
		trimmed->base = low;
		trimmed->distinct = DIGEST_IN_BUCKETS;
		for (uint32 bucket = low; bucket <= high; bucket++)
			trimmed->words[bucket - low] = slot_count(digest, bucket - digest->base);
	}
}

/*
 * The mean, rounded to a microsecond, halves up.
 */
bool
digest_mean(const Digest *digest, int64 *mean)
{
	uint64		rest;

	if (digest->count == 0)
		return false;
	*mean = wide_divide(&digest->sum, digest->count, &rest);
	*mean += rest >= digest->count - rest;
	return true;
}

/* The sample of this rank, counted from 0, or the number that stands for it. */
static int64
sample_at(const Digest *digest, uint64 rank)
{
	uint32		slot = 0;

	if (digest_is_exact(digest))
	{
		const DigestRun *run = digest_runs(digest);

		while (rank >= run->times)
			rank -= run++->times;
		return run->value;
	}
	while (rank >= slot_count(digest, slot))
		rank -= slot_count(digest, slot++);
	return Min(digest_bucket_middle(digest->base + slot), digest->max);
}

/*
 * What percentile_cont(fraction) gives, rounded to a microsecond.
 */
bool
digest_percentile(const Digest *digest, double fraction, int64 *result)
{
	double		position;
	uint64		rank;
	int64		low,
				high;

	if (digest->count == 0)
		return false;
	position = fraction * (digest->count - 1);
	rank = (uint64) floor(position);
	low = sample_at(digest, rank);
	high = position > rank ? sample_at(digest, rank + 1) : low;
	*result = low;
	if (high != low)
		*result = (int64) rint(low + (position - rank) * (double) (high - low));
	return true;
}
