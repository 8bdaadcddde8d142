/*-------------------------------------------------------------------------
 *
 * spec_face.c
 *		What the types of specifications have in common; see spec_face.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "nodes/primnodes.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "face.h"
#include "report.h"
#include "rules.h"
#include "spec_args.h"
#include "spec_face.h"
#include "wire.h"

#define SPEC_VERSION 1
#define SPEC_HEAD 2

/*
 * Refuses a stored value of a format that is not the one known here.
 */
void
require_version(const char *type, int version, int known)
{
	if (version != known)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s has unknown format version %d", type, version),
				 errhint("It was written by a newer version of crm_lifecycle.")));
}

/*
 * Refuses to add a row to a summary of another specification.
 */
void
refuse_mixed_specs(const char *summaries, const char *spec, size_t len, const char *other,
				   size_t other_len)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the rows of one group ask for different %s", summaries),
			 errdetail("One is \"%.*s\", the other \"%.*s\".", (int) len, spec, (int) other_len, other),
			 errhint("Group by whatever the specification depends on.")));
}

/*
 * Until ALTER EXTENSION ... UPDATE, a database may declare the type as an earlier version
 * had it: of fixed length.  Such a value must not be taken for one of ours.
 */
static void
require_layout(const SpecType *type)
{
	Oid			oid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(type->name),
									  ObjectIdGetDatum(get_namespace_oid(CRM_SCHEMA, false)));

	if (get_typlen(oid) != -1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s is declared as in an earlier version of crm_lifecycle", type->name),
				 errhint("ALTER EXTENSION crm_lifecycle UPDATE;")));
}

/*
 * Begins a value, behind which the caller prints the canonical text.
 */
void
spec_value_begin(StringInfo value)
{
	static const char head[SPEC_HEAD] = {SPEC_VERSION, 0};

	initStringInfo(value);
	appendStringInfoSpaces(value, VARHDRSZ);
	appendBinaryStringInfo(value, head, SPEC_HEAD);
}

Datum
spec_value_end(StringInfo value)
{
	SET_VARSIZE(value->data, value->len);
	return PointerGetDatum(value->data);
}

static Datum
value_from_text(const SpecType *type, const char *text, size_t len)
{
	StringInfoData value;
	PureError	error;

	spec_value_begin(&value);
	if (!type->canonize(&value, text, len, &error))
		report_pure_error(&error);
	return spec_value_end(&value);
}

/* The text of a value, which points into it. */
static const char *
text_of_value(const SpecType *type, struct varlena *value, size_t *len)
{
	require_version(type->name, VARDATA_ANY(value)[0], SPEC_VERSION);
	*len = VARSIZE_ANY_EXHDR(value) - SPEC_HEAD;
	return VARDATA_ANY(value) + SPEC_HEAD;
}

Datum
spec_in(const SpecType *type, FunctionCallInfo fcinfo)
{
	char	   *text = PG_GETARG_CSTRING(0);
	StringInfoData value;
	PureError	error;

	require_layout(type);
	spec_value_begin(&value);
	if (!type->canonize(&value, text, strlen(text), &error))
	{
		if (error.kind == PURE_SYNTAX && error.hint == NULL)
			(void) pure_hint(&error, "Write it like this: %s.", type->example);
		return refuse_input(fcinfo, &error);
	}
	return spec_value_end(&value);
}

Datum
spec_out(const SpecType *type, FunctionCallInfo fcinfo)
{
	size_t		len;
	const char *text;

	require_layout(type);
	text = text_of_value(type, PG_GETARG_VARLENA_PP(0), &len);
	PG_RETURN_CSTRING(pnstrdup(text, len));
}

Datum
spec_recv(const SpecType *type, FunctionCallInfo fcinfo)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	char	   *text;
	int			len;

	require_layout(type);
	if (pq_getmsgbyte(buf) != SPEC_VERSION)
		wire_refuse(type->name, "its version is unknown");
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &len);
	return value_from_text(type, text, len);
}

Datum
spec_send(const SpecType *type, FunctionCallInfo fcinfo)
{
	size_t		len;
	const char *text;
	StringInfoData buf;

	require_layout(type);
	text = text_of_value(type, PG_GETARG_VARLENA_PP(0), &len);
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, SPEC_VERSION);
	pq_sendtext(&buf, text, len);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static bool
same_value(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static void
make_ready(const SpecType *type, SpecCache *cache, struct varlena *value, TimestampTz as_of)
{
	MemoryContext caller;
	const char *text;
	size_t		len;

	cache->ready = NULL;
	cache->fixed = false;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	cache->value = palloc(VARSIZE_ANY(value));
	memcpy(cache->value, value, VARSIZE_ANY(value));
	cache->as_of = as_of;
	text = text_of_value(type, cache->value, &len);
	cache->ready = type->prepare(text, len, as_of);
	MemoryContextSwitchTo(caller);
}

/*
 * Does the query itself say what the argument is, for all that this call site will see?
 * A parameter is the same for all rows of an aggregate, whose call site is of one
 * execution; but PL/pgSQL keeps that of a function from one evaluation to the next, with
 * other parameters.
 */
static bool
argument_is_fixed(FunctionCallInfo fcinfo, int argno)
{
	Aggref	   *aggref = AggGetAggref(fcinfo);
	Node	   *call = fcinfo->flinfo->fn_expr;
	Node	   *argument;

	if (aggref == NULL)
		return call != NULL && IsA(call, FuncExpr) &&
			IsA(list_nth(((FuncExpr *) call)->args, argno), Const);
	/* Its function's first argument is the state. */
	argument = (Node *) list_nth_node(TargetEntry, aggref->args, argno - 1)->expr;
	return IsA(argument, Const) ||
		(IsA(argument, Param) && ((Param *) argument)->paramkind == PARAM_EXTERN);
}

/*
 * What spec_ready() does where it does not suffice to look at the cache.
 */
void *
spec_make_ready(const SpecType *type, SpecCache *cache, FunctionCallInfo fcinfo, int spec_arg,
				int as_of_arg)
{
	TimestampTz as_of = DT_NOEND;
	struct varlena *value;

	if (PG_ARGISNULL(spec_arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the %s must not be NULL", type->name)));
	if (cache->context == NULL)
		require_layout(type);
	value = PG_GETARG_VARLENA_PP(spec_arg);
	if (as_of_arg != NO_ARGUMENT)
	{
		require_argument(fcinfo, as_of_arg, "as_of");
		as_of = argument_instant(fcinfo, as_of_arg, "as_of");
	}
	if (cache->context == NULL)
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "specification",
											   ALLOCSET_SMALL_SIZES);
	if (cache->ready == NULL || cache->as_of != as_of || !same_value(cache->value, value))
		make_ready(type, cache, value, as_of);
	cache->fixed = argument_is_fixed(fcinfo, spec_arg);
	return cache->ready;
}

/*
 * Puts the "as of" that an argument gives, unless it is DT_NOEND, into a specification,
 * which may say the same but not another one.
 */
void
spec_set_as_of(const SpecType *type, TimestampTz *as_of, TimestampTz argument)
{
	if (argument == DT_NOEND)
		return;
	if (*as_of != DT_NOEND && *as_of != argument)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of differs from the \"as of\" of the %s", type->name),
				 errhint("Give it once.")));
	*as_of = argument;
}
