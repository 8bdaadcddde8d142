/*-------------------------------------------------------------------------
 *
 * canvas_count.c
 *		Which stage and which arrow of a diagram every row and every move counts for.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "canvas.h"
#include "machine.h"

static Digest *
merge_digests(Digest *digest, const Digest *more)
{
	Digest	   *both;

	if (digest != NULL && digest_merge(digest, more))
		return digest;
	if (digest == NULL)
	{
		digest = palloc(DIGEST_SIZE(0));
		digest_start(digest, 0);
	}
	both = palloc(digest_merge_size(digest, more));
	digest_merge_into(both, digest, more);
	pfree(digest);
	return both;
}

/* What a label of the velocity says of its place. */
static void
add_place(CanvasPlace *place, const Velocity *velocity, uint32 stage, const Digest *dwells)
{
	place->now += velocity_stages_of(velocity)[stage].open;
	place->exits += dwells->count;
	if (dwells->count > 0)
		place->dwells = merge_digests(place->dwells, dwells);
}

/* Fills in the places, and returns which one each label of the velocity means. */
static int *
count_places(CanvasFigures *figures, const Diagram *diagram, const Velocity *velocity)
{
	Machine    *machine = machine_build(diagram);
	Digest	  **dwells = velocity_dwells(velocity);
	int		   *places = palloc(Max(velocity->nstages, 1) * sizeof(int));

	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		JourneyLabel label = velocity_label(velocity, &velocity_stages_of(velocity)[i]);

		CHECK_FOR_INTERRUPTS();
		places[i] = machine_find_stage(machine, label.text, label.len);
		if (places[i] == NO_STAGE)
		{
			places[i] = figures->nplaces++;
			figures->places[places[i]].label = label;
		}
		add_place(&figures->places[places[i]], velocity, i, dwells[i]);
		figures->now += velocity_stages_of(velocity)[i].open;
	}
	return places;
}

