-- Revenue: series, movements, the rates that follow, and what was due.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SELECT plan(84);

CREATE TABLE bill (customer int, month date, mrr numeric);
INSERT INTO bill VALUES
	(1, '2026-01-15', 100), (1, '2026-02-01', 100), (1, '2026-03-01', 150), (1, '2026-05-31', 20),
	(2, '2026-01-01', 50), (2, '2026-02-01', 40), (2, '2026-03-01', 40), (2, '2026-04-01', 40), (2, '2026-05-01', 40), (2, '2026-06-01', 40),
	(3, '2026-02-01', 10.01), (3, '2026-02-28', 5), (4, NULL, NULL), (5, '2026-03-01', 0);
CREATE VIEW paying AS SELECT customer, mrr_agg(month, mrr) AS series FROM bill GROUP BY customer;
CREATE FUNCTION moves(who int, through date, months int DEFAULT 1) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(format('%s %s %s', to_char(month, 'MM'), kind, change), ', ' ORDER BY month)
	FROM paying, mrr_movements(series, through, months) WHERE customer = who
$$;

-- Series.
SELECT is((SELECT series FROM paying WHERE customer = 1), '[24312:24316]={100,100,150,0,20}', 'a series has one amount a month, 0 where there is no row');
SELECT is((SELECT series FROM paying WHERE customer = 3), '[24313:24313]={15.01}', 'what is of one month is added up, whichever the day');
SELECT is((SELECT series FROM paying WHERE customer = 4), NULL, 'an outer join''s empty row makes no series');
SELECT is((SELECT series FROM paying WHERE customer = 5), '{}', 'nothing but zeros is an empty series');
SELECT is(mrr_agg(month, mrr), NULL, 'no rows, no series') FROM bill WHERE false;
SELECT is(mrr_agg(month, mrr), '[24312:24312]={7}', 'zeros at either end do not belong to it') FROM (VALUES (date '2025-11-01', 0), ('2026-01-01', 7), ('2026-03-01', 0)) x(month, mrr);
SELECT is(mrr_agg(month, mrr), (SELECT series FROM paying WHERE customer = 1), 'credits that cancel a line vanish')
	FROM (SELECT month, mrr FROM bill WHERE customer = 1 UNION ALL VALUES (date '2026-07-01', 9), ('2026-07-01', -9)) x;
SELECT is((SELECT array_agg(mrr_at(series, m) ORDER BY m) FROM paying, unnest('{2025-12-31,2026-01-31,2026-04-30,2026-05-01,2026-06-01}'::date[]) m WHERE customer = 1),
	'{0,100,0,20,0}'::numeric[], 'mrr_at reads any month');
SELECT results_eq('SELECT m.* FROM paying, mrr_months(series) m WHERE customer = 1', $$VALUES (date '2026-01-01', 100::numeric), ('2026-02-01', 100), ('2026-03-01', 150), ('2026-04-01', 0), ('2026-05-01', 20)$$,
	'mrr_months has a row a month');
