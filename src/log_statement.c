/*-------------------------------------------------------------------------
 *
 * log_statement.c
 *		What a statement keeps for the log of one relation, and when its rows are stored.
 *
 * Rows cost less together, so they wait for the end of the query where nobody can look
 * into the log before: no trigger of others, no foreign key that passes a key on.  They
 * are stored as the log's owner, so that those who move rows need no right on it.
 *
 * What a row says is log.c's; how it gets into the table, log_write.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "actor.h"
#include "compat.h"
#include "context.h"
#include "log_statement.h"
#include "query_end.h"

/* Whether somebody else's triggers fire at the end of the query, who may look into the log. */
static bool
others_fire_after(Relation rel, const Trigger *log_trigger)
{
	Oid			ours = get_func_namespace(log_trigger->tgfoid);

	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (TRIGGER_FOR_AFTER(trigger->tgtype) && !trigger->tgisinternal &&
			get_func_namespace(trigger->tgfoid) != ours)
			return true;
	}
	return false;
}

/* Whether an UPDATE of the trigger's table may be followed by one of the table that refers to it. */
static bool
is_cascade(const Trigger *trigger)
{
	return trigger->tgisinternal && TRIGGER_FOR_UPDATE(trigger->tgtype) &&
		RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK &&
		trigger->tgfoid != F_RI_FKEY_NOACTION_UPD && trigger->tgfoid != F_RI_FKEY_RESTRICT_UPD;
}

static bool
has_cascades(Relation rel)
{
	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
		if (is_cascade(&rel->trigdesc->triggers[i]))
			return true;
	return false;
}

/*
 * Whether foreign keys pass on what the row has got, which fires the triggers of others.
 */
bool
log_is_passed_on(Relation rel, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (is_cascade(trigger) && RI_FKey_pk_upd_check_required(trigger, rel, old_row, new_row))
			return true;
	}
	return false;
}

/* The log of a trigger, which another trigger of the same statement may have dropped. */
static Relation
open_log(TriggerData *trigdata)
{
	Relation	log = try_table_open(trigdata->tg_trigger->tgconstrrelid, RowExclusiveLock);

	if (log == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("the log of table \"%s\" was dropped while its rows were moving",
						RelationGetRelationName(trigdata->tg_relation))));
	return log;
}

static LogStatement *
make_statement(TriggerData *trigdata, MemoryContext query)
{
	MemoryContext context = AllocSetContextCreate(query, "crm_lifecycle log", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	LogStatement *statement = palloc0(sizeof(LogStatement));
	Relation	log = open_log(trigdata);

	statement->context = context;
	statement->query = query;
	statement->rel = trigdata->tg_relation;
	statement->importing = context_importing(trigdata->tg_relation);
	statement->binding = binding_get(trigdata->tg_relation, trigdata->tg_trigger->tgargs[ARG_KEY]);
	statement->changes = binding_changes();
	if (statement->binding->columns[LIFECYCLE_COLUMN] == 0)
		statement->lifecycle = cstring_to_text(binding_lifecycle(statement->binding, NULL));
	statement->plan = log_plan_get(statement->binding, statement->rel, log);
	statement->writer = log_write_begin(log, statement->plan->columns, statement->plan->known);
	statement->owner = log->rd_rel->relowner;
	table_close(log, NoLock);
	statement->gathers = statement->plan->gathers && query_end_expected(query, statement->rel) &&
		!others_fire_after(statement->rel, trigdata->tg_trigger);
	statement->cascades = statement->gathers && has_cascades(statement->rel);
	MemoryContextSwitchTo(caller);
	return statement;
}

/* Does something with the writer as the log's owner, who has put into it what runs then. */
static void
as_owner(const LogStatement *statement, void (*act) (LogWriter *writer))
{
	Actor		before;

	act_as(statement->owner, &before);
	act(statement->writer);
	act_again(&before);
}

void
log_row_now(const LogStatement *statement)
{
	as_owner(statement, log_write);
}

static void
write_gathered(void *argument)
{
	as_owner(argument, log_write_gathered);
}

/*
 * Writes the row when the query ends, if it may wait so long.  That of a deleted row may
 * not: the foreign keys that follow a DELETE fire other people's triggers.
 */
void
log_row_later(LogStatement *statement)
{
	if (!statement->gathers)
	{
		log_row_now(statement);
		return;
	}
	if (!statement->gathering)
		query_end_do(write_gathered, statement);
	statement->gathering = true;
	as_owner(statement, log_write_later);
}

/*
 * Stores what is gathered already, before the query ends.
 */
void
log_gathered_now(LogStatement *statement)
{
	if (!statement->gathering)
		return;
	query_end_forget(statement);
	statement->gathering = false;
	write_gathered(statement);
}

static void
end_statement(LogStatement *statement)
{
	log_gathered_now(statement);
	MemoryContextDelete(statement->context);
}

/*
 * What the trigger's statement keeps, made anew after an invalidation: a function that a
 * trigger calls may alter the log in the midst of a statement.
 */
LogStatement *
log_statement_get(FunctionCallInfo fcinfo, TriggerData *trigdata)
{
	LogStatement *statement = fcinfo->flinfo->fn_extra;

	if (statement != NULL && statement->changes == binding_changes())
		return statement;
	fcinfo->flinfo->fn_extra = NULL;
	if (statement != NULL)
		end_statement(statement);
	statement = make_statement(trigdata, fcinfo->flinfo->fn_mcxt);
	fcinfo->flinfo->fn_extra = statement;
	return statement;
}
