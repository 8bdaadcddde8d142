/*-------------------------------------------------------------------------
 *
 * naive_bayes_score.c
 *		How likely a deal is won, and what each of its features does to that.
 *
 * By Bayes' theorem, features taken as independent given the outcome (Maron 1961; Domingos
 * & Pazzani 1997):
 *
 *		logit P(won | features) = ln(P(won) / P(lost)) + sum of ln(P(v | won) / P(v | lost))
 *
 * with P(v | won) = (won deals with v + s) / (sum over the field's values of the same), s
 * the smoothing of Lidstone (1920).  In a field that lists the stages a deal has reached,
 * the values do not exclude each other: P(v | won) = (won deals that reached v + s) / (won
 * deals with any stage + s).  All begin somewhere, so its denominators are the numbers of
 * won and lost deals, and the prior is taken from them, as Odoo's CRM takes it from its
 * first stage (addons/crm/models/crm_lead.py).
 *
 * Of several models, s is added once for each that has the count: as Odoo's CRM does for
 * leads that no team owns.
 *
 * Each term is rounded to a multiple of 2^-44.  Sums of such are exact in doubles while
 * they stay below 2^9, which is odds of 10^222: whatever the order of the terms, they add
 * up to the very logit, and the last bits of one C library's logarithm or another's do not
 * show.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "naive_bayes_score.h"

#define GRID 17592186044416.0	/* 2^44 */

bool
naive_bayes_check_smoothing(double smoothing, PureError *error)
{
	if (smoothing > 0 && smoothing <= NAIVE_BAYES_MAX_SMOOTHING)
		return true;
	pure_fail(error, PURE_VALUE, "smoothing must be above 0 and at most %g",
			  NAIVE_BAYES_MAX_SMOOTHING);
	return pure_hint(error, "It is added to each count; 0.1 is usual, and 1 is cautious.");
}

/* Counts of several models: whole numbers, and how many of them are to be smoothed. */
typedef struct Tally
{
	double		won;
	double		lost;
	double		n;
} Tally;

static void
tally(Tally *sum, double won, double lost, double n)
{
	sum->won += won;
	sum->lost += lost;
	sum->n += n;
}

/* ln((won / of won) / (lost / of lost)), all smoothed, on the grid */
static double
log_ratio(const Tally *part, const Tally *whole, double smoothing)
{
	double		more = part->n * smoothing;
	double		of_more = whole->n * smoothing;
	double		won = log(part->won + more) - log(whole->won + of_more);
	double		lost = log(part->lost + more) - log(whole->lost + of_more);

	return rint((won - lost) * GRID) / GRID;
}

/* The deals that the prior is of: all of them, or those that have a stage, smoothed. */
static Tally
count_deals(const NaiveBayesReading *reading)
{
	Tally		deals = {0};

	for (uint32 i = 0; i < reading->nmodels; i++)
	{
		const NaiveBayes *model = reading->models[i];
		const NaiveBayesField *stages;

		CHECK_FOR_INTERRUPTS();
		if (!reading->has_stages)
			tally(&deals, model->won, model->lost, 0);
		else if ((stages = naive_bayes_find_field(model, reading->stages)) != NULL)
			tally(&deals, stages->won, stages->lost, 1);
	}
	return deals;
}

static bool
find_prior(const NaiveBayesReading *reading, NaiveBayesFactor *prior)
{
	Tally		deals = count_deals(reading);
	Tally		certain = {1, 1, 0};

	memset(prior, 0, sizeof(*prior));
	prior->known = true;
	prior->won = deals.won;
	prior->lost = deals.lost;
	if (deals.won == 0 || deals.lost == 0)
		return false;
	prior->log_ratio = log_ratio(&deals, &certain, reading->smoothing);
	return true;
}

static void
weigh(const NaiveBayesReading *reading, NaiveBayesFactor *factor)
{
	bool		is_stage = reading->has_stages &&
		journey_label_compare(&factor->field, &reading->stages) == 0;
	Tally		part = {0},
				whole = {0};

	for (uint32 i = 0; i < reading->nmodels; i++)
	{
		const NaiveBayesField *field = naive_bayes_find_field(reading->models[i], factor->field);
		const NaiveBayesCell *cell;

		if (field == NULL)
			continue;
		if (is_stage)
			tally(&whole, field->won, field->lost, 1);
		else
			tally(&whole, field->won_total, field->lost_total, field->ncells);
		cell = naive_bayes_find_cell(reading->models[i], field, factor->value);
		if (cell != NULL)
			tally(&part, cell->won, cell->lost, 1);
	}
	if (part.n == 0)
		return;
	factor->known = true;
	factor->won = part.won;
	factor->lost = part.lost;
	factor->log_ratio = log_ratio(&part, &whole, reading->smoothing);
}

/*
 * The prior and what each of the deal's features, which are sorted, adds to it: into
 * factors, which has room for one more than features.  Returns how many there are, 0
 * where nothing can be known: nobody won, or nobody lost.
 */
uint32
naive_bayes_factors(const NaiveBayesReading *reading, const NaiveBayesFeatures *features,
					NaiveBayesFactor *factors)
{
	if (!find_prior(reading, &factors[0]))
		return 0;
	for (uint32 i = 0; i < features->count; i++)
	{
		NaiveBayesFactor *factor = &factors[1 + i];

		CHECK_FOR_INTERRUPTS();
		memset(factor, 0, sizeof(*factor));
		factor->field = features->items[i].field;
		factor->value = features->items[i].value;
		weigh(reading, factor);
	}
	return 1 + features->count;
}

double
naive_bayes_logit(const NaiveBayesFactor *factors, uint32 n)
{
	double		logit = 0;

	for (uint32 i = 0; i < n; i++)
		logit += factors[i].log_ratio;
	return logit;
}
