/*-------------------------------------------------------------------------
 *
 * diagram_lex.c
 *		Characters and words of a diagram: lines, keywords, ids.
 *
 * What a statement means is not decided here.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "diagram_reader.h"

/*
 * Starts an error at a place in the diagram; always returns false.
 */
bool
fail_at(DiagramReader *reader, const char *where, PureErrorKind kind, const char *fmt,...)
{
	char		message[512];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	pure_fail(reader->error, kind, "%s", message);
	return pure_at(reader->error, reader->text, where);
}

/*
 * A copy whose lines all end in \n, without a byte order mark.
 */
char *
normal_lines(const char *text)
{
	char	   *copy;
	char	   *out;

	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	out = copy = palloc(strlen(text) + 1);
	for (; *text; text++)
	{
		if (*text != '\r')
			*out++ = *text;
		else if (text[1] != '\n')
			*out++ = '\n';
	}
	*out = '\0';
	return copy;
}

const char *
line_end(const DiagramReader *reader, const char *p)
{
	const char *end = memchr(p, '\n', reader->end - p);

	return end != NULL ? end : reader->end;
}

void
skip_blanks(DiagramReader *reader)
{
	while (is_blank(*reader->p))
		reader->p++;
}

/* To the beginning of the next line. */
void
skip_line(DiagramReader *reader)
{
	reader->p = line_end(reader, reader->p);
	if (reader->p < reader->end)
		reader->p++;
}

bool
skip_text(DiagramReader *reader, const char *text)
{
	size_t		len = strlen(text);

	if (strncmp(reader->p, text, len) != 0)
		return false;
	reader->p += len;
	return true;
}

bool
at_line_end(const DiagramReader *reader)
{
	return reader->p >= reader->end || *reader->p == '\n';
}

/*
 * Skips a keyword, in any case as Mermaid has it, and the blanks that must follow.  A
 * keyword that stands where an id stands is none: the id's reader says what is wrong.
 */
bool
skip_keyword(DiagramReader *reader, const char *keyword)
{
	size_t		len = strlen(keyword);
	const char *after = reader->p + len;

	if (pg_strncasecmp(reader->p, keyword, len) != 0 || !is_blank(*after))
		return false;
	while (is_blank(*after))
		after++;
	if (*after == '\n' || *after == '\0' || *after == ':' || strncmp(after, "-->", 3) == 0)
		return false;
	reader->p = after;
	return true;
}

/*
 * Nothing but a semicolon, a comment, or the end of the phase may follow a statement.
 */
bool
end_statement(DiagramReader *reader)
{
	const char *semicolon;

	skip_blanks(reader);
	semicolon = reader->p;
	if (skip_text(reader, ";"))
		skip_blanks(reader);
	if (at_line_end(reader) || *reader->p == '}' || strncmp(reader->p, "%%", 2) == 0)
		return true;
	if (*semicolon == ';')
	{
		fail_at(reader, reader->p, PURE_SYNTAX, "a second statement on the line");
		return pure_hint(reader->error, "Write one statement a line.");
	}
	return fail_at(reader, reader->p, PURE_SYNTAX, "expected the end of the statement before \"%s\"",
				   pure_sample(reader->p, line_end(reader, reader->p) - reader->p));
}

/* What JavaScript takes for white space beyond ASCII, and where an id would end. */
static bool
is_wide_blank(const char *p)
{
	static const char *const blanks[] = {
		"\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
		"\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"
	};

	if (strncmp(p, "\xE2\x80", 2) == 0 && (unsigned char) p[2] <= 0x8A)
		return true;
	for (int i = 0; i < lengthof(blanks); i++)
		if (strncmp(p, blanks[i], strlen(blanks[i])) == 0)
			return true;
	return false;
}

static bool
is_id_char(const char *p)
{
	return is_ascii_word(*p) || *p == '.' || (IS_HIGHBIT_SET(*p) && !is_wide_blank(p));
}

/* A word of ASCII letters, digits and underscores, which is all that some statements take. */
bool
is_word(const char *text)
{
	if (*text == '\0')
		return false;
	while (is_ascii_word(*text))
		text++;
	return *text == '\0';
}

/*
 * Mermaid would take the id for something else.
 */
static bool
is_reserved(const char *id)
{
	/* As whole words; the first three also in front of anything that ends a word. */
	static const char *const words[] = {
		"click", "default", "href",
		"state", "note", "class", "classdef", "style", "scale", "root", "as", "direction",
		"acctitle", "accdescr", "statediagram", "root_start", "root_end"
	};
	/* Mermaid 10 looks ids up in objects that have these already. */
	static const char *const inherited[] = {
		"__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__",
		"constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable",
		"toLocaleString", "toString", "valueOf"
	};
	size_t		id_len = strlen(id);

	for (int i = 0; i < lengthof(inherited); i++)
		if (strcmp(id, inherited[i]) == 0)
			return true;
	for (int i = 0; i < lengthof(words); i++)
	{
		size_t		len = strlen(words[i]);

		if (pg_strncasecmp(id, words[i], len) == 0 &&
			(id[len] == '\0' || (i < 3 && !is_ascii_word(id[len]))))
			return true;
	}
	/* At the end of a line, with TB, LR ... on the next, it would turn the picture. */
	return id_len >= 9 && pg_strcasecmp(id + id_len - 9, "direction") == 0;
}

/*
 * Whether a text can be the id of a stage.
 */
bool
is_id(const char *text)
{
	const char *p = text;

	while (is_id_char(p))
		p++;
	return *p == '\0' && p > text && p - text <= DIAGRAM_MAX_ID && !is_reserved(text);
}

static char *
fail_id(DiagramReader *reader, const char *where, const char *message)
{
	fail_at(reader, where, PURE_SYNTAX, "%s", message);
	pure_hint(reader->error, "Choose a plain word as the id, and say in the stage's note what the column holds, such as \"label: Closed Won\".");
	return NULL;
}

/*
 * Reads the id of a stage or phase, and makes sure that nothing follows it which one may
 * have meant as a part of it.  NULL with an error.
 */
char *
read_id(DiagramReader *reader)
{
	const char *start = reader->p;
	const char *p = start;
	char	   *id;

	while (is_id_char(p))
		p++;
	if (*p != '\0' && !isspace((unsigned char) *p) && !strchr(":{};", *p) &&
		strncmp(p, "-->", 3) != 0 && strncmp(p, "%%", 2) != 0)
	{
		int			len = IS_HIGHBIT_SET(*p) ? 0 : 1;

		if (*p == '-' && p == start)
		{
			fail_at(reader, p, PURE_SYNTAX, "expected a stage before \"%s\"",
					pure_sample(p, line_end(reader, p) - p));
			return NULL;
		}
		return fail_id(reader, p, len == 0 ? "an id cannot contain this kind of space" :
					   psprintf("an id cannot contain \"%c\"", *p));
	}
	if (p == start)
	{
		fail_at(reader, p, PURE_SYNTAX, "expected the id of a stage");
		return NULL;
	}
	if (p - start > DIAGRAM_MAX_ID)
	{
		fail_at(reader, start, PURE_LIMIT, "id of %d bytes is too long", (int) (p - start));
		pure_hint(reader->error, "An id has at most %d bytes; a title may be longer.", DIAGRAM_MAX_ID);
		return NULL;
	}
	id = pnstrdup(start, p - start);
	if (is_reserved(id))
		return fail_id(reader, start, psprintf("\"%s\" is reserved and cannot be an id", id));
	reader->p = p;
	skip_blanks(reader);
	if (is_id_char(reader->p))
		return fail_id(reader, p, "an id cannot contain a space");
	return id;
}
