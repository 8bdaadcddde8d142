/*-------------------------------------------------------------------------
 *
 * label_book.c
 *		Numbers for labels that nobody knows in advance.
 *
 * Everything grows by repalloc, so it stays in the memory context in which the book
 * was made.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/hashfn.h"

#include "label_book.h"

#define FIRST_ROOM 16
#define FIRST_TEXT 256

LabelBook *
label_book_create(uint64 stamp)
{
	LabelBook  *book = palloc0(sizeof(LabelBook));

	book->stamp = stamp;
	book->room = FIRST_ROOM;
	book->offsets = palloc(book->room * sizeof(uint32));
	book->nslots = 2 * book->room;
	book->slots = palloc0(book->nslots * sizeof(uint32));
	book->text_room = FIRST_TEXT;
	book->text = palloc(book->text_room);
	return book;
}

/* Where the label is, or the empty slot where it belongs. */
static uint32
find_slot(const LabelBook *book, const char *label, size_t len)
{
	uint32		slot = hash_bytes((const unsigned char *) label, len) & (book->nslots - 1);

	for (; book->slots[slot] != 0; slot = (slot + 1) & (book->nslots - 1))
	{
		JourneyLabel known = label_book_label(book, book->slots[slot] - 1);

		if (known.len == len && memcmp(known.text, label, len) == 0)
			break;
	}
	return slot;
}

static void
double_room(LabelBook *book)
{
	book->room *= 2;
	book->offsets = repalloc(book->offsets, book->room * sizeof(uint32));
	book->nslots *= 2;
	book->slots = repalloc(book->slots, book->nslots * sizeof(uint32));
	memset(book->slots, 0, book->nslots * sizeof(uint32));
	for (uint32 code = 0; code < book->nlabels; code++)
	{
		JourneyLabel label = label_book_label(book, code);

		book->slots[find_slot(book, label.text, label.len)] = code + 1;
	}
}

/*
 * The label's number; a label that is not in the book gets the next one.
 */
int32
label_book_code(LabelBook *book, const char *label, size_t len)
{
	uint32		slot = find_slot(book, label, len);

	if (book->slots[slot] != 0)
		return book->slots[slot] - 1;
	if (book->nlabels == book->room)
	{
		double_room(book);
		slot = find_slot(book, label, len);
	}
	if (book->text_len + 1 + len > book->text_room)
	{
		book->text_room = 2 * book->text_room + len;
		book->text = repalloc(book->text, book->text_room);
	}
	book->offsets[book->nlabels] = book->text_len;
	book->text[book->text_len] = (char) len;
	memcpy(book->text + book->text_len + 1, label, len);
	book->text_len += 1 + len;
	book->slots[slot] = ++book->nlabels;
	return book->nlabels - 1;
}
