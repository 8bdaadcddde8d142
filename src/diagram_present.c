/*-------------------------------------------------------------------------
 *
 * diagram_present.c
 *		What only the picture needs: it is understood enough to be kept and printed back.
 *
 * Mermaid 10 takes a "style" line for new states, so it is kept as a class.  A stage's color
 * is the one piece of presentation that has a meaning of its own; it is printed as a class
 * as well, "class lead color_f96", and reading such a class gives the color back.  The other
 * way to give a class, "lead:::color_f96", is read too, but in a line of its own Mermaid 12
 * does not draw it: it is printed only where the id is none that "class" takes.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <ctype.h>

#include "diagram_reader.h"

#define COLOR_CLASS "color_"

static void
keep(DiagramReader *reader, char *line)
{
	append_to_list(&reader->presentation, &reader->presentation_room, line);
}

/* A copy of the text between two places, without blanks at its ends. */
static char *
trimmed(const char *start, const char *end)
{
	while (start < end && isspace((unsigned char) *start))
		start++;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;
	return pnstrdup(start, end - start);
}

/* Without the empty lines around it, but with the blanks that begin its first line. */
static char *
without_empty_lines(const char *start, const char *end)
{
	const char *first = start;

	while (end > start && isspace((unsigned char) end[-1]))
		end--;
	for (const char *p = start; p < end && isspace((unsigned char) *p); p++)
		if (*p == '\n')
			first = p + 1;
	return pnstrdup(first, end - first);
}

/*
 * Reads the lines between two fences at the very beginning, if they are there.
 */
bool
read_front_matter(DiagramReader *reader)
{
	const char *p = reader->p;
	const char *body;

	if (strncmp(p, "---", 3) != 0)
		return true;
	skip_line(reader);
	body = reader->p;
	while (reader->p < reader->end)
	{
		const char *line = reader->p;

		if (skip_text(reader, "---"))
		{
			skip_blanks(reader);
			if (at_line_end(reader))
			{
				char	   *kept = without_empty_lines(body, line);

				reader->front_matter = *kept != '\0' ? kept : NULL;
				skip_line(reader);
				return true;
			}
		}
		skip_line(reader);
	}
	return fail_at(reader, p, PURE_SYNTAX, "the front matter is not closed by \"---\"");
}

/*
 * Reads a directive, %%{ ... }%%, which may have several lines.
 */
bool
read_directive(DiagramReader *reader)
{
	const char *start = reader->p;
	const char *close = strstr(start, "}%%");

	if (close == NULL)
		return fail_at(reader, start, PURE_SYNTAX, "the directive is not closed by \"}%%%%\"");
	reader->p = close + 3;
	keep(reader, pnstrdup(start, reader->p - start));
	skip_blanks(reader);
	return at_line_end(reader) ||
		fail_at(reader, reader->p, PURE_SYNTAX, "expected the end of the line");
}

/* Mermaid would take the line for the direction of the picture, whatever else it says. */
static bool
check_no_direction(DiagramReader *reader, const char *where, const char *text)
{
	static const char word[] = "direction";

	for (const char *p = text; *p; p++)
		if (pg_strncasecmp(p, word, sizeof(word) - 1) == 0 &&
			(p[sizeof(word) - 1] == '\0' || isspace((unsigned char) p[sizeof(word) - 1])))
		{
			fail_at(reader, where, PURE_SYNTAX, "the word \"direction\" inside presentation");
			return pure_hint(reader->error, "Mermaid would turn the picture.");
		}
	return true;
}

/* Keeps the line that begins at start, in front of which reader->p may be anywhere. */
static bool
keep_line(DiagramReader *reader, const char *start)
{
	char	   *line;

	reader->p = line_end(reader, start);
	line = trimmed(start, reader->p);
	keep(reader, line);
	return check_no_direction(reader, start, line);
}

/* The comma-separated ids behind "class", "style" or "click"; they must be in the diagram. */
static bool
read_ids(DiagramReader *reader, TextList *ids)
{
	int			room = 0;

	memset(ids, 0, sizeof(*ids));
	do
	{
		const char *where;
		const char *p;
		char	   *id;

		skip_blanks(reader);
		where = p = reader->p;
		while (*p != '\0' && *p != ',' && !isspace((unsigned char) *p))
			p++;
		id = pnstrdup(where, p - where);
		reader->p = p;
		if (!is_word(id))
		{
			fail_at(reader, where, PURE_SYNTAX, "expected a stage");
			return pure_hint(reader->error, "Mermaid takes only letters, digits and \"_\" here. Any stage can be written like \"lead:::important\".");
		}
		add_reference(reader, where, id);
		append_to_list(ids, &room, id);
		skip_blanks(reader);
	} while (skip_text(reader, ","));
	return true;
}

