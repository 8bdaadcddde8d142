/*-------------------------------------------------------------------------
 *
 * actor.c
 *		Who statements run as, and with which settings, for a while.
 *
 * This is for statements of our own, on a table whose owner has asked for them.  What runs
 * somebody's own expressions or views must restrict what these may do, and does so itself
 * (guard.c, dependents.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "actor.h"

/*
 * Acts as a table's owner, as ri_triggers.c does for foreign keys: row security does not
 * hide the owner's rows, and nobody can SET ROLE in between.
 */
void
act_as(Oid owner, Actor *before)
{
	GetUserIdAndSecContext(&before->userid, &before->sec_context);
	SetUserIdAndSecContext(owner, before->sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
}

/*
 * Acts as whoever did before.
 */
void
act_again(const Actor *before)
{
	SetUserIdAndSecContext(before->userid, before->sec_context);
}

/*
 * Sets a parameter until AtEOXact_GUC() ends the nest level that the caller has begun.
 */
void
set_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}
