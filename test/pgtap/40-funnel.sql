-- Funnels: what their numbers mean, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(62);

CREATE FUNCTION days(journey, funnel_spec) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(coalesce(to_char(t, 'DD'), '-'), ' ' ORDER BY n) FROM unnest(funnel_times($1, $2)) WITH ORDINALITY u(t, n) $$;

-- A chain
SELECT is(days('{lead@2026-01-01,mql@2026-01-02,won@2026-01-03}', 'lead > mql > won'), '01 02 03', 'a chain visits the steps in order');
SELECT is(days('{lead@2026-01-01,mql@2026-01-02,won@2026-01-03}', 'lead > won'), '01 03', 'other stages may lie between');
SELECT is(days('{won@2026-01-01,lead@2026-01-02}', 'lead > won'), '02', 'a step before its turn does not count');
SELECT is(days('{won@2026-01-01,lead@2026-01-01}', 'lead > won'), '01 01', 'in one instant any order counts');
SELECT is(days('{lead@2026-01-01}', 'lead > lead'), '01', 'a visit counts for one step only');
SELECT is(days('{won@2026-01-01}', 'lead > won'), NULL, 'who never enters has level 0');
SELECT is(days('{lead@2026-01-01,lead@2026-01-05,mql@2026-01-06,mql@2026-01-07,won@2026-01-08}', 'lead > mql > won'), '05 06 08',
	'of several chains, the latest entry with each step as early as possible');
SELECT is(days('{lead@2026-01-01,won@2026-01-03,lead@2026-01-05,won@2026-01-06}', 'lead > won'), '01 03', 'what reaches the level earliest comes first');

-- Windows
SELECT is(days('{lead@2026-01-01,won@2026-01-11}', 'lead > won within 10 days'), '01 11', 'the end of a window belongs to it');
SELECT is(days('{lead@2026-01-01,won@2026-01-11T00:00:01Z}', 'lead > won within 10 days'), '01', 'a second later is too late');
SELECT is(days('{lead@2026-01-31,won@2026-02-28}', 'lead > won within 1 month'), '31 28', 'a month is a month of the calendar');
SELECT is(days('{lead@2026-01-31,won@2026-03-01}', 'lead > won within 1 month'), '31', 'and the shorter one where the day is missing');
-- A month after 30 January at noon is 28 February at noon; after the 31st at midnight, the 28th at midnight.
SELECT is(days('{lead@2026-01-30T12:00,lead@2026-01-31,won@2026-02-28T06:00}', 'lead > won within 1 month'), '30 28',
	'where months end on the same day, the earlier entry may have the later deadline');
SELECT is(days('{lead@2026-01-30T12:00,lead@2026-01-31,won@2026-02-28T06:00}', 'lead > won (1 month)'), '30 28', 'and the same with limits');
SELECT is(days('{lead@2026-01-01,mql@2026-01-02,mql@2026-01-10,won@2026-01-12}', 'lead > mql > won (3 days)'), '01 10 12',
	'a step waits for a later visit if the limit of the next one wants it');
SELECT is(days('{lead@2026-01-01,mql@2026-01-09,won@2026-01-12}', 'lead > mql (7 days) > won'), '01', 'a step beyond its limit does not count');

