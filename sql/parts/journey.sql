
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

-- Journeys from events.

CREATE TYPE @extschema@.journey_events;

CREATE FUNCTION @extschema@.journey_events_in(cstring) RETURNS @extschema@.journey_events
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_events_in(cstring) IS 'reads collected events from text';

CREATE FUNCTION @extschema@.journey_events_out(@extschema@.journey_events) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_events_out(@extschema@.journey_events) IS 'prints collected events as text';

CREATE FUNCTION @extschema@.journey_events_recv(internal) RETURNS @extschema@.journey_events
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_events_recv(internal) IS 'reads collected events from their binary form';

CREATE FUNCTION @extschema@.journey_events_send(@extschema@.journey_events) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_events_send(@extschema@.journey_events) IS 'writes collected events in their binary form';

CREATE TYPE @extschema@.journey_events (
	INPUT = @extschema@.journey_events_in,
	OUTPUT = @extschema@.journey_events_out,
	RECEIVE = @extschema@.journey_events_recv,
	SEND = @extschema@.journey_events_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.journey_events IS 'events of one subject, collected by journey_agg until they become a journey';

CREATE FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, stage text, at timestamptz) RETURNS @extschema@.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, text, timestamptz) IS 'transition function of journey_agg';

CREATE FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, stage text, at timestamptz, seq bigint) RETURNS @extschema@.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, text, timestamptz, bigint) IS 'transition function of journey_agg';

CREATE FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, stage anyenum, at timestamptz) RETURNS @extschema@.journey_events
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, anyenum, timestamptz) IS 'transition function of journey_agg';

CREATE FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, stage anyenum, at timestamptz, seq bigint) RETURNS @extschema@.journey_events
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_agg_add(@extschema@.journey_events, anyenum, timestamptz, bigint) IS 'transition function of journey_agg';

CREATE FUNCTION @extschema@.journey_agg_combine(@extschema@.journey_events, @extschema@.journey_events) RETURNS @extschema@.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_agg_combine(@extschema@.journey_events, @extschema@.journey_events) IS 'combine function of journey_agg and journey_merge';

CREATE FUNCTION @extschema@.journey_agg_final(@extschema@.journey_events) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_agg_final(@extschema@.journey_events) IS 'final function of journey_agg and journey_merge';

CREATE AGGREGATE @extschema@.journey_agg(stage text, at timestamptz) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 256,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(text, timestamptz) IS 'the journey of a group of events in any order; events of one instant follow their labels'' bytes';

CREATE AGGREGATE @extschema@.journey_agg(stage text, at timestamptz, seq bigint) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 320,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(text, timestamptz, bigint) IS 'the journey of a group of events in any order; events of one instant follow seq';

CREATE AGGREGATE @extschema@.journey_agg(stage anyenum, at timestamptz) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 256,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(anyenum, timestamptz) IS 'the journey of a group of events in any order; events of one instant follow the enum''s order';

CREATE AGGREGATE @extschema@.journey_agg(stage anyenum, at timestamptz, seq bigint) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 320,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(anyenum, timestamptz, bigint) IS 'the journey of a group of events in any order; events of one instant follow seq';
