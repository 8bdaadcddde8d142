-- win_rate: the type, its specification, its aggregates and what is read from it.
SET search_path = public, lifecycle;
SET timezone = 'UTC';

-- A specification reads back as itself.
SELECT s, s::text::win_rate_spec::text = s::text AS same
FROM (VALUES (win_rate_spec 'won against lost'), ('WON, "closed won",won AGAINST lost,churned CLOSED 2026-01-01 TO 2026-04-01'), ('against against closed closed since 2026-01-01'),
	('won against lost closed before 2026-01-01T00:00:00.5+01:00')) v(s);
SELECT win_rate_spec('{won}', '{lost,churned,lost}') AS always, win_rate_spec('{won}', '{lost}', '[2026-01-01,2026-04-01]') AS period,
	win_rate_spec('{won}', '{lost}', '(,2026-04-01)') = 'won against lost closed before 2026-04-01' AS same;
SELECT win_rate_spec '';
SELECT win_rate_spec 'won';
SELECT win_rate_spec 'won against';
SELECT win_rate_spec 'won against lost, won';
SELECT win_rate_spec 'won against lost closed';
SELECT win_rate_spec 'won against lost closed 2026-04-01 to 2026-01-01';
SELECT win_rate_spec 'won against lost please';
SELECT win_rate_spec('{}', '{lost}');
SELECT win_rate_spec('{won}', NULL);
SELECT win_rate_spec('{won,NULL}', '{lost}');
SELECT win_rate_spec('{won}', '{won}');
SELECT win_rate_spec('{won}', '{lost}', 'empty');
SELECT win_rate_spec('{won}', '{lost}', '[-infinity,2026-01-01)');
SELECT win_rate_spec('{won}', array_agg('s' || i)) IS NOT NULL AS most FROM generate_series(1, 1024) i;
SELECT win_rate_spec('{won}', array_agg('s' || i)) FROM generate_series(1, 1025) i;

-- The text of a win rate.
SELECT w, w::text::win_rate::text = w::text AS same, w::float8
FROM (VALUES (win_rate 'won against lost {0 won, 0 lost}'), ('b,a AGAINST c closed since 2026-01-01{3 WON,1 LOST}'), ('won against lost {9223372036854775806 won, 1 lost}')) x(w);
SELECT win_rate '';
SELECT win_rate 'won against lost';
SELECT win_rate 'won against lost {}';
SELECT win_rate 'won against lost {1 won 2 lost}';
SELECT win_rate 'won against lost {1 won, -2 lost}';
SELECT win_rate 'won against lost {1 won, 2 lost} x';
SELECT win_rate 'won against won {1 won, 2 lost}';
SELECT win_rate 'won against lost {9223372036854775806 won, 2 lost}';
SELECT win_rate 'won against lost {9223372036854775807 won, 0 lost}';

-- Nothing, nulls, and what is refused.
CREATE TABLE deals (id int, journey journey);
INSERT INTO deals VALUES
	(1, '{lead@2026-01-01,won@2026-01-13}'), (2, '{lead@2026-01-02,lost@2026-01-10,lead@2026-01-12,won@2026-02-10}'),
	(3, '{lead@2026-01-05}'), (4, '{lead@2026-01-05,won@2026-02-01,lost@2026-02-02}'), (5, NULL);
SELECT win_rate_agg(journey, 'won against lost') FROM deals;
SELECT win_rate_agg(journey, '{won}', '{lost}', '[2026-01-01,2026-02-01)'), win_rate_agg(journey, '{won}', '{lost}', NULL) AS always,
	win_rate_agg(journey, 'won against lost') FILTER (WHERE id = 3) AS none, win_rate_agg(journey, 'won against lost') FILTER (WHERE id = 5) AS only_null,
	win_rate_agg(journey, 'won against lost') FILTER (WHERE id > 5) AS nothing FROM deals;
SELECT win_rate_agg(journey, '{won}', '{lost}', '[2026-01-01,2026-02-01)')::float8 AS rate, win_rate_agg(journey, '{won}', '{lost}', '[2027-01-01,)')::float8 AS undecided FROM deals;
SELECT c.* FROM (SELECT win_rate_agg(journey, 'won against lost') AS w FROM deals) x, win_rate_counts(w) c;
SELECT * FROM win_rate_counts('won against lost {0 won, 0 lost}');
SELECT rollup(w) FROM (VALUES (NULL::win_rate), ('won against lost {1 won, 0 lost}'), (NULL), ('won against lost {1 won, 5 lost}')) x(w);
SELECT win_rate_agg(journey, NULL) FROM deals;
SELECT win_rate_agg(journey, NULL, '{lost}', NULL) FROM deals;
SELECT win_rate_agg(journey, '{won}', '{won}', NULL) FROM deals;
SELECT win_rate_agg(journey, '{won}', '{lost}', 'empty') FROM deals;
SELECT win_rate_agg(journey, '{won}', ARRAY['lost', 's' || id], NULL) FROM deals;
SELECT rollup(w) FROM (VALUES (win_rate 'won against lost {1 won, 0 lost}'), ('won against churned {1 won, 5 lost}')) x(w);
SELECT rollup(w) FROM (VALUES (win_rate 'won against lost {9223372036854775806 won, 0 lost}'), ('won against lost {1 won, 1 lost}')) x(w);
SELECT win_rate_agg_add('won against lost {1 won, 0 lost}', '{lead@2026-01-01}', 'won against lost');
SELECT win_rate_agg_add_between('won against lost {1 won, 0 lost}', '{lead@2026-01-01}', '{won}', '{lost}', NULL);
SELECT win_rate_agg_combine('won against lost {1 won, 0 lost}', 'won against lost {1 won, 0 lost}');

