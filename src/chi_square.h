/*-------------------------------------------------------------------------
 *
 * chi_square.h
 *		How likely a chi-square is exceeded by chance.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CHI_SQUARE_H
#define CRM_CHI_SQUARE_H

extern double chi_square_tail(double x, int df);

#endif							/* CRM_CHI_SQUARE_H */
