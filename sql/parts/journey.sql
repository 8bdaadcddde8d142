
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

-- External, not extended: the words of a journey hold instants to the microsecond, in which pglz finds
-- nothing to save, yet it tries at each step appended (a journey of 10,000 steps grew 5 times slower), and
-- the head of an uncompressed value is read as a slice. Where instants are whole days, it may pay to
-- ALTER TABLE ... ALTER COLUMN ... SET STORAGE extended.
CREATE TYPE @extschema@.journey (
	INPUT = @extschema@.journey_in,
	OUTPUT = @extschema@.journey_out,
	RECEIVE = @extschema@.journey_recv,
	SEND = @extschema@.journey_send,
	STORAGE = external
);
COMMENT ON TYPE @extschema@.journey IS 'the ordered (stage, entered_at) steps that one row went through; at least one';

-- Where a journey is now: these read the head of the value only.

CREATE FUNCTION @extschema@.current_stage(journey @extschema@.journey) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.current_stage(@extschema@.journey) IS 'the stage of the last step';

CREATE FUNCTION @extschema@.started_at(journey @extschema@.journey) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.started_at(@extschema@.journey) IS 'the instant of the first step';

CREATE FUNCTION @extschema@.last_moved_at(journey @extschema@.journey) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.last_moved_at(@extschema@.journey) IS 'the instant of the last step';

