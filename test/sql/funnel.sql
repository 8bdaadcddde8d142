-- Funnels: literals, values, readers and aggregates. Which chain of a journey counts is funnel_chains.
\set VERBOSITY default
CREATE SCHEMA funnel_test;
SET search_path = funnel_test, lifecycle, public;
SET TIME ZONE 'UTC';
SET intervalstyle = postgres;

-- A specification prints canonically, and its text reads back to itself.
CREATE TABLE literal (n int GENERATED ALWAYS AS IDENTITY, spec funnel_spec);
INSERT INTO literal (spec) VALUES
	('lead > mql > won'),
	('lead>mql(7 days)>"closed won"( 30  DAYS ) WITHIN 90 days ORDERED'),
	('Lead > LEAD > 3 > a-b.c_d > "say \"x\"" > étape'),
	('within > any > at within 1 year 2 months 36 hours any order'),
	('a > b as of 2026-05-01 within 1.5 hours entered 2026-01-01 10:00+02 to 2026-04-01'),
	('a > b entered since 2026-01-01'),
	('a > b entered before 2026-01-01T00:00:00.000001Z'),
	('a > b (0 days) adjacent first entry excluding lost, churned, lost'),
	('a > b > c at least within 0 days'),
	('a > b (1 day) > c (1 month) as of 2026-05-01'),
	('a');
SELECT n, spec FROM literal ORDER BY n;
SELECT array_agg(n ORDER BY spec) AS by_text, count(DISTINCT spec) FROM literal;
SELECT spec, count(*) FROM (SELECT spec FROM literal UNION ALL VALUES ('a>b>c at least within 0'::funnel_spec)) x GROUP BY spec HAVING count(*) > 1;
SELECT count(*) AS changed FROM literal WHERE spec::text::funnel_spec::text <> spec::text;

-- Every mistake is told with its place.
CREATE PROCEDURE tell(statement text) LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE statement;
	RAISE NOTICE 'no error: %', statement;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RAISE NOTICE '% %', sqlstate, sqlerrm || coalesce(nullif(' | ' || hint, ' | '), '');
END
$$;
DO $$
DECLARE
	literal text;
BEGIN
	FOREACH literal IN ARRAY ARRAY['', ' ', 'a >', 'a > > b', '> a', 'a b', 'a > b within', 'a > b within soon', 'a > b within -1 days',
		'a > b within 90 days within 1 day', 'a > b (7)', 'a > b (7 days', 'a (1 day) > b', 'a > b > c (1 day) any order',
		'a > b any', 'a > b first', 'a > b at last', 'a > b backwards', 'a > b excluding', 'a > b excluding c,', 'a > b excluding b',
		'a > b entered 2026-01-01', 'a > b entered 2026-02-01 to 2026-01-01', 'a > b entered yesterday to today', 'a > b as 2026-01-01',
		'a > b as of 2026-01-01', 'a > b (1 day) > c as of 2026-01-01', 'a > b within 1 day as of infinity',
		'a > b at least adjacent', 'a > b at least any order', 'a > b > a at least', 'a > "b', 'a > b; c', 'a > ' || repeat('b', 256)]
	LOOP
		CALL tell(format('SELECT %L::lifecycle.funnel_spec', literal));
	END LOOP;
	CALL tell(format('SELECT %L::lifecycle.funnel_spec', array_to_string(array_fill('a'::text, '{65}'), ' > ')));
END
$$;

-- The constructor says the same with named arguments, and refuses the same.
SELECT funnel_spec(steps => '{lead,mql,closed won}', per_step => '{NULL,7 days,30 days}', within => '90 days', ordering => 'adjacent',
	entry => 'first', exclude => '{lost,churned}', entered => '[2026-01-01,2026-04-01]', as_of => '2026-05-01');
