/*-------------------------------------------------------------------------
 *
 * diagram_print.c
 *		The canonical text of a diagram.
 *
 * Two readers must see the same in it: our own, which gives back every byte, and each
 * supported Mermaid, in which several characters end a label, start a comment or are
 * taken for Markdown.  Those are written as entities, and only where they do harm, so
 * that a person can read the text as well.  test/mermaid compares what is drawn.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "diagram_reader.h"

static bool
is_ascii_alnum(char c)
{
	return !IS_HIGHBIT_SET(c) && isalnum((unsigned char) c);
}

/* "direction" before a blank or the end, which could turn the picture. */
static bool
is_direction(const char *p)
{
	static const char word[] = "direction";
	const char *after = p + sizeof(word) - 1;

	return pg_strncasecmp(p, word, sizeof(word) - 1) == 0 &&
		(*after == '\0' || isspace((unsigned char) *after) || IS_HIGHBIT_SET(*after));
}

/* "end note", which Mermaid 10 takes for the end even in the middle of a line. */
static bool
is_end_note(const char *p)
{
	if (pg_strncasecmp(p, "end", 3) != 0 || !is_blank(p[3]))
		return false;
	for (p += 3; is_blank(*p); p++)
		;
	return pg_strncasecmp(p, "note", 4) == 0;
}

/* Where Markdown would begin a list or a quotation: the character that makes it one. */
static const char *
list_marker(const char *text)
{
	const char *p = text;

	while (isdigit((unsigned char) *p))
		p++;
	if (p > text)
		return *p == '.' || *p == ')' ? p : NULL;
	return strchr("-+>=", *text) != NULL && *text != '\0' ? text : NULL;
}

/* Does Markdown see something in the character, where it stands? */
static bool
is_markdown(const char *text, const char *p)
{
	char		before = p > text ? p[-1] : ' ';

	switch (*p)
	{
		case '*':
		case '`':
		case '\\':
		case '$':				/* $$ ... $$ is mathematics */
			return true;
		case '_':
			return !is_ascii_alnum(before) || !is_ascii_alnum(p[1]);
		case '~':
			return !is_blank(before) || (p[1] != '\0' && !is_blank(p[1]));
		case '(':
			return before == ']';	/* a link */
		case '[':
			return before == '[' || p[1] == '[' || before == '!';
		case '@':
			return !is_blank(before) && p[1] != '\0' && !is_blank(p[1]);	/* an address */
		case 'w':
		case 'W':
			return pg_strncasecmp(p, "www.", 4) == 0;
	}
	return false;
}

/* What harms in labels and notes alike. */
static bool
is_harmful(const char *text, const char *p)
{
	switch (*p)
	{
		case '#':
		case '<':
			return true;
		case '%':
			return p[1] == '%' || (p > text && p[-1] == '%');
		case '&':
			return is_ascii_alnum(p[1]) || p[1] == '#';
	}
	return is_markdown(text, p);
}

static void
append_entity(StringInfo out, char c)
{
	if (c == '<')
		appendStringInfoString(out, "#lt;");
	else if (c == '>')
		appendStringInfoString(out, "#gt;");
	else if (c == '&')
		appendStringInfoString(out, "#amp;");
	else if (c == '"')
		appendStringInfoString(out, "#quot;");
	else
		appendStringInfo(out, "#%d;", c);
}

/* Appends a title or a part of a label; the characters in also are encoded too. */
static void
encode_label(StringInfo out, const char *text, const char *also)
{
	const char *marker = list_marker(text);

	for (const char *p = text; *p; p++)
	{
		if (*p == ':' || *p == ';' || p == marker || strchr(also, *p) != NULL ||
			is_direction(p) || is_harmful(text, p))
			append_entity(out, *p);
		else
			appendStringInfoChar(out, *p);
	}
}

/* Will an entity be written in the word at p? */
static bool
is_harmful_word(const char *text, const char *p)
{
	for (; *p != '\0' && !isspace((unsigned char) *p); p++)
		if (is_harmful(text, p))
			return true;
	return false;
}

/*
 * Appends the value of a note's key.  A colon is plain here, unless it stands in a word with
 * an entity (behind "style" Mermaid would cut that entity's semicolon off), in an icon's name
 * or in a URL.
 */
void
encode_note(StringInfo out, const char *text)
{
	bool		harmful_word = false;

	for (const char *p = text; *p; p++)
	{
		bool		colon = *p == ':';

		if (p == text || isspace((unsigned char) p[-1]))
			harmful_word = is_harmful_word(text, p);
		if (is_end_note(p) || is_harmful(text, p) ||
			(colon && (harmful_word || strncmp(p, ":fa-", 4) == 0 || strncmp(p, "://", 3) == 0)))
			append_entity(out, *p);
		else
			appendStringInfoChar(out, *p);
	}
}