-- Options
SELECT is(days('{lead@2026-01-01,x@2026-01-02,mql@2026-01-03}', 'lead > mql adjacent'), '01', 'adjacent: nothing may come between');
SELECT is(days('{lead@2026-01-01,lead@2026-01-02,mql@2026-01-03,mql@2026-01-04,won@2026-01-05}', 'lead > mql > won adjacent'), '02 03 05', 'adjacent: staying is fine');
SELECT is(days('{lead@2026-01-01,x@2026-01-02,lead@2026-01-03,mql@2026-01-04}', 'lead > mql adjacent'), '03 04', 'adjacent: it may start again');
SELECT is(days('{c@2026-01-01,a@2026-01-02,c@2026-01-03,b@2026-01-04}', 'a > b > c any order'), '02 03 04', 'any order: three different stages, from the latest start');
SELECT is(days('{lead@2026-01-01,lead@2026-02-01,won@2026-02-02}', 'lead > won within 10 days first entry'), '01', 'first entry: a second chance does not count');
SELECT is(days('{lead@2026-01-01,lead@2026-02-01,won@2026-02-02}', 'lead > won within 10 days'), '01 02', 'else the best entry does');
SELECT is(days('{lead@2026-01-01,won@2026-01-03}', 'lead > mql > won at least'), '01 - 03', 'at least: a later stage implies the earlier ones');
SELECT is(days('{mql@2026-01-01,won@2026-01-03}', 'lead > mql > won at least'), '- 01 03', 'at least: also at the start');
SELECT is(days('{lead@2026-01-01,mql@2026-01-02,lead@2026-01-03,won@2026-01-04}', 'lead > mql > won at least'), '01 02 04', 'at least: a chain that skips less is better than a later one');
SELECT is(days('{a@2026-01-01,b@2026-01-02,c@2026-01-03,b@2026-01-04,d@2026-01-05}', 'a > b > c > d at least'), '01 02 03 05', 'at least: nothing is skipped that need not be');
SELECT is(days('{lead@2026-01-01,mql@2026-01-02,lost@2026-01-03,won@2026-01-04}', 'lead > mql > won excluding lost'), '01 02', 'excluding: the entry counts at the level it had');
SELECT is(days('{lead@2026-01-01,won@2026-01-03,lost@2026-01-03}', 'lead > won excluding lost'), '01', 'excluding: a chain ends before that instant');
SELECT is(days('{lead@2026-01-01,lost@2026-01-03,lead@2026-01-04,won@2026-01-05}', 'lead > won excluding lost'), '04 05', 'excluding: a later entry starts afresh');
SELECT is(days('{lead@2026-01-01,lead@2026-01-15,won@2026-02-03}', 'lead > won entered 2026-01-01 to 2026-01-15'), '01 03', 'entered bounds the entry, not the rest, and its end is not included');
SELECT is(days('{lead@2026-01-01,lead@2026-01-15,won@2026-02-03}', 'lead > won first entry entered since 2026-01-02'), NULL, 'first entry comes before entered');

-- A report. Ten leads: five in January, of whom two won; five in March, of whom three have won at once.
CREATE TABLE deals AS
SELECT i AS id, format(CASE WHEN i <= 2 THEN '{lead@2026-01-0%1$s,won@2026-01-2%1$s}' WHEN i <= 5 THEN '{lead@2026-01-0%1$s}'
	WHEN i <= 8 THEN '{lead@2026-03-%1$s,won@2026-03-%2$s}' ELSE '{lead@2026-03-%1$s}' END, CASE WHEN i <= 5 THEN i ELSE i + 10 END, i + 12)::journey AS journey
FROM generate_series(1, 10) i;
CREATE VIEW report AS SELECT s.* FROM (SELECT funnel_agg(journey, 'lead > won within 30 days', '2026-04-01') AS f FROM deals) x, funnel_steps(f) s;

SELECT results_eq('SELECT step, stage, eligible, reached, pending, dropped FROM report',
	$$VALUES (1, 'lead', 5::bigint, 5::bigint, 5::bigint, NULL::bigint), (2, 'won', 5, 2, 5, 3)$$,
	'who entered less than a window ago is pending, early finishers included');
SELECT is((SELECT from_first FROM report WHERE step = 2), 0.4::float8, 'so that the rate is 40 %, not 50 %');
SELECT is((SELECT from_first FROM funnel_steps((SELECT funnel_agg(journey, 'lead > won within 30 days') FROM deals)) WHERE step = 2), 0.5::float8,
	'without "as of" everybody counts');
SELECT is((SELECT eligible FROM funnel_steps((SELECT funnel_agg(journey, 'lead > won within 30 days as of 2026-01-31') FROM deals)) WHERE step = 1), 1::bigint,
	'an entrant is eligible at the very end of the window');
