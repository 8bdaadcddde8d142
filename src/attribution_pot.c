/*-------------------------------------------------------------------------
 *
 * attribution_pot.c
 *		An amount that is shared out among channels, exactly.
 *
 * Amounts are added up as numerators over one denominator for all paths that have it in
 * common; what is rounded away in the end is dealt out again, so that the sum over channels
 * is the total to the last digit.  Who gets which weight is attribution_shares.c's to say.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "attribution_pot.h"
#include "sums.h"

/* Decimals of a credit, at least; those of the total, if it has more. */
#define CREDIT_DECIMALS 6
/* More of them while it is computed: truncating once a denominator stays without effect. */
#define GUARD_DECIMALS 10

Datum
attribution_number(int64 number)
{
	return NumericGetDatum(int64_to_numeric(number));
}

/* 10 ^ exponent, which may be negative */
static Datum
power_of_ten(int exponent)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("1e%d", exponent)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static int
decimals_of(Datum number)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, number));
}

/*
 * Adds to a number that nobody else has.
 */
void
attribution_add(Datum *sum, Datum amount)
{
	Datum		more = amount_add(*sum, amount);

	pfree(DatumGetPointer(*sum));
	*sum = more;
}

/*
 * A pot of so much, of which no channel has anything yet.
 */
void
attribution_pot_begin(Pot *pot, uint32 nchannels, Datum total)
{
	pot->total = total;
	pot->decimals = Max(CREDIT_DECIMALS, decimals_of(total));
	pot->fine = power_of_ten(pot->decimals + GUARD_DECIMALS);
	pot->sums = palloc0(nchannels * sizeof(Datum));
	pot->credits = palloc(nchannels * sizeof(Datum));
	for (uint32 i = 0; i < nchannels; i++)
		pot->credits[i] = attribution_number(0);
}

/*
 * Adds an amount times a weight to a channel's numerator.
 */
void
attribution_pot_put(Pot *pot, uint32 channel, Datum amount, Datum weight)
{
	Datum		product = amount_multiply(amount, weight);

	if (pot->sums[channel] == (Datum) 0)
	{
		pot->sums[channel] = product;
		return;
	}
	attribution_add(&pot->sums[channel], product);
	pfree(DatumGetPointer(product));
}

/*
 * Credits a channel with what has been summed up over this denominator.
 */
void
attribution_pot_divide(Pot *pot, uint32 channel, Datum denominator)
{
	Datum		fine = amount_multiply(pot->sums[channel], pot->fine);
	Datum		quotient = DirectFunctionCall2(numeric_div_trunc, fine, denominator);

	attribution_add(&pot->credits[channel], quotient);
	pfree(DatumGetPointer(fine));
	pfree(DatumGetPointer(quotient));
	pfree(DatumGetPointer(pot->sums[channel]));
	pot->sums[channel] = (Datum) 0;
}

/* What is left over of a channel's credit when it is cut to the decimals that are shown. */
typedef struct Rest
{
	uint32		channel;
	Datum		rest;
} Rest;

static int
compare_rests(const void *a, const void *b)
{
	const Rest *left = a;
	const Rest *right = b;
	int			order = amount_compare(right->rest, left->rest);

	if (order != 0)
		return order;
	return (left->channel > right->channel) - (left->channel < right->channel);
}

/*
 * Rounds credits so that their sum is the total: all are cut off, and what is missing
 * then is given, a last digit each, to those who lost most (the method of the largest
 * remainder).
 */
void
attribution_pot_round(Pot *pot, uint32 n)
{
	Rest	   *rests = palloc(n * sizeof(Rest));
	Datum		missing = amount_multiply(pot->total, power_of_ten(pot->decimals)),
				coarse = power_of_ten(-GUARD_DECIMALS),
				last = power_of_ten(-pot->decimals);
	int			nmissing;

	for (uint32 i = 0; i < n; i++)
	{
		Datum		exact = amount_multiply(pot->credits[i], coarse);

		pot->credits[i] = DirectFunctionCall1(numeric_floor, exact);
		missing = amount_subtract(missing, pot->credits[i]);
		rests[i].channel = i;
		rests[i].rest = amount_subtract(exact, pot->credits[i]);
	}
	qsort(rests, n, sizeof(Rest), compare_rests);
	nmissing = DatumGetInt32(DirectFunctionCall1(numeric_int4, missing));
	for (int i = 0; i < nmissing && i < (int) n; i++)
		attribution_add(&pot->credits[rests[i].channel], attribution_number(1));
	for (uint32 i = 0; i < n; i++)
		pot->credits[i] = amount_multiply(pot->credits[i], last);
}

/*
 * A rounded credit, without zeros at its end but for those that the total has too.
 */
Datum
attribution_pot_shown(const Pot *pot, uint32 channel)
{
	Datum		trimmed = DirectFunctionCall1(numeric_trim_scale, pot->credits[channel]);
	int			decimals = decimals_of(pot->total);

	if (decimals_of(trimmed) >= decimals)
		return trimmed;
	return DirectFunctionCall2(numeric_round, trimmed, Int32GetDatum(decimals));
}

static double
to_double(Datum number)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, number));
}

/*
 * What part of the total a channel is credited with, as long as credits are not rounded.
 */
double
attribution_pot_share(const Pot *pot, uint32 channel)
{
	double		total = to_double(amount_multiply(pot->total, pot->fine));

	return total > 0 ? to_double(pot->credits[channel]) / total : 0;
}
