/*-------------------------------------------------------------------------
 *
 * survival_report.c
 *		What SQL reads from survivals: kaplan_meier, cumulative_incidence,
 *		median_survival, win_within, logrank_test and logrank_groups.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "face.h"
#include "log_rank.h"
#include "spec_args.h"
#include "stage.h"
#include "survival_curve.h"
#include "survival_io.h"

static SurvivalInterval
interval_argument(FunctionCallInfo fcinfo, int argno)
{
	static const char *const kinds[] = {"log-log", "log", NULL};

	return argument_word(fcinfo, argno, "conf_type", kinds) == 0 ? SURVIVAL_LOG_LOG : SURVIVAL_LOG;
}

/* Fills two columns, lower and upper. */
static void
put_interval(SurvivalInterval kind, double p, double variance, Datum *values, bool *nulls)
{
	double		lower = 0,
				upper = 0;
	bool		known = survival_interval(kind, p, variance, &lower, &upper);

	values[0] = Float8GetDatum(lower);
	values[1] = Float8GetDatum(upper);
	nulls[0] = nulls[1] = !known;
}

static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	CHECK_FOR_INTERRUPTS();
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

#define KAPLAN_MEIER_COLUMNS 9

static void
put_survival(FunctionCallInfo fcinfo, const SurvivalStep *step, const SurvivalEstimate *estimate,
			 SurvivalInterval kind)
{
	Datum		values[KAPLAN_MEIER_COLUMNS] = {0};
	bool		nulls[KAPLAN_MEIER_COLUMNS] = {false};

	values[0] = span_datum(step->time);
	values[1] = Int64GetDatum(step->at_risk);
	values[2] = Int64GetDatum(step->events);
	values[3] = Int64GetDatum(step->censored);
	values[4] = Float8GetDatum(estimate->survival);
	/* Greenwood's sum is infinite where nobody is left. */
	values[5] = Float8GetDatum(sqrt(estimate->variance));
	nulls[5] = estimate->survival <= 0;
	put_interval(kind, estimate->survival, estimate->variance, values + 6, nulls + 6);
	values[8] = Float8GetDatum(estimate->hazard);
	put_row(fcinfo, values, nulls);
}

/*
 * kaplan_meier(survival, conf_type)
 */
PG_FUNCTION_INFO_V1(kaplan_meier);
Datum
kaplan_meier(PG_FUNCTION_ARGS)
{
	SurvivalInterval kind = interval_argument(fcinfo, 1);
	SurvivalCurve curve;
	SurvivalEstimate estimate;

	InitMaterializedSRF(fcinfo, 0);
	survival_curve(PG_GETARG_SURVIVAL(0), SURVIVAL_ANY_CAUSE, &curve);
	survival_start(&estimate);
	for (uint32 i = 0; i < curve.nsteps; i++)
	{
		survival_step(&estimate, &curve.steps[i]);
		put_survival(fcinfo, &curve.steps[i], &estimate, kind);
	}
	return (Datum) 0;
}

/* Refuses a cause that the specification does not wait for: it would always be 0. */
static void
require_cause(const Survival *survival, const JourneyLabel *label)
{
	SurvivalSpec spec;
	PureError	error;

	if (survival->spec_len == 0)
		return;
	report_if(!survival_spec_read(&spec, survival->spec, survival->spec_len, &error), &error);
	if (label_list_find(&spec.causes, label->text, label->len) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("stage \"%.*s\" is not one that the survival waits for",
						(int) label->len, label->text),
				 errdetail("It is \"%.*s\".", (int) survival->spec_len, survival->spec)));
}

static uint32
find_cause(const Survival *survival, const JourneyLabel *label)
{
	uint32		cause;

	require_cause(survival, label);
	cause = survival_find_cause(survival, *label);
	return cause != SURVIVAL_CENSORED ? cause : SURVIVAL_NO_CAUSE;
}

/* The curve of the arguments (survival, cause). */
static void
get_curve(FunctionCallInfo fcinfo, SurvivalCurve *curve)
{
	Survival   *survival = PG_GETARG_SURVIVAL(0);
	JourneyLabel label = stage_argument(fcinfo, 1);

	survival_curve(survival, find_cause(survival, &label), curve);
}

#define INCIDENCE_COLUMNS 5

/*
 * cumulative_incidence(survival, cause, conf_type)
 */
