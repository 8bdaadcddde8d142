/*-------------------------------------------------------------------------
 *
 * diagram_merge.c
 *		A stage of a diagram becomes part of another, or is not entered any more.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "diagram_reader.h"

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_move(const DiagramMove *a, const DiagramMove *b)
{
	return a->from_stage == b->from_stage && a->from_phase == b->from_phase && a->to_stage == b->to_stage &&
		same_text(a->event, b->event) && same_text(a->guard, b->guard) && same_text(a->action, b->action);
}

static bool
is_drawn(const Diagram *diagram, const DiagramMove *move)
{
	for (int i = 0; i < diagram->nmoves; i++)
		if (same_move(&diagram->moves[i], move))
			return true;
	return false;
}

/* A move with the one stage put in place of the other; false where nothing is left of it. */
static bool
reroute(DiagramMove *move, int stage, int into)
{
	bool		loop = move->from_stage == into && move->to_stage == into;

	/* Where the stage may end says nothing about the other. */
	if (move->from_stage == stage && move->to_stage == NO_STAGE)
		return false;
	if (move->from_stage == stage)
		move->from_stage = into;
	if (move->to_stage == stage)
		move->to_stage = into;
	return loop || move->from_stage != into || move->to_stage != into;
}

/* Draws a move, unless it is drawn already. */
static void
draw(Diagram *diagram, DiagramMove move)
{
	CHECK_FOR_INTERRUPTS();
	if (is_drawn(diagram, &move))
		return;
	if (diagram->nmoves == 0)
		diagram->moves = palloc(sizeof(DiagramMove));
	else if ((diagram->nmoves & (diagram->nmoves - 1)) == 0)
		diagram->moves = repalloc(diagram->moves, 2 * diagram->nmoves * sizeof(DiagramMove));
	diagram->moves[diagram->nmoves++] = move;
}

/* From a phase to a stage of its own nothing can be drawn: so from each of the others. */
static void
draw_from_others(Diagram *diagram, DiagramMove move, int stage, int into)
{
	int			phase = move.from_phase;

	move.from_phase = NO_STAGE;
	for (int other = 0; other < diagram->nstages; other++)
	{
		move.from_stage = other;
		if (diagram->stages[other].phase == phase && other != stage && other != into)
			draw(diagram, move);
	}
}

/* A move from a phase, with the one stage put in place of the other. */
static void
reroute_from_phase(Diagram *diagram, DiagramMove move, int stage, int into)
{
	bool		leaves_stage = diagram->stages[stage].phase == move.from_phase;
	bool		leaves_into = diagram->stages[into].phase == move.from_phase;

	if (move.to_stage == stage)
		move.to_stage = into;
	if (leaves_into && move.to_stage == into)
		draw_from_others(diagram, move, stage, into);
	else
		draw(diagram, move);
	/* What left the stage because its phase may be left, the other may not have. */
	if (!leaves_stage || leaves_into || move.to_stage == into || move.to_stage == NO_STAGE)
		return;
	move.from_phase = NO_STAGE;
	move.from_stage = into;
	draw(diagram, move);
}

static void
reroute_moves(Diagram *diagram, int stage, int into)
{
	const DiagramMove *drawn = diagram->moves;
	int			ndrawn = diagram->nmoves;

	diagram->nmoves = 0;
	for (int i = 0; i < ndrawn; i++)
	{
		DiagramMove move = drawn[i];

		if (move.from_phase != NO_STAGE)
			reroute_from_phase(diagram, move, stage, into);
		else if (reroute(&move, stage, into))
			draw(diagram, move);
	}
}

/* Takes out the moves of a phase that is gone, and counts on from there. */
static void
drop_phase(Diagram *diagram, int phase)
{
	int			kept = 0;

	for (int i = 0; i < diagram->nmoves; i++)
		if (diagram->moves[i].from_phase != phase)
			diagram->moves[kept++] = diagram->moves[i];
	diagram->nmoves = kept;
	for (int i = 0; i < diagram->nmoves; i++)
		diagram->moves[i].from_phase -= diagram->moves[i].from_phase > phase;
	for (int i = 0; i < diagram->nstages; i++)
		diagram->stages[i].phase -= diagram->stages[i].phase > phase;
	forget_presentation(diagram, diagram->phases[phase].id);
	diagram->nphases--;
	memmove(diagram->phases + phase, diagram->phases + phase + 1,
			(diagram->nphases - phase) * sizeof(DiagramPhase));
}

static bool
is_inhabited(const Diagram *diagram, int phase)
{
	for (int i = 0; i < diagram->nstages; i++)
		if (diagram->stages[i].phase == phase)
			return true;
	return false;
}

static void
drop_stage(Diagram *diagram, int stage)
{
	int			phase = diagram->stages[stage].phase;

	for (int i = 0; i < diagram->nmoves; i++)
	{
		diagram->moves[i].from_stage -= diagram->moves[i].from_stage > stage;
		diagram->moves[i].to_stage -= diagram->moves[i].to_stage > stage;
	}
	forget_presentation(diagram, diagram->stages[stage].id);
	diagram->nstages--;
	memmove(diagram->stages + stage, diagram->stages + stage + 1,
			(diagram->nstages - stage) * sizeof(DiagramStage));
	if (phase >= 0 && !is_inhabited(diagram, phase))
		drop_phase(diagram, phase);
}

/*
 * Makes a stage part of another: what led to it or away from it leads to or from the other,
 * which was formerly called what the stage was.  Returns where the other stands then.
 */
int
diagram_merge(Diagram *diagram, int stage, int into)
{
	const DiagramStage merged = diagram->stages[stage];

	reroute_moves(diagram, stage, into);
	diagram_add_former(diagram, into, merged.label);
	for (int i = 0; i < merged.formerly.count; i++)
		diagram_add_former(diagram, into, merged.formerly.items[i]);
	drop_stage(diagram, stage);
	return into - (into > stage);
}

/*
 * Takes out what leads to a stage from elsewhere, entries too.
 */
void
diagram_retire(Diagram *diagram, int stage)
{
	int			kept = 0;

	for (int i = 0; i < diagram->nmoves; i++)
		if (diagram->moves[i].to_stage != stage || diagram->moves[i].from_stage == stage)
			diagram->moves[kept++] = diagram->moves[i];
	diagram->nmoves = kept;
}
