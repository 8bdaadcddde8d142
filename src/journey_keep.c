/*-------------------------------------------------------------------------
 *
 * journey_keep.c
 *		The few things that enforcement does to a journey.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

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

/* When a row that has no journey yet entered its stage: what the table says, or now. */
static TimestampTz
entered_since(const Binding *binding, TupleTableSlot *row, TimestampTz now)
{
	AttrNumber	column = binding->columns[SINCE_COLUMN];
	bool		isnull = true;
	Datum		value = column > 0 ? slot_getattr(row, column, &isnull) : (Datum) 0;
	TimestampTz since = now;

	if (isnull)
		return now;
	switch (getBaseType(TupleDescAttr(row->tts_tupleDescriptor, column - 1)->atttypid))
	{
		case TIMESTAMPTZOID:
			since = DatumGetTimestampTz(value);
			break;
		case TIMESTAMPOID:
			since = DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, value));
			break;
		case DATEOID:
			since = DatumGetTimestampTz(DirectFunctionCall1(date_timestamptz, value));
			break;
	}
	return TIMESTAMP_NOT_FINITE(since) ? now : Min(since, now);
}

/*
 * The journey of a row of a table that was attached without filling it in: it begins in
 * the stage that the row is in.
 */
Datum
journey_of_unfilled(const Binding *binding, TupleTableSlot *row, TimestampTz now)
{
	bool		isnull;
	Datum		stage = slot_getattr(row, binding->columns[STAGE_COLUMN], &isnull);

	Assert(!isnull);
	return journey_start(binding_label(binding, stage), entered_since(binding, row, now));
}

/* Whether both lie in the same place of the TOAST table, as in a row that an UPDATE left as it was. */
static bool
same_place(struct varlena *a, struct varlena *b)
{
	return VARATT_IS_EXTERNAL_ONDISK(a) && VARATT_IS_EXTERNAL_ONDISK(b) &&
		memcmp(VARDATA_EXTERNAL(a), VARDATA_EXTERNAL(b), sizeof(struct varatt_external)) == 0;
}

/*
 * Whether two journeys are the same to the byte.  Long ones are not read for it if they
 * need not be.
 */
bool
journey_same(Datum a, Datum b)
{
	return same_place((struct varlena *) DatumGetPointer(a), (struct varlena *) DatumGetPointer(b)) ||
		datum_image_eq(a, b, false, -1);
}

JourneyLabel
journey_last_stage(const JourneyView *view)
{
	return journey_label(view, journey_word_index(view->last_word));
}
