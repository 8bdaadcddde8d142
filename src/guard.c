/*-------------------------------------------------------------------------
 *
 * guard.c
 *		Guards: SQL conditions over a row, compiled for one relation.
 *
 * A guard is parsed as exactly one expression, never pasted into a statement, so that
 * no text can close a bracket and go on.  It is compiled into an expression, not run
 * as a query, and evaluated as the lifecycle's owner in a security-restricted operation
 * with the definer's search_path: whoever updates the row lends it nothing.
 *
 * Which guards a move has to pass is judge.c's to know, and whose functions a guard may
 * call guard_trust.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "actor.h"
#include "compat.h"
#include "guard.h"
#include "guard_trust.h"

/* Where the two rows stand in the range table while a guard is being parsed. */
#define NEW_VARNO 1
#define OLD_VARNO 2

/*
 * Says which guard an error is about, and moves a position in the guard's text to
 * where clients look for positions in text that is not theirs.
 */
static void
guard_error_context(void *arg)
{
	const Guard *guard = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(guard->text);
	}
	errcontext("guard [%s] %s", guard->text, guard->place);
}

static void
push_error_context(ErrorContextCallback *callback, const Guard *guard)
{
	callback->callback = guard_error_context;
	callback->arg = unconstify(Guard *, guard);
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

static void
refuse_guard(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a guard cannot %s", what),
			 errhint("A guard is a condition over one row. Keep what it needs in a column, or in a "
					 "function declared STABLE or IMMUTABLE.")));
}

static bool
has_subquery(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		return true;
	return raw_expression_tree_walker(node, has_subquery, context);
}

/* All columns of a SELECT, which is the one thing in its list that is no expression. */
static bool
is_star(Node *node)
{
	return IsA(node, ColumnRef) && IsA(linitial(((ColumnRef *) node)->fields), A_Star);
}

/* The grammar rule for expressions is a SELECT without its SELECT: only a bare one will do. */
static bool
is_bare_expression(const SelectStmt *select)
{
	return list_length(select->targetList) == 1 &&
		linitial_node(ResTarget, select->targetList)->name == NULL &&
		linitial_node(ResTarget, select->targetList)->indirection == NIL &&
		!is_star(linitial_node(ResTarget, select->targetList)->val) &&
		select->op == SETOP_NONE &&
		select->distinctClause == NIL && select->intoClause == NULL &&
		select->fromClause == NIL && select->whereClause == NULL &&
		select->groupClause == NIL && select->havingClause == NULL &&
		select->windowClause == NIL && select->valuesLists == NIL &&
		select->sortClause == NIL && select->limitOffset == NULL &&
		select->limitCount == NULL && select->lockingClause == NIL &&
		select->withClause == NULL;
}

static Node *
parse_guard(const char *text)
{
	List	   *parsed = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
	Node	   *expression;

	if (!IsA(select, SelectStmt) || !is_bare_expression(select))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a guard must be exactly one expression")));
	expression = linitial_node(ResTarget, select->targetList)->val;
	if (has_subquery(expression, NULL))
		refuse_guard("contain a sub-select");
	return expression;
}

/*
 * Where a guard stands, in words.
 */
char *
guard_place_of_move(const Diagram *diagram, const DiagramMove *move)
{
	const char *to = move->to_stage == NO_STAGE ? "[*]" : diagram->stages[move->to_stage].label;

	if (move->from_stage != NO_STAGE)
		return psprintf("of the move from \"%s\" to \"%s\"", diagram->stages[move->from_stage].label, to);
	if (move->from_phase != NO_STAGE)
		return psprintf("of the moves from phase \"%s\" to \"%s\"", diagram->phases[move->from_phase].id, to);
	return psprintf("of the entry at \"%s\"", to);
}

char *
guard_place_of_entry(const DiagramStage *stage)
{
	return psprintf("on entering stage \"%s\"", stage->label);
}

char *
guard_place_of_exit(const DiagramStage *stage)
{
	return psprintf("on leaving stage \"%s\"", stage->label);
}

