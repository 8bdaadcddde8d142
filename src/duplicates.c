/*-------------------------------------------------------------------------
 *
 * duplicates.c
 *		Rows that turn out to be the same customer: one is kept, with the journeys of all.
 *
 * Everything is done by statements with the caller's rights, but for two things.  The
 * journey of the row that is kept is written, which nobody may do by hand; it is made here
 * of what the rows held, so nobody can bring another one.  And tables that refer to the
 * rows, and are others', are written as their owners, if the caller may write them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "actor.h"
#include "compat.h"
#include "context.h"
#include "duplicates.h"
#include "face.h"
#include "journey_io.h"
#include "journey_keep.h"
#include "sql_text.h"

PG_FUNCTION_INFO_V1(merge_duplicates);

typedef struct Merge
{
	Oid			relid;
	char	   *table;			/* qualified and quoted */
	char	   *attachment;		/* its key */
	char	   *column;			/* of the primary key */
	char	   *type;			/* its type */
	char	   *equal;			/* the equality of its values */
	char	   *stage;			/* the stage column, quoted, and its type */
	char	   *stage_type;
	char	   *keep;			/* the key of the row that is kept, as text */
	Oid			types[2];
	Datum		keys[2];		/* of the row that is kept, and of the others */
	Datum		journey;		/* of all; 0 until it is written */
} Merge;

static Merge *merging = NULL;

bool
duplicates_are_merged(Oid relid)
{
	return merging != NULL && merging->relid == relid;
}

static char *
text_of(TupleTableSlot *row, AttrNumber column, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(TupleDescAttr(row->tts_tupleDescriptor, column - 1)->atttypid, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

Datum
duplicates_journey(const Binding *binding, TupleTableSlot *row)
{
	AttrNumber	column;
	bool		isnull;
	Datum		key;

	if (merging == NULL || merging->journey == (Datum) 0 || merging->relid != binding->home ||
		strcmp(merging->attachment, binding->key) != 0)
		return (Datum) 0;
	column = get_attnum(binding->relid, merging->column);
	key = slot_getattr(row, column, &isnull);
	return !isnull && strcmp(text_of(row, column, key), merging->keep) == 0 ? merging->journey : (Datum) 0;
}

static char *
found_text(int column)
{
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);
}

/* A type of two columns, as it is called on any search_path. */
static char *
found_type(int column)
{
	return format_type_extended(atooid(found_text(column)), atoi(found_text(column + 1)),
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* A query about the table, with the keys as $1 and $2. */
static void
execute(const Merge *merge, const char *sql, int expected)
{
	Merge	   *writable = unconstify(Merge *, merge);

	if (SPI_execute_with_args(sql, 2, writable->types, writable->keys, NULL, false, 0) != expected)
		elog(ERROR, "could not execute: %s", sql);
}

/* The rows that are gone, and with the one that is kept all of them, in conditions over its column. */
static char *
condition(const Merge *merge, const char *column, bool all)
{
	char	   *others = psprintf("CAST($2 AS %s[])", merge->type);

	if (all)
		others = psprintf("pg_catalog.array_prepend(CAST($1 AS %s), %s)", merge->type, others);
	return psprintf("%s %s ANY (%s)", column, merge->equal, others);
}

/* Looks up columns: those of the attachment, and the primary key's. */
static void
read_columns(Merge *merge, const char *stage_column)
{
	char	   *sql = psprintf("SELECT a.key, pg_catalog.quote_ident(a.stage_column), a.lifecycle_column IS NULL, k.attname,"
							   " k.atttypid, k.atttypmod, s.atttypid, s.atttypmod"
							   " FROM lifecycle.attachment_of(%u, %s) a"
							   " JOIN pg_catalog.pg_attribute s ON s.attrelid OPERATOR(pg_catalog.=) a.relation"
							   " AND s.attname OPERATOR(pg_catalog.=) a.stage_column"
							   " LEFT JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) a.relation"
							   " AND i.indisprimary AND i.indnkeyatts OPERATOR(pg_catalog.=) 1"
							   " LEFT JOIN pg_catalog.pg_attribute k ON k.attrelid OPERATOR(pg_catalog.=) i.indrelid"
							   " AND k.attnum OPERATOR(pg_catalog.=) i.indkey[0]",
							   merge->relid, stage_column == NULL ? "NULL" : quote_literal_cstr(stage_column));

	execute(merge, sql, SPI_OK_SELECT);
	merge->attachment = found_text(1);
	merge->stage = found_text(2);
	merge->column = found_text(4);
	merge->stage_type = found_type(7);
	merge->table = table_name_of(merge->relid);
	if (strcmp(found_text(3), "t") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the rows of table %s follow different lifecycles", merge->table)));
	if (merge->column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s has no primary key of one column", merge->table)));
	merge->type = found_type(5);
	merge->equal = equality_of(getBaseType(atooid(found_text(5))));
}

/* Locks the rows in the order of their keys, all of which must be there. */
static void
lock_rows(Merge *merge)
{
	const char *column = quote_identifier(merge->column);
	uint64		found;

	execute(merge, psprintf("SELECT FROM %s t WHERE %s ORDER BY t.%s FOR UPDATE", merge->table,
							condition(merge, psprintf("t.%s", column), true), column), SPI_OK_SELECT);
	found = SPI_processed;
	execute(merge, psprintf("SELECT pg_catalog.count(DISTINCT k), pg_catalog.format('%%s', CAST($1 AS %1$s)),"
							" pg_catalog.count(k) FILTER (WHERE k %2$s CAST($1 AS %1$s))"
							" FROM pg_catalog.unnest(CAST($2 AS %1$s[])) k", merge->type, merge->equal), SPI_OK_SELECT);
	merge->keep = found_text(2);
	if (strcmp(found_text(3), "0") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the row that is kept is among its duplicates: %s", merge->keep)));
	if (found != strtou64(found_text(1), NULL, 10) + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("not all of these rows are in table %s", merge->table),
				 errhint("Name rows that are there and that you may see.")));
}

static Datum
merged_journey(const Merge *merge)
{
	bool		isnull;
	Datum		journey;
	const char *journey_column;

	execute(merge, psprintf("SELECT pg_catalog.quote_ident(journey_column) FROM lifecycle.attachments"
							" WHERE relation OPERATOR(pg_catalog.=) %u::pg_catalog.regclass AND key OPERATOR(pg_catalog.=) %s",
							merge->relid, quote_literal_cstr(merge->attachment)), SPI_OK_SELECT);
	journey_column = found_text(1);
	execute(merge, psprintf("SELECT lifecycle.journey_merge(t.%1$s), pg_catalog.count(*) FILTER (WHERE t.%1$s IS NULL)"
							" FROM %2$s t WHERE %3$s", journey_column, merge->table,
							condition(merge, psprintf("t.%s", quote_identifier(merge->column)), true)), SPI_OK_SELECT);
	journey = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull || strcmp(found_text(2), "0") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of table %s have no journey yet", merge->table),
				 errhint("CALL lifecycle.fill('%s'); first.", merge->table)));
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(journey));
}

/* Refuses unless the caller may write these references, all of them. */
static void
check_reference(Oid relid, AttrNumber column, const char *table)
{
	static const AclMode modes[] = {ACL_SELECT, ACL_UPDATE};

	for (int i = 0; i < lengthof(modes); i++)
		if (pg_class_aclcheck(relid, GetUserId(), modes[i]) != ACLCHECK_OK &&
			pg_attribute_aclcheck(relid, column, GetUserId(), modes[i]) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(relid));
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security could hide rows of table %s that refer to the duplicates", table),
				 errdetail("The table belongs to another role than the one whose rows are merged."),
				 errhint("Call this as a role with BYPASSRLS, or as the owner of %s.", table)));
}

