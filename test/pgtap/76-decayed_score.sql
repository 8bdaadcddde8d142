-- Decayed scores: points that halve with time, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(46);

SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), '2026-01-01'), 10::float8, 'points are worth themselves at first');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), '2026-01-31'), 5::float8, 'half of themselves a half-life later');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), '2026-03-02'), 2.5::float8, 'and half of that after another');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), '2026-01-16'), round((10 / sqrt(2))::numeric, 9)::float8, 'in between they follow the curve');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), '2025-12-31 23:59:59.999999'), NULL, 'before their instant nobody could know them');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), 'infinity'), 0::float8, 'in the end nothing is left');
SELECT is(score_at(decayed_score(10, '2026-01-01', '100000000 days'), 'infinity'), 0::float8, 'however long it takes');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days'), '-infinity'), NULL, 'and before all time nothing is known');
SELECT is(score_at(decayed_score(-0.1, '1969-07-20 20:17:40', '8 hours'), '1969-07-21 04:17:40'), -0.05::float8, 'points may be negative, and instants old');
SELECT is(score_at(decayed_score(1, '2026-01-01', '1 microsecond'), '2026-01-01 00:00:00.000003'), 0.125::float8, 'the shortest half-life is a microsecond');
SELECT is(score_at(decayed_score(8, '2000-01-01', '1000000 days'), timestamptz '2000-01-01' + interval '1000000 days'), 4::float8, 'the longest take ages');

SELECT is((decayed_score(10, '2026-01-01', '30 days') + decayed_score(5, '2026-01-31', '30 days'))::text, '10 at 2026-01-31T00:00:00Z half-life 30 days',
	'a sum is of the later instant');
SELECT is((decayed_score(5, '2026-01-31', '30 days') + decayed_score(10, '2026-01-01', '30 days'))::text, '10 at 2026-01-31T00:00:00Z half-life 30 days',
	'whichever came first');
SELECT is(score_at(decayed_score(10, '2026-01-01', '30 days') + decayed_score(0, '2026-01-31', '30 days'), '2026-01-15'), NULL, 'so that it cannot be asked for before it, not even after 0 points');
SELECT is((decayed_score(1, '2026-01-01', '30 days') + NULL)::text, NULL, 'a sum with what is not known is not known');
SELECT throws_ok($$SELECT decayed_score(1, '2026-01-01', '30 days') + decayed_score(1, '2026-01-01', '31 days')$$, '22023',
	'scores of different half-lives cannot be added', 'different half-lives do not mix');
SELECT is((decayed_score(1, '2026-01-01', '30 days') + decayed_score(1, '2026-01-01', '720 hours'))::text, '2 at 2026-01-01T00:00:00Z half-life 30 days',
	'a day has 24 hours');

SELECT throws_ok($$SELECT decayed_score(1, '2026-01-01', '1 month')$$, '22023', NULL, 'a month is no half-life');
SELECT throws_ok($$SELECT decayed_score(1, '2026-01-01', '0')$$, '22023', NULL, 'nor is nothing');
SELECT throws_ok($$SELECT decayed_score(1, '2026-01-01', '-1 day')$$, '22023', NULL, 'nor less');
SELECT throws_ok($$SELECT decayed_score(1, '2026-01-01', '2147483647 days')$$, '22023', 'a half-life cannot be longer than 292,000 years', 'nor longer than can be counted');
SELECT throws_ok($$SELECT decayed_score(1, 'infinity', '1 day')$$, '22023', NULL, 'an instant is finite');
SELECT throws_ok($$SELECT decayed_score('NaN', '2026-01-01', '1 day')$$, '22023', NULL, 'points are a number');
SELECT throws_ok($$SELECT decayed_score(1000000001, '2026-01-01', '1 day')$$, '22023', NULL, 'and not too many');

-- Events over a thousand days, so that the oldest are 33 half-lives old.
SELECT setseed(0.5);
CREATE TABLE event AS
	SELECT i AS id, i % 7 AS lead, (random() * 100 - 20)::float8 AS points, timestamptz '2026-01-01' - random() * interval '1000 days' AS at
	FROM generate_series(1, 20000) i;
CREATE TABLE answer AS SELECT decayed_sum(points, at, '30 days') AS d FROM event;
SELECT ok(abs(score_at(d, '2026-02-01') - (SELECT sum(points * 2 ^ (-extract(epoch FROM timestamptz '2026-02-01' - at)::float8 / 86400 / 30)) FROM event)) < 1e-6,
	'a sum is what the formula says') FROM answer;
