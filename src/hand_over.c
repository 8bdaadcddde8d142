/*-------------------------------------------------------------------------
 *
 * hand_over.c
 *		Rows that go on with the journey of a row of another table: a lead becomes a deal.
 *
 * A column of the new row says from which row it comes.  When it is inserted, the other
 * row's journey is read here and nowhere else, so nobody can bring another one; a unique
 * index on the column sees to it that each is handed over once.
 *
 * A trigger on either table, which never fires, names the column and the other table, as
 * for a derivation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "actor.h"
#include "duplicates.h"
#include "hand_over.h"
#include "journey_keep.h"
#include "refuse.h"
#include "sql_text.h"

PG_FUNCTION_INFO_V1(hand_over);

/* Arguments of the triggers; the source's has the first two. */
enum
{
	HAND_OVER_NAME,
	HAND_OVER_SIDE,				/* "target" or "source" */
	HAND_OVER_KEY,				/* of the target's attachment */
	HAND_OVER_SOURCE_KEY,
	HAND_OVER_STAGES,			/* an array of labels */
	NUM_HAND_OVER_ARGUMENTS
};

/* The row that another one comes from. */
typedef struct Predecessor
{
	Relation	table;
	char	   *where;			/* FROM ... WHERE key = $1 */
	Oid			key_type;
	Datum		key;
	char	   *stage;			/* columns, quoted */
	char	   *journey;
} Predecessor;

/*
 * hand_over() is the trigger that names a column and never fires.
 */
Datum
hand_over(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"hand_over\" can only be called as a trigger that lifecycle.allow_hand_over() made")));
	return PointerGetDatum(NULL);
}

/* A database whose extension was not updated yet lacks the function. */
static Oid
registry(void)
{
	return LookupFuncName(list_make2(makeString(CRM_SCHEMA), makeString("hand_over")), 0, NULL, true);
}

static bool
is_side(const Trigger *trigger, Oid function, const char *side, int nargs)
{
	return trigger->tgfoid == function && trigger->tgnargs == nargs && trigger->tgnattr == 1 &&
		OidIsValid(trigger->tgconstrrelid) &&
		strcmp(trigger->tgargs[HAND_OVER_SIDE], side) == 0;
}

static Origin *
read_origin(const Trigger *trigger)
{
	Origin	   *origin = palloc(sizeof(Origin));
	Oid			input;
	Oid			parameter;

	getTypeInputInfo(TEXTARRAYOID, &input, &parameter);
	origin->via = trigger->tgattr[0];
	origin->source = trigger->tgconstrrelid;
	origin->name = pstrdup(trigger->tgargs[HAND_OVER_NAME]);
	origin->source_key = pstrdup(trigger->tgargs[HAND_OVER_SOURCE_KEY]);
	origin->stages = DatumGetArrayTypePCopy(OidInputFunctionCall(input, trigger->tgargs[HAND_OVER_STAGES],
																 parameter, -1));
	return origin;
}

/*
 * The tables that rows of an attachment may come from, in CurrentMemoryContext.
 */
List *
hand_over_origins(Relation rel, const char *key)
{
	Oid			function = registry();
	TriggerDesc *desc = CopyTriggerDesc(rel->trigdesc);
	List	   *origins = NIL;

	for (int i = 0; OidIsValid(function) && desc != NULL && i < desc->numtriggers; i++)
		if (is_side(&desc->triggers[i], function, "target", NUM_HAND_OVER_ARGUMENTS) &&
			strcmp(desc->triggers[i].tgargs[HAND_OVER_KEY], key) == 0)
			origins = lappend(origins, read_origin(&desc->triggers[i]));
	return origins;
}

pg_noreturn static void
refuse_hand_over(const Binding *binding, Relation rel, TupleTableSlot *row, const char *message,
				 const char *detail, const char *hint)
{
	refuse_always(binding, rel, row, psprintf("%s_hand_over", binding_lifecycle(binding, row)), message, detail, hint);
}

/* The origin that a row names; it names one at most. */
static const Origin *
named_origin(const Binding *binding, TupleTableSlot *row, int *named)
{
	const Origin *found = NULL;
	ListCell   *cell;

	*named = 0;
	foreach(cell, binding->origins)
	{
		const Origin *origin = lfirst(cell);

		if (slot_attisnull(row, origin->via))
			continue;
		found = origin;
		(*named)++;
	}
	return found;
}

