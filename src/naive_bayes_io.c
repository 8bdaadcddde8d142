/*-------------------------------------------------------------------------
 *
 * naive_bayes_io.c
 *		The type naive_bayes: input, output, constructor, addition, Datums; and features.
 *
 * The binary form:
 *
 *		int8	version, 1
 *		int64	won, int64 lost
 *		int32	number of fields
 *				each: int32 length, bytes in the client's encoding; int64 won, int64 lost
 *				int32 number of its values
 *					each: int32 length, bytes; int64 won, int64 lost
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "naive_bayes_io.h"
#include "naive_bayes_text.h"
#include "report.h"
#include "spec_args.h"
#include "spec_face.h"
#include "wire.h"

#define WIRE_TYPE "naive_bayes"
#define WIRE_COUNT_SIZE (sizeof(int32) + 2 * sizeof(int64))
#define WIRE_FIELD_SIZE (WIRE_COUNT_SIZE + sizeof(int32))

/*
 * Opens a model, with a full and aligned header even where it came with a short one.
 */
NaiveBayes *
naive_bayes_open_datum(Datum value)
{
	NaiveBayes *model = (NaiveBayes *) PG_DETOAST_DATUM(value);

	require_version(WIRE_TYPE, model->version, NAIVE_BAYES_VERSION);
	return model;
}

static Datum
model_datum(NaiveBayes *model)
{
	SET_VARSIZE(model, model->size);
	return PointerGetDatum(model);
}

/*
 * What a table counts, as a value.
 */
Datum
naive_bayes_datum(const NaiveBayesTable *table)
{
	PureError	error;
	NaiveBayes *model = naive_bayes_end(table, &error);

	report_if(model == NULL, &error);
	return model_datum(model);
}

pg_noreturn static void
refuse_feature(const JourneyLabel *field)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("feature \"%s\" is neither a scalar nor an array of scalars",
					pure_sample(field->text, field->len)),
			 errhint("Write features like {\"country\": \"be\", \"tags\": [\"big\", \"new\"]}.")));
}

/* A value, unless it is null: numbers that are equal are the same value, 1 and "1" too. */
static void
put_value(NaiveBayesFeatures *features, const JourneyLabel *field, const JsonbValue *found)
{
	JourneyLabel value;
	PureError	error;

	switch (found->type)
	{
		case jbvNull:
			return;
		case jbvString:
			value.text = found->val.string.val;
			value.len = found->val.string.len;
			break;
		case jbvNumeric:
			value.text = numeric_normalize(found->val.numeric);
			value.len = strlen(value.text);
			break;
		case jbvBool:
			value.text = found->val.boolean ? "true" : "false";
			value.len = strlen(value.text);
			break;
		default:
			refuse_feature(field);
	}
	report_if(!naive_bayes_put_feature(features, *field, value, &error), &error);
}

static void
put_values(NaiveBayesFeatures *features, const JourneyLabel *field, JsonbContainer *list)
{
	JsonbIterator *it = JsonbIteratorInit(list);
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!JsonContainerIsArray(list))
		refuse_feature(field);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_ELEM)
			put_value(features, field, &value);
	}
}

/*
 * The features of a jsonb argument that is not NULL, sorted; they may point into it.
 */
void
naive_bayes_features(FunctionCallInfo fcinfo, int argno, NaiveBayesFeatures *features)
{
	Jsonb	   *object = PG_GETARG_JSONB_P(argno);
	JsonbIterator *it = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JourneyLabel field = {NULL, 0};
	JsonbValue	value;

	memset(features, 0, sizeof(*features));
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features must be a JSON object"),
				 errhint("Write them like {\"country\": \"be\", \"tags\": [\"big\", \"new\"]}.")));
	token = JsonbIteratorNext(&it, &value, false);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			field.text = value.val.string.val;
			field.len = value.val.string.len;
		}
		else if (token == WJB_VALUE && value.type == jbvBinary)
			put_values(features, &field, value.val.binary.data);
		else if (token == WJB_VALUE)
			put_value(features, &field, &value);
	}
	naive_bayes_sort_features(features);
}

PG_FUNCTION_INFO_V1(naive_bayes_in);
Datum
naive_bayes_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	PureError	error;
	NaiveBayes *model = naive_bayes_read(text, strlen(text), &error);

	if (model == NULL)
		return refuse_input(fcinfo, &error);
	return model_datum(model);
}

PG_FUNCTION_INFO_V1(naive_bayes_out);
Datum
naive_bayes_out(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	initStringInfo(&out);
	naive_bayes_write(&out, PG_GETARG_NAIVE_BAYES(0));
	PG_RETURN_CSTRING(out.data);
}

static int64
receive_number(StringInfo buf)
{
	int64		number = pq_getmsgint64(buf);

	if (number < 0)
		wire_refuse(WIRE_TYPE, "a count is negative");
	return number;
}

static uint32
receive_count(StringInfo buf, size_t item_size)
{
	uint32		count = pq_getmsgint(buf, 4);

	if (count > (buf->len - buf->cursor) / item_size)
		wire_refuse(WIRE_TYPE, "a count is out of range");
	return count;
}

