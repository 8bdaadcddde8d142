/*-------------------------------------------------------------------------
 *
 * journey_read.c
 *		What a journey can be asked: where it is, where it was, when, how long.
 *
 * Functions about the present read a slice of the value; those about the past open
 * it.  A span of time is whole days of 24 hours and a rest, as PostgreSQL's own
 * timestamptz - timestamptz gives it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "face.h"
#include "journey_io.h"
#include "stage.h"

static Datum
label_datum(const JourneyLabel *label)
{
	return PointerGetDatum(cstring_to_text_with_len(label->text, label->len));
}

PG_FUNCTION_INFO_V1(current_stage);
Datum
current_stage(PG_FUNCTION_ARGS)
{
	JourneyHead head;

	journey_read_head(PG_GETARG_DATUM(0), &head);
	PG_RETURN_DATUM(label_datum(&head.stage));
}

PG_FUNCTION_INFO_V1(started_at);
Datum
started_at(PG_FUNCTION_ARGS)
{
	JourneyHead head;

	journey_read_head(PG_GETARG_DATUM(0), &head);
	PG_RETURN_TIMESTAMPTZ(head.first);
}

PG_FUNCTION_INFO_V1(last_moved_at);
Datum
last_moved_at(PG_FUNCTION_ARGS)
{
	JourneyHead head;

	journey_read_head(PG_GETARG_DATUM(0), &head);
	PG_RETURN_TIMESTAMPTZ(head.last);
}

PG_FUNCTION_INFO_V1(step_count);
Datum
step_count(PG_FUNCTION_ARGS)
{
	JourneyHead head;

	journey_read_head(PG_GETARG_DATUM(0), &head);
	PG_RETURN_INT32(head.nsteps);
}

/*
 * Whether the journey's last stage is this one: what a table's CHECK asks of each row.
 * Not strict, since a CHECK lets NULL pass.
 */
PG_FUNCTION_INFO_V1(ends_in);
Datum
ends_in(PG_FUNCTION_ARGS)
{
	JourneyHead head;
	JourneyLabel stage;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(false);
	journey_read_head(PG_GETARG_DATUM(0), &head);
	stage = stage_argument(fcinfo, 1);
	PG_RETURN_BOOL(journey_label_compare(&head.stage, &stage) == 0);
}

PG_FUNCTION_INFO_V1(in_stage_since);
Datum
in_stage_since(PG_FUNCTION_ARGS)
{
	JourneyView view;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	PG_RETURN_TIMESTAMPTZ(journey_at(&view, journey_stay(&view)));
}

/* The step of the nth visit to the stage in the second argument, or -1. */
static int64
find_visit(FunctionCallInfo fcinfo, JourneyView *view)
{
	JourneyLabel stage = stage_argument(fcinfo, 1);
	int			nth = PG_GETARG_INT32(2);

	if (nth == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no visit number 0"),
				 errhint("The first visit is 1, the last one is -1.")));
	journey_open_datum(PG_GETARG_DATUM(0), view);
	return journey_visit(view, journey_find_label(view, stage.text, stage.len), nth);
}

PG_FUNCTION_INFO_V1(entered_at);
Datum
entered_at(PG_FUNCTION_ARGS)
{
	JourneyView view;
	int64		step = find_visit(fcinfo, &view);

	if (step < 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(journey_at(&view, step));
}

PG_FUNCTION_INFO_V1(left_at);
Datum
left_at(PG_FUNCTION_ARGS)
{
	JourneyView view;
	int64		step = find_visit(fcinfo, &view);

	if (step < 0 || step + 1 == view.nsteps)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(journey_at(&view, step + 1));
}

PG_FUNCTION_INFO_V1(visits);
Datum
visits(PG_FUNCTION_ARGS)
{
	JourneyLabel stage = stage_argument(fcinfo, 1);
	JourneyView view;
	int			index;
	int32		count = 0;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	index = journey_find_label(&view, stage.text, stage.len);
	for (uint32 step = 0; index >= 0 && step < view.nsteps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		count += journey_index(&view, step) == index;
	}
	PG_RETURN_INT32(count);
}

/* What a call site remembers: the journey out of line that it was last asked about. */
typedef struct StepSite
{
	char		pointer[TOAST_POINTER_SIZE];
	struct varlena *journey;	/* NULL: none yet */
} StepSite;

/*
 * Opens the first argument.  Whoever asks for one step asks for the next ones too: a
 * journey out of line is fetched once for all that are asked for one after the other.
 */
static void
open_step_by_step(FunctionCallInfo fcinfo, JourneyView *view)
{
	struct varlena *journey = (struct varlena *) PG_GETARG_POINTER(0);
	StepSite   *site = fcinfo->flinfo->fn_extra;
	MemoryContext caller;

	if (!VARATT_IS_EXTERNAL_ONDISK(journey))
	{
		journey_open_datum(PointerGetDatum(journey), view);
		return;
	}
	if (site == NULL)
		site = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
																 sizeof(StepSite));
	if (site->journey == NULL || memcmp(site->pointer, journey, TOAST_POINTER_SIZE) != 0)
	{
		if (site->journey != NULL)
			pfree(site->journey);
		site->journey = NULL;
		caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		site->journey = PG_DETOAST_DATUM_COPY(PointerGetDatum(journey));
		MemoryContextSwitchTo(caller);
		memcpy(site->pointer, journey, TOAST_POINTER_SIZE);
	}
	journey_open_datum(PointerGetDatum(site->journey), view);
}