SELECT funnel_spec('{a,b,c}', per_step => '{1 day,NULL}', reach => 'at_least', entered => '(,2026-01-01)');
SELECT funnel_spec('{a,b}', ordering => 'any', within => '1 mon 36:00:00.5'), funnel_spec('{a,b}', within => NULL, ordering => NULL, exclude => NULL);
DO $$
DECLARE
	arguments text;
BEGIN
	FOREACH arguments IN ARRAY ARRAY['steps => NULL', 'steps => ''{}''', 'steps => ''{a,NULL}''', '''{a,b}'', per_step => ''{1 day,1 day}''', '''{a,b,c}'', per_step => ''{1 day}''',
		'''{a,b}'', within => ''-1 day''', '''{a,b}'', within => ''1 day -1 hour''', '''{a,b}'', ordering => ''anyhow''', '''{a,b}'', entry => ''last''',
		'''{a,b}'', reach => ''at least''', '''{a,b}'', exclude => ''{b}''', '''{a,b}'', entered => ''empty''', '''{a,b}'', entered => ''[-infinity,2026-01-01)''',
		'''{a,b}'', as_of => ''2026-01-01''', '''{a,b}'', within => ''1 day'', as_of => ''infinity''', 'array_fill(''a''::text, ''{65}'')']
	LOOP
		CALL tell(format('SELECT lifecycle.funnel_spec(%s)', arguments));
	END LOOP;
END
$$;

-- Nothing depends on a setting.
BEGIN;
SET LOCAL datestyle = 'German';
SET LOCAL intervalstyle = iso_8601;
SET LOCAL TIME ZONE 'Asia/Tokyo';
SELECT spec FROM literal WHERE n = 5;
SELECT funnel_times('{a@2026-01-01,b@2026-01-02}', 'a > b entered 2026-01-01 to 2026-01-02')::text <> '{}' AS found;
COMMIT;

-- One journey.
CREATE TABLE deal (id int PRIMARY KEY, segment text, journey journey);
INSERT INTO deal VALUES
	(1, 'smb', '{lead@2026-01-01,mql@2026-01-05,won@2026-01-20}'),
	(2, 'smb', '{lead@2026-01-02,mql@2026-01-12}'),
	(3, 'smb', '{lead@2026-01-03,lead@2026-02-01,mql@2026-02-03,won@2026-06-01}'),
	(4, 'smb', NULL),
	(5, 'big', '{visit@2026-01-01}'),
	(6, 'big', '{mql@2026-01-01,lead@2026-01-01,won@2026-01-01}'),
	(7, 'big', '{lead@2026-04-20,mql@2026-04-21,won@2026-04-22}'),
	(8, 'big', '{lead@2026-01-10,won@2026-01-11}');
SELECT id, funnel_level(journey, 'lead > mql > won within 90 days') AS level, funnel_times(journey, 'lead > mql > won within 90 days') AS times,
	funnel_times(journey, 'lead > mql > won within 90 days at least') AS at_least
FROM deal ORDER BY id;

-- The report, with and without a day to look back from.
SELECT step, stage, eligible, reached, pending, dropped, round(from_first::numeric, 4) AS from_first, round(from_previous::numeric, 4) AS from_previous,
	round(ci_low::numeric, 4) AS ci_low, round(ci_high::numeric, 4) AS ci_high, p50, p90
FROM (SELECT funnel_agg(journey, 'lead > mql > won within 90 days') AS f FROM deal) a, funnel_steps(f);
SELECT step, stage, eligible, reached, pending, dropped
FROM (SELECT funnel_agg(journey, 'lead > mql > won within 90 days', '2026-05-02') AS f FROM deal) a, funnel_steps(f);
SELECT step, stage, reached FROM (SELECT funnel_agg(journey, 'won > lead any order') AS f FROM deal) a, funnel_steps(f);
-- A window that is over exactly then is over.
SELECT as_of, eligible, pending
FROM (SELECT as_of, funnel_agg('{a@2026-01-01}', 'a > b within 10 days', as_of) AS f
	FROM unnest('{2026-01-10T23:59:59.999999Z,2026-01-11T00:00:00Z}'::timestamptz[]) as_of GROUP BY as_of) a, funnel_steps(f)
