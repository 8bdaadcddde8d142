/*-------------------------------------------------------------------------
 *
 * diagram_diff.c
 *		What is different between two diagrams of one lifecycle.
 *
 * A stage is what rows hold: the stage with the same label is the same stage, wherever it
 * is drawn.  Where a label is gone, "formerly" says what became of it; failing that, the
 * stage that has its id now.  Moves are compared as they are drawn, from end to end.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "diagram_diff.h"
#include "diagram_reader.h"

typedef struct Differ
{
	const Diagram *before;
	const Diagram *after;
	DiagramDiff *diff;
	int		   *was;			/* by stage after: its stage before, or NO_STAGE */
	int		   *moved;			/* by move before: its move after, or -1 */
	bool	   *drawn;			/* by move after: it is one of these */
} Differ;

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
add_change(Differ *differ, const char *change, char *subject, char *detail)
{
	DiagramDiff *diff = differ->diff;

	if (diff->nchanges == 0)
		diff->changes = palloc(sizeof(DiagramChange));
	else if ((diff->nchanges & (diff->nchanges - 1)) == 0)
		diff->changes = repalloc(diff->changes, 2 * diff->nchanges * sizeof(DiagramChange));
	diff->changes[diff->nchanges++] = (DiagramChange) {change, subject, detail};
}

/* "to (was from)", where one of them may be missing. */
static char *
was_text(const char *to, const char *from)
{
	if (from == NULL)
		return pstrdup(to);
	return psprintf("%s (was %s)", to == NULL ? "none" : to, from);
}

/* ---- which stage is which ---- */

static void
pair(Differ *differ, int before, int after)
{
	differ->diff->becomes[before] = after;
	differ->was[after] = before;
}

static void
add_relabel(Differ *differ, int before, int after, bool merged)
{
	differ->diff->relabels[differ->diff->nrelabels++] = (DiagramRelabel) {
		differ->before->stages[before].label, differ->after->stages[after].label, merged};
}

static int
stage_with_id(const Diagram *diagram, const char *id)
{
	for (int i = 0; i < diagram->nstages; i++)
		if (strcmp(diagram->stages[i].id, id) == 0)
			return i;
	return NO_STAGE;
}

static void
pair_same_labels(Differ *differ)
{
	for (int i = 0; i < differ->before->nstages; i++)
	{
		int			after = diagram_find_label(differ->after, differ->before->stages[i].label);

		if (after != NO_STAGE)
			pair(differ, i, after);
	}
}

/* What became of a stage whose label is gone; NO_STAGE where nothing says so. */
static int
successor(const Differ *differ, int before)
{
	const DiagramStage *stage = &differ->before->stages[before];
	int			after = diagram_find_former(differ->after, stage->label);

	/* It is called again what it was called before. */
	for (int i = 0; after == NO_STAGE && i < stage->formerly.count; i++)
		after = diagram_find_label(differ->after, stage->formerly.items[i]);
	if (after != NO_STAGE)
		return after;
	after = stage_with_id(differ->after, stage->id);
	return after != NO_STAGE && differ->was[after] == NO_STAGE ? after : NO_STAGE;
}

static void
pair_renamed(Differ *differ)
{
	for (int i = 0; i < differ->before->nstages; i++)
	{
		const char *label = differ->before->stages[i].label;
		int			after;

		CHECK_FOR_INTERRUPTS();
		if (differ->diff->becomes[i] != NO_STAGE)
			continue;
		after = successor(differ, i);
		if (after == NO_STAGE)
			continue;
		add_relabel(differ, i, after, differ->was[after] != NO_STAGE);
		if (differ->was[after] == NO_STAGE)
			add_change(differ, "stage renamed", pstrdup(label), pstrdup(differ->after->stages[after].label));
		else
			add_change(differ, "stage merged", pstrdup(label),
					   psprintf("into %s", differ->after->stages[after].label));
		if (differ->was[after] == NO_STAGE)
			pair(differ, i, after);
		else
			differ->diff->becomes[i] = after;
	}
}

/* ---- stages ---- */

static const char *
phase_of(const Diagram *diagram, const DiagramStage *stage)
{
	return stage->phase >= 0 ? diagram->phases[stage->phase].id : NULL;
}

static void
compare_property(Differ *differ, const char *label, const char *key, const char *from, const char *to)
{
	if (!same_text(from, to))
		add_change(differ, "stage changed", pstrdup(label), psprintf("%s: %s", key, was_text(to, from)));
}

static void
compare_notes(Differ *differ, const DiagramStage *from, const DiagramStage *to)
{
	const char *key,
			   *from_value,
			   *to_value;

	for (int i = 0; note_value(from, i, &key, &from_value); i++)
	{
		(void) note_value(to, i, &key, &to_value);
		if (strcmp(key, "outcome") == 0)
		{
			from_value = from_value == NULL ? "open" : from_value;
			to_value = to_value == NULL ? "open" : to_value;
		}
		/* What rows hold is compared above; nothing is renamed twice. */
		if (strcmp(key, "label") != 0 && strcmp(key, "formerly") != 0)
			compare_property(differ, to->label, key, from_value, to_value);
	}
}