/*
 * Whether a new row's journey has begun somewhere else.
 */
bool
hand_over_is_expected(const Binding *binding, TupleTableSlot *row)
{
	int			named;

	return binding->origins != NIL && named_origin(binding, row, &named) != NULL;
}

/* Opens the source and says how its row is asked for; where it is damaged, that is an error. */
static void
open_predecessor(Predecessor *predecessor, const Origin *origin, Relation rel, Datum key)
{
	Oid			function = registry();
	AttrNumber	column = InvalidAttrNumber;
	Binding    *binding;
	Oid			type;

	predecessor->table = table_open(origin->source, AccessShareLock);
	for (int i = 0; predecessor->table->trigdesc != NULL && i < predecessor->table->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &predecessor->table->trigdesc->triggers[i];

		if (is_side(trigger, function, "source", HAND_OVER_SIDE + 1) &&
			strcmp(trigger->tgargs[HAND_OVER_NAME], origin->name) == 0)
			column = trigger->tgattr[0];
	}
	type = getBaseType(TupleDescAttr(RelationGetDescr(rel), origin->via - 1)->atttypid);
	if (column == InvalidAttrNumber ||
		getBaseType(TupleDescAttr(RelationGetDescr(predecessor->table), column - 1)->atttypid) != type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the hand-over from table \"%s\" is damaged", RelationGetRelationName(predecessor->table)),
				 errhint("Call lifecycle.forbid_hand_over() and lifecycle.allow_hand_over() again.")));
	binding = binding_get(predecessor->table, origin->source_key);
	predecessor->key_type = type;
	predecessor->key = key;
	predecessor->stage = pstrdup(column_name_of(origin->source, binding->columns[STAGE_COLUMN]));
	predecessor->journey = pstrdup(column_name_of(origin->source, binding->columns[JOURNEY_COLUMN]));
	predecessor->where = psprintf("FROM %s t WHERE t.%s %s $1",
								  table_name_of(RelationGetRelid(predecessor->table)),
								  column_name_of(origin->source, column), equality_of(type));
}