SELECT is((SELECT pending FROM funnel_steps((SELECT funnel_agg(journey, 'lead > won within 30 days as of 2026-01-31') FROM deals)) WHERE step = 1), 4::bigint,
	'who enters after "as of" has not entered');
SELECT is((SELECT p50 FROM report WHERE step = 2), '20 days'::interval, 'times are those of the eligible');
SELECT ok((SELECT bool_and(ci_low <= from_first AND from_first <= ci_high) FROM report), 'the interval holds the share');
SELECT is((SELECT funnel_agg(journey, 'lead > won within 30 days', '2026-04-01')::text FROM deals),
	(SELECT funnel_agg(journey, funnel_spec(steps => '{lead,won}', within => '30 days', as_of => '2026-04-01'))::text FROM deals),
	'the instant may be an argument, or part of the specification');

SELECT is((SELECT funnel_agg(journey, 'lead > won')::text FROM deals WHERE false), NULL, 'no rows, no funnel');
SELECT is((SELECT reached FROM funnel_steps((SELECT funnel_agg(NULL, 'lead > won') FROM deals)) WHERE step = 1), 0::bigint, 'rows without a journey are a funnel of nobody');
SELECT is((SELECT rollup(f)::text FROM (SELECT funnel_agg(journey, 'lead > won') AS f FROM deals GROUP BY id % 3) x),
	(SELECT funnel_agg(journey, 'lead > won')::text FROM deals), 'rollup of the parts is the whole');
SELECT throws_ok($$SELECT rollup(f) FROM (SELECT funnel_agg(journey, 'lead > won within 1 day', now()) AS f FROM deals UNION ALL
	SELECT funnel_agg(journey, 'lead > won within 1 day', now() - interval '1 day') FROM deals) x$$, '22023', NULL,
	'funnels as of different instants cannot be rolled up');

-- Hostile journeys: 1,000 visits to each of three stages, in turn, one stage after the other, and tied.
CREATE TABLE hostile (shape text, journey journey);
INSERT INTO hostile SELECT 'in turn', journey_agg(chr(97 + i % 3), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 2999) i;
INSERT INTO hostile SELECT 'in blocks', journey_agg(chr(97 + i / 1000), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 2999) i;
INSERT INTO hostile SELECT 'backwards', journey_agg(chr(99 - i / 1000), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 2999) i;
INSERT INTO hostile SELECT 'at once', journey_agg(chr(97 + i % 3), '2026-01-01') FROM generate_series(0, 2999) i;
CREATE TABLE asked AS
SELECT (array_to_string((string_to_array(repeat(stages, 64), ' '))[:64], ' > ') || tail)::funnel_spec AS spec, n, tail
FROM (VALUES (3, 'a b c '), (1, 'a ')) s(n, stages),
	unnest(ARRAY['', ' within 1 hour', ' within 1 month', ' adjacent', ' first entry', ' excluding x']) tail;
INSERT INTO asked SELECT ('a > b (1 hour) > c (1 hour) > a (1 hour) > b > c' || tail)::funnel_spec, 6, tail
FROM unnest(ARRAY['', ' within 1 day', ' within 1 month', ' first entry', ' excluding x']) tail;
INSERT INTO asked SELECT ('a > b > c at least' || tail)::funnel_spec, 3, tail FROM unnest(ARRAY['', ' within 1 hour', ' first entry']) tail;
INSERT INTO asked SELECT ('a > b > c any order' || tail)::funnel_spec, 3, tail FROM unnest(ARRAY['', ' within 1 hour', ' first entry']) tail;
CREATE TABLE answered AS SELECT clock_timestamp() AS begun, NULL::timestamptz AS ended, NULL::numeric AS bytes;
CREATE TABLE levels AS SELECT shape, spec, tail, n, funnel_level(journey, spec) AS level FROM hostile, asked;
UPDATE answered SET ended = clock_timestamp();
SELECT cmp_ok((SELECT ended - begun FROM answered), '<', interval '3 seconds', '1,000 repeats of each stage are answered at once, in every way to ask');
SELECT results_eq($$SELECT shape, level FROM levels WHERE n = 3 AND tail = '' AND spec::text LIKE '%a > b > c > a%' ORDER BY 1$$,
	$$VALUES ('at once', 64), ('backwards', 1), ('in blocks', 3), ('in turn', 64)$$, 'with as many steps as there can be, each a visit of its own');