static void
compare_stage(Differ *differ, const DiagramStage *from, const DiagramStage *to)
{
	const char *from_phase = phase_of(differ->before, from);
	const char *to_phase = phase_of(differ->after, to);

	if (!same_text(from_phase, to_phase))
		add_change(differ, "stage regrouped", pstrdup(to->label),
				   psprintf("phase: %s", was_text(to_phase, from_phase)));
	/* An id follows its label. */
	if (strcmp(from->label, to->label) == 0)
		compare_property(differ, to->label, "id", from->id, to->id);
	compare_property(differ, to->label, "title", from->title, to->title);
	compare_property(differ, to->label, "description", from->description, to->description);
	compare_notes(differ, from, to);
}

static void
compare_order(Differ *differ)
{
	int			last = -1;
	bool		ordered = true;
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < differ->after->nstages; i++)
	{
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", differ->after->stages[i].label);
		if (differ->was[i] == NO_STAGE)
			continue;
		ordered &= differ->was[i] > last;
		last = differ->was[i];
	}
	if (!ordered)
		add_change(differ, "stages reordered", NULL, list.data);
}

static void
compare_stages(Differ *differ)
{
	for (int i = 0; i < differ->after->nstages; i++)
		if (differ->was[i] == NO_STAGE)
		{
			const char *phase = phase_of(differ->after, &differ->after->stages[i]);

			add_change(differ, "stage added", pstrdup(differ->after->stages[i].label),
					   phase == NULL ? NULL : psprintf("phase: %s", phase));
		}
	for (int i = 0; i < differ->before->nstages; i++)
		if (differ->diff->becomes[i] == NO_STAGE)
			add_change(differ, "stage dropped", pstrdup(differ->before->stages[i].label), NULL);
	for (int i = 0; i < differ->after->nstages; i++)
		if (differ->was[i] != NO_STAGE)
			compare_stage(differ, &differ->before->stages[differ->was[i]], &differ->after->stages[i]);
	compare_order(differ);
}

/* ---- phases ---- */

static int
find_phase(const Diagram *diagram, const char *id)
{
	for (int i = 0; i < diagram->nphases; i++)
		if (strcmp(diagram->phases[i].id, id) == 0)
			return i;
	return NO_STAGE;
}

static void
compare_phases(Differ *differ)
{
	for (int i = 0; i < differ->after->nphases; i++)
	{
		const DiagramPhase *to = &differ->after->phases[i];
		int			before = find_phase(differ->before, to->id);
		const DiagramPhase *from;

		if (before == NO_STAGE)
			continue;
		from = &differ->before->phases[before];
		if (!same_text(from->title, to->title))
			add_change(differ, "phase changed", pstrdup(to->id), psprintf("title: %s", was_text(to->title, from->title)));
		if (!same_text(from->direction, to->direction))
			add_change(differ, "phase changed", pstrdup(to->id),
					   psprintf("direction: %s", was_text(to->direction, from->direction)));
	}
}

/* ---- moves ---- */

static bool
same_from(const Differ *differ, const DiagramMove *before, const DiagramMove *after)
{
	if (before->from_phase != NO_STAGE || after->from_phase != NO_STAGE)
		return before->from_phase != NO_STAGE && after->from_phase != NO_STAGE &&
			strcmp(differ->before->phases[before->from_phase].id, differ->after->phases[after->from_phase].id) == 0;
	if (before->from_stage == NO_STAGE || after->from_stage == NO_STAGE)
		return before->from_stage == after->from_stage;
	return differ->diff->becomes[before->from_stage] == after->from_stage;
}

static bool
same_to(const Differ *differ, const DiagramMove *before, const DiagramMove *after)
{
	if (before->to_stage == NO_STAGE || after->to_stage == NO_STAGE)
		return before->to_stage == after->to_stage;
	return differ->diff->becomes[before->to_stage] == after->to_stage;
}

static char *
move_name(const Diagram *diagram, const DiagramMove *move)
{
	return psprintf("%s > %s",
					move->from_stage != NO_STAGE ? diagram->stages[move->from_stage].label :
					move->from_phase != NO_STAGE ? diagram->phases[move->from_phase].id : "[*]",
					move->to_stage != NO_STAGE ? diagram->stages[move->to_stage].label : "[*]");
}

/* What is written on the arrow; NULL where nothing is. */
static char *
move_words(const DiagramMove *move)
{
	StringInfoData words;

	initStringInfo(&words);
	if (move->event != NULL)
		appendStringInfoString(&words, move->event);
	if (move->guard != NULL)
		appendStringInfo(&words, "%s[%s]", words.len > 0 ? " " : "", move->guard);
	if (move->action != NULL)
		appendStringInfo(&words, "%s/ %s", words.len > 0 ? " " : "", move->action);
	return words.len > 0 ? words.data : NULL;
}