SELECT is((SELECT decayed_sum(points, at, '30 days' ORDER BY at)::text FROM event), d::text, 'to the last bit in order of time') FROM answer;
SELECT is((SELECT decayed_sum(points, at, '30 days' ORDER BY at DESC)::text FROM event), d::text, 'in the opposite order') FROM answer;
SELECT is((SELECT decayed_sum(points, at, '30 days' ORDER BY md5(id::text))::text FROM event), d::text, 'in none') FROM answer;
SELECT is((SELECT rollup(p ORDER BY md5(p::text))::text FROM (SELECT decayed_sum(points, at, '30 days') AS p FROM event GROUP BY id % 100) x), d::text, 'and in parts') FROM answer;
SELECT is((SELECT rollup(p)::text FROM (SELECT decayed_score(points, at, '30 days') AS p FROM event) x), d::text, 'event by event') FROM answer;

-- With a half-life of an hour most of it falls out of the window, again and again.
CREATE TABLE short AS SELECT decayed_sum(points, at, '1 hour') AS d FROM event;
SELECT is((SELECT decayed_sum(points, at, '1 hour' ORDER BY at)::text FROM event), d::text, 'also where nearly all is too old to matter') FROM short;
SELECT is((SELECT rollup(p ORDER BY md5(p::text))::text FROM (SELECT decayed_sum(points, at, '1 hour') AS p FROM event GROUP BY id % 1000) x), d::text, 'and in parts') FROM short;
SELECT ok(abs(score_at(d, '2026-01-01') - (SELECT sum(points * 2 ^ (-extract(epoch FROM timestamptz '2026-01-01' - at)::float8 / 3600)) FROM event WHERE at > '2025-12-01')) < 1e-8,
	'and it is what the formula says') FROM short;
SELECT is(score_at(decayed_sum(points, at, '1 day'), '2026-01-01'), 1::float8, 'what a huge number leaves behind when it is taken back is nothing')
FROM (VALUES (1e9, timestamptz '2025-12-31'), (0.5, '2026-01-01'), (-1e9, '2025-12-31'), (0.5, '2026-01-01')) v(points, at);

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END$$;
SELECT ok(EXISTS (SELECT FROM plan_of('SELECT decayed_sum(points, at, ''30 days'') FROM event') p WHERE p LIKE '%Partial Aggregate%'), 'workers share the scan');
SELECT is((SELECT decayed_sum(points, at, '30 days')::text FROM event), d::text, 'and come to the same') FROM answer;
SELECT ok(EXISTS (SELECT FROM plan_of('SELECT rollup(decayed_score(points, at, ''30 days'')) FROM event') p WHERE p LIKE '%Partial Aggregate%'), 'rollup too');
SELECT is((SELECT rollup(decayed_score(points, at, '30 days'))::text FROM event), d::text, 'with the same answer') FROM answer;

SELECT is((SELECT decayed_sum(points, at, '30 days')::text FROM event WHERE false), NULL, 'no events, no score');
SELECT is(decayed_sum(points, at, half_life)::text, '2 at 2026-01-01T00:00:00Z half-life 1 day', 'an event with a NULL counts nothing')
FROM (VALUES (NULL, timestamptz '2027-01-01', interval '1 day'), (1.0, NULL, '1 day'), (1, '2026-01-01', NULL), (2, '2026-01-01', '1 day')) v(points, at, half_life);
SELECT throws_ok($$SELECT decayed_sum(1, '2026-01-01', h) FROM unnest('{1 day,2 days}'::interval[]) h$$, '22023', NULL, 'half-lives do not mix in an aggregate either');
SELECT is((SELECT array_agg(s) FROM (SELECT score_at(decayed_sum(p, t, '1 day') OVER (ORDER BY t), '2026-01-03') AS s
		FROM (VALUES (8.0, timestamptz '2026-01-01'), (4, '2026-01-02'), (2, '2026-01-03')) v(p, t)) x), '{2,4,6}'::float8[], 'a window shows it grow');

SELECT is(count(*), 500::bigint, 'a score reads back from its text as itself, bit by bit')
FROM (SELECT decayed_sum(points, at, '3 days 04:05:06.789') AS d FROM event GROUP BY id % 500) x WHERE decayed_score_send(d::text::decayed_score) = decayed_score_send(d);
SELECT throws_ok($$SELECT '5 at 2026-01-01 half-life 3 days {1}'::decayed_score$$, '22023', NULL, 'points and parts must agree');
SELECT throws_ok($$SELECT '5 at 2026-01-01 half-life 3 days {'::decayed_score$$, '22P02', NULL, 'what is malformed is refused');

-- A score maintained in a column.
CREATE TABLE lead (id int, engagement decayed_score);
INSERT INTO lead VALUES (1, NULL);
UPDATE lead SET engagement = coalesce(engagement + e, e) FROM decayed_score(5, '2026-01-01', '30 days') e;
UPDATE lead SET engagement = coalesce(engagement + e, e) FROM decayed_score(3, '2026-01-31', '30 days') e;
SELECT is(score_at(engagement, '2026-03-02'), 2.75::float8, 'a column keeps it up to date event by event') FROM lead;

SELECT * FROM finish();
ROLLBACK;
