/*-------------------------------------------------------------------------
 *
 * judge.c
 *		Whether a row may move, and if not, everything that stands in the way.
 *
 * A move has to be drawn, and of those drawn between the two stages one must have its
 * guard satisfied; the stage that is left must let go, the one that is entered must
 * let in, have the columns that it requires and, if it asks for reasons, one of them.
 * All failures are found, not only the first: nobody likes to be sent back five times.
 *
 * Who asks, and what happens to the row then, is not known here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "judge.h"

static void
fail(Verdict *verdict, CheckKind kind, char *message)
{
	Failure    *failure = palloc(sizeof(Failure));

	failure->kind = kind;
	failure->message = message;
	verdict->failures = lappend(verdict->failures, failure);
}

static const DiagramStage *
stage_of(const Candidate *candidate, int stage)
{
	return &candidate->binding->rules->diagram->stages[stage];
}

static bool
satisfied(const Candidate *candidate, const Guard *guard)
{
	return guard == NULL || guard_holds(guard, candidate->new_row, candidate->old_row);
}

/* "a, b and c" would need grammar; "a, b, c" does not. */
static char *
enumerate(const char *const *items, int count)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < count; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", items[i]);
	return list.data;
}

/* Where rows may go, each stage once. */
static char *
legal_targets(const Candidate *candidate, int from)
{
	const MoveList *list = machine_moves_from(candidate->binding->rules->machine, from);
	const char **labels = palloc(Max(list->count, 1) * sizeof(char *));
	int			count = 0;

	for (int i = 0; i < list->count; i++)
	{
		bool		seen = false;

		for (int j = 0; j < i && !seen; j++)
			seen = list->moves[j].to == list->moves[i].to;
		if (!seen)
			labels[count++] = stage_of(candidate, list->moves[i].to)->label;
	}
	return enumerate(labels, count);
}

static void
fail_undrawn(const Candidate *candidate, Verdict *verdict)
{
	char	   *targets = legal_targets(candidate, candidate->from);

	if (candidate->from == NO_STAGE)
		fail(verdict, CHECK_ENTRY, psprintf("The entry stages are: %s.", targets));
	else if (targets[0] == '\0')
		fail(verdict, CHECK_MOVE, psprintf("From \"%s\" there is no legal move: it is final.",
										   stage_of(candidate, candidate->from)->label));
	else
		fail(verdict, CHECK_MOVE, psprintf("From \"%s\" the legal moves are: %s.",
										   stage_of(candidate, candidate->from)->label, targets));
}

static void
fail_guard(Verdict *verdict, const char *whose, const char *name, const char *guard)
{
	if (name == NULL)
		fail(verdict, CHECK_GUARD, psprintf("%s [%s] is not satisfied.", whose, guard));
	else
		fail(verdict, CHECK_GUARD, psprintf("%s \"%s\" [%s] is not satisfied.", whose, name, guard));
}

/* Finds the first drawn move whose guard is satisfied. */
static void
judge_moves(const Candidate *candidate, Verdict *verdict)
{
	const MoveList *list = machine_moves_from(candidate->binding->rules->machine, candidate->from);
	int			to = candidate->from == NO_STAGE ? candidate->begun : candidate->to;
	bool		drawn = false;

	for (int i = 0; i < list->count; i++)
	{
		const DiagramMove *move = list->moves[i].drawn;

		if (list->moves[i].to != to)
			continue;
		drawn = true;
		/* A row that brought its journey has left the stage where it began. */
		if (to != candidate->to || satisfied(candidate, binding_move_guard(candidate->binding, candidate->rel, move)))
		{
			verdict->move = move;
			return;
		}
	}
	if (!drawn)
	{
		fail_undrawn(candidate, verdict);
		return;
	}
	for (int i = 0; i < list->count; i++)
		if (list->moves[i].to == candidate->to)
			fail_guard(verdict, candidate->from == NO_STAGE ? "Entry" : "Move",
					   list->moves[i].drawn->event, list->moves[i].drawn->guard);
}

static void
judge_stages(const Candidate *candidate, Verdict *verdict)
{
	Binding    *binding = candidate->binding;

	if (candidate->from != NO_STAGE &&
		!satisfied(candidate, binding_exit_guard(binding, candidate->rel, candidate->from)))
		fail_guard(verdict, "The exit guard of stage", stage_of(candidate, candidate->from)->label,
				   stage_of(candidate, candidate->from)->exit);
	if (!satisfied(candidate, binding_entry_guard(binding, candidate->rel, candidate->to)))
		fail_guard(verdict, "The entry guard of stage", stage_of(candidate, candidate->to)->label,
				   stage_of(candidate, candidate->to)->entry);
}

static void
judge_requirements(const Candidate *candidate, Verdict *verdict)
{
	const DiagramStage *stage = stage_of(candidate, candidate->to);
	const AttrNumber *columns = binding_requirements(candidate->binding, candidate->rel, candidate->to);
	const char **missing = palloc(Max(stage->requires.count, 1) * sizeof(char *));
	int			count = 0;

	for (int i = 0; i < stage->requires.count; i++)
		if (slot_attisnull(candidate->new_row, columns[i]))
			missing[count++] = stage->requires.items[i];
	if (count > 0)
		fail(verdict, CHECK_REQUIRES, psprintf("Stage \"%s\" requires %s, which %s NULL.", stage->label,
											   enumerate(missing, count), count == 1 ? "is" : "are"));
}

