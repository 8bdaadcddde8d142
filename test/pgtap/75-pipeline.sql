-- The pipeline: what it is worth, how sure that is, and how fast it turns into money.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SELECT plan(44);

CREATE TABLE deals (id int, owner text, amount numeric, probability float8);
INSERT INTO deals VALUES
	(1, 'ada', 1000, 0.1), (2, 'ada', 2000, 0.5), (3, 'bob', 500.50, 0.9), (4, 'bob', NULL, 0.3), (5, 'bob', 700, NULL);
CREATE FUNCTION worth(numeric, numeric, bigint) RETURNS pipeline LANGUAGE sql AS 'SELECT pipeline_agg($1, $2::float8) FROM generate_series(1, $3)';

-- 100 + 1000 + 450.45; 90000 + 1000000 + 22545.0225
SELECT is(pipeline_agg(amount, probability), ROW(3, 2, 3500.50, 1550.45, 1112545.0225, sqrt(1112545.0225))::pipeline,
	'total, weighted total and standard deviation are those of the deals that have both an amount and a probability') FROM deals;
SELECT is((pipeline_agg(amount, probability)).incomplete, 2::bigint, 'the others are counted, not forgotten') FROM deals;
SELECT is((pipeline_agg(0.1, 0.1)).weighted, 0.010000, 'a probability is the decimal number that it prints as') FROM generate_series(1, 1);
SELECT is(worth(100, 0.5, 4), ROW(4, 0, 400, 200, 10000, 100)::pipeline, 'four coin flips of 100 deviate by 100');
SELECT is((worth(100, 1, 3)).std_dev, 0::numeric, 'what is certain does not deviate');
SELECT is((worth(100, 0, 3)), ROW(3, 0, 300, 0, 0, 0)::pipeline, 'neither does what is lost for certain');

-- All 2^n outcomes of three deals, with their probabilities: the mean and the deviation must be these.
WITH outcome AS (
	SELECT (w & 1) * 1000 + (w >> 1 & 1) * 2000 + (w >> 2 & 1) * 500.50 AS value,
		CASE w & 1 WHEN 1 THEN 0.1 ELSE 0.9 END * 0.5 * CASE w >> 2 & 1 WHEN 1 THEN 0.9 ELSE 0.1 END AS p
	FROM generate_series(0, 7) w
)
SELECT is((SELECT ARRAY[p.weighted, p.variance] FROM (SELECT (pipeline_agg(amount, probability)).* FROM deals) p),
	(SELECT ARRAY[sum(p * value), sum(p * value * value) - sum(p * value) ^ 2] FROM outcome), 'they are the moments of all outcomes that there can be');

SELECT is(pipeline_agg(amount, probability), NULL, 'no rows, no pipeline') FROM deals WHERE false;
SELECT is(pipeline_agg(amount, probability), ROW(0, 1, NULL, NULL, NULL, NULL)::pipeline, 'without a complete deal nothing is known') FROM deals WHERE id = 4;
SELECT is(pipeline_agg(amount, probability), ROW(1, 0, 1000, 100, 90000, 300)::pipeline, 'one deal is a pipeline') FROM deals WHERE id = 1;
SELECT is(pipeline_agg(amount, probability) FILTER (WHERE owner = 'ada'), ROW(2, 0, 3000, 1100, 1090000, sqrt(1090000.0))::pipeline, 'FILTER') FROM deals;
SELECT is(pipeline_agg(DISTINCT amount, probability), (SELECT pipeline_agg(amount, probability) FROM deals), 'DISTINCT takes equal deals for one')
	FROM (SELECT * FROM deals UNION ALL SELECT * FROM deals) d;
SELECT is((SELECT array_agg((w).weighted ORDER BY id) FROM (SELECT id, pipeline_agg(amount, probability) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS w FROM deals) x),
	'{100,1100,1450.45,450.45,NULL}'::numeric[], 'a window frame');
SELECT is((SELECT rollup(p) FROM (SELECT pipeline_agg(amount, probability) AS p FROM deals GROUP BY id) x), (SELECT pipeline_agg(amount, probability) FROM deals),
	'rollup of the parts is the whole');
SELECT is((SELECT rollup(NULL::pipeline)), NULL, 'rollup of nothing is nothing');
SELECT is((SELECT rollup(p) FROM (VALUES (NULL::pipeline), (worth(5, 1, 1))) x(p)), worth(5, 1, 1), 'rollup leaves out what is NULL');
SELECT is((worth(-100, 0.5, 1)).variance, 2500.00, 'a deal may take money away');

