/*-------------------------------------------------------------------------
 *
 * canvas_draw.c
 *		Writes figures on a diagram: below the stages' titles, behind the phases', and into
 *		the labels of the arrows.
 *
 * The result is a diagram like any other, so what Mermaid and our own reader take is for
 * diagram_print.c to know.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "canvas.h"
#include "diagram_reader.h"

/* A text on one line, as a title has to be. */
static char *
one_line(const char *text, size_t len)
{
	char	   *line = pnstrdup(text, len);
	char	   *start = line;

	for (char *p = line; *p; p++)
		if ((unsigned char) *p < ' ' || *p == 0x7F)
			*p = ' ';
	while (*start == ' ')
		start++;
	for (char *end = start + strlen(start); end > start && end[-1] == ' '; end--)
		end[-1] = '\0';
	return *start != '\0' ? start : pstrdup("\"\"");
}

static bool
same_ends(const DiagramMove *a, const DiagramMove *b)
{
	return a->from_stage == b->from_stage && a->from_phase == b->from_phase && a->to_stage == b->to_stage;
}

/* "one, two"; either may be missing. */
static char *
joined(char *one, const char *separator, char *two)
{
	if (one == NULL || two == NULL)
		return one != NULL ? one : two;
	return psprintf("%s%s%s", one, separator, two);
}

static void
join_moves(DiagramMove *move, const DiagramMove *other)
{
	move->event = joined(move->event, ", ", other->event);
	move->action = joined(move->action, ", ", other->action);
	if (move->guard != NULL && other->guard != NULL)
		move->guard = psprintf("(%s) OR (%s)", move->guard, other->guard);
	else
		move->guard = NULL;		/* one of them has none, so every row passes */
}

/* One arrow of several between the same ends: a journey does not tell by which it went. */
static void
join_arrows(Diagram *diagram)
{
	int			kept = 0;

	for (int i = 0; i < diagram->nmoves; i++)
	{
		int			same = 0;

		CHECK_FOR_INTERRUPTS();
		while (same < kept && !same_ends(&diagram->moves[same], &diagram->moves[i]))
			same++;
		if (same < kept)
			join_moves(&diagram->moves[same], &diagram->moves[i]);
		else
			diagram->moves[kept++] = diagram->moves[i];
	}
	diagram->nmoves = kept;
}

/* A figure and its word, in a line of such. */
static void
say(StringInfo out, const CanvasStyle *style, uint64 count, CanvasWord word)
{
	if (out->len > 0)
		appendStringInfoString(out, canvas_dot(style));
	canvas_say_count(out, style, count);
	appendStringInfo(out, " %s", canvas_word(style, word, count));
}

static void
start_line(StringInfo out)
{
	if (out->len > 0)
		appendStringInfoChar(out, '\n');
}

static void
say_line(StringInfo out, const CanvasStyle *style, uint64 count, CanvasWord word)
{
	if (count == 0)
		return;
	start_line(out);
	canvas_say_count(out, style, count);
	appendStringInfo(out, " %s", canvas_word(style, word, count));
}

/* The moves out of a place, or the beginnings in it, that no arrow counts. */
static uint64
unclaimed(const CanvasFigures *figures, int from, int to)
{
	uint64		count = 0;

	for (int i = 0; i < figures->nflows; i++)
	{
		const CanvasFlow *flow = &figures->flows[i];

		if (!flow->claimed && flow->from == from && (to == NO_STAGE || flow->to == to))
			count += flow->count;
	}
	return count;
}

static void
draw_stage(Diagram *diagram, int number, const CanvasFigures *figures, const CanvasStyle *style)
{
	const CanvasPlace *place = &figures->places[number];
	DiagramStage *stage = &diagram->stages[number];
	StringInfoData lines;
	int64		median;

	if (stage->outside)
		return;
	initStringInfo(&lines);
	say(&lines, style, place->now, WORD_NOW);
	if (stage->sla != NULL && place->now > 0)
		say(&lines, style, place->late, WORD_LATE);
	if (place->dwells != NULL && digest_percentile(place->dwells, 0.5, &median))
	{
		appendStringInfo(&lines, "\n%s ", canvas_word(style, WORD_MEDIAN, 1));
		canvas_say_span(&lines, style, median);
	}
	if (!style->undrawn)
	{
		say_line(&lines, style, unclaimed(figures, number, NO_STAGE), WORD_MOVES_NOT_DRAWN);
		say_line(&lines, style, unclaimed(figures, CANVAS_BEGINNING, number), WORD_BEGAN_HERE);
	}
	canvas_say_plays(&lines, diagram, figures, number, style);
	if (style->notes && stage->description != NULL)
		appendStringInfo(&lines, "\n%s", stage->description);
	stage->description = lines.data;
}

