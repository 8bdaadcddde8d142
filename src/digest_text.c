/*-------------------------------------------------------------------------
 *
 * digest_text.c
 *		A digest as text and as bytes; see digest_text.h for both.
 *
 * What comes from outside is believed only if some collection of samples gives it.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "common/int.h"

#include "digest_text.h"

/* Of the 19 digits that a word always holds. */
#define WORD_DIGITS_POWER UINT64CONST(10000000000000000000)

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
	Digest	   *intake = palloc0(exact ? DIGEST_SIZE(DIGEST_EXACT_ROOM) : DIGEST_SIZE_MAX);

	digest_start(intake, exact ? DIGEST_EXACT_ROOM : 0);
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

		if (number > PG_INT64_MAX || !digest_tally_exact(intake, number, times))
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
		int64		low = digest_bucket_low(bucket);
		int64		width = Max((digest_bucket_middle(bucket) - low) * 2, 1);
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
