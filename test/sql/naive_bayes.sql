-- Naive Bayes: text and bytes, counts and predictions held against plain SQL, and every way an aggregate is run.
SET client_min_messages = warning;
CREATE SCHEMA naive_bayes_test;
SET search_path = naive_bayes_test, lifecycle, public;

-- Runs a query and tells what it raised.
CREATE PROCEDURE tell(query text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RAISE WARNING 'accepted: %', query;
EXCEPTION WHEN others THEN RAISE WARNING '%  %', SQLSTATE, SQLERRM;
END
$$;

-- What is printed reads back as itself, in order.
SELECT m, m::text::naive_bayes::text = m::text AS same FROM unnest('{"{0 won, 0 lost}","{ 2 WON,1 lost ; b 1/0:x 1/0; a 2/1 : \"z z\" 1/1, \"\" 1/0, y 0/0}","{9223372036854775807 won, 9223372036854775807 lost}","{2 won, 0 lost; x 2/0: a 1/0, a 1/0}"}'::naive_bayes[]) m;
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', '{', '{}', '{1 won}', '{1 won, 1}', '{1 won, 1 lost', '{1 won, 1 lost;}', '{1 won, 1 lost; x}', '{1 won, 1 lost; x 1/0}', '{1 won, 1 lost; x 1/0:}', '{1 won, 1 lost; x 1/0: a}',
		'{1 won, 1 lost; x 1/0: a 1}', '{1 won, 1 lost; x 1/0: a 1/0,}', '{1 won, 1 lost; x 1/0: a 1/0} more', '{-1 won, 1 lost}', '{1.5 won, 1 lost}', '{9223372036854775808 won, 1 lost}',
		'{1 won, 1 lost; x 2/0: a 2/0}', '{1 won, 1 lost; x 1/0: a 0/1}', '{1 won, 1 lost; x 1/0: a 2/0}', '{2 won, 1 lost; x 2/0: a 1/0}', '{1 won, 1 lost; x 0/0: a 1/0}', '{1 won, 1 lost; x 1/0: "a 1/0}',
		'{1 won, 1 lost; ' || repeat('x', 256) || ' 1/0: a 1/0}', '{1 won, 1 lost; x 1/0: ' || repeat('x', 256) || ' 1/0}', '{9223372036854775807 won, 1 lost; x 9223372036854775807/0: a 9223372036854775807/0, a 1/0}']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.naive_bayes', value));
	END LOOP;
END
$$;
SELECT '{9223372036854775807 won, 0 lost}'::naive_bayes + '{1 won, 0 lost}'::naive_bayes;
SELECT '{1 won, 2 lost; x 1/2: a 1/2}'::naive_bayes - '{1 won, 1 lost; x 1/1: b 1/1}';

-- 6,000 deals, the same on every machine, against plain SQL over their features.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TABLE deal AS
SELECT id, CASE WHEN id < 20 THEN id % 3 ELSE 3 END AS part, CASE chance(id || 'w', 10) WHEN 0 THEN NULL WHEN 1 THEN true WHEN 2 THEN true WHEN 3 THEN true ELSE false END AS won,
	CASE WHEN chance(id || 'n', 50) > 0 THEN jsonb_build_object(
		'country', (ARRAY['be', 'fr', 'été', 'a b', NULL])[1 + chance(id || 'c', 5)],
		'employees', chance(id || 'e', 7) * 10,
		'trial', chance(id || 't', 2) = 1,
		'tags', (SELECT coalesce(jsonb_agg('tag ' || chance(id || 'g' || i, 30)), '[]') FROM generate_series(1, chance(id || 'k', 5)) i)) END AS features
FROM generate_series(1, 6000) id;
INSERT INTO deal SELECT -id, 4, NULL, NULL FROM generate_series(1, 10) id;
ANALYZE deal;
CREATE TABLE feature AS
SELECT DISTINCT id, won, key AS field, value #>> '{}' AS value
FROM deal, LATERAL (SELECT key, value FROM jsonb_each(features) WHERE jsonb_typeof(value) <> 'array' UNION ALL SELECT key, e FROM jsonb_each(features), jsonb_array_elements(CASE WHEN jsonb_typeof(value) = 'array' THEN value END) e) f
WHERE won IS NOT NULL AND value <> 'null';
CREATE TABLE counted AS
SELECT field, value, count(DISTINCT id) FILTER (WHERE won) AS won, count(DISTINCT id) FILTER (WHERE NOT won) AS lost FROM feature GROUP BY GROUPING SETS ((field), (field, value))
UNION ALL SELECT NULL, NULL, count(*) FILTER (WHERE won), count(*) FILTER (WHERE NOT won) FROM deal WHERE features IS NOT NULL;
CREATE TABLE whole AS SELECT naive_bayes_agg(won, features) AS m FROM deal;
SELECT left(m::text, 160) FROM whole;
SELECT (SELECT count(*) FROM counted) AS counts, count(*) AS wrong FROM (
	(SELECT c.* FROM whole, naive_bayes_counts(m) c EXCEPT ALL TABLE counted) UNION ALL (TABLE counted EXCEPT ALL SELECT c.* FROM whole, naive_bayes_counts(m) c)) x;
-- Its predictions and their reasons, from the counts: with and without a field of stages.
CREATE TABLE wanted AS SELECT id, features, s, stages FROM deal, unnest('{0.1,1,50}'::float8[]) s, unnest('{NULL,tags}'::text[]) stages WHERE id BETWEEN 1 AND 200 AND features IS NOT NULL;
CREATE TABLE total AS SELECT field, sum(won) AS won, sum(lost) AS lost, count(*) AS n FROM counted WHERE value IS NOT NULL GROUP BY field;
CREATE TABLE factor AS
SELECT w.id, s, stages, c.field, c.value, CASE WHEN w.stages = c.field THEN ln((c.won + s) / (f.won + s)) - ln((c.lost + s) / (f.lost + s))
	ELSE ln((c.won + s) / (t.won + t.n * s)) - ln((c.lost + s) / (t.lost + t.n * s)) END AS log_ratio
FROM wanted w, LATERAL (SELECT DISTINCT key AS field, v #>> '{}' AS value FROM jsonb_each(features), jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE jsonb_build_array(value) END) v WHERE v <> 'null') x
JOIN counted c USING (field, value) JOIN total t USING (field) JOIN counted f ON f.field = c.field AND f.value IS NULL
UNION ALL SELECT id, s, stages, NULL, NULL, CASE WHEN stages IS NULL THEN ln(c.won / c.lost::float8) ELSE ln((c.won + s) / (c.lost + s)) END
FROM wanted JOIN counted c ON c.field IS NOT DISTINCT FROM stages AND c.value IS NULL;
SELECT count(*) AS factors, bool_and(e.log_ratio IS NOT NULL AND abs(e.log_ratio - f.log_ratio) < 1e-12) AS same
FROM (SELECT id, s, stages, x.* FROM wanted, whole, explain_prediction(m, features, s, stages) x WHERE log_ratio IS NOT NULL) e
FULL JOIN factor f ON (e.id, e.s, coalesce(e.stages, ''), coalesce(e.field, ''), coalesce(e.value, '')) = (f.id, f.s, coalesce(f.stages, ''), coalesce(f.field, ''), coalesce(f.value, ''));
SELECT count(*) AS predictions, bool_and(abs(predict(m, features, s, wanted.stages) - p) < 1e-12) AS same, max(p) - min(p) > 0.1 AS far_apart
FROM wanted JOIN (SELECT id, s, stages, 1 / (1 + exp(-sum(log_ratio))) AS p FROM factor GROUP BY 1, 2, 3) f USING (id, s) CROSS JOIN whole WHERE wanted.stages IS NOT DISTINCT FROM f.stages;
-- Models read together: the counts of each smoothed on its own.
CREATE TABLE half AS SELECT id % 2 AS n, naive_bayes_agg(won, features) AS m FROM deal GROUP BY 1;
SELECT count(*), bool_and(abs(x.log_ratio - CASE WHEN x.field IS NULL THEN p.log_ratio ELSE ln((c.won + 2 * 0.1) / (t.won + h.n * 0.1)) - ln((c.lost + 2 * 0.1) / (t.lost + h.n * 0.1)) END) < 1e-12) AS same
FROM (SELECT features FROM wanted WHERE id BETWEEN 1 AND 5 GROUP BY features) w, (SELECT array_agg(m) AS ms FROM half) m, explain_prediction_together(ms, features) x
LEFT JOIN counted c USING (field, value) LEFT JOIN total t USING (field)
LEFT JOIN LATERAL (SELECT count(*) AS n FROM half, naive_bayes_counts(half.m) hc WHERE hc.field = x.field AND hc.value IS NOT NULL) h ON true,
LATERAL (SELECT log_ratio FROM whole, explain_prediction(m, '{}')) p;

-- The same bytes, whatever the order, plan and number of workers; parts rolled up are the whole.
SELECT naive_bayes_send(naive_bayes_agg(won, features ORDER BY id DESC)) = (SELECT naive_bayes_send(m) FROM whole) AS backwards,
	naive_bayes_send(naive_bayes_agg(won, features ORDER BY md5(id::text))) = (SELECT naive_bayes_send(m) FROM whole) AS mixed FROM deal;
SELECT n, rollup(m)::text = (SELECT m::text FROM whole) AS rolled_up, rollup(m ORDER BY part DESC)::text = (SELECT m::text FROM whole) AS backwards
FROM (SELECT n, id % n AS part, naive_bayes_agg(won, features) AS m FROM deal, unnest('{1,2,7,3000}'::int[]) n GROUP BY 1, 2) x GROUP BY n ORDER BY n;
SELECT rollup(m) FROM (VALUES ('{0 won, 0 lost}'::naive_bayes), (NULL)) v(m);
SELECT rollup(m) FROM whole WHERE false;
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
SELECT plan_has($$SELECT naive_bayes_agg(won, features) FROM deal$$, 'Partial Aggregate') AS parallel;
SELECT naive_bayes_agg(won, features)::text = (SELECT m::text FROM whole) AS by_workers FROM deal;
CREATE TABLE parts AS SELECT id % 100 AS part, naive_bayes_agg(won, features) AS m FROM deal GROUP BY 1;
ANALYZE parts;
SELECT plan_has($$SELECT rollup(m) FROM parts$$, 'Partial Aggregate') AS parallel_rollup;
SELECT rollup(m)::text = (SELECT m::text FROM whole) AS by_workers FROM parts;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
-- Partition by partition: of a few, of thousands, of nothing but null, of no row at all.
CREATE TABLE parted (id int, part int, won boolean, features jsonb) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES IN (4);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
INSERT INTO parted TABLE deal;
SET enable_partitionwise_aggregate = on;
SELECT plan_has($$SELECT naive_bayes_agg(won, features) FROM parted$$, 'Partial Aggregate') AS partitionwise;
SELECT naive_bayes_agg(won, features)::text = (SELECT m::text FROM whole) AS by_partitions FROM parted;
RESET enable_partitionwise_aggregate;
-- Groups that spill to disk are the groups that sorting makes.
SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
SELECT plan_has($$SELECT id % 3000, naive_bayes_agg(won, features) FROM deal GROUP BY 1$$, 'HashAggregate') AS hashed;
CREATE TABLE hashed AS SELECT id % 3000 AS part, naive_bayes_agg(won, features)::text AS m FROM deal GROUP BY 1;
RESET work_mem; RESET hash_mem_multiplier; RESET enable_sort; SET enable_hashagg = off;
SELECT count(*), bool_and(h.m IS NOT DISTINCT FROM s.m) AS same FROM hashed h
FULL JOIN (SELECT id % 3000 AS part, naive_bayes_agg(won, features)::text AS m FROM deal GROUP BY 1) s USING (part);
RESET enable_hashagg;
-- Duplicates, DISTINCT, FILTER and window frames, which deals leave again.
SELECT naive_bayes_agg(won, features)::text = (SELECT (m + m)::text FROM whole) AS twice FROM (TABLE deal UNION ALL TABLE deal) x;
SELECT naive_bayes_agg(DISTINCT won, features)::text = (SELECT naive_bayes_agg(won, features)::text FROM (SELECT DISTINCT won, features FROM deal) y) AS is_distinct FROM (TABLE deal UNION ALL TABLE deal) x;
SELECT naive_bayes_agg(won, features) FILTER (WHERE id % 2 = 0)::text = (SELECT naive_bayes_agg(won, features)::text FROM deal WHERE id % 2 = 0) AS filtered,
	naive_bayes_agg(won, features) FILTER (WHERE id % 2 = 0) + naive_bayes_agg(won, features) FILTER (WHERE id % 2 <> 0) IS NOT NULL AS both FROM deal;
SELECT count(*), count(framed) < count(*) AS some_of_nobody, bool_and(framed IS NOT DISTINCT FROM (SELECT naive_bayes_agg(won, features)::text FROM deal t WHERE t.id BETWEEN w.id - 1 AND w.id)) AS frames
FROM (SELECT id, naive_bayes_agg(won, features) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)::text AS framed FROM deal WHERE id BETWEEN 1 AND 500) w WHERE id > 1;
CREATE TABLE running AS SELECT id, naive_bayes_agg(won, features) OVER (ORDER BY id) AS m FROM deal WHERE id BETWEEN 1 AND 1000;
SELECT count(*), bool_and(m::text = (SELECT naive_bayes_agg(won, features)::text FROM deal t WHERE t.id BETWEEN 1 AND r.id)) AS running FROM running r WHERE id % 100 = 0;

-- Kept up to date row by row.
CREATE TABLE kept AS SELECT naive_bayes_agg(won, features) AS m FROM deal WHERE id <= 100;
DO $$
BEGIN
	FOR i IN 101..300 LOOP
		UPDATE kept SET m = m + naive_bayes(won, features) FROM deal WHERE id = i;
		IF i % 2 = 0 THEN UPDATE kept SET m = m - naive_bayes(won, features) FROM deal WHERE id = i; END IF;
	END LOOP;
END $$;
SELECT m::text = (SELECT naive_bayes_agg(won, features)::text FROM deal WHERE id <= 100 OR (id <= 300 AND id % 2 = 1)) AS kept FROM kept;
-- Many fields and values, in a table that must grow for them; in order again.
SELECT count(*) AS counts, bool_and(won = 0 AND lost = CASE WHEN field IS NULL THEN 20000 WHEN value IS NULL THEN 2000 ELSE 1 END) AS right
FROM (SELECT naive_bayes_agg(false, jsonb_build_object('field ' || i % 10, i)) AS m FROM generate_series(1, 20000) i) x, naive_bayes_counts(m);
-- The most that a model holds is a million names.
CALL tell($$SELECT naive_bayes_agg(true, jsonb_build_object('x', (SELECT jsonb_agg(j) FROM generate_series(i * 100000 + 1, (i + 1) * 100000) j))) FROM generate_series(0, 10) i$$);

-- Stored: toasted, compressed, and so small that the header is a byte.
CREATE TABLE stored (id serial, m naive_bayes);
INSERT INTO stored (m) SELECT m FROM whole UNION ALL SELECT '{1 won, 1 lost}' UNION ALL SELECT naive_bayes_agg(won, features || jsonb_build_object('id', id)) FROM deal;
SELECT id, length(m::text) > 10000 AS large, round(predict(m, '{"country": "be", "tags": ["tag 1", "tag 2"]}')::numeric, 6), m::text::naive_bayes::text = m::text AS same FROM stored ORDER BY id;

-- Hostile text and hostile bytes: refused with the right code, or a value that can be read.
CREATE FUNCTION read_all(m naive_bayes) RETURNS text LANGUAGE sql AS $$
	SELECT (SELECT count(*)::text FROM naive_bayes_counts(m)) || coalesce(predict(m, '{"country": "be", "tags": ["x", "y"]}')::text, '') || (SELECT count(*)::text FROM explain_prediction(m, '{"country": "be"}', 1, 'tags'))
		|| (m - m)::text || m::text || length(naive_bayes_send(m))
$$;
CREATE TABLE target (m naive_bayes);
CREATE TABLE outcome (kind text, code text);
DO $$
DECLARE
	good text := '{5 won, 4 lost; country 5/4: be 3/2, "f r" 2/2; tags 4/0: big 3/0, new 2/0}';
	bad text;
BEGIN
	FOR i IN 1..1500 LOOP
		bad := overlay(good PLACING substr('0123456789{}/:,;" -aZ\é', 1 + chance(i || 'x', 23), chance(i || 'n', 3)) FROM 1 + chance(i || 'p', length(good)) FOR chance(i || 'l', 3));
		BEGIN
			PERFORM read_all(bad::naive_bayes);
			INSERT INTO outcome VALUES ('text', 'read');
		EXCEPTION WHEN others THEN INSERT INTO outcome VALUES ('text', SQLSTATE);
		END;
	END LOOP;
END $$;
-- Comes in over the wire: what it reads as, or why not.
CREATE FUNCTION receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/naive_bayes_hostile.bin';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2));
	answer text;
BEGIN
	PERFORM lo_export(object, path);
	PERFORM lo_unlink(object);
	EXECUTE format('COPY target FROM %L (FORMAT binary)', path);
	SELECT left(read_all(m), 0) || m::text INTO answer FROM target;
	DELETE FROM target;
	RETURN answer;
EXCEPTION WHEN others THEN RETURN SQLSTATE;
END $$;
DO $$
DECLARE
	good text := '{5 won, 4 lost; country 5/4: be 3/2, "f r" 2/2; tags 4/0: big 3/0, new 2/0}';
	bytes bytea := naive_bayes_send(good::naive_bayes);
	bad bytea;
BEGIN
	INSERT INTO outcome SELECT 'unchanged', CASE WHEN receive(bytes) = good::naive_bayes::text THEN 'read' ELSE 'changed' END;
	INSERT INTO outcome SELECT 'stored', CASE WHEN receive(naive_bayes_send(m)) = m::text THEN 'read' ELSE 'changed' END FROM stored;
	FOR i IN 1..1500 LOOP
		bad := set_byte(bytes, chance(i || 'p', length(bytes)), (ARRAY[0, 1, 127, 128, 255, chance(i || 'v', 256)])[1 + chance(i || 'k', 6)]);
		IF i % 4 = 1 THEN bad := substr(bad, 1, chance(i || 't', length(bytes))); END IF;
		INSERT INTO outcome SELECT 'bytes', CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'read' END FROM receive(bad) answer;
	END LOOP;
END $$;
SELECT kind, code, count(*) > 10 AS often FROM outcome GROUP BY 1, 2 ORDER BY 1, 2;
SELECT what, receive('\x01' || int8send(won) || int8send(1) || tail) FROM (VALUES
	('no fields', 2::bigint, int4send(0)), ('negative', -1, int4send(0)), ('too many fields', 2, int4send(1000)), ('bytes behind', 2, int4send(0) || '\x00'), ('unsorted', 2, int4send(2) || int4send(1) || 'y'::bytea || int8send(1) || int8send(0) || int4send(1)
		|| int4send(1) || 'b'::bytea || int8send(1) || int8send(0) || int4send(1) || 'x'::bytea || int8send(1) || int8send(0) || int4send(1) || int4send(1) || 'a'::bytea || int8send(1) || int8send(0)),
	('more than deals', 2, int4send(1) || int4send(1) || 'y'::bytea || int8send(3) || int8send(0) || int4send(1) || int4send(1) || 'b'::bytea || int8send(3) || int8send(0)),
	('fewer values', 2, int4send(1) || int4send(1) || 'y'::bytea || int8send(1) || int8send(0) || int4send(0) || substr(int8send(0) || int8send(0), 1, 0))) x(what, won, tail);

DO $$
BEGIN
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || current_setting('data_directory') || '/naive_bayes_hostile.bin"');
END $$;
DROP SCHEMA naive_bayes_test CASCADE;
