/*-------------------------------------------------------------------------
 *
 * lifecycle.c
 *		Defining, dropping and printing lifecycles.
 *
 * These functions check what the user may do and then write the table of lifecycles as
 * its owner.  How rules are read again is rules.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "guard.h"
#include "history.h"
#include "lifecycle.h"
#include "ownership.h"
#include "report.h"
#include "rules.h"
#include "sql_text.h"

PG_FUNCTION_INFO_V1(create_lifecycle);
PG_FUNCTION_INFO_V1(drop_lifecycle);
PG_FUNCTION_INFO_V1(diagram);
PG_FUNCTION_INFO_V1(dump_lifecycle);

static void
check_name(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("a lifecycle needs a name")));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("lifecycle name \"%s\" is too long", name),
				 errdetail("A name has at most %d bytes.", NAMEDATALEN - 1)));
}

/*
 * Refuses guards that are no expressions.
 */
void
check_guards(const Diagram *diagram)
{
	for (int i = 0; i < diagram->nmoves; i++)
		guard_check_syntax(diagram->moves[i].guard, guard_place_of_move(diagram, &diagram->moves[i]));
	for (int i = 0; i < diagram->nstages; i++)
	{
		const DiagramStage *stage = &diagram->stages[i];

		guard_check_syntax(stage->entry, guard_place_of_entry(stage));
		guard_check_syntax(stage->exit, guard_place_of_exit(stage));
	}
}

/*
 * Most stages that no way leads to are misspelt.
 */
void
notice_unreachable(const char *name, const Diagram *diagram)
{
	const Machine *machine = machine_build(diagram);
	int		   *way = palloc((diagram->nstages + 1) * sizeof(int));

	for (int i = 0; i < diagram->nstages; i++)
		if (!diagram->stages[i].outside && machine_shortest_way(machine, NO_STAGE, i, way) == 0)
			ereport(NOTICE,
					(errmsg("no way leads to stage \"%s\" of lifecycle \"%s\"",
							diagram->stages[i].label, name)));
}

static void
insert_lifecycle(const char *name, const char *owner, const char *drawing)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(name),
		CStringGetTextDatum(owner),
		CStringGetTextDatum(namespace_search_path),
		CStringGetTextDatum(drawing)
	};

	history_change("create", "INSERT INTO lifecycle.lifecycle (name, owner, search_path, diagram)"
				   " VALUES ($1, $2, $3, $4)",
				   lengthof(types), types, values, NULL);
}

/*
 * create_lifecycle(name, diagram) defines a lifecycle that belongs to the caller.
 */
Datum
create_lifecycle(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *owner = GetUserNameFromId(GetUserId(), false);
	PureError	error;
	Diagram    *diagram;

	check_name(name);
	diagram = diagram_parse(text_to_cstring(PG_GETARG_TEXT_PP(1)), &error);
	if (diagram == NULL)
		report_pure_error(&error);
	check_guards(diagram);
	history_await_others(&history_of_lifecycles, name);
	if (rules_find(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("lifecycle \"%s\" already exists", name),
				 errhint("Choose another name, or drop it first with lifecycle.drop_lifecycle().")));

	notice_unreachable(name, diagram);
	insert_lifecycle(name, owner, diagram_print(diagram));
	PG_RETURN_VOID();
}

/*
 * drop_lifecycle(name) removes a lifecycle, for its owner and while no table
 * needs it: that is for the table's trigger to see.
 */
Datum
drop_lifecycle(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Rules	   *rules = rules_get(name);
	Oid			type = TEXTOID;
	Datum		value = PG_GETARG_DATUM(0);

	check_owner(name, rules->owner);
	rules_lock(name, true);
	history_change("drop", "DELETE FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1",
				   1, &type, &value, NULL);
	PG_RETURN_VOID();
}

/*
 * diagram(name) is the canonical text of the lifecycle as it stands.
 */
Datum
diagram(PG_FUNCTION_ARGS)
{
	Rules	   *rules = rules_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	PG_RETURN_TEXT_P(cstring_to_text(diagram_print(rules->diagram)));
}

/*
 * dump_lifecycle(name) is the statement that defines the lifecycle elsewhere.
 */
Datum
dump_lifecycle(PG_FUNCTION_ARGS)
{
	Rules	   *rules = rules_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	char	   *text = diagram_print(rules->diagram);
	char	   *quote = dollar_quote(text, "diagram");

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("SELECT %s.create_lifecycle(%s, %s\n%s%s);\n",
											  CRM_SCHEMA, quote_literal_cstr(rules->name),
											  quote, text, quote)));
}
