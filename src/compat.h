/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between PostgreSQL's major versions, in one place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_COMPAT_H
#define CRM_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "crm_lifecycle needs PostgreSQL 15 or newer"
#endif

/* The macros of varlenas left postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif							/* CRM_COMPAT_H */
