-- Census: specifications and counts, held against plain SQL over generate_series; values and bytes.
SET client_min_messages = warning;
CREATE SCHEMA census_test;
SET search_path = census_test, lifecycle, public;
SET TIME ZONE 'UTC';
SET datestyle = 'ISO';

-- Runs a query and tells what it raised.
CREATE PROCEDURE tell(query text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RAISE WARNING 'accepted: %', query;
EXCEPTION WHEN others THEN RAISE WARNING '%  %', SQLSTATE, SQLERRM;
END
$$;

-- What is printed is canonical and reads back as itself.
CREATE TABLE literal (n serial, spec census_spec);
INSERT INTO literal (spec) VALUES
	('from 2025-01-01 to 2026-01-01 every 1 month'),
	('FROM 2025-01-01 TO 2026-01-01 EVERY 2 weeks AT TIME ZONE utc'),
	('from 2026-01-31 to 2026-12-31 every 1 month at time zone europe/paris'),
	('from 2026-01-01T00:00Z to 2026-01-01T12:00+02 every 90 minutes at time zone "Asia/Kolkata"'),
	('from 2026-01-01 to 2026-01-01 every 10 years');
SELECT n, spec, spec::text::census_spec = spec AS same FROM literal ORDER BY n;
SELECT census_spec('2025-01-01', '2026-01-01', '1 month') = spec AS same FROM literal WHERE n = 1;
SELECT census_spec(from_instant => '2026-01-30 23:00Z', to_instant => '2026-12-30 23:00Z', every => '1 month', time_zone => 'EUROPE/PARIS') = spec AS same FROM literal WHERE n = 3;
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', 'from', 'from 2026-01-01', 'from 2026-01-01 to', 'from 2026-01-01 to 2026-02-01', 'from 2026-01-01 to 2026-02-01 every', 'from 2026-01-01 to 2026-02-01 every day',
		'from 2026-01-01 to 2026-02-01 every 0 days', 'from 2026-01-01 to 2026-02-01 every 1 month 1 day', 'from 2026-01-01 to 2025-02-01 every 1 day', 'from 2026-01-01 to 2026-02-01 every 1 second',
		'from 0001-01-01 to 9999-01-01 every 1 microsecond', 'from 2026-01-01 to 2026-02-01 every 1 day at noon', 'from 2026-01-01 to 2026-02-01 every 1 day at time zone Europe/Atlantis', 'from 2026-01-01 to 2026-02-01 every 1 day x']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.census_spec', value));
	END LOOP;
	FOREACH value IN ARRAY ARRAY['NULL, ''2026-01-01'', ''1 day''', '''2026-01-01'', NULL, ''1 day''', '''2026-01-01'', ''2026-01-01'', NULL', '''2026-01-01'', ''infinity'', ''1 day''', '''2026-01-01'', ''2025-01-01'', ''1 day''',
		'''2026-01-01'', ''2026-01-01'', ''-1 day''', '''2026-01-01'', ''2026-01-01'', ''1 day'', ''Atlantis''']
	LOOP
		CALL tell(format('SELECT lifecycle.census_spec(%s)', value));
	END LOOP;
END
$$;

-- A few deals, by hand. Who arrives at an instant is there at it; the end of a presence is not.
CREATE TABLE deal (id int PRIMARY KEY, segment text, journey journey, deleted timestamptz);
INSERT INTO deal VALUES
	(1, 'smb', '{lead@2026-01-01,won@2026-03-01}', NULL),
	(2, 'smb', '{lead@2026-01-15,"a b"@2026-02-10,lost@2026-02-10}', NULL),
	(3, 'big', '{lead@2026-02-01,won@2026-02-20}', '2026-03-01'),
	(4, 'big', NULL, NULL),
	(5, 'big', '{lead@2026-07-01}', NULL),
	(6, 'big', '{lead@2025-07-01}', '-infinity');
SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month') AS all, census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month', deleted) AS kept FROM deal;
SELECT c.* FROM (SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month', deleted) AS c FROM deal) x, census_cells(c) c;
-- Instants are counted from the first: the 31st, where there is one.
SELECT at, count FROM census_cells((SELECT census_agg('{a@2024-02-01}', 'from 2024-01-31 to 2024-05-31 every 1 month')));
SELECT at, count FROM census_cells((SELECT census_agg('{a@2020-02-01}', 'from 2020-02-29 to 2024-02-29 every 1 year')));
SELECT at, count FROM census_cells((SELECT census_agg('{a@2026-02-01}', 'from 2026-03-28 to 2026-03-31 every 1 day at time zone ''Europe/Paris''')));

