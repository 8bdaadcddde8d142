-- Rules: ordinary tables, readable by all, carried by full dumps.
--
-- Everybody may INSERT, so that a database's plain owner can restore a dump; the row trigger lets in
-- only what its inserter owns. Nothing else is granted: changes go through functions.

CREATE TABLE @extschema@.lifecycle (
	name text PRIMARY KEY,
	owner text NOT NULL,
	search_path text NOT NULL,
	direction text,
	front_matter text,
	presentation text[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE @extschema@.lifecycle IS 'the lifecycles, one row each';
COMMENT ON COLUMN @extschema@.lifecycle.owner IS 'name of the role that may change it and that its guards run as';
COMMENT ON COLUMN @extschema@.lifecycle.search_path IS 'search_path of its definer, in which guards are understood';
COMMENT ON COLUMN @extschema@.lifecycle.presentation IS 'diagram lines that only concern the picture';

CREATE TABLE @extschema@.phase (
	lifecycle text NOT NULL REFERENCES @extschema@.lifecycle,
	position integer NOT NULL,
	id text NOT NULL,
	title text,
	direction text,
	PRIMARY KEY (lifecycle, id)
);
COMMENT ON TABLE @extschema@.phase IS 'groups of stages, in diagram order';

CREATE TABLE @extschema@.stage (
	lifecycle text NOT NULL REFERENCES @extschema@.lifecycle,
	position integer NOT NULL,
	id text NOT NULL,
	label text NOT NULL,
	title text,
	description text,
	phase text,
	outcome text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'won', 'lost', 'closed')),
	probability float8 CHECK (probability BETWEEN 0 AND 1),
	sla interval,
	owner text,
	goal text,
	metrics text,
	requires text[] NOT NULL DEFAULT '{}',
	entry_guard text,
	exit_guard text,
	reasons text[] NOT NULL DEFAULT '{}',
	outside boolean NOT NULL DEFAULT false,
	undo interval,
	color text,
	note text,
	note_left boolean NOT NULL DEFAULT false,
	PRIMARY KEY (lifecycle, id),
	UNIQUE (lifecycle, label),
	FOREIGN KEY (lifecycle, phase) REFERENCES @extschema@.phase (lifecycle, id)
);
COMMENT ON TABLE @extschema@.stage IS 'the stages of each lifecycle, in diagram order, with what their notes say';
COMMENT ON COLUMN @extschema@.stage.id IS 'how the diagram names the stage';
COMMENT ON COLUMN @extschema@.stage.label IS 'what the stage column holds';
COMMENT ON COLUMN @extschema@.stage.requires IS 'columns that must not be NULL on entering';
COMMENT ON COLUMN @extschema@.stage.reasons IS 'entering needs one of these reasons, if there are any';
COMMENT ON COLUMN @extschema@.stage.outside IS 'true for a stage before the table: no row holds it';
COMMENT ON COLUMN @extschema@.stage.undo IS 'how long a mistaken move into the stage may be taken back';

CREATE TABLE @extschema@.transition (
	lifecycle text NOT NULL REFERENCES @extschema@.lifecycle,
	position integer NOT NULL,
	from_stage text,
	from_phase text,
	to_stage text,
	event text,
	guard text,
	action text,
	PRIMARY KEY (lifecycle, position),
	CHECK (from_stage IS NULL OR from_phase IS NULL),
	CHECK (to_stage IS NOT NULL OR from_stage IS NOT NULL),
	FOREIGN KEY (lifecycle, from_stage) REFERENCES @extschema@.stage (lifecycle, id),
	FOREIGN KEY (lifecycle, from_phase) REFERENCES @extschema@.phase (lifecycle, id),
	FOREIGN KEY (lifecycle, to_stage) REFERENCES @extschema@.stage (lifecycle, id)
);
COMMENT ON TABLE @extschema@.transition IS 'the moves of each lifecycle as drawn, in diagram order';
COMMENT ON COLUMN @extschema@.transition.from_stage IS 'stage that the move leaves; NULL with from_phase NULL: the beginning [*]';
COMMENT ON COLUMN @extschema@.transition.from_phase IS 'the move leaves every stage of this phase';
COMMENT ON COLUMN @extschema@.transition.to_stage IS 'stage that the move enters; NULL: the end [*]';
COMMENT ON COLUMN @extschema@.transition.guard IS 'SQL condition over the row; the move is legal where it is true';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.lifecycle', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.phase', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.stage', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.transition', '');

GRANT SELECT, INSERT ON @extschema@.lifecycle, @extschema@.phase, @extschema@.stage, @extschema@.transition TO PUBLIC;

CREATE FUNCTION @extschema@.guard_rules() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION @extschema@.guard_rules() IS 'lets in only rules that their inserter owns, and tells every session about changes';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.lifecycle
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_rules();
CREATE TRIGGER guard_truncate AFTER TRUNCATE ON @extschema@.lifecycle
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_rules();
ALTER TABLE @extschema@.lifecycle ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.lifecycle ENABLE ALWAYS TRIGGER guard_truncate;
CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.phase
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_rules();
CREATE TRIGGER guard_truncate AFTER TRUNCATE ON @extschema@.phase
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_rules();
ALTER TABLE @extschema@.phase ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.phase ENABLE ALWAYS TRIGGER guard_truncate;
CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.stage
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_rules();
CREATE TRIGGER guard_truncate AFTER TRUNCATE ON @extschema@.stage
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_rules();
ALTER TABLE @extschema@.stage ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.stage ENABLE ALWAYS TRIGGER guard_truncate;
CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.transition
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_rules();
CREATE TRIGGER guard_truncate AFTER TRUNCATE ON @extschema@.transition
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.guard_rules();
ALTER TABLE @extschema@.transition ENABLE ALWAYS TRIGGER guard_rows;
ALTER TABLE @extschema@.transition ENABLE ALWAYS TRIGGER guard_truncate;

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
