/*-------------------------------------------------------------------------
 *
 * label_book.h
 *		Numbers for labels that nobody knows in advance.
 *
 * A label map wants a code for every label it meets; where there is no specification
 * to look the label up in, a book gives out the next number.  Numbers mean something
 * to the holder of the book only: its stamp, unique in the process, tells whose they
 * are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_LABEL_BOOK_H
#define CRM_LABEL_BOOK_H

#include "journey.h"

typedef struct LabelBook
{
	uint64		stamp;
	uint32		nlabels;
	uint32		room;
	uint32	   *offsets;		/* of each label in the text: length byte, then bytes */
	uint32		nslots;			/* a power of two, twice the room */
	uint32	   *slots;			/* a label's number + 1; 0: none */
	uint32		text_len;
	uint32		text_room;
	char	   *text;
} LabelBook;

extern LabelBook *label_book_create(uint64 stamp);
extern int32 label_book_code(LabelBook *book, const char *label, size_t len);

static inline JourneyLabel
label_book_label(const LabelBook *book, uint32 code)
{
	const char *entry = book->text + book->offsets[code];
	JourneyLabel label = {entry + 1, (unsigned char) *entry};

	return label;
}

#endif							/* CRM_LABEL_BOOK_H */
