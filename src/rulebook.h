/*-------------------------------------------------------------------------
 *
 * rulebook.h
 *		The rules of one lifecycle as they apply to the rows of one relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RULEBOOK_H
#define CRM_RULEBOOK_H

#include "postgres.h"

#include "lib/ilist.h"
#include "utils/rel.h"

#include "guard.h"
#include "journey.h"
#include "rules.h"

/* What a stage asks of a row that enters or leaves it; compiled on first use. */
typedef struct StageRules
{
	Guard	   *entry;
	Guard	   *exit;
	AttrNumber *requires;		/* as many as the stage requires */
} StageRules;

typedef struct Rulebook
{
	Rules	   *rules;

	/* for rulebook.c and its keeper */
	MemoryContext context;
	dlist_node	node;
	GuardIdentity identity;
	StageRules *stages;
	Guard	  **moves;			/* by place in the diagram */
} Rulebook;

/* In a context of its own, below CurrentMemoryContext; NULL for an unknown lifecycle. */
extern Rulebook *rulebook_open(const char *lifecycle);

extern int	rulebook_find_stage(const Rulebook *book, JourneyLabel label);
extern Guard *rulebook_move_guard(Rulebook *book, Relation rel, const DiagramMove *move);
extern Guard *rulebook_entry_guard(Rulebook *book, Relation rel, int stage);
extern Guard *rulebook_exit_guard(Rulebook *book, Relation rel, int stage);
extern const AttrNumber *rulebook_requirements(Rulebook *book, Relation rel, int stage);
extern int	rulebook_parts(const Diagram *diagram);
extern void rulebook_check_part(Rulebook *book, Relation rel, int part);
extern void rulebook_check(Rulebook *book, Relation rel);

#endif							/* CRM_RULEBOOK_H */
