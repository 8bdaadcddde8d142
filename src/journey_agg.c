/*-------------------------------------------------------------------------
 *
 * journey_agg.c
 *		The aggregates that make journeys, and their transition type journey_events.
 *
 * The binary form of journey_events:
 *
 *		int8	version, 1
 *		int8	flags: 1 if events have a seq
 *		int32	number of labels
 *				each: float4 order, int32 length, bytes in the client's encoding
 *		int32	number of events
 *				each: int32 index of its label, int64 microseconds since 2000-01-01
 *				UTC [, int64 seq]
 *
 * The collecting itself is pure, events.c, and so is the ordering, events_journey.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "events_text.h"
#include "face.h"
#include "journey_io.h"
#include "report.h"
#include "stage.h"
#include "wire.h"

#define WIRE_VERSION 1

/* Sets the header that pure code knows nothing of. */
static Datum
events_datum(JourneyEvents *events, const PureError *error)
{
	if (events == NULL)
		report_pure_error(error);
	SET_VARSIZE(events, events_size(events));
	return PointerGetDatum(events);
}

/*
 * Opens a state, which may be small enough to come with a short header.
 */
static JourneyEvents *
open_events(Datum value)
{
	/* Spares most the call. */
	if (!VARATT_IS_EXTENDED(DatumGetPointer(value)))
		return (JourneyEvents *) DatumGetPointer(value);
	return (JourneyEvents *) PG_DETOAST_DATUM(value);
}

static void
refuse_null(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("an event of a journey has no %s", what),
			 errhint("Leave such rows out with FILTER (WHERE ... IS NOT NULL).")));
}

/*
 * Whether the row holds an event.  One that has neither stage nor instant is what an
 * outer join makes where there is none; half an event is a mistake.
 */
static bool
has_event(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		return false;
	if (PG_ARGISNULL(1))
		refuse_null("stage");
	if (PG_ARGISNULL(2))
		refuse_null("instant");
	if (PG_NARGS() > 3 && PG_ARGISNULL(3))
		refuse_null("seq");
	return true;
}

/* Adds any event that there may be. */
static pg_noinline Datum
add_event(FunctionCallInfo fcinfo)
{
	bool		have_seq = PG_NARGS() > 3;
	JourneyEvents *events;
	EventLabel	label;
	PureError	error;

	if (!has_event(fcinfo))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	label.label = stage_ordered_argument(fcinfo, 1, &label.order);
	events = PG_ARGISNULL(0) ? events_begin(have_seq, label.order != 0) :
		open_events(PG_GETARG_DATUM(0));
	events = events_add(events, &label, PG_GETARG_TIMESTAMPTZ(2),
						have_seq ? PG_GETARG_INT64(3) : 0, &error);
	return events_datum(events, &error);
}

/*
 * A state without events: the executor copies what this call returns for a group's
 * first event, so that the next group may have the same one again.
 */
static inline JourneyEvents *
begin_again(FunctionCallInfo fcinfo)
{
	StageType  *site = fcinfo->flinfo->fn_extra;
	MemoryContext caller;

	if (site->more != NULL)
	{
		events_clear(site->more);
		return site->more;
	}
	caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	site->more = events_begin(PG_NARGS() > 3, false);
	MemoryContextSwitchTo(caller);
	SET_VARSIZE(site->more, events_size(site->more));
	return site->more;
}

/*
 * Has the processor fetch all of an ordinary state at once: where events come in time,
 * each is another group's, whose state was pushed out of the caches long ago.
 */
static inline void
fetch_state(const JourneyEvents *events)
{
	for (int at = 64; at < 256; at += 64)
		__builtin_prefetch((const char *) events + at, 1);
}

/* Adds an event that has a short text to a state that has room; else false. */
static inline bool
add_simple_event(FunctionCallInfo fcinfo, JourneyEvents **events)
{
	bool		have_seq = PG_NARGS() > 3;
	JourneyLabel label;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (have_seq && PG_ARGISNULL(3)) ||
		!stage_plain_argument(fcinfo, 1, &label))
		return false;
	if (PG_ARGISNULL(0))
		*events = begin_again(fcinfo);
	else
	{
		*events = (JourneyEvents *) PG_GETARG_POINTER(0);
		fetch_state(*events);
	}
	return !VARATT_IS_EXTENDED(*events) &&
		events_add_simple(*events, label, PG_GETARG_TIMESTAMPTZ(2),
						  have_seq ? PG_GETARG_INT64(3) : 0);
}

/*
 * journey_agg_add(state, stage, at [, seq]): this runs for every event, and most are
 * simple.
 */
PG_FUNCTION_INFO_V1(journey_agg_add);
Datum
journey_agg_add(PG_FUNCTION_ARGS)
{
	JourneyEvents *events;

	require_aggregate(fcinfo);
	if (add_simple_event(fcinfo, &events))
		PG_RETURN_POINTER(events);
	return add_event(fcinfo);
}

/* Adds each step; seq counts those of one instant, so that a journey keeps its own order. */
static JourneyEvents *
add_steps(JourneyEvents *events, const JourneyView *view, PureError *error)
{
	EventLabel	label;
	int64		seq = 0;

	label.order = 0;
	for (uint32 step = 0; events != NULL && step < view->nsteps; step++)
	{
		TimestampTz at = journey_at(view, step);

		CHECK_FOR_INTERRUPTS();
		seq = step > 0 && at == journey_at(view, step - 1) ? seq + 1 : 1;
		label.label = journey_label(view, journey_index(view, step));
		events = events_add(events, &label, at, seq, error);
	}
	return events;
}

