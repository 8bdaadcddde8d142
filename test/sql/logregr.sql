-- Logistic regression: exact sums held against numeric, steps against plain SQL, and every way an aggregate is run.
SET client_min_messages = warning;
CREATE SCHEMA logregr_test;
SET search_path = logregr_test, lifecycle, public;

CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
-- At coefficients of 0 the gradient is half the sum of what is true less half of what is false: such sums of doubles
-- m * 2^e are known exactly as numerics, and shifted by any power of 2 they have the same digits.
CREATE TABLE term AS
SELECT s AS set, i, chance(s || 'y' || i, 2) = 1 AS y, chance(s || 'm' || i, 1 << 27)::bigint * (1 << 26) + chance(s || 'n' || i, 1 << 26) AS m, chance(s || 'e' || i, s * 7) AS e
FROM generate_series(1, 60) s, generate_series(1, 5 * s) i;
-- Some that cancel all the others but for a rest far below.
INSERT INTO term SELECT set, i + 1000, NOT y, m, e FROM term WHERE set % 3 = 0;
INSERT INTO term SELECT DISTINCT set, 3000, true, 1, 0 FROM term WHERE set % 3 = 0;
SELECT shift, count(*) AS sets, bool_and((s).gradient[1] = 0.5 * 2::float8 ^ shift * truth) AS exact, bool_and((b).gradient = (s).gradient) AS in_any_order,
	count(*) FILTER (WHERE naive <> truth) > 20 AS where_adding_doubles_is_not
FROM (SELECT set, shift, logregr_agg(y, ARRAY[m * 2::float8 ^ (e + shift)], NULL ORDER BY i) AS s, logregr_agg(y, ARRAY[m * 2::float8 ^ (e + shift)], NULL ORDER BY md5(i::text)) AS b,
		sum(CASE WHEN y THEN m ELSE -m END * 2::numeric ^ e)::text::float8 AS truth, sum(CASE WHEN y THEN m ELSE -m END * 2::float8 ^ e ORDER BY i) AS naive
	FROM term, unnest('{0,-700,-960,-1,-300}'::int[]) shift GROUP BY set, shift) x
GROUP BY shift ORDER BY shift;
-- Halves are rounded to even; the smallest numbers there are, and sums that end below them.
SELECT n, (logregr_agg(y, ARRAY[x], NULL)).gradient[1] = expected AS right FROM (VALUES
	(1, true, 2::float8 ^ 54, 2::float8 ^ 53), (1, true, 2, 2::float8 ^ 53),
	(2, true, 2::float8 ^ 54 + 4, 2::float8 ^ 53 + 4), (2, true, 2, 2::float8 ^ 53 + 4),
	(3, true, 2::float8 ^ 54, 2::float8 ^ 53 + 2), (3, true, 2, 2::float8 ^ 53 + 2), (3, true, 1e-300, 2::float8 ^ 53 + 2),
	(4, false, 2::float8 ^ 54, -2::float8 ^ 53), (4, false, 2, -2::float8 ^ 53), (4, true, 1e-300, -2::float8 ^ 53),
	(5, true, 1e-323, 5e-324), (6, true, 1e-323, 1e-323), (6, true, 1e-323, 1e-323), (7, true, 1e-320, 0), (7, false, 1e-320, 0),
	(8, true, 1e145, 0.5), (8, true, 1, 0.5), (8, false, 1e145, 0.5)) v(n, y, x, expected) GROUP BY n, expected ORDER BY n;

-- 6,000 rows, the same on every machine, against plain SQL.
CREATE TABLE deal AS
SELECT id, CASE WHEN id < 20 THEN id % 3 ELSE 3 END AS part, CASE WHEN chance(id || 'n', 30) > 0 THEN chance(id || 'y', 100) < 20 + 10 * chance(id || 'a', 5) END AS y,
	CASE WHEN chance(id || 'o', 30) > 0 THEN ARRAY[1, chance(id || 'a', 5) / 3.0, CASE WHEN chance(id || 'p', 30) > 0 THEN chance(id || 'b', 1000) / 7.0 END, chance(id || 'c', 2)]::float8[] END AS x