WHERE step = 1 ORDER BY as_of;
SELECT eligible, pending FROM funnel_steps((SELECT funnel_agg('{a@2026-01-31}', 'a > b (1 month) > c (1 day)', '2026-03-01'))) WHERE step = 1;
SELECT eligible, pending FROM funnel_steps((SELECT funnel_agg('{a@2026-01-31}', 'a > b (1 month) > c (1 day)', '2026-02-28T23:59:59Z'))) WHERE step = 1;

-- What happened later than "as of" has not happened.
SELECT funnel_agg('{a@2026-01-01,a@2026-01-20,b@2026-01-21}', 'a > b within 10 days as of 2026-01-15'),
	funnel_times('{a@2026-01-01,a@2026-01-20,b@2026-01-21}', 'a > b within 10 days as of 2026-01-20T23:59:59Z');

-- Wilson's interval: the ends, and values computed elsewhere (10 of 100, 1 of 10).
SELECT reached, eligible, round(ci_low::numeric, 6) AS ci_low, round(ci_high::numeric, 6) AS ci_high
FROM (VALUES ('{a > b; levels 0 90 10; pending 0 0; times [1*10]}'::funnel), ('{a > b; levels 0 9 1; pending 0 0; times [1]}'),
	('{a > b; levels 0 5 0; pending 0 0; times []}'), ('{a > b; levels 0 0 5; pending 0 0; times [1*5]}')) v(f), funnel_steps(f)
WHERE step = 2;

-- No rows, no journeys, nobody.
SELECT funnel_agg(journey, 'a > b') FROM deal WHERE false;
SELECT funnel_agg(journey, 'a > b') FROM deal WHERE id = 4;
SELECT * FROM funnel_steps((SELECT funnel_agg(journey, 'a > b') FROM deal WHERE id = 4));
SELECT funnel_level(NULL, 'a'), funnel_times('{a@2026-01-01}', NULL), funnel_level('{b@2026-01-01}', 'a');
SELECT funnel_agg(journey, 'lead > won') FROM deal WHERE id = 8;
SELECT funnel_agg(journey, 'lead') FROM deal;

-- What an aggregate meets: duplicates, DISTINCT, FILTER, window frames.
SELECT funnel_agg(journey, 'lead > won') FROM deal, generate_series(1, 3) WHERE id = 8;
SELECT funnel_agg(DISTINCT journey, 'lead > won') FROM deal, generate_series(1, 3) WHERE id = 8;
SELECT funnel_agg(journey, 'lead > mql') FILTER (WHERE segment = 'smb') AS smb, funnel_agg(journey, 'lead > mql') FILTER (WHERE false) AS nobody FROM deal;
SELECT id, funnel_agg(journey, 'lead > mql') OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM deal ORDER BY id;
SELECT id, funnel_agg(journey, 'lead > mql') OVER (ORDER BY id) FROM deal ORDER BY id;

-- One group, one funnel.
SELECT segment, funnel_agg(journey, CASE segment WHEN 'smb' THEN 'lead > mql'::funnel_spec ELSE 'lead > won' END) FROM deal GROUP BY segment ORDER BY segment;
SELECT funnel_agg(journey, CASE WHEN id < 3 THEN 'lead > mql'::funnel_spec ELSE 'lead > won' END) FROM deal;
SELECT funnel_agg(journey, 'a > b within 1 day', CASE WHEN id < 3 THEN '2026-01-01'::timestamptz ELSE '2026-01-02' END) FROM deal;
SELECT funnel_agg(journey, NULL) FROM deal;
SELECT funnel_agg(journey, 'a > b within 1 day', NULL) FROM deal;
SELECT funnel_agg(journey, 'a > b within 1 day', 'infinity') FROM deal;
SELECT funnel_agg(journey, 'a > b', '2026-01-01') FROM deal;
SELECT funnel_agg(journey, 'a > b within 1 day as of 2026-01-01', '2026-01-02') FROM deal;
SELECT funnel_agg(journey, 'a > b within 1 day as of 2026-01-01', '2026-01-01') FROM deal;
SELECT funnel_agg_add(NULL, NULL, 'a > b');
SELECT funnel_agg_combine('{a; levels 0 0; pending 0; times}', '{a; levels 0 0; pending 0; times}');