PG_FUNCTION_INFO_V1(journey_merge_add);
Datum
journey_merge_add(PG_FUNCTION_ARGS)
{
	JourneyEvents *events;
	JourneyView view;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	events = PG_ARGISNULL(0) ? events_begin(true, false) : open_events(PG_GETARG_DATUM(0));
	journey_open_datum(PG_GETARG_DATUM(1), &view);
	return events_datum(add_steps(events, &view, &error), &error);
}

PG_FUNCTION_INFO_V1(journey_agg_combine);
Datum
journey_agg_combine(PG_FUNCTION_ARGS)
{
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	/* A copy with a full header: it will be written into. */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));
	return events_datum(events_merge(open_events(PG_GETARG_DATUM(0)),
									 open_events(PG_GETARG_DATUM(1)), &error),
						&error);
}

static Datum
ordered_journey(const JourneyEvents *events)
{
	size_t		size = VARHDRSZ + events_journey_size(events);
	struct varlena *journey = palloc(size);

	SET_VARSIZE(journey, size);
	events_write_journey(events, VARDATA(journey));
	return PointerGetDatum(journey);
}

PG_FUNCTION_INFO_V1(journey_agg_final);
Datum
journey_agg_final(PG_FUNCTION_ARGS)
{
	JourneyEvents *events = open_events(PG_GETARG_DATUM(0));
	JourneyBuilder builder;
	PureError	error;

	if (events_in_order(events))
		return ordered_journey(events);
	journey_begin(&builder);
	if (!events_to_journey(events, &builder, &error))
		report_pure_error(&error);
	PG_RETURN_JOURNEY(&builder);
}

PG_FUNCTION_INFO_V1(journey_events_in);
Datum
journey_events_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	JourneyEvents *events = events_parse(text, strlen(text), &error);

	if (events == NULL)
		return refuse_input(fcinfo, &error);
	return events_datum(events, &error);
}

PG_FUNCTION_INFO_V1(journey_events_out);
Datum
journey_events_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	events_print(&out, open_events(PG_GETARG_DATUM(0)));
	PG_RETURN_CSTRING(out.data);
}

static EventLabel *
receive_labels(StringInfo buf, uint32 nlabels)
{
	EventLabel *labels = palloc(nlabels * sizeof(EventLabel));

	for (uint32 i = 0; i < nlabels; i++)
	{
		labels[i].order = pq_getmsgfloat4(buf);
		if (!isfinite(labels[i].order))
			wire_refuse("journey_events", "a label's order is not a number");
		labels[i].label = wire_receive_label(buf, "journey_events");
	}
	return labels;
}

static JourneyEvents *
receive_event(StringInfo buf, JourneyEvents *events, const EventLabel *labels, uint32 nlabels)
{
	uint32		index = pq_getmsgint(buf, 4);
	TimestampTz at = pq_getmsgint64(buf);
	int64		seq = events_have_seq(events) ? pq_getmsgint64(buf) : 0;
	PureError	error;

	if (index >= nlabels)
		wire_refuse("journey_events", "an event's label is not among the labels");
	events = events_add(events, &labels[index], at, seq, &error);
	if (events == NULL)
		wire_refuse("journey_events", error.message);
	return events;
}

PG_FUNCTION_INFO_V1(journey_events_recv);
Datum
journey_events_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	EventLabel *labels;
	uint32		nlabels;
	uint32		nevents;
	int			flags;
	JourneyEvents *events;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse("journey_events", "unknown version");
	flags = pq_getmsgbyte(buf);
	if ((flags & ~EVENTS_HAVE_SEQ) != 0)
		wire_refuse("journey_events", "unknown flags");
	nlabels = wire_receive_count(buf, JOURNEY_MAX_LABELS, 8, "journey_events");
	labels = receive_labels(buf, nlabels);
	nevents = wire_receive_count(buf, JOURNEY_MAX_STEPS, flags ? 20 : 12, "journey_events");
	events = events_begin(flags != 0, false);
	for (uint32 i = 0; i < nevents; i++)
	{
		CHECK_FOR_INTERRUPTS();
		events = receive_event(buf, events, labels, nlabels);
	}
	if (events->nlabels != nlabels)
		wire_refuse("journey_events", "a label is repeated or belongs to no event");
	wire_receive_end(buf, "journey_events");
	return events_datum(events, NULL);
}

PG_FUNCTION_INFO_V1(journey_events_send);
Datum
journey_events_send(PG_FUNCTION_ARGS)
{
	JourneyEvents *events = open_events(PG_GETARG_DATUM(0));
	EventLabel *labels = events_labels(events);
	SortedEvent *sorted = events_sorted(events);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, WIRE_VERSION);
	pq_sendint8(&buf, events->flags & EVENTS_HAVE_SEQ);
	pq_sendint32(&buf, events->nlabels);
	for (int i = 0; i < events->nlabels; i++)
	{
		pq_sendfloat4(&buf, labels[i].order);
		wire_send_label(&buf, &labels[i].label);
	}
	pq_sendint32(&buf, events->nevents);
	for (uint32 i = 0; i < events->nevents; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint32(&buf, sorted[i].label);
		pq_sendint64(&buf, sorted[i].at);
		if (events_have_seq(events))
			pq_sendint64(&buf, sorted[i].seq);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
