/*-------------------------------------------------------------------------
 *
 * score_table.c
 *		What stands between the table of scores and everybody's INSERT.
 *
 * A score is a row of a table, as a lifecycle is, and for the same reasons: dumps carry it,
 * in any order, also of databases whose owner is no superuser.  The trigger here sees to it
 * that nobody plants one in another's name, because its conditions run as its owner; it has
 * every change recorded, and tells all sessions of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "history.h"
#include "ownership.h"
#include "rules.h"
#include "score_model.h"

/* A row of the table; NULL where the column is. */
typedef struct ScoreRow
{
	char	   *name;
	char	   *owner;
	char	   *search_path;
	char	   *definition;
} ScoreRow;

static char *
column_value(TupleDesc desc, HeapTuple tuple, const char *column)
{
	return SPI_getvalue(tuple, desc, SPI_fnumber(desc, column));
}

static ScoreRow
open_row(TupleDesc desc, HeapTuple tuple)
{
	ScoreRow	row = {
		column_value(desc, tuple, "name"), column_value(desc, tuple, "owner"),
		column_value(desc, tuple, "search_path"), column_value(desc, tuple, "definition")
	};

	return row;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether the row is there already; a different one with its name is an error. */
static bool
already_there(const ScoreRow *row)
{
	StoredScore *stored = stored_score_find(row->name);

	if (stored == NULL)
		return false;
	if (!same(stored->owner, row->owner) || !same(stored->search_path, row->search_path) ||
		!same(stored->definition, row->definition))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("score \"%s\" is already defined, and differently", row->name),
				 errhint("Keep the score that is there, or drop it before restoring another one.")));
	return true;
}

static void
record(const char *name, const ScoreRow *before, const ScoreRow *after)
{
	const ScoreRow *run = after != NULL ? after : before;
	HistoryEntry entry = {
		name, before == NULL ? NULL : before->definition, after == NULL ? NULL : after->definition,
		run->owner, run->search_path
	};

	history_record(&history_of_scores, &entry);
}

/* NULL where there is nothing to insert.  What is missing, the NOT NULL constraints say best. */
static HeapTuple
guard_insert(Relation rel, HeapTuple tuple)
{
	ScoreRow	row = open_row(RelationGetDescr(rel), tuple);

	if (row.name == NULL || row.owner == NULL || row.search_path == NULL || row.definition == NULL)
		return tuple;
	score_check_name(row.name);
	score_parse_definition(row.definition);
	if (!may_act_as(GetUserId(), row.owner))
	{
		int			attno = SPI_fnumber(RelationGetDescr(rel), "owner");
		bool		isnull = false;
		Datum		value;

		row.owner = GetUserNameFromId(GetUserId(), false);
		value = CStringGetTextDatum(row.owner);
		tuple = heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), 1, &attno, &value, &isnull);
	}
	if (already_there(&row))
		return NULL;
	record(row.name, NULL, &row);
	return tuple;
}

/* Under another name it is gone. */
static HeapTuple
guard_update(Relation rel, HeapTuple old_tuple, HeapTuple new_tuple)
{
	ScoreRow	old = open_row(RelationGetDescr(rel), old_tuple),
				new = open_row(RelationGetDescr(rel), new_tuple);

	if (new.name == NULL || new.owner == NULL || new.search_path == NULL || new.definition == NULL)
		return new_tuple;
	score_check_name(new.name);
	score_parse_definition(new.definition);
	if (!same(old.name, new.name))
		record(old.name, &old, NULL);
	else if (!same(old.owner, new.owner) || !same(old.search_path, new.search_path) ||
			 !same(old.definition, new.definition))
		record(new.name, &old, &new);
	return new_tuple;
}

/* Emptying the table is deleting each of its rows. */
static void
guard_truncate(void)
{
	MemoryContext caller = CurrentMemoryContext;
	RulesVisit	visit;
	ScoreRow   *rows;
	uint64		nrows;

	rules_enter(&visit);
	if (SPI_execute("SELECT * FROM lifecycle.score_model ORDER BY name", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the table of scores");
	MemoryContextSwitchTo(caller);
	nrows = SPI_processed;
	rows = palloc(nrows * sizeof(ScoreRow));
	for (uint64 i = 0; i < nrows; i++)
		rows[i] = open_row(SPI_tuptable->tupdesc, SPI_tuptable->vals[i]);
	rules_leave(&visit);
	for (uint64 i = 0; i < nrows; i++)
		record(rows[i].name, &rows[i], NULL);
}

/*
 * guard_scores() is the trigger on the table of scores.
 */
PG_FUNCTION_INFO_V1(guard_scores);
Datum
guard_scores(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	rel;
	ScoreRow	gone;

	if (!rules_triggered_on(fcinfo, "score_model"))
		rules_refuse_trigger("guard_scores");
	rel = trigdata->tg_relation;
	if (TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event))
		guard_truncate();
	CacheInvalidateRelcacheByRelid(RelationGetRelid(rel));
	if (!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(guard_insert(rel, trigdata->tg_trigtuple));
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(guard_update(rel, trigdata->tg_trigtuple, trigdata->tg_newtuple));
	gone = open_row(RelationGetDescr(rel), trigdata->tg_trigtuple);
	record(gone.name, &gone, NULL);
	return PointerGetDatum(trigdata->tg_trigtuple);
}
