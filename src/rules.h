/*-------------------------------------------------------------------------
 *
 * rules.h
 *		The rules of a lifecycle, loaded from their table and kept per backend.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_RULES_H
#define CRM_RULES_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/ilist.h"

#include "actor.h"
#include "kept.h"
#include "machine.h"

/* The schema is fixed: the control file says relocatable = false. */
#define CRM_SCHEMA "lifecycle"

/*
 * One lifecycle.  Pinned rules never change; rules that another session has replaced
 * merely stop being valid, and whoever asks next gets new ones.
 */
typedef struct Rules
{
	char	   *name;
	char	   *owner;			/* a role's name, which may no longer exist */
	char	   *search_path;	/* of the one who defined the guards */
	Diagram    *diagram;
	Machine    *machine;

	/* for rules.c only */
	Kept		kept;
	dlist_node	lru;
	bool		valid;
} Rules;

/* Who was acting before a visit to the tables of rules. */
typedef Actor RulesVisit;

/*
 * Both pin the rules until CurrentMemoryContext is reset or deleted.
 */
extern Rules *rules_get(const char *name);
extern Rules *rules_find(const char *name);

extern void rules_lock(const char *name, bool to_drop);
pg_noreturn extern void rules_missing(const char *name);

extern void rules_enter(RulesVisit *visit);
extern void rules_leave(const RulesVisit *visit);

extern bool rules_triggered_on(FunctionCallInfo fcinfo, const char *table);
pg_noreturn extern void rules_refuse_trigger(const char *function);

extern void rules_on_change(void (*callback) (void));
extern void rules_init(void);

#endif							/* CRM_RULES_H */
