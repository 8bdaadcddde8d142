
-- Logistic regression: one step of it as an aggregate, and its driver.

CREATE TYPE @extschema@.logregr_step AS (
	observations bigint,
	log_likelihood double precision,
	gradient double precision[],
	information double precision[],
	next_coef double precision[],
	std_errors double precision[],
	separated boolean,
	largest_x double precision[]
);
COMMENT ON TYPE @extschema@.logregr_step IS 'what rows say of a logistic regression''s coefficients: how likely they are, and which are the next to try';

CREATE FUNCTION @extschema@.logregr_agg_add(internal, y boolean, x double precision[], coef double precision[]) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_agg_add(internal, boolean, double precision[], double precision[]) IS 'transition function of logregr_agg';

CREATE FUNCTION @extschema@.logregr_agg_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_agg_combine(internal, internal) IS 'combine function of logregr_agg';

CREATE FUNCTION @extschema@.logregr_agg_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_agg_serialize(internal) IS 'serialization function of logregr_agg';

CREATE FUNCTION @extschema@.logregr_agg_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_agg_deserialize(bytea, internal) IS 'deserialization function of logregr_agg';

CREATE FUNCTION @extschema@.logregr_agg_final(internal) RETURNS @extschema@.logregr_step
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_agg_final(internal) IS 'final function of logregr_agg';

CREATE AGGREGATE @extschema@.logregr_agg(y boolean, x double precision[], coef double precision[]) (
	SFUNC = @extschema@.logregr_agg_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = @extschema@.logregr_agg_final,
	COMBINEFUNC = @extschema@.logregr_agg_combine,
	SERIALFUNC = @extschema@.logregr_agg_serialize,
	DESERIALFUNC = @extschema@.logregr_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.logregr_agg(boolean, double precision[], double precision[]) IS 'one Newton step of a logistic regression of y on x; a row with a NULL in y or x is left out';

CREATE FUNCTION @extschema@.logregr_fit(
	query text,
	max_iterations integer DEFAULT 50,
	OUT coef double precision[],
	OUT std_errors double precision[],
	OUT z double precision[],
	OUT p_values double precision[],
	OUT log_likelihood double precision,
	OUT observations bigint,
	OUT iterations integer,
	OUT converged boolean,
	OUT status text
) RETURNS record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_fit(text, integer) IS 'the logistic regression of a query''s first column, y boolean, on its second, x, an array of numbers; the query runs as the caller';

CREATE FUNCTION @extschema@.logregr_predict(coef double precision[], x double precision[]) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.logregr_predict(double precision[], double precision[]) IS 'the probability that y is true, by the coefficients of logregr_fit; NULL where one of the numbers is';
