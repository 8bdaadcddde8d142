/*-------------------------------------------------------------------------
 *
 * attribution_report.c
 *		What an attribution says, row by row: its paths, and the removal effects of its channels.
 *
 * A channel's removal effect is by how much the probability to win would fall if everybody
 * whom it touches were lost: Anderl, Becker, von Wangenheim & Schumann, Mapping the customer
 * journey, 2016, with chains of the first order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "attribution_report.h"
#include "markov.h"
#include "spec_args.h"

/*
 * A channel as SQL sees it.
 */
Datum
attribution_label(const JourneyLabel *label)
{
	return PointerGetDatum(cstring_to_text_with_len(label->text, label->len));
}

void
attribution_put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The moves of a path, with its outcome; state 0 is the start, 1 won, 2 lost, then the channels. */
static void
put_moves(const AttributionPath *path, MarkovMove *moves, uint32 *nmoves)
{
	uint32		from = 0;

	for (uint32 i = 0; i < path->ntouches; i++)
	{
		MarkovMove	move = {from, 3 + path->touches[i], (double) path->won + path->lost};

		moves[(*nmoves)++] = move;
		from = move.to;
	}
	if (path->won > 0)
		moves[(*nmoves)++] = (MarkovMove) {from, 1, path->won};
	if (path->lost > 0)
		moves[(*nmoves)++] = (MarkovMove) {from, 2, path->lost};
}

/*
 * The removal effect of each channel.
 */
double *
attribution_effects(const Attribution *paths)
{
	uint32		nstates = 3 + paths->nchannels;
	MarkovKind *kinds = palloc0(nstates * sizeof(MarkovKind));
	double	   *effects = palloc(nstates * sizeof(double));
	Size		room = 0;
	MarkovMove *moves;
	MarkovChain chain = {nstates, kinds};
	PureError	error;

	for (uint32 i = 0; i < paths->npaths; i++)
		room += paths->paths[i].ntouches + 2;
	moves = palloc_extended(room * sizeof(MarkovMove), MCXT_ALLOC_HUGE);
	kinds[1] = MARKOV_WON;
	kinds[2] = MARKOV_LOST;
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put_moves(&paths->paths[i], moves, &chain.nmoves);
	}
	chain.moves = moves;
	report_if(!markov_effects(&chain, effects, &error), &error);
	pfree(moves);
	return effects + 3;
}

/*
 * removal_effects(attribution)
 */
PG_FUNCTION_INFO_V1(removal_effects);
Datum
removal_effects(PG_FUNCTION_ARGS)
{
	const Attribution *paths = PG_GETARG_ATTRIBUTION(0);
	const double *effects = attribution_effects(paths);
	bool		none_won = true;

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < paths->npaths; i++)
		none_won = none_won && paths->paths[i].won == 0;
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		Datum		values[] = {attribution_label(&paths->channels[i]), Float8GetDatum(effects[i])};
		bool		nulls[] = {false, none_won};

		attribution_put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * attribution_paths(attribution)
 */
PG_FUNCTION_INFO_V1(attribution_paths);
Datum
attribution_paths(PG_FUNCTION_ARGS)
{
	const Attribution *paths = PG_GETARG_ATTRIBUTION(0);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		const AttributionPath *path = &paths->paths[i];
		Datum	   *items = palloc(path->ntouches * sizeof(Datum));
		Datum		values[4];
		bool		nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		for (uint32 j = 0; j < path->ntouches; j++)
			items[j] = attribution_label(&paths->channels[path->touches[j]]);
		values[0] = PointerGetDatum(construct_array(items, path->ntouches, TEXTOID, -1, false,
													TYPALIGN_INT));
		values[1] = Int64GetDatum(path->won);
		values[2] = Int64GetDatum(path->lost);
		values[3] = path->value;
		attribution_put_row(fcinfo, values, nulls);
		pfree(items);
	}
	return (Datum) 0;
}