FROM generate_series(1, 6000) id;
INSERT INTO deal SELECT -id, 4, NULL, NULL FROM generate_series(1, 10) id;
ANALYZE deal;
CREATE TABLE whole AS SELECT b, logregr_agg(y, x, b) AS s FROM deal, (VALUES (NULL::float8[]), ('{-0.5,0.3,0.001,-0.1}')) v(b) GROUP BY b;
CREATE TABLE complete AS
SELECT b, y::int::float8 AS y, x, 1 / (1 + exp(-(SELECT sum(u * coalesce(c, 0)) FROM unnest(x, b) v(u, c)))) AS p
FROM deal, (SELECT b FROM whole) v WHERE y IS NOT NULL AND array_position(x, NULL) IS NULL AND x IS NOT NULL;
SELECT w.b, (s).observations = n AS observations, abs((s).log_likelihood - ll) < 1e-9 AS log_likelihood, (SELECT bool_and(abs(g - e) < 1e-8) FROM unnest((s).gradient, gradient) u(g, e)) AS gradient,
	(SELECT bool_and(abs(g - e) < 1e-9 * e) FROM unnest((s).information, information) u(g, e)) AS information, (s).largest_x = largest AS largest_x, (s).separated
FROM whole w JOIN (SELECT b, count(*) AS n, sum(ln(CASE WHEN y = 1 THEN p ELSE 1 - p END)) AS ll, ARRAY[max(abs(x[1])), max(abs(x[2])), max(abs(x[3])), max(abs(x[4]))] AS largest,
		ARRAY[sum((y - p) * x[1]), sum((y - p) * x[2]), sum((y - p) * x[3]), sum((y - p) * x[4])] AS gradient,
		(SELECT array_agg(v ORDER BY i, j) FROM (SELECT i, j, (SELECT sum(d.p * (1 - d.p) * d.x[i] * d.x[j]) FROM complete d WHERE d.b IS NOT DISTINCT FROM c.b) AS v FROM generate_series(1, 4) i, generate_series(1, 4) j) m) AS information
	FROM complete c GROUP BY b) r ON w.b IS NOT DISTINCT FROM r.b ORDER BY w.b;
-- Newton's step solves information * (next - coef) = gradient.
SELECT b, bool_and(abs(product - (s).gradient[i]) < 1e-8) AS solved
FROM (SELECT b, s, i, sum((s).information[i][j] * ((s).next_coef[j] - coalesce(b[j], 0))) AS product FROM whole, generate_series(1, 4) i, generate_series(1, 4) j GROUP BY 1, 2, 3) x GROUP BY b ORDER BY b;

