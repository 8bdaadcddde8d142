/*-------------------------------------------------------------------------
 *
 * survival_agg.c
 *		The aggregates that make survivals: survival_agg and rollup.
 *
 * Their transition type is survival itself: flat bytes with spare room, written into in
 * place.  Where they must grow, the larger ones are made in the call's context; the
 * executor copies them to the aggregate's and frees the old ones.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "face.h"
#include "journey_io.h"
#include "spec_args.h"
#include "stage.h"
#include "survival_io.h"

/* Hands the state back as it came, NULL too. */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static Survival *
get_state(FunctionCallInfo fcinfo, const char *spec, size_t spec_len)
{
	Survival   *survival;

	if (PG_ARGISNULL(0))
		return survival_create(spec, spec_len);
	survival = PG_GETARG_SURVIVAL(0);
	if (!survival_has_spec(survival, spec, spec_len))
		refuse_mixed_specs("survivals", survival->spec, survival->spec_len, spec, spec_len);
	return survival;
}

/*
 * survival_agg_add(state, journey, survival_spec [, as_of])
 */
PG_FUNCTION_INFO_V1(survival_agg_add);
Datum
survival_agg_add(PG_FUNCTION_ARGS)
{
	PlannedSurvival *planned;
	Survival   *survival;
	JourneyView view;
	SurvivalCase found;
	uint32		cause = SURVIVAL_CENSORED;
	PureError	error;

	require_aggregate(fcinfo);
	planned = survival_planned(fcinfo, 2, PG_NARGS() > 3 ? 3 : NO_ARGUMENT);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	survival = get_state(fcinfo, planned->text, planned->text_len);
	journey_foresee_next(PG_GETARG_DATUM(1));
	journey_open_datum(PG_GETARG_DATUM(1), &view);
	if (survival_spec_watch(&planned->spec, &view, label_map_codes(planned->map, &view), &found))
	{
		report_if(found.cause >= 0 &&
				  !survival_put_cause(&survival, planned->spec.causes.labels[found.cause], &cause, &error),
				  &error);
		report_if(!survival_add(&survival, found.time, cause, 1, &error), &error);
	}
	return survival_datum(survival);
}

/*
 * survival_agg_add_duration(state, duration, cause): a NULL cause is censored.
 */
PG_FUNCTION_INFO_V1(survival_agg_add_duration);
Datum
survival_agg_add_duration(PG_FUNCTION_ARGS)
{
	Survival   *survival;
	uint32		cause = SURVIVAL_CENSORED;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	survival = get_state(fcinfo, "", 0);
	report_if(!PG_ARGISNULL(2) &&
			  !survival_put_cause(&survival, stage_argument(fcinfo, 2), &cause, &error), &error);
	report_if(!survival_add(&survival, duration_argument(fcinfo, 1, "a duration"), cause, 1, &error),
			  &error);
	return survival_datum(survival);
}

/*
 * Merges the right into the left one, as a combine function and as rollup's transition
 * function.
 */
PG_FUNCTION_INFO_V1(survival_agg_combine);
Datum
survival_agg_combine(PG_FUNCTION_ARGS)
{
	Survival   *survival;
	PureError	error;

	require_aggregate(fcinfo);
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	/* A copy with a full header: it will be written into. */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(1)));
	survival = PG_GETARG_SURVIVAL(0);
	report_if(!survival_merge(&survival, PG_GETARG_SURVIVAL(1), &error), &error);
	return survival_datum(survival);
}

PG_FUNCTION_INFO_V1(survival_agg_final);
Datum
survival_agg_final(PG_FUNCTION_ARGS)
{
	return survival_datum(survival_trim(PG_GETARG_SURVIVAL(0)));
}
