/*-------------------------------------------------------------------------
 *
 * score_model.c
 *		Defining, changing, dropping and printing scores.
 *
 * These functions check what the user may do and then write the table of scores as its
 * owner.  How scores are read again is score_store.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "guard.h"
#include "history.h"
#include "ownership.h"
#include "report.h"
#include "rules.h"
#include "score_model.h"
#include "sql_text.h"

/*
 * Where a condition stands, in words.
 */
char *
score_rule_place(const ScoreRule *rule)
{
	return psprintf("of the rule \"%s\"", rule->text);
}

/*
 * Reads a definition, conditions included; what is wrong with it is an error.
 */
ScoreModel *
score_parse_definition(const char *definition)
{
	PureError	error;
	ScoreModel *model = score_parse(definition, &error);

	if (model == NULL)
		report_pure_error(&error);
	for (int i = 0; i < model->nrules; i++)
		guard_check_syntax(model->rules[i].condition, score_rule_place(&model->rules[i]));
	return model;
}

/*
 * Refuses what is no name for a score.
 */
void
score_check_name(const char *name)
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

/*
 * Whose score it is.  Waits for who changes it, and refuses unless it exists and is the
 * user's to change.
 */
static Datum
check_score_owner(const char *name)
{
	StoredScore *stored;

	history_await_others(&history_of_scores, name);
	stored = stored_score_find(name);
	if (stored == NULL)
		score_missing(name);
	if (!may_act_as(GetUserId(), stored->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of score \"%s\"", name),
				 errhint("It belongs to the role \"%s\".", stored->owner)));
	return CStringGetTextDatum(stored->owner);
}

/* The score, while it belongs to whom the user could act as. */
#define OF_SCORE " WHERE name OPERATOR(pg_catalog.=) $1 AND owner OPERATOR(pg_catalog.=) $2"

/* Who changed it by hand meanwhile has not been waited for; and an old snapshot may not have it. */
static void
check_changed(const char *name, uint64 nrows)
{
	if (nrows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("score \"%s\" has been changed meanwhile", name),
				 errhint("Try it again.")));
}

/*
 * create_score(name, definition) defines a score that belongs to the caller.
 */
PG_FUNCTION_INFO_V1(create_score);
Datum
create_score(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {
		PG_GETARG_DATUM(0), CStringGetTextDatum(GetUserNameFromId(GetUserId(), false)),
		CStringGetTextDatum(namespace_search_path), PG_GETARG_DATUM(1)
	};

	score_check_name(name);
	score_parse_definition(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	history_await_others(&history_of_scores, name);
	if (stored_score_find(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("score \"%s\" already exists", name),
				 errhint("Change it with lifecycle.alter_score().")));
	history_change("create", "INSERT INTO lifecycle.score_model (name, owner, search_path, definition)"
				   " VALUES ($1, $2, $3, $4)", lengthof(types), types, values, NULL);
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
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {
		PG_GETARG_DATUM(0), check_score_owner(name),
		CStringGetTextDatum(namespace_search_path), PG_GETARG_DATUM(1)
	};

	score_parse_definition(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	check_changed(name, history_change("alter", "UPDATE lifecycle.score_model"
									   " SET search_path = $3, definition = $4" OF_SCORE,
									   lengthof(types), types, values, NULL));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(drop_score);
Datum
drop_score(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {PG_GETARG_DATUM(0), check_score_owner(name)};

	check_changed(name, history_change("drop", "DELETE FROM lifecycle.score_model" OF_SCORE,
									   lengthof(types), types, values, NULL));
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

/*
 * score_definition_at(name, at) is the definition as it was then; NULL where there was none.
 */
PG_FUNCTION_INFO_V1(score_definition_at);
Datum
score_definition_at(PG_FUNCTION_ARGS)
{
	StoredScore *stored = stored_score_then(text_to_cstring(PG_GETARG_TEXT_PP(0)),
											PG_GETARG_TIMESTAMPTZ(1));

	if (stored->definition == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(stored->definition));
}

/*
 * dump_score(name) is the statement that defines the score elsewhere.
 */
PG_FUNCTION_INFO_V1(dump_score);
Datum
dump_score(PG_FUNCTION_ARGS)
{
	StoredScore *stored = stored_score_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	char	   *quote = dollar_quote(stored->definition, "score");

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("SELECT %s.create_score(%s, %s%s%s);\n", CRM_SCHEMA,
											  quote_literal_cstr(stored->name),
											  quote, stored->definition, quote)));
}