/*
 * Refuses text that is no expression; NULL is no guard, which is fine.  Whether its
 * names mean anything shows when it meets a table.
 */
void
guard_check_syntax(const char *text, const char *place)
{
	ErrorContextCallback callback;
	Guard		guard = {text, place};

	if (text == NULL)
		return;
	push_error_context(&callback, &guard);
	(void) parse_guard(text);
	error_context_stack = callback.previous;
}

/* In a BEFORE trigger the new row's generated columns are not computed yet. */
static void
check_var(const Var *var, TupleDesc desc)
{
	if (var->varattno < 0)
		refuse_guard("use a system column");
	if (var->varno != NEW_VARNO || desc->constr == NULL || !desc->constr->has_generated_stored)
		return;
	if (var->varattno == 0)
		refuse_guard("use the whole row of a table that has generated columns");
	if (TupleDescAttr(desc, var->varattno - 1)->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a guard cannot use the generated column \"%s\"",
						NameStr(TupleDescAttr(desc, var->varattno - 1)->attname)),
				 errdetail("Generated columns are computed after the guard has been judged."),
				 errhint("Write the column's expression in the guard.")));
}

static bool
check_vars(Node *node, void *desc)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		check_var((Var *) node, desc);
	return expression_tree_walker(node, check_vars, desc);
}

static bool
is_foreign_function(Oid function, void *context)
{
	return function >= FirstUnpinnedObjectId;
}

static bool
calls_foreign_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_foreign_function, context))
		return true;
	return expression_tree_walker(node, calls_foreign_function, context);
}

/* Columns by bare name are the new row's; "new" and "old" are the rows themselves. */
static Node *
transform_guard(Node *raw, const char *text, Relation rel)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Node	   *expression;

	pstate->p_sourcetext = text;
	item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock, makeAlias("new", NIL), false, false);
	addNSItemToQuery(pstate, item, false, true, true);
	item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock, makeAlias("old", NIL), false, false);
	addNSItemToQuery(pstate, item, false, true, false);

	expression = transformExpr(pstate, raw, EXPR_KIND_TRIGGER_WHEN);
	expression = coerce_to_boolean(pstate, expression, "guard");
	assign_expr_collations(pstate, expression);
	free_parsestate(pstate);
	return expression;
}

/* Runs as the owner: planning may inline functions, which needs the right to call them. */
static void
compile_as_owner(Guard *guard, Relation rel)
{
	Node	   *raw = parse_guard(guard->text);
	Node	   *expression;
	Oid			owner = guard->identity->owner;

	guard_trust_types(raw, rel, owner);
	expression = transform_guard(raw, guard->text, rel);
	check_vars(expression, RelationGetDescr(rel));
	guard_trust_functions(expression, owner);
	if (contain_volatile_functions(expression))
		refuse_guard("call a volatile function");
	guard->needs_path = calls_foreign_function(expression, NULL);
	ChangeVarNodes(expression, NEW_VARNO, OUTER_VAR, 0);
	ChangeVarNodes(expression, OLD_VARNO, INNER_VAR, 0);
	guard->expression = expression_planner((Expr *) expression);
	guard->state = ExecInitExpr(guard->expression, NULL);
}

typedef struct SavedIdentity
{
	Oid			userid;
	int			sec_context;
	int			guc_level;		/* 0: settings were left alone */
} SavedIdentity;

/*
 * The path for evaluating guards: the temporary schema comes last, wherever the definer had
 * it, because it is that of whoever moves the row, who can put anything there.
 */
char *
guard_search_path(const char *defined)
{
	StringInfoData path;
	List	   *names;
	ListCell   *cell;

	if (!SplitIdentifierString(pstrdup(defined), ',', &names))
		return pstrdup(defined);	/* setting it will say what is wrong with it */
	initStringInfo(&path);
	foreach(cell, names)
		if (strcmp(lfirst(cell), "pg_temp") != 0)
			appendStringInfo(&path, "%s, ", quote_identifier(lfirst(cell)));
	appendStringInfoString(&path, "pg_temp");
	return path.data;
}

