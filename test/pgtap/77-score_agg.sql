-- Scores over a table of events: score_agg gives what score gives the same events as arrays, by any plan.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE SCHEMA crm;
SET search_path = crm, public, lifecycle;
SET timezone = 'UTC';
SELECT plan(45);

CREATE TABLE lead (id int PRIMARY KEY);
INSERT INTO lead SELECT generate_series(1, 300);
-- 20 events a lead and none for some, several at one instant, some of no kind, at no instant, of no interest, or in the future.
CREATE TABLE event (lead int, kind text, at timestamptz) PARTITION BY RANGE (lead);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (20);
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (20) TO (290);
CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM (290) TO (301);
SELECT setseed(0.5);
INSERT INTO event SELECT 1 + (random() * 289)::int, (ARRAY['opened', 'demo request', 'clicked', 'unsubscribed', 'Opened', 'naïve ☃', NULL])[1 + (random() * 6)::int],
	CASE WHEN random() < 0.97 THEN timestamptz '2026-01-01' + (random() * 120)::int * interval '1 day' + (random() * 3)::int * interval '6 hours' END
FROM generate_series(1, 6000);
ANALYZE event;
SELECT create_score('did', $$
group engagement -5..100 half-life 30 days
	+5 on opened at most 3 per 7 days
	+40 on "demo request"
	+0.000001 on opened
	-20 on unsubscribed at most 1
group rest 2..3
	+1.5 on "naïve ☃"
	-1 on clicked at most 4 per 36 hours
total 0..90
bands hot >= 60, warm >= 20, cold
$$);
CREATE VIEW by_array AS
	SELECT id, as_of, score('did', l, array_agg(kind), array_agg(at), as_of) AS score,
		ARRAY(SELECT x::text FROM explain_score('did', l, array_agg(kind), array_agg(at), as_of) x) AS lines
	FROM lead l LEFT JOIN event e ON e.lead = l.id, unnest('{2025-12-01,2026-02-11 06:00,2026-03-31,2027-01-01}'::timestamptz[]) as_of GROUP BY id, l, as_of;
CREATE TABLE told AS TABLE by_array;
CREATE VIEW by_agg AS
	SELECT id, as_of, score_agg('did', kind, at, as_of) AS score, explain_score_agg('did', kind, at, as_of) AS lines
	FROM lead l LEFT JOIN event e ON e.lead = l.id, unnest('{2025-12-01,2026-02-11 06:00,2026-03-31,2027-01-01}'::timestamptz[]) as_of GROUP BY id, as_of;
SELECT ok((SELECT count(DISTINCT score) > 200 AND count(*) FILTER (WHERE score = 90) > 10 AND count(*) FILTER (WHERE score = 0) > 10 FROM told), 'the scores are of all sorts');
SELECT set_eq('SELECT id, as_of, score FROM by_agg', 'SELECT id, as_of, score FROM told', 'score_agg is score of the arrays, also of those without events');
SELECT set_eq('SELECT id, as_of, ARRAY(SELECT x::text FROM unnest(lines) x) FROM by_agg', 'SELECT id, as_of, lines FROM told', 'and so is its explanation, line by line');
SELECT is_empty('SELECT * FROM by_agg WHERE score <> (SELECT sum(decayed) FROM unnest(lines))', 'whose lines add up to it, exactly');
SELECT isnt((SELECT score_band('did', max(score)) FROM by_agg), NULL, 'bands are for either');

