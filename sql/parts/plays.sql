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
	OUT lifecycle text, OUT row_lifecycle text, OUT row_journey text, OUT row_key text, OUT row_match text) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.shown_attachment(rel, stage_column);
BEGIN
	row_key := @extschema@.key_expression(a.relation);
	IF row_key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key, so its rows cannot be told apart', a.relation
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a primary key first.';
	END IF;
	PERFORM @extschema@.check_columns_shown(rel,
		ARRAY(SELECT p.attname FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
			WHERE i.indrelid = a.relation AND i.indisprimary ORDER BY p.attnum)
			|| a.journey_column || CASE WHEN a.lifecycle_column IS NOT NULL THEN ARRAY[a.lifecycle_column] ELSE '{}' END,
		format('A view needs what of %s tells rows, lifecycles and journeys', a.relation));
	SELECT string_agg(format('t.%1$I OPERATOR(pg_catalog.=) e.%1$I', p.attname), ' AND ' ORDER BY p.attnum) INTO row_match
	FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = a.relation AND i.indisprimary;
	lifecycle := a.lifecycle;
	row_lifecycle := CASE WHEN a.lifecycle IS NULL THEN format('t.%I::pg_catalog.text', a.lifecycle_column) ELSE quote_literal(a.lifecycle) END;
	row_journey := format('t.%I', a.journey_column);
	IF EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = coalesce(a.lifecycle, s.lifecycle) AND s.formerly <> '{}') THEN
		row_journey := format('@extschema@.present_journey(%s, %s)', row_journey, row_lifecycle);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.rows_in_question(regclass, name) IS 'SQL expressions over a row t of an attached table: its lifecycle, journey and key, and whether an event e is of it';

