/*-------------------------------------------------------------------------
 *
 * module.c
 *		What makes the shared library a PostgreSQL module.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "binding.h"
#include "context.h"
#include "query_end.h"
#include "rules.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	context_init();
	rules_init();
	binding_init();
	query_end_init();
}
