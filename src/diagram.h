/*-------------------------------------------------------------------------
 *
 * diagram.h
 *		A lifecycle as a value: read from a diagram, printed as one.
 *
 * The text is the subset of Mermaid's stateDiagram-v2 described in doc/diagram.md,
 * with UML labels "event [guard] / action" on its moves and "key: value" notes on its
 * stages.  The printed form is canonical: printing what was read from it changes
 * nothing, and Mermaid draws it with the stages and moves that we enforce.
 *
 * Nothing here may know SQL, the function manager or the catalog: guards are carried
 * as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIAGRAM_H
#define CRM_DIAGRAM_H

#include "pure.h"

typedef enum StageOutcome
{
	OUTCOME_OPEN,
	OUTCOME_WON,
	OUTCOME_LOST,
	OUTCOME_CLOSED,
	NUM_OUTCOMES
} StageOutcome;

/* As notes say them. */
extern const char *const outcome_names[NUM_OUTCOMES];

/* Strings are NULL where the diagram says nothing; lists are empty. */
typedef struct TextList
{
	int			count;
	char	  **items;
} TextList;

typedef struct DiagramPhase
{
	char	   *id;
	char	   *title;			/* NULL where it is the id */
	char	   *direction;		/* of its inside: TB, BT, LR, RL */
} DiagramPhase;

typedef struct DiagramStage
{
	char	   *id;				/* how the diagram names it */
	char	   *label;			/* what the column holds; the id unless a note says otherwise */
	TextList	formerly;		/* labels that rows may still hold: it was renamed */
	char	   *title;			/* NULL where it is the id */
	char	   *description;	/* may have several lines */
	int			phase;			/* index, or -1 */
	StageOutcome outcome;
	double		probability;	/* 0 to 1, or -1 where none is given */
	Interval   *sla;
	char	   *owner;
	char	   *goal;
	char	   *metrics;
	TextList	requires;		/* columns that must not be NULL on entering */
	char	   *entry;			/* guard on entering */
	char	   *exit;			/* guard on leaving */
	TextList	reasons;		/* entering needs one of them */
	bool		outside;		/* before the table: no rows */
	Interval   *undo;			/* how long a mistaken move may be taken back */
	char	   *color;			/* a CSS colour */
	char	   *text;			/* free words of the note; may have several lines */
	bool		note_left;		/* the note stands left of the stage, not right */
} DiagramStage;

#define NO_STAGE (-1)

typedef struct DiagramMove
{
	int			from_stage;		/* index, or NO_STAGE: from_phase, or [*] when that is NO_STAGE too */
	int			from_phase;		/* index, or NO_STAGE */
	int			to_stage;		/* index, or NO_STAGE: [*] */
	char	   *event;
	char	   *guard;			/* raw SQL */
	char	   *action;
} DiagramMove;

typedef struct Diagram
{
	int			nphases;
	DiagramPhase *phases;		/* in order of first appearance */
	int			nstages;
	DiagramStage *stages;		/* in order of first appearance, a phase's stages together */
	int			nmoves;
	DiagramMove *moves;			/* as drawn, in order */
	char	   *direction;		/* TB, BT, LR, RL */
	char	   *front_matter;	/* kept as written, without its fences */
	TextList	presentation;	/* classDef, style, click ... lines: kept and printed back */
} Diagram;

extern Diagram *diagram_parse(const char *text, PureError *error);
extern char *diagram_print(const Diagram *diagram);
extern int	diagram_find_label(const Diagram *diagram, const char *label);
extern int	diagram_find_former(const Diagram *diagram, const char *label);
extern void diagram_rename(Diagram *diagram, int stage, const char *label);
extern void diagram_add_former(Diagram *diagram, int stage, const char *label);
extern void diagram_forget_formers(Diagram *diagram, int stage);
extern int	diagram_merge(Diagram *diagram, int stage, int into);
extern void diagram_retire(Diagram *diagram, int stage);

#endif							/* CRM_DIAGRAM_H */
