/*-------------------------------------------------------------------------
 *
 * diagram_names.c
 *		What a diagram speaks of: stages, phases and moves, collected and then ordered.
 *
 * While the diagram is read, an id that is mentioned is a stage until braces say that it
 * is a phase.  At the end the stages get their canonical order, the moves their indexes,
 * and what can only be judged as a whole is judged.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/hashfn.h"
#ifdef FRONTEND
#include "common/logging.h"		/* simplehash.h takes it for granted */
#endif

#include "diagram_reader.h"

typedef struct NameEntry
{
	const char *id;
	Named	   *name;
	char		status;
} NameEntry;

#define SH_PREFIX name_table
#define SH_ELEMENT_TYPE NameEntry
#define SH_KEY_TYPE const char *
#define SH_KEY id
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(table, a, b) (strcmp(a, b) == 0)
#define SH_SCOPE static inline
#define SH_RAW_ALLOCATOR palloc0
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

void
start_names(DiagramReader *reader)
{
	reader->table = name_table_create(64, NULL);
}

static void *
grow(void *array, int *room, size_t size)
{
	*room = *room == 0 ? 64 : *room * 2;
	return array == NULL ? palloc(*room * size) : repalloc(array, *room * size);
}

/*
 * The name of an id, which need not be in the diagram yet.
 */
Named *
known_or_awaited(DiagramReader *reader, char *id)
{
	bool		found;
	NameEntry  *entry = name_table_insert(reader->table, id, &found);
	Named	   *name;

	if (found)
		return entry->name;
	name = palloc0(sizeof(Named));
	name->id = id;
	name->stage.id = id;
	name->stage.phase = -1;
	name->stage.probability = -1;
	name->index = -1;
	entry->name = name;
	return name;
}

/* From its first mention on a name is in the diagram.  NULL with an error. */
static Named *
mention(DiagramReader *reader, const char *where, char *id)
{
	Named	   *name = known_or_awaited(reader, id);

	if (name->where != NULL)
		return name;
	/* Any of them may yet turn out to be a phase; the exact limit is kept at the end. */
	if (reader->nnames == 2 * DIAGRAM_MAX_STAGES)
	{
		fail_at(reader, where, PURE_LIMIT, "a diagram has at most %d stages", DIAGRAM_MAX_STAGES);
		return NULL;
	}
	if (reader->nnames == reader->names_room)
		reader->names = grow(reader->names, &reader->names_room, sizeof(Named *));
	name->where = where;
	reader->names[reader->nnames++] = name;
	return name;
}

/*
 * The name of an id that stands in a statement; inside a phase's braces it belongs to
 * the phase.
 */
Named *
mention_stage(DiagramReader *reader, const char *where, char *id)
{
	Named	   *name = mention(reader, where, id);

	if (name == NULL || reader->home == NULL || reader->home == name->home)
		return name;
	if (name->is_phase)
	{
		fail_at(reader, where, PURE_SYNTAX, "phase \"%s\" inside phase \"%s\"", id, reader->home->id);
		pure_hint(reader->error, "Phases hold stages only; draw this outside the braces.");
		return NULL;
	}
	if (name->home != NULL)
	{
		fail_at(reader, where, PURE_VALUE, "stage \"%s\" is in phase \"%s\" already", id, name->home->id);
		pure_hint(reader->error, "Inside a phase's braces draw only its own stages; draw moves between phases outside.");
		return NULL;
	}
	name->home = reader->home;
	return name;
}

/*
 * The name of an id that braces follow.
 */
Named *
mention_phase(DiagramReader *reader, const char *where, char *id)
{
	Named	   *name = mention(reader, where, id);

	if (name == NULL)
		return NULL;
	if (name->home != NULL || name->stage.title != NULL)
	{
		fail_at(reader, where, PURE_VALUE, "\"%s\" is a stage already and cannot be a phase", id);
		return NULL;
	}
	name->is_phase = true;
	name->phase.id = id;
	return name;
}

DrawnMove *
add_move(DiagramReader *reader, const char *where)
{
	DrawnMove  *move;

	if (reader->nmoves == DIAGRAM_MAX_MOVES)
	{
		fail_at(reader, where, PURE_LIMIT, "a diagram has at most %d moves", DIAGRAM_MAX_MOVES);
		return NULL;
	}
	if (reader->nmoves == reader->moves_room)
		reader->moves = grow(reader->moves, &reader->moves_room, sizeof(DrawnMove));
	move = &reader->moves[reader->nmoves++];
	memset(move, 0, sizeof(*move));
	move->from_where = where;
	return move;
}

