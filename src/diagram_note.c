/*-------------------------------------------------------------------------
 *
 * diagram_note.c
 *		The note of a stage: its keys, and how it is read.
 *
 * One table says which keys there are, what kind of value each has, where in the stage
 * it goes, and in which order they are printed (by diagram_note_print.c).
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "diagram_note.h"
#include "diagram_reader.h"
#include "instant.h"

const NoteKey note_keys[NUM_NOTE_KEYS] = {
	{"label", KIND_WORDS, offsetof(DiagramStage, label)},
	{"formerly", KIND_LIST, offsetof(DiagramStage, formerly)},
	{"outcome", KIND_OUTCOME, offsetof(DiagramStage, outcome)},
	{"probability", KIND_PROBABILITY, offsetof(DiagramStage, probability)},
	{"sla", KIND_SPAN, offsetof(DiagramStage, sla)},
	{"owner", KIND_WORDS, offsetof(DiagramStage, owner)},
	{"goal", KIND_WORDS, offsetof(DiagramStage, goal)},
	{"metrics", KIND_WORDS, offsetof(DiagramStage, metrics)},
	{"requires", KIND_LIST, offsetof(DiagramStage, requires)},
	{"entry", KIND_GUARD, offsetof(DiagramStage, entry)},
	{"exit", KIND_GUARD, offsetof(DiagramStage, exit)},
	{"reasons", KIND_LIST, offsetof(DiagramStage, reasons)},
	{"undo", KIND_SPAN, offsetof(DiagramStage, undo)},
	{"outside", KIND_FLAG, offsetof(DiagramStage, outside)},
	{"color", KIND_COLOR, offsetof(DiagramStage, color)},
	{"text", KIND_LINES, offsetof(DiagramStage, text)}
};

const char *const outcome_names[NUM_OUTCOMES] = {"open", "won", "lost", "closed"};

static const NoteKey *
find_key(const char *name, size_t len)
{
	for (int i = 0; i < NUM_NOTE_KEYS; i++)
		if (strlen(note_keys[i].name) == len && pg_strncasecmp(note_keys[i].name, name, len) == 0)
			return &note_keys[i];
	return NULL;
}

/*
 * Whether this is one quoted string, from a quote to its closing one.
 */
bool
is_quoted(const char *text)
{
	size_t		len = strlen(text);

	if (len < 2 || *text != '"')
		return false;
	for (size_t i = 1; i < len; i++)
	{
		if (text[i] != '"')
			continue;
		if (text[i + 1] != '"')
			return i == len - 1;
		i++;
	}
	return false;
}

static char *
unquote(const char *text)
{
	size_t		len = strlen(text);
	char	   *result = palloc(len);
	char	   *out = result;

	for (size_t i = 1; i < len - 1; i++)
	{
		*out++ = text[i];
		if (text[i] == '"')
			i++;
	}
	*out = '\0';
	return result;
}

static bool
read_words(DiagramReader *reader, const Decoded *value, const NoteKey *key, DiagramStage *stage)
{
	char	  **field = stage_field(char *, stage, key);
	char	   *words = is_quoted(value->text) ? unquote(value->text) : value->text;

	if (key->offset == offsetof(DiagramStage, label))
	{
		if (strlen(words) > DIAGRAM_MAX_LABEL)
			return fail_at(reader, value->origin[0], PURE_LIMIT,
						   "label of %zu bytes is too long: it may have %d", strlen(words), DIAGRAM_MAX_LABEL);
		if (*value->text == '"' && words == value->text)
			return fail_at(reader, value->origin[0], PURE_SYNTAX, "the label's quotes do not match");
	}
	*field = words;
	return true;
}

/* The end of a list's item: the comma behind it, or the end of the value. */
static int
item_end(const char *text, int from)
{
	bool		quoted = false;
	int			i = from;

	while (is_blank(text[i]))
		i++;
	quoted = text[i] == '"';
	if (quoted)
		i++;
	for (; text[i] != '\0'; i++)
	{
		if (quoted && text[i] == '"')
			quoted = false;
		else if (!quoted && text[i] == '"')
			quoted = true;
		else if (!quoted && text[i] == ',')
			break;
	}
	return i;
}

static bool
read_list(DiagramReader *reader, const Decoded *value, TextList *list)
{
	int			room = 0;
	int			from = 0;

	do
	{
		int			end = item_end(value->text, from);
		char	   *item = decoded_part(value, from, end);

		while (item != NULL && is_blank(value->text[from]))
			from++;
		if (item == NULL)
			return fail_at(reader, value->origin[from], PURE_SYNTAX, "an empty item in a list");
		if (*item == '"' && !is_quoted(item))
			return fail_at(reader, value->origin[from], PURE_SYNTAX, "the item's quotes do not match: %s",
						   pure_sample(item, strlen(item)));
		if (*item == '"')
			item = unquote(item);
		for (int i = 0; i < list->count; i++)
			if (strcmp(list->items[i], item) == 0)
				return fail_at(reader, value->origin[from], PURE_VALUE, "\"%s\" is listed twice",
							   pure_sample(item, strlen(item)));
		if (list->count == DIAGRAM_MAX_LIST)
			return fail_at(reader, value->origin[from], PURE_LIMIT, "a list has at most %d items",
						   DIAGRAM_MAX_LIST);
		append_to_list(list, &room, item);
		from = end + 1;
	} while (from <= value->len);
	return true;
}

