/*-------------------------------------------------------------------------
 *
 * machine.h
 *		A diagram as a state machine: which moves are legal, and the way there.
 *
 * A diagram says what was drawn ("from any stage of this phase"); a machine says
 * what follows from it for each stage.  It points into the diagram it was made from.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_MACHINE_H
#define CRM_MACHINE_H

#include "diagram.h"

typedef struct LegalMove
{
	int			to;				/* stage */
	const DiagramMove *drawn;
} LegalMove;

typedef struct MoveList
{
	int			count;
	LegalMove  *moves;			/* in diagram order */
} MoveList;

/* What a row may hold to be in a stage: its label, or one that it had formerly. */
typedef struct StageName
{
	const char *text;
	size_t		len;
	int			stage;
} StageName;

typedef struct Machine
{
	const Diagram *diagram;
	MoveList   *from;			/* by stage */
	MoveList	entries;		/* where a row may begin */
	int			nnames;			/* more than there are stages while one is being renamed */
	StageName  *names;			/* sorted by the bytes of the labels */
} Machine;

extern Machine *machine_build(const Diagram *diagram);
extern int	machine_find_stage(const Machine *machine, const char *label, size_t len);
extern bool machine_has_former_labels(const Machine *machine);
extern const MoveList *machine_moves_from(const Machine *machine, int stage);
extern int	machine_shortest_way_through(const Machine *machine, int from, int to, const bool *passable,
										 int *way);
extern int	machine_shortest_way(const Machine *machine, int from, int to, int *way);

#endif							/* CRM_MACHINE_H */
