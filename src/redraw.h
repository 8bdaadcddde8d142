/*-------------------------------------------------------------------------
 *
 * redraw.h
 *		Changing the diagram of a lifecycle that is stored already.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_REDRAW_H
#define CRM_REDRAW_H

#include "diagram.h"

extern Diagram *read_diagram(const char *text);
extern Diagram *lock_diagram(const char *name);
extern Diagram *share_diagram(const char *name);
extern void store_diagram(const char *name, const Diagram *diagram, const char *search_path,
						  const char *change);
extern void check_not_awaited(const char *name, const Diagram *diagram, const char *label);
extern void check_drawable(const Diagram *diagram, int stage);

#endif							/* CRM_REDRAW_H */
