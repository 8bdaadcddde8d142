/*-------------------------------------------------------------------------
 *
 * guard_trust.c
 *		Whose functions, operators, casts and types a guard may have run.
 *
 * They run with the rights of the lifecycle's owner.  How a guard is compiled and judged is
 * guard.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "guard_trust.h"

/* Which of those that the definer's names may mean is whose to decide. */
static bool
owns_schema(Oid role, Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	bool		owns;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	owns = is_member_of_role_nosuper(role, ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner);
	ReleaseSysCache(tuple);
	return owns;
}

/*
 * Which function, operator or cast a guard means is chosen by the types of the table's
 * columns too, and these may be anybody's: so could be a function that fits them better than
 * the one that the definer had in mind.  It would run with the rights of the lifecycle's
 * owner, so it must belong to somebody whom the owner stands in for, or to a superuser.
 * What the definer names stands in schemas of the definer's choice: whoever owns such a
 * schema is trusted too.  Casts are found by their types alone.
 */
static void
check_function(Oid function, Oid owner, bool is_cast)
{
	HeapTuple	tuple;
	Oid			function_owner,
				schema;

	if (function < FirstUnpinnedObjectId)
		return;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	function_owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	schema = ((Form_pg_proc) GETSTRUCT(tuple))->pronamespace;
	ReleaseSysCache(tuple);
	if (!superuser_arg(function_owner) && !is_member_of_role_nosuper(owner, function_owner) &&
		(is_cast || !owns_schema(function_owner, schema)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("a guard cannot %s function %s", is_cast ? "cast with" : "call",
						format_procedure(function)),
				 errdetail("The function belongs to \"%s\", and would run with the rights of \"%s\".",
						   GetUserNameFromId(function_owner, false), GetUserNameFromId(owner, false)),
				 errhint("Let a role own the function that \"%s\" is a member of, or a superuser.",
						 GetUserNameFromId(owner, false))));
}

typedef struct FunctionCheck
{
	Oid			owner;
	bool		is_cast;
} FunctionCheck;

static bool
check_one_function(Oid function, void *context)
{
	const FunctionCheck *check = context;

	check_function(function, check->owner, check->is_cast);
	return false;
}

static bool
check_functions(Node *node, void *owner)
{
	FunctionCheck check = {*(Oid *) owner, false};

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CALL)
		check.is_cast = true;
	(void) check_functions_in_node(node, check_one_function, &check);
	return expression_tree_walker(node, check_functions, owner);
}

/*
 * Refuses a guard that calls what is not trusted.
 */
void
guard_trust_functions(Node *expression, Oid owner)
{
	(void) check_functions(expression, &owner);
}

static void check_type(Oid type, Oid owner);

static void
check_columns(TupleDesc desc, Oid owner)
{
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			check_type(TupleDescAttr(desc, i)->atttypid, owner);
}

static void
check_domain(Oid domain, Oid owner)
{
	DomainConstraintRef *constraints = palloc(sizeof(DomainConstraintRef));	/* the context lets go of them */
	ListCell   *cell;

	InitDomainConstraintRef(domain, constraints, CurrentMemoryContext, false);
	foreach(cell, constraints->constraints)
		(void) check_functions((Node *) ((DomainConstraintState *) lfirst(cell))->check_expr, &owner);
	check_type(getBaseType(domain), owner);
}

/* What makes JSON of a value looks for a cast of its type. */
static void
check_cast_to_json(Oid type, Oid owner)
{
	Oid			targets[] = {JSONOID, JSONBOID};

	for (int i = 0; i < lengthof(targets); i++)
	{
		HeapTuple	tuple = SearchSysCache2(CASTSOURCETARGET, ObjectIdGetDatum(type), ObjectIdGetDatum(targets[i]));

		if (!HeapTupleIsValid(tuple))
			continue;
		check_function(((Form_pg_cast) GETSTRUCT(tuple))->castfunc, owner, true);
		ReleaseSysCache(tuple);
	}
}

/*
 * What no expression shows: functions that run because of a value's type alone, when a
 * constant becomes one of a domain, or a row JSON.
 */
static void
check_type(Oid type, Oid owner)
{
	check_stack_depth();
	if (type < FirstUnpinnedObjectId)
		return;
	check_cast_to_json(type, owner);
	if (get_typtype(type) == TYPTYPE_DOMAIN)
		check_domain(type, owner);
	else if (OidIsValid(get_element_type(type)))
		check_type(get_element_type(type), owner);
	else if (type_is_range(type))
		check_type(get_range_subtype(type), owner);
	else if (type_is_multirange(type))
		check_type(get_multirange_range(type), owner);
	else if (type_is_rowtype(type))
		check_columns(lookup_rowtype_tupdesc_copy(type, -1), owner);
}

/* Does it mention a column by itself?  Anything else that looks like one may mean the whole row. */
static bool
is_whole_row(Node *node, void *rel)
{
	const Node *last;

	if (node == NULL)
		return false;
	if (!IsA(node, ColumnRef))
		return raw_expression_tree_walker(node, is_whole_row, rel);
	last = llast(((ColumnRef *) node)->fields);
	return !IsA(last, String) ||
		get_attnum(RelationGetRelid((Relation) rel), strVal(last)) == InvalidAttrNumber;
}

static bool
mentions(Node *node, void *column)
{
	const Node *last;

	if (node == NULL)
		return false;
	if (!IsA(node, ColumnRef))
		return raw_expression_tree_walker(node, mentions, column);
	last = llast(((ColumnRef *) node)->fields);
	return IsA(last, String) && strcmp(strVal(last), column) == 0;
}

/*
 * Refuses a guard about columns of types that are not trusted, before it is given types
 * itself, which turns its constants into values of them.
 */
void
guard_trust_types(Node *raw, Relation rel, Oid owner)
{
	TupleDesc	desc = RelationGetDescr(rel);

	if (is_whole_row(raw, rel))
	{
		check_columns(desc, owner);
		return;
	}
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (!column->attisdropped && mentions(raw, NameStr(column->attname)))
			check_type(column->atttypid, owner);
	}
}
