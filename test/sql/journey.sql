-- The type journey: text, errors, and the exact answer of each function.
CREATE SCHEMA journey_test;
SET search_path = journey_test, lifecycle;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';

-- Text: canonical, whatever the settings.
SELECT '{lead@2026-01-05T09:00:00Z,"closed won"@2026-02-01T10:30:00.5Z}'::journey;
SELECT '  { lead @ 2026-01-05 , "mql" @ 2026-01-05 10:00+01:30 , Été@2026-01-05T10:00:00.0000019z } '::journey;
SELECT '{""@2026-01-01,"a\"b\\c"@2026-01-01,"a,b}"@2026-01-01,"3"@2026-01-01}'::journey;
SELECT '{old@4714-11-24 BC}'::journey, '{a@0044-03-15 BC,b@0044-03-16 BC}'::journey, '{new@294276-12-31T23:59:59.999999Z}'::journey;
BEGIN;
SET LOCAL timezone = 'Asia/Kathmandu';
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL intervalstyle = 'sql_standard';
SELECT '{a@2026-01-05,b@2026-01-06}'::journey, '{a@2026-01-05,b@2026-01-06}'::journey::jsonb;
ROLLBACK;

-- What is refused, and where.
SELECT '{}'::journey;
\set VERBOSITY sqlstate
SELECT '{}'::journey;
SELECT '{lead@2026-01-02,lead@2026-01-01}'::journey;
SELECT ('{' || repeat('x', 256) || '@2026-01-05}')::journey;
SELECT '3'::jsonb::journey;
\set VERBOSITY default
SELECT ''::journey;
SELECT 'lead'::journey;
SELECT '{lead}'::journey;
SELECT '{@2026-01-01}'::journey;
SELECT '{lead@}'::journey;
SELECT '{lead@yesterday}'::journey;
SELECT '{lead@infinity}'::journey;
SELECT '{lead@2026-02-30}'::journey;
SELECT '{lead@2026-01-05T25:00Z}'::journey;
SELECT '{lead@999999-01-01}'::journey;
SELECT '{lead@4714-11-23 BC}'::journey;
SELECT '{lead@2026-01-05'::journey;
SELECT '{lead@2026-01-05,}'::journey;
SELECT '{lead@2026-01-05 mql@2026-01-06}'::journey;
SELECT '{lead@2026-01-05}}'::journey;
SELECT '{"lead@2026-01-05}'::journey;
SELECT '{closed won@2026-01-05}'::journey;
SELECT '{lead@2026-01-05,
 mql@2026-01-04}'::journey;
SELECT ('{' || repeat('x', 256) || '@2026-01-05}')::journey;
SELECT step_count(('{' || repeat('x', 255) || '@2026-01-05}')::journey);
SELECT '{a@2026-01-01,b@2600-01-01}'::journey;
SELECT path(('{' || string_agg(format('s%s@2026-01-01', i), ',') || '}')::journey) ~ '>s1023$' FROM generate_series(0, 1023) i;
SELECT ('{' || string_agg(format('s%s@2026-01-01', i), ',') || '}')::journey FROM generate_series(0, 1024) i;

-- Accessors. This one is used throughout: a loop, a way back, and two steps at one instant.
CREATE TYPE stage AS ENUM ('lead', 'mql', 'sql', 'won', 'lost');
CREATE TABLE one AS SELECT journey '{lead@2026-01-05T09:00:00Z,mql@2026-01-06,mql@2026-01-08T12:00Z,lead@2026-01-10,won@2026-01-10}' AS j;
SELECT current_stage(j), started_at(j), last_moved_at(j), step_count(j), in_stage_since(j) FROM one;
SELECT in_stage_since('{a@2026-01-01,b@2026-01-02,b@2026-01-03,b@2026-01-04}'), in_stage_since('{a@2026-01-01,a@2026-01-02}');
SELECT s.* FROM one, steps(j) s;
SELECT (steps(j)).stage FROM one LIMIT 2;
SELECT path(j), stages(j), moves(j) FROM one;
SELECT path(j), stages(j), moves(j) FROM (SELECT journey '{"closed won"@2026-01-01}') v(j);
SELECT nth, entered_at(j, 'mql', nth), left_at(j, 'mql', nth), entered_at(j, 'lead'::stage, nth), left_at(j, 'lead'::stage, nth)
FROM one, unnest(ARRAY[1, 2, 3, -1, -2, -3, 2147483647, -2147483648]) nth;
SELECT entered_at(j, 'won'), left_at(j, 'won'), entered_at(j, 'sql'), left_at(j, 'sql'::stage), entered_at(j, '') FROM one;
SELECT entered_at(j, 'mql', 0) FROM one;
SELECT left_at(j, 'mql'::stage, 0) FROM one;
SELECT visits(j, 'lead'), visits(j, 'mql'::stage), visits(j, 'won'), visits(j, 'sql') FROM one;
SELECT as_of, time_in(j, 'lead', as_of), time_in(j, 'mql'::stage, as_of), time_in(j, 'won', as_of), time_in(j, 'sql', as_of)
FROM one, unnest(ARRAY['2026-01-01', '2026-01-05 09:00Z', '2026-01-05 12:00Z', '2026-01-07', '2026-01-10', '2026-02-01 00:00:00.000001Z']::timestamptz[]) as_of;
SELECT time_in(j, 'lead', 'infinity') FROM one;
SELECT time_in('{a@4000-01-01 BC}', 'a', timestamptz '294276-12-31');
SELECT time_in('{a@4714-11-24 BC}', 'a', timestamptz '294276-12-31 23:59:59.999999');
SELECT time_between(j, 'lead', 'won'), time_between(j, 'lead'::stage, 'mql'::stage), time_between(j, 'mql', 'mql'),
	time_between(j, 'won', 'lead'), time_between(j, 'won', 'mql'), time_between(j, 'won', 'won'), time_between(j, 'sql', 'won') FROM one;
