
-- Revenue: what moved the monthly recurring revenue, and the rates that follow.

CREATE FUNCTION @extschema@.is_mrr_series(amounts numeric[]) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.is_mrr_series(numeric[]) IS 'whether an array is a series of monthly revenue: at most 1,200 finite amounts, none of them negative';

CREATE DOMAIN @extschema@.mrr_series AS numeric[] CHECK (@extschema@.is_mrr_series(VALUE));
COMMENT ON DOMAIN @extschema@.mrr_series IS
'monthly recurring revenue, month by month; the subscripts are months, year * 12 + month - 1; made by mrr_agg, merged by rollup';

CREATE FUNCTION @extschema@.mrr_agg_add(state numeric[], month date, mrr numeric) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.mrr_agg_add(numeric[], date, numeric) IS 'transition function of mrr_agg';

CREATE FUNCTION @extschema@.mrr_agg_combine(state numeric[], other numeric[]) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.mrr_agg_combine(numeric[], numeric[]) IS 'combine function of mrr_agg, transition function of rollup';

CREATE FUNCTION @extschema@.mrr_agg_final(state numeric[]) RETURNS @extschema@.mrr_series
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.mrr_agg_final(numeric[]) IS 'final function of mrr_agg and rollup';

CREATE AGGREGATE @extschema@.mrr_agg(month date, mrr numeric) (
	SFUNC = @extschema@.mrr_agg_add,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = @extschema@.mrr_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.mrr_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.mrr_agg(date, numeric) IS 'the monthly revenue of one customer as a series; what is of one month is added up';

CREATE AGGREGATE @extschema@.rollup(series @extschema@.mrr_series) (
	SFUNC = @extschema@.mrr_agg_combine,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = @extschema@.mrr_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.mrr_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.mrr_series) IS 'the sum of several series, month by month';

CREATE FUNCTION @extschema@.mrr_at(series @extschema@.mrr_series, month date) RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.mrr_at(@extschema@.mrr_series, date) IS 'the revenue of a month, 0 where the series has none';

CREATE FUNCTION @extschema@.mrr_months(series @extschema@.mrr_series, OUT month date, OUT mrr numeric) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.mrr_months(@extschema@.mrr_series) IS 'one row for every month of a series';

CREATE FUNCTION @extschema@.mrr_movements(
	series @extschema@.mrr_series,
	through date,
	months int DEFAULT 1,
	OUT month date,
	OUT kind text,
	OUT change numeric,
	OUT before numeric,
	OUT after numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.mrr_movements(@extschema@.mrr_series, date, int) IS
'what moved a customer''s revenue, period by period: new, expansion, contraction, churn, reactivation or unchanged';

CREATE FUNCTION @extschema@.revenue_cohort(
	series @extschema@.mrr_series,
	through date,
	OUT cohort date,
	OUT period int,
	OUT start_mrr numeric,
	OUT mrr numeric,
	OUT kept numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.revenue_cohort(@extschema@.mrr_series, date) IS
'what is left of a customer''s first monthly revenue, month by month since then';

-- What the movements of many customers add up to.

CREATE TYPE @extschema@.revenue AS (
	start_mrr numeric,
	new_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churned_mrr numeric,
	reactivation_mrr numeric,
	end_mrr numeric,
	start_customers bigint,
	new_customers bigint,
	expanded_customers bigint,
	contracted_customers bigint,
	churned_customers bigint,
	reactivated_customers bigint,
	end_customers bigint
);
COMMENT ON TYPE @extschema@.revenue IS 'how revenue came from the start of a period to its end; made by revenue_agg, merged by rollup';

CREATE FUNCTION @extschema@.revenue_agg_add(sums numeric[], kind text, before numeric, after numeric) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.revenue_agg_add(numeric[], text, numeric, numeric) IS 'transition function of revenue_agg';

CREATE FUNCTION @extschema@.revenue_rollup_add(sums numeric[], revenue @extschema@.revenue) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (revenue).start_mrr IS NULL THEN sums
	ELSE @extschema@.sums_combine(sums, ARRAY[(revenue).start_mrr, (revenue).new_mrr, (revenue).expansion_mrr, (revenue).contraction_mrr,
		(revenue).churned_mrr, (revenue).reactivation_mrr,
		(revenue).start_customers, (revenue).new_customers, (revenue).expanded_customers, (revenue).contracted_customers,
		(revenue).churned_customers, (revenue).reactivated_customers]) END;
COMMENT ON FUNCTION @extschema@.revenue_rollup_add(numeric[], @extschema@.revenue) IS 'transition function of rollup';

CREATE FUNCTION @extschema@.revenue_final(sums numeric[]) RETURNS @extschema@.revenue
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN ROW(sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6],
	sums[7], sums[8], sums[9], sums[10], sums[11], sums[12], sums[7] + sums[8] - sums[11] + sums[12])::@extschema@.revenue;
COMMENT ON FUNCTION @extschema@.revenue_final(numeric[]) IS 'final function of revenue_agg and rollup';

CREATE AGGREGATE @extschema@.revenue_agg(kind text, before numeric, after numeric) (
	SFUNC = @extschema@.revenue_agg_add,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = @extschema@.revenue_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.revenue_agg(text, numeric, numeric) IS 'what the movements of many customers in one period add up to';

CREATE AGGREGATE @extschema@.rollup(revenue @extschema@.revenue) (
	SFUNC = @extschema@.revenue_rollup_add,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = @extschema@.revenue_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.revenue) IS 'the revenue of the customers of all given ones, in the same period';

-- Rates. The formulas are the trade's: retention, ARPA and lifetime value as in Skok, SaaS Metrics 2.0 (2010), the quick
-- ratio Hamid's (2015). Where tools disagree, doc/semantics.md says what is counted here.

CREATE FUNCTION @extschema@.nrr(revenue @extschema@.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN ((revenue).start_mrr + (revenue).expansion_mrr + (revenue).contraction_mrr + (revenue).churned_mrr) / NULLIF((revenue).start_mrr, 0);
COMMENT ON FUNCTION @extschema@.nrr(@extschema@.revenue) IS 'net revenue retention: what those who paid at the start pay at the end, by what they paid at the start';

CREATE FUNCTION @extschema@.grr(revenue @extschema@.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN ((revenue).start_mrr + (revenue).contraction_mrr + (revenue).churned_mrr) / NULLIF((revenue).start_mrr, 0);
COMMENT ON FUNCTION @extschema@.grr(@extschema@.revenue) IS 'gross revenue retention: the same, where nobody counts with more than at the start';

CREATE FUNCTION @extschema@.logo_churn(revenue @extschema@.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN (revenue).churned_customers::numeric / NULLIF((revenue).start_customers, 0);
COMMENT ON FUNCTION @extschema@.logo_churn(@extschema@.revenue) IS 'how many of the customers at the start are none at the end';

CREATE FUNCTION @extschema@.quick_ratio(revenue @extschema@.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN ((revenue).new_mrr + (revenue).expansion_mrr + (revenue).reactivation_mrr) / NULLIF(-((revenue).contraction_mrr + (revenue).churned_mrr), 0);
COMMENT ON FUNCTION @extschema@.quick_ratio(@extschema@.revenue) IS 'revenue won by revenue lost; NULL where none was lost';

CREATE FUNCTION @extschema@.arpa(revenue @extschema@.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN (revenue).end_mrr / NULLIF((revenue).end_customers, 0);
COMMENT ON FUNCTION @extschema@.arpa(@extschema@.revenue) IS 'average monthly revenue per paying account at the end';

CREATE FUNCTION @extschema@.ltv(arpa numeric, churn numeric, gross_margin numeric DEFAULT 1) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN churn > 0 THEN arpa * gross_margin / churn END;
COMMENT ON FUNCTION @extschema@.ltv(numeric, numeric, numeric) IS 'lifetime value: what an account brings in a period times the periods that it lasts, 1 / churn';

-- Rates of what was due.

CREATE FUNCTION @extschema@.share_add(sums numeric[], part numeric, whole numeric) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.share_add(numeric[], numeric, numeric) IS 'adds to the two sums of a share; what is NULL adds nothing';

CREATE FUNCTION @extschema@.share_final(sums numeric[]) RETURNS numeric
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN sums[1] / NULLIF(sums[2], 0);
COMMENT ON FUNCTION @extschema@.share_final(numeric[]) IS 'the first of two sums by the second; NULL where that is 0';

CREATE FUNCTION @extschema@.renewal_rate_add(sums numeric[], renewed boolean) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN @extschema@.share_add(sums, renewed::int, 1);
COMMENT ON FUNCTION @extschema@.renewal_rate_add(numeric[], boolean) IS 'transition function of renewal_rate';

CREATE AGGREGATE @extschema@.renewal_rate(renewed boolean) (
	SFUNC = @extschema@.renewal_rate_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = @extschema@.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.renewal_rate(boolean) IS 'how many of the contracts that were due were renewed; those not decided yet (NULL) do not count';

CREATE AGGREGATE @extschema@.net_renewal_rate(renewed numeric, due numeric) (
	SFUNC = @extschema@.share_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = @extschema@.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.net_renewal_rate(numeric, numeric) IS 'how much of the value that was due was renewed, with what was sold on top; those not decided yet (NULL) do not count';

CREATE FUNCTION @extschema@.gross_renewal_rate_add(sums numeric[], renewed numeric, due numeric) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN @extschema@.share_add(sums, CASE WHEN renewed > due AND renewed < 'infinity' AND due >= 0 THEN due ELSE renewed END, due);
COMMENT ON FUNCTION @extschema@.gross_renewal_rate_add(numeric[], numeric, numeric) IS 'transition function of gross_renewal_rate';

CREATE AGGREGATE @extschema@.gross_renewal_rate(renewed numeric, due numeric) (
	SFUNC = @extschema@.gross_renewal_rate_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = @extschema@.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.gross_renewal_rate(numeric, numeric) IS 'the same, where no contract counts with more than was due';

CREATE FUNCTION @extschema@.trial_to_paid_add(sums numeric[], trial_ends timestamptz, paid_at timestamptz, as_of timestamptz) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN @extschema@.share_add(sums, CASE WHEN trial_ends <= as_of THEN (paid_at <= as_of AND paid_at IS NOT NULL)::int END, 1);
COMMENT ON FUNCTION @extschema@.trial_to_paid_add(numeric[], timestamptz, timestamptz, timestamptz) IS 'transition function of trial_to_paid';

CREATE AGGREGATE @extschema@.trial_to_paid(trial_ends timestamptz, paid_at timestamptz, as_of timestamptz) (
	SFUNC = @extschema@.trial_to_paid_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = @extschema@.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.trial_to_paid(timestamptz, timestamptz, timestamptz) IS 'how many of the trials that are over by an instant were paid by then';
