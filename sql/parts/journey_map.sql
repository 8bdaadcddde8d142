-- The journey map: who customers are, what they meet at each stage, and what they feel there. Ordinary tables that
-- the owner of the lifecycle writes, as with plays, and questions about what happened beside what was planned.

CREATE TABLE @extschema@.persona (
	lifecycle text NOT NULL,
	name text NOT NULL CONSTRAINT persona_has_name CHECK (name <> ''),
	profile text,
	goals text[] NOT NULL DEFAULT '{}',
	pain_points text[] NOT NULL DEFAULT '{}',
	preferred_channels text[] NOT NULL DEFAULT '{}',
	PRIMARY KEY (lifecycle, name)
);
COMMENT ON TABLE @extschema@.persona IS 'who goes through a lifecycle: kinds of customers, one row each';
COMMENT ON COLUMN @extschema@.persona.profile IS 'who that is, in words';

CREATE TABLE @extschema@.touchpoint (
	lifecycle text NOT NULL,
	stage text NOT NULL,
	persona text,
	name text NOT NULL CONSTRAINT touchpoint_has_name CHECK (name <> ''),
	family text NOT NULL CONSTRAINT touchpoint_family CHECK (family IN ('marketing', 'sales', 'success')),
	channel text NOT NULL CONSTRAINT touchpoint_has_channel CHECK (channel <> ''),
	objective text,
	action text,
	emotion smallint CONSTRAINT touchpoint_emotion CHECK (emotion BETWEEN -2 AND 2),
	pain_point text,
	opportunity text,
	moment_of_truth boolean NOT NULL DEFAULT false,
	"position" integer NOT NULL DEFAULT 0,
	CONSTRAINT touchpoint_key UNIQUE NULLS NOT DISTINCT (lifecycle, stage, persona, name)
);
COMMENT ON TABLE @extschema@.touchpoint IS 'where customers meet the company: by stage, persona and channel, with what they want, do and feel there';
COMMENT ON COLUMN @extschema@.touchpoint.stage IS 'the label of the stage';
COMMENT ON COLUMN @extschema@.touchpoint.persona IS 'whose it is; NULL: everybody''s';
COMMENT ON COLUMN @extschema@.touchpoint.family IS 'marketing, sales or success';
COMMENT ON COLUMN @extschema@.touchpoint.objective IS 'what the customer wants there';
COMMENT ON COLUMN @extschema@.touchpoint.action IS 'what the customer does there';
COMMENT ON COLUMN @extschema@.touchpoint.emotion IS 'how it feels, from -2 (awful) to 2 (delightful)';
COMMENT ON COLUMN @extschema@.touchpoint.moment_of_truth IS 'whether it decides what customers think of the company';
COMMENT ON COLUMN @extschema@.touchpoint."position" IS 'orders the touchpoints of a stage';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.persona', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.touchpoint', '');
GRANT SELECT, INSERT, UPDATE, DELETE ON @extschema@.persona, @extschema@.touchpoint TO PUBLIC;

-- A foreign key would not do: pg_restore -j loads tables in any order.
CREATE FUNCTION @extschema@.guard_persona() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- A dump is restored where its rows are already.
	IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM @extschema@.persona p
		WHERE p.lifecycle = NEW.lifecycle AND p.name = NEW.name AND p.* IS NOT DISTINCT FROM NEW.*) THEN
		RETURN NULL;
	ELSIF TG_OP <> 'INSERT' THEN
		-- Whoever writes touchpoints shares it.
		IF EXISTS (SELECT FROM @extschema@.lifecycle l WHERE l.name = OLD.lifecycle) THEN
			PERFORM @extschema@.lock_lifecycle(OLD.lifecycle);
		ELSE
			PERFORM @extschema@.share_lifecycle(OLD.lifecycle);
		END IF;
	END IF;
	IF TG_OP = 'DELETE' THEN
		IF EXISTS (SELECT FROM @extschema@.touchpoint t WHERE t.lifecycle = OLD.lifecycle AND t.persona = OLD.name) THEN
			RAISE EXCEPTION 'persona "%" of lifecycle "%" has touchpoints', OLD.name, OLD.lifecycle
				USING ERRCODE = 'foreign_key_violation', HINT = 'Delete them in lifecycle.touchpoint first, or give them to another persona.';
		END IF;
		RETURN OLD;
	END IF;
	PERFORM @extschema@.share_lifecycle(NEW.lifecycle);
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.guard_persona() IS 'lets lifecycles'' owners write their personas, and keeps those that have touchpoints';
CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.persona
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_persona();

