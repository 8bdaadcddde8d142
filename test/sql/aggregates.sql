-- Every aggregate over journeys under everything that PostgreSQL does with aggregates: the bytes of the
-- answer are the same. That they are the right ones is what the rooms' own tests say.
CREATE SCHEMA aggregates;
SET search_path = aggregates, lifecycle, public;
SET client_min_messages = warning;
SET timezone = 'UTC';

CREATE TABLE aggregate (n int GENERATED ALWAYS AS IDENTITY, name text, arguments text, result text, merges bool);
INSERT INTO aggregate (name, arguments) VALUES
	('journey_agg', 'stage, at'), ('journey_agg', 'stage, at, seq'), ('journey_agg', 'e, at'), ('journey_agg', 'e, at, seq'),
	('journey_merge', 'j'),
	('funnel_agg', 'j, ''a > b > won within 10 days'''), ('funnel_agg', 'j, ''a > b > won within 10 days'', ''2026-02-15'''),
	('velocity_agg', 'j'), ('velocity_agg', 'j, ''moved since 2026-01-20'''), ('velocity_agg', 'j, '''', ''2026-02-15'''),
	('retention_agg', 'j, ''from a while a, b every 1 week for 6 as of 2026-02-15'''), ('retention_agg', 'j, ''from a while a, b every 1 week for 6'', ''2026-02-15'''),
	('survival_agg', 'j, ''from a to won, lost as of 2026-02-15'''), ('survival_agg', 'j, ''from a to won, lost'', ''2026-02-15'''),
	('survival_agg', 'took, stage'), ('survival_agg', 'took, e'),
	('census_agg', 'j, ''from 2026-01-01 to 2026-04-01 every 1 week'''), ('census_agg', 'j, ''from 2026-01-01 to 2026-04-01 every 1 week'', gone'),
	('win_rate_agg', 'j, ''won against lost'''), ('win_rate_agg', 'j, ''{won}'', ''{lost}'', ''[2026-01-01,2026-02-15)'''),
	('attribution_agg', 'path, won'), ('attribution_agg', 'path, won, amount'), ('attribution_agg', 'j, ''{won}'', ''{lost}'', 5'),
	('rollup', 'attribution'), ('rollup', 'funnel'), ('rollup', 'velocity'), ('rollup', 'retention'), ('rollup', 'survival'), ('rollup', 'census'), ('rollup', 'win_rate');

-- Rows of all kinds: a journey, an event and a duration each; one in ten has none of them. The parts: one
-- row; most; nothing but null; no row.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TYPE stage AS ENUM ('won', 'lost', 'b', 'a', 'x');
CREATE TABLE row (
	id int, part int, stage text, e stage, at timestamptz, seq bigint, took interval, gone timestamptz, j journey, path text[], won bool, amount numeric, attribution attribution,
	funnel funnel, velocity velocity, retention retention, survival survival, census census, win_rate win_rate
) PARTITION BY LIST (part);
CREATE TABLE row_1 PARTITION OF row FOR VALUES IN (1);
CREATE TABLE row_2 PARTITION OF row FOR VALUES IN (2);
CREATE TABLE row_3 PARTITION OF row FOR VALUES IN (3);
CREATE TABLE row_4 PARTITION OF row FOR VALUES IN (4);
INSERT INTO row
SELECT id, CASE WHEN id = 1 THEN 1 WHEN j IS NULL AND id % 20 = 0 THEN 3 ELSE 2 END, CASE WHEN j IS NOT NULL THEN stage END, CASE WHEN j IS NOT NULL THEN stage::stage END,
	CASE WHEN j IS NOT NULL THEN at END, CASE WHEN j IS NOT NULL THEN id % 3 END, CASE WHEN j IS NOT NULL THEN interval '1 day' * chance(id || 'd', 40) END,
	CASE WHEN id % 5 = 0 THEN at + interval '20 days' END, j, CASE WHEN j IS NOT NULL THEN stages(j) END, CASE WHEN j IS NOT NULL THEN id % 3 = 0 END, chance(id || 'v', 10000) / 100.0,
	CASE WHEN j IS NOT NULL THEN attribution_agg(stages(j), id % 3 = 0, id / 8.0) END,
	CASE WHEN j IS NOT NULL THEN funnel_agg(j, 'a > b > won within 10 days') END, CASE WHEN j IS NOT NULL THEN velocity_agg(j) END,
	CASE WHEN j IS NOT NULL THEN retention_agg(j, 'from a while a, b every 1 week for 6 as of 2026-02-15') END, CASE WHEN j IS NOT NULL THEN survival_agg(j, 'from a to won, lost as of 2026-02-15') END,
	CASE WHEN j IS NOT NULL THEN census_agg(j, 'from 2026-01-01 to 2026-04-01 every 1 week') END, CASE WHEN j IS NOT NULL THEN win_rate_agg(j, 'won against lost') END
