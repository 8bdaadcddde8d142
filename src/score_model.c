/*-------------------------------------------------------------------------
 *
 * score_model.c
 *		Defining, dropping and printing scores, and what stands between their table and
 *		everybody's INSERT.
 *
 * A score is a row of a table, as a lifecycle is, and for the same reasons: dumps carry
 * it, in any order, also of databases whose owner is no superuser; and nobody can plant
 * one in another's name, because its conditions run as its owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "guard.h"
#include "ownership.h"
#include "report.h"
#include "rules.h"
#include "score_model.h"

/*
 * Where a condition stands, in words.
 */
char *
score_rule_place(const ScoreRule *rule)
{
	return psprintf("of the rule \"%s\"", rule->text);
}

/* Reads a definition, conditions included; what is wrong with it is an error. */
static ScoreModel *
parse_definition(const char *definition)
{
	PureError	error;
	ScoreModel *model = score_parse(definition, &error);

	if (model == NULL)
		report_pure_error(&error);
	for (int i = 0; i < model->nrules; i++)
		guard_check_syntax(model->rules[i].condition, score_rule_place(&model->rules[i]));
	return model;
}

/* Runs a statement on the table of scores as its owner; returns how many rows it met. */
static uint64
run_as_owner(const char *sql, int nargs, Datum *values)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	RulesVisit	visit;
	uint64		processed;

	Assert(nargs <= lengthof(types));
	rules_enter(&visit);
	if (SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not execute: %s", sql);
	processed = SPI_processed;
	rules_leave(&visit);
	return processed;
}

static char *
found_text(int column, MemoryContext context)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return MemoryContextStrdup(context, text);
}

/* Into the current context; with the latest snapshot, as rules.c reads lifecycles and why. */
static StoredScore *
find_stored(const char *name)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);
	StoredScore *stored = NULL;
	RulesVisit	visit;

	rules_enter(&visit);
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute_with_args("SELECT owner, search_path, definition FROM lifecycle.score_model"
							  " WHERE name OPERATOR(pg_catalog.=) $1",
							  1, &type, &value, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the table of scores");
	if (SPI_processed > 0)
	{
		stored = MemoryContextAlloc(context, sizeof(StoredScore));
		stored->name = MemoryContextStrdup(context, name);
		stored->owner = found_text(1, context);
		stored->search_path = found_text(2, context);
		stored->definition = found_text(3, context);
	}
	PopActiveSnapshot();
	rules_leave(&visit);
	return stored;
}

/*
 * A score, read in the current context; an error where it does not exist.
 */
StoredScore *
stored_score_get(const char *name)
{
	StoredScore *stored = find_stored(name);
	PureError	error;

	if (stored == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("score \"%s\" does not exist", name),
				 errhint("Define it with lifecycle.create_score().")));
	stored->model = score_parse(stored->definition, &error);
	if (stored->model == NULL)
		report_pure_error(&error);
	return stored;
}

static void
check_name(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("a score needs a name")));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("score name \"%s\" is too long", name),
				 errdetail("A name has at most %d bytes.", NAMEDATALEN - 1)));
}

/* Refuses unless the score exists and the user may change it. */
static void
check_score_owner(const char *name)
{
	StoredScore *stored = stored_score_get(name);

	if (!may_act_as(GetUserId(), stored->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of score \"%s\"", name),
				 errhint("It belongs to the role \"%s\".", stored->owner)));
}

/*
 * create_score(name, definition) defines a score that belongs to the caller.
 */
PG_FUNCTION_INFO_V1(create_score);
Datum
create_score(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum		values[4];

	check_name(name);
	parse_definition(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (find_stored(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("score \"%s\" already exists", name),
				 errhint("Change it with lifecycle.alter_score().")));
	values[0] = PG_GETARG_DATUM(0);
	values[1] = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
	values[2] = CStringGetTextDatum(namespace_search_path);
	values[3] = PG_GETARG_DATUM(1);
	run_as_owner("INSERT INTO lifecycle.score_model (name, owner, search_path, definition)"
				 " VALUES ($1, $2, $3, $4)", 4, values);
	PG_RETURN_VOID();
}

/*
 * alter_score(name, definition): another definition, understood in the caller's
 * search_path; the score stays its owner's.
 */
PG_FUNCTION_INFO_V1(alter_score);
Datum
alter_score(PG_FUNCTION_ARGS)
{
	Datum		values[3];

	check_score_owner(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	parse_definition(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	values[0] = PG_GETARG_DATUM(0);
	values[1] = CStringGetTextDatum(namespace_search_path);
	values[2] = PG_GETARG_DATUM(1);
	run_as_owner("UPDATE lifecycle.score_model SET search_path = $2, definition = $3"
				 " WHERE name OPERATOR(pg_catalog.=) $1", 3, values);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(drop_score);
Datum
drop_score(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);

	check_score_owner(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	run_as_owner("DELETE FROM lifecycle.score_model WHERE name OPERATOR(pg_catalog.=) $1", 1, &value);
	PG_RETURN_VOID();
}

/*
 * score_definition(name) is the definition, as it was written.
 */
PG_FUNCTION_INFO_V1(score_definition);
Datum
score_definition(PG_FUNCTION_ARGS)
{
	StoredScore *stored = stored_score_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_TEXT_P(cstring_to_text(stored->definition));
}

static char *
column_value(Relation rel, HeapTuple tuple, const char *column)
{
	return SPI_getvalue(tuple, RelationGetDescr(rel), SPI_fnumber(RelationGetDescr(rel), column));
}

/* A score in the name of a role that is not the inserter's becomes the inserter's. */
static HeapTuple
owned_by_inserter(Relation rel, HeapTuple tuple)
{
	int			attno = SPI_fnumber(RelationGetDescr(rel), "owner");
	char	   *owner = column_value(rel, tuple, "owner");
	Datum		value;
	bool		isnull = false;

	if (owner == NULL || may_act_as(GetUserId(), owner))
		return tuple;
	value = CStringGetTextDatum(GetUserNameFromId(GetUserId(), false));
	return heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1, &attno, &value, &isnull);
}

/*
 * guard_scores() is the trigger on the table of scores.
 */
PG_FUNCTION_INFO_V1(guard_scores);
Datum
guard_scores(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	HeapTuple	tuple;
	char	   *definition;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"guard_scores\" can only be called as a trigger")));
	CacheInvalidateRelcacheByRelid(RelationGetRelid(trigdata->tg_relation));
	if (!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_trigtuple);
	tuple = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ? trigdata->tg_trigtuple : trigdata->tg_newtuple;
	definition = column_value(trigdata->tg_relation, tuple, "definition");
	if (definition != NULL)
		parse_definition(definition);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		tuple = owned_by_inserter(trigdata->tg_relation, tuple);
	return PointerGetDatum(tuple);
}
