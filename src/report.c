/*-------------------------------------------------------------------------
 *
 * report.c
 *		From the pure code's errors to PostgreSQL's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "report.h"

static int
sqlstate(PureErrorKind kind)
{
	switch (kind)
	{
		case PURE_SYNTAX:
			return ERRCODE_INVALID_TEXT_REPRESENTATION;
		case PURE_BINARY:
			return ERRCODE_INVALID_BINARY_REPRESENTATION;
		case PURE_VALUE:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case PURE_LIMIT:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	}
	return ERRCODE_INTERNAL_ERROR;
}

/* For ereport() and its like: what there is to say, with the position if there is one. */
static int
say(const PureError *error)
{
	char	   *where = "";

	if (error->line > 0)
		where = psprintf(" at line %d, column %d", error->line, error->column);
	errcode(sqlstate(error->kind));
	errmsg("%s%s", error->message, where);
	if (error->detail)
		errdetail("%s", error->detail);
	if (error->hint)
		errhint("%s", error->hint);
	return 0;
}

/*
 * Raises what pure code found wrong.
 */
void
report_pure_error(const PureError *error)
{
	ereport(ERROR, say(error));
}

/*
 * The same for an input function, whose caller may want to go on: it returns NULL then.
 */
Datum
refuse_input(FunctionCallInfo fcinfo, const PureError *error)
{
	errsave(fcinfo->context, say(error));
	PG_RETURN_NULL();
}