CREATE FUNCTION @extschema@.follow_persona() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE @extschema@.touchpoint t SET lifecycle = NEW.lifecycle, persona = NEW.name
	WHERE t.lifecycle = OLD.lifecycle AND t.persona = OLD.name;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @extschema@.follow_persona() IS 'has touchpoints follow their persona to another name';
CREATE TRIGGER follow_persona AFTER UPDATE ON @extschema@.persona
	FOR EACH ROW WHEN ((OLD.lifecycle, OLD.name) IS DISTINCT FROM (NEW.lifecycle, NEW.name))
	EXECUTE FUNCTION @extschema@.follow_persona();

CREATE FUNCTION @extschema@.check_touchpoint(touchpoint @extschema@.touchpoint, diagram text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF touchpoint.stage IS NOT NULL
		AND NOT EXISTS (SELECT FROM @extschema@.diagram_stages(diagram) s WHERE s.label = touchpoint.stage) THEN
		RAISE EXCEPTION 'touchpoint "%" is at stage "%", which lifecycle "%" does not have', touchpoint.name, touchpoint.stage, touchpoint.lifecycle
			USING ERRCODE = 'undefined_object',
				DETAIL = (SELECT format('Its stages are: %s.', string_agg(format('"%s"', s.label), ', ' ORDER BY s.position))
					FROM @extschema@.diagram_stages(diagram) s),
				HINT = 'A touchpoint names the label of a stage. Change or delete it in lifecycle.touchpoint, or draw the stage.';
	END IF;
	-- A dump may bring touchpoints before all personas, to the database's owner, who restores it.
	IF touchpoint.persona IS NOT NULL
		AND NOT EXISTS (SELECT FROM @extschema@.persona p WHERE p.lifecycle = touchpoint.lifecycle AND p.name = touchpoint.persona)
		AND (NOT pg_has_role('pg_database_owner', 'USAGE') OR EXISTS (SELECT FROM @extschema@.persona p WHERE p.lifecycle = touchpoint.lifecycle)) THEN
		RAISE EXCEPTION 'touchpoint "%" is persona "%"''s, whom lifecycle "%" does not have', touchpoint.name, touchpoint.persona, touchpoint.lifecycle
			USING ERRCODE = 'foreign_key_violation', HINT = 'Describe the persona in lifecycle.persona first.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_touchpoint(@extschema@.touchpoint, text) IS 'refuses a touchpoint at a stage that a diagram does not have, or of a persona that is not described';

CREATE FUNCTION @extschema@.guard_touchpoint() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM @extschema@.touchpoint t
		WHERE t.lifecycle = NEW.lifecycle AND t.stage = NEW.stage AND t.name = NEW.name AND t.* IS NOT DISTINCT FROM NEW.*) THEN
		RETURN NULL;
	ELSIF TG_OP <> 'INSERT' THEN
		PERFORM @extschema@.share_lifecycle(OLD.lifecycle);
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	PERFORM @extschema@.check_touchpoint(NEW, @extschema@.share_lifecycle(NEW.lifecycle));
	RETURN NEW;
END $$;
COMMENT ON FUNCTION @extschema@.guard_touchpoint() IS 'lets lifecycles'' owners write their touchpoints, at stages that are drawn';
CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.touchpoint
	FOR EACH ROW EXECUTE FUNCTION @extschema@.guard_touchpoint();

CREATE FUNCTION @extschema@.follow_with_map() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	touchpoints bigint;
	personas bigint;
	twice text;
