/*-------------------------------------------------------------------------
 *
 * context.c
 *		What a session says about its moves: who acts, and why.
 *
 * Kept in settings of our own, so that a rolled-back savepoint takes it back and the
 * end of the transaction forgets it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "compat.h"
#include "context.h"

PG_FUNCTION_INFO_V1(set_context);

static char *reason = NULL;

void
context_init(void)
{
	DefineCustomStringVariable("crm_lifecycle.reason",
							   "Why the rows of this transaction move.",
							   "Set by lifecycle.set_context().",
							   &reason, "", PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("crm_lifecycle");
}

/*
 * The reason given for this transaction, or NULL.
 */
const char *
context_reason(void)
{
	return reason == NULL || reason[0] == '\0' ? NULL : reason;
}

/*
 * set_context(reason) lasts until the end of the transaction; NULL takes it back.
 */
Datum
set_context(PG_FUNCTION_ARGS)
{
	const char *value = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));

	(void) set_config_option("crm_lifecycle.reason", value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
	PG_RETURN_VOID();
}
