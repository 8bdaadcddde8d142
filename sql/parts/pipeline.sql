
-- The pipeline: what open deals are worth, how sure that is, and how fast it turns into money.

CREATE TYPE @extschema@.pipeline AS (
	deals bigint,
	incomplete bigint,
	total numeric,
	weighted numeric,
	variance numeric,
	std_dev numeric
);
COMMENT ON TYPE @extschema@.pipeline IS 'what open deals are worth; made by pipeline_agg, merged by rollup';

CREATE FUNCTION @extschema@.pipeline_agg_add(sums numeric[], amount numeric, probability double precision) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.pipeline_agg_add(numeric[], numeric, double precision) IS 'transition function of pipeline_agg';

CREATE FUNCTION @extschema@.pipeline_rollup_add(sums numeric[], pipeline @extschema@.pipeline) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (pipeline).deals IS NULL THEN sums
	ELSE @extschema@.sums_combine(sums, ARRAY[(pipeline).deals, COALESCE((pipeline).incomplete, 0),
		COALESCE((pipeline).total, 0), COALESCE((pipeline).weighted, 0), COALESCE((pipeline).variance, 0)]) END;
COMMENT ON FUNCTION @extschema@.pipeline_rollup_add(numeric[], @extschema@.pipeline) IS 'transition function of rollup';

CREATE FUNCTION @extschema@.pipeline_final(sums numeric[]) RETURNS @extschema@.pipeline
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN sums[1] = 0 THEN ROW(0, sums[2], NULL, NULL, NULL, NULL)::@extschema@.pipeline
	ELSE ROW(sums[1], sums[2], sums[3], sums[4], sums[5], sqrt(sums[5]))::@extschema@.pipeline END;
COMMENT ON FUNCTION @extschema@.pipeline_final(numeric[]) IS 'final function of pipeline_agg and rollup';

CREATE AGGREGATE @extschema@.pipeline_agg(amount numeric, probability double precision) (
	SFUNC = @extschema@.pipeline_agg_add,
	STYPE = numeric[],
	SSPACE = 256,
	FINALFUNC = @extschema@.pipeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.pipeline_agg(numeric, double precision) IS
'what open deals are worth: their total, the total weighted by the probabilities of winning them, and its standard deviation';

CREATE AGGREGATE @extschema@.rollup(pipeline @extschema@.pipeline) (
	SFUNC = @extschema@.pipeline_rollup_add,
	STYPE = numeric[],
	SSPACE = 256,
	FINALFUNC = @extschema@.pipeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.sums_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.pipeline) IS 'the pipeline of all deals of the given ones';

-- Coverage: a ratio whose two sides the caller names. Nothing to reach is nothing to cover.
CREATE FUNCTION @extschema@.pipeline_coverage(pipeline numeric, quota numeric) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN quota > 0 THEN pipeline / quota END;
COMMENT ON FUNCTION @extschema@.pipeline_coverage(numeric, numeric) IS 'how many times the pipeline covers what is to be won; NULL where nothing is';

-- Sales velocity, the sales trade's formula: deals x win rate x value / length of the sales cycle.
CREATE FUNCTION @extschema@.sales_velocity(open_deals bigint, win_rate double precision, won_value numeric, median_time interval) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.sales_velocity(bigint, double precision, numeric, interval) IS
'the money a day that a pipeline brings, from the median time to close of all deals, those still open included';

CREATE FUNCTION @extschema@.naive_sales_velocity(open_deals bigint, win_rate double precision, won_value numeric, mean_time interval) RETURNS double precision
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN @extschema@.sales_velocity(open_deals, win_rate, won_value, mean_time);
COMMENT ON FUNCTION @extschema@.naive_sales_velocity(bigint, double precision, numeric, interval) IS
'the same from the mean time of the deals that closed, which forgets the slow ones that are still open';