static void
print_texts(StringInfo out, const char *indent, const DiagramStage *stage)
{
	const char *line = stage->description;

	appendStringInfo(out, "%s%s : ", indent, stage->id);
	encode_label(out, stage->title != NULL ? stage->title : stage->id, "");
	appendStringInfoChar(out, '\n');
	while (line != NULL)
	{
		const char *end = strchr(line, '\n');

		appendStringInfo(out, "%s%s : ", indent, stage->id);
		encode_label(out, end != NULL ? pnstrdup(line, end - line) : line, "");
		appendStringInfoChar(out, '\n');
		line = end != NULL ? end + 1 : NULL;
	}
}

/* Would the id, drawn as the title, be taken for Markdown? */
static bool
must_have_title(const char *id)
{
	StringInfoData encoded;
	bool		differs;

	initStringInfo(&encoded);
	encode_label(&encoded, id, "");
	differs = strcmp(encoded.data, id) != 0;
	pfree(encoded.data);
	return differs;
}

static void
print_stage(StringInfo out, const char *indent, const DiagramStage *stage)
{
	if (stage->title != NULL || stage->description != NULL || must_have_title(stage->id))
		print_texts(out, indent, stage);
	else
		appendStringInfo(out, "%s%s\n", indent, stage->id);
}

static void
print_phase(StringInfo out, const DiagramPhase *phase)
{
	const char *title = phase->title;

	if (title == NULL && must_have_title(phase->id))
		title = phase->id;
	appendStringInfoString(out, "    state ");
	if (title != NULL)
	{
		appendStringInfoChar(out, '"');
		encode_label(out, title, "\"");
		appendStringInfoString(out, "\" as ");
	}
	appendStringInfo(out, "%s {\n", phase->id);
	if (phase->direction != NULL)
		appendStringInfo(out, "        direction %s\n", phase->direction);
}

/*
 * The block of the phase of a stage: all of its stages, and their notes, because Mermaid 10
 * fails on a phase whose only stage has a note outside.  Returns the stage behind it.
 */
static int
print_phase_block(StringInfo out, const Diagram *diagram, int first)
{
	int			phase = diagram->stages[first].phase;
	int			end = first;

	print_phase(out, &diagram->phases[phase]);
	for (; end < diagram->nstages && diagram->stages[end].phase == phase; end++)
		print_stage(out, "        ", &diagram->stages[end]);
	for (int i = first; i < end; i++)
		print_note(out, "        ", &diagram->stages[i]);
	appendStringInfoString(out, "    }\n");
	return end;
}

static void
print_stages(StringInfo out, const Diagram *diagram)
{
	for (int i = 0; i < diagram->nstages;)
	{
		if (diagram->stages[i].phase >= 0)
			i = print_phase_block(out, diagram, i);
		else
			print_stage(out, "    ", &diagram->stages[i++]);
	}
}

static void
print_label(StringInfo out, const DiagramMove *move)
{
	const char *gap = " : ";

	if (move->event != NULL)
	{
		appendStringInfoString(out, gap);
		encode_label(out, move->event, "[]/");
		gap = " ";
	}
	if (move->guard != NULL)
	{
		appendStringInfo(out, "%s[", gap);
		encode_label(out, move->guard, "");
		appendStringInfoChar(out, ']');
		gap = " ";
	}
	if (move->action != NULL)
	{
		appendStringInfo(out, "%s/ ", gap);
		encode_label(out, move->action, "");
	}
}

static void
print_move(StringInfo out, const Diagram *diagram, const DiagramMove *move)
{
	const char *from = move->from_stage != NO_STAGE ? diagram->stages[move->from_stage].id :
		move->from_phase != NO_STAGE ? diagram->phases[move->from_phase].id : "[*]";
	const char *to = move->to_stage != NO_STAGE ? diagram->stages[move->to_stage].id : "[*]";

	appendStringInfo(out, "    %s --> %s", from, to);
	print_label(out, move);
	appendStringInfoChar(out, '\n');
}

/*
 * The canonical text of a diagram.
 */
char *
diagram_print(const Diagram *diagram)
{
	StringInfoData out;

	initStringInfo(&out);
	if (diagram->front_matter != NULL)
		appendStringInfo(&out, "---\n%s\n---\n", diagram->front_matter);
	for (int i = 0; i < diagram->presentation.count; i++)
		if (strncmp(diagram->presentation.items[i], "%%{", 3) == 0)
			appendStringInfo(&out, "%s\n", diagram->presentation.items[i]);
	appendStringInfoString(&out, "stateDiagram-v2\n");
	if (diagram->direction != NULL)
		appendStringInfo(&out, "    direction %s\n", diagram->direction);
	print_stages(&out, diagram);
	for (int i = 0; i < diagram->nmoves; i++)
		print_move(&out, diagram, &diagram->moves[i]);
	for (int i = 0; i < diagram->nstages; i++)
		if (diagram->stages[i].phase < 0)
			print_note(&out, "    ", &diagram->stages[i]);
	print_presentation(&out, diagram);
	return out.data;
}