-- 6,000 journeys, the same on every machine, against plain SQL over their events.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TABLE event AS
SELECT id, step, (ARRAY['lead', 'sql', 'closed won', 'lost', 'trial', 'été'])[1 + chance(id || 'a' || step, 6)] AS stage,
	timestamptz '2026-01-01' + chance(id || 'c', 90) * interval '1 day' + step * interval '20 hours' AS at
FROM generate_series(1, 6000) id, generate_series(1, 8) step
WHERE step <= 1 + chance(id || 'f', 8);
CREATE TABLE trip (id int, part int, journey journey);
INSERT INTO trip SELECT id, CASE WHEN id < 20 THEN id % 3 ELSE 3 END, journey_agg(stage, at, step) FROM event GROUP BY id ORDER BY id;
INSERT INTO trip SELECT -id, 4, NULL FROM generate_series(1, 10) id;
ANALYZE trip;
CREATE TABLE wanted (won text[], lost text[], period tstzrange);
INSERT INTO wanted VALUES ('{closed won}', '{lost}', '[2026-02-01,2026-03-01)'), ('{closed won,été}', '{lost,sql}', '(2026-02-01,2026-02-02]'), ('{lead}', '{nowhere}', '[2026-03-01,)'), ('{trial}', '{lost}', '(,)');
CREATE TABLE first_outcome AS
SELECT DISTINCT ON (won, lost, id) won, lost, period, id, stage = ANY (won) AS is_won, period @> at AS counts
FROM wanted, event WHERE stage = ANY (won || lost) ORDER BY won, lost, id, step;
SELECT won, lost, (c.n, c.m) = (r.n, r.m) AS counts, abs(c.rate - r.rate) < 1e-12 AS rate, a::text = b::text AS same
FROM (SELECT won, lost, win_rate_agg(journey, won, lost, period) AS a, win_rate_agg(journey, win_rate_spec(won, lost, period)) AS b FROM wanted, trip GROUP BY 1, 2) w,
	LATERAL (SELECT x.won AS n, x.lost AS m, rate FROM win_rate_counts(a) x) c
JOIN (SELECT won AS r_won, lost AS r_lost, count(*) FILTER (WHERE is_won) AS n, count(*) FILTER (WHERE NOT is_won) AS m, avg(is_won::int) AS rate FROM first_outcome WHERE counts GROUP BY 1, 2) r ON true
WHERE (won, lost) = (r_won, r_lost) ORDER BY 1;