-- The parts add up to the whole; values of different funnels do not.
SELECT rollup(f)::text = (SELECT funnel_agg(journey, 'lead > mql > won within 90 days')::text FROM deal) AS same
FROM (SELECT segment, funnel_agg(journey, 'lead > mql > won within 90 days') AS f FROM deal GROUP BY segment) s;
SELECT rollup(f) AS with_pending FROM (SELECT funnel_agg(journey, 'lead > mql > won within 90 days', '2026-05-02') AS f FROM deal GROUP BY id) s;
SELECT rollup(f) FROM (VALUES (NULL::funnel)) v(f);
SELECT rollup(f) FROM (VALUES ('{a > b; levels 0 1 0; pending 0 0; times []}'::funnel), ('{a > b within 1 day; levels 0 1 0; pending 0 0; times []}')) v(f);
SELECT rollup(f) FROM (VALUES ('{a; levels 0 9223372036854775807; pending 0; times}'::funnel), ('{a; levels 0 1; pending 0; times}')) v(f);

-- A value's text and bytes read back to itself; what cannot be is refused.
CREATE TABLE big AS
SELECT i, 1 + i % 3 AS part, format('{a@2026-01-01,b@%s,c@2026-12-%s}',
	to_char('2026-01-02'::timestamp + i * interval '7 minutes 13 seconds', 'YYYY-MM-DD"T"HH24:MI:SS'), to_char(1 + i % 28, 'FM00'))::journey AS journey
FROM generate_series(1, 2000) i;
CREATE TABLE summary AS
SELECT 'small' AS name, funnel_agg(journey, 'lead > mql > won within 90 days as of 2026-05-01') AS f FROM deal
UNION ALL SELECT 'big', funnel_agg(journey, 'a > b > c') FROM big
UNION ALL SELECT 'parts', rollup(f) FROM (SELECT funnel_agg(journey, 'a > b > c') AS f FROM big GROUP BY part) p
UNION ALL SELECT 'turned', funnel_agg(journey, 'a > b > c' ORDER BY i DESC) FROM big;
SELECT name, f FROM summary WHERE name = 'small';
SELECT count(DISTINCT f::text), count(DISTINCT funnel_send(f)), count(DISTINCT pg_column_size(f)) FROM summary WHERE name <> 'small';
SELECT count(*) FROM summary WHERE f::text::funnel::text <> f::text;
SELECT pg_column_size(f) - pg_column_size(f::text::funnel) AS spare_room FROM summary WHERE name = 'small';
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', '{', '{}', '{a > b}', '{a > b; levels 0 0; pending 0 0; times []}', '{a > b; levels 0 0 0; pending 0; times []}',
		'{a > b; levels 0 0 0; pending 0 0; times}', '{a > b; levels 0 0 0; pending 0 0; times [}', '{a > b; levels 0 0 0; pending 0 0; times [] []}',
		'{a > b; levels 0 0 -1; pending 0 0; times []}', '{a > b; levels 0 0 99999999999999999999; pending 0 0; times []}',
		'{a > b; levels 0 0 1; pending 0 0; times []}', '{a > b; levels 0 0 0; pending 0 0; times [1]}', '{a > b; levels 0 1 0; pending 1 0; times []}',
		'{a > b at least; levels 0 0 1; pending 0 0; times [1*2]}', '{a > b; levels 9223372036854775807 9223372036854775807 0; pending 0 0; times []}',
		'{a > b; levels 0 0 0; pending 0 0; times []} x']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.funnel', value));
	END LOOP;
END
$$;

