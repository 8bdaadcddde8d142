
-- The canvas: a diagram with what the data says drawn on it.

CREATE FUNCTION @extschema@.canvas(
	name text,
	rel regclass,
	as_of timestamptz DEFAULT NULL,
	moved tstzrange DEFAULT NULL,
	notes boolean DEFAULT false,
	guards boolean DEFAULT false,
	undrawn boolean DEFAULT false,
	colors boolean DEFAULT true,
	direction text DEFAULT NULL,
	lang text DEFAULT 'en',
	journey_column name DEFAULT NULL,
	lifecycle_column name DEFAULT NULL
) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100000;
COMMENT ON FUNCTION @extschema@.canvas(text, regclass, timestamptz, tstzrange, boolean, boolean, boolean, boolean, text, text, name, name)
	IS 'the lifecycle''s diagram with what the rows of a table or view say: who is where, who moved, how long it took, who is late';
