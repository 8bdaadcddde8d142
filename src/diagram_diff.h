/*-------------------------------------------------------------------------
 *
 * diagram_diff.h
 *		What is different between two diagrams of one lifecycle.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIAGRAM_DIFF_H
#define CRM_DIAGRAM_DIFF_H

#include "diagram.h"

/* One difference, in words; subject and detail may be NULL. */
typedef struct DiagramChange
{
	const char *change;
	char	   *subject;
	char	   *detail;
} DiagramChange;

/* Rows that hold a label of one diagram hold another in the next. */
typedef struct DiagramRelabel
{
	const char *before;
	const char *after;
	bool		merged;			/* into a stage that was there before */
} DiagramRelabel;

typedef struct DiagramDiff
{
	int			nchanges;
	DiagramChange *changes;
	int			nrelabels;
	DiagramRelabel *relabels;
	int		   *becomes;		/* by stage of the diagram before: its stage after, or NO_STAGE */
} DiagramDiff;

extern DiagramDiff *compare_diagrams(const Diagram *before, const Diagram *after);

#endif							/* CRM_DIAGRAM_DIFF_H */
