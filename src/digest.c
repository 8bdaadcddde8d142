/*-------------------------------------------------------------------------
 *
 * digest.c
 *		A collection of durations in little space; see digest.h for what it promises.
 *
 * Text: the values in order, each as often as it occurs, [60000000*2,90000000], or
 * behind a "~" the sum, the longest and the buckets, ~[78822900,131671:768*600].
 * What is read may come in any order, and a value more than once.
 *
 * Bytes: variable-length integers (seven bits a byte, low ones first).  The number of
 * distinct values, 513 for more than 512; then, while exact, for each its distance to
 * the one before and its count; else the sum's two words, the longest, the number of
 * buckets in use, and for each of those its distance to the one before and its count.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>
#include <math.h>

#include "common/int.h"

#include "digest.h"

/* Enough for a group of four; from there the room doubles. */
#define FIRST_ROOM (4 * DIGEST_RUN_WORDS)
#define EXACT_ROOM (DIGEST_EXACT_MAX * DIGEST_RUN_WORDS)

/* 19 digits are what a word always holds. */
#define WORD_DIGITS 19
#define WORD_DIGITS_POWER UINT64CONST(10000000000000000000)

static int64
bucket_low(uint32 bucket)
{
	int			shift = bucket < 2 * DIGEST_OCTAVE ? 0 : bucket / DIGEST_OCTAVE - 1;

	return (int64) (bucket - shift * DIGEST_OCTAVE) << shift;
}

/* The number that stands for a bucket; half a bucket's width is 1/128 of its low end. */
static int64
bucket_middle(uint32 bucket)
{
	int			shift = bucket < 2 * DIGEST_OCTAVE ? 0 : bucket / DIGEST_OCTAVE - 1;

	return bucket_low(bucket) + (INT64CONST(1) << shift >> 1);
}

