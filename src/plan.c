/*-------------------------------------------------------------------------
 *
 * plan.c
 *		Who may write the rows that lean on a lifecycle's stages: plays, personas, touchpoints.
 *
 * Everybody has the right to write their tables, and triggers ask here whether the lifecycle
 * is theirs.  What the rows may say is for the triggers to know: sql/parts/plays.sql and
 * journey_map.sql.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "redraw.h"
#include "rules.h"

PG_FUNCTION_INFO_V1(share_lifecycle);

/*
 * share_lifecycle(lifecycle) is its diagram, which nobody changes until the end of the
 * transaction; for its owner.  A dump may bring rows before their lifecycle: to the database's
 * owner, who restores it, one that is missing is NULL.
 */
Datum
share_lifecycle(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Diagram    *diagram = share_diagram(name);

	if (diagram == NULL && !has_privs_of_role(GetUserId(), ROLE_PG_DATABASE_OWNER))
		rules_missing(name);
	if (diagram == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(diagram_print(diagram)));
}
