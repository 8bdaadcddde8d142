/*-------------------------------------------------------------------------
 *
 * survival_curve.h
 *		What is estimated from a survival's counts.
 *
 * Estimating is a walk along the steps of a curve, one for every instant at which
 * anybody ended, with an estimate that is carried from step to step.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SURVIVAL_CURVE_H
#define CRM_SURVIVAL_CURVE_H

#include "survival.h"

/* Instead of one cause's number: all of them together, and one that nobody had. */
#define SURVIVAL_ANY_CAUSE (SURVIVAL_MAX_CAUSES + 1)
#define SURVIVAL_NO_CAUSE (SURVIVAL_MAX_CAUSES + 2)

typedef struct SurvivalStep
{
	int64		time;
	uint64		at_risk;		/* watched at this instant, those that end here included */
	uint64		events;			/* of any cause */
	uint64		of_cause;		/* of the one asked for */
	uint64		censored;
} SurvivalStep;

typedef struct SurvivalCurve
{
	uint32		nsteps;
	SurvivalStep *steps;
} SurvivalCurve;

typedef struct SurvivalEstimate
{
	double		survival;		/* S: Kaplan-Meier */
	double		variance;		/* of it: Greenwood */
	double		hazard;			/* cumulative: Nelson-Aalen */
	double		incidence;		/* F of the cause asked for: Aalen-Johansen */
	double		incidence_variance;
	double		covariance;		/* of S and F */
	double		run_survival;	/* S where the last censored ones left ... */
	uint64		run_at_risk;	/* ... and who was at risk then */
	bool		run_ended;
	uint32		runs;
} SurvivalEstimate;

typedef enum SurvivalInterval
{
	SURVIVAL_LOG_LOG,
	SURVIVAL_LOG
} SurvivalInterval;

extern void survival_curve(const Survival *trimmed, uint32 cause, SurvivalCurve *curve);
extern void survival_start(SurvivalEstimate *estimate);
extern void survival_step(SurvivalEstimate *estimate, const SurvivalStep *step);
extern bool survival_interval(SurvivalInterval kind, double p, double variance,
							  double *lower, double *upper);
extern bool survival_median(const SurvivalCurve *curve, int64 *time);
extern bool survival_within(const SurvivalCurve *curve, int64 age, int64 horizon,
							double *probability);

#endif							/* CRM_SURVIVAL_CURVE_H */