FROM (SELECT id, max(stage) AS stage, max(at) AS at, CASE WHEN id % 10 > 0 THEN journey_agg(stage, at, step) END AS j
	FROM (SELECT id, step, (ARRAY['a', 'b', 'a', 'x', 'b', 'won', 'lost'])[1 + chance(id || 's' || step, 7)] AS stage,
			timestamptz '2026-01-01' + chance(id || 'b', 30) * interval '1 day' + (step - 1) * chance(id || 'w', 90) * interval '1 hour' AS at
		FROM generate_series(1, 4000) id, generate_series(1, 8) step WHERE step <= 1 + chance(id || 'n', 8)) s GROUP BY id) s
GROUP BY id, stage, at, j;
ANALYZE row;

UPDATE aggregate a SET result = p.result, merges = name <> 'rollup' AND EXISTS (SELECT FROM pg_proc r WHERE r.proname = 'rollup' AND r.prorettype = p.prorettype)
FROM (SELECT n, prorettype, prorettype::regtype::text AS result FROM aggregate x, LATERAL (
	SELECT prorettype FROM pg_proc WHERE pronamespace = 'lifecycle'::regnamespace AND proname = name AND prokind = 'a'
		AND CASE name WHEN 'rollup' THEN prorettype::regtype::text = arguments ELSE true END LIMIT 1) p) p
WHERE p.n = a.n;
-- None that counts journeys is missing.
SELECT p.oid::regprocedure AS missing FROM pg_proc p
WHERE pronamespace = 'lifecycle'::regnamespace AND prokind = 'a'
	AND ('journey'::regtype = ANY (proargtypes) OR proname IN (SELECT name FROM aggregate WHERE name <> 'rollup')
		OR proname = 'rollup' AND prorettype::regtype::text IN (SELECT result FROM aggregate))
	AND (SELECT count(*) FROM aggregate WHERE name = proname AND (name <> 'rollup' OR arguments = prorettype::regtype::text))
		<> (SELECT count(*) FROM pg_proc q WHERE (q.pronamespace, q.proname, q.prokind) = (p.pronamespace, p.proname, 'a') AND (p.proname <> 'rollup' OR q.prorettype = p.prorettype));

-- What an aggregate says of some rows, as bytes; the plan for it.
CREATE FUNCTION statement(a aggregate, source text, adverb text DEFAULT '', clause text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT format('SELECT %I_send(%I(%s %s)%s) AS bytes FROM (%s) r', a.result, a.name, adverb, a.arguments, clause, source) $$;
CREATE FUNCTION ask(a aggregate, source text, adverb text DEFAULT '', clause text DEFAULT '') RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE bytes bytea;
BEGIN
	EXECUTE statement(a, source, adverb, clause) INTO bytes;
	RETURN bytes;
END $$;
CREATE FUNCTION plan_has(statement text, VARIADIC words text[]) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	plan text := '';
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF) ' || statement LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN (SELECT bool_and(plan ~ w) FROM unnest(words) w);
END $$;
-- True if two statements give the same rows, of which there are enough.
CREATE FUNCTION same_rows(one text, other text, enough int) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	rows int;
	differ int;
