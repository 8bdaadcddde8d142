/*-------------------------------------------------------------------------
 *
 * machine.c
 *		A diagram as a state machine: which moves are legal, and the way there.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "machine.h"

static int
compare_labels(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int			order = memcmp(a, b, Min(a_len, b_len));

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* The place among the names where the label stands, or would stand. */
static int
label_place(const Machine *machine, const char *label, size_t len, bool *found)
{
	int			low = 0,
				high = machine->nnames;

	*found = false;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const StageName *this = &machine->names[middle];
		int			order = compare_labels(label, len, this->text, this->len);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
add_name(Machine *machine, const char *label, int stage)
{
	StageName	name = {label, strlen(label), stage};
	bool		found;
	int			place = label_place(machine, name.text, name.len, &found);

	memmove(machine->names + place + 1, machine->names + place, (machine->nnames - place) * sizeof(StageName));
	machine->names[place] = name;
	machine->nnames++;
}

static void
sort_names(Machine *machine)
{
	const Diagram *diagram = machine->diagram;
	int			room = 1;

	for (int i = 0; i < diagram->nstages; i++)
		room += 1 + diagram->stages[i].formerly.count;
	machine->names = palloc(room * sizeof(StageName));
	for (int i = 0; i < diagram->nstages; i++)
	{
		const DiagramStage *stage = &diagram->stages[i];

		add_name(machine, stage->label, i);
		for (int f = 0; f < stage->formerly.count; f++)
			add_name(machine, stage->formerly.items[f], i);
	}
}

static void
add_move(MoveList *list, const DiagramMove *drawn)
{
	/* Doubling whenever the count is a power of two needs no field for the room. */
	if (list->count == 0)
		list->moves = palloc(sizeof(LegalMove));
	else if ((list->count & (list->count - 1)) == 0)
		list->moves = repalloc(list->moves, 2 * list->count * sizeof(LegalMove));
	list->moves[list->count].to = drawn->to_stage;
	list->moves[list->count].drawn = drawn;
	list->count++;
}

/*
 * No row is in a stage outside the table: what leaves such a stage enters the table,
 * and nothing goes there.
 */
static void
add_leaving(Machine *machine, int stage, const DiagramMove *drawn)
{
	if (machine->diagram->stages[drawn->to_stage].outside)
		return;
	if (stage == NO_STAGE || machine->diagram->stages[stage].outside)
		add_move(&machine->entries, drawn);
	else
		add_move(&machine->from[stage], drawn);
}

/*
 * A move from a phase leaves each of its stages, except that a stage of the phase does
 * not thereby loop to itself: loops must be drawn.
 */
static void
add_leaving_phase(Machine *machine, const DiagramMove *drawn)
{
	const Diagram *diagram = machine->diagram;

	for (int stage = 0; stage < diagram->nstages; stage++)
		if (diagram->stages[stage].phase == drawn->from_phase && stage != drawn->to_stage)
			add_leaving(machine, stage, drawn);
}

/*
 * Works out the machine of a diagram, which must live as long.
 */
Machine *
machine_build(const Diagram *diagram)
{
	Machine    *machine = palloc0(sizeof(Machine));

	machine->diagram = diagram;
	machine->from = palloc0(Max(diagram->nstages, 1) * sizeof(MoveList));
	sort_names(machine);
	for (int i = 0; i < diagram->nmoves; i++)
	{
		const DiagramMove *drawn = &diagram->moves[i];

		if (drawn->to_stage == NO_STAGE)
			continue;			/* "s --> [*]" says that s may end, which is no move */
		if (drawn->from_phase != NO_STAGE)
			add_leaving_phase(machine, drawn);
		else
			add_leaving(machine, drawn->from_stage, drawn);
	}
	return machine;
}

/*
 * The stage that has this label, or had it formerly; or NO_STAGE.
 */
int
machine_find_stage(const Machine *machine, const char *label, size_t len)
{
	bool		found;
	int			place = label_place(machine, label, len, &found);

	return found ? machine->names[place].stage : NO_STAGE;
}

/*
 * Whether rows may hold a label that a stage had formerly.
 */
bool
machine_has_former_labels(const Machine *machine)
{
	return machine->nnames > machine->diagram->nstages;
}

/*
 * The legal moves from a stage; from NO_STAGE, the entries.
 */
const MoveList *
machine_moves_from(const Machine *machine, int stage)
{
	return stage == NO_STAGE ? &machine->entries : &machine->from[stage];
}

/*
 * Fills way, which has room for every stage, with the stages of a shortest legal way,
 * both ends included; from NO_STAGE it begins at an entry.  Returns how many they are,
 * 0 where no way leads there.  Breadth first, in diagram order, so that of equally
 * short ways the one drawn first wins.  Between its ends only stages that are passable; NULL:
 * all are.
 */
int
machine_shortest_way_through(const Machine *machine, int from, int to, const bool *passable, int *way)
{
	int			nstages = machine->diagram->nstages;
	int		   *queue = palloc((nstages + 1) * sizeof(int));
	int		   *previous = palloc(nstages * sizeof(int));
	bool	   *seen = palloc0(nstages * sizeof(bool));
	int			head = 0,
				tail = 0,
				length = 0;

	queue[tail++] = from;
	while (head < tail && !(seen[to] && head > 0))
	{
		int			stage = queue[head++];
		const MoveList *list = machine_moves_from(machine, stage);

		for (int i = 0; i < list->count; i++)
		{
			int			next = list->moves[i].to;

			if (seen[next] || next == from || (next != to && passable != NULL && !passable[next]))
				continue;
			seen[next] = true;
			previous[next] = stage;
			queue[tail++] = next;
		}
	}
	if (seen[to])
	{
		for (int stage = to; stage != from; stage = previous[stage])
			way[length++] = stage;
		if (from != NO_STAGE)
			way[length++] = from;
		for (int i = 0; i < length / 2; i++)
		{
			int			swap = way[i];

			way[i] = way[length - 1 - i];
			way[length - 1 - i] = swap;
		}
	}
	pfree(queue);
	pfree(previous);
	pfree(seen);
	return length;
}

int
machine_shortest_way(const Machine *machine, int from, int to, int *way)
{
	return machine_shortest_way_through(machine, from, to, NULL, way);
}