/* Asks for the row; whether there is one. */
static bool
ask(const Predecessor *predecessor, const char *query)
{
	Oid			type = predecessor->key_type;
	Datum		key = predecessor->key;

	if (SPI_execute_with_args(query, 1, &type, &key, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not execute: %s", query);
	return SPI_processed > 0;
}

/* The same as the source's owner. */
static bool
ask_as_owner(const Predecessor *predecessor, const char *query)
{
	Actor		before;
	bool		found;

	act_as(predecessor->table->rd_rel->relowner, &before);
	found = ask(predecessor, query);
	act_again(&before);
	return found;
}

static bool
is_among(const char *stage, ArrayType *stages)
{
	Datum	   *labels;
	int			count;

	deconstruct_array(stages, TEXTOID, -1, false, TYPALIGN_INT, &labels, NULL, &count);
	for (int i = 0; i < count; i++)
		if (strcmp(TextDatumGetCString(labels[i]), stage) == 0)
			return true;
	return false;
}

static char *
list_stages(ArrayType *stages)
{
	Datum	   *labels;
	int			count;
	StringInfoData list;

	initStringInfo(&list);
	deconstruct_array(stages, TEXTOID, -1, false, TYPALIGN_INT, &labels, NULL, &count);
	for (int i = 0; i < count; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", TextDatumGetCString(labels[i]));
	return list.data;
}

/*
 * The journey that is handed over, connected to SPI; the result is the caller's.  Where there
 * is none it is 0, or refused if it must be there.
 */
static Datum
read_journey(const Binding *binding, Relation rel, TupleTableSlot *row, const Origin *origin,
			 const Predecessor *predecessor, TimestampTz now, bool must)
{
	const char *source = RelationGetRelationName(predecessor->table);
	SPITupleTable *found;
	char	   *stage;
	Datum		journey;
	bool		isnull;
	JourneyLabel label;

	/* Who may not read the row does not get its journey either, in a row of the other table. */
	if (!ask(predecessor, psprintf("SELECT t.%s, t.%s %s", predecessor->stage, predecessor->journey, predecessor->where)) ||
		!ask_as_owner(predecessor, psprintf("SELECT t.%s::pg_catalog.text, t.%s %s FOR SHARE", predecessor->stage,
											predecessor->journey, predecessor->where)))
	{
		if (!must)
			return (Datum) 0;
		refuse_hand_over(binding, rel, row, psprintf("there is no row of \"%s\" that this one could come from", source),
						 NULL, "A row comes from one that is there and that you may read.");
	}
	found = SPI_tuptable;
	stage = SPI_getvalue(found->vals[0], found->tupdesc, 1);
	if (stage == NULL || !is_among(stage, origin->stages))
	{
		if (!must)
			return (Datum) 0;
		refuse_hand_over(binding, rel, row, psprintf("the row of \"%s\" is not one to be handed over", source),
						 psprintf("It is in \"%s\"; rows are handed over in: %s.", stage == NULL ? "" : stage, list_stages(origin->stages)),
						 "Move it there first, in the same transaction if you like.");
	}
	journey = SPI_getbinval(found->vals[0], found->tupdesc, 2, &isnull);
	if (!isnull)
		return SPI_datumTransfer(PointerGetDatum(PG_DETOAST_DATUM(journey)), false, -1);
	label.text = stage;
	label.len = strlen(stage);
	return SPI_datumTransfer(journey_start(label, now), false, -1);
}

static Datum
take(const Binding *binding, Relation rel, TupleTableSlot *row, TimestampTz now, bool must)
{
	int			named;
	const Origin *origin = named_origin(binding, row, &named);
	Predecessor predecessor;
	bool		isnull;
	Datum		journey;

	if (origin == NULL)
		return (Datum) 0;
	if (named > 1)
		refuse_hand_over(binding, rel, row, "a row cannot come from several others", NULL,
						 "Name the one whose journey it goes on with.");
	SPI_connect();
	open_predecessor(&predecessor, origin, rel, slot_getattr(row, origin->via, &isnull));
	journey = read_journey(binding, rel, row, origin, &predecessor, now, must);
	table_close(predecessor.table, NoLock);
	SPI_finish();
	return journey;
}

/*
 * The journey that a new row goes on with; 0 where it begins its own, also for want of the
 * other row, which hand_over_require() refuses: an upsert may find its row there already.
 */
Datum
hand_over_take(const Binding *binding, Relation rel, TupleTableSlot *row, TimestampTz now)
{
	return take(binding, rel, row, now, false);
}

/*
 * Refuses a row that was inserted and should have taken a journey over, but got none.
 */
void
hand_over_require(const Binding *binding, Relation rel, TupleTableSlot *row, TimestampTz now)
{
	take(binding, rel, row, now, true);
	refuse_hand_over(binding, rel, row, "the row that this one comes from was ready too late", NULL,
					 "Move it before the other row is inserted.");
}

static void
keep_origin(const Binding *binding, Relation rel, TupleTableSlot *old_row, TupleTableSlot *new_row, const Origin *origin)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), origin->via - 1);
	bool		old_isnull,
				new_isnull;
	Datum		old_key = slot_getattr(old_row, origin->via, &old_isnull);
	Datum		new_key = slot_getattr(new_row, origin->via, &new_isnull);
	Predecessor predecessor;
	bool		stays;

	if (old_isnull == new_isnull &&
		(old_isnull || datumIsEqual(old_key, new_key, column->attbyval, column->attlen)))
		return;
	if (old_isnull)
		refuse_hand_over(binding, rel, old_row, "a row that is there already takes no journey over", NULL,
						 "Name the row that it comes from when you insert it.");
	/* A foreign key follows a row that has another key, or is gone. */
	SPI_connect();
	open_predecessor(&predecessor, origin, rel, old_key);
	stays = ask_as_owner(&predecessor, psprintf("SELECT %s", predecessor.where));
	table_close(predecessor.table, NoLock);
	SPI_finish();
	if (stays)
		refuse_hand_over(binding, rel, old_row, "where a row comes from cannot be changed",
						 psprintf("Its journey began in \"%s\".", get_rel_name(origin->source)),
						 psprintf("Leave the column \"%s\" out of the UPDATE.", NameStr(column->attname)));
}

/*
 * Refuses to change where a row comes from, or to hand a row over a second time.
 */
void
hand_over_keep(const Binding *binding, Relation rel, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	ListCell   *cell;

	foreach(cell, binding->origins)
		if (!duplicates_are_merged(((Origin *) lfirst(cell))->source))
			keep_origin(binding, rel, old_row, new_row, lfirst(cell));
}
