/*-------------------------------------------------------------------------
 *
 * health.c
 *		The health score: a weighted mean of the measures that are there (the available cases
 *		of Little & Rubin, Statistical Analysis with Missing Data, 1987).
 *
 * With the sum c of value times weight and the sum w of the weights, both over the
 * measures present, the score is c / w.  A measure's points are the difference that it
 * makes to c / w while c grows: so the points add up to the score exactly, although
 * none of these quotients need have an end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "sums.h"

typedef struct Measure
{
	Datum		name;			/* text */
	Datum		weight;
	Datum		value;
	bool		present;
} Measure;

typedef struct Health
{
	Measure    *measures;		/* one for each weight */
	int			n;
	Datum		weight;			/* of all */
	Datum		covered;		/* of those present */
	Datum		sum;			/* of value times weight */
} Health;

static void
require_object(Jsonb *json, const char *name)
{
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a JSON object", name),
				 errdetail("Its keys are the names of measures, its values are numbers.")));
}

static Datum
number_of(const JsonbValue *number, const JsonbValue *name, const char *what)
{
	if (number->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the %s of \"%.*s\" must be a number", what, name->val.string.len,
						name->val.string.val)));
	return NumericGetDatum(number->val.numeric);
}

static Measure
read_measure(Jsonb *measures, const JsonbValue *name, const JsonbValue *weight)
{
	Measure		measure = {0};
	JsonbValue *value = getKeyJsonValueFromContainer(&measures->root, name->val.string.val,
													 name->val.string.len, NULL);

	measure.name = PointerGetDatum(cstring_to_text_with_len(name->val.string.val,
															name->val.string.len));
	measure.weight = number_of(weight, name, "weight");
	if (amount_sign(measure.weight) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the weight of \"%.*s\" must not be negative", name->val.string.len,
						name->val.string.val)));
	measure.present = value != NULL && value->type != jbvNull;
	if (measure.present)
		measure.value = number_of(value, name, "value");
	return measure;
}

static void
add_measure(Health *health, Measure measure)
{
	health->measures[health->n++] = measure;
	health->weight = amount_add(health->weight, measure.weight);
	if (!measure.present)
		return;
	health->covered = amount_add(health->covered, measure.weight);
	health->sum = amount_add(health->sum, amount_multiply(measure.value, measure.weight));
}

/* Measures without a weight are none of its business. */
static Health
read_health(Jsonb *measures, Jsonb *weights)
{
	Health		health = {0};
	JsonbIterator *it;
	JsonbValue	name,
				weight;

	require_object(measures, "the measures");
	require_object(weights, "the weights");
	health.measures = palloc((JB_ROOT_COUNT(weights) + 1) * sizeof(Measure));
	health.weight = health.covered = health.sum = amount_zero();
	it = JsonbIteratorInit(&weights->root);
	(void) JsonbIteratorNext(&it, &name, true);
	while (JsonbIteratorNext(&it, &name, true) == WJB_KEY)
	{
		CHECK_FOR_INTERRUPTS();
		(void) JsonbIteratorNext(&it, &weight, true);
		add_measure(&health, read_measure(measures, &name, &weight));
	}
	return health;
}

/* Without the zeros behind the point that a division leaves. */
static Datum
quotient(Datum a, Datum b)
{
	return DirectFunctionCall1(numeric_trim_scale, DirectFunctionCall2(numeric_div, a, b));
}

/*
 * health(measures, weights) -> score, coverage
 */
PG_FUNCTION_INFO_V1(health);
Datum
health(PG_FUNCTION_ARGS)
{
	Health		read = read_health(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1));
	Datum		values[2] = {0};
	bool		nulls[2];
	TupleDesc	row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "health must return a row");
	nulls[0] = amount_sign(read.covered) == 0;
	nulls[1] = amount_sign(read.weight) == 0;
	if (!nulls[0])
		values[0] = quotient(read.sum, read.covered);
	if (!nulls[1])
		values[1] = quotient(read.covered, read.weight);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

/*
 * explain_health(measures, weights) -> measure, value, weight, share, points
 */
PG_FUNCTION_INFO_V1(explain_health);
Datum
explain_health(PG_FUNCTION_ARGS)
{
	Health		read = read_health(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		sum = amount_zero(),
				score = sum;
	bool		known = amount_sign(read.covered) > 0;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < read.n; i++)
	{
		const Measure *measure = &read.measures[i];
		Datum		values[5] = {measure->name, measure->value, measure->weight};
		bool		nulls[5] = {false};

		nulls[1] = !measure->present;
		nulls[3] = nulls[4] = !measure->present || !known;
		if (!nulls[3])
		{
			Datum		before = score;

			sum = amount_add(sum, amount_multiply(measure->value, measure->weight));
			score = quotient(sum, read.covered);
			values[3] = quotient(measure->weight, read.covered);
			values[4] = amount_subtract(score, before);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
