/*-------------------------------------------------------------------------
 *
 * wide.h
 *		Sums of durations that 64 bits cannot hold: unsigned 128-bit arithmetic.
 *
 * A million years of customers' time overflows 64 bits of microseconds, and a double
 * would make a sum depend on the order of its terms.  Two words do neither, on every
 * platform, whether or not its compiler knows a 128-bit integer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_WIDE_H
#define CRM_WIDE_H

#include "pure.h"

typedef struct Wide
{
	uint64		low;
	uint64		high;
} Wide;

static inline void
wide_add_word(Wide *sum, uint64 term)
{
	sum->low += term;
	if (unlikely(sum->low < term))
		sum->high++;
}

static inline void
wide_add(Wide *sum, const Wide *term)
{
	sum->high += term->high;
	wide_add_word(sum, term->low);
}

static inline int
wide_compare(const Wide *a, const Wide *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

/* From 32-bit halves, as on paper. */
static inline Wide
wide_multiply(uint64 a, uint64 b)
{
	uint64		a_low = (uint32) a,
				a_high = a >> 32,
				b_low = (uint32) b,
				b_high = b >> 32;
	uint64		middle = a_high * b_low + (a_low * b_low >> 32);
	uint64		carry = a_low * b_high + (uint32) middle;
	Wide		product;

	product.low = a * b;
	product.high = a_high * b_high + (middle >> 32) + (carry >> 32);
	return product;
}

/* The quotient must fit a word: dividend.high < divisor. */
static inline uint64
wide_divide(const Wide *dividend, uint64 divisor, uint64 *remainder)
{
	uint64		quotient = 0;
	uint64		rest = dividend->high;

	Assert(dividend->high < divisor);
	for (int bit = 63; bit >= 0; bit--)
	{
		bool		carry = rest >> 63;

		rest = rest << 1 | (dividend->low >> bit & 1);
		quotient <<= 1;
		if (carry || rest >= divisor)
		{
			rest -= divisor;
			quotient |= 1;
		}
	}
	*remainder = rest;
	return quotient;
}

static inline double
wide_to_double(const Wide *wide)
{
	return (double) wide->high * 18446744073709551616.0 + (double) wide->low;
}

#endif							/* CRM_WIDE_H */