SELECT at, stage_at(j, at) FROM one, unnest(ARRAY['2026-01-05 08:59:59.999999', '2026-01-05 09:00', '2026-01-06', '2026-01-09', '2026-01-10', '2027-01-01']::timestamptz[]) at;
SELECT stage_at(j, '-infinity') FROM one;
SELECT entered_at(NULL, 'a'), visits(NULL, 'a'), stage_at(NULL, now()), step_count(NULL), time_in('{a@2026-01-01}', NULL, now());

-- ends_in: every type that a stage column may have, and false instead of NULL.
SELECT ends_in(j, 'won'), ends_in(j, 'won'::text), ends_in(j, 'won'::varchar), ends_in(j, 'won '::char(10)), ends_in(j, 'won'::name), ends_in(j, 'won'::stage),
	ends_in('{3@2026-01-01}', 3), ends_in('{3@2026-01-01}', 3::bigint),
	ends_in('{6b9bdcf0-0000-4000-8000-00000000000a@2026-01-01}', '6B9BDCF0-0000-4000-8000-00000000000A'::uuid) FROM one;
SELECT ends_in(j, 'lead'), ends_in(j, 'wo'), ends_in(j, 'wonn'), ends_in(j, 'lead'::stage), ends_in(j, 3), ends_in(j, NULL), ends_in(NULL, 'won'), ends_in(NULL, 'won'::stage), ends_in(j, NULL::stage) FROM one;

-- Parts, and wholes of parts.
SELECT r, slice(j, r) FROM one, unnest(ARRAY[
	'[2026-01-07,2026-01-10)', '[2026-01-08 12:00Z,2026-01-10]', '(2026-01-08 12:00Z,2026-01-10]', '[2026-01-08 12:00Z,2026-01-10)',
	'[2026-03-01,2026-04-01)', '[2026-03-01,)', '[2026-01-01,2026-01-05 09:00Z)', '[2026-01-01,2026-01-05 09:00Z]', '(,2026-01-06)', '(,)', 'empty',
	'[2026-01-10,2026-01-10]', '(2026-01-10,2026-01-11]', '[-infinity,infinity]']::tstzrange[]) r;
SELECT slice(j, '[infinity,)') FROM one;
SELECT crop(j, '2026-01-06', '2026-01-10'), crop(j, '2026-01-06 00:00:00.000001', '2026-01-08'), crop(j, '-infinity', 'infinity') = j AS whole, crop(j, '2026-01-10', '2026-01-01') FROM one;
SELECT collapse(j), collapse(collapse(j)) = collapse(j) AS stable, collapse('{a@2026-01-01,a@2026-01-02,a@2026-01-03}') FROM one;
SELECT relabel('{a@2026-01-01,b@2026-01-02,a@2026-01-03}', 'a', 'c'), relabel('{a@2026-01-01,b@2026-01-02,a@2026-01-03}', 'a', 'b') AS one_stage,
	relabel('{a@2026-01-01}', 'b', 'c') AS never_there, relabel('{a@2026-01-01}', 'a', '') AS empty, relabel(j, 'lead', 'x') = relabel(relabel(j, 'lead', 'y'), 'y', 'x') AS same,
	relabel(j, 'lead', NULL) IS NULL AS strict FROM one;
SELECT relabel('{a@2026-01-01}', 'a', repeat('x', 256));
-- By hand: the steps, each with its label looked at.
SELECT bool_and(relabel(j, l, 'new') = (SELECT journey_agg(CASE stage WHEN l THEN 'new' ELSE stage END, entered_at, step) FROM steps(j))) AS as_by_hand
FROM one, unnest(stages(j)) l;
SELECT crop(j, '-infinity', at) || crop(j, at, 'infinity') = j AS whole FROM one, unnest(ARRAY['2026-01-06', '2026-01-08', '2026-01-10']::timestamptz[]) at;
SELECT j || '{sql@2026-01-10,lost@2026-01-11}' FROM one;
SELECT j || '{sql@2026-01-09T23:59:59.999999Z}' FROM one;

