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

#include "context.h"
#include "judge.h"
#include "label.h"

static void
record(Verdict *verdict, CheckKind kind, bool passed, char *message)
{
	Check	   *check = palloc(sizeof(Check));

	check->kind = kind;
	check->passed = passed;
	check->message = message;
	verdict->checks = lappend(verdict->checks, check);
	verdict->granted &= passed;
}

/* The rules that a row follows. */
static Rulebook *
row_rulebook(Binding *binding, Relation rel, TupleTableSlot *row)
{
	const char *lifecycle = binding_lifecycle(binding, row);
	Rulebook   *book = lifecycle == NULL ? NULL : binding_rulebook(binding, lifecycle);
	AttrNumber	column = binding->columns[LIFECYCLE_COLUMN];

	if (book != NULL)
		return book;
	if (column == 0)
		rules_missing(lifecycle);
	ereport(ERROR,
			(errcode(lifecycle == NULL ? ERRCODE_NOT_NULL_VIOLATION : ERRCODE_FOREIGN_KEY_VIOLATION),
			 lifecycle == NULL
			 ? errmsg("a row of table \"%s\" must name its lifecycle", RelationGetRelationName(rel))
			 : errmsg("lifecycle \"%s\" does not exist", lifecycle),
			 errhint(lifecycle == NULL
					 ? "Set \"%s\" to the name of a lifecycle."
					 : "Set \"%s\" to the name of a lifecycle, or define it. A dump without data carries no "
					 "rules: where they exist, lifecycle.dump_lifecycle() prints the call.",
					 get_attname(RelationGetRelid(rel), column, false)),
			 errtablecol(rel, column)));
}

/*
 * A row that is not judged yet; its stages are to be filled in.
 */
Candidate
judge_candidate(Binding *binding, Relation rel, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	Candidate	candidate;

	candidate.binding = binding;
	candidate.book = row_rulebook(binding, rel, new_row);
	candidate.rel = rel;
	candidate.from = candidate.begun = candidate.to = NO_STAGE;
	candidate.new_row = new_row;
	candidate.old_row = old_row != NULL ? old_row : binding_no_row(binding, rel);
	return candidate;
}

static bool
satisfied(const Candidate *candidate, const Guard *guard)
{
	return guard == NULL || guard_holds(guard, candidate->new_row, candidate->old_row);
}

/*
 * "a, b and c" would need grammar; "a, b, c" does not.  What is no plain word stands in
 * quotes, as in specifications: labels may hold what separates them.
 */
char *
enumerate(const char *const *items, int count, const char *separator)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(&list, separator);
		label_write(&list, items[i], strlen(items[i]));
	}
	return list.data;
}

/* Where rows may go, each stage once. */
static char *
legal_targets(const Candidate *candidate, int from)
{
	const MoveList *list = machine_moves_from(candidate->book->rules->machine, from);
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
	return enumerate(labels, count, ", ");
}

static void
record_undrawn(const Candidate *candidate, Verdict *verdict)
{
	char	   *targets = legal_targets(candidate, candidate->from);

	if (candidate->from == NO_STAGE)
		record(verdict, CHECK_ENTRY, false, psprintf("The entry stages are: %s.", targets));
	else if (targets[0] == '\0')
		record(verdict, CHECK_MOVE, false, psprintf("From \"%s\" there is no legal move: it is final.",
													stage_of(candidate, candidate->from)->label));
	else
		record(verdict, CHECK_MOVE, false, psprintf("From \"%s\" the legal moves are: %s.",
													stage_of(candidate, candidate->from)->label, targets));
}

static void
record_guard(Verdict *verdict, bool passed, const char *whose, const char *name, const char *guard)
{
	const char *outcome = passed ? "satisfied" : "not satisfied";

	if (name == NULL)
		record(verdict, CHECK_GUARD, passed, psprintf("%s [%s] is %s.", whose, guard, outcome));
	else
		record(verdict, CHECK_GUARD, passed, psprintf("%s \"%s\" [%s] is %s.", whose, name, guard, outcome));
}

static void
record_drawn(const Candidate *candidate, Verdict *verdict, int to)
{
	if (candidate->from == NO_STAGE)
		record(verdict, CHECK_ENTRY, true, psprintf("A row may begin at \"%s\".", stage_of(candidate, to)->label));
	else
		record(verdict, CHECK_MOVE, true, psprintf("The move from \"%s\" to \"%s\" is drawn.",
												   stage_of(candidate, candidate->from)->label,
												   stage_of(candidate, to)->label));
}

/* Finds the first move to this stage whose guard is satisfied; false where none is drawn. */
static bool
find_move(const Candidate *candidate, const MoveList *list, int to, Verdict *verdict)
{
	bool		drawn = false;

	for (int i = 0; i < list->count && verdict->move == NULL; i++)
	{
		const DiagramMove *move = list->moves[i].drawn;

		if (list->moves[i].to != to)
			continue;
		drawn = true;
		/* A row that brought its journey has left the stage where it began. */
		if (to != candidate->to ||
			satisfied(candidate, rulebook_move_guard(candidate->book, candidate->rel, move)))
			verdict->move = move;
	}
	return drawn;
}

/*
 * The move by which a candidate that was granted has come to its stage; NULL where it has
 * not come by one.  Guards are asked only if there is a choice; else the answer is always
 * the same.
 */