-- The same bits, whatever the order, plan and number of workers.
CREATE TABLE truth AS SELECT s::text FROM whole WHERE b IS NOT NULL;
SELECT logregr_agg(y, x, '{-0.5,0.3,0.001,-0.1}' ORDER BY id DESC)::text = (TABLE truth) AS backwards, logregr_agg(y, x, '{-0.5,0.3,0.001,-0.1}' ORDER BY md5(id::text))::text = (TABLE truth) AS mixed FROM deal;
CREATE FUNCTION plan_has(query text, word text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF strpos(line, word) > 0 THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
CREATE TABLE fitted AS SELECT f::text FROM logregr_fit('SELECT y, x FROM logregr_test.deal') f;
SELECT (f).observations, (f).converged FROM (SELECT logregr_fit('SELECT y, x FROM logregr_test.deal') AS f) x;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;
SELECT plan_has($$SELECT logregr_agg(y, x, NULL) FROM deal$$, 'Partial Aggregate') AS parallel;
SELECT logregr_agg(y, x, '{-0.5,0.3,0.001,-0.1}')::text = (TABLE truth) AS by_workers FROM deal;
SELECT f::text = (TABLE fitted) AS fitted_by_workers FROM logregr_fit('SELECT y, x FROM logregr_test.deal') f;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
-- Partition by partition: of a few, of thousands, of nothing but null, of no row at all.
CREATE TABLE parted (id int, part int, y boolean, x float8[]) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES IN (4);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
INSERT INTO parted TABLE deal;
SET enable_partitionwise_aggregate = on;
SELECT plan_has($$SELECT logregr_agg(y, x, NULL) FROM parted$$, 'Partial Aggregate') AS partitionwise;
SELECT logregr_agg(y, x, '{-0.5,0.3,0.001,-0.1}')::text = (TABLE truth) AS by_partitions FROM parted;
RESET enable_partitionwise_aggregate;
-- Groups that spill to disk are the groups that sorting makes.
SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
SELECT plan_has($$SELECT id % 3000, logregr_agg(y, x, NULL) FROM deal GROUP BY 1$$, 'HashAggregate') AS hashed;
CREATE TABLE hashed AS SELECT id % 3000 AS part, logregr_agg(y, x, NULL)::text AS s FROM deal GROUP BY 1;
RESET work_mem; RESET hash_mem_multiplier; RESET enable_sort; SET enable_hashagg = off;
SELECT count(*), bool_and(h.s IS NOT DISTINCT FROM s.s) AS same FROM hashed h FULL JOIN (SELECT id % 3000 AS part, logregr_agg(y, x, NULL)::text AS s FROM deal GROUP BY 1) s USING (part);
RESET enable_hashagg;
-- Empty, all NULL, one row, duplicates, DISTINCT, FILTER and window frames.
SELECT logregr_agg(y, x, NULL) FROM deal WHERE false;
SELECT logregr_agg(y, x, NULL) FROM deal WHERE id < 0;
SELECT logregr_agg(true, '{1}', NULL) AS one, logregr_agg(true, '{1,2}', NULL) AS undetermined, (logregr_agg(false, '{-3}', '{2}')).separated;
SELECT (t).observations = 2 * (s).observations AS twice, (t).log_likelihood = 2 * (s).log_likelihood AS log_likelihood, (t).information[3][4] = 2 * (s).information[3][4] AS information
FROM (SELECT logregr_agg(y, x, NULL) AS t FROM (TABLE deal UNION ALL TABLE deal) x) x, whole WHERE b IS NULL;
SELECT logregr_agg(DISTINCT y, x, NULL::float8[])::text = (SELECT logregr_agg(y, x, NULL)::text FROM (SELECT DISTINCT y, x FROM deal) y) AS is_distinct FROM (TABLE deal UNION ALL TABLE deal) x;
SELECT logregr_agg(y, x, NULL) FILTER (WHERE id % 2 = 0)::text = (SELECT logregr_agg(y, x, NULL)::text FROM deal WHERE id % 2 = 0) AS filtered FROM deal;
SELECT count(*), bool_and(framed IS NOT DISTINCT FROM (SELECT logregr_agg(y, x, '{1,2,3,4}')::text FROM deal t WHERE t.id BETWEEN w.id - 1 AND w.id)) AS frames
FROM (SELECT id, logregr_agg(y, x, '{1,2,3,4}') OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)::text AS framed FROM deal WHERE id BETWEEN 1 AND 300) w WHERE id > 1;
SELECT count(*), bool_and(running = (SELECT logregr_agg(y, x, NULL)::text FROM deal t WHERE t.id BETWEEN 1 AND w.id)) AS running
FROM (SELECT id, logregr_agg(y, x, NULL) OVER (ORDER BY id)::text AS running FROM deal WHERE id BETWEEN 1 AND 500) w WHERE id % 100 = 0;
-- A regression for each group, and as many columns as there may be.
SELECT count(*) AS groups, sum((s).observations) AS observations FROM (SELECT id % 7, logregr_agg(y, x, NULL) AS s FROM deal GROUP BY 1) x;
SELECT cardinality((s).gradient), cardinality((s).information), (s).next_coef IS NULL AS undetermined FROM (SELECT logregr_agg(i % 3 = 0, (SELECT array_agg(chance(i || 'x' || j, 10)) FROM generate_series(1, 200) j), NULL) AS s FROM generate_series(1, 50) i) x;

-- What is refused.
SELECT logregr_agg(y, '{}', NULL) FROM deal;
SELECT logregr_agg(true, '{1,2}', '{1}');
SELECT logregr_agg(true, '{1,2}', '{1,NULL}');
SELECT logregr_agg(true, '{1,2}', '{1,Infinity}');
SELECT logregr_agg(true, '{1,2}', '{{1,2}}');
SELECT logregr_agg(true, ARRAY[i], ARRAY[i]) FROM generate_series(1, 2) i;
SELECT logregr_agg(true, '{1}', CASE WHEN i > 1 THEN '{1}'::float8[] END) FROM generate_series(1, 2) i;
SELECT logregr_agg(true, '{1,Infinity}', NULL);
SELECT logregr_agg(true, '{1,-1e146}', NULL);
SELECT logregr_agg(true, '{1e100}', '{1e300}');
DROP SCHEMA logregr_test CASCADE;
