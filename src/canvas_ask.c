/*-------------------------------------------------------------------------
 *
 * canvas_ask.c
 *		canvas(): a lifecycle's diagram with what a table or view says drawn on it.
 *
 * The rows are read once, by velocity_agg, in the snapshot of the statement that asks and
 * with the caller's rights.  They are grouped by how long their stage allows, so that those
 * who are late are counted on the way; the groups' velocities then become one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rangetypes.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "canvas.h"
#include "diagram_reader.h"
#include "instant.h"
#include "report.h"
#include "rules.h"
#include "spec_args.h"
#include "sql_text.h"
#include "velocity_io.h"

PG_FUNCTION_INFO_V1(canvas);

typedef enum CanvasArgument
{
	ARG_NAME,
	ARG_REL,
	ARG_AS_OF,
	ARG_MOVED,
	ARG_NOTES,
	ARG_GUARDS,
	ARG_UNDRAWN,
	ARG_COLORS,
	ARG_DIRECTION,
	ARG_LANG,
	ARG_JOURNEY_COLUMN,
	ARG_LIFECYCLE_COLUMN
} CanvasArgument;

/* Where the rows are, and in which of their columns. */
typedef struct Source
{
	Relation	rel;
	char	   *journey_column;
	char	   *lifecycle_column;	/* NULL where all rows follow the lifecycle */
} Source;

/* What the query is asked with, and what it answers. */
typedef struct Census
{
	Datum		labels;			/* of stages that allow so long and no longer */
	Datum		limits;
	Datum		numbers;		/* of those stages */
	Velocity   *velocity;		/* NULL: no rows */
	uint64	   *late;			/* by stage */
} Census;

static bool
flag_argument(FunctionCallInfo fcinfo, int argno, bool by_default)
{
	return PG_ARGISNULL(argno) ? by_default : PG_GETARG_BOOL(argno);
}

static char *
column_argument(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(argno)));
}

static int
word_argument(FunctionCallInfo fcinfo, int argno, const char *name, const char *const *words)
{
	return PG_ARGISNULL(argno) ? 0 : argument_word(fcinfo, argno, name, words);
}

static CanvasStyle
style_arguments(FunctionCallInfo fcinfo)
{
	static const char *const directions[] = {"TB", "BT", "LR", "RL", NULL};
	static const char *const languages[] = {"en", "fr", NULL};
	CanvasStyle style = {0};

	style.name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_NAME));
	style.as_of = PG_ARGISNULL(ARG_AS_OF) ? GetCurrentTimestamp() : argument_instant(fcinfo, ARG_AS_OF, "as_of");
	style.moved_from = DT_NOBEGIN;
	style.moved_to = DT_NOEND;
	argument_period(fcinfo, ARG_MOVED, "moved", &style.moved_from, &style.moved_to);
	style.notes = flag_argument(fcinfo, ARG_NOTES, false);
	style.guards = flag_argument(fcinfo, ARG_GUARDS, false);
	style.undrawn = flag_argument(fcinfo, ARG_UNDRAWN, false);
	style.colors = flag_argument(fcinfo, ARG_COLORS, true);
	if (!PG_ARGISNULL(ARG_DIRECTION))
		style.direction = directions[word_argument(fcinfo, ARG_DIRECTION, "direction", directions)];
	style.language = word_argument(fcinfo, ARG_LANG, "lang", languages);
	style.utf8 = GetDatabaseEncoding() == PG_UTF8;
	return style;
}