PG_FUNCTION_INFO_V1(cumulative_incidence);
Datum
cumulative_incidence(PG_FUNCTION_ARGS)
{
	SurvivalInterval kind = interval_argument(fcinfo, 2);
	SurvivalCurve curve;
	SurvivalEstimate estimate;

	InitMaterializedSRF(fcinfo, 0);
	get_curve(fcinfo, &curve);
	survival_start(&estimate);
	for (uint32 i = 0; i < curve.nsteps; i++)
	{
		Datum		values[INCIDENCE_COLUMNS] = {0};
		bool		nulls[INCIDENCE_COLUMNS] = {false};

		survival_step(&estimate, &curve.steps[i]);
		values[0] = span_datum(curve.steps[i].time);
		values[1] = Float8GetDatum(estimate.incidence);
		values[2] = Float8GetDatum(sqrt(Max(estimate.incidence_variance, 0)));
		put_interval(kind, estimate.incidence, Max(estimate.incidence_variance, 0), values + 3,
					 nulls + 3);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(median_survival);
Datum
median_survival(PG_FUNCTION_ARGS)
{
	SurvivalCurve curve;
	int64		time;

	survival_curve(PG_GETARG_SURVIVAL(0), SURVIVAL_ANY_CAUSE, &curve);
	if (!survival_median(&curve, &time))
		PG_RETURN_NULL();
	return span_datum(time);
}

/*
 * win_within(survival, cause, age, horizon)
 */
PG_FUNCTION_INFO_V1(win_within);
Datum
win_within(PG_FUNCTION_ARGS)
{
	int64		age = duration_argument(fcinfo, 2, "age");
	int64		horizon = duration_argument(fcinfo, 3, "horizon");
	SurvivalCurve curve;
	double		probability;

	get_curve(fcinfo, &curve);
	if (!survival_within(&curve, age, horizon, &probability))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(probability);
}

static void
require_same_spec(const Survival *first, const Survival *other)
{
	if (survival_has_spec(first, other->spec, other->spec_len))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("survivals of different specifications cannot be compared"),
			 errdetail("One is \"%.*s\", the other \"%.*s\".", (int) first->spec_len, first->spec,
					   (int) other->spec_len, other->spec)));
}

/* Runs the test on the arguments (survivals, cause); a group that is NULL has nobody. */
static void
run_test(FunctionCallInfo fcinfo, LogRank *test)
{
	static const SurvivalCurve nobody;
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	const Survival *first = NULL;
	JourneyLabel label = {0};
	Datum	   *values;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &values, &nulls, &n);
	if (n > LOG_RANK_MAX_GROUPS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a log-rank test cannot compare more than %d groups", LOG_RANK_MAX_GROUPS)));
	if (!PG_ARGISNULL(1))
		label = stage_argument(fcinfo, 1);
	test->ngroups = n;
	test->groups = palloc0(Max(n, 1) * sizeof(LogRankGroup));
	for (int i = 0; i < n; i++)
	{
		SurvivalCurve *curve;
		Survival   *survival;

		test->groups[i].curve = &nobody;
		if (nulls[i])
			continue;
		survival = survival_open_datum(values[i]);
		first = first ? first : survival;
		require_same_spec(first, survival);
		curve = palloc(sizeof(SurvivalCurve));
		survival_curve(survival,
					   label.text ? find_cause(survival, &label) : SURVIVAL_ANY_CAUSE, curve);
		test->groups[i].curve = curve;
		test->groups[i].subjects = survival->total;
	}
	log_rank(test);
}

#define TEST_COLUMNS 3

/*
 * logrank_test(survivals, cause)
 */
PG_FUNCTION_INFO_V1(logrank_test);
Datum
logrank_test(PG_FUNCTION_ARGS)
{
	Datum		values[TEST_COLUMNS];
	bool		nulls[TEST_COLUMNS] = {false};
	TupleDesc	row;
	LogRank		test;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "logrank_test must return a row");
	run_test(fcinfo, &test);
	values[0] = Float8GetDatum(test.chi_square);
	values[1] = Int32GetDatum(test.df);
	values[2] = Float8GetDatum(test.p_value);
	nulls[0] = nulls[2] = test.df == 0;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

#define GROUP_COLUMNS 5

/*
 * logrank_groups(survivals, cause)
 */
PG_FUNCTION_INFO_V1(logrank_groups);
Datum
logrank_groups(PG_FUNCTION_ARGS)
{
	LogRank		test;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	run_test(fcinfo, &test);
	for (uint32 i = 0; i < test.ngroups; i++)
	{
		const LogRankGroup *group = &test.groups[i];
		Datum		values[GROUP_COLUMNS];
		bool		nulls[GROUP_COLUMNS] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = Int64GetDatum(group->subjects);
		values[2] = Int64GetDatum(group->observed);
		values[3] = Float8GetDatum(group->expected);
		values[4] = Float8GetDatum(group->variance);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}
