/*-------------------------------------------------------------------------
 *
 * funnel_io.c
 *		The types funnel_spec and funnel: input, output, constructor, Datums.
 *
 * A funnel_spec holds a version byte, a reserved byte of 0 and its canonical text.
 * Binary forms:
 *
 *	funnel_spec
 *		int8	version, 1
 *		text	to the end of the message
 *
 *	funnel
 *		int8	version, 1
 *		int32	length of the specification's text, and the text
 *		int64	levels, one more than steps
 *		int64	pending, one a step
 *				one digest a step but the first
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "funnel_io.h"
#include "report.h"
#include "wire.h"

#define SPEC_VERSION 1
#define SPEC_HEAD 2
#define WIRE_VERSION 1

static void
check_version(const char *type, int version)
{
	if (version != 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s has unknown format version %d", type, version),
				 errhint("It was written by a newer version of crm_lifecycle.")));
}

static struct varlena *
spec_value(const FunnelSpec *spec)
{
	static const char head[SPEC_HEAD] = {SPEC_VERSION, 0};
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	appendBinaryStringInfo(&out, head, SPEC_HEAD);
	funnel_spec_print(&out, spec);
	SET_VARSIZE(out.data, out.len);
	return (struct varlena *) out.data;
}

static void
parse_spec(FunnelSpec *spec, const char *text, size_t len)
{
	PureError	error;

	if (!funnel_spec_parse(spec, text, len, &error))
		report_pure_error(&error);
}

static void
open_spec(FunnelSpec *spec, struct varlena *value)
{
	check_version("funnel_spec", VARDATA_ANY(value)[0]);
	parse_spec(spec, VARDATA_ANY(value) + SPEC_HEAD, VARSIZE_ANY_EXHDR(value) - SPEC_HEAD);
}

PG_FUNCTION_INFO_V1(funnel_spec_in);
Datum
funnel_spec_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	FunnelSpec	spec;

	parse_spec(&spec, text, strlen(text));
	PG_RETURN_POINTER(spec_value(&spec));
}

PG_FUNCTION_INFO_V1(funnel_spec_out);
Datum
funnel_spec_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	check_version("funnel_spec", VARDATA_ANY(value)[0]);
	PG_RETURN_CSTRING(pnstrdup(VARDATA_ANY(value) + SPEC_HEAD,
							   VARSIZE_ANY_EXHDR(value) - SPEC_HEAD));
}

PG_FUNCTION_INFO_V1(funnel_spec_recv);
Datum
funnel_spec_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	FunnelSpec	spec;
	char	   *text;
	int			len;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse("funnel_spec", "its version is unknown");
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &len);
	parse_spec(&spec, text, len);
	PG_RETURN_POINTER(spec_value(&spec));
}

PG_FUNCTION_INFO_V1(funnel_spec_send);
Datum
funnel_spec_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	StringInfoData buf;

	check_version("funnel_spec", VARDATA_ANY(value)[0]);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	pq_sendtext(&buf, VARDATA_ANY(value) + SPEC_HEAD, VARSIZE_ANY_EXHDR(value) - SPEC_HEAD);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
refuse_argument(const char *name, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s %s", name, what)));
}

static void
report_if(bool failed, const PureError *error)
{
	if (failed)
		report_pure_error(error);
}

/* The stages of a text[] argument, none where it is NULL. */
static int
label_array(FunctionCallInfo fcinfo, int argno, const char *name, JourneyLabel **labels)
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
		struct varlena *text;

		if (nulls[i])
			refuse_argument(name, "must not contain NULL");
		text = PG_DETOAST_DATUM_PACKED(values[i]);
		(*labels)[i].text = VARDATA_ANY(text);
		(*labels)[i].len = VARSIZE_ANY_EXHDR(text);
		if ((*labels)[i].len > JOURNEY_MAX_LABEL_LEN)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("stage label of %u bytes is too long", (*labels)[i].len)));
	}
	return n;
}

/* A span that the text form can say. */
static Interval
span_argument(Datum value, const char *name)
{
	Interval   *span = DatumGetIntervalP(value);

	if (INTERVAL_NOT_FINITE(span))
		refuse_argument(name, "must not be infinite");
	if (span->month < 0 || span->day < 0 || span->time < 0)
		refuse_argument(name, "must not be negative, neither in months nor in days nor in time");
	return *span;
}

