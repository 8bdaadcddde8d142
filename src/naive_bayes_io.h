/*-------------------------------------------------------------------------
 *
 * naive_bayes_io.h
 *		naive_bayes as a Datum, and a deal's features as jsonb.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_NAIVE_BAYES_IO_H
#define CRM_NAIVE_BAYES_IO_H

#include "postgres.h"

#include "fmgr.h"

#include "naive_bayes.h"

extern NaiveBayes *naive_bayes_open_datum(Datum value);
extern Datum naive_bayes_datum(const NaiveBayesTable *table);
extern void naive_bayes_features(FunctionCallInfo fcinfo, int argno, NaiveBayesFeatures *features);

#define PG_GETARG_NAIVE_BAYES(n) naive_bayes_open_datum(PG_GETARG_DATUM(n))

#endif							/* CRM_NAIVE_BAYES_IO_H */
