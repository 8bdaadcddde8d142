/*-------------------------------------------------------------------------
 *
 * derivation.h
 *		How the stages of one table's rows follow from another's, as one backend sees it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DERIVATION_H
#define CRM_DERIVATION_H

#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "kept.h"
#include "rules.h"

/* The function of the triggers that name the columns. */
#define DERIVATION_FUNCTION "derivation"

/* Arguments of the triggers; those of the row triggers are the first two. */
typedef enum DerivationArgument
{
	DERIVATION_NAME,			/* of the derivation, the same on both sides */
	DERIVATION_SIDE,			/* "parent" or "child" */
	DERIVATION_KEY,				/* of the attachment on this side */
	DERIVATION_CHILD_KEY,		/* the others are the parent's alone */
	DERIVATION_RULE,
	DERIVATION_MAPPING,			/* labels as JSON; empty: stages stand for themselves */
	DERIVATION_PATH,			/* search_path of whoever made it */
	NUM_DERIVATION_ARGUMENTS
} DerivationArgument;

/* The columns of a walk, for one stage to be reached: from each label, which is next. */
typedef struct Walk
{
	ArrayType  *sources;
	ArrayType  *targets;		/* the stage to be reached, as often */
	ArrayType  *nexts;
} Walk;

typedef struct Derivation
{
	NameData	name;
	Oid			parent;
	Oid			children;
	Oid			parent_owner;
	Oid			children_owner;
	char	   *parent_name;
	char	   *children_name;
	char	   *parent_key;		/* of the attachments */
	char	   *child_key;
	char	   *path;
	bool		ever;			/* what children were counts too */
	bool		least;			/* the least rank decides, not the greatest */
	bool		conditions;		/* moves may be held back by what a row is like */

	/* The column by which children belong to a row, and that row's. */
	AttrNumber	key;
	AttrNumber	via;
	Oid			element;
	Oid			collation;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	FmgrInfo	compare;

	/* What the labels of children count for; derivation_ranks.c says how ranks are made. */
	int			nlabels;
	char	  **labels;
	int		   *ranks;
	ArrayType  *label_array;
	ArrayType  *rank_array;

	/* By place in the parent's diagram. */
	int			nstages;
	char	  **stages;
	Walk	   *walks;

	SPIPlanPtr	lock;			/* $1 keys */
	SPIPlanPtr	ask;			/* $1 keys, $2 labels, $3 ranks; gives key and rank */
	SPIPlanPtr	move;			/* $1 keys, $2 targets, $3 to $5 a walk's sources, targets, nexts */

	/* for derivation.c only */
	Kept		kept;
	MemoryContextCallback going;	/* takes the plans along */
	uint64		changes;
} Derivation;

extern bool derivation_is_side(const Trigger *trigger, const char *side);
extern Oid	derivation_source(Relation rel, const char *key);

/* Pins the derivation until CurrentMemoryContext is reset or deleted. */
extern Derivation *derivation_get(Oid parent, const char *name);

extern AttrNumber derivation_column(const Derivation *derivation, Relation rel, bool of_parent);

/* derivation_ranks.c */
extern void derivation_read_rules(Derivation *derivation, const Rules *parent,
								  const Rules *children, const Trigger *trigger);
extern int	derivation_rank(const Derivation *derivation, const char *label, size_t len);
extern int	derivation_stage_of_rank(int rank);

/* derivation_plans.c */
extern void derivation_prepare(Derivation *derivation);
extern void derivation_free_plans(void *derivation);

#endif							/* CRM_DERIVATION_H */
