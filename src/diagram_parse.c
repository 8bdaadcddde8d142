/*-------------------------------------------------------------------------
 *
 * diagram_parse.c
 *		The statements of a diagram.
 *
 * The grammar is doc/diagram.md's.  Whatever is not understood is an error that says
 * where; nothing is skipped except comments.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "diagram_reader.h"

#define START "[*]"
#define ARROW "-->"

/* stateDiagram-v2, behind empty lines, comments and directives. */
static bool
read_header(DiagramReader *reader)
{
	static const char word[] = "stateDiagram";

	for (;;)
	{
		skip_blanks(reader);
		if (strncmp(reader->p, "%%{", 3) == 0)
		{
			if (!read_directive(reader))
				return false;
		}
		else if (*reader->p != '\n' && strncmp(reader->p, "%%", 2) != 0)
			break;
		skip_line(reader);
	}
	if (pg_strncasecmp(reader->p, word, sizeof(word) - 1) == 0)
	{
		const char *start = reader->p;

		reader->p += sizeof(word) - 1;
		if (pg_strncasecmp(reader->p, "-v2", 3) == 0)
			reader->p += 3;
		if (isspace((unsigned char) *reader->p) || strchr(";%", *reader->p) != NULL)
			return end_statement(reader);
		reader->p = start;
	}
	fail_at(reader, reader->p, PURE_SYNTAX, "a diagram begins with \"stateDiagram-v2\"");
	return pure_hint(reader->error, strncmp(reader->p, "```", 3) == 0
					 ? "Leave out the fences, the lines that begin with ```."
					 : "It is a state diagram as Mermaid draws it.");
}

static bool
read_direction(DiagramReader *reader)
{
	static const char *const directions[] = {"TB", "BT", "LR", "RL"};
	char	  **direction = reader->home != NULL ? &reader->home->phase.direction : &reader->direction;
	const char *where = reader->p;

	for (int i = 0; i < lengthof(directions); i++)
	{
		if (pg_strncasecmp(where, directions[i], 2) != 0 || isalnum((unsigned char) where[2]))
			continue;
		if (*direction != NULL)
			return fail_at(reader, where, PURE_VALUE, "a second direction");
		*direction = pstrdup(directions[i]);
		reader->p += 2;
		return end_statement(reader);
	}
	return fail_at(reader, where, PURE_SYNTAX, "expected the direction TB, BT, LR or RL");
}

/* What Mermaid can draw here and a lifecycle cannot mean. */
static bool
refuse_pseudo_states(DiagramReader *reader)
{
	static const char *const names[] = {"fork", "join", "choice"};

	const char *end = line_end(reader, reader->p);

	for (const char *p = reader->p; p < end; p++)
		for (int i = 0; i < lengthof(names); i++)
		{
			size_t		len = strlen(names[i]);

			if ((strncmp(p, "<<", 2) != 0 && strncmp(p, "[[", 2) != 0) ||
				pg_strncasecmp(p + 2, names[i], len) != 0)
				continue;
			fail_at(reader, p, PURE_SYNTAX, "a lifecycle has no %s", names[i]);
			return pure_hint(reader->error, i == 2 ? "Draw two moves with guards instead." :
							 "A row is in one stage at a time.");
		}
	return true;
}

static bool
open_phase(DiagramReader *reader, const char *where, char *id, char *title)
{
	Named	   *name;

	reader->p++;
	if (reader->home != NULL)
	{
		fail_at(reader, where, PURE_SYNTAX, "phase \"%s\" inside phase \"%s\"", id, reader->home->id);
		return pure_hint(reader->error, "Phases hold stages only.");
	}
	name = mention_phase(reader, where, id);
	if (name == NULL)
		return false;
	if (title != NULL)
	{
		if (name->phase.title != NULL && strcmp(name->phase.title, title) != 0)
			return fail_at(reader, where, PURE_VALUE, "a second title for phase \"%s\"", id);
		name->phase.title = title;
	}
	reader->home = name;
	reader->home_where = where;
	return true;
}

static bool
close_phase(DiagramReader *reader)
{
	if (reader->home == NULL)
		return fail_at(reader, reader->p, PURE_SYNTAX, "\"}\" without \"{\"");
	reader->home = NULL;
	reader->p++;
	return end_statement(reader);
}

/* The first text is the title, later ones are lines of the description. */
static void
add_stage_text(Named *name, char *text)
{
	if (name->stage.title == NULL)
		name->stage.title = text;
	else
		append_line(&name->description, text);
}

static bool
add_text(DiagramReader *reader, const char *where, Named *name, char *text)
{
	if (!name->is_phase)
		add_stage_text(name, text);
	else if (name->phase.title == NULL)
		name->phase.title = text;
	else
		return fail_at(reader, where, PURE_VALUE, "a second title for phase \"%s\"", name->id);
	return true;
}