static int
compare_flows(const void *a, const void *b)
{
	const CanvasFlow *x = a;
	const CanvasFlow *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/* While a stage is being renamed, several labels mean it: their flows become one. */
static void
unite_flows(CanvasFigures *figures)
{
	int			kept = 0;

	qsort(figures->flows, figures->nflows, sizeof(CanvasFlow), compare_flows);
	for (int i = 0; i < figures->nflows; i++)
	{
		if (kept > 0 && compare_flows(&figures->flows[kept - 1], &figures->flows[i]) == 0)
			figures->flows[kept - 1].count += figures->flows[i].count;
		else
			figures->flows[kept++] = figures->flows[i];
	}
	figures->nflows = kept;
}

static void
count_flows(CanvasFigures *figures, const Velocity *velocity, const int *places)
{
	figures->flows = palloc0(Max(velocity->nmoves + velocity->nstages, 1) * sizeof(CanvasFlow));
	for (uint32 i = 0; i < velocity->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(velocity)[i];
		CanvasFlow *flow = &figures->flows[figures->nflows++];

		flow->from = places[move->from];
		flow->to = places[move->to];
		flow->count = velocity_digest(velocity, move->dwells)->count;
	}
	for (uint32 i = 0; i < velocity->nstages; i++)
	{
		uint64		starts = velocity_stages_of(velocity)[i].starts;
		CanvasFlow *flow = &figures->flows[figures->nflows];

		if (starts == 0)
			continue;
		flow->from = CANVAS_BEGINNING;
		flow->to = places[i];
		flow->count = starts;
		figures->began += starts;
		figures->nflows++;
	}
	unite_flows(figures);
}

/*
 * What a velocity says of a diagram's stages; NULL is that of no rows.  late says, by
 * stage, how many are there for too long.
 */
CanvasFigures *
canvas_count(const Diagram *diagram, const Velocity *trimmed, const uint64 *late)
{
	CanvasFigures *figures = palloc0(sizeof(CanvasFigures));
	uint32		nlabels = trimmed != NULL ? trimmed->nstages : 0;

	figures->nstages = figures->nplaces = diagram->nstages;
	figures->places = palloc0(Max(diagram->nstages + nlabels, 1) * sizeof(CanvasPlace));
	if (trimmed != NULL)
		count_flows(figures, trimmed, count_places(figures, diagram, trimmed));
	for (int i = 0; i < diagram->nstages; i++)
		figures->places[i].late = late[i];
	return figures;
}

static bool
is_beginning(const Diagram *diagram, int stage)
{
	return stage == NO_STAGE || diagram->stages[stage].outside;
}

/* Nobody goes to [*], and nobody is in a stage outside the table. */
static bool
can_be_gone(const Diagram *diagram, const DiagramMove *move)
{
	return move->to_stage != NO_STAGE && !diagram->stages[move->to_stage].outside;
}

/*
 * Of several arrows to where rows begin, from [*] and from stages outside the table, one
 * counts them: the first that is drawn.
 */
static bool
is_second_beginning(const Diagram *diagram, int number)
{
	const DiagramMove *move = &diagram->moves[number];

	if (move->from_phase != NO_STAGE || !is_beginning(diagram, move->from_stage))
		return false;
	for (int i = 0; i < number; i++)
		if (diagram->moves[i].from_phase == NO_STAGE && diagram->moves[i].to_stage == move->to_stage &&
			is_beginning(diagram, diagram->moves[i].from_stage))
			return true;
	return false;
}

/* The flow between two places, if anybody went there and no arrow counts it yet. */
static uint64
claim_flow(CanvasFigures *figures, int from, int to)
{
	CanvasFlow	wanted = {from, to, 0, false};
	CanvasFlow *flow = figures->nflows == 0 ? NULL :
		bsearch(&wanted, figures->flows, figures->nflows, sizeof(CanvasFlow), compare_flows);

	if (flow == NULL || flow->claimed)
		return 0;
	flow->claimed = true;
	return flow->count;
}

static uint64
claim_from(const Diagram *diagram, CanvasFigures *figures, int stage, int to)
{
	return claim_flow(figures, is_beginning(diagram, stage) ? CANVAS_BEGINNING : stage, to);
}

static uint64
whole_of_stage(const Diagram *diagram, const CanvasFigures *figures, int stage)
{
	return is_beginning(diagram, stage) ? figures->began : figures->places[stage].exits;
}

/* What leaves a phase: the moves out of its stages that do not end in it. */
static uint64
whole_of_phase(const Diagram *diagram, const CanvasFigures *figures, int phase)
{
	uint64		whole = 0;
	bool		begins = false;

	for (int i = 0; i < diagram->nstages; i++)
		begins |= diagram->stages[i].phase == phase && diagram->stages[i].outside;
	for (int i = 0; i < figures->nflows; i++)
	{
		const CanvasFlow *flow = &figures->flows[i];
		bool		stays = flow->to < diagram->nstages && diagram->stages[flow->to].phase == phase;

		if (flow->from == CANVAS_BEGINNING ? begins && !stays :
			flow->from < diagram->nstages && diagram->stages[flow->from].phase == phase && !stays)
			whole += flow->count;
	}
	return whole;
}

static void
claim_for_phase(const Diagram *diagram, CanvasFigures *figures, const DiagramMove *move, CanvasArrow *arrow)
{
	for (int stage = 0; stage < diagram->nstages; stage++)
		if (diagram->stages[stage].phase == move->from_phase)
			arrow->count += claim_from(diagram, figures, stage, move->to_stage);
	arrow->whole = whole_of_phase(diagram, figures, move->from_phase);
}

/*
 * What each arrow counts.  A journey does not tell by which of two arrows a move was made,
 * so one that begins at the stage has it, and one from the stage's phase what is left.
 */
CanvasArrow *
canvas_claim(const Diagram *diagram, CanvasFigures *figures)
{
	CanvasArrow *arrows = palloc0(Max(diagram->nmoves, 1) * sizeof(CanvasArrow));

	for (int i = 0; i < diagram->nmoves; i++)
	{
		const DiagramMove *move = &diagram->moves[i];

		arrows[i].counts = can_be_gone(diagram, move) && !is_second_beginning(diagram, i);
		if (!arrows[i].counts || move->from_phase != NO_STAGE)
			continue;
		arrows[i].count = claim_from(diagram, figures, move->from_stage, move->to_stage);
		arrows[i].whole = whole_of_stage(diagram, figures, move->from_stage);
	}
	for (int i = 0; i < diagram->nmoves; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (arrows[i].counts && diagram->moves[i].from_phase != NO_STAGE)
			claim_for_phase(diagram, figures, &diagram->moves[i], &arrows[i]);
	}
	return arrows;
}
