
-- Funnels: which one is meant, what many journeys did in it, and how far one came.

CREATE TYPE @extschema@.funnel_spec;

CREATE FUNCTION @extschema@.funnel_spec_in(cstring) RETURNS @extschema@.funnel_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_spec_in(cstring) IS 'reads a funnel_spec from text';

CREATE FUNCTION @extschema@.funnel_spec_out(@extschema@.funnel_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_spec_out(@extschema@.funnel_spec) IS 'prints a funnel_spec as text';

CREATE FUNCTION @extschema@.funnel_spec_recv(internal) RETURNS @extschema@.funnel_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_spec_recv(internal) IS 'reads a funnel_spec from its binary form';

CREATE FUNCTION @extschema@.funnel_spec_send(@extschema@.funnel_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.funnel_spec_send(@extschema@.funnel_spec) IS 'writes a funnel_spec in its binary form';

CREATE TYPE @extschema@.funnel_spec (
	INPUT = @extschema@.funnel_spec_in,
	OUTPUT = @extschema@.funnel_spec_out,
	RECEIVE = @extschema@.funnel_spec_recv,
	SEND = @extschema@.funnel_spec_send,
	STORAGE = extended
);
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

-- A specification is its canonical text, so comparing bytes compares funnels.

CREATE FUNCTION @extschema@.funnel_spec_eq(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';
COMMENT ON FUNCTION @extschema@.funnel_spec_eq(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION @extschema@.funnel_spec_ne(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';
COMMENT ON FUNCTION @extschema@.funnel_spec_ne(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'says whether two specifications differ';

CREATE FUNCTION @extschema@.funnel_spec_lt(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';
COMMENT ON FUNCTION @extschema@.funnel_spec_lt(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION @extschema@.funnel_spec_le(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';
COMMENT ON FUNCTION @extschema@.funnel_spec_le(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION @extschema@.funnel_spec_gt(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';
COMMENT ON FUNCTION @extschema@.funnel_spec_gt(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION @extschema@.funnel_spec_ge(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';
COMMENT ON FUNCTION @extschema@.funnel_spec_ge(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'compares two specifications';

CREATE FUNCTION @extschema@.funnel_spec_cmp(@extschema@.funnel_spec, @extschema@.funnel_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';
COMMENT ON FUNCTION @extschema@.funnel_spec_cmp(@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION @extschema@.funnel_spec_hash(@extschema@.funnel_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
COMMENT ON FUNCTION @extschema@.funnel_spec_hash(@extschema@.funnel_spec) IS 'hashes a specification';

CREATE FUNCTION @extschema@.funnel_spec_hash_extended(@extschema@.funnel_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';
COMMENT ON FUNCTION @extschema@.funnel_spec_hash_extended(@extschema@.funnel_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR @extschema@.= (
	LEFTARG = @extschema@.funnel_spec, RIGHTARG = @extschema@.funnel_spec,
	FUNCTION = @extschema@.funnel_spec_eq,
	COMMUTATOR = OPERATOR(@extschema@.=), NEGATOR = OPERATOR(@extschema@.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);
COMMENT ON OPERATOR @extschema@.= (@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'the same specification';

CREATE OPERATOR @extschema@.<> (
	LEFTARG = @extschema@.funnel_spec, RIGHTARG = @extschema@.funnel_spec,
	FUNCTION = @extschema@.funnel_spec_ne,
	COMMUTATOR = OPERATOR(@extschema@.<>), NEGATOR = OPERATOR(@extschema@.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR @extschema@.<> (@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'not the same specification';

CREATE OPERATOR @extschema@.< (
	LEFTARG = @extschema@.funnel_spec, RIGHTARG = @extschema@.funnel_spec,
	FUNCTION = @extschema@.funnel_spec_lt,
	COMMUTATOR = OPERATOR(@extschema@.>), NEGATOR = OPERATOR(@extschema@.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR @extschema@.< (@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR @extschema@.<= (
	LEFTARG = @extschema@.funnel_spec, RIGHTARG = @extschema@.funnel_spec,
	FUNCTION = @extschema@.funnel_spec_le,
	COMMUTATOR = OPERATOR(@extschema@.>=), NEGATOR = OPERATOR(@extschema@.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR @extschema@.<= (@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR @extschema@.> (
	LEFTARG = @extschema@.funnel_spec, RIGHTARG = @extschema@.funnel_spec,
	FUNCTION = @extschema@.funnel_spec_gt,
	COMMUTATOR = OPERATOR(@extschema@.<), NEGATOR = OPERATOR(@extschema@.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR @extschema@.> (@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR @extschema@.>= (
	LEFTARG = @extschema@.funnel_spec, RIGHTARG = @extschema@.funnel_spec,
	FUNCTION = @extschema@.funnel_spec_ge,
	COMMUTATOR = OPERATOR(@extschema@.<=), NEGATOR = OPERATOR(@extschema@.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR @extschema@.>= (@extschema@.funnel_spec, @extschema@.funnel_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS @extschema@.funnel_spec_hash_ops DEFAULT FOR TYPE @extschema@.funnel_spec USING hash AS
	OPERATOR 1 @extschema@.=,
	FUNCTION 1 @extschema@.funnel_spec_hash(@extschema@.funnel_spec),
	FUNCTION 2 @extschema@.funnel_spec_hash_extended(@extschema@.funnel_spec, bigint);
COMMENT ON OPERATOR CLASS @extschema@.funnel_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS @extschema@.funnel_spec_ops DEFAULT FOR TYPE @extschema@.funnel_spec USING btree AS
	OPERATOR 1 @extschema@.<,
	OPERATOR 2 @extschema@.<=,
	OPERATOR 3 @extschema@.=,
	OPERATOR 4 @extschema@.>=,
	OPERATOR 5 @extschema@.>,
	FUNCTION 1 @extschema@.funnel_spec_cmp(@extschema@.funnel_spec, @extschema@.funnel_spec);
COMMENT ON OPERATOR CLASS @extschema@.funnel_spec_ops USING btree IS 'specifications by their text';

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