-- Plans.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 4; SET parallel_leader_participation = off;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; lines text := '';
BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP lines := lines || line || E'\n'; END LOOP; RETURN lines; END $$;
PREPARE in_parallel AS SELECT lead, score_agg('did', kind, at, '2026-03-31') AS score FROM event GROUP BY lead;
SELECT matches(plan_of('EXECUTE in_parallel'), 'Finalize.*Gather.*Partial', 'workers count parts of a group');
SELECT set_eq('in_parallel', $$SELECT id, score FROM told WHERE as_of = '2026-03-31' AND id IN (SELECT lead FROM event)$$, 'which makes no difference');
PREPARE explained AS SELECT lead, (SELECT array_agg(x::text) FROM unnest(explain_score_agg('did', kind, at, '2026-03-31')) x) FROM event GROUP BY lead;
SELECT set_eq('explained', $$SELECT id, lines FROM told WHERE as_of = '2026-03-31' AND id IN (SELECT lead FROM event)$$, 'to explanations neither');
SELECT results_eq('SELECT score_band(''did'', score_agg(''did'', kind, at, ''2026-03-31'')) AS band, count(*) OVER () FROM event GROUP BY lead ORDER BY lead', $$SELECT score_band('did', score), count(*) OVER () FROM told WHERE as_of = '2026-03-31' AND id IN (SELECT lead FROM event) ORDER BY id$$, 'bands are found by workers too');
SET enable_partitionwise_aggregate = on;
CREATE TABLE told_of_ten AS SELECT lead % 10 AS ten, score('did', l, array_agg(kind), array_agg(at), '2026-03-31') AS score FROM event, lead l WHERE l.id = 1 GROUP BY 1, l;
PREPARE ten AS SELECT lead % 10, score_agg('did', kind, at, '2026-03-31') FROM event GROUP BY 1;
SELECT set_eq('ten', 'TABLE told_of_ten', 'nor do partitions');
RESET parallel_leader_participation;
SELECT is((SELECT score_agg('did', kind, at, '2026-03-31') FROM event WHERE lead < 5), (SELECT score('did', l, array_agg(kind), array_agg(at), '2026-03-31') FROM event, lead l WHERE lead < 5 AND l.id = 1 GROUP BY l),
	'a single group of several partitions');
SET max_parallel_workers_per_gather = 0;
SELECT matches(plan_of('EXECUTE ten'), 'Finalize.*Append.*Partial.*Partial.*Partial', 'partitions make parts of a group in one process too');
SELECT set_eq('ten', 'TABLE told_of_ten', 'nor do they by themselves');
SELECT set_eq('in_parallel', $$SELECT id, score FROM told WHERE as_of = '2026-03-31' AND id IN (SELECT lead FROM event)$$, 'nor a group of one partition');
SET enable_partitionwise_aggregate = off;
SET work_mem = '64kB';
SELECT set_eq('in_parallel', $$SELECT id, score FROM told WHERE as_of = '2026-03-31' AND id IN (SELECT lead FROM event)$$, 'nor little memory');
RESET work_mem;
SET enable_hashagg = off;
SELECT set_eq('in_parallel', $$SELECT id, score FROM told WHERE as_of = '2026-03-31' AND id IN (SELECT lead FROM event)$$, 'nor sorting');
SELECT is((SELECT score_agg(DISTINCT 'did', kind, at, '2026-03-31') FROM event WHERE lead = 7), (SELECT score_agg('did', kind, at, '2026-03-31') FROM (SELECT DISTINCT kind, at FROM event WHERE lead = 7) x), 'DISTINCT');
SELECT is((SELECT score_agg('did', kind, at, '2026-03-31' ORDER BY md5(at::text)) FROM event WHERE lead = 7), (SELECT score FROM told WHERE id = 7 AND as_of = '2026-03-31'), 'ORDER BY');
SELECT is_empty($$SELECT * FROM (SELECT lead, at, score_agg('did', kind, at, '2026-03-31') OVER w AS running, array_agg(kind) OVER w AS kinds, array_agg(at) OVER w AS instants
		FROM event WHERE lead < 20 WINDOW w AS (PARTITION BY lead ORDER BY at, kind)) x, lead l WHERE l.id = 1 AND running <> score('did', l, kinds, instants, '2026-03-31')$$, 'a window that grows');
SELECT is_empty($$SELECT * FROM (SELECT score_agg('did', kind, at, '2026-03-31') OVER w AS running, array_agg(kind) OVER w AS kinds, array_agg(at) OVER w AS instants
		FROM event WHERE lead < 20 WINDOW w AS (PARTITION BY lead ORDER BY at, kind ROWS 3 PRECEDING)) x, lead l WHERE l.id = 1 AND running <> score('did', l, kinds, instants, '2026-03-31')$$, 'and one that moves');

