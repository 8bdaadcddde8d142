/*-------------------------------------------------------------------------
 *
 * naive_bayes_predict.c
 *		What SQL reads from models: predict, explain_prediction, and of several together;
 *		naive_bayes_counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "logistic.h"
#include "naive_bayes_io.h"
#include "naive_bayes_score.h"
#include "report.h"
#include "spec_args.h"

/* Opens the models of the first argument: one, or an array of them without its NULLs. */
static uint32
open_models(FunctionCallInfo fcinfo, bool many, const NaiveBayes ***models)
{
	ArrayType  *list;
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;
	uint32		n = 0;

	if (!many)
	{
		*models = palloc(sizeof(NaiveBayes *));
		(*models)[0] = PG_GETARG_NAIVE_BAYES(0);
		return 1;
	}
	list = PG_GETARG_ARRAYTYPE_P(0);
	deconstruct_array(list, ARR_ELEMTYPE(list), -1, false, TYPALIGN_DOUBLE, &values, &nulls,
					  &nvalues);
	*models = palloc(Max(nvalues, 1) * sizeof(NaiveBayes *));
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
			(*models)[n++] = naive_bayes_open_datum(values[i]);
	return n;
}

/* The factors of a call (model or models, features, smoothing, stages); stages may be NULL. */
static uint32
find_factors(FunctionCallInfo fcinfo, bool many, NaiveBayesFactor **factors)
{
	NaiveBayesReading reading = {0};
	NaiveBayesFeatures features;
	PureError	error;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return 0;
	reading.smoothing = PG_GETARG_FLOAT8(2);
	report_if(!naive_bayes_check_smoothing(reading.smoothing, &error), &error);
	reading.has_stages = !PG_ARGISNULL(3);
	if (reading.has_stages)
	{
		text	   *stages = PG_GETARG_TEXT_PP(3);

		reading.stages.text = VARDATA_ANY(stages);
		reading.stages.len = VARSIZE_ANY_EXHDR(stages);
	}
	reading.nmodels = open_models(fcinfo, many, &reading.models);
	naive_bayes_features(fcinfo, 1, &features);
	*factors = palloc((1 + (size_t) features.count) * sizeof(NaiveBayesFactor));
	return naive_bayes_factors(&reading, &features, *factors);
}

static Datum
predict_from(FunctionCallInfo fcinfo, bool many)
{
	NaiveBayesFactor *factors;
	uint32		n = find_factors(fcinfo, many, &factors);

	if (n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(logistic(naive_bayes_logit(factors, n)));
}

/*
 * predict(model, features, smoothing, stages)
 */
PG_FUNCTION_INFO_V1(predict);
Datum
predict(PG_FUNCTION_ARGS)
{
	return predict_from(fcinfo, false);
}

/*
 * predict_together(models, features, smoothing, stages)
 */
PG_FUNCTION_INFO_V1(predict_together);
Datum
predict_together(PG_FUNCTION_ARGS)
{
	return predict_from(fcinfo, true);
}

static Datum
name_datum(const JourneyLabel *name)
{
	return PointerGetDatum(cstring_to_text_with_len(name->text, name->len));
}

/* A whole number that may be beyond what bigint holds, if models of that many are read together. */
static Datum
count_datum(double count)
{
	return Int64GetDatum(FLOAT8_FITS_IN_INT64(count) ? (int64) count : PG_INT64_MAX);
}

#define FACTOR_COLUMNS 5

static void
put_factor(ReturnSetInfo *rsinfo, const NaiveBayesFactor *factor)
{
	Datum		values[FACTOR_COLUMNS] = {0};
	bool		nulls[FACTOR_COLUMNS] = {false};

	nulls[0] = nulls[1] = factor->field.text == NULL;
	if (!nulls[0])
	{
		values[0] = name_datum(&factor->field);
		values[1] = name_datum(&factor->value);
	}
	values[2] = count_datum(factor->won);
	values[3] = count_datum(factor->lost);
	values[4] = Float8GetDatum(factor->log_ratio);
	nulls[4] = !factor->known;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static Datum
explain_from(FunctionCallInfo fcinfo, bool many)
{
	NaiveBayesFactor *factors;
	uint32		n;

	InitMaterializedSRF(fcinfo, 0);
	n = find_factors(fcinfo, many, &factors);
	for (uint32 i = 0; i < n; i++)
		put_factor((ReturnSetInfo *) fcinfo->resultinfo, &factors[i]);
	return (Datum) 0;
}

/*
 * explain_prediction(model, features, smoothing, stages)
 */
PG_FUNCTION_INFO_V1(explain_prediction);
Datum
explain_prediction(PG_FUNCTION_ARGS)
{
	return explain_from(fcinfo, false);
}

/*
 * explain_prediction_together(models, features, smoothing, stages)
 */
PG_FUNCTION_INFO_V1(explain_prediction_together);
Datum
explain_prediction_together(PG_FUNCTION_ARGS)
{
	return explain_from(fcinfo, true);
}

#define COUNT_COLUMNS 4

static void
put_count(ReturnSetInfo *rsinfo, const JourneyLabel *field, const JourneyLabel *value,
		  uint64 won, uint64 lost)
{
	Datum		values[COUNT_COLUMNS] = {0};
	bool		nulls[COUNT_COLUMNS] = {field == NULL, value == NULL};

	if (field != NULL)
		values[0] = name_datum(field);
	if (value != NULL)
		values[1] = name_datum(value);
	values[2] = Int64GetDatum(won);
	values[3] = Int64GetDatum(lost);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * naive_bayes_counts(model)
 */
PG_FUNCTION_INFO_V1(naive_bayes_counts);
Datum
naive_bayes_counts(PG_FUNCTION_ARGS)
{
	const NaiveBayes *model = PG_GETARG_NAIVE_BAYES(0);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	put_count(rsinfo, NULL, NULL, model->won, model->lost);
	for (uint32 i = 0; i < model->nfields; i++)
	{
		const NaiveBayesField *field = &naive_bayes_fields(model)[i];
		JourneyLabel name = naive_bayes_name(model, field->name);

		put_count(rsinfo, &name, NULL, field->won, field->lost);
		for (uint32 j = field->first; j < field->first + field->ncells; j++)
		{
			const NaiveBayesCell *cell = &naive_bayes_cells(model)[j];
			JourneyLabel value = naive_bayes_name(model, cell->name);

			CHECK_FOR_INTERRUPTS();
			put_count(rsinfo, &name, &value, cell->won, cell->lost);
		}
	}
	return (Datum) 0;
}
