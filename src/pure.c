/*-------------------------------------------------------------------------
 *
 * pure.c
 *		How pure code says what is wrong.
 *
 * Only the filling-in of PureErrors lives here.  Raising them is report.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

static char *format(const char *fmt, va_list args) pg_attribute_printf(1, 0);

static char *
format(const char *fmt, va_list args)
{
	size_t		room = 128;

	for (;;)
	{
		char	   *text = palloc(room);
		va_list		copy;
		size_t		needed;

		va_copy(copy, args);
		needed = pvsnprintf(text, room, fmt, copy);
		va_end(copy);
		if (needed < room)
			return text;
		pfree(text);
		room = needed;
	}
}

/*
 * Starts an error; always returns false, so that callers can return it.
 */
bool
pure_fail(PureError *error, PureErrorKind kind, const char *fmt,...)
{
	va_list		args;

	memset(error, 0, sizeof(*error));
	error->kind = kind;
	va_start(args, fmt);
	error->message = format(fmt, args);
	va_end(args);
	return false;
}

bool
pure_hint(PureError *error, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	error->hint = format(fmt, args);
	va_end(args);
	return false;
}

bool
pure_detail(PureError *error, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	error->detail = format(fmt, args);
	va_end(args);
	return false;
}

/*
 * Says where in the text the error is.  Columns count UTF-8 characters; in other
 * encodings they count bytes, which is the best one can do without a catalog.
 */
bool
pure_at(PureError *error, const char *text, const char *where)
{
	error->line = 1;
	error->column = 1;
	for (const char *p = text; p < where && *p != '\0'; p++)
	{
		if (*p == '\n')
		{
			error->line++;
			error->column = 1;
		}
		else if (((unsigned char) *p & 0xC0) != 0x80)
			error->column++;
	}
	return false;
}

/*
 * A copy of user text that is fit for a message: one line, at most 40 bytes and
 * never half a character.
 */
char *
pure_sample(const char *text, size_t len)
{
	size_t		keep = Min(len, 40);
	char	   *sample;

	while (keep < len && keep > 0 && ((unsigned char) text[keep] & 0xC0) == 0x80)
		keep--;
	sample = psprintf("%.*s%s", (int) keep, text, keep < len ? "..." : "");
	for (char *p = sample; *p; p++)
		if ((unsigned char) *p < ' ')
			*p = ' ';
	return sample;
}