SELECT is(rollup(series), '[24312:24317]={150,155.01,190,40,60,40}', 'rollup is the company''s series') FROM paying;
SELECT is(rollup(series), (SELECT mrr_agg(month, mrr) FROM bill), 'and that of all rows') FROM paying;
SELECT is(mrr_agg(DISTINCT month, mrr), (SELECT series FROM paying WHERE customer = 1), 'DISTINCT takes equal rows for one') FROM (SELECT * FROM bill UNION ALL SELECT * FROM bill) b WHERE customer = 1;
SELECT is(mrr_agg(month, mrr) FILTER (WHERE month < '2026-02-01'), '[24312:24312]={150}', 'FILTER') FROM bill;
SELECT is((SELECT string_agg(w::text, ' ' ORDER BY month) FROM (SELECT month, mrr_agg(month, mrr) OVER (ORDER BY month ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS w FROM bill WHERE customer = 1) x),
	'[24312:24312]={100} [24312:24313]={100,100} [24313:24314]={100,150} [24314:24316]={150,0,20}', 'a window frame');
SELECT throws_ok($$SELECT mrr_agg('2026-01-01', -1)$$, '22023', 'monthly revenue cannot be negative', 'a month below 0 is refused');
SELECT throws_ok($$SELECT mrr_agg(NULL, 1)$$, '22004', NULL, 'revenue without a month is refused, not lost');
SELECT throws_ok($$SELECT mrr_agg('infinity', 1)$$, '22023', NULL, 'so is an infinite month');
SELECT throws_ok($$SELECT mrr_agg('2026-01-01', 'NaN')$$, '22023', NULL, 'and NaN');
SELECT is((SELECT count(*) FROM mrr_months((SELECT mrr_agg(m, 1) FROM unnest('{2026-01-01,1926-02-01}'::date[]) m))), 1200::bigint, 'a series spans a hundred years');
SELECT throws_ok($$SELECT mrr_agg(m, 1) FROM unnest('{2026-01-01,1926-01-01}'::date[]) m$$, '54000', NULL, 'and not more');
SELECT throws_ok($$SELECT mrr_agg('0001-12-01 BC', 1)$$, '22023', 'a month must be in the years 1 to 9999', 'there was no recurring revenue before Christ');
SELECT throws_ok($$SELECT * FROM mrr_movements('{}', '10000-01-01')$$, '22023', 'the last month must be in the years 1 to 9999', 'nor will there be any when years have five digits');
SELECT throws_ok(format('SELECT mrr_series %L', bad), '23514', NULL, 'no series: ' || bad)
	FROM unnest('{"{{1},{2}}","{1,NULL}","[24312:24312]={-1}","[24312:24312]={NaN}","{1}","[119999:120000]={1,1}","[-5:-5]={1}"}'::text[]) bad;

-- Movements.
SELECT is(moves(1, '2026-06-01'), '01 new 100, 02 unchanged 0, 03 expansion 50, 04 churn -150, 05 reactivation 20, 06 churn -20',
	'a month without a row is one without revenue: churn, and then reactivation');
SELECT is(moves(1, '2026-05-20'), '01 new 100, 02 unchanged 0, 03 expansion 50, 04 churn -150, 05 reactivation 20', 'what comes after the last month is not known');
SELECT is(moves(2, '2026-08-01'), '01 new 50, 02 contraction -10, 03 unchanged 0, 04 unchanged 0, 05 unchanged 0, 06 unchanged 0, 07 churn -40', 'who is gone moves no more');
SELECT is(moves(1, '2025-12-01'), NULL, 'nothing moves before the first revenue');
SELECT is(moves(5, '2026-12-01'), NULL, 'nor without any');
SELECT is(moves(1, '2026-06-01', 3), '03 new 150, 06 churn -150', 'periods of three months compare their last months');
SELECT is(moves(1, '2026-05-01', 3), '02 new 100, 05 contraction -80', 'and are counted back from the last one');
SELECT is(moves(3, '2026-06-01', 3), NULL, 'who joins and leaves inside a period does not move it');
SELECT is(moves(3, '2026-03-01', 12), NULL, 'however long the period is');
SELECT is((SELECT kind FROM mrr_movements('[24312:24317]={5,0,0,0,0,5}', '2026-06-01', 3) WHERE month = '2026-06-01'), 'reactivation', 'who paid in an earlier period comes back');
SELECT is((SELECT kind FROM mrr_movements('[24315:24317]={5,0,5}', '2026-06-01', 3)), 'new', 'a pause inside the first period is none');
SELECT is((SELECT kind FROM mrr_movements('[24310:24312]={0,0,5}', '2026-01-01')), 'new', 'zeros are no history');
SELECT throws_ok($$SELECT * FROM mrr_movements('{}', '2026-01-01', 0)$$, '22023', NULL, 'a period has a month or more');
SELECT throws_ok($$SELECT * FROM mrr_movements('{}', 'infinity')$$, '22023', NULL, 'there is a last month');
SELECT is((SELECT count(*) FROM mrr_movements(NULL, '2026-01-01')), 0::bigint, 'NULL does not move');

-- What they add up to.
CREATE FUNCTION company(through date, months int DEFAULT 1) RETURNS TABLE (month date, r revenue) LANGUAGE sql STABLE AS $$
	SELECT m.month, revenue_agg(kind, before, after) FROM paying, mrr_movements(series, through, months) m GROUP BY m.month
$$;
SELECT is((SELECT r FROM company('2026-06-01') WHERE month = '2026-03-01'), ROW(155.01, 0, 50, 0, -15.01, 0, 190, 3, 0, 1, 0, 1, 0, 2)::revenue, 'March: one expanded, one left');
SELECT is((SELECT r FROM company('2026-06-01') WHERE month = '2026-05-01'), ROW(40, 0, 0, 0, 0, 20, 60, 1, 0, 0, 0, 0, 1, 2)::revenue, 'May: one came back');
SELECT is((SELECT ARRAY[nrr(r), grr(r), logo_churn(r), quick_ratio(r), arpa(r)] FROM company('2026-06-01') WHERE month = '2026-03-01'),
	ARRAY[190 / 155.01, 140 / 155.01, 1 / 3.0, 50 / 15.01, 95], 'its rates: those at the start count, new ones do not');
SELECT is((SELECT ARRAY[nrr(r), grr(r), logo_churn(r), quick_ratio(r), arpa(r)] FROM company('2026-06-01') WHERE month = '2026-01-01'),
	'{NULL,NULL,NULL,NULL,75}'::numeric[], 'where nobody was at the start there is no rate');
SELECT is((SELECT ARRAY[nrr(r), grr(r), quick_ratio(r)] FROM company('2026-06-01') WHERE month = '2026-02-01'), ARRAY[140 / 150.0, 140 / 150.0, 15.01 / 10], 'who is new is not retained, but gained');
SELECT is((SELECT ARRAY[nrr(r), grr(r)] FROM company('2026-06-01') WHERE month = '2026-05-01'), '{1,1}'::numeric[], 'who comes back is not retained');
SELECT is((SELECT arpa(r) FROM (SELECT revenue_agg('churn', 5, 0) AS r) x), NULL, 'where nobody pays there is no average');
SELECT is((SELECT ARRAY[nrr(NULL), grr(NULL), logo_churn(NULL), quick_ratio(NULL), arpa(NULL)]), '{NULL,NULL,NULL,NULL,NULL}'::numeric[], 'NULL has no rates');
SELECT is(revenue_agg(kind, before, after), NULL, 'no movements, no revenue') FROM (SELECT 'new' AS kind, 0 AS before, 1 AS after) m WHERE false;
SELECT is(revenue_agg(NULL, NULL, NULL), NULL, 'an outer join''s empty row is no movement');
SELECT is(rollup(r), (SELECT revenue_agg(kind, before, after) FROM paying, mrr_movements(series, '2026-03-01') WHERE month = '2026-03-01'), 'rollup of the customers is the company')
	FROM (SELECT revenue_agg(kind, before, after) AS r FROM paying, mrr_movements(series, '2026-03-01') WHERE month = '2026-03-01' GROUP BY customer UNION ALL SELECT NULL) x;
SELECT is(revenue_agg(kind, before, after) FILTER (WHERE kind = 'churn'), ROW(5, 0, 0, 0, -5, 0, 0, 1, 0, 0, 0, 1, 0, 0)::revenue, 'FILTER') FROM (VALUES ('new', 0, 7), ('churn', 5, 0)) x(kind, before, after);
SELECT is(revenue_agg(DISTINCT kind, before, after), ROW(5, 7, 0, 0, -5, 0, 7, 1, 1, 0, 0, 1, 0, 1)::revenue, 'DISTINCT takes equal movements for one') FROM (VALUES ('new', 0, 7), ('churn', 5, 0), ('new', 0, 7)) x(kind, before, after);
SELECT is((SELECT array_agg((w).end_mrr ORDER BY n) FROM (SELECT n, revenue_agg(kind, before, after) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS w
	FROM (VALUES (1, 'new', 0, 7), (2, 'expansion', 5, 6), (3, 'churn', 9, 0)) x(n, kind, before, after)) y), '{7,13,6}'::numeric[], 'a window frame');
SELECT throws_ok($$SELECT revenue_agg('growth', 1, 2)$$, '22023', NULL, 'an unknown kind is refused');
SELECT throws_ok($$SELECT revenue_agg('new', 1, 2)$$, '22023', 'from 1 to 2 is no movement of the kind "new"', 'so is one that is not what the amounts say');
SELECT throws_ok($$SELECT revenue_agg('churn', 1, NULL)$$, '22004', NULL, 'a kind without its amounts is refused');
SELECT throws_ok($$SELECT revenue_agg('contraction', 1, -1)$$, '22023', NULL, 'so is revenue below 0');

-- Published examples: usedaymark.io (net revenue retention), theprimecalculator.com (quick ratio).
SELECT is((SELECT ARRAY[round(nrr(r), 3), round(grr(r), 3), (r).end_mrr] FROM (SELECT revenue_agg(kind, before, after) AS r
	FROM (VALUES ('expansion', 500, 650), ('contraction', 1200, 1000), ('churn', 800, 0), ('unchanged', 300, 300)) x(kind, before, after)) y), '{0.696,0.643,1950}'::numeric[], 'a published NRR of 69.6 %');
SELECT is((SELECT round(quick_ratio(revenue_agg(kind, before, after)), 2) FROM (VALUES ('new', 0, 25000), ('expansion', 1, 10001), ('churn', 8000, 0), ('contraction', 5000, 1000)) x(kind, before, after)),
	2.92, 'a published quick ratio of 2.92');
SELECT is(ltv(50, 0.05), 1000::numeric, 'an account of 50 a month lasts 20 months at 5 % churn');
SELECT is(ltv(50, 0.05, 0.8), 800::numeric, 'of which the margin remains');
SELECT is(ltv(50, 0), NULL, 'without churn nobody knows');

-- Cohorts.
SELECT results_eq($$SELECT cohort, period, sum(start_mrr), sum(c.mrr), sum(kept) FROM paying, revenue_cohort(series, '2026-03-15') c GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$VALUES (date '2026-01-01', 0, 150::numeric, 150::numeric, 150::numeric), ('2026-01-01', 1, 150, 140, 140), ('2026-01-01', 2, 150, 190, 140), ('2026-02-01', 0, 15.01, 15.01, 15.01), ('2026-02-01', 1, 15.01, 0, 0)$$,
	'a cohort is whoever first paid in a month; nobody keeps more than the start');
SELECT throws_ok($$SELECT * FROM revenue_cohort('[24312:24312]={1}', '9999-12-31')$$, '54000', NULL, 'for a hundred years');

-- Due.
SELECT is(renewal_rate(renewed), 0.5, 'renewed by due; what is not decided does not count') FROM (VALUES (true), (false), (NULL)) x(renewed);
SELECT is(ARRAY[net_renewal_rate(renewed, due), gross_renewal_rate(renewed, due)], '{1.1,0.8}'::numeric[], 'by value, with and without what was sold on top')
	FROM (VALUES (90, 60), (20, 40), (0, 0), (NULL, 1000)) x(renewed, due) WHERE renewed IS NULL OR due >= 0;
SELECT is(ARRAY[renewal_rate(NULL), net_renewal_rate(NULL, 1), gross_renewal_rate(1, NULL), net_renewal_rate(0, 0)], '{NULL,NULL,NULL,NULL}'::numeric[], 'nothing due, no rate');
SELECT is(trial_to_paid(ends, paid, '2026-02-01'), 0.5, 'paid by the trials that are over: early payers of running trials are not counted')
	FROM (VALUES (timestamptz '2026-01-10', timestamptz '2026-01-08'), ('2026-01-20', NULL), ('2026-02-01', '2026-02-01'), ('2026-01-25', '2026-02-05'), ('2026-02-20', '2026-01-15'), (NULL, '2026-01-01')) x(ends, paid);

-- Two thousand customers who come and go: against plain SQL, in both plans.
CREATE TABLE line AS SELECT c AS customer, (date '2024-01-01' + make_interval(months => m))::date AS month, ((c * 31 + m / 3 * 7) % 50 + 1) / 100.0 + (c * (m / 2) % 7) AS mrr
	FROM generate_series(1, 2000) c, generate_series(0, 23) m WHERE (c * 17 + m * 13 + c * m) % 11 > 2;
ANALYZE line;
CREATE VIEW reference AS
	WITH full_line AS (SELECT c AS customer, g::date AS month, COALESCE(l.mrr, 0) AS after
		FROM generate_series(1, 2000) c CROSS JOIN generate_series('2024-01-01', '2026-01-01', interval '1 month') g LEFT JOIN line l ON l.customer = c AND l.month = g),
	pair AS (SELECT *, lag(after, 1, 0.0) OVER w AS before, COALESCE(max(after) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS best FROM full_line WINDOW w AS (PARTITION BY customer ORDER BY month))
	SELECT customer, month, before, after, CASE WHEN before = after THEN 'unchanged' WHEN before > 0 AND after = 0 THEN 'churn' WHEN before > after THEN 'contraction'
		WHEN before > 0 THEN 'expansion' WHEN best > 0 THEN 'reactivation' ELSE 'new' END AS kind FROM pair WHERE before > 0 OR after > 0;
CREATE VIEW movement AS SELECT customer, m.* FROM (SELECT customer, mrr_agg(month, mrr) AS series FROM line GROUP BY customer) x, mrr_movements(series, '2026-01-31') m;
SELECT set_eq('SELECT customer, month, kind, before, after, change FROM movement', 'SELECT customer, month, kind, before, after, after - before FROM reference', 'the movements are those of plain SQL');
SELECT is((SELECT count(DISTINCT kind) FROM movement), 6::bigint, 'every kind of them');
SELECT ok(bool_and(start + change = after), 'month by month they add up to the change in revenue, to the cent')
	FROM (SELECT month, sum(change) AS change, sum(before) AS start, sum(after) AS after FROM movement GROUP BY month) x;
SELECT is((SELECT sum(change) FROM movement), 0::numeric, 'and to nothing once everybody has left');
CREATE VIEW monthly AS SELECT month, revenue_agg(kind, before, after)::text AS r FROM movement GROUP BY month;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query; END$$;
CREATE TABLE step AS SELECT * FROM movement;
ANALYZE step;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT * FROM monthly;
CREATE TABLE sums AS SELECT revenue_agg(kind, before, after)::text AS all_steps, (SELECT mrr_agg(month, mrr) FROM line)::text AS all_lines FROM step;
SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT ok(EXISTS (SELECT FROM plan_of('SELECT revenue_agg(kind, before, after) FROM step') l WHERE l ~ 'Partial Aggregate')
	AND EXISTS (SELECT FROM plan_of('SELECT mrr_agg(month, mrr) FROM line') l WHERE l ~ 'Partial Aggregate'), 'both aggregates run in parallel');
SELECT is(ROW(revenue_agg(kind, before, after)::text, (SELECT mrr_agg(month, mrr) FROM line)::text), ROW(all_steps, all_lines), 'workers change nothing') FROM step, sums GROUP BY all_steps, all_lines;
SELECT ok(EXISTS (SELECT FROM plan_of('SELECT gross_renewal_rate(after, before) FROM step') l WHERE l ~ 'Partial Aggregate'), 'so do the rates of what was due');
SELECT is((SELECT ARRAY[renewal_rate(after > 0), net_renewal_rate(after, before), gross_renewal_rate(after, before)] FROM step WHERE before > 0),
	(SELECT ARRAY[count(*) FILTER (WHERE after > 0) / count(*)::numeric, sum(after) / sum(before), sum(least(after, before)) / sum(before)] FROM reference WHERE before > 0), 'which are those of plain SQL');
RESET max_parallel_workers_per_gather;
SET work_mem = '64kB'; SET enable_sort = off;
SELECT is((SELECT rollup(r)::text FROM (SELECT customer, revenue_agg(kind, before, after) AS r FROM step GROUP BY customer) x), (SELECT all_steps FROM sums), 'groups that spill to disk count the same');
SELECT is((SELECT rollup(series)::text FROM (SELECT customer, mrr_agg(month, mrr) AS series FROM line GROUP BY customer) x), (SELECT all_lines FROM sums), 'so do series');
RESET work_mem; RESET enable_sort;
SELECT is((SELECT ARRAY[nrr(r), grr(r)] FROM (SELECT revenue_agg(kind, before, after) AS r FROM step WHERE month = '2025-06-01') x),
	(SELECT ARRAY[sum(after) / sum(before), sum(least(after, before)) / sum(before)] FROM reference WHERE before > 0 AND month = '2025-06-01'), 'NRR and GRR are those of plain SQL');

SELECT finish();
ROLLBACK;
