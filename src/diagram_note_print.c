/*-------------------------------------------------------------------------
 *
 * diagram_note_print.c
 *		The note of a stage: how it is printed, so that diagram_note.c reads the same back.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "diagram_note.h"
#include "diagram_reader.h"
#include "instant.h"

static void
append_quoted(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '"');
	for (const char *p = text; *p; p++)
	{
		if (*p == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *p);
	}
	appendStringInfoChar(out, '"');
}

static void
print_key(StringInfo out, const NoteKey *key, const char *value)
{
	appendStringInfo(out, "%s: ", key->name);
	encode_note(out, value);
	appendStringInfoChar(out, '\n');
}

/* Words that would not read back as themselves are quoted. */
static void
print_words(StringInfo out, const NoteKey *key, const char *words)
{
	StringInfoData quoted;
	size_t		len = strlen(words);
	bool		is_label = key->offset == offsetof(DiagramStage, label);

	if (len > 0 && !is_blank(words[0]) && !is_blank(words[len - 1]) && !is_quoted(words) &&
		!(is_label && *words == '"'))
	{
		print_key(out, key, words);
		return;
	}
	initStringInfo(&quoted);
	append_quoted(&quoted, words);
	print_key(out, key, quoted.data);
}

static void
print_lines(StringInfo out, const NoteKey *key, const char *text)
{
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		print_words(out, key, pnstrdup(text, end - text));
	print_words(out, key, text);
}

static void
print_list(StringInfo out, const NoteKey *key, const TextList *list)
{
	StringInfoData items;

	initStringInfo(&items);
	for (int i = 0; i < list->count; i++)
	{
		const char *item = list->items[i];
		size_t		len = strlen(item);

		if (i > 0)
			appendStringInfoString(&items, ", ");
		if (len == 0 || is_blank(item[0]) || is_blank(item[len - 1]) || strpbrk(item, "\",") != NULL)
			append_quoted(&items, item);
		else
			appendStringInfoString(&items, item);
	}
	print_key(out, key, items.data);
}

static void
print_probability(StringInfo out, const NoteKey *key, double probability)
{
	int64		percent = (int64) rint(probability * PROBABILITY_UNIT);
	char	   *text = psprintf("%d.%07d", (int) (percent / (PROBABILITY_UNIT / 100)),
								(int) (percent % (PROBABILITY_UNIT / 100)));
	char	   *last = text + strlen(text) - 1;

	while (*last == '0')
		*last-- = '\0';
	if (*last == '.')
		*last = '\0';
	print_key(out, key, psprintf("%s%%", text));
}

static void
print_span(StringInfo out, const NoteKey *key, const Interval *span)
{
	StringInfoData text;

	initStringInfo(&text);
	span_write(&text, span);
	print_key(out, key, text.data);
}

static void
print_value(StringInfo out, const NoteKey *key, DiagramStage *stage)
{
	switch (key->kind)
	{
		case KIND_WORDS:
			if (*stage_field(char *, stage, key) != NULL)
				print_words(out, key, *stage_field(char *, stage, key));
			break;
		case KIND_LINES:
			if (*stage_field(char *, stage, key) != NULL)
				print_lines(out, key, *stage_field(char *, stage, key));
			break;
		case KIND_GUARD:
			if (*stage_field(char *, stage, key) != NULL)
				print_key(out, key, *stage_field(char *, stage, key));
			break;
		case KIND_LIST:
			if (stage_field(TextList, stage, key)->count > 0)
				print_list(out, key, stage_field(TextList, stage, key));
			break;
		case KIND_SPAN:
			if (*stage_field(Interval *, stage, key) != NULL)
				print_span(out, key, *stage_field(Interval *, stage, key));
			break;
		case KIND_OUTCOME:
			if (stage->outcome != OUTCOME_OPEN)
				print_key(out, key, outcome_names[stage->outcome]);
			break;
		case KIND_PROBABILITY:
			if (stage->probability >= 0)
				print_probability(out, key, stage->probability);
			break;
		case KIND_FLAG:
			if (*stage_field(bool, stage, key))
				print_key(out, key, "yes");
			break;
		case KIND_COLOR:
			break;
	}
}

/* Appends lines, each behind an indent. */
static void
append_indented(StringInfo out, const char *indent, const char *lines)
{
	const char *end;

	for (; (end = strchr(lines, '\n')) != NULL; lines = end + 1)
		appendStringInfo(out, "%s%.*s\n", indent, (int) (end - lines), lines);
}

/*
 * Appends the note of a stage, if it has anything to say.
 */
void
print_note(StringInfo out, const char *indent, const DiagramStage *stage)
{
	DiagramStage noted = *stage;
	StringInfoData lines;

	if (noted.label != NULL && strcmp(noted.label, noted.id) == 0)
		noted.label = NULL;
	initStringInfo(&lines);
	for (int i = 0; i < NUM_NOTE_KEYS; i++)
		print_value(&lines, &note_keys[i], &noted);
	if (lines.len == 0)
		return;
	appendStringInfo(out, "%snote %s of %s\n", indent, noted.note_left ? "left" : "right", noted.id);
	append_indented(out, psprintf("%s    ", indent), lines.data);
	appendStringInfo(out, "%send note\n", indent);
}

/*
 * What the note says under the key with this number, as a person would write it: NULL where
 * it is silent.  False behind the last key.
 */
bool
note_value(const DiagramStage *stage, int number, const char **name, const char **value)
{
	DiagramStage noted = *stage;
	DiagramReader reader = {0};
	PureError	error;
	StringInfoData lines;
	Decoded		decoded;

	if (number >= NUM_NOTE_KEYS)
		return false;
	*name = note_keys[number].name;
	*value = NULL;
	if (note_keys[number].kind == KIND_COLOR || note_keys[number].kind == KIND_LINES)
	{
		*value = *stage_field(char *, &noted, &note_keys[number]);
		return true;
	}
	initStringInfo(&lines);
	print_value(&lines, &note_keys[number], &noted);
	if (lines.len == 0)
		return true;
	reader.error = &error;
	reader.text = lines.data + strlen(*name) + 2;
	if (decode_text(&reader, reader.text, lines.data + lines.len - 1, &decoded))
		*value = decoded.text;
	return true;
}
