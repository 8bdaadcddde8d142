\echo Use "CREATE EXTENSION crm_lifecycle" to load this file. \quit

-- The extension makes its schema itself. Were it told to PostgreSQL in the control file, the schema would
-- belong to whoever creates this trusted extension: a plain owner of a database, who could rename it and
-- put another in its place for the superuser's functions to trust, or have operators lie in wait in one
-- that was there before. So it belongs to a superuser, like everything in it, and must be new.

CREATE SCHEMA lifecycle;
COMMENT ON SCHEMA lifecycle IS 'customer lifecycles: everything that the extension crm_lifecycle brings';
GRANT USAGE ON SCHEMA lifecycle TO PUBLIC;

-- Journeys: the type, its functions, the aggregates that make one.

CREATE TYPE lifecycle.journey;

CREATE FUNCTION lifecycle.journey_in(cstring) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_in(cstring) IS 'reads a journey from text';

CREATE FUNCTION lifecycle.journey_out(lifecycle.journey) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_out(lifecycle.journey) IS 'prints a journey as text';

CREATE FUNCTION lifecycle.journey_recv(internal) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_recv(internal) IS 'reads a journey from its binary form';

CREATE FUNCTION lifecycle.journey_send(lifecycle.journey) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_send(lifecycle.journey) IS 'writes a journey in its binary form';

-- External, not extended: the words of a journey hold instants to the microsecond, in which pglz finds
-- nothing to save, yet it tries at each step appended (a journey of 10,000 steps grew 5 times slower), and
-- the head of an uncompressed value is read as a slice. Where instants are whole days, it may pay to
-- ALTER TABLE ... ALTER COLUMN ... SET STORAGE extended.
CREATE TYPE lifecycle.journey (
	INPUT = lifecycle.journey_in,
	OUTPUT = lifecycle.journey_out,
	RECEIVE = lifecycle.journey_recv,
	SEND = lifecycle.journey_send,
	STORAGE = external
);
COMMENT ON TYPE lifecycle.journey IS 'the ordered (stage, entered_at) steps that one row went through; at least one';

-- Where a journey is now: these read the head of the value only.

CREATE FUNCTION lifecycle.current_stage(journey lifecycle.journey) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.current_stage(lifecycle.journey) IS 'the stage of the last step';

CREATE FUNCTION lifecycle.started_at(journey lifecycle.journey) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.started_at(lifecycle.journey) IS 'the instant of the first step';

CREATE FUNCTION lifecycle.last_moved_at(journey lifecycle.journey) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.last_moved_at(lifecycle.journey) IS 'the instant of the last step';