static char *
answer(int row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

/* The columns that an attachment to the lifecycle says, of the table or behind the view. */
static void
ask_attachment(Source *source, const char *lifecycle)
{
	Oid			types[] = {REGCLASSOID, TEXTOID, TEXTOID};
	Datum		values[] = {ObjectIdGetDatum(RelationGetRelid(source->rel)), CStringGetTextDatum(lifecycle), (Datum) 0};
	char		nulls[] = {' ', ' ', 'n'};
	MemoryContext caller = CurrentMemoryContext;

	if (source->journey_column != NULL)
	{
		values[2] = CStringGetTextDatum(source->journey_column);
		nulls[2] = ' ';
	}
	SPI_connect();
	SPI_execute_with_args("SELECT DISTINCT a.journey_column, a.lifecycle_column"
						  " FROM (SELECT $1 UNION SELECT p.relid FROM pg_catalog.pg_partition_ancestors($1) p) r (rel)"
						  " CROSS JOIN LATERAL lifecycle.shown_attachments(r.rel, NULL) a"
						  " WHERE (a.lifecycle IS NULL OR a.lifecycle OPERATOR(pg_catalog.=) $2)"
						  " AND ($3 IS NULL OR a.journey_column::pg_catalog.text OPERATOR(pg_catalog.=) $3)",
						  lengthof(types), types, values, nulls, true, 0);
	if (SPI_processed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("lifecycle \"%s\" is attached to \"%s\" more than once",
						lifecycle, RelationGetRelationName(source->rel)),
				 errhint("Say whose journeys are meant: journey_column => '...'.")));
	if (SPI_processed == 1)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);
		char	   *column = answer(0, 2);

		source->journey_column = pstrdup(answer(0, 1));
		if (source->lifecycle_column == NULL && column != NULL)
			source->lifecycle_column = pstrdup(column);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
}

static AttrNumber
find_column(const Source *source, const char *column, const char *hint)
{
	AttrNumber	number = get_attnum(RelationGetRelid(source->rel), column);

	if (number == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of \"%s\" does not exist", column, RelationGetRelationName(source->rel)),
				 errhint("%s", hint)));
	return number;
}

static void
check_columns(const Source *source)
{
	AttrNumber	number = find_column(source, source->journey_column,
									 "Say in which column the journeys are: journey_column => '...'.");
	Oid			type = get_atttype(RelationGetRelid(source->rel), number);
	Oid			journey = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("journey"),
										  ObjectIdGetDatum(get_namespace_oid(CRM_SCHEMA, false)));

	if (getBaseType(type) != journey)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of \"%s\" is of type %s, not lifecycle.journey", source->journey_column,
						RelationGetRelationName(source->rel), format_type_be(type)),
				 errhint("From a table of events, a view makes journeys with lifecycle.journey_agg(stage, at).")));
	if (source->lifecycle_column != NULL)
		find_column(source, source->lifecycle_column,
					"It says which lifecycle a row follows; a view must show it, too.");
}

