/*-------------------------------------------------------------------------
 *
 * diagram_note.h
 *		The keys of a stage's note, for diagram_note.c and diagram_note_print.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_DIAGRAM_NOTE_H
#define CRM_DIAGRAM_NOTE_H

#include "diagram.h"

typedef enum NoteKind
{
	KIND_WORDS,					/* char *: free words, quoted where they must be */
	KIND_LINES,					/* the same, and each repetition of the key is a line more */
	KIND_GUARD,					/* char *: SQL as it stands */
	KIND_LIST,					/* TextList: separated by commas */
	KIND_SPAN,					/* Interval * */
	KIND_OUTCOME,
	KIND_PROBABILITY,
	KIND_FLAG,					/* bool */
	KIND_COLOR					/* char *, printed as a class instead */
} NoteKind;

typedef struct NoteKey
{
	const char *name;
	NoteKind	kind;
	size_t		offset;			/* in DiagramStage */
} NoteKey;

#define NUM_NOTE_KEYS 16

/* In the order in which they are printed. */
extern const NoteKey note_keys[NUM_NOTE_KEYS];

/* A probability is kept in billionths, so that 33.3 % is printed as it was written. */
#define PROBABILITY_UNIT 1000000000
#define PROBABILITY_DECIMALS 9

/* Where in the stage the value of a key is. */
#define stage_field(type, stage, key) ((type *) ((char *) (stage) + (key)->offset))

extern bool is_quoted(const char *text);

#endif							/* CRM_DIAGRAM_NOTE_H */