BEGIN
	EXECUTE format('SELECT count(*), count(*) FILTER (WHERE a.bytes IS DISTINCT FROM b.bytes) FROM (%s) a FULL JOIN (%s) b USING (key)', one, other) INTO rows, differ;
	RETURN rows >= enough AND differ = 0;
END $$;

CREATE TABLE answer AS SELECT n, ask(a, 'TABLE row') AS whole FROM aggregate a;
-- Of whom there is nobody: where that is no answer, and where it is an answer.
SELECT name, array_agg(DISTINCT ask(a, 'SELECT * FROM row WHERE false') IS NULL) AS of_no_rows, array_agg(DISTINCT ask(a, 'SELECT * FROM row WHERE j IS NULL') IS NULL) AS of_nulls,
	bool_and(length(whole) > 0) AS answered FROM aggregate a JOIN answer USING (n) GROUP BY name ORDER BY name;

CREATE TABLE held (n int, property text, holds bool);
CREATE PROCEDURE note(n int, property text, holds bool) LANGUAGE sql AS $$ INSERT INTO held VALUES (n, property, coalesce(holds, false)) $$;

CREATE PROCEDURE try(a aggregate, whole bytea) LANGUAGE plpgsql AS $$
DECLARE
	twice text := 'SELECT * FROM row UNION ALL SELECT * FROM row';
	grouped text := format('SELECT id %% 1500 AS key, %I_send(%I(%s)) AS bytes FROM row GROUP BY 1', a.result, a.name, a.arguments);
	windowed text := format('SELECT id AS key, %I_send(%I(%s) OVER (ORDER BY id ROWS BETWEEN %%s)) AS bytes FROM row WHERE id <= %%s', a.result, a.name, a.arguments);
	framed text := format('SELECT f.id AS key, (SELECT %I_send(%I(%s)) FROM row WHERE id BETWEEN f.id - %%s AND f.id + %%s AND id <= %%s) AS bytes FROM row f WHERE f.id <= %%s', a.result, a.name, a.arguments);
	once text := format('SELECT DISTINCT %s FROM row', (SELECT string_agg(c, ', ') FROM unnest('{stage,e,at,seq,took,gone,j,path,won,amount}'::text[]) c
		WHERE format(', %s,', a.arguments) LIKE format('%%, %s,%%', c)));
	equal text;
