/*-------------------------------------------------------------------------
 *
 * velocity_spec.c
 *		What a velocity counts, as text.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include "velocity_spec.h"

/*
 * The specification that counts everything.
 */
void
velocity_spec_start(VelocitySpec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->version = VELOCITY_SPEC_VERSION;
	spec->moved_from = DT_NOBEGIN;
	spec->moved_to = DT_NOEND;
	spec->as_of = DT_NOEND;
}

/* A finite instant, or the one value that means "none here". */
static bool
is_bound(TimestampTz at, TimestampTz none)
{
	return at == none || IS_VALID_TIMESTAMP(at);
}

/*
 * Is this one that text could have given?
 */
bool
velocity_spec_check(const VelocitySpec *spec, PureError *error)
{
	if (!is_bound(spec->moved_from, DT_NOBEGIN) || !is_bound(spec->moved_to, DT_NOEND) ||
		!is_bound(spec->as_of, DT_NOEND))
		return pure_fail(error, PURE_VALUE, "an instant of a velocity_spec must be finite");
	if (spec->moved_from >= spec->moved_to)
		return pure_fail(error, PURE_VALUE, "a period must end after it begins");
	return true;
}

/*
 * Reads the parts that are there and stops at the first token that is none.
 */
bool
velocity_spec_scan(Scanner *scanner, VelocitySpec *spec)
{
	velocity_spec_start(spec);
	if (scan_accept(scanner, "moved") &&
		!scan_period(scanner, &spec->moved_from, &spec->moved_to))
		return false;
	if (scan_accept(scanner, "as"))
		return scan_expect(scanner, "of") && scan_instant(scanner, &spec->as_of);
	return true;
}

bool
velocity_spec_read(VelocitySpec *spec, const char *text, size_t len, PureError *error)
{
	Scanner		scanner;

	scan_begin(&scanner, text, len, error);
	if (!velocity_spec_scan(&scanner, spec))
		return false;
	return scanner.kind == SCAN_END ||
		scan_unexpected(&scanner, "\"moved\", \"as of\" or the end");
}

/*
 * Appends the canonical text.
 */
void
velocity_spec_write(StringInfo out, const VelocitySpec *spec)
{
	bool		moved = spec->moved_from != DT_NOBEGIN || spec->moved_to != DT_NOEND;

	if (moved)
	{
		appendStringInfoString(out, "moved ");
		scan_write_period(out, spec->moved_from, spec->moved_to);
	}
	if (velocity_spec_has_as_of(spec))
	{
		appendStringInfoString(out, moved ? " as of " : "as of ");
		scan_write_instant(out, spec->as_of);
	}
}