/*
 * Remembers that a note or presentation speaks of an id, which must be in the diagram.
 */
void
add_reference(DiagramReader *reader, const char *where, char *id)
{
	if (reader->nreferences == reader->references_room)
		reader->references = grow(reader->references, &reader->references_room, sizeof(Reference));
	reader->references[reader->nreferences].id = id;
	reader->references[reader->nreferences++].where = where;
}

static void
join_phases(DiagramReader *reader)
{
	for (int i = 0; i < reader->nnames; i++)
	{
		Named	   *name = reader->names[i];

		if (name->home == NULL)
			continue;
		if (name->home->first == NULL)
			name->home->first = name;
		else
			name->home->last->next = name;
		name->home->last = name;
	}
}

/* A title that says what the id says is none. */
static char *
title_beside_id(char *title, const char *id)
{
	return title != NULL && strcmp(title, id) != 0 ? title : NULL;
}

static void
place_stage(Diagram *diagram, Named *name)
{
	name->index = diagram->nstages;
	if (name->stage.label == NULL)
		name->stage.label = name->id;
	name->stage.title = title_beside_id(name->stage.title, name->id);
	name->stage.description = name->description != NULL ? name->description->data : NULL;
	name->stage.text = name->words != NULL ? name->words->data : NULL;
	name->stage.phase = name->home != NULL ? name->home->index : -1;
	diagram->stages[diagram->nstages++] = name->stage;
}

/*
 * Stages by first mention, those of a phase together at the place of its first.
 */
static void
place_stages(DiagramReader *reader, Diagram *diagram)
{
	diagram->stages = palloc(Max(reader->nnames, 1) * sizeof(DiagramStage));
	diagram->phases = palloc(Max(reader->nnames, 1) * sizeof(DiagramPhase));
	for (int i = 0; i < reader->nnames; i++)
	{
		Named	   *name = reader->names[i];

		if (name->is_phase || name->index >= 0)
			continue;
		if (name->home == NULL)
		{
			place_stage(diagram, name);
			continue;
		}
		name->home->index = diagram->nphases;
		name->home->phase.title = title_beside_id(name->home->phase.title, name->home->id);
		diagram->phases[diagram->nphases++] = name->home->phase;
		for (Named *member = name->home->first; member != NULL; member = member->next)
			place_stage(diagram, member);
	}
}

static bool
check_names(DiagramReader *reader, const Diagram *diagram)
{
	for (int i = 0; i < reader->nnames; i++)
	{
		Named	   *name = reader->names[i];

		if (name->is_phase && name->first == NULL)
			return fail_at(reader, name->where, PURE_VALUE, "phase \"%s\" has no stages", name->id);
		if (name->is_phase && name->note != NULL)
		{
			fail_at(reader, name->note, PURE_VALUE, "a note on phase \"%s\"", name->id);
			return pure_hint(reader->error, "Notes belong to stages.");
		}
		if (!name->is_phase && name->index == DIAGRAM_MAX_STAGES)
			return fail_at(reader, name->where, PURE_LIMIT, "a diagram has at most %d stages",
						   DIAGRAM_MAX_STAGES);
		if (name->note_home != NULL && name->note_home != name->home)
			return fail_at(reader, name->note, PURE_VALUE,
						   "a note on stage \"%s\" inside phase \"%s\", to which it does not belong",
						   name->id, name->note_home->id);
	}
	if (diagram->nstages == 0)
		return fail_at(reader, reader->end, PURE_VALUE, "the diagram has no stages");
	return true;
}

static bool
check_references(DiagramReader *reader)
{
	for (int i = 0; i < reader->nreferences; i++)
	{
		Reference  *reference = &reader->references[i];

		if (known_or_awaited(reader, reference->id)->where == NULL)
			return fail_at(reader, reference->where, PURE_VALUE, "no stage \"%s\" in the diagram",
						   reference->id);
	}
	return true;
}

/* What a row may hold, and the stage that it means. */
typedef struct Held
{
	const char *label;
	const Named *name;
	bool		formerly;
} Held;

static int
compare_held(const void *a, const void *b)
{
	const Held *left = a;
	const Held *right = b;
	int			order = strcmp(left->label, right->label);

	return order != 0 ? order : left->name->index - right->name->index;
}

