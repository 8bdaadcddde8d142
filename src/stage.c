/*-------------------------------------------------------------------------
 *
 * stage.c
 *		A stage handed to an SQL function, as the label that a journey keeps.
 *
 * A stage column may be text, varchar, an enum, a domain over them, an integer or a
 * uuid.  What a journey keeps is its text form.  Functions that declare the argument
 * as text and those that declare it polymorphic share one C function through here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "stage.h"

static StageType *
look_up_type(FunctionCallInfo fcinfo, int argno)
{
	StageType  *stage_type = fcinfo->flinfo->fn_extra;
	Oid			base;
	Oid			output;
	bool		is_varlena;

	if (stage_type != NULL)
		return stage_type;
	stage_type = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(StageType));
	stage_type->type = get_fn_expr_argtype(fcinfo->flinfo, argno);
	if (!OidIsValid(stage_type->type))
		elog(ERROR, "could not determine the type of a stage");
	base = getBaseType(stage_type->type);
	stage_type->is_text = base == TEXTOID || base == VARCHAROID;
	stage_type->is_enum = type_is_enum(base);
	if (!stage_type->is_text && !stage_type->is_enum)
	{
		getTypeOutputInfo(base, &output, &is_varlena);
		fmgr_info_cxt(output, &stage_type->output, fcinfo->flinfo->fn_mcxt);
	}
	fcinfo->flinfo->fn_extra = stage_type;
	return stage_type;
}

static JourneyLabel
enum_label(Oid value, float4 *order)
{
	HeapTuple	tuple = SearchSysCache1(ENUMOID, ObjectIdGetDatum(value));
	Form_pg_enum form;
	JourneyLabel label;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u", value)));
	form = (Form_pg_enum) GETSTRUCT(tuple);
	label.len = strlen(NameStr(form->enumlabel));
	label.text = pnstrdup(NameStr(form->enumlabel), label.len);
	*order = form->enumsortorder;
	ReleaseSysCache(tuple);
	return label;
}

/* An enum's value that was looked up before. */
typedef struct KnownEnum
{
	Oid			value;
	float4		order;
	JourneyLabel label;
} KnownEnum;

#define KNOWN_ENUMS 64			/* a power of two: more values than most enums have */

/*
 * The same, looked up once a query.  For aggregates only: other call sites may outlive a
 * value's name.
 */
static JourneyLabel
known_enum_label(FunctionCallInfo fcinfo, StageType *stage_type, Oid value, float4 *order)
{
	KnownEnum  *known;
	MemoryContext caller;

	if (stage_type->known == NULL)
		stage_type->known = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
												   KNOWN_ENUMS * sizeof(KnownEnum));
	known = &stage_type->known[murmurhash32(value) % KNOWN_ENUMS];
	if (known->value != value)
	{
		if (known->value != InvalidOid)
			pfree(unconstify(char *, known->label.text));
		known->value = InvalidOid;
		caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		known->label = enum_label(value, &known->order);
		MemoryContextSwitchTo(caller);
		known->value = value;
	}
	*order = known->order;
	return known->label;
}

/*
 * The label of an argument that is not NULL.  It may point into the argument, else it
 * is in the current memory context; an aggregate's is good until its next one.  Uses
 * fn_extra, for all such arguments of a function: they have one type.
 */
JourneyLabel
stage_argument(FunctionCallInfo fcinfo, int argno)
{
	float4		order;

	return stage_ordered_argument(fcinfo, argno, &order);
}

/*
 * The same, with the place of an enum's value among its siblings; 0 for other types.
 */
JourneyLabel
stage_ordered_argument(FunctionCallInfo fcinfo, int argno, float4 *order)
{
	StageType  *stage_type = look_up_type(fcinfo, argno);
	JourneyLabel label;

	*order = 0;
	if (stage_type->is_enum && AggCheckCallContext(fcinfo, NULL))
		return known_enum_label(fcinfo, stage_type, PG_GETARG_OID(argno), order);
	if (stage_type->is_enum)
		return enum_label(PG_GETARG_OID(argno), order);
	if (stage_type->is_text)
	{
		struct varlena *text = PG_GETARG_VARLENA_PP(argno);

		label.text = VARDATA_ANY(text);
		label.len = VARSIZE_ANY_EXHDR(text);
		return label;
	}
	label.text = OutputFunctionCall(&stage_type->output, PG_GETARG_DATUM(argno));
	label.len = strlen(label.text);
	return label;
}

/*
 * The labels of an argument that is an array of text or of an enum, not NULL itself, and
 * how many there are.  They are in the current memory context, or point into the argument.
 */
int
stage_list_argument(FunctionCallInfo fcinfo, int argno, JourneyLabel **labels)
{
	ArrayType  *list = PG_GETARG_ARRAYTYPE_P(argno);
	bool		is_text = ARR_ELEMTYPE(list) == TEXTOID;
	Datum	   *values;
	bool	   *nulls;
	int16		len;
	bool		by_value;
	char		align;
	float4		order;
	int			n;

	get_typlenbyvalalign(ARR_ELEMTYPE(list), &len, &by_value, &align);
	deconstruct_array(list, ARR_ELEMTYPE(list), len, by_value, align, &values, &nulls, &n);
	*labels = palloc(Max(n, 1) * sizeof(JourneyLabel));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a list of stages must not contain null")));
		if (is_text)
		{
			struct varlena *text = PG_DETOAST_DATUM_PACKED(values[i]);

			(*labels)[i].text = VARDATA_ANY(text);
			(*labels)[i].len = VARSIZE_ANY_EXHDR(text);
		}
		else
			(*labels)[i] = enum_label(DatumGetObjectId(values[i]), &order);
	}
	return n;
}
