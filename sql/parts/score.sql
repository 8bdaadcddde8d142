
-- Scores by rules. Their table is kept as that of lifecycles is: readable by all, open to the INSERTs of
-- whoever restores a dump, and changed through functions alone.

CREATE TABLE @extschema@.score_model (
	name text PRIMARY KEY,
	owner text NOT NULL,
	search_path text NOT NULL,
	definition text NOT NULL
);
COMMENT ON TABLE @extschema@.score_model IS 'the scores, one row each';
COMMENT ON COLUMN @extschema@.score_model.owner IS 'name of the role that may change it and that its conditions run as';
COMMENT ON COLUMN @extschema@.score_model.search_path IS 'search_path of its definer, in which conditions are understood';
COMMENT ON COLUMN @extschema@.score_model.definition IS 'the score itself, as it was written';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.score_model', '');
GRANT SELECT, INSERT ON @extschema@.score_model TO PUBLIC;

CREATE FUNCTION @extschema@.guard_scores() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.guard_scores() IS 'lets in only scores that can be read and that their inserter owns, and tells every session about changes';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.score_model
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_scores();
CREATE TRIGGER guard_truncate AFTER TRUNCATE ON @extschema@.score_model
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_scores();
ALTER TABLE @extschema@.score_model ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.score_model ENABLE ALWAYS TRIGGER guard_truncate;

CREATE FUNCTION @extschema@.create_score(name text, definition text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.create_score(text, text) IS 'defines a score by its groups, rules and bands';

CREATE FUNCTION @extschema@.alter_score(name text, definition text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.alter_score(text, text) IS 'gives a score another definition';

CREATE FUNCTION @extschema@.drop_score(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.drop_score(text) IS 'removes a score';

CREATE FUNCTION @extschema@.score_definition(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.score_definition(text) IS 'the definition of a score, as it was written';

CREATE FUNCTION @extschema@.score(name text, "row" record, as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION @extschema@.score(text, record, timestamptz) IS 'what a score gives a row, without any events';

CREATE FUNCTION @extschema@.score(name text, "row" record, events text[], at timestamptz[], as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION @extschema@.score(text, record, text[], timestamptz[], timestamptz) IS 'what a score gives a row and its events';

CREATE FUNCTION @extschema@.explain_score(
	name text,
	"row" record,
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;
COMMENT ON FUNCTION @extschema@.explain_score(text, record, timestamptz) IS 'what each rule and clamp adds to a row''s score; the last column adds up to it';

CREATE FUNCTION @extschema@.explain_score(
	name text,
	"row" record,
	events text[],
	at timestamptz[],
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;
COMMENT ON FUNCTION @extschema@.explain_score(text, record, text[], timestamptz[], timestamptz) IS 'the same of a row and its events';

CREATE FUNCTION @extschema@.score_band(name text, score numeric) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.score_band(text, numeric) IS 'the band of a score''s definition that a value is in; NULL where it is in none';
