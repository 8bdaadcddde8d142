/*-------------------------------------------------------------------------
 *
 * label.c
 *		A stage's label as text, in journeys and in specifications.
 *
 * A label is bare if it consists of letters, digits, "_", "." and "-" (any character
 * beyond ASCII counts as a letter), else in double quotes, where a backslash takes the
 * next character as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "label.h"

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '.' || c == '-' || (unsigned char) c >= 0x80;
}

/*
 * Appends a label, in quotes where it needs them.
 */
void
label_write(StringInfo out, const char *label, size_t len)
{
	bool		plain = len > 0;

	for (size_t i = 0; plain && i < len; i++)
		plain = is_plain(label[i]);
	if (plain)
	{
		appendBinaryStringInfo(out, label, len);
		return;
	}
	appendStringInfoChar(out, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (label[i] == '"' || label[i] == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, label[i]);
	}
	appendStringInfoChar(out, '"');
}

static bool
read_quoted(const char **cursor, const char *end, StringInfo label)
{
	const char *p = *cursor + 1;

	while (p < end && *p != '"')
	{
		if (*p == '\\' && ++p == end)
			break;
		appendStringInfoChar(label, *p++);
	}
	if (p == end)
		return false;
	*cursor = p + 1;
	return true;
}

/*
 * Reads a label at *cursor into label, which is reset first, and moves behind it.
 * False, with the cursor where it was, if there is none or its quotes are not closed.
 */
bool
label_read(const char **cursor, const char *end, StringInfo label)
{
	const char *start = *cursor;
	const char *p = start;

	resetStringInfo(label);
	if (p < end && *p == '"')
		return read_quoted(cursor, end, label);
	while (p < end && is_plain(*p))
		p++;
	appendBinaryStringInfo(label, start, p - start);
	*cursor = p;
	return p > start;
}
