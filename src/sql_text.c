/*-------------------------------------------------------------------------
 *
 * sql_text.c
 *		What the statements that we write are made of: names and operators that mean the same
 *		on any search_path, and quotes.
 *
 * Which statements these are is the business of whoever runs them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "sql_text.h"

/*
 * A table by its schema and name.
 */
char *
table_name_of(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), name);
}

/*
 * One of its columns.
 */
const char *
column_name_of(Oid relid, AttrNumber column)
{
	return quote_identifier(get_attname(relid, column, false));
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
