-- RFM: scores by cut points, and the segments that they make.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SELECT plan(46);

SELECT is(array_agg(rfm_score(v, '{10,20,30,40}') ORDER BY v), '{1,1,2,2,3,5,5}', 'the score is 1 and the number of cut points below the value') FROM unnest('{-5,10,10.01,20,21,40.5,1000}'::numeric[]) v;
SELECT is(array_agg(rfm_score(v, '{10,20,30,40}', lower_is_better => true) ORDER BY v), '{5,4,4,3,2,1,1}', 'where lower is better, of those above it') FROM unnest('{-5,10,10.01,20,30,40,1000}'::numeric[]) v;
SELECT is((SELECT count(*) FROM generate_series(-50, 50) v WHERE rfm_score(v, '{-10,0,10,20}') <> rfm_score(-v, '{10,0,-10,-20}', true)), 0::bigint, 'which is the same with all signs turned');
SELECT is(rfm_score(15, '{40,10,30,20}'), 2, 'the order of cut points does not matter');
SELECT is(ARRAY[rfm_score(1, '{1,1,1,3}'), rfm_score(2, '{1,1,1,3}'), rfm_score(4, '{1,1,1,3}')], '{1,4,5}', 'equal cut points count each');
SELECT is(rfm_score(7, '{}'), 1, 'without cut points everybody is the same');
SELECT is(ARRAY[rfm_score(NULL, '{1}'), rfm_score(1, NULL), rfm_score(1, '{1}', NULL)], '{NULL,NULL,NULL}'::int[], 'unknown in, unknown out');
SELECT throws_ok($$SELECT rfm_score(1, '{1,NULL}')$$, '22023', NULL, 'a cut point must be known');
SELECT throws_ok($$SELECT rfm_score(1, '{NaN}')$$, '22023', NULL, 'and a number');
SELECT throws_ok($$SELECT rfm_score('NaN', '{1}')$$, '22023', NULL, 'so must the value');
SELECT throws_ok($$SELECT rfm_score(1, '{{1},{2}}')$$, '22023', NULL, 'and they must be a list');
SELECT is(rfm_score('Infinity', '{1,Infinity}'), 2, 'infinity is no further than infinity');

