/*-------------------------------------------------------------------------
 *
 * exact_sum.c
 *		Sums of doubles that do not depend on the order of their terms; see exact_sum.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "port/pg_bitutils.h"

#include "exact_sum.h"

#define WORD_MASK INT64CONST(0xFFFFFFFF)

/*
 * Brings every word but the last, which has the sign, back into 32 bits.
 */
void
exact_sum_carry(ExactSum *sum)
{
	for (int i = 0; i < EXACT_SUM_WORDS - 1; i++)
	{
		int64		rest = sum->words[i] & WORD_MASK;

		sum->words[i + 1] += (sum->words[i] - rest) / (WORD_MASK + 1);
		sum->words[i] = rest;
	}
}

/*
 * Adds a sum to another; both were carried within half of EXACT_SUM_ROOM terms.
 */
void
exact_sum_merge(ExactSum *sum, const ExactSum *other)
{
	for (int i = 0; i < EXACT_SUM_WORDS; i++)
		sum->words[i] += other->words[i];
}

/* The absolute value, carried; returns whether it was below zero. */
static bool
take_sign(ExactSum *sum)
{
	exact_sum_carry(sum);
	if (sum->words[EXACT_SUM_WORDS - 1] >= 0)
		return false;
	for (int i = 0; i < EXACT_SUM_WORDS; i++)
		sum->words[i] = -sum->words[i];
	exact_sum_carry(sum);
	return true;
}

/* Drops the last bits, at most 63, to the nearest, ties to even; more says what follows them. */
static uint64
drop_bits(uint64 digits, int bits, bool more)
{
	uint64		rest = digits & ((UINT64CONST(1) << bits) - 1);
	uint64		half = UINT64CONST(1) << (bits - 1);

	digits >>= bits;
	if (rest > half || (rest == half && (more || (digits & 1))))
		digits++;
	return digits;
}

/* The 64 bits that begin with the first one of the sum, which words[top] has. */
static uint64
first_bits(const ExactSum *sum, int top, int zeros, bool *more)
{
	uint64		digits = (uint64) sum->words[top] << 32 | (uint64) sum->words[top - 1];
	uint64		next = (uint64) sum->words[top - 2];

	*more = (next << zeros & WORD_MASK) != 0;
	for (int i = 0; i < top - 2 && !*more; i++)
		*more = sum->words[i] != 0;
	return digits << zeros | next >> (32 - zeros);
}

/*
 * The double nearest to the sum.
 */
double
exact_sum_round(const ExactSum *sum)
{
	ExactSum	size = *sum;
	bool		negative = take_sign(&size);
	int			top = EXACT_SUM_WORDS - 1;
	uint64		digits;
	int			place = -1074;	/* of the last bit of digits */
	int			drop;
	bool		more = false;
	double		value;

	while (top > 1 && size.words[top] == 0)
		top--;
	if (top > 1)
	{
		int			zeros = 31 - pg_leftmost_one_pos64((uint64) size.words[top]);

		digits = first_bits(&size, top, zeros, &more);
		place += 32 * (top - 1) - zeros;
	}
	else
		digits = (uint64) size.words[1] << 32 | (uint64) size.words[0];
	if (digits == 0)
		return 0;
	drop = pg_leftmost_one_pos64(digits) - 52;
	value = drop > 0 ? ldexp((double) drop_bits(digits, drop, more), place + drop) :
		ldexp((double) digits, place);
	return negative ? -value : value;
}
