/*-------------------------------------------------------------------------
 *
 * derive.h
 *		Stages that follow from those of other rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DERIVE_H
#define CRM_DERIVE_H

#include "binding.h"

/* Whether the rows of this attachment are being moved because their children have. */
extern bool derive_is_moving(const Binding *binding);

#endif							/* CRM_DERIVE_H */
