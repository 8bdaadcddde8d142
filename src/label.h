/*-------------------------------------------------------------------------
 *
 * label.h
 *		A stage's label as text, in journeys and in specifications.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LABEL_H
#define CRM_LABEL_H

#include "pure.h"

extern void label_write(StringInfo out, const char *label, size_t len);
extern bool label_read(const char **cursor, const char *end, StringInfo label);

#endif							/* CRM_LABEL_H */
