/*-------------------------------------------------------------------------
 *
 * attribution_shares.c
 *		How the credit for won deals is shared out among channels, by seven models; and the
 *		paths and removal effects that it comes from.
 *
 * In a path of n touches a touch gets its weight as a share of all weights:
 *
 *		first, last		the one touch has it all
 *		linear			1 each
 *		position		40 %, 20 % among those between, 40 %; of two one half each
 *		decay			2^(-d / half_life), d touches before the last one
 *		shapley			1 at a channel's first touch.  Where a coalition of channels is worth
 *						what the paths with no other channel brought, that is the Shapley
 *						value: Zhao, Mahboobi & Bagheri, Shapley Value Methods for Attribution
 *						Modeling in Online Advertising, 2018
 *
 * Under markov, all that was won is shared in proportion to removal effects: Anderl,
 * Becker, von Wangenheim & Schumann, Mapping the customer journey, 2016, with chains of
 * the first order.
 *
 * Amounts are added up exactly, as numerators over one denominator for all paths that
 * have it in common; what is rounded away in the end is dealt out again, so that the
 * sum over channels is the total to the last digit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "attribution.h"
#include "markov.h"
#include "spec_args.h"
#include "sums.h"

/* Decimals of a credit, at least; those of the total, if it has more. */
#define CREDIT_DECIMALS 6
/* More of them while it is computed: truncating once a denominator stays without effect. */
#define GUARD_DECIMALS 10

typedef enum Model
{
	MODEL_FIRST,
	MODEL_LAST,
	MODEL_LINEAR,
	MODEL_POSITION,
	MODEL_DECAY,
	MODEL_SHAPLEY,
	MODEL_MARKOV
} Model;

static const char *const model_names[] = {
	"first", "last", "linear", "position", "decay", "shapley", "markov", NULL
};

/* An amount that is shared out, and who has how much of it. */
typedef struct Pot
{
	Datum		total;
	int			decimals;
	Datum		fine;			/* 10 ^ (decimals + guard) */
	Datum	   *sums;			/* by channel: numerators over the denominator in work, or 0 */
	Datum	   *credits;		/* by channel: in fine units, until they are rounded */
} Pot;

typedef struct Sharing
{
	const Attribution *paths;
	Model		model;
	double		half_life;
	Datum	   *decay;			/* by distance from the last touch */
	Pot			conversions;
	Pot			value;
	uint32	   *touched;		/* channels that have sums */
	uint32		ntouched;
	uint32	   *seen;			/* by channel: the number + 1 of the path that touched it last */
} Sharing;

/* A path in which there is something to share out. */
typedef struct WonPath
{
	uint32		path;
	uint32		key;			/* paths with the same key have the same denominator */
} WonPath;

static Datum
whole_number(int64 number)
{
	return NumericGetDatum(int64_to_numeric(number));
}

/* 10 ^ exponent, which may be negative */
static Datum
power_of_ten(int exponent)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("1e%d", exponent)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static int
decimals_of(Datum number)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, number));
}

static void
add_to(Datum *sum, Datum amount)
{
	Datum		more = amount_add(*sum, amount);

	pfree(DatumGetPointer(*sum));
	*sum = more;
}

static void
begin_pot(Pot *pot, uint32 nchannels, Datum total)
{
	pot->total = total;
	pot->decimals = Max(CREDIT_DECIMALS, decimals_of(total));
	pot->fine = power_of_ten(pot->decimals + GUARD_DECIMALS);
	pot->sums = palloc0(nchannels * sizeof(Datum));
	pot->credits = palloc(nchannels * sizeof(Datum));
	for (uint32 i = 0; i < nchannels; i++)
		pot->credits[i] = whole_number(0);
}

static void
begin_sharing(Sharing *sharing, const Attribution *paths)
{
	Datum		won = whole_number(0),
				value = whole_number(0);

	for (uint32 i = 0; i < paths->npaths; i++)
	{
		add_to(&won, whole_number(paths->paths[i].won));
		add_to(&value, paths->paths[i].value);
	}
	sharing->paths = paths;
	begin_pot(&sharing->conversions, paths->nchannels, won);
	begin_pot(&sharing->value, paths->nchannels, value);
	sharing->touched = palloc(paths->nchannels * sizeof(uint32));
	sharing->seen = palloc0(paths->nchannels * sizeof(uint32));
}

