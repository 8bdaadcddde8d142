-- Velocity: what its numbers mean, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(29);

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

SELECT * FROM finish();
ROLLBACK;
