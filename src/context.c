/*-------------------------------------------------------------------------
 *
 * context.c
 *		What a session says about its moves: who acts, why, when, and whether it imports.
 *
 * Kept in settings of our own: a savepoint that is rolled back takes them back, and
 * what set_context() said is forgotten at the end of the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "context.h"
#include "instant.h"
#include "report.h"

PG_FUNCTION_INFO_V1(set_context);

/* How rows come: judged, or as they are, or so and their log along with them. */
enum
{
	IMPORT_OFF,
	IMPORT_ON,
	IMPORT_RESTORE
};

/* With the spellings that truth has elsewhere. */
static const struct config_enum_entry import_options[] = {
	{"off", IMPORT_OFF, false},
	{"on", IMPORT_ON, false},
	{"restore", IMPORT_RESTORE, false},
	{"false", IMPORT_OFF, true},
	{"true", IMPORT_ON, true},
	{"no", IMPORT_OFF, true},
	{"yes", IMPORT_ON, true},
	{"0", IMPORT_OFF, true},
	{"1", IMPORT_ON, true},
	{NULL, 0, false}
};

static char *actor = NULL;
static char *reason = NULL;
static char *note = NULL;
static bool undo = false;
static int	import = IMPORT_OFF;
static char *effective_at = NULL;

/* An instant of our own syntax, which depends on no setting; empty: none. */
static bool
check_instant(char **value, void **extra, GucSource source)
{
	const char *cursor = *value;
	const char *end = *value + strlen(*value);
	TimestampTz at;
	PureError	error;

	if (cursor == end || (instant_read(&cursor, end, &at, &error) && cursor == end))
		return true;
	GUC_check_errhint("Write it like 2026-01-05T09:00:00Z.");
	return false;
}

void
context_init(void)
{
	DefineCustomStringVariable("crm_lifecycle.actor", "Who moves the rows of this transaction.",
							   "Set by lifecycle.set_context().",
							   &actor, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("crm_lifecycle.reason", "Why the rows of this transaction move.",
							   "Set by lifecycle.set_context().",
							   &reason, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("crm_lifecycle.note", "What else is to be said of the moves of this transaction.",
							   "Set by lifecycle.set_context().",
							   &note, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("crm_lifecycle.undo", "Whether this transaction takes moves back.",
							 "Set by lifecycle.set_context().",
							 &undo, false, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("crm_lifecycle.import",
							 "Accepts rows with their journeys as they are, without looking at rules.",
							 "Only for those who have the rights of the table's owner. "
							 "With \"restore\" they are not logged either.",
							 &import, IMPORT_OFF, import_options, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("crm_lifecycle.effective_at", "The instant of moves, if it is not now.",
							   "Only for those who have the rights of the table's owner.",
							   &effective_at, "", PGC_USERSET, 0, check_instant, NULL, NULL);
	MarkGUCPrefixReserved("crm_lifecycle");
}

static const char *
unless_empty(const char *value)
{
	return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *
context_actor(void)
{
	return unless_empty(actor);
}

const char *
context_reason(void)
{
	return unless_empty(reason);
}

const char *
context_note(void)
{
	return unless_empty(note);
}

bool
context_undo(void)
{
	return undo;
}

/*
 * Anybody can set a setting and then call a SECURITY DEFINER function that writes the
 * table.  So it takes the owner's rights twice: those of the session and the current ones.
 */
static void
require_owner(Relation rel, const char *setting)
{
	Oid			owner = rel->rd_rel->relowner;

	if (!has_privs_of_role(GetSessionUserId(), owner) || !has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("\"%s\" is for the owner of table \"%s\" only", setting, RelationGetRelationName(rel)),
				 errhint("RESET %s, or connect as the owner.", setting)));
}

/*
 * Whether rows come with their journeys and are not judged.
 */
bool
context_importing(Relation rel)
{
	if (import == IMPORT_OFF)
		return false;
	require_owner(rel, "crm_lifecycle.import");
	return true;
}

/*
 * Whether what is logged of these rows comes by itself.
 */
bool
context_restoring(Relation rel)
{
	return context_importing(rel) && import == IMPORT_RESTORE;
}

/*
 * The instant at which rows move: that of the transaction, unless another was given.
 */
TimestampTz
context_instant(Relation rel)
{
	const char *cursor = unless_empty(effective_at);
	TimestampTz at;
	PureError	error;

	if (cursor == NULL)
		return GetCurrentTransactionStartTimestamp();
	require_owner(rel, "crm_lifecycle.effective_at");
	if (!instant_read(&cursor, cursor + strlen(cursor), &at, &error))
		report_pure_error(&error);
	if (at > GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"crm_lifecycle.effective_at\" cannot lie in the future: \"%s\"", effective_at)));
	return at;
}

/*
 * Whether a client's SELECT has called, which is a transaction of its own: it moves no
 * row.  A function that calls may still do so.
 */
static bool
called_alone(FunctionCallInfo fcinfo)
{
	QueryDesc  *query = ActivePortal != NULL ? ActivePortal->queryDesc : NULL;

	return !IsTransactionBlock() && !IsSubTransaction() && query != NULL && query->estate != NULL &&
		query->estate->es_query_cxt == fcinfo->flinfo->fn_mcxt;
}

static void
set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

static void
set_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	set_local(name, PG_ARGISNULL(n) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(n)));
}

/*
 * set_context(actor, reason, note, undo) lasts until the end of the transaction; what is
 * left out is taken back.
 */
Datum
set_context(PG_FUNCTION_ARGS)
{
	if (called_alone(fcinfo))
		ereport(WARNING,
				(errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
				 errmsg("set_context() has no effect outside of a transaction block"),
				 errhint("Begin a transaction first; what is said holds until its end.")));
	set_text(fcinfo, 0, "crm_lifecycle.actor");
	set_text(fcinfo, 1, "crm_lifecycle.reason");
	set_text(fcinfo, 2, "crm_lifecycle.note");
	set_local("crm_lifecycle.undo", !PG_ARGISNULL(3) && PG_GETARG_BOOL(3) ? "on" : "off");
	PG_RETURN_VOID();
}
