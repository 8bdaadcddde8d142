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

/*
 * digest_add() for an exact digest.
 */
bool
digest_add_exact(Digest *digest, int64 sample)
{
	if (!digest_tally_exact(digest, sample, 1))
		return false;
	digest->count++;
	wide_add_word(&digest->sum, sample);
	digest->max = Max(digest->max, sample);
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

		while (digest->words[slot] == 0)
			slot++;
		*low = digest->base + slot;
	}
}

/* Whole octaves, so that a window that grows does so a few times only. */
static void
set_window(Digest *digest, uint32 low, uint32 high)
{
	digest->base = low / DIGEST_OCTAVE * DIGEST_OCTAVE;
	digest->room = (high / DIGEST_OCTAVE + 1) * DIGEST_OCTAVE - digest->base;
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

/* The head of an empty digest with room for both. */
static void
plan_union(Digest *planned, const Digest *digest, const Digest *other)
{
	uint32		distinct = count_distinct(digest, other);

	digest_start(planned, 0);
	if (distinct > DIGEST_EXACT_MAX)
	{
		uint32		low,
					high,
					other_low,
					other_high;

		bucket_range(digest->count > 0 ? digest : other, &low, &high);
		bucket_range(other->count > 0 ? other : digest, &other_low, &other_high);
		set_window(planned, Min(low, other_low), Max(high, other_high));
		planned->distinct = DIGEST_IN_BUCKETS;
		if (!digest_is_exact(digest))
		{
			uint32		old_end = digest->base + digest->room;
			uint32		end = Max(old_end, planned->base + planned->room);

			planned->base = Min(planned->base, digest->base);
			planned->room = end - planned->base;
		}
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
		digest->words[digest_bucket(sample) - digest->base] += times;
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
		for (uint32 slot = 0; slot < from->room; slot++)
			if (from->words[slot] != 0)
				digest->words[from->base + slot - digest->base] += from->words[slot];
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
		if (low < digest->base || high - digest->base >= digest->room)
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
	uint32		low = 0,
				high;

	memcpy(trimmed, digest, offsetof(Digest, words));
	if (digest_is_exact(digest))
	{
		trimmed->room = digest->distinct * DIGEST_RUN_WORDS;
		memcpy(trimmed->words, digest->words, trimmed->room * sizeof(uint64));
	}
	else
	{
		bucket_range(digest, &low, &high);
		trimmed->room = high - low + 1;
		memcpy(trimmed->words, digest->words + (low - digest->base),
			   trimmed->room * sizeof(uint64));
	}
	trimmed->base = low;
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
	while (rank >= digest->words[slot])
		rank -= digest->words[slot++];
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
