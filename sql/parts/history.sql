-- History: every change of a lifecycle, with its diagram before and after.
--
-- Written by the trigger on the table of lifecycles, read by all, carried by full dumps. A database's owner may
-- INSERT, because that is who restores dumps; the row then says who brought it.

CREATE TABLE @extschema@.lifecycle_history (
	lifecycle text NOT NULL,
	number integer NOT NULL,
	change text NOT NULL,
	before text,
	after text,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	login text NOT NULL,
	role text NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	restored_by text,
	PRIMARY KEY (lifecycle, number)
);
COMMENT ON TABLE @extschema@.lifecycle_history IS 'every change of a lifecycle, with its diagram before and after';
COMMENT ON COLUMN @extschema@.lifecycle_history.number IS 'counts the changes of one lifecycle from 1';
COMMENT ON COLUMN @extschema@.lifecycle_history.change IS 'create, alter, rename, merge, retire, settle (former labels forgotten), drop, or by hand';
COMMENT ON COLUMN @extschema@.lifecycle_history.before IS 'the diagram before; NULL where there was none';
COMMENT ON COLUMN @extschema@.lifecycle_history.after IS 'the diagram after; NULL where there is none any more';
COMMENT ON COLUMN @extschema@.lifecycle_history.login IS 'who had logged in';
COMMENT ON COLUMN @extschema@.lifecycle_history.role IS 'as whom the change was made';
COMMENT ON COLUMN @extschema@.lifecycle_history.xid IS 'the transaction, on the server where it was recorded';
COMMENT ON COLUMN @extschema@.lifecycle_history.restored_by IS 'who inserted the row, as restoring a dump does; NULL where the extension recorded it';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.lifecycle_history', '');
GRANT SELECT ON @extschema@.lifecycle_history TO PUBLIC;
GRANT INSERT ON @extschema@.lifecycle_history TO pg_database_owner;

CREATE FUNCTION @extschema@.guard_history() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.guard_history() IS 'keeps the history as it was recorded, and says who brought the rest';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.lifecycle_history
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_history();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON @extschema@.lifecycle_history
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_history();
ALTER TABLE @extschema@.lifecycle_history ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.lifecycle_history ENABLE ALWAYS TRIGGER guard_truncate;

CREATE FUNCTION @extschema@.diagram_at(name text, at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN EXISTS (SELECT FROM @extschema@.lifecycle_history h WHERE h.lifecycle = diagram_at.name AND h.at <= diagram_at.at)
		THEN (SELECT h.after FROM @extschema@.lifecycle_history h
			WHERE h.lifecycle = diagram_at.name AND h.at <= diagram_at.at ORDER BY h.number DESC LIMIT 1)
		-- Before the first change that is known it was what that change found.
		WHEN EXISTS (SELECT FROM @extschema@.lifecycle_history h WHERE h.lifecycle = diagram_at.name)
		THEN (SELECT h.before FROM @extschema@.lifecycle_history h WHERE h.lifecycle = diagram_at.name ORDER BY h.number LIMIT 1)
		ELSE @extschema@.diagram(diagram_at.name) END
$$;
COMMENT ON FUNCTION @extschema@.diagram_at(text, timestamptz) IS 'the diagram of a lifecycle as it was at an instant; NULL where there was none';
