/*-------------------------------------------------------------------------
 *
 * score_ask.c
 *		What SQL asks of scores: score, explain_score, score_band.
 *
 * A score is read and its conditions compiled once per place in a query (or in a guard),
 * and again once anything changed that they may depend on.  Conditions are guards and
 * run as guard.c runs these: as the owner, in a security-restricted operation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "guard.h"
#include "report.h"
#include "score_model.h"
#include "spec_args.h"

/* A score, ready for rows of one type. */
typedef struct ReadyScore
{
	MemoryContext context;
	uint64		changes;		/* when it was read */
	Oid			row_type;
	StoredScore *stored;
	GuardIdentity identity;
	Guard	  **guards;			/* of each rule; NULL: it has no condition */
	TupleTableSlot *row;
	TupleTableSlot *no_row;
} ReadyScore;

/* Grows with whatever may make a ready score another. */
static uint64 changes = 0;

static void
on_relcache_inval(Datum arg, Oid relid)
{
	changes++;
}

static void
on_syscache_inval(Datum arg, int cacheid, uint32 hash)
{
	changes++;
}

static void
watch_changes(void)
{
	static bool watching = false;

	if (watching)
		return;
	CacheRegisterRelcacheCallback(on_relcache_inval, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, on_syscache_inval, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, on_syscache_inval, (Datum) 0);
	watching = true;
}

static Relation
open_row_type(Oid row_type)
{
	Oid			relid = get_typ_typrelid(row_type);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a score needs a row of a table, not one of type %s", format_type_be(row_type)),
				 errhint("Give it the table's name or alias, or cast the row to a composite type.")));
	return relation_open(relid, AccessShareLock);
}

/* In the current context, which is to be the score's own. */
static ReadyScore *
make_ready(const char *name, Oid row_type)
{
	ReadyScore *ready = palloc0(sizeof(ReadyScore));
	Relation	rel;
	ScoreModel *model;

	ready->context = CurrentMemoryContext;
	ready->changes = changes;
	ready->row_type = row_type;
	rel = open_row_type(row_type);
	ready->stored = stored_score_get(name);
	model = ready->stored->model;
	ready->identity.lifecycle = ready->stored->name;
	ready->identity.kind = "score";
	ready->identity.owner = get_role_oid(ready->stored->owner, true);
	ready->identity.search_path = guard_search_path(ready->stored->search_path);
	ready->guards = palloc0(model->nrules * sizeof(Guard *));
	for (int i = 0; i < model->nrules; i++)
		ready->guards[i] = guard_compile(model->rules[i].condition, score_rule_place(&model->rules[i]),
										 &ready->identity, rel);
	ready->row = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(RelationGetDescr(rel)),
										  &TTSOpsHeapTuple);
	ready->no_row = MakeSingleTupleTableSlot(ready->row->tts_tupleDescriptor, &TTSOpsVirtual);
	ExecStoreAllNullTuple(ready->no_row);
	relation_close(rel, NoLock);
	return ready;
}

/* One that is at work, because a condition of its asks for scores again, stays until the query ends. */
static void
let_go(ReadyScore *ready)
{
	if (ready != NULL && ready->identity.running == 0)
		MemoryContextDelete(ready->context);
}

/* The score of a call, made ready once and not once a row. */
static ReadyScore *
ready_score(FunctionCallInfo fcinfo, const char *name, Oid row_type)
{
	ReadyScore *ready = fcinfo->flinfo->fn_extra;
	MemoryContext context,
				caller;

	watch_changes();
	if (ready != NULL && ready->changes == changes && ready->row_type == row_type &&
		strcmp(ready->stored->name, name) == 0)
		return ready;
	context = AllocSetContextCreate(CurrentMemoryContext, "crm_lifecycle score", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	ready = make_ready(name, row_type);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, fcinfo->flinfo->fn_mcxt);
	let_go(fcinfo->flinfo->fn_extra);
	fcinfo->flinfo->fn_extra = ready;
	return ready;
}

/* The events of a call, those that have a kind and an instant that is not later than as_of. */
typedef struct Events
{
	int			count;
	Datum	   *kinds;			/* text */
	TimestampTz *at;
} Events;

