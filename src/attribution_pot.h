/*-------------------------------------------------------------------------
 *
 * attribution_pot.h
 *		An amount that is shared out among channels, exactly.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_ATTRIBUTION_POT_H
#define CRM_ATTRIBUTION_POT_H

#include "postgres.h"

/* An amount that is shared out, and who has how much of it. */
typedef struct Pot
{
	Datum		total;
	int			decimals;
	Datum		fine;			/* 10 ^ (decimals + guard) */
	Datum	   *sums;			/* by channel: numerators over the denominator in work, or 0 */
	Datum	   *credits;		/* by channel: in fine units, until they are rounded */
} Pot;

extern Datum attribution_number(int64 number);
extern void attribution_add(Datum *sum, Datum amount);

extern void attribution_pot_begin(Pot *pot, uint32 nchannels, Datum total);
extern void attribution_pot_put(Pot *pot, uint32 channel, Datum amount, Datum weight);
extern void attribution_pot_divide(Pot *pot, uint32 channel, Datum denominator);
extern double attribution_pot_share(const Pot *pot, uint32 channel);
extern void attribution_pot_round(Pot *pot, uint32 nchannels);
extern Datum attribution_pot_shown(const Pot *pot, uint32 channel);

#endif							/* CRM_ATTRIBUTION_POT_H */
