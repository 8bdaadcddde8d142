/*-------------------------------------------------------------------------
 *
 * digest.h
 *		A collection of durations in little space: how many, their sum, the longest,
 *		and their percentiles.
 *
 * Durations are microseconds, never negative.  Up to 512 of them are kept as they
 * are and percentiles equal percentile_cont; more are counted in buckets, and a
 * percentile is then off by at most 1/128 of a neighbouring sample.  Which of the two
 * it is depends on the number of samples alone, a bucket on the sample alone, and the
 * sum is exact: so the same samples, in whatever order they were added and merged,
 * trim to the same bytes.
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
 * A value that leaves an aggregate holds trimmed digests: no spare room, samples
 * sorted.  Percentiles are read from those only.
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

#define DIGEST_EXACT_MAX 512

/*
 * Buckets are the numbers that share their first seven bits: one number each up to
 * 127, then 64 buckets for every power of two.
 */
#define DIGEST_OCTAVE 64
#define DIGEST_BUCKETS (DIGEST_OCTAVE * 58)

typedef struct Digest
{
	uint64		count;			/* of samples; above DIGEST_EXACT_MAX the words are buckets */
	Wide		sum;
	int64		max;			/* 0 while empty */
	uint32		room;			/* number of words */
	uint32		base;			/* the bucket that words[0] counts; 0 while exact */
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} Digest;

#define DIGEST_SIZE(room) (offsetof(Digest, words) + (size_t) (room) * sizeof(uint64))
#define DIGEST_SIZE_MAX DIGEST_SIZE(DIGEST_BUCKETS)

static inline bool
digest_is_exact(const Digest *digest)
{
	return digest->count <= DIGEST_EXACT_MAX;
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

/*
 * Adds one sample in place; false, with nothing changed, where there is no room.
 */
static inline bool
digest_add(Digest *digest, int64 sample)
{
	Assert(sample >= 0);
	if (digest->count > DIGEST_EXACT_MAX)
	{
		/* A bucket below the base wraps around to a slot beyond any room. */
		uint32		slot = digest_bucket(sample) - digest->base;

		if (slot >= digest->room)
			return false;
		digest->words[slot]++;
	}
	else
	{
		if (digest->count == digest->room || digest->count == DIGEST_EXACT_MAX)
			return false;
		digest->words[digest->count] = sample;
	}
	digest->count++;
	wide_add_word(&digest->sum, sample);
	if (sample > digest->max)
		digest->max = sample;
	return true;
}

/* In bytes of one's own.  The room may be 0 and is at most DIGEST_EXACT_MAX words. */
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
extern bool digest_percentile(const Digest *trimmed, double fraction, int64 *result);

/* Text and bytes of a trimmed digest; what is read is trimmed, palloc'd, or NULL on error. */
extern void digest_write(StringInfo out, const Digest *trimmed);
extern Digest *digest_read(const char **cursor, const char *end, PureError *error);
extern void digest_send(StringInfo out, const Digest *trimmed);
extern Digest *digest_receive(const char **cursor, const char *end, PureError *error);

#endif							/* CRM_DIGEST_H */
