/*-------------------------------------------------------------------------
 *
 * lifecycle.c
 *		Defining, dropping and printing lifecycles.
 *
 * These functions check what the user may do and then write the rule tables as the
 * tables' owner.  How rules are read again is rules.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "guard.h"
#include "ownership.h"
#include "report.h"
#include "rules.h"

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

static void
check_guards(const Diagram *diagram)
{
	for (int i = 0; i < diagram->nmoves; i++)
		guard_check_syntax(diagram->moves[i].guard);
	for (int i = 0; i < diagram->nstages; i++)
	{
		guard_check_syntax(diagram->stages[i].entry);
		guard_check_syntax(diagram->stages[i].exit);
	}
}

static Datum
text_or_null(const char *text, char *isnull)
{
	*isnull = text == NULL ? 'n' : ' ';
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

static Datum
list_datum(const TextList *list)
{
	Datum	   *items = palloc(Max(list->count, 1) * sizeof(Datum));

	for (int i = 0; i < list->count; i++)
		items[i] = CStringGetTextDatum(list->items[i]);
	return PointerGetDatum(construct_array(items, list->count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
insert_lifecycle(const char *name, const char *owner, const Diagram *diagram)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID};
	Datum		values[6];
	char		nulls[] = "      ";

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(owner);
	values[2] = CStringGetTextDatum(namespace_search_path);
	values[3] = text_or_null(diagram->direction, &nulls[3]);
	values[4] = text_or_null(diagram->front_matter, &nulls[4]);
	values[5] = list_datum(&diagram->presentation);
	SPI_execute_with_args("INSERT INTO lifecycle.lifecycle"
						  " (name, owner, search_path, direction, front_matter, presentation)"
						  " VALUES ($1, $2, $3, $4, $5, $6)",
						  lengthof(types), types, values, nulls, false, 0);
}

/* What the diagram draws, as rows: diagram_stages() and diagram_moves() know how. */
static void
insert_drawing(const char *name, text *diagram)
{
	static const char *const statements[] = {
		"INSERT INTO lifecycle.phase (lifecycle, position, id, title, direction)"
		" SELECT $1, pg_catalog.min(position), phase, pg_catalog.min(phase_title),"
		" pg_catalog.min(phase_direction)"
		" FROM lifecycle.diagram_stages($2) WHERE phase IS NOT NULL GROUP BY phase",
		"INSERT INTO lifecycle.stage (lifecycle, position, id, label, title, description, phase, outcome,"
		" probability, sla, owner, goal, metrics, requires, entry_guard, exit_guard, reasons, outside,"
		" undo, color, note, note_left)"
		" SELECT $1, position, id, label, title, description, phase, outcome,"
		" probability, sla, owner, goal, metrics, requires, entry_guard, exit_guard, reasons, outside,"
		" undo, color, note, note_left FROM lifecycle.diagram_stages($2)",
		"INSERT INTO lifecycle.transition"
		" (lifecycle, position, from_stage, from_phase, to_stage, event, guard, action)"
		" SELECT $1, position, from_stage, from_phase, to_stage, event, guard, action"
		" FROM lifecycle.diagram_moves($2)",
	};
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name), PointerGetDatum(diagram)};

	for (int i = 0; i < lengthof(statements); i++)
		SPI_execute_with_args(statements[i], lengthof(types), types, values, NULL, false, 0);
}

/*
 * create_lifecycle(name, diagram) defines a lifecycle that belongs to the caller.
 */
Datum
create_lifecycle(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	text	   *drawing = PG_GETARG_TEXT_PP(1);
	char	   *owner = GetUserNameFromId(GetUserId(), false);
	PureError	error;
	Diagram    *diagram;
	Oid			userid;
	int			sec_context;

	check_name(name);
	diagram = diagram_parse(text_to_cstring(drawing), &error);
	if (diagram == NULL)
		report_pure_error(&error);
	check_guards(diagram);
	if (rules_find(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("lifecycle \"%s\" already exists", name),
				 errhint("Choose another name, or drop it first with lifecycle.drop_lifecycle().")));

	rules_as_owner(&userid, &sec_context);
	SPI_connect();
	insert_lifecycle(name, owner, diagram);
	insert_drawing(name, drawing);
	SPI_finish();
	rules_as_before(userid, sec_context);
	PG_RETURN_VOID();
}

/* Names the tables that are attached to the lifecycle; NULL if none is. */
static char *
attached_tables(const char *name)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);

	SPI_execute_with_args("SELECT pg_catalog.string_agg(relation::pg_catalog.text, ', ')"
						  " FROM lifecycle.attachments WHERE lifecycle OPERATOR(pg_catalog.=) $1",
						  1, &type, &value, NULL, false, 0);
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/*
 * drop_lifecycle(name) removes a lifecycle, for its owner and while no table is
 * attached to it.
 */
Datum
drop_lifecycle(PG_FUNCTION_ARGS)
{
	static const char *const statements[] = {
		"DELETE FROM lifecycle.transition WHERE lifecycle OPERATOR(pg_catalog.=) $1",
		"DELETE FROM lifecycle.stage WHERE lifecycle OPERATOR(pg_catalog.=) $1",
		"DELETE FROM lifecycle.phase WHERE lifecycle OPERATOR(pg_catalog.=) $1",
		"DELETE FROM lifecycle.lifecycle WHERE name OPERATOR(pg_catalog.=) $1",
	};
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Rules	   *rules = rules_get(name);
	Oid			type = TEXTOID;
	Datum		value = PG_GETARG_DATUM(0);
	char	   *tables;
	Oid			userid;
	int			sec_context;

	check_owner(name, rules->owner);
	rules_as_owner(&userid, &sec_context);
	SPI_connect();
	tables = attached_tables(name);
	if (tables != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop lifecycle \"%s\" because tables are attached to it", name),
				 errdetail("Attached: %s.", tables),
				 errhint("Call lifecycle.detach() for each of them first.")));
	/* What refers to others goes before them. */
	for (int i = 0; i < lengthof(statements); i++)
		SPI_execute_with_args(statements[i], 1, &type, &value, NULL, false, 0);
	SPI_finish();
	rules_as_before(userid, sec_context);
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

/* A dollar quote that the text does not contain. */
static char *
dollar_quote(const char *text)
{
	char	   *tag = pstrdup("$$");

	for (int i = 1; strstr(text, tag) != NULL; i++)
		tag = psprintf("$diagram%d$", i);
	return tag;
}

/*
 * dump_lifecycle(name) is the statement that defines the lifecycle elsewhere.
 */
Datum
dump_lifecycle(PG_FUNCTION_ARGS)
{
	Rules	   *rules = rules_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	char	   *text = diagram_print(rules->diagram);
	char	   *quote = dollar_quote(text);

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("SELECT %s.create_lifecycle(%s, %s\n%s%s);\n",
											  CRM_SCHEMA, quote_literal_cstr(rules->name),
											  quote, text, quote)));
}
