/*-------------------------------------------------------------------------
 *
 * diagram_rename.c
 *		A stage of a diagram gets another label.
 *
 * The label that it had stays with it as a former one, which rows may still hold, until
 * somebody has seen to it that none does.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "diagram_reader.h"

static int
find_in_list(const TextList *list, const char *text)
{
	for (int i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return i;
	return -1;
}

/*
 * The stage whose rows hold this label; NO_STAGE where none does.
 */
int
diagram_find_label(const Diagram *diagram, const char *label)
{
	for (int i = 0; i < diagram->nstages; i++)
		if (strcmp(diagram->stages[i].label, label) == 0)
			return i;
	return NO_STAGE;
}

/*
 * The stage that had this label formerly; NO_STAGE where none had.
 */
int
diagram_find_former(const Diagram *diagram, const char *label)
{
	for (int i = 0; i < diagram->nstages; i++)
		if (find_in_list(&diagram->stages[i].formerly, label) >= 0)
			return i;
	return NO_STAGE;
}

/*
 * Adds a label to those that the stage had formerly, if it is not there yet.
 */
void
diagram_add_former(Diagram *diagram, int stage, const char *label)
{
	TextList   *list = &diagram->stages[stage].formerly;
	char	  **items;

	if (find_in_list(list, label) >= 0)
		return;
	items = palloc((list->count + 1) * sizeof(char *));
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof(char *));
	items[list->count] = pstrdup(label);
	list->items = items;
	list->count++;
}

static void
drop_former(TextList *list, const char *label)
{
	int			place = find_in_list(list, label);

	if (place < 0)
		return;
	list->count--;
	memmove(list->items + place, list->items + place + 1, (list->count - place) * sizeof(char *));
}

/*
 * No row holds a former label of the stage any more.
 */
void
diagram_forget_formers(Diagram *diagram, int stage)
{
	diagram->stages[stage].formerly.count = 0;
}

static bool
is_taken(const Diagram *diagram, const char *id)
{
	for (int i = 0; i < diagram->nstages; i++)
		if (strcmp(diagram->stages[i].id, id) == 0)
			return true;
	for (int i = 0; i < diagram->nphases; i++)
		if (strcmp(diagram->phases[i].id, id) == 0)
			return true;
	return false;
}

/* Presentation lines are text, which may speak of the stage under the id that it has now. */
static bool
can_be_read(const Diagram *diagram)
{
	PureError	error;

	return diagram_parse(diagram_print(diagram), &error) != NULL;
}

/* Gives the stage the label as its id too, where it can be one. */
static bool
follow_with_id(Diagram *diagram, DiagramStage *stage)
{
	char	   *id = stage->id;

	if (!is_id(stage->label) || is_taken(diagram, stage->label))
		return false;
	stage->id = stage->label;
	if (can_be_read(diagram))
		return true;
	stage->id = id;
	return false;
}

/*
 * Gives a stage a label that no other has or had.  Id and title follow, if they said what
 * the old label said; where the id cannot, the picture shows the label as the title.
 */
void
diagram_rename(Diagram *diagram, int stage, const char *label)
{
	DiagramStage *renamed = &diagram->stages[stage];
	const char *old = renamed->label;
	bool		shown_by_id = strcmp(renamed->id, old) == 0;
	bool		shown = renamed->title == NULL ? shown_by_id : strcmp(renamed->title, old) == 0;

	diagram_add_former(diagram, stage, old);
	drop_former(&renamed->formerly, label);
	renamed->label = pstrdup(label);
	if (shown)
		renamed->title = NULL;
	if (shown_by_id && follow_with_id(diagram, renamed))
		return;
	if (shown && label[0] != '\0' && strcmp(renamed->id, label) != 0)
		renamed->title = renamed->label;
}