/* All labels, present and former, sorted. */
static Held *
collect_labels(const DiagramReader *reader, int *count)
{
	int			room = 1;
	Held	   *held;

	*count = 0;
	for (int i = 0; i < reader->nnames; i++)
		room += 1 + reader->names[i]->stage.formerly.count;
	held = palloc(room * sizeof(Held));
	for (int i = 0; i < reader->nnames; i++)
	{
		const Named *name = reader->names[i];

		if (name->is_phase)
			continue;
		held[(*count)++] = (Held) {name->stage.label, name, false};
		for (int f = 0; f < name->stage.formerly.count; f++)
			held[(*count)++] = (Held) {name->stage.formerly.items[f], name, true};
	}
	qsort(held, *count, sizeof(Held), compare_held);
	return held;
}

static bool
fail_label(DiagramReader *reader, const Held *first, const Held *second)
{
	const Named *place = second->name->note != NULL ? second->name : first->name;
	const char *where = place->note != NULL ? place->note : second->name->where;
	char	   *label = pure_sample(second->label, strlen(second->label));

	if (!first->formerly && !second->formerly)
		return fail_at(reader, where, PURE_VALUE, "stages \"%s\" and \"%s\" have the same label \"%s\"",
					   first->name->id, second->name->id, label);
	if (first->name == second->name)
		return fail_at(reader, where, PURE_VALUE, "stage \"%s\" has the label \"%s\" now, not formerly",
					   first->name->id, label);
	fail_at(reader, where, PURE_VALUE, "label \"%s\" means stage \"%s\" and stage \"%s\"", label,
			first->name->id, second->name->id);
	return pure_hint(reader->error, "What a stage was called formerly cannot be what another is called, or was.");
}

/*
 * Two stages that look the same in the column would be one.
 */
static bool
check_labels(DiagramReader *reader)
{
	int			count;
	Held	   *held = collect_labels(reader, &count);

	for (int i = 0; i < count; i++)
	{
		if (strlen(held[i].label) > DIAGRAM_MAX_LABEL)
			return fail_at(reader, held[i].name->note, PURE_LIMIT,
						   "label of %zu bytes is too long: it may have %d", strlen(held[i].label),
						   DIAGRAM_MAX_LABEL);
		if (i > 0 && strcmp(held[i - 1].label, held[i].label) == 0)
			return fail_label(reader, &held[i - 1], &held[i]);
	}
	return true;
}

static bool
place_move(DiagramReader *reader, Diagram *diagram, const DrawnMove *drawn)
{
	DiagramMove *move = &diagram->moves[diagram->nmoves++];

	if (drawn->to != NULL && drawn->to->is_phase)
	{
		fail_at(reader, drawn->to_where, PURE_VALUE, "a move into phase \"%s\"", drawn->to->id);
		return pure_hint(reader->error, "Draw the move to one of its stages, such as \"%s\".",
						 drawn->to->first->id);
	}
	if (drawn->from != NULL && drawn->from->is_phase && drawn->to != NULL && drawn->to->home == drawn->from)
	{
		fail_at(reader, drawn->from_where, PURE_VALUE,
				"a move from phase \"%s\" to its own stage \"%s\"", drawn->from->id, drawn->to->id);
		return pure_hint(reader->error, "Draw it from each of the other stages: Mermaid cannot draw it from the phase.");
	}
	move->from_stage = drawn->from != NULL && !drawn->from->is_phase ? drawn->from->index : NO_STAGE;
	move->from_phase = drawn->from != NULL && drawn->from->is_phase ? drawn->from->index : NO_STAGE;
	move->to_stage = drawn->to != NULL ? drawn->to->index : NO_STAGE;
	move->event = drawn->event;
	move->guard = drawn->guard;
	move->action = drawn->action;
	return true;
}

static bool
place_moves(DiagramReader *reader, Diagram *diagram)
{
	bool		entered = false;

	diagram->moves = palloc0(Max(reader->nmoves, 1) * sizeof(DiagramMove));
	for (int i = 0; i < reader->nmoves; i++)
	{
		if (!place_move(reader, diagram, &reader->moves[i]))
			return false;
		entered |= reader->moves[i].from == NULL;
	}
	if (!entered)
	{
		fail_at(reader, reader->end, PURE_VALUE, "no stage where one may enter");
		return pure_hint(reader->error, "Draw \"[*] --> %s\".", diagram->stages[0].id);
	}
	return true;
}

/*
 * Makes the diagram of what was collected.
 */
Diagram *
finish_names(DiagramReader *reader)
{
	Diagram    *diagram = palloc0(sizeof(Diagram));

	join_phases(reader);
	place_stages(reader, diagram);
	if (!check_names(reader, diagram) || !check_references(reader) || !check_labels(reader) ||
		!place_moves(reader, diagram))
		return NULL;
	diagram->direction = reader->direction;
	diagram->front_matter = reader->front_matter;
	diagram->presentation = reader->presentation;
	return diagram;
}
