
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
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON @extschema@.score_model
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_scores();
ALTER TABLE @extschema@.score_model ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.score_model ENABLE ALWAYS TRIGGER guard_truncate;

-- Every change of a score, with its definition before and after: written by the trigger above, read by all,
-- carried by full dumps. Kept as the history of lifecycles is (history.sql); owner and search_path say how the
-- conditions of such a definition run.

CREATE TABLE @extschema@.score_history (
	score text NOT NULL,
	number integer NOT NULL,
	change text NOT NULL,
	before text,
	after text,
	owner text NOT NULL,
	search_path text NOT NULL,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	login text NOT NULL,
	role text NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	restored_by text,
	PRIMARY KEY (score, number)
);
COMMENT ON TABLE @extschema@.score_history IS 'every change of a score, with its definition before and after';
COMMENT ON COLUMN @extschema@.score_history.number IS 'counts the changes of one score from 1';
COMMENT ON COLUMN @extschema@.score_history.change IS 'create, alter, drop, or by hand';
COMMENT ON COLUMN @extschema@.score_history.before IS 'the definition before; NULL where there was none';
COMMENT ON COLUMN @extschema@.score_history.after IS 'the definition after; NULL where there is none any more';
COMMENT ON COLUMN @extschema@.score_history.owner IS 'name of the role that the conditions of this definition run as';
COMMENT ON COLUMN @extschema@.score_history.search_path IS 'search_path in which they are understood';
COMMENT ON COLUMN @extschema@.score_history.login IS 'who had logged in';
COMMENT ON COLUMN @extschema@.score_history.role IS 'as whom the change was made';
COMMENT ON COLUMN @extschema@.score_history.xid IS 'the transaction, on the server where it was recorded';
COMMENT ON COLUMN @extschema@.score_history.restored_by IS 'who inserted the row, as restoring a dump does; NULL where the extension recorded it';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.score_history', '');
GRANT SELECT ON @extschema@.score_history TO PUBLIC;
GRANT INSERT ON @extschema@.score_history TO pg_database_owner;

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.score_history
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_history();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON @extschema@.score_history
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_history();
ALTER TABLE @extschema@.score_history ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.score_history ENABLE ALWAYS TRIGGER guard_truncate;

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
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_definition(text) IS 'the definition of a score, as it was written';

CREATE FUNCTION @extschema@.score_definition_at(name text, at timestamptz) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_definition_at(text, timestamptz) IS 'the definition of a score as it was at an instant; NULL where there was none';

CREATE FUNCTION @extschema@.dump_score(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.dump_score(text) IS 'the create_score() call that defines the score';

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

-- The same by the rules of another day.

CREATE FUNCTION @extschema@.score_by(name text, rules_of timestamptz, "row" record, as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION @extschema@.score_by(text, timestamptz, record, timestamptz) IS 'what a score gives a row by the rules of an instant, without any events';

CREATE FUNCTION @extschema@.score_by(name text, rules_of timestamptz, "row" record, events text[], at timestamptz[], as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION @extschema@.score_by(text, timestamptz, record, text[], timestamptz[], timestamptz) IS 'what a score gives a row and its events by the rules of an instant';

CREATE FUNCTION @extschema@.explain_score_by(
	name text,
	rules_of timestamptz,
	"row" record,
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;
COMMENT ON FUNCTION @extschema@.explain_score_by(text, timestamptz, record, timestamptz) IS 'what each rule of an instant, and clamp, adds to a row''s score; the last column adds up to it';

CREATE FUNCTION @extschema@.explain_score_by(
	name text,
	rules_of timestamptz,
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
COMMENT ON FUNCTION @extschema@.explain_score_by(text, timestamptz, record, text[], timestamptz[], timestamptz) IS 'the same of a row and its events';

CREATE FUNCTION @extschema@.score_band(name text, score numeric) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_band(text, numeric) IS 'the band of a score''s definition that a value is in; NULL where it is in none';

CREATE FUNCTION @extschema@.score_band_by(name text, rules_of timestamptz, score numeric) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_band_by(text, timestamptz, numeric) IS 'the same by the definition of an instant';

-- Over a table of events in one pass. Both aggregates have one state, so asking for both costs one.

CREATE TYPE @extschema@.score_line AS (
	"group" text,
	rule text,
	points numeric,
	capped numeric,
	decayed numeric
);
COMMENT ON TYPE @extschema@.score_line IS 'one line of an explanation: a rule or clamp, and what it adds';

CREATE FUNCTION @extschema@.score_agg_add(internal, name text, event text, at timestamptz, as_of timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_agg_add(internal, text, text, timestamptz, timestamptz) IS 'transition function of score_agg and explain_score_agg';

CREATE FUNCTION @extschema@.score_agg_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_agg_combine(internal, internal) IS 'combine function of score_agg and explain_score_agg';

CREATE FUNCTION @extschema@.score_agg_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_agg_serialize(internal) IS 'serialization function of score_agg and explain_score_agg';

CREATE FUNCTION @extschema@.score_agg_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_agg_deserialize(bytea, internal) IS 'deserialization function of score_agg and explain_score_agg';

CREATE FUNCTION @extschema@.score_agg_final(internal) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.score_agg_final(internal) IS 'final function of score_agg';

CREATE FUNCTION @extschema@.explain_score_agg_final(internal) RETURNS @extschema@.score_line[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.explain_score_agg_final(internal) IS 'final function of explain_score_agg';

CREATE AGGREGATE @extschema@.score_agg(name text, event text, at timestamptz, as_of timestamptz) (
	SFUNC = @extschema@.score_agg_add,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = @extschema@.score_agg_final,
	COMBINEFUNC = @extschema@.score_agg_combine,
	SERIALFUNC = @extschema@.score_agg_serialize,
	DESERIALFUNC = @extschema@.score_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.score_agg(text, text, timestamptz, timestamptz) IS 'what a score of rules for events gives a group of events; NULL without a row';

CREATE AGGREGATE @extschema@.explain_score_agg(name text, event text, at timestamptz, as_of timestamptz) (
	SFUNC = @extschema@.score_agg_add,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = @extschema@.explain_score_agg_final,
	COMBINEFUNC = @extschema@.score_agg_combine,
	SERIALFUNC = @extschema@.score_agg_serialize,
	DESERIALFUNC = @extschema@.score_agg_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.explain_score_agg(text, text, timestamptz, timestamptz) IS 'the lines of that score''s explanation, which add up to it';
