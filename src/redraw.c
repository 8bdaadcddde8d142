/*-------------------------------------------------------------------------
 *
 * redraw.c
 *		Changing the diagram of a lifecycle that is stored already.
 *
 * Every such change begins by locking the lifecycle's row, so that one follows another, and
 * ends by storing the diagram under the name of what was done, for the history.  What is
 * changed in between is for rename.c and alter.c to know.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "history.h"
#include "ownership.h"
#include "redraw.h"
#include "report.h"
#include "rules.h"

/*
 * Reads a diagram; what is wrong with it is an error.
 */
Diagram *
read_diagram(const char *text)
{
	PureError	error;
	Diagram    *diagram = diagram_parse(text, &error);

	if (diagram == NULL)
		report_pure_error(&error);
	return diagram;
}

/*
 * Reads a diagram for the lifecycle's owner, as the latest committed one says, with a lock on
 * it until the transaction is over; NULL where there is no such lifecycle.
 */
static Diagram *
read_locked(const char *name, const char *query)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);
	MemoryContext caller = CurrentMemoryContext;
	RulesVisit	visit;
	char	   *owner = NULL,
			   *text = NULL;

	rules_enter(&visit);
	if (SPI_execute_with_args(query, 1, &type, &value, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not lock a lifecycle");
	if (SPI_processed > 0)
	{
		owner = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
		text = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2));
		owner = MemoryContextStrdup(caller, owner);
	}
	rules_leave(&visit);
	if (text == NULL)
		return NULL;
	check_owner(name, owner);
	return read_diagram(text);
}

/*
 * Reads a diagram to change it, and keeps others from changing it and from attaching tables.
 */
Diagram *
lock_diagram(const char *name)
{
	Diagram    *diagram = read_locked(name, "SELECT owner, diagram FROM lifecycle.lifecycle"
									  " WHERE name OPERATOR(pg_catalog.=) $1 FOR UPDATE");

	if (diagram == NULL)
		rules_missing(name);
	return diagram;
}

/*
 * Reads a diagram to write what leans on it, and keeps others from changing it, though not from
 * leaning on it too; NULL where there is no such lifecycle.
 */
Diagram *
share_diagram(const char *name)
{
	return read_locked(name, "SELECT owner, diagram FROM lifecycle.lifecycle"
					   " WHERE name OPERATOR(pg_catalog.=) $1 FOR KEY SHARE");
}

/*
 * Stores a changed diagram.  The search_path is that of whoever wrote its guards, NULL where
 * they are as they were; change is the history's word for it.
 */
void
store_diagram(const char *name, const Diagram *diagram, const char *search_path, const char *change)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(name),
		CStringGetTextDatum(diagram_print(diagram)),
		search_path == NULL ? (Datum) 0 : CStringGetTextDatum(search_path)
	};

	history_change(change, "UPDATE lifecycle.lifecycle"
				   " SET diagram = $2, search_path = COALESCE($3, search_path)"
				   " WHERE name OPERATOR(pg_catalog.=) $1",
				   lengthof(types), types, values, search_path == NULL ? "  n" : NULL);
}

/*
 * A label with a line break, say, could be printed but not read again.
 */
void
check_drawable(const Diagram *diagram, int stage)
{
	const char *label = diagram->stages[stage].label;
	PureError	error;
	const Diagram *drawn = diagram_parse(diagram_print(diagram), &error);

	if (drawn == NULL || strcmp(drawn->stages[stage].label, label) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be the label of a stage", label),
				 errhint("A label is one line of at most 255 bytes.")));
}

/*
 * A label that rows may still hold for one stage is not given to another.
 */
void
check_not_awaited(const char *name, const Diagram *diagram, const char *label)
{
	int			stage = diagram_find_former(diagram, label);

	if (stage != NO_STAGE)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("stage \"%s\" of lifecycle \"%s\" is still being renamed from \"%s\"",
						diagram->stages[stage].label, name, label),
				 errhint("Finish that first: CALL lifecycle.rename_stage(%s, %s, %s);",
						 quote_literal_cstr(name), quote_literal_cstr(label),
						 quote_literal_cstr(diagram->stages[stage].label))));
}