static bool
read_span(DiagramReader *reader, const Decoded *value, Interval **field)
{
	const char *p = value->text;
	const char *end = value->text + value->len;
	Interval   *span = palloc0(sizeof(Interval));

	if (!span_read(&p, end, span, reader->error))
		return pure_at(reader->error, reader->text, value->origin[0]);
	if (p < end)
		return fail_at(reader, value->origin[p - value->text], PURE_SYNTAX,
					   "expected the end of the span of time before \"%s\"", pure_sample(p, end - p));
	if (span->month == 0 && span->day == 0 && span->time == 0)
		return fail_at(reader, value->origin[0], PURE_VALUE, "a span of time of zero");
	*field = span;
	return true;
}

static bool
read_outcome(DiagramReader *reader, const Decoded *value, StageOutcome *field)
{
	for (int i = 0; i < NUM_OUTCOMES; i++)
		if (pg_strcasecmp(value->text, outcome_names[i]) == 0)
		{
			*field = (StageOutcome) i;
			return true;
		}
	fail_at(reader, value->origin[0], PURE_VALUE, "unknown outcome \"%s\"",
			pure_sample(value->text, value->len));
	return pure_hint(reader->error, "An outcome is open, won, lost or closed.");
}

/* A decimal, or a decimal and %, from 0 to 1. */
static bool
read_probability(DiagramReader *reader, const Decoded *value, double *field)
{
	const char *p = value->text;
	int64		number = 0;
	int			decimals = -1;	/* none until the point */
	int			digits = 0;
	bool		percent;

	for (; isdigit((unsigned char) *p) || (*p == '.' && decimals < 0); p++)
	{
		if (*p == '.')
		{
			decimals = 0;
			continue;
		}
		if (digits++ > 12)
			goto malformed;
		number = number * 10 + (*p - '0');
		decimals += decimals >= 0;
	}
	decimals = Max(decimals, 0);
	while (is_blank(*p))
		p++;
	percent = *p == '%';
	p += percent;
	decimals += percent ? 2 : 0;
	if (digits == 0 || *p != '\0' || decimals > PROBABILITY_DECIMALS)
		goto malformed;
	for (; decimals < PROBABILITY_DECIMALS; decimals++)
		if (number > PROBABILITY_UNIT || (number *= 10) > PROBABILITY_UNIT)
			goto malformed;
	if (number > PROBABILITY_UNIT)
		goto malformed;
	*field = (double) number / PROBABILITY_UNIT;
	return true;

malformed:
	fail_at(reader, value->origin[0], PURE_VALUE, "not a probability: \"%s\"",
			pure_sample(value->text, value->len));
	return pure_hint(reader->error, "Write it like 10%% or 0.1, from 0 to 1 with at most nine decimals.");
}

static bool
read_flag(DiagramReader *reader, const Decoded *value, bool *field)
{
	bool		yes = pg_strcasecmp(value->text, "yes") == 0;

	if (!yes && pg_strcasecmp(value->text, "no") != 0)
		return fail_at(reader, value->origin[0], PURE_VALUE, "expected yes or no, not \"%s\"",
					   pure_sample(value->text, value->len));
	*field = yes;
	return true;
}

static bool
read_value(DiagramReader *reader, const Decoded *value, const NoteKey *key, Named *name)
{
	DiagramStage *stage = &name->stage;

	switch (key->kind)
	{
		case KIND_WORDS:
			return read_words(reader, value, key, stage);
		case KIND_LINES:
			append_line(&name->words, is_quoted(value->text) ? unquote(value->text) : value->text);
			return true;
		case KIND_GUARD:
			*stage_field(char *, stage, key) = value->text;
			return check_guard(reader, value);
		case KIND_LIST:
			return read_list(reader, value, stage_field(TextList, stage, key));
		case KIND_SPAN:
			return read_span(reader, value, stage_field(Interval *, stage, key));
		case KIND_OUTCOME:
			return read_outcome(reader, value, stage_field(StageOutcome, stage, key));
		case KIND_PROBABILITY:
			return read_probability(reader, value, stage_field(double, stage, key));
		case KIND_FLAG:
			return read_flag(reader, value, stage_field(bool, stage, key));
		case KIND_COLOR:
			*stage_field(char *, stage, key) = value->text;
			return check_color(reader, value->origin[0], value->text);
	}
	return false;
}

