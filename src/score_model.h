/*-------------------------------------------------------------------------
 *
 * score_model.h
 *		Scores as they are kept in their table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SCORE_MODEL_H
#define CRM_SCORE_MODEL_H

#include "postgres.h"

#include "score.h"

typedef struct StoredScore
{
	char	   *name;
	char	   *owner;			/* a role's name, which may no longer exist */
	char	   *search_path;	/* of the one who defined it */
	char	   *definition;
	ScoreModel *model;
} StoredScore;

extern StoredScore *stored_score_get(const char *name);
extern char *score_rule_place(const ScoreRule *rule);

#endif							/* CRM_SCORE_MODEL_H */