-- The same in plain SQL.
CREATE FUNCTION chance(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int % n) $$;
CREATE TABLE event AS
SELECT i AS id, base, s, (ARRAY['lead', 'a b', 'won', 'été'])[1 + chance(i || 's' || s, 4)] AS stage,
	(base + CASE chance(i || 'k' || s, 5)
		WHEN 0 THEN chance(i || 'd' || s, reach) * interval '1 day' - interval '1 hour'
		WHEN 1 THEN chance(i || 'd' || s, reach) * interval '1 day' - interval '2 hours'
		WHEN 2 THEN chance(i || 'd' || s, reach) * interval '1 day'
		ELSE chance(i || 'm' || s, reach * 1440) * interval '1 minute' END) AT TIME ZONE 'UTC' AS at
FROM (VALUES (date '2024-02-10', 60), ('2026-03-10', 60), ('2026-10-10', 60), ('2017-10-01', 60), ('2019-12-31', 1900)) b(base, reach), generate_series(1, 60) i, generate_series(1, 7) s;
CREATE TABLE walk AS
SELECT id, base, CASE WHEN chance(id || 'u', 3) = 0 THEN base + chance(id || 'v', (max(at)::date - base) + 10) * interval '1 day' END AS until, journey_agg(stage, at, s) AS journey
FROM event GROUP BY id, base;
-- Across the days on which clocks change; over years, from a month's last day and from a leap day.
CREATE TABLE question AS
SELECT base, zone, every, start AT TIME ZONE zone AS low, finish AT TIME ZONE zone AS high, census_spec(start AT TIME ZONE zone, finish AT TIME ZONE zone, every, zone) AS spec
FROM (
	SELECT base, zone, every, date_trunc('month', base::timestamp) - interval '1 day' AS start, base + interval '75 days 7 hours' AS finish
	FROM (VALUES (date '2024-02-10', 'UTC'), ('2026-03-10', 'Europe/Paris'), ('2026-10-10', 'Europe/Paris'), ('2017-10-01', 'America/Sao_Paulo')) b(base, zone), unnest('{1 month,1 week,1 day,10 days,18 hours}'::interval[]) every
	UNION ALL VALUES (date '2019-12-31', 'Europe/Paris', interval '1 month', timestamp '2020-01-31', timestamp '2025-03-31'), ('2019-12-31', 'UTC', '1 year', '2020-02-29', '2025-03-01'),
		('2019-12-31', 'America/New_York', '3 months', '2019-11-30 02:30', '2025-05-31'), ('2019-12-31', 'Asia/Kolkata', '40 days', '2020-02-29', '2025-03-01')) t;
-- From the events alone; counted from the first, on the zone's clock; hours are hours everywhere.
CREATE TABLE truth AS
SELECT base, every, at, stage, count(*)
FROM question q, LATERAL (
		SELECT CASE WHEN every < interval '1 day' THEN low + i * every ELSE (low AT TIME ZONE zone + i * every) AT TIME ZONE zone END AS at FROM generate_series(0, 200) i) t
	JOIN LATERAL (SELECT stage, e.at AS entered_at, lead(e.at) OVER (PARTITION BY id ORDER BY e.at, s) AS left_at, until FROM event e JOIN walk USING (id, base) WHERE e.base = q.base) s
		ON entered_at <= at AND coalesce(left_at > at, true) AND coalesce(until > at, true)
