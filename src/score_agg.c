/*-------------------------------------------------------------------------
 *
 * score_agg.c
 *		Scores over a table of events in one pass: score_agg and explain_score_agg, which have
 *		one state.
 *
 * The state collects the instants of the events that rules count; the final functions count
 * them as score() does, so that both give the same to the last digit.  Only definitions
 * without conditions: these need a row, and would run a user's code in parallel workers.
 *
 * All processes of a query read the definition with its snapshot, so they have the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "face.h"
#include "score_face.h"
#include "score_model.h"
#include "spec_args.h"

/* A score that rows of the query named; they stay until it ends. */
typedef struct AskedScore
{
	struct AskedScore *next;
	StoredScore *stored;
} AskedScore;

/* The events of a group. */
typedef struct ScoreState
{
	const StoredScore *stored;	/* NULL: name or as_of was NULL, so the score is unknown */
	TimestampTz as_of;
	ScoreInstants book[FLEXIBLE_ARRAY_MEMBER];	/* a place for each kind of events */
} ScoreState;

static void
refuse_conditions(const StoredScore *stored)
{
	for (int i = 0; i < stored->model->nrules; i++)
		if (stored->model->rules[i].condition != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("score \"%s\" has conditions, which events alone do not answer", stored->name),
					 errdetail("One is \"%s\".", stored->model->rules[i].text),
					 errhint("Define what people do as a score of its own, or ask "
							 "lifecycle.score(name, row, array_agg(event), array_agg(at), as_of).")));
}

/* The score of that name, read once a query and place. */
static const StoredScore *
asked_score(FunctionCallInfo fcinfo, const char *name, size_t len)
{
	AskedScore *asked;
	MemoryContext caller;

	for (asked = fcinfo->flinfo->fn_extra; asked != NULL; asked = asked->next)
		if (strlen(asked->stored->name) == len && memcmp(asked->stored->name, name, len) == 0)
			return asked->stored;
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	asked = palloc(sizeof(AskedScore));
	asked->stored = stored_score_of_snapshot(pnstrdup(name, len));
	asked->next = fcinfo->flinfo->fn_extra;
	MemoryContextSwitchTo(caller);
	refuse_conditions(asked->stored);
	fcinfo->flinfo->fn_extra = asked;
	return asked->stored;
}

static ScoreState *
begin_state(MemoryContext context, const StoredScore *stored, TimestampTz as_of)
{
	int			nkinds = stored == NULL ? 0 : stored->model->nkinds;
	ScoreState *state = MemoryContextAllocZero(context, offsetof(ScoreState, book) +
											   nkinds * sizeof(ScoreInstants));

	state->stored = stored;
	state->as_of = as_of;
	return state;
}

static MemoryContext
state_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		refuse_plain_call();
	return context;
}

/* Processes of a query have read the score each for itself. */
static void
check_same_question(const ScoreState *state, const StoredScore *stored, TimestampTz as_of)
{
	if (state->as_of == as_of &&
		(state->stored == stored || (state->stored != NULL && stored != NULL &&
									 strcmp(state->stored->name, stored->name) == 0)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the events of one group are asked for different scores or instants"),
			 errhint("Group by whatever name and as_of depend on.")));
}

/*
 * score_agg_add(state, name, event, at, as_of): an event that is NULL, or without an instant,
 * counts nothing.
 */
