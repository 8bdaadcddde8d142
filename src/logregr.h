/*-------------------------------------------------------------------------
 *
 * logregr.h
 *		Logistic regression: the sums of one Newton step, the step, and the way to the end.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOGREGR_H
#define CRM_LOGREGR_H

#include "exact_sum.h"

/* 20,301 exact sums, 11 MB a group. */
#define LOGREGR_MAX_COLUMNS 200
/* Two of them, weighted, and a billion of those are finite. */
#define LOGREGR_MAX_X 1e145

/* The state of the aggregate; one piece of memory. */
typedef struct LogRegr
{
	int32		vl_len_;		/* the varlena header, kept by the server side */
	uint32		ncolumns;
	int64		nrows;
	int64		since_carry;	/* terms in each sum */
	double		least_margin;	/* log odds of what happened, where they are least */
	double		columns[FLEXIBLE_ARRAY_MEMBER];	/* coefficients, then the largest |x| of each */
	/* ExactSum: log likelihood, gradient, lower triangle of the information */
} LogRegr;

/* What the sums say; each array is palloc'd. */
typedef struct LogRegrStep
{
	uint32		ncolumns;
	int64		nrows;
	double		log_likelihood;
	double	   *gradient;
	double	   *information;	/* ncolumns x ncolumns */
	double	   *largest;
	bool		separated;		/* these coefficients get every row right */
	int			dependent;		/* the column that others determine, from 1; 0: none */
	double	   *step;			/* to the next coefficients; where none is dependent */
	double	   *std_errors;
} LogRegrStep;

typedef enum LogRegrStatus
{
	LOGREGR_ON_THE_WAY,
	LOGREGR_CONVERGED,
	LOGREGR_NO_ROWS,
	LOGREGR_DEPENDENT,
	LOGREGR_SEPARATED,
	LOGREGR_QUASI_SEPARATED,
	LOGREGR_NOT_CONVERGED
} LogRegrStatus;

/* Newton's way; begins with zeros but for max_iterations. */
typedef struct LogRegrFit
{
	int			max_iterations;
	int			iterations;
	uint32		ncolumns;
	double	   *coef;			/* NULL at first: all 0 */
	double	   *before;
	double		likelihood_before;
	int			marching;		/* steps that are long and gain nothing */
	bool		close;			/* the last step was negligible */
	LogRegrStatus status;
	int			dependent;
} LogRegrFit;

static inline size_t
logregr_sums(uint32 ncolumns)
{
	return 1 + ncolumns + (size_t) ncolumns * (ncolumns + 1) / 2;
}

static inline size_t
logregr_size(uint32 ncolumns)
{
	return offsetof(LogRegr, columns) + 2 * ncolumns * sizeof(double) +
		logregr_sums(ncolumns) * sizeof(ExactSum);
}

extern LogRegr *logregr_begin(const double *coef, uint32 ncolumns, PureError *error);
extern bool logregr_check_coef(const LogRegr *state, const double *coef, uint32 ncolumns);
extern bool logregr_add(LogRegr *state, bool y, const double *x, uint32 ncolumns, PureError *error);
extern bool logregr_merge(LogRegr *state, LogRegr *other, PureError *error);
extern void logregr_solve(LogRegrStep *step);
extern void logregr_finish(const LogRegr *state, LogRegrStep *step);

extern void logregr_advance(LogRegrFit *fit, const LogRegrStep *step);
extern const char *logregr_status_text(const LogRegrFit *fit);

#endif							/* CRM_LOGREGR_H */
