/*-------------------------------------------------------------------------
 *
 * face.c
 *		What the SQL faces of several rooms need.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "face.h"

/*
 * Refuses what is no call by an aggregate.
 */
void
refuse_plain_call(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("this function works inside its aggregate only")));
}

void
require_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

/*
 * Microseconds as PostgreSQL subtracts instants: days of 24 hours, and a rest.
 */
Datum
span_datum(int64 micros)
{
	Interval   *span = palloc0(sizeof(Interval));

	span->day = micros / USECS_PER_DAY;
	span->time = micros % USECS_PER_DAY;
	return IntervalPGetDatum(span);
}

/*
 * No two label books have one stamp, not even those of a query's several processes.
 */
uint64
new_book_stamp(void)
{
	static uint32 last = 0;

	return (uint64) MyProcPid << 32 | ++last;
}

/*
 * A dollar quote that ends where the text does, and not before.
 */
char *
dollar_quote(const char *text, const char *tag)
{
	char	   *quote = pstrdup("$$");

	for (int i = 1;; i++)
	{
		char	   *quoted = psprintf("%s%s", text, quote);

		if (strstr(quoted, quote) == quoted + strlen(text))
			return quote;
		quote = psprintf("$%s%d$", tag, i);
	}
}

/* An operator as statements write it whatever the search_path is. */
static char *
operator_name(Oid operator, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("values of type %s cannot be compared", format_type_be(type))));
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * The equality of a type's values.
 */
char *
equality_of(Oid type)
{
	return operator_name(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr, type);
}

/*
 * What says that one of them comes after another.
 */
char *
greater_than_of(Oid type)
{
	return operator_name(lookup_type_cache(type, TYPECACHE_GT_OPR)->gt_opr, type);
}
