/*-------------------------------------------------------------------------
 *
 * journey_text.c
 *		A journey as text.
 *
 *		{lead@2026-01-05T09:00:00Z,"closed won"@2026-02-01T10:30:00.5Z}
 *
 * A label is bare if it consists of letters, digits, "_", "." and "-" (any character
 * beyond ASCII counts as a letter), else in double quotes, where a backslash takes the
 * next character as it is.  What is printed here is the same under every setting;
 * what is read may have blanks around every part.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "instant.h"
#include "journey_text.h"

/* ASCII only: what isspace() says of other bytes depends on the locale. */
static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

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

/*
 * Appends the canonical text of a journey.
 */
void
journey_print(StringInfo out, const JourneyView *view)
{
	JourneyLabel *labels = palloc(view->nlabels * sizeof(JourneyLabel));
	char		instant[INSTANT_TEXT_MAX];

	journey_labels(view, labels);
	for (uint32 step = 0; step < view->nsteps; step++)
	{
		JourneyLabel *label = &labels[journey_index(view, step)];

		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(out, step == 0 ? '{' : ',');
		label_write(out, label->text, label->len);
		appendStringInfoChar(out, '@');
		appendBinaryStringInfo(out, instant, instant_write(instant, journey_at(view, step)));
	}
	appendStringInfoChar(out, '}');
	pfree(labels);
}

/* The text being read; blanks before a token are skipped when it is looked at. */
typedef struct Reader
{
	const char *text;
	const char *cursor;
	const char *end;
	PureError  *error;
} Reader;

static bool
accept(Reader *reader, char c)
{
	reader->cursor = skip_blanks(reader->cursor, reader->end);
	if (reader->cursor == reader->end || *reader->cursor != c)
		return false;
	reader->cursor++;
	return true;
}

static bool
expected(Reader *reader, const char *what)
{
	pure_fail(reader->error, PURE_SYNTAX, "malformed journey: expected %s", what);
	pure_hint(reader->error, "Write it like {lead@2026-01-05T09:00:00Z,\"closed won\"@2026-02-01T10:30:00Z}.");
	return pure_at(reader->error, reader->text, reader->cursor);
}

static bool
read_step(Reader *reader, JourneyBuilder *builder, StringInfo label)
{
	const char *start;
	TimestampTz at;

	reader->cursor = start = skip_blanks(reader->cursor, reader->end);
	if (!label_read(&reader->cursor, reader->end, label))
		return expected(reader, reader->cursor < reader->end && *reader->cursor == '"' ?
						"the label's closing quote" : "a stage");
	if (!accept(reader, '@'))
		return expected(reader, "\"@\"");
	reader->cursor = skip_blanks(reader->cursor, reader->end);
	if (!instant_read(&reader->cursor, reader->end, &at, reader->error))
		return pure_at(reader->error, reader->text, reader->cursor);
	if (!journey_add(builder, label->data, label->len, at, reader->error))
		return pure_at(reader->error, reader->text, start);
	return true;
}

/*
 * Reads the text of a whole journey into a builder that was just begun.
 */
bool
journey_parse(JourneyBuilder *builder, const char *text, size_t len, PureError *error)
{
	Reader		reader = {text, text, text + len, error};
	StringInfoData label;

	if (!accept(&reader, '{'))
		return expected(&reader, "\"{\"");
	if (accept(&reader, '}'))
	{
		pure_fail(error, PURE_SYNTAX, "a journey has at least one step");
		return pure_hint(error, "Use NULL where there is no journey.");
	}
	initStringInfo(&label);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_step(&reader, builder, &label))
			return false;
	} while (accept(&reader, ','));
	if (!accept(&reader, '}'))
		return expected(&reader, "\",\" or \"}\"");
	reader.cursor = skip_blanks(reader.cursor, reader.end);
	if (reader.cursor < reader.end)
		return expected(&reader, "nothing behind \"}\"");
	pfree(label.data);
	return true;
}