-- Cut points.
SELECT is(rfm_cuts(i), '{2,4,6,8}', 'quintiles of 1 to 10') FROM generate_series(1, 10) i;
SELECT is(rfm_cuts(i), '{7,7,7,7}', 'of one value') FROM unnest('{7}'::numeric[]) i;
SELECT is(rfm_cuts(i), '{1,1,1,3}', 'of many equal ones') FROM unnest('{1,1,1,1,1,1,1,3,5,9}'::numeric[]) i;
SELECT is(rfm_cuts(i), NULL, 'of nothing') FROM generate_series(1, 0) i;
SELECT is(rfm_cuts(NULL), NULL, 'of what is not known') FROM generate_series(1, 3) i;
SELECT is(rfm_cuts(i), '{2,4,6,8}', 'what is not known does not count') FROM unnest('{1,NULL,2,3,4,5,NULL,6,7,8,9,10}'::numeric[]) i;
SELECT throws_ok($$SELECT rfm_cuts(i) FROM unnest('{1,NaN,3}'::numeric[]) i$$, '22023', 'a value to score must be a number', 'what is no number makes no cut points');
SELECT is(rfm_cuts(i) FILTER (WHERE i <= 10), '{2,4,6,8}', 'FILTER') FROM generate_series(1, 100) i;
SELECT is(rfm_cuts(DISTINCT i), '{2,4,6,8}', 'DISTINCT') FROM (SELECT generate_series(1, 10) UNION ALL SELECT 10 FROM generate_series(1, 90)) x(i);
SELECT is((SELECT array_agg(c[4] ORDER BY i) FROM (SELECT i, rfm_cuts(i) OVER (ORDER BY i ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS c FROM generate_series(1, 7) i) x), '{1,2,3,4,4,5,6}'::numeric[], 'a window frame');
SELECT is((SELECT count(*) FROM (SELECT i, rfm_score(v, (SELECT rfm_cuts((k * 37 % 101)::numeric) FROM generate_series(1, 100) k)) AS score, ntile(5) OVER (ORDER BY v) AS tile
	FROM (SELECT i, (i * 37 % 101)::numeric AS v FROM generate_series(1, 100) i) x) y WHERE score <> tile), 0::bigint, 'without ties the scores are ntile''s');
CREATE TABLE purchase AS SELECT i, (i * 7919 % 1009) / 10.0 AS amount FROM generate_series(1, 20000) i;
ANALYZE purchase;
SELECT is((SELECT count(DISTINCT score) FROM (SELECT amount, count(DISTINCT rfm_score(amount, (SELECT rfm_cuts(amount) FROM purchase))) AS score FROM purchase GROUP BY amount) x), 1::bigint, 'ties share a score');
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query; END$$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT rfm_cuts(amount) AS cuts FROM purchase;
SELECT is(cuts, (SELECT percentile_disc('{0.2,0.4,0.6,0.8}'::float8[]) WITHIN GROUP (ORDER BY amount) FROM purchase), 'the cut points are percentile_disc''s') FROM serial;
SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT ok(EXISTS (SELECT FROM plan_of('SELECT rfm_cuts(amount) FROM purchase') l WHERE l ~ 'Partial Aggregate'), 'they are found in parallel');
SELECT is(rfm_cuts(amount), (SELECT cuts FROM serial), 'which changes nothing') FROM purchase;
RESET max_parallel_workers_per_gather;

-- Segments.
SELECT is((SELECT count(*) FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m WHERE (SELECT count(*) FROM rfm_rules() WHERE recency @> r AND frequency @> f AND monetary @> m) <> 1), 0::bigint,
	'every customer is in exactly one of the usual segments');
SELECT is((SELECT count(DISTINCT rfm_segment(r, f, 3)) FROM generate_series(1, 5) r, generate_series(1, 5) f), 10::bigint, 'of which there are ten');
SELECT is(array_agg(rfm_segment(r, f, 1) ORDER BY r DESC, f DESC), '{champions,"new customers",promising,"need attention","cannot lose them","at risk",hibernating}', 'the best come first')
	FROM (VALUES (5, 5), (5, 1), (4, 1), (3, 3), (1, 5), (1, 3), (1, 1)) x(r, f);
SELECT is(rfm_segment(6, 1, 1), NULL, 'scores that no rule knows have no segment');
SELECT is(rfm_segment(5, NULL, 1), NULL, 'nor have unknown ones');

CREATE ROLE rfm_plain;
CREATE SCHEMA shop AUTHORIZATION rfm_plain;
CREATE TEMP TABLE "my ""rules" (segment text);
SET ROLE rfm_plain;
SET search_path = shop, lifecycle, public;
CREATE TEMP TABLE made AS SELECT create_rfm_rules('"my ""rules"') AS rules;
SELECT is((SELECT rules FROM made), 'shop."my ""rules"'::regclass, 'anybody makes a table of rules where they may, even with a temporary one in the way');
SELECT is((SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'shop."my ""rules"'::regclass), 'rfm_plain', 'and owns it');
SELECT results_eq('SELECT * FROM shop."my ""rules"', 'SELECT * FROM rfm_rules()', 'it begins with the usual ones');
SELECT is((SELECT count(*) FROM generate_series(1, 5) r, generate_series(1, 5) f WHERE rfm_segment(r, f, 1) IS DISTINCT FROM rfm_segment(r, f, 1, 'shop."my ""rules"')), 0::bigint, 'and gives the same segments');
SELECT lives_ok($$INSERT INTO shop."my ""rules" VALUES (0, 'whales', '[4,)', '(,)', '[5,)')$$, 'its owner adds rules');
SELECT is(rfm_segment(4, 1, 5, 'shop."my ""rules"'), 'whales', 'the first rule that holds counts');
SELECT is(rfm_segment(9, 9, 9, 'shop."my ""rules"'), 'whales', 'with any number of scores');
SELECT is(rfm_segment(4, 1, 4, 'shop."my ""rules"'), 'promising', 'and only where it holds');
DELETE FROM shop."my ""rules" WHERE segment = 'promising';
SELECT is(rfm_segment(4, 1, 4, 'shop."my ""rules"'), NULL, 'where no rule holds there is no segment');
SELECT is((SELECT string_agg(s.segment, ',' ORDER BY c.r) FROM (VALUES (5, 5, 1), (5, 5, 5)) c(r, f, m) CROSS JOIN LATERAL
	(SELECT segment FROM shop."my ""rules" t WHERE t.recency @> c.r AND t.frequency @> c.f AND t.monetary @> c.m ORDER BY position LIMIT 1) s WHERE c.m = 5), 'whales', 'a plain join does the same');
SELECT throws_ok($$SELECT create_rfm_rules('"my ""rules"')$$, '42P07', NULL, 'a table that is there is not touched');
SELECT throws_ok($$SELECT create_rfm_rules('lifecycle.rules')$$, '42501', NULL, 'nobody makes one where they may not');
SELECT throws_ok($$SELECT create_rfm_rules('x); DROP TABLE purchase; --')$$, '22023', NULL, 'a name is a name');
RESET ROLE;
SELECT is(create_rfm_rules('shop.other')::text, 'other', 'a name may have its schema');

SELECT finish();
ROLLBACK;
