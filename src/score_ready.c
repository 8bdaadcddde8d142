/*-------------------------------------------------------------------------
 *
 * score_ready.c
 *		Scores with their conditions compiled for rows of one type, kept by whoever calls.
 *
 * A score is read and its conditions compiled once per place in a query (or in a guard),
 * and again once anything changed that they may depend on.  Conditions are guards and
 * run as guard.c runs these: as the owner, in a security-restricted operation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "executor/executor.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "score_ready.h"

/* How many a place keeps: a year's definitions, asked for one after the other, row by row. */
#define MAX_READY 64

static Relation
open_row_type(Oid row_type)
{
	Oid			relid = get_typ_typrelid(row_type);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a score needs a row of a table, not one of type %s", format_type_be(row_type)),
				 errhint("Give it the table's name or alias, or cast the row to a composite type.")));
	return relation_open(relid, AccessShareLock);
}

static void
compile_conditions(ReadyScore *ready, Relation rel)
{
	const StoredScore *stored = ready->stored;

	ready->identity.lifecycle = stored->name;
	ready->identity.kind = "score";
	ready->identity.owner = get_role_oid(stored->owner, true);
	ready->identity.search_path = guard_search_path(stored->search_path);
	ready->guards = palloc0(stored->model->nrules * sizeof(Guard *));
	for (int i = 0; i < stored->model->nrules; i++)
		ready->guards[i] = guard_compile(stored->model->rules[i].condition,
										 score_rule_place(&stored->model->rules[i]),
										 &ready->identity, rel);
}

/* In the current context, which is to be the score's own. */
static ReadyScore *
make_ready(StoredScore *stored, Oid row_type)
{
	ReadyScore *ready = palloc0(sizeof(ReadyScore));
	Relation	rel;

	ready->context = CurrentMemoryContext;
	ready->stored = stored;
	ready->row_type = row_type;
	ready->changes = score_changes();
	if (stored->model == NULL)
		return ready;
	rel = open_row_type(row_type);
	ready->row = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(rel)),
										  &TTSOpsHeapTuple);
	ready->no_row = MakeSingleTupleTableSlot(ready->row->tts_tupleDescriptor, &TTSOpsVirtual);
	ExecStoreAllNullTuple(ready->no_row);
	compile_conditions(ready, rel);
	relation_close(rel, NoLock);
	return ready;
}

/* One that is at work, because a condition of its asks for scores again, stays until the query ends. */
static void
let_go(ReadyScore *ready)
{
	if (ready->identity.running == 0)
		MemoryContextDelete(ready->context);
}

static bool
is_of(const ReadyScore *ready, const char *name, Oid row_type, const TimestampTz *rules_of)
{
	return ready->row_type == row_type && strcmp(ready->stored->name, name) == 0 &&
		stored_score_is_of(ready->stored, rules_of);
}

/* Takes the score out of those that the place keeps; NULL where it is not there. */
static ReadyScore *
take_kept(ReadyScore **kept, const char *name, Oid row_type, const TimestampTz *rules_of)
{
	for (ReadyScore **at = kept; *at != NULL; at = &(*at)->next)
	{
		ReadyScore *ready = *at;

		if (!is_of(ready, name, row_type, rules_of))
			continue;
		*at = ready->next;
		return ready;
	}
	return NULL;
}

/* The one asked for last comes first, beyond MAX_READY the last one goes. */
static void
keep(ReadyScore **kept, ReadyScore *ready)
{
	ReadyScore **at = &ready->next;

	ready->next = *kept;
	*kept = ready;
	for (int n = 1; *at != NULL && n < MAX_READY; n++)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	let_go(*at);
	*at = NULL;
}

/* What was read is kept where it still stands and merely its conditions have to be compiled anew. */
static ReadyScore *
make_again(FunctionCallInfo fcinfo, ReadyScore *old, const char *name, Oid row_type,
		   const TimestampTz *rules_of)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle score",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	StoredScore *stored;
	ReadyScore *ready;

	if (old != NULL && stored_score_stands(old->stored))
		stored = stored_score_copy(old->stored);
	else
		stored = rules_of == NULL ? stored_score_get(name) : stored_score_then(name, *rules_of);
	ready = make_ready(stored, row_type);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, fcinfo->flinfo->fn_mcxt);
	if (old != NULL)
		let_go(old);
	return ready;
}

/*
 * The score of a call, made ready once and not once a row: as it is today, or, where
 * rules_of is not NULL, as it was then; without guards where there was none.
 */
ReadyScore *
ready_score(FunctionCallInfo fcinfo, const char *name, Oid row_type, const TimestampTz *rules_of)
{
	ReadyScore *kept = fcinfo->flinfo->fn_extra;
	ReadyScore *ready = take_kept(&kept, name, row_type, rules_of);

	fcinfo->flinfo->fn_extra = kept;
	if (ready == NULL || !stored_score_stands(ready->stored) || ready->changes != score_changes())
		ready = make_again(fcinfo, ready, name, row_type, rules_of);
	kept = fcinfo->flinfo->fn_extra;
	keep(&kept, ready);
	fcinfo->flinfo->fn_extra = kept;
	return ready;
}

/*
 * The same without conditions, for what needs the definition alone; one is kept.
 */
StoredScore *
kept_score(FunctionCallInfo fcinfo, const char *name, const TimestampTz *rules_of)
{
	StoredScore *stored = fcinfo->flinfo->fn_extra;
	MemoryContext context,
				caller;

	if (stored != NULL && strcmp(stored->name, name) == 0 && stored_score_is_of(stored, rules_of) &&
		stored_score_stands(stored))
		return stored;
	context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle score", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	stored = rules_of == NULL ? stored_score_get(name) : stored_score_then(name, *rules_of);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, fcinfo->flinfo->fn_mcxt);
	if (fcinfo->flinfo->fn_extra != NULL)
		MemoryContextDelete(GetMemoryChunkContext(fcinfo->flinfo->fn_extra));
	fcinfo->flinfo->fn_extra = stored;
	return stored;
}