/* One limit a step, the first one NULL; or one a step but the first. */
static void
limits_argument(FunctionCallInfo fcinfo, int argno, FunnelSpec *spec)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			skip;

	if (PG_ARGISNULL(argno))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), INTERVALOID, sizeof(Interval), false,
					  TYPALIGN_DOUBLE, &values, &nulls, &n);
	skip = spec->nsteps - n;
	if (skip != 0 && skip != 1)
		refuse_argument("per_step", "must have one element a step, the first of them NULL");
	for (int i = 0; i < n; i++)
	{
		FunnelStep *step = &spec->steps[i + skip];

		step->limited = !nulls[i];
		if (step->limited)
			step->limit = span_argument(values[i], "per_step");
	}
}

/* One of the words; the first is what NULL means. */
static int
word_argument(FunctionCallInfo fcinfo, int argno, const char *name, const char *const *words)
{
	char	   *value;

	if (PG_ARGISNULL(argno))
		return 0;
	value = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	for (int i = 0; words[i] != NULL; i++)
		if (pg_strcasecmp(value, words[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s: \"%s\"", name, value),
			 errhint("It is one of %s, %s%s%s.", words[0], words[1],
					 words[2] ? ", " : "", words[2] ? words[2] : "")));
	return 0;					/* keep the compiler quiet */
}

/* An instant of a range's bound, not included; microseconds are whole numbers. */
static TimestampTz
bound_instant(const RangeBound *bound)
{
	TimestampTz at = DatumGetTimestampTz(bound->val);

	if (bound->infinite)
		return bound->lower ? DT_NOBEGIN : DT_NOEND;
	if (TIMESTAMP_NOT_FINITE(at))
		refuse_argument("entered", "must not have an infinite instant; leave that bound out");
	return bound->inclusive == bound->lower ? at : at + 1;
}

static void
entered_argument(FunctionCallInfo fcinfo, int argno, FunnelSpec *spec)
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
		refuse_argument("entered", "must not be empty");
	spec->entered_from = bound_instant(&lower);
	spec->entered_to = bound_instant(&upper);
}

static TimestampTz
as_of_argument(FunctionCallInfo fcinfo, int argno)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(argno);

	if (TIMESTAMP_NOT_FINITE(at))
		refuse_argument("as_of", "must be finite");
	return at;
}

/*
 * funnel_spec(steps, per_step, within, ordering, entry, reach, exclude, entered, as_of)
 */
PG_FUNCTION_INFO_V1(funnel_spec);
Datum
funnel_spec(PG_FUNCTION_ARGS)
{
	static const char *const orderings[] = {"ordered", "adjacent", "any", NULL};
	static const char *const entries[] = {"best", "first", NULL};
	static const char *const reaches[] = {"exact", "at_least", NULL};
	JourneyLabel *labels;
	FunnelSpec	spec;
	FunnelPart	part;
	PureError	error;
	int			n;

	funnel_spec_begin(&spec);
	n = label_array(fcinfo, 0, "steps", &labels);
	for (int i = 0; i < n; i++)
		report_if(!funnel_spec_add_step(&spec, labels[i], &error), &error);
	limits_argument(fcinfo, 1, &spec);
	spec.windowed = !PG_ARGISNULL(2);
	if (spec.windowed)
		spec.within = span_argument(PG_GETARG_DATUM(2), "within");
	spec.ordering = word_argument(fcinfo, 3, "ordering", orderings);
	spec.first_entry = word_argument(fcinfo, 4, "entry", entries);
	spec.at_least = word_argument(fcinfo, 5, "reach", reaches);
	n = label_array(fcinfo, 6, "exclude", &labels);
	for (int i = 0; i < n; i++)
		report_if(!funnel_spec_exclude(&spec, labels[i], &error), &error);
	entered_argument(fcinfo, 7, &spec);
	if (!PG_ARGISNULL(8))
		spec.as_of = as_of_argument(fcinfo, 8);
	report_if(!funnel_spec_check(&spec, &part, &error), &error);
	PG_RETURN_POINTER(spec_value(&spec));
}

static void
set_as_of(FunnelSpec *spec, TimestampTz as_of)
{
	FunnelPart	part;
	PureError	error;

	if (spec->as_of != DT_NOEND && spec->as_of != as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of differs from the \"as of\" of the funnel_spec")));
	spec->as_of = as_of;
	report_if(!funnel_spec_check(spec, &part, &error), &error);
}

