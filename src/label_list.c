/*-------------------------------------------------------------------------
 *
 * label_list.c
 *		The stages that a specification lists; see label_list.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "label.h"
#include "label_list.h"

/* Where the label is, and whether it is there, or else where it belongs. */
static uint32
find_place(const LabelList *list, const JourneyLabel *label, bool *found)
{
	uint32		low = 0,
				high = list->count;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			order = journey_label_compare(label, &list->labels[middle]);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*found = false;
	return low;
}

/*
 * Adds a label in its place, if it is not there yet; its bytes must live as long as the
 * list, which begins as zeros.
 */
bool
label_list_add(LabelList *list, JourneyLabel label, uint32 max, PureError *error)
{
	bool		found;
	uint32		place = find_place(list, &label, &found);

	if (found)
		return true;
	if (list->count == max)
		return pure_fail(error, PURE_LIMIT, "a list cannot have more than %u stages", max);
	if (list->count == list->room)
	{
		list->room = Max(8, 2 * list->room);
		list->labels = list->labels == NULL ? palloc(list->room * sizeof(JourneyLabel)) :
			repalloc(list->labels, list->room * sizeof(JourneyLabel));
	}
	memmove(list->labels + place + 1, list->labels + place,
			(list->count - place) * sizeof(JourneyLabel));
	list->labels[place] = label;
	list->count++;
	return true;
}

/*
 * The number of a label, or -1.
 */
int
label_list_find(const LabelList *list, const char *label, size_t len)
{
	JourneyLabel wanted = {label, len};
	bool		found;
	uint32		place = find_place(list, &wanted, &found);

	return found ? (int) place : -1;
}

/*
 * Reads labels with commas between them; they are copies.
 */
bool
label_list_scan(Scanner *scanner, LabelList *list, uint32 max)
{
	do
	{
		const char *start = scanner->start;
		JourneyLabel label;

		if (!scan_label(scanner, &label))
			return false;
		if (!label_list_add(list, label, max, scanner->error))
			return pure_at(scanner->error, scanner->text, start);
	} while (scan_accept_mark(scanner, ','));
	return true;
}

void
label_list_write(StringInfo out, const LabelList *list)
{
	for (uint32 i = 0; i < list->count; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		label_write(out, list->labels[i].text, list->labels[i].len);
	}
}