SELECT is((SELECT array_agg(DISTINCT level) FROM levels WHERE n = 1 AND tail <> ' adjacent'), '{64}', 'and the same stage at all of them');
UPDATE answered SET bytes = (SELECT most FROM (SELECT count(funnel_level(journey, spec)), (SELECT sum(total_bytes) FROM pg_backend_memory_contexts) AS most FROM hostile, asked) x);
SELECT cmp_ok((SELECT bytes FROM answered), '<', 32 * 1024 * 1024::numeric, 'in bounded memory');

-- What has no limits and no ties is searched in a way of its own. Limits that bind nobody must change nothing.
CREATE TABLE long AS
SELECT i, journey_agg(chr(97 + abs(hashint4(i * 100 + n)) % 4), '2026-01-01'::timestamptz + n * interval '1 day') AS journey
FROM generate_series(1, 3000) i, generate_series(1, 30) n WHERE n <= 2 + i % 29 GROUP BY i;
SELECT is((SELECT count(*) FROM long, unnest(ARRAY['', ' within 5 days', ' first entry', ' within 5 days first entry', ' excluding d within 9 days', ' entered 2026-01-05 to 2026-01-15 within 5 days', ' within 5 days as of 2026-01-20']) tail
	WHERE funnel_times(journey, ('a > b > c > a' || tail)::funnel_spec) IS DISTINCT FROM funnel_times(journey, ('a > b (99 days) > c > a' || tail)::funnel_spec)),
	0::bigint, 'both ways to search find the same chains');

-- Young entrants. 20 worlds of 1,500 leads, who come evenly over 120 days. Four in ten will be won: half of
-- these within days, the others after weeks. Each world is looked at every ten days.
CREATE FUNCTION chance(world int, lead int, what int) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8(world * 1000000::bigint + lead * 10 + what) & 1073741823) / 1073741824.0 $$;
CREATE TABLE world AS
SELECT world, lead, entered, journey_agg(stage, at) AS journey
FROM (SELECT *, timestamptz '2026-01-01' + lead * interval '115 minutes 12 seconds' AS entered,
		chance(world, lead, 1) < 0.4 AS converts, CASE WHEN chance(world, lead, 2) < 0.5 THEN interval '3 days' * chance(world, lead, 3)
			ELSE interval '40 days' + interval '20 days' * chance(world, lead, 3) END AS takes
	FROM generate_series(1, 20) world, generate_series(0, 1499) lead) l,
	LATERAL (VALUES ('lead', entered), (CASE WHEN converts THEN 'won' END, CASE WHEN converts THEN entered + takes END)) v(stage, at)
GROUP BY world, lead, entered;
CREATE TABLE looked AS
SELECT world, days, as_of, s.eligible, s.pending, s.from_first, s.ci_low, s.ci_high
FROM generate_series(70, 190, 10) days CROSS JOIN LATERAL (SELECT timestamptz '2026-01-01' + days * interval '1 day' AS as_of) d
	CROSS JOIN LATERAL (SELECT world, funnel_agg(journey, 'lead > won within 60 days', as_of) AS f FROM world GROUP BY world) w, funnel_steps(f) s
WHERE step = 2;
-- The tempting rule counts who has finished, and whoever else has had the whole window.
CREATE TABLE tempting AS
SELECT world, days, avg(won::int)::float8 AS rate
FROM (SELECT world, days, entered, as_of, coalesce(entered_at(journey, 'won') <= as_of, false) AS won FROM looked JOIN world USING (world)) w
WHERE won OR entered + interval '60 days' <= as_of GROUP BY 1, 2;

