-- Velocity: what its numbers mean, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(41);

CREATE TABLE deals (id int, journey journey);
INSERT INTO deals VALUES
	(1, '{lead@2026-01-01,mql@2026-01-03,won@2026-01-13}'),
	(2, '{lead@2026-01-02,mql@2026-01-06,lost@2026-01-10}'),
	(3, '{lead@2026-01-05,lost@2026-01-06T12:00Z}'),
	(4, '{mql@2026-01-07,mql@2026-01-09,lead@2026-01-10}');
CREATE VIEW moves AS SELECT m.* FROM (SELECT velocity_agg(journey) AS v FROM deals) x, velocity_moves(v) m;
CREATE VIEW stages AS SELECT s.* FROM (SELECT velocity_agg(journey) AS v FROM deals) x, velocity_stages(v) s;

SELECT results_eq('SELECT from_stage, to_stage, moves FROM moves',
	$$VALUES ('lead', 'lost', 1::bigint), ('lead', 'mql', 2), ('mql', 'lead', 1), ('mql', 'lost', 1), ('mql', 'mql', 1), ('mql', 'won', 1)$$,
	'one row per pair of stages, in the order of the labels');
SELECT is((SELECT moves FROM moves WHERE from_stage = 'mql' AND to_stage = 'mql'), 1::bigint,
	'entering the same stage again is a move');
SELECT is((SELECT sum(share) FROM moves WHERE from_stage = 'mql'), 1::float8,
	'the shares of the moves out of a stage add up to 1');
SELECT is((SELECT mean FROM moves WHERE from_stage = 'lead' AND to_stage = 'mql'), '3 days'::interval,
	'a dwell is the time from entering a stage to leaving it');
SELECT is((SELECT p50::text || ' ' || max FROM moves WHERE from_stage = 'lead' AND to_stage = 'lost'), '1 day 12:00:00 1 day 12:00:00',
	'durations are days of 24 hours and the rest');
SELECT is((SELECT open FROM stages WHERE stage = 'lead'), 1::bigint,
	'a journey is open in its last stage');
SELECT is((SELECT visits FROM stages WHERE stage = 'lead'), 4::bigint,
	'every entry of a stage is a visit, the first step too');
SELECT ok((SELECT bool_and(visits = exits + open) FROM stages),
	'whoever entered has left or is still there');
SELECT ok((SELECT bool_and(open_age_p50 IS NULL) FROM stages),
	'without "as of" nothing is known of ages');
SELECT is((SELECT total_time FROM stages WHERE stage = 'mql'), '17 days'::interval,
	'total time is that of the visits that ended');

SELECT is((SELECT open_age_p50 FROM velocity_stages((SELECT velocity_agg(journey, 'as of 2026-01-15') FROM deals)) WHERE stage = 'lead'),
	'5 days'::interval, '"as of" gives the open ones an age');
SELECT is((SELECT sum(moves) FROM velocity_moves((SELECT velocity_agg(journey, 'as of 2026-01-06') FROM deals))), 2::numeric,
	'what happens later than "as of" has not happened');
SELECT is((SELECT sum(moves) FROM velocity_moves((SELECT velocity_agg(journey, 'moved 2026-01-06 to 2026-01-10') FROM deals))), 3::numeric,
	'"moved" chooses moves by their instant, the end not included');
SELECT is((SELECT mean FROM velocity_moves((SELECT velocity_agg(journey, 'moved 2026-01-06 to 2026-01-07') FROM deals)) WHERE to_stage = 'mql'),
	'4 days'::interval, 'a dwell that began before the period is not cut');
SELECT is((SELECT velocity_agg(journey, '', now())::text FROM deals),
	(SELECT velocity_agg(journey, velocity_spec(as_of => now()))::text FROM deals),
	'the instant may be an argument, or part of the specification');

SELECT is((SELECT velocity_agg(journey)::text FROM deals WHERE id > 99), NULL,
	'no journeys, no velocity');
SELECT is((SELECT velocity_agg(journey)::text FROM (SELECT journey FROM deals UNION ALL SELECT NULL) x),
	(SELECT velocity_agg(journey)::text FROM deals), 'a journey that is null does not count');
SELECT is((SELECT rollup(v)::text FROM (SELECT velocity_agg(journey) AS v FROM deals GROUP BY id) x),
	(SELECT velocity_agg(journey)::text FROM deals), 'rollup of the parts is the whole');
SELECT throws_ok($$SELECT rollup(v) FROM (VALUES (velocity '{}'), ('as of 2026-01-01 {}')) x(v)$$, '22023', NULL,
	'what was counted differently cannot be rolled up');