static void
judge_reason(const Candidate *candidate, Verdict *verdict)
{
	const DiagramStage *stage = stage_of(candidate, candidate->to);
	char	   *known;

	if (stage->reasons.count == 0)
		return;
	for (int i = 0; candidate->reason != NULL && i < stage->reasons.count; i++)
		if (strcmp(stage->reasons.items[i], candidate->reason) == 0)
			return;
	known = enumerate((const char *const *) stage->reasons.items, stage->reasons.count);
	if (candidate->reason == NULL)
		fail(verdict, CHECK_REASON, psprintf("Stage \"%s\" needs a reason, one of: %s.",
											 stage->label, known));
	else
		fail(verdict, CHECK_REASON, psprintf("\"%s\" is not a reason of stage \"%s\", which are: %s.",
											 candidate->reason, stage->label, known));
}

/*
 * Judges a candidate.  Where the move is not even drawn, nothing else is looked at.
 */
Verdict
judge(const Candidate *candidate)
{
	Verdict		verdict = {NULL, NIL};
	const DiagramStage *to = stage_of(candidate, candidate->to);

	judge_moves(candidate, &verdict);
	if (verdict.failures != NIL &&
		((Failure *) linitial(verdict.failures))->kind != CHECK_GUARD)
		return verdict;
	judge_stages(candidate, &verdict);
	if (to->requires.count > 0)
		judge_requirements(candidate, &verdict);
	judge_reason(candidate, &verdict);
	return verdict;
}

static const char *
constraint_suffix(CheckKind kind)
{
	switch (kind)
	{
		case CHECK_MOVE:
			return "move";
		case CHECK_ENTRY:
			return "entry";
		case CHECK_GUARD:
			return "guard";
		case CHECK_REQUIRES:
			return "requires";
		case CHECK_REASON:
			return "reason";
	}
	return "move";
}

/* What would help, where a move is not drawn; NULL where the details say it already. */
static char *
way_hint(const Candidate *candidate)
{
	const Machine *machine = candidate->binding->rules->machine;
	int		   *way = palloc((machine->diagram->nstages + 1) * sizeof(int));
	int			to = candidate->from == NO_STAGE ? candidate->begun : candidate->to;
	int			length = machine_shortest_way(machine, candidate->from, to, way);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < length; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? " > " : "", stage_of(candidate, way[i])->label);
	if (length == 0)
		return psprintf("No legal way leads there.");
	if (candidate->from == NO_STAGE)
		return psprintf("Insert the row at \"%s\" and move it from there: %s.",
						stage_of(candidate, way[0])->label, text.data);
	return psprintf("The shortest legal way is %s.", text.data);
}

/*
 * Raises a refusal with the fields that client libraries make integrity errors of.
 */
void
refuse_with(Relation rel, const Binding *binding, const char *constraint, const char *message,
			const char *detail, const char *hint)
{
	const char *column = get_attname(RelationGetRelid(rel), binding->columns[STAGE_COLUMN], false);

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 errtablecolname(rel, column),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint)));
}

/*
 * Raises a verdict's failures, all of them in DETAIL; the first names the constraint.
 */
void
refuse(const Candidate *candidate, const Verdict *verdict)
{
	const char *lifecycle = candidate->binding->rules->name;
	const Failure *first = linitial(verdict->failures);
	const char *to = stage_of(candidate, candidate->to)->label;
	StringInfoData detail;
	char	   *message;
	char	   *hint = NULL;
	ListCell   *cell;

	initStringInfo(&detail);
	foreach(cell, verdict->failures)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? "\n" : "", ((Failure *) lfirst(cell))->message);
	if (first->kind == CHECK_MOVE || first->kind == CHECK_ENTRY)
		hint = way_hint(candidate);
	if (first->kind == CHECK_ENTRY)
		message = psprintf("illegal entry at \"%s\" in lifecycle \"%s\"",
						   stage_of(candidate, candidate->begun)->label, lifecycle);
	else if (candidate->from == NO_STAGE)
		message = psprintf("entry at \"%s\" refused in lifecycle \"%s\"", to, lifecycle);
	else
		message = psprintf("%s from \"%s\" to \"%s\" %s lifecycle \"%s\"",
						   first->kind == CHECK_MOVE ? "illegal move" : "move",
						   stage_of(candidate, candidate->from)->label, to,
						   first->kind == CHECK_MOVE ? "in" : "refused in", lifecycle);
	refuse_with(candidate->rel, candidate->binding,
				psprintf("%s_%s", lifecycle, constraint_suffix(first->kind)), message, detail.data, hint);
}

/*
 * Refuses a label that the lifecycle does not have.  from is NULL for a new row.
 */
void
refuse_unknown_stage(const Binding *binding, Relation rel, const char *from, JourneyLabel to)
{
	const Diagram *diagram = binding->rules->diagram;
	const char *lifecycle = binding->rules->name;
	char	   *label = pnstrdup(to.text, to.len);
	const char **labels = palloc(Max(diagram->nstages, 1) * sizeof(char *));

	for (int i = 0; i < diagram->nstages; i++)
		labels[i] = diagram->stages[i].label;
	refuse_with(rel, binding, psprintf("%s_%s", lifecycle, from == NULL ? "entry" : "move"),
				from == NULL
				? psprintf("illegal entry at \"%s\" in lifecycle \"%s\"", label, lifecycle)
				: psprintf("illegal move from \"%s\" to \"%s\" in lifecycle \"%s\"", from, label, lifecycle),
				psprintf("Lifecycle \"%s\" has no stage \"%s\".", lifecycle, label),
				psprintf("Its stages are: %s.", enumerate(labels, diagram->nstages)));
}
