/*-------------------------------------------------------------------------
 *
 * binding.h
 *		An attached table as one backend sees it: its columns, its rules, its guards
 *		compiled.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_BINDING_H
#define CRM_BINDING_H

#include "postgres.h"

#include "commands/trigger.h"
#include "utils/rel.h"

#include "guard.h"
#include "journey.h"
#include "rules.h"

/* The triggers' functions; binding.c recognises attachments by them. */
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
	NUM_ATTACHED_COLUMNS
} AttachedColumn;

/*
 * Arguments of the statement-level trigger; the row triggers have the key alone, which
 * is the name of the stage column on the day of attaching.
 */
typedef enum AttachmentArgument
{
	ARG_KEY,					/* tells several attachments of one table apart */
	ARG_LIFECYCLE,
	ARG_COLUMNS,				/* what the columns of the trigger are, as attached_column_names */
	NUM_ATTACHMENT_ARGUMENTS
} AttachmentArgument;

extern const char *const attached_column_names[NUM_ATTACHED_COLUMNS];

/* What a stage asks of a row that enters or leaves it; compiled on first use. */
typedef struct StageBinding
{
	Guard	   *entry;
	Guard	   *exit;
	AttrNumber *requires;		/* as many as the stage requires */
} StageBinding;

typedef struct Binding
{
	Oid			relid;
	char	   *key;
	AttrNumber	columns[NUM_ATTACHED_COLUMNS];	/* in this relation; 0: none */
	Oid			stage_type;
	Rules	   *rules;

	/* for binding.c only */
	GuardIdentity identity;
	StageBinding *stages;
	Guard	  **moves;			/* by place in the diagram */
	MemoryContext context;
	Oid			trigger;
	Oid			home;			/* the relation that was attached: this one or an ancestor */
	Oid			stage_output;
	bool		stage_is_text;	/* the label is the value's own bytes */
	int			pins;
	bool		valid;
	bool		listed;
} Binding;

/* Pins the binding until CurrentMemoryContext is reset or deleted. */
extern Binding *binding_get(Relation rel, const char *key);

extern AttrNumber attached_stage_column(Relation rel, AttrNumber journey);
extern JourneyLabel binding_label(const Binding *binding, Datum stage);
extern int	binding_find_stage(const Binding *binding, JourneyLabel label);
extern Guard *binding_move_guard(Binding *binding, Relation rel, const DiagramMove *move);
extern Guard *binding_entry_guard(Binding *binding, Relation rel, int stage);
extern Guard *binding_exit_guard(Binding *binding, Relation rel, int stage);
extern const AttrNumber *binding_requirements(Binding *binding, Relation rel, int stage);
extern void binding_check(Binding *binding, Relation rel);
extern void binding_init(void);

#endif							/* CRM_BINDING_H */