SELECT is((SELECT count(*) FROM looked l WHERE (eligible, pending) <> (SELECT count(*) FILTER (WHERE entered + interval '60 days' <= as_of), count(*) FILTER (WHERE entered + interval '60 days' > as_of)
		FROM world w WHERE w.world = l.world AND entered <= as_of)),
	0::bigint, 'eligible are those, and only those, whose 60 days are over, won or not');
SELECT is((SELECT count(*) FROM looked l WHERE from_first IS DISTINCT FROM (SELECT avg((entered_at(journey, 'won') IS NOT NULL)::int)::float8 FROM world w WHERE w.world = l.world AND entered + interval '60 days' <= as_of)),
	0::bigint, 'and the share is theirs');
SELECT cmp_ok((SELECT count(DISTINCT world) FROM looked WHERE 0.4 NOT BETWEEN ci_low AND ci_high), '<=', 5::bigint,
	'in three worlds of four the truth is in the interval whenever one looks');
-- 260 intervals of 95 % miss 13 times on average; those of one world are not independent.
SELECT cmp_ok((SELECT count(*) FROM looked WHERE 0.4 NOT BETWEEN ci_low AND ci_high), '<=', 26::bigint,
	'and in all worlds it is missed hardly more often than an interval of 95 % misses');
SELECT ok((SELECT bool_and(abs(mean - 0.4) < 3 * sqrt(0.24 / n)) FROM (SELECT days, sum(from_first * eligible) / sum(eligible) AS mean, sum(eligible) AS n FROM looked GROUP BY days) d),
	'the estimate leans to no side, at no age');
SELECT cmp_ok((SELECT round(avg(rate)::numeric, 2) FROM tempting WHERE days = 120), '>=', 0.49,
	'the tempting rule, by which the unfinished are not counted yet, says 50 % where the truth is 40 %');
SELECT is((SELECT count(*) FROM tempting JOIN looked USING (world, days) WHERE days <= 120 AND rate <= ci_high), 0::bigint,
	'and is above the interval each time');
SELECT is((SELECT avg(rate) FROM tempting t JOIN looked USING (world, days) WHERE days >= 180), (SELECT avg(from_first) FROM looked WHERE days >= 180),
	'until everybody is old, when both agree');
-- This month's leads by themselves: the tempting rule says 100 %.
SELECT results_eq($$SELECT count(*) FILTER (WHERE won), eligible, pending, from_first
	FROM (SELECT funnel_agg(journey, 'lead > won within 60 days', '2026-05-01') AS f FROM world WHERE world = 1 AND entered >= '2026-04-01') x, funnel_steps(f) s,
		(SELECT entered_at(journey, 'won') < '2026-05-01' AS won FROM world WHERE world = 1 AND entered >= '2026-04-01') w
	WHERE step = 2 GROUP BY 2, 3, 4$$,
	$$SELECT count(*) FILTER (WHERE entered_at(journey, 'won') < '2026-05-01'), 0::bigint, count(*), NULL::float8 FROM world WHERE world = 1 AND entered >= '2026-04-01'$$,
	'where nobody is old enough, nothing is known, however many were quick');

