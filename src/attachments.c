/*-------------------------------------------------------------------------
 *
 * attachments.c
 *		What the view of attachments needs to read the catalogs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

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
 * journey column; NULL where the CHECK that says so is missing.  The relation is not opened:
 * who asks about attachments neither waits for those who alter tables, nor can deadlock with
 * them, nor minds a table that was dropped meanwhile.
 */
Datum
stage_of_journey(PG_FUNCTION_ARGS)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	AttrNumber	stage = InvalidAttrNumber;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ, PG_GETARG_DATUM(0));
	scan = systable_beginscan(constraints, ConstraintRelidTypidNameIndexId, true, NULL, 1, &key);
	while (stage == InvalidAttrNumber && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		check = heap_getattr(tuple, Anum_pg_constraint_conbin, RelationGetDescr(constraints), &isnull);

		if (!isnull)
			stage = stage_in_check(TextDatumGetCString(check), PG_GETARG_INT16(1));
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	if (stage == InvalidAttrNumber)
		PG_RETURN_NULL();
	PG_RETURN_INT16(stage);
}
