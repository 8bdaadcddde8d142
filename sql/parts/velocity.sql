
-- Velocity: how long journeys stay before each move.

COMMENT ON TYPE @extschema@.velocity_spec IS 'what a velocity counts: [moved 2026-01-01 to 2026-04-01] [as of 2026-05-01]';

CREATE FUNCTION @extschema@.velocity_spec(moved tstzrange DEFAULT NULL, as_of timestamptz DEFAULT NULL) RETURNS @extschema@.velocity_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_spec(tstzrange, timestamptz) IS 'a velocity_spec from named arguments; what is NULL is left out';

CREATE TYPE @extschema@.velocity;

CREATE FUNCTION @extschema@.velocity_in(cstring) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_in(cstring) IS 'reads a velocity from text';

CREATE FUNCTION @extschema@.velocity_out(@extschema@.velocity) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_out(@extschema@.velocity) IS 'prints a velocity as text';

CREATE FUNCTION @extschema@.velocity_recv(internal) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_recv(internal) IS 'reads a velocity from its binary form';

CREATE FUNCTION @extschema@.velocity_send(@extschema@.velocity) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_send(@extschema@.velocity) IS 'writes a velocity in its binary form';

CREATE TYPE @extschema@.velocity (
	INPUT = @extschema@.velocity_in,
	OUTPUT = @extschema@.velocity_out,
	RECEIVE = @extschema@.velocity_recv,
	SEND = @extschema@.velocity_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.velocity IS 'for every pair of stages the dwells before the move; made by velocity_agg, merged by rollup';

CREATE FUNCTION @extschema@.velocity_agg_add(@extschema@.velocity, journey @extschema@.journey) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_agg_add(@extschema@.velocity, @extschema@.journey) IS 'transition function of velocity_agg';

CREATE FUNCTION @extschema@.velocity_agg_add(@extschema@.velocity, journey @extschema@.journey, spec @extschema@.velocity_spec) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_agg_add(@extschema@.velocity, @extschema@.journey, @extschema@.velocity_spec) IS 'transition function of velocity_agg';

CREATE FUNCTION @extschema@.velocity_agg_add(@extschema@.velocity, journey @extschema@.journey, spec @extschema@.velocity_spec, as_of timestamptz) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_agg_add(@extschema@.velocity, @extschema@.journey, @extschema@.velocity_spec, timestamptz) IS 'transition function of velocity_agg';

CREATE FUNCTION @extschema@.velocity_agg_combine(@extschema@.velocity, @extschema@.velocity) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_agg_combine(@extschema@.velocity, @extschema@.velocity) IS 'combine function of velocity_agg, transition function of rollup';

CREATE FUNCTION @extschema@.velocity_agg_final(@extschema@.velocity) RETURNS @extschema@.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_agg_final(@extschema@.velocity) IS 'final function of velocity_agg and rollup';

CREATE AGGREGATE @extschema@.velocity_agg(journey @extschema@.journey) (
	SFUNC = @extschema@.velocity_agg_add,
	STYPE = @extschema@.velocity,
	SSPACE = 32768,
	COMBINEFUNC = @extschema@.velocity_agg_combine,
	FINALFUNC = @extschema@.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.velocity_agg(@extschema@.journey) IS 'the velocity of a group of journeys: all their moves';

CREATE AGGREGATE @extschema@.velocity_agg(journey @extschema@.journey, spec @extschema@.velocity_spec) (
	SFUNC = @extschema@.velocity_agg_add,
	STYPE = @extschema@.velocity,
	SSPACE = 32768,
	COMBINEFUNC = @extschema@.velocity_agg_combine,
	FINALFUNC = @extschema@.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.velocity_agg(@extschema@.journey, @extschema@.velocity_spec) IS 'the velocity of a group of journeys: their moves in a period, as of an instant';

CREATE AGGREGATE @extschema@.velocity_agg(journey @extschema@.journey, spec @extschema@.velocity_spec, as_of timestamptz) (
	SFUNC = @extschema@.velocity_agg_add,
	STYPE = @extschema@.velocity,
	SSPACE = 32768,
	COMBINEFUNC = @extschema@.velocity_agg_combine,
	FINALFUNC = @extschema@.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.velocity_agg(@extschema@.journey, @extschema@.velocity_spec, timestamptz) IS 'the velocity of a group of journeys as of an instant that is not a literal, such as now()';

CREATE AGGREGATE @extschema@.rollup(velocity @extschema@.velocity) (
	SFUNC = @extschema@.velocity_agg_combine,
	STYPE = @extschema@.velocity,
	SSPACE = 32768,
	COMBINEFUNC = @extschema@.velocity_agg_combine,
	FINALFUNC = @extschema@.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.velocity) IS 'the velocity of everything that velocities of one specification count';

CREATE FUNCTION @extschema@.velocity_moves(
	velocity @extschema@.velocity,
	OUT from_stage text,
	OUT to_stage text,
	OUT moves bigint,
	OUT share double precision,
	OUT mean interval,
	OUT p50 interval,
	OUT p90 interval,
	OUT max interval
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_moves(@extschema@.velocity) IS 'one row per pair of stages: how many moves, their share of all that leave the stage, and the dwells before them';

CREATE FUNCTION @extschema@.velocity_stages(
	velocity @extschema@.velocity,
	OUT stage text,
	OUT visits bigint,
	OUT exits bigint,
	OUT open bigint,
	OUT mean interval,
	OUT p50 interval,
	OUT p90 interval,
	OUT open_age_p50 interval,
	OUT total_time interval
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.velocity_stages(@extschema@.velocity) IS 'one row per stage: entries, exits, how many are in it, the dwells before leaving, and the median age of the open ones';

CREATE FUNCTION @extschema@.win_probability(velocity @extschema@.velocity, stage text, won text[], lost text[]) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_probability(@extschema@.velocity, text, text[], text[]) IS 'how likely a journey that enters the stage reaches a won stage before a lost one, as the counted moves go on';

CREATE FUNCTION @extschema@.win_probability(velocity @extschema@.velocity, stage anyenum, won anyarray, lost anyarray) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_probability(@extschema@.velocity, anyenum, anyarray, anyarray) IS 'how likely a journey that enters the stage reaches a won stage before a lost one, as the counted moves go on';

CREATE FUNCTION @extschema@.expected_time(velocity @extschema@.velocity, stage text, won text[], lost text[]) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.expected_time(@extschema@.velocity, text, text[], text[]) IS 'how long a journey that enters the stage takes on average until it reaches a won or a lost stage';

CREATE FUNCTION @extschema@.expected_time(velocity @extschema@.velocity, stage anyenum, won anyarray, lost anyarray) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.expected_time(@extschema@.velocity, anyenum, anyarray, anyarray) IS 'how long a journey that enters the stage takes on average until it reaches a won or a lost stage';