CREATE FUNCTION @extschema@.step_count(journey @extschema@.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.step_count(@extschema@.journey) IS 'the number of steps';

CREATE FUNCTION @extschema@.ends_in(journey @extschema@.journey, stage text) RETURNS boolean
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.ends_in(@extschema@.journey, text) IS 'whether the last stage is this one; false where either is NULL, so that it serves as a CHECK';

CREATE FUNCTION @extschema@.ends_in(journey @extschema@.journey, stage anyelement) RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.ends_in(@extschema@.journey, anyelement) IS 'whether the last stage is this one, by its text form; false where either is NULL, so that it serves as a CHECK';

-- Where it was.

CREATE FUNCTION @extschema@.in_stage_since(journey @extschema@.journey) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.in_stage_since(@extschema@.journey) IS 'since when the last stage is held; steps from a stage to itself do not count as leaving it';

CREATE FUNCTION @extschema@.entered_at(journey @extschema@.journey, stage text, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.entered_at(@extschema@.journey, text, integer) IS 'when the stage was entered for the nth time, counted from the end where nth is negative; NULL if never';

CREATE FUNCTION @extschema@.entered_at(journey @extschema@.journey, stage anyenum, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.entered_at(@extschema@.journey, anyenum, integer) IS 'when the stage was entered for the nth time, counted from the end where nth is negative; NULL if never';

CREATE FUNCTION @extschema@.left_at(journey @extschema@.journey, stage text, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.left_at(@extschema@.journey, text, integer) IS 'when the nth visit to the stage ended; NULL if never, or not yet';

CREATE FUNCTION @extschema@.left_at(journey @extschema@.journey, stage anyenum, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.left_at(@extschema@.journey, anyenum, integer) IS 'when the nth visit to the stage ended; NULL if never, or not yet';

CREATE FUNCTION @extschema@.visits(journey @extschema@.journey, stage text) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.visits(@extschema@.journey, text) IS 'how many steps entered the stage';

CREATE FUNCTION @extschema@.visits(journey @extschema@.journey, stage anyenum) RETURNS integer
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.visits(@extschema@.journey, anyenum) IS 'how many steps entered the stage';

CREATE FUNCTION @extschema@.time_in(journey @extschema@.journey, stage text, as_of timestamptz) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'crm_time_in';
COMMENT ON FUNCTION @extschema@.time_in(@extschema@.journey, text, timestamptz) IS 'how long the stage was held until as_of, all visits together; NULL if it was not entered by then';

CREATE FUNCTION @extschema@.time_in(journey @extschema@.journey, stage anyenum, as_of timestamptz) RETURNS interval
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'crm_time_in';
COMMENT ON FUNCTION @extschema@.time_in(@extschema@.journey, anyenum, timestamptz) IS 'how long the stage was held until as_of, all visits together; NULL if it was not entered by then';

CREATE FUNCTION @extschema@.time_between(journey @extschema@.journey, a text, b text) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.time_between(@extschema@.journey, text, text) IS 'the time from the first entry into a to the first other entry into b at that instant or later; NULL if never';

CREATE FUNCTION @extschema@.time_between(journey @extschema@.journey, a anyenum, b anyenum) RETURNS interval
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.time_between(@extschema@.journey, anyenum, anyenum) IS 'the time from the first entry into a to the first other entry into b at that instant or later; NULL if never';

CREATE FUNCTION @extschema@.stage_at(journey @extschema@.journey, at timestamptz) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.stage_at(@extschema@.journey, timestamptz) IS 'the stage held at an instant; NULL before the first step';

CREATE FUNCTION @extschema@.step_numbers(journey @extschema@.journey) RETURNS SETOF integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 8 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.step_numbers(@extschema@.journey) IS 'the numbers of the steps, from 1';

CREATE FUNCTION @extschema@.step_stage(journey @extschema@.journey, step integer) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.step_stage(@extschema@.journey, integer) IS 'the stage of a step by its number, counted from the end where it is negative; NULL where there is none';

CREATE FUNCTION @extschema@.step_at(journey @extschema@.journey, step integer) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.step_at(@extschema@.journey, integer) IS 'the instant of a step by its number, counted from the end where it is negative; NULL where there is none';

CREATE FUNCTION @extschema@.path(journey @extschema@.journey) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.path(@extschema@.journey) IS 'the stages in order, joined by ">"';

CREATE FUNCTION @extschema@.stages(journey @extschema@.journey) RETURNS text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.stages(@extschema@.journey) IS 'the different stages, in the order of first visit';

CREATE FUNCTION @extschema@.moves(journey @extschema@.journey) RETURNS text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.moves(@extschema@.journey) IS 'every move "from>to", in order';

CREATE FUNCTION @extschema@.steps(journey @extschema@.journey)
RETURNS TABLE (step integer, stage text, entered_at timestamptz, left_at timestamptz, dwell interval)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 8 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.steps(@extschema@.journey) IS 'the steps as rows; left_at and dwell of the last one are NULL';

-- Journeys of journeys.

CREATE FUNCTION @extschema@.slice(journey @extschema@.journey, during tstzrange) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.slice(@extschema@.journey, tstzrange) IS 'the part of a journey during a range, beginning with the stage held where the range begins; NULL where there is none';

CREATE FUNCTION @extschema@.crop(journey @extschema@.journey, from_at timestamptz, to_at timestamptz) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.crop(@extschema@.journey, timestamptz, timestamptz) IS 'the steps from from_at to before to_at, and nothing carried in; NULL where there are none';

CREATE FUNCTION @extschema@.collapse(journey @extschema@.journey) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.collapse(@extschema@.journey) IS 'the journey without steps from a stage to itself';

CREATE FUNCTION @extschema@.relabel(journey @extschema@.journey, old text, new text) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.relabel(@extschema@.journey, text, text) IS 'the journey with another label in all steps of one stage';

CREATE FUNCTION @extschema@.journey_begun(journey @extschema@.journey, stage text) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_begun(@extschema@.journey, text) IS 'the journey with one step more before its first, at the same instant';

CREATE FUNCTION @extschema@.journey_concat(@extschema@.journey, @extschema@.journey) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_concat(@extschema@.journey, @extschema@.journey) IS 'the first journey continued by the second, which must not begin before the first one ends';

CREATE OPERATOR @extschema@.|| (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_concat
);
COMMENT ON OPERATOR @extschema@.|| (@extschema@.journey, @extschema@.journey) IS 'the first journey continued by the second';

-- Equality, hashing, order.

CREATE FUNCTION @extschema@.journey_eq(@extschema@.journey, @extschema@.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_eq(@extschema@.journey, @extschema@.journey) IS 'implementation of =';

CREATE FUNCTION @extschema@.journey_ne(@extschema@.journey, @extschema@.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_ne(@extschema@.journey, @extschema@.journey) IS 'implementation of <>';

CREATE FUNCTION @extschema@.journey_lt(@extschema@.journey, @extschema@.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_lt(@extschema@.journey, @extschema@.journey) IS 'implementation of <';

CREATE FUNCTION @extschema@.journey_le(@extschema@.journey, @extschema@.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_le(@extschema@.journey, @extschema@.journey) IS 'implementation of <=';

CREATE FUNCTION @extschema@.journey_gt(@extschema@.journey, @extschema@.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_gt(@extschema@.journey, @extschema@.journey) IS 'implementation of >';

CREATE FUNCTION @extschema@.journey_ge(@extschema@.journey, @extschema@.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_ge(@extschema@.journey, @extschema@.journey) IS 'implementation of >=';

CREATE FUNCTION @extschema@.journey_cmp(@extschema@.journey, @extschema@.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_cmp(@extschema@.journey, @extschema@.journey) IS 'less than, equal to, or greater than zero';

CREATE FUNCTION @extschema@.journey_hash(@extschema@.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_hash(@extschema@.journey) IS 'hash of a journey';

CREATE FUNCTION @extschema@.journey_hash_extended(@extschema@.journey, bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_hash_extended(@extschema@.journey, bigint) IS 'seeded hash of a journey';

CREATE OPERATOR @extschema@.= (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_eq,
	COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.journey, @extschema@.journey) IS 'the same steps';

CREATE OPERATOR @extschema@.<> (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_ne,
	COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.journey, @extschema@.journey) IS 'not the same steps';

CREATE OPERATOR @extschema@.< (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_lt,
	COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR @extschema@.< (@extschema@.journey, @extschema@.journey) IS 'comes before, by the first step that differs';

CREATE OPERATOR @extschema@.<= (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_le,
	COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.journey, @extschema@.journey) IS 'comes before, or the same steps';

CREATE OPERATOR @extschema@.> (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_gt,
	COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR @extschema@.> (@extschema@.journey, @extschema@.journey) IS 'comes after, by the first step that differs';

CREATE OPERATOR @extschema@.>= (
	LEFTARG = @extschema@.journey, RIGHTARG = @extschema@.journey,
	FUNCTION = @extschema@.journey_ge,
	COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.journey, @extschema@.journey) IS 'comes after, or the same steps';

CREATE OPERATOR CLASS @extschema@.journey_hash_ops DEFAULT FOR TYPE @extschema@.journey USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.journey_hash(@extschema@.journey),
	FUNCTION 2 @extschema@.journey_hash_extended(@extschema@.journey, bigint);
COMMENT ON OPERATOR CLASS @extschema@.journey_hash_ops USING hash IS 'journeys by their steps';

CREATE OPERATOR CLASS @extschema@.journey_ops DEFAULT FOR TYPE @extschema@.journey USING btree AS
	OPERATOR 1 @extschema@.<,
	OPERATOR 2 @extschema@.<=,
	OPERATOR 3 @extschema@.=,
	OPERATOR 4 @extschema@.>=,
	OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.journey_cmp(@extschema@.journey, @extschema@.journey);
COMMENT ON OPERATOR CLASS @extschema@.journey_ops USING btree IS 'journeys by the first step that differs: its instant, then its label';

-- JSON.

CREATE FUNCTION @extschema@.journey_to_jsonb(@extschema@.journey) RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_to_jsonb(@extschema@.journey) IS 'a journey as an array of {"stage", "at"}';

CREATE FUNCTION @extschema@.journey_from_jsonb(jsonb) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_from_jsonb(jsonb) IS 'a journey from an array of {"stage", "at"}';

CREATE CAST (@extschema@.journey AS jsonb) WITH FUNCTION @extschema@.journey_to_jsonb(@extschema@.journey) AS ASSIGNMENT;
COMMENT ON CAST (@extschema@.journey AS jsonb) IS 'an array of {"stage", "at"}';

CREATE CAST (jsonb AS @extschema@.journey) WITH FUNCTION @extschema@.journey_from_jsonb(jsonb);
COMMENT ON CAST (jsonb AS @extschema@.journey) IS 'from an array of {"stage", "at"}';

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
	STORAGE = external
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
	SSPACE = 300,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(text, timestamptz) IS 'the journey of a group of events in any order; events of one instant follow their labels'' bytes';

CREATE AGGREGATE @extschema@.journey_agg(stage text, at timestamptz, seq bigint) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 360,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(text, timestamptz, bigint) IS 'the journey of a group of events in any order; events of one instant follow seq';

CREATE AGGREGATE @extschema@.journey_agg(stage anyenum, at timestamptz) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 300,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(anyenum, timestamptz) IS 'the journey of a group of events in any order; events of one instant follow the enum''s order';

CREATE AGGREGATE @extschema@.journey_agg(stage anyenum, at timestamptz, seq bigint) (
	SFUNC = @extschema@.journey_agg_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 360,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_agg(anyenum, timestamptz, bigint) IS 'the journey of a group of events in any order; events of one instant follow seq';

CREATE FUNCTION @extschema@.journey_merge_add(@extschema@.journey_events, journey @extschema@.journey) RETURNS @extschema@.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey_merge_add(@extschema@.journey_events, @extschema@.journey) IS 'transition function of journey_merge';

CREATE AGGREGATE @extschema@.journey_merge(journey @extschema@.journey) (
	SFUNC = @extschema@.journey_merge_add,
	STYPE = @extschema@.journey_events,
	SSPACE = 512,
	COMBINEFUNC = @extschema@.journey_agg_combine,
	FINALFUNC = @extschema@.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.journey_merge(@extschema@.journey) IS 'one journey of all the steps of several, as of a customer who was recorded twice';

CREATE FUNCTION @extschema@.journey(stage text, at timestamptz) RETURNS @extschema@.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.journey(text, timestamptz) IS 'a journey of one step';