SELECT is(win_probability('{lead > won [1]; lead > lost [1*3]}', 'lead', '{won}', '{lost}'), 0.25::float8,
	'one in four is won');
SELECT is(win_probability('{lead > won [1]; lead > lost [1*3]; lead > parked [1*9]}', 'lead', '{won}', '{lost}'), 0.25::float8,
	'what is never decided does not count');
SELECT is(win_probability('{lead > won [1]; parked > parked [1]}', 'parked', '{won}', '{lost}'), NULL::float8,
	'a stage from which nothing was ever won or lost is unknown');
SELECT is(expected_time('{lead > mql [86400000000]; mql > lead [86400000000]; mql > won [259200000000]}', 'lead', '{won}', '{lost}'), '6 days'::interval,
	'expected time counts going back and forth');
CREATE TABLE many AS
SELECT d, format('{a@2026-01-01,b@%s}', to_char(date '2026-01-01' + i % d, 'YYYY-MM-DD'))::journey AS journey FROM unnest(ARRAY[140, 512, 513]) d, generate_series(1, 2000) i;
SELECT results_eq($$SELECT d, p50, p90 FROM (SELECT d, velocity_agg(journey) AS v FROM many WHERE d <= 512 GROUP BY d) x, velocity_moves(v) ORDER BY d$$,
	$$SELECT d, percentile_cont(0.5) WITHIN GROUP (ORDER BY entered_at(journey, 'b') - '2026-01-01'), percentile_cont(0.9) WITHIN GROUP (ORDER BY entered_at(journey, 'b') - '2026-01-01')
		FROM many WHERE d <= 512 GROUP BY d ORDER BY d$$,
	'the percentiles of 512 values are percentile_cont''s, however many have them');
SELECT matches(velocity_agg(journey)::text, 'a > b ~\[', 'more than 512 values are counted in buckets, and the velocity says so') FROM many WHERE d = 513;
SELECT alike(velocity_agg(journey)::text, '%a > b [%', 'each of 512 is counted by itself') FROM many WHERE d = 512;

-- Hostile journeys: as many stages as there can be, and 1,000 repeats of each of three.
CREATE TABLE hostile AS
SELECT 'wide' AS shape, journey_agg('s' || i * 389 % 1024, '2026-01-01'::timestamptz + i * interval '1 second') AS journey FROM generate_series(0, 4095) i
UNION ALL SELECT 'long', journey_agg(chr(97 + i % 3), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 2999) i;
SELECT results_eq($$SELECT shape, count(*), sum(moves), min(max), max(max) FROM (SELECT shape, velocity_agg(journey) AS v FROM hostile GROUP BY shape) x, velocity_moves(v) GROUP BY shape ORDER BY shape$$,
	$$VALUES ('long', 3::bigint, 2999::numeric, interval '1 second', interval '1 second'), ('wide', 1024, 4095, '1 second', '1 second')$$,
	'1,024 stages, or 1,000 repeats of each, are counted');
SELECT is(pg_column_size(velocity_agg(journey)) < 2000, true, 'repeats take no room') FROM hostile WHERE shape = 'long';

-- Ever more stages and moves, in two orders, and in parts: codes, index and room differ, the bytes do not.
CREATE TABLE grid AS
SELECT i, journey_agg('s' || abs(hashint4(i * 10 + n)) % (4 + i / 20), '2026-01-01'::timestamptz + abs(hashint4(n * 7919 + i)) % 100000 * interval '1 second') AS journey
FROM generate_series(1, 2000) i, generate_series(1, 10) n GROUP BY i;
SELECT is((SELECT count(DISTINCT v) FROM (
		SELECT velocity_send(velocity_agg(journey ORDER BY i)) AS v FROM grid
		UNION ALL SELECT velocity_send(velocity_agg(journey ORDER BY -i)) FROM grid
		UNION ALL SELECT velocity_send(rollup(v)) FROM (SELECT velocity_agg(journey) AS v FROM grid GROUP BY i % 7) x) y),
	1::bigint, 'whatever the order and the parts, the same journeys are the same bytes');

