
-- Retention: who stayed, by cohort and period.

COMMENT ON TYPE @extschema@.retention_spec IS 'who counts as retained: from customer while customer every 1 month for 24 as of 2026-05-01';

CREATE FUNCTION @extschema@.retention_spec(
	from_stage text,
	while_stages text[],
	every interval,
	periods int,
	measure text DEFAULT 'any_time',
	counted_from text DEFAULT 'cohort',
	time_zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS @extschema@.retention_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_spec(text, text[], interval, int, text, text, text, timestamptz) IS
'makes a retention_spec from named arguments';

CREATE TYPE @extschema@.retention;

CREATE FUNCTION @extschema@.retention_in(cstring) RETURNS @extschema@.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_in(cstring) IS 'reads a retention from text';

CREATE FUNCTION @extschema@.retention_out(@extschema@.retention) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_out(@extschema@.retention) IS 'prints a retention as text';

CREATE FUNCTION @extschema@.retention_recv(internal) RETURNS @extschema@.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_recv(internal) IS 'reads a retention from its binary form';

CREATE FUNCTION @extschema@.retention_send(@extschema@.retention) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_send(@extschema@.retention) IS 'writes a retention in its binary form';

CREATE TYPE @extschema@.retention (
	INPUT = @extschema@.retention_in,
	OUTPUT = @extschema@.retention_out,
	RECEIVE = @extschema@.retention_recv,
	SEND = @extschema@.retention_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.retention IS 'who stayed, by cohort and period; read it with retention_cells';

CREATE FUNCTION @extschema@.retention_agg_add(state @extschema@.retention, journey @extschema@.journey, spec @extschema@.retention_spec)
RETURNS @extschema@.retention
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_agg_add(@extschema@.retention, @extschema@.journey, @extschema@.retention_spec) IS
'adds a journey to the state of retention_agg';

CREATE FUNCTION @extschema@.retention_agg_add(state @extschema@.retention, journey @extschema@.journey, spec @extschema@.retention_spec, as_of timestamptz)
RETURNS @extschema@.retention
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_agg_add(@extschema@.retention, @extschema@.journey, @extschema@.retention_spec, timestamptz) IS
'adds a journey to the state of retention_agg, as of an instant';

CREATE FUNCTION @extschema@.retention_agg_combine(state @extschema@.retention, other @extschema@.retention)
RETURNS @extschema@.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_agg_combine(@extschema@.retention, @extschema@.retention) IS
'adds a retention to the state of retention_agg or rollup';

CREATE FUNCTION @extschema@.retention_agg_final(state @extschema@.retention)
RETURNS @extschema@.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_agg_final(@extschema@.retention) IS
'the result of retention_agg or rollup, in its canonical form';

CREATE AGGREGATE @extschema@.retention_agg(journey @extschema@.journey, spec @extschema@.retention_spec) (
	SFUNC = @extschema@.retention_agg_add,
	STYPE = @extschema@.retention,
	SSPACE = 4096,
	FINALFUNC = @extschema@.retention_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.retention_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.retention_agg(@extschema@.journey, @extschema@.retention_spec) IS
'how many of each cohort stayed, period by period';

CREATE AGGREGATE @extschema@.retention_agg(journey @extschema@.journey, spec @extschema@.retention_spec, as_of timestamptz) (
	SFUNC = @extschema@.retention_agg_add,
	STYPE = @extschema@.retention,
	SSPACE = 4096,
	FINALFUNC = @extschema@.retention_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.retention_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.retention_agg(@extschema@.journey, @extschema@.retention_spec, timestamptz) IS
'how many of each cohort stayed, period by period, as of an instant that is not a literal, such as now()';

CREATE AGGREGATE @extschema@.rollup(retention @extschema@.retention) (
	SFUNC = @extschema@.retention_agg_combine,
	STYPE = @extschema@.retention,
	SSPACE = 4096,
	FINALFUNC = @extschema@.retention_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.retention_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.retention) IS
'adds retentions of one specification up';

CREATE FUNCTION @extschema@.retention_cells(
	retention @extschema@.retention,
	OUT cohort timestamptz,
	OUT period int4,
	OUT size int8,
	OUT retained int8,
	OUT share float8,
	OUT complete bool
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 300 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.retention_cells(@extschema@.retention) IS
'one row for every cohort and period that has begun, and behind them, without a cohort, one for every period over all cohorts in which it is over';
