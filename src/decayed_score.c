/*-------------------------------------------------------------------------
 *
 * decayed_score.c
 *		Points that halve with time: adding, merging, reading at an instant.
 *
 *-------------------------------------------------------------------------
 */
#include "pure.h"

#include <math.h>

#include "decayed_score.h"
#include "instant.h"

/* An instant, in half-lives since the epoch. */
typedef struct Position
{
	int64		part;			/* which DECAYED_SPAN half-lives */
	int			whole;			/* half-lives within those */
	double		rest;			/* of one half-life, below 1 */
} Position;

static int64
divide_down(int64 a, int64 b, int64 *rest)
{
	int64		quotient = a / b;

	*rest = a - quotient * b;
	if (*rest < 0)
	{
		*rest += b;
		quotient--;
	}
	return quotient;
}

static Position
position_of(TimestampTz at, int64 half_life)
{
	Position	position;
	int64		rest,
				whole;

	whole = divide_down(at, half_life, &rest);
	position.rest = (double) rest / (double) half_life;
	position.part = divide_down(whole, DECAYED_SPAN, &rest);
	position.whole = rest;
	return position;
}

static bool
is_negative(const Wide *part)
{
	return part->high >> 63;
}

static void
negate(Wide *part)
{
	part->low = ~part->low;
	part->high = ~part->high;
	wide_add_word(part, 1);
}

/* A whole number below 2^127 either way. */
static Wide
wide_from_double(double number)
{
	double		size = fabs(number);
	Wide		wide;

	wide.high = (uint64) (size / 18446744073709551616.0);
	wide.low = (uint64) (size - (double) wide.high * 18446744073709551616.0);
	if (number < 0)
		negate(&wide);
	return wide;
}

static double
wide_as_double(const Wide *part)
{
	Wide		size = *part;

	if (!is_negative(part))
		return wide_to_double(part);
	negate(&size);
	return -wide_to_double(&size);
}

/* Of -2^127, which the text could not say either. */
static bool
has_no_opposite(const Wide *part)
{
	return part->high == UINT64CONST(1) << 63 && part->low == 0;
}

static bool
add_to_part(Wide *part, const Wide *term, PureError *error)
{
	bool		negative = is_negative(part);

	wide_add(part, term);
	if ((negative == is_negative(term) && negative != is_negative(part)) || has_no_opposite(part))
		return pure_fail(error, PURE_LIMIT, "a decayed score is out of range");
	return true;
}

static bool
has_other_half_life(const DecayedScore *score, int64 half_life, PureError *error)
{
	StringInfoData one,
				other;

	if (likely(score->half_life == half_life))
		return false;
	initStringInfo(&one);
	decayed_half_life_write(&one, score->half_life);
	initStringInfo(&other);
	decayed_half_life_write(&other, half_life);
	pure_fail(error, PURE_VALUE, "scores of different half-lives cannot be added");
	pure_detail(error, "One halves in %s, the other in %s.", one.data, other.data);
	return true;
}

/* Makes the score one of that instant, if it is not one of a later. */
static void
move_to(DecayedScore *score, TimestampTz at)
{
	int64		steps;

	if (at <= score->instant)
		return;
	steps = position_of(at, score->half_life).part - position_of(score->instant, score->half_life).part;
	score->instant = at;
	if (steps == 0)
		return;
	for (int i = DECAYED_PARTS - 1; i >= 0; i--)
	{
		if (i >= steps)
			score->parts[i] = score->parts[i - steps];
		else
			memset(&score->parts[i], 0, sizeof(Wide));
	}
}

static bool
points_fit(double points, TimestampTz at, PureError *error)
{
	if (isnan(points) || fabs(points) > DECAYED_MAX_POINTS)
		return pure_fail(error, PURE_VALUE, "points must be a number from -1000000000 to 1000000000");
	if (TIMESTAMP_NOT_FINITE(at))
		return pure_fail(error, PURE_VALUE, "points need an instant that is finite");
	return true;
}

/* Adds points that are not newer than the score. */
static bool
put_points(DecayedScore *score, double points, TimestampTz at, PureError *error)
{
	Position	position = position_of(at, score->half_life);
	int64		age = position_of(score->instant, score->half_life).part - position.part;
	Wide		term;

	if (age >= DECAYED_PARTS)
		return true;
	term = wide_from_double(rint(ldexp(points * exp2(position.rest), position.whole + DECAYED_PLACES)));
	return add_to_part(&score->parts[age], &term, error);
}

