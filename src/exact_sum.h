/*-------------------------------------------------------------------------
 *
 * exact_sum.h
 *		Sums of doubles that do not depend on the order of their terms.
 *
 * Every finite double is a whole number of 2^-1074.  A sum is kept as such a number, of
 * more than 2,100 bits, in words of 32 bits that may run over for a while: the small
 * superaccumulator of Neal (2015), "Fast exact summation using small and large
 * superaccumulators".  Nothing is lost until the sum is read, rounded once to the nearest.
 *
 * A sum begins as zeros.  It takes EXACT_SUM_ROOM terms, and as many again whenever it was
 * carried.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_EXACT_SUM_H
#define CRM_EXACT_SUM_H

#include "pure.h"

/* 1,074 + 1,024 bits, and 64 for sums of 2^64 of the largest */
#define EXACT_SUM_WORDS 68
/* A term adds less than 2^33 to a word of 63 bits. */
#define EXACT_SUM_ROOM (1 << 29)

typedef struct ExactSum
{
	int64		words[EXACT_SUM_WORDS];
} ExactSum;

extern void exact_sum_carry(ExactSum *sum);
extern void exact_sum_merge(ExactSum *sum, const ExactSum *other);
extern double exact_sum_round(const ExactSum *sum);

/* The term must be finite. */
static inline void
exact_sum_add(ExactSum *sum, double term)
{
	uint64		bits;
	uint64		digits;
	uint32		place;
	int64	   *words;
	uint64		low,
				high;

	memcpy(&bits, &term, sizeof(bits));
	digits = bits & ((UINT64CONST(1) << 52) - 1);
	place = bits >> 52 & 0x7FF;
	if (place > 0)
	{
		digits |= UINT64CONST(1) << 52;
		place--;				/* the subnormal ones stand where the smallest others do */
	}
	words = sum->words + place / 32;
	low = (digits & 0xFFFFFFFF) << place % 32;
	high = (digits >> 32) << place % 32;
	if (bits >> 63)
	{
		words[0] -= (int64) (low & 0xFFFFFFFF);
		words[1] -= (int64) ((low >> 32) + (high & 0xFFFFFFFF));
		words[2] -= (int64) (high >> 32);
	}
	else
	{
		words[0] += (int64) (low & 0xFFFFFFFF);
		words[1] += (int64) ((low >> 32) + (high & 0xFFFFFFFF));
		words[2] += (int64) (high >> 32);
	}
}

#endif							/* CRM_EXACT_SUM_H */
