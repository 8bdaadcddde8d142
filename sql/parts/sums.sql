
-- Several exact sums side by side: what aggregates over money have in common.

CREATE FUNCTION @extschema@.sums_combine(sums numeric[], other numeric[]) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.sums_combine(numeric[], numeric[]) IS 'adds the sums of two states of one aggregate, one by one';