static bool
fail_key(DiagramReader *reader, const char *where, size_t len)
{
	StringInfoData known;

	initStringInfo(&known);
	for (int i = 0; i < NUM_NOTE_KEYS; i++)
		appendStringInfo(&known, "%s%s", i == 0 ? "" : i == NUM_NOTE_KEYS - 1 ? " and " : ", ",
						 note_keys[i].name);
	fail_at(reader, where, PURE_SYNTAX, "unknown key \"%s\" in a note", pure_sample(where, len));
	return pure_hint(reader->error, "The keys of a note are %s.", known.data);
}

/* One "key: value" line; bit i of seen says that key i was there. */
static bool
read_note_line(DiagramReader *reader, Named *name, uint32 *seen)
{
	const char *start = reader->p;
	const char *end = line_end(reader, start);
	const char *p = start;
	const NoteKey *key;
	Decoded		value;
	uint32		bit;

	while (isalpha((unsigned char) *p))
		p++;
	reader->p = p;
	skip_blanks(reader);
	if (p == start || *reader->p != ':')
	{
		fail_at(reader, start, PURE_SYNTAX, "expected \"key: value\" in a note");
		return pure_hint(reader->error, "Free words go behind \"text:\".");
	}
	key = find_key(start, p - start);
	if (key == NULL)
		return fail_key(reader, start, p - start);
	bit = (uint32) 1 << (key - note_keys);
	if ((*seen & bit) && key->kind != KIND_LINES)
		return fail_at(reader, start, PURE_VALUE, "\"%s\" is given twice", key->name);
	*seen |= bit;
	reader->p++;
	skip_blanks(reader);
	start = reader->p;
	while (end > start && is_blank(end[-1]))
		end--;
	reader->p = end;
	if (start >= end)
		return fail_at(reader, start, PURE_SYNTAX, "\"%s\" has no value", key->name);
	return decode_text(reader, start, end, &value) && read_value(reader, &value, key, name);
}

static bool
at_end_note(const DiagramReader *reader)
{
	const char *p = reader->p;

	if (pg_strncasecmp(p, "end", 3) != 0 || !is_blank(p[3]))
		return false;
	for (p += 3; is_blank(*p); p++)
		;
	return pg_strncasecmp(p, "note", 4) == 0 && (is_blank(p[4]) || strchr(";\n", p[4]) != NULL);
}

static bool
read_note_lines(DiagramReader *reader, Named *name)
{
	uint32		seen = 0;

	for (;;)
	{
		skip_line(reader);
		skip_blanks(reader);
		if (reader->p >= reader->end)
			return fail_at(reader, name->note, PURE_SYNTAX, "the note is not closed by \"end note\"");
		if (at_end_note(reader))
		{
			reader->p += 3;
			skip_blanks(reader);
			reader->p += 4;
			return end_statement(reader);
		}
		if (!at_line_end(reader) && strncmp(reader->p, "%%", 2) != 0 &&
			!read_note_line(reader, name, &seen))
			return false;
	}
}

/* "right of" or "left of". */
static bool
read_side(DiagramReader *reader, bool *left)
{
	*left = pg_strncasecmp(reader->p, "left", 4) == 0;
	reader->p += *left ? 4 : pg_strncasecmp(reader->p, "right", 5) == 0 ? 5 : 0;
	skip_blanks(reader);
	if (!skip_keyword(reader, "of"))
	{
		fail_at(reader, reader->p, PURE_SYNTAX, "expected \"right of\" or \"left of\" and a stage");
		return pure_hint(reader->error, "A note begins with \"note right of\" and a stage, has \"key: value\" lines, and ends with \"end note\".");
	}
	return true;
}

/*
 * Reads a note, behind the word "note".
 */
bool
read_note(DiagramReader *reader)
{
	const char *where;
	char	   *id;
	Named	   *name;
	bool		left;

	if (!read_side(reader, &left))
		return false;
	where = reader->p;
	id = read_id(reader);
	if (id == NULL)
		return false;
	if (*reader->p == ':')
	{
		fail_at(reader, reader->p, PURE_SYNTAX, "a note of one line");
		return pure_hint(reader->error, "Begin a new line, write \"text: ...\" there, and \"end note\" on the next.");
	}
	if (!at_line_end(reader))
		return fail_at(reader, reader->p, PURE_SYNTAX, "expected the end of the line");
	name = known_or_awaited(reader, id);
	if (name->note != NULL)
	{
		fail_at(reader, where, PURE_VALUE, "a second note on stage \"%s\"", id);
		return pure_hint(reader->error, "Put all of its lines into one note.");
	}
	name->note = where;
	name->note_home = reader->home;
	name->stage.note_left = left;
	add_reference(reader, where, id);
	return read_note_lines(reader, name);
}
