-- Every function on journeys against plain SQL over the same steps in a table, for random journeys, with
-- stages given as text and as an enum.
CREATE SCHEMA journey_reference;
SET search_path = journey_reference, lifecycle, public;
SET timezone = 'UTC';
SET client_min_messages = warning;

-- The labels: nothing, marks that the text form uses, as many bytes as an enum allows, and plain ones.
CREATE TYPE stage AS ENUM ('won', 'lead', 'a, b}', '">@\x', 'ééééééééééééééééééééééééééééééé', 'x', 'c > d', '{', '漏斗');
CREATE TABLE label AS SELECT n, CASE n WHEN 1 THEN '' ELSE e::text END AS stage, e FROM unnest(enum_range(NULL::stage)) WITH ORDINALITY u(e, n);

-- 400 journeys of up to 14 steps; many steps are tied; the clock ticks in hours, in microseconds or in
-- decades.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TABLE step AS
SELECT id, step, n AS label, stage, nullif(e, 'won') AS e,
	(CASE id % 4 WHEN 0 THEN timestamptz '1999-12-31 23:59:59.999990' WHEN 1 THEN '4713-01-01 BC' WHEN 2 THEN '2024-02-28' ELSE '294200-01-01' END)
		+ sum(CASE WHEN step = 1 THEN 0 ELSE chance(id || 'gap' || step, 3) END) OVER (PARTITION BY id ORDER BY step)
			* (CASE id % 4 WHEN 0 THEN interval '1 microsecond' WHEN 1 THEN '7300 days' WHEN 2 THEN '1 hour' ELSE '1 day 00:00:00.5' END) AS at
FROM generate_series(1, 400) id, generate_series(1, 14) step, label
WHERE step <= 1 + chance(id || 'length', 14) AND n = 1 + least(chance(id || 'a' || step, 9), chance(id || 'b' || step, 10));
CREATE TABLE left_step AS
SELECT *, lead(at) OVER w AS left_at, lead(stage) OVER w AS next_stage, lag(stage) OVER w AS last_stage, count(*) OVER (PARTITION BY id) AS steps
FROM step WINDOW w AS (PARTITION BY id ORDER BY step);
CREATE INDEX ON step (id);
CREATE INDEX ON left_step (id);
ANALYZE step, left_step;

