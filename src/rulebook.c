/*-------------------------------------------------------------------------
 *
 * rulebook.c
 *		The rules of one lifecycle as they apply to the rows of one relation.
 *
 * Guards are compiled, and required columns looked up, when a row first needs them: a
 * guard that does not fit the table hinders the moves that it guards and no others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "rulebook.h"

/*
 * The current rules of a lifecycle, with nothing compiled yet.
 */
Rulebook *
rulebook_open(const char *lifecycle)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle rulebook",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Rules	   *rules = rules_find(lifecycle);
	Rulebook   *book = NULL;

	if (rules != NULL)
	{
		book = palloc0(sizeof(Rulebook));
		book->context = context;
		book->rules = rules;
		book->identity.lifecycle = rules->name;
		book->identity.owner = get_role_oid(rules->owner, true);
		book->identity.search_path = guard_search_path(rules->search_path);
		book->moves = palloc0(Max(rules->diagram->nmoves, 1) * sizeof(Guard *));
		book->stages = palloc0(Max(rules->diagram->nstages, 1) * sizeof(StageRules));
	}
	MemoryContextSwitchTo(caller);
	if (book == NULL)
		MemoryContextDelete(context);
	return book;
}

/*
 * The stage with this label, or NO_STAGE.
 */
int
rulebook_find_stage(const Rulebook *book, JourneyLabel label)
{
	return machine_find_stage(book->rules->machine, label.text, label.len);
}

/* Compiles a guard, in a context that stays only if that succeeds. */
static void
compile(Rulebook *book, Guard **slot, const char *text, const char *place, Relation rel)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle guard",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	*slot = guard_compile(text, place, &book->identity, rel);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, book->context);
}

/*
 * Each of these gives NULL where the diagram has no such guard, and compiles it on its
 * first use.  rel is the relation that the rulebook is for.
 */
Guard *
rulebook_move_guard(Rulebook *book, Relation rel, const DiagramMove *move)
{
	const Diagram *diagram = book->rules->diagram;
	Guard	  **slot = &book->moves[move - diagram->moves];

	if (*slot == NULL && move->guard != NULL)
		compile(book, slot, move->guard, guard_place_of_move(diagram, move), rel);
	return *slot;
}

Guard *
rulebook_entry_guard(Rulebook *book, Relation rel, int stage)
{
	const DiagramStage *drawn = &book->rules->diagram->stages[stage];
	Guard	  **slot = &book->stages[stage].entry;

	if (*slot == NULL && drawn->entry != NULL)
		compile(book, slot, drawn->entry, guard_place_of_entry(drawn), rel);
	return *slot;
}

Guard *
rulebook_exit_guard(Rulebook *book, Relation rel, int stage)
{
	const DiagramStage *drawn = &book->rules->diagram->stages[stage];
	Guard	  **slot = &book->stages[stage].exit;

	if (*slot == NULL && drawn->exit != NULL)
		compile(book, slot, drawn->exit, guard_place_of_exit(drawn), rel);
	return *slot;
}

static AttrNumber
required_column(const DiagramStage *stage, const char *column, Relation rel)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), column);

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("stage \"%s\" requires the column \"%s\", which table \"%s\" does not have",
						stage->label, column, RelationGetRelationName(rel)),
				 errhint("Add the column, or change \"requires\" in the diagram.")));
	if (TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("stage \"%s\" requires the generated column \"%s\"", stage->label, column),
				 errdetail("Generated columns are computed after the move has been judged."),
				 errhint("Require the columns that it is computed from.")));
	return attnum;
}

/*
 * The columns that a stage requires, as attribute numbers in the order of the diagram.
 */
const AttrNumber *
rulebook_requirements(Rulebook *book, Relation rel, int stage)
{
	const DiagramStage *drawn = &book->rules->diagram->stages[stage];
	StageRules *bound = &book->stages[stage];

	if (bound->requires == NULL && drawn->requires.count > 0)
	{
		AttrNumber *columns = palloc(drawn->requires.count * sizeof(AttrNumber));

		for (int i = 0; i < drawn->requires.count; i++)
			columns[i] = required_column(drawn, drawn->requires.items[i], rel);
		bound->requires = MemoryContextAlloc(book->context, drawn->requires.count * sizeof(AttrNumber));
		memcpy(bound->requires, columns, drawn->requires.count * sizeof(AttrNumber));
	}
	return bound->requires;
}

/*
 * How many parts can be compiled: the moves, and three for each stage.
 */
int
rulebook_parts(const Diagram *diagram)
{
	return diagram->nmoves + 3 * diagram->nstages;
}

/*
 * Compiles one part now, so that what does not fit the table shows at once.
 */
void
rulebook_check_part(Rulebook *book, Relation rel, int part)
{
	const Diagram *diagram = book->rules->diagram;
	int			stage = (part - diagram->nmoves) / 3;

	if (part < diagram->nmoves)
	{
		(void) rulebook_move_guard(book, rel, &diagram->moves[part]);
		return;
	}
	switch ((part - diagram->nmoves) % 3)
	{
		case 0:
			(void) rulebook_entry_guard(book, rel, stage);
			break;
		case 1:
			(void) rulebook_exit_guard(book, rel, stage);
			break;
		case 2:
			(void) rulebook_requirements(book, rel, stage);
			break;
	}
}

/*
 * Compiles everything now.
 */
void
rulebook_check(Rulebook *book, Relation rel)
{
	for (int part = 0; part < rulebook_parts(book->rules->diagram); part++)
	{
		CHECK_FOR_INTERRUPTS();
		rulebook_check_part(book, rel, part);
	}
}
