/*-------------------------------------------------------------------------
 *
 * canvas_color.c
 *		How full a stage is and whether it is late, as its color.
 *
 * The hue is the stage's outcome, and the fuller a stage is among those of its outcome, the
 * deeper its color: lost customers pile up for ever and would outshine everything else.
 * A border says that some are late, a thicker one that half of them are.
 *
 * Colors are classes, by "class a,b name" as far as Mermaid takes the ids there: the other
 * way, "a:::name" in a line of its own, is not drawn by Mermaid 12.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "canvas.h"
#include "diagram_reader.h"

#define CLASS_PREFIX "canvas_"
#define NUM_DEPTHS 5

typedef struct Hue
{
	const char *fills[NUM_DEPTHS];
	const char *stroke;
	const char *text;
} Hue;

static const Hue hues[NUM_OUTCOMES] = {
	[OUTCOME_OPEN] = {{"#f5f9fe", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6"}, "#4292c6", "#08306b"},
	[OUTCOME_WON] = {{"#f4fbf4", "#e5f5e0", "#c7e9c0", "#a1d99b", "#74c476"}, "#41ab5d", "#00441b"},
	[OUTCOME_LOST] = {{"#fafafa", "#f0f0f0", "#e0e0e0", "#cfcfcf", "#bdbdbd"}, "#8c8c8c", "#252525"},
	[OUTCOME_CLOSED] = {{"#f9f8fc", "#efedf5", "#dadaeb", "#cbc9e2", "#bcbddc"}, "#807dba", "#3f007d"}
};

static const char *const border_names[] = {NULL, "late", "very_late", "not_drawn"};
static const char *const borders[] = {
	NULL,
	"stroke:#e08214,stroke-width:3px",
	"stroke:#c51b1b,stroke-width:4px",
	"fill:#ffffff,stroke:#8c510a,color:#543005,stroke-dasharray:5 5"
};

static void
add_line(Diagram *diagram, char *line)
{
	TextList   *list = &diagram->presentation;

	list->items = list->items == NULL ? palloc(sizeof(char *)) :
		repalloc(list->items, (list->count + 1) * sizeof(char *));
	list->items[list->count++] = line;
}

static bool
is_ours(const char *line)
{
	const char *class = strstr(line, CLASS_PREFIX);

	return class != NULL && (strncmp(line, "classDef ", 9) == 0 ? class == line + 9 :
							 strncmp(line, "class ", 6) == 0 ? class[-1] == ' ' :
							 class > line + 3 && strncmp(class - 3, ":::", 3) == 0);
}

/* What an earlier canvas left behind, if this diagram was made of one. */
static void
forget_ours(Diagram *diagram)
{
	TextList   *list = &diagram->presentation;
	int			kept = 0;

	for (int i = 0; i < list->count; i++)
		if (!is_ours(list->items[i]))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* Gives the stages for which wanted says so the class of this name and style. */
static void
add_class(Diagram *diagram, const char *name, const char *style, const bool *wanted)
{
	StringInfoData ids;

	initStringInfo(&ids);
	add_line(diagram, psprintf("classDef " CLASS_PREFIX "%s %s", name, style));
	for (int i = 0; i < diagram->nstages; i++)
	{
		const char *id = diagram->stages[i].id;

		if (wanted[i] && is_word(id))
			appendStringInfo(&ids, "%s%s", ids.len > 0 ? "," : "", id);
		else if (wanted[i])
			add_line(diagram, psprintf("%s:::" CLASS_PREFIX "%s", id, name));
	}
	if (ids.len > 0)
		add_line(diagram, psprintf("class %s " CLASS_PREFIX "%s", ids.data, name));
}

static bool
is_among(const bool *wanted, int n)
{
	for (int i = 0; i < n; i++)
		if (wanted[i])
			return true;
	return false;
}

/* 0 where nobody is, then one for each quarter of the fullest. */
static int
depth_of(uint64 now, uint64 fullest)
{
	return now == 0 ? 0 : (int) ceil(4.0 * now / fullest);
}

static void
color_outcome(Diagram *diagram, const CanvasFigures *figures, const StageOutcome *outcomes, StageOutcome outcome)
{
	bool	   *wanted = palloc0(diagram->nstages * sizeof(bool));
	uint64		fullest = 0;

	for (int i = 0; i < figures->nstages; i++)
		if (outcomes[i] == outcome)
			fullest = Max(fullest, figures->places[i].now);
	for (int depth = 0; depth < NUM_DEPTHS; depth++)
	{
		for (int i = 0; i < figures->nstages; i++)
			wanted[i] = outcomes[i] == outcome && !diagram->stages[i].outside &&
				depth_of(figures->places[i].now, fullest) == depth;
		if (is_among(wanted, diagram->nstages))
			add_class(diagram, psprintf("%s_%d", outcome_names[outcome], depth),
					  psprintf("fill:%s,stroke:%s,color:%s", hues[outcome].fills[depth],
							   hues[outcome].stroke, hues[outcome].text), wanted);
	}
}

static int
border_of(const CanvasFigures *figures, int stage)
{
	const CanvasPlace *place = &figures->places[stage];

	if (stage >= figures->nstages)
		return 3;
	return place->late == 0 ? 0 : place->late < place->now - place->late ? 1 : 2;
}

/*
 * Colors the stages, of which these are the outcomes; those behind the figures' stages were
 * not drawn.  Colors of the stages' own give way.
 */
void
canvas_color(Diagram *diagram, const CanvasFigures *figures, const StageOutcome *outcomes)
{
	bool	   *wanted = palloc(Max(diagram->nstages, 1) * sizeof(bool));

	forget_ours(diagram);
	for (int i = 0; i < diagram->nstages; i++)
		diagram->stages[i].color = NULL;
	for (int outcome = 0; outcome < NUM_OUTCOMES; outcome++)
		color_outcome(diagram, figures, outcomes, outcome);
	for (int border = 1; border < lengthof(borders); border++)
	{
		for (int i = 0; i < diagram->nstages; i++)
			wanted[i] = border_of(figures, i) == border;
		if (is_among(wanted, diagram->nstages))
			add_class(diagram, border_names[border], borders[border], wanted);
	}
}