/* Gives a stage or phase a class, in a way that every Mermaid draws if there is one. */
static char *
class_line(const char *id, const char *class)
{
	return is_word(id) ? psprintf("class %s %s", id, class) : psprintf("%s:::%s", id, class);
}

/* style a,b fill:#f96 */
static bool
read_style(DiagramReader *reader)
{
	TextList	ids;
	const char *where;
	char	   *style;

	if (!read_ids(reader, &ids))
		return false;
	where = reader->p;
	reader->p = line_end(reader, where);
	style = trimmed(where, reader->p);
	if (*style == '\0')
		return fail_at(reader, where, PURE_SYNTAX, "expected a style such as fill:#f96");
	for (int i = 0; i < ids.count; i++)
	{
		keep(reader, psprintf("classDef style_%s %s", ids.items[i], style));
		keep(reader, class_line(ids.items[i], psprintf("style_%s", ids.items[i])));
	}
	return check_no_direction(reader, where, style);
}

/* accDescr { ... }, over several lines. */
static bool
read_long_description(DiagramReader *reader, const char *start)
{
	const char *close = strchr(start, '}');
	char	   *text;

	if (close == NULL)
		return fail_at(reader, start, PURE_SYNTAX, "the description is not closed by \"}\"");
	reader->p = close + 1;
	text = pnstrdup(start, reader->p - start);
	keep(reader, text);
	return check_no_direction(reader, start, text) && end_statement(reader);
}

static const char *
color_class(const char *color)
{
	return psprintf(COLOR_CLASS "%s", *color == '#' ? color + 1 : color);
}