/* The stage as it would be without its note. */
static void
hide_note(DiagramStage *stage)
{
	DiagramStage bare = {0};

	bare.id = bare.label = stage->id;
	bare.title = stage->title;
	bare.description = stage->description;
	bare.phase = stage->phase;
	bare.probability = -1;
	bare.outside = stage->outside;
	bare.color = stage->color;
	*stage = bare;
}

static void
draw_phases(Diagram *diagram, const CanvasFigures *figures, const CanvasStyle *style)
{
	for (int i = 0; i < diagram->nphases; i++)
	{
		DiagramPhase *phase = &diagram->phases[i];
		StringInfoData title;
		uint64		now = 0;
		bool		counts = false;

		for (int stage = 0; stage < figures->nstages; stage++)
			if (diagram->stages[stage].phase == i)
			{
				now += figures->places[stage].now;
				counts |= !diagram->stages[stage].outside;
			}
		if (!counts)
			continue;
		initStringInfo(&title);
		appendStringInfoString(&title, phase->title != NULL ? phase->title : phase->id);
		say(&title, style, now, WORD_NOW);
		phase->title = title.data;
	}
}

/* 320 (64 %); the share is left out where it is all. */
static void
say_move(StringInfo out, const CanvasStyle *style, uint64 count, uint64 whole)
{
	if (out->len > 0)
		appendStringInfoString(out, canvas_dot(style));
	canvas_say_count(out, style, count);
	if (count == whole)
		return;
	canvas_say_share(out, style, count, whole);
}

static void
draw_move(DiagramMove *move, const CanvasArrow *arrow, const CanvasStyle *style)
{
	StringInfoData event;

	if (!style->guards)
		move->guard = NULL;
	if (move->action != NULL)
		move->action = psprintf("%s%s", canvas_mark(style), move->action);
	if (!arrow->counts)
		return;
	initStringInfo(&event);
	if (move->event != NULL)
		appendStringInfoString(&event, move->event);
	say_move(&event, style, arrow->count, arrow->whole);
	move->event = event.data;
}

/* An id that the diagram does not have. */
static char *
free_id(const Diagram *diagram, int *last)
{
	for (;;)
	{
		char	   *id = psprintf("not_drawn_%d", ++*last);
		bool		taken = false;

		for (int i = 0; i < diagram->nstages && !taken; i++)
			taken = strcmp(diagram->stages[i].id, id) == 0;
		for (int i = 0; i < diagram->nphases && !taken; i++)
			taken = strcmp(diagram->phases[i].id, id) == 0;
		if (!taken)
			return id;
	}
}

/* Adds the labels that the diagram has no stage for. */
static void
add_stages(Diagram *diagram, const CanvasFigures *figures)
{
	int			last = 0;

	diagram->stages = diagram->stages == NULL ? NULL :
		repalloc(diagram->stages, figures->nplaces * sizeof(DiagramStage));
	for (int i = figures->nstages; i < figures->nplaces; i++)
	{
		DiagramStage stray = {0};

		CHECK_FOR_INTERRUPTS();
		stray.id = stray.label = free_id(diagram, &last);
		stray.title = one_line(figures->places[i].label.text, figures->places[i].label.len);
		stray.phase = -1;
		stray.probability = -1;
		diagram->stages[diagram->nstages++] = stray;
	}
}

static void
set_not_drawn(DiagramMove *move, const CanvasFlow *flow, uint64 whole, const CanvasStyle *style)
{
	StringInfoData event;

	initStringInfo(&event);
	appendStringInfoString(&event, canvas_word(style, WORD_NOT_DRAWN, flow->count));
	say_move(&event, style, flow->count, whole);
	memset(move, 0, sizeof(*move));
	move->from_stage = flow->from == CANVAS_BEGINNING ? NO_STAGE : flow->from;
	move->from_phase = NO_STAGE;
	move->to_stage = flow->to;
	move->event = event.data;
}

