/*-------------------------------------------------------------------------
 *
 * diagram_compare.c
 *		Diagrams in SQL: what is different between two, and what is wrong with one.
 *
 * Nothing here knows of lifecycles that are stored; see alter.c for that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "diagram_check.h"
#include "diagram_compare.h"
#include "diagram_diff.h"
#include "redraw.h"

PG_FUNCTION_INFO_V1(diagram_diff);
PG_FUNCTION_INFO_V1(diagram_relabels);
PG_FUNCTION_INFO_V1(diagram_flaws);

static Diagram *
diagram_argument(FunctionCallInfo fcinfo, int n)
{
	return read_diagram(text_to_cstring(PG_GETARG_TEXT_PP(n)));
}

/* A row of texts, some of them NULL. */
static void
put_texts(FunctionCallInfo fcinfo, int n, const char *const *texts)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[4];
	bool		nulls[4];

	Assert(n <= lengthof(values));
	for (int i = 0; i < n; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Returns the differences between two diagrams as the rows of a function.
 */
void
put_changes(FunctionCallInfo fcinfo, const Diagram *before, const Diagram *after)
{
	DiagramDiff *diff = compare_diagrams(before, after);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < diff->nchanges; i++)
	{
		const DiagramChange *change = &diff->changes[i];

		put_texts(fcinfo, 3, (const char *const[]) {change->change, change->subject, change->detail});
	}
}

/*
 * diagram_diff(before, after): what leads from one diagram to another.
 */
Datum
diagram_diff(PG_FUNCTION_ARGS)
{
	put_changes(fcinfo, diagram_argument(fcinfo, 0), diagram_argument(fcinfo, 1));
	return (Datum) 0;
}

/*
 * diagram_relabels(before, after): the labels that rows hold instead of others then.
 */
Datum
diagram_relabels(PG_FUNCTION_ARGS)
{
	DiagramDiff *diff = compare_diagrams(diagram_argument(fcinfo, 0), diagram_argument(fcinfo, 1));

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < diff->nrelabels; i++)
	{
		const DiagramRelabel *relabel = &diff->relabels[i];
		ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
		Datum		values[] = {
			CStringGetTextDatum(relabel->before),
			CStringGetTextDatum(relabel->after),
			BoolGetDatum(relabel->merged)
		};
		bool		nulls[lengthof(values)] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * diagram_flaws(diagram): what is probably wrong with it.
 */
Datum
diagram_flaws(PG_FUNCTION_ARGS)
{
	int			count;
	DiagramFlaw *flaws = diagram_flaws_of(machine_build(diagram_argument(fcinfo, 0)), &count);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < count; i++)
		put_texts(fcinfo, 4, (const char *const[])
				  {flaws[i].severity, flaws[i].problem, flaws[i].subject, flaws[i].hint});
	return (Datum) 0;
}
