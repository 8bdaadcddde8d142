/*-------------------------------------------------------------------------
 *
 * journey_keep.c
 *		The few things that enforcement does to a journey.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "journey_io.h"
#include "journey_keep.h"
#include "report.h"

static void
add_step(JourneyBuilder *builder, JourneyLabel stage, TimestampTz at)
{
	PureError	error;

	if (!journey_add(builder, stage.text, stage.len, at, &error))
		report_pure_error(&error);
}

/*
 * A journey of one step.
 */
Datum
journey_start(JourneyLabel stage, TimestampTz at)
{
	JourneyBuilder builder;

	journey_begin(&builder);
	add_step(&builder, stage, at);
	return PointerGetDatum(journey_from_builder(&builder));
}

/*
 * The journey and one step more, which is never before its last.
 */
Datum
journey_extend(Datum journey, JourneyLabel stage, TimestampTz at)
{
	JourneyView view;
	JourneyAppend plan = {0};
	PureError	error;
	struct varlena *result;

	journey_open_datum(journey, &view);
	if (!journey_append_plan(&plan, &view, stage.text, stage.len, at, &error))
		report_pure_error(&error);
	result = palloc(VARHDRSZ + plan.size);
	SET_VARSIZE(result, VARHDRSZ + plan.size);
	journey_append_write(&plan, &view, stage.text, stage.len, VARDATA(result));
	return PointerGetDatum(result);
}

/*
 * The journey, which has more than one step, without its last.  It is built anew: the
 * last stage may have been the only one with its label.
 */
Datum
journey_shorten(const JourneyView *view)
{
	JourneyLabel *labels = palloc(view->nlabels * sizeof(JourneyLabel));
	JourneyBuilder builder;

	Assert(view->nsteps > 1);
	journey_labels(view, labels);
	journey_begin(&builder);
	for (uint32 step = 0; step < view->nsteps - 1; step++)
		add_step(&builder, labels[journey_index(view, step)], journey_at(view, step));
	return PointerGetDatum(journey_from_builder(&builder));
}

JourneyLabel
journey_last_stage(const JourneyView *view)
{
	return journey_label(view, journey_word_index(view->last_word));
}
