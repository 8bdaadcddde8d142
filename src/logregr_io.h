/*-------------------------------------------------------------------------
 *
 * logregr_io.h
 *		Logistic regression's arrays as Datums.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LOGREGR_IO_H
#define CRM_LOGREGR_IO_H

#include "postgres.h"

extern Datum logregr_numbers(const double *numbers, uint32 n);

#endif							/* CRM_LOGREGR_IO_H */
