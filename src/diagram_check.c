/*-------------------------------------------------------------------------
 *
 * diagram_check.c
 *		What is probably wrong with a diagram that can be read.
 *
 * Only what is drawn counts: whether a guard can be satisfied is not asked.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "diagram_check.h"

typedef struct Checker
{
	const Machine *machine;
	DiagramFlaw *flaws;
	int			count;
	bool	   *ends;			/* by stage: it is drawn that a row may end here */
	bool	   *reached;		/* a row can come here */
	bool	   *saved;			/* a way leads from here to where a row may end */
} Checker;

static void
add_flaw(Checker *checker, const char *severity, const char *problem, int stage, const char *hint)
{
	const char *subject = stage == NO_STAGE ? NULL : checker->machine->diagram->stages[stage].label;

	checker->flaws[checker->count++] = (DiagramFlaw) {severity, problem, subject, hint};
}

static void
mark_ends(Checker *checker)
{
	const Diagram *diagram = checker->machine->diagram;

	for (int i = 0; i < diagram->nmoves; i++)
	{
		const DiagramMove *move = &diagram->moves[i];

		if (move->to_stage != NO_STAGE)
			continue;
		for (int s = 0; s < diagram->nstages; s++)
			checker->ends[s] |= s == move->from_stage ||
				(move->from_phase != NO_STAGE && diagram->stages[s].phase == move->from_phase);
	}
}

static bool
mark_targets(const MoveList *list, bool *marked)
{
	bool		more = false;

	for (int i = 0; i < list->count; i++)
	{
		more |= !marked[list->moves[i].to];
		marked[list->moves[i].to] = true;
	}
	return more;
}

static void
mark_reached(Checker *checker)
{
	bool		more = mark_targets(&checker->machine->entries, checker->reached);

	while (more)
	{
		CHECK_FOR_INTERRUPTS();
		more = false;
		for (int s = 0; s < checker->machine->diagram->nstages; s++)
			if (checker->reached[s])
				more |= mark_targets(&checker->machine->from[s], checker->reached);
	}
}

static bool
leads_to_saved(const Checker *checker, int stage)
{
	const MoveList *list = &checker->machine->from[stage];

	for (int i = 0; i < list->count; i++)
		if (checker->saved[list->moves[i].to])
			return true;
	return false;
}

/* A stage without a way out ends rows too, if only because nobody has thought of it. */
static void
mark_saved(Checker *checker)
{
	const Diagram *diagram = checker->machine->diagram;
	bool		more = true;

	for (int s = 0; s < diagram->nstages; s++)
		checker->saved[s] = checker->ends[s] || diagram->stages[s].outcome != OUTCOME_OPEN ||
			checker->machine->from[s].count == 0;
	while (more)
	{
		CHECK_FOR_INTERRUPTS();
		more = false;
		for (int s = 0; s < diagram->nstages; s++)
			if (!checker->saved[s] && leads_to_saved(checker, s))
				more = checker->saved[s] = true;
	}
}

static void
check_stage(Checker *checker, int stage)
{
	const DiagramStage *drawn = &checker->machine->diagram->stages[stage];

	if (drawn->outside)
		return;
	if (!checker->reached[stage] && checker->machine->entries.count > 0)
		add_flaw(checker, "warning", "no way leads to the stage", stage,
				 "Draw one. Where the stage was retired on purpose: rows that hold it may still leave.");
	if (drawn->outcome != OUTCOME_OPEN)
		return;
	if (checker->ends[stage])
		add_flaw(checker, "warning", "rows may end in the stage, and it has no outcome", stage,
				 "Say in its note whether it is \"outcome: won\", \"lost\" or \"closed\".");
	else if (checker->machine->from[stage].count == 0)
		add_flaw(checker, "warning", "no way leads out of the stage, and it has no outcome", stage,
				 "Draw a way out, or say in its note that it is \"outcome: won\", \"lost\" or \"closed\".");
	else if (!checker->saved[stage])
		add_flaw(checker, "warning", "no way leads from the stage to an outcome", stage,
				 "Draw a way out of the circle.");
}

static bool
has_outcome(const Diagram *diagram)
{
	for (int s = 0; s < diagram->nstages; s++)
		if (diagram->stages[s].outcome != OUTCOME_OPEN)
			return true;
	return false;
}

/*
 * All flaws of a diagram: of the whole first, then stage by stage.
 */
DiagramFlaw *
diagram_flaws_of(const Machine *machine, int *count)
{
	int			nstages = machine->diagram->nstages;
	Checker		checker = {machine};

	/* Two of the whole, and two of each stage. */
	checker.flaws = palloc((2 + 2 * nstages) * sizeof(DiagramFlaw));
	checker.ends = palloc0(nstages + 1);
	checker.reached = palloc0(nstages + 1);
	checker.saved = palloc0(nstages + 1);
	mark_ends(&checker);
	mark_reached(&checker);
	mark_saved(&checker);
	if (machine->entries.count == 0)
		add_flaw(&checker, "error", "no row can begin", NO_STAGE, "Draw an entry: [*] --> stage.");
	if (!has_outcome(machine->diagram))
		add_flaw(&checker, "warning", "no stage has an outcome", NO_STAGE,
				 "Say in the notes of the last stages: \"outcome: won\", \"lost\" or \"closed\".");
	for (int s = 0; s < nstages; s++)
		check_stage(&checker, s);
	*count = checker.count;
	return checker.flaws;
}
