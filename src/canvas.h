/*-------------------------------------------------------------------------
 *
 * canvas.h
 *		What the data says, drawn on a diagram.
 *
 * Rows are counted as a velocity (see velocity.h), whose labels are those that journeys
 * hold.  canvas_count() tells which stages they mean, canvas_claim() which arrow every
 * move belongs to, and canvas_draw() writes the figures on a diagram, whose text is then
 * diagram_print()'s.
 *
 * Nothing here may know SQL, the function manager or the catalog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_CANVAS_H
#define CRM_CANVAS_H

#include "diagram.h"
#include "velocity.h"

typedef enum CanvasLanguage
{
	CANVAS_ENGLISH,
	CANVAS_FRENCH,
	NUM_CANVAS_LANGUAGES
} CanvasLanguage;

typedef enum CanvasWord
{
	WORD_NOW,
	WORD_LATE,
	WORD_MEDIAN,
	WORD_NOT_DRAWN,				/* of an arrow */
	WORD_MOVES_NOT_DRAWN,		/* of how many moves */
	WORD_BEGAN_HERE,
	WORD_ROWS,
	WORD_IN_STAGES_NOT_DRAWN,
	WORD_MOVES,					/* of a period */
	WORD_SINCE,
	WORD_UNTIL,
	NUM_CANVAS_WORDS
} CanvasWord;

/* How it is to be drawn. */
typedef struct CanvasStyle
{
	const char *name;			/* of the lifecycle */
	TimestampTz as_of;
	TimestampTz moved_from;		/* DT_NOBEGIN: since ever */
	TimestampTz moved_to;		/* not included; DT_NOEND: for ever */
	const char *direction;		/* NULL: as the diagram has it */
	bool		notes;
	bool		guards;
	bool		undrawn;		/* stages and moves that the diagram has not are added to it */
	bool		colors;
	CanvasLanguage language;
	bool		utf8;			/* else ASCII has to do */
} CanvasStyle;

/* A stage of the diagram, or behind those a label that the diagram has not. */
typedef struct CanvasPlace
{
	JourneyLabel label;			/* of the latter */
	uint64		now;
	uint64		late;
	uint64		exits;
	Digest	   *dwells;			/* of those who left; NULL where nobody did */
} CanvasPlace;

#define CANVAS_BEGINNING (-1)

/* How many went from one place to another; or began there. */
typedef struct CanvasFlow
{
	int			from;			/* place, or CANVAS_BEGINNING */
	int			to;
	uint64		count;
	bool		claimed;		/* an arrow counts it */
} CanvasFlow;

/* What is to be done in a stage, or after a move; of either the labels, the others NULL. */
typedef struct CanvasPlay
{
	char	   *name;
	char	   *stage;
	char	   *from;
	char	   *to;
} CanvasPlay;

typedef struct CanvasFigures
{
	int			nstages;
	int			nplaces;
	CanvasPlace *places;
	int			nflows;
	CanvasFlow *flows;			/* one for each pair, in the order of the pairs */
	uint64		began;
	uint64		now;			/* in all places */
	int			nplays;
	const CanvasPlay *plays;
} CanvasFigures;

/* What an arrow counts, and all that leaves where it begins. */
typedef struct CanvasArrow
{
	bool		counts;			/* not where no row can go along it */
	uint64		count;
	uint64		whole;
} CanvasArrow;

/* canvas_count.c */
extern CanvasFigures *canvas_count(const Diagram *diagram, const Velocity *trimmed,
								   const uint64 *late);
extern CanvasArrow *canvas_claim(const Diagram *diagram, CanvasFigures *figures);

/* canvas_words.c */
extern const char *canvas_word(const CanvasStyle *style, CanvasWord word, uint64 count);
extern const char *canvas_dot(const CanvasStyle *style);
extern const char *canvas_mark(const CanvasStyle *style);
extern void canvas_say_count(StringInfo out, const CanvasStyle *style, uint64 count);
extern void canvas_say_share(StringInfo out, const CanvasStyle *style, uint64 count, uint64 whole);
extern void canvas_say_span(StringInfo out, const CanvasStyle *style, int64 micros);
extern void canvas_say_instant(StringInfo out, const CanvasStyle *style, TimestampTz at);

/* canvas_play.c */
extern void canvas_add_plays(Diagram *diagram, const CanvasFigures *figures);
extern void canvas_say_plays(StringInfo out, const Diagram *diagram, const CanvasFigures *figures,
							 int stage, const CanvasStyle *style);

/* canvas_color.c */
extern void canvas_color(Diagram *diagram, const CanvasFigures *figures, const StageOutcome *outcomes);

/* canvas_draw.c */
extern void canvas_draw(Diagram *diagram, CanvasFigures *figures, const CanvasStyle *style);

#endif							/* CRM_CANVAS_H */
