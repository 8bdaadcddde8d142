/*-------------------------------------------------------------------------
 *
 * canvas_words.c
 *		Figures and words on a canvas, in the reader's language.
 *
 * Spans are cut, not rounded: nobody who stayed for 23 hours and 59 minutes stayed a day.
 * Everything is said in ASCII, too, for databases whose encoding has no more.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "canvas.h"
#include "instant.h"

typedef struct Wording
{
	const char *utf8;
	const char *ascii;
} Wording;

#define PLAIN(text) {text, text}

/* For one and for several. */
static const Wording words[NUM_CANVAS_LANGUAGES][NUM_CANVAS_WORDS][2] = {
	[CANVAS_ENGLISH] = {
		[WORD_NOW] = {PLAIN("now"), PLAIN("now")},
		[WORD_LATE] = {PLAIN("late"), PLAIN("late")},
		[WORD_MEDIAN] = {PLAIN("median"), PLAIN("medians")},
		[WORD_NOT_DRAWN] = {PLAIN("not drawn"), PLAIN("not drawn")},
		[WORD_MOVES_NOT_DRAWN] = {PLAIN("move not drawn"), PLAIN("moves not drawn")},
		[WORD_BEGAN_HERE] = {PLAIN("began here"), PLAIN("began here")},
		[WORD_ROWS] = {PLAIN("row"), PLAIN("rows")},
		[WORD_IN_STAGES_NOT_DRAWN] = {PLAIN("in a stage not drawn"), PLAIN("in stages not drawn")},
		[WORD_MOVES] = {PLAIN("move"), PLAIN("moves")},
		[WORD_SINCE] = {PLAIN("since"), PLAIN("since")},
		[WORD_UNTIL] = {PLAIN("until"), PLAIN("until")}
	},
	[CANVAS_FRENCH] = {
		[WORD_NOW] = {PLAIN("ici"), PLAIN("ici")},
		[WORD_LATE] = {PLAIN("en retard"), PLAIN("en retard")},
		[WORD_MEDIAN] = {{"médiane", "mediane"}, {"médianes", "medianes"}},
		[WORD_NOT_DRAWN] = {{"non dessiné", "non dessine"}, {"non dessinés", "non dessines"}},
		[WORD_MOVES_NOT_DRAWN] = {{"mouvement non dessiné", "mouvement non dessine"},
		{"mouvements non dessinés", "mouvements non dessines"}},
		[WORD_BEGAN_HERE] = {{"a débuté ici", "a debute ici"}, {"ont débuté ici", "ont debute ici"}},
		[WORD_ROWS] = {PLAIN("ligne"), PLAIN("lignes")},
		[WORD_IN_STAGES_NOT_DRAWN] = {{"dans une étape non dessinée", "dans une etape non dessinee"},
		{"dans des étapes non dessinées", "dans des etapes non dessinees"}},
		[WORD_MOVES] = {PLAIN("mouvement"), PLAIN("mouvements")},
		[WORD_SINCE] = {PLAIN("depuis le"), PLAIN("depuis le")},
		[WORD_UNTIL] = {PLAIN("jusqu'au"), PLAIN("jusqu'au")}
	}
};

static const char *
wording(const CanvasStyle *style, const Wording *said)
{
	return style->utf8 ? said->utf8 : said->ascii;
}

/*
 * The word for so many; in French nothing is one.
 */
const char *
canvas_word(const CanvasStyle *style, CanvasWord word, uint64 count)
{
	bool		one = count == 1 || (count == 0 && style->language == CANVAS_FRENCH);

	return wording(style, &words[style->language][word][one ? 0 : 1]);
}

/*
 * What stands between two figures.
 */
const char *
canvas_dot(const CanvasStyle *style)
{
	static const Wording dot = {" · ", ", "};

	return wording(style, &dot);
}

/*
 * What stands before the name of an automation, and on one line with it.
 */
const char *
canvas_mark(const CanvasStyle *style)
{
	static const Wording mark = {"⚡\u00A0", "! "};

	return wording(style, &mark);
}

/*
 * Appends a number with its thousands apart: 10,000 in English, 10 000 in French.
 */
