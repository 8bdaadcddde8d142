/*-------------------------------------------------------------------------
 *
 * ask.c
 *		What user interfaces ask before they offer a move: may this row go there, why not,
 *		and where may it go?
 *
 * The answers come from the same judgement as the refusals; nothing is written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "binding.h"
#include "compat.h"
#include "journey_io.h"
#include "judge.h"

PG_FUNCTION_INFO_V1(can);
PG_FUNCTION_INFO_V1(explain_move);
PG_FUNCTION_INFO_V1(next_stages);

/* A row that somebody asks about. */
typedef struct Question
{
	Relation	rel;
	Binding    *binding;
	TupleTableSlot *row;
	JourneyLabel stage;
	Candidate	candidate;		/* from is filled in; the rest depends on where it goes */
} Question;

static void
refuse_row(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s is not a row of an attached table", what),
			 errhint("Pass the row itself, as in SELECT lifecycle.can(deals, 'won') FROM deals; for a row "
					 "that is not stored, jsonb_populate_record(deals, '{...}').")));
}

/* The argument as a row; only its type says whether it may be taken for one. */
static HeapTupleHeader
row_argument(FunctionCallInfo fcinfo)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);

	if (!type_is_rowtype(type))
		refuse_row(psprintf("a value of type %s", format_type_be(type)));
	return PG_GETARG_HEAPTUPLEHEADER(0);
}

/* The table whose row type the argument has. */
static Relation
open_row_table(FunctionCallInfo fcinfo, HeapTupleHeader row)
{
	Oid			relid = get_typ_typrelid(getBaseType(HeapTupleHeaderGetTypeId(row)));
	char		relkind;

	if (!OidIsValid(relid))
		refuse_row(psprintf("a value of type %s", format_type_be(HeapTupleHeaderGetTypeId(row))));
	relkind = get_rel_relkind(relid);
	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		refuse_row(psprintf("a row of \"%s\"", get_rel_name(relid)));
	return relation_open(relid, AccessShareLock);
}

static TupleTableSlot *
make_slot(Relation rel, Datum *values, bool *nulls)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(rel)),
													&TTSOpsVirtual);
	int			natts = RelationGetDescr(rel)->natts;

	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, natts * sizeof(bool));
	return ExecStoreVirtualTuple(slot);
}

static TupleTableSlot *
row_slot(Relation rel, HeapTupleHeader header)
{
	int			natts = RelationGetDescr(rel)->natts;
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *nulls = palloc(natts * sizeof(bool));
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, RelationGetDescr(rel), values, nulls);
	return make_slot(rel, values, nulls);
}

/* The same row in another stage. */
static TupleTableSlot *
moved_slot(const Question *question, const char *label)
{
	AttrNumber	column = question->binding->columns[STAGE_COLUMN];
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(question->rel), column - 1);
	TupleTableSlot *slot = make_slot(question->rel, question->row->tts_values, question->row->tts_isnull);
	Oid			input;
	Oid			ioparam;

	getTypeInputInfo(attribute->atttypid, &input, &ioparam);
	slot->tts_values[column - 1] = OidInputFunctionCall(input, unconstify(char *, label), ioparam,
														attribute->atttypmod);
	slot->tts_isnull[column - 1] = false;
	return slot;
}

/* Fills in what is asked about; false where the row has no stage, so that nothing can be said. */
static bool
read_question(FunctionCallInfo fcinfo, int stage_argument, Question *question)
{
	HeapTupleHeader header = row_argument(fcinfo);
	char	   *stage_column = PG_ARGISNULL(stage_argument) ? NULL : NameStr(*PG_GETARG_NAME(stage_argument));
	bool		isnull;
	Datum		stage;

	question->rel = open_row_table(fcinfo, header);
	question->binding = binding_of_column(question->rel, stage_column);
	if (question->binding == NULL)
		refuse_row(psprintf("a row of \"%s\"", RelationGetRelationName(question->rel)));
	question->row = row_slot(question->rel, header);
	stage = slot_getattr(question->row, question->binding->columns[STAGE_COLUMN], &isnull);
	if (isnull)
	{
		relation_close(question->rel, NoLock);
		return false;
	}
	question->stage = binding_label(question->binding, stage);
	question->candidate = judge_candidate(question->binding, question->rel, question->row, question->row);
	question->candidate.from = rulebook_find_stage(question->candidate.book, question->stage);
	return true;
}

static const DiagramStage *
stage_at(const Question *question, int stage)
{
	return &question->candidate.book->rules->diagram->stages[stage];
}

/* Judges the row's move to a stage that the lifecycle has. */
static Verdict
judge_to(Question *question, int to, bool explain)
{
	question->candidate.to = question->candidate.begun = to;
	question->candidate.new_row = moved_slot(question, stage_at(question, to)->label);
	return judge(&question->candidate, explain);
}

