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

/*
 * Raises what pure code found wrong, with its position if it has one.
 */
void
report_pure_error(const PureError *error)
{
	char	   *where = "";

	if (error->line > 0)
		where = psprintf(" at line %d, column %d", error->line, error->column);
	ereport(ERROR,
			(errcode(sqlstate(error->kind)),
			 errmsg("%s%s", error->message, where),
			 error->detail ? errdetail("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0));
}
