/*-------------------------------------------------------------------------
 *
 * attach_objects.c
 *		What an attachment consists of: a CHECK, triggers and perhaps a log.
 *
 * All of it are ordinary objects of PostgreSQL on the user's table, made by the same
 * statements that the user could write.  They run as the user, who must own the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "attach.h"
#include "log_table.h"

/*
 * Sorts after every name that begins with a letter, and so do the triggers. Only the log's
 * comes first: where another trigger moves the row on, the log has the first move first.
 */
#define TRIGGER_PREFIX "~lifecycle"
#define LOG_TRIGGER_PREFIX "!lifecycle"

/*
 * Runs a statement as the user.
 */
void
run(const char *sql)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not execute: %s", sql);
}

const char *
quoted_column(const AttachRequest *request, AttachedColumn column)
{
	return quote_identifier(request->columns[column]);
}

/* The columns that the trigger names, or what they are; the CHECK names the stage. */
static char *
column_list(const AttachRequest *request, bool meanings)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int c = JOURNEY_COLUMN; c < NUM_ATTACHED_COLUMNS; c++)
		if (request->columns[c] != NULL)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
							 meanings ? attached_column_names[c] : quoted_column(request, c));
	return list.data;
}

static const char *
object_name(const char *key, const char *what)
{
	return quote_identifier(makeObjectName(TRIGGER_PREFIX, key, what));
}

static const char *
log_trigger_name(const char *key)
{
	return quote_identifier(makeObjectName(LOG_TRIGGER_PREFIX, key, "log"));
}

static const char *
constraint_name(const char *key)
{
	return quote_identifier(makeObjectName("lifecycle", key, "check"));
}

/* Tells those who look at the table what an object on it is for, and how to be rid of it. */
static void
comment(const AttachRequest *request, const char *kind, const char *name, const char *what)
{
	run(psprintf("COMMENT ON %s %s ON %s IS %s", kind, name, request->table,
				 quote_literal_cstr(psprintf("%s; lifecycle.detach() removes it", what))));
}

void
create_check(const AttachRequest *request)
{
	run(psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (lifecycle.ends_in(%s, %s))%s",
				 request->table, constraint_name(request->key),
				 quoted_column(request, JOURNEY_COLUMN), quoted_column(request, STAGE_COLUMN),
				 request->defer ? " NOT VALID" : ""));
	comment(request, "CONSTRAINT", constraint_name(request->key), "keeps journey and stage in step");
}

/* The trigger that says which lifecycle, which columns and which mode. */
void
create_registry(const AttachRequest *request)
{
	run(psprintf("CREATE TRIGGER %s BEFORE UPDATE OF %s ON %s FOR EACH STATEMENT"
				 " EXECUTE FUNCTION lifecycle." ATTACHMENT_FUNCTION "(%s, %s, %s, %s)",
				 object_name(request->key, "columns"), column_list(request, false), request->table,
				 quote_literal_cstr(request->key),
				 quote_literal_cstr(request->lifecycle != NULL ? request->lifecycle : ""),
				 quote_literal_cstr(column_list(request, true)),
				 quote_literal_cstr(enforcement_mode_names[request->mode])));
	comment(request, "TRIGGER", object_name(request->key, "columns"), "says what is attached to which columns, and how strictly");
}

/* Rows leave a table for another partition by a DELETE; elsewhere deletes do not matter. */
void
create_triggers(const AttachRequest *request)
{
	const char *key = quote_literal_cstr(request->key);
	const char *or_delete = request->partitions ? " OR DELETE" : "";

	create_registry(request);
	run(psprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE%s ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle." BEFORE_FUNCTION "(%s)",
				 object_name(request->key, "move"), or_delete, request->table, key));
	comment(request, "TRIGGER", object_name(request->key, "move"), "refuses illegal moves and keeps the journey");
	run(psprintf("CREATE TRIGGER %s AFTER INSERT%s ON %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle." AFTER_FUNCTION "(%s)",
				 object_name(request->key, "entry"), or_delete, request->table, key));
	comment(request, "TRIGGER", object_name(request->key, "entry"), "refuses rows that begin where none may");
}