-- Equality is that of steps; the order is by the first step that differs.
CREATE TABLE several (j journey);
INSERT INTO several SELECT j FROM one;
INSERT INTO several VALUES ('{lead@2026-01-05T09:00:00Z}'), ('{"lead"@2026-01-05T09:00:00.0Z}'), ('{a@2026-01-05T09:00:00Z,b@2026-01-06}'), ('{a@2026-01-05T09:00:00Z,ba@2026-01-06}'), ('{z@1999-12-31}'), (NULL);
-- Equal in size and head: only what lies between differs.
INSERT INTO several VALUES ('{a@2026-01-01,b@2026-01-02,a@2026-01-03}'), ('{a@2026-01-01,b@2026-01-02T01:00:00Z,a@2026-01-03}'), ('{a@2026-01-01,c@2026-01-02,a@2026-01-03}');
SELECT j FROM several ORDER BY j;
SELECT count(DISTINCT j), count(*) FROM several;
SELECT count(*) FROM (SELECT j FROM several UNION SELECT j FROM several) u;
SELECT count(*) FROM several a JOIN several b USING (j);
SELECT bool_and((a.j = b.j) = (a.j::text = b.j::text)
	AND (a.j <> b.j) = NOT (a.j = b.j)
	AND (a.j < b.j)::int + (a.j = b.j)::int + (a.j > b.j)::int = 1
	AND (a.j <= b.j) = NOT (a.j > b.j) AND (a.j >= b.j) = NOT (a.j < b.j)
	AND (a.j <> b.j OR journey_hash(a.j) = journey_hash(b.j))
	AND (a.j <> b.j OR journey_hash_extended(a.j, 7) = journey_hash_extended(b.j, 7))
	AND sign(journey_cmp(a.j, b.j)) = (a.j > b.j)::int - (a.j < b.j)::int) AS consistent
FROM several a, several b WHERE a.j IS NOT NULL AND b.j IS NOT NULL;
SELECT journey_hash_extended(j, 0)::bit(32) = journey_hash(j)::bit(32) AS "seed 0 agrees" FROM one;

-- JSON, there and back.
SELECT j::jsonb, j::jsonb::journey = j AS same FROM one;
SELECT '[{"at": "2026-01-05T10:00:00+01:00", "stage": "closed \"won\""}]'::jsonb::journey;
SELECT '[]'::jsonb::journey;
SELECT '{"stage": "lead", "at": "2026-01-05"}'::jsonb::journey;
SELECT 'null'::jsonb::journey;
SELECT '["lead"]'::jsonb::journey;
SELECT '[[]]'::jsonb::journey;
SELECT '[{"stage": "lead", "at": "2026-01-05"}, {"stage": "mql"}]'::jsonb::journey;
SELECT '[{"at": "2026-01-05"}]'::jsonb::journey;
SELECT '[{"stage": 3, "at": "2026-01-05"}]'::jsonb::journey;
SELECT '[{"stage": "lead", "at": null}]'::jsonb::journey;
SELECT '[{"stage": "lead", "at": "soon"}]'::jsonb::journey;
SELECT '[{"stage": "lead", "at": "2026-01-05 or so"}]'::jsonb::journey;
SELECT '[{"stage": "lead", "at": "2026-01-05", "by": "me"}]'::jsonb::journey;
SELECT '[{"stage": "lead", "at": "2026-01-05"}, {"stage": "mql", "at": "2026-01-04"}]'::jsonb::journey;

-- Binary.
SELECT journey_send('{lead@2000-01-01,mql@2000-01-01T00:00:01Z,lead@2000-01-01T00:00:01Z}');

-- Toasted journeys, out of line and compressed: whatever is read, it is the same.
CREATE TABLE long (how text, j journey);
ALTER TABLE long ALTER j SET STORAGE external;
INSERT INTO long SELECT 'external', ('{' || string_agg(format('s%s@%s', i % 700, to_char('2026-01-01'::timestamp + i * '1 min'::interval, 'YYYY-MM-DD"T"HH24:MI')), ',' ORDER BY i) || '}')::journey FROM generate_series(1, 5000) i;
ALTER TABLE long ALTER j SET STORAGE extended;
INSERT INTO long SELECT 'extended', j || '{end@2027-01-01}' FROM long;
ALTER TABLE long ALTER j SET STORAGE main;
INSERT INTO long SELECT 'main', ('{' || string_agg('lead@2026-01-01', ',') || '}')::journey FROM generate_series(1, 900);
SELECT how, step_count(j), current_stage(j), started_at(j), last_moved_at(j), ends_in(j, 'end'),
	(SELECT count(*) FROM steps(j)), (SELECT stage FROM steps(j) ORDER BY step DESC LIMIT 1), j = j::text::journey AS same
FROM long ORDER BY how;

DROP SCHEMA journey_test CASCADE;