static void
take_event(Events *events, Datum kind, TimestampTz at, TimestampTz as_of)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events need instants that are finite")));
	if (at > as_of)
		return;
	events->kinds[events->count] = kind;
	events->at[events->count++] = at;
}

static Events
events_argument(FunctionCallInfo fcinfo, int argno, TimestampTz as_of)
{
	Events		events = {0};
	Datum	   *kinds,
			   *instants;
	bool	   *no_kind,
			   *no_instant;
	int			nkinds,
				ninstants;

	if (PG_ARGISNULL(argno) && PG_ARGISNULL(argno + 1))
		return events;
	if (PG_ARGISNULL(argno) || PG_ARGISNULL(argno + 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("events need their kinds and their instants")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), TEXTOID, -1, false, TYPALIGN_INT,
					  &kinds, &no_kind, &nkinds);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno + 1), TIMESTAMPTZOID, 8, FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &instants, &no_instant, &ninstants);
	if (nkinds != ninstants)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d events but %d instants", nkinds, ninstants)));
	events.kinds = palloc(Max(nkinds, 1) * sizeof(Datum));
	events.at = palloc(Max(nkinds, 1) * sizeof(TimestampTz));
	for (int i = 0; i < nkinds; i++)
		if (!no_kind[i] && !no_instant[i])
			take_event(&events, kinds[i], DatumGetTimestampTz(instants[i]), as_of);
	return events;
}

static int
compare_instants(const void *a, const void *b)
{
	TimestampTz left = *(const TimestampTz *) a,
				right = *(const TimestampTz *) b;

	return left < right ? -1 : left > right;
}

static void
tally_events(const ScoreModel *model, const ScoreRule *rule, const Events *events, TimestampTz as_of,
			 ScoreTally *tally)
{
	TimestampTz *at = palloc(Max(events->count, 1) * sizeof(TimestampTz));
	size_t		len = strlen(rule->event);
	int64		n = 0;
	PureError	error;

	for (int i = 0; i < events->count; i++)
	{
		text	   *kind = DatumGetTextPP(events->kinds[i]);

		CHECK_FOR_INTERRUPTS();
		if (VARSIZE_ANY_EXHDR(kind) == len && memcmp(VARDATA_ANY(kind), rule->event, len) == 0)
			at[n++] = events->at[i];
	}
	qsort(at, n, sizeof(TimestampTz), compare_instants);
	report_if(!score_count_events(model, rule, at, n, as_of, tally, &error), &error);
	pfree(at);
}

/* A question: what a call is about, and what each rule says to it. */
typedef struct Question
{
	ReadyScore *ready;
	ScoreTally *tallies;
} Question;

/* The arguments name, row [, events, at], as_of; false where one of the others is NULL. */
static bool
ask(FunctionCallInfo fcinfo, Question *question)
{
	int			as_of_arg = PG_NARGS() - 1;
	HeapTupleHeader row;
	HeapTupleData tuple;
	TimestampTz as_of;
	Events		events = {0};
	ScoreModel *model;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(as_of_arg))
		return false;
	as_of = PG_GETARG_TIMESTAMPTZ(as_of_arg);
	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a score is of an instant that is finite")));
	if (as_of_arg > 2)
		events = events_argument(fcinfo, 2, as_of);
	row = PG_GETARG_HEAPTUPLEHEADER(1);
	question->ready = ready_score(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)),
								  HeapTupleHeaderGetTypeId(row));
	model = question->ready->stored->model;
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	question->tallies = palloc0(model->nrules * sizeof(ScoreTally));
	for (int i = 0; i < model->nrules; i++)
	{
		const ScoreRule *rule = &model->rules[i];
		ScoreTally *tally = &question->tallies[i];

		if (rule->event != NULL)
			tally_events(model, rule, &events, as_of, tally);
		else
		{
			/* Each time: a condition that asks for scores again leaves another row in the slot. */
			ExecStoreHeapTuple(&tuple, question->ready->row, false);
			if (guard_holds(question->ready->guards[i], question->ready->row, question->ready->no_row))
				tally->points = tally->capped = tally->decayed = rule->points;
			ExecClearTuple(question->ready->row);
		}
	}
	return true;
}

