/*-------------------------------------------------------------------------
 *
 * registry.c
 *		Which columns of a table are attached to what.
 *
 * PostgreSQL's own catalogs are the registry of attachments.  The CHECK says which column
 * is the stage of which journey; a statement-level trigger names the journey and the
 * other columns ("UPDATE OF journey, reason"), and its arguments say which lifecycle.  So
 * PostgreSQL itself follows the renaming of columns and dumps everything.  The trigger
 * does not name the stage column, because that would forbid ALTER COLUMN ... TYPE, with
 * which migration tools rebuild enums; a CHECK is rebuilt along with the column.
 *
 * The row triggers carry only the attachment's key.  PostgreSQL clones row triggers to
 * partitions but not statement-level ones: a partition's columns are found by name,
 * through the ancestor that was attached.
 *
 * Nothing is kept here: that is binding.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "commands/trigger.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "registry.h"

const char *const attached_column_names[NUM_ATTACHED_COLUMNS] = {"stage", "journey", "reason", "lifecycle", "since"};
const char *const enforcement_mode_names[NUM_ENFORCEMENT_MODES] = {"enforce", "warn", "observe"};

Oid
registry_function(const char *name)
{
	List	   *qualified = list_make2(makeString(CRM_SCHEMA), makeString(unconstify(char *, name)));

	return LookupFuncName(qualified, 0, NULL, false);
}

/*
 * The trigger with this function and, as its first argument, this key.  A relation's own
 * descriptor may be replaced whenever an invalidation arrives: who looks up anything else
 * before being done with the trigger passes a copy.
 */
Trigger *
registry_find_trigger(TriggerDesc *desc, Oid function, const char *key)
{
	for (int i = 0; desc != NULL && i < desc->numtriggers; i++)
	{
		Trigger    *trigger = &desc->triggers[i];

		if (trigger->tgfoid == function && trigger->tgnargs > 0 &&
			(key == NULL || strcmp(trigger->tgargs[ARG_KEY], key) == 0))
			return trigger;
	}
	return NULL;
}

void
refuse_damaged_attachment(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the attachment of table \"%s\" is damaged", RelationGetRelationName(rel)),
			 errdetail("One of its lifecycle triggers, or the column of the stage, is missing."),
			 errhint("Call lifecycle.detach() and lifecycle.attach() again; the journeys stay.")));
}

/* The one column in an argument, under the casts that ALTER TABLE ... TYPE leaves around it. */
static AttrNumber
column_in(Node *argument)
{
	Bitmapset  *columns = NULL;
	int			column;

	pull_varattnos(argument, 1, &columns);
	if (!bms_get_singleton_member(columns, &column))
		return InvalidAttrNumber;
	return column + FirstLowInvalidHeapAttributeNumber;
}

/*
 * The column that a CHECK keeps in step with this journey; InvalidAttrNumber where it is another
 * CHECK than ends_in(journey, ...).
 */
AttrNumber
stage_in_check(const char *check, AttrNumber journey)
{
	FuncExpr   *call = (FuncExpr *) stringToNode(check);

	if (IsA(call, FuncExpr) && list_length(call->args) == 2 &&
		get_func_namespace(call->funcid) == get_namespace_oid(CRM_SCHEMA, false) &&
		strcmp(get_func_name(call->funcid), "ends_in") == 0 &&
		column_in(linitial(call->args)) == journey)
		return column_in(lsecond(call->args));
	return InvalidAttrNumber;
}

/* The column that a CHECK keeps in step with this journey; InvalidAttrNumber: there is none. */
static AttrNumber
attached_stage_column(Relation rel, AttrNumber journey)
{
	TupleConstr *constraints = RelationGetDescr(rel)->constr;
	AttrNumber	stage = InvalidAttrNumber;

	for (int i = 0; constraints != NULL && i < constraints->num_check && stage == InvalidAttrNumber; i++)
		stage = stage_in_check(constraints->check[i].ccbin, journey);
	return stage;
}

/* Which attribute of rel an attribute of the attached relation is, by its name. */
static AttrNumber
same_column(Relation rel, Relation home, AttrNumber attnum)
{
	if (attnum == InvalidAttrNumber)
		return InvalidAttrNumber;
	return get_attnum(RelationGetRelid(rel), get_attname(RelationGetRelid(home), attnum, false));
}

/*
 * Finds the attached columns.  Where the CHECK has been dropped, the stage column may
 * still bear the name that became the key.
 */
static void
bind_columns(Binding *binding, Relation rel, Relation home, const Trigger *registry)
{
	AttrNumber	stage;
	List	   *names;
	ListCell   *cell;
	int			i = 0;

	if (registry->tgnargs != NUM_ATTACHMENT_ARGUMENTS ||
		!SplitIdentifierString(pstrdup(registry->tgargs[ARG_COLUMNS]), ',', &names) ||
		list_length(names) != registry->tgnattr)
		refuse_damaged_attachment(rel);
	foreach(cell, names)
	{
		AttrNumber	attnum = same_column(rel, home, registry->tgattr[i++]);

		for (int c = 0; c < NUM_ATTACHED_COLUMNS; c++)
			if (strcmp(lfirst(cell), attached_column_names[c]) == 0)
				binding->columns[c] = attnum;
	}
	stage = attached_stage_column(home, registry->tgattr[0]);
	if (stage == InvalidAttrNumber)
		stage = get_attnum(RelationGetRelid(home), binding->key);
	binding->columns[STAGE_COLUMN] = same_column(rel, home, stage);
	if (binding->columns[STAGE_COLUMN] <= 0 || binding->columns[JOURNEY_COLUMN] <= 0)
		refuse_damaged_attachment(rel);
}

static EnforcementMode
parse_mode(const char *name, Relation rel)
{
	for (int mode = 0; mode < NUM_ENFORCEMENT_MODES; mode++)
		if (strcmp(enforcement_mode_names[mode], name) == 0)
			return mode;
	refuse_damaged_attachment(rel);
	return MODE_ENFORCE;
}

/*
 * Opens the one that has the registry, rel or its nearest ancestor; NULL where none has.
 */
static Relation
open_home(Relation rel, const char *key, Trigger **registry)
{
	Oid			function = registry_function(ATTACHMENT_FUNCTION);
	List	   *candidates = list_make1_oid(RelationGetRelid(rel));
	ListCell   *cell;

	if (rel->rd_rel->relispartition)
		candidates = list_concat(candidates, get_partition_ancestors(RelationGetRelid(rel)));
	foreach(cell, candidates)
	{
		Relation	home = table_open(lfirst_oid(cell), AccessShareLock);

		*registry = registry_find_trigger(CopyTriggerDesc(home->trigdesc), function, key);
		if (*registry != NULL)
			return home;
		table_close(home, NoLock);
	}
	return NULL;
}

bool
registry_exists(Relation rel, const char *key)
{
	Trigger    *registry;
	Relation	home = open_home(rel, key, &registry);

	if (home != NULL)
		table_close(home, NoLock);
	return home != NULL;
}

/*
 * Reads what the registry says.
 */
void
registry_read(Binding *binding, Relation rel)
{
	Trigger    *registry;
	Relation	home = open_home(rel, binding->key, &registry);

	if (home == NULL)
		refuse_damaged_attachment(rel);
	binding->home = RelationGetRelid(home);
	bind_columns(binding, rel, home, registry);
	binding->lifecycle = pstrdup(registry->tgargs[ARG_LIFECYCLE]);
	binding->mode = parse_mode(registry->tgargs[ARG_MODE], rel);
	table_close(home, NoLock);
}