/* Makes the specification ready, in a context of its own. */
static void
plan_funnel(PlannedFunnel *planned, struct varlena *value, TimestampTz as_of)
{
	MemoryContext caller;
	StringInfoData text;
	FunnelSpec	spec;

	planned->plan = NULL;
	MemoryContextReset(planned->context);
	caller = MemoryContextSwitchTo(planned->context);
	planned->value = palloc(VARSIZE_ANY(value));
	memcpy(planned->value, value, VARSIZE_ANY(value));
	planned->as_of = as_of;
	open_spec(&spec, value);
	if (as_of != DT_NOEND)
		set_as_of(&spec, as_of);
	initStringInfo(&text);
	funnel_spec_print(&text, &spec);
	planned->text = text.data;
	planned->text_len = text.len;
	planned->nsteps = spec.nsteps;
	planned->plan = funnel_plan(&spec);
	MemoryContextSwitchTo(caller);
}

static bool
same_value(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/*
 * The specification of a call, made ready once and not once a row.  Neither argument
 * may be NULL; as_of_arg may be NO_ARGUMENT.
 */
PlannedFunnel *
funnel_planned(FunctionCallInfo fcinfo, int spec_arg, int as_of_arg)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(spec_arg);
	TimestampTz as_of = as_of_arg == NO_ARGUMENT ? DT_NOEND : as_of_argument(fcinfo, as_of_arg);
	PlannedFunnel *planned = fcinfo->flinfo->fn_extra;

	if (planned == NULL)
	{
		planned = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PlannedFunnel));
		planned->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "planned funnel",
												 ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = planned;
	}
	if (planned->plan == NULL || planned->as_of != as_of || !same_value(planned->value, value))
		plan_funnel(planned, value, as_of);
	return planned;
}

/*
 * Opens a funnel: with a full header, as its parts must be aligned.
 */
Funnel *
funnel_open_datum(Datum value)
{
	Funnel	   *funnel = (Funnel *) PG_DETOAST_DATUM(value);

	check_version("funnel", funnel->version);
	return funnel;
}

/*
 * Sets the header that pure code knows nothing of.
 */
Datum
funnel_datum(Funnel *funnel)
{
	FunnelParts parts;

	funnel_open(funnel, &parts);
	SET_VARSIZE(funnel, parts.size);
	return PointerGetDatum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_in);
Datum
funnel_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	Funnel	   *funnel = funnel_parse(text, strlen(text), &error);

	report_if(funnel == NULL, &error);
	return funnel_datum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_out);
Datum
funnel_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	funnel_print(&out, funnel_trim(funnel_open_datum(PG_GETARG_DATUM(0))));
	PG_RETURN_CSTRING(out.data);
}

static void
receive_counts(StringInfo buf, uint64 *counts, int n)
{
	for (int i = 0; i < n; i++)
		counts[i] = pq_getmsgint64(buf);
}

static void
receive_times(StringInfo buf, Digest **times, int nsteps)
{
	PureError	error;

	for (int step = 1; step < nsteps; step++)
	{
		const char *cursor = buf->data + buf->cursor;

		times[step] = digest_receive(&cursor, buf->data + buf->len, &error);
		report_if(times[step] == NULL, &error);
		buf->cursor = cursor - buf->data;
	}
}

PG_FUNCTION_INFO_V1(funnel_recv);
Datum
funnel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	uint64		levels[FUNNEL_MAX_STEPS + 1];
	uint64		pending[FUNNEL_MAX_STEPS];
	Digest	   *times[FUNNEL_MAX_STEPS];
	FunnelSpec	spec;
	Funnel	   *funnel;
	PureError	error;
	char	   *text;
	int			len;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse("funnel", "its version is unknown");
	len = wire_receive_count(buf, MaxAllocSize, 1, "funnel");
	text = pq_getmsgtext(buf, len, &len);
	parse_spec(&spec, text, len);
	receive_counts(buf, levels, spec.nsteps + 1);
	receive_counts(buf, pending, spec.nsteps);
	receive_times(buf, times, spec.nsteps);
	wire_receive_end(buf, "funnel");
	funnel = funnel_assemble(&spec, levels, pending, times, &error);
	if (funnel == NULL)
		wire_refuse("funnel", error.message);
	return funnel_datum(funnel);
}

PG_FUNCTION_INFO_V1(funnel_send);
Datum
funnel_send(PG_FUNCTION_ARGS)
{
	Funnel	   *funnel = funnel_trim(funnel_open_datum(PG_GETARG_DATUM(0)));
	StringInfoData buf;
	FunnelParts parts;

	funnel_open(funnel, &parts);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, WIRE_VERSION);
	send_counted_text(&buf, funnel->spec, funnel->spec_len);
	for (int i = 0; i <= funnel->nsteps; i++)
		pq_sendint64(&buf, parts.levels[i]);
	for (int i = 0; i < funnel->nsteps; i++)
		pq_sendint64(&buf, parts.pending[i]);
	for (int step = 1; step < funnel->nsteps; step++)
		digest_send(&buf, parts.times[step]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
