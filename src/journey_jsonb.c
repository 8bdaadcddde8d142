/*-------------------------------------------------------------------------
 *
 * journey_jsonb.c
 *		A journey as JSON: [{"stage": "lead", "at": "2026-01-05T09:00:00Z"}, ...]
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/jsonb.h"

#include "instant.h"
#include "journey_io.h"
#include "report.h"

#define STAGE_KEY "stage"
#define AT_KEY "at"

static void
push_string(JsonbParseState **state, JsonbIteratorToken kind, const char *text, int len)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = len;
	pushJsonbValue(state, kind, &value);
}

PG_FUNCTION_INFO_V1(journey_to_jsonb);
Datum
journey_to_jsonb(PG_FUNCTION_ARGS)
{
	JourneyView view;
	JourneyLabel *labels;
	JsonbParseState *state = NULL;
	JsonbValue *result;

	journey_open_datum(PG_GETARG_DATUM(0), &view);
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 step = 0; step < view.nsteps; step++)
	{
		JourneyLabel *label = &labels[journey_index(&view, step)];
		char	   *instant = palloc(INSTANT_TEXT_MAX);	/* kept by reference */

		CHECK_FOR_INTERRUPTS();
		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		push_string(&state, WJB_KEY, STAGE_KEY, strlen(STAGE_KEY));
		push_string(&state, WJB_VALUE, label->text, label->len);
		push_string(&state, WJB_KEY, AT_KEY, strlen(AT_KEY));
		push_string(&state, WJB_VALUE, instant, instant_write(instant, journey_at(&view, step)));
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	result = pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}

static void
refuse(uint32 step, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("malformed journey in JSON: step %u %s", step, what),
			 errhint("Write it like [{\"stage\": \"lead\", \"at\": \"2026-01-05T09:00:00Z\"}].")));
}

static JsonbValue *
get_string(JsonbContainer *object, const char *key, uint32 step)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value == NULL)
		refuse(step, psprintf("has no \"%s\"", key));
	if (value->type != jbvString)
		refuse(step, psprintf("has a \"%s\" that is not a string", key));
	return value;
}

static TimestampTz
read_at(const JsonbValue *value, uint32 step)
{
	const char *cursor = value->val.string.val;
	const char *end = cursor + value->val.string.len;
	TimestampTz at;
	PureError	error;

	if (!instant_read(&cursor, end, &at, &error))
		refuse(step, psprintf("has no good \"at\": %s", error.message));
	if (cursor != end)
		refuse(step, psprintf("has something behind its \"at\": \"%s\"",
							  pure_sample(cursor, end - cursor)));
	return at;
}

/* Keys may come in any order, but not others than these two: "At" would go unnoticed. */
static void
add_step(JourneyBuilder *builder, JsonbValue *item, uint32 step)
{
	JsonbValue *stage;
	TimestampTz at;
	PureError	error;

	if (item->type != jbvBinary || !JsonContainerIsObject(item->val.binary.data))
		refuse(step, "is not an object");
	stage = get_string(item->val.binary.data, STAGE_KEY, step);
	at = read_at(get_string(item->val.binary.data, AT_KEY, step), step);
	if (JsonContainerSize(item->val.binary.data) != 2)
		refuse(step, "has keys other than \"stage\" and \"at\"");
	if (!journey_add(builder, stage->val.string.val, stage->val.string.len, at, &error))
	{
		error.message = psprintf("%s: step %u of the JSON", error.message, step);
		report_pure_error(&error);
	}
}

PG_FUNCTION_INFO_V1(journey_from_jsonb);
Datum
journey_from_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *json = PG_GETARG_JSONB_P(0);
	JsonbIterator *it;
	JsonbValue	item;
	JourneyBuilder builder;

	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("a journey in JSON is an array of steps"),
				 errhint("Write it like [{\"stage\": \"lead\", \"at\": \"2026-01-05T09:00:00Z\"}].")));
	if (JB_ROOT_COUNT(json) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("a journey has at least one step"),
				 errhint("Use NULL where there is no journey.")));
	journey_begin(&builder);
	it = JsonbIteratorInit(&json->root);
	JsonbIteratorNext(&it, &item, true);
	while (JsonbIteratorNext(&it, &item, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		add_step(&builder, &item, builder.nsteps + 1);
	}
	PG_RETURN_JOURNEY(&builder);
}
