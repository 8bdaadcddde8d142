/*-------------------------------------------------------------------------
 *
 * dependents.c
 *		Which tables need a lifecycle: it cannot go before they let go of it.
 *
 * A table either is attached to it, or has rows that name it.  Those rows are counted
 * with the rights of the table's owner, for the type of the column that names it may be
 * that owner's, and so may a cast of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "dependents.h"

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

/* Runs the query that counts a table's rows as the table's owner; NULL if there are none. */
static char *
count_as_owner(const char *query, Oid owner, const char *name)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);
	Oid			userid;
	int			sec_context;

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(owner, sec_context | SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	SPI_execute_with_args(query, 1, &type, &value, NULL, false, 0);
	SetUserIdAndSecContext(userid, sec_context);
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/* Names the tables that have rows which name the lifecycle, and how many; NULL if none has. */
static char *
naming_tables(const char *name)
{
	SPITupleTable *found;
	StringInfoData list;

	SPI_execute("SELECT a.relation, c.relowner,"
				" pg_catalog.format('SELECT NULLIF(pg_catalog.count(*), 0) FROM %I.%I t"
				" WHERE t.%I::pg_catalog.text OPERATOR(pg_catalog.=) $1', n.nspname, c.relname, a.lifecycle_column)"
				" FROM lifecycle.attachments a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation"
				" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
				" WHERE a.lifecycle_column IS NOT NULL", false, 0);
	found = SPI_tuptable;
	initStringInfo(&list);
	for (uint64 i = 0; i < found->numvals; i++)
	{
		bool		isnull;
		Oid			owner = DatumGetObjectId(SPI_getbinval(found->vals[i], found->tupdesc, 2, &isnull));
		char	   *count = count_as_owner(SPI_getvalue(found->vals[i], found->tupdesc, 3), owner, name);

		if (count != NULL)
			appendStringInfo(&list, "%s%s (%s)", list.len > 0 ? ", " : "",
							 SPI_getvalue(found->vals[i], found->tupdesc, 1), count);
	}
	return list.len > 0 ? list.data : NULL;
}

/*
 * Refuses to let a lifecycle go that tables need.  Runs as the owner of the table of
 * lifecycles, connected to SPI.
 */
void
refuse_if_needed(const char *name)
{
	char	   *tables = attached_tables(name);

	if (tables != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop lifecycle \"%s\" because tables are attached to it", name),
				 errdetail("Attached: %s.", tables),
				 errhint("Call lifecycle.detach() for each of them first.")));
	tables = naming_tables(name);
	if (tables != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop lifecycle \"%s\" because rows name it", name),
				 errdetail("Tables and their rows: %s.", tables),
				 errhint("Have these rows name another lifecycle first.")));
}
