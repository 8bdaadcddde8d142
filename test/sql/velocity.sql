-- velocity: the type, its specification, its aggregates and their readers.
SET search_path = public, lifecycle;
SET timezone = 'UTC';

-- A specification reads back as itself.
SELECT s, s::text::velocity_spec::text = s::text AS same
FROM (VALUES (velocity_spec ''), ('as of 2026-05-01'), ('moved 2026-01-01 to 2026-04-01'),
	('MOVED 2026-01-01T12:00+02:00 TO 2026-04-01 AS OF 2026-05-01 08:30'),
	('moved since 2026-01-01'), ('moved before 2026-01-01 as of 2026-05-01')) v(s);
SELECT velocity_spec() AS nothing,
	velocity_spec(as_of => '2026-05-01') AS as_of,
	velocity_spec(moved => '[2026-01-01,2026-04-01)') AS half_open,
	velocity_spec(moved => '(2026-01-01,2026-04-01]') AS the_other_half,
	velocity_spec('[2026-01-01,)', '2026-05-01') AS since;
SELECT velocity_spec 'moved 2026-01-01';
SELECT velocity_spec 'moved 2026-04-01 to 2026-01-01';
SELECT velocity_spec 'as of tomorrow';
SELECT velocity_spec 'as of 2026-05-01 please';
SELECT velocity_spec(moved => 'empty');
SELECT velocity_spec(moved => '[-infinity,2026-01-01)');
SELECT velocity_spec(as_of => 'infinity');

-- Five deals, by hand.
CREATE TABLE deals (id int, journey journey);
INSERT INTO deals VALUES
	(1, '{lead@2026-01-01,mql@2026-01-03,won@2026-01-13}'),
	(2, '{lead@2026-01-02,mql@2026-01-06,lost@2026-01-10}'),
	(3, '{lead@2026-01-05,lost@2026-01-06T12:00Z}'),
	(4, '{mql@2026-01-07,mql@2026-01-09,lead@2026-01-10,mql@2026-01-20}'),
	(5, '{lead@2026-02-01}');
SELECT velocity_agg(journey) FROM deals;
SELECT * FROM velocity_moves((SELECT velocity_agg(journey) FROM deals));
SELECT * FROM velocity_stages((SELECT velocity_agg(journey) FROM deals));
-- As of an instant later steps have not happened, nor has the fifth deal begun.
SELECT velocity_agg(journey, 'as of 2026-01-10') FROM deals;
SELECT * FROM velocity_stages((SELECT velocity_agg(journey, 'as of 2026-01-10') FROM deals));
SELECT velocity_agg(journey, '', '2026-01-10') FROM deals;
-- A period chooses moves by their instant, its end not included; dwells stay whole.
SELECT velocity_agg(journey, 'moved 2026-01-06 to 2026-01-10 as of 2026-01-31') FROM deals;
SELECT win_probability(v, 'lead', '{won}', '{lost}'), win_probability(v, 'won', '{won}', '{lost}') AS won,
	win_probability(v, 'lost', '{won}', '{lost}') AS lost, win_probability(v, 'trial', '{won}', '{lost}') AS unknown,
	win_probability(v, 'lead', '{expanded}', '{churned}') AS never,
	expected_time(v, 'lead', '{won}', '{lost}'), expected_time(v, 'mql', '{won}', '{lost}') AS from_mql,
	expected_time(v, 'won', '{won}', '{lost}') AS none, expected_time(v, 'lead', '{expanded}', '{}') AS never
FROM (SELECT velocity_agg(journey) AS v FROM deals) x;

-- Nothing, nulls, and nothing left.
SELECT velocity_agg(journey) FROM deals WHERE false;
SELECT velocity_agg(NULL::journey) FROM deals;
SELECT velocity_agg(journey) FILTER (WHERE id = 5) AS one,
	velocity_agg(CASE WHEN id = 5 THEN journey END) AS among_nulls,
	velocity_agg(journey, 'as of 2020-01-01') AS none_yet FROM deals;
SELECT count(*) FROM velocity_moves('{}'), velocity_stages('{}');
SELECT count(*) FROM velocity_moves(NULL);
SELECT rollup(v) FROM (VALUES (NULL::velocity), ('{lead start 1}'), (NULL), ('{lead start 2}')) x(v);

