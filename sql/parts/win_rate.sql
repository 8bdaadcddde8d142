
-- Win rates: how many of the decided were won.

COMMENT ON TYPE @extschema@.win_rate_spec IS 'what decides and when: won against lost, churned [closed 2026-01-01 to 2026-04-01]';

CREATE FUNCTION @extschema@.win_rate_spec(won text[], lost text[], closed tstzrange DEFAULT NULL) RETURNS @extschema@.win_rate_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_spec(text[], text[], tstzrange) IS 'a win_rate_spec from named arguments; without closed the outcomes of all times';

CREATE TYPE @extschema@.win_rate;

CREATE FUNCTION @extschema@.win_rate_in(cstring) RETURNS @extschema@.win_rate
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_in(cstring) IS 'reads a win_rate from text';

CREATE FUNCTION @extschema@.win_rate_out(@extschema@.win_rate) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_out(@extschema@.win_rate) IS 'prints a win_rate as text';

CREATE FUNCTION @extschema@.win_rate_recv(internal) RETURNS @extschema@.win_rate
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_recv(internal) IS 'reads a win_rate from its binary form';

CREATE FUNCTION @extschema@.win_rate_send(@extschema@.win_rate) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_send(@extschema@.win_rate) IS 'writes a win_rate in its binary form';

CREATE TYPE @extschema@.win_rate (
	INPUT = @extschema@.win_rate_in,
	OUTPUT = @extschema@.win_rate_out,
	RECEIVE = @extschema@.win_rate_recv,
	SEND = @extschema@.win_rate_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.win_rate IS 'how many were won and how many lost; made by win_rate_agg, merged by rollup, cast to float8 the rate';

CREATE FUNCTION @extschema@.win_rate_agg_add(@extschema@.win_rate, journey @extschema@.journey, spec @extschema@.win_rate_spec) RETURNS @extschema@.win_rate
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_agg_add(@extschema@.win_rate, @extschema@.journey, @extschema@.win_rate_spec) IS 'transition function of win_rate_agg';

CREATE FUNCTION @extschema@.win_rate_agg_add_between(@extschema@.win_rate, journey @extschema@.journey, won text[], lost text[], period tstzrange) RETURNS @extschema@.win_rate
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_agg_add_between(@extschema@.win_rate, @extschema@.journey, text[], text[], tstzrange) IS 'transition function of win_rate_agg';

CREATE FUNCTION @extschema@.win_rate_agg_combine(@extschema@.win_rate, @extschema@.win_rate) RETURNS @extschema@.win_rate
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_agg_combine(@extschema@.win_rate, @extschema@.win_rate) IS 'combine function of win_rate_agg, transition function of rollup';

CREATE AGGREGATE @extschema@.win_rate_agg(journey @extschema@.journey, spec @extschema@.win_rate_spec) (
	SFUNC = @extschema@.win_rate_agg_add,
	STYPE = @extschema@.win_rate,
	SSPACE = 256,
	COMBINEFUNC = @extschema@.win_rate_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.win_rate_agg(@extschema@.journey, @extschema@.win_rate_spec) IS 'the win rate of a group of journeys';

CREATE AGGREGATE @extschema@.win_rate_agg(journey @extschema@.journey, won text[], lost text[], period tstzrange) (
	SFUNC = @extschema@.win_rate_agg_add_between,
	STYPE = @extschema@.win_rate,
	SSPACE = 256,
	COMBINEFUNC = @extschema@.win_rate_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.win_rate_agg(@extschema@.journey, text[], text[], tstzrange) IS 'the win rate of a group of journeys whose first outcome falls in a period';

CREATE AGGREGATE @extschema@.rollup(win_rate @extschema@.win_rate) (
	SFUNC = @extschema@.win_rate_agg_combine,
	STYPE = @extschema@.win_rate,
	SSPACE = 256,
	COMBINEFUNC = @extschema@.win_rate_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.win_rate) IS 'the win rate of everybody whom win rates of one specification count';

CREATE FUNCTION @extschema@.win_rate_float8(@extschema@.win_rate) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_float8(@extschema@.win_rate) IS 'won by won and lost; NULL where nothing was decided';

CREATE CAST (@extschema@.win_rate AS double precision) WITH FUNCTION @extschema@.win_rate_float8(@extschema@.win_rate) AS ASSIGNMENT;
COMMENT ON CAST (@extschema@.win_rate AS double precision) IS 'the rate';

CREATE FUNCTION @extschema@.win_rate_counts(
	win_rate @extschema@.win_rate,
	OUT won bigint,
	OUT lost bigint,
	OUT rate double precision,
	OUT ci_low double precision,
	OUT ci_high double precision
) RETURNS record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.win_rate_counts(@extschema@.win_rate) IS 'the counts of a win rate, the rate and its Wilson 95 % interval';
