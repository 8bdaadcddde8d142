/*-------------------------------------------------------------------------
 *
 * log_rank.h
 *		Do groups differ in how long they last?
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOG_RANK_H
#define CRM_LOG_RANK_H

#include "survival_curve.h"

/* Their covariance matrix takes 8 MB, its elimination a second. */
#define LOG_RANK_MAX_GROUPS 1000

typedef struct LogRankGroup
{
	const SurvivalCurve *curve;
	uint64		subjects;
	uint64		observed;		/* events */
	double		expected;		/* if all groups were alike */
	double		variance;		/* of the difference */
} LogRankGroup;

typedef struct LogRank
{
	uint32		ngroups;
	LogRankGroup *groups;
	double	   *covariance;		/* ngroups squared */
	int			df;
	double		chi_square;		/* unless df is 0 */
	double		p_value;
} LogRank;

extern void log_rank(LogRank *test);

#endif							/* CRM_LOG_RANK_H */
