/*-------------------------------------------------------------------------
 *
 * label_map.h
 *		Comparing labels once per dictionary, not once per row.
 *
 * A journey carries its labels as a small dictionary, and journeys of one table share
 * few of them.  A label map remembers the last dictionaries seen, with the code that
 * each of their labels has for the caller: its place in a specification, say.  Behind
 * the codes stands what the caller makes of the dictionary as a whole.
 *
 * What the codes mean is the caller's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LABEL_MAP_H
#define CRM_LABEL_MAP_H

#include "journey.h"

typedef struct LabelMap LabelMap;

/* Says which code a label has; the same label must always have the same code. */
typedef int32 (*LabelCoder) (void *arg, const char *label, size_t len);

/* Says what a dictionary with these codes is worth. */
typedef int32 (*DictionaryJudge) (void *arg, const int32 *codes, uint32 nlabels);

extern LabelMap *label_map_create(LabelCoder coder, DictionaryJudge judge, void *arg);
extern const int32 *label_map_codes(LabelMap *map, const JourneyView *view);

#endif							/* CRM_LABEL_MAP_H */
