-- What is due: stages that take too long, and dates that draw near.
--
-- The question is text, written with a safe search_path, and asked in the caller's: the policies and views in the
-- way belong to others, and see the search_path that they know.

CREATE FUNCTION @extschema@.present_journey(journey @extschema@.journey, lifecycle text) RETURNS @extschema@.journey
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT f.former, k.label FROM @extschema@.stage k CROSS JOIN LATERAL unnest(k.formerly) f (former)
		WHERE k.lifecycle = present_journey.lifecycle
	LOOP
		journey := @extschema@.relabel(journey, s.former, s.label);
	END LOOP;
	RETURN journey;
END $$;
COMMENT ON FUNCTION @extschema@.present_journey(@extschema@.journey, text) IS 'a journey with the present labels of stages that are still being renamed';

-- A view has no attachment: it shows that of a table behind it whose columns it has.
CREATE FUNCTION @extschema@.shown_attachments(rel regclass, stage_column name) RETURNS SETOF @extschema@.attachments
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE behind (relation) AS (
		SELECT shown_attachments.rel::oid
		UNION
		SELECT d.refobjid FROM behind b
			JOIN pg_rewrite r ON r.ev_class = b.relation
			JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass)
	SELECT a.* FROM behind b JOIN @extschema@.attachments a ON a.relation = b.relation
	WHERE a.stage_column IS NOT DISTINCT FROM coalesce(shown_attachments.stage_column, a.stage_column)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = shown_attachments.rel AND attname = a.journey_column)
$$;
COMMENT ON FUNCTION @extschema@.shown_attachments(regclass, name) IS 'the attachments whose journeys a view shows';

CREATE FUNCTION @extschema@.shown_attachment(rel regclass, stage_column name DEFAULT NULL) RETURNS @extschema@.attachments
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found @extschema@.attachments;
	number bigint;
BEGIN
	IF (SELECT relkind FROM pg_class WHERE oid = rel) NOT IN ('v', 'm') THEN
		RETURN @extschema@.attachment_of(rel, stage_column);
	END IF;
	SELECT count(*) INTO number FROM @extschema@.shown_attachments(rel, stage_column);
	IF number = 0 THEN
		RAISE EXCEPTION 'view % shows no journeys of an attached table', rel
			USING ERRCODE = 'undefined_object', HINT = 'It needs the table''s journey column, under its name.';
	ELSIF number > 1 THEN
		RAISE EXCEPTION 'view % may show the journeys of several attachments', rel
			USING ERRCODE = 'ambiguous_parameter', DETAIL = (SELECT format('Attached: %s.', string_agg(format('%s (%s)', s.relation, s.key), ', '
				ORDER BY s.relation, s.key)) FROM @extschema@.shown_attachments(rel, stage_column) s),
				HINT = 'Say which is meant, stage_column => ''...'', or give the journey columns different names.';
	END IF;
	SELECT * INTO found FROM @extschema@.shown_attachments(rel, stage_column);
	RETURN found;
END $$;
COMMENT ON FUNCTION @extschema@.shown_attachment(regclass, name) IS 'the attachment of a table, or the one that a view shows';

-- Instants in a key are written in UTC, so that a row has the same key in every session.
CREATE FUNCTION @extschema@.key_expression(rel regclass) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('pg_catalog.jsonb_build_object(%s)', string_agg(format(
		CASE p.atttypid WHEN 'timestamptz'::regtype
			THEN '%1$L, CASE WHEN pg_catalog.isfinite(t.%1$I) THEN pg_catalog.to_char(t.%1$I AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"'')'
				' ELSE t.%1$I::pg_catalog.text END'
			ELSE '%1$L, t.%1$I' END, p.attname), ', ' ORDER BY p.attnum))
	FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = key_expression.rel AND i.indisprimary
	HAVING count(*) > 0
$$;
COMMENT ON FUNCTION @extschema@.key_expression(regclass) IS 'an SQL expression for the primary key of a row t of a table, as jsonb; NULL where there is none';

CREATE FUNCTION @extschema@.check_columns_shown(rel regclass, columns name[], needed_by text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(format('"%s"', c.name), ', ' ORDER BY c.number) INTO missing
	FROM unnest(columns) WITH ORDINALITY c (name, number)
	WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = rel AND attname = c.name AND attnum > 0 AND NOT attisdropped);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% has no column %', rel, missing
			USING ERRCODE = 'undefined_column', DETAIL = format('%s.', needed_by);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_columns_shown(regclass, name[], text) IS 'refuses a table or view that lacks a column';

-- What questions about the rows t of an attached table, or of a view that shows them, are made of.
CREATE FUNCTION @extschema@.rows_in_question(rel regclass, stage_column name,
	OUT lifecycle text, OUT row_lifecycle text, OUT row_journey text, OUT row_key text) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.shown_attachment(rel, stage_column);
BEGIN
	row_key := @extschema@.key_expression(a.relation);
	IF row_key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key, so what is due cannot be told apart', a.relation
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a primary key first.';
	END IF;
	PERFORM @extschema@.check_columns_shown(rel,
		ARRAY(SELECT p.attname FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
			WHERE i.indrelid = a.relation AND i.indisprimary ORDER BY p.attnum)
			|| a.journey_column || CASE WHEN a.lifecycle_column IS NOT NULL THEN ARRAY[a.lifecycle_column] ELSE '{}' END,
		format('A view needs what of %s tells rows, lifecycles and journeys', a.relation));
	lifecycle := a.lifecycle;
	row_lifecycle := CASE WHEN a.lifecycle IS NULL THEN format('t.%I::pg_catalog.text', a.lifecycle_column) ELSE quote_literal(a.lifecycle) END;
	row_journey := format('t.%I', a.journey_column);
	IF EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = coalesce(a.lifecycle, s.lifecycle) AND s.formerly <> '{}') THEN
		row_journey := format('@extschema@.present_journey(%s, %s)', row_journey, row_lifecycle);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.rows_in_question(regclass, name) IS 'SQL expressions over a row t of an attached table: its lifecycle, journey and key';

