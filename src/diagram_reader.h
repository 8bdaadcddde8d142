/*-------------------------------------------------------------------------
 *
 * diagram_reader.h
 *		What the files that read and print diagrams share, and nobody else needs.
 *
 * Reading goes statement by statement (diagram_parse.c), over characters and words
 * (diagram_lex.c), labels of moves (diagram_label.c), notes (diagram_note.c) and what
 * only the picture needs (diagram_present.c).  What the statements say is collected in
 * names and drawn moves (diagram_names.c), because a diagram may speak of a phase before
 * it draws it; at the end they become the Diagram.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIAGRAM_READER_H
#define CRM_DIAGRAM_READER_H

#include "diagram.h"

/* A stage's order is an index into a journey's labels and an enum's; a map has tens. */
#define DIAGRAM_MAX_STAGES 1000
/* Ten ways out of each of the most stages. */
#define DIAGRAM_MAX_MOVES 10000
/* Ids become enum labels and column names: NAMEDATALEN - 1. */
#define DIAGRAM_MAX_ID 63
/* What a journey holds, see journey.h. */
#define DIAGRAM_MAX_LABEL 255
/* A list is for people to choose from; looking for repetitions takes its square. */
#define DIAGRAM_MAX_LIST 1000
/* The most moves with 400 bytes of label each: no place for a hostile text to hide in. */
#define DIAGRAM_MAX_TEXT (4 * 1024 * 1024)

/* Whatever a diagram gives an id to. */
typedef struct Named
{
	char	   *id;
	const char *where;			/* first mention; NULL where only a note or class spoke of it */
	bool		is_phase;
	DiagramPhase phase;
	DiagramStage stage;
	struct Named *home;			/* the phase it stands in, or NULL */
	StringInfo	description;	/* the stage's, line by line, or NULL */
	StringInfo	words;			/* its note's text, line by line, or NULL */
	const char *note;			/* where its note is, or NULL */
	struct Named *note_home;		/* the phase that its note stands in, or NULL */
	struct Named *first,			/* of a phase: its stages, in order */
			   *last;
	struct Named *next;			/* of a stage: the next of its phase */
	int			index;			/* in the finished diagram, or -1 */
} Named;

typedef struct DrawnMove
{
	Named	   *from;			/* NULL is [*] */
	Named	   *to;				/* NULL is [*] */
	const char *from_where;
	const char *to_where;
	char	   *event;
	char	   *guard;
	char	   *action;
} DrawnMove;

/* A name that a note or presentation speaks of. */
typedef struct Reference
{
	char	   *id;
	const char *where;
} Reference;

struct name_table_hash;

typedef struct DiagramReader
{
	const char *text;			/* the whole, lines ending in \n */
	const char *end;
	const char *p;				/* what is read next */
	PureError  *error;

	struct name_table_hash *table;
	Named	  **names;			/* in order of first mention */
	int			nnames;
	int			names_room;
	DrawnMove  *moves;
	int			nmoves;
	int			moves_room;
	Reference  *references;
	int			nreferences;
	int			references_room;

	Named	   *home;			/* the phase whose braces we are in, or NULL */
	const char *home_where;
	char	   *direction;
	char	   *front_matter;
	TextList	presentation;
	int			presentation_room;
} DiagramReader;

/* Text without its entities, and where each byte of it came from. */
typedef struct Decoded
{
	char	   *text;
	int			len;
	const char **origin;		/* len + 1 of them */
} Decoded;

#define is_blank(c) ((c) == ' ' || (c) == '\t' || (c) == '\v' || (c) == '\f')

static inline bool
is_ascii_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* diagram_lex.c */
extern bool fail_at(DiagramReader *reader, const char *where, PureErrorKind kind,
					const char *fmt,...) pg_attribute_printf(4, 5);
extern char *normal_lines(const char *text);
extern const char *line_end(const DiagramReader *reader, const char *p);
extern void skip_blanks(DiagramReader *reader);
extern void skip_line(DiagramReader *reader);
extern bool skip_text(DiagramReader *reader, const char *text);
extern bool at_line_end(const DiagramReader *reader);
extern bool skip_keyword(DiagramReader *reader, const char *keyword);
extern bool end_statement(DiagramReader *reader);
extern char *read_id(DiagramReader *reader);
extern bool is_word(const char *text);
extern bool is_id(const char *text);

/* diagram_text.c */
extern bool decode_text(DiagramReader *reader, const char *start, const char *end, Decoded *decoded);
extern bool is_literal(const Decoded *decoded, int at, char c);
extern char *decoded_part(const Decoded *decoded, int from, int to);
extern void statement_text(DiagramReader *reader, const char **start, const char **end);
extern char *read_line_text(DiagramReader *reader);
extern char *read_quoted_text(DiagramReader *reader);
extern void append_line(StringInfo *lines, const char *line);
extern void append_to_list(TextList *list, int *room, char *item);

/* diagram_label.c */
extern bool read_label(DiagramReader *reader, DrawnMove *move);
extern bool check_guard(DiagramReader *reader, const Decoded *guard);

/* diagram_note.c */
extern bool read_note(DiagramReader *reader);

/* diagram_note_print.c */
extern void print_note(StringInfo out, const char *indent, const DiagramStage *stage);
extern bool note_value(const DiagramStage *stage, int number, const char **name, const char **value);

/* diagram_present.c */
extern bool read_front_matter(DiagramReader *reader);
extern bool read_directive(DiagramReader *reader);
extern bool read_presentation(DiagramReader *reader, bool *found);
extern bool read_class(DiagramReader *reader, Named *name);
extern bool check_color(DiagramReader *reader, const char *where, const char *color);
extern void print_presentation(StringInfo out, const Diagram *diagram);
extern void forget_presentation(Diagram *diagram, const char *id);

/* diagram_names.c */
extern void start_names(DiagramReader *reader);
extern Named *known_or_awaited(DiagramReader *reader, char *id);
extern Named *mention_stage(DiagramReader *reader, const char *where, char *id);
extern Named *mention_phase(DiagramReader *reader, const char *where, char *id);
extern DrawnMove *add_move(DiagramReader *reader, const char *where);
extern void add_reference(DiagramReader *reader, const char *where, char *id);
extern Diagram *finish_names(DiagramReader *reader);

/* diagram_print.c */
extern void encode_note(StringInfo out, const char *text);

#endif							/* CRM_DIAGRAM_READER_H */
