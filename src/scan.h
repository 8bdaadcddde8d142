/*-------------------------------------------------------------------------
 *
 * scan.h
 *		Reading a specification word by word, and writing it back.
 *
 * Every specification (funnel_spec, velocity_spec, ...) is a line of words, labels,
 * spans, instants and punctuation.  No word is reserved: a label is read only where
 * nothing else can stand, so a stage may be called "within".  Words of the grammar may
 * be written in any case, labels are taken as they are.
 *
 * Nothing here knows what the words mean.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CRM_SCAN_H
#define CRM_SCAN_H

#include "journey.h"
#include "pure.h"

typedef enum ScanKind
{
	SCAN_END,
	SCAN_WORD,					/* a bare label, a word of the grammar, a number */
	SCAN_LABEL,					/* in double quotes: a label and nothing else */
	SCAN_MARK,					/* one character that is none of these */
	SCAN_BROKEN					/* quotes that are never closed */
} ScanKind;

/*
 * The scanner stands on a token: start is where it begins, next is behind it.  The
 * functions that read return false once error is filled in; those that accept return
 * false, without an error, where the token is another one.
 */
typedef struct Scanner
{
	const char *text;
	const char *end;
	const char *start;
	const char *next;
	ScanKind	kind;
	StringInfoData value;		/* of a word or label: without quotes and escapes */
	PureError  *error;
} Scanner;

extern void scan_begin(Scanner *scanner, const char *text, size_t len, PureError *error);
extern void scan_next(Scanner *scanner);
extern void scan_resume(Scanner *scanner, const char *p);

extern bool scan_is(const Scanner *scanner, const char *word);
extern bool scan_accept(Scanner *scanner, const char *word);
extern bool scan_expect(Scanner *scanner, const char *word);
extern bool scan_accept_mark(Scanner *scanner, char mark);
extern bool scan_expect_mark(Scanner *scanner, char mark);

extern bool scan_label(Scanner *scanner, JourneyLabel *label);
extern bool scan_integer(Scanner *scanner, int64 min, int64 max, int64 *value);
extern bool scan_span(Scanner *scanner, Interval *span);
extern bool scan_instant(Scanner *scanner, TimestampTz *at);
extern bool scan_period(Scanner *scanner, TimestampTz *from, TimestampTz *to);
extern bool scan_finish(Scanner *scanner);

extern bool scan_unexpected(Scanner *scanner, const char *expected);
extern bool scan_fail(Scanner *scanner, PureErrorKind kind,
					  const char *fmt,...) pg_attribute_printf(3, 4);

extern void scan_write_instant(StringInfo out, TimestampTz at);
extern void scan_write_period(StringInfo out, TimestampTz from, TimestampTz to);

#endif							/* CRM_SCAN_H */