static bool
is_there_already(const Question *question, const JourneyLabel *to)
{
	int			stage = rulebook_find_stage(question->candidate.book, *to);

	/* Of a stage that is being renamed, both labels mean the same. */
	return stage == NO_STAGE ? journey_label_compare(&question->stage, to) == 0 :
		stage == question->candidate.from;
}

static JourneyLabel
label_argument(text *value)
{
	JourneyLabel label;

	label.text = VARDATA_ANY(value);
	label.len = VARSIZE_ANY_EXHDR(value);
	return label;
}

/*
 * can(row, stage, stage_column) tells whether the row may move there; staying where it is
 * is always allowed.  NULL where the row or the stage is NULL.
 */
Datum
can(PG_FUNCTION_ARGS)
{
	Question	question;
	JourneyLabel to;
	int			stage;
	bool		granted = true;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || !read_question(fcinfo, 2, &question))
		PG_RETURN_NULL();
	to = label_argument(PG_GETARG_TEXT_PP(1));
	if (!is_there_already(&question, &to))
	{
		stage = rulebook_find_stage(question.candidate.book, to);
		granted = stage != NO_STAGE && question.candidate.from != NO_STAGE &&
			judge_to(&question, stage, false).granted;
	}
	relation_close(question.rel, NoLock);
	PG_RETURN_BOOL(granted);
}

static void
put_check(FunctionCallInfo fcinfo, const char *name, bool passed, const char *message)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[] = {CStringGetTextDatum(name), BoolGetDatum(passed), CStringGetTextDatum(message)};
	bool		nulls[] = {false, false, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_explanation(FunctionCallInfo fcinfo, Question *question, JourneyLabel to)
{
	int			stage = rulebook_find_stage(question->candidate.book, to);
	const char *lifecycle = question->candidate.book->rules->name;
	ListCell   *cell;

	if (is_there_already(question, &to))
		put_check(fcinfo, check_name(CHECK_MOVE), true, "The row is there already, so nothing would happen.");
	else if (stage == NO_STAGE || question->candidate.from == NO_STAGE)
	{
		JourneyLabel unknown = stage == NO_STAGE ? to : question->stage;

		put_check(fcinfo, check_name(CHECK_MOVE), false,
				  psprintf("Lifecycle \"%s\" has no stage \"%s\".", lifecycle,
						   pnstrdup(unknown.text, unknown.len)));
	}
	else
		foreach(cell, judge_to(question, stage, true).checks)
		{
			const Check *check = lfirst(cell);

			put_check(fcinfo, check_name(check->kind), check->passed, check->message);
		}
}

/*
 * explain_move(row, stage, stage_column) is a row for each check, passed or not.
 */
Datum
explain_move(PG_FUNCTION_ARGS)
{
	Question	question;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || !read_question(fcinfo, 2, &question))
		return (Datum) 0;
	put_explanation(fcinfo, &question, label_argument(PG_GETARG_TEXT_PP(1)));
	relation_close(question.rel, NoLock);
	return (Datum) 0;
}

static Datum
messages(const Verdict *verdict)
{
	ArrayBuildState *state = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	ListCell   *cell;

	foreach(cell, verdict->checks)
		accumArrayResult(state, CStringGetTextDatum(((Check *) lfirst(cell))->message), false, TEXTOID,
						 CurrentMemoryContext);
	return makeArrayResult(state, CurrentMemoryContext);
}

static void
put_next(FunctionCallInfo fcinfo, Question *question, const LegalMove *legal)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Verdict		verdict = judge_to(question, legal->to, false);
	const DiagramMove *move = verdict.move != NULL ? verdict.move : legal->drawn;
	Datum		values[5];
	bool		nulls[5] = {false, move->event == NULL, move->action == NULL, false, false};

	values[0] = CStringGetTextDatum(stage_at(question, legal->to)->label);
	values[1] = nulls[1] ? (Datum) 0 : CStringGetTextDatum(move->event);
	values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(move->action);
	values[3] = BoolGetDatum(verdict.granted);
	values[4] = messages(&verdict);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static bool
seen_before(const MoveList *list, int i)
{
	for (int j = 0; j < i; j++)
		if (list->moves[j].to == list->moves[i].to)
			return true;
	return false;
}

/*
 * next_stages(row, stage_column) is a row for each stage that a move is drawn to.
 */
Datum
next_stages(PG_FUNCTION_ARGS)
{
	Question	question;
	const MoveList *list;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || !read_question(fcinfo, 1, &question))
		return (Datum) 0;
	if (question.candidate.from != NO_STAGE)
	{
		list = machine_moves_from(question.candidate.book->rules->machine, question.candidate.from);
		for (int i = 0; i < list->count; i++)
			if (list->moves[i].to != question.candidate.from && !seen_before(list, i))
				put_next(fcinfo, &question, &list->moves[i]);
	}
	relation_close(question.rel, NoLock);
	return (Datum) 0;
}