-- Hostile text and bytes: one change in a good value gives another good value or a refusal, never worse.
CREATE FUNCTION chance(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int % n) $$;
CREATE FUNCTION read_all(f funnel) RETURNS text LANGUAGE sql AS
$$ SELECT f::text || length(funnel_send(f)) || (SELECT count(*) || max(p90)::text FROM funnel_steps(f)) $$;
CREATE TABLE target (f funnel);
CREATE TABLE outcome (kind text, code text);
CREATE TABLE good AS
SELECT funnel_agg(format('{lead@2026-01-01,"closed won"@2026-01-0%s,paid@2026-02-0%s}', 1 + i % 3, 1 + i % 2)::journey,
	'lead > "closed won" > paid within 90 days at least', '2026-05-01') AS f
FROM generate_series(1, 600) i;
SELECT f FROM good;
DO $$
DECLARE
	good text := f FROM good;
	bad text;
BEGIN
	FOR i IN 1..1500 LOOP
		bad := overlay(good PLACING substr('0123456789{}[]~,:*>;" -aZé', 1 + chance(i || 'x', 26), chance(i || 'n', 3)) FROM 1 + chance(i || 'p', length(good)) FOR chance(i || 'l', 3));
		BEGIN
			PERFORM read_all(bad::funnel);
			INSERT INTO outcome VALUES ('text', 'read');
		EXCEPTION WHEN others THEN INSERT INTO outcome VALUES ('text', SQLSTATE);
		END;
	END LOOP;
END
$$;
DO $$
DECLARE
	good bytea := funnel_send(f) FROM good;
	bad bytea;
	path text := current_setting('data_directory') || '/funnel_hostile.bin';
	object oid;
BEGIN
	FOR i IN 0..1500 LOOP
		bad := good;
		IF i > 0 THEN
			bad := set_byte(bad, chance(i || 'p', length(good)), (ARRAY[0, 1, 127, 128, 255, chance(i || 'v', 256)])[1 + chance(i || 'k', 6)]);
		END IF;
		IF i % 4 = 1 THEN bad := substr(bad, 1, chance(i || 't', length(good))); END IF;
		IF i % 64 = 2 THEN bad := bad || '\x00'; END IF;
		object := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(bad)) || bad || int2send((-1)::int2));
		PERFORM lo_export(object, path);
		PERFORM lo_unlink(object);
		BEGIN
			EXECUTE format('COPY target FROM %L (FORMAT binary)', path);
			PERFORM read_all(f) FROM target;
			INSERT INTO outcome SELECT CASE WHEN i = 0 THEN 'unchanged' ELSE 'bytes' END, CASE WHEN i > 0 OR funnel_send(f) = good THEN 'read' ELSE 'changed' END FROM target;
			DELETE FROM target;
		EXCEPTION WHEN others THEN INSERT INTO outcome VALUES ('bytes', SQLSTATE);
		END;
	END LOOP;
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || path || '"');
END
$$;
SELECT kind, code, count(*) > 10 AS often FROM outcome GROUP BY 1, 2 ORDER BY 1, 2;

-- A funnel_spec goes over the wire as well, and a summary may be stored anywhere.
CREATE TABLE stored AS SELECT spec, funnel_agg(journey, 'a > b > c') AS f FROM literal, big WHERE n = 2 GROUP BY spec;
INSERT INTO stored SELECT spec, '{a; levels 0 0; pending 0; times}' FROM literal WHERE n = 1;
DO $$
DECLARE
	path text := current_setting('data_directory') || '/funnel_good.bin';
BEGIN
	EXECUTE format('COPY stored TO %L (FORMAT binary)', path);
	EXECUTE format('COPY stored FROM %L (FORMAT binary)', path);
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || path || '"');
END
$$;
SELECT left(spec::text, 20) AS start, count(*), count(DISTINCT f::text), (SELECT count(*) FROM funnel_steps(min(f::text)::funnel)) AS steps FROM stored GROUP BY spec ORDER BY 1;

