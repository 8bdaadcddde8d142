/*-------------------------------------------------------------------------
 *
 * diagram_io.c
 *		Diagrams as text in SQL: the canonical form, and what they say, as rows.
 *
 * Nothing here creates a lifecycle; see rules.c for that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "diagram.h"
#include "report.h"

PG_FUNCTION_INFO_V1(format_diagram);
PG_FUNCTION_INFO_V1(diagram_stages);
PG_FUNCTION_INFO_V1(diagram_moves);

#define STAGE_COLUMNS 26
#define MOVE_COLUMNS 7

static Diagram *
diagram_argument(FunctionCallInfo fcinfo)
{
	PureError	error;
	Diagram    *diagram = diagram_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)), &error);

	if (diagram == NULL)
		report_pure_error(&error);
	return diagram;
}

/*
 * The canonical text of a diagram.
 */
Datum
format_diagram(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(diagram_print(diagram_argument(fcinfo))));
}

/* A row that is filled from left to right. */
typedef struct Row
{
	int			n;
	Datum		values[STAGE_COLUMNS];
	bool		nulls[STAGE_COLUMNS];
} Row;

static void
put(Row *row, bool is_null, Datum value)
{
	Assert(row->n < STAGE_COLUMNS);
	row->nulls[row->n] = is_null;
	row->values[row->n++] = value;
}

static void
put_text(Row *row, const char *text)
{
	put(row, text == NULL, text == NULL ? (Datum) 0 : CStringGetTextDatum(text));
}

static void
put_list(Row *row, const TextList *list)
{
	Datum	   *items = palloc(Max(list->count, 1) * sizeof(Datum));

	for (int i = 0; i < list->count; i++)
		items[i] = CStringGetTextDatum(list->items[i]);
	put(row, false, PointerGetDatum(construct_array(items, list->count, TEXTOID, -1, false, TYPALIGN_INT)));
}

static void
put_row(FunctionCallInfo fcinfo, Row *row, int ncolumns)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (row->n != ncolumns || result->setDesc->natts != ncolumns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row of %d columns where %d are declared", row->n, result->setDesc->natts),
				 errhint("ALTER EXTENSION crm_lifecycle UPDATE;")));
	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
}

/* Stages where one may enter, and stages that one may leave, or where one may end. */
static void
mark_ends(const Diagram *diagram, bool *is_entry, bool *is_final)
{
	for (int i = 0; i < diagram->nstages; i++)
		is_final[i] = true;
	for (int i = 0; i < diagram->nmoves; i++)
	{
		const DiagramMove *move = &diagram->moves[i];

		if (move->from_stage == NO_STAGE && move->from_phase == NO_STAGE)
			is_entry[move->to_stage] = true;
	}
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < diagram->nmoves; i++)
		{
			const DiagramMove *move = &diagram->moves[i];
			bool		ends = move->to_stage == NO_STAGE;

			/* First the ways out, then the ends that overrule them. */
			if (ends != (pass == 1))
				continue;
			if (move->from_stage != NO_STAGE)
				is_final[move->from_stage] = ends;
			for (int s = 0; move->from_phase != NO_STAGE && s < diagram->nstages; s++)
				if (diagram->stages[s].phase == move->from_phase)
					is_final[s] = ends;
		}
}

static void
put_stage(Row *row, const Diagram *diagram, int i)
{
	const DiagramStage *stage = &diagram->stages[i];
	const DiagramPhase *phase = stage->phase >= 0 ? &diagram->phases[stage->phase] : NULL;

	put(row, false, Int32GetDatum(i + 1));
	put_text(row, stage->id);
	put_text(row, stage->label);
	put_list(row, &stage->formerly);
	put_text(row, stage->title);
	put_text(row, stage->description);
	put_text(row, phase ? phase->id : NULL);
	put_text(row, phase ? phase->title : NULL);
	put_text(row, phase ? phase->direction : NULL);
	put_text(row, outcome_names[stage->outcome]);
	put(row, stage->probability < 0, Float8GetDatum(stage->probability));
	put(row, stage->sla == NULL, IntervalPGetDatum(stage->sla));
	put_text(row, stage->owner);
	put_text(row, stage->goal);
	put_text(row, stage->metrics);
	put_list(row, &stage->requires);
	put_text(row, stage->entry);
	put_text(row, stage->exit);
	put_list(row, &stage->reasons);
	put(row, false, BoolGetDatum(stage->outside));
	put(row, stage->undo == NULL, IntervalPGetDatum(stage->undo));
	put_text(row, stage->color);
	put_text(row, stage->text);
	put(row, false, BoolGetDatum(stage->note_left));
}

/*
 * The stages of a diagram, in order.
 */
Datum
diagram_stages(PG_FUNCTION_ARGS)
{
	Diagram    *diagram = diagram_argument(fcinfo);
	bool	   *is_entry = palloc0(diagram->nstages);
	bool	   *is_final = palloc0(diagram->nstages);

	InitMaterializedSRF(fcinfo, 0);
	mark_ends(diagram, is_entry, is_final);
	for (int i = 0; i < diagram->nstages; i++)
	{
		Row			row = {0};

		put_stage(&row, diagram, i);
		put(&row, false, BoolGetDatum(is_entry[i]));
		put(&row, false, BoolGetDatum(is_final[i]));
		put_row(fcinfo, &row, STAGE_COLUMNS);
	}
	return (Datum) 0;
}

/*
 * The moves of a diagram as they are drawn, in order.
 */
Datum
diagram_moves(PG_FUNCTION_ARGS)
{
	Diagram    *diagram = diagram_argument(fcinfo);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < diagram->nmoves; i++)
	{
		const DiagramMove *move = &diagram->moves[i];
		Row			row = {0};

		put(&row, false, Int32GetDatum(i + 1));
		put_text(&row, move->from_stage != NO_STAGE ? diagram->stages[move->from_stage].id : NULL);
		put_text(&row, move->from_phase != NO_STAGE ? diagram->phases[move->from_phase].id : NULL);
		put_text(&row, move->to_stage != NO_STAGE ? diagram->stages[move->to_stage].id : NULL);
		put_text(&row, move->event);
		put_text(&row, move->guard);
		put_text(&row, move->action);
		put_row(fcinfo, &row, MOVE_COLUMNS);
	}
	return (Datum) 0;
}
