/*-------------------------------------------------------------------------
 *
 * module.c
 *		What makes the shared library a PostgreSQL module.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;