static void
become_owner(const GuardIdentity *identity, bool with_path, SavedIdentity *saved)
{
	GetUserIdAndSecContext(&saved->userid, &saved->sec_context);
	SetUserIdAndSecContext(identity->owner, saved->sec_context | SECURITY_RESTRICTED_OPERATION);
	saved->guc_level = 0;
	if (!with_path)
		return;
	saved->guc_level = NewGUCNestLevel();
	set_for_now("search_path", identity->search_path);
}

static void
become_again(const SavedIdentity *saved)
{
	if (saved->guc_level > 0)
		AtEOXact_GUC(false, saved->guc_level);
	SetUserIdAndSecContext(saved->userid, saved->sec_context);
}

static const char *
kind_of(const GuardIdentity *identity)
{
	return identity->kind == NULL ? "lifecycle" : identity->kind;
}

/*
 * Compiles a guard for rows of rel, in CurrentMemoryContext, where it stays; NULL for
 * NULL.  text and identity must live as long.
 */
Guard *
guard_compile(const char *text, const char *place, GuardIdentity *identity, Relation rel)
{
	Guard	   *guard;
	ErrorContextCallback callback;
	SavedIdentity saved;

	if (text == NULL)
		return NULL;
	if (!OidIsValid(identity->owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the role that owns %s \"%s\" does not exist, so its guards cannot run",
						kind_of(identity), identity->lifecycle),
				 errhint("Create the role, or define the %s anew as another one.", kind_of(identity))));
	guard = palloc0(sizeof(Guard));
	guard->text = text;
	guard->place = psprintf("%s in %s \"%s\", on table \"%s\"", place, kind_of(identity),
							identity->lifecycle, RelationGetRelationName(rel));
	guard->identity = identity;
	push_error_context(&callback, guard);
	become_owner(identity, true, &saved);
	identity->running++;
	PG_TRY();
	{
		compile_as_owner(guard, rel);
	}
	PG_FINALLY();
	{
		identity->running--;
	}
	PG_END_TRY();
	become_again(&saved);
	error_context_stack = callback.previous;
	guard->context = CreateStandaloneExprContext();
	return guard;
}

static bool
evaluate(ExprState *state, ExprContext *context, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	Datum		value;
	bool		isnull;

	context->ecxt_outertuple = new_row;
	context->ecxt_innertuple = old_row;
	value = ExecEvalExprSwitchContext(state, context, &isnull);
	return !isnull && DatumGetBool(value);
}

/*
 * An expression keeps what it computes in itself.  Where a function in a guard moves a row,
 * and so has the same guard evaluated in its midst, that takes another state.
 */
static bool
evaluate_anew(const Guard *guard, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	ExprContext *context = CreateStandaloneExprContext();
	bool		holds = evaluate(ExecInitExpr(guard->expression, NULL), context, new_row, old_row);

	FreeExprContext(context, true);
	return holds;
}

/* An error must not leave the guard looking busy. */
static bool
evaluate_as_owner(const Guard *guard, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	bool		busy = guard->context->ecxt_outertuple != NULL;
	bool		holds;

	guard->identity->running++;
	PG_TRY();
	{
		if (busy)
			holds = evaluate_anew(guard, new_row, old_row);
		else
			holds = evaluate(guard->state, guard->context, new_row, old_row);
	}
	PG_FINALLY();
	{
		guard->identity->running--;
		if (!busy)
			guard->context->ecxt_outertuple = NULL;
	}
	PG_END_TRY();
	if (!busy)
		ResetExprContext(guard->context);
	return holds;
}

/*
 * Whether the row satisfies the guard; NULL does not.  old_row is a row of NULLs where
 * there is none.
 */
bool
guard_holds(const Guard *guard, TupleTableSlot *new_row, TupleTableSlot *old_row)
{
	ErrorContextCallback callback;
	SavedIdentity saved;
	bool		holds;

	push_error_context(&callback, guard);
	become_owner(guard->identity, guard->needs_path, &saved);
	holds = evaluate_as_owner(guard, new_row, old_row);
	become_again(&saved);
	error_context_stack = callback.previous;
	return holds;
}
