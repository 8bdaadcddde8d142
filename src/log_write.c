/*-------------------------------------------------------------------------
 *
 * log_write.c
 *		Writes rows into a log, with all that an INSERT into it would do.
 *
 * It is an INSERT of one row, without a query around it: that costs a third.  The log is
 * its owner's table, which may have got columns with defaults, constraints, indexes and
 * triggers of its own; so each of these has its turn.  The state that is worth keeping
 * lasts for a statement, relations are opened for each row: nobody would close them if
 * the statement failed.
 *
 * What is written is log.c's to know.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

#include "compat.h"
#include "log_write.h"

/* Where the known values stand, to the expressions over them. */
#define KNOWN_VARNO 1

struct LogWriter
{
	Oid			relid;
	EState	   *estate;
	ResultRelInfo *target;		/* its relation is open while a row is being written */
	TupleTableSlot *known;
	ProjectionInfo *projection; /* from the known values to the row */
};

/* The place of a column's value among those that are known; 0: it is not. */
static AttrNumber
known_place(TupleDesc known, const char *column)
{
	for (int i = 0; i < known->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(known, i)->attname), column) == 0)
			return i + 1;
	return InvalidAttrNumber;
}

/* A known value as the column's type wants it, which may have been altered. */
static Node *
known_value(TupleDesc known, AttrNumber place, Form_pg_attribute column)
{
	Form_pg_attribute from = TupleDescAttr(known, place - 1);
	Var		   *value = makeVar(KNOWN_VARNO, place, from->atttypid, from->atttypmod, from->attcollation, 0);
	Node	   *coerced = coerce_to_target_type(NULL, (Node *) value, from->atttypid,
												column->atttypid, column->atttypmod,
												COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);

	if (coerced == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of the log is of type %s, which does not hold a value of type %s",
						NameStr(column->attname), format_type_be(column->atttypid),
						format_type_be(from->atttypid))));
	return coerced;
}

static Expr *
column_value(Relation log, TupleDesc known, Form_pg_attribute column, AttrNumber place)
{
	Node	   *value = NULL;

	if (place != InvalidAttrNumber)
		value = known_value(known, place, column);
	else if (!column->attisdropped && column->attgenerated == '\0')
		value = build_column_default(log, column->attnum);
	if (value != NULL)
		return expression_planner((Expr *) value);
	/* The type of a dropped column is forgotten; any NULL will do. */
	if (column->attisdropped)
		return (Expr *) makeNullConst(INT4OID, -1, InvalidOid);
	return (Expr *) makeNullConst(column->atttypid, column->atttypmod, column->attcollation);
}

List *
log_write_plan(Relation log, TupleDesc known)
{
	TupleDesc	desc = RelationGetDescr(log);
	bool	   *placed = palloc0((known->natts + 1) * sizeof(bool));
	List	   *plan = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);
		AttrNumber	place = column->attisdropped ? InvalidAttrNumber :
			known_place(known, NameStr(column->attname));

		placed[place] = true;
		plan = lappend(plan, makeTargetEntry(column_value(log, known, column, place), i + 1, NULL, false));
	}
	for (int i = 1; i <= known->natts; i++)
		if (!placed[i])
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("the log \"%s\" has no column \"%s\" any more", RelationGetRelationName(log),
							NameStr(TupleDescAttr(known, i - 1)->attname))));
	return plan;
}

LogWriter *
log_write_begin(Relation log, List *plan, TupleDesc known)
{
	LogWriter  *writer = palloc0(sizeof(LogWriter));
	MemoryContext caller;
	TupleTableSlot *row;
	ListCell   *cell;

	writer->relid = RelationGetRelid(log);
	writer->estate = CreateExecutorState();
	caller = MemoryContextSwitchTo(writer->estate->es_query_cxt);
	writer->target = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->target, log, 0, NULL, 0);
	/* So that opening them for each row finds them locked. */
	foreach(cell, RelationGetIndexList(log))
		LockRelationOid(lfirst_oid(cell), RowExclusiveLock);
	writer->estate->es_opened_result_relations = list_make1(writer->target);
	/* Copies of the descriptors, since nobody would release references to them. */
	writer->known = MakeSingleTupleTableSlot(CreateTupleDescCopy(known), &TTSOpsVirtual);
	row = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(log)), table_slot_callbacks(log));
	writer->projection = ExecBuildProjectionInfo(plan, GetPerTupleExprContext(writer->estate), row, NULL,
												 writer->known->tts_tupleDescriptor);
	MemoryContextSwitchTo(caller);
	return writer;
}

TupleTableSlot *
log_write_slot(LogWriter *writer)
{
	return ExecClearTuple(writer->known);
}

/* The row as it is to be stored; NULL where a trigger has swallowed it. */
static TupleTableSlot *
make_row(LogWriter *writer)
{
	ResultRelInfo *target = writer->target;
	Relation	log = target->ri_RelationDesc;
	TupleTableSlot *row;

	writer->projection->pi_exprContext->ecxt_scantuple = writer->known;
	row = ExecProject(writer->projection);
	row->tts_tableOid = writer->relid;
	if (target->ri_TrigDesc != NULL && target->ri_TrigDesc->trig_insert_before_row &&
		!ExecBRInsertTriggers(writer->estate, target, row))
		return NULL;
	if (RelationGetDescr(log)->constr != NULL)
	{
		if (RelationGetDescr(log)->constr->has_generated_stored)
			ExecComputeStoredGenerated(target, writer->estate, row, CMD_INSERT);
		ExecConstraints(target, row, writer->estate);
	}
	if (log->rd_rel->relispartition)
		ExecPartitionCheck(target, row, writer->estate, true);
	return row;
}

static void
insert_row(LogWriter *writer, TransitionCaptureState *capture)
{
	ResultRelInfo *target = writer->target;
	TupleTableSlot *row = make_row(writer);
	List	   *recheck = NIL;

	if (row == NULL)
		return;
	table_tuple_insert(target->ri_RelationDesc, row, GetCurrentCommandId(true), 0, NULL);
	if (target->ri_NumIndices > 0)
		recheck = insert_index_tuples(target, row, writer->estate);
	ExecARInsertTriggers(writer->estate, target, row, recheck, capture);
	ExecClearTuple(row);
}

/* Triggers on the log have got slots, which refer to its descriptor. */
static void
release_trigger_slots(LogWriter *writer)
{
	ExecResetTupleTable(writer->estate->es_tupleTable, true);
	writer->estate->es_tupleTable = NIL;
	writer->target->ri_TrigOldSlot = NULL;
	writer->target->ri_TrigNewSlot = NULL;
}

/*
 * Writes what log_write_slot() was filled with, as the current user.
 */
void
log_write(LogWriter *writer)
{
	ResultRelInfo *target = writer->target;
	Relation	log = table_open(writer->relid, NoLock);
	TransitionCaptureState *capture;

	ExecStoreVirtualTuple(writer->known);
	target->ri_RelationDesc = log;
	ExecOpenIndices(target, false);
	AfterTriggerBeginQuery();
	capture = MakeTransitionCaptureState(target->ri_TrigDesc, writer->relid, CMD_INSERT);
	ExecBSInsertTriggers(writer->estate, target);
	insert_row(writer, capture);
	ExecASInsertTriggers(writer->estate, target, capture);
	AfterTriggerEndQuery(writer->estate);
	release_trigger_slots(writer);
	ExecCloseIndices(target);
	table_close(log, NoLock);
	ResetPerTupleExprContext(writer->estate);
}
