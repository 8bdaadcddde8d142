/*-------------------------------------------------------------------------
 *
 * attribution_shares.c
 *		How the credit for won deals is shared out among channels, by seven models.
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
 * Under markov, all that was won is shared in proportion to removal effects; see
 * attribution_report.c.  How it is added up exactly is attribution_pot.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "attribution.h"
#include "attribution_pot.h"
#include "attribution_report.h"
#include "spec_args.h"
#include "sums.h"

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

static void
begin_sharing(Sharing *sharing, const Attribution *paths)
{
	Datum		won = attribution_number(0),
				value = attribution_number(0);

	for (uint32 i = 0; i < paths->npaths; i++)
	{
		attribution_add(&won, attribution_number(paths->paths[i].won));
		attribution_add(&value, paths->paths[i].value);
	}
	sharing->paths = paths;
	attribution_pot_begin(&sharing->conversions, paths->nchannels, won);
	attribution_pot_begin(&sharing->value, paths->nchannels, value);
	sharing->touched = palloc(paths->nchannels * sizeof(uint32));
	sharing->seen = palloc0(paths->nchannels * sizeof(uint32));
}

static void
credit(Sharing *sharing, uint32 channel, Datum won, Datum value, Datum weight)
{
	if (sharing->conversions.sums[channel] == (Datum) 0)
		sharing->touched[sharing->ntouched++] = channel;
	attribution_pot_put(&sharing->conversions, channel, won, weight);
	attribution_pot_put(&sharing->value, channel, value, weight);
}

/* Credits what has been summed up over this denominator. */
static void
divide_sums(Sharing *sharing, Datum denominator)
{
	for (uint32 i = 0; i < sharing->ntouched; i++)
	{
		attribution_pot_divide(&sharing->conversions, sharing->touched[i], denominator);
		attribution_pot_divide(&sharing->value, sharing->touched[i], denominator);
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
		return attribution_number(5 * ((int64) key - 2));
	if (sharing->model != MODEL_DECAY)
		return attribution_number(key);
	sum = attribution_number(0);
	for (uint32 i = 0; i < key; i++)
		attribution_add(&sum, sharing->decay[i]);
	return sum;
}

static void
credit_path(Sharing *sharing, uint32 which)
{
	const AttributionPath *path = &sharing->paths->paths[which];
	Datum		won = attribution_number(path->won),
				one = attribution_number(1),
				outer = one;
	uint32		last = path->ntouches - 1;
	uint32		from = sharing->model == MODEL_LAST ? last : 0;
	uint32		to = sharing->model == MODEL_FIRST ? 0 : last;

	/* Among n - 2 touches 20 % are one part each, and 40 % 2 (n - 2) parts. */
	if (sharing->model == MODEL_POSITION && last > 1)
		outer = attribution_number(2 * ((int64) last - 1));
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

/* Shares out all that was won in proportion to the removal effects. */
static void
share_by_effect(Sharing *sharing)
{
	const double *effects = attribution_effects(sharing->paths);
	Datum		sum = attribution_number(0);

	for (uint32 i = 0; i < sharing->paths->nchannels; i++)
	{
		Datum		effect;

		if (effects[i] <= 0)
			continue;
		effect = DirectFunctionCall1(float8_numeric, Float8GetDatum(effects[i]));
		credit(sharing, i, sharing->conversions.total, sharing->value.total, effect);
		attribution_add(&sum, effect);
	}
	if (sharing->ntouched > 0)
		divide_sums(sharing, sum);
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
		shares[i] = attribution_pot_share(&sharing.conversions, i);
	attribution_pot_round(&sharing.conversions, paths->nchannels);
	attribution_pot_round(&sharing.value, paths->nchannels);
	for (uint32 i = 0; i < paths->nchannels; i++)
	{
		Datum		values[] = {attribution_label(&paths->channels[i]), attribution_pot_shown(&sharing.conversions, i),
			attribution_pot_shown(&sharing.value, i), Float8GetDatum(shares[i])};
		bool		nulls[] = {false, false, false, none_won};

		attribution_put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