void
digest_start(Digest *digest, uint32 room)
{
	Assert(room <= EXACT_ROOM && room % DIGEST_RUN_WORDS == 0);
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

/* Counts samples of one value in the runs of an exact digest; false where there is no room. */
static inline bool
tally_run(Digest *digest, int64 sample, uint64 times)
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
	if (!tally_run(digest, sample, 1))
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
		(void) tally_run(digest, sample, times);
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
	return Min(bucket_middle(digest->base + slot), digest->max);
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

/* A number and how often it occurs. */
static void
write_repeated(StringInfo out, uint64 number, uint64 times, bool *first)
{
	if (!*first)
		appendStringInfoChar(out, ',');
	*first = false;
	appendStringInfo(out, UINT64_FORMAT, number);
	if (times > 1)
		appendStringInfo(out, "*" UINT64_FORMAT, times);
}

static void
write_wide(StringInfo out, const Wide *wide)
{
	uint64		rest;
	uint64		upper = wide_divide(wide, WORD_DIGITS_POWER, &rest);

	if (upper > 0)
		appendStringInfo(out, UINT64_FORMAT "%019llu", upper, (unsigned long long) rest);
	else
		appendStringInfo(out, UINT64_FORMAT, rest);
}

void
digest_write(StringInfo out, const Digest *trimmed)
{
	bool		first = true;

	if (digest_is_exact(trimmed))
	{
		appendStringInfoChar(out, '[');
		for (uint32 i = 0; i < trimmed->distinct; i++)
			write_repeated(out, digest_runs(trimmed)[i].value, digest_runs(trimmed)[i].times, &first);
	}
	else
	{
		appendStringInfoString(out, "~[");
		write_wide(out, &trimmed->sum);
		appendStringInfo(out, "," INT64_FORMAT ":", trimmed->max);
		for (uint32 slot = 0; slot < trimmed->room; slot++)
			if (trimmed->words[slot] > 0)
				write_repeated(out, trimmed->base + slot, trimmed->words[slot], &first);
	}
	appendStringInfoChar(out, ']');
}

/*
 * What is read from outside is gathered in a digest with all the room there can be; in
 * buckets its sum and its longest are as they were given.
 */
static Digest *
start_intake(bool exact)
{
	Digest	   *intake = palloc0(exact ? DIGEST_SIZE(EXACT_ROOM) : DIGEST_SIZE_MAX);

	digest_start(intake, exact ? EXACT_ROOM : 0);
	if (!exact)
	{
		intake->room = DIGEST_BUCKETS;
		intake->distinct = DIGEST_IN_BUCKETS;
	}
	return intake;
}

/* A value, or the number of a bucket, so many times. */
static bool
take_number(Digest *intake, uint64 number, uint64 times)
{
	if (times == 0 || times > PG_INT64_MAX - intake->count)
		return false;
	if (digest_is_exact(intake))
	{
		Wide		part = wide_multiply(number, times);

		if (number > PG_INT64_MAX || !tally_run(intake, number, times))
			return false;
		wide_add(&intake->sum, &part);
		intake->max = Max(intake->max, (int64) number);
	}
	else
	{
		if (number >= DIGEST_BUCKETS)
			return false;
		intake->words[number] += times;
	}
	intake->count += times;
	return true;
}

/*
 * Could samples in these buckets have this longest one, this sum, and too many distinct
 * values to be counted one by one?  Each by itself, that is.
 */
static bool
buckets_are_consistent(const Digest *intake)
{
	Wide		least = {0},
				most = {0};
	uint64		distinct = 0;
	uint32		last = 0;

	for (uint32 bucket = 0; bucket < DIGEST_BUCKETS; bucket++)
	{
		uint64		count = intake->words[bucket];
		int64		low = bucket_low(bucket);
		int64		width = Max((bucket_middle(bucket) - low) * 2, 1);
		int64		high = Min(low + (width - 1), intake->max);
		Wide		part;

		if (count == 0)
			continue;
		if (high < low)
			return false;
		part = wide_multiply(low, count);
		wide_add(&least, &part);
		part = wide_multiply(high, count);
		wide_add(&most, &part);
		distinct += Min(count, (uint64) (high - low) + 1);
		last = bucket;
	}
	return distinct > DIGEST_EXACT_MAX && digest_bucket(intake->max) == last &&
		wide_compare(&least, &intake->sum) <= 0 && wide_compare(&intake->sum, &most) <= 0;
}

/* Makes the digest; NULL if no collection of samples gives these numbers. */
static Digest *
end_intake(Digest *intake)
{
	Digest	   *digest;

	if (!digest_is_exact(intake) && !buckets_are_consistent(intake))
		return NULL;
	digest = palloc(digest_trim_size(intake));
	digest_trim(digest, intake);
	pfree(intake);
	return digest;
}

static bool
skip_char(const char **cursor, const char *end, char c)
{
	if (*cursor >= end || **cursor != c)
		return false;
	(*cursor)++;
	return true;
}

/* Decimal digits; a sum of samples always fits 126 bits. */
static bool
read_wide(const char **cursor, const char *end, Wide *wide)
{
	const char *start = *cursor;

	memset(wide, 0, sizeof(*wide));
	for (; *cursor < end && isdigit((unsigned char) **cursor); (*cursor)++)
	{
		Wide		tenfold = wide_multiply(wide->low, 10);

		if (wide->high >> 59 != 0)
			return false;
		tenfold.high += wide->high * 10;
		*wide = tenfold;
		wide_add_word(wide, **cursor - '0');
	}
	return *cursor > start;
}

static bool
read_word(const char **cursor, const char *end, uint64 *word)
{
	Wide		wide;

	if (!read_wide(cursor, end, &wide) || wide.high != 0)
		return false;
	*word = wide.low;
	return true;
}

/* sum,longest: */
static bool
read_bucket_head(const char **cursor, const char *end, Digest *intake)
{
	uint64		max;

	if (!read_wide(cursor, end, &intake->sum) || !skip_char(cursor, end, ',') ||
		!read_word(cursor, end, &max) || max > PG_INT64_MAX)
		return false;
	intake->max = max;
	return skip_char(cursor, end, ':');
}

/* number[*times],... and the closing bracket */
static bool
read_numbers(const char **cursor, const char *end, Digest *intake)
{
	if (skip_char(cursor, end, ']'))
		return true;
	do
	{
		uint64		number,
					times = 1;

		if (!read_word(cursor, end, &number))
			return false;
		if (skip_char(cursor, end, '*') && !read_word(cursor, end, &times))
			return false;
		if (!take_number(intake, number, times))
			return false;
	} while (skip_char(cursor, end, ','));
	return skip_char(cursor, end, ']');
}

/*
 * Reads the text of a digest at *cursor and moves behind it.
 */
Digest *
digest_read(const char **cursor, const char *end, PureError *error)
{
	const char *start = *cursor;
	bool		exact = !skip_char(cursor, end, '~');
	Digest	   *intake = start_intake(exact);
	Digest	   *digest = NULL;

	if (skip_char(cursor, end, '[') &&
		(exact || read_bucket_head(cursor, end, intake)) &&
		read_numbers(cursor, end, intake))
		digest = end_intake(intake);
	if (digest == NULL)
	{
		pure_fail(error, PURE_SYNTAX, "not a collection of durations: \"%s\"",
				  pure_sample(start, end - start));
		*cursor = start;
	}
	return digest;
}

static void
send_word(StringInfo out, uint64 word)
{
	while (word >= 0x80)
	{
		appendStringInfoCharMacro(out, (char) (word | 0x80));
		word >>= 7;
	}
	appendStringInfoCharMacro(out, (char) word);
}

/* One word has one form: no leading zeros, no bits beyond the 64th. */
static bool
receive_word(const char **cursor, const char *end, uint64 *word)
{
	*word = 0;
	for (int shift = 0; shift < 64 && *cursor < end; shift += 7)
	{
		uint8		byte = *(*cursor)++;

		if (shift == 63 && byte > 1)
			return false;
		*word |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return byte != 0 || shift == 0;
	}
	return false;
}

void
digest_send(StringInfo out, const Digest *trimmed)
{
	uint64		previous = 0;

	send_word(out, trimmed->distinct);
	if (digest_is_exact(trimmed))
	{
		for (uint32 i = 0; i < trimmed->distinct; i++)
		{
			const DigestRun *run = &digest_runs(trimmed)[i];

			send_word(out, run->value - previous);
			send_word(out, run->times);
			previous = run->value;
		}
	}
	else
	{
		uint32		used = 0;

		for (uint32 slot = 0; slot < trimmed->room; slot++)
			used += trimmed->words[slot] > 0;
		send_word(out, trimmed->sum.high);
		send_word(out, trimmed->sum.low);
		send_word(out, trimmed->max);
		send_word(out, used);
		for (uint32 slot = 0; slot < trimmed->room; slot++)
			if (trimmed->words[slot] > 0)
			{
				send_word(out, trimmed->base + slot - previous);
				send_word(out, trimmed->words[slot]);
				previous = trimmed->base + slot;
			}
	}
}

/* So many numbers, each as its distance to the one before, and their counts. */
static bool
receive_numbers(const char **cursor, const char *end, Digest *intake, uint64 numbers)
{
	uint64		number = 0;

	for (uint64 i = 0; i < numbers; i++)
	{
		uint64		distance,
					times;

		if (!receive_word(cursor, end, &distance) || (distance == 0 && i > 0) ||
			pg_add_u64_overflow(number, distance, &number) ||
			!receive_word(cursor, end, &times) ||
			!take_number(intake, number, times))
			return false;
	}
	return true;
}

static bool
receive_buckets(const char **cursor, const char *end, Digest *intake)
{
	uint64		max,
				used;

	if (!receive_word(cursor, end, &intake->sum.high) ||
		!receive_word(cursor, end, &intake->sum.low) ||
		!receive_word(cursor, end, &max) || max > PG_INT64_MAX ||
		!receive_word(cursor, end, &used))
		return false;
	intake->max = max;
	return receive_numbers(cursor, end, intake, used);
}

/*
 * Reads the bytes of a digest at *cursor and moves behind them; they come from
 * outside and may be anything.
 */
Digest *
digest_receive(const char **cursor, const char *end, PureError *error)
{
	Digest	   *digest = NULL;
	uint64		distinct;

	if (receive_word(cursor, end, &distinct) && distinct <= DIGEST_IN_BUCKETS)
	{
		bool		exact = distinct <= DIGEST_EXACT_MAX;
		Digest	   *intake = start_intake(exact);

		if (exact ? receive_numbers(cursor, end, intake, distinct)
			: receive_buckets(cursor, end, intake))
			digest = end_intake(intake);
	}
	if (digest == NULL)
		pure_fail(error, PURE_BINARY, "malformed collection of durations");
	return digest;
}