-- Nothing, and what cannot be.
SELECT is((SELECT score_agg('did', kind, at, '2026-03-31') FROM event WHERE false), NULL, 'no row, no score');
SELECT is((SELECT explain_score_agg('did', kind, at, '2026-03-31') FROM event WHERE false), NULL, 'no explanation');
SELECT is((SELECT score_agg('did', NULL, NULL, '2026-03-31')), 2.0, 'no event, the score of nothing');
SELECT is((SELECT score_agg('did', 'opened', NULL, '2026-03-31')), 2.0, 'an event at no instant is none');
SELECT is((SELECT score_agg('did', kind, at, NULL) FROM event), NULL, 'no instant, no score');
SELECT is((SELECT score_agg(NULL, kind, at, now()) FROM event), NULL, 'no name, no score');
SELECT is((SELECT explain_score_agg(NULL, kind, at, now()) FROM event), NULL, 'and no explanation');
SELECT throws_ok($$SELECT score_agg('nothing', kind, at, now()) FROM event$$, '42704', 'score "nothing" does not exist', 'a score that is not there');
SELECT throws_ok($$SELECT score_agg('did', kind, 'infinity', now()) FROM event$$, '22023', NULL, 'an event at no finite instant');
SELECT throws_ok($$SELECT score_agg('did', kind, at, 'infinity') FROM event$$, '22023', NULL, 'a score of none');
SELECT throws_ok($$SELECT score_agg('did', kind, at, at) FROM event$$, '22023', 'the events of one group are asked for different scores or instants', 'several instants');
SELECT create_score('other', E'group a 0..9\n+1 on opened');
SELECT throws_ok($$SELECT score_agg(n, kind, at, now()) FROM event, unnest('{did,other}'::text[]) n$$, '22023', NULL, 'several scores in one group');
SELECT throws_ok($$SELECT score_agg(n, kind, at, now()) FROM event, unnest('{did,NULL}'::text[]) n$$, '22023', NULL, 'or one and none');
SELECT results_eq($$SELECT n, score_agg(n, kind, at, '2026-03-31') FROM event, unnest('{did,other}'::text[]) n WHERE lead = 7 GROUP BY n ORDER BY n$$,
	$$SELECT 'did', score FROM told WHERE id = 7 AND as_of = '2026-03-31' UNION ALL SELECT 'other', least(9, count(*)) FROM event WHERE lead = 7 AND kind = 'opened' AND at <= '2026-03-31'$$, 'a score of each group''s own');
SELECT create_score('mixed', E'group a 0..9\n+1 on opened\n+1 when id > 3');
SELECT throws_ok($$SELECT score_agg('mixed', kind, at, now()) FROM event$$, '0A000', 'score "mixed" has conditions, which events alone do not answer', 'conditions need a row');
SELECT throws_ok($$SELECT score_agg_add(NULL, 'did', 'opened', now(), now())$$, NULL, NULL, 'its parts are not for all');

-- Points and numbers at their limits.
SELECT create_score('large', E'group a -1000000..1000000\n+1000000 on a\n-1000000 on b\n+0.000001 on c at most 2147483647 per 1 second');
SELECT is((SELECT score_agg('large', k, '2026-01-01', '2026-01-01') FROM unnest('{a,a,b}'::text[]) k), 1000000.0, 'the largest points');
SELECT is((SELECT score_agg('large', 'c', '4714-11-24 BC'::timestamptz + i, '294276-12-31') FROM unnest('{0,1 s}'::interval[]) i), 0.000002, 'the oldest events, and the latest instant');
SELECT is((SELECT score_agg('did', 'demo request', '4714-11-24 BC'::timestamptz, '294276-12-31')), 2.0, 'of which nothing is left');
SELECT create_score('sum', E'group a 1000000..1000000\n' || repeat(E'-1000000 on a\n', 900) || '-1000000 on b');
SELECT throws_ok(format($$SELECT %s('sum', k, '2026-01-01', '2026-01-01') FROM (SELECT 'a' AS k FROM generate_series(1, 10000) UNION ALL SELECT 'b') x$$, f), '54000', 'a score is out of range',
	'no sum goes round the end of all numbers: ' || f) FROM unnest('{score_agg,explain_score_agg}'::text[]) f;
SELECT is((SELECT sum(l.decayed) FROM unnest((SELECT explain_score_agg('sum', k, '2026-01-01', '2026-01-01') FROM unnest(array_fill('a'::text, '{10000}')) k)) l), 1000000.0, 'and up to there the lines add up');
SELECT throws_ok($$SELECT score_agg('large', 'a', '2026-01-01', '2026-01-01') FROM generate_series(1, 9000001)$$, '54000', 'a score is out of range', 'nor does one rule''s');

-- Within a transaction that changes it.
SELECT alter_score('other', E'group a 0..9\n+2 on opened');
SELECT is((SELECT score_agg('other', 'opened', '2026-03-01', '2026-03-31')), 2.0, 'another definition counts at once');
SAVEPOINT s;
SELECT alter_score('other', E'group a 0..9\n+3 on opened');
ROLLBACK TO s;
SELECT is((SELECT score_agg('other', 'opened', '2026-03-01', '2026-03-31')), 2.0, 'one that is rolled back does not');

SELECT * FROM finish();
ROLLBACK;