WHERE at <= high
GROUP BY 1, 2, 3, 4;
CREATE TABLE told AS
SELECT base, every, c.* FROM (SELECT q.base, every, census_agg(journey, spec, until) AS c FROM question q JOIN walk USING (base) GROUP BY 1, 2) x, census_cells(c) c;
SELECT count(*) > 1500 AS many, count(DISTINCT (base, every)) AS questions, count(DISTINCT stage) AS stages FROM truth;
SELECT every, count(DISTINCT at) AS instants FROM truth WHERE base = '2019-12-31' GROUP BY every ORDER BY every;
SELECT base, every, count(*) FROM ((TABLE truth EXCEPT ALL TABLE told) UNION ALL (SELECT * FROM told WHERE count > 0 EXCEPT ALL TABLE truth)) d GROUP BY 1, 2;
-- Every stage that is ever counted is told of at every instant.
SELECT count(*) AS uneven FROM (SELECT base, every, stage, count(*) AS n FROM told GROUP BY 1, 2, 3) x GROUP BY base, every HAVING min(n) <> max(n);

-- No rows, no journeys, nobody.
SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month') FROM deal WHERE false;
SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month') FROM deal WHERE id = 4;
SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month') FROM deal WHERE id = 5;
SELECT * FROM census_cells((SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month') FROM deal WHERE id = 5));
SELECT * FROM census_cells(NULL);

-- What an aggregate meets: duplicates, DISTINCT, FILTER, window frames.
SELECT census_agg(journey, spec) AS thrice, census_agg(DISTINCT journey, spec) AS once FROM deal, generate_series(1, 3), (VALUES (census_spec 'from 2026-01-01 to 2026-02-01 every 1 month')) s(spec) WHERE id = 1;
SELECT census_agg(journey, spec) FILTER (WHERE segment = 'smb') AS smb, census_agg(journey, spec) FILTER (WHERE false) AS nobody FROM deal, (VALUES (census_spec 'from 2026-03-01 to 2026-03-01 every 1 month')) s(spec);
SELECT id, census_agg(journey, 'from 2026-03-01 to 2026-03-01 every 1 month') OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving,
	census_agg(journey, 'from 2026-03-01 to 2026-03-01 every 1 month') OVER (ORDER BY id) AS running FROM deal ORDER BY id;

-- One group, one census.
SELECT census_agg(journey, CASE WHEN id < 3 THEN 'from 2026-03-01 to 2026-03-01 every 1 month'::census_spec ELSE 'from 2026-03-01 to 2026-03-02 every 1 month' END) FROM deal;
SELECT census_agg(journey, NULL) FROM deal;
SELECT census_agg_add(NULL, NULL, 'from 2026-03-01 to 2026-03-01 every 1 month');
SELECT census_agg_combine('{from 2026-03-01 to 2026-03-01 every 1 month}', '{from 2026-03-01 to 2026-03-01 every 1 month}');

-- Limits are errors that say so.
SELECT census_agg(format('{%s@2000-01-01}', i)::journey, 'from 2000-01-01 to 2011-01-01 every 1 hour') FROM generate_series(1, 200) i;

-- The parts add up to the whole; values of different censuses do not.
SELECT rollup(c)::text = (SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 week')::text FROM deal) AS same
FROM (SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 week') AS c FROM deal GROUP BY id) s;
SELECT rollup(c) FROM (VALUES (NULL::census)) v(c);
SELECT rollup(c) FROM (VALUES ('{from 2026-03-01 to 2026-03-01 every 1 month}'::census), ('{from 2026-03-01 to 2026-03-02 every 1 month}')) v(c);
SELECT rollup(c) FROM (VALUES ('{from 2026-03-01 to 2026-03-01 every 1 month; a: 9223372036854775807}'::census), ('{from 2026-03-01 to 2026-03-01 every 1 month; a: 1}')) v(c);

-- A value's text and bytes read back to itself; what cannot be is refused.
CREATE TABLE summary AS SELECT base, every, census_agg(journey, spec) AS c FROM question JOIN walk USING (base) GROUP BY 1, 2;
SELECT count(*), count(*) FILTER (WHERE c::text::census::text = c::text) AS read_back FROM summary;
SELECT pg_column_size(census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month')) - pg_column_size(census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month')::text::census) AS spare_room FROM deal;
SELECT census '{from 2026-03-01 to 2026-03-02 every 1 day; won: 1 2; "a b": 3 4; none: 0 0}';
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', '{', '{}', '{from 2026-03-01 to 2026-03-02 every 1 day', '{from 2026-03-01 to 2026-03-02 every 1 day;}', '{from 2026-03-01 to 2026-03-02 every 1 day; a}', '{from 2026-03-01 to 2026-03-02 every 1 day; a 1 2}',
		'{from 2026-03-01 to 2026-03-02 every 1 day; a: 1}', '{from 2026-03-01 to 2026-03-02 every 1 day; a: 1 -1}', '{from 2026-03-01 to 2026-03-02 every 1 day; a: 1 2 3}', '{from 2026-03-01 to 2026-03-02 every 1 day; a: 1 99999999999999999999}',
		'{from 2026-03-01 to 2026-03-02 every 1 day; a: 1 2; a: 1 2}', '{from 2026-03-01 to 2026-03-02 every 1 day} x', '{from 2026-03-01 to 2026-03-01 every 1 day; ' || repeat('x', 256) || ': 1}']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.census', value));
	END LOOP;
END
$$;
CREATE TABLE stored AS SELECT spec, c FROM literal, summary WHERE n = 3;
DO $$
DECLARE
	path text := current_setting('data_directory') || '/census_good.bin';
BEGIN
	EXECUTE format('COPY stored TO %L (FORMAT binary)', path);
	EXECUTE format('COPY stored FROM %L (FORMAT binary)', path);
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || path || '"');
END
$$;
SELECT count(*), count(DISTINCT c::text), count(DISTINCT census_send(c)), count(DISTINCT spec) FROM stored;

-- The answer does not depend on the plan: forced workers, uneven parts of a partitioned table, groups that spill.
CREATE TABLE visit (id int, part int, journey journey) PARTITION BY LIST (part);
CREATE TABLE visit_0 PARTITION OF visit FOR VALUES IN (0);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
INSERT INTO visit
SELECT i, CASE WHEN i % 1000 = 0 THEN 0 ELSE 1 END, format('{%s@%s%s}', (ARRAY['lead', 'mql', 'trial'])[1 + i % 3], to_char('2025-01-01'::timestamp + chance(i || 'a', 8000) * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI'),
	CASE WHEN chance(i || 'b', 3) > 0 THEN to_char('2025-12-01'::timestamp + chance(i || 't', 900) * interval '1 hour', ',"lost"@YYYY-MM-DD"T"HH24:MI') END)::journey
FROM generate_series(1, 6000) i;
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
CREATE TABLE answer AS SELECT census_send(census_agg(journey, 'from 2025-01-01 to 2026-03-01 every 1 week')) AS c FROM visit;
SELECT census_send(census_agg(journey, 'from 2025-01-01 to 2026-03-01 every 1 week' ORDER BY id DESC)) = (TABLE answer) AS same FROM visit;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT plan_has('SELECT census_agg(journey, ''from 2025-01-01 to 2026-03-01 every 1 week'') FROM visit', 'Gather', 'Partial Aggregate') AS parallel,
	census_send(census_agg(journey, 'from 2025-01-01 to 2026-03-01 every 1 week')) = (TABLE answer) AS same FROM visit;
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;
SET enable_partitionwise_aggregate = on;
SELECT plan_has('SELECT census_agg(journey, ''from 2025-01-01 to 2026-03-01 every 1 week'') FROM visit', 'Append', 'Partial Aggregate') AS partitionwise,
	census_send(census_agg(journey, 'from 2025-01-01 to 2026-03-01 every 1 week')) = (TABLE answer) AS same FROM visit;
RESET enable_partitionwise_aggregate;
SET work_mem = '64kB';
SET enable_sort = off;
CREATE TABLE hashed AS SELECT id % 3000 AS g, census_agg(journey, 'from 2025-01-01 to 2026-03-01 every 1 week') AS c FROM visit GROUP BY 1;
SELECT plan_has('SELECT id % 3000, census_agg(journey, ''from 2025-01-01 to 2026-03-01 every 1 week'') FROM visit GROUP BY 1', 'HashAggregate') AS hashed,
	count(*) AS groups, census_send(rollup(c)) = (TABLE answer) AS same FROM hashed;
RESET ALL;
SET client_min_messages = warning;

DROP SCHEMA census_test CASCADE;