/* What the caller's session says does not hold for triggers that run with another's rights. */
static void
begin_settings(Oid owner)
{
	if (has_privs_of_role(GetUserId(), owner))
		return;
	set_for_now("search_path", "pg_catalog, pg_temp");
	set_for_now("crm_lifecycle.import", "off");
	set_for_now("crm_lifecycle.undo", "off");
	set_for_now("crm_lifecycle.effective_at", "");
}

/*
 * Writes references as the owner of their table, as ON UPDATE CASCADE does: anybody who may
 * refer to a table can have triggers on the references, and they must not run as the caller.
 */
static void
execute_as(Oid owner, const Merge *merge, const char *sql)
{
	int			level = NewGUCNestLevel();
	Actor		before;

	begin_settings(owner);
	act_as(owner, &before);
	execute(merge, sql, SPI_OK_UPDATE);
	act_again(&before);
	AtEOXact_GUC(false, level);
}

/* Has one table's column refer to the row that is kept. */
static void
move_reference(const Merge *merge, Oid relid, AttrNumber number)
{
	Relation	rel = table_open(relid, RowExclusiveLock);
	Oid			owner = rel->rd_rel->relowner;
	const char *table = table_name_of(relid);
	const char *column = column_name_of(relid, number);
	const char *sql = psprintf("UPDATE %s t SET %s = CAST($1 AS %s) WHERE %s", table, column, merge->type,
							   condition(merge, psprintf("t.%s", column), false));

	if (owner == GetUserId() || relation_ownercheck(merge->relid, owner))
		execute(merge, sql, SPI_OK_UPDATE);
	else
	{
		check_reference(relid, number, table);
		execute_as(owner, merge, sql);
	}
	table_close(rel, NoLock);
}

