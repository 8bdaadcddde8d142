/*-------------------------------------------------------------------------
 *
 * naive_bayes_text.h
 *		A naive Bayes model as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_NAIVE_BAYES_TEXT_H
#define CRM_NAIVE_BAYES_TEXT_H

#include "naive_bayes.h"

extern NaiveBayes *naive_bayes_read(const char *text, size_t len, PureError *error);
extern void naive_bayes_write(StringInfo out, const NaiveBayes *model);

#endif							/* CRM_NAIVE_BAYES_TEXT_H */
