-- Views for BI tools: the shapes that charts want, in types that every tool reads.
--
-- They belong to whoever makes them, and read with the rights of whoever reads them. None of them names the
-- stage column: what they say of stages is in the journey, so that they keep nobody from changing its type.
-- Which views are ours is not noted down: they depend on their table, and their comment says so.

CREATE FUNCTION @extschema@.diagram_order(diagram text) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.diagram_order(text) IS 'the labels of a diagram''s stages, in the order in which journeys come by them';

CREATE FUNCTION @extschema@.diagram_line(diagram text) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.diagram_line(text) IS 'the labels of the stages on a diagram''s way from its entry to its first stage that is won';

CREATE FUNCTION @extschema@.journey_rounds(journey @extschema@.journey, stages text[]) RETURNS @extschema@.journey
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.journey_rounds(@extschema@.journey, text[]) IS 'a journey with the number of its round as a last byte of each label; a step that does not lead on in the order of the stages begins a round';

CREATE FUNCTION @extschema@.diagram_of(lifecycle text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text := (SELECT l.diagram FROM @extschema@.lifecycle l WHERE l.name = lifecycle);
BEGIN
	IF found IS NULL THEN
		RAISE EXCEPTION 'lifecycle "%" does not exist', lifecycle
			USING ERRCODE = 'undefined_object', HINT = 'SELECT name FROM lifecycle.lifecycle; lists them.';
	END IF;
	RETURN found;
END $$;
COMMENT ON FUNCTION @extschema@.diagram_of(text) IS 'the diagram of a lifecycle, which must exist, also for parallel workers';

CREATE FUNCTION @extschema@.main_line(lifecycle text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT @extschema@.diagram_line(@extschema@.diagram_of(lifecycle)) $$;
COMMENT ON FUNCTION @extschema@.main_line(text) IS 'the stages of a lifecycle on the way from its entry to its first stage that is won';

-- These are NULL where there is nothing to ask: a lifecycle need not have a stage that is open or won.
CREATE FUNCTION @extschema@.bi_funnel(lifecycle text) RETURNS @extschema@.funnel_spec
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	-- A funnel has at most 64 steps.
	SELECT @extschema@.funnel_spec(CASE WHEN cardinality(m.line) > 64 THEN m.line[:63] || m.line[cardinality(m.line)] ELSE m.line END, reach => 'at_least')
	FROM @extschema@.main_line(lifecycle) m (line) WHERE m.line <> '{}'
$$;
COMMENT ON FUNCTION @extschema@.bi_funnel(text) IS 'the funnel along the main line of a lifecycle; whoever skipped a step and came further has passed it';

CREATE FUNCTION @extschema@.bi_cohorts(lifecycle text, months integer, time_zone text) RETURNS @extschema@.retention_spec
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT @extschema@.retention_spec('[*]', array_agg(s.label), '1 month', bi_cohorts.months, time_zone => bi_cohorts.time_zone)
	FROM @extschema@.stage s
	WHERE s.lifecycle = bi_cohorts.lifecycle AND s.outcome IN ('open', 'won') AND NOT s.outside
	HAVING count(*) > 0
$$;
COMMENT ON FUNCTION @extschema@.bi_cohorts(text, integer, text) IS 'who of a month''s newcomers, marked by a step [*], is still in a stage that is open or won';

CREATE FUNCTION @extschema@.bi_order(lifecycle text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT @extschema@.diagram_order(@extschema@.diagram_of(lifecycle)) $$;
COMMENT ON FUNCTION @extschema@.bi_order(text) IS 'the labels of a lifecycle''s stages, in the order in which journeys come by them';

-- From the tenth round on they are not told apart: see src/rounds.h.
CREATE FUNCTION @extschema@.bi_node(stage text, round integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN round = 1 THEN stage WHEN round < 10 THEN pg_catalog.format('%s (%s)', stage, round) ELSE '(more)' END;
COMMENT ON FUNCTION @extschema@.bi_node(text, integer) IS 'a stage in a round, as the view flow calls it';

-- The last instants, up to now, on the calendar: weeks begin on Mondays, months on their first.
CREATE FUNCTION @extschema@.bi_census(every interval, months integer, time_zone text) RETURNS @extschema@.census_spec
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT @extschema@.census_spec(
		date_trunc(CASE WHEN extract(month FROM every) + extract(year FROM every) > 0 THEN 'month' WHEN extract(day FROM every)::integer % 7 = 0 THEN 'week' ELSE 'day' END,
			(now() AT TIME ZONE time_zone) - make_interval(months => bi_census.months)) AT TIME ZONE time_zone,
		now(), every, time_zone)
$$;
COMMENT ON FUNCTION @extschema@.bi_census(interval, integer, text) IS 'the instants of the last months at which the view census counts';

-- A column of the table as tools read it: its own type where that is an ordinary one, that under a domain, or else as text.
CREATE FUNCTION @extschema@.bi_column(rel regclass, column_name name) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE base AS (
		SELECT p.atttypid AS type, false AS domain FROM pg_attribute p
		WHERE p.attrelid = rel AND p.attname = column_name AND p.attnum > 0 AND NOT p.attisdropped
		UNION ALL
		SELECT y.typbasetype, true FROM base JOIN pg_type y ON y.oid = base.type AND y.typtype = 'd')
	SELECT CASE
		WHEN NOT b.ordinary THEN format('t.%I::pg_catalog.text', column_name)
		WHEN b.domain THEN format('t.%I::%s', column_name, format_type(b.type, NULL))
		ELSE format('t.%I', column_name) END
	FROM (
		SELECT base.type, base.domain, base.type = ANY ('{bool,int2,int4,int8,float4,float8,numeric,money,text,varchar,bpchar,date,time,timestamp,timestamptz,uuid}'::regtype[]) AS ordinary
		FROM base JOIN pg_type y ON y.oid = base.type AND y.typtype <> 'd') b
$$;
COMMENT ON FUNCTION @extschema@.bi_column(regclass, name) IS 'a column of a table t as an expression of an ordinary type';

CREATE FUNCTION @extschema@.clip(name text, bytes integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	WHILE octet_length(name) > bytes LOOP
		name := left(name, -1);
	END LOOP;
	RETURN name;
END $$;
COMMENT ON FUNCTION @extschema@.clip(text, integer) IS 'as much of a name as fits into so many bytes';

-- Tools differ in whether "Lead" and "lead" are one column, so that names that differ in case only are told apart too.
CREATE FUNCTION @extschema@.distinct_names(taken text[], wanted text[]) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	most integer := current_setting('max_identifier_length');
	names text[] := '{}';
	wish text;
	name text;
	n integer;
BEGIN
	FOREACH wish IN ARRAY wanted LOOP
		name := @extschema@.clip(wish, most);
		n := 1;
		WHILE lower(name) = ANY (taken) LOOP
			n := n + 1;
			name := @extschema@.clip(wish, most - length('_' || n)) || '_' || n;
		END LOOP;
		taken := taken || lower(name);
		names := names || name;
	END LOOP;
	RETURN names;
END $$;
COMMENT ON FUNCTION @extschema@.distinct_names(text[], text[]) IS 'names that are wanted, cut to the length of identifiers and numbered where they are taken';

-- The shapes in the order in which create_bi_views() makes them. "columns" are those that a view of this shape always has;
-- those of the table stand behind the first, and the stages of dates behind the last.
CREATE FUNCTION @extschema@.bi_shapes(OUT shape text, OUT per_row boolean, OUT columns text[], OUT says text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
AS $$ VALUES
	('stages', NULL::boolean, '{lifecycle,stage,title,phase,position,outcome,probability,sla_days,owner,color,is_entry,is_final}'::text[],
		'One row a stage: what the diagram says of it.'),
	('history', true, '{lifecycle,step,stage,previous_stage,entered_at,left_at,days,open_days,is_current}',
		'One row a step: who was in which stage from when to when.'),
	('dates', true, '{lifecycle,stage,started_at,stage_since,days_in_stage,steps}',
		'One row a row of the table: where it is, and when it first came to each stage.'),
	('funnel', false, '{lifecycle,step,stage,title,value,pending,dropped,from_first,from_previous,ci_low,ci_high,p50_days,p90_days}',
		'One row a step of the funnel: how many came that far.'),
	('flow', false, '{lifecycle,source,target,source_round,target_round,source_node,target_node,value,total_days}',
		'One row a move: how many went from which stage to which.'),
	('cohorts', false, '{lifecycle,cohort,period,size,retained,share,complete}',
		'One row a month of entry and month since: how many are still there.'),
	('census', false, '{lifecycle,at,day,stage,title,position,value}',
		'One row an instant and stage: how many were in it.'),
	('due', true, '{lifecycle,stage,title,owner,since,due_at,overdue,days_left}',
		'One row a row whose time in its stage is limited: when it is up.')
$$;
COMMENT ON FUNCTION @extschema@.bi_shapes() IS 'the shapes of views for BI, and the columns that each has always';

-- What is asked without an instant is asked as of now, if it can be: a funnel without a window cannot.
CREATE FUNCTION @extschema@.bi_as_of(summary text, spec text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT @extschema@.%1$s_agg(NULL::@extschema@.journey, $1::@extschema@.%1$s_spec, now())', summary) USING spec;
	RETURN ', pg_catalog.now()';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN '';
END $$;
COMMENT ON FUNCTION @extschema@.bi_as_of(text, text) IS 'the argument by which a summary is made as of now, where its specification lets it';

-- What the queries of all shapes are made of, for a row t. A rule is what the lifecycle says: for all rows it is asked
-- for once, as a sub-select; where each row names its lifecycle, it is asked for once for each and joined to the rows.
CREATE FUNCTION @extschema@.bi_frame(rel regclass, shape text, options jsonb, OUT lifecycle text, OUT journey text, OUT own text[], OUT labels text[],
	OUT names text[], OUT row_list text, OUT inner_list text, OUT outer_list text, OUT groups text, OUT rule text, OUT rules text) RETURNS record
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.shown_attachment(rel, (options ->> 'stage_column')::name);
	per_row boolean;
BEGIN
	lifecycle := coalesce(quote_literal(a.lifecycle) || '::pg_catalog.text', format('t.%I::pg_catalog.text', a.lifecycle_column));
	journey := format('t.%I', a.journey_column);
	rule := CASE WHEN a.lifecycle IS NULL THEN 'm.rule' ELSE '(SELECT %1$s(' || replace(lifecycle, '%', '%%') || '%2$s))' END;
	rules := CASE WHEN a.lifecycle IS NULL
		THEN format(' JOIN (SELECT l.name, %%1$s(l.name%%2$s) AS rule FROM @extschema@.lifecycle l OFFSET 0) m ON m.name = %s', replace(lifecycle, '%', '%%'))
		ELSE '' END;
	SELECT s.per_row, s.columns INTO per_row, names FROM @extschema@.bi_shapes() s WHERE s.shape = bi_frame.shape;
	own := ARRAY(
		SELECT k.name FROM (
			SELECT p.attname::text AS name, array_position(i.indkey::int2[], p.attnum) AS place
			FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
			WHERE i.indrelid = a.relation AND i.indisprimary AND per_row
			UNION ALL
			SELECT b.name, 1000 + b.place FROM jsonb_array_elements_text(options -> 'by') WITH ORDINALITY b (name, place)) k
		GROUP BY k.name ORDER BY min(k.place));
	labels := '{}';
	IF shape = 'dates' THEN
		EXECUTE format('SELECT ARRAY(SELECT s.label FROM @extschema@.stage s WHERE NOT s.outside AND s.lifecycle IN (SELECT %s%s)
			GROUP BY s.label ORDER BY min(s.position), s.label COLLATE "C")',
			lifecycle, CASE WHEN a.lifecycle IS NULL THEN format(' FROM %s t', rel) ELSE '' END)
		INTO labels;
		IF cardinality(names || own || labels) > 1600 THEN
			RAISE EXCEPTION 'the dates of % would have % columns', rel, cardinality(names || own || labels)
				USING ERRCODE = 'too_many_columns', DETAIL = 'A view has at most 1,600, and this one a column for each stage of each lifecycle in the table.',
					HINT = 'Make a view of the rows of one lifecycle, or of some, and create_bi_views() of that.';
		END IF;
	END IF;
	names := @extschema@.distinct_names(names, own || labels);
	SELECT concat(lifecycle, ' AS lifecycle, ', string_agg(format('%s AS %I, ', c.expression, c.name), '' ORDER BY c.n)),
		concat(lifecycle, ' AS lifecycle, ', string_agg(format('%s AS by_%s, ', c.expression, c.n), '' ORDER BY c.n)),
		concat('x.lifecycle, ', string_agg(format('x.by_%s AS %I, ', c.n, c.name), '' ORDER BY c.n))
	INTO row_list, inner_list, outer_list
	FROM (SELECT u.n, @extschema@.bi_column(rel, u.name::name) AS expression, names[u.n] AS name FROM unnest(own) WITH ORDINALITY u (name, n)) c;
	SELECT concat(' GROUP BY ' || string_agg(n::text, ', ')) INTO groups
	FROM generate_series(CASE WHEN a.lifecycle IS NULL THEN 1 ELSE 2 END, cardinality(own) + 1) n;
END $$;
COMMENT ON FUNCTION @extschema@.bi_frame(regclass, text, jsonb) IS 'what the query of a view for BI is made of';

CREATE FUNCTION @extschema@.bi_row_query(rel regclass, shape text, options jsonb) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record := @extschema@.bi_frame(rel, shape, options);
BEGIN
	RETURN CASE shape
	WHEN 'stages' THEN format($q$
		SELECT s.lifecycle, s.label AS stage, coalesce(s.title, s.label) AS title, s.phase, s."position", s.outcome, s.probability,
			pg_catalog.date_part('epoch', s.sla) / 86400 AS sla_days, s.owner, s.color, s.is_entry, s.is_final
		FROM @extschema@.stage s
		WHERE NOT s.outside AND EXISTS (SELECT FROM (SELECT %1$s AS lifecycle %2$s) t WHERE t.lifecycle = s.lifecycle)$q$,
		f.lifecycle, CASE WHEN f.rules = '' THEN format('WHERE %L::pg_catalog.regclass IS NOT NULL', rel) ELSE format('FROM %s t', rel) END)
	-- Each column is worked out only where it is asked for. A journey out of line is fetched once.
	WHEN 'history' THEN format($q$
		SELECT %4$sx.lifecycle_step AS step, @extschema@.step_stage(x.lifecycle_journey, x.lifecycle_step) AS stage,
			@extschema@.step_stage(x.lifecycle_journey, x.lifecycle_step - 1) AS previous_stage,
			@extschema@.step_at(x.lifecycle_journey, x.lifecycle_step) AS entered_at,
			@extschema@.step_at(x.lifecycle_journey, x.lifecycle_step + 1) AS left_at,
			pg_catalog.date_part('epoch', @extschema@.step_at(x.lifecycle_journey, x.lifecycle_step + 1)
				- @extschema@.step_at(x.lifecycle_journey, x.lifecycle_step)) / 86400 AS days,
			CASE WHEN x.lifecycle_step = @extschema@.step_count(x.lifecycle_journey)
				THEN pg_catalog.date_part('epoch', pg_catalog.now() - @extschema@.last_moved_at(x.lifecycle_journey)) / 86400 END AS open_days,
			x.lifecycle_step = @extschema@.step_count(x.lifecycle_journey) AS is_current
		FROM (
			SELECT %1$s%3$s AS lifecycle_journey, @extschema@.step_numbers(%3$s) AS lifecycle_step
			FROM %2$s t) x$q$,
		f.inner_list, rel, f.journey, f.outer_list)
	WHEN 'dates' THEN format($q$
		SELECT %1$s@extschema@.current_stage(%3$s) AS stage, @extschema@.started_at(%3$s) AS started_at,
			@extschema@.in_stage_since(%3$s) AS stage_since,
			pg_catalog.date_part('epoch', pg_catalog.now() - @extschema@.in_stage_since(%3$s)) / 86400 AS days_in_stage,
			@extschema@.step_count(%3$s) AS steps%4$s
		FROM %2$s t$q$,
		f.row_list, rel, f.journey,
		(SELECT string_agg(format(', @extschema@.entered_at(%s, %L::pg_catalog.text) AS %I', f.journey, l.label, f.names[cardinality(f.own) + l.n]), '' ORDER BY l.n)
			FROM unnest(f.labels) WITH ORDINALITY l (label, n)))
	WHEN 'due' THEN format($q$
		SELECT x.*, x.due_at <= pg_catalog.now() AS overdue, pg_catalog.date_part('epoch', x.due_at - pg_catalog.now()) / 86400 AS days_left
		FROM (
			SELECT %1$ss.label AS stage, coalesce(s.title, s.label) AS title, s.owner, @extschema@.in_stage_since(%3$s) AS since,
				(@extschema@.in_stage_since(%3$s) AT TIME ZONE %5$L + s.sla) AT TIME ZONE %5$L AS due_at
			FROM %2$s t JOIN (
				SELECT d.*, h.held FROM @extschema@.stage d CROSS JOIN LATERAL pg_catalog.unnest(d.label || d.formerly) h (held) WHERE d.sla IS NOT NULL) s
				ON s.lifecycle = %4$s AND s.held = @extschema@.current_stage(%3$s)) x$q$,
		f.row_list, rel, f.journey, f.lifecycle, options ->> 'time_zone')
	END;
END $$;
COMMENT ON FUNCTION @extschema@.bi_row_query(regclass, text, jsonb) IS 'the query of a view for BI that has a row for each stage, or for each row of the table or its steps';

-- The aggregate that a view reads; where it asks what a rule says, which one that is, and %s where it belongs.
CREATE FUNCTION @extschema@.bi_summary(shape text, options jsonb, journey text, OUT asks text, OUT summary text) RETURNS record
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given text := options ->> shape;
BEGIN
	IF given IS NULL AND shape <> 'census' THEN
		asks := '@extschema@.bi_' || CASE shape WHEN 'flow' THEN 'order' ELSE shape END;
		journey := replace(journey, '%', '%%');
	END IF;
	summary := CASE
		WHEN shape = 'census' THEN format('@extschema@.census_agg(%s, (SELECT @extschema@.bi_census(%L, %L, %L)))',
			journey, options ->> 'every', options ->> 'months', options ->> 'time_zone')
		WHEN shape = 'flow' THEN format('@extschema@.velocity_agg(@extschema@.journey_rounds(%s, %%s))', journey)
		WHEN shape = 'funnel' AND given IS NULL THEN format('@extschema@.funnel_agg(%s, %%s)', journey)
		WHEN shape = 'funnel' THEN format('@extschema@.funnel_agg(%s, %L::@extschema@.funnel_spec%s)', journey, given, @extschema@.bi_as_of('funnel', given))
		WHEN shape = 'cohorts' AND given IS NULL
			THEN format('@extschema@.retention_agg(@extschema@.journey_begun(%s, ''[*]''), %%s, pg_catalog.now())', journey)
		WHEN shape = 'cohorts' THEN format('@extschema@.retention_agg(%s, %L::@extschema@.retention_spec%s)', journey, given, @extschema@.bi_as_of('retention', given))
		END;
END $$;
COMMENT ON FUNCTION @extschema@.bi_summary(text, jsonb, text) IS 'the aggregate in the query of a view for BI';

CREATE FUNCTION @extschema@.bi_summary_query(rel regclass, shape text, options jsonb) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record := @extschema@.bi_frame(rel, shape, options);
	s record := @extschema@.bi_summary(shape, options, f.journey);
	arguments text := CASE shape WHEN 'cohorts' THEN format(', %L, %L', options ->> 'months', options ->> 'time_zone') ELSE '' END;
	rule text := format(f.rule, s.asks, arguments);
	summaries text := format('(SELECT %s%s AS summary FROM %s t%s%s) x', f.inner_list,
		CASE WHEN s.asks IS NULL THEN s.summary ELSE format(s.summary, rule) END, rel,
		CASE WHEN s.asks IS NOT NULL THEN format(f.rules, s.asks, arguments) || format(' WHERE %s IS NOT NULL', rule) END, f.groups);
BEGIN
	RETURN CASE shape
	WHEN 'funnel' THEN format($q$
		SELECT %1$sf.step, f.stage, coalesce(s.title, f.stage) AS title, f.reached AS value, f.pending, f.dropped,
			f.from_first, f.from_previous, f.ci_low, f.ci_high,
			pg_catalog.date_part('epoch', f.p50) / 86400 AS p50_days, pg_catalog.date_part('epoch', f.p90) / 86400 AS p90_days
		FROM %2$s CROSS JOIN LATERAL @extschema@.funnel_steps(x.summary) f
			LEFT JOIN @extschema@.stage s ON s.lifecycle = x.lifecycle AND s.label = f.stage$q$,
		f.outer_list, summaries)
	WHEN 'flow' THEN format($q$
		SELECT %1$sm.source, m.target, m.source_round, m.target_round,
			CASE WHEN m.source_round < 10 THEN @extschema@.bi_node(m.source, m.source_round) END AS source_node,
			CASE WHEN m.source_round < 10 THEN @extschema@.bi_node(m.target, m.target_round) END AS target_node, m.value, m.total_days
		FROM %2$s CROSS JOIN LATERAL (
			SELECT pg_catalog."left"(v.from_stage, -1) AS source, pg_catalog."left"(v.to_stage, -1) AS target,
				pg_catalog.ascii(pg_catalog."right"(v.from_stage, 1)) AS source_round, pg_catalog.ascii(pg_catalog."right"(v.to_stage, 1)) AS target_round,
				v.moves AS value, v.moves * pg_catalog.date_part('epoch', v.mean) / 86400 AS total_days
			FROM @extschema@.velocity_moves(x.summary) v) m$q$,
		f.outer_list, summaries)
	WHEN 'cohorts' THEN format($q$
		SELECT %1$s(c.cohort AT TIME ZONE %3$L)::pg_catalog.date AS cohort, c.period, c.size, c.retained, c.share, c.complete
		FROM %2$s CROSS JOIN LATERAL @extschema@.retention_cells(x.summary) c WHERE c.cohort IS NOT NULL$q$,
		f.outer_list, summaries, CASE WHEN s.asks IS NULL
			THEN coalesce(substring(options ->> 'cohorts' FROM 'at time zone ''([^'']*)'''), 'UTC') ELSE options ->> 'time_zone' END)
	WHEN 'census' THEN format($q$
		SELECT %1$sc.at, (c.at AT TIME ZONE %3$L)::pg_catalog.date AS day, c.stage, coalesce(s.title, c.stage) AS title, s."position", c.count AS value
		FROM %2$s CROSS JOIN LATERAL @extschema@.census_cells(x.summary) c
			LEFT JOIN @extschema@.stage s ON s.lifecycle = x.lifecycle AND s.label = c.stage$q$,
		f.outer_list, summaries, options ->> 'time_zone')
	END;
END $$;
COMMENT ON FUNCTION @extschema@.bi_summary_query(regclass, text, jsonb) IS 'the query of a view for BI that sums the rows of the table up';

-- Comments are anybody's to write on what they own.
CREATE FUNCTION @extschema@.bi_options(view oid) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN substring(obj_description(view, 'pg_class') FROM '\nlifecycle\.create_bi_views\(\): (\{.*\})$')::jsonb;
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END $$;
COMMENT ON FUNCTION @extschema@.bi_options(oid) IS 'what a view for BI was made of, by its comment; NULL where it is none';

-- The views of a table that are ours, by their comment; those of roles that the caller is not a member of are theirs.
CREATE FUNCTION @extschema@.bi_views(rel regclass, OUT shape text, OUT view regclass, OUT options jsonb) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT v.options ->> 'shape', v.oid::regclass, v.options - 'shape'
	FROM (
		SELECT c.oid, @extschema@.bi_options(c.oid) AS options
		FROM pg_class c
		WHERE c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE') AND EXISTS (
			SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
			WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = rel)) v
		JOIN @extschema@.bi_shapes() s ON s.shape = v.options ->> 'shape'
	ORDER BY v.oid::regclass::text COLLATE "C"
$$;
COMMENT ON FUNCTION @extschema@.bi_views(regclass) IS 'the views that create_bi_views() made over a table, with what they were asked for';

-- Only dates have columns that a lifecycle can leave behind.
CREATE FUNCTION @extschema@.outdated_bi_views(rel regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT v.view FROM @extschema@.bi_views(rel) v CROSS JOIN LATERAL @extschema@.bi_frame(rel, v.shape, v.options) f
	WHERE v.shape = 'dates' AND NOT f.names <@ ARRAY(SELECT p.attname::text FROM pg_attribute p WHERE p.attrelid = v.view)
$$;
COMMENT ON FUNCTION @extschema@.outdated_bi_views(regclass) IS 'the views for BI that lack a column for a stage of today';

CREATE FUNCTION @extschema@.make_bi_view(rel regclass, shape text, schema name, view_name name, options jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text := coalesce(@extschema@.bi_row_query(rel, shape, options), @extschema@.bi_summary_query(rel, shape, options));
	target text := format('%I.%I', schema, view_name);
	existing regclass := to_regclass(target);
	change text := CASE WHEN existing IS NULL THEN 'created' ELSE 'replaced' END;
	grants text[];
	owner name;
	command text;
	dependents text;
BEGIN
	IF existing IS NOT NULL AND NOT EXISTS (SELECT FROM @extschema@.bi_views(rel) v WHERE v.view = existing AND v.shape = make_bi_view.shape) THEN
		RAISE EXCEPTION 'there is a relation % already, which is not your view of %', existing, rel
			USING ERRCODE = 'duplicate_table', HINT = 'Give the views another schema or prefix: create_bi_views(..., prefix => ''...'').';
	END IF;
	BEGIN
		EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', target, query);
	EXCEPTION WHEN invalid_table_definition THEN
		IF existing IS NULL THEN
			RAISE;
		END IF;
		-- Columns went or changed places. What was granted on the view is granted on the new one.
		SELECT pg_get_userbyid(c.relowner), ARRAY(
			SELECT format('GRANT %s ON %s TO %s%s', g.privilege_type, target, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
				CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
			FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner)
		INTO owner, grants FROM pg_class c WHERE c.oid = existing;
		BEGIN
			EXECUTE format('DROP VIEW %s', target);
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS dependents = PG_EXCEPTION_DETAIL;
			RAISE EXCEPTION '%', SQLERRM USING ERRCODE = 'dependent_objects_still_exist', DETAIL = dependents,
				HINT = 'Drop them, call this again, and make them again.';
		END;
		EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS %s', target, query);
		EXECUTE format('ALTER VIEW %s OWNER TO %I', target, owner);
		FOREACH command IN ARRAY grants LOOP
			EXECUTE command;
		END LOOP;
		change := 'made anew';
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', target, (SELECT s.says FROM @extschema@.bi_shapes() s WHERE s.shape = make_bi_view.shape)
		|| E'\nlifecycle.create_bi_views(): ' || (options || jsonb_build_object('shape', shape)));
	RETURN change;
END $$;
COMMENT ON FUNCTION @extschema@.make_bi_view(regclass, text, name, name, jsonb) IS 'makes or replaces one view for BI, and tells which';

-- All names of a set are as long as the longest of them lets them be; a prefix that is cut tells itself from others.
CREATE FUNCTION @extschema@.bi_name(prefix text, shape text) RETURNS name
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN octet_length(prefix) <= room THEN prefix ELSE @extschema@.clip(prefix, room - 7) || '_' || left(md5(prefix), 6) END || '_' || shape
	FROM (SELECT current_setting('max_identifier_length')::integer - max(length(s.shape)) - 1 AS room FROM @extschema@.bi_shapes() s) r
$$;
COMMENT ON FUNCTION @extschema@.bi_name(text, text) IS 'the name of a view for BI';

CREATE FUNCTION @extschema@.create_bi_views(rel regclass, stage_column name DEFAULT NULL, schema name DEFAULT NULL, prefix text DEFAULT NULL,
	"by" name[] DEFAULT '{}', funnel @extschema@.funnel_spec DEFAULT NULL, cohorts @extschema@.retention_spec DEFAULT NULL,
	every interval DEFAULT '7 days', months integer DEFAULT 24, time_zone text DEFAULT 'UTC',
	OUT shape text, OUT view regclass, OUT change text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.shown_attachment(rel, stage_column);
	options jsonb;
	missing text;
BEGIN
	IF every IS NULL OR months IS NULL OR time_zone IS NULL THEN
		RAISE EXCEPTION 'the census''s interval, the months and the time zone must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	SELECT string_agg(format('"%s"', c), ', ') INTO missing FROM unnest("by") c
	WHERE NOT EXISTS (SELECT FROM pg_attribute p WHERE p.attrelid = rel AND p.attname = c AND p.attnum > 0 AND NOT p.attisdropped);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% has no column %', rel, missing
			USING ERRCODE = 'undefined_column', HINT = '"by" names columns of the table that charts are split by.';
	END IF;
	-- What the views will ask is tried now, so that a mistake is not found by whoever reads them.
	PERFORM @extschema@.bi_census(every, months, time_zone), @extschema@.retention_spec('[*]', '{[*]}', '1 month', months, time_zone => time_zone);
	options := jsonb_strip_nulls(jsonb_build_object('stage_column', stage_column, 'by', coalesce(to_jsonb("by"), '[]'), 'funnel', funnel::text, 'cohorts', cohorts::text,
		'every', every::text, 'months', months, 'time_zone', time_zone));
	SELECT coalesce(schema, s.nspname), coalesce(prefix, c.relname || CASE WHEN stage_column IS NULL THEN '' ELSE '_' || stage_column END)
	INTO schema, prefix FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = rel;
	FOR shape IN SELECT s.shape FROM @extschema@.bi_shapes() s LOOP
		change := @extschema@.make_bi_view(rel, shape, schema, @extschema@.bi_name(prefix, shape), options);
		view := format('%I.%I', schema, @extschema@.bi_name(prefix, shape))::regclass;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.create_bi_views(regclass, name, name, text, name[], @extschema@.funnel_spec, @extschema@.retention_spec, interval, integer, text)
	IS 'makes views of a table for BI tools, of ordinary types, owned by the caller';

CREATE FUNCTION @extschema@.refresh_bi_views(rel regclass, OUT shape text, OUT view regclass, OUT change text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v record;
BEGIN
	FOR v IN SELECT b.*, n.nspname, c.relname FROM @extschema@.bi_views(rel) b JOIN pg_class c ON c.oid = b.view JOIN pg_namespace n ON n.oid = c.relnamespace LOOP
		shape := v.shape;
		change := @extschema@.make_bi_view(rel, shape, v.nspname, v.relname, v.options);
		view := format('%I.%I', v.nspname, v.relname)::regclass;
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.refresh_bi_views(regclass) IS 'makes the views of a table for BI again, as they were asked for, after its lifecycle changed';

CREATE FUNCTION @extschema@.drop_bi_views(rel regclass, OUT shape text, OUT view text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	FOR shape, view IN SELECT b.shape, b.view::text FROM @extschema@.bi_views(rel) b LOOP
		EXECUTE format('DROP VIEW %s', view);
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.drop_bi_views(regclass) IS 'drops the views of a table for BI';
