
-- Diagrams as text: what they say, without creating anything.

CREATE FUNCTION @extschema@.format_diagram(diagram text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION @extschema@.format_diagram(text) IS
'The canonical text of a diagram, which means the same and prints as itself; nothing is created.';

CREATE FUNCTION @extschema@.diagram_stages(
	diagram text,
	OUT "position" integer,
	OUT id text,
	OUT label text,
	OUT formerly text[],
	OUT title text,
	OUT description text,
	OUT phase text,
	OUT phase_title text,
	OUT phase_direction text,
	OUT outcome text,
	OUT probability double precision,
	OUT sla interval,
	OUT owner text,
	OUT goal text,
	OUT metrics text,
	OUT requires text[],
	OUT entry_guard text,
	OUT exit_guard text,
	OUT reasons text[],
	OUT outside boolean,
	OUT undo interval,
	OUT color text,
	OUT note text,
	OUT note_left boolean,
	OUT is_entry boolean,
	OUT is_final boolean
) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;

COMMENT ON FUNCTION @extschema@.diagram_stages(text) IS
'The stages of a diagram, one row each in canonical order, with what their notes say.';

CREATE FUNCTION @extschema@.diagram_moves(
	diagram text,
	OUT "position" integer,
	OUT from_stage text,
	OUT from_phase text,
	OUT to_stage text,
	OUT event text,
	OUT guard text,
	OUT action text
) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20;

COMMENT ON FUNCTION @extschema@.diagram_moves(text) IS
'The moves of a diagram as they are drawn, one row each in order; a move that begins or ends at [*] has no stage there.';

CREATE FUNCTION @extschema@.diagram_diff(before text, after text, OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.diagram_diff(text, text) IS 'what is different between two diagrams of a lifecycle';

CREATE FUNCTION @extschema@.diagram_relabels(before text, after text, OUT label text, OUT becomes text, OUT merged boolean) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.diagram_relabels(text, text) IS 'the stages that another diagram calls otherwise, or has as part of another stage';

CREATE FUNCTION @extschema@.diagram_flaws(diagram text, OUT severity text, OUT problem text, OUT subject text, OUT hint text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION @extschema@.diagram_flaws(text) IS 'what is probably wrong with a diagram: stages that no way leads to or out of, missing outcomes';
