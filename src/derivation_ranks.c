/*-------------------------------------------------------------------------
 *
 * derivation_ranks.c
 *		What the stages of children count for, and by which way rows get to where they
 *		are wanted.
 *
 * A rank says at once what a child's stage stands for and how much it counts: it is the
 * stage's place in the parent's diagram, and the greater one is the furthest.  Stages with
 * the outcome lost or closed count only where there is nothing else, so they come before
 * the others; where the least rank is wanted ("all"), behind them.
 *
 * All of it is read from the two lifecycles, nothing from a table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "derivation.h"

/* Between stages that count and those that do so only where nothing else does. */
#define RANK_STEP 1000000

/* Where what a stage's name stands for comes from: a stage of the parent's diagram, or NO_STAGE. */
static int
counts_for(const Rules *parent, const char *label, Jsonb *mapping)
{
	JsonbValue	key;
	JsonbValue *value;
	int			stage;

	if (mapping == NULL)
		stage = machine_find_stage(parent->machine, label, strlen(label));
	else
	{
		key.type = jbvString;
		key.val.string.val = unconstify(char *, label);
		key.val.string.len = strlen(label);
		value = findJsonbValueFromContainer(&mapping->root, JB_FOBJECT, &key);
		if (value == NULL || value->type != jbvString)
			return NO_STAGE;
		stage = machine_find_stage(parent->machine, value->val.string.val, value->val.string.len);
	}
	return stage == NO_STAGE || parent->diagram->stages[stage].outside ? NO_STAGE : stage;
}

static bool
is_given_up(const Diagram *diagram, int stage)
{
	return diagram->stages[stage].outcome == OUTCOME_LOST || diagram->stages[stage].outcome == OUTCOME_CLOSED;
}

static int
make_rank(const Rules *parent, int stage, bool least)
{
	return stage + (is_given_up(parent->diagram, stage) == least ? RANK_STEP : 0);
}

/* The stage that a rank stands for. */
int
derivation_stage_of_rank(int rank)
{
	return rank % RANK_STEP;
}

/* What all the labels that children may hold count for, those that count. */
static void
read_ranks(Derivation *derivation, const Rules *parent, const Rules *children, Jsonb *mapping, bool least)
{
	const Machine *machine = children->machine;

	derivation->labels = palloc(Max(machine->nnames, 1) * sizeof(char *));
	derivation->ranks = palloc(Max(machine->nnames, 1) * sizeof(int));
	for (int i = 0; i < machine->nnames; i++)
	{
		int			stage = counts_for(parent, machine->diagram->stages[machine->names[i].stage].label, mapping);

		if (stage == NO_STAGE)
			continue;
		derivation->labels[derivation->nlabels] = pnstrdup(machine->names[i].text, machine->names[i].len);
		derivation->ranks[derivation->nlabels++] = make_rank(parent, stage, least);
	}
}

static ArrayType *
text_array(char **items, int count)
{
	Datum	   *values = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = CStringGetTextDatum(items[i]);
	return construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT);
}

static ArrayType *
rank_array(const int *ranks, int count)
{
	Datum	   *values = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = Int32GetDatum(ranks[i]);
	return construct_array(values, count, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}

/*
 * A row passes no outcome on its way that no child has had: it is not lost in between, nor won
 * on the way to being lost.
 */
static bool *
stages_to_pass(const Diagram *diagram, int target)
{
	bool	   *passable = palloc(diagram->nstages * sizeof(bool));

	for (int i = 0; i < diagram->nstages; i++)
		passable[i] = !is_given_up(diagram, i) &&
			!(diagram->stages[i].outcome == OUTCOME_WON && is_given_up(diagram, target));
	return passable;
}

/* From each label that rows of the parent may hold, the next stage on the shortest way. */
static void
read_walk(Walk *walk, const Machine *machine, int target)
{
	char	  **sources = palloc(Max(machine->nnames, 1) * sizeof(char *));
	char	  **targets = palloc(Max(machine->nnames, 1) * sizeof(char *));
	char	  **nexts = palloc(Max(machine->nnames, 1) * sizeof(char *));
	int		   *way = palloc((machine->diagram->nstages + 1) * sizeof(int));
	bool	   *passable = stages_to_pass(machine->diagram, target);
	int			n = 0;

	for (int i = 0; i < machine->nnames; i++)
	{
		if (machine->names[i].stage == target ||
			machine_shortest_way_through(machine, machine->names[i].stage, target, passable, way) < 2)
			continue;
		sources[n] = pnstrdup(machine->names[i].text, machine->names[i].len);
		targets[n] = machine->diagram->stages[target].label;
		nexts[n++] = machine->diagram->stages[way[1]].label;
	}
	walk->sources = text_array(sources, n);
	walk->targets = text_array(targets, n);
	walk->nexts = text_array(nexts, n);
}

static bool
has_conditions(const Diagram *diagram)
{
	for (int i = 0; i < diagram->nmoves; i++)
		if (diagram->moves[i].guard != NULL)
			return true;
	for (int i = 0; i < diagram->nstages; i++)
		if (diagram->stages[i].entry != NULL || diagram->stages[i].exit != NULL ||
			diagram->stages[i].requires.count > 0 || diagram->stages[i].reasons.count > 0)
			return true;
	return false;
}

/*
 * Reads from the rules of both sides, and from the parent's trigger, what a stage stands for.
 */
void
derivation_read_rules(Derivation *derivation, const Rules *parent, const Rules *children,
					  const Trigger *trigger)
{
	const char *mapping = trigger->tgargs[DERIVATION_MAPPING];
	const char *rule = trigger->tgargs[DERIVATION_RULE];

	derivation->ever = strcmp(rule, "any") == 0;
	derivation->least = strcmp(rule, "all") == 0;
	derivation->conditions = has_conditions(parent->diagram);
	read_ranks(derivation, parent, children,
			   mapping[0] == '\0' ? NULL : DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(mapping))),
			   derivation->least);
	derivation->label_array = text_array(derivation->labels, derivation->nlabels);
	derivation->rank_array = rank_array(derivation->ranks, derivation->nlabels);
	derivation->nstages = parent->diagram->nstages;
	derivation->stages = palloc0(derivation->nstages * sizeof(char *));
	derivation->walks = palloc0(derivation->nstages * sizeof(Walk));
	for (int i = 0; i < derivation->nstages; i++)
		derivation->stages[i] = pstrdup(parent->diagram->stages[i].label);
	for (int i = 0; i < derivation->nlabels; i++)
	{
		int			target = derivation_stage_of_rank(derivation->ranks[i]);

		if (derivation->walks[target].sources == NULL)
			read_walk(&derivation->walks[target], parent->machine, target);
	}
}

/*
 * What a label of a child counts for; -1: nothing.
 */
int
derivation_rank(const Derivation *derivation, const char *label, size_t len)
{
	for (int i = 0; i < derivation->nlabels; i++)
		if (strlen(derivation->labels[i]) == len && memcmp(derivation->labels[i], label, len) == 0)
			return derivation->ranks[i];
	return -1;
}