-- The answer does not depend on the plan: forced workers, uneven parts of a partitioned table, groups
-- that spill. The reference counts in plain SQL.
CREATE TABLE visit (id int, part int, journey journey) PARTITION BY LIST (part);
CREATE TABLE visit_0 PARTITION OF visit FOR VALUES IN (0);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
INSERT INTO visit
SELECT i, CASE WHEN i % 1000 = 0 THEN 0 ELSE 1 END, nullif(format('{a@2026-01-01%s%s}',
	CASE WHEN chance(i || 'b', 3) > 0 THEN to_char('2026-01-01'::timestamp + chance(i || 't', 900) * interval '1 hour', ',"b@"YYYY-MM-DD"T"HH24:MI') END,
	CASE WHEN chance(i || 'c', 5) = 0 THEN ',c@2026-03-01' END), '{a@2026-01-01}')::journey
FROM generate_series(1, 6000) i;
CREATE VIEW reference AS
SELECT part, count(*) FILTER (WHERE journey IS NOT NULL) AS reached_1,
	count(*) FILTER (WHERE entered_at(journey, 'b') <= '2026-01-21') AS reached_2,
	count(*) FILTER (WHERE entered_at(journey, 'b') <= '2026-01-21' AND entered_at(journey, 'c') <= '2026-03-02') AS reached_3,
	percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM entered_at(journey, 'b') - '2026-01-01')) FILTER (WHERE entered_at(journey, 'b') <= '2026-01-21') AS p50
FROM visit GROUP BY part;
CREATE VIEW report AS
SELECT part, max(reached) FILTER (WHERE step = 1) AS reached_1, max(reached) FILTER (WHERE step = 2) AS reached_2,
	max(reached) FILTER (WHERE step = 3) AS reached_3, max(extract(epoch FROM p50)) FILTER (WHERE step = 2) AS p50
FROM (SELECT part, funnel_agg(journey, 'a > b (20 days) > c') AS f FROM visit GROUP BY part) s, funnel_steps(f)
GROUP BY part;
SELECT part, a.reached_1 = b.reached_1 AS first, a.reached_2 = b.reached_2 AS second, a.reached_3 = b.reached_3 AS third,
	a.p50 = b.p50 AS median
FROM report a JOIN reference b USING (part) ORDER BY part;

CREATE FUNCTION plan_has(query text, VARIADIC nodes text[]) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	plan text := '';
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN (SELECT bool_and(plan LIKE '%' || n || '%') FROM unnest(nodes) n);
END
$$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE answer AS SELECT funnel_send(funnel_agg(journey, 'a > b (20 days) > c')) AS f FROM visit;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT plan_has('SELECT funnel_agg(journey, ''a > b (20 days) > c'') FROM visit', 'Gather', 'Partial Aggregate') AS parallel,
	funnel_send(funnel_agg(journey, 'a > b (20 days) > c')) = (TABLE answer) AS same FROM visit;
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;
SET enable_partitionwise_aggregate = on;
SELECT plan_has('SELECT funnel_agg(journey, ''a > b (20 days) > c'') FROM visit', 'Append', 'Partial Aggregate') AS partitionwise,
	funnel_send(funnel_agg(journey, 'a > b (20 days) > c')) = (TABLE answer) AS same FROM visit;
RESET enable_partitionwise_aggregate;
SET work_mem = '64kB';
SET enable_sort = off;
CREATE TABLE hashed AS SELECT id % 3000 AS g, funnel_agg(journey, 'a > b (20 days) > c') AS f FROM visit GROUP BY 1;
SELECT plan_has('SELECT id % 3000, funnel_agg(journey, ''a > b (20 days) > c'') FROM visit GROUP BY 1', 'HashAggregate') AS hashed,
	count(*) AS groups, funnel_send(rollup(f)) = (TABLE answer) AS same FROM hashed;
RESET ALL;
SET client_min_messages = warning;

DROP SCHEMA funnel_test CASCADE;