/* The rest of a count whose names are there. */
static void
receive_rest(StringInfo buf, NaiveBayesTable *table, NaiveBayesCount *count)
{
	PureError	error;

	count->won = receive_number(buf);
	count->lost = receive_number(buf);
	if (!naive_bayes_put(table, count, &error))
		wire_refuse(WIRE_TYPE, error.message);
}

static void
receive_field(StringInfo buf, NaiveBayesTable *table)
{
	NaiveBayesCount count = {.field = wire_receive_label(buf, WIRE_TYPE)};
	uint32		nvalues;

	receive_rest(buf, table, &count);
	nvalues = receive_count(buf, WIRE_COUNT_SIZE);
	for (uint32 i = 0; i < nvalues; i++)
	{
		CHECK_FOR_INTERRUPTS();
		count.value = wire_receive_label(buf, WIRE_TYPE);
		receive_rest(buf, table, &count);
	}
}

PG_FUNCTION_INFO_V1(naive_bayes_recv);
Datum
naive_bayes_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	NaiveBayesTable *table = naive_bayes_begin();
	NaiveBayes *model;
	PureError	error;
	int64		won,
				lost;
	uint32		nfields;

	if (pq_getmsgbyte(buf) != NAIVE_BAYES_VERSION)
		wire_refuse(WIRE_TYPE, "its version is unknown");
	won = receive_number(buf);
	lost = receive_number(buf);
	if (!naive_bayes_put_deals(table, won, lost, &error))
		wire_refuse(WIRE_TYPE, error.message);
	nfields = receive_count(buf, WIRE_FIELD_SIZE);
	for (uint32 i = 0; i < nfields; i++)
		receive_field(buf, table);
	wire_receive_end(buf, WIRE_TYPE);
	model = naive_bayes_end(table, &error);
	if (model == NULL)
		wire_refuse(WIRE_TYPE, error.message);
	return model_datum(model);
}

static void
send_count(StringInfo buf, const NaiveBayes *model, uint32 at, uint64 won, uint64 lost)
{
	JourneyLabel name = naive_bayes_name(model, at);

	wire_send_label(buf, &name);
	pq_sendint64(buf, won);
	pq_sendint64(buf, lost);
}

PG_FUNCTION_INFO_V1(naive_bayes_send);
Datum
naive_bayes_send(PG_FUNCTION_ARGS)
{
	const NaiveBayes *model = PG_GETARG_NAIVE_BAYES(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint8(&buf, NAIVE_BAYES_VERSION);
	pq_sendint64(&buf, model->won);
	pq_sendint64(&buf, model->lost);
	pq_sendint32(&buf, model->nfields);
	for (uint32 i = 0; i < model->nfields; i++)
	{
		const NaiveBayesField *field = &naive_bayes_fields(model)[i];

		send_count(&buf, model, field->name, field->won, field->lost);
		pq_sendint32(&buf, field->ncells);
		for (uint32 j = field->first; j < field->first + field->ncells; j++)
		{
			const NaiveBayesCell *cell = &naive_bayes_cells(model)[j];

			CHECK_FOR_INTERRUPTS();
			send_count(&buf, model, cell->name, cell->won, cell->lost);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * naive_bayes(won, features): one closed deal.  An open one, or one that nothing is told
 * of, counts nothing, as in the aggregate: adding it to a model leaves the model.
 */
PG_FUNCTION_INFO_V1(naive_bayes);
Datum
naive_bayes(PG_FUNCTION_ARGS)
{
	NaiveBayesTable *table = naive_bayes_begin();
	NaiveBayesFeatures features;
	PureError	error;

	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
	{
		naive_bayes_features(fcinfo, 1, &features);
		report_if(!naive_bayes_count_deal(table, PG_GETARG_BOOL(0), &features, &error), &error);
	}
	return naive_bayes_datum(table);
}

PG_FUNCTION_INFO_V1(naive_bayes_plus);
Datum
naive_bayes_plus(PG_FUNCTION_ARGS)
{
	NaiveBayesTable *table = naive_bayes_begin();
	PureError	error;

	report_if(!naive_bayes_put_model(table, PG_GETARG_NAIVE_BAYES(0), &error), &error);
	report_if(!naive_bayes_put_model(table, PG_GETARG_NAIVE_BAYES(1), &error), &error);
	return naive_bayes_datum(table);
}

PG_FUNCTION_INFO_V1(naive_bayes_minus);
Datum
naive_bayes_minus(PG_FUNCTION_ARGS)
{
	NaiveBayesTable *table = naive_bayes_begin();
	NaiveBayes *rest;
	PureError	error;

	report_if(!naive_bayes_put_model(table, PG_GETARG_NAIVE_BAYES(0), &error), &error);
	report_if(!naive_bayes_take_model(table, PG_GETARG_NAIVE_BAYES(1), &error), &error);
	rest = naive_bayes_end(table, &error);
	if (rest == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("deals cannot be taken from a model that does not count them"),
				 errdetail("%s", psprintf("After that, %s. %s", error.message,
										  error.detail ? error.detail : "")),
				 errhint("Subtract a deal with the features with which it was added.")));
	return model_datum(rest);
}
