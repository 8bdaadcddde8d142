/*-------------------------------------------------------------------------
 *
 * machine_order.c
 *		In which order journeys come by the stages of a diagram, and its main line.
 *
 * A diagram has cycles, and names its stages in whatever order it likes.  A walk along
 * its moves, depth first from the entries, in diagram order, says which of them lead
 * back: those to a stage that the walk is still on the way from.  Without them there is
 * no cycle left, and the reverse of the order in which the walk is done with the stages
 * has every other move lead forward.  Whatever leads out of a lost or closed stage takes
 * up again what was given up, so such stages come last, behind all that lead to them.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "machine_order.h"

typedef struct Walk
{
	const Machine *machine;
	bool		given_up_too;	/* the walk enters lost and closed stages */
	bool	   *seen;			/* by stage */
	int		   *left;			/* stages in the order in which the walk was done with them */
	int			count;
} Walk;

static bool
is_given_up(const Machine *machine, int stage)
{
	StageOutcome outcome = machine->diagram->stages[stage].outcome;

	return outcome == OUTCOME_LOST || outcome == OUTCOME_CLOSED;
}

/* Deep as there are stages at most: DIAGRAM_MAX_STAGES. */
static void
walk_from(Walk *walk, int stage)
{
	const MoveList *list = machine_moves_from(walk->machine, stage);

	if (stage != NO_STAGE)
	{
		if (walk->seen[stage] || (is_given_up(walk->machine, stage) && !walk->given_up_too))
			return;
		walk->seen[stage] = true;
	}
	for (int i = 0; i < list->count; i++)
		walk_from(walk, list->moves[i].to);
	if (stage != NO_STAGE)
		walk->left[walk->count++] = stage;
}

/* Hands out, last one first, the stages that the walk was done with since there were some. */
static int *
put_reverse(const Walk *walk, int since, int *order)
{
	for (int i = walk->count - 1; i >= since; i--)
		*order++ = walk->left[i];
	return order;
}

/* The stages that one comes to before giving up, in order; how many. */
static int
order_forward(Walk *walk, const Machine *machine, int *order)
{
	int			nstages = machine->diagram->nstages;

	walk->machine = machine;
	walk->given_up_too = false;
	walk->seen = palloc0(Max(nstages, 1) * sizeof(bool));
	walk->left = palloc(Max(nstages, 1) * sizeof(int));
	walk->count = 0;
	walk_from(walk, NO_STAGE);
	put_reverse(walk, 0, order);
	return walk->count;
}

static void
end_walk(Walk *walk)
{
	pfree(walk->seen);
	pfree(walk->left);
}

/*
 * Fills order, which has room for every stage, with all of them.
 */
void
machine_order(const Machine *machine, int *order)
{
	Walk		walk;
	int			forward = order_forward(&walk, machine, order);

	walk.given_up_too = true;
	for (int stage = 0; stage < machine->diagram->nstages; stage++)
		walk_from(&walk, stage);
	put_reverse(&walk, forward, order + forward);
	end_walk(&walk);
}

/* The longest ways to the stages of an order, by stage: how many are on it, and the one before. */
typedef struct Ways
{
	int		   *length;			/* 0: none */
	int		   *previous;
} Ways;

static void
lengthen(Ways *ways, const MoveList *list, int from, const int *place)
{
	for (int i = 0; i < list->count; i++)
	{
		int			to = list->moves[i].to;
		int			length = from == NO_STAGE ? 1 : ways->length[from] + 1;

		if (place[to] < 0 || (from != NO_STAGE && place[to] <= place[from]) ||
			length <= ways->length[to])
			continue;
		ways->length[to] = length;
		ways->previous[to] = from;
	}
}

/* The first stage of the order that is won, or else the end of the longest way. */
static int
find_goal(const Machine *machine, const Ways *ways, const int *order, int count)
{
	int			goal = NO_STAGE;

	for (int i = 0; i < count; i++)
	{
		if (machine->diagram->stages[order[i]].outcome == OUTCOME_WON)
			return order[i];
		if (goal == NO_STAGE || ways->length[order[i]] > ways->length[goal])
			goal = order[i];
	}
	return goal;
}

/*
 * Fills line, which has room for every stage, with the longest way forward from an entry
 * to the first stage that is won; where none is, as far as a way leads.  Returns how many
 * they are: none, where rows begin in stages that are given up only.
 */
int
machine_main_line(const Machine *machine, int *line)
{
	int			nstages = Max(machine->diagram->nstages, 1);
	int		   *order = palloc(nstages * sizeof(int));
	int		   *place = palloc(nstages * sizeof(int));
	Ways		ways = {palloc0(nstages * sizeof(int)), palloc(nstages * sizeof(int))};
	Walk		walk;
	int			count = order_forward(&walk, machine, order);
	int			goal;
	int			length;

	memset(place, -1, nstages * sizeof(int));
	for (int i = 0; i < count; i++)
		place[order[i]] = i;
	lengthen(&ways, machine_moves_from(machine, NO_STAGE), NO_STAGE, place);
	for (int i = 0; i < count; i++)
		lengthen(&ways, machine_moves_from(machine, order[i]), order[i], place);
	goal = find_goal(machine, &ways, order, count);
	length = goal == NO_STAGE ? 0 : ways.length[goal];
	for (int i = length; i > 0; goal = ways.previous[goal])
		line[--i] = goal;
	end_walk(&walk);
	pfree(order);
	pfree(place);
	pfree(ways.length);
	pfree(ways.previous);
	return length;
}