/* The step with the number in the second argument, from 1, or from the end; -1 where there is none. */
static int64
find_step(FunctionCallInfo fcinfo, JourneyView *view)
{
	int64		step = PG_GETARG_INT32(1);

	open_step_by_step(fcinfo, view);
	step = step > 0 ? step - 1 : step < 0 ? view->nsteps + step : -1;
	return step < view->nsteps ? Max(step, -1) : -1;
}

PG_FUNCTION_INFO_V1(step_numbers);
Datum
step_numbers(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	Datum		number;

	if (SRF_IS_FIRSTCALL())
	{
		JourneyHead head;

		context = SRF_FIRSTCALL_INIT();
		journey_read_head(PG_GETARG_DATUM(0), &head);
		context->max_calls = head.nsteps;
	}
	context = SRF_PERCALL_SETUP();
	if (context->call_cntr == context->max_calls)
		SRF_RETURN_DONE(context);
	number = Int32GetDatum(context->call_cntr + 1);
	SRF_RETURN_NEXT(context, number);
}

PG_FUNCTION_INFO_V1(step_stage);
Datum
step_stage(PG_FUNCTION_ARGS)
{
	JourneyView view;
	int64		step = find_step(fcinfo, &view);
	JourneyLabel label;

	if (step < 0)
		PG_RETURN_NULL();
	label = journey_label(&view, journey_index(&view, step));
	PG_RETURN_DATUM(label_datum(&label));
}

PG_FUNCTION_INFO_V1(step_at);
Datum
step_at(PG_FUNCTION_ARGS)
{
	JourneyView view;
	int64		step = find_step(fcinfo, &view);

	if (step < 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(journey_at(&view, step));
}

static void
require_finite(TimestampTz at, const char *name)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be infinite", name)));
}

/* How long the stage was held until as_of; false where it was not entered by then. */
static bool
sum_visits(const JourneyView *view, int index, TimestampTz as_of, int64 *total)
{
	bool		entered = false;

	*total = 0;
	for (uint32 step = 0; step < view->nsteps; step++)
	{
		TimestampTz at = journey_at(view, step);
		TimestampTz left = as_of;
		int64		dwell;

		CHECK_FOR_INTERRUPTS();
		if (at > as_of)
			break;
		if (journey_index(view, step) != index)
			continue;
		if (step + 1 < view->nsteps)
			left = Min(journey_at(view, step + 1), as_of);
		if (pg_sub_s64_overflow(left, at, &dwell) || pg_add_s64_overflow(*total, dwell, total))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("interval out of range")));
		entered = true;
	}
	return entered;
}

/* PostgreSQL has a time_in of its own. */
PG_FUNCTION_INFO_V1(crm_time_in);
Datum
crm_time_in(PG_FUNCTION_ARGS)
{
	JourneyLabel stage = stage_argument(fcinfo, 1);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(2);
	JourneyView view;
	int			index;
	int64		total;

	require_finite(as_of, "as_of");
	journey_open_datum(PG_GETARG_DATUM(0), &view);
	index = journey_find_label(&view, stage.text, stage.len);
	if (index < 0 || !sum_visits(&view, index, as_of, &total))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(span_datum(total));
}

/*
 * Instants order the two, not steps: stages entered at the same instant are no time
 * apart, whichever the journey names first.
 */
