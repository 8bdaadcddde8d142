/*-------------------------------------------------------------------------
 *
 * duplicates.h
 *		Rows that turn out to be the same customer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DUPLICATES_H
#define CRM_DUPLICATES_H

#include "binding.h"

/* Whether duplicates are being merged in this table. */
extern bool duplicates_are_merged(Oid relid);

/* The journey that this row gets because it is kept of several; 0: it is not. */
extern Datum duplicates_journey(const Binding *binding, TupleTableSlot *row);

#endif							/* CRM_DUPLICATES_H */
