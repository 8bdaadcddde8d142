
-- Attribution: which channels won deals are owed to, by the paths of touchpoints that led to them.

CREATE TYPE @extschema@.attribution;

CREATE FUNCTION @extschema@.attribution_in(cstring) RETURNS @extschema@.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_in(cstring) IS 'reads an attribution from text';

CREATE FUNCTION @extschema@.attribution_out(@extschema@.attribution) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_out(@extschema@.attribution) IS 'prints an attribution as text';

CREATE FUNCTION @extschema@.attribution_recv(internal) RETURNS @extschema@.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_recv(internal) IS 'reads an attribution from its binary form';

CREATE FUNCTION @extschema@.attribution_send(@extschema@.attribution) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_send(@extschema@.attribution) IS 'writes an attribution in its binary form';

CREATE TYPE @extschema@.attribution (
	INPUT = @extschema@.attribution_in,
	OUTPUT = @extschema@.attribution_out,
	RECEIVE = @extschema@.attribution_recv,
	SEND = @extschema@.attribution_send,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.attribution IS 'the paths of touchpoints that deals took, how many of each were won and lost, and what they were worth; made by attribution_agg, read by attribution_shares';

CREATE FUNCTION @extschema@.attribution_agg_add(internal, path text[], converted boolean) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_add(internal, text[], boolean) IS 'transition function of attribution_agg';

CREATE FUNCTION @extschema@.attribution_agg_add_value(internal, path text[], converted boolean, value numeric) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_add_value(internal, text[], boolean, numeric) IS 'transition function of attribution_agg';

CREATE FUNCTION @extschema@.attribution_agg_add_journey(internal, journey @extschema@.journey, won text[], lost text[], value numeric) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_add_journey(internal, @extschema@.journey, text[], text[], numeric) IS 'transition function of attribution_agg';

CREATE FUNCTION @extschema@.attribution_rollup_add(internal, attribution @extschema@.attribution) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_rollup_add(internal, @extschema@.attribution) IS 'transition function of rollup';

CREATE FUNCTION @extschema@.attribution_agg_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_combine(internal, internal) IS 'combine function of attribution_agg and rollup';

CREATE FUNCTION @extschema@.attribution_agg_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_serialize(internal) IS 'serialization function of attribution_agg and rollup';

CREATE FUNCTION @extschema@.attribution_agg_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_deserialize(bytea, internal) IS 'deserialization function of attribution_agg and rollup';

CREATE FUNCTION @extschema@.attribution_agg_final(internal) RETURNS @extschema@.attribution
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_agg_final(internal) IS 'final function of attribution_agg and rollup';

CREATE AGGREGATE @extschema@.attribution_agg(path text[], converted boolean) (
	SFUNC = @extschema@.attribution_agg_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.attribution_agg_final,
	COMBINEFUNC = @extschema@.attribution_agg_combine,
	SERIALFUNC = @extschema@.attribution_agg_serialize,
	DESERIALFUNC = @extschema@.attribution_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.attribution_agg(text[], boolean) IS 'the paths of a group of closed deals; a row whose path or outcome is NULL counts nothing';

CREATE AGGREGATE @extschema@.attribution_agg(path text[], converted boolean, value numeric) (
	SFUNC = @extschema@.attribution_agg_add_value,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.attribution_agg_final,
	COMBINEFUNC = @extschema@.attribution_agg_combine,
	SERIALFUNC = @extschema@.attribution_agg_serialize,
	DESERIALFUNC = @extschema@.attribution_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.attribution_agg(text[], boolean, numeric) IS 'the paths of a group of closed deals and what the won ones were worth; a row whose path or outcome is NULL counts nothing';

CREATE AGGREGATE @extschema@.attribution_agg(journey @extschema@.journey, won text[], lost text[], value numeric) (
	SFUNC = @extschema@.attribution_agg_add_journey,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.attribution_agg_final,
	COMBINEFUNC = @extschema@.attribution_agg_combine,
	SERIALFUNC = @extschema@.attribution_agg_serialize,
	DESERIALFUNC = @extschema@.attribution_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.attribution_agg(@extschema@.journey, text[], text[], numeric) IS 'the same from journeys whose steps are touchpoints, up to the first won or lost one; open ones count nothing';

CREATE AGGREGATE @extschema@.rollup(attribution @extschema@.attribution) (
	SFUNC = @extschema@.attribution_rollup_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.attribution_agg_final,
	COMBINEFUNC = @extschema@.attribution_agg_combine,
	SERIALFUNC = @extschema@.attribution_agg_serialize,
	DESERIALFUNC = @extschema@.attribution_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.attribution) IS 'the paths of all attributions together';

CREATE FUNCTION @extschema@.attribution_shares(
	attribution @extschema@.attribution,
	model text,
	half_life double precision DEFAULT 1,
	OUT channel text,
	OUT conversions numeric,
	OUT value numeric,
	OUT share double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_shares(@extschema@.attribution, text, double precision) IS 'the won deals and their value that each channel is credited with; the sums over channels are the totals, exactly';

CREATE FUNCTION @extschema@.removal_effects(
	attribution @extschema@.attribution,
	OUT channel text,
	OUT effect double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.removal_effects(@extschema@.attribution) IS 'the share of the won deals that would be lost without each channel, by the first-order Markov chain of the paths';

CREATE FUNCTION @extschema@.attribution_paths(
	attribution @extschema@.attribution,
	OUT path text[],
	OUT won bigint,
	OUT lost bigint,
	OUT value numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.attribution_paths(@extschema@.attribution) IS 'the different paths, with their deals won and lost and what those won were worth';