CREATE FUNCTION lifecycle.step_count(journey lifecycle.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.step_count(lifecycle.journey) IS 'the number of steps';

CREATE FUNCTION lifecycle.ends_in(journey lifecycle.journey, stage text) RETURNS boolean
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.ends_in(lifecycle.journey, text) IS 'whether the last stage is this one; false where either is NULL, so that it serves as a CHECK';

CREATE FUNCTION lifecycle.ends_in(journey lifecycle.journey, stage anyelement) RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.ends_in(lifecycle.journey, anyelement) IS 'whether the last stage is this one, by its text form; false where either is NULL, so that it serves as a CHECK';

-- Where it was.

CREATE FUNCTION lifecycle.in_stage_since(journey lifecycle.journey) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.in_stage_since(lifecycle.journey) IS 'since when the last stage is held; steps from a stage to itself do not count as leaving it';

CREATE FUNCTION lifecycle.entered_at(journey lifecycle.journey, stage text, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.entered_at(lifecycle.journey, text, integer) IS 'when the stage was entered for the nth time, counted from the end where nth is negative; NULL if never';

CREATE FUNCTION lifecycle.entered_at(journey lifecycle.journey, stage anyenum, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.entered_at(lifecycle.journey, anyenum, integer) IS 'when the stage was entered for the nth time, counted from the end where nth is negative; NULL if never';

CREATE FUNCTION lifecycle.left_at(journey lifecycle.journey, stage text, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.left_at(lifecycle.journey, text, integer) IS 'when the nth visit to the stage ended; NULL if never, or not yet';

CREATE FUNCTION lifecycle.left_at(journey lifecycle.journey, stage anyenum, nth integer DEFAULT 1) RETURNS timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.left_at(lifecycle.journey, anyenum, integer) IS 'when the nth visit to the stage ended; NULL if never, or not yet';

CREATE FUNCTION lifecycle.visits(journey lifecycle.journey, stage text) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.visits(lifecycle.journey, text) IS 'how many steps entered the stage';

CREATE FUNCTION lifecycle.visits(journey lifecycle.journey, stage anyenum) RETURNS integer
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.visits(lifecycle.journey, anyenum) IS 'how many steps entered the stage';

CREATE FUNCTION lifecycle.time_in(journey lifecycle.journey, stage text, as_of timestamptz) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'crm_time_in';
COMMENT ON FUNCTION lifecycle.time_in(lifecycle.journey, text, timestamptz) IS 'how long the stage was held until as_of, all visits together; NULL if it was not entered by then';

CREATE FUNCTION lifecycle.time_in(journey lifecycle.journey, stage anyenum, as_of timestamptz) RETURNS interval
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'crm_time_in';
COMMENT ON FUNCTION lifecycle.time_in(lifecycle.journey, anyenum, timestamptz) IS 'how long the stage was held until as_of, all visits together; NULL if it was not entered by then';

CREATE FUNCTION lifecycle.time_between(journey lifecycle.journey, a text, b text) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.time_between(lifecycle.journey, text, text) IS 'the time from the first entry into a to the first other entry into b at that instant or later; NULL if never';

CREATE FUNCTION lifecycle.time_between(journey lifecycle.journey, a anyenum, b anyenum) RETURNS interval
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.time_between(lifecycle.journey, anyenum, anyenum) IS 'the time from the first entry into a to the first other entry into b at that instant or later; NULL if never';

CREATE FUNCTION lifecycle.stage_at(journey lifecycle.journey, at timestamptz) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.stage_at(lifecycle.journey, timestamptz) IS 'the stage held at an instant; NULL before the first step';

CREATE FUNCTION lifecycle.path(journey lifecycle.journey) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.path(lifecycle.journey) IS 'the stages in order, joined by ">"';

CREATE FUNCTION lifecycle.stages(journey lifecycle.journey) RETURNS text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.stages(lifecycle.journey) IS 'the different stages, in the order of first visit';

CREATE FUNCTION lifecycle.moves(journey lifecycle.journey) RETURNS text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.moves(lifecycle.journey) IS 'every move "from>to", in order';

CREATE FUNCTION lifecycle.steps(journey lifecycle.journey)
RETURNS TABLE (step integer, stage text, entered_at timestamptz, left_at timestamptz, dwell interval)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 8 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.steps(lifecycle.journey) IS 'the steps as rows; left_at and dwell of the last one are NULL';

-- Journeys of journeys.

CREATE FUNCTION lifecycle.slice(journey lifecycle.journey, during tstzrange) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.slice(lifecycle.journey, tstzrange) IS 'the part of a journey during a range, beginning with the stage held where the range begins; NULL where there is none';

CREATE FUNCTION lifecycle.crop(journey lifecycle.journey, from_at timestamptz, to_at timestamptz) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.crop(lifecycle.journey, timestamptz, timestamptz) IS 'the steps from from_at to before to_at, and nothing carried in; NULL where there are none';

CREATE FUNCTION lifecycle.collapse(journey lifecycle.journey) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.collapse(lifecycle.journey) IS 'the journey without steps from a stage to itself';

CREATE FUNCTION lifecycle.journey_concat(lifecycle.journey, lifecycle.journey) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_concat(lifecycle.journey, lifecycle.journey) IS 'the first journey continued by the second, which must not begin before the first one ends';

CREATE OPERATOR lifecycle.|| (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_concat
);
COMMENT ON OPERATOR lifecycle.|| (lifecycle.journey, lifecycle.journey) IS 'the first journey continued by the second';

-- Equality, hashing, order.

CREATE FUNCTION lifecycle.journey_eq(lifecycle.journey, lifecycle.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_eq(lifecycle.journey, lifecycle.journey) IS 'implementation of =';

CREATE FUNCTION lifecycle.journey_ne(lifecycle.journey, lifecycle.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_ne(lifecycle.journey, lifecycle.journey) IS 'implementation of <>';

CREATE FUNCTION lifecycle.journey_lt(lifecycle.journey, lifecycle.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_lt(lifecycle.journey, lifecycle.journey) IS 'implementation of <';

CREATE FUNCTION lifecycle.journey_le(lifecycle.journey, lifecycle.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_le(lifecycle.journey, lifecycle.journey) IS 'implementation of <=';

CREATE FUNCTION lifecycle.journey_gt(lifecycle.journey, lifecycle.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_gt(lifecycle.journey, lifecycle.journey) IS 'implementation of >';

CREATE FUNCTION lifecycle.journey_ge(lifecycle.journey, lifecycle.journey) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_ge(lifecycle.journey, lifecycle.journey) IS 'implementation of >=';

CREATE FUNCTION lifecycle.journey_cmp(lifecycle.journey, lifecycle.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_cmp(lifecycle.journey, lifecycle.journey) IS 'less than, equal to, or greater than zero';

CREATE FUNCTION lifecycle.journey_hash(lifecycle.journey) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_hash(lifecycle.journey) IS 'hash of a journey';

CREATE FUNCTION lifecycle.journey_hash_extended(lifecycle.journey, bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_hash_extended(lifecycle.journey, bigint) IS 'seeded hash of a journey';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR lifecycle.= (lifecycle.journey, lifecycle.journey) IS 'the same steps';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR lifecycle.<> (lifecycle.journey, lifecycle.journey) IS 'not the same steps';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR lifecycle.< (lifecycle.journey, lifecycle.journey) IS 'comes before, by the first step that differs';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR lifecycle.<= (lifecycle.journey, lifecycle.journey) IS 'comes before, or the same steps';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR lifecycle.> (lifecycle.journey, lifecycle.journey) IS 'comes after, by the first step that differs';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.journey, RIGHTARG = lifecycle.journey,
	FUNCTION = lifecycle.journey_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR lifecycle.>= (lifecycle.journey, lifecycle.journey) IS 'comes after, or the same steps';

CREATE OPERATOR CLASS lifecycle.journey_hash_ops DEFAULT FOR TYPE lifecycle.journey USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.journey_hash(lifecycle.journey),
	FUNCTION 2 lifecycle.journey_hash_extended(lifecycle.journey, bigint);
COMMENT ON OPERATOR CLASS lifecycle.journey_hash_ops USING hash IS 'journeys by their steps';

CREATE OPERATOR CLASS lifecycle.journey_ops DEFAULT FOR TYPE lifecycle.journey USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.journey_cmp(lifecycle.journey, lifecycle.journey);
COMMENT ON OPERATOR CLASS lifecycle.journey_ops USING btree IS 'journeys by the first step that differs: its instant, then its label';

-- JSON.

CREATE FUNCTION lifecycle.journey_to_jsonb(lifecycle.journey) RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_to_jsonb(lifecycle.journey) IS 'a journey as an array of {"stage", "at"}';

CREATE FUNCTION lifecycle.journey_from_jsonb(jsonb) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_from_jsonb(jsonb) IS 'a journey from an array of {"stage", "at"}';

CREATE CAST (lifecycle.journey AS jsonb) WITH FUNCTION lifecycle.journey_to_jsonb(lifecycle.journey) AS ASSIGNMENT;
COMMENT ON CAST (lifecycle.journey AS jsonb) IS 'an array of {"stage", "at"}';

CREATE CAST (jsonb AS lifecycle.journey) WITH FUNCTION lifecycle.journey_from_jsonb(jsonb);
COMMENT ON CAST (jsonb AS lifecycle.journey) IS 'from an array of {"stage", "at"}';

-- Journeys from events.

CREATE TYPE lifecycle.journey_events;

CREATE FUNCTION lifecycle.journey_events_in(cstring) RETURNS lifecycle.journey_events
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_events_in(cstring) IS 'reads collected events from text';

CREATE FUNCTION lifecycle.journey_events_out(lifecycle.journey_events) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_events_out(lifecycle.journey_events) IS 'prints collected events as text';

CREATE FUNCTION lifecycle.journey_events_recv(internal) RETURNS lifecycle.journey_events
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_events_recv(internal) IS 'reads collected events from their binary form';

CREATE FUNCTION lifecycle.journey_events_send(lifecycle.journey_events) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_events_send(lifecycle.journey_events) IS 'writes collected events in their binary form';

CREATE TYPE lifecycle.journey_events (
	INPUT = lifecycle.journey_events_in,
	OUTPUT = lifecycle.journey_events_out,
	RECEIVE = lifecycle.journey_events_recv,
	SEND = lifecycle.journey_events_send,
	ALIGNMENT = double,
	STORAGE = external
);
COMMENT ON TYPE lifecycle.journey_events IS 'events of one subject, collected by journey_agg until they become a journey';

CREATE FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, stage text, at timestamptz) RETURNS lifecycle.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, text, timestamptz) IS 'transition function of journey_agg';

CREATE FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, stage text, at timestamptz, seq bigint) RETURNS lifecycle.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, text, timestamptz, bigint) IS 'transition function of journey_agg';

CREATE FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, stage anyenum, at timestamptz) RETURNS lifecycle.journey_events
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, anyenum, timestamptz) IS 'transition function of journey_agg';

CREATE FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, stage anyenum, at timestamptz, seq bigint) RETURNS lifecycle.journey_events
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_agg_add(lifecycle.journey_events, anyenum, timestamptz, bigint) IS 'transition function of journey_agg';

CREATE FUNCTION lifecycle.journey_agg_combine(lifecycle.journey_events, lifecycle.journey_events) RETURNS lifecycle.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_agg_combine(lifecycle.journey_events, lifecycle.journey_events) IS 'combine function of journey_agg and journey_merge';

CREATE FUNCTION lifecycle.journey_agg_final(lifecycle.journey_events) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_agg_final(lifecycle.journey_events) IS 'final function of journey_agg and journey_merge';

CREATE AGGREGATE lifecycle.journey_agg(stage text, at timestamptz) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 256,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.journey_agg(text, timestamptz) IS 'the journey of a group of events in any order; events of one instant follow their labels'' bytes';

CREATE AGGREGATE lifecycle.journey_agg(stage text, at timestamptz, seq bigint) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 320,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.journey_agg(text, timestamptz, bigint) IS 'the journey of a group of events in any order; events of one instant follow seq';

CREATE AGGREGATE lifecycle.journey_agg(stage anyenum, at timestamptz) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 256,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.journey_agg(anyenum, timestamptz) IS 'the journey of a group of events in any order; events of one instant follow the enum''s order';

CREATE AGGREGATE lifecycle.journey_agg(stage anyenum, at timestamptz, seq bigint) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 320,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.journey_agg(anyenum, timestamptz, bigint) IS 'the journey of a group of events in any order; events of one instant follow seq';

CREATE FUNCTION lifecycle.journey_merge_add(lifecycle.journey_events, journey lifecycle.journey) RETURNS lifecycle.journey_events
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey_merge_add(lifecycle.journey_events, lifecycle.journey) IS 'transition function of journey_merge';

CREATE AGGREGATE lifecycle.journey_merge(journey lifecycle.journey) (
	SFUNC = lifecycle.journey_merge_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 512,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.journey_merge(lifecycle.journey) IS 'one journey of all the steps of several, as of a customer who was recorded twice';

CREATE FUNCTION lifecycle.journey(stage text, at timestamptz) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.journey(text, timestamptz) IS 'a journey of one step';

-- Funnels: which one is meant, what many journeys did in it, and how far one came.

CREATE TYPE lifecycle.funnel_spec;

CREATE FUNCTION lifecycle.funnel_spec_in(cstring) RETURNS lifecycle.funnel_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_spec_in(cstring) IS 'reads a funnel_spec from text';

CREATE FUNCTION lifecycle.funnel_spec_out(lifecycle.funnel_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_spec_out(lifecycle.funnel_spec) IS 'prints a funnel_spec as text';

CREATE FUNCTION lifecycle.funnel_spec_recv(internal) RETURNS lifecycle.funnel_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_spec_recv(internal) IS 'reads a funnel_spec from its binary form';

CREATE FUNCTION lifecycle.funnel_spec_send(lifecycle.funnel_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_spec_send(lifecycle.funnel_spec) IS 'writes a funnel_spec in its binary form';

CREATE TYPE lifecycle.funnel_spec (
	INPUT = lifecycle.funnel_spec_in,
	OUTPUT = lifecycle.funnel_spec_out,
	RECEIVE = lifecycle.funnel_spec_recv,
	SEND = lifecycle.funnel_spec_send,
	STORAGE = extended
);
COMMENT ON TYPE lifecycle.funnel_spec IS 'which funnel is meant: lead > mql > won within 90 days';

CREATE FUNCTION lifecycle.funnel_spec(
	steps text[],
	per_step interval[] DEFAULT NULL,
	within interval DEFAULT NULL,
	ordering text DEFAULT 'ordered',
	entry text DEFAULT 'best',
	reach text DEFAULT 'exact',
	exclude text[] DEFAULT '{}',
	entered tstzrange DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS lifecycle.funnel_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_spec(text[], interval[], interval, text, text, text, text[], tstzrange, timestamptz) IS
'makes a funnel_spec from named arguments';

-- A specification is its canonical text, so comparing bytes compares funnels.

CREATE FUNCTION lifecycle.funnel_spec_eq(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';
COMMENT ON FUNCTION lifecycle.funnel_spec_eq(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION lifecycle.funnel_spec_ne(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';
COMMENT ON FUNCTION lifecycle.funnel_spec_ne(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'says whether two specifications differ';

CREATE FUNCTION lifecycle.funnel_spec_lt(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';
COMMENT ON FUNCTION lifecycle.funnel_spec_lt(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.funnel_spec_le(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';
COMMENT ON FUNCTION lifecycle.funnel_spec_le(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.funnel_spec_gt(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';
COMMENT ON FUNCTION lifecycle.funnel_spec_gt(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.funnel_spec_ge(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';
COMMENT ON FUNCTION lifecycle.funnel_spec_ge(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.funnel_spec_cmp(lifecycle.funnel_spec, lifecycle.funnel_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';
COMMENT ON FUNCTION lifecycle.funnel_spec_cmp(lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION lifecycle.funnel_spec_hash(lifecycle.funnel_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
COMMENT ON FUNCTION lifecycle.funnel_spec_hash(lifecycle.funnel_spec) IS 'hashes a specification';

CREATE FUNCTION lifecycle.funnel_spec_hash_extended(lifecycle.funnel_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';
COMMENT ON FUNCTION lifecycle.funnel_spec_hash_extended(lifecycle.funnel_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.funnel_spec, RIGHTARG = lifecycle.funnel_spec,
	FUNCTION = lifecycle.funnel_spec_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);
COMMENT ON OPERATOR lifecycle.= (lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'the same specification';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.funnel_spec, RIGHTARG = lifecycle.funnel_spec,
	FUNCTION = lifecycle.funnel_spec_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR lifecycle.<> (lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'not the same specification';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.funnel_spec, RIGHTARG = lifecycle.funnel_spec,
	FUNCTION = lifecycle.funnel_spec_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR lifecycle.< (lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.funnel_spec, RIGHTARG = lifecycle.funnel_spec,
	FUNCTION = lifecycle.funnel_spec_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR lifecycle.<= (lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.funnel_spec, RIGHTARG = lifecycle.funnel_spec,
	FUNCTION = lifecycle.funnel_spec_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR lifecycle.> (lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.funnel_spec, RIGHTARG = lifecycle.funnel_spec,
	FUNCTION = lifecycle.funnel_spec_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR lifecycle.>= (lifecycle.funnel_spec, lifecycle.funnel_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS lifecycle.funnel_spec_hash_ops DEFAULT FOR TYPE lifecycle.funnel_spec USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.funnel_spec_hash(lifecycle.funnel_spec),
	FUNCTION 2 lifecycle.funnel_spec_hash_extended(lifecycle.funnel_spec, bigint);
COMMENT ON OPERATOR CLASS lifecycle.funnel_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS lifecycle.funnel_spec_ops DEFAULT FOR TYPE lifecycle.funnel_spec USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.funnel_spec_cmp(lifecycle.funnel_spec, lifecycle.funnel_spec);
COMMENT ON OPERATOR CLASS lifecycle.funnel_spec_ops USING btree IS 'specifications by their text';

CREATE TYPE lifecycle.funnel;

CREATE FUNCTION lifecycle.funnel_in(cstring) RETURNS lifecycle.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_in(cstring) IS 'reads a funnel from text';

CREATE FUNCTION lifecycle.funnel_out(lifecycle.funnel) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_out(lifecycle.funnel) IS 'prints a funnel as text';

CREATE FUNCTION lifecycle.funnel_recv(internal) RETURNS lifecycle.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_recv(internal) IS 'reads a funnel from its binary form';

CREATE FUNCTION lifecycle.funnel_send(lifecycle.funnel) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_send(lifecycle.funnel) IS 'writes a funnel in its binary form';

CREATE TYPE lifecycle.funnel (
	INPUT = lifecycle.funnel_in,
	OUTPUT = lifecycle.funnel_out,
	RECEIVE = lifecycle.funnel_recv,
	SEND = lifecycle.funnel_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE lifecycle.funnel IS 'what many journeys did in one funnel; read it with funnel_steps';

CREATE FUNCTION lifecycle.funnel_agg_add(state lifecycle.funnel, journey lifecycle.journey, spec lifecycle.funnel_spec)
RETURNS lifecycle.funnel
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_agg_add(lifecycle.funnel, lifecycle.journey, lifecycle.funnel_spec) IS
'adds a journey to the state of funnel_agg';

CREATE FUNCTION lifecycle.funnel_agg_add(state lifecycle.funnel, journey lifecycle.journey, spec lifecycle.funnel_spec, as_of timestamptz)
RETURNS lifecycle.funnel
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_agg_add(lifecycle.funnel, lifecycle.journey, lifecycle.funnel_spec, timestamptz) IS
'adds a journey to the state of funnel_agg, as of an instant';

CREATE FUNCTION lifecycle.funnel_agg_combine(state lifecycle.funnel, other lifecycle.funnel)
RETURNS lifecycle.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_agg_combine(lifecycle.funnel, lifecycle.funnel) IS
'adds a funnel to the state of funnel_agg or rollup';

CREATE FUNCTION lifecycle.funnel_agg_final(state lifecycle.funnel)
RETURNS lifecycle.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_agg_final(lifecycle.funnel) IS
'the result of funnel_agg or rollup, in its canonical form';

CREATE AGGREGATE lifecycle.funnel_agg(journey lifecycle.journey, spec lifecycle.funnel_spec) (
	SFUNC = lifecycle.funnel_agg_add,
	STYPE = lifecycle.funnel,
	SSPACE = 4096,
	FINALFUNC = lifecycle.funnel_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.funnel_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.funnel_agg(lifecycle.journey, lifecycle.funnel_spec) IS
'how far the journeys came in a funnel';

CREATE AGGREGATE lifecycle.funnel_agg(journey lifecycle.journey, spec lifecycle.funnel_spec, as_of timestamptz) (
	SFUNC = lifecycle.funnel_agg_add,
	STYPE = lifecycle.funnel,
	SSPACE = 4096,
	FINALFUNC = lifecycle.funnel_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.funnel_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.funnel_agg(lifecycle.journey, lifecycle.funnel_spec, timestamptz) IS
'how far the journeys came in a funnel, as of an instant: those who entered too late to have had their whole window are pending';

CREATE AGGREGATE lifecycle.rollup(funnel lifecycle.funnel) (
	SFUNC = lifecycle.funnel_agg_combine,
	STYPE = lifecycle.funnel,
	SSPACE = 4096,
	FINALFUNC = lifecycle.funnel_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.funnel_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.funnel) IS
'adds funnels of one specification up';

CREATE FUNCTION lifecycle.funnel_steps(
	funnel lifecycle.funnel,
	OUT step int4,
	OUT stage text,
	OUT eligible int8,
	OUT reached int8,
	OUT pending int8,
	OUT dropped int8,
	OUT from_first float8,
	OUT from_previous float8,
	OUT ci_low float8,
	OUT ci_high float8,
	OUT p50 interval,
	OUT p90 interval
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 6 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_steps(lifecycle.funnel) IS
'one row a step: how many reached it, what share that is, and how long it took';

CREATE FUNCTION lifecycle.funnel_level(journey lifecycle.journey, spec lifecycle.funnel_spec)
RETURNS int4
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_level(lifecycle.journey, lifecycle.funnel_spec) IS
'how many steps of a funnel the journey reached';

CREATE FUNCTION lifecycle.funnel_times(journey lifecycle.journey, spec lifecycle.funnel_spec)
RETURNS timestamptz[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.funnel_times(lifecycle.journey, lifecycle.funnel_spec) IS
'when the journey reached each step of a funnel that it reached; the first element is its entry';

-- Diagrams as text: what they say, without creating anything.

CREATE FUNCTION lifecycle.format_diagram(diagram text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION lifecycle.format_diagram(text) IS
'The canonical text of a diagram, which means the same and prints as itself; nothing is created.';

CREATE FUNCTION lifecycle.diagram_stages(
	diagram text,
	OUT "position" integer,
	OUT id text,
	OUT label text,
	OUT title text,
	OUT description text,
	OUT phase text,
	OUT phase_title text,
	OUT phase_direction text,
	OUT outcome text,
	OUT probability double precision,
	OUT sla interval,
	OUT owner text,
	OUT goal text,
	OUT metrics text,
	OUT requires text[],
	OUT entry_guard text,
	OUT exit_guard text,
	OUT reasons text[],
	OUT outside boolean,
	OUT undo interval,
	OUT color text,
	OUT note text,
	OUT note_left boolean,
	OUT is_entry boolean,
	OUT is_final boolean
) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;

COMMENT ON FUNCTION lifecycle.diagram_stages(text) IS
'The stages of a diagram, one row each in canonical order, with what their notes say.';

CREATE FUNCTION lifecycle.diagram_moves(
	diagram text,
	OUT "position" integer,
	OUT from_stage text,
	OUT from_phase text,
	OUT to_stage text,
	OUT event text,
	OUT guard text,
	OUT action text
) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20;

COMMENT ON FUNCTION lifecycle.diagram_moves(text) IS
'The moves of a diagram as they are drawn, one row each in order; a move that begins or ends at [*] has no stage there.';

-- Velocity: how long journeys stay before each move.

CREATE TYPE lifecycle.velocity_spec;

CREATE FUNCTION lifecycle.velocity_spec_in(cstring) RETURNS lifecycle.velocity_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_spec_in(cstring) IS 'reads a velocity_spec from text';

CREATE FUNCTION lifecycle.velocity_spec_out(lifecycle.velocity_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_spec_out(lifecycle.velocity_spec) IS 'prints a velocity_spec as text';

CREATE FUNCTION lifecycle.velocity_spec_recv(internal) RETURNS lifecycle.velocity_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_spec_recv(internal) IS 'reads a velocity_spec from its binary form';

CREATE FUNCTION lifecycle.velocity_spec_send(lifecycle.velocity_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_spec_send(lifecycle.velocity_spec) IS 'writes a velocity_spec in its binary form';

CREATE TYPE lifecycle.velocity_spec (
	INPUT = lifecycle.velocity_spec_in,
	OUTPUT = lifecycle.velocity_spec_out,
	RECEIVE = lifecycle.velocity_spec_recv,
	SEND = lifecycle.velocity_spec_send,
	INTERNALLENGTH = 32,
	ALIGNMENT = double
);
COMMENT ON TYPE lifecycle.velocity_spec IS 'what a velocity counts: [moved 2026-01-01 to 2026-04-01] [as of 2026-05-01]';

CREATE FUNCTION lifecycle.velocity_spec(moved tstzrange DEFAULT NULL, as_of timestamptz DEFAULT NULL) RETURNS lifecycle.velocity_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_spec(tstzrange, timestamptz) IS 'a velocity_spec from named arguments; what is NULL is left out';

CREATE TYPE lifecycle.velocity;

CREATE FUNCTION lifecycle.velocity_in(cstring) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_in(cstring) IS 'reads a velocity from text';

CREATE FUNCTION lifecycle.velocity_out(lifecycle.velocity) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_out(lifecycle.velocity) IS 'prints a velocity as text';

CREATE FUNCTION lifecycle.velocity_recv(internal) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_recv(internal) IS 'reads a velocity from its binary form';

CREATE FUNCTION lifecycle.velocity_send(lifecycle.velocity) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_send(lifecycle.velocity) IS 'writes a velocity in its binary form';

CREATE TYPE lifecycle.velocity (
	INPUT = lifecycle.velocity_in,
	OUTPUT = lifecycle.velocity_out,
	RECEIVE = lifecycle.velocity_recv,
	SEND = lifecycle.velocity_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE lifecycle.velocity IS 'for every pair of stages the dwells before the move; made by velocity_agg, merged by rollup';

CREATE FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, lifecycle.journey) IS 'transition function of velocity_agg';

CREATE FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey, spec lifecycle.velocity_spec) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, lifecycle.journey, lifecycle.velocity_spec) IS 'transition function of velocity_agg';

CREATE FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey, spec lifecycle.velocity_spec, as_of timestamptz) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, lifecycle.journey, lifecycle.velocity_spec, timestamptz) IS 'transition function of velocity_agg';

CREATE FUNCTION lifecycle.velocity_agg_combine(lifecycle.velocity, lifecycle.velocity) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_agg_combine(lifecycle.velocity, lifecycle.velocity) IS 'combine function of velocity_agg, transition function of rollup';

CREATE FUNCTION lifecycle.velocity_agg_final(lifecycle.velocity) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.velocity_agg_final(lifecycle.velocity) IS 'final function of velocity_agg and rollup';

CREATE AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey) (
	SFUNC = lifecycle.velocity_agg_add,
	STYPE = lifecycle.velocity,
	SSPACE = 8192,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.velocity_agg(lifecycle.journey) IS 'the velocity of a group of journeys: all their moves';

CREATE AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey, spec lifecycle.velocity_spec) (
	SFUNC = lifecycle.velocity_agg_add,
	STYPE = lifecycle.velocity,
	SSPACE = 8192,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.velocity_agg(lifecycle.journey, lifecycle.velocity_spec) IS 'the velocity of a group of journeys: their moves in a period, as of an instant';

CREATE AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey, spec lifecycle.velocity_spec, as_of timestamptz) (
	SFUNC = lifecycle.velocity_agg_add,
	STYPE = lifecycle.velocity,
	SSPACE = 8192,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.velocity_agg(lifecycle.journey, lifecycle.velocity_spec, timestamptz) IS 'the velocity of a group of journeys as of an instant that is not a literal, such as now()';

CREATE AGGREGATE lifecycle.rollup(velocity lifecycle.velocity) (
	SFUNC = lifecycle.velocity_agg_combine,
	STYPE = lifecycle.velocity,
	SSPACE = 8192,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.velocity) IS 'the velocity of everything that velocities of one specification count';

CREATE FUNCTION lifecycle.velocity_moves(
	velocity lifecycle.velocity,
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
COMMENT ON FUNCTION lifecycle.velocity_moves(lifecycle.velocity) IS 'one row per pair of stages: how many moves, their share of all that leave the stage, and the dwells before them';

CREATE FUNCTION lifecycle.velocity_stages(
	velocity lifecycle.velocity,
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
COMMENT ON FUNCTION lifecycle.velocity_stages(lifecycle.velocity) IS 'one row per stage: entries, exits, how many are in it, the dwells before leaving, and the median age of the open ones';

CREATE FUNCTION lifecycle.win_probability(velocity lifecycle.velocity, stage text, won text[], lost text[]) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.win_probability(lifecycle.velocity, text, text[], text[]) IS 'how likely a journey that enters the stage reaches a won stage before a lost one, as the counted moves go on';

CREATE FUNCTION lifecycle.expected_time(velocity lifecycle.velocity, stage text, won text[], lost text[]) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION lifecycle.expected_time(lifecycle.velocity, text, text[], text[]) IS 'how long a journey that enters the stage takes on average until it reaches a won or a lost stage';
-- Rules: one ordinary table, readable by all, carried by full dumps.
--
-- A lifecycle is one row, so that a dump restores it whole, in any order and in parallel. Everybody may
-- INSERT, because a database's plain owner restores dumps too; the row trigger sees to it that nobody
-- plants a lifecycle in another's name. Nothing else is granted: changes go through functions.

CREATE TABLE lifecycle.lifecycle (
	name text PRIMARY KEY,
	owner text NOT NULL,
	search_path text NOT NULL,
	diagram text NOT NULL
);
COMMENT ON TABLE lifecycle.lifecycle IS 'the lifecycles, one row each';
COMMENT ON COLUMN lifecycle.lifecycle.owner IS 'name of the role that may change it and that its guards run as';
COMMENT ON COLUMN lifecycle.lifecycle.search_path IS 'search_path of its definer, in which guards are understood';
COMMENT ON COLUMN lifecycle.lifecycle.diagram IS 'the lifecycle itself, as a Mermaid diagram in canonical form';

SELECT pg_catalog.pg_extension_config_dump('lifecycle.lifecycle', '');
GRANT SELECT, INSERT ON lifecycle.lifecycle TO PUBLIC;

CREATE FUNCTION lifecycle.guard_rules() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION lifecycle.guard_rules() IS 'lets in only rules that their inserter owns, and tells every session about changes';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.lifecycle
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_rules();
CREATE TRIGGER guard_truncate AFTER TRUNCATE ON lifecycle.lifecycle
	FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.guard_rules();
ALTER TABLE lifecycle.lifecycle ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE lifecycle.lifecycle ENABLE ALWAYS TRIGGER guard_truncate;

-- What the diagrams say, as rows for whoever wants to join or look it up.

CREATE VIEW lifecycle.stage AS
	SELECT l.name AS lifecycle, s.*
	FROM lifecycle.lifecycle l CROSS JOIN LATERAL lifecycle.diagram_stages(l.diagram) s;
COMMENT ON VIEW lifecycle.stage IS 'the stages of each lifecycle, in diagram order, with what their notes say';
GRANT SELECT ON lifecycle.stage TO PUBLIC;

CREATE VIEW lifecycle.transition AS
	SELECT l.name AS lifecycle, m.*
	FROM lifecycle.lifecycle l CROSS JOIN LATERAL lifecycle.diagram_moves(l.diagram) m;
COMMENT ON VIEW lifecycle.transition IS 'the moves of each lifecycle as drawn, in diagram order';
GRANT SELECT ON lifecycle.transition TO PUBLIC;

-- Lifecycles as their users see them.

CREATE FUNCTION lifecycle.create_lifecycle(name text, diagram text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.create_lifecycle(text, text) IS 'defines a lifecycle by its diagram';

CREATE FUNCTION lifecycle.drop_lifecycle(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.drop_lifecycle(text) IS 'removes a lifecycle that no table is attached to';

CREATE FUNCTION lifecycle.diagram(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.diagram(text) IS 'the lifecycle as a Mermaid diagram, in canonical form';

CREATE FUNCTION lifecycle.dump_lifecycle(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.dump_lifecycle(text) IS 'the create_lifecycle() call that defines the lifecycle';
-- Enforcement: lifecycles on tables.

CREATE FUNCTION lifecycle.attachment() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION lifecycle.attachment() IS 'trigger that names the columns of an attachment; does nothing else';

CREATE FUNCTION lifecycle.enforce_move() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION lifecycle.enforce_move() IS 'trigger that refuses illegal moves and keeps the journey';

CREATE FUNCTION lifecycle.enforce_entry() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION lifecycle.enforce_entry() IS 'trigger that refuses new rows at stages where no row may begin';

CREATE FUNCTION lifecycle.log_move() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION lifecycle.log_move() IS 'trigger that writes the log of moves';

CREATE FUNCTION lifecycle.trigger_arguments(arguments bytea) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle.trigger_arguments(bytea) IS 'the arguments in pg_trigger.tgargs';

CREATE FUNCTION lifecycle.stage_of_journey(rel regclass, journey smallint) RETURNS smallint
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle.stage_of_journey(regclass, smallint) IS 'number of the stage column that a CHECK keeps in step with a journey column';

CREATE VIEW lifecycle.attachments AS
	SELECT t.tgrelid::pg_catalog.regclass AS relation,
		a.arguments[1] AS key,
		NULLIF(a.arguments[2], '') AS lifecycle,
		c.lifecycle_column,
		(SELECT attname FROM pg_catalog.pg_attribute
			WHERE attrelid = t.tgrelid AND attnum = lifecycle.stage_of_journey(t.tgrelid, t.tgattr[0])) AS stage_column,
		c.journey_column,
		c.reason_column,
		c.since,
		(SELECT l.tgconstrrelid::pg_catalog.regclass FROM pg_catalog.pg_trigger l
			WHERE l.tgrelid = t.tgrelid AND l.tgfoid = 'lifecycle.log_move()'::pg_catalog.regprocedure
				AND (lifecycle.trigger_arguments(l.tgargs))[1] = a.arguments[1]) AS log,
		a.arguments[4] AS mode
	FROM pg_catalog.pg_trigger t
		CROSS JOIN LATERAL (SELECT lifecycle.trigger_arguments(t.tgargs) AS arguments) a
		CROSS JOIN LATERAL (
			SELECT pg_catalog.max(attname::text) FILTER (WHERE meaning = 'lifecycle')::name AS lifecycle_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'journey')::name AS journey_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'reason')::name AS reason_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'since')::name AS since
			FROM ROWS FROM (pg_catalog.unnest(t.tgattr::int2[]),
					pg_catalog.unnest(pg_catalog.string_to_array(a.arguments[3], ', '))) u (attnum, meaning)
				JOIN pg_catalog.pg_attribute p ON p.attrelid = t.tgrelid AND p.attnum = u.attnum) c
	WHERE t.tgfoid = 'lifecycle.attachment()'::pg_catalog.regprocedure;
COMMENT ON VIEW lifecycle.attachments IS 'the tables that lifecycles are attached to, one row an attachment';
GRANT SELECT ON lifecycle.attachments TO PUBLIC;

CREATE FUNCTION lifecycle.attach(rel regclass, lifecycle text DEFAULT NULL, lifecycle_column name DEFAULT NULL,
	stage_column name DEFAULT 'stage', journey_column name DEFAULT 'journey', reason_column name DEFAULT NULL,
	since name DEFAULT NULL, existing text DEFAULT 'fill', log boolean DEFAULT false, mode text DEFAULT 'enforce')
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.attach(regclass, text, name, name, name, name, name, text, boolean, text)
	IS 'keeps the rows of a table to a lifecycle from now on';

CREATE FUNCTION lifecycle.detach(rel regclass, stage_column name DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.detach(regclass, name) IS 'takes a lifecycle off a table again; the journeys stay';

CREATE FUNCTION lifecycle.set_mode(rel regclass, mode text, stage_column name DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.set_mode(regclass, text, name) IS 'makes an attachment enforce, warn or observe';

CREATE FUNCTION lifecycle.check_attachment(rel regclass, key text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.check_attachment(regclass, text) IS 'raises what of a lifecycle does not fit the table: a guard, or a required column';

CREATE FUNCTION lifecycle.set_context(actor text DEFAULT NULL, reason text DEFAULT NULL, note text DEFAULT NULL,
	undo boolean DEFAULT false) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.set_context(text, text, text, boolean) IS 'says, until the end of the transaction, who moves its rows, why, and whether to take moves back';

-- What user interfaces ask.

CREATE FUNCTION lifecycle.can("row" anyelement, stage text, stage_column name DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION lifecycle.can(anyelement, text, name) IS 'whether a row may move to a stage';

CREATE FUNCTION lifecycle.explain_move("row" anyelement, stage text, stage_column name DEFAULT NULL,
	OUT check_name text, OUT passed boolean, OUT message text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 5;
COMMENT ON FUNCTION lifecycle.explain_move(anyelement, text, name) IS 'what a row has to pass to move to a stage, and whether it does';

CREATE FUNCTION lifecycle.next_stages("row" anyelement, stage_column name DEFAULT NULL,
	OUT stage text, OUT event text, OUT action text, OUT allowed boolean, OUT blocked_by text[]) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 5;
COMMENT ON FUNCTION lifecycle.next_stages(anyelement, name) IS 'the stages that moves are drawn to from where a row is, and whether it may go there';
-- Upkeep: filling in journeys on large live tables, and finding what has drifted.
--
-- These go through whole tables in committed batches, or look at many catalogs: PL/pgSQL says it best.
-- A procedure that commits cannot have a SET clause, so that names are written out in full.

CREATE FUNCTION lifecycle.attachment_of(rel regclass, stage_column name DEFAULT NULL) RETURNS lifecycle.attachments
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found lifecycle.attachments;
	number bigint;
BEGIN
	SELECT count(*) INTO number FROM lifecycle.attachments a
	WHERE a.relation = rel AND a.stage_column IS NOT DISTINCT FROM coalesce(attachment_of.stage_column, a.stage_column);
	IF number = 0 AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = rel AND t.tgfoid = 'lifecycle.enforce_move()'::regprocedure) THEN
		RAISE EXCEPTION 'the attachment of table % is damaged', rel
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = format('SELECT lifecycle.detach(%L) clears it away.', rel);
	ELSIF number = 0 THEN
		RAISE EXCEPTION 'no lifecycle is attached to %',
			CASE WHEN stage_column IS NULL THEN rel::text ELSE format('column "%s" of %s', stage_column, rel) END
			USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM lifecycle.attachments shows what is attached.';
	ELSIF number > 1 THEN
		RAISE EXCEPTION 'several lifecycles are attached to table %', rel
			USING ERRCODE = 'ambiguous_parameter', HINT = 'Say which is meant: stage_column => ''...''.';
	END IF;
	SELECT * INTO found FROM lifecycle.attachments a
	WHERE a.relation = rel AND a.stage_column IS NOT DISTINCT FROM coalesce(attachment_of.stage_column, a.stage_column);
	RETURN found;
END $$;
COMMENT ON FUNCTION lifecycle.attachment_of(regclass, name) IS 'the row of lifecycle.attachments for a table, which must have one';

CREATE PROCEDURE lifecycle.fill(rel regclass, stage_column name DEFAULT NULL, blocks integer DEFAULT 1000)
LANGUAGE plpgsql
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	leaf pg_catalog.regclass;
	block bigint;
	last_block bigint;
	all_blocks bigint := 0;
	done_blocks bigint := 0;
	filled bigint := 0;
	n bigint;
	started timestamptz := pg_catalog.clock_timestamp();
	leaves pg_catalog.regclass[];
	constraint_name name;
BEGIN
	IF blocks IS NULL OR blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	leaves := CASE
		WHEN EXISTS (SELECT FROM pg_catalog.pg_partitioned_table WHERE partrelid OPERATOR(pg_catalog.=) rel)
		THEN ARRAY(SELECT relid FROM pg_catalog.pg_partition_tree(rel) WHERE isleaf)
		ELSE ARRAY[rel] END;
	FOREACH leaf IN ARRAY leaves LOOP
		all_blocks := all_blocks + pg_catalog.pg_relation_size(leaf) / pg_catalog.current_setting('block_size')::bigint;
	END LOOP;
	FOREACH leaf IN ARRAY leaves LOOP
		block := 0;
		last_block := pg_catalog.pg_relation_size(leaf) / pg_catalog.current_setting('block_size')::bigint;
		WHILE block <= last_block LOOP
			-- Writing the stage to itself is no move; the trigger gives the row its journey.
			EXECUTE pg_catalog.format('UPDATE %s SET %I = %I WHERE %I IS NULL'
				' AND ctid OPERATOR(pg_catalog.>=) ''(%s,0)'' AND ctid OPERATOR(pg_catalog.<) ''(%s,0)''',
				leaf, a.stage_column, a.stage_column, a.journey_column, block, block + blocks);
			GET DIAGNOSTICS n = ROW_COUNT;
			COMMIT;
			filled := filled + n;
			block := block + blocks;
			done_blocks := LEAST(done_blocks + blocks, all_blocks);
			IF n > 0 AND done_blocks < all_blocks THEN
				RAISE NOTICE '% rows filled, % %% of the table, about % left', filled, 100 * done_blocks / all_blocks,
					pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (all_blocks - done_blocks)::float8 / done_blocks);
			END IF;
		END LOOP;
	END LOOP;
	SELECT conname INTO constraint_name FROM pg_catalog.pg_constraint c
	WHERE conrelid OPERATOR(pg_catalog.=) rel AND contype OPERATOR(pg_catalog.=) 'c' AND NOT convalidated
		AND conkey OPERATOR(pg_catalog.@>) ARRAY(SELECT attnum FROM pg_catalog.pg_attribute
			WHERE attrelid OPERATOR(pg_catalog.=) rel AND attname IN (a.stage_column, a.journey_column));
	IF constraint_name IS NOT NULL THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', rel, constraint_name);
	END IF;
	RAISE NOTICE 'every row has its journey: % filled', filled;
END $$;
COMMENT ON PROCEDURE lifecycle.fill(regclass, name, integer) IS 'gives journeys to the rows of a table that was attached with existing => ''defer'', in committed batches';

CREATE PROCEDURE lifecycle.backfill(rel regclass, query text, stage_column name DEFAULT NULL, batch integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	key text;
	same_key text;
	total bigint;
	done bigint := 0;
	changed bigint := 0;
	n bigint;
	unlike bigint;
	started timestamptz := pg_catalog.clock_timestamp();
	tie text := '';
BEGIN
	IF batch IS NULL OR batch < 1 THEN
		RAISE EXCEPTION 'a batch has at least one row' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum),
		pg_catalog.string_agg(pg_catalog.format('t.%1$I OPERATOR(pg_catalog.=) h.%1$I', attname), ' AND ' ORDER BY attnum)
	INTO key, same_key
	FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = rel AND i.indisprimary;
	IF key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key, so history cannot find its rows', rel
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a primary key first.';
	END IF;
	DROP TABLE IF EXISTS pg_temp.lifecycle_history;
	BEGIN
		EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE lifecycle_history AS
			SELECT pg_catalog.row_number() OVER (ORDER BY %1$s) AS lifecycle_number, *
			FROM (SELECT %1$s, lifecycle.journey_agg(stage::pg_catalog.text, at) AS lifecycle_journey
				FROM (%2$s) AS events GROUP BY %1$s) AS journeys', key, query);
	EXCEPTION WHEN undefined_column THEN
		RAISE EXCEPTION 'the query must have the columns %, stage and at', key
			USING ERRCODE = 'undefined_column', DETAIL = SQLERRM;
	END;
	GET DIAGNOSTICS total = ROW_COUNT;
	CREATE UNIQUE INDEX ON pg_temp.lifecycle_history (lifecycle_number);
	COMMIT;
	WHILE done < total LOOP
		PERFORM pg_catalog.set_config('crm_lifecycle.import', 'on', true);
		-- Rows that have the journey already are left alone, so that it can be started again.
		EXECUTE pg_catalog.format('UPDATE %1$s t SET %2$I = h.lifecycle_journey FROM pg_temp.lifecycle_history h
			WHERE %3$s AND h.lifecycle_number OPERATOR(pg_catalog.>) $1 AND h.lifecycle_number OPERATOR(pg_catalog.<=) $2
				AND lifecycle.ends_in(h.lifecycle_journey, t.%4$I)
				AND (t.%2$I OPERATOR(lifecycle.=) h.lifecycle_journey) IS NOT TRUE',
			rel, a.journey_column, same_key, a.stage_column)
		USING done, done + batch;
		GET DIAGNOSTICS n = ROW_COUNT;
		COMMIT;
		changed := changed + n;
		done := LEAST(done + batch, total);
		IF done < total THEN
			RAISE NOTICE '% of % journeys looked at, % written, about % left', done, total, changed,
				pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (total - done)::float8 / done);
		END IF;
	END LOOP;
	EXECUTE pg_catalog.format('DELETE FROM pg_temp.lifecycle_history h USING %s t WHERE %s AND lifecycle.ends_in(h.lifecycle_journey, t.%I)',
		rel, same_key, a.stage_column);
	SELECT pg_catalog.count(*) INTO unlike FROM pg_temp.lifecycle_history;
	RAISE NOTICE '% journeys written', changed;
	IF unlike > 0 THEN
		RAISE WARNING '% journeys were not written, because no row has their key and is in the stage where they end', unlike
			USING HINT = 'They are in pg_temp.lifecycle_history until you disconnect.';
	ELSE
		DROP TABLE pg_temp.lifecycle_history;
	END IF;
END $$;
COMMENT ON PROCEDURE lifecycle.backfill(regclass, text, name, integer) IS 'fills the journeys of a table from the history that a query finds, in committed batches';

CREATE FUNCTION lifecycle.verify(rel regclass, stage_column name DEFAULT NULL,
	OUT problem text, OUT subject text, OUT "rows" bigint, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments;
	row_lifecycle text;
	relations regclass[];
BEGIN
	a := lifecycle.attachment_of(rel, verify.stage_column);
	row_lifecycle := CASE WHEN a.lifecycle IS NULL THEN format('t.%I::text', a.lifecycle_column) ELSE quote_literal(a.lifecycle) END;
	relations := CASE
		WHEN EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = rel) THEN ARRAY(SELECT relid FROM pg_partition_tree(rel))
		ELSE ARRAY[rel] END;

	RETURN QUERY
	SELECT 'lifecycle is missing', a.lifecycle, NULL::bigint, 'Define it again: lifecycle.dump_lifecycle() prints the call where it exists.'
	WHERE a.lifecycle IS NOT NULL AND NOT EXISTS (SELECT FROM lifecycle.lifecycle l WHERE l.name = a.lifecycle);

	IF a.stage_column IS NULL AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = rel AND attname = a.key) THEN
		RETURN QUERY SELECT 'stage column is missing', a.key, NULL::bigint,
			format('SELECT lifecycle.detach(%L); and attach another column.', rel);
		RETURN;
	END IF;

	BEGIN
		PERFORM lifecycle.check_attachment(rel, a.key);
	EXCEPTION WHEN OTHERS THEN
		RETURN QUERY SELECT 'rules do not fit the table', SQLERRM, NULL::bigint,
			'Moves that need them fail. Give the table the column back, or draw the lifecycle without it.';
	END;

	RETURN QUERY
	SELECT CASE WHEN t.tgname IS NULL THEN 'trigger is missing' ELSE 'trigger is disabled' END,
		coalesce(t.tgname || ' on ' || r.relation, f.function || ' on ' || r.relation), NULL::bigint,
		CASE WHEN t.tgname IS NULL THEN 'Call lifecycle.detach() and lifecycle.attach() again; the journeys stay.'
			ELSE format('ALTER TABLE %s ENABLE TRIGGER %I;', r.relation, t.tgname) END
	FROM unnest(relations) r (relation)
		CROSS JOIN (VALUES ('lifecycle.enforce_move()'::regprocedure), ('lifecycle.enforce_entry()')) f (function)
		LEFT JOIN pg_trigger t ON t.tgrelid = r.relation AND t.tgfoid = f.function
			AND (lifecycle.trigger_arguments(t.tgargs))[1] = a.key
	WHERE t.tgname IS NULL OR t.tgenabled NOT IN ('O', 'A');

	RETURN QUERY
	SELECT 'another trigger fires later', later.tgname || ' on ' || later.tgrelid::regclass, NULL::bigint,
		format('If it writes %I, rename it: ALTER TRIGGER %I ON %s RENAME TO ...;', a.stage_column, later.tgname, later.tgrelid::regclass)
	FROM pg_trigger ours JOIN pg_trigger later ON later.tgrelid = ours.tgrelid AND later.tgname > ours.tgname
	WHERE ours.tgrelid = rel AND ours.tgfoid = 'lifecycle.enforce_move()'::regprocedure
		AND (lifecycle.trigger_arguments(ours.tgargs))[1] = a.key
		AND NOT later.tgisinternal AND later.tgtype::integer & 3 = 3
		AND later.tgfoid <> 'lifecycle.enforce_move()'::regprocedure;

	RETURN QUERY
	SELECT 'another table inherits', i.inhrelid::regclass::text, NULL::bigint,
		'The triggers do not fire for its rows: attach it too, or end the inheritance.'
	FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
	WHERE i.inhparent = rel AND NOT k.relispartition;

	RETURN QUERY
	SELECT CASE WHEN c.conname IS NULL THEN 'CHECK is missing' ELSE 'CHECK is not validated' END,
		coalesce(c.conname::text, rel::text), NULL::bigint,
		CASE WHEN c.conname IS NULL THEN format('ALTER TABLE %s ADD CHECK (lifecycle.ends_in(%I, %I));', rel, a.journey_column, coalesce(a.stage_column, a.key))
			ELSE format('CALL lifecycle.fill(%L);', rel) END
	FROM (VALUES (1)) one
		LEFT JOIN pg_constraint c ON c.conrelid = rel AND c.contype = 'c' AND a.stage_column IS NOT NULL
			AND c.conkey @> ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname IN (a.stage_column, a.journey_column))
	WHERE c.conname IS NULL OR NOT c.convalidated;
	IF a.stage_column IS NULL THEN
		RETURN;
	END IF;

	RETURN QUERY EXECUTE format($q$
		SELECT CASE WHEN t.%2$I IS NULL THEN 'row has no journey yet' ELSE 'journey does not end in the stage' END,
			t.%3$I::text, count(*),
			CASE WHEN t.%2$I IS NULL THEN %4$L
				ELSE 'Correct the stage, or the journey under crm_lifecycle.import.' END
		FROM %1$s t WHERE NOT lifecycle.ends_in(t.%2$I, t.%3$I) GROUP BY 1, 2, 4 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, format('CALL lifecycle.fill(%L);', rel));

	RETURN QUERY EXECUTE format($q$
		SELECT 'stage is not in the lifecycle', t.%3$I::text, count(*), 'Draw the stage, or change the rows under crm_lifecycle.import.'
		FROM %1$s t LEFT JOIN lifecycle.stage s ON s.lifecycle = %4$s AND s.label = t.%3$I::text AND NOT s.outside
		WHERE s.label IS NULL GROUP BY 2 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, row_lifecycle);

	RETURN QUERY EXECUTE format($q$
		WITH legal AS (
			SELECT m.lifecycle, f.label AS source, g.label AS target
			FROM lifecycle.transition m
				JOIN lifecycle.stage g ON g.lifecycle = m.lifecycle AND g.id = m.to_stage
				JOIN lifecycle.stage f ON f.lifecycle = m.lifecycle AND (f.id = m.from_stage OR f.phase = m.from_phase)),
		made AS (
			SELECT %3$s AS lifecycle, lag(s.stage) OVER (PARTITION BY t.ctid, t.tableoid ORDER BY s.step) AS source, s.stage AS target
			FROM %1$s t CROSS JOIN LATERAL lifecycle.steps(t.%2$I) s)
		SELECT 'move would be refused today', made.source || ' > ' || made.target, count(*), 'Nothing to do, if the lifecycle has changed since.'
		FROM made LEFT JOIN legal USING (lifecycle, source, target)
		WHERE made.source IS NOT NULL AND made.source <> made.target AND legal.target IS NULL GROUP BY 2 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, row_lifecycle);

	RETURN QUERY
	SELECT 'label is missing in the type', s.label, NULL::bigint, format('ALTER TYPE %s ADD VALUE %L;', format_type(p.atttypid, NULL), s.label)
	FROM pg_attribute p JOIN pg_type y ON y.oid = p.atttypid AND y.typtype = 'e'
		JOIN lifecycle.stage s ON s.lifecycle = a.lifecycle AND NOT s.outside
	WHERE p.attrelid = rel AND p.attname = a.stage_column
		AND NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = y.oid AND e.enumlabel = s.label);
END $$;
COMMENT ON FUNCTION lifecycle.verify(regclass, name) IS 'everything about an attached table that is not as it should be; no rows: all is well';