BEGIN
	IF TG_OP = 'DELETE' THEN
		DELETE FROM @extschema@.touchpoint t WHERE t.lifecycle = OLD.name;
		GET DIAGNOSTICS touchpoints = ROW_COUNT;
		DELETE FROM @extschema@.persona p WHERE p.lifecycle = OLD.name;
		GET DIAGNOSTICS personas = ROW_COUNT;
		IF touchpoints + personas > 0 THEN
			RAISE NOTICE 'the personas and touchpoints of lifecycle "%" are gone with it: % and %', OLD.name, personas, touchpoints;
		END IF;
		RETURN NULL;
	END IF;
	-- Stages that are merged may have touchpoints of one name.
	SELECT t.name INTO twice FROM @extschema@.touchpoint t WHERE t.lifecycle = OLD.name
	GROUP BY @extschema@.present_label(NEW.diagram, t.stage), t.persona, t.name HAVING count(*) > 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'a stage of lifecycle "%" would have two touchpoints "%"', NEW.name, twice
			USING ERRCODE = 'unique_violation', HINT = 'Rename or delete one of them in lifecycle.touchpoint first.';
	END IF;
	UPDATE @extschema@.persona p SET lifecycle = NEW.name WHERE p.lifecycle = OLD.name AND NEW.name <> OLD.name;
	-- Those that stay as they are are only looked at: whoever is writing one waits for the lifecycle already.
	UPDATE @extschema@.touchpoint t SET lifecycle = NEW.name, stage = @extschema@.present_label(NEW.diagram, t.stage)
	WHERE t.lifecycle IN (OLD.name, NEW.name) AND (t.lifecycle, t.stage) <> (NEW.name, @extschema@.present_label(NEW.diagram, t.stage));
	PERFORM @extschema@.check_touchpoint(t, NEW.diagram) FROM @extschema@.touchpoint t WHERE t.lifecycle = NEW.name;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @extschema@.follow_with_map() IS 'has touchpoints follow stages to other labels, refuses to let go the stages that they are at, and lets them go with their lifecycle';
CREATE TRIGGER follow_with_map AFTER UPDATE OR DELETE ON @extschema@.lifecycle
	FOR EACH ROW EXECUTE FUNCTION @extschema@.follow_with_map();

-- The map as it was planned.

