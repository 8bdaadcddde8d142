/*-------------------------------------------------------------------------
 *
 * revenue.c
 *		Movements of monthly recurring revenue, and what those of many customers add
 *		up to.
 *
 * Rates are made of the sums in SQL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "compat.h"
#include "movement.h"
#include "sums.h"

/*
 * The sums of revenue_agg: the revenue at the start and each kind of change, then how
 * many customers each of these concerns.
 */
enum
{
	START_MRR,
	CHANGES,
	START_CUSTOMERS = CHANGES + MOVEMENT_UNCHANGED,
	CUSTOMERS,
	REVENUE_SUMS = CUSTOMERS + MOVEMENT_UNCHANGED
};

static const char *const kind_names[MOVEMENT_KINDS] = {
	[MOVEMENT_NEW] = "new",
	[MOVEMENT_EXPANSION] = "expansion",
	[MOVEMENT_CONTRACTION] = "contraction",
	[MOVEMENT_CHURN] = "churn",
	[MOVEMENT_REACTIVATION] = "reactivation",
	[MOVEMENT_UNCHANGED] = "unchanged"
};

const char *
movement_name(MovementKind kind)
{
	return kind_names[kind];
}

/*
 * What a change is, as far as two amounts tell: who comes back looks new.
 */
MovementKind
movement_between(Datum before, Datum after)
{
	int			order = amount_compare(after, before);

	if (order == 0)
		return MOVEMENT_UNCHANGED;
	if (order > 0)
		return amount_sign(before) == 0 ? MOVEMENT_NEW : MOVEMENT_EXPANSION;
	return amount_sign(after) == 0 ? MOVEMENT_CHURN : MOVEMENT_CONTRACTION;
}

static MovementKind
kind_named(const text *name)
{
	for (int kind = 0; kind < MOVEMENT_KINDS; kind++)
		if (VARSIZE_ANY_EXHDR(name) == strlen(kind_names[kind]) &&
			memcmp(VARDATA_ANY(name), kind_names[kind], VARSIZE_ANY_EXHDR(name)) == 0)
			return kind;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no movement of the kind \"%s\"", text_to_cstring(name)),
			 errhint("The kinds are new, expansion, contraction, churn, reactivation and "
					 "unchanged.")));
}

/* The kind that a row says it is, and its amounts agree with. */
static MovementKind
kind_of_row(const text *name, Datum before, Datum after)
{
	MovementKind kind = kind_named(name),
				seen = movement_between(before, after);

	if (kind != seen && !(kind == MOVEMENT_REACTIVATION && seen == MOVEMENT_NEW))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from %s to %s is no movement of the kind \"%s\"",
						DatumGetCString(DirectFunctionCall1(numeric_out, before)),
						DatumGetCString(DirectFunctionCall1(numeric_out, after)),
						kind_names[kind])));
	return kind;
}

static Datum
amount_argument(FunctionCallInfo fcinfo, int argno)
{
	Datum		amount = finite_amount(fcinfo, argno, "a movement's revenue");

	if (amount_sign(amount) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("monthly revenue cannot be negative")));
	return amount;
}

/*
 * revenue_agg_add(sums, kind, before, after)
 */
PG_FUNCTION_INFO_V1(revenue_agg_add);
Datum
revenue_agg_add(PG_FUNCTION_ARGS)
{
	Sums		sums;
	Datum		before,
				after;
	MovementKind kind;

	/* An outer join's empty row. */
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	sums = sums_open(fcinfo, 0, REVENUE_SUMS);
	before = amount_argument(fcinfo, 2);
	after = amount_argument(fcinfo, 3);
	kind = kind_of_row(PG_GETARG_TEXT_PP(1), before, after);
	if (amount_sign(before) > 0)
	{
		sums_add(&sums, START_MRR, before);
		sums_count(&sums, START_CUSTOMERS);
	}
	if (kind != MOVEMENT_UNCHANGED)
	{
		sums_add(&sums, CHANGES + kind, amount_subtract(after, before));
		sums_count(&sums, CUSTOMERS + kind);
	}
	return sums_datum(&sums);
}

/* A value of contracts, or a count of them: finite, and not less than nothing. */
static Datum
due_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	Datum		amount = finite_amount(fcinfo, argno, name);

	if (amount_sign(amount) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be negative", name)));
	return amount;
}

/*
 * share_add(sums, part, whole): what is NULL is not decided yet, and adds nothing.
 */
PG_FUNCTION_INFO_V1(share_add);
Datum
share_add(PG_FUNCTION_ARGS)
{
	Sums		sums;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	sums = sums_open(fcinfo, 0, 2);
	sums_add(&sums, 0, due_argument(fcinfo, 1, "what was renewed"));
	sums_add(&sums, 1, due_argument(fcinfo, 2, "what was due"));
	return sums_datum(&sums);
}
