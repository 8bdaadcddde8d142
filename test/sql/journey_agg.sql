-- journey_agg and journey_merge: equal to plain SQL under every plan.
CREATE SCHEMA journey_agg_test;
SET search_path = journey_agg_test, lifecycle;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET client_min_messages = warning;

-- Small things first.
CREATE TYPE stage AS ENUM ('won', 'lead', 'mql');
ALTER TYPE stage ADD VALUE 'sql' BEFORE 'mql';
SELECT journey_agg(stage, at) FROM (VALUES ('won', timestamptz '2026-03-01'), ('lead', '2026-01-01'), ('mql', '2026-02-01'), ('lead', '2026-01-15')) v(stage, at);
SELECT journey_agg(s::text, '2026-01-01') AS by_bytes, journey_agg(s, '2026-01-01') AS by_enum, journey_agg(s, '2026-01-01', -enum_sort) AS by_seq,
	journey_agg(s, '2026-01-01', 7) AS seq_ties, journey_agg(s::text, '2026-01-01', 7) AS text_seq_ties
FROM unnest(enum_range(NULL::stage)) WITH ORDINALITY AS v(s, enum_sort);
SELECT journey_agg(s, at, seq) FROM (VALUES ('b', timestamptz '2026-01-02', 1), ('a', '2026-01-02', 2), ('c', '2026-01-01', 9)) v(s, at, seq);
SELECT journey_agg('a', '2026-01-01') FROM generate_series(1, 3);
SELECT journey_agg('lead'::varchar, '2026-01-01'), journey_agg('lead'::name, '2026-01-01');

-- Nothing, and half of something.
SELECT journey_agg('a', now()) FROM generate_series(1, 0);
SELECT journey_agg(s, at), journey_agg(s, at, NULL) FROM (VALUES (NULL::text, NULL::timestamptz), (NULL, NULL)) v(s, at);
SELECT journey_agg(s, at) FROM (VALUES (NULL, NULL), ('a', timestamptz '2026-01-01'), (NULL, NULL)) v(s, at);
SELECT journey_agg(NULL::stage, NULL);
SELECT journey_agg('a', NULL);
\set VERBOSITY sqlstate
SELECT journey_agg('a', NULL);
SELECT journey_agg('a', 'infinity');
SELECT journey_agg_add(NULL, 'a', '2026-01-01');
\set VERBOSITY default
SELECT journey_agg(NULL::text, '2026-01-01');
SELECT journey_agg(NULL::stage, '2026-01-01', 1);
SELECT journey_agg('a', '2026-01-01', NULL);
SELECT journey_agg('a', 'infinity');
SELECT journey_agg('a', at) FROM (VALUES (timestamptz '1026-01-01'), ('2026-01-01')) v(at);
SELECT journey_agg(repeat('x', 256), '2026-01-01');
SELECT journey_agg('s' || i, '2026-01-01') FROM generate_series(1, 1025) i;
SELECT step_count(journey_agg('s' || i, '2026-01-01')) FROM generate_series(1, 1024) i;
SELECT journey_agg_add(NULL, 'a', '2026-01-01');
SELECT journey_agg_combine(NULL, NULL);

-- The transition type by itself.
SELECT '{mql:2@2026-01-02#-9223372036854775808, lead:1.5@2026-01-02#3, "a b"@2026-01-01#9223372036854775807}'::journey_events;
SELECT '{b@2026-01-02,a@2026-01-02,c@2026-01-01}'::journey_events;
SELECT '{a:"1e+20"@2026-01-01}'::journey_events::text::journey_events;
SELECT journey_events_send('{b:2@2000-01-01#5,a:1@2000-01-01#5}');
SELECT '{}'::journey_events;
SELECT '{a@2026-01-01'::journey_events;
SELECT '{a:x@2026-01-01}'::journey_events;
SELECT '{a:inf@2026-01-01}'::journey_events;
SELECT '{a@2026-01-01#}'::journey_events;
SELECT '{a@2026-01-01#9223372036854775808}'::journey_events;
SELECT '{a@2026-01-01#1,b@2026-01-01}'::journey_events;
SELECT '{a@2026-01-01} x'::journey_events;
SELECT '{a@2026-01-03,b@2026-01-02,a:-1@2026-01-01,c@2026-01-01}'::journey_events;
-- States that have orders, and that have none, merge into one that has.
CREATE AGGREGATE merged(journey_events) (SFUNC = journey_agg_combine, STYPE = journey_events);
SELECT merged(e), merged(e ORDER BY e::text COLLATE "C" DESC) FROM (VALUES (journey_events '{a@2026-01-01,b@2026-01-03}'), ('{c:2@2026-01-02,a:-1@2026-01-02}')) v(e);
DROP AGGREGATE merged(journey_events);

