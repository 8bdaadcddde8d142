-- Enforcement: lifecycles on tables.

CREATE FUNCTION @extschema@.attachment() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.attachment() IS 'trigger that names the columns of an attachment; does nothing else';

CREATE FUNCTION @extschema@.enforce_move() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.enforce_move() IS 'trigger that refuses illegal moves and keeps the journey';

CREATE FUNCTION @extschema@.enforce_entry() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.enforce_entry() IS 'trigger that refuses new rows at stages where no row may begin';

CREATE FUNCTION @extschema@.log_move() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.log_move() IS 'trigger that writes the log of moves';

CREATE FUNCTION @extschema@.derivation() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.derivation() IS 'trigger that names the columns of a derivation; does nothing else';

CREATE FUNCTION @extschema@.derive_stage() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.derive_stage() IS 'trigger that has stages follow from those of other rows';

CREATE FUNCTION @extschema@.hand_over() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.hand_over() IS 'trigger that names the columns of a hand-over; does nothing else';

CREATE FUNCTION @extschema@.trigger_arguments(arguments bytea) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.trigger_arguments(bytea) IS 'the arguments in pg_trigger.tgargs';

CREATE FUNCTION @extschema@.stage_of_journey(rel regclass, journey smallint) RETURNS smallint
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.stage_of_journey(regclass, smallint) IS 'number of the stage column that a CHECK keeps in step with a journey column';

CREATE VIEW @extschema@.attachments AS
	SELECT t.tgrelid::pg_catalog.regclass AS relation,
		a.arguments[1] AS key,
		NULLIF(a.arguments[2], '') AS lifecycle,
		c.lifecycle_column,
		(SELECT attname FROM pg_catalog.pg_attribute
			WHERE attrelid = t.tgrelid AND attnum = @extschema@.stage_of_journey(t.tgrelid, t.tgattr[0])) AS stage_column,
		c.journey_column,
		c.reason_column,
		c.since,
		(SELECT l.tgconstrrelid::pg_catalog.regclass FROM pg_catalog.pg_trigger l
			WHERE l.tgrelid = t.tgrelid AND l.tgfoid = '@extschema@.log_move()'::pg_catalog.regprocedure
				AND (@extschema@.trigger_arguments(l.tgargs))[1] = a.arguments[1]) AS log,
		a.arguments[4] AS mode,
		(SELECT d.tgconstrrelid::pg_catalog.regclass FROM pg_catalog.pg_trigger d
			WHERE d.tgrelid = t.tgrelid AND d.tgfoid = '@extschema@.derivation()'::pg_catalog.regprocedure
				AND (@extschema@.trigger_arguments(d.tgargs))[2:3] = ARRAY['parent', a.arguments[1]]) AS derived_from
	FROM pg_catalog.pg_trigger t
		CROSS JOIN LATERAL (SELECT @extschema@.trigger_arguments(t.tgargs) AS arguments) a
		CROSS JOIN LATERAL (
			SELECT pg_catalog.max(attname::text) FILTER (WHERE meaning = 'lifecycle')::name AS lifecycle_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'journey')::name AS journey_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'reason')::name AS reason_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'since')::name AS since
			FROM ROWS FROM (pg_catalog.unnest(t.tgattr::int2[]),
					pg_catalog.unnest(pg_catalog.string_to_array(a.arguments[3], ', '))) u (attnum, meaning)
				JOIN pg_catalog.pg_attribute p ON p.attrelid = t.tgrelid AND p.attnum = u.attnum) c
	WHERE t.tgfoid = '@extschema@.attachment()'::pg_catalog.regprocedure;
COMMENT ON VIEW @extschema@.attachments IS 'the tables that lifecycles are attached to, one row an attachment';
GRANT SELECT ON @extschema@.attachments TO PUBLIC;

CREATE FUNCTION @extschema@.attach(rel regclass, lifecycle text DEFAULT NULL, lifecycle_column name DEFAULT NULL,
	stage_column name DEFAULT 'stage', journey_column name DEFAULT 'journey', reason_column name DEFAULT NULL,
	since name DEFAULT NULL, existing text DEFAULT 'fill', log boolean DEFAULT false, mode text DEFAULT 'enforce')
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.attach(regclass, text, name, name, name, name, name, text, boolean, text)
	IS 'keeps the rows of a table to a lifecycle from now on';

CREATE FUNCTION @extschema@.detach(rel regclass, stage_column name DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.detach(regclass, name) IS 'takes a lifecycle off a table again; the journeys stay';

CREATE FUNCTION @extschema@.set_mode(rel regclass, mode text, stage_column name DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.set_mode(regclass, text, name) IS 'makes an attachment enforce, warn or observe';

CREATE FUNCTION @extschema@.check_attachment(rel regclass, key text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.check_attachment(regclass, text) IS 'raises what of a lifecycle does not fit the table: a guard, or a required column';

CREATE FUNCTION @extschema@.set_context(actor text DEFAULT NULL, reason text DEFAULT NULL, note text DEFAULT NULL,
	undo boolean DEFAULT false) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.set_context(text, text, text, boolean) IS 'says, until the end of the transaction, who moves its rows, why, and whether to take moves back';

-- What user interfaces ask.

CREATE FUNCTION @extschema@.can("row" anyelement, stage text, stage_column name DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.can(anyelement, text, name) IS 'whether a row may move to a stage';

CREATE FUNCTION @extschema@.explain_move("row" anyelement, stage text, stage_column name DEFAULT NULL,
	OUT check_name text, OUT passed boolean, OUT message text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 5;
COMMENT ON FUNCTION @extschema@.explain_move(anyelement, text, name) IS 'what a row has to pass to move to a stage, and whether it does';

CREATE FUNCTION @extschema@.next_stages("row" anyelement, stage_column name DEFAULT NULL,
	OUT stage text, OUT event text, OUT action text, OUT allowed boolean, OUT blocked_by text[]) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 5;
COMMENT ON FUNCTION @extschema@.next_stages(anyelement, name) IS 'the stages that moves are drawn to from where a row is, and whether it may go there';
