/*-------------------------------------------------------------------------
 *
 * diagram_label.c
 *		The label of a move, as UML has it: event [guard] / action.
 *
 * A guard is SQL and stays text, but where it ends only somebody can say who knows SQL's
 * quotes and brackets.  That is all that is known of SQL here.
 *
 * Entities are resolved first.  Outside the guard only a bracket or slash that was written
 * as itself separates, so an event may be called "and#47;or"; inside it an entity is as
 * good as its character, because the printed form encodes a guard's quotes as well.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "diagram_reader.h"

static bool
continues_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/* Is the quote at i that of an E'...' string, where a backslash escapes? */
static bool
is_escape_string(const char *text, int i)
{
	return i > 0 && (text[i - 1] == 'E' || text[i - 1] == 'e') &&
		(i == 1 || !continues_word(text[i - 2]));
}

/* From a quote to behind its end, or -1; a doubled quote is two quoted pieces in a row. */
static int
skip_quoted(const char *text, int i)
{
	char		quote = text[i];
	bool		escapes = quote == '\'' && is_escape_string(text, i);

	for (i++; text[i] != '\0'; i++)
	{
		if (escapes && text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (escapes && text[i] == quote && text[i + 1] == quote)
			i++;
		else if (text[i] == quote)
			return i + 1;
	}
	return -1;
}

/* The length of a dollar quote's delimiter, $$ or $tag$, or 0. */
static int
dollar_delimiter(const char *text, int i)
{
	int			end = i + 1;

	if (text[i] != '$' || (i > 0 && continues_word(text[i - 1])) || isdigit((unsigned char) text[end]))
		return 0;
	while (text[end] != '$' && continues_word(text[end]))
		end++;
	return text[end] == '$' ? end + 1 - i : 0;
}

static int
skip_dollar_quoted(const char *text, int i, int delimiter)
{
	const char *tag = pnstrdup(text + i, delimiter);
	const char *close = strstr(text + i + delimiter, tag);

	return close != NULL ? close - text + delimiter : -1;
}

/*
 * Finds the bracket that closes a guard which begins at from; at the end of the text where
 * the guard is all of it.  -1 with an error.
 */
static int
find_guard_end(DiagramReader *reader, const Decoded *label, int from, bool bracketed)
{
	const char *text = label->text;
	int			depth = 0;
	int			i = from;

	while (i < label->len)
	{
		int			delimiter = dollar_delimiter(text, i);
		int			quote = i;

		if (text[i] == '\'' || text[i] == '"')
			i = skip_quoted(text, i);
		else if (delimiter > 0)
			i = skip_dollar_quoted(text, i, delimiter);
		else if ((text[i] == '-' && text[i + 1] == '-') || (text[i] == '/' && text[i + 1] == '*'))
		{
			fail_at(reader, label->origin[i], PURE_SYNTAX, "a comment inside a guard");
			pure_hint(reader->error, "Put the words behind \"text:\" in the stage's note.");
			return -1;
		}
		else if (text[i] == ']' && depth == 0)
		{
			if (bracketed)
				return i;
			fail_at(reader, label->origin[i], PURE_SYNTAX, "\"]\" without \"[\" in a guard");
			return -1;
		}
		else
		{
			depth += (text[i] == '[') - (text[i] == ']');
			i++;
		}
		if (i < 0)
		{
			fail_at(reader, label->origin[quote], PURE_SYNTAX, "unterminated quote in a guard");
			return -1;
		}
	}
	if (!bracketed && depth == 0)
		return label->len;
	fail_at(reader, label->origin[bracketed ? from - 1 : from], PURE_SYNTAX,
			"\"[\" is not closed in a guard");
	return -1;
}

/*
 * Makes sure that a guard which stands alone, in a note, would also stand in brackets.
 */
bool
check_guard(DiagramReader *reader, const Decoded *guard)
{
	return find_guard_end(reader, guard, 0, false) >= 0;
}

/* The end of words that reach to any of the separators. */
static bool
find_words_end(DiagramReader *reader, const Decoded *label, int from, const char *separators, int *end)
{
	int			i;

	for (i = from; i < label->len; i++)
	{
		char		c = label->text[i];

		if (c == ';' && is_literal(label, i, ';'))
		{
			fail_at(reader, label->origin[i], PURE_SYNTAX, "\";\" inside a label");
			return pure_hint(reader->error, "Write one statement a line, and #59; for a plain semicolon.");
		}
		if (strchr(separators, c) == NULL || !is_literal(label, i, c))
			continue;
		if (c == ']')
			return fail_at(reader, label->origin[i], PURE_SYNTAX, "\"]\" without \"[\" in a label");
		break;
	}
	*end = i;
	return true;
}

static bool
read_guard(DiagramReader *reader, const Decoded *label, int *at, char **guard)
{
	int			open = *at;
	int			close = find_guard_end(reader, label, open + 1, true);

	if (close < 0)
		return false;
	*guard = decoded_part(label, open + 1, close);
	if (*guard == NULL)
		return fail_at(reader, label->origin[open], PURE_SYNTAX, "the guard is empty");
	for (*at = close + 1; *at < label->len && is_blank(label->text[*at]); (*at)++)
		;
	if (*at < label->len && !is_literal(label, *at, '/'))
	{
		fail_at(reader, label->origin[*at], PURE_SYNTAX, "expected \"/\" or nothing after a guard");
		return pure_hint(reader->error, "A label is: event [guard] / action. Write #91; for a plain \"[\" in an event.");
	}
	return true;
}

/*
 * Reads the rest of the line as the label of a move.
 */
bool
read_label(DiagramReader *reader, DrawnMove *move)
{
	const char *start,
			   *end;
	Decoded		label;
	int			at;

	statement_text(reader, &start, &end);
	if (!decode_text(reader, start, end, &label) ||
		!find_words_end(reader, &label, 0, "[]/", &at))
		return false;
	if (label.len == 0)
		return fail_at(reader, start, PURE_SYNTAX, "expected a label after \":\"");
	move->event = decoded_part(&label, 0, at);
	if (is_literal(&label, at, '[') && !read_guard(reader, &label, &at, &move->guard))
		return false;
	if (is_literal(&label, at, '/'))
	{
		int			action = at + 1;

		if (!find_words_end(reader, &label, action, "", &at))
			return false;
		move->action = decoded_part(&label, action, at);
		if (move->action == NULL)
			return fail_at(reader, label.origin[action], PURE_SYNTAX, "expected an action after \"/\"");
	}
	return true;
}