-- As PostgreSQL adds to a timestamptz, in a time zone given: hours are hours, also when the clocks change.
CREATE FUNCTION @extschema@.later(at timestamptz, span interval, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN extract(year FROM span) = 0 AND extract(month FROM span) = 0 AND extract(day FROM span) = 0 THEN at
	ELSE (at AT TIME ZONE zone + date_trunc('day', span)) AT TIME ZONE zone END + (span - date_trunc('day', span));
COMMENT ON FUNCTION @extschema@.later(timestamptz, interval, text) IS 'an instant and an interval, added by the calendar of a time zone';

-- $4 is the time zone.
CREATE FUNCTION @extschema@.date_expression(rel regclass, date_column name, needed_by text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type regtype;
BEGIN
	PERFORM @extschema@.check_columns_shown(rel, ARRAY[date_column], needed_by);
	SELECT atttypid INTO STRICT type FROM pg_attribute WHERE attrelid = rel AND attname = date_column;
	IF type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'column "%" of % is of type %, not a date or a timestamp', date_column, rel, type
			USING ERRCODE = 'datatype_mismatch', DETAIL = format('%s.', needed_by);
	END IF;
	RETURN format(CASE type WHEN 'timestamptz'::regtype THEN 't.%I' ELSE '(t.%I::pg_catalog.timestamp AT TIME ZONE $4)' END, date_column);
END $$;
COMMENT ON FUNCTION @extschema@.date_expression(regclass, name, text) IS 'an SQL expression for the instant in a date column of a row t';

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
		CASE WHEN date_column IS NULL THEN '@extschema@.later(@extschema@.in_stage_since(j.journey), s.sla, $4)'
			ELSE format('@extschema@.later(%s, OPERATOR(pg_catalog.-) $2, $4)', @extschema@.date_expression(rel, date_column, 'It is to say when something is due')) END,
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
	USING as_of, lead, stages, zone, coalesce(name, date_column::pg_catalog.text, 'sla');
END $$;
COMMENT ON FUNCTION @extschema@.due(regclass, name, interval, text[], text, name, timestamptz, text)
	IS 'when each row''s time in its stage is up, or a date of its own has come, and whether it has';

-- Plays: what is to be done, when, where, and by whom. Rows of an ordinary table, which dumps carry.
--
-- Everybody may write it; the triggers see to it that everybody writes for lifecycles of their own, and that plays
-- and diagrams agree: what a play is about is drawn, follows its stage to another label, and is not drawn away.

CREATE FUNCTION @extschema@.share_lifecycle(lifecycle text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.share_lifecycle(text)
	IS 'the diagram of a lifecycle, for its owner, which nobody changes until the end of the transaction';

CREATE TABLE @extschema@.play (
	lifecycle text NOT NULL,
	name text NOT NULL CONSTRAINT play_has_name CHECK (name <> ''),
	stage text,
	from_stage text,
	to_stage text,
	date_column name,
	delay interval NOT NULL DEFAULT '0',
	channel text,
	message text,
	owner text,
	starts_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (lifecycle, name),
	CONSTRAINT play_of_stage_or_move CHECK (
		CASE WHEN stage IS NULL THEN from_stage IS NOT NULL AND to_stage IS NOT NULL AND date_column IS NULL
			ELSE from_stage IS NULL AND to_stage IS NULL END),
	CONSTRAINT play_within_a_thousand_years CHECK (delay BETWEEN '-1000 years' AND '1000 years'),
	CONSTRAINT play_after_what_happened CHECK (delay >= '0' OR date_column IS NOT NULL)
);
COMMENT ON TABLE @extschema@.play IS 'what is to be done when rows stay in a stage, have moved, or a date draws near';
COMMENT ON COLUMN @extschema@.play.stage IS 'the label of the stage in which rows must be when it is due';
COMMENT ON COLUMN @extschema@.play.from_stage IS 'of a play about a move: the label of the stage that is left';
COMMENT ON COLUMN @extschema@.play.to_stage IS 'of a play about a move: the label of the stage that is entered';
COMMENT ON COLUMN @extschema@.play.date_column IS 'the column with the date from which the delay counts; NULL: it counts from the entry into the stage';
COMMENT ON COLUMN @extschema@.play.delay IS 'how long afterwards it is due; negative: how long before the date';
COMMENT ON COLUMN @extschema@.play.channel IS 'where: what the consumer makes of it';
COMMENT ON COLUMN @extschema@.play.message IS 'what: what the consumer makes of it';
COMMENT ON COLUMN @extschema@.play.owner IS 'who does it, in words';
COMMENT ON COLUMN @extschema@.play.starts_at IS 'what would have been due earlier never is';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.play', '');
GRANT SELECT, INSERT, UPDATE, DELETE ON @extschema@.play TO PUBLIC;

CREATE FUNCTION @extschema@.check_play(play @extschema@.play, diagram text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	label text;
BEGIN
	SELECT l.label INTO label FROM unnest(ARRAY[play.stage, play.from_stage, play.to_stage]) l (label)
	WHERE l.label IS NOT NULL AND NOT EXISTS (SELECT FROM @extschema@.diagram_stages(diagram) s WHERE s.label = l.label AND NOT s.outside) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'play "%" is about stage "%", in which lifecycle "%" has no rows', play.name, label, play.lifecycle
			USING ERRCODE = 'undefined_object',
				DETAIL = (SELECT format('Its stages with rows are: %s.', string_agg(format('"%s"', s.label), ', ' ORDER BY s.position))
					FROM @extschema@.diagram_stages(diagram) s WHERE NOT s.outside),
				HINT = 'A play names the label of a stage. Change or delete it in lifecycle.play, or draw the stage.';
	ELSIF play.from_stage IS NOT NULL AND play.to_stage IS NOT NULL AND NOT EXISTS (
		SELECT FROM @extschema@.diagram_moves(diagram) m
			JOIN @extschema@.diagram_stages(diagram) t ON t.id = m.to_stage AND t.label = play.to_stage
			JOIN @extschema@.diagram_stages(diagram) f ON (f.id = m.from_stage OR f.phase = m.from_phase) AND f.label = play.from_stage)
	THEN
		RAISE EXCEPTION 'play "%" is about the move from "%" to "%", which lifecycle "%" does not draw',
			play.name, play.from_stage, play.to_stage, play.lifecycle
			USING ERRCODE = 'undefined_object', HINT = 'Change or delete it in lifecycle.play, or draw the move.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_play(@extschema@.play, text) IS 'refuses a play about what a diagram does not draw';

CREATE FUNCTION @extschema@.guard_play() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- A dump is restored where its rows are already.
	IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM @extschema@.play p
		WHERE p.lifecycle = NEW.lifecycle AND p.name = NEW.name AND p.* IS NOT DISTINCT FROM NEW.*) THEN
		RETURN NULL;
	ELSIF TG_OP <> 'INSERT' THEN
		PERFORM @extschema@.share_lifecycle(OLD.lifecycle);
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	ELSIF TG_OP = 'UPDATE' AND OLD.name <> NEW.name THEN
		RAISE EXCEPTION 'play "%" keeps its name, by which consumers know what they have done', OLD.name
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Delete it and insert another.';
	END IF;
	PERFORM @extschema@.check_play(NEW, @extschema@.share_lifecycle(NEW.lifecycle));
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.guard_play() IS 'lets lifecycles'' owners write their plays, and plays be about what is drawn';
CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.play
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_play();

-- What the stages that rows are in by a diagram were called formerly.
CREATE FUNCTION @extschema@.present_label(diagram text, label text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(
		(SELECT s.label FROM @extschema@.diagram_stages(diagram) s WHERE present_label.label = ANY (s.formerly)
			AND NOT EXISTS (SELECT FROM @extschema@.diagram_stages(diagram) k WHERE k.label = present_label.label)),
		present_label.label)
$$;
COMMENT ON FUNCTION @extschema@.present_label(text, text) IS 'what a stage is called that had this label before it was renamed or merged; the label itself otherwise';

CREATE FUNCTION @extschema@.follow_with_plays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	gone bigint;
BEGIN
	IF TG_OP = 'DELETE' THEN
		DELETE FROM @extschema@.play p WHERE p.lifecycle = OLD.name;
		GET DIAGNOSTICS gone = ROW_COUNT;
		IF gone > 0 THEN
			RAISE NOTICE 'the plays of lifecycle "%" are gone with it: %', OLD.name, gone;
		END IF;
		RETURN NULL;
	END IF;
	-- Those that stay as they are are only looked at: whoever is writing one waits for the lifecycle already.
	UPDATE @extschema@.play p SET lifecycle = NEW.name, stage = l.stage, from_stage = l.from_stage, to_stage = l.to_stage
	FROM (SELECT o.name, @extschema@.present_label(NEW.diagram, o.stage) AS stage,
			@extschema@.present_label(NEW.diagram, o.from_stage) AS from_stage, @extschema@.present_label(NEW.diagram, o.to_stage) AS to_stage
		FROM @extschema@.play o WHERE o.lifecycle = OLD.name) l
	WHERE p.lifecycle = OLD.name AND p.name = l.name
		AND (NEW.name, l.stage, l.from_stage, l.to_stage) IS DISTINCT FROM (p.lifecycle, p.stage, p.from_stage, p.to_stage);
	PERFORM @extschema@.check_play(p, NEW.diagram) FROM @extschema@.play p WHERE p.lifecycle = NEW.name;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @extschema@.follow_with_plays() IS 'has plays follow stages to other labels, refuses to let go what they are about, and lets them go with their lifecycle';
CREATE TRIGGER follow_with_plays AFTER UPDATE OR DELETE ON @extschema@.lifecycle
	FOR EACH ROW EXECUTE FUNCTION @extschema@.follow_with_plays();

-- The longest months, the shortest negative ones, and two days for what time zones add.
CREATE FUNCTION @extschema@.longest_delay(delays interval[]) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT make_interval(days => (2 + max(CASE WHEN m.months > 0 THEN 31 ELSE 28 END * m.months + extract(day FROM d)
		+ ceil(extract(epoch FROM d - date_trunc('day', d)) / 86400)))::int)
	FROM unnest(delays) d CROSS JOIN LATERAL (SELECT 12 * extract(year FROM d) + extract(month FROM d)) m (months)
$$;
COMMENT ON FUNCTION @extschema@.longest_delay(interval[]) IS 'days that no delay exceeds, from whatever instant it counts';

-- $1 is since, $2 until, $4 the time zone. Rows that have not moved for longer than any delay have nothing to say, and
-- the head of their journey tells; steps are unrolled of the others only.
CREATE FUNCTION @extschema@.due_plays_query(rel regclass, stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record := @extschema@.rows_in_question(rel, stage_column);
	of_lifecycle text := CASE WHEN q.lifecycle IS NULL THEN 'true' ELSE format('p.lifecycle OPERATOR(pg_catalog.=) %L', q.lifecycle) END;
	-- p is the play, o what happened, d when it is due.
	answer text := format($q$
		SELECT %s, p.lifecycle, p.name, @extschema@.current_stage(j.journey), p.channel, p.message, p.owner, o.at, d.due_at
		FROM %s t CROSS JOIN LATERAL (SELECT %s AS journey) j$q$, q.row_key, rel, q.row_journey);
	due text := $q$
		CROSS JOIN LATERAL (SELECT @extschema@.later(o.at, p.delay, $4) AS due_at) d$q$;
	in_window text := $q$
		WHERE d.due_at OPERATOR(pg_catalog.<=) $2 AND ($1 IS NULL OR d.due_at OPERATOR(pg_catalog.>) $1)
			AND d.due_at OPERATOR(pg_catalog.>=) p.starts_at$q$;
	in_stage text := $q$
			AND d.due_at OPERATOR(pg_catalog.>=) %s AND (%s IS NULL OR d.due_at OPERATOR(pg_catalog.<) %2$s)$q$;
	moved_lately text;
	dates text;
	branches text[];
BEGIN
	SELECT string_agg(DISTINCT format('WHEN p.date_column OPERATOR(pg_catalog.=) %L THEN %s', p.date_column,
			@extschema@.date_expression(rel, p.date_column, format('Play "%s" of lifecycle "%s" counts from it', p.name, p.lifecycle))), ' ')
			FILTER (WHERE p.date_column IS NOT NULL),
		format('
			AND @extschema@.last_moved_at(j.journey) OPERATOR(pg_catalog.+) %L::pg_catalog.interval OPERATOR(pg_catalog.>=)
				(SELECT pg_catalog.max(v.at) FROM (VALUES ($1), (%L::pg_catalog.timestamptz)) v (at))',
			@extschema@.longest_delay(array_agg(p.delay) FILTER (WHERE p.date_column IS NULL)), min(p.starts_at))
	INTO dates, moved_lately
	FROM @extschema@.play p WHERE p.lifecycle = coalesce(q.lifecycle, p.lifecycle);

	branches := ARRAY[
		answer || '
		CROSS JOIN LATERAL @extschema@.steps(@extschema@.collapse(j.journey)) s
		CROSS JOIN LATERAL (SELECT s.entered_at AS at) o
		JOIN plays p ON p.date_column IS NULL AND p.stage OPERATOR(pg_catalog.=) s.stage'
		|| due || in_window || format(in_stage, 's.entered_at', 's.left_at') || moved_lately,
		answer || '
		CROSS JOIN LATERAL (SELECT DISTINCT m.from_stage, m.stage, m.at FROM (
			SELECT pg_catalog.lag(s.stage) OVER (ORDER BY s.step) AS from_stage, s.stage, s.entered_at AS at FROM @extschema@.steps(j.journey) s) m) o
		JOIN plays p ON p.from_stage OPERATOR(pg_catalog.=) o.from_stage AND p.to_stage OPERATOR(pg_catalog.=) o.stage'
		|| due || in_window || moved_lately];
	IF dates IS NOT NULL THEN
		branches := branches || (answer || format('
		JOIN plays p ON p.date_column IS NOT NULL
		CROSS JOIN LATERAL (SELECT CASE %s END AS at) o', dates)
			|| due || '
		JOIN LATERAL @extschema@.steps(@extschema@.collapse(j.journey)) s ON s.stage OPERATOR(pg_catalog.=) p.stage'
			|| in_window || format(in_stage, 's.entered_at', 's.left_at'));
	END IF;
	RETURN format('WITH plays AS MATERIALIZED (SELECT p.* FROM @extschema@.play p WHERE %s)', of_lifecycle)
		|| (SELECT string_agg(format('%s AND p.lifecycle OPERATOR(pg_catalog.=) %s', b.branch, q.row_lifecycle), '
		UNION ALL') FROM unnest(branches) b (branch));
END $$;
COMMENT ON FUNCTION @extschema@.due_plays_query(regclass, name) IS 'the query behind due_plays()';

CREATE FUNCTION @extschema@.due_plays(rel regclass, since timestamptz DEFAULT NULL, until timestamptz DEFAULT pg_catalog.now(),
	stage_column name DEFAULT NULL, zone text DEFAULT 'UTC',
	OUT key jsonb, OUT lifecycle text, OUT play text, OUT stage text, OUT channel text, OUT message text, OUT owner text,
	OUT occurred_at timestamptz, OUT due_at timestamptz) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100
AS $$
BEGIN
	IF rel IS NULL OR until IS NULL OR zone IS NULL THEN
		RAISE EXCEPTION 'the table, the end of the time and the time zone must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE @extschema@.due_plays_query(rel, stage_column) USING since, until, NULL::pg_catalog.text, zone;
END $$;
COMMENT ON FUNCTION @extschema@.due_plays(regclass, timestamptz, timestamptz, name, text)
	IS 'the plays that came due after an instant and until another, once for each visit of their stage, or move, or date';

-- The caller's own table, so that whoever works it off is the caller's to grant. The key is what makes each play be
-- done once: however often it is asked, and however late a row turns up.
CREATE FUNCTION @extschema@.create_play_queue(table_name text) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE AS $$
DECLARE
	parts pg_catalog.text[] := pg_catalog.parse_ident(table_name);
	name pg_catalog.text;
BEGIN
	-- Or a temporary table of that name would get in between.
	IF pg_catalog.cardinality(parts) OPERATOR(pg_catalog.=) 1 AND pg_catalog.current_schema() IS NOT NULL THEN
		parts := pg_catalog.array_prepend(pg_catalog.current_schema()::pg_catalog.text, parts);
	END IF;
	name := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.' ORDER BY n)
		FROM pg_catalog.unnest(parts) WITH ORDINALITY i(part, n));
	EXECUTE pg_catalog.format('CREATE TABLE %s ('
		'relation pg_catalog.regclass NOT NULL, lifecycle pg_catalog.text NOT NULL, play pg_catalog.text NOT NULL, '
		'key pg_catalog.jsonb NOT NULL, occurred_at pg_catalog.timestamptz NOT NULL, due_at pg_catalog.timestamptz NOT NULL, '
		'stage pg_catalog.text, channel pg_catalog.text, message pg_catalog.text, owner pg_catalog.text, '
		'collected_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), done_at pg_catalog.timestamptz, '
		'PRIMARY KEY (relation, lifecycle, play, key, occurred_at))', name);
	EXECUTE pg_catalog.format('CREATE INDEX ON %s (due_at) WHERE done_at IS NULL', name);
	EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', name, 'plays that are due, each once, for whoever does them to set done_at');
	RETURN pg_catalog.to_regclass(name);
END
$$;
COMMENT ON FUNCTION @extschema@.create_play_queue(text) IS 'makes a table of one''s own for plays that are due';

CREATE FUNCTION @extschema@.collect_plays(rel regclass, queue regclass, since timestamptz DEFAULT NULL, until timestamptz DEFAULT pg_catalog.now(),
	stage_column name DEFAULT NULL, zone text DEFAULT 'UTC') RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	collected bigint;
BEGIN
	IF queue IS NULL THEN
		RAISE EXCEPTION 'the queue must be given' USING ERRCODE = 'null_value_not_allowed',
			HINT = 'SELECT lifecycle.create_play_queue(...) makes one.';
	END IF;
	EXECUTE pg_catalog.format('INSERT INTO %s (relation, lifecycle, play, key, occurred_at, due_at, stage, channel, message, owner)
		SELECT $1, d.lifecycle, d.play, d.key, d.occurred_at, d.due_at, d.stage, d.channel, d.message, d.owner
		FROM @extschema@.due_plays($2, $3, $4, $5, $6) d
		ON CONFLICT (relation, lifecycle, play, key, occurred_at) DO NOTHING', queue)
	USING (@extschema@.shown_attachment(rel, stage_column)).relation, rel, since, until, stage_column, zone;
	GET DIAGNOSTICS collected = ROW_COUNT;
	RETURN collected;
END
$$;
COMMENT ON FUNCTION @extschema@.collect_plays(regclass, regclass, timestamptz, timestamptz, name, text)
	IS 'puts the plays that are due into a queue, each once, and says how many are new';