SELECT throws_ok('SELECT pipeline_agg(1, 1.1)', '22023', NULL, 'a probability above 1 is refused');
SELECT throws_ok('SELECT pipeline_agg(1, -0.1)', '22023', NULL, 'so is one below 0');
SELECT throws_ok($$SELECT pipeline_agg(1, 'NaN')$$, '22023', NULL, 'and NaN');
SELECT throws_ok($$SELECT pipeline_agg('Infinity', 0.5)$$, '22023', NULL, 'an infinite amount is refused');
SELECT throws_ok($$SELECT pipeline_agg('NaN', 0.5)$$, '22023', NULL, 'so is NaN');
SELECT throws_ok($$SELECT pipeline_agg_add('{1,2}', 1, 0.5)$$, '22023', NULL, 'a state of the wrong size is refused');
SELECT throws_ok($$SELECT sums_combine('{1,2,NULL}', '{1,2,3}')$$, '22023', NULL, 'so is one with a hole');

-- Whatever the plan, the answer has the same digits.
CREATE TABLE many AS SELECT i, (i * 7919 % 100003) / 100.0 AS amount, (i % 101) / 100.0::float8 AS probability FROM generate_series(1, 20000) i;
ANALYZE many;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query; END$$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT pipeline_agg(amount, probability)::text AS p FROM many;
SELECT is((SELECT p FROM serial), (SELECT pipeline_agg(amount, probability ORDER BY amount DESC)::text FROM many), 'the order of rows changes nothing');
SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT ok(EXISTS (SELECT FROM plan_of('SELECT pipeline_agg(amount, probability) FROM many') l WHERE l ~ 'Partial Aggregate'), 'it runs in parallel');
SELECT is((SELECT pipeline_agg(amount, probability)::text FROM many), (SELECT p FROM serial), 'workers change nothing');
SELECT is((SELECT ARRAY[(w).total, (w).weighted, (w).variance] FROM (SELECT pipeline_agg(amount, probability) AS w FROM many) x),
	(SELECT ARRAY[sum(amount), sum(amount * probability::numeric), sum(amount ^ 2 * probability::numeric * (1 - probability::numeric))] FROM many),
	'it is what plain SQL adds up');

SELECT is(pipeline_coverage(300000, 100000), 3::numeric, 'three times the quota');
SELECT is(pipeline_coverage(300000, 0), NULL, 'where nothing is to be won there is no coverage');
SELECT is(pipeline_coverage(NULL, 1), NULL, 'unknown in, unknown out');
-- The usual textbook case: 50 opportunities, 30 %, 10,000 each, 60 days.
SELECT is(sales_velocity(50, 0.3, 10000, '60 days'), 2500::float8, 'sales velocity is deals times win rate times value by the days that it takes');
SELECT is(naive_sales_velocity(50, 0.3, 10000, '60 days'), 2500::float8, 'so is the naive one, of another time');
SELECT is(sales_velocity(50, 0.3, 10000, NULL), NULL, 'where half of the deals never close there is none');
SELECT is(sales_velocity(50, 0.3, 10000, '0'), NULL, 'nor where they close at once');
SELECT is(sales_velocity(50, 0.3, 10000, '-1 day'), NULL, 'nor in less than no time');
SELECT is(sales_velocity(50, 0.3, 10000, '2 months'), 2500::float8, 'a month counts 30 days');
SELECT is(sales_velocity(0, 0.3, 10000, '60 days'), 0::float8, 'no deals, no money');
SELECT is(ARRAY[sales_velocity(NULL, 0.3, 10000, '60 days'), sales_velocity(50, NULL, 10000, '60 days'), sales_velocity(50, 0.3, NULL, '60 days')], '{NULL,NULL,NULL}'::float8[], 'unknown in, unknown out');
SELECT throws_ok($$SELECT sales_velocity(50, 30, 10000, '60 days')$$, '22023', 'a win rate must be between 0 and 1, not 30', 'a win rate is a share, not a percentage');
SELECT throws_ok($$SELECT naive_sales_velocity(50, 'NaN', 10000, '60 days')$$, '22023', NULL, 'and a number');
SELECT throws_ok($$SELECT sales_velocity(-1, 0.3, 10000, '60 days')$$, '22023', 'there cannot be -1 open deals', 'deals are none or more');
SELECT throws_ok($$SELECT sales_velocity(1, 0.3, 'NaN', '60 days')$$, '22023', NULL, 'and worth an amount');
SELECT is(round(sales_velocity(7, 0.35, 123.45, '11 days 6 hours')::numeric, 9), round(7 * 0.35 * 123.45 / 11.25, 9), 'plain SQL');

SELECT finish();
ROLLBACK;