-- What is refused.
SELECT velocity_agg(journey, NULL) FROM deals;
SELECT velocity_agg(journey, '', NULL) FROM deals;
SELECT velocity_agg(journey, '', 'infinity') FROM deals;
SELECT velocity_agg(journey, 'as of 2026-01-01', '2026-01-02') FROM deals;
SELECT velocity_agg(journey, velocity_spec(as_of => '2026-01-01'::timestamptz + id * interval '1 day')) FROM deals;
SELECT rollup(v) FROM (VALUES (velocity '{}'), ('as of 2026-01-01 {}')) x(v);
SELECT velocity_agg_add('{}', '{lead@2026-01-01}');
SELECT velocity_agg_combine('{}', '{}');
SELECT win_probability('{won start 1}', 'won', '{won}', '{lost,won}');
SELECT win_probability('{won start 1}', 'won', '{won,NULL}', '{lost}');

-- The text of a velocity.
SELECT v, v::text::velocity::text = v::text AS same
FROM (VALUES (velocity '{}'), ('as of 2026-01-01 {}'), (' { lead>mql  [5] } '::text::velocity)) x(v);
SELECT v, v::text::velocity::text = v::text AS same
FROM (VALUES (velocity '{"closed \"won\"" start 3 open 2;b>a[5*3,1];a open 1;a>b[0]}'), ('{start start 1; open > as [7]; open open 1}'),
	('as of 2026-01-01 {lead start 9 open [9223372036854775807*2]}'), ('{a > b [1,2]; a > b [1]; a start 1; a start 1}'),
	('{a > b [9*4,3,9*509]}'), ('{a > b ~[78822900,131671:768*600]}')) x(v);
SELECT velocity '';
SELECT velocity '{';
SELECT velocity '{}}';
SELECT velocity '{lead}';
SELECT velocity '{lead start 0}';
SELECT velocity '{lead start 99999999999999999999}';
SELECT velocity '{lead open [5]}';
SELECT velocity 'as of 2026-01-01 {lead open 5}';
SELECT velocity '{lead > mql []}';
SELECT velocity '{lead > mql [1*0]}';
SELECT velocity '{lead > mql [1*9223372036854775807,2]}';
SELECT velocity '{lead > mql [9223372036854775808]}';
SELECT ('{lead > mql [' || string_agg(i::text, ',') || ']}')::velocity FROM generate_series(1, 513) i;
SELECT velocity '{lead > mql [-1]}';
-- In buckets: too few values for these, two sums and two longest ones that are not theirs, no such bucket.
SELECT velocity '{lead > mql ~[5130,10:10*513]}';
SELECT velocity '{lead > mql ~[67108864,131671:768*512]}';
SELECT velocity '{lead > mql ~[67303212,131583:768*513]}';
SELECT velocity '{lead > mql ~[1,131671:768*600]}';
SELECT velocity '{lead > mql ~[79002601,131671:768*600]}';
SELECT velocity '{lead > mql ~[78822900,133120:768*600]}';
SELECT velocity '{lead > mql ~[78822900,131071:768*600]}';
SELECT velocity '{lead > mql ~[78822900,131671:3712*600]}';
SELECT velocity '{a start 9223372036854775807; b start 1}';
SELECT rollup(v) FROM (VALUES (velocity '{a start 9223372036854775807}'), ('{b start 1}')) x(v);

-- A pipeline of 6,000 journeys, the same on every machine.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TABLE event AS
SELECT id, step,
	(ARRAY['lead', 'mql', 'sql', 'closed won', 'lost', 'trial', 'été'])[1 + least(chance(id || 'a' || step, 7), chance(id || 'b' || step, 8))] AS stage,
	timestamptz '2026-01-01' + chance(id || 'c', 90) * interval '1 day'
		+ sum(CASE WHEN step = 1 THEN 0 ELSE chance(id || 'd' || step, 12) / 2 * 1e6::bigint * (chance(id || 'e' || step, 1 << (4 + id % 17)) + 1) END)
			OVER (PARTITION BY id ORDER BY step) * interval '1 microsecond' AS at
FROM generate_series(1, 6000) id, generate_series(1, 8) step
WHERE step <= 1 + chance(id || 'f', 8);
CREATE TABLE trip (id int, part int, journey journey);
INSERT INTO trip SELECT id, CASE WHEN id < 20 THEN id % 3 ELSE 3 END, journey_agg(stage, at, step) FROM event GROUP BY id ORDER BY id;
INSERT INTO trip SELECT -id, 4, NULL FROM generate_series(1, 10) id;
ANALYZE trip;

