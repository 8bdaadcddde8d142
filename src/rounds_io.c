/*-------------------------------------------------------------------------
 *
 * rounds_io.c
 *		In SQL: the order of a diagram's stages, its main line, and journeys told in rounds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "journey_io.h"
#include "machine_order.h"
#include "redraw.h"
#include "report.h"
#include "rounds.h"
#include "spec_args.h"

static Machine *
machine_argument(FunctionCallInfo fcinfo)
{
	return machine_build(read_diagram(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* The labels of these stages. */
static Datum
label_array(const Machine *machine, const int *stages, int count)
{
	Datum	   *labels = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		labels[i] = CStringGetTextDatum(machine->diagram->stages[stages[i]].label);
	return PointerGetDatum(construct_array(labels, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * diagram_order(diagram)
 */
PG_FUNCTION_INFO_V1(diagram_order);
Datum
diagram_order(PG_FUNCTION_ARGS)
{
	Machine    *machine = machine_argument(fcinfo);
	int			nstages = machine->diagram->nstages;
	int		   *order = palloc(Max(nstages, 1) * sizeof(int));

	machine_order(machine, order);
	return label_array(machine, order, nstages);
}

/*
 * diagram_line(diagram)
 */
PG_FUNCTION_INFO_V1(diagram_line);
Datum
diagram_line(PG_FUNCTION_ARGS)
{
	Machine    *machine = machine_argument(fcinfo);
	int		   *line = palloc(Max(machine->diagram->nstages, 1) * sizeof(int));

	return label_array(machine, line, machine_main_line(machine, line));
}

/* What a call site remembers: the stages that it was last called with, and the plan for them. */
typedef struct RoundSite
{
	MemoryContext context;		/* of all below */
	struct varlena *stages;		/* NULL: nothing yet */
	RoundPlan  *plan;
} RoundSite;

static RoundSite *
get_site(FunctionCallInfo fcinfo)
{
	RoundSite  *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RoundSite));
		site->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "rounds",
											  ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

static bool
same_stages(const struct varlena *a, const struct varlena *b)
{
	return a != NULL && VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* The plan for the stages of argument 1, made once and not once a row. */
static RoundPlan *
get_plan(FunctionCallInfo fcinfo)
{
	RoundSite  *site = get_site(fcinfo);
	struct varlena *stages = PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
	MemoryContext caller;
	JourneyLabel *labels = NULL;
	int			nlabels;

	if (same_stages(site->stages, stages))
		return site->plan;
	site->stages = NULL;
	MemoryContextReset(site->context);
	nlabels = argument_labels(fcinfo, 1, "the list of stages", &labels);
	caller = MemoryContextSwitchTo(site->context);
	site->plan = rounds_plan(labels, nlabels);
	site->stages = palloc(VARSIZE(stages));
	memcpy(site->stages, stages, VARSIZE(stages));
	MemoryContextSwitchTo(caller);
	return site->plan;
}

/*
 * journey_rounds(journey, stages)
 */
PG_FUNCTION_INFO_V1(journey_rounds);
Datum
journey_rounds(PG_FUNCTION_ARGS)
{
	RoundPlan  *plan = get_plan(fcinfo);
	JourneyView view;
	JourneyBuilder builder;
	PureError	error;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	journey_begin(&builder);
	report_if(!journey_in_rounds(&builder, plan, &view, &error), &error);
	PG_RETURN_JOURNEY(&builder);
}