-- The instant that a date column means, as a timestamp in the time zone $4.
CREATE FUNCTION @extschema@.date_expression(rel regclass, date_column name) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type regtype;
BEGIN
	PERFORM @extschema@.check_columns_shown(rel, ARRAY[date_column], 'It is to say when something is due');
	SELECT atttypid INTO STRICT type FROM pg_attribute WHERE attrelid = rel AND attname = date_column;
	IF type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'column "%" of % is of type %, not a date or a timestamp', date_column, rel, type
			USING ERRCODE = 'datatype_mismatch';
	END IF;
	RETURN format(CASE type WHEN 'timestamptz'::regtype THEN '(t.%I AT TIME ZONE $4)' ELSE 't.%I::pg_catalog.timestamp' END, date_column);
END $$;
COMMENT ON FUNCTION @extschema@.date_expression(regclass, name) IS 'an SQL expression for the instant in a date column of a row t';

CREATE FUNCTION @extschema@.check_stages_exist(lifecycle text, labels text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(CASE WHEN l.label IS NULL THEN 'NULL' ELSE format('"%s"', l.label) END, ', ' ORDER BY l.number) INTO missing
	FROM unnest(labels) WITH ORDINALITY l (label, number)
	WHERE NOT EXISTS (SELECT FROM @extschema@.stage s
		WHERE s.lifecycle = coalesce(check_stages_exist.lifecycle, s.lifecycle) AND s.label = l.label);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% no stage %', CASE WHEN lifecycle IS NULL THEN 'lifecycles have' ELSE format('lifecycle "%s" has', lifecycle) END, missing
			USING ERRCODE = 'undefined_object', HINT = 'SELECT lifecycle, id, label FROM lifecycle.stage; shows what rows hold.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_stages_exist(text, text[]) IS 'refuses labels that are no stages of a lifecycle, or of any';

-- $1 is as_of, $2 the lead, $3 the stages, $4 the time zone, $5 the name.
CREATE FUNCTION @extschema@.due_query(rel regclass, date_column name, stages text[], stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record := @extschema@.rows_in_question(rel, stage_column);
BEGIN
	PERFORM @extschema@.check_stages_exist(q.lifecycle, stages);
	RETURN format($q$
		WITH stages AS MATERIALIZED (
			SELECT s.lifecycle, s.label, s.owner, s.sla FROM @extschema@.stage s
			WHERE %1$s AND (%2$L OR s.sla IS NOT NULL)
				AND ($3 IS NULL OR s.label OPERATOR(pg_catalog.=) ANY ($3))),
		dated AS (
			SELECT %3$s AS key, s.lifecycle, s.label, s.owner, @extschema@.in_stage_since(j.journey) AS since, %4$s AS due_at
			FROM %5$s t
				CROSS JOIN LATERAL (SELECT %6$s AS journey) j
				JOIN stages s ON s.lifecycle OPERATOR(pg_catalog.=) %7$s
					AND s.label OPERATOR(pg_catalog.=) @extschema@.current_stage(j.journey))
		SELECT d.key, d.lifecycle, d.label, d.owner, $5, d.since, d.due_at, d.due_at OPERATOR(pg_catalog.<=) $1
		FROM dated d WHERE d.due_at IS NOT NULL $q$,
		CASE WHEN q.lifecycle IS NULL THEN 'true' ELSE format('s.lifecycle OPERATOR(pg_catalog.=) %L', q.lifecycle) END,
		date_column IS NOT NULL, q.row_key,
		format('((%s) AT TIME ZONE $4)', CASE WHEN date_column IS NULL
			THEN '@extschema@.in_stage_since(j.journey) AT TIME ZONE $4 OPERATOR(pg_catalog.+) s.sla'
			ELSE @extschema@.date_expression(rel, date_column) || ' OPERATOR(pg_catalog.-) $2' END),
		rel, q.row_journey, q.row_lifecycle);
END $$;
COMMENT ON FUNCTION @extschema@.due_query(regclass, name, text[], name) IS 'the query behind due()';

CREATE FUNCTION @extschema@.due(rel regclass, date_column name DEFAULT NULL, lead interval DEFAULT '0', stages text[] DEFAULT NULL,
	name text DEFAULT NULL, stage_column name DEFAULT NULL, as_of timestamptz DEFAULT pg_catalog.now(), zone text DEFAULT 'UTC',
	OUT key jsonb, OUT lifecycle text, OUT stage text, OUT owner text, OUT kind text,
	OUT since timestamptz, OUT due_at timestamptz, OUT overdue boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100
AS $$
BEGIN
	IF rel IS NULL OR lead IS NULL OR as_of IS NULL OR zone IS NULL THEN
		RAISE EXCEPTION 'the table, the lead, the instant and the time zone must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF date_column IS NULL AND lead OPERATOR(pg_catalog.<>) '0'::pg_catalog.interval THEN
		RAISE EXCEPTION 'a lead is ahead of a date' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Say in which column the date is: date_column => ''...''.';
	END IF;
	RETURN QUERY EXECUTE @extschema@.due_query(rel, date_column, stages, stage_column)
	USING as_of, lead, stages, zone, coalesce(name, date_column::text, 'sla');
END $$;
COMMENT ON FUNCTION @extschema@.due(regclass, name, interval, text[], text, name, timestamptz, text)
	IS 'when each row''s time in its stage is up, or a date of its own has come, and whether it has';
