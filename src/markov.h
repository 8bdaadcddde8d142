/*-------------------------------------------------------------------------
 *
 * markov.h
 *		Where counted moves lead in the end, and how long that takes.
 *
 * An absorbing Markov chain whose probabilities are counts: of the moves that left a
 * state, so many went here and so many there.  The first visit to a won or lost state
 * ends the walk.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_MARKOV_H
#define CRM_MARKOV_H

#include "pure.h"

/* The matrix of so many states takes 32 MB, the elimination a few seconds. */
#define MARKOV_MAX_OPEN 2048

typedef enum MarkovKind
{
	MARKOV_OPEN,
	MARKOV_WON,
	MARKOV_LOST
} MarkovKind;

typedef struct MarkovMove
{
	uint32		from;
	uint32		to;
	double		count;			/* more than 0 */
	double		time;			/* spent in "from" before these moves, together */
} MarkovMove;

typedef struct MarkovChain
{
	uint32		nstates;
	const MarkovKind *kinds;
	uint32		nmoves;
	const MarkovMove *moves;
} MarkovChain;

typedef struct MarkovOutcome
{
	bool		known;			/* was anything ever absorbed from here? */
	double		won;			/* the probability to be won rather than lost */
	double		time;			/* expected until then */
} MarkovOutcome;

extern bool markov_outcome(const MarkovChain *chain, uint32 start, MarkovOutcome *outcome,
						   PureError *error);
extern bool markov_effects(const MarkovChain *chain, double *effects, PureError *error);

#endif							/* CRM_MARKOV_H */