/* The sum of a group, before its clamp. */
static int64
group_sum(const Question *question, int group)
{
	PureError	error;
	int64		sum;

	report_if(!score_sum_group(question->ready->stored->model, group, question->tallies, &sum, &error),
			  &error);
	return sum;
}

/* Clamped groups have at most a thousand million points each: no overflow. */
static int64
sum_of_groups(const Question *question)
{
	const ScoreModel *model = question->ready->stored->model;
	int64		sum = 0;

	for (int i = 0; i < model->ngroups; i++)
		sum += score_clamp(group_sum(question, i), &model->groups[i].range);
	return sum;
}

static Datum
points_datum(int64 points)
{
	return DirectFunctionCall1(numeric_trim_scale,
							   NumericGetDatum(int64_div_fast_to_numeric(points, SCORE_DECIMALS)));
}

/*
 * score(name, row [, events, at], as_of)
 */
PG_FUNCTION_INFO_V1(score);
Datum
score(PG_FUNCTION_ARGS)
{
	Question	question;
	const ScoreModel *model;
	int64		sum;

	if (!ask(fcinfo, &question))
		PG_RETURN_NULL();
	model = question.ready->stored->model;
	sum = sum_of_groups(&question);
	PG_RETURN_DATUM(points_datum(model->has_total ? score_clamp(sum, &model->total) : sum));
}

#define EXPLAIN_COLUMNS 5

static void
put_line(ReturnSetInfo *result, const char *group, const char *rule, const ScoreTally *tally)
{
	Datum		values[EXPLAIN_COLUMNS] = {0};
	bool		nulls[EXPLAIN_COLUMNS] = {group == NULL};

	if (group != NULL)
		values[0] = CStringGetTextDatum(group);
	values[1] = CStringGetTextDatum(rule);
	values[2] = points_datum(tally->points);
	values[3] = points_datum(tally->capped);
	values[4] = points_datum(tally->decayed);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* What a clamp adds or takes away, where it does. */
static void
put_clamp(ReturnSetInfo *result, const char *group, int64 sum, const ScoreRange *range)
{
	int64		clamped = score_clamp(sum, range);
	ScoreTally	tally = {clamped - sum, clamped - sum, clamped - sum};
	Datum		bound = DirectFunctionCall1(numeric_out, points_datum(clamped));

	if (clamped != sum)
		put_line(result, group, psprintf("%s %s", clamped < sum ? "at most" : "at least",
										 DatumGetCString(bound)), &tally);
}

/*
 * explain_score(name, row [, events, at], as_of)
 */
PG_FUNCTION_INFO_V1(explain_score);
Datum
explain_score(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Question	question;
	const ScoreModel *model;

	InitMaterializedSRF(fcinfo, 0);
	if (!ask(fcinfo, &question))
		return (Datum) 0;
	model = question.ready->stored->model;
	for (int i = 0; i < model->ngroups; i++)
	{
		for (int j = 0; j < model->nrules; j++)
			if (model->rules[j].group == i)
				put_line(result, model->groups[i].name, model->rules[j].text, &question.tallies[j]);
		put_clamp(result, model->groups[i].name, group_sum(&question, i), &model->groups[i].range);
	}
	if (model->has_total)
		put_clamp(result, NULL, sum_of_groups(&question), &model->total);
	return (Datum) 0;
}

/*
 * score_band(name, score): NULL where the score reaches none.
 */
PG_FUNCTION_INFO_V1(score_band);
Datum
score_band(PG_FUNCTION_ARGS)
{
	StoredScore *stored = stored_score_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	Datum		value = PG_GETARG_DATUM(1);
	const ScoreModel *model = stored->model;

	if (numeric_is_nan(DatumGetNumeric(value)))
		PG_RETURN_NULL();
	for (int i = 0; i < model->nbands; i++)
	{
		const ScoreBand *band = &model->bands[i];

		if (band->floor == PG_INT64_MIN ||
			DatumGetBool(DirectFunctionCall2(numeric_ge, value, points_datum(band->floor))))
			PG_RETURN_TEXT_P(cstring_to_text(band->name));
	}
	PG_RETURN_NULL();
}