BEGIN
	CALL note(a.n, 'any order', ask(a, 'SELECT * FROM row ORDER BY id DESC') = whole AND ask(a, 'SELECT * FROM row ORDER BY md5(id::text)') = whole
		AND ask(a, 'SELECT * FROM row ORDER BY j, id') = whole);
	-- A row without a journey is somebody who never entered a funnel.
	CALL note(a.n, 'nulls left out', ask(a, 'SELECT * FROM row WHERE j IS NOT NULL') = whole OR a.name = 'funnel_agg');
	CALL note(a.n, 'duplicates', ask(a, twice) = ask(a, format('SELECT * FROM (%s) r ORDER BY id', twice)) AND ask(a, twice) <> whole);
	IF a.name <> 'rollup' THEN
		CALL note(a.n, 'DISTINCT', ask(a, twice, 'DISTINCT') = ask(a, once)
			AND ask(a, twice, 'DISTINCT') <> ask(a, twice));
	END IF;
	CALL note(a.n, 'FILTER', ask(a, 'TABLE row', '', ' FILTER (WHERE id % 3 = 0)') = ask(a, 'SELECT * FROM row WHERE id % 3 = 0') AND ask(a, 'TABLE row', '', ' FILTER (WHERE false)') IS NULL);
	CALL note(a.n, 'one row', same_rows(format(windowed, 'CURRENT ROW AND CURRENT ROW', 200), format(framed, 0, 0, 200, 200), 200));
	CALL note(a.n, 'moving frame', same_rows(format(windowed, '3 PRECEDING AND 1 FOLLOWING', 200), format(framed, 3, 1, 200, 200), 200));
	CALL note(a.n, 'growing frame', same_rows(format(windowed, 'UNBOUNDED PRECEDING AND CURRENT ROW', 300), format(framed, 300, 0, 300, 300), 300));

	PERFORM set_config('max_parallel_workers_per_gather', '3', true), set_config('parallel_leader_participation', 'off', true),
		set_config('min_parallel_table_scan_size', '0', true), set_config('parallel_setup_cost', '0', true), set_config('parallel_tuple_cost', '0', true);
	CALL note(a.n, 'parallel', plan_has(statement(a, 'TABLE row'), 'Partial Aggregate', 'Workers Launched: [123]') AND ask(a, 'TABLE row') = whole);
	PERFORM set_config('max_parallel_workers_per_gather', '0', true), set_config('enable_partitionwise_aggregate', 'on', true);
	CALL note(a.n, 'partitionwise', plan_has(statement(a, 'TABLE row'), 'Append', 'Partial Aggregate') AND ask(a, 'TABLE row') = whole);
	PERFORM set_config('enable_partitionwise_aggregate', 'off', true);

	PERFORM set_config('enable_hashagg', 'off', true);
	EXECUTE 'CREATE TEMP TABLE sorted AS ' || grouped;
	PERFORM set_config('enable_hashagg', 'on', true), set_config('enable_sort', 'off', true), set_config('work_mem', '64kB', true), set_config('hash_mem_multiplier', '1', true);
	CALL note(a.n, 'spill', plan_has(grouped, 'HashAggregate', 'Disk Usage') AND same_rows(grouped, 'TABLE sorted', 1500));
	PERFORM set_config('enable_sort', 'on', true), set_config('work_mem', '4MB', true), set_config('hash_mem_multiplier', '2', true);
	DROP TABLE sorted;

	EXECUTE format('SELECT %1$I_send(v::text::%1$I) = $1 FROM (SELECT %2$I(%3$s) AS v FROM row) r', a.result, a.name, a.arguments) INTO STRICT equal USING whole;
	CALL note(a.n, 'text', equal::bool);
	EXECUTE format('CREATE TEMP TABLE sent AS SELECT %I(%s) AS v FROM row GROUP BY id %% 7', a.name, a.arguments);
	EXECUTE format('COPY sent TO %L (FORMAT binary)', current_setting('data_directory') || '/aggregates.bin');
	CREATE TEMP TABLE received (LIKE sent);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', current_setting('data_directory') || '/aggregates.bin');
	EXECUTE format('SELECT array_agg(%1$I_send(v) ORDER BY %1$I_send(v))::text FROM sent', a.result) INTO equal;
	EXECUTE format('SELECT (array_agg(%1$I_send(v) ORDER BY %1$I_send(v))::text = $1)::text FROM received', a.result) INTO equal USING equal;
	CALL note(a.n, 'binary', equal::bool);
	DROP TABLE sent, received;

	IF a.merges THEN
		EXECUTE format('SELECT %1$I_send(rollup(v)) = $1 FROM (SELECT rollup(v) AS v FROM (SELECT id %% 91 AS a, id %% 7 AS b, %2$I(%3$s) AS v FROM row GROUP BY 1, 2) x GROUP BY a) y',
			a.result, a.name, a.arguments) INTO equal USING whole;
		CALL note(a.n, 'rollup', equal::bool);
	END IF;
END $$;
DO $$
DECLARE a record;
BEGIN
	FOR a IN SELECT x, whole FROM aggregate x JOIN answer USING (n) ORDER BY n LOOP
		CALL try(a.x, a.whole);
	END LOOP;
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || current_setting('data_directory') || '/aggregates.bin"');
END $$;

SELECT property, count(*) AS aggregates, string_agg(format('%s(%s)', name, arguments), '; ' ORDER BY n) FILTER (WHERE NOT holds) AS fails
FROM held JOIN aggregate USING (n) GROUP BY property ORDER BY property;

DROP SCHEMA aggregates CASCADE;
