/*-------------------------------------------------------------------------
 *
 * memory.c
 *		palloc and friends for the fuzzer: one context, which is reset after every input.
 *
 * The pure code leaves its memory to the caller's context.  Each piece is a malloc of its own,
 * so that AddressSanitizer and valgrind know where it ends.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "common/fe_memutils.h"

/* As large as malloc aligns. */
typedef union Piece
{
	struct
	{
		union Piece *previous;
		union Piece *next;
	}			links;
	char		aligned[16];
} Piece;

static Piece all = {{&all, &all}};

static void
link_in(Piece *piece)
{
	piece->links.previous = &all;
	piece->links.next = all.links.next;
	all.links.next->links.previous = piece;
	all.links.next = piece;
}

static void
link_out(Piece *piece)
{
	piece->links.previous->links.next = piece->links.next;
	piece->links.next->links.previous = piece->links.previous;
}

void *
palloc_extended(Size size, int flags)
{
	Piece	   *piece;

	/* The server's limit. */
	promise(size <= 0x3fffffff || (flags & MCXT_ALLOC_HUGE) != 0, "no piece of memory is larger than palloc gives");
	piece = malloc(sizeof(Piece) + size);
	promise(piece != NULL, "there is memory");
	/* What nobody has written is not 0 by chance. */
	memset(piece + 1, (flags & MCXT_ALLOC_ZERO) ? 0 : 0x7f, Min(size, 65536));
	if ((flags & MCXT_ALLOC_ZERO) && size > 65536)
		memset(piece + 1, 0, size);
	link_in(piece);
	return piece + 1;
}

void
pfree(void *pointer)
{
	Piece	   *piece = (Piece *) pointer - 1;

	link_out(piece);
	free(piece);
}

void *
repalloc(void *pointer, Size size)
{
	Piece	   *piece = (Piece *) pointer - 1;

	promise(size <= 0x3fffffff, "no piece of memory is larger than palloc gives");
	link_out(piece);
	piece = realloc(piece, sizeof(Piece) + size);
	promise(piece != NULL, "there is memory");
	link_in(piece);
	return piece + 1;
}

void *
palloc(Size size)
{
	return palloc_extended(size, 0);
}

void *
palloc0(Size size)
{
	return palloc_extended(size, MCXT_ALLOC_ZERO);
}

char *
pnstrdup(const char *text, Size size)
{
	size_t		len = strnlen(text, size);
	char	   *copy = palloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

void *
pg_malloc(size_t size)
{
	return palloc(size);
}

void *
pg_malloc0(size_t size)
{
	return palloc0(size);
}

void *
pg_malloc_extended(size_t size, int flags)
{
	return palloc_extended(size, flags);
}

void *
pg_realloc(void *pointer, size_t size)
{
	return pointer == NULL ? palloc(size) : repalloc(pointer, size);
}

char *
pg_strdup(const char *text)
{
	return pstrdup(text);
}

void
pg_free(void *pointer)
{
	if (pointer != NULL)
		pfree(pointer);
}

void
free_all(void)
{
	while (all.links.next != &all)
		pfree(all.links.next + 1);
}
