/*-------------------------------------------------------------------------
 *
 * canvas_play.c
 *		Plays on a canvas: those of a move beside its action, those of a stage in its box.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "canvas.h"

/* The stage that a label means, or meant formerly; or NO_STAGE. */
static int
find_stage(const Diagram *diagram, const char *label)
{
	int			stage = diagram_find_label(diagram, label);

	return stage != NO_STAGE ? stage : diagram_find_former(diagram, label);
}

/* The arrow that a move counts for, as canvas_claim() has it: the stage's own, else the phase's. */
static DiagramMove *
find_arrow(const Diagram *diagram, int from, int to)
{
	int			phase = diagram->stages[from].phase;

	for (int i = 0; i < diagram->nmoves; i++)
		if (diagram->moves[i].from_stage == from && diagram->moves[i].to_stage == to)
			return &diagram->moves[i];
	for (int i = 0; i < diagram->nmoves; i++)
		if (phase >= 0 && diagram->moves[i].from_phase == phase && diagram->moves[i].to_stage == to)
			return &diagram->moves[i];
	return NULL;
}

static void
add_play(Diagram *diagram, const CanvasPlay *play)
{
	int			from = find_stage(diagram, play->from);
	int			to = find_stage(diagram, play->to);
	DiagramMove *move = from == NO_STAGE || to == NO_STAGE ? NULL : find_arrow(diagram, from, to);

	if (move != NULL)
		move->action = move->action == NULL ? play->name : psprintf("%s, %s", move->action, play->name);
}

/*
 * Makes the plays of moves actions of their arrows.
 */
void
canvas_add_plays(Diagram *diagram, const CanvasFigures *figures)
{
	for (int i = 0; i < figures->nplays; i++)
		if (figures->plays[i].stage == NULL)
			add_play(diagram, &figures->plays[i]);
}

/*
 * Appends a line for each play of a stage.
 */
void
canvas_say_plays(StringInfo out, const Diagram *diagram, const CanvasFigures *figures, int stage,
				 const CanvasStyle *style)
{
	for (int i = 0; i < figures->nplays; i++)
	{
		const CanvasPlay *play = &figures->plays[i];

		if (play->stage != NULL && find_stage(diagram, play->stage) == stage)
			appendStringInfo(out, "\n%s%s", canvas_mark(style), play->name);
	}
}