PG_FUNCTION_INFO_V1(score_agg_add);
Datum
score_agg_add(PG_FUNCTION_ARGS)
{
	bool		unknown = PG_ARGISNULL(1) || PG_ARGISNULL(4);
	const StoredScore *stored = NULL;
	TimestampTz as_of = unknown ? 0 : PG_GETARG_TIMESTAMPTZ(4);
	ScoreState *state;
	MemoryContext caller;

	require_aggregate(fcinfo);
	if (!unknown)
	{
		text	   *name = PG_GETARG_TEXT_PP(1);

		score_check_as_of(as_of);
		stored = asked_score(fcinfo, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	}
	state = PG_ARGISNULL(0) ? begin_state(state_context(fcinfo), stored, as_of) :
		(ScoreState *) PG_GETARG_POINTER(0);
	check_same_question(state, stored, as_of);
	if (unknown || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);
	caller = MemoryContextSwitchTo(GetMemoryChunkContext(state));
	score_take_event(stored->model, state->book, PG_GETARG_TEXT_PP(2), PG_GETARG_TIMESTAMPTZ(3), as_of);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(state);
}

/*
 * Adds the right to the left state, and does not touch the right one.
 */
PG_FUNCTION_INFO_V1(score_agg_combine);
Datum
score_agg_combine(PG_FUNCTION_ARGS)
{
	ScoreState *state,
			   *other;
	MemoryContext caller;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = (ScoreState *) PG_GETARG_POINTER(1);
	state = PG_ARGISNULL(0) ? begin_state(state_context(fcinfo), other->stored, other->as_of) :
		(ScoreState *) PG_GETARG_POINTER(0);
	check_same_question(state, other->stored, other->as_of);
	caller = MemoryContextSwitchTo(GetMemoryChunkContext(state));
	for (int i = 0; state->stored != NULL && i < state->stored->model->nkinds; i++)
		report_if(!score_add_events(&state->book[i], &other->book[i], &error), &error);
	MemoryContextSwitchTo(caller);
	PG_RETURN_POINTER(state);
}

/*
 * Between processes of one server: the name, as_of, and for each kind the instants as they
 * are in memory.
 */
PG_FUNCTION_INFO_V1(score_agg_serialize);
Datum
score_agg_serialize(PG_FUNCTION_ARGS)
{
	const ScoreState *state;
	StringInfoData buf;
	uint32		name_len;

	require_aggregate(fcinfo);
	state = (const ScoreState *) PG_GETARG_POINTER(0);
	name_len = state->stored == NULL ? 0 : strlen(state->stored->name);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, name_len);
	pq_sendbytes(&buf, state->stored == NULL ? "" : state->stored->name, name_len);
	pq_sendint64(&buf, state->as_of);
	for (int i = 0; state->stored != NULL && i < state->stored->model->nkinds; i++)
	{
		pq_sendint64(&buf, state->book[i].n);
		pq_sendbytes(&buf, (char *) state->book[i].at, state->book[i].n * sizeof(TimestampTz));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
receive_instants(StringInfo buf, ScoreInstants *instants)
{
	instants->n = instants->room = pq_getmsgint64(buf);
	if (instants->n < 0 || instants->n > SCORE_MAX_EVENTS)
		elog(ERROR, "malformed state of score_agg");
	instants->at = palloc(Max(instants->n, 1) * sizeof(TimestampTz));
	pq_copymsgbytes(buf, (char *) instants->at, instants->n * sizeof(TimestampTz));
}

PG_FUNCTION_INFO_V1(score_agg_deserialize);
Datum
score_agg_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	StringInfoData buf;
	const StoredScore *stored = NULL;
	const char *name;
	uint32		name_len;
	ScoreState *state;
	TimestampTz as_of;

	require_aggregate(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	name_len = pq_getmsgint(&buf, sizeof(uint32));
	name = pq_getmsgbytes(&buf, name_len);
	as_of = pq_getmsgint64(&buf);
	if (name_len > 0)
		stored = asked_score(fcinfo, name, name_len);
	state = begin_state(CurrentMemoryContext, stored, as_of);
	for (int i = 0; stored != NULL && i < stored->model->nkinds; i++)
		receive_instants(&buf, &state->book[i]);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/* What each rule says to the events of a group; NULL where that is not known. */
static ScoreTally *
tally(ScoreState *state)
{
	const ScoreModel *model;
	ScoreTally *tallies;
	PureError	error;

	if (state->stored == NULL)
		return NULL;
	model = state->stored->model;
	tallies = palloc0(model->nrules * sizeof(ScoreTally));
	/* Sorts the instants where they are, which adds or takes nothing: another call may follow. */
	report_if(!score_count_events(model, state->book, state->as_of,
								  tallies, &error), &error);
	return tallies;
}

/*
 * score_agg's answer
 */
PG_FUNCTION_INFO_V1(score_agg_final);
Datum
score_agg_final(PG_FUNCTION_ARGS)
{
	ScoreState *state;
	ScoreTally *tallies;
	PureError	error;
	int64		score;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ScoreState *) PG_GETARG_POINTER(0);
	tallies = tally(state);
	if (tallies == NULL)
		PG_RETURN_NULL();
	report_if(!score_sum(state->stored->model, tallies, &score, &error), &error);
	PG_RETURN_DATUM(score_points_datum(score));
}

static Datum
lines_as_array(const ScoreLine *lines, int nlines, Oid line_type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(line_type, -1);
	Datum	   *rows = palloc(Max(nlines, 1) * sizeof(Datum));

	BlessTupleDesc(desc);
	for (int i = 0; i < nlines; i++)
	{
		Datum		values[SCORE_LINE_COLUMNS];
		bool		nulls[SCORE_LINE_COLUMNS];

		score_line_values(&lines[i], values, nulls);
		rows[i] = heap_copy_tuple_as_datum(heap_form_tuple(desc, values, nulls), desc);
	}
	return PointerGetDatum(construct_array(rows, nlines, line_type, -1, false, TYPALIGN_DOUBLE));
}

/*
 * explain_score_agg's answer: an array of lines
 */
PG_FUNCTION_INFO_V1(explain_score_agg_final);
Datum
explain_score_agg_final(PG_FUNCTION_ARGS)
{
	ScoreState *state;
	ScoreTally *tallies;
	PureError	error;
	ScoreLine  *lines;
	int			nlines;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ScoreState *) PG_GETARG_POINTER(0);
	tallies = tally(state);
	if (tallies == NULL)
		PG_RETURN_NULL();
	report_if(!score_explain(state->stored->model, tallies, &lines, &nlines, &error), &error);
	PG_RETURN_DATUM(lines_as_array(lines, nlines, get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid))));
}
