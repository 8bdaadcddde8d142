/*-------------------------------------------------------------------------
 *
 * attachments.c
 *		What the view of attachments needs to read the catalogs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "binding.h"
#include "registry.h"

PG_FUNCTION_INFO_V1(trigger_arguments);
PG_FUNCTION_INFO_V1(stage_of_journey);

/*
 * trigger_arguments(bytea) splits pg_trigger.tgargs, which are strings that end in NUL.
 */
Datum
trigger_arguments(PG_FUNCTION_ARGS)
{
	bytea	   *packed = PG_GETARG_BYTEA_PP(0);
	char	   *p = VARDATA_ANY(packed);
	char	   *end = p + VARSIZE_ANY_EXHDR(packed);
	ArrayBuildState *result = initArrayResult(TEXTOID, CurrentMemoryContext, false);

	while (p < end)
	{
		size_t		len = strnlen(p, end - p);

		accumArrayResult(result, PointerGetDatum(cstring_to_text_with_len(p, len)), false, TEXTOID,
						 CurrentMemoryContext);
		p += len + 1;
	}
	PG_RETURN_DATUM(makeArrayResult(result, CurrentMemoryContext));
}

/*
 * stage_of_journey(regclass, int2) is the number of the stage column that belongs to a
 * journey column; NULL where the CHECK that says so is missing, or where the relation is: a
 * snapshot may still show what somebody has dropped meanwhile.
 */
Datum
stage_of_journey(PG_FUNCTION_ARGS)
{
	Relation	rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	AttrNumber	stage;

	if (rel == NULL)
		PG_RETURN_NULL();
	stage = attached_stage_column(rel, PG_GETARG_INT16(1));
	relation_close(rel, AccessShareLock);
	if (stage == InvalidAttrNumber)
		PG_RETURN_NULL();
	PG_RETURN_INT16(stage);
}
