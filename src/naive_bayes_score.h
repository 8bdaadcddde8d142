/*-------------------------------------------------------------------------
 *
 * naive_bayes_score.h
 *		How likely a deal is won, and what each of its features does to that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_NAIVE_BAYES_SCORE_H
#define CRM_NAIVE_BAYES_SCORE_H

#include "naive_bayes.h"

/* What is read, and how. */
typedef struct NaiveBayesReading
{
	const NaiveBayes **models;	/* their deals together, each model smoothed on its own */
	uint32		nmodels;
	double		smoothing;		/* added to each count, above 0 */
	bool		has_stages;
	JourneyLabel stages;		/* the field that lists the stages a deal has reached */
} NaiveBayesReading;

typedef struct NaiveBayesFactor
{
	JourneyLabel field;			/* text is NULL: of neither, the prior */
	JourneyLabel value;
	double		won;			/* whole numbers */
	double		lost;
	bool		known;			/* else a value that no closed deal had: it tells nothing */
	double		log_ratio;
} NaiveBayesFactor;

#define NAIVE_BAYES_MAX_SMOOTHING 1e9

extern bool naive_bayes_check_smoothing(double smoothing, PureError *error);
extern uint32 naive_bayes_factors(const NaiveBayesReading *reading,
								  const NaiveBayesFeatures *features, NaiveBayesFactor *factors);
extern double naive_bayes_logit(const NaiveBayesFactor *factors, uint32 n);

#endif							/* CRM_NAIVE_BAYES_SCORE_H */