-- What plain SQL says of the events: one row a step, with its dwell in microseconds.
CREATE VIEW dwell AS
SELECT id, step, stage, at, lead(stage) OVER w AS next_stage, lead(at) OVER w AS left_at,
	(extract(epoch FROM lead(at) OVER w - at) * 1000000)::bigint AS micros
FROM event WINDOW w AS (PARTITION BY id ORDER BY step);
CREATE FUNCTION micros(i interval) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN (extract(epoch FROM i) * 1000000)::bigint;
-- percentile_cont where there are at most 512 values, else at most 1 % off its neighbours.
CREATE FUNCTION agrees(answer bigint, fraction float8, samples bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN (SELECT count(DISTINCT s) FROM unnest(samples) s) <= 512 THEN answer = round(samples[low] + (place - low) * (samples[high] - samples[low])::float8)
		ELSE answer BETWEEN samples[low] * 0.99 AND samples[high] * 1.01 END
	FROM (SELECT 1 + fraction * (cardinality(samples) - 1) AS place) a,
		LATERAL (SELECT floor(place)::int AS low, ceil(place)::int AS high) b
$$;
SELECT count(*) AS pairs, count(*) FILTER (WHERE n > 512) AS large, count(*) FILTER (WHERE different > 512) AS diverse,
	bool_and((m.moves, m.share) IS NOT DISTINCT FROM (r.n, r.n / r.from_n)) AS counts,
	bool_and(micros(m.mean) = r.mean) AS means, bool_and(micros(m.max) = r.max) AS maxima,
	bool_and(agrees(micros(m.p50), 0.5, s)) AS p50, bool_and(agrees(micros(m.p90), 0.9, s)) AS p90,
	bool_and(different > 512 OR abs(micros(m.p50) - micros(r.p50)) <= 1) AS percentile_cont
FROM velocity_moves((SELECT velocity_agg(journey) FROM trip)) m
FULL JOIN (
	SELECT stage, next_stage, count(*) AS n, sum(count(*)) OVER (PARTITION BY stage)::float8 AS from_n, round(avg(micros)) AS mean,
		max(micros), array_agg(micros ORDER BY micros) AS s, count(DISTINCT micros) AS different, percentile_cont(0.5) WITHIN GROUP (ORDER BY left_at - at) AS p50
	FROM dwell WHERE next_stage IS NOT NULL GROUP BY stage, next_stage
) r ON (stage, next_stage) = (from_stage, to_stage);

-- Many samples of few values are exact: 5,000 dwells of whole days, so many different ones.
CREATE TABLE tied AS
SELECT n, i, i * 7919 % n AS days, format('{a@2020-01-01,b@%s}', to_char(date '2020-01-01' + i * 7919 % n, 'YYYY-MM-DD'))::journey AS journey
FROM unnest(ARRAY[1, 2, 140, 511, 512, 513, 600]) AS n, generate_series(1, 5000) i;
SELECT r.n, r.different, v.v::text LIKE '%~%' AS buckets, m.p50 = r.p50 AS p50, m.p90 = r.p90 AS p90, m.mean = r.mean AS mean, m.max = r.max AS max,
	abs(micros(m.p50) - micros(r.p50)) <= micros(r.p50) / 100 AS p50_close, abs(micros(m.p90) - micros(r.p90)) <= micros(r.p90) / 100 AS p90_close
FROM (SELECT n, velocity_agg(journey) AS v FROM tied GROUP BY n) v JOIN LATERAL velocity_moves(v) m ON true JOIN (
	SELECT n, count(DISTINCT days) AS different, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) * interval '1 day' AS p50,
		percentile_cont(0.9) WITHIN GROUP (ORDER BY days) * interval '1 day' AS p90, max(days) * interval '1 day' AS max,
		round(avg(days) * 86400, 6)::float8 * interval '1 second' AS mean
	FROM tied GROUP BY n) r USING (n) ORDER BY n;