/* Behind "state": "Title" as id, or id; and { where it is a phase. */
static bool
read_state(DiagramReader *reader)
{
	char	   *title = NULL;
	const char *where;
	char	   *id;
	Named	   *name;

	if (!refuse_pseudo_states(reader))
		return false;
	if (*reader->p == '"')
	{
		title = read_quoted_text(reader);
		if (title == NULL)
			return false;
		skip_blanks(reader);
		if (!skip_keyword(reader, "as"))
			return fail_at(reader, reader->p, PURE_SYNTAX, "expected \"as\" and an id after a title");
		if (*title == '\0')
			title = NULL;
	}
	where = reader->p;
	id = read_id(reader);
	if (id == NULL)
		return false;
	if (*reader->p == '{')
		return open_phase(reader, where, id, title);
	name = mention_stage(reader, where, id);
	if (name == NULL || !read_class(reader, name) ||
		(title != NULL && !add_text(reader, where, name, title)))
		return false;
	return end_statement(reader);
}

/* One end of a move: a stage, a phase, or [*], which is NULL. */
static bool
read_move_end(DiagramReader *reader, Named **name, const char **where)
{
	char	   *id;

	*name = NULL;
	*where = reader->p;
	if (skip_text(reader, START))
	{
		if (reader->home != NULL)
		{
			fail_at(reader, *where, PURE_SYNTAX, "\"" START "\" inside phase \"%s\"", reader->home->id);
			return pure_hint(reader->error, "A lifecycle begins and ends outside of its phases.");
		}
		skip_blanks(reader);
		return true;
	}
	id = read_id(reader);
	if (id == NULL)
		return false;
	*name = mention_stage(reader, *where, id);
	return *name != NULL && read_class(reader, *name);
}

/* Behind the source of a move and its arrow. */
static bool
read_move(DiagramReader *reader, Named *from, const char *from_where)
{
	DrawnMove  *move = add_move(reader, from_where);

	if (move == NULL)
		return false;
	skip_blanks(reader);
	move->from = from;
	if (!read_move_end(reader, &move->to, &move->to_where))
		return false;
	if (move->from == NULL && move->to == NULL)
		return fail_at(reader, from_where, PURE_VALUE, "a move from nowhere to nowhere");
	if (skip_text(reader, ":"))
		return read_label(reader, move);
	return end_statement(reader);
}

/* A stage alone, a stage and its text, or a move. */
static bool
read_stage_or_move(DiagramReader *reader)
{
	Named	   *name;
	const char *where;

	if (!read_move_end(reader, &name, &where))
		return false;
	if (skip_text(reader, ARROW))
		return read_move(reader, name, where);
	if (name == NULL)
		return fail_at(reader, reader->p, PURE_SYNTAX, "expected \"" ARROW "\" after \"" START "\"");
	if (skip_text(reader, ":"))
	{
		char	   *text = read_line_text(reader);

		return text != NULL && add_text(reader, where, name, text);
	}
	if (strchr("-=~", *reader->p) != NULL && !at_line_end(reader))
	{
		fail_at(reader, reader->p, PURE_SYNTAX, "expected \"" ARROW "\" after \"%s\"", name->id);
		return pure_hint(reader->error, "A move is drawn like \"lead --> won\".");
	}
	if (*reader->p == '{')
	{
		fail_at(reader, reader->p, PURE_SYNTAX, "\"{\" after \"%s\"", name->id);
		return pure_hint(reader->error, "A phase begins with the word state: \"state %s {\".", name->id);
	}
	return end_statement(reader);
}

static bool
read_statement(DiagramReader *reader)
{
	bool		found;

	if (strncmp(reader->p, "%%{", 3) == 0)
		return read_directive(reader);
	if (*reader->p == '}')
		return close_phase(reader);
	if (strncmp(reader->p, "--", 2) == 0 && reader->p[2] != '>')
	{
		fail_at(reader, reader->p, PURE_SYNTAX, "concurrent regions");
		return pure_hint(reader->error, "A row is in one stage at a time.");
	}
	if (!read_presentation(reader, &found))
		return false;
	if (found)
		return true;
	if (skip_keyword(reader, "direction"))
		return read_direction(reader);
	if (skip_keyword(reader, "state"))
		return read_state(reader);
	if (skip_keyword(reader, "note"))
		return read_note(reader);
	return read_stage_or_move(reader);
}

static bool
read_statements(DiagramReader *reader)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		skip_blanks(reader);
		if (reader->p >= reader->end)
			break;
		if (*reader->p == '\n' || *reader->p == ';')
			reader->p++;
		else if (strncmp(reader->p, "%%", 2) == 0 && reader->p[2] != '{')
			skip_line(reader);
		else if (!read_statement(reader))
			return false;
	}
	if (reader->home == NULL)
		return true;
	return fail_at(reader, reader->home_where, PURE_SYNTAX, "phase \"%s\" is not closed by \"}\"",
				   reader->home->id);
}

/*
 * Reads a diagram; NULL with an error where it is none.
 */
Diagram *
diagram_parse(const char *text, PureError *error)
{
	DiagramReader reader;

	memset(&reader, 0, sizeof(reader));
	memset(error, 0, sizeof(*error));
	if (strlen(text) > DIAGRAM_MAX_TEXT)
	{
		pure_fail(error, PURE_LIMIT, "a diagram has at most %d bytes", DIAGRAM_MAX_TEXT);
		return NULL;
	}
	reader.text = reader.p = normal_lines(text);
	reader.end = reader.text + strlen(reader.text);
	reader.error = error;
	start_names(&reader);
	while (isspace((unsigned char) *reader.p))
		reader.p++;
	if (!read_front_matter(&reader) || !read_header(&reader) || !read_statements(&reader))
		return NULL;
	return finish_names(&reader);
}