/* Adds an amount times a weight to a channel's numerator. */
static void
put_sum(Pot *pot, uint32 channel, Datum amount, Datum weight)
{
	Datum		product = amount_multiply(amount, weight);

	if (pot->sums[channel] == (Datum) 0)
	{
		pot->sums[channel] = product;
		return;
	}
	add_to(&pot->sums[channel], product);
	pfree(DatumGetPointer(product));
}

static void
credit(Sharing *sharing, uint32 channel, Datum won, Datum value, Datum weight)
{
	if (sharing->conversions.sums[channel] == (Datum) 0)
		sharing->touched[sharing->ntouched++] = channel;
	put_sum(&sharing->conversions, channel, won, weight);
	put_sum(&sharing->value, channel, value, weight);
}

static void
divide_sum(Pot *pot, uint32 channel, Datum denominator)
{
	Datum		fine = amount_multiply(pot->sums[channel], pot->fine);
	Datum		quotient = DirectFunctionCall2(numeric_div_trunc, fine, denominator);

	add_to(&pot->credits[channel], quotient);
	pfree(DatumGetPointer(fine));
	pfree(DatumGetPointer(quotient));
	pfree(DatumGetPointer(pot->sums[channel]));
	pot->sums[channel] = (Datum) 0;
}

/* Credits what has been summed up over this denominator. */
static void
divide_sums(Sharing *sharing, Datum denominator)
{
	for (uint32 i = 0; i < sharing->ntouched; i++)
	{
		divide_sum(&sharing->conversions, sharing->touched[i], denominator);
		divide_sum(&sharing->value, sharing->touched[i], denominator);
	}
	sharing->ntouched = 0;
}

static uint32
count_channels(Sharing *sharing, uint32 path)
{
	const AttributionPath *touched = &sharing->paths->paths[path];
	uint32		n = 0;

	for (uint32 i = 0; i < touched->ntouches; i++)
		if (sharing->seen[touched->touches[i]] != path + 1)
		{
			sharing->seen[touched->touches[i]] = path + 1;
			n++;
		}
	return n;
}

static int
compare_won_paths(const void *a, const void *b)
{
	const WonPath *left = a;
	const WonPath *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return (left->path > right->path) - (left->path < right->path);
}

/* The paths that were won, those with the same denominator together. */
static WonPath *
sort_won_paths(Sharing *sharing, uint32 *n)
{
	const Attribution *paths = sharing->paths;
	WonPath    *sorted = palloc(Max(paths->npaths, 1) * sizeof(WonPath));

	*n = 0;
	for (uint32 i = 0; i < paths->npaths; i++)
	{
		if (paths->paths[i].won == 0)
			continue;
		sorted[*n].path = i;
		if (sharing->model == MODEL_FIRST || sharing->model == MODEL_LAST)
			sorted[*n].key = 1;
		else if (sharing->model == MODEL_SHAPLEY)
			sorted[*n].key = count_channels(sharing, i);
		else
			sorted[*n].key = paths->paths[i].ntouches;
		(*n)++;
	}
	qsort(sorted, *n, sizeof(WonPath), compare_won_paths);
	memset(sharing->seen, 0, paths->nchannels * sizeof(uint32));
	return sorted;
}

/* Weights by distance from the last touch, as far as the longest path needs them. */
static void
find_decay(Sharing *sharing, uint32 longest)
{
	sharing->decay = palloc(longest * sizeof(Datum));
	for (uint32 i = 0; i < longest; i++)
		sharing->decay[i] = DirectFunctionCall1(float8_numeric,
												Float8GetDatum(exp2(-(i / sharing->half_life))));
}

