/*-------------------------------------------------------------------------
 *
 * renew.h
 *		Rows and journeys that hold a label from before their stage was renamed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RENEW_H
#define CRM_RENEW_H

#include "postgres.h"

#include "binding.h"

extern Datum renew_journey(const Machine *machine, Datum journey);
extern HeapTuple renew_row(const Binding *binding, Relation rel, const Machine *machine,
						   TupleTableSlot *row, HeapTuple tuple);

#endif							/* CRM_RENEW_H */
