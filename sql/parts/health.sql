
-- Health: a weighted mean of the measures that are there.

CREATE FUNCTION @extschema@.health(measures jsonb, weights jsonb, OUT score numeric, OUT coverage numeric) RETURNS record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.health(jsonb, jsonb) IS 'the weighted mean of the measures present, and how much of the weight they cover';

CREATE FUNCTION @extschema@.explain_health(
	measures jsonb,
	weights jsonb,
	OUT measure text,
	OUT value numeric,
	OUT weight numeric,
	OUT share numeric,
	OUT points numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.explain_health(jsonb, jsonb) IS 'one row for every weight; the points of the measures present add up to the score of health';
