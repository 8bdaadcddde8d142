-- Retention: specifications, cohorts and cells, held against plain SQL over a calendar; values and bytes.
SET client_min_messages = warning;
CREATE SCHEMA retention_test;
SET search_path = retention_test, lifecycle, public;
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
CREATE TABLE literal (n serial, spec retention_spec);
INSERT INTO literal (spec) VALUES
	('from customer while customer, expansion every 1 month for 24 as of 2026-05-01'),
	('FROM a WHILE b, a, "c d", b EVERY 1 week FOR 8 AT END SINCE ENTRY'),
	('from a while a every 1 day for 30 as of 2026-05-01T12:00 on'),
	('from "every" while every every 12 months for 3 on or after at time zone utc'),
	('from a while a every 6 hours for 4 as of 2026-05-01 at any time at time zone europe/paris'),
	('from a while a every 1 month for 1 at time zone "Asia/Kathmandu" as of 2026-05-01T00:00Z'),
	('from a while a every 1 month for 1 at time zone America/New_York as of 2026-05-01T00:00-02');
SELECT n, spec, spec::text::retention_spec = spec AS same FROM literal ORDER BY n;
SELECT retention_spec(from_stage => 'customer', while_stages => '{customer,expansion}', every => '1 month', periods => 24, as_of => '2026-05-01') = spec AS same FROM literal WHERE n = 1;
SELECT retention_spec('a', '{a}', '6 hours', 4, time_zone => 'europe/paris', as_of => '2026-05-01 00:00+02') = spec AS same FROM literal WHERE n = 5;
SELECT retention_spec('a', '{a}', '1 year', 4, 'on_or_after', 'entry'), retention_spec('a', '{a}', '1 year', 4, NULL, NULL, NULL, NULL);
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', 'a', 'from a', 'from a while', 'from a while b', 'from a while b every 1 month', 'from a while b every 1 month for', 'from a while b, every 1 month for 3',
		'from a while b every month for 3', 'from a while b every 0 days for 3', 'from a while b every 1 month 1 day for 3', 'from a while b every 1 day 1 hour for 3',
		'from a while b every 1 day for 0', 'from a while b every 1 day for 10001', 'from a while b every 1 day for -1', 'from a while b every 1 day for 3 at', 'from a while b every 1 day for 3 at noon',
		'from a while b every 1 day for 3 at end on', 'from a while b every 1 day for 3 on or before', 'from a while b every 1 day for 3 since ever', 'from a while b every 1 day for 3 as of tomorrow',
		'from a while b every 1 day for 3 as of 2026-01-01 as of 2026-01-01', 'from a while b every 1 day for 3 at time zone', 'from a while b every 1 day for 3 at time zone ''Europe/Paris',
		'from a while b every 1 day for 3 at time zone Europe/Atlantis', 'from a while b every 1 day for 3 at time zone ../../etc/passwd', 'from a while b every 1 day for 3 later']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.retention_spec', value));
	END LOOP;
	FOREACH value IN ARRAY ARRAY['NULL, ''{a}'', ''1 day'', 1', '''a'', NULL, ''1 day'', 1', '''a'', ''{}'', ''1 day'', 1', '''a'', ''{NULL}'', ''1 day'', 1', '''a'', ''{a}'', NULL, 1', '''a'', ''{a}'', ''-1 day'', 1',
		'''a'', ''{a}'', ''1 day 1 hour'', 1', '''a'', ''{a}'', ''1 day'', NULL', '''a'', ''{a}'', ''1 day'', 0', '''a'', ''{a}'', ''1 day'', 10001', '''a'', ''{a}'', ''1 day'', 1, ''sometimes''',
		'''a'', ''{a}'', ''1 day'', 1, time_zone => ''Atlantis''', '''a'', ''{a}'', ''1 day'', 1, time_zone => ''UTC as of''', '''a'', ''{a}'', ''1 day'', 1, as_of => ''infinity''', 'repeat(''a'', 256), ''{a}'', ''1 day'', 1',
		'''a'', array(SELECT i::text FROM generate_series(1, 1025) i), ''1 day'', 1']
	LOOP
		CALL tell(format('SELECT lifecycle.retention_spec(%s)', value));
	END LOOP;
END
$$;

-- Nothing depends on a setting.
BEGIN;
SET LOCAL datestyle = 'German';
SET LOCAL intervalstyle = iso_8601;
SET LOCAL TIME ZONE 'Asia/Tokyo';
SELECT spec, retention_agg('{a@2026-03-31T23:00Z}', spec, '2026-04-02') FROM literal WHERE n IN (2, 4) GROUP BY n, spec ORDER BY n;
COMMIT;

-- A few customers, by hand.
CREATE TABLE deal (id int PRIMARY KEY, segment text, journey journey);
INSERT INTO deal VALUES
	(1, 'smb', '{lead@2025-12-20,customer@2026-01-15,churned@2026-03-01}'),
	(2, 'smb', '{customer@2026-01-31T23:30,expansion@2026-02-10}'),
	(3, 'big', '{customer@2026-02-03,churned@2026-02-20,customer@2026-04-10}'),
	(4, 'big', NULL),
	(5, 'big', '{lead@2026-01-01}'),
	(6, 'big', '{customer@2026-04-20}');
SELECT c.* FROM (SELECT retention_agg(journey, 'from customer while customer, expansion every 1 month for 4 as of 2026-04-20') AS r FROM deal) x, retention_cells(r) c;
SELECT c.* FROM (SELECT retention_agg(journey, 'from customer while customer, expansion every 1 month for 4 at end at time zone ''Europe/Paris''', '2026-05-01') AS r FROM deal) x, retention_cells(r) c;
SELECT measure, retention_agg(journey, retention_spec('customer', '{customer,expansion}', '1 month', 4, measure), '2026-05-01') AS r
FROM deal, unnest('{any_time,at_end,on,on_or_after}'::text[]) WITH ORDINALITY m(measure, n) GROUP BY measure, n ORDER BY n;
SELECT retention_agg(journey, 'from customer while customer, expansion every 1 month for 4 since entry as of 2026-05-01') FROM deal;

-- The last day of a month counts from itself, not from the month before; leap years have one more.
SELECT c.period, c.retained, c.complete FROM retention_cells((SELECT retention_agg('{a@2023-12-31,b@2024-02-29,a@2024-03-30T23:59:59}',
	'from a while a every 1 month for 5 since entry as of 2024-05-01'))) c WHERE cohort IS NOT NULL;
SELECT c.period, c.retained FROM retention_cells((SELECT retention_agg('{a@2023-01-31,b@2023-02-28}', 'from a while a every 1 month for 3 since entry as of 2024-05-01'))) c WHERE cohort IS NOT NULL;
-- A day on which the clocks change is a day.
SELECT cohort, period, retained, complete FROM retention_cells((SELECT retention_agg('{a@2026-03-28T23:00Z,b@2026-03-29T21:59:59.999999Z}',
	'from a while a every 1 day for 3 at time zone ''Europe/Paris'' as of 2026-03-30')));
SELECT cohort, period, retained, complete FROM retention_cells((SELECT retention_agg('{a@2026-10-24T22:00Z,b@2026-10-25T22:59:59.999999Z}',
	'from a while a every 1 day for 3 at time zone ''Europe/Paris'' as of 2026-10-26')));

-- The same in plain SQL. Periods lie on a grid of the zone's clock, or begin with the entry.
CREATE TABLE walk (id int, base date, journey journey);
CREATE FUNCTION chance(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int % n) $$;
-- Some steps fall on midnights of the zones, some together, many at odd times.
INSERT INTO walk
SELECT i, base, journey_agg((ARRAY['lead', 'customer', 'expansion', 'churned'])[1 + chance(i || 's' || s, 4)], at, s)
FROM unnest('{2024-02-10,2026-03-10,2026-10-10,2017-10-01,2011-12-10}'::date[]) base, generate_series(1, 40) i, generate_series(1, 7) s,
	LATERAL (SELECT (base + CASE chance(i || 'k' || s, 5)
		WHEN 0 THEN chance(i || 'd' || s, 60) * interval '1 day' - interval '1 hour'
		WHEN 1 THEN chance(i || 'd' || s, 60) * interval '1 day' - interval '2 hours'
		WHEN 2 THEN chance(i || 'd' || s, 60) * interval '1 day' + chance(i || 'h', 3) * interval '2 hours'
		ELSE chance(i || 'm' || s, 60 * 1440) * interval '1 minute' END) AT TIME ZONE 'UTC' AS at) t
GROUP BY 1, 2;
-- Not one step of a journey may be at an instant that only its order tells from another one.
CREATE TABLE step AS
SELECT base, id, stage, entered_at AS at, lead(entered_at) OVER (PARTITION BY base, id ORDER BY step) AS left_at
FROM walk, steps(journey);
CREATE INDEX ON step (base, id);
ANALYZE step;

CREATE FUNCTION expected(of_base date, every interval, periods int, measure text, since_entry bool, zone text, as_of timestamptz)
RETURNS TABLE (cohort timestamptz, period int, size bigint, retained bigint, complete bool) LANGUAGE sql AS $$
	WITH grid AS MATERIALIZED (
		SELECT array_agg(CASE WHEN every < interval '1 day' THEN timestamp '2000-01-01' AT TIME ZONE zone + i * every
			ELSE (timestamp '2000-01-01' + CASE WHEN every >= interval '1 month' THEN interval '0' ELSE interval '2 days' END + i * every) AT TIME ZONE zone END ORDER BY i) AS starts
		FROM generate_series(floor((of_base - date '2000-01-01') * 86400 / extract(epoch FROM every * 1.02))::int - 9,
			ceil((of_base - date '2000-01-01' + 100) * 86400 / extract(epoch FROM every))::int + periods + 9) i),
	entrant AS MATERIALIZED (
		SELECT id, min(at) AS entry FROM step WHERE base = of_base AND stage = 'customer' AND at < as_of GROUP BY id),
	member AS MATERIALIZED (
		SELECT id, entry, i, starts, starts[i] AS start, starts[i + 1] AS next FROM entrant, grid, LATERAL (SELECT count(*)::int AS i FROM unnest(starts) s WHERE s <= entry) c),
	cell AS MATERIALIZED (
		SELECT m.*, k,
			CASE WHEN NOT since_entry THEN starts[i + k] WHEN k = 0 THEN entry
				WHEN every < interval '1 day' THEN entry + k * every ELSE (entry AT TIME ZONE zone + k * every) AT TIME ZONE zone END AS low,
			CASE WHEN NOT since_entry THEN starts[i + k + 1]
				WHEN every < interval '1 day' THEN entry + (k + 1) * every ELSE (entry AT TIME ZONE zone + (k + 1) * every) AT TIME ZONE zone END AS high,
			CASE WHEN NOT since_entry THEN starts[i + k] WHEN k = 0 THEN m.start
				WHEN every < interval '1 day' THEN m.start + k * every ELSE (m.start AT TIME ZONE zone + k * every) AT TIME ZONE zone END AS earliest,
			CASE WHEN NOT since_entry THEN starts[i + k + 1]
				WHEN every < interval '1 day' THEN m.next - interval '1 microsecond' + (k + 1) * every
				ELSE ((m.next - interval '1 microsecond') AT TIME ZONE zone + (k + 1) * every) AT TIME ZONE zone END AS latest
		FROM member m CROSS JOIN generate_series(0, periods - 1) k)
	SELECT start, k, count(*), count(*) FILTER (WHERE EXISTS (
			SELECT FROM step s WHERE s.base = of_base AND s.id = c.id AND s.stage IN ('customer', 'expansion') AND s.at < as_of
			AND CASE measure
				WHEN 'any_time' THEN CASE WHEN low = high THEN greatest(s.at, entry) < low AND least(s.left_at, as_of) > low ELSE greatest(s.at, entry, low) < least(s.left_at, high, as_of) END
				WHEN 'at_end' THEN s.at <= least(high, as_of) - interval '1 microsecond' AND coalesce(s.left_at > least(high, as_of) - interval '1 microsecond', true) AND low < as_of
				WHEN 'on' THEN s.at > entry AND s.at >= low AND s.at < high
				ELSE s.at > entry AND s.at >= low END)),
		latest <= as_of
	FROM cell c WHERE earliest < as_of
	GROUP BY start, k, latest
$$;
CREATE TABLE question AS
SELECT base, every, 5 AS periods, measure, since_entry, zone, base + gone AS as_of, retention_spec('customer', '{customer,expansion}', every, 5, measure, CASE WHEN since_entry THEN 'entry' ELSE 'cohort' END, zone) AS spec
FROM (VALUES (date '2024-02-10', 'UTC'), ('2026-03-10', 'Europe/Paris'), ('2026-10-10', 'Europe/Paris'), ('2017-10-01', 'America/Sao_Paulo'), ('2011-12-10', 'Pacific/Apia')) b(base, zone),
	unnest('{1 month,3 months,1 week,1 day,10 days,18 hours}'::interval[]) every,
	unnest('{any_time,at_end,on,on_or_after}'::text[]) measure, unnest('{f,t}'::bool[]) since_entry, unnest('{31 days,66 days 7 hours}'::interval[]) gone;
-- (A zone that jumped over a day has a period without an instant; whoever is there on both sides of it is retained in it.)
CREATE TABLE told AS
SELECT q.*, c.* FROM (SELECT q.*, r FROM question q, LATERAL (SELECT retention_agg(journey, spec, as_of AT TIME ZONE 'UTC') AS r FROM walk WHERE walk.base = q.base) a) q, retention_cells(r) c;
CREATE TABLE truth AS
SELECT q.*, c.* FROM question q, expected(base, every, periods, measure, since_entry, zone, as_of AT TIME ZONE 'UTC') c;
SELECT count(*) > 10000 AS many, count(DISTINCT (base, every, measure, since_entry, as_of)) AS questions, count(*) FILTER (WHERE retained < size) > 1000 AS losses,
	count(*) FILTER (WHERE retained > 0) > 1000 AS stays, count(*) FILTER (WHERE complete) > 1000 AS over, count(*) FILTER (WHERE NOT complete) > 500 AS running FROM truth;
SELECT base, every, measure, since_entry, count(*) FROM (
	SELECT base, every, measure, since_entry, as_of, cohort, period, size, retained, complete, share = retained::float8 / size AS shared FROM told WHERE cohort IS NOT NULL
	EXCEPT ALL SELECT base, every, measure, since_entry, as_of, cohort, period, size, retained, complete, true FROM truth) d
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
SELECT (SELECT count(*) FROM told WHERE cohort IS NOT NULL) - (SELECT count(*) FROM truth) AS missing;
-- The overall row pools what is over.
SELECT count(*) FROM (
	(SELECT base, every, measure, since_entry, as_of, period, size, retained FROM told WHERE cohort IS NULL)
	EXCEPT ALL (SELECT base, every, measure, since_entry, as_of, period, sum(size), sum(retained) FROM truth WHERE complete GROUP BY 1, 2, 3, 4, 5, 6)) d;
SELECT count(*) FROM told WHERE cohort IS NULL AND NOT complete;

-- No rows, no journeys, nobody.
SELECT retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') FROM deal WHERE false;
SELECT retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') FROM deal WHERE id = 4;
SELECT retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') FROM deal WHERE id = 5;
SELECT * FROM retention_cells((SELECT retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') FROM deal WHERE id = 4));
SELECT * FROM retention_cells(NULL);
SELECT retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') FROM deal WHERE id = 1;

-- What an aggregate meets: duplicates, DISTINCT, FILTER, window frames.
SELECT retention_agg(journey, spec) AS thrice, retention_agg(DISTINCT journey, spec) AS once FROM deal, generate_series(1, 3), (VALUES (retention_spec 'from customer while customer every 1 month for 2 as of 2026-05-01')) s(spec) WHERE id = 1;
SELECT retention_agg(journey, spec) FILTER (WHERE segment = 'smb') AS smb, retention_agg(journey, spec) FILTER (WHERE false) AS nobody FROM deal, (VALUES (retention_spec 'from customer while customer every 1 month for 2 as of 2026-05-01')) s(spec);
SELECT id, retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving,
	retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01') OVER (ORDER BY id) AS running FROM deal ORDER BY id;

-- One group, one retention.
SELECT segment, retention_agg(journey, CASE segment WHEN 'smb' THEN 'from customer while customer every 1 month for 2 as of 2026-05-01'::retention_spec ELSE 'from customer while customer every 1 week for 2 as of 2026-05-01' END) FROM deal GROUP BY segment ORDER BY segment;
SELECT retention_agg(journey, CASE WHEN id < 3 THEN 'from customer while customer every 1 month for 2 as of 2026-05-01'::retention_spec ELSE 'from customer while customer every 1 week for 2 as of 2026-05-01' END) FROM deal;
SELECT retention_agg(journey, 'from a while a every 1 day for 2', CASE WHEN id < 3 THEN '2026-01-01'::timestamptz ELSE '2026-01-02' END) FROM deal;
SELECT retention_agg(journey, NULL) FROM deal;
SELECT retention_agg(journey, 'from a while a every 1 day for 2') FROM deal;
SELECT retention_agg(journey, 'from a while a every 1 day for 2', NULL) FROM deal;
SELECT retention_agg(journey, 'from a while a every 1 day for 2', 'infinity') FROM deal;
SELECT retention_agg(journey, 'from a while a every 1 day for 2 as of 2026-01-01', '2026-01-02') FROM deal;
SELECT retention_agg(journey, 'from a while a every 1 day for 2 as of 2026-01-01', '2026-01-01') FROM deal;
SELECT retention_agg_add(NULL, NULL, 'from a while a every 1 day for 2 as of 2026-01-01');
SELECT retention_agg_combine('{from a while a every 1 day for 2 as of 2026-01-01}', '{from a while a every 1 day for 2 as of 2026-01-01}');

-- Limits are errors that say so, and the calendar reaches to PostgreSQL's ends.
SELECT retention_agg(j, 'from a while a every 1 minute for 2 as of 2026-01-01') FROM (VALUES (journey '{a@2025-01-01}'), ('{a@2000-01-01}')) v(j);
SELECT retention_agg(format('{a@%s}', to_char('2000-01-01'::timestamp + i * interval '1 day', 'YYYY-MM-DD'))::journey, 'from a while a every 1 day for 10000 as of 2026-01-01') FROM generate_series(1, 1700) i;
SELECT retention_agg(j, 'from a while a every 1 year for 2 at time zone ''Asia/Tokyo'' as of 294276-12-31') FROM (VALUES (journey '{a@4714-11-24 BC,b@4714-12-24 BC}'), ('{a@294276-12-30}')) v(j);
SELECT * FROM retention_cells((SELECT retention_agg('{a@294276-12-30}', 'from a while a every 1 year for 3 as of 294276-12-31')));

-- The parts add up to the whole; values of different retentions do not.
SELECT rollup(r)::text = (SELECT retention_agg(journey, 'from customer while customer every 1 week for 9 as of 2026-05-01')::text FROM deal) AS same
FROM (SELECT retention_agg(journey, 'from customer while customer every 1 week for 9 as of 2026-05-01') AS r FROM deal GROUP BY segment) s;
SELECT rollup(r) FROM (VALUES (NULL::retention)) v(r);
SELECT rollup(r) FROM (VALUES ('{from a while a every 1 day for 2 as of 2026-01-01}'::retention), ('{from a while a every 1 day for 2 as of 2026-01-02}')) v(r);
SELECT rollup(r) FROM (VALUES ('{from a while a every 1 day for 1 as of 2026-01-01; 2025-12-31Z 9223372036854775807: 1}'::retention), ('{from a while a every 1 day for 1 as of 2026-01-01; 2025-12-30Z 1: 1}')) v(r);

-- A value's text and bytes read back to itself; what cannot be is refused.
CREATE TABLE summary AS SELECT base, retention_agg(journey, 'from customer while customer every 1 week for 9 at time zone ''Europe/Paris'' as of 2026-12-01') AS r FROM walk GROUP BY base;
SELECT count(*), count(*) FILTER (WHERE r::text::retention::text = r::text) AS read_back FROM summary;
SELECT pg_column_size(retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01')) - pg_column_size(retention_agg(journey, 'from customer while customer every 1 month for 2 as of 2026-05-01')::text::retention) AS spare_room FROM deal;
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', '{', '{}', '{from a while a every 1 day for 2}', '{from a while a every 1 day for 2 as of 2026-01-01', '{from a while a every 1 day for 2 as of 2026-01-01;}',
		'{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31}', '{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 3 3 3}', '{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 3: 3}',
		'{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 3: 3 4}', '{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 0: 0 0}', '{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 3: 3 -1}',
		'{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 3: 3 3; 2025-12-30Z 3: 3 3}', '{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 99999999999999999999: 3 3}',
		'{from a while a every 1 day for 1 as of 2026-01-01; 2025-12-30Z 9223372036854775807: 0; 2025-12-31Z 1: 0}', '{from a while a every 1 day for 2 as of 2026-01-01; 2025-12-31Z 3: 3 3 3}', '{from a while a every 1 day for 2 as of 2026-01-01} x']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.retention', value));
	END LOOP;
END
$$;
CREATE TABLE stored AS SELECT spec, r FROM literal, summary WHERE n = 5;
DO $$
DECLARE
	path text := current_setting('data_directory') || '/retention_good.bin';
BEGIN
	EXECUTE format('COPY stored TO %L (FORMAT binary)', path);
	EXECUTE format('COPY stored FROM %L (FORMAT binary)', path);
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || path || '"');
END
$$;
SELECT count(*), count(DISTINCT r::text), count(DISTINCT retention_send(r)), count(DISTINCT spec) FROM stored;

-- The answer does not depend on the plan: forced workers, uneven parts of a partitioned table, groups that spill.
CREATE TABLE visit (id int, part int, journey journey) PARTITION BY LIST (part);
CREATE TABLE visit_0 PARTITION OF visit FOR VALUES IN (0);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
INSERT INTO visit
SELECT i, CASE WHEN i % 1000 = 0 THEN 0 ELSE 1 END, format('{customer@%s%s}', to_char('2025-01-01'::timestamp + chance(i || 'a', 8000) * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI'),
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
CREATE TABLE answer AS SELECT retention_send(retention_agg(journey, 'from customer while customer every 1 week for 60 as of 2026-02-01')) AS r FROM visit;
SELECT retention_send(retention_agg(journey, 'from customer while customer every 1 week for 60 as of 2026-02-01' ORDER BY id DESC)) = (TABLE answer) AS same FROM visit;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT plan_has('SELECT retention_agg(journey, ''from customer while customer every 1 week for 60 as of 2026-02-01'') FROM visit', 'Gather', 'Partial Aggregate') AS parallel,
	retention_send(retention_agg(journey, 'from customer while customer every 1 week for 60 as of 2026-02-01')) = (TABLE answer) AS same FROM visit;
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;
SET enable_partitionwise_aggregate = on;
SELECT plan_has('SELECT retention_agg(journey, ''from customer while customer every 1 week for 60 as of 2026-02-01'') FROM visit', 'Append', 'Partial Aggregate') AS partitionwise,
	retention_send(retention_agg(journey, 'from customer while customer every 1 week for 60 as of 2026-02-01')) = (TABLE answer) AS same FROM visit;
RESET enable_partitionwise_aggregate;
SET work_mem = '64kB';
SET enable_sort = off;
CREATE TABLE hashed AS SELECT id % 3000 AS g, retention_agg(journey, 'from customer while customer every 1 week for 60 as of 2026-02-01') AS r FROM visit GROUP BY 1;
SELECT plan_has('SELECT id % 3000, retention_agg(journey, ''from customer while customer every 1 week for 60 as of 2026-02-01'') FROM visit GROUP BY 1', 'HashAggregate') AS hashed,
	count(*) AS groups, retention_send(rollup(r)) = (TABLE answer) AS same FROM hashed;
RESET ALL;
SET client_min_messages = warning;

DROP SCHEMA retention_test CASCADE;