/* What the weights of a path add up to. */
static Datum
denominator(const Sharing *sharing, uint32 key)
{
	Datum		sum;

	if (sharing->model == MODEL_POSITION && key > 2)
		return whole_number(5 * ((int64) key - 2));
	if (sharing->model != MODEL_DECAY)
		return whole_number(key);
	sum = whole_number(0);
	for (uint32 i = 0; i < key; i++)
		add_to(&sum, sharing->decay[i]);
	return sum;
}

static void
credit_path(Sharing *sharing, uint32 which)
{
	const AttributionPath *path = &sharing->paths->paths[which];
	Datum		won = whole_number(path->won),
				one = whole_number(1),
				outer = one;
	uint32		last = path->ntouches - 1;
	uint32		from = sharing->model == MODEL_LAST ? last : 0;
	uint32		to = sharing->model == MODEL_FIRST ? 0 : last;

	/* Among n - 2 touches 20 % are one part each, and 40 % 2 (n - 2) parts. */
	if (sharing->model == MODEL_POSITION && last > 1)
		outer = whole_number(2 * ((int64) last - 1));
	for (uint32 i = from; i <= to; i++)
	{
		uint32		channel = path->touches[i];
		bool		again = sharing->seen[channel] == which + 1;

		sharing->seen[channel] = which + 1;
		if (sharing->model == MODEL_SHAPLEY && again)
			continue;
		credit(sharing, channel, won, path->value,
			   sharing->model == MODEL_DECAY ? sharing->decay[last - i] :
			   i == 0 || i == last ? outer : one);
	}
	pfree(DatumGetPointer(won));
	if (outer != one)
		pfree(DatumGetPointer(outer));
	pfree(DatumGetPointer(one));
}

/* Shares out by the touches' places in their paths. */
static void
share_by_path(Sharing *sharing)
{
	uint32		n;
	WonPath    *won = sort_won_paths(sharing, &n);

	if (sharing->model == MODEL_DECAY && n > 0)
		find_decay(sharing, won[n - 1].key);
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		credit_path(sharing, won[i].path);
		if (i + 1 == n || won[i + 1].key != won[i].key)
			divide_sums(sharing, denominator(sharing, won[i].key));
	}
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

/* The removal effect of each channel. */
static double *
find_effects(const Attribution *paths)
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

/* Shares out all that was won in proportion to the removal effects. */
static void
share_by_effect(Sharing *sharing)
{
	const double *effects = find_effects(sharing->paths);
	Datum		sum = whole_number(0);

	for (uint32 i = 0; i < sharing->paths->nchannels; i++)
	{
		Datum		effect;

		if (effects[i] <= 0)
			continue;
		effect = DirectFunctionCall1(float8_numeric, Float8GetDatum(effects[i]));
		credit(sharing, i, sharing->conversions.total, sharing->value.total, effect);
		add_to(&sum, effect);
	}
	if (sharing->ntouched > 0)
		divide_sums(sharing, sum);
}

/* What is left over of a channel's credit when it is cut to the decimals that are shown. */
typedef struct Rest
{
	uint32		channel;
	Datum		rest;
} Rest;

static int
compare_rests(const void *a, const void *b)
{
	const Rest *left = a;
	const Rest *right = b;
	int			order = amount_compare(right->rest, left->rest);

	if (order != 0)
		return order;
	return (left->channel > right->channel) - (left->channel < right->channel);
}

/*
 * Rounds credits so that their sum is the total: all are cut off, and what is missing
 * then is given, a last digit each, to those who lost most (the method of the largest
 * remainder).
 */
static void
round_credits(Pot *pot, uint32 n)
{
	Rest	   *rests = palloc(n * sizeof(Rest));
	Datum		missing = amount_multiply(pot->total, power_of_ten(pot->decimals)),
				coarse = power_of_ten(-GUARD_DECIMALS),
				last = power_of_ten(-pot->decimals);
	int			nmissing;

	for (uint32 i = 0; i < n; i++)
	{
		Datum		exact = amount_multiply(pot->credits[i], coarse);

		pot->credits[i] = DirectFunctionCall1(numeric_floor, exact);
		missing = amount_subtract(missing, pot->credits[i]);
		rests[i].channel = i;
		rests[i].rest = amount_subtract(exact, pot->credits[i]);
	}
	qsort(rests, n, sizeof(Rest), compare_rests);
	nmissing = DatumGetInt32(DirectFunctionCall1(numeric_int4, missing));
	for (int i = 0; i < nmissing && i < (int) n; i++)
		add_to(&pot->credits[rests[i].channel], whole_number(1));
	for (uint32 i = 0; i < n; i++)
		pot->credits[i] = amount_multiply(pot->credits[i], last);
}

