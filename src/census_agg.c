/*-------------------------------------------------------------------------
 *
 * census_agg.c
 *		The aggregates census_agg and rollup, and the function that reads their result.
 *
 * The transition type is census itself.  The state is the aggregate's own copy and is
 * written into; when it must grow, it grows in the caller's short-lived memory and the
 * executor copies it over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "census_io.h"
#include "face.h"
#include "journey_io.h"
#include "label_map.h"
#include "spec_args.h"

/* What one call site knows, for as long as the query runs. */
typedef struct CallSite
{
	SpecCache	spec;
	LabelBook  *book;
	LabelMap   *map;			/* dictionaries to the book's codes */
} CallSite;

static int32
code_label(void *book, const char *label, size_t len)
{
	return label_book_code(book, label, len);
}

static CallSite *
get_call_site(FunctionCallInfo fcinfo)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site = palloc0(sizeof(CallSite));
		site->book = label_book_create(new_book_stamp());
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

static LabelMap *
get_map(FunctionCallInfo fcinfo, CallSite *site)
{
	if (site->map == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		site->map = label_map_create(code_label, NULL, site->book);
		MemoryContextSwitchTo(old);
	}
	return site->map;
}

static void
require_same_spec(const Census *census, const CensusPlan *plan)
{
	if (!census_has_spec(census, plan->text, plan->text_len))
		refuse_mixed_specs("censuses", census->spec, census->spec_len, plan->text, plan->text_len);
}

/*
 * census_agg_add(state, journey, census_spec [, until])
 *
 * Not strict: a NULL journey is nobody, but its row says which census is asked for.  A
 * NULL until is no end.
 */
PG_FUNCTION_INFO_V1(census_agg_add);
Datum
census_agg_add(PG_FUNCTION_ARGS)
{
	TimestampTz until = DT_NOEND;
	CallSite   *site;
	const CensusPlan *plan;
	Census	   *old = NULL;
	Census	   *census;
	JourneyView view;
	PureError	error;

	require_aggregate(fcinfo);
	site = get_call_site(fcinfo);
	plan = census_ready(&site->spec, fcinfo, 2);
	if (PG_NARGS() > 3 && !PG_ARGISNULL(3))
		until = PG_GETARG_TIMESTAMPTZ(3);
	if (!PG_ARGISNULL(0))
	{
		old = census_open_datum(PG_GETARG_DATUM(0));
		require_same_spec(old, plan);
	}
	census = old ? old : census_begin(plan->text, plan->text_len, plan->instants.n);
	if (!PG_ARGISNULL(1))
	{
		journey_foresee_next(PG_GETARG_DATUM(1));
		journey_open_datum(PG_GETARG_DATUM(1), &view);
		report_if(!census_add(&census, site->book, &plan->instants, &view,
							  label_map_codes(get_map(fcinfo, site), &view), until, &error),
				  &error);
	}
	if (census == old)
		PG_RETURN_POINTER(old);
	return census_datum(census);
}

/*
 * census_agg_combine(state, other): both of one specification; also adds to a rollup.
 */
PG_FUNCTION_INFO_V1(census_agg_combine);
Datum
census_agg_combine(PG_FUNCTION_ARGS)
{
	Census	   *census;
	PureError	error;

	require_aggregate(fcinfo);
	census = census_open_datum(PG_GETARG_DATUM(0));
	report_if(!census_merge(&census, get_call_site(fcinfo)->book,
							census_open_datum(PG_GETARG_DATUM(1)), &error), &error);
	return census_datum(census);
}

PG_FUNCTION_INFO_V1(census_agg_final);
Datum
census_agg_final(PG_FUNCTION_ARGS)
{
	return census_datum(census_trim(census_open_datum(PG_GETARG_DATUM(0))));
}

#define CELL_COLUMNS 3

/*
 * census_cells(census): every stage at every instant, by instant.
 */
PG_FUNCTION_INFO_V1(census_cells);
Datum
census_cells(PG_FUNCTION_ARGS)
{
	const Census *census = census_trim(census_open_datum(PG_GETARG_DATUM(0)));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum	   *labels = palloc(Max(census->nstages, 1) * sizeof(Datum));
	int64	   *counts = palloc0(Max(census->nstages, 1) * sizeof(int64));
	Grid		instants;

	InitMaterializedSRF(fcinfo, 0);
	census_instants_of(census, &instants);
	for (uint32 i = 0; i < census->nstages; i++)
	{
		JourneyLabel label = census_label(census, census_stage(census, i));

		labels[i] = PointerGetDatum(cstring_to_text_with_len(label.text, label.len));
	}
	for (uint32 at = 0; at < census->ninstants; at++)
		for (uint32 i = 0; i < census->nstages; i++)
		{
			Datum		values[CELL_COLUMNS] = {TimestampTzGetDatum(instants.at[at]), labels[i]};
			bool		nulls[CELL_COLUMNS] = {false};

			CHECK_FOR_INTERRUPTS();
			counts[i] += census_stage(census, i)->change[at];
			values[2] = Int64GetDatum(counts[i]);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	return (Datum) 0;
}
