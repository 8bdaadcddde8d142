/*-------------------------------------------------------------------------
 *
 * wilson.h
 *		How sure a share is that was counted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_WILSON_H
#define CRM_WILSON_H

extern void wilson_interval(double successes, double trials, double *low, double *high);

#endif							/* CRM_WILSON_H */