-- Many events, many of one instant, and the same journeys written by plain SQL.
CREATE TABLE event (customer int, part int, stage text, enum_stage stage, at timestamptz, seq bigint) PARTITION BY LIST (part);
CREATE TABLE event_0 PARTITION OF event FOR VALUES IN (0);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
CREATE TABLE event_2 PARTITION OF event FOR VALUES IN (2);
INSERT INTO event
SELECT (i * 7919 % 1009) * (i % 7919) % 400, (i % 11 > 0)::int + (i % 13 > 9)::int, s, s::stage, timestamptz '2026-01-01' + i * 104729 % 61 * interval '10 hours', i * 31 % 17
FROM generate_series(1, 20000) i, LATERAL (SELECT (ARRAY['won', 'lead', 'mql', 'sql'])[1 + i * 13 % 29 % 4]) v(s);
ANALYZE event;

CREATE FUNCTION step_text(stage text, at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT stage || '@' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;
CREATE TABLE reference AS
SELECT customer,
	'{' || string_agg(step_text(stage, at), ',' ORDER BY at, stage COLLATE "C") || '}' AS by_bytes,
	'{' || string_agg(step_text(stage, at), ',' ORDER BY at, enum_stage) || '}' AS by_enum,
	'{' || string_agg(step_text(stage, at), ',' ORDER BY at, seq, stage COLLATE "C") || '}' AS by_seq,
	'{' || string_agg(step_text(stage, at), ',' ORDER BY at, seq, enum_stage) || '}' AS by_enum_seq,
	'{' || string_agg(step_text(stage, at), ',' ORDER BY at, stage COLLATE "C") FILTER (WHERE part = 1) || '}' AS filtered
FROM event GROUP BY customer;
SELECT count(*), count(DISTINCT by_bytes) > 390 AS differ, count(*) FILTER (WHERE by_bytes <> by_enum) > 300 AS ties_matter FROM reference;

CREATE VIEW aggregated AS
SELECT customer, journey_agg(stage, at)::text AS by_bytes, journey_agg(enum_stage, at)::text AS by_enum, journey_agg(stage, at, seq)::text AS by_seq,
	journey_agg(enum_stage, at, seq)::text AS by_enum_seq, journey_agg(stage, at) FILTER (WHERE part = 1)::text AS filtered
FROM event GROUP BY customer;
CREATE VIEW difference AS
SELECT count(*) AS differences FROM (TABLE aggregated EXCEPT ALL TABLE reference UNION ALL (TABLE reference EXCEPT ALL TABLE aggregated)) d;
-- Whether the plan of the view above mentions something.
CREATE FUNCTION plan_has(pattern text, options text DEFAULT 'COSTS off') RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; found boolean := false;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (%s) TABLE aggregated', options) LOOP
		found := found OR line ~ pattern;
	END LOOP;
	RETURN found;
END $$;

SET max_parallel_workers_per_gather = 0;
SELECT plan_has('HashAggregate') AS hashed;
TABLE difference;
SET enable_hashagg = off;
SELECT plan_has('GroupAggregate') AS grouped;
TABLE difference;
RESET enable_hashagg;

-- More groups than fit in memory.
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SELECT plan_has('Batches: [0-9]+ .*Disk Usage', 'ANALYZE, COSTS off, TIMING off') AS spilled;
TABLE difference;
RESET work_mem;
RESET hash_mem_multiplier;
RESET enable_sort;

-- Workers.
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT plan_has('Partial HashAggregate') AND plan_has('Gather') AS parallel;
TABLE difference;
SET parallel_leader_participation = off;
TABLE difference;
SET enable_hashagg = off;
SELECT plan_has('Partial GroupAggregate') AS parallel_grouped;
TABLE difference;
RESET enable_hashagg;

-- States so small that they travel with a short header.
SELECT count(*) AS differ FROM (
	SELECT customer, at, journey_agg(stage, at)::text FROM event GROUP BY customer, at
	EXCEPT SELECT customer, at, '{' || string_agg(step_text(stage, at), ',' ORDER BY stage COLLATE "C") || '}' FROM event GROUP BY customer, at) d;

-- Partitions of uneven size, each aggregated by itself.
SET max_parallel_workers_per_gather = 0;
SET enable_partitionwise_aggregate = on;
SELECT plan_has('Append') AND plan_has('Partial HashAggregate') AS partitionwise;
SELECT count(*) AS partitions, min(n) * 3 < max(n) AS uneven FROM (SELECT count(*) AS n FROM event GROUP BY part) p;
TABLE difference;
RESET enable_partitionwise_aggregate;

-- Labels of all lengths and labels that differ in the middle only; events in their order, against it and in
-- none; instants as far apart as they may be.
CREATE TABLE odd AS
SELECT kind, i, i * 7919 % 1009 AS shuffled, CASE kind WHEN 'lengths' THEN repeat('x', i % 60) WHEN 'long' THEN repeat('y', 255 - i % 3)
	WHEN 'alike' THEN 'x' || lpad((i % 300)::text, 3, '0') || 'x' ELSE 's' || i % 5 END AS stage,
	CASE kind WHEN 'wide' THEN timestamptz '1700-01-01' + i * interval '205 days'
		WHEN 'inside out' THEN timestamptz '1900-01-01' + i * (-1) ^ i * interval '102 days'
		WHEN 'late' THEN timestamptz '294000-01-01' + i * interval '100 days'
		ELSE timestamptz '2026-01-01' + i * interval '1 hour' END AS at
FROM unnest(ARRAY['lengths', 'long', 'alike', 'wide', 'inside out', 'late']) kind, generate_series(0, 1000) i;
SELECT count(*) AS kinds, count(*) FILTER (WHERE forwards = expected) AS forwards, count(*) FILTER (WHERE backwards = expected) AS backwards,
	count(*) FILTER (WHERE shuffled = expected) AS shuffled, count(*) FILTER (WHERE with_seq = expected) AS with_seq, count(*) FILTER (WHERE merged = expected) AS merged
FROM (SELECT kind, journey_agg(stage, at ORDER BY i)::text AS forwards, journey_agg(stage, at ORDER BY i DESC)::text AS backwards,
		journey_agg(stage, at ORDER BY shuffled)::text AS shuffled, journey_agg(stage, at, 1 ORDER BY shuffled)::text AS with_seq,
		'{' || string_agg(step_text(coalesce(nullif(stage, ''), '""'), at), ',' ORDER BY at) || '}' AS expected
	FROM odd GROUP BY kind) o
	JOIN (SELECT kind, journey_merge(journey)::text AS merged FROM (SELECT kind, journey_agg(stage, at) AS journey FROM odd GROUP BY kind, i % 7) p GROUP BY kind) m USING (kind);

-- An enum of more values than an aggregate keeps at hand.
SELECT format('CREATE TYPE large AS ENUM (%s)', string_agg(quote_literal('v' || i * 7919 % 1009), ',' ORDER BY i)) FROM generate_series(1, 300) i \gexec
SELECT count(*) AS groups, count(*) FILTER (WHERE j = expected) AS equal FROM (
	SELECT journey_agg(stage, at)::text AS j, '{' || string_agg(step_text(stage::text, at), ',' ORDER BY at, stage) || '}' AS expected
	FROM (SELECT i % 10 AS part, (enum_range(NULL::large))[1 + i * 31 % 300] AS stage, timestamptz '2026-01-01' + i % 13 * interval '1 day' AS at FROM generate_series(1, 6000) i) v
	GROUP BY part) x;

-- DISTINCT, and a frame that moves: the state is read many times while it grows, and begun anew.
SELECT count(*) FROM (
	SELECT customer, journey_agg(DISTINCT stage, at)::text,
		'{' || (SELECT string_agg(step_text(stage, at), ',' ORDER BY at, stage COLLATE "C") FROM (SELECT DISTINCT stage, at FROM event e WHERE e.customer = o.customer) d) || '}'
	FROM event o WHERE customer < 20 GROUP BY customer) v(customer, got, expected)
WHERE got IS DISTINCT FROM expected;
SELECT count(*) AS rows, count(*) FILTER (WHERE got IS DISTINCT FROM expected) AS differ FROM (
	SELECT got, (SELECT '{' || string_agg(x, ',' ORDER BY split_part(x, '@', 2), x COLLATE "C") || '}' FROM unnest(framed) x) AS expected
	FROM (
		SELECT journey_agg(stage, at) OVER w::text AS got, array_agg(step_text(stage, at)) OVER w AS framed
		FROM event WHERE customer < 10
		WINDOW w AS (PARTITION BY customer ORDER BY seq, at, stage, part ROWS BETWEEN 5 PRECEDING AND 2 FOLLOWING)) f) v;
SELECT count(*) AS rows, count(*) FILTER (WHERE step_count(got) <> n) AS differ FROM (
	SELECT journey_agg(stage, at) OVER w AS got, count(*) OVER w AS n FROM event WHERE customer < 10
	WINDOW w AS (PARTITION BY customer ORDER BY seq, at, stage, part ROWS UNBOUNDED PRECEDING)) v;

-- A journey of many steps, in reverse.
SELECT step_count(j), current_stage(j), (SELECT bool_and(stage = 's' || step % 50 AND entered_at = timestamptz '2026-01-01' + step * interval '1 second') FROM steps(j)) AS right
FROM (SELECT journey_agg('s' || i % 50, timestamptz '2026-01-01' + i * interval '1 second') FROM generate_series(100000, 1, -1) i) v(j);

-- Merging journeys: one alone stays as it is; several give all their steps in time.
SELECT journey_merge(j) FROM (VALUES (journey '{sql@2026-01-01,lead@2026-01-01,mql@2026-01-02}')) v(j);
SELECT journey_merge(j) FROM (VALUES (journey '{lead@2026-01-01,mql@2026-01-03}'), ('{lead@2026-01-02,won@2026-01-04}'), (NULL)) v(j);
SELECT journey_merge(j) = journey_merge(j2) AS any_order FROM (VALUES (journey '{z@2026-01-01,y@2026-01-01,x@2026-01-02}', journey '{y@2026-01-01,z@2026-01-01,a@2026-01-02}'), ('{y@2026-01-01,z@2026-01-01,a@2026-01-02}', '{z@2026-01-01,y@2026-01-01,x@2026-01-02}')) v(j, j2);
SELECT journey_merge(NULL);
CREATE TABLE half AS SELECT customer, part, journey_agg(stage, at) AS j FROM event GROUP BY customer, part;
SELECT count(*) AS differ FROM (
	SELECT customer, (SELECT array_agg((stage, entered_at) ORDER BY entered_at, stage COLLATE "C") FROM steps(journey_merge(j))) FROM half GROUP BY customer
	EXCEPT SELECT customer, array_agg((stage, at) ORDER BY at, stage COLLATE "C") FROM event GROUP BY customer) d;
CREATE TEMP TABLE merged AS SELECT customer, journey_merge(j) AS j FROM half GROUP BY customer;
SET max_parallel_workers_per_gather = 2;
SELECT count(*) AS differ FROM (SELECT customer, journey_merge(j) FROM half GROUP BY customer EXCEPT TABLE merged) d;

-- More customers than work_mem holds, whose events come in time: what does not fit goes to disk, and the journeys are
-- the same. Where a group's state has begun it may grow, so the most memory is somewhat above what hashing may have.
CREATE TABLE stream AS SELECT customer, 's' || n AS stage, timestamptz '2026-01-01' + n * interval '1 day' + customer * interval '1 second' AS at
FROM generate_series(1, 5) n, generate_series(1, 40000) customer;
ANALYZE stream;
CREATE FUNCTION hashing(query text, OUT batches int, OUT memory int, OUT disk int) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	SELECT (plan #>> '{0,Plan,HashAgg Batches}')::int, (plan #>> '{0,Plan,Peak Memory Usage}')::int, (plan #>> '{0,Plan,Disk Usage}')::int INTO batches, memory, disk;
END $$;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '1MB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SELECT batches > 5 AS batches, memory < 1.5 * 1024 AS memory, disk > 5 * 1024 AS disk FROM hashing('SELECT customer, journey_agg(stage, at) FROM stream GROUP BY customer');
SELECT count(*) AS customers, count(*) FILTER (WHERE got <> expected) AS differ
FROM (SELECT customer, journey_agg(stage, at)::text AS got, '{' || string_agg(step_text(stage, at), ',' ORDER BY at) || '}' AS expected FROM stream GROUP BY customer) x
WHERE customer % 100 = 0;
CREATE TABLE spilled AS SELECT customer, journey_agg(stage, at) AS j FROM stream GROUP BY customer;
RESET enable_sort;
RESET work_mem;
RESET hash_mem_multiplier;
SET enable_hashagg = off;
SELECT count(*) AS customers, count(*) FILTER (WHERE s.j IS DISTINCT FROM j.j) AS differ
FROM spilled s FULL JOIN (SELECT customer, journey_agg(stage, at) AS j FROM stream GROUP BY customer) j USING (customer);
RESET enable_hashagg;

DROP SCHEMA journey_agg_test CASCADE;
