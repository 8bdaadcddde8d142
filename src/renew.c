/*-------------------------------------------------------------------------
 *
 * renew.c
 *		Rows and journeys that hold a label from before their stage was renamed.
 *
 * While a stage is being renamed its diagram knows the former label, and whatever
 * touches a row writes the present one: into the stage, and into every step of the
 * journey.  That is no move.  Nobody has to ask for it, so there is nothing to forge.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/lsyscache.h"

#include "journey_cut.h"
#include "journey_io.h"
#include "renew.h"
#include "report.h"

/* Puts the present label in place of a former one; false where it is no former one. */
static bool
renew_label(const Machine *machine, JourneyLabel *label)
{
	int			stage = machine_find_stage(machine, label->text, label->len);
	const char *present;
	size_t		len;

	if (stage == NO_STAGE)
		return false;
	present = machine->diagram->stages[stage].label;
	len = strlen(present);
	if (len == label->len && memcmp(present, label->text, len) == 0)
		return false;
	label->text = present;
	label->len = len;
	return true;
}

/*
 * The journey with the present labels of the stages; the very same where it has no other.
 */
Datum
renew_journey(const Machine *machine, Datum journey)
{
	JourneyView view;
	JourneyLabel *labels;
	JourneyBuilder builder;
	PureError	error;
	bool		renewed = false;

	if (!machine_has_former_labels(machine))
		return journey;
	journey_open_datum(journey, &view);
	labels = palloc(view.nlabels * sizeof(JourneyLabel));
	journey_labels(&view, labels);
	for (uint32 i = 0; i < view.nlabels; i++)
		renewed |= renew_label(machine, &labels[i]);
	if (!renewed)
		return journey;
	journey_begin(&builder);
	if (!journey_relabel(&builder, &view, labels, &error))
		report_pure_error(&error);
	return PointerGetDatum(journey_from_builder(&builder));
}

/* A label as a value of the stage column. */
static Datum
stage_value(Relation rel, AttrNumber column, JourneyLabel label)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);
	Oid			input,
				ioparam;

	getTypeInputInfo(attribute->atttypid, &input, &ioparam);
	return OidInputFunctionCall(input, pnstrdup(label.text, label.len), ioparam, attribute->atttypmod);
}

/*
 * The row as it would be if it had been written today; NULL where it would be the same.
 * The tuple is the one in the slot.
 */
HeapTuple
renew_row(const Binding *binding, Relation rel, const Machine *machine, TupleTableSlot *row,
		  HeapTuple tuple)
{
	int			columns[2];
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int			n = 0;
	bool		isnull;
	Datum		value;

	value = slot_getattr(row, binding->columns[STAGE_COLUMN], &isnull);
	if (!isnull)
	{
		JourneyLabel label = binding_label(binding, value);

		if (renew_label(machine, &label))
		{
			columns[n] = binding->columns[STAGE_COLUMN];
			values[n++] = stage_value(rel, binding->columns[STAGE_COLUMN], label);
		}
	}
	value = slot_getattr(row, binding->columns[JOURNEY_COLUMN], &isnull);
	if (!isnull)
	{
		Datum		journey = renew_journey(machine, value);

		if (journey != value)
		{
			columns[n] = binding->columns[JOURNEY_COLUMN];
			values[n++] = journey;
		}
	}
	return n == 0 ? NULL :
		heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel), n, columns, values, nulls);
}