const DiagramMove *
judge_move_made(const Candidate *candidate, bool *always)
{
	const MoveList *list = machine_moves_from(candidate->book->rules->machine, candidate->from);
	const DiagramMove *only = NULL;
	int			count = 0;
	Verdict		verdict = {NULL, true, NIL};

	for (int i = 0; i < list->count; i++)
	{
		if (list->moves[i].to != candidate->to)
			continue;
		only = list->moves[i].drawn;
		count++;
	}
	*always = count < 2;
	if (*always)
		return only;
	(void) find_move(candidate, list, candidate->to, &verdict);
	return verdict.move;
}

static void
judge_moves(const Candidate *candidate, Verdict *verdict, bool explain)
{
	const MoveList *list = machine_moves_from(candidate->book->rules->machine, candidate->from);
	int			to = candidate->from == NO_STAGE ? candidate->begun : candidate->to;
	const char *whose = candidate->from == NO_STAGE ? "Entry" : "Move";

	if (!find_move(candidate, list, to, verdict))
	{
		record_undrawn(candidate, verdict);
		return;
	}
	if (explain)
		record_drawn(candidate, verdict, to);
	if (verdict->move != NULL)
	{
		if (explain && verdict->move->guard != NULL)
			record_guard(verdict, true, whose, verdict->move->event, verdict->move->guard);
		return;
	}
	for (int i = 0; i < list->count; i++)
		if (list->moves[i].to == to)
			record_guard(verdict, false, whose, list->moves[i].drawn->event, list->moves[i].drawn->guard);
}

static void
judge_guard(const Candidate *candidate, Verdict *verdict, bool explain, const char *whose,
			const char *label, const Guard *guard)
{
	bool		passed;

	if (guard == NULL)
		return;
	passed = satisfied(candidate, guard);
	if (!passed || explain)
		record_guard(verdict, passed, whose, label, guard->text);
}

static void
judge_stages(const Candidate *candidate, Verdict *verdict, bool explain)
{
	Rulebook   *book = candidate->book;

	if (candidate->from != NO_STAGE)
		judge_guard(candidate, verdict, explain, "The exit guard of stage",
					stage_of(candidate, candidate->from)->label,
					rulebook_exit_guard(book, candidate->rel, candidate->from));
	judge_guard(candidate, verdict, explain, "The entry guard of stage",
				stage_of(candidate, candidate->to)->label,
				rulebook_entry_guard(book, candidate->rel, candidate->to));
}

static void
judge_requirements(const Candidate *candidate, Verdict *verdict, bool explain)
{
	const DiagramStage *stage = stage_of(candidate, candidate->to);
	const AttrNumber *columns;
	const char **missing;
	int			count = 0;

	if (stage->requires.count == 0)
		return;
	columns = rulebook_requirements(candidate->book, candidate->rel, candidate->to);
	missing = palloc(stage->requires.count * sizeof(char *));
	for (int i = 0; i < stage->requires.count; i++)
		if (slot_attisnull(candidate->new_row, columns[i]))
			missing[count++] = stage->requires.items[i];
	if (count > 0)
		record(verdict, CHECK_REQUIRES, false,
			   psprintf("Stage \"%s\" requires %s, which %s NULL.", stage->label,
						enumerate(missing, count, ", "), count == 1 ? "is" : "are"));
	else if (explain)
		record(verdict, CHECK_REQUIRES, true,
			   psprintf("The columns that stage \"%s\" requires are there: %s.", stage->label,
						enumerate((const char *const *) stage->requires.items, stage->requires.count, ", ")));
}

/* The row's own reason, or else the transaction's. */
static const char *
candidate_reason(const Candidate *candidate)
{
	char	   *reason = binding_text(candidate->binding, candidate->new_row, REASON_COLUMN);

	return reason != NULL ? reason : context_reason();
}

static bool
is_reason(const DiagramStage *stage, const char *reason)
{
	for (int i = 0; reason != NULL && i < stage->reasons.count; i++)
		if (strcmp(stage->reasons.items[i], reason) == 0)
			return true;
	return false;
}

static void
judge_reason(const Candidate *candidate, Verdict *verdict, bool explain)
{
	const DiagramStage *stage = stage_of(candidate, candidate->to);
	const char *reason;
	char	   *known;

	if (stage->reasons.count == 0)
		return;
	reason = candidate_reason(candidate);
	if (is_reason(stage, reason))
	{
		if (explain)
			record(verdict, CHECK_REASON, true, psprintf("\"%s\" is a reason of stage \"%s\".",
														 reason, stage->label));
		return;
	}
	known = enumerate((const char *const *) stage->reasons.items, stage->reasons.count, ", ");
	if (reason == NULL)
		record(verdict, CHECK_REASON, false, psprintf("Stage \"%s\" needs a reason, one of: %s.",
													  stage->label, known));
	else
		record(verdict, CHECK_REASON, false, psprintf("\"%s\" is not a reason of stage \"%s\", which are: %s.",
													  reason, stage->label, known));
}

/*
 * Judges a candidate.  Where the move is not even drawn, nothing else is looked at.  With
 * explain, checks that pass are recorded too.
 */
Verdict
judge(const Candidate *candidate, bool explain)
{
	Verdict		verdict = {NULL, true, NIL};

	judge_moves(candidate, &verdict, explain);
	if (!verdict.granted && ((Check *) linitial(verdict.checks))->kind != CHECK_GUARD &&
		!((Check *) linitial(verdict.checks))->passed)
		return verdict;
	judge_stages(candidate, &verdict, explain);
	judge_requirements(candidate, &verdict, explain);
	judge_reason(candidate, &verdict, explain);
	return verdict;
}

/*
 * What a check is called, also as the end of a constraint's name.
 */
const char *
check_name(CheckKind kind)
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
