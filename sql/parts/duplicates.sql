-- Duplicates: several rows that are one customer.

CREATE FUNCTION @extschema@.merge_duplicates(rel regclass, keep anyelement, duplicates anyarray, stage text DEFAULT NULL,
	stage_column name DEFAULT NULL) RETURNS @extschema@.journey
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.merge_duplicates(regclass, anyelement, anyarray, text, name) IS 'makes one row of several, with the journeys of all';