/* #f96, #ff9966 or a plain name; nothing that could say more than a color. */
static bool
is_color(const char *color)
{
	size_t		len = strlen(color);

	if (*color == '#')
		return strspn(color + 1, "0123456789abcdefABCDEF") == len - 1 &&
			(len == 4 || len == 5 || len == 7 || len == 9);
	return len > 2 && len <= 32 &&
		strspn(color, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

bool
check_color(DiagramReader *reader, const char *where, const char *color)
{
	if (is_color(color))
		return true;
	fail_at(reader, where, PURE_VALUE, "not a color: \"%s\"", pure_sample(color, strlen(color)));
	return pure_hint(reader->error, "Write it like #f96, #ff9966 or orange.");
}

/* The color that a class of ours stands for, or NULL. */
static char *
class_color(const char *class)
{
	size_t		prefix = strlen(COLOR_CLASS);
	char	   *color;

	if (strncmp(class, COLOR_CLASS, prefix) != 0)
		return NULL;
	/* No color's name is made of hexadecimal digits only. */
	color = psprintf("#%s", class + prefix);
	if (is_color(color))
		return color;
	return is_color(color + 1) ? color + 1 : NULL;
}

static void
append_class_definition(StringInfo out, const char *color)
{
	appendStringInfo(out, "classDef %s fill:%s", color_class(color), color);
}

/* A class that colors a stage is printed anew, so it is not kept; unless it does more. */
static bool
read_class_definition(DiagramReader *reader, const char *start)
{
	const char *p = reader->p;
	char	   *color;
	StringInfoData ours;

	while (*p != '\0' && !isspace((unsigned char) *p))
		p++;
	if (!is_word(pnstrdup(reader->p, p - reader->p)))
		return fail_at(reader, reader->p, PURE_SYNTAX, "expected the name of a class: letters, digits and \"_\"");
	color = class_color(pnstrdup(reader->p, p - reader->p));
	if (color == NULL)
		return keep_line(reader, start);
	initStringInfo(&ours);
	append_class_definition(&ours, color);
	reader->p = line_end(reader, start);
	if (strcmp(trimmed(start, reader->p), ours.data) == 0)
		return true;
	fail_at(reader, start, PURE_VALUE, "class \"%s\" means a color and nothing more", color_class(color));
	return pure_hint(reader->error, "Choose another name for a class of your own.");
}

/* A class that is a color becomes the stage's; others are kept. */
static bool
give_class(DiagramReader *reader, const char *where, Named *name, const char *class)
{
	char	   *color = class_color(class);

	if (color == NULL)
		keep(reader, class_line(name->id, class));
	else if (name->stage.color != NULL && strcmp(name->stage.color, color) != 0)
		return fail_at(reader, where, PURE_VALUE, "a second color for stage \"%s\"", name->id);
	else
		name->stage.color = color;
	return true;
}

/*
 * Reads ":::class" behind an id, if it is there.
 */
bool
read_class(DiagramReader *reader, Named *name)
{
	const char *start;
	char	   *class;

	if (!skip_text(reader, ":::"))
		return true;
	start = reader->p;
	while (isalnum((unsigned char) *reader->p) || *reader->p == '_')
		reader->p++;
	class = pnstrdup(start, reader->p - start);
	if (*class == '\0')
		return fail_at(reader, start, PURE_SYNTAX, "expected the name of a class");
	skip_blanks(reader);
	return give_class(reader, start, name, class);
}

/* class a,b hot */
static bool
read_class_of_many(DiagramReader *reader, const char *start)
{
	TextList	ids;
	const char *where;
	char	   *class;

	if (!read_ids(reader, &ids))
		return false;
	where = reader->p;
	class = trimmed(where, line_end(reader, where));
	if (class_color(class) == NULL)
		return keep_line(reader, start);
	for (int i = 0; i < ids.count; i++)
		if (!give_class(reader, where, known_or_awaited(reader, ids.items[i]), class))
			return false;
	reader->p = line_end(reader, where);
	return true;
}

/*
 * Reads a statement that is presentation and nothing else; found says whether there was
 * one.
 */
bool
read_presentation(DiagramReader *reader, bool *found)
{
	const char *start = reader->p;
	TextList	ids;

	*found = true;
	if (skip_keyword(reader, "classDef"))
		return read_class_definition(reader, start);
	if (skip_keyword(reader, "style"))
		return read_style(reader);
	if (skip_keyword(reader, "class"))
		return read_class_of_many(reader, start);
	if (skip_keyword(reader, "click"))
		return read_ids(reader, &ids) && keep_line(reader, start);
	if (skip_keyword(reader, "scale"))
		return keep_line(reader, start);
	if (pg_strncasecmp(start, "hide empty description", 22) == 0)
	{
		reader->p += 22;
		keep(reader, pnstrdup(start, 22));
		return end_statement(reader);
	}
	if (pg_strncasecmp(start, "accTitle", 8) == 0 || pg_strncasecmp(start, "accDescr", 8) == 0)
	{
		reader->p += 8;
		skip_blanks(reader);
		if (*reader->p == ':')
			return keep_line(reader, start);
		if (*reader->p == '{')
			return read_long_description(reader, start);
		reader->p = start;
	}
	*found = false;
	return true;
}

static bool
is_first_of_its_color(const Diagram *diagram, int stage)
{
	for (int i = 0; i < stage; i++)
		if (diagram->stages[i].color != NULL &&
			strcmp(diagram->stages[i].color, diagram->stages[stage].color) == 0)
			return false;
	return true;
}

/*
 * Appends what the picture needs, except directives, which stand at the top.
 */
void
print_presentation(StringInfo out, const Diagram *diagram)
{
	for (int i = 0; i < diagram->presentation.count; i++)
		if (strncmp(diagram->presentation.items[i], "%%{", 3) != 0)
			appendStringInfo(out, "    %s\n", diagram->presentation.items[i]);
	for (int i = 0; i < diagram->nstages; i++)
	{
		const char *color = diagram->stages[i].color;

		if (color == NULL)
			continue;
		if (is_first_of_its_color(diagram, i))
		{
			appendStringInfoString(out, "    ");
			append_class_definition(out, color);
			appendStringInfoChar(out, '\n');
		}
		appendStringInfo(out, "    %s\n", class_line(diagram->stages[i].id, color_class(color)));
	}
}

/* "class a, b hot" or "click a ..." without an id; NULL where it names no other. */
static char *
list_without(char *line, const char *id)
{
	const char *p = line + 5;
	StringInfoData kept;
	bool		named = false;

	initStringInfo(&kept);
	for (;;)
	{
		const char *start;

		while (is_blank(*p))
			p++;
		start = p;
		while (*p != '\0' && *p != ',' && !is_blank(*p))
			p++;
		if (strcmp(pnstrdup(start, p - start), id) == 0)
			named = true;
		else
			appendStringInfo(&kept, "%s%.*s", kept.len > 0 ? "," : "", (int) (p - start), start);
		while (is_blank(*p))
			p++;
		if (*p != ',')
			break;
		p++;
	}
	if (!named)
		return line;
	return kept.len == 0 ? NULL : psprintf("%.5s %s %s", line, kept.data, p);
}

static char *
line_without(char *line, const char *id)
{
	size_t		len = strlen(id);

	if (strncmp(line, id, len) == 0 && strncmp(line + len, ":::", 3) == 0)
		return NULL;
	if ((pg_strncasecmp(line, "class", 5) == 0 || pg_strncasecmp(line, "click", 5) == 0) && is_blank(line[5]))
		return list_without(line, id);
	return line;
}

/*
 * Takes out what is said about a stage or phase that is gone.
 */
void
forget_presentation(Diagram *diagram, const char *id)
{
	TextList   *list = &diagram->presentation;
	int			kept = 0;

	for (int i = 0; i < list->count; i++)
	{
		char	   *line = line_without(list->items[i], id);

		if (line != NULL)
			list->items[kept++] = line;
	}
	list->count = kept;
}
