/*-------------------------------------------------------------------------
 *
 * machine_order.h
 *		In which order journeys come by the stages of a diagram, and its main line.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_MACHINE_ORDER_H
#define CRM_MACHINE_ORDER_H

#include "machine.h"

extern void machine_order(const Machine *machine, int *order);
extern int	machine_main_line(const Machine *machine, int *line);

#endif							/* CRM_MACHINE_ORDER_H */
