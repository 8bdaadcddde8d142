/*-------------------------------------------------------------------------
 *
 * movement.h
 *		The kinds of movements of monthly recurring revenue.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_MOVEMENT_H
#define CRM_MOVEMENT_H

#include "postgres.h"

/* revenue.c counts by these, and sql/parts/revenue.sql reads its sums in this order. */
typedef enum MovementKind
{
	MOVEMENT_NEW,
	MOVEMENT_EXPANSION,
	MOVEMENT_CONTRACTION,
	MOVEMENT_CHURN,
	MOVEMENT_REACTIVATION,
	MOVEMENT_UNCHANGED
} MovementKind;

#define MOVEMENT_KINDS (MOVEMENT_UNCHANGED + 1)

extern const char *movement_name(MovementKind kind);
extern MovementKind movement_between(Datum before, Datum after);

#endif							/* CRM_MOVEMENT_H */
