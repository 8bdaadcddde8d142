/*-------------------------------------------------------------------------
 *
 * spec_args.c
 *		The named arguments of the functions that make specifications.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "report.h"
#include "spec_args.h"

void
refuse_argument(const char *name, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s %s", name, what)));
}

void
report_if(bool failed, const PureError *error)
{
	if (failed)
		report_pure_error(error);
}

static JourneyLabel
label_of_text(Datum value)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
	JourneyLabel label = {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};

	if (label.len > JOURNEY_MAX_LABEL_LEN)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("stage label of %u bytes is too long", label.len)));
	return label;
}

/*
 * The stage of a text argument.
 */
JourneyLabel
argument_label(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		refuse_argument(name, "must not be NULL");
	return label_of_text(PG_GETARG_DATUM(argno));
}

/*
 * The stages of a text[] argument, none where it is NULL.
 */
int
argument_labels(FunctionCallInfo fcinfo, int argno, const char *name, JourneyLabel **labels)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;

	if (PG_ARGISNULL(argno))
		return 0;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	*labels = palloc(Max(n, 1) * sizeof(JourneyLabel));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			refuse_argument(name, "must not contain NULL");
		(*labels)[i] = label_of_text(values[i]);
	}
	return n;
}

/*
 * A span that the text form can say.
 */
Interval
argument_span(Datum value, const char *name)
{
	Interval   *span = DatumGetIntervalP(value);

	if (INTERVAL_NOT_FINITE(span))
		refuse_argument(name, "must not be infinite");
	if (span->month < 0 || span->day < 0 || span->time < 0)
		refuse_argument(name, "must not be negative, neither in months nor in days nor in time");
	return *span;
}

/*
 * One of the words; the first is what NULL means.
 */
int
argument_word(FunctionCallInfo fcinfo, int argno, const char *name, const char *const *words)
{
	char	   *value;
	StringInfoData all;

	if (PG_ARGISNULL(argno))
		return 0;
	value = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	initStringInfo(&all);
	for (int i = 0; words[i] != NULL; i++)
	{
		if (pg_strcasecmp(value, words[i]) == 0)
			return i;
		appendStringInfo(&all, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s: \"%s\"", name, value),
			 errhint("It is one of %s.", all.data)));
	return 0;					/* keep the compiler quiet */
}

TimestampTz
argument_instant(FunctionCallInfo fcinfo, int argno, const char *name)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(argno);

	if (TIMESTAMP_NOT_FINITE(at))
		refuse_argument(name, "must be finite");
	return at;
}

/* The first instant in the range, or the first behind it; microseconds are whole numbers. */
static TimestampTz
instant_of_bound(const RangeBound *bound, const char *name)
{
	TimestampTz at = DatumGetTimestampTz(bound->val);

	if (bound->infinite)
		return bound->lower ? DT_NOBEGIN : DT_NOEND;
	if (TIMESTAMP_NOT_FINITE(at))
		refuse_argument(name, "must not have an infinite instant; leave that bound out");
	return bound->inclusive == bound->lower ? at : at + 1;
}

/*
 * The period of a tstzrange argument; its ends are left alone where it is NULL.
 */
void
argument_period(FunctionCallInfo fcinfo, int argno, const char *name, TimestampTz *from,
				TimestampTz *to)
{
	RangeType  *range;
	TypeCacheEntry *type;
	RangeBound	lower,
				upper;
	bool		empty;

	if (PG_ARGISNULL(argno))
		return;
	range = PG_GETARG_RANGE_P(argno);
	type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	range_deserialize(type, range, &lower, &upper, &empty);
	if (empty)
		refuse_argument(name, "must not be empty");
	*from = instant_of_bound(&lower, name);
	*to = instant_of_bound(&upper, name);
}
