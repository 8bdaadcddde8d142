/*-------------------------------------------------------------------------
 *
 * digest.h
 *		A collection of durations in little space: how many, their sum, the longest,
 *		and their percentiles.
 *
 * Durations are microseconds, never negative.  Up to 512 distinct values are counted
 * one by one, however many samples there are, and percentiles equal percentile_cont;
 * samples of more values are counted in buckets, and a percentile is then off by at
 * most 1/128 of a neighbouring sample.  Which of the two it is depends on the set of
 * values alone, a bucket on the sample alone, and the sum is exact: so the same
 * samples, in whatever order they were added and merged, trim to the same bytes.
 *
 * A digest is flat: a head and words behind it, at an address that is a multiple of
 * 8, so it can lie inside another value.  It never grows by itself: adding says
 * "false" where the room does not do, and the owner offers larger bytes:
 *
 *		if (!digest_add(digest, sample))
 *		{
 *			Digest	   *larger = find_bytes(digest_add_size(digest, sample));
 *
 *			digest_add_into(larger, digest, sample);
 *		}
 *
 * As long as all samples together fit 32 bits, two buckets share a word: what is touched
 * at random then stays in the processor's first cache twice as long.  Trimmed digests
 * have one word a bucket, however few the samples.
 *
 * Adding searches the values, which are sorted, and moves those behind a new one: at
 * most 512 times in the life of a digest, so it costs what the search does.
 *
 * A value that leaves an aggregate holds trimmed digests: no spare room.
 *
 * One digest read from outside counts at most 2^63 - 1 samples; whoever merges such
 * sees to it that together they do not count more.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIGEST_H
#define CRM_DIGEST_H

#include "pure.h"

#include "port/pg_bitutils.h"

#include "wide.h"

#define DIGEST_EXACT_MAX 512	/* distinct values */

/*
 * Buckets are the numbers that share their first seven bits: one number each up to
 * 127, then 64 buckets for every power of two.
 */
#define DIGEST_OCTAVE 64
#define DIGEST_BUCKETS (DIGEST_OCTAVE * 58)

typedef struct Digest
{
	uint64		count;			/* of samples */
	Wide		sum;
	int64		max;			/* 0 while empty */
	uint32		room;			/* number of words */
	uint16		base;			/* the bucket that is counted first; 0 while exact */
	uint16		distinct;		/* values; one of the following where there are too many */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];	/* runs or buckets */
} Digest;

#define DIGEST_IN_BUCKETS (DIGEST_EXACT_MAX + 1)	/* one word each */
#define DIGEST_IN_HALVES (DIGEST_EXACT_MAX + 2) /* two buckets a word */

/* While exact: a value and how many samples have it, sorted by value. */
typedef struct DigestRun
{
	uint64		value;
	uint64		times;
} DigestRun;

#define DIGEST_RUN_WORDS (sizeof(DigestRun) / sizeof(uint64))

/* The most room that runs need. */
#define DIGEST_EXACT_ROOM (DIGEST_EXACT_MAX * DIGEST_RUN_WORDS)

#define DIGEST_SIZE(room) (offsetof(Digest, words) + (size_t) (room) * sizeof(uint64))
#define DIGEST_SIZE_MAX DIGEST_SIZE(DIGEST_BUCKETS)

static inline bool
digest_is_exact(const Digest *digest)
{
	return digest->distinct <= DIGEST_EXACT_MAX;
}

static inline DigestRun *
digest_runs(const Digest *digest)
{
	return (DigestRun *) digest->words;
}

static inline uint32 *
digest_halves(const Digest *digest)
{
	return (uint32 *) digest->words;
}

static inline size_t
digest_size(const Digest *digest)
{
	return DIGEST_SIZE(digest->room);
}

static inline uint32
digest_bucket(int64 sample)
{
	int			shift;

	if (sample < 2 * DIGEST_OCTAVE)
		return sample;
	shift = pg_leftmost_one_pos64(sample) - 6;
	return shift * DIGEST_OCTAVE + (uint32) (sample >> shift);
}

static inline int64
digest_bucket_low(uint32 bucket)
{
	int			shift = bucket < 2 * DIGEST_OCTAVE ? 0 : bucket / DIGEST_OCTAVE - 1;

	return (int64) (bucket - shift * DIGEST_OCTAVE) << shift;
}

/* The number that stands for a bucket; half a bucket's width is 1/128 of its low end. */
static inline int64
digest_bucket_middle(uint32 bucket)
{
	int			shift = bucket < 2 * DIGEST_OCTAVE ? 0 : bucket / DIGEST_OCTAVE - 1;

	return digest_bucket_low(bucket) + (INT64CONST(1) << shift >> 1);
}

static inline void
digest_add_head(Digest *digest, int64 sample)
{
	digest->count++;
	wide_add_word(&digest->sum, sample);
	if (unlikely(sample > digest->max))
		digest->max = sample;
}

extern bool digest_tally_exact(Digest *digest, int64 sample, uint64 times);
extern bool digest_add_otherwise(Digest *digest, int64 sample);

/*
 * Adds one sample in place; false, with nothing changed, where there is no room.  What
 * most samples of a large digest need is all that is done here.
 */
static pg_attribute_always_inline bool
digest_add(Digest *digest, int64 sample)
{
	uint32		slot;

	Assert(sample >= 0);
	if (digest->distinct != DIGEST_IN_HALVES)
		return digest_add_otherwise(digest, sample);
	/* A bucket below the base wraps around to a slot beyond any room. */
	slot = digest_bucket(sample) - digest->base;
	if (slot >= 2 * digest->room || digest->count == PG_UINT32_MAX)
		return false;
	digest_halves(digest)[slot]++;
	digest_add_head(digest, sample);
	return true;
}

/* In bytes of one's own.  The room is in words: those of 0 to DIGEST_EXACT_MAX runs. */
extern void digest_start(Digest *digest, uint32 room);

extern size_t digest_add_size(const Digest *digest, int64 sample);
extern void digest_add_into(Digest *larger, const Digest *digest, int64 sample);

extern bool digest_merge(Digest *digest, const Digest *other);
extern size_t digest_merge_size(const Digest *digest, const Digest *other);
extern void digest_merge_into(Digest *larger, const Digest *digest, const Digest *other);

extern size_t digest_trim_size(const Digest *digest);
extern void digest_trim(Digest *trimmed, const Digest *digest);

/* Reading; false where there are no samples. */
extern bool digest_mean(const Digest *digest, int64 *mean);
extern bool digest_percentile(const Digest *digest, double fraction, int64 *result);

#endif							/* CRM_DIGEST_H */