PG_FUNCTION_INFO_V1(time_between);
Datum
time_between(PG_FUNCTION_ARGS)
{
	JourneyLabel stage_a = stage_argument(fcinfo, 1);
	JourneyLabel stage_b = stage_argument(fcinfo, 2);
	JourneyView view;
	int64		entry;
	int			index;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	entry = journey_visit(&view, journey_find_label(&view, stage_a.text, stage_a.len), 1);
	index = journey_find_label(&view, stage_b.text, stage_b.len);
	if (entry < 0 || index < 0)
		PG_RETURN_NULL();
	for (uint32 step = 0; step < view.nsteps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		if (journey_index(&view, step) == index && step != entry &&
			journey_at(&view, step) >= journey_at(&view, entry))
			PG_RETURN_DATUM(span_datum(journey_at(&view, step) - journey_at(&view, entry)));
	}
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(stage_at);
Datum
stage_at(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	JourneyView view;
	int64		step;
	JourneyLabel label;

	require_finite(at, "the instant");
	journey_open_datum(PG_GETARG_DATUM(0), &view);
	step = journey_step_at(&view, at);
	if (step < 0)
		PG_RETURN_NULL();
	label = journey_label(&view, journey_index(&view, step));
	PG_RETURN_DATUM(label_datum(&label));
}

/* Opens the journey in the first argument together with its labels. */
static JourneyLabel *
open_with_labels(FunctionCallInfo fcinfo, JourneyView *view)
{
	JourneyLabel *labels;

	journey_open_datum(PG_GETARG_DATUM(0), view);
	labels = palloc(view->nlabels * sizeof(JourneyLabel));
	journey_labels(view, labels);
	return labels;
}

PG_FUNCTION_INFO_V1(path);
Datum
path(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyLabel *labels = open_with_labels(fcinfo, &view);
	StringInfoData out;

	initStringInfo(&out);
	for (uint32 step = 0; step < view.nsteps; step++)
	{
		JourneyLabel *label = &labels[journey_index(&view, step)];

		CHECK_FOR_INTERRUPTS();
		if (step > 0)
			appendStringInfoChar(&out, '>');
		appendBinaryStringInfo(&out, label->text, label->len);
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* The dictionary is in the order of first visit already. */
PG_FUNCTION_INFO_V1(stages);
Datum
stages(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyLabel *labels = open_with_labels(fcinfo, &view);
	Datum	   *items = palloc(view.nlabels * sizeof(Datum));

	for (uint32 i = 0; i < view.nlabels; i++)
		items[i] = label_datum(&labels[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(items, view.nlabels, TEXTOID, -1, false, TYPALIGN_INT));
}

PG_FUNCTION_INFO_V1(moves);
Datum
moves(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyLabel *labels = open_with_labels(fcinfo, &view);
	Datum	   *items = palloc(view.nsteps * sizeof(Datum));
	StringInfoData move;

	initStringInfo(&move);
	for (uint32 step = 1; step < view.nsteps; step++)
	{
		JourneyLabel *from = &labels[journey_index(&view, step - 1)];
		JourneyLabel *to = &labels[journey_index(&view, step)];

		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&move);
		appendBinaryStringInfo(&move, from->text, from->len);
		appendStringInfoChar(&move, '>');
		appendBinaryStringInfo(&move, to->text, to->len);
		items[step - 1] = PointerGetDatum(cstring_to_text_with_len(move.data, move.len));
	}
	if (view.nsteps == 1)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	PG_RETURN_ARRAYTYPE_P(construct_array(items, view.nsteps - 1, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A journey being unrolled, row by row. */
typedef struct StepsState
{
	JourneyView view;
	Datum	   *stages;			/* each label, as text */
} StepsState;

static void
begin_steps(FunctionCallInfo fcinfo, FuncCallContext *context)
{
	MemoryContext caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	StepsState *state = palloc(sizeof(StepsState));
	JourneyLabel *labels;
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "steps() must return rows");
	context->tuple_desc = BlessTupleDesc(tupdesc);
	/* A copy: the argument need not live as long as the rows are asked for. */
	journey_open_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))), &state->view);
	labels = palloc(state->view.nlabels * sizeof(JourneyLabel));
	journey_labels(&state->view, labels);
	state->stages = palloc(state->view.nlabels * sizeof(Datum));
	for (uint32 i = 0; i < state->view.nlabels; i++)
		state->stages[i] = label_datum(&labels[i]);
	context->max_calls = state->view.nsteps;
	context->user_fctx = state;
	MemoryContextSwitchTo(caller);
}

static Datum
step_row(const StepsState *state, uint32 step, TupleDesc tupdesc)
{
	const JourneyView *view = &state->view;
	bool		open = step + 1 == view->nsteps;
	TimestampTz entered = journey_at(view, step);
	Datum		values[5];
	bool		nulls[5] = {false, false, false, open, open};

	values[0] = Int32GetDatum(step + 1);
	values[1] = state->stages[journey_index(view, step)];
	values[2] = TimestampTzGetDatum(entered);
	values[3] = open ? (Datum) 0 : TimestampTzGetDatum(journey_at(view, step + 1));
	values[4] = open ? (Datum) 0 : span_datum(journey_at(view, step + 1) - entered);
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls));
}

PG_FUNCTION_INFO_V1(steps);
Datum
steps(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	Datum		row;

	if (SRF_IS_FIRSTCALL())
		begin_steps(fcinfo, SRF_FIRSTCALL_INIT());
	context = SRF_PERCALL_SETUP();
	if (context->call_cntr == context->max_calls)
		SRF_RETURN_DONE(context);
	row = step_row(context->user_fctx, context->call_cntr, context->tuple_desc);
	SRF_RETURN_NEXT(context, row);
}
