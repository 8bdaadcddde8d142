-- Attribution: text and bytes, every model held against plain SQL, and every way an aggregate is run.
SET client_min_messages = warning;
CREATE SCHEMA attribution_test;
SET search_path = attribution_test, lifecycle, public;

-- Runs a query and tells what it raised.
CREATE PROCEDURE tell(query text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RAISE WARNING 'accepted: %', query;
EXCEPTION WHEN others THEN RAISE WARNING '%  %', SQLSTATE, SQLERRM;
END
$$;

-- What is printed reads back as itself, in order.
SELECT a, a::text::attribution::text = a::text AS same FROM unnest('{"{a 1/0}","{ b>a 1 / 2 WORTH 3.50 , a 0/1 , b > a 1/0 worth -1}","{\"x > y\" > \"\" > worth 0/1, b 2/0 worth 0.00}","{été > \"q\\\"\" 9223372036854775807/9223372036854775807 worth 123456789012345678901234567890.000000001}"}'::attribution[]) a;
DO $$
DECLARE
	value text;
BEGIN
	FOREACH value IN ARRAY ARRAY['', '{', '{}', '{a}', '{a 1}', '{a 1/}', '{a 1/0', '{a 1/0,}', '{a > 1/0}', '{> a 1/0}', '{a b 1/0}', '{a 0/0}', '{a 0/1 worth 5}', '{a 1/0 worth}', '{a 1/0 worth x}', '{a 1/0 worth 1.}', '{a 1/0 worth .5}', '{a 1/0 worth 1e5}', '{a 1/0 worth 1-2}',
		'{a 1/0 worth --1}', '{a 1/0 worth NaN}', '{a 1/0 worth "5"}', '{a -1/0}', '{a 1.5/0}', '{a 9223372036854775808/0}', '{a 9223372036854775807/0, a 1/0}', '{a 1/0} more', '{"a 1/0}', '{' || repeat('x', 256) || ' 1/0}', '{a 1/0 worth ' || repeat('1', 131073) || '}', '{a 1/0 worth 0.' || repeat('1', 16384) || '}']
	LOOP
		CALL tell(format('SELECT %L::lifecycle.attribution', value));
	END LOOP;
END
$$;

-- 3,000 deals, the same on every machine.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TABLE deal AS
SELECT id, CASE WHEN id < 20 THEN id % 3 ELSE 3 END AS part, CASE chance(id || 'w', 10) WHEN 0 THEN NULL WHEN 1 THEN true WHEN 2 THEN true WHEN 3 THEN true ELSE false END AS won,
	CASE WHEN chance(id || 'n', 50) > 0 THEN ARRAY(SELECT (ARRAY['ads', 'mail', 'web site', 'été', 'fair', 'seo'])[1 + chance(id || 'c' || i, 6)] FROM generate_series(1, chance(id || 'k', 7)) i) END AS path,
	CASE WHEN chance(id || 'v', 10) > 0 THEN (chance(id || 'a', 1000000) / 100.0)::numeric(12,2) END AS value
FROM generate_series(1, 3000) id;
INSERT INTO deal SELECT -id, 4, NULL, NULL, NULL FROM generate_series(1, 10) id;
ANALYZE deal;
CREATE TABLE counted AS SELECT path, count(*) FILTER (WHERE won) AS won, count(*) FILTER (WHERE NOT won) AS lost, coalesce(sum(value) FILTER (WHERE won), 0) AS value
FROM deal WHERE path <> '{}' AND won IS NOT NULL GROUP BY path;
CREATE TABLE whole AS SELECT attribution_agg(path, won, value) AS a FROM deal;
SELECT left(a::text, 160) FROM whole;
SELECT (SELECT count(*) FROM counted) AS paths, count(*) AS wrong FROM (
	(SELECT p.* FROM whole, attribution_paths(a) p EXCEPT ALL TABLE counted) UNION ALL (TABLE counted EXCEPT ALL SELECT p.* FROM whole, attribution_paths(a) p)) x;
SELECT bool_and(p.value = 0) AS without_values, sum(p.won) = (SELECT sum(won) FROM counted) AS same FROM (SELECT attribution_agg(path, won) AS a FROM deal) x, attribution_paths(a) p;

-- Six models, touch by touch: the weights of a path are scaled to its deals.
CREATE TABLE touch AS SELECT won, value, cardinality(path) AS len, i, channel, i = array_position(path, channel) AS is_first, path
FROM counted, unnest(path) WITH ORDINALITY t(channel, i) WHERE won > 0;
CREATE TABLE weight AS SELECT model, half_life, path, won, value, channel, CASE model WHEN 'first' THEN (i = 1)::int WHEN 'last' THEN (i = len)::int WHEN 'linear' THEN 1
	WHEN 'position' THEN CASE WHEN len < 3 THEN 1 WHEN i IN (1, len) THEN 0.4 ELSE 0.2 / (len - 2) END WHEN 'decay' THEN 2 ^ ((i - len) / half_life) ELSE is_first::int END::numeric AS weight
FROM touch, unnest('{first,last,linear,position,decay,shapley}'::text[]) model, unnest('{1,0.3,7}'::float8[]) half_life;
CREATE TABLE expected AS SELECT model, half_life, channel, sum(won * share) AS conversions, sum(value * share) AS value
FROM (SELECT *, weight / sum(weight) OVER (PARTITION BY model, half_life, path) AS share FROM weight) w GROUP BY 1, 2, 3;
SELECT model, count(*) AS rows, bool_and(abs(s.conversions - e.conversions) < 0.000001) AS conversions, bool_and(abs(s.value - e.value) < 0.000001) AS value,
	bool_and(abs(s.share - (e.conversions / (SELECT sum(won) FROM counted))::float8) < 1e-12) AS share
FROM (SELECT model, half_life, s.* FROM whole, (SELECT DISTINCT model, half_life FROM expected) m, attribution_shares(a, model, half_life) s) s FULL JOIN expected e USING (model, half_life, channel) GROUP BY model ORDER BY model;

-- Shapley again, by its definition: what a channel adds to each coalition of the others, over all orders in which they may join.
CREATE TABLE channel AS SELECT channel, (1 << (row_number() OVER (ORDER BY channel) - 1)::int) AS bit FROM (SELECT DISTINCT channel FROM touch) c;
CREATE TABLE member AS SELECT path, won, value, bit_or(bit) AS bits FROM touch JOIN channel USING (channel) GROUP BY 1, 2, 3;
CREATE TABLE coalition AS SELECT s, bit_count(s::bit(6)) AS size, coalesce(sum(won) FILTER (WHERE bits & ~s = 0), 0) AS won, coalesce(sum(value) FILTER (WHERE bits & ~s = 0), 0) AS value FROM generate_series(0, 63) s, member GROUP BY s;
SELECT count(*), bool_and(abs(b.conversions - s.conversions) < 0.000001) AS conversions, bool_and(abs(b.value - s.value) < 0.000001) AS value
FROM (SELECT channel, sum(factorial(w.size) * factorial(5 - w.size) / factorial(6) * (t.won - w.won)) AS conversions, sum(factorial(w.size) * factorial(5 - w.size) / factorial(6) * (t.value - w.value)) AS value
	FROM channel, coalition w JOIN coalition t ON t.s > w.s WHERE w.s & bit = 0 AND t.s = w.s | bit GROUP BY channel) b
JOIN (SELECT s.* FROM whole, attribution_shares(a, 'shapley') s) s USING (channel);

-- Markov: the chance to be won with and without each channel, by walking long enough that nobody is left on the way.
CREATE TABLE move AS SELECT came_from, goes_to, sum(n)::float8 / sum(sum(n)) OVER (PARTITION BY came_from) AS p FROM (
	SELECT lag(channel, 1, '(start)') OVER w AS came_from, channel AS goes_to, won + lost AS n FROM counted c, unnest(path) WITH ORDINALITY t(channel, i) WINDOW w AS (PARTITION BY c.path ORDER BY i)
	UNION ALL SELECT path[cardinality(path)], '(won)', won FROM counted UNION ALL SELECT path[cardinality(path)], '(lost)', lost FROM counted) m GROUP BY 1, 2;
CREATE FUNCTION walk(removed text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	states text[] := ARRAY(SELECT came_from FROM move UNION SELECT goes_to FROM move);
	here float8[] := ARRAY(SELECT (s = '(start)')::int FROM unnest(states) s);
	won float8 := 0;
BEGIN
	CREATE TEMP TABLE step AS SELECT array_position(states, came_from) AS a, array_position(states, goes_to) AS b, p FROM move WHERE goes_to IS DISTINCT FROM removed;
	FOR i IN 1..100 LOOP
		here := ARRAY(SELECT coalesce(sum(here[a] * p), 0) FROM generate_series(1, cardinality(states)) s LEFT JOIN step ON b = s GROUP BY s ORDER BY s);
		won := won + here[array_position(states, '(won)')];
	END LOOP;
	DROP TABLE step;
	RETURN won;
END $$;
CREATE TABLE removal AS SELECT channel, 1 - walk(channel) / walk(NULL) AS effect FROM channel;
SELECT count(*), bool_and(abs(e.effect - r.effect) < 1e-9) AS effects FROM whole, removal_effects(a) e JOIN removal r USING (channel);
SELECT count(*), bool_and(abs(s.conversions - r.effect / t.effect * t.won) < 0.00001) AS conversions, bool_and(abs(s.value - r.effect / t.effect * t.value) < 0.01) AS value, bool_and(abs(share - r.effect / t.effect) < 1e-9) AS share
FROM whole, attribution_shares(a, 'markov') s JOIN removal r USING (channel), (SELECT sum(effect) AS effect FROM removal) e CROSS JOIN (SELECT sum(won)::float8 AS won, sum(value)::float8 AS value FROM counted) c, LATERAL (SELECT e.effect, c.won, c.value) t;
-- The same where channels are many and some paths have loops: each effect is one of them alone, computed from what is left.
CREATE TABLE many AS SELECT attribution_agg(ARRAY(SELECT 'c' || chance(id || 'm' || i, 40) FROM generate_series(1, 1 + chance(id || 'k', 6)) i), chance(id || 'w', 3) = 0) AS a FROM generate_series(1, 400) id;
CREATE FUNCTION won_share(a attribution) RETURNS float8 LANGUAGE sql AS $$ SELECT sum(won) / sum(won + lost)::float8 FROM attribution_paths(a) $$;
TRUNCATE move;
INSERT INTO move SELECT came_from, goes_to, sum(n)::float8 / sum(sum(n)) OVER (PARTITION BY came_from) FROM (
	SELECT lag(channel, 1, '(start)') OVER w AS came_from, channel AS goes_to, won + lost AS n FROM many, attribution_paths(a) c, unnest(path) WITH ORDINALITY t(channel, i) WINDOW w AS (PARTITION BY c.path ORDER BY i)
	UNION ALL SELECT path[cardinality(path)], '(won)', won FROM many, attribution_paths(a) UNION ALL SELECT path[cardinality(path)], '(lost)', lost FROM many, attribution_paths(a)) m GROUP BY 1, 2;
SELECT abs(walk(NULL) - won_share(a)) < 1e-9 AS the_chain_is_the_data FROM many;
SELECT count(*), bool_and(abs(effect - (1 - walk(channel) / won_share(a))) < 1e-9) AS same FROM many, removal_effects(a) WHERE channel IN ('c0', 'c1', 'c17', 'c20', 'c39');

-- Credits add up to what was won, to the last digit, whatever is to be shared out.
SELECT model, bool_and(c = won) AS conversions, bool_and(v = value) AS value, bool_and(abs(share - 1) < 1e-12) AS shares
FROM (SELECT id % 300 AS part, attribution_agg(path, won, CASE id % 5 WHEN 0 THEN value * 1e20 WHEN 1 THEN value / 1e6 WHEN 2 THEN -value ELSE value END) AS a, count(*) FILTER (WHERE won) AS won,
	coalesce(sum(CASE id % 5 WHEN 0 THEN value * 1e20 WHEN 1 THEN value / 1e6 WHEN 2 THEN -value ELSE value END) FILTER (WHERE won), 0) AS value FROM deal WHERE path <> '{}' AND won IS NOT NULL GROUP BY 1) x,
	unnest('{first,last,linear,position,decay,shapley,markov}'::text[]) model, LATERAL (SELECT sum(conversions) AS c, sum(s.value) AS v, sum(share) AS share FROM attribution_shares(a, model, 0.7) s) s
GROUP BY model ORDER BY model;

-- A journey whose steps are touches says the same.
CREATE TABLE journeys AS SELECT id, won, value, path, journey_agg(stage, timestamptz '2026-01-01' + i * interval '1 day') AS j
FROM deal, unnest(path || CASE WHEN won THEN '{signed,ads}' WHEN NOT won THEN '{gone,signed}' ELSE '{}' END::text[]) WITH ORDINALITY s(stage, i) GROUP BY 1, 2, 3, 4;
SELECT attribution_send(attribution_agg(j, '{signed}', '{gone}', value)) = (SELECT attribution_send(a) FROM whole) AS same FROM journeys;
SELECT (SELECT string_agg(p::text, ' ') FROM attribution_paths(attribution_agg(j, '{won,ads}', NULL, 5)) p) FROM (VALUES (journey '{mail@2026-01-01,ads@2026-01-02}'), ('{web@2026-01-01}'), (NULL)) v(j);
CALL tell($$SELECT attribution_agg(j, '{}', '{}', 1) FROM journeys$$);
CALL tell($$SELECT attribution_agg(j, NULL, '{}', 1) FROM journeys$$);
CALL tell($$SELECT attribution_agg(j, '{a,NULL}', '{}', 1) FROM journeys$$);
CALL tell($$SELECT attribution_agg(j, '{a}', '{b,a}', 1) FROM journeys$$);

-- The same bytes, whatever the order, plan and number of workers; parts rolled up are the whole.
SELECT attribution_send(attribution_agg(path, won, value ORDER BY id DESC)) = (SELECT attribution_send(a) FROM whole) AS backwards,
	attribution_send(attribution_agg(path, won, value ORDER BY md5(id::text))) = (SELECT attribution_send(a) FROM whole) AS mixed FROM deal;
SELECT n, rollup(a)::text = (SELECT a::text FROM whole) AS rolled_up, rollup(a ORDER BY part DESC)::text = (SELECT a::text FROM whole) AS backwards
FROM (SELECT n, id % n AS part, attribution_agg(path, won, value) AS a FROM deal, unnest('{1,2,7,3000}'::int[]) n GROUP BY 1, 2) x GROUP BY n ORDER BY n;
SELECT rollup(a) FROM whole WHERE false;
SELECT rollup(a) FROM (VALUES (attribution '{a 1/0}'), (NULL)) v(a);
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
SELECT plan_has($$SELECT attribution_agg(path, won, value) FROM deal$$, 'Partial Aggregate') AS parallel;
SELECT attribution_agg(path, won, value)::text = (SELECT a::text FROM whole) AS by_workers FROM deal;
CREATE TABLE parts AS SELECT id % 100 AS part, attribution_agg(path, won, value) AS a FROM deal GROUP BY 1;
ANALYZE parts;
SELECT plan_has($$SELECT rollup(a) FROM parts$$, 'Partial Aggregate') AS parallel_rollup;
SELECT rollup(a)::text = (SELECT a::text FROM whole) AS by_workers FROM parts;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
-- Partition by partition: of a few, of thousands, of nothing but null, of no row at all.
CREATE TABLE parted (id int, part int, won boolean, path text[], value numeric) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES IN (4);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
INSERT INTO parted TABLE deal;
SET enable_partitionwise_aggregate = on;
SELECT plan_has($$SELECT attribution_agg(path, won, value) FROM parted$$, 'Partial Aggregate') AS partitionwise;
SELECT attribution_agg(path, won, value)::text = (SELECT a::text FROM whole) AS by_partitions FROM parted;
RESET enable_partitionwise_aggregate;
-- Groups that spill to disk are the groups that sorting makes.
SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
SELECT plan_has($$SELECT id % 1500, attribution_agg(path, won, value) FROM deal GROUP BY 1$$, 'HashAggregate') AS hashed;
CREATE TABLE hashed AS SELECT id % 1500 AS part, attribution_agg(path, won, value)::text AS a FROM deal GROUP BY 1;
RESET work_mem; RESET hash_mem_multiplier; RESET enable_sort; SET enable_hashagg = off;
SELECT count(*), bool_and(h.a IS NOT DISTINCT FROM s.a) AS same FROM hashed h
FULL JOIN (SELECT id % 1500 AS part, attribution_agg(path, won, value)::text AS a FROM deal GROUP BY 1) s USING (part);
RESET enable_hashagg;
-- Duplicates, DISTINCT, FILTER and window frames.
SELECT attribution_agg(path, won, value)::text = (SELECT rollup(a)::text FROM (TABLE whole UNION ALL TABLE whole) w) AS twice FROM (TABLE deal UNION ALL TABLE deal) x;
SELECT attribution_agg(DISTINCT path, won, value)::text = (SELECT attribution_agg(path, won, value)::text FROM (SELECT DISTINCT path, won, value FROM deal) y) AS is_distinct FROM (TABLE deal UNION ALL TABLE deal) x;
SELECT attribution_agg(path, won, value) FILTER (WHERE id % 2 = 0)::text = (SELECT attribution_agg(path, won, value)::text FROM deal WHERE id % 2 = 0) AS filtered FROM deal;
SELECT count(*), count(framed) < count(*) AS some_of_nobody, bool_and(framed IS NOT DISTINCT FROM (SELECT attribution_agg(path, won, value)::text FROM deal t WHERE t.id BETWEEN w.id - 1 AND w.id)) AS frames
FROM (SELECT id, attribution_agg(path, won, value) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)::text AS framed FROM deal WHERE id BETWEEN 1 AND 300) w WHERE id > 1;
CREATE TABLE running AS SELECT id, attribution_agg(path, won, value) OVER (ORDER BY id) AS a FROM deal WHERE id BETWEEN 1 AND 500;
SELECT count(*), bool_and(a::text = (SELECT attribution_agg(path, won, value)::text FROM deal t WHERE t.id BETWEEN 1 AND r.id)) AS running FROM running r WHERE id % 100 = 0;

-- Many paths and channels, in a table that must grow for them.
SELECT count(*) AS channels, bool_and(conversions = 1 AND value = 2.5) AS right FROM (SELECT attribution_agg(ARRAY['c' || i], true, 2.5) AS a FROM generate_series(1, 20000) i) x, attribution_shares(a, 'linear');
-- What is too much is said to be.
CALL tell($$SELECT attribution_agg(ARRAY['c' || i], true) FROM generate_series(1, 65536) i$$);
CALL tell($$SELECT attribution_agg(array_fill('a'::text, ARRAY[65536]), true)$$);
CALL tell($$SELECT attribution_shares(attribution_agg(ARRAY['c' || i], true), 'markov') FROM generate_series(1, 2048) i$$);
CALL tell($$SELECT attribution_agg(ARRAY['a', repeat('é', 128)], true)$$);
CALL tell($$SELECT attribution_agg(ARRAY[ARRAY['a', 'b'], ARRAY['a', 'b']], true)$$);
CALL tell($$SELECT attribution_agg(ARRAY['a', NULL], true)$$);
SELECT count(*) AS channels, bool_and(abs(effect - 1.0 / 2047) < 1e-15) AS right FROM (SELECT attribution_agg(ARRAY['c' || i], true) AS a FROM generate_series(1, 2047) i) x, removal_effects(a);

-- Stored: toasted, compressed, and so small that the header is a byte.
CREATE TABLE stored (id serial, a attribution);
INSERT INTO stored (a) SELECT a FROM whole UNION ALL SELECT '{a 1/1}' UNION ALL SELECT attribution_agg(path || id::text, won, value) FROM deal;
SELECT id, length(a::text) > 10000 AS large, (SELECT round(sum(conversions)) FROM attribution_shares(a, 'position')) AS conversions, a::text::attribution::text = a::text AS same FROM stored ORDER BY id;

-- Hostile text and hostile bytes: refused with the right code, or a value that can be read.
CREATE FUNCTION read_all(a attribution) RETURNS text LANGUAGE sql AS $$
	SELECT (SELECT count(*)::text FROM attribution_paths(a)) || (SELECT count(*)::text FROM removal_effects(a)) || (SELECT string_agg(sum::text, ' ') FROM (SELECT sum(value) FROM unnest('{first,last,linear,position,decay,shapley,markov}'::text[]) m, attribution_shares(a, m) GROUP BY m) s)
		|| (SELECT rollup(x)::text FROM unnest(ARRAY[a, a]) x) || a::text || length(attribution_send(a))
$$;
CREATE TABLE target (a attribution);
CREATE TABLE outcome (kind text, code text);
DO $$
DECLARE
	good text := '{ads 5/4 worth 12.50, ads > "web site" > ads 3/2 worth 7, mail > ads 2/2 worth -3.5, seo 0/4}';
	bad text;
BEGIN
	FOR i IN 1..1500 LOOP
		bad := overlay(good PLACING substr('0123456789{}/>,."worth -aZ\é', 1 + chance(i || 'x', 27), chance(i || 'n', 3)) FROM 1 + chance(i || 'p', length(good)) FOR chance(i || 'l', 3));
		BEGIN
			PERFORM read_all(bad::attribution);
			INSERT INTO outcome VALUES ('text', 'read');
		EXCEPTION WHEN others THEN INSERT INTO outcome VALUES ('text', SQLSTATE);
		END;
	END LOOP;
END $$;
-- Comes in over the wire: what it reads as, or why not.
CREATE FUNCTION receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/attribution_hostile.bin';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2));
	answer text;
BEGIN
	PERFORM lo_export(object, path);
	PERFORM lo_unlink(object);
	EXECUTE format('COPY target FROM %L (FORMAT binary)', path);
	SELECT left(read_all(a), 0) || a::text INTO answer FROM target;
	DELETE FROM target;
	RETURN answer;
EXCEPTION WHEN others THEN RETURN SQLSTATE;
END $$;
DO $$
DECLARE
	good text := '{ads 5/4 worth 12.50, ads > "web site" > ads 3/2 worth 7, mail > ads 2/2 worth -3.5, seo 0/4}';
	bytes bytea := attribution_send(good::attribution);
	bad bytea;
BEGIN
	INSERT INTO outcome SELECT 'unchanged', CASE WHEN receive(bytes) = good::attribution::text THEN 'read' ELSE 'changed' END;
	INSERT INTO outcome SELECT 'stored', CASE WHEN receive(attribution_send(a)) = a::text THEN 'read' ELSE 'changed' END FROM stored WHERE id < 3;
	FOR i IN 1..1500 LOOP
		bad := set_byte(bytes, chance(i || 'p', length(bytes)), (ARRAY[0, 1, 127, 128, 255, chance(i || 'v', 256)])[1 + chance(i || 'k', 6)]);
		IF i % 4 = 1 THEN bad := substr(bad, 1, chance(i || 't', length(bytes))); END IF;
		INSERT INTO outcome SELECT 'bytes', CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'read' END FROM receive(bad) answer;
	END LOOP;
END $$;
SELECT kind, code, count(*) > 10 AS often FROM outcome GROUP BY 1, 2 ORDER BY 1, 2;
-- One channel, "a", and one path of one touch, worth 0, won once: and what may be wrong with it.
SELECT what, receive('\x01' || int4send(channels) || int4send(1) || 'a'::bytea || int4send(paths) || int8send(won) || int8send(0) || int4send(touches) || int2send(channel::int2) || value || tail)
FROM (VALUES ('nothing', 1, 1, 1, 1, 0, numeric_send(0), '\x'::bytea), ('no channels', 0, 1, 1, 1, 0, numeric_send(0), ''), ('channels', 2, 1, 1, 1, 0, numeric_send(0), ''), ('no paths', 1, 0, 1, 1, 0, numeric_send(0), ''), ('paths', 1, 2, 1, 1, 0, numeric_send(0), ''),
	('no deals', 1, 1, 0, 1, 0, numeric_send(0), ''), ('negative', 1, 1, -1, 1, 0, numeric_send(0), ''), ('no touches', 1, 1, 1, 0, 0, numeric_send(0), ''), ('touches', 1, 1, 1, 1000, 0, numeric_send(0), ''), ('channel', 1, 1, 1, 1, 1, numeric_send(0), ''), ('channel beyond', 1, 1, 1, 1, -1, numeric_send(0), ''),
	('nan', 1, 1, 1, 1, 0, numeric_send('NaN'), ''), ('infinite', 1, 1, 1, 1, 0, numeric_send('Infinity'), ''), ('worth of none', 1, 1, 0, 1, 0, numeric_send(5), ''), ('bytes behind', 1, 1, 1, 1, 0, numeric_send(0), '\x00')) x(what, channels, paths, won, touches, channel, value, tail);
-- A channel that no path has, or that is there twice, is not one of the value's.
SELECT receive('\x01' || int4send(4) || int4send(1) || 'b'::bytea || int4send(1) || 'x'::bytea || int4send(1) || 'a'::bytea || int4send(1) || 'b'::bytea || int4send(2)
	|| int8send(1) || int8send(0) || int4send(2) || int2send(0::int2) || int2send(2::int2) || numeric_send(1) || int8send(1) || int8send(0) || int4send(2) || int2send(3::int2) || int2send(2::int2) || numeric_send(2));

DO $$
BEGIN
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || current_setting('data_directory') || '/attribution_hostile.bin"');
END $$;
DROP SCHEMA attribution_test CASCADE;
