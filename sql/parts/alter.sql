-- Lifecycles that change on tables in use: drawn anew, stages merged and retired.
--
-- alter_lifecycle() and merge_stage() write to tables, whose triggers must see the search_path that they know, and
-- a procedure that commits cannot have a SET clause: names are written out in full.

CREATE FUNCTION @extschema@.lock_lifecycle(lifecycle text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.lock_lifecycle(text) IS 'the diagram of a lifecycle, which only its owner may change, and nobody else until the end of the transaction';

CREATE FUNCTION @extschema@.redraw_lifecycle(lifecycle text, diagram text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.redraw_lifecycle(text, text) IS 'stores another diagram of a lifecycle, unless rows hold a stage that it lacks';

CREATE FUNCTION @extschema@.lifecycle_tables(lifecycle text, OUT relation regclass, OUT key text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.lifecycle_tables(text) IS 'the attachments that have rows which follow a lifecycle, or are to';

CREATE FUNCTION @extschema@.check_fit(relation regclass, key text, lifecycle text, part integer) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.check_fit(regclass, text, text, integer) IS 'raises what of a lifecycle does not fit a table: any part of it, or one';

CREATE FUNCTION @extschema@.unfit_stages(lifecycle text, OUT relation regclass, OUT stage_column name, OUT label text, OUT reason text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.unfit_stages(text) IS 'the stages that a table which follows a lifecycle cannot hold, with the reason where the caller may know it';

CREATE FUNCTION @extschema@.check_stages_fit(lifecycle text, before text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	u record;
BEGIN
	SELECT f.*, format_type(a.atttypid, a.atttypmod) AS type, pg_get_userbyid(c.relowner) AS owner INTO u
	FROM @extschema@.unfit_stages(check_stages_fit.lifecycle) f
		JOIN pg_class c ON c.oid = f.relation
		JOIN pg_attribute a ON a.attrelid = f.relation AND a.attname = f.stage_column
	WHERE NOT EXISTS (SELECT FROM @extschema@.diagram_stages(before) s WHERE s.label = f.label AND NOT s.outside)
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'column "%" of table % cannot hold "%"', u.stage_column, u.relation, u.label
			USING ERRCODE = 'invalid_parameter_value', DETAIL = coalesce(u.reason, format('Its type is %s.', u.type)),
				HINT = CASE WHEN u.reason IS NOT NULL THEN 'Alter its type first.'
					ELSE format('Its owner %I can alter its type; or give the stage another label.', u.owner) END;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_stages_fit(text, text) IS 'refuses stages that an attached table cannot hold and that were not drawn before';

CREATE FUNCTION @extschema@.check_guard_text(guard text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.check_guard_text(text) IS 'refuses text that is not exactly one SQL expression over a row';

-- The labels that enums lack, each with the command that adds it; those of types that are the caller's are added.
CREATE FUNCTION @extschema@.follow_with_enums(lifecycle text, dry_run boolean, OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	l record;
	owner oid;
	added boolean := false;
BEGIN
	FOR l IN SELECT m.type, m.label, m.command FROM @extschema@.missing_stage_labels(follow_with_enums.lifecycle) m LOOP
		SELECT y.typowner INTO STRICT owner FROM pg_type y WHERE y.oid = l.type;
		subject := format('%s of %s', l.label, format_type(l.type, NULL));
		IF pg_has_role(owner, 'USAGE') THEN
			PERFORM @extschema@.check_enum_label(follow_with_enums.lifecycle, l.label);
			change := 'label added';
			detail := l.command || ';';
			added := true;
			IF NOT dry_run THEN EXECUTE l.command; END IF;
		ELSE
			change := 'label missing';
			detail := format('its owner %I may add it: %s;', pg_get_userbyid(owner), l.command);
		END IF;
		RETURN NEXT;
	END LOOP;
	IF added AND NOT dry_run THEN
		RAISE NOTICE 'rows can hold the new labels once this transaction is committed';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.follow_with_enums(text, boolean) IS 'adds the stages that enums of a lifecycle lack, where the caller owns them, and says what it did or who can';

CREATE FUNCTION @extschema@.alter_lifecycle(name text, diagram text, dry_run boolean DEFAULT false,
	OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	before text;
	path text := pg_catalog.current_setting('search_path');
	r record;
BEGIN
	-- A dry run is all that touches no row, undone, with its locks.
	BEGIN
		before := @extschema@.lock_lifecycle(name);
		RETURN QUERY SELECT d.change, d.subject, d.detail FROM @extschema@.diagram_diff(before, alter_lifecycle.diagram) d;
		RETURN QUERY
		SELECT 'search_path changed', l.search_path, path FROM @extschema@.lifecycle l
		WHERE l.name OPERATOR(pg_catalog.=) alter_lifecycle.name AND l.search_path OPERATOR(pg_catalog.<>) path
			AND (EXISTS (SELECT FROM @extschema@.diagram_moves(alter_lifecycle.diagram) m WHERE m.guard IS NOT NULL)
				OR EXISTS (SELECT FROM @extschema@.diagram_stages(alter_lifecycle.diagram) s WHERE s.entry_guard IS NOT NULL OR s.exit_guard IS NOT NULL));

		FOR r IN SELECT * FROM @extschema@.diagram_relabels(before, alter_lifecycle.diagram) LOOP
			IF dry_run THEN
				PERFORM @extschema@.check_followers(alter_lifecycle.name, true);
				IF r.merged THEN
					PERFORM @extschema@.begin_merge(alter_lifecycle.name, r.label, r.becomes);
				ELSE
					PERFORM @extschema@.begin_rename(alter_lifecycle.name, r.label, r.becomes);
				END IF;
				PERFORM @extschema@.check_label_fits(f, r.label, r.becomes)
				FROM @extschema@.followers(alter_lifecycle.name) f WHERE f.enum IS NULL;
				PERFORM @extschema@.rename_in_enum(t.type, alter_lifecycle.name, r.label, r.becomes, true)
				FROM @extschema@.stage_types(alter_lifecycle.name) t;
			ELSIF r.merged THEN
				CALL @extschema@.merge_stage(alter_lifecycle.name, r.label, r.becomes, blocks => NULL);
			ELSE
				CALL @extschema@.rename_stage(alter_lifecycle.name, r.label, r.becomes, blocks => NULL);
			END IF;
		END LOOP;
		PERFORM @extschema@.redraw_lifecycle(alter_lifecycle.name, alter_lifecycle.diagram);
		PERFORM @extschema@.check_stages_fit(alter_lifecycle.name, before);
		PERFORM @extschema@.check_fit(t.relation, t.key, alter_lifecycle.name, -1) FROM @extschema@.lifecycle_tables(alter_lifecycle.name) t;
		RETURN QUERY SELECT e.change, e.subject, e.detail FROM @extschema@.follow_with_enums(alter_lifecycle.name, dry_run) e;
		IF dry_run THEN
			RAISE EXCEPTION SQLSTATE 'CL001' USING MESSAGE = 'the dry run is over';
		END IF;
	EXCEPTION WHEN SQLSTATE 'CL001' THEN
		NULL;
	END;
END $$;
COMMENT ON FUNCTION @extschema@.alter_lifecycle(text, text, boolean) IS 'draws a lifecycle anew, with its tables and enums, and says what is different';

-- Merging is renaming to a label that is there already.

CREATE FUNCTION @extschema@.begin_merge(lifecycle text, stage text, "into" text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.begin_merge(text, text, text) IS 'makes a stage of a diagram part of another, and keeps its label as a former one of that';

CREATE FUNCTION @extschema@.prepare_merge(lifecycle text, stage text, "into" text, at_once boolean, logs boolean DEFAULT true) RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT @extschema@.begin_merge(lifecycle, stage, "into");
	SELECT @extschema@.prepare_followers(lifecycle, stage, "into", at_once, logs)
$$;
COMMENT ON FUNCTION @extschema@.prepare_merge(text, text, text, boolean, boolean) IS 'the first step of merge_stage(): diagram, enums and CHECKs';

CREATE PROCEDURE @extschema@.merge_stage(name text, stage text, "into" text, blocks integer DEFAULT 1000, log boolean DEFAULT true)
LANGUAGE plpgsql
AS $$
DECLARE
	merged bigint := 0;
BEGIN
	IF name IS NULL OR stage IS NULL OR "into" IS NULL THEN
		RAISE EXCEPTION 'the lifecycle and both stages must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- In a transaction block this fails, before anything is done.
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	PERFORM @extschema@.prepare_merge(name, stage, "into", blocks IS NULL, coalesce(log, true));
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	CALL @extschema@.relabel_rows(name, "into", blocks, log, merged);
	IF merged IS NOT NULL THEN
		RAISE NOTICE 'stage "%" of lifecycle "%" is part of "%" now: % rows relabelled', stage, name, "into", merged;
	END IF;
END $$;
COMMENT ON PROCEDURE @extschema@.merge_stage(text, text, text, integer, boolean) IS 'makes a stage part of another, in the diagram, rows, journeys and logs, in committed batches';

CREATE FUNCTION @extschema@.retire_stage(name text, stage text, OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.retire_stage(text, text) IS 'takes out all moves and entries that lead to a stage, which rows may then only leave';

CREATE FUNCTION @extschema@.check_lifecycle(name text, OUT severity text, OUT problem text, OUT subject text, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	t record;
	g record;
	part integer;
	tables bigint := 0;
	context text;
BEGIN
	RETURN QUERY SELECT f.severity, f.problem, f.subject, f.hint FROM @extschema@.diagram_flaws(@extschema@.diagram(check_lifecycle.name)) f;

	-- One by one, so that all show that do not fit.
	FOR t IN SELECT * FROM @extschema@.lifecycle_tables(check_lifecycle.name) LOOP
		tables := tables + 1;
		part := 0;
		LOOP
			BEGIN
				EXIT WHEN NOT @extschema@.check_fit(t.relation, t.key, check_lifecycle.name, part);
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
				RETURN QUERY SELECT 'error', 'rule does not fit the table',
					concat_ws(': ', t.relation::text, SQLERRM, substring(context FROM '^(guard [^\n]*), on table')),
					'Moves that need it fail. Give the table the column back, or draw the lifecycle without it.';
				-- What is wrong with the table itself shows with every rule.
				EXIT WHEN SQLSTATE = '55000';
			END;
			part := part + 1;
		END LOOP;
		RETURN QUERY
		SELECT 'notice', 'reasons have no column', format('%s: %s', t.relation, s.label),
			'Moves to the stage give their reason with lifecycle.set_context(reason => ...), or name reason_column when attaching.'
		FROM @extschema@.stage s JOIN @extschema@.attachments a ON a.relation = t.relation AND a.key = t.key AND a.reason_column IS NULL
		WHERE s.lifecycle = check_lifecycle.name AND s.reasons <> '{}' ORDER BY s.position;
	END LOOP;

	RETURN QUERY
	SELECT 'error', 'stage does not fit the column',
		concat_ws(': ', u.relation::text, format('column "%s" cannot hold "%s"', u.stage_column, u.label), u.reason),
		CASE WHEN u.reason IS NOT NULL THEN 'Alter the type of the column, or give the stage another label.'
			ELSE format('Its owner %I can alter its type; or give the stage another label.', pg_get_userbyid(c.relowner)) END
	FROM @extschema@.unfit_stages(check_lifecycle.name) u JOIN pg_class c ON c.oid = u.relation;

	-- What parses depends on the server's version.
	FOR g IN
		SELECT m.guard FROM @extschema@.transition m WHERE m.lifecycle = check_lifecycle.name AND m.guard IS NOT NULL
		UNION SELECT x.guard FROM @extschema@.stage s CROSS JOIN LATERAL (VALUES (s.entry_guard), (s.exit_guard)) x (guard)
		WHERE s.lifecycle = check_lifecycle.name AND x.guard IS NOT NULL
		ORDER BY 1
	LOOP
		CONTINUE WHEN tables > 0;
		BEGIN
			PERFORM @extschema@.check_guard_text(g.guard);
		EXCEPTION WHEN OTHERS THEN
			RETURN QUERY SELECT 'error', 'guard is no expression', format('[%s]: %s', g.guard, SQLERRM), 'Draw the lifecycle with another guard.';
		END;
	END LOOP;

	RETURN QUERY
	SELECT 'warning', 'label is missing in the type', format('%s of %s', m.label, format_type(m.type, NULL)), m.command || ';'
	FROM @extschema@.missing_stage_labels(check_lifecycle.name) m;
END $$;
COMMENT ON FUNCTION @extschema@.check_lifecycle(text) IS 'what is probably wrong with a lifecycle, and what of it does not fit its tables';
