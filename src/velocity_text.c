/*-------------------------------------------------------------------------
 *
 * velocity_text.c
 *		A velocity as text; see velocity_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "common/int.h"

#include "digest_text.h"
#include "label.h"
#include "scan.h"
#include "velocity_text.h"

static void
write_label(StringInfo out, const Velocity *velocity, uint32 stage)
{
	JourneyLabel label = velocity_label(velocity, &velocity_stages_of(velocity)[stage]);

	label_write(out, label.text, label.len);
}

static void
begin_item(StringInfo out, bool *first)
{
	if (!*first)
		appendStringInfoString(out, "; ");
	*first = false;
}

static void
write_stage(StringInfo out, const Velocity *trimmed, uint32 number)
{
	const VelocityStage *stage = &velocity_stages_of(trimmed)[number];

	write_label(out, trimmed, number);
	if (stage->starts > 0)
		appendStringInfo(out, " start " UINT64_FORMAT, stage->starts);
	if (stage->ages != 0)
	{
		appendStringInfoString(out, " open ");
		digest_write(out, velocity_digest(trimmed, stage->ages));
	}
	else if (stage->open > 0)
		appendStringInfo(out, " open " UINT64_FORMAT, stage->open);
}

/*
 * Appends the canonical text.
 */
void
velocity_write(StringInfo out, const Velocity *trimmed)
{
	bool		first = true;
	int			start = out->len;

	velocity_spec_write(out, &trimmed->spec);
	appendStringInfoString(out, out->len > start ? " {" : "{");
	for (uint32 i = 0; i < trimmed->nstages; i++)
	{
		const VelocityStage *stage = &velocity_stages_of(trimmed)[i];

		if (stage->starts == 0 && stage->open == 0)
			continue;
		begin_item(out, &first);
		write_stage(out, trimmed, i);
	}
	for (uint32 i = 0; i < trimmed->nmoves; i++)
	{
		const VelocityMove *move = &velocity_moves_of(trimmed)[i];

		CHECK_FOR_INTERRUPTS();
		begin_item(out, &first);
		write_label(out, trimmed, move->from);
		appendStringInfoString(out, " > ");
		write_label(out, trimmed, move->to);
		appendStringInfoChar(out, ' ');
		digest_write(out, velocity_digest(trimmed, move->dwells));
	}
	appendStringInfoChar(out, '}');
}

/* A velocity being read. */
typedef struct Reading
{
	Scanner		scanner;
	Velocity   *velocity;
	LabelBook  *book;
	PureError  *error;
} Reading;

static bool
read_count(Scanner *scanner, uint64 *count)
{
	int64		number = 0;

	if (scanner->kind != SCAN_WORD)
		return scan_unexpected(scanner, "a count");
	for (const char *p = scanner->value.data; *p; p++)
	{
		if (*p < '0' || *p > '9')
			return scan_unexpected(scanner, "a count");
		if (pg_mul_s64_overflow(number, 10, &number) ||
			pg_add_s64_overflow(number, *p - '0', &number))
			return scan_fail(scanner, PURE_LIMIT, "a count is too large");
	}
	if (number == 0)
		return scan_fail(scanner, PURE_VALUE, "what is counted must be there at least once");
	*count = number;
	scan_next(scanner);
	return true;
}

static bool
read_digest(Scanner *scanner, Digest **digest)
{
	const char *p = scanner->start;

	*digest = digest_read(&p, scanner->end, scanner->error);
	if (*digest == NULL)
		return pure_at(scanner->error, scanner->text, scanner->start);
	if ((*digest)->count == 0)
		return scan_fail(scanner, PURE_VALUE, "what is counted must be there at least once");
	scanner->next = p;
	scan_next(scanner);
	return true;
}

static bool
read_label(Reading *reading, uint32 *code)
{
	JourneyLabel label;

	if (!scan_label(&reading->scanner, &label))
		return false;
	*code = label_book_code(reading->book, label.text, label.len);
	return true;
}

/* "> to dwells", behind a stage */
static bool
read_move(Reading *reading, uint32 from)
{
	uint32		to;
	Digest	   *dwells;

	return read_label(reading, &to) &&
		read_digest(&reading->scanner, &dwells) &&
		velocity_put_move(&reading->velocity, reading->book, from, to, dwells, reading->error);
}

/* "start n open n", behind a stage: at least one of them */
static bool
read_stage(Reading *reading, uint32 code)
{
	Scanner    *scanner = &reading->scanner;
	uint64		starts = 0,
				open = 0;
	Digest	   *ages = NULL;

	if (!scan_is(scanner, "start") && !scan_is(scanner, "open"))
		return scan_unexpected(scanner, "\">\", \"start\" or \"open\"");
	if (scan_accept(scanner, "start") && !read_count(scanner, &starts))
		return false;
	if (scan_accept(scanner, "open"))
	{
		if (!velocity_spec_has_as_of(&reading->velocity->spec))
		{
			if (!read_count(scanner, &open))
				return false;
		}
		else if (!read_digest(scanner, &ages))
			return false;
	}
	return velocity_put_stage(&reading->velocity, reading->book, code, starts, open, ages,
							  reading->error);
}

/* What stands between the braces, in any order; what is given twice is added up. */
static bool
read_items(Reading *reading)
{
	Scanner    *scanner = &reading->scanner;

	if (scan_accept_mark(scanner, '}'))
		return true;
	do
	{
		uint32		code;

		CHECK_FOR_INTERRUPTS();
		if (!read_label(reading, &code))
			return false;
		if (scan_accept_mark(scanner, '>') ? !read_move(reading, code) : !read_stage(reading, code))
			return false;
	} while (scan_accept_mark(scanner, ';'));
	return scan_expect_mark(scanner, '}');
}

/*
 * Reads a velocity; it is trimmed, palloc'd, or NULL once error is filled in.
 */
Velocity *
velocity_read(const char *text, size_t len, PureError *error)
{
	Reading		reading = {.error = error};
	VelocitySpec spec;

	scan_begin(&reading.scanner, text, len, error);
	if (!velocity_spec_scan(&reading.scanner, &spec) ||
		!scan_expect_mark(&reading.scanner, '{'))
		return NULL;
	if (!velocity_spec_check(&spec, error))
		return NULL;
	reading.velocity = velocity_create(&spec);
	reading.book = label_book_create(1);
	if (!read_items(&reading) || !scan_finish(&reading.scanner))
		return NULL;
	return velocity_trim(reading.velocity);
}