-- Hostile journeys again, ten times as long: each answer by itself.
CREATE TABLE longer (shape text, journey journey);
INSERT INTO longer SELECT 'in turn', journey_agg(chr(97 + i % 3), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 9999) i;
INSERT INTO longer SELECT 'in blocks', journey_agg(chr(97 + i / 3334), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 9999) i;
INSERT INTO longer SELECT 'backwards', journey_agg(chr(99 - i / 3334), '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 9999) i;
INSERT INTO longer SELECT 'at once', journey_agg(chr(97 + i % 3), '2026-01-01') FROM generate_series(0, 9999) i;
INSERT INTO longer SELECT 'in pairs', journey_agg(chr(97 + i % 3), '2026-01-01'::timestamptz + i / 2 * interval '1 hour') FROM generate_series(0, 9999) i;
INSERT INTO longer SELECT 'all stages', journey_agg('s' || i % 1000, '2026-01-01'::timestamptz + i * interval '1 second') FROM generate_series(0, 9999) i;
INSERT INTO asked SELECT spec::funnel_spec, 0, 'hard' FROM unnest(ARRAY[
	'a > b > c within 1 month any order', 'a > b > c at least within 1 month', 'a > b > c at least excluding x', 'a > b (1 month) > c (1 month) at least',
	'a > b (1 second) > c (1 second) > a (1 second) > b (1 second) > c (0 seconds) adjacent', 'c > b > a > c within 1 second',
	'a > b (1 month) > c (1 month) > a (1 month) > b > c within 1 month', 'a > b > c excluding s0', 'b > c (1 hour) > a within 10000 days as of 2100-01-01']) spec;
INSERT INTO asked SELECT (array_to_string(ARRAY(SELECT 's' || 15 * i FROM generate_series(0, 63) i), ' > ') || tail)::funnel_spec, 0, 'hard'
FROM unnest(ARRAY['', ' at least', ' at least within 1 month', ' any order within 1 hour', ' adjacent']) tail;
INSERT INTO asked SELECT ('s0' || string_agg(format(' > s%s (1 month)', 15 * i), '') || ' at least')::funnel_spec, 0, 'hard' FROM generate_series(1, 63) i;
CREATE TABLE timed (spec funnel_spec, shape text, took interval, level int);
-- Where the machine is busy with something else, it is asked again.
DO $$
DECLARE
	one record;
	begun timestamptz;
	level int;
	took interval;
BEGIN
	FOR one IN SELECT * FROM asked, longer LOOP
		FOR attempt IN 1..3 LOOP
			begun := clock_timestamp();
			level := funnel_level(one.journey, one.spec);
			took := clock_timestamp() - begun;
			EXIT WHEN took < interval '100 milliseconds';
		END LOOP;
		INSERT INTO timed VALUES (one.spec, one.shape, took, level);
	END LOOP;
END $$;
SELECT is((SELECT string_agg(format('%s of %s: %s', spec, shape, took), E'\n') FROM timed WHERE took > interval '100 milliseconds'), NULL,
	'each question about 10,000 steps is answered within 100 ms');
SELECT cmp_ok((SELECT count(DISTINCT level) FROM timed), '>', 3::bigint, 'they come to different answers');
SELECT cmp_ok((SELECT sum(total_bytes) FROM pg_backend_memory_contexts), '<', 32 * 1024 * 1024::numeric, 'and leave nothing behind');

-- PL/pgSQL keeps the place of a call from one evaluation to the next, while its variables change.
CREATE FUNCTION levels(journey journey, specs funnel_spec[]) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
	spec funnel_spec;
	found int[];
BEGIN
	FOREACH spec IN ARRAY specs LOOP found := found || funnel_level(journey, spec); END LOOP;
	RETURN found;
END $$;
SELECT is(levels('{c@2026-01-01,b@2026-01-02,a@2026-01-03}', '{a > b > c,a > b > c any order,c > b,x}'), '{1,3,2,0}', 'in a loop each specification is asked for');
PREPARE asked_for AS SELECT array_agg(funnel_level(journey, $1) ORDER BY journey) || (SELECT max(reached)::int FROM funnel_steps((SELECT funnel_agg(journey, $1) FROM deals)) WHERE step = 2) FROM deals WHERE id IN (1, 4);
SET LOCAL plan_cache_mode = force_generic_plan;
CREATE FUNCTION run(what text) RETURNS int[] LANGUAGE plpgsql AS $$ DECLARE l int[]; BEGIN EXECUTE format('EXECUTE asked_for(%L)', what) INTO l; RETURN l; END $$;
SELECT is(ARRAY[run('lead > won'), run('won > lead'), run('lead > won')], '{{2,1,5},{1,0,0},{2,1,5}}', 'and so it is where a prepared statement gets another one');

SELECT finish();
ROLLBACK;