SELECT left(velocity_agg(journey)::text, 50) AS counted FROM tied WHERE n = 2;
-- Whether they are still counted one by one depends on the values alone: in whatever order they are added and
-- merged, parts that are exact and parts that are not.
SELECT count(*) AS numbers, bool_and(a.bytes = o.bytes) AS same, bool_and(a.bytes = velocity_send(a.v::text::velocity)) AS read_back
FROM (SELECT n, velocity_agg(journey) AS v, velocity_send(velocity_agg(journey)) AS bytes FROM tied GROUP BY n) a JOIN LATERAL (
	SELECT velocity_send(velocity_agg(journey ORDER BY i DESC)) AS bytes FROM tied WHERE n = a.n
	UNION ALL SELECT velocity_send(velocity_agg(journey ORDER BY days)) FROM tied WHERE n = a.n
	UNION ALL SELECT velocity_send(velocity_agg(journey ORDER BY days DESC)) FROM tied WHERE n = a.n
	UNION ALL SELECT velocity_send(rollup(v ORDER BY part)) FROM (SELECT days / 200 AS part, velocity_agg(journey) AS v FROM tied WHERE n = a.n GROUP BY 1) x
	UNION ALL SELECT velocity_send(rollup(v ORDER BY part DESC)) FROM (SELECT days / 200 AS part, velocity_agg(journey) AS v FROM tied WHERE n = a.n GROUP BY 1) x
	UNION ALL SELECT velocity_send(rollup(v)) FROM (SELECT i % 3 AS part, velocity_agg(journey) AS v FROM tied WHERE n = a.n GROUP BY 1) x
	UNION ALL SELECT velocity_send(rollup(v ORDER BY i)) FROM (SELECT i, velocity_agg(journey) AS v FROM tied WHERE n = a.n GROUP BY 1) x
	UNION ALL SELECT velocity_send(rollup(v ORDER BY many)) FROM (SELECT days <> 0 AS many, velocity_agg(journey) AS v FROM tied WHERE n = a.n GROUP BY 1) x
	UNION ALL SELECT velocity_send(rollup(v ORDER BY many DESC)) FROM (SELECT days <> 0 AS many, velocity_agg(journey) AS v FROM tied WHERE n = a.n GROUP BY 1) x
) o ON true;
-- Counts of 63 bits.
SELECT v, (SELECT p50 FROM velocity_moves(v)), (SELECT mean FROM velocity_moves(v)), (SELECT moves FROM velocity_moves(v)) AS moves
FROM (SELECT rollup(x) AS v FROM (VALUES (velocity '{a > b [1000000*4611686018427387904]}'), ('{a > b [1000000,3000000*4611686018427387902]}')) y(x)) r;
SELECT rollup(v) FROM (VALUES (velocity '{a > b [1*4611686018427387904]}'), ('{a > b [1*4611686018427387904]}')) x(v);
-- Around 2^32 samples, where a bucket needs more than 32 bits: 4,294,966,600 dwells of a second were counted before,
-- then come 600 of 1 to 600 seconds, then 800 of a second, one by one or merged.
CREATE AGGREGATE counted_before(journey) (SFUNC = velocity_agg_add, STYPE = velocity, FINALFUNC = velocity_agg_final, INITCOND = '{a > b [1000000*4294966600]}');
CREATE TABLE late AS
SELECT i, i / 601 AS part, format('{a@2020-01-01,b@%s}', to_char(timestamp '2020-01-01' + CASE WHEN i > 600 THEN 1 ELSE i END * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS'))::journey AS journey
FROM generate_series(1, 1400) i;
SELECT count(*) AS ways, count(DISTINCT velocity_send(v)) AS answers, bool_and(substring(v::text FROM ':\d+\*(\d+),')::bigint = 4294966600 + 801) AS first_bucket,
	bool_and(m.moves = 4294966600 + 1400 AND abs(micros(m.p50) - 1000000) < 10000) AS counts,
	bool_and(m.mean = interval '1 second' * round((4294966600::numeric + 600 * 601 / 2 + 800) / (4294966600 + 1400), 6)::float8) AS mean
FROM (
	SELECT counted_before(journey ORDER BY i) AS v FROM late
	UNION ALL SELECT counted_before(journey ORDER BY i DESC) FROM late
	UNION ALL SELECT rollup(v ORDER BY n) FROM (SELECT 0 AS n, velocity '{a > b [1000000*4294966600]}' AS v UNION ALL SELECT 1 + part, velocity_agg(journey) FROM late GROUP BY part) x
	UNION ALL SELECT rollup(v ORDER BY n DESC) FROM (SELECT 0 AS n, velocity '{a > b [1000000*4294966600]}' AS v UNION ALL SELECT 1 + part, velocity_agg(journey) FROM late GROUP BY part) x
	UNION ALL SELECT rollup(v ORDER BY n) FROM (SELECT 0 AS n, velocity '{a > b [1000000*4294966600]}' AS v UNION ALL SELECT i, velocity_agg(journey) FROM late GROUP BY i) x
) ways JOIN LATERAL velocity_moves(v) m ON true;

-- The same under every kind of specification, moves and stages.
CREATE TABLE wanted (spec velocity_spec, moved_from timestamptz, moved_to timestamptz, as_of timestamptz);
INSERT INTO wanted VALUES ('', '-infinity', 'infinity', NULL),
	('as of 2026-03-15', '-infinity', 'infinity', '2026-03-15'),
	('moved 2026-02-01 to 2026-03-01', '2026-02-01', '2026-03-01', NULL),
	('moved 2026-02-01 to 2026-03-01 as of 2026-02-15', '2026-02-01', '2026-03-01', '2026-02-15');
CREATE VIEW sliced AS
SELECT spec, id, step, stage, at, as_of, at >= moved_from AND at < moved_to AS entered,
	CASE WHEN left_at <= coalesce(as_of, 'infinity') THEN next_stage END AS next_stage,
	CASE WHEN left_at <= coalesce(as_of, 'infinity') THEN micros END AS micros,
	left_at >= moved_from AND left_at < moved_to AND left_at <= coalesce(as_of, 'infinity') AS moved
FROM wanted, dwell WHERE at <= coalesce(as_of, 'infinity');
SELECT w.spec::text, count(*) AS pairs, bool_and(m.moves = r.n) AS counts, bool_and(micros(m.mean) = r.mean) AS means,
	bool_and(agrees(micros(m.p50), 0.5, s)) AS p50
FROM wanted w CROSS JOIN LATERAL velocity_moves((SELECT velocity_agg(journey, w.spec) FROM trip)) m
FULL JOIN (SELECT spec::text, stage, next_stage, count(*) AS n, round(avg(micros)) AS mean, array_agg(micros ORDER BY micros) AS s
	FROM sliced WHERE moved GROUP BY 1, 2, 3) r
	ON (r.spec, r.stage, r.next_stage) = (w.spec::text, m.from_stage, m.to_stage)
GROUP BY 1 ORDER BY 1;
SELECT w.spec::text, count(*) AS stages, bool_and(v.visits = r.visits) AS visits, bool_and(v.exits = r.exits) AS exits,
	bool_and(v.open = r.open) AS open, bool_and(v.total_time = make_interval(secs => r.total / 1e6) OR micros(v.total_time) = r.total) AS total_time,
	bool_and(micros(v.mean) = r.mean) AS means, bool_and(agrees(micros(v.p90), 0.9, s)) AS p90,
	bool_and(CASE WHEN ages IS NULL THEN v.open_age_p50 IS NULL ELSE agrees(micros(v.open_age_p50), 0.5, ages) END) AS ages,
	bool_and(v.visits = v.exits + v.open) AS flow
FROM wanted w CROSS JOIN LATERAL velocity_stages((SELECT velocity_agg(journey, w.spec) FROM trip)) v
FULL JOIN (
	SELECT spec::text, stage, count(*) FILTER (WHERE entered) AS visits, count(*) FILTER (WHERE moved) AS exits,
		count(*) FILTER (WHERE next_stage IS NULL) AS open, sum(micros) FILTER (WHERE moved) AS total,
		round(avg(micros) FILTER (WHERE moved)) AS mean, array_agg(micros ORDER BY micros) FILTER (WHERE moved) AS s,
		array_agg(micros(as_of - at) ORDER BY as_of - at) FILTER (WHERE next_stage IS NULL AND as_of IS NOT NULL) AS ages
	FROM sliced GROUP BY 1, 2) r
	ON (r.spec, r.stage) = (w.spec::text, v.stage)
GROUP BY 1 ORDER BY 1;

-- Neither order nor plan nor the number of workers shows in the bytes.
CREATE TABLE answer AS SELECT velocity_send(velocity_agg(journey, 'as of 2026-03-15')) AS bytes FROM trip;
SELECT velocity_send(velocity_agg(journey, 'as of 2026-03-15' ORDER BY id DESC)) = (TABLE answer) AS backwards FROM trip;
SELECT velocity_send(velocity_agg(journey, 'as of 2026-03-15' ORDER BY md5(id::text))) = (TABLE answer) AS shuffled FROM trip;
SELECT velocity_send(rollup(v)) = (TABLE answer) AS rolled_up
FROM (SELECT velocity_agg(journey, 'as of 2026-03-15') AS v FROM trip GROUP BY part) x;
SELECT velocity_send(rollup(v ORDER BY part DESC)) = (TABLE answer) AS rolled_up_from_a_table
FROM (SELECT part, v::text::velocity AS v FROM (SELECT id % 700 AS part, velocity_agg(journey, 'as of 2026-03-15') AS v FROM trip GROUP BY 1) y) x;
CREATE FUNCTION plan_has(query text, word text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF strpos(line, word) > 0 THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;
SELECT plan_has($$SELECT velocity_agg(journey, 'as of 2026-03-15') FROM trip$$, 'Partial Aggregate') AS parallel;
SELECT velocity_send(velocity_agg(journey, 'as of 2026-03-15')) = (TABLE answer) AS by_workers FROM trip;
SELECT plan_has($$SELECT rollup(v) FROM (SELECT velocity_agg(journey) AS v FROM trip GROUP BY part) x$$, 'Gather') AS parallel;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
-- Partition by partition: of one, of thousands, of nothing but null, of no row at all.
CREATE TABLE parted (id int, part int, journey journey) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES IN (4);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
INSERT INTO parted TABLE trip;
SET enable_partitionwise_aggregate = on;
SELECT plan_has($$SELECT velocity_agg(journey, 'as of 2026-03-15') FROM parted$$, 'Partial Aggregate') AS partitionwise;
SELECT velocity_send(velocity_agg(journey, 'as of 2026-03-15')) = (TABLE answer) AS by_partitions FROM parted;
RESET enable_partitionwise_aggregate;
-- Groups that spill to disk are the groups that sorting makes.
SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
CREATE TABLE hashed AS SELECT id % 3000 AS part, velocity_send(velocity_agg(journey)) AS bytes FROM trip GROUP BY 1;
RESET work_mem; RESET hash_mem_multiplier; RESET enable_sort; SET enable_hashagg = off;
SELECT count(*), bool_and(h.bytes IS NOT DISTINCT FROM s.bytes) AS same FROM hashed h
FULL JOIN (SELECT id % 3000 AS part, velocity_send(velocity_agg(journey)) AS bytes FROM trip GROUP BY 1) s USING (part);
RESET enable_hashagg;
-- Duplicates, DISTINCT, FILTER and window frames.
SELECT velocity_send(velocity_agg(journey)) = (SELECT velocity_send(rollup(v)) FROM (SELECT velocity_agg(journey) AS v FROM trip UNION ALL SELECT velocity_agg(journey) FROM trip) y) AS twice
FROM (TABLE trip UNION ALL TABLE trip) x;
SELECT velocity_send(velocity_agg(DISTINCT journey)) = (SELECT velocity_send(velocity_agg(journey)) FROM (SELECT DISTINCT journey FROM trip) y) AS is_distinct
FROM (TABLE trip UNION ALL TABLE trip) x;
SELECT velocity_send(velocity_agg(journey) FILTER (WHERE id % 2 = 0)) = (SELECT velocity_send(velocity_agg(journey)) FROM trip WHERE id % 2 = 0) AS filtered FROM trip;
SELECT count(*), bool_and(velocity_send(framed) IS NOT DISTINCT FROM (SELECT velocity_send(velocity_agg(journey)) FROM trip t WHERE t.id BETWEEN w.id - 2 AND w.id)) AS frames
FROM (SELECT id, velocity_agg(journey) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS framed FROM trip WHERE id BETWEEN 1 AND 200) w WHERE id > 2;
SELECT count(*), bool_and(velocity_send(running) IS NOT DISTINCT FROM (SELECT velocity_send(velocity_agg(journey)) FROM trip t WHERE t.id BETWEEN 1 AND w.id)) AS running
FROM (SELECT id, velocity_agg(journey) OVER (ORDER BY id) AS running FROM trip WHERE id BETWEEN 1 AND 1500) w WHERE id % 100 = 0;
-- Many labels and long ones: 900 stages, each move once.
SELECT count(*) AS moves, bool_and(moves = 1 AND max = '1 hour') AS right_ones, max(length(from_stage)) AS longest
FROM velocity_moves((SELECT velocity_agg(j) FROM (
	SELECT journey_agg(rpad('stage ' || i, 6 + i % 250, 'x'), timestamptz '2026-01-01' + i * interval '1 hour', i) AS j
	FROM generate_series(1, 900) i) x));

-- Stored: toasted, compressed, and so small that the header is a byte.
CREATE TABLE stored (id serial, v velocity);
INSERT INTO stored (v) SELECT velocity_agg(journey, 'as of 2026-03-15') FROM trip;
INSERT INTO stored (v) VALUES ('{}'), ('{a start 1}');
SELECT id, velocity_send(v) = (TABLE answer) AS same, (SELECT count(*) FROM velocity_moves(v)) AS moves FROM stored ORDER BY id;
SELECT velocity_send(v::text::velocity) = (TABLE answer) AS text_round_trip FROM stored WHERE id = 1;

-- Outcomes. Every deal is closed in the end, some are reopened.
CREATE TABLE closed AS
SELECT id, journey || (CASE WHEN id % 5 < 2 THEN '{won@2030-01-01}' ELSE '{dead@2030-01-01}' END)::journey AS journey FROM trip WHERE id > 0;
CREATE TABLE reopened AS
SELECT id, CASE WHEN id % 7 = 0 THEN journey || '{sql@2031-01-01,dead@2031-02-01}' ELSE journey END AS journey FROM closed;
-- From the observed entries the probability is the raw win rate; leaving an outcome is a new entry.
SELECT deals, abs(sum(entries * p) / sum(entries) - raw) < 1e-12 AS equals_raw_rate, round(sum(entries * p)::numeric / sum(entries)::numeric, 6) AS rate
FROM (SELECT 'closed' AS deals, velocity_agg(journey) AS v, avg((id % 5 < 2)::int) AS raw FROM closed
	UNION ALL SELECT 'reopened', velocity_agg(journey), sum((id % 5 < 2)::int)::numeric / (count(*) + count(*) FILTER (WHERE id % 7 = 0)) FROM reopened) x,
LATERAL (SELECT s.stage, win_probability(v, s.stage, '{won}', '{dead}') AS p,
		s.visits - coalesce(sum(m.moves) FILTER (WHERE m.from_stage NOT IN ('won', 'dead')), 0) AS entries
	FROM velocity_stages(v) s LEFT JOIN velocity_moves(v) m ON m.to_stage = s.stage
	GROUP BY s.stage, s.visits) y
WHERE stage NOT IN ('won', 'dead')
GROUP BY deals, raw ORDER BY deals;
-- Probability and time satisfy the equations that define them, in every stage.
WITH x AS (SELECT velocity_agg(journey) AS v FROM reopened),
	s AS MATERIALIZED (SELECT v, stage, win_probability(v, stage, '{won}', '{dead}') AS p, micros(expected_time(v, stage, '{won}', '{dead}')) AS t FROM x, velocity_stages(v)),
	m AS MATERIALIZED (SELECT m.* FROM x, velocity_moves(v) m)
SELECT count(*) AS stages, bool_and(abs(p - expected_p) < 1e-9) AS probabilities, bool_and(abs(t - expected_t) < 1e-6 * t) AS times
FROM (SELECT s.stage, s.p, s.t, sum(m.share * n.p) AS expected_p, sum(m.share * (n.t + micros(m.mean))) AS expected_t
	FROM s JOIN m ON m.from_stage = s.stage JOIN s n ON n.stage = m.to_stage
	WHERE s.stage NOT IN ('won', 'dead') GROUP BY 1, 2, 3) y;
-- A stage from which nothing was ever absorbed is unknown, and nobody else is.
SELECT stage, win_probability(v, stage, '{won}', '{lost}') AS p, expected_time(v, stage, '{won}', '{lost}') AS t
FROM (VALUES (velocity '{a > a [1000000]; a > b [1000000*2]; a > stuck [5000000*7]; b > won [3000000]; b > lost [1000000*3]; stuck > stuck [5]; won > stuck [5]}')) x(v), velocity_stages(v);
-- Long walks lose no digits: a ladder of 60 stages that falls back to its foot three times in four.
SELECT round((win_probability(v, 's1', '{won}', '{lost}') * power(4, 60))::numeric, 6) AS one
FROM (SELECT ('{s60 > won [1]; ' || string_agg(format('s%s > lost [1*3]; ', i), '') || string_agg(format('s%s > s%s [1]', i, i + 1), '; ') FILTER (WHERE i < 60) || '}')::velocity AS v
	FROM generate_series(1, 60) i) x;

-- Hostile text and hostile bytes: refused with the right code, or a value that can be read.
CREATE FUNCTION read_all(v velocity) RETURNS text LANGUAGE sql AS $$
	SELECT (SELECT count(*)::text FROM velocity_moves(v)) || (SELECT count(*)::text FROM velocity_stages(v))
		|| coalesce(win_probability(v, 'lead', '{closed won}', '{lost}')::text, '') || v::text || length(velocity_send(v))
$$;
CREATE TABLE target (v velocity);
CREATE TABLE outcome (kind text, code text);
DO $$
DECLARE
	good text := 'as of 2026-05-01T00:00:00Z {lead start 3 open [0,86400000000]; "closed won" open [5*7]; lead > "closed won" [3600000000*3]; lead > lost ~[78822900,131671:768*600]}';
	bad text;
BEGIN
	FOR i IN 1..1500 LOOP
		bad := overlay(good PLACING substr('0123456789{}[]~,:*>;" -aZ\é', 1 + chance(i || 'x', 26), chance(i || 'n', 3)) FROM 1 + chance(i || 'p', length(good)) FOR chance(i || 'l', 3));
		BEGIN
			PERFORM read_all(bad::velocity);
			INSERT INTO outcome VALUES ('text', 'read');
		EXCEPTION WHEN others THEN INSERT INTO outcome VALUES ('text', SQLSTATE);
		END;
	END LOOP;
END $$;
-- Comes in over the wire: what it reads as, or why not.
CREATE FUNCTION receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/velocity_hostile.bin';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2));
	answer text;
BEGIN
	PERFORM lo_export(object, path);
	PERFORM lo_unlink(object);
	EXECUTE format('COPY target FROM %L (FORMAT binary)', path);
	SELECT left(read_all(v), 0) || v::text INTO answer FROM target;
	DELETE FROM target;
	RETURN answer;
EXCEPTION WHEN others THEN RETURN SQLSTATE;
END $$;
DO $$
DECLARE
	good text := 'as of 2026-05-01T00:00:00Z {lead start 3 open [0,86400000000]; "closed won" open [5*7]; lead > "closed won" [3600000000*3]; lead > lost ~[78822900,131671:768*600]}';
	bytes bytea := velocity_send(good::velocity);
	bad bytea;
BEGIN
	INSERT INTO outcome SELECT 'unchanged', CASE WHEN receive(bytes)::velocity::text = good::velocity::text THEN 'read' ELSE 'changed' END;
	FOR i IN 1..1500 LOOP
		bad := set_byte(bytes, chance(i || 'p', length(bytes)), (ARRAY[0, 1, 127, 128, 255, chance(i || 'v', 256)])[1 + chance(i || 'k', 6)]);
		IF i % 4 = 1 THEN bad := substr(bad, 1, chance(i || 't', length(bytes))); END IF;
		INSERT INTO outcome SELECT 'bytes', CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'read' END FROM receive(bad) answer;
	END LOOP;
END $$;
SELECT kind, code, count(*) > 10 AS often FROM outcome GROUP BY 1, 2 ORDER BY 1, 2;
-- The last bytes of a velocity are a digest: how many values, then each value's distance to the one before and its count.
SELECT what, tail, receive(overlay(good PLACING tail FROM length(good) - 2)) FROM velocity_send('{a > b [5*7]}') good, (VALUES
	('one value', '\x010507'::bytea), ('two', '\x0205070101'), ('one twice', '\x0205070001'), ('a count of 0', '\x010500'),
	('the largest', '\x01ffffffffffffffff7f01'), ('too large', '\x018080808080808080800101'), ('around the end', '\x020501fbffffffffffffffff0101'),
	('the most', '\x0105ffffffffffffffff7f'), ('one more', '\x0205ffffffffffffffff7f0101'), ('none', '\x00'), ('cut short', '\x02050701'),
	('too few values for buckets', '\x8104008a280a010a8104'), ('unknown', '\x8204000000')) x(what, tail);

DO $$
BEGIN
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || current_setting('data_directory') || '/velocity_hostile.bin"');
END $$;

DROP TABLE deals, event, trip, tied, late, wanted, answer, parted, hashed, stored, closed, reopened, target, outcome CASCADE;
DROP AGGREGATE counted_before(journey);
DROP FUNCTION chance, micros, agrees, plan_has, read_all, receive;
