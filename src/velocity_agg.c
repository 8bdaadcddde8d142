/*-------------------------------------------------------------------------
 *
 * velocity_agg.c
 *		The aggregates that make velocities: velocity_agg and rollup.
 *
 * Their transition type is velocity itself: flat bytes with spare room, written into
 * in place.  Where they must grow, the larger ones are made in the call's context;
 * the executor copies them to the aggregate's and frees the old ones.  Made in the
 * aggregate's context here, every growth would leak.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "face.h"
#include "journey_io.h"
#include "label_map.h"
#include "report.h"
#include "velocity_io.h"

/* What one call site knows of labels, for as long as the query runs. */
typedef struct CallSite
{
	LabelBook  *book;
	LabelMap   *map;			/* dictionaries to the book's codes; NULL until wanted */
	const Velocity *last;		/* state that the last call worked on */
	SpecCache	spec;
	VelocitySpec no_spec;		/* where the aggregate takes none */
} CallSite;

static int32
code_label(void *book, const char *label, size_t len)
{
	return label_book_code(book, label, len);
}

static CallSite *
get_call_site(FunctionCallInfo fcinfo, bool with_map)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site = palloc0(sizeof(CallSite));
		velocity_spec_start(&site->no_spec);
		site->book = label_book_create(new_book_stamp());
		if (with_map)
			site->map = label_map_create(code_label, NULL, site->book);
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

/* Hands the state back as it came, NULL too. */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* The specification that the arguments give: none, a literal, a literal and an instant. */
static const VelocitySpec *
get_spec(FunctionCallInfo fcinfo, CallSite *site)
{
	if (PG_NARGS() > 2)
		return velocity_spec_ready(&site->spec, fcinfo, 2, PG_NARGS() > 3 ? 3 : NO_ARGUMENT);
	return &site->no_spec;
}

PG_FUNCTION_INFO_V1(velocity_agg_add);
Datum
velocity_agg_add(PG_FUNCTION_ARGS)
{
	CallSite   *site;
	const VelocitySpec *spec;
	Velocity   *velocity;
	JourneyView view;
	const int32 *codes;
	PureError	error;

	require_aggregate(fcinfo);
	site = get_call_site(fcinfo, true);
	spec = get_spec(fcinfo, site);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	velocity = PG_ARGISNULL(0) ? velocity_create(spec) : PG_GETARG_VELOCITY(0);
	if (!velocity_spec_equals(&velocity->spec, spec))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the specification of velocity_agg must be the same for all rows of a group")));
	journey_foresee_next(PG_GETARG_DATUM(1));
	journey_open_datum(PG_GETARG_DATUM(1), &view);
	codes = label_map_codes(site->map, &view);
	if (velocity != site->last)
		velocity_foresee(velocity, site->book->stamp, &view, codes);
	site->last = velocity;
	if (!velocity_add(&velocity, site->book, &view, codes, &error))
		report_pure_error(&error);
	PG_RETURN_VELOCITY(velocity);
}

/*
 * Merges the right into the left one, as a combine function and as rollup's transition
 * function.
 */
PG_FUNCTION_INFO_V1(velocity_agg_combine);
Datum
velocity_agg_combine(PG_FUNCTION_ARGS)
{
	CallSite   *site;
	Velocity   *velocity;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	/* A copy with a full header: it will be written into. */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));
	site = get_call_site(fcinfo, false);
	velocity = PG_GETARG_VELOCITY(0);
	if (!velocity_merge(&velocity, site->book, PG_GETARG_VELOCITY(1), &error))
		report_pure_error(&error);
	PG_RETURN_VELOCITY(velocity);
}

PG_FUNCTION_INFO_V1(velocity_agg_final);
Datum
velocity_agg_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_VELOCITY(velocity_trim(PG_GETARG_VELOCITY(0)));
}
