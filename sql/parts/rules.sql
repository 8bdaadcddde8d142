-- Rules: one ordinary table, readable by all, carried by full dumps.
--
-- A lifecycle is one row, so that a dump restores it whole, in any order and in parallel. Everybody may
-- INSERT, because a database's plain owner restores dumps too; the row trigger sees to it that nobody
-- plants a lifecycle in another's name. Nothing else is granted: changes go through functions.

CREATE TABLE @extschema@.lifecycle (
	name text PRIMARY KEY,
	owner text NOT NULL,
	search_path text NOT NULL,
	diagram text NOT NULL
);
COMMENT ON TABLE @extschema@.lifecycle IS 'the lifecycles, one row each';
COMMENT ON COLUMN @extschema@.lifecycle.owner IS 'name of the role that may change it and that its guards run as';
COMMENT ON COLUMN @extschema@.lifecycle.search_path IS 'search_path of its definer, in which guards are understood';
COMMENT ON COLUMN @extschema@.lifecycle.diagram IS 'the lifecycle itself, as a Mermaid diagram in canonical form';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.lifecycle', '');
GRANT SELECT, INSERT ON @extschema@.lifecycle TO PUBLIC;

CREATE FUNCTION @extschema@.guard_rules() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.guard_rules() IS 'lets in only rules that their inserter owns, and tells every session about changes';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.lifecycle
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_rules();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON @extschema@.lifecycle
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_rules();
ALTER TABLE @extschema@.lifecycle ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.lifecycle ENABLE ALWAYS TRIGGER guard_truncate;

-- What the diagrams say, as rows for whoever wants to join or look it up.

CREATE VIEW @extschema@.stage AS
	SELECT l.name AS lifecycle, s.*
	FROM @extschema@.lifecycle l CROSS JOIN LATERAL @extschema@.diagram_stages(l.diagram) s;
COMMENT ON VIEW @extschema@.stage IS 'the stages of each lifecycle, in diagram order, with what their notes say';
GRANT SELECT ON @extschema@.stage TO PUBLIC;

CREATE VIEW @extschema@.transition AS
	SELECT l.name AS lifecycle, m.*
	FROM @extschema@.lifecycle l CROSS JOIN LATERAL @extschema@.diagram_moves(l.diagram) m;
COMMENT ON VIEW @extschema@.transition IS 'the moves of each lifecycle as drawn, in diagram order';
GRANT SELECT ON @extschema@.transition TO PUBLIC;

-- Lifecycles as their users see them.

CREATE FUNCTION @extschema@.create_lifecycle(name text, diagram text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.create_lifecycle(text, text) IS 'defines a lifecycle by its diagram';

CREATE FUNCTION @extschema@.drop_lifecycle(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.drop_lifecycle(text) IS 'removes a lifecycle that no table is attached to';

CREATE FUNCTION @extschema@.diagram(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.diagram(text) IS 'the lifecycle as a Mermaid diagram, in canonical form';

CREATE FUNCTION @extschema@.dump_lifecycle(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.dump_lifecycle(text) IS 'the create_lifecycle() call that defines the lifecycle';