-- Durations of every kind: 512 of each, and 5,000.
CREATE FUNCTION chance(a int, b int, c int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((hashint8(a * 100000000::bigint + b * 1000 + c) & 1073741823) + 0.5) / 1073741824.0;
CREATE FUNCTION micros(i interval) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (extract(epoch FROM i) * 1000000)::bigint;
CREATE TABLE sample AS
SELECT kind, n, i, CASE kind
	WHEN 'lognormal' THEN (86400e6 * exp(1.5 * sqrt(-2 * ln(chance(1, i, 1))) * cos(2 * pi() * chance(1, i, 2))))::bigint
	WHEN 'constant' THEN 86400000000
	WHEN 'bimodal' THEN CASE WHEN chance(2, i, 1) < 0.5 THEN 60e6 + 1e6 * chance(2, i, 2) ELSE 8e12 + 1e12 * chance(2, i, 2) END::bigint
	WHEN 'mostly none' THEN CASE WHEN chance(3, i, 1) < 0.7 THEN 0 ELSE (1e12 * chance(3, i, 2))::bigint END
	WHEN 'none' THEN 0
	WHEN 'microseconds' THEN (2000 * chance(4, i, 1))::bigint
	WHEN 'centuries' THEN 15000000000000000 + (2e15 * chance(5, i, 1))::bigint
	WHEN 'of any size' THEN (exp(37 * chance(6, i, 1)))::bigint END AS dwell
FROM unnest('{lognormal,constant,bimodal,mostly none,none,microseconds,centuries,of any size}'::text[]) kind, unnest('{512,5000}'::int[]) n, generate_series(1, n) i;
CREATE TABLE dwelt AS
SELECT kind, n, i, journey('a', '2026-01-01') || journey('b', timestamptz '2026-01-01' + dwell / 1000000 * interval '1 second' + dwell % 1000000 * interval '1 microsecond') AS journey FROM sample;
ANALYZE dwelt;
CREATE TABLE told AS SELECT kind, n, m.* FROM (SELECT kind, n, velocity_agg(journey) AS v FROM dwelt GROUP BY 1, 2) v, velocity_moves(v) m;
CREATE TABLE truth AS
SELECT kind, n, count(*) AS moves, count(DISTINCT dwell) AS different, round(avg(dwell)) AS mean, max(dwell), array_agg(dwell ORDER BY dwell) AS s,
	percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell) AS p50, percentile_cont(0.9) WITHIN GROUP (ORDER BY dwell) AS p90
FROM sample GROUP BY 1, 2;
SELECT results_eq('SELECT kind, n, moves, micros(mean)::numeric, micros(max) FROM told ORDER BY 1, 2', 'SELECT kind, n, moves, mean, max FROM truth ORDER BY 1, 2',
	'counts, means and maxima are plain SQL''s, for durations of every kind');
SELECT cmp_ok((SELECT count(*) FROM truth WHERE different > 512), '=', 6::bigint, 'six kinds of eight have more than 512 values');
SELECT is_empty($$SELECT kind, n, v.p50, t.p50 FROM told v JOIN truth t USING (kind, n) WHERE different <= 512 AND (micros(v.p50), micros(v.p90)) IS DISTINCT FROM (round(t.p50)::bigint, round(t.p90)::bigint)$$,
	'up to 512 the percentiles are percentile_cont''s');
SELECT is_empty($$SELECT kind, n, fraction, answer, s[low], s[high] FROM told v JOIN truth t USING (kind, n), LATERAL (VALUES (0.5, micros(v.p50)), (0.9, micros(v.p90))) a(fraction, answer),
		LATERAL (SELECT floor(1 + fraction * (n - 1))::int AS low, ceil(1 + fraction * (n - 1))::int AS high) i
	WHERE (answer BETWEEN s[low] * 0.99 AND s[high] * 1.01) IS NOT TRUE$$,
	'beyond, they are less than 1 % off a neighbouring sample');