/* Without zeros at its end, but for those that the total has too. */
static Datum
shown(const Pot *pot, uint32 channel)
{
	Datum		trimmed = DirectFunctionCall1(numeric_trim_scale, pot->credits[channel]);
	int			decimals = decimals_of(pot->total);

	if (decimals_of(trimmed) >= decimals)
		return trimmed;
	return DirectFunctionCall2(numeric_round, trimmed, Int32GetDatum(decimals));
}

static double
to_double(Datum number)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, number));
}

/* What part of what was won a channel is credited with, as long as credits are in fine units. */
static double
share_of(const Pot *pot, uint32 channel)
{
	double		total = to_double(amount_multiply(pot->total, pot->fine));

	return total > 0 ? to_double(pot->credits[channel]) / total : 0;
}

static Datum
label_datum(const JourneyLabel *label)
{
	return PointerGetDatum(cstring_to_text_with_len(label->text, label->len));
}

static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static double
half_life_argument(FunctionCallInfo fcinfo, int argno)
{
	double		half_life = PG_GETARG_FLOAT8(argno);

	if (!(half_life > 0) || isinf(half_life))
		refuse_argument("the half-life", "must be a finite number of touches above 0");
	return half_life;
}

/*
 * attribution_shares(attribution, model, half_life)
 */
PG_FUNCTION_INFO_V1(attribution_shares);
Datum
attribution_shares(PG_FUNCTION_ARGS)
{
	const Attribution *paths = PG_GETARG_ATTRIBUTION(0);
	Sharing		sharing = {0};
	double	   *shares = palloc(paths->nchannels * sizeof(double));
	bool		none_won;

	sharing.model = argument_word(fcinfo, 1, "model", model_names);
	sharing.half_life = half_life_argument(fcinfo, 2);
	InitMaterializedSRF(fcinfo, 0);
	begin_sharing(&sharing, paths);
	if (sharing.model == MODEL_MARKOV)
		share_by_effect(&sharing);
	else
		share_by_path(&sharing);
	none_won = amount_sign(sharing.conversions.total) == 0;
	for (uint32 i = 0; i < paths->nchannels; i++)
		shares[i] = share_of(&sharing.conversions, i);
	round_credits(&sharing.conversions, paths->nchannels);
	round_credits(&sharing.value, paths->nchannels);
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		Datum		values[] = {label_datum(&paths->channels[i]), shown(&sharing.conversions, i),
			shown(&sharing.value, i), Float8GetDatum(shares[i])};
		bool		nulls[] = {false, false, false, none_won};

		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * removal_effects(attribution)
 */
PG_FUNCTION_INFO_V1(removal_effects);
Datum
removal_effects(PG_FUNCTION_ARGS)
{
	const Attribution *paths = PG_GETARG_ATTRIBUTION(0);
	const double *effects = find_effects(paths);
	bool		none_won = true;

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < paths->npaths; i++)
		none_won = none_won && paths->paths[i].won == 0;
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		Datum		values[] = {label_datum(&paths->channels[i]), Float8GetDatum(effects[i])};
		bool		nulls[] = {false, none_won};

		put_row(fcinfo, values, nulls);
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
			items[j] = label_datum(&paths->channels[path->touches[j]]);
		values[0] = PointerGetDatum(construct_array(items, path->ntouches, TEXTOID, -1, false,
													TYPALIGN_INT));
		values[1] = Int64GetDatum(path->won);
		values[2] = Int64GetDatum(path->lost);
		values[3] = path->value;
		put_row(fcinfo, values, nulls);
		pfree(items);
	}
	return (Datum) 0;
}
