/*-------------------------------------------------------------------------
 *
 * diagram_check.h
 *		What is probably wrong with a diagram that can be read.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIAGRAM_CHECK_H
#define CRM_DIAGRAM_CHECK_H

#include "machine.h"

typedef struct DiagramFlaw
{
	const char *severity;		/* error, warning */
	const char *problem;
	const char *subject;		/* a stage's label, or NULL */
	const char *hint;
} DiagramFlaw;

extern DiagramFlaw *diagram_flaws_of(const Machine *machine, int *count);

#endif							/* CRM_DIAGRAM_CHECK_H */
