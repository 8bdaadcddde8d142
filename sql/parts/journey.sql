
-- Journeys: the type, its functions, the aggregates that make one.

CREATE TYPE @extschema@.journey;

CREATE FUNCTION @extschema@.journey_in(cstring) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_in(cstring) IS 'reads a journey from text';

CREATE FUNCTION @extschema@.journey_out(@extschema@.journey) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_out(@extschema@.journey) IS 'prints a journey as text';

CREATE FUNCTION @extschema@.journey_recv(internal) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_recv(internal) IS 'reads a journey from its binary form';

CREATE FUNCTION @extschema@.journey_send(@extschema@.journey) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_send(@extschema@.journey) IS 'writes a journey in its binary form';

CREATE TYPE @extschema@.journey (
	INPUT = @extschema@.journey_in,
	OUTPUT = @extschema@.journey_out,
	RECEIVE = @extschema@.journey_recv,
	SEND = @extschema@.journey_send,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.journey IS 'the ordered (stage, entered_at) steps that one row went through; at least one';

CREATE FUNCTION @extschema@.current_stage(journey @extschema@.journey) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.current_stage(@extschema@.journey) IS 'the stage of the last step';

CREATE FUNCTION @extschema@.step_count(journey @extschema@.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.step_count(@extschema@.journey) IS 'the number of steps';