-- The journeys, from their text.
CREATE FUNCTION quoted(label text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT '"' || replace(replace(label, '\', '\\'), '"', '\"') || '"' $$;
CREATE FUNCTION printed(at timestamptz) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || CASE WHEN at < '0001-01-01' THEN ' BC' ELSE '' END $$;
CREATE TABLE trip AS
SELECT id, ('{' || string_agg(quoted(stage) || '@' || printed(at), ',' ORDER BY step) || '}')::journey AS j
FROM step GROUP BY id;
CREATE UNIQUE INDEX ON trip (id);
ANALYZE trip;

-- Rows, lists, and where the journey is now.
SELECT count(*) AS steps, count(*) FILTER (WHERE (s.stage, s.entered_at, s.left_at, s.dwell) IS DISTINCT FROM (r.stage, r.at, r.left_at, r.left_at - r.at)) AS differ
FROM (SELECT id, s.* FROM trip, steps(j) s) s FULL JOIN left_step r USING (id, step);
SELECT count(*) AS journeys, count(*) FILTER (WHERE path(j) <> path) AS path, count(*) FILTER (WHERE moves(j) <> moves) AS moves,
	count(*) FILTER (WHERE stages(j) <> stages) AS stages, count(*) FILTER (WHERE current_stage(j) <> current_stage) AS current_stage,
	count(*) FILTER (WHERE (started_at(j), last_moved_at(j), step_count(j)) <> (first, last, steps)) AS head,
	count(*) FILTER (WHERE in_stage_since(j) <> since) AS in_stage_since,
	count(*) FILTER (WHERE NOT ends_in(j, current_stage) OR ends_in(j, current_stage || 'x')) AS ends_in
FROM trip JOIN (
	SELECT id, string_agg(stage, '>' ORDER BY step) AS path, min(at) AS first, max(at) AS last, max(step) AS steps,
		coalesce(array_agg(stage || '>' || next_stage ORDER BY step) FILTER (WHERE step < steps), '{}') AS moves,
		(SELECT array_agg(stage ORDER BY first) FROM (SELECT stage, min(step) AS first FROM step s WHERE s.id = l.id GROUP BY stage) d) AS stages,
		(array_agg(stage ORDER BY step DESC))[1] AS current_stage,
		(array_agg(at ORDER BY step DESC) FILTER (WHERE last_stage IS DISTINCT FROM stage))[1] AS since
	FROM left_step l GROUP BY id) r USING (id);

-- One stage, as text and as an enum.
CREATE TABLE asked AS
SELECT id, j, l.stage, nullif(e, 'won') AS e, nth, (SELECT count(*) FROM step s WHERE s.id = t.id AND s.stage = l.stage) AS visits,
	CASE WHEN nth > 0 THEN seen[nth] ELSE seen[cardinality(seen) + 1 + nth] END AS entered_at,
	CASE WHEN nth > 0 THEN quit[nth] ELSE quit[cardinality(quit) + 1 + nth] END AS left_at
FROM trip t CROSS JOIN label l CROSS JOIN unnest('{1,2,3,5,15,-1,-2,-3,-15}'::int[]) nth
	LEFT JOIN LATERAL (SELECT array_agg(at ORDER BY step) AS seen, array_agg(left_at ORDER BY step) AS quit FROM left_step s WHERE s.id = t.id AND s.stage = l.stage) v ON true;
SELECT count(*) AS questions, count(entered_at) AS answers, count(DISTINCT visits) AS numbers,
	count(*) FILTER (WHERE entered_at(j, stage, nth) IS DISTINCT FROM entered_at) AS entered_at,
	count(*) FILTER (WHERE left_at(j, stage, nth) IS DISTINCT FROM left_at) AS left_at,
	count(*) FILTER (WHERE visits(j, stage) <> visits) AS visits,
	count(*) FILTER (WHERE entered_at(j, e, nth) IS DISTINCT FROM CASE WHEN e IS NOT NULL THEN entered_at END) AS entered_at_enum,
	count(*) FILTER (WHERE left_at(j, e, nth) IS DISTINCT FROM CASE WHEN e IS NOT NULL THEN left_at END) AS left_at_enum,
	count(*) FILTER (WHERE visits(j, e) IS DISTINCT FROM CASE WHEN e IS NOT NULL THEN visits END) AS visits_enum,
	count(*) FILTER (WHERE nth = 1 AND (entered_at(j, stage), left_at(j, stage), entered_at(j, e), left_at(j, e)) IS DISTINCT FROM
		(entered_at, left_at, CASE WHEN e IS NOT NULL THEN entered_at END, CASE WHEN e IS NOT NULL THEN left_at END)) AS by_default
FROM asked;
SELECT count(*) AS questions, count(between_them) AS answers,
	count(*) FILTER (WHERE time_between(j, a.stage, b.stage) IS DISTINCT FROM between_them) AS time_between,
	count(*) FILTER (WHERE a.e > 'won' AND b.e > 'won' AND time_between(j, a.e, b.e) IS DISTINCT FROM between_them) AS time_between_enum
FROM trip t CROSS JOIN label a CROSS JOIN label b
	LEFT JOIN LATERAL (SELECT step, at FROM step s WHERE s.id = t.id AND s.stage = a.stage ORDER BY step LIMIT 1) f ON true
	LEFT JOIN LATERAL (SELECT min(s.at) - f.at AS between_them FROM step s WHERE s.id = t.id AND s.stage = b.stage AND s.step <> f.step AND s.at >= f.at) n ON true;

-- Instants: each step's own, a microsecond to both sides, far out.
CREATE TABLE moment AS
SELECT DISTINCT id, m.at FROM step s, unnest(ARRAY[s.at, s.at - interval '1 microsecond', s.at + interval '1 microsecond', timestamptz '4714-11-24 BC', '280000-12-31 23:59:59.999999']) m(at);
SELECT count(*) AS questions, count(stage) AS answers, count(*) FILTER (WHERE stage_at(j, m.at) IS DISTINCT FROM stage) AS stage_at
FROM moment m JOIN trip t USING (id)
	LEFT JOIN LATERAL (SELECT stage FROM step s WHERE s.id = t.id AND s.at <= m.at ORDER BY step DESC LIMIT 1) h ON true;
SELECT count(*) AS questions, count(spent) AS answers,
	count(*) FILTER (WHERE time_in(j, l.stage, m.at) IS DISTINCT FROM spent) AS time_in,
	count(*) FILTER (WHERE e > 'won' AND time_in(j, e, m.at) IS DISTINCT FROM spent) AS time_in_enum
FROM moment m JOIN trip t USING (id) CROSS JOIN label l
	LEFT JOIN LATERAL (SELECT sum(least(left_at, m.at) - at) AS spent FROM left_step s WHERE s.id = t.id AND s.stage = l.stage AND at <= m.at) h ON true
WHERE id <= 100;

-- Parts: bounds open, closed, missing, at and between the steps.
CREATE INDEX ON moment (id);
ANALYZE moment;
CREATE TABLE during AS
SELECT id, tstzrange(lower, upper, bounds) AS r
FROM (SELECT a.id, a.at AS lower, b.at AS upper FROM moment a JOIN moment b USING (id) WHERE a.at <= b.at AND chance(a.id || 'r' || a.at || b.at, 20) = 0
	UNION ALL SELECT id, NULL, at FROM moment UNION ALL SELECT id, at, NULL FROM moment UNION ALL SELECT DISTINCT id, NULL::timestamptz, NULL::timestamptz FROM moment) b, unnest('{[],[),(],()}'::text[]) bounds;
SELECT count(*) AS ranges, count(r.part) AS not_empty,
	count(*) FILTER (WHERE slice(j, d.r) IS DISTINCT FROM r.part) AS slice
FROM during d JOIN trip USING (id) LEFT JOIN LATERAL (
	SELECT journey_agg(stage, at, n) AS part
	FROM (SELECT step AS n, stage, at FROM step s WHERE s.id = d.id AND s.at <@ d.r
		UNION ALL (SELECT 0, stage, lower(d.r) FROM step s WHERE s.id = d.id AND NOT isempty(d.r) AND s.at <= lower(d.r)
			AND NOT EXISTS (SELECT FROM step i WHERE i.id = d.id AND i.at = lower(d.r) AND i.at <@ d.r) ORDER BY step DESC LIMIT 1)) p) r ON true;
SELECT count(*) AS ranges, count(part) AS not_empty, count(*) FILTER (WHERE crop(j, a, b) IS DISTINCT FROM part) AS crop
FROM (SELECT DISTINCT id, coalesce(lower(r), '-infinity') AS a, coalesce(upper(r), 'infinity') AS b FROM during WHERE NOT isempty(r)) d JOIN trip USING (id)
	LEFT JOIN LATERAL (SELECT journey_agg(stage, at, step) AS part FROM step s WHERE s.id = d.id AND s.at >= a AND s.at < b) p ON true;
SELECT count(*) AS journeys, count(*) FILTER (WHERE collapse(j) <> collapsed) AS collapse, count(*) FILTER (WHERE collapsed <> j) AS shorter,
	count(*) FILTER (WHERE relabel(j, 'x', 'lead') <> relabelled) AS relabel
FROM trip JOIN (SELECT id, journey_agg(stage, at, step) FILTER (WHERE stage IS DISTINCT FROM last_stage) AS collapsed,
	journey_agg(CASE stage WHEN 'x' THEN 'lead' ELSE stage END, at, step) AS relabelled FROM left_step GROUP BY id) r USING (id);

-- Wholes: one after the other; and several in time, each in its own order.
SELECT count(*) AS pairs, count(*) FILTER (WHERE crop(a.j, '-infinity', m.at) || crop(a.j, m.at, 'infinity') <> a.j) AS cut_and_joined
FROM trip a JOIN moment m USING (id) WHERE crop(a.j, '-infinity', m.at) IS NOT NULL AND crop(a.j, m.at, 'infinity') IS NOT NULL;
SELECT count(*) AS journeys, count(*) FILTER (WHERE merged IS DISTINCT FROM whole) AS differ
FROM (SELECT id % 50 AS g, id % 4 AS era, journey_merge(j) AS merged FROM trip GROUP BY 1, 2) m JOIN (
	SELECT g, era, journey_agg(stage, at, place * 1000 + bytes) AS whole
	FROM (SELECT *, row_number() OVER (PARTITION BY id, at ORDER BY step) AS place,
			dense_rank() OVER (ORDER BY stage COLLATE "C") AS bytes, id % 50 AS g, id % 4 AS era FROM step) s GROUP BY 1, 2) w USING (g, era);

-- Forms: text, jsonb, and an order that is total and that equal journeys, and only they, share.
SELECT count(*) AS journeys, count(*) FILTER (WHERE j::text::journey <> j OR j::text::journey::text <> j::text) AS text,
	count(*) FILTER (WHERE j::jsonb::journey <> j) AS jsonb,
	count(*) FILTER (WHERE (SELECT array_agg((e ->> 'stage', (e ->> 'at')::timestamptz) ORDER BY n) FROM jsonb_array_elements(j::jsonb) WITH ORDINALITY u(e, n))
		<> (SELECT array_agg((stage, at) ORDER BY step) FROM step s WHERE s.id = t.id)) AS elements
FROM trip t;
CREATE TABLE twin AS
SELECT id, journey_agg(stage, at, step) AS j FROM step GROUP BY id
UNION ALL SELECT -id, collapse(j) FROM trip UNION ALL SELECT id + 1000, slice(j, tstzrange(last_moved_at(j), NULL)) FROM trip;
SELECT count(*) AS pairs, count(*) FILTER (WHERE a.j = b.j) AS equal,
	count(*) FILTER (WHERE (a.j = b.j) <> (steps_a = steps_b)) AS differ,
	count(*) FILTER (WHERE a.j = b.j AND (journey_hash(a.j), journey_hash_extended(a.j, 42)) <> (journey_hash(b.j), journey_hash_extended(b.j, 42))) AS hash
FROM (SELECT j, ARRAY(SELECT stage || '@' || entered_at FROM steps(j) ORDER BY step) AS steps_a FROM trip) a,
	(SELECT j, ARRAY(SELECT stage || '@' || entered_at FROM steps(j) ORDER BY step) AS steps_b FROM twin) b;
SELECT count(*) AS neighbours, count(*) FILTER (WHERE NOT last <= j OR journey_cmp(last, j) > 0) AS unordered
FROM (SELECT j, lag(j) OVER (ORDER BY j) AS last FROM twin) o WHERE last IS NOT NULL;

-- Every function of a stage exists for text and for enums, and nothing was forgotten above.
SELECT p.proname, string_agg(pg_get_function_identity_arguments(p.oid), ' | ' ORDER BY p.proargtypes::text) AS arguments
FROM pg_proc p WHERE pronamespace = 'lifecycle'::regnamespace
	AND proname IN ('journey_agg', 'entered_at', 'left_at', 'visits', 'time_in', 'time_between', 'ends_in') GROUP BY 1 ORDER BY 1;

DROP SCHEMA journey_reference CASCADE;