/* The columns of the table's key, as the log declares them; NULL where it has no key. */
static char *
log_key_declarations(const AttachRequest *request)
{
	Relation	rel = relation_open(request->relid, NoLock);
	StringInfoData columns;
	ListCell   *cell;

	initStringInfo(&columns);
	foreach(cell, log_key_columns(rel))
	{
		char	   *key = lfirst(cell);
		Oid			type;
		int32		typmod;
		Oid			collation;

		get_atttypetypmodcoll(request->relid, get_attnum(request->relid, key), &type, &typmod, &collation);
		appendStringInfo(&columns, "%s %s NOT NULL, ", quote_identifier(log_key_name(key)),
						 format_type_extended(type, typmod, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	relation_close(rel, NoLock);
	return columns.len > 0 ? columns.data : NULL;
}

static const char *
log_name(const AttachRequest *request)
{
	char	   *schema = get_namespace_name(get_rel_namespace(request->relid));
	char	   *of = strcmp(request->key, "stage") == 0 ? NULL : request->key;

	return quote_qualified_identifier(schema, makeObjectName(request->name, of, "stage_log"));
}

static const char *
table_owner(const AttachRequest *request)
{
	Relation	rel = relation_open(request->relid, NoLock);
	char	   *owner = GetUserNameFromId(rel->rd_rel->relowner, false);

	relation_close(rel, NoLock);
	return quote_identifier(owner);
}

/*
 * Makes the log, which is the table owner's, whoever attaches, and the trigger that
 * writes it.
 */
void
create_log(const AttachRequest *request)
{
	char	   *keys = log_key_declarations(request);
	const char *log = log_name(request);

	if (keys == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no primary key, so a log could not say which row has moved", request->name),
				 errhint("Add a primary key, or attach it without a log.")));
	run(psprintf("CREATE TABLE %s (number pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, %s%s)",
				 log, keys, log_columns()));
	run(psprintf("ALTER TABLE %s OWNER TO %s", log, table_owner(request)));
	run(psprintf("COMMENT ON TABLE %s IS %s", log,
				 quote_literal_cstr(psprintf("moves of %s, written by lifecycle.log_move()", request->table))));
	run(psprintf("CREATE CONSTRAINT TRIGGER %s AFTER INSERT OR UPDATE OR DELETE ON %s FROM %s FOR EACH ROW"
				 " EXECUTE FUNCTION lifecycle.log_move(%s)",
				 log_trigger_name(request->key), request->table, log, quote_literal_cstr(request->key)));
	comment(request, "TRIGGER", log_trigger_name(request->key), psprintf("writes the log %s", log));
}

/* Drops those triggers of the attachment that call one of these functions, whatever they are named. */
static void
drop_triggers(const AttachRequest *request, const char *functions)
{
	SPITupleTable *found;

	run(psprintf("SELECT tgname FROM pg_catalog.pg_trigger"
				 " WHERE tgrelid OPERATOR(pg_catalog.=) %u"
				 " AND tgfoid OPERATOR(pg_catalog.=) ANY ('{%s}'::pg_catalog.regprocedure[])"
				 " AND (lifecycle.trigger_arguments(tgargs))[1] OPERATOR(pg_catalog.=) %s",
				 request->relid, functions, quote_literal_cstr(request->key)));
	found = SPI_tuptable;
	for (uint64 i = 0; i < found->numvals; i++)
		run(psprintf("DROP TRIGGER %s ON %s",
					 quote_identifier(SPI_getvalue(found->vals[i], found->tupdesc, 1)), request->table));
}

void
drop_registry(const AttachRequest *request)
{
	drop_triggers(request, "lifecycle." ATTACHMENT_FUNCTION "()");
}

/*
 * Takes off all but the column and the journeys.
 */
void
drop_objects(const AttachRequest *request)
{
	drop_triggers(request, ATTACHED_FUNCTIONS);
	run(psprintf("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", request->table, constraint_name(request->key)));
}
