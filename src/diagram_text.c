/*-------------------------------------------------------------------------
 *
 * diagram_text.c
 *		Texts of a diagram: without their entities, and knowing where each byte came from.
 *
 * What a text means is not decided here.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#ifndef FRONTEND
#include "mb/pg_wchar.h"
#endif

#include "diagram_reader.h"

static bool
named_entity(const char *name, int len, unsigned int *code)
{
	static const struct
	{
		const char *name;
		unsigned int code;
	}			entities[] = {
		{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", 0xA0}
	};

	for (int i = 0; i < lengthof(entities); i++)
		if (strlen(entities[i].name) == len && strncmp(entities[i].name, name, len) == 0)
		{
			*code = entities[i].code;
			return true;
		}
	return false;
}

static bool
numeric_entity(const char *digits, int len, unsigned int *code)
{
	*code = 0;
	for (int i = 0; i < len; i++)
	{
		if (!isdigit((unsigned char) digits[i]) || *code > 0x10FFFF)
			return false;
		*code = *code * 10 + (digits[i] - '0');
	}
	/* No control characters, no halves of surrogate pairs. */
	return *code >= ' ' && *code <= 0x10FFFF && !(*code >= 0x7F && *code < 0xA0) &&
		!(*code >= 0xD800 && *code <= 0xDFFF);
}

static int
append_utf8(char *out, unsigned int code)
{
	if (code < 0x80)
	{
		out[0] = code;
		return 1;
	}
	if (code < 0x800)
	{
		out[0] = 0xC0 | (code >> 6);
		out[1] = 0x80 | (code & 0x3F);
		return 2;
	}
	if (code < 0x10000)
	{
		out[0] = 0xE0 | (code >> 12);
		out[1] = 0x80 | ((code >> 6) & 0x3F);
		out[2] = 0x80 | (code & 0x3F);
		return 3;
	}
	out[0] = 0xF0 | (code >> 18);
	out[1] = 0x80 | ((code >> 12) & 0x3F);
	out[2] = 0x80 | ((code >> 6) & 0x3F);
	out[3] = 0x80 | (code & 0x3F);
	return 4;
}

/* Beyond ASCII an entity becomes UTF-8, which only a UTF-8 database may hold. */
static bool
can_hold(unsigned int code)
{
#ifndef FRONTEND
	if (code >= 0x80 && GetDatabaseEncoding() != PG_UTF8)
		return false;
#endif
	return true;
}

/* The length of an entity such as #58; or #lt; at p, or 0. */
static int
entity_len(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && is_ascii_word(*q))
		q++;
	return *p == '#' && q > p + 1 && q < end && *q == ';' ? q + 1 - p : 0;
}

/*
 * Resolves the entities of a piece of text.
 */
bool
decode_text(DiagramReader *reader, const char *start, const char *end, Decoded *decoded)
{
	decoded->text = palloc(end - start + 1);
	decoded->origin = palloc((end - start + 1) * sizeof(char *));
	decoded->len = 0;
	for (const char *p = start; p < end;)
	{
		int			len = entity_len(p, end);
		int			nbytes = 1;
		unsigned int code;

		if (len == 0)
			decoded->text[decoded->len] = *p;
		else if ((named_entity(p + 1, len - 2, &code) || numeric_entity(p + 1, len - 2, &code)) &&
				 can_hold(code))
			nbytes = append_utf8(decoded->text + decoded->len, code);
		else
		{
			fail_at(reader, p, PURE_SYNTAX, "unknown character \"%s\"", pure_sample(p, len));
			return pure_hint(reader->error, "Known are #lt; #gt; #amp; #quot; #apos; #nbsp; and numbers such as #58;. Write #35; for a plain \"#\".");
		}
		while (nbytes-- > 0)
			decoded->origin[decoded->len++] = p;
		p += Max(len, 1);
	}
	decoded->text[decoded->len] = '\0';
	decoded->origin[decoded->len] = end;
	return true;
}

/* Is there a c that was written as itself, not as an entity? */
bool
is_literal(const Decoded *decoded, int at, char c)
{
	return at < decoded->len && decoded->text[at] == c && *decoded->origin[at] == c;
}

/* A trimmed copy of a part, or NULL where nothing is left. */
char *
decoded_part(const Decoded *decoded, int from, int to)
{
	while (from < to && is_blank(decoded->text[from]))
		from++;
	while (to > from && is_blank(decoded->text[to - 1]))
		to--;
	return to > from ? pnstrdup(decoded->text + from, to - from) : NULL;
}

/*
 * The rest of the line without blanks around it and without a semicolon that ends the
 * statement.
 */
void
statement_text(DiagramReader *reader, const char **start, const char **end)
{
	const char *last_entity = NULL;

	skip_blanks(reader);
	*start = reader->p;
	*end = reader->p = line_end(reader, reader->p);
	while (*end > *start && is_blank((*end)[-1]))
		(*end)--;
	if (*end == *start || (*end)[-1] != ';')
		return;
	for (const char *p = *start; p < *end; p++)
		if (*p == '#' && entity_len(p, *end) > 0)
			last_entity = p + entity_len(p, *end);
	if (last_entity != *end)
		(*end)--;
	while (*end > *start && is_blank((*end)[-1]))
		(*end)--;
}

/*
 * Reads the words that a ":" puts on a stage.
 */
char *
read_line_text(DiagramReader *reader)
{
	const char *start,
			   *end;
	Decoded		decoded;
	char	   *text;

	statement_text(reader, &start, &end);
	if (!decode_text(reader, start, end, &decoded))
		return NULL;
	for (int i = 0; i < decoded.len; i++)
		if (is_literal(&decoded, i, ';'))
		{
			fail_at(reader, decoded.origin[i], PURE_SYNTAX, "\";\" inside a text");
			pure_hint(reader->error, "Write one statement a line, and #59; for a plain semicolon.");
			return NULL;
		}
	text = decoded_part(&decoded, 0, decoded.len);
	if (text == NULL)
		fail_at(reader, start, PURE_SYNTAX, "expected a text after \":\"");
	return text;
}

/*
 * Reads "...", the title in front of "as"; an empty one is no title, hence "".
 */
char *
read_quoted_text(DiagramReader *reader)
{
	const char *start = ++reader->p;
	const char *close = memchr(start, '"', reader->end - start);
	Decoded		decoded;
	char	   *text;

	if (close == NULL || close > line_end(reader, start))
	{
		fail_at(reader, start - 1, PURE_SYNTAX, "unterminated title");
		return NULL;
	}
	reader->p = close + 1;
	if (!decode_text(reader, start, close, &decoded))
		return NULL;
	text = decoded_part(&decoded, 0, decoded.len);
	return text != NULL ? text : pstrdup("");
}

/*
 * Appends a line to lines, which begin with the first.
 */
void
append_line(StringInfo *lines, const char *line)
{
	if (*lines == NULL)
		*lines = makeStringInfo();
	else
		appendStringInfoChar(*lines, '\n');
	appendStringInfoString(*lines, line);
}

void
append_to_list(TextList *list, int *room, char *item)
{
	if (list->count == *room)
	{
		*room = *room == 0 ? 8 : *room * 2;
		list->items = list->items == NULL ? palloc(*room * sizeof(char *)) :
			repalloc(list->items, *room * sizeof(char *));
	}
	list->items[list->count++] = item;
}