-- The same, whatever the order, plan and number of workers; parts rolled up are the whole.
CREATE TABLE whole AS SELECT win_rate_agg(journey, '"closed won" against lost closed since 2026-02-01') AS w FROM trip;
SELECT w FROM whole;
SELECT n, rollup(w)::text = (SELECT w::text FROM whole) AS rolled_up
FROM (SELECT n, id % n AS part, win_rate_agg(journey, '{closed won}', '{lost}', '[2026-02-01,)') AS w FROM trip, unnest('{1,2,7,3000}'::int[]) n GROUP BY 1, 2) x GROUP BY n ORDER BY n;
CREATE FUNCTION plan_has(query text, word text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF strpos(line, word) > 0 THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;
SELECT plan_has($$SELECT win_rate_agg(journey, '"closed won" against lost') FROM trip$$, 'Partial Aggregate') AS parallel;
SELECT win_rate_agg(journey, '"closed won" against lost closed since 2026-02-01')::text = (SELECT w::text FROM whole) AS by_workers,
	win_rate_agg(journey, '{closed won}', '{lost}', '[2026-02-01,)')::text = (SELECT w::text FROM whole) AS with_arrays FROM trip;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
CREATE TABLE parted (id int, part int, journey journey) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES IN (4);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
INSERT INTO parted TABLE trip;
SET enable_partitionwise_aggregate = on;
SELECT plan_has($$SELECT win_rate_agg(journey, '"closed won" against lost') FROM parted$$, 'Partial Aggregate') AS partitionwise;
SELECT win_rate_agg(journey, '"closed won" against lost closed since 2026-02-01')::text = (SELECT w::text FROM whole) AS by_partitions FROM parted;
RESET enable_partitionwise_aggregate;
SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
CREATE TABLE hashed AS SELECT id % 3000 AS part, win_rate_agg(journey, '"closed won" against lost')::text AS w FROM trip GROUP BY 1;
RESET work_mem; RESET hash_mem_multiplier; RESET enable_sort; SET enable_hashagg = off;
SELECT count(*), bool_and(h.w IS NOT DISTINCT FROM s.w) AS same FROM hashed h
FULL JOIN (SELECT id % 3000 AS part, win_rate_agg(journey, '"closed won" against lost')::text AS w FROM trip GROUP BY 1) s USING (part);
RESET enable_hashagg;
-- Duplicates, DISTINCT, FILTER and window frames.
SELECT win_rate_agg(journey, '"closed won" against lost closed since 2026-02-01')::text = (SELECT rollup(w)::text FROM whole, generate_series(1, 2)) AS twice FROM (TABLE trip UNION ALL TABLE trip) x;
SELECT win_rate_agg(DISTINCT journey, 'lead against lost')::text = (SELECT win_rate_agg(journey, 'lead against lost')::text FROM (SELECT DISTINCT journey FROM trip) y) AS is_distinct FROM (TABLE trip UNION ALL TABLE trip) x;
SELECT win_rate_agg(journey, 'lead against lost') FILTER (WHERE id % 2 = 0)::text = (SELECT win_rate_agg(journey, 'lead against lost')::text FROM trip WHERE id % 2 = 0) AS filtered FROM trip;
SELECT count(*), bool_and(framed IS NOT DISTINCT FROM (SELECT win_rate_agg(journey, 'lead against lost')::text FROM trip t WHERE t.id BETWEEN w.id - 2 AND w.id)) AS frames
FROM (SELECT id, win_rate_agg(journey, 'lead against lost') OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)::text AS framed FROM trip WHERE id BETWEEN 1 AND 200) w WHERE id > 2;
CREATE TABLE running AS SELECT id, win_rate_agg(journey, 'lead against lost') OVER (ORDER BY id) AS w FROM trip WHERE id BETWEEN 1 AND 1000;
SELECT count(*), bool_and(w::text = (SELECT win_rate_agg(journey, 'lead against lost')::text FROM trip t WHERE t.id BETWEEN 1 AND r.id)) AS running FROM running r WHERE id % 100 = 0;

-- Stored with a header of one byte, sent and received; hostile bytes are refused.
CREATE TABLE target (w win_rate);
INSERT INTO target SELECT w FROM whole;
SELECT t.w::text = whole.w::text AS stored, t.w::float8 = whole.w::float8 AS rate FROM target t, whole;
DELETE FROM target;
CREATE FUNCTION receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/win_rate_hostile.bin';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2));
	answer text;
BEGIN
	PERFORM lo_export(object, path);
	PERFORM lo_unlink(object);
	EXECUTE format('COPY target FROM %L (FORMAT binary)', path);
	SELECT w::text INTO answer FROM target;
	DELETE FROM target;
	RETURN answer;
EXCEPTION WHEN others THEN RETURN SQLSTATE;
END $$;
SELECT what, receive('\x01' || int4send(length(spec)) || spec || int8send(won) || int8send(lost)) FROM (VALUES
	('good', 'won against lost'::bytea, 3::bigint, 4::bigint), ('loose', 'WON AGAINST lost , a', 0, 0), ('the most', 'a against b', 9223372036854775806, 1),
	('one more', 'a against b', 9223372036854775806, 2), ('more than can be read again', 'a against b', 9223372036854775807, 0), ('negative', 'a against b', -1, 2), ('no specification', '', 1, 1), ('both', 'a against a', 1, 1)) x(what, spec, won, lost);
SELECT receive(win_rate_send(w) || '\x00') AS longer, receive(substr(win_rate_send(w), 1, 20)) AS cut, receive('\x02' || substr(win_rate_send(w), 2)) AS unknown, receive(win_rate_send(w)) = w::text AS same FROM whole;
CREATE TABLE outcome (code text);
DO $$
DECLARE
	bytes bytea := win_rate_send('"closed won" against lost closed since 2026-02-01 {3 won, 4 lost}');
	bad bytea;
BEGIN
	FOR i IN 1..500 LOOP
		bad := set_byte(bytes, chance(i || 'p', length(bytes)), (ARRAY[0, 1, 127, 128, 255, chance(i || 'v', 256)])[1 + chance(i || 'k', 6)]);
		IF i % 4 = 1 THEN bad := substr(bad, 1, chance(i || 't', length(bytes))); END IF;
		INSERT INTO outcome SELECT CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'read' END FROM receive(bad) answer;
	END LOOP;
END $$;
SELECT code, count(*) > 5 AS often FROM outcome GROUP BY 1 ORDER BY 1;
DO $$
BEGIN
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || current_setting('data_directory') || '/win_rate_hostile.bin"');
END $$;

DROP TABLE deals, event, trip, wanted, first_outcome, whole, parted, hashed, running, target, outcome;
DROP FUNCTION chance, plan_has, receive;