/* Has all that refers to the duplicates refer to the row that is kept. */
static void
move_references(const Merge *merge)
{
	SPITupleTable *found;
	uint64		count;

	execute(merge, psprintf("SELECT f.conrelid, f.conkey[1], f.conrelid::pg_catalog.regclass, f.conname,"
							" pg_catalog.cardinality(f.conkey) OPERATOR(pg_catalog.=) 1 AND k.attname OPERATOR(pg_catalog.=) %s"
							" FROM pg_catalog.pg_constraint f"
							" JOIN pg_catalog.pg_attribute k ON k.attrelid OPERATOR(pg_catalog.=) f.confrelid AND k.attnum OPERATOR(pg_catalog.=) f.confkey[1]"
							" WHERE f.contype OPERATOR(pg_catalog.=) 'f' AND f.confrelid OPERATOR(pg_catalog.=) %u"
							" AND f.conparentid OPERATOR(pg_catalog.=) 0 ORDER BY f.conrelid, f.oid",
							quote_literal_cstr(merge->column), merge->relid), SPI_OK_SELECT);
	found = SPI_tuptable;
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		if (strcmp(SPI_getvalue(found->vals[i], found->tupdesc, 5), "t") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("table %s refers to rows by more than their primary key",
							SPI_getvalue(found->vals[i], found->tupdesc, 3)),
					 errdetail("Constraint \"%s\".", SPI_getvalue(found->vals[i], found->tupdesc, 4)),
					 errhint("Merge such rows step by step, as the owner under crm_lifecycle.import.")));
		move_reference(merge, atooid(SPI_getvalue(found->vals[i], found->tupdesc, 1)),
					   atoi(SPI_getvalue(found->vals[i], found->tupdesc, 2)));
	}
}

/* Says in the log what happens, where nothing else is to be said. */
static void
note_merge(const Merge *merge)
{
	char	   *others;

	if (context_note() != NULL)
		return;
	execute(merge, psprintf("SELECT pg_catalog.array_to_string(CAST($2 AS %s[]), ', ')", merge->type), SPI_OK_SELECT);
	others = found_text(1);
	set_for_now("crm_lifecycle.note", psprintf("merged: %s into %s", others, merge->keep));
}

/*
 * With one more step where the row is to be in another stage than the journey's last: one of
 * those that the rows are in, so that nobody gets anywhere by being merged.
 */
static Datum
ending_in(const Merge *merge, Datum journey, const char *stage)
{
	JourneyLabel label = {.text = stage, .len = strlen(stage)};
	JourneyHead head;

	execute(merge, psprintf("SELECT FROM %s t WHERE %s AND t.%s::pg_catalog.text OPERATOR(pg_catalog.=) %s", merge->table,
							condition(merge, psprintf("t.%s", quote_identifier(merge->column)), true), merge->stage,
							quote_literal_cstr(stage)), SPI_OK_SELECT);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("none of these rows is in the stage \"%s\"", stage),
				 errhint("Merged rows are in a stage that one of them was in. Move the row afterwards.")));
	journey_read_head(journey, &head);
	if (journey_label_compare(&head.stage, &label) == 0)
		return journey;
	return journey_extend(journey, label, GetCurrentTransactionStartTimestamp());
}

static void
merge_rows(Merge *merge, const char *stage)
{
	const char *column = psprintf("t.%s", quote_identifier(merge->column));
	Datum		journey;
	JourneyHead head;

	lock_rows(merge);
	note_merge(merge);
	move_references(merge);
	/* Rows may have followed those that refer to them now. */
	journey = merged_journey(merge);
	if (stage != NULL)
		journey = ending_in(merge, journey, stage);
	execute(merge, psprintf("DELETE FROM %s t WHERE %s", merge->table, condition(merge, column, false)), SPI_OK_DELETE);
	journey_read_head(journey, &head);
	merge->journey = journey;
	execute(merge, psprintf("UPDATE %s t SET %s = CAST(%s AS %s) WHERE %s %s CAST($1 AS %s)", merge->table, merge->stage,
							quote_literal_cstr(pnstrdup(head.stage.text, head.stage.len)), merge->stage_type,
							column, merge->equal, merge->type), SPI_OK_UPDATE);
}

/*
 * merge_duplicates(rel, keep, duplicates, stage, stage_column) makes one row of several, and gives
 * its journey.
 */
Datum
merge_duplicates(PG_FUNCTION_ARGS)
{
	Merge		merge = {0};
	Merge	   *outer = merging;
	int			guc_level;

	require_argument(fcinfo, 0, "the table");
	require_argument(fcinfo, 1, "the key of the row that is kept");
	require_argument(fcinfo, 2, "the keys of its duplicates");
	merge.relid = PG_GETARG_OID(0);
	merge.types[0] = get_fn_expr_argtype(fcinfo->flinfo, 1);
	merge.types[1] = get_fn_expr_argtype(fcinfo->flinfo, 2);
	merge.keys[0] = PG_GETARG_DATUM(1);
	merge.keys[1] = PG_GETARG_DATUM(2);
	guc_level = NewGUCNestLevel();
	SPI_connect();
	read_columns(&merge, PG_ARGISNULL(4) ? NULL : NameStr(*PG_GETARG_NAME(4)));
	merging = &merge;
	PG_TRY();
	{
		merge_rows(&merge, PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3)));
	}
	PG_FINALLY();
	{
		merging = outer;
	}
	PG_END_TRY();
	merge.journey = SPI_datumTransfer(merge.journey, false, -1);
	SPI_finish();
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_DATUM(merge.journey);
}
