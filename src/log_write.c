/*-------------------------------------------------------------------------
 *
 * log_write.c
 *		Writes rows into a log, with all that an INSERT into it would do.
 *
 * It is an INSERT of one row, without a query around it: that costs a third.  The log is
 * its owner's table, which may have got columns with defaults, constraints, indexes and
 * triggers of its own; so each of these has its turn.  The state that is worth keeping
 * lasts for a statement; the relations are opened for each row, or as long as there are
 * rows gathered, so that nobody alters them under these.
 *
 * A gathered row has got its number and all its values when it was made, and has passed
 * the log's constraints.  Only being stored is left: many rows fill a page at once, which
 * is one record of WAL.
 *
 * What is written is log.c's to know.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
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
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "log_write.h"

/* Where the known values stand, to the expressions over them. */
#define KNOWN_VARNO 1

/* So many rows, or bytes, COPY stores together; more would not be faster. */
#define MAX_GATHERED 1000
#define MAX_GATHERED_BYTES 65535

struct LogWriter
{
	Oid			relid;
	EState	   *estate;
	ResultRelInfo *target;		/* its relation is open while a row is being written */
	TupleTableSlot *known;
	ProjectionInfo *projection; /* from the known values to the row */
	TupleTableSlot *row;
	bool		gathering;		/* its relation and indexes are open */
	TupleTableSlot *gathered[MAX_GATHERED];	/* made when they are wanted first */
	int			ngathered;
	Size		bytes;			/* of what is gathered */
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
	writer->row = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(log)),
										   table_slot_callbacks(log));
	writer->projection = ExecBuildProjectionInfo(plan, GetPerTupleExprContext(writer->estate), writer->row,
												 NULL, writer->known->tts_tupleDescriptor);
	MemoryContextSwitchTo(caller);
	return writer;
}

TupleTableSlot *
log_write_slot(LogWriter *writer)
{
	return ExecClearTuple(writer->known);
}

/* The row as it is to be stored, in a slot; false where a trigger has swallowed it. */
static bool
make_row(LogWriter *writer, TupleTableSlot *row)
{
	ResultRelInfo *target = writer->target;
	Relation	log = target->ri_RelationDesc;

	ExecStoreVirtualTuple(writer->known);
	writer->projection->pi_exprContext->ecxt_scantuple = writer->known;
	writer->projection->pi_state.resultslot = row;
	ExecProject(writer->projection);
	row->tts_tableOid = writer->relid;
	if (target->ri_TrigDesc != NULL && target->ri_TrigDesc->trig_insert_before_row &&
		!ExecBRInsertTriggers(writer->estate, target, row))
		return false;
	if (RelationGetDescr(log)->constr != NULL)
	{
		if (RelationGetDescr(log)->constr->has_generated_stored)
			ExecComputeStoredGenerated(target, writer->estate, row, CMD_INSERT);
		ExecConstraints(target, row, writer->estate);
	}
	if (log->rd_rel->relispartition)
		ExecPartitionCheck(target, row, writer->estate, true);
	return true;
}

static void
insert_row(LogWriter *writer, TransitionCaptureState *capture)
{
	ResultRelInfo *target = writer->target;
	TupleTableSlot *row = writer->row;
	List	   *recheck = NIL;

	if (!make_row(writer, row))
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

static void
open_log(LogWriter *writer)
{
	writer->target->ri_RelationDesc = table_open(writer->relid, NoLock);
	ExecOpenIndices(writer->target, false);
}

static void
close_log(LogWriter *writer)
{
	ExecCloseIndices(writer->target);
	table_close(writer->target->ri_RelationDesc, NoLock);
}

/*
 * Writes what log_write_slot() was filled with, as the current user.
 */
void
log_write(LogWriter *writer)
{
	ResultRelInfo *target = writer->target;
	TransitionCaptureState *capture;

	log_write_gathered(writer);
	open_log(writer);
	AfterTriggerBeginQuery();
	capture = MakeTransitionCaptureState(target->ri_TrigDesc, writer->relid, CMD_INSERT);
	ExecBSInsertTriggers(writer->estate, target);
	insert_row(writer, capture);
	ExecASInsertTriggers(writer->estate, target, capture);
	AfterTriggerEndQuery(writer->estate);
	release_trigger_slots(writer);
	close_log(writer);
	ResetPerTupleExprContext(writer->estate);
}

static bool
is_foreign_volatile(Oid function, void *context)
{
	return function >= FirstNormalObjectId && func_volatile(function) == PROVOLATILE_VOLATILE;
}

/* Whether an expression calls what might look into the log, or change it. */
static bool
calls_foreign_code(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_foreign_volatile, context))
		return true;
	/* A domain's constraints are not part of the expression. */
	if (IsA(node, CoerceToDomain) && DomainHasConstraints(((CoerceToDomain *) node)->resulttype))
		return true;
	return expression_tree_walker(node, calls_foreign_code, context);
}

/*
 * Whether nothing but PostgreSQL's and our own code runs from making a row to its being
 * stored, so that nobody can miss it in between.
 */
bool
log_write_may_gather(Relation log, List *plan)
{
	TupleConstr *constr = RelationGetDescr(log)->constr;

	if (log->trigdesc != NULL || calls_foreign_code((Node *) plan, NULL))
		return false;
	for (int i = 0; constr != NULL && i < constr->num_check; i++)
		if (calls_foreign_code(stringToNode(constr->check[i].ccbin), NULL))
			return false;
	return true;
}

/* The slot for one more row. */
static TupleTableSlot *
next_gathered(LogWriter *writer)
{
	TupleTableSlot **slot = &writer->gathered[writer->ngathered];
	MemoryContext caller = MemoryContextSwitchTo(writer->estate->es_query_cxt);

	if (*slot == NULL)
		*slot = MakeSingleTupleTableSlot(writer->row->tts_tupleDescriptor, writer->row->tts_ops);
	if (!writer->gathering)
		open_log(writer);
	writer->gathering = true;
	MemoryContextSwitchTo(caller);
	return *slot;
}

/* Stores what is gathered. */
static void
store_gathered(LogWriter *writer)
{
	ResultRelInfo *target = writer->target;
	MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));

	table_multi_insert(target->ri_RelationDesc, writer->gathered, writer->ngathered,
					   GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < writer->ngathered; i++)
	{
		if (target->ri_NumIndices > 0)
			insert_index_tuples(target, writer->gathered[i], writer->estate);
		ExecClearTuple(writer->gathered[i]);
	}
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(writer->estate);
	writer->ngathered = 0;
	writer->bytes = 0;
}

/*
 * Makes a row of what log_write_slot() was filled with, as the current user, and keeps it
 * for log_write_gathered().
 */
void
log_write_later(LogWriter *writer)
{
	TupleTableSlot *row = next_gathered(writer);

	if (!make_row(writer, row))
		elog(ERROR, "a log without triggers refused a row");
	ExecMaterializeSlot(row);
	ResetPerTupleExprContext(writer->estate);
	writer->ngathered++;
	writer->bytes += ExecFetchSlotHeapTuple(row, false, NULL)->t_len;
	if (writer->ngathered == MAX_GATHERED || writer->bytes > MAX_GATHERED_BYTES)
		store_gathered(writer);
}

/*
 * Stores what is left, and lets go of the log.
 */
void
log_write_gathered(LogWriter *writer)
{
	if (!writer->gathering)
		return;
	if (writer->ngathered > 0)
		store_gathered(writer);
	close_log(writer);
	writer->gathering = false;
}