-- The same bytes, whoever counts, and in whatever order.
CREATE FUNCTION plan_has(query text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line ~ pattern THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
CREATE VIEW counted AS SELECT kind, n, velocity_send(velocity_agg(journey)) AS bytes FROM dwelt GROUP BY 1, 2;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE alone AS TABLE counted;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
ALTER TABLE dwelt SET (parallel_workers = 4);
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT ok(plan_has('TABLE counted', 'Workers Planned: 2') AND plan_has('TABLE counted', 'Partial'), 'two workers count');
SELECT set_eq('TABLE counted', 'TABLE alone', 'and find the same bytes');
SET LOCAL max_parallel_workers_per_gather = 4;
SELECT ok(plan_has('TABLE counted', 'Workers Planned: 4'), 'four workers count');
SELECT set_eq('TABLE counted', 'TABLE alone', 'and find the same bytes');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is_empty($$SELECT kind, n, velocity_send(velocity_agg(journey ORDER BY chance(i, seed, 7))) FROM dwelt, generate_series(1, 3) seed GROUP BY kind, n, seed EXCEPT TABLE alone$$,
	'shuffled, they are the same bytes');

-- Deals that are all decided, in eight worlds: from the observed entries the probability is the raw win rate, and the
-- expected time the mean one. Each stage by itself agrees with the linear equations, solved here by elimination.
CREATE TABLE decided AS
SELECT world, deal, journey_agg(stage, timestamptz '2026-01-01' + at * interval '1 second', step) AS journey, bool_or(stage = 'won') AS won, max(at) * 1e6 AS took
FROM (
	SELECT world, deal, step, CASE WHEN step < steps THEN chr(97 + (5 * chance(world, deal, step))::int) WHEN chance(world, deal, 98) < 0.3 + 0.05 * world THEN 'won' ELSE 'lost' END AS stage,
		sum(CASE WHEN step > 1 THEN (100000 * power(chance(world, deal, 40 + step), 3))::bigint ELSE 0 END) OVER (PARTITION BY world, deal ORDER BY step) AS at
	FROM generate_series(1, 8) world, generate_series(1, 400) deal, LATERAL (SELECT 2 + (10 * chance(world, deal, 99))::int AS steps) s, generate_series(1, steps) step) s
GROUP BY 1, 2;
CREATE TABLE forecast AS
SELECT world, v, stage, win_probability(v, stage, '{won}', '{lost}') AS p, micros(expected_time(v, stage, '{won}', '{lost}')) AS t, entries
FROM (SELECT world, velocity_agg(journey) AS v FROM decided GROUP BY 1) x,
	LATERAL (SELECT stage, (SELECT count(*) FROM decided d WHERE d.world = x.world AND (stages(journey))[1] = stage) AS entries
		FROM velocity_stages(v) WHERE stage NOT IN ('won', 'lost')) s;
SELECT is_empty($$SELECT world, raw, forecast FROM (SELECT world, avg(won::int)::float8 AS raw, avg(took)::float8 AS took FROM decided GROUP BY 1) r
	JOIN (SELECT world, sum(entries * p)::float8 / sum(entries)::float8 AS forecast, sum(entries * t)::float8 / sum(entries)::float8 AS time FROM forecast GROUP BY 1) f USING (world)
	WHERE (abs(raw - forecast) <= 1e-12 AND abs(took - time) <= 1) IS NOT TRUE$$,
	'where no deal is open, the forecast from the observed entries is the raw win rate, and the mean time');
CREATE FUNCTION solve(a float8[], n int) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
	factor float8;
BEGIN
	FOR i IN 1..n LOOP
		FOR k IN 1..n LOOP
			CONTINUE WHEN k = i;
			factor := a[k][i] / a[i][i];
			FOR c IN 1..n + 1 LOOP a[k][c] := a[k][c] - factor * a[i][c]; END LOOP;
		END LOOP;
	END LOOP;
	RETURN ARRAY(SELECT a[i][n + 1] / a[i][i] FROM generate_series(1, n) i);
END $$;
CREATE TABLE solved AS
WITH state AS (SELECT world, v, stage, p, t, row_number() OVER (PARTITION BY world ORDER BY stage) AS i, count(*) OVER (PARTITION BY world) AS n FROM forecast),
	move AS (SELECT world, m.* FROM (SELECT DISTINCT ON (world) world, v FROM forecast) w, velocity_moves(v) m),
	cell AS (SELECT a.world, a.n, a.i, c, CASE WHEN c <= a.n THEN (a.i = c)::int - coalesce((SELECT share FROM move m JOIN state b ON b.world = m.world AND b.stage = to_stage WHERE m.world = a.world AND from_stage = a.stage AND b.i = c), 0)
			WHEN what = 'p' THEN coalesce((SELECT share FROM move m WHERE m.world = a.world AND from_stage = a.stage AND to_stage = 'won'), 0)
			ELSE (SELECT sum(share * micros(mean)) FROM move m WHERE m.world = a.world AND from_stage = a.stage) END AS value, what
		FROM state a, generate_series(1, a.n + 1) c, unnest('{p,t}'::text[]) what),
	answer AS (SELECT world, what, solve(array_agg(line ORDER BY i), n::int) AS x
		FROM (SELECT world, what, n, i, array_agg(value ORDER BY c) AS line FROM cell GROUP BY 1, 2, 3, 4) l GROUP BY world, what, n)
SELECT world, stage, p, t, x[i] AS x, what FROM state JOIN answer USING (world);
SELECT cmp_ok((SELECT count(*) FROM solved), '>=', 80::bigint, 'there are many stages to solve for');
SELECT is_empty($$SELECT world, stage, what, p, t, x FROM solved WHERE CASE what WHEN 'p' THEN abs(p - x) <= 1e-12 ELSE abs(t - x) <= 20 END IS NOT TRUE$$,
	'each stage''s probability and time are those of the linear equations, but for the means'' rounding to a microsecond');

SELECT * FROM finish();
ROLLBACK;
