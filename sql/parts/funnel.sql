
-- Funnels: which one is meant, what many journeys did in it, and how far one came.

COMMENT ON TYPE @extschema@.funnel_spec IS 'which funnel is meant: lead > mql > won within 90 days';

CREATE FUNCTION @extschema@.funnel_spec(
	steps text[],
	per_step interval[] DEFAULT NULL,
	within interval DEFAULT NULL,
	ordering text DEFAULT 'ordered',
	entry text DEFAULT 'best',
	reach text DEFAULT 'exact',
	exclude text[] DEFAULT '{}',
	entered tstzrange DEFAULT NULL,
	as_of timestamptz DEFAULT NULL
) RETURNS @extschema@.funnel_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_spec(text[], interval[], interval, text, text, text, text[], tstzrange, timestamptz) IS
'makes a funnel_spec from named arguments';

CREATE TYPE @extschema@.funnel;

CREATE FUNCTION @extschema@.funnel_in(cstring) RETURNS @extschema@.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_in(cstring) IS 'reads a funnel from text';

CREATE FUNCTION @extschema@.funnel_out(@extschema@.funnel) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_out(@extschema@.funnel) IS 'prints a funnel as text';

CREATE FUNCTION @extschema@.funnel_recv(internal) RETURNS @extschema@.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_recv(internal) IS 'reads a funnel from its binary form';

CREATE FUNCTION @extschema@.funnel_send(@extschema@.funnel) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_send(@extschema@.funnel) IS 'writes a funnel in its binary form';

CREATE TYPE @extschema@.funnel (
	INPUT = @extschema@.funnel_in,
	OUTPUT = @extschema@.funnel_out,
	RECEIVE = @extschema@.funnel_recv,
	SEND = @extschema@.funnel_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.funnel IS 'what many journeys did in one funnel; read it with funnel_steps';

CREATE FUNCTION @extschema@.funnel_agg_add(state @extschema@.funnel, journey @extschema@.journey, spec @extschema@.funnel_spec)
RETURNS @extschema@.funnel
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_agg_add(@extschema@.funnel, @extschema@.journey, @extschema@.funnel_spec) IS
'adds a journey to the state of funnel_agg';

CREATE FUNCTION @extschema@.funnel_agg_add(state @extschema@.funnel, journey @extschema@.journey, spec @extschema@.funnel_spec, as_of timestamptz)
RETURNS @extschema@.funnel
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_agg_add(@extschema@.funnel, @extschema@.journey, @extschema@.funnel_spec, timestamptz) IS
'adds a journey to the state of funnel_agg, as of an instant';

CREATE FUNCTION @extschema@.funnel_agg_combine(state @extschema@.funnel, other @extschema@.funnel)
RETURNS @extschema@.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_agg_combine(@extschema@.funnel, @extschema@.funnel) IS
'adds a funnel to the state of funnel_agg or rollup';

CREATE FUNCTION @extschema@.funnel_agg_final(state @extschema@.funnel)
RETURNS @extschema@.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_agg_final(@extschema@.funnel) IS
'the result of funnel_agg or rollup, in its canonical form';

CREATE AGGREGATE @extschema@.funnel_agg(journey @extschema@.journey, spec @extschema@.funnel_spec) (
	SFUNC = @extschema@.funnel_agg_add,
	STYPE = @extschema@.funnel,
	SSPACE = 4096,
	FINALFUNC = @extschema@.funnel_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.funnel_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.funnel_agg(@extschema@.journey, @extschema@.funnel_spec) IS
'how far the journeys came in a funnel';

CREATE AGGREGATE @extschema@.funnel_agg(journey @extschema@.journey, spec @extschema@.funnel_spec, as_of timestamptz) (
	SFUNC = @extschema@.funnel_agg_add,
	STYPE = @extschema@.funnel,
	SSPACE = 4096,
	FINALFUNC = @extschema@.funnel_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.funnel_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.funnel_agg(@extschema@.journey, @extschema@.funnel_spec, timestamptz) IS
'how far the journeys came in a funnel, as of an instant: those who entered too late to have had their whole window are pending';

CREATE AGGREGATE @extschema@.rollup(funnel @extschema@.funnel) (
	SFUNC = @extschema@.funnel_agg_combine,
	STYPE = @extschema@.funnel,
	SSPACE = 4096,
	FINALFUNC = @extschema@.funnel_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = @extschema@.funnel_agg_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.funnel) IS
'adds funnels of one specification up';

CREATE FUNCTION @extschema@.funnel_steps(
	funnel @extschema@.funnel,
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
COMMENT ON FUNCTION @extschema@.funnel_steps(@extschema@.funnel) IS
'one row a step: how many reached it, what share that is, and how long it took';

CREATE FUNCTION @extschema@.funnel_level(journey @extschema@.journey, spec @extschema@.funnel_spec)
RETURNS int4
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_level(@extschema@.journey, @extschema@.funnel_spec) IS
'how many steps of a funnel the journey reached';

CREATE FUNCTION @extschema@.funnel_times(journey @extschema@.journey, spec @extschema@.funnel_spec)
RETURNS timestamptz[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_times(@extschema@.journey, @extschema@.funnel_spec) IS
'when the journey reached each step of a funnel that it reached; the first element is its entry';
