
-- Naive Bayes: how likely a deal is won, by what the closed ones had in common.

CREATE TYPE @extschema@.naive_bayes;

CREATE FUNCTION @extschema@.naive_bayes_in(cstring) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_in(cstring) IS 'reads a naive_bayes from text';

CREATE FUNCTION @extschema@.naive_bayes_out(@extschema@.naive_bayes) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_out(@extschema@.naive_bayes) IS 'prints a naive_bayes as text';

CREATE FUNCTION @extschema@.naive_bayes_recv(internal) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_recv(internal) IS 'reads a naive_bayes from its binary form';

CREATE FUNCTION @extschema@.naive_bayes_send(@extschema@.naive_bayes) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_send(@extschema@.naive_bayes) IS 'writes a naive_bayes in its binary form';

CREATE TYPE @extschema@.naive_bayes (
	INPUT = @extschema@.naive_bayes_in,
	OUTPUT = @extschema@.naive_bayes_out,
	RECEIVE = @extschema@.naive_bayes_recv,
	SEND = @extschema@.naive_bayes_send,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE @extschema@.naive_bayes IS 'how many deals were won and lost, and how many of those had which features; made by naive_bayes_agg, read by predict, can be added and subtracted';

CREATE FUNCTION @extschema@.naive_bayes(won boolean, features jsonb) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes(boolean, jsonb) IS 'the model of one closed deal, to add to another or subtract; of none where an argument is NULL';

CREATE FUNCTION @extschema@.naive_bayes_plus(@extschema@.naive_bayes, @extschema@.naive_bayes) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_plus(@extschema@.naive_bayes, @extschema@.naive_bayes) IS 'implementation of + operator';

CREATE FUNCTION @extschema@.naive_bayes_minus(@extschema@.naive_bayes, @extschema@.naive_bayes) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_minus(@extschema@.naive_bayes, @extschema@.naive_bayes) IS 'implementation of - operator';

CREATE OPERATOR @extschema@.+ (
	LEFTARG = @extschema@.naive_bayes,
	RIGHTARG = @extschema@.naive_bayes,
	FUNCTION = @extschema@.naive_bayes_plus,
	COMMUTATOR = OPERATOR(@extschema@.+)
);
COMMENT ON OPERATOR @extschema@.+ (@extschema@.naive_bayes, @extschema@.naive_bayes) IS 'the model of the deals of both';

CREATE OPERATOR @extschema@.- (
	LEFTARG = @extschema@.naive_bayes,
	RIGHTARG = @extschema@.naive_bayes,
	FUNCTION = @extschema@.naive_bayes_minus
);
COMMENT ON OPERATOR @extschema@.- (@extschema@.naive_bayes, @extschema@.naive_bayes) IS 'the model of the left one''s deals without those of the right one';

CREATE FUNCTION @extschema@.naive_bayes_agg_add(internal, won boolean, features jsonb) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_agg_add(internal, boolean, jsonb) IS 'transition function of naive_bayes_agg';

CREATE FUNCTION @extschema@.naive_bayes_agg_remove(internal, won boolean, features jsonb) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_agg_remove(internal, boolean, jsonb) IS 'inverse transition function of naive_bayes_agg';

CREATE FUNCTION @extschema@.naive_bayes_rollup_add(internal, model @extschema@.naive_bayes) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_rollup_add(internal, @extschema@.naive_bayes) IS 'transition function of rollup';

CREATE FUNCTION @extschema@.naive_bayes_agg_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_agg_combine(internal, internal) IS 'combine function of naive_bayes_agg and rollup';

CREATE FUNCTION @extschema@.naive_bayes_agg_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_agg_serialize(internal) IS 'serialization function of naive_bayes_agg and rollup';

CREATE FUNCTION @extschema@.naive_bayes_agg_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_agg_deserialize(bytea, internal) IS 'deserialization function of naive_bayes_agg and rollup';

CREATE FUNCTION @extschema@.naive_bayes_agg_final(internal) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_agg_final(internal) IS 'final function of naive_bayes_agg';

CREATE FUNCTION @extschema@.naive_bayes_rollup_final(internal) RETURNS @extschema@.naive_bayes
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_rollup_final(internal) IS 'final function of rollup';

CREATE AGGREGATE @extschema@.naive_bayes_agg(won boolean, features jsonb) (
	SFUNC = @extschema@.naive_bayes_agg_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.naive_bayes_agg_final,
	COMBINEFUNC = @extschema@.naive_bayes_agg_combine,
	SERIALFUNC = @extschema@.naive_bayes_agg_serialize,
	DESERIALFUNC = @extschema@.naive_bayes_agg_deserialize,
	MSFUNC = @extschema@.naive_bayes_agg_add,
	MINVFUNC = @extschema@.naive_bayes_agg_remove,
	MSTYPE = internal,
	MSSPACE = 8192,
	MFINALFUNC = @extschema@.naive_bayes_agg_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.naive_bayes_agg(boolean, jsonb) IS 'the model of a group of closed deals; a row whose outcome or features are NULL counts nothing';

CREATE AGGREGATE @extschema@.rollup(model @extschema@.naive_bayes) (
	SFUNC = @extschema@.naive_bayes_rollup_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.naive_bayes_rollup_final,
	COMBINEFUNC = @extschema@.naive_bayes_agg_combine,
	SERIALFUNC = @extschema@.naive_bayes_agg_serialize,
	DESERIALFUNC = @extschema@.naive_bayes_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rollup(@extschema@.naive_bayes) IS 'the model of the deals of all models';

CREATE FUNCTION @extschema@.predict(
	model @extschema@.naive_bayes,
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL
) RETURNS double precision
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.predict(@extschema@.naive_bayes, jsonb, double precision, text) IS 'the probability that a deal with these features is won; NULL where nobody won or nobody lost';

CREATE FUNCTION @extschema@.predict_together(
	models @extschema@.naive_bayes[],
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL
) RETURNS double precision
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.predict_together(@extschema@.naive_bayes[], jsonb, double precision, text) IS 'predict by the deals of several models together, each model smoothed on its own';

CREATE FUNCTION @extschema@.explain_prediction(
	model @extschema@.naive_bayes,
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL,
	OUT field text,
	OUT value text,
	OUT won bigint,
	OUT lost bigint,
	OUT log_ratio double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.explain_prediction(@extschema@.naive_bayes, jsonb, double precision, text) IS 'the prior and what each feature adds to it; the sum of the log ratios is the log odds of predict';

CREATE FUNCTION @extschema@.explain_prediction_together(
	models @extschema@.naive_bayes[],
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL,
	OUT field text,
	OUT value text,
	OUT won bigint,
	OUT lost bigint,
	OUT log_ratio double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.explain_prediction_together(@extschema@.naive_bayes[], jsonb, double precision, text) IS 'explain_prediction of several models together, as predict_together takes them';

CREATE FUNCTION @extschema@.naive_bayes_counts(
	model @extschema@.naive_bayes,
	OUT field text,
	OUT value text,
	OUT won bigint,
	OUT lost bigint
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.naive_bayes_counts(@extschema@.naive_bayes) IS 'what a model counts: all deals, those that have a field, and those that have a value';
