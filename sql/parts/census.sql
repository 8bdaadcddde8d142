
-- Census: how many are in each stage at given instants.

COMMENT ON TYPE @extschema@.census_spec IS 'at which instants stages are counted: from 2025-01-01 to 2026-01-01 every 1 month';

CREATE FUNCTION @extschema@.census_spec(from_instant timestamptz, to_instant timestamptz, every interval, time_zone text DEFAULT 'UTC')
RETURNS @extschema@.census_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_spec(timestamptz, timestamptz, interval, text) IS
'makes a census_spec from named arguments';

CREATE TYPE @extschema@.census;

CREATE FUNCTION @extschema@.census_in(cstring) RETURNS @extschema@.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_in(cstring) IS 'reads a census from text';

CREATE FUNCTION @extschema@.census_out(@extschema@.census) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_out(@extschema@.census) IS 'prints a census as text';

CREATE FUNCTION @extschema@.census_recv(internal) RETURNS @extschema@.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_recv(internal) IS 'reads a census from its binary form';

CREATE FUNCTION @extschema@.census_send(@extschema@.census) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_send(@extschema@.census) IS 'writes a census in its binary form';

CREATE TYPE @extschema@.census (
	INPUT = @extschema@.census_in,
	OUTPUT = @extschema@.census_out,
	RECEIVE = @extschema@.census_recv,
	SEND = @extschema@.census_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.census IS 'how many journeys are in each stage at given instants; read it with census_cells';

CREATE FUNCTION @extschema@.census_agg_add(state @extschema@.census, journey @extschema@.journey, spec @extschema@.census_spec)
RETURNS @extschema@.census
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_agg_add(@extschema@.census, @extschema@.journey, @extschema@.census_spec) IS
'adds a journey to the state of census_agg';

CREATE FUNCTION @extschema@.census_agg_add(state @extschema@.census, journey @extschema@.journey, spec @extschema@.census_spec, until timestamptz)
RETURNS @extschema@.census
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_agg_add(@extschema@.census, @extschema@.journey, @extschema@.census_spec, timestamptz) IS
'adds a journey to the state of census_agg, whose presence ends with an instant';

CREATE FUNCTION @extschema@.census_agg_combine(state @extschema@.census, other @extschema@.census)
RETURNS @extschema@.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_agg_combine(@extschema@.census, @extschema@.census) IS
'adds a census to the state of census_agg or rollup';

CREATE FUNCTION @extschema@.census_agg_final(state @extschema@.census)
RETURNS @extschema@.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_agg_final(@extschema@.census) IS
'the result of census_agg or rollup, in its canonical form';

CREATE AGGREGATE @extschema@.census_agg(journey @extschema@.journey, spec @extschema@.census_spec) (
	SFUNC = @extschema@.census_agg_add,
	STYPE = @extschema@.census,
	SSPACE = 4096,
	FINALFUNC = @extschema@.census_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.census_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.census_agg(@extschema@.journey, @extschema@.census_spec) IS
'how many journeys are in each stage at given instants';

CREATE AGGREGATE @extschema@.census_agg(journey @extschema@.journey, spec @extschema@.census_spec, until timestamptz) (
	SFUNC = @extschema@.census_agg_add,
	STYPE = @extschema@.census,
	SSPACE = 4096,
	FINALFUNC = @extschema@.census_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.census_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.census_agg(@extschema@.journey, @extschema@.census_spec, timestamptz) IS
'how many journeys are in each stage at given instants, where the presence of each may end';

CREATE AGGREGATE @extschema@.rollup(census @extschema@.census) (
	SFUNC = @extschema@.census_agg_combine,
	STYPE = @extschema@.census,
	SSPACE = 4096,
	FINALFUNC = @extschema@.census_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.census_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.census) IS
'adds censuses of one specification up';

CREATE FUNCTION @extschema@.census_cells(
	census @extschema@.census,
	OUT at timestamptz,
	OUT stage text,
	OUT count int8
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.census_cells(@extschema@.census) IS
'one row for every instant and stage: how many journeys were in it';
