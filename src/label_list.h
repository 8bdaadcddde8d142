/*-------------------------------------------------------------------------
 *
 * label_list.h
 *		The stages that a specification lists, in the order of their labels' bytes and each
 *		once, so that two lists that mean the same are the same.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LABEL_LIST_H
#define CRM_LABEL_LIST_H

#include "journey.h"
#include "scan.h"

typedef struct LabelList
{
	uint32		count;
	uint32		room;
	JourneyLabel *labels;
} LabelList;

extern bool label_list_add(LabelList *list, JourneyLabel label, uint32 max, PureError *error);
extern int	label_list_find(const LabelList *list, const char *label, size_t len);
extern bool label_list_scan(Scanner *scanner, LabelList *list, uint32 max);
extern void label_list_write(StringInfo out, const LabelList *list);

#endif							/* CRM_LABEL_LIST_H */