void
canvas_say_count(StringInfo out, const CanvasStyle *style, uint64 count)
{
	static const Wording gaps[NUM_CANVAS_LANGUAGES] = {PLAIN(","), {"\u202F", " "}};
	char	   *digits = psprintf(UINT64_FORMAT, count);
	int			len = strlen(digits);

	for (int i = 0; i < len; i++)
	{
		if (i > 0 && (len - i) % 3 == 0)
			appendStringInfoString(out, wording(style, &gaps[style->language]));
		appendStringInfoChar(out, digits[i]);
	}
}

/*
 * Appends whole percents in parentheses; what is neither none nor all never looks like it.
 * Lines are not broken inside.
 */
void
canvas_say_share(StringInfo out, const CanvasStyle *style, uint64 count, uint64 whole)
{
	static const Wording gap = {"\u00A0", " "};
	const char *space = wording(style, &gap);
	double		percent = 100.0 * count / whole;

	appendStringInfo(out, "%s(", space);
	if (count > 0 && percent < 1)
		appendStringInfoString(out, "<1");
	else if (count < whole && percent > 99)
		appendStringInfoString(out, ">99");
	else
		appendStringInfo(out, "%.0f", percent);
	appendStringInfo(out, "%s%%)", space);
}

typedef enum Unit
{
	UNIT_SECOND,
	UNIT_MINUTE,
	UNIT_HOUR,
	UNIT_DAY,
	UNIT_YEAR,
	NUM_UNITS
} Unit;

static const char *const unit_names[NUM_CANVAS_LANGUAGES][NUM_UNITS] = {
	{"s", "min", "h", "d", "y"},
	{"s", "min", "h", "j", "ans"}
};

static const int64 unit_lengths[NUM_UNITS] = {
	USECS_PER_SEC, USECS_PER_MINUTE, USECS_PER_HOUR, USECS_PER_DAY, INT64CONST(31557600) * USECS_PER_SEC
};

/* Days are counted for two years, the other units until the next one is full. */
static Unit
largest_unit(int64 micros)
{
	Unit		unit = UNIT_SECOND;

	while (unit < UNIT_DAY && micros >= unit_lengths[unit + 1])
		unit++;
	return micros >= 2 * unit_lengths[UNIT_YEAR] ? UNIT_YEAR : unit;
}

/*
 * Appends a span of time: 4 d 3 h, 46 d, 2.5 y.  Below ten of a unit the next one is said too.
 */
void
canvas_say_span(StringInfo out, const CanvasStyle *style, int64 micros)
{
	const char *const *names = unit_names[style->language];
	Unit		unit = largest_unit(micros);
	int64		number = micros / unit_lengths[unit];
	int64		rest = micros % unit_lengths[unit];

	if (micros > 0 && micros < USECS_PER_SEC)
		appendStringInfoChar(out, '<');
	if (unit == UNIT_YEAR)
	{
		appendStringInfo(out, INT64_FORMAT "%c%d %s", number, style->language == CANVAS_FRENCH ? ',' : '.',
						 (int) (rest / (unit_lengths[unit] / 10)), names[unit]);
		return;
	}
	if (micros > 0 && number == 0)
		number = 1;
	appendStringInfo(out, INT64_FORMAT " %s", number, names[unit]);
	if (unit > UNIT_SECOND && number < 10 && rest / unit_lengths[unit - 1] > 0)
		appendStringInfo(out, " " INT64_FORMAT " %s", rest / unit_lengths[unit - 1], names[unit - 1]);
}

/*
 * Appends an instant in UTC to the minute: 2026-01-01, which is its midnight, or
 * 2026-01-01 09:30 UTC.
 */
void
canvas_say_instant(StringInfo out, const CanvasStyle *style, TimestampTz at)
{
	char		text[INSTANT_TEXT_MAX];
	char	   *time;

	instant_write(text, at);
	time = strchr(text, 'T');
	if (strcmp(time, "T00:00:00Z") == 0)
		appendBinaryStringInfo(out, text, time - text);
	else if (strchr(time, ' ') != NULL)
		appendStringInfoString(out, text);	/* before Christ */
	else
		appendStringInfo(out, "%.*s %.5s UTC", (int) (time - text), text, time + 1);
}