/*
 * One event: points at an instant, with a half-life that is more than nothing.
 */
bool
decayed_score_begin(DecayedScore *score, double points, TimestampTz at, int64 half_life,
					PureError *error)
{
	if (!points_fit(points, at, error))
		return false;
	memset(score, 0, sizeof(*score));
	score->version = DECAYED_SCORE_VERSION;
	score->instant = at;
	score->half_life = half_life;
	return put_points(score, points, at, error);
}

/*
 * Adds an event.
 */
bool
decayed_score_add(DecayedScore *score, double points, TimestampTz at, int64 half_life,
				  PureError *error)
{
	if (has_other_half_life(score, half_life, error) || !points_fit(points, at, error))
		return false;
	move_to(score, at);
	return put_points(score, points, at, error);
}

/*
 * Adds another score.
 */
bool
decayed_score_merge(DecayedScore *score, const DecayedScore *other, PureError *error)
{
	int64		age;

	if (has_other_half_life(score, other->half_life, error))
		return false;
	move_to(score, other->instant);
	age = position_of(score->instant, score->half_life).part -
		position_of(other->instant, score->half_life).part;
	for (int64 i = age; i < DECAYED_PARTS; i++)
	{
		if (!add_to_part(&score->parts[i], &other->parts[i - age], error))
			return false;
	}
	return true;
}

/*
 * Do bytes from elsewhere make a score?
 */
bool
decayed_score_check(const DecayedScore *score, PureError *error)
{
	if (!IS_VALID_TIMESTAMP(score->instant))
		return pure_fail(error, PURE_BINARY, "its instant is out of range");
	if (score->half_life <= 0)
		return pure_fail(error, PURE_BINARY, "its half-life is not positive");
	for (int i = 0; i < DECAYED_PARTS; i++)
		if (has_no_opposite(&score->parts[i]))
			return pure_fail(error, PURE_BINARY, "a part is out of range");
	return true;
}

/* To nine decimals, or fifteen digits where that is less: behind them there is only noise. */
static double
without_noise(double value)
{
	char		digits[64];

	if (fabs(value) < 1e6)
		value = rint(value * 1e9) / 1e9;
	snprintf(digits, sizeof(digits), "%.15g", value);
	return strtod(digits, NULL) + 0.0;	/* no negative zero */
}

/*
 * What the score is worth at an instant that is not before its own.
 */
double
decayed_score_value(const DecayedScore *score, TimestampTz at)
{
	Position	position = position_of(at, score->half_life);
	int64		age = position.part - position_of(score->instant, score->half_life).part;
	double		sum = 0;

	for (int i = DECAYED_PARTS - 1; i >= 0; i--)
		sum += ldexp(wide_as_double(&score->parts[i]), -DECAYED_SPAN * i);
	/* Beyond a thousand half-lives nothing is left of 2^127; nor in the end, however long they are. */
	if (age > 1000 / DECAYED_SPAN || at == DT_NOEND)
		return 0;
	return without_noise(ldexp(sum * exp2(-position.rest),
							   -(int) age * DECAYED_SPAN - position.whole - DECAYED_PLACES));
}

/*
 * The length of a half-life: days have 24 hours, months have none.
 */
bool
decayed_half_life(const Interval *span, int64 *half_life, PureError *error)
{
	if (span->month != 0)
	{
		pure_fail(error, PURE_VALUE, "a half-life cannot have months or years");
		return pure_hint(error, "They differ in length. Write it in days, such as 30 days.");
	}
	if (__builtin_mul_overflow((int64) span->day, USECS_PER_DAY, half_life) ||
		__builtin_add_overflow(*half_life, span->time, half_life))
		return pure_fail(error, PURE_VALUE, "a half-life cannot be longer than 292,000 years");
	if (*half_life <= 0)
		return pure_fail(error, PURE_VALUE, "a half-life must be more than no time");
	return true;
}

/*
 * Appends a half-life as a span.
 */
void
decayed_half_life_write(StringInfo out, int64 half_life)
{
	StringInfoData text;
	Interval	span = {0};

	span.day = half_life / USECS_PER_DAY;
	span.time = half_life % USECS_PER_DAY;
	initStringInfo(&text);		/* of its own: inside a list span_write would put a blank first */
	span_write(&text, &span);
	appendStringInfoString(out, text.data);
	pfree(text.data);
}