static Source
open_source(FunctionCallInfo fcinfo, const char *lifecycle)
{
	Source		source;

	source.rel = try_relation_open(PG_GETARG_OID(ARG_REL), AccessShareLock);
	if (source.rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", PG_GETARG_OID(ARG_REL))));
	source.journey_column = column_argument(fcinfo, ARG_JOURNEY_COLUMN);
	source.lifecycle_column = column_argument(fcinfo, ARG_LIFECYCLE_COLUMN);
	ask_attachment(&source, lifecycle);
	if (source.journey_column == NULL)
		source.journey_column = pstrdup("journey");
	check_columns(&source);
	return source;
}

static void
add_limit(Datum *labels, Datum *limits, Datum *numbers, int *n, const char *label, const Interval *limit, int stage)
{
	labels[*n] = CStringGetTextDatum(label);
	limits[*n] = IntervalPGetDatum(limit);
	numbers[(*n)++] = Int32GetDatum(stage);
}

/* For how long stages may be held.  A limit beyond the end of time is none. */
static void
collect_limits(const Diagram *diagram, TimestampTz as_of, Census *census)
{
	int			room = 1;
	int			n = 0;
	Datum	   *labels,
			   *limits,
			   *numbers;

	for (int i = 0; i < diagram->nstages; i++)
		room += 1 + diagram->stages[i].formerly.count;
	labels = palloc(room * sizeof(Datum));
	limits = palloc(room * sizeof(Datum));
	numbers = palloc(room * sizeof(Datum));
	for (int i = 0; i < diagram->nstages; i++)
	{
		const DiagramStage *stage = &diagram->stages[i];
		TimestampTz end;

		if (stage->sla == NULL || !instant_add(as_of, stage->sla, &end))
			continue;
		add_limit(labels, limits, numbers, &n, stage->label, stage->sla, i);
		for (int f = 0; f < stage->formerly.count; f++)
			add_limit(labels, limits, numbers, &n, stage->formerly.items[f], stage->sla, i);
	}
	census->labels = PointerGetDatum(construct_array(labels, n, TEXTOID, -1, false, TYPALIGN_INT));
	census->limits = PointerGetDatum(construct_array(limits, n, INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE));
	census->numbers = PointerGetDatum(construct_array(numbers, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/*
 * $1 as of, $2 the period of moves, $3 to $5 the stages' limits, $6 the lifecycle.  Days and
 * months are added in UTC, as everywhere.
 */
static char *
census_query(const Source *source)
{
	const char *journey = psprintf("r.%s", quote_identifier(source->journey_column));
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query,
					 "SELECT lifecycle.rollup(g.velocity),"
					 " pg_catalog.array_agg(g.stage) FILTER (WHERE g.late OPERATOR(pg_catalog.>) 0),"
					 " pg_catalog.array_agg(g.late) FILTER (WHERE g.late OPERATOR(pg_catalog.>) 0) FROM ("
					 "SELECT s.stage, lifecycle.velocity_agg(%1$s, lifecycle.velocity_spec($2), $1) AS velocity,"
					 " pg_catalog.count(*) FILTER (WHERE s.sla IS NOT NULL AND pg_catalog.timezone('UTC', pg_catalog.timezone('UTC',"
					 " lifecycle.in_stage_since(lifecycle.slice(%1$s, pg_catalog.tstzrange(NULL, $1, '[]'))))"
					 " OPERATOR(pg_catalog.+) s.sla) OPERATOR(pg_catalog.<=) $1) AS late"
					 " FROM %2$s r LEFT JOIN ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5))"
					 " AS s (label, sla, stage) ON s.label OPERATOR(pg_catalog.=) lifecycle.stage_at(%1$s, $1)",
					 journey,
					 table_name_of(RelationGetRelid(source->rel)));
	if (source->lifecycle_column != NULL)
		appendStringInfo(&query, " WHERE r.%s::pg_catalog.text OPERATOR(pg_catalog.=) $6",
						 quote_identifier(source->lifecycle_column));
	appendStringInfoString(&query, " GROUP BY s.stage) g");
	return query.data;
}

/* The numbers in one column of the answer, an array of this type; NULL is none. */
static int
answered_array(int column, Oid type, int16 length, Datum **values)
{
	bool		is_null;
	Datum		array = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &is_null);
	int			n = 0;

	if (!is_null)
		deconstruct_array(DatumGetArrayTypeP(array), type, length, true,
						  length == 8 ? TYPALIGN_DOUBLE : TYPALIGN_INT, values, NULL, &n);
	return n;
}

static void
read_answer(Census *census, MemoryContext caller)
{
	MemoryContext spi = MemoryContextSwitchTo(caller);
	bool		is_null;
	Datum		velocity = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	Datum	   *stages,
			   *counts;
	int			n = answered_array(2, INT4OID, sizeof(int32), &stages);

	if (!is_null)
		census->velocity = velocity_open_datum(PointerGetDatum(PG_DETOAST_DATUM_COPY(velocity)));
	if (answered_array(3, INT8OID, sizeof(int64), &counts) != n)
		elog(ERROR, "could not count who is late");
	for (int i = 0; i < n; i++)
		census->late[DatumGetInt32(stages[i])] = DatumGetInt64(counts[i]);
	MemoryContextSwitchTo(spi);
}

/* Counts the rows. */
static void
take_census(FunctionCallInfo fcinfo, const Source *source, const CanvasStyle *style, Census *census)
{
	Oid			types[] = {TIMESTAMPTZOID, TSTZRANGEOID, TEXTARRAYOID, get_array_type(INTERVALOID), INT4ARRAYOID, TEXTOID};
	Datum		values[] = {
		TimestampTzGetDatum(style->as_of), PG_GETARG_DATUM(ARG_MOVED), census->labels, census->limits,
		census->numbers, PG_GETARG_DATUM(ARG_NAME)
	};
	char		nulls[] = {' ', PG_ARGISNULL(ARG_MOVED) ? 'n' : ' ', ' ', ' ', ' ', ' '};
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	if (SPI_execute_with_args(census_query(source), lengthof(types), types, values, nulls, true, 0) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not count the rows");
	read_answer(census, caller);
	SPI_finish();
}

/* On one line, as labels and boxes have it; NULL for NULL. */
static char *
play_text(int row, int column)
{
	char	   *text = answer(row, column);

	for (char *p = text; column == 1 && *p; p++)
		if ((unsigned char) *p < ' ')
			*p = ' ';
	return text == NULL ? NULL : pstrdup(text);
}

/* The plays of the lifecycle. */
static void
find_plays(const char *lifecycle, CanvasFigures *figures)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(lifecycle);
	MemoryContext caller = CurrentMemoryContext;
	CanvasPlay *plays;

	SPI_connect();
	SPI_execute_with_args("SELECT p.name, p.stage, p.from_stage, p.to_stage FROM lifecycle.play p"
						  " WHERE p.lifecycle OPERATOR(pg_catalog.=) $1 ORDER BY p.name COLLATE \"C\"",
						  1, &type, &value, NULL, true, 0);
	MemoryContextSwitchTo(caller);
	plays = palloc(Max(SPI_processed, 1) * sizeof(CanvasPlay));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		plays[i].name = play_text(i, 1);
		plays[i].stage = play_text(i, 2);
		plays[i].from = play_text(i, 3);
		plays[i].to = play_text(i, 4);
	}
	figures->nplays = SPI_processed;
	figures->plays = plays;
	SPI_finish();
}

/* What Mermaid would draw, our own reader must take as well. */
static void
check_size(const CanvasFigures *figures, const CanvasStyle *style)
{
	if (style->undrawn && (figures->nplaces > DIAGRAM_MAX_STAGES || figures->nflows > DIAGRAM_MAX_MOVES))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the journeys have %d stages and %d kinds of moves, which is too much for a picture",
						figures->nplaces, figures->nflows),
				 errhint("Leave out undrawn => true: stages and moves that are not drawn are then only counted.")));
}

/*
 * canvas(name, rel, as_of, moved, notes, guards, undrawn, colors, direction, lang,
 * journey_column, lifecycle_column) is a Mermaid diagram.
 */
Datum
canvas(PG_FUNCTION_ARGS)
{
	CanvasStyle style;
	CanvasFigures *figures;
	Census		census = {0};
	PureError	error;
	Diagram    *diagram;
	Source		source;

	if (PG_ARGISNULL(ARG_NAME) || PG_ARGISNULL(ARG_REL))
		PG_RETURN_NULL();
	style = style_arguments(fcinfo);
	diagram = diagram_parse(diagram_print(rules_get(style.name)->diagram), &error);
	if (diagram == NULL)
		report_pure_error(&error);
	source = open_source(fcinfo, style.name);
	census.late = palloc0(diagram->nstages * sizeof(uint64));
	collect_limits(diagram, style.as_of, &census);
	take_census(fcinfo, &source, &style, &census);
	relation_close(source.rel, NoLock);
	figures = canvas_count(diagram, census.velocity, census.late);
	check_size(figures, &style);
	find_plays(style.name, figures);
	canvas_draw(diagram, figures, &style);
	PG_RETURN_TEXT_P(cstring_to_text(diagram_print(diagram)));
}
