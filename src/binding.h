/*-------------------------------------------------------------------------
 *
 * binding.h
 *		An attached table as one backend sees it: its columns, and the rulebooks of the
 *		lifecycles that its rows follow.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_BINDING_H
#define CRM_BINDING_H

#include "postgres.h"

#include "commands/trigger.h"
#include "utils/rel.h"

#include "journey.h"
#include "kept.h"
#include "rulebook.h"

/* The triggers' functions; registry.c recognises attachments by them. */
#define ATTACHMENT_FUNCTION "attachment"
#define BEFORE_FUNCTION "enforce_move"
#define AFTER_FUNCTION "enforce_entry"

/*
 * The columns of an attachment.  Its statement-level trigger names those that are there
 * in this order, all but the stage.
 */
typedef enum AttachedColumn
{
	STAGE_COLUMN,
	JOURNEY_COLUMN,
	REASON_COLUMN,
	LIFECYCLE_COLUMN,			/* each row names its lifecycle */
	SINCE_COLUMN,				/* when rows that have no journey yet entered their stage */
	NUM_ATTACHED_COLUMNS
} AttachedColumn;

/*
 * Arguments of the statement-level trigger; the row triggers have the key alone, which
 * is the name of the stage column on the day of attaching.
 */
typedef enum AttachmentArgument
{
	ARG_KEY,					/* tells several attachments of one table apart */
	ARG_LIFECYCLE,				/* empty where a column names it */
	ARG_COLUMNS,				/* what the columns of the trigger are, as attached_column_names */
	ARG_MODE,					/* as enforcement_mode_names */
	NUM_ATTACHMENT_ARGUMENTS
} AttachmentArgument;

/* What becomes of a move that would be refused. */
typedef enum EnforcementMode
{
	MODE_ENFORCE,				/* it is */
	MODE_WARN,					/* it passes with a warning */
	MODE_OBSERVE,				/* it passes */
	NUM_ENFORCEMENT_MODES
} EnforcementMode;

extern const char *const attached_column_names[NUM_ATTACHED_COLUMNS];
extern const char *const enforcement_mode_names[NUM_ENFORCEMENT_MODES];

typedef struct LogPlan LogPlan;

typedef struct Binding
{
	Oid			relid;
	Oid			home;			/* the relation that was attached: this one or an ancestor */
	char	   *key;
	AttrNumber	columns[NUM_ATTACHED_COLUMNS];	/* in this relation; 0: none */
	Oid			stage_type;
	EnforcementMode mode;
	Oid			derived_from;	/* the table whose rows decide on the stage; InvalidOid: none */
	List	   *origins;		/* of Origin: tables whose rows are handed over to this one */

	/* for log_table.c only */
	LogPlan    *log_plan;
	Oid			log;

	/* for binding.c, which log_table.c shares the context with */
	Kept		kept;
	char	   *lifecycle;		/* of all rows, unless a column says it */
	dlist_head	rulebooks;		/* most recently used first */
	int			nrulebooks;
	TupleTableSlot *no_row;
	Oid			trigger;
	Oid			stage_output;
	bool		stage_is_text;	/* the label is the value's own bytes */
	bool		valid;
} Binding;

/* Pins the binding until CurrentMemoryContext is reset or deleted. */
extern bool binding_can_be_got(Relation rel, const char *key);
extern Binding *binding_get(Relation rel, const char *key);
extern uint64 binding_changes(void);
extern Binding *binding_of_column(Relation rel, const char *stage_column);

extern JourneyLabel binding_label(const Binding *binding, Datum stage);
extern char *binding_text(const Binding *binding, TupleTableSlot *row, AttachedColumn which);
extern TupleTableSlot *binding_no_row(Binding *binding, Relation rel);
extern const char *binding_lifecycle(const Binding *binding, TupleTableSlot *row);
extern Rulebook *binding_rulebook(Binding *binding, const char *lifecycle);
extern void binding_init(void);

#endif							/* CRM_BINDING_H */
