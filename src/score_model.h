/*-------------------------------------------------------------------------
 *
 * score_model.h
 *		Scores as they are kept in their table and its history.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SCORE_MODEL_H
#define CRM_SCORE_MODEL_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "compat.h"
#include "score.h"

/* What tells one statement, or one statement inside of another, from the next. */
typedef struct StatementKey
{
	TimestampTz began;
	TransactionId xmin;
	TransactionId xmax;
	uint32		running;
	CommandId	command;
	SubTransactionId subtransaction;
} StatementKey;

typedef struct StoredScore
{
	char	   *name;
	char	   *owner;			/* a role's name, which may no longer exist */
	char	   *search_path;	/* of the one who defined it */
	char	   *definition;
	ScoreModel *model;

	/* for score_store.c only */
	bool		then;			/* as it was from one instant until before another */
	TimestampTz from;
	TimestampTz until;
	StatementKey statement;		/* that read it, or asked last whether it stands */
	uint64		changes;
} StoredScore;

extern ScoreModel *score_parse_definition(const char *definition);
extern void score_check_name(const char *name);
extern char *score_rule_place(const ScoreRule *rule);

extern StoredScore *stored_score_find(const char *name);
extern StoredScore *stored_score_get(const char *name);
extern StoredScore *stored_score_of_snapshot(const char *name);
extern StoredScore *stored_score_then(const char *name, TimestampTz at);
extern StoredScore *stored_score_copy(const StoredScore *stored);
extern bool stored_score_is_of(const StoredScore *stored, const TimestampTz *at);
extern bool stored_score_stands(StoredScore *stored);
pg_noreturn extern void score_missing(const char *name);
extern uint64 score_changes(void);

#endif							/* CRM_SCORE_MODEL_H */