/* Adds an arrow for everything that no arrow counts. */
static void
add_moves(Diagram *diagram, CanvasFigures *figures, const CanvasStyle *style)
{
	int			room = diagram->nmoves + figures->nflows;

	diagram->moves = diagram->moves == NULL ? palloc(Max(room, 1) * sizeof(DiagramMove)) :
		repalloc(diagram->moves, Max(room, 1) * sizeof(DiagramMove));
	for (int i = 0; i < figures->nflows; i++)
	{
		CanvasFlow *flow = &figures->flows[i];
		uint64		whole = flow->from == CANVAS_BEGINNING ? figures->began : figures->places[flow->from].exits;

		if (flow->claimed)
			continue;
		set_not_drawn(&diagram->moves[diagram->nmoves++], flow, whole, style);
		flow->claimed = true;
	}
}

static void
say_period(StringInfo out, const CanvasStyle *style)
{
	bool		since = style->moved_from != DT_NOBEGIN;
	bool		until = style->moved_to != DT_NOEND;

	if (!since && !until)
		return;
	appendStringInfo(out, "%s%s", canvas_dot(style), canvas_word(style, WORD_MOVES, 2));
	if (since)
	{
		appendStringInfo(out, " %s ", canvas_word(style, WORD_SINCE, 1));
		canvas_say_instant(out, style, style->moved_from);
	}
	if (until)
	{
		appendStringInfo(out, " %s ", canvas_word(style, WORD_UNTIL, 1));
		canvas_say_instant(out, style, style->moved_to);
	}
}

/* As YAML quotes it.  Mermaid shows a title as it stands, without resolving entities. */
static char *
quoted_title(const char *title)
{
	StringInfoData quoted;

	initStringInfo(&quoted);
	appendStringInfoChar(&quoted, '"');
	for (const char *p = title; *p; p++)
	{
		if (*p == '"' || *p == '\\')
			appendStringInfoChar(&quoted, '\\');
		appendStringInfoChar(&quoted, *p);
	}
	appendStringInfoChar(&quoted, '"');
	return quoted.data;
}

/* Does the front matter have a title of its own? */
static bool
has_title(const char *front_matter)
{
	return front_matter != NULL &&
		(strncmp(front_matter, "title:", 6) == 0 || strstr(front_matter, "\ntitle:") != NULL);
}

/* customer · 2026-01-01 · 10,000 rows */
static void
draw_title(Diagram *diagram, const CanvasFigures *figures, const CanvasStyle *style)
{
	StringInfoData title;
	uint64		strays = 0;

	if (has_title(diagram->front_matter))
		return;
	for (int i = figures->nstages; i < figures->nplaces; i++)
		strays += figures->places[i].now;
	initStringInfo(&title);
	appendStringInfo(&title, "%s%s", one_line(style->name, strlen(style->name)), canvas_dot(style));
	canvas_say_instant(&title, style, style->as_of);
	say(&title, style, figures->now, WORD_ROWS);
	if (strays > 0 && !style->undrawn)
		say(&title, style, strays, WORD_IN_STAGES_NOT_DRAWN);
	say_period(&title, style);
	diagram->front_matter = psprintf("title: %s%s%s", quoted_title(title.data),
									 diagram->front_matter != NULL ? "\n" : "",
									 diagram->front_matter != NULL ? diagram->front_matter : "");
}

static StageOutcome *
outcomes_of(const Diagram *diagram)
{
	StageOutcome *outcomes = palloc(Max(diagram->nstages, 1) * sizeof(StageOutcome));

	for (int i = 0; i < diagram->nstages; i++)
		outcomes[i] = diagram->stages[i].outcome;
	return outcomes;
}

/*
 * Draws the figures on the diagram that they were counted for.
 */
void
canvas_draw(Diagram *diagram, CanvasFigures *figures, const CanvasStyle *style)
{
	CanvasArrow *arrows;
	StageOutcome *outcomes;

	join_arrows(diagram);
	arrows = canvas_claim(diagram, figures);
	canvas_add_plays(diagram, figures);
	for (int i = 0; i < diagram->nmoves; i++)
		draw_move(&diagram->moves[i], &arrows[i], style);
	draw_title(diagram, figures, style);
	draw_phases(diagram, figures, style);
	if (style->undrawn)
	{
		add_stages(diagram, figures);
		add_moves(diagram, figures, style);
	}
	for (int i = 0; i < diagram->nstages; i++)
		draw_stage(diagram, i, figures, style);
	outcomes = outcomes_of(diagram);
	if (!style->notes)
		for (int i = 0; i < diagram->nstages; i++)
			hide_note(&diagram->stages[i]);
	if (style->colors)
		canvas_color(diagram, figures, outcomes);
	for (int i = 0; i < diagram->nstages; i++)
		diagram->stages[i].outside &= style->notes;
	if (style->direction != NULL)
		diagram->direction = unconstify(char *, style->direction);
}