CREATE FUNCTION @extschema@.check_persona(lifecycle text, persona text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.diagram(lifecycle);
	IF persona IS NOT NULL AND NOT EXISTS (SELECT FROM @extschema@.persona p
		WHERE p.lifecycle = check_persona.lifecycle AND p.name = check_persona.persona) THEN
		RAISE EXCEPTION 'lifecycle "%" has no persona "%"', lifecycle, persona
			USING ERRCODE = 'undefined_object', HINT = 'SELECT lifecycle, name FROM lifecycle.persona; shows those that there are.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_persona(text, text) IS 'refuses a lifecycle that does not exist, and a persona that it does not have';

CREATE FUNCTION @extschema@.journey_map(name text, persona text DEFAULT NULL,
	OUT "position" integer, OUT phase text, OUT stage text, OUT title text, OUT touchpoint text, OUT whose text, OUT family text,
	OUT channel text, OUT objective text, OUT action text, OUT emotion smallint, OUT pain_point text, OUT opportunity text,
	OUT moment_of_truth boolean, OUT gap boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.check_persona(name, persona);
	RETURN QUERY
	SELECT s.position, coalesce(s.phase_title, s.phase), s.label, coalesce(s.title, s.label), t.name, t.persona, t.family, t.channel, t.objective, t.action, t.emotion,
		t.pain_point, t.opportunity, t.moment_of_truth, t.name IS NULL
	FROM @extschema@.stage s
		LEFT JOIN @extschema@.touchpoint t ON t.lifecycle = s.lifecycle AND t.stage = s.label
			AND (t.persona = journey_map.persona OR t.persona IS NULL OR journey_map.persona IS NULL)
	WHERE s.lifecycle = journey_map.name
	ORDER BY s.position, t.position, t.name COLLATE "C", t.persona COLLATE "C" NULLS FIRST;
END $$;
COMMENT ON FUNCTION @extschema@.journey_map(text, text) IS 'the touchpoints of a lifecycle, or those that a persona meets, stage by stage; a stage without any is a gap';

CREATE FUNCTION @extschema@.coverage(name text, persona text DEFAULT NULL,
	OUT channel text, OUT "position" integer, OUT stage text, OUT title text, OUT touchpoints bigint, OUT names text[],
	OUT emotion numeric, OUT moments_of_truth bigint, OUT gap boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.check_persona(name, persona);
	RETURN QUERY
	WITH met AS (
		SELECT t.* FROM @extschema@.touchpoint t
		WHERE t.lifecycle = coverage.name AND (t.persona = coverage.persona OR t.persona IS NULL OR coverage.persona IS NULL)),
	channels AS (
		SELECT m.channel FROM met m
		UNION SELECT unnest(p.preferred_channels) FROM @extschema@.persona p
		WHERE p.lifecycle = coverage.name AND p.name = coalesce(coverage.persona, p.name))
	SELECT c.channel, s.position, s.label, coalesce(s.title, s.label), count(m.name), array_agg(m.name ORDER BY m.position, m.name COLLATE "C") FILTER (WHERE m.name IS NOT NULL),
		avg(m.emotion), count(*) FILTER (WHERE m.moment_of_truth), count(m.name) = 0
	FROM channels c CROSS JOIN @extschema@.stage s LEFT JOIN met m ON m.channel = c.channel AND m.stage = s.label
	WHERE s.lifecycle = coverage.name AND c.channel IS NOT NULL
	GROUP BY c.channel, s.position, s.label, s.title
	ORDER BY c.channel COLLATE "C", s.position;
END $$;
COMMENT ON FUNCTION @extschema@.coverage(text, text) IS 'each channel at each stage, with its touchpoints; where there are none is a gap';

-- The map as it is: events in which customers were touched, at the stage that they held at that moment.

-- e are the events, t the rows.
CREATE FUNCTION @extschema@.touches_query(rel regclass, query text, stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record := @extschema@.rows_in_question(rel, stage_column);
BEGIN
	RETURN format('SELECT %s AS key, %s AS lifecycle, @extschema@.stage_at(j.journey, e.at) AS stage, e.channel::pg_catalog.text AS channel, e.at::pg_catalog.timestamptz AS at,
			e.emotion::pg_catalog.numeric AS emotion, e.friction::pg_catalog.numeric AS friction, j.journey
		FROM (%s) e JOIN %s t ON %s CROSS JOIN LATERAL (SELECT %s AS journey) j WHERE j.journey IS NOT NULL',
		q.row_key, q.row_lifecycle, query, rel, q.row_match, q.row_journey);
END $$;
COMMENT ON FUNCTION @extschema@.touches_query(regclass, text, name) IS 'the query behind touches()';

CREATE FUNCTION @extschema@.touches(rel regclass, query text, stage_column name DEFAULT NULL,
	OUT key jsonb, OUT lifecycle text, OUT stage text, OUT channel text, OUT at timestamptz, OUT emotion numeric, OUT friction numeric) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
	IF rel IS NULL OR query IS NULL THEN
		RAISE EXCEPTION 'the table and the query must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE pg_catalog.format('SELECT x.key, x.lifecycle, x.stage, x.channel, x.at, x.emotion, x.friction FROM (%s) x',
		@extschema@.touches_query(rel, query, stage_column));
EXCEPTION WHEN undefined_column THEN
	RAISE EXCEPTION 'the query must have the columns of the primary key of %, and at, channel, emotion and friction', rel
		USING ERRCODE = 'undefined_column', DETAIL = SQLERRM, HINT = 'Write NULL AS friction, say, for what you have not measured.';
WHEN syntax_error THEN
	RAISE EXCEPTION 'what was given as the query is none' USING ERRCODE = 'syntax_error', DETAIL = SQLERRM,
		HINT = 'Write a SELECT without a semicolon at its end; for a whole table or view, TABLE and its name.';
END $$;
COMMENT ON FUNCTION @extschema@.touches(regclass, text, name) IS 'events in which customers were touched, with the stage that each held at that moment';

CREATE FUNCTION @extschema@.experience(rel regclass, query text, by_channel boolean DEFAULT false, stage_column name DEFAULT NULL,
	OUT lifecycle text, OUT "position" integer, OUT stage text, OUT title text, OUT channel text, OUT touches bigint, OUT customers bigint,
	OUT emotion numeric, OUT planned_emotion numeric, OUT friction numeric, OUT moments_of_truth bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
AS $$
#variable_conflict use_column
BEGIN
	IF by_channel IS NULL THEN
		RAISE EXCEPTION 'say whether by channel, or not' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY
	WITH felt AS (
		SELECT t.lifecycle, t.stage, CASE WHEN experience.by_channel THEN t.channel END AS channel,
			pg_catalog.count(*) AS touches, pg_catalog.count(DISTINCT t.key) AS customers, pg_catalog.avg(t.emotion) AS emotion, pg_catalog.avg(t.friction) AS friction
		FROM @extschema@.touches(experience.rel, experience.query, experience.stage_column) t
		GROUP BY 1, 2, 3)
	SELECT f.lifecycle, s."position", f.stage, coalesce(s.title, f.stage), f.channel, f.touches, f.customers, f.emotion, p.emotion, f.friction, p.moments
	FROM felt f
		LEFT JOIN @extschema@.stage s ON s.lifecycle OPERATOR(pg_catalog.=) f.lifecycle AND s.label OPERATOR(pg_catalog.=) f.stage
		CROSS JOIN LATERAL (
			SELECT pg_catalog.avg(m.emotion) AS emotion, pg_catalog.count(*) FILTER (WHERE m.moment_of_truth) AS moments
			FROM @extschema@.touchpoint m
			WHERE m.lifecycle OPERATOR(pg_catalog.=) f.lifecycle AND m.stage OPERATOR(pg_catalog.=) f.stage
				AND (NOT experience.by_channel OR m.channel OPERATOR(pg_catalog.=) f.channel)) p
	ORDER BY f.lifecycle, s."position" NULLS FIRST, f.channel COLLATE pg_catalog."C";
END $$;
COMMENT ON FUNCTION @extschema@.experience(regclass, text, boolean, name) IS 'what customers felt at each stage, and how much stood in their way, beside what was planned';

-- Channels that convert differently.

CREATE FUNCTION @extschema@.compare_shares(part bigint, whole bigint, other_part bigint, other_whole bigint,
	OUT share double precision, OUT ci_low double precision, OUT ci_high double precision, OUT other_share double precision,
	OUT chi_square double precision, OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.compare_shares(bigint, bigint, bigint, bigint) IS 'a share, how sure it is, and whether another group''s differs from it by more than chance';

-- $1 are the stages to convert to. What became of a customer is asked once for each stage, from the first touch there
-- on, so that those touched by a channel and those touched by others only are two groups.
CREATE FUNCTION @extschema@.channel_conversion_query(rel regclass, query text, to_stages text[], stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.check_stages_exist((@extschema@.rows_in_question(rel, stage_column)).lifecycle, to_stages);
	RETURN format($q$
		WITH touch AS MATERIALIZED (%s),
		stages AS MATERIALIZED (
			SELECT s.lifecycle, s.label, s.outcome, s.position, s.title,
				CASE WHEN $1 IS NULL THEN s.outcome OPERATOR(pg_catalog.=) 'won' ELSE s.label OPERATOR(pg_catalog.=) ANY ($1) END AS wanted
			FROM @extschema@.stage s),
		at_stage AS (
			SELECT t.key, t.lifecycle, t.stage, t.journey, pg_catalog.min(t.at) AS touched_at
			FROM touch t GROUP BY t.key, t.lifecycle, t.stage, t.journey),
		became AS (
			SELECT a.key, a.lifecycle, a.stage, w.converted_at
			FROM at_stage a
				CROSS JOIN LATERAL (SELECT pg_catalog.min(p.entered_at) AS converted_at FROM @extschema@.steps(a.journey) p
					JOIN stages s ON s.lifecycle OPERATOR(pg_catalog.=) a.lifecycle AND s.label OPERATOR(pg_catalog.=) p.stage
					WHERE s.wanted AND p.entered_at OPERATOR(pg_catalog.>) a.touched_at) w
				JOIN stages n ON n.lifecycle OPERATOR(pg_catalog.=) a.lifecycle AND n.label OPERATOR(pg_catalog.=) @extschema@.current_stage(a.journey)
				LEFT JOIN stages h ON h.lifecycle OPERATOR(pg_catalog.=) a.lifecycle AND h.label OPERATOR(pg_catalog.=) a.stage
			WHERE (w.converted_at IS NOT NULL OR n.outcome OPERATOR(pg_catalog.=) ANY ('{lost,closed}')) AND h.wanted IS NOT TRUE),
		by_stage AS (
			SELECT b.lifecycle, b.stage, pg_catalog.count(*) AS customers, pg_catalog.count(b.converted_at) AS converted
			FROM became b GROUP BY b.lifecycle, b.stage),
		used AS (
			SELECT DISTINCT b.key, b.lifecycle, b.stage, b.converted_at, t.channel
			FROM became b
				JOIN touch t ON t.key OPERATOR(pg_catalog.=) b.key AND t.lifecycle OPERATOR(pg_catalog.=) b.lifecycle
					AND (t.stage OPERATOR(pg_catalog.=) b.stage OR (t.stage IS NULL AND b.stage IS NULL))
					AND (b.converted_at IS NULL OR t.at OPERATOR(pg_catalog.<) b.converted_at)
			WHERE t.channel IS NOT NULL),
		by_channel AS (
			SELECT u.lifecycle, u.stage, u.channel, pg_catalog.count(*) AS customers, pg_catalog.count(u.converted_at) AS converted
			FROM used u GROUP BY u.lifecycle, u.stage, u.channel),
		compared AS (
			SELECT c.*, a.customers OPERATOR(pg_catalog.-) c.customers AS others, r.*
			FROM by_channel c
				JOIN by_stage a ON a.lifecycle OPERATOR(pg_catalog.=) c.lifecycle
					AND (a.stage OPERATOR(pg_catalog.=) c.stage OR (a.stage IS NULL AND c.stage IS NULL))
				CROSS JOIN LATERAL @extschema@.compare_shares(c.converted, c.customers, a.converted OPERATOR(pg_catalog.-) c.converted,
					a.customers OPERATOR(pg_catalog.-) c.customers) r)
		SELECT c.lifecycle, s.position, c.stage, coalesce(s.title, c.stage), c.channel, c.customers, c.converted, c.share, c.ci_low, c.ci_high, c.others, c.other_share, c.p_value,
			c.p_value OPERATOR(pg_catalog.*) pg_catalog.count(c.p_value) OVER (PARTITION BY c.lifecycle, c.stage) OPERATOR(pg_catalog.<) $2
		FROM compared c LEFT JOIN stages s ON s.lifecycle OPERATOR(pg_catalog.=) c.lifecycle AND s.label OPERATOR(pg_catalog.=) c.stage
		ORDER BY c.lifecycle, s.position NULLS FIRST, c.channel COLLATE pg_catalog."C" $q$,
		@extschema@.touches_query(rel, query, stage_column));
END $$;
COMMENT ON FUNCTION @extschema@.channel_conversion_query(regclass, text, text[], name) IS 'the query behind channel_conversion()';

CREATE FUNCTION @extschema@.channel_conversion(rel regclass, query text, to_stages text[] DEFAULT NULL, significance double precision DEFAULT 0.05,
	stage_column name DEFAULT NULL,
	OUT lifecycle text, OUT "position" integer, OUT stage text, OUT title text, OUT channel text, OUT customers bigint, OUT converted bigint,
	OUT share double precision, OUT ci_low double precision, OUT ci_high double precision, OUT others bigint, OUT other_share double precision,
	OUT p_value double precision, OUT inconsistent boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50
AS $$
BEGIN
	IF rel IS NULL OR query IS NULL OR significance IS NULL THEN
		RAISE EXCEPTION 'the table, the query and the significance must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE @extschema@.channel_conversion_query(rel, query, to_stages, stage_column) USING to_stages, significance;
EXCEPTION WHEN undefined_column THEN
	RAISE EXCEPTION 'the query must have the columns of the primary key of %, and at, channel, emotion and friction', rel
		USING ERRCODE = 'undefined_column', DETAIL = SQLERRM, HINT = 'Write NULL AS friction, say, for what you have not measured.';
WHEN syntax_error THEN
	RAISE EXCEPTION 'what was given as the query is none' USING ERRCODE = 'syntax_error', DETAIL = SQLERRM,
		HINT = 'Write a SELECT without a semicolon at its end; for a whole table or view, TABLE and its name.';
END $$;
COMMENT ON FUNCTION @extschema@.channel_conversion(regclass, text, text[], double precision, name)
	IS 'how customers who were touched by a channel at a stage converted, beside those touched there by others only';