/* How much two moves must have in common to be taken for one. */
typedef enum Likeness
{
	ALIKE_ALL,
	ALIKE_ENDS,
	ALIKE_EVENT					/* and where they begin */
} Likeness;

static bool
alike(const Differ *differ, const DiagramMove *before, const DiagramMove *after, Likeness likeness)
{
	if (!same_from(differ, before, after))
		return false;
	if (likeness == ALIKE_EVENT)
		return before->event != NULL && same_text(before->event, after->event);
	if (!same_to(differ, before, after))
		return false;
	return likeness == ALIKE_ENDS ||
		(same_text(before->event, after->event) && same_text(before->guard, after->guard) &&
		 same_text(before->action, after->action));
}

static void
pair_moves(Differ *differ, Likeness likeness)
{
	for (int b = 0; b < differ->before->nmoves; b++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int a = 0; differ->moved[b] < 0 && a < differ->after->nmoves; a++)
			if (!differ->drawn[a] && alike(differ, &differ->before->moves[b], &differ->after->moves[a], likeness))
			{
				differ->moved[b] = a;
				differ->drawn[a] = true;
			}
	}
}

/* A pair of moves that are not alike in all. */
static void
compare_move(Differ *differ, const DiagramMove *from, const DiagramMove *to)
{
	char	   *from_words = move_words(from);
	char	   *to_words = move_words(to);

	if (!same_to(differ, from, to))
		add_change(differ, "move rerouted", move_name(differ->before, from), move_name(differ->after, to));
	if (!same_text(from_words, to_words))
		add_change(differ, "move changed", move_name(differ->after, to), was_text(to_words, from_words));
}

static void
compare_moves(Differ *differ)
{
	int			last = -1;
	bool		ordered = true;

	for (Likeness likeness = ALIKE_ALL; likeness <= ALIKE_EVENT; likeness++)
		pair_moves(differ, likeness);
	for (int a = 0; a < differ->after->nmoves; a++)
		if (!differ->drawn[a])
			add_change(differ, "move added", move_name(differ->after, &differ->after->moves[a]),
					   move_words(&differ->after->moves[a]));
	for (int b = 0; b < differ->before->nmoves; b++)
	{
		int			a = differ->moved[b];

		if (a < 0)
		{
			add_change(differ, "move dropped", move_name(differ->before, &differ->before->moves[b]),
					   move_words(&differ->before->moves[b]));
			continue;
		}
		compare_move(differ, &differ->before->moves[b], &differ->after->moves[a]);
		ordered &= a > last;
		last = a;
	}
	if (!ordered)
		add_change(differ, "moves reordered", NULL, pstrdup("of several that a row may take, the first is logged"));
}

/* ---- the whole ---- */

static bool
same_list(const TextList *a, const TextList *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
same_picture(const Diagram *a, const Diagram *b)
{
	return same_text(a->direction, b->direction) && same_text(a->front_matter, b->front_matter) &&
		same_list(&a->presentation, &b->presentation);
}

/* The text without what stages were called formerly: of that, only what it changes counts. */
static char *
print_as_of_now(const Diagram *diagram)
{
	Diagram		now = *diagram;

	now.stages = palloc((now.nstages + 1) * sizeof(DiagramStage));
	for (int i = 0; i < now.nstages; i++)
	{
		now.stages[i] = diagram->stages[i];
		now.stages[i].formerly.count = 0;
	}
	return diagram_print(&now);
}

/* On which side a note stands, or in which order phases do, say: nothing is overlooked. */
static bool
same_print(const Diagram *a, const Diagram *b)
{
	return strcmp(print_as_of_now(a), print_as_of_now(b)) == 0;
}

/*
 * The differences that lead from one diagram to the next, stages first.
 */
DiagramDiff *
compare_diagrams(const Diagram *before, const Diagram *after)
{
	Differ		differ = {before, after};
	DiagramDiff *diff = palloc0(sizeof(DiagramDiff));

	differ.diff = diff;
	diff->becomes = palloc((before->nstages + 1) * sizeof(int));
	diff->relabels = palloc((before->nstages + 1) * sizeof(DiagramRelabel));
	differ.was = palloc((after->nstages + 1) * sizeof(int));
	differ.moved = palloc((before->nmoves + 1) * sizeof(int));
	differ.drawn = palloc0((after->nmoves + 1) * sizeof(bool));
	for (int i = 0; i < before->nstages; i++)
		diff->becomes[i] = NO_STAGE;
	for (int i = 0; i < after->nstages; i++)
		differ.was[i] = NO_STAGE;
	for (int i = 0; i < before->nmoves; i++)
		differ.moved[i] = -1;
	pair_same_labels(&differ);
	pair_renamed(&differ);
	compare_stages(&differ);
	compare_phases(&differ);
	compare_moves(&differ);
	if (!same_picture(before, after) || (diff->nchanges == 0 && !same_print(before, after)))
		add_change(&differ, "picture changed", NULL, NULL);
	return diff;
}
