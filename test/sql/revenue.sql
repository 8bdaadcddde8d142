-- Revenue: ten thousand customers who come and go at random, to the cent and by every plan, held against plain SQL;
-- and what is said of everything that cannot be.
SET client_min_messages = warning;
SET statement_timeout = '60s';
\set VERBOSITY terse
CREATE SCHEMA revenue_test;
SET search_path = revenue_test, lifecycle, public;

CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
-- Up to 24 months each, half of them without revenue for some, several lines a month, credits, cents and thousandths of them.
CREATE TABLE line AS
SELECT c AS customer, (date '2024-01-01' + make_interval(months => m, days => chance(c || 'd' || m, 28)))::date AS month, part,
	CASE WHEN chance(c || 'r' || m / (1 + chance(c || 'l', 5)), 10) < 2 + chance(c || 'p', 8) THEN (chance(c || 'a' || m / 3 || part, 100000) + 2000) / 1000.0 - CASE WHEN part = 1 THEN chance(c || 'b' || m, 2000) / 1000.0 ELSE 0 END END AS mrr
FROM generate_series(1, 10000) c, generate_series(0, 23) m, generate_series(0, chance(c || 'n', 8) / 7) part;
ANALYZE line;
CREATE TABLE series AS SELECT customer, mrr_agg(month, mrr) AS series FROM line GROUP BY customer;
SELECT count(*) AS lines, count(mrr), round(sum(mrr), 3) AS total FROM line;
SELECT count(*), count(series), count(*) FILTER (WHERE 0 = ANY (series)) AS with_gaps, count(*) FILTER (WHERE array_length(series, 1) = 24) AS full FROM series;

-- Plain SQL's answer, for periods of 1, 3, 5 and 12 months that end with December 2025.
CREATE TABLE monthly AS SELECT customer, date_trunc('month', month)::date AS month, sum(mrr) AS mrr FROM line GROUP BY 1, 2 HAVING sum(mrr) > 0;
ALTER TABLE monthly ADD PRIMARY KEY (customer, month);
ANALYZE monthly;
CREATE TABLE truth AS
WITH ended AS (SELECT p, customer, (date '2025-12-01' - make_interval(months => p * k))::date AS month, (date '2025-12-01' - make_interval(months => p * k + p))::date AS start
	FROM unnest('{1,3,5,12}'::int[]) p, generate_series(0, 25) k, series WHERE p * k < 24 AND (customer <= 1000 OR p = 3)),
pair AS (SELECT p, e.customer, e.month, coalesce(b.mrr, 0) AS before, coalesce(a.mrr, 0) AS after, e.start >= f.first AS known
	FROM ended e LEFT JOIN monthly a ON a.customer = e.customer AND a.month = e.month LEFT JOIN monthly b ON b.customer = e.customer AND b.month = e.start
		JOIN (SELECT customer, min(month) AS first FROM monthly GROUP BY 1) f ON f.customer = e.customer)
SELECT *, CASE WHEN before = after THEN 'unchanged' WHEN after = 0 THEN 'churn' WHEN before > after THEN 'contraction' WHEN before > 0 THEN 'expansion' WHEN known THEN 'reactivation' ELSE 'new' END AS kind
FROM pair WHERE before > 0 OR after > 0;
CREATE TABLE movement AS SELECT p, customer, m.* FROM unnest('{1,3,5,12}'::int[]) p, series, mrr_movements(series, '2025-12-31', p) m;
SELECT p, count(*) AS movements, count(*) FILTER (WHERE (t.kind, t.before, t.after, t.after - t.before) IS DISTINCT FROM (m.kind, m.before, m.after, m.change)) AS wrong
FROM truth t FULL JOIN (SELECT * FROM movement WHERE customer <= 1000 OR p = 3) m USING (p, customer, month) GROUP BY p ORDER BY p;
SELECT kind, count(*) FROM movement WHERE p = 1 GROUP BY kind ORDER BY kind;

-- Of every customer and every period the movements are the change in revenue, exactly, and what one left the next one found.
SELECT count(*) AS customers, count(*) FILTER (WHERE moved IS DISTINCT FROM mrr_at(series, '2025-12-01')) AS off
FROM series JOIN (SELECT p, customer, sum(change) AS moved FROM movement GROUP BY 1, 2) m USING (customer);
SELECT p, count(*) AS months, bool_and(r.start_mrr + r.new_mrr + r.expansion_mrr + r.contraction_mrr + r.churned_mrr + r.reactivation_mrr = r.end_mrr) AS bridges,
	bool_and(r.end_mrr = mrr_at(company, month)) AS to_the_cent, bool_and(previous IS NULL OR r.start_mrr = previous) AS goes_on,
	bool_and(r.start_customers + r.new_customers + r.reactivated_customers - r.churned_customers = r.end_customers) AS counts
FROM (SELECT p, month, (r).*, lag((r).end_mrr) OVER (PARTITION BY p ORDER BY month) AS previous FROM (SELECT p, month, revenue_agg(kind, before, after) AS r FROM movement GROUP BY 1, 2) x) r, (SELECT rollup(series) AS company FROM series) c GROUP BY p ORDER BY p;

-- Rates, by plain SQL.
SELECT count(*) AS periods, count(*) FILTER (WHERE nrr(r) IS DISTINCT FROM net OR grr(r) IS DISTINCT FROM gross OR logo_churn(r) IS DISTINCT FROM churn OR quick_ratio(r) IS DISTINCT FROM quick OR arpa(r) IS DISTINCT FROM average
	OR ltv(arpa(r), logo_churn(r), 0.8) IS DISTINCT FROM CASE WHEN churn > 0 THEN average * 0.8 / churn END) AS wrong, count(*) FILTER (WHERE nrr(r) IS NULL) AS without
FROM (SELECT p, month, revenue_agg(kind, before, after) AS r FROM movement WHERE customer <= 1000 OR p = 3 GROUP BY 1, 2) x
JOIN (SELECT p, month, sum(after) FILTER (WHERE before > 0) / nullif(sum(before), 0) AS net, sum(least(before, after)) / nullif(sum(before), 0) AS gross,
	count(*) FILTER (WHERE before > 0 AND after = 0)::numeric / nullif(count(*) FILTER (WHERE before > 0), 0) AS churn,
	sum(greatest(after - before, 0)) / nullif(sum(greatest(before - after, 0)), 0) AS quick, sum(after) / nullif(count(*) FILTER (WHERE after > 0), 0) AS average FROM truth GROUP BY 1, 2) t USING (p, month);

-- Cohorts, by plain SQL.
CREATE VIEW cohort AS SELECT cohort, period, sum(start_mrr) AS start, sum(c.mrr) AS mrr, sum(kept) AS kept FROM series, revenue_cohort(series, '2026-02-01') c GROUP BY 1, 2;
WITH first AS (SELECT DISTINCT ON (customer) customer, month AS cohort, mrr AS start FROM monthly ORDER BY customer, month),
cell AS (SELECT f.*, g::date AS month, coalesce(m.mrr, 0) AS mrr FROM first f CROSS JOIN generate_series(f.cohort, '2026-02-01', interval '1 month') g LEFT JOIN monthly m ON m.customer = f.customer AND m.month = g::date),
by_hand AS (SELECT cohort, (extract(year FROM age(month, cohort)) * 12 + extract(month FROM age(month, cohort)))::int AS period, sum(start) AS start, sum(mrr) AS mrr, sum(least(mrr, start)) AS kept FROM cell GROUP BY 1, 2)
SELECT count(*) AS cells, count(*) FILTER (WHERE (c.start, c.mrr, c.kept) IS DISTINCT FROM (h.start, h.mrr, h.kept)) AS wrong, sum(c.kept) <= sum(c.mrr) AS kept_at_most FROM cohort c FULL JOIN by_hand h USING (cohort, period);

-- By every plan.
CREATE TABLE parted (LIKE movement) PARTITION BY RANGE (customer);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (3);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (3) TO (10001);
INSERT INTO parted SELECT * FROM movement WHERE p IN (3, 12);
ANALYZE parted;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query; END$$;
CREATE FUNCTION answers() RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(a::text, '/' ORDER BY a::text)) FROM (
		SELECT p, month, revenue_agg(kind, before, after), net_renewal_rate(after, before), gross_renewal_rate(after, before), renewal_rate(after > 0) FILTER (WHERE before > 0),
			trial_to_paid(month, CASE WHEN after > 0 THEN month + 1 END, '2025-11-01') FROM parted GROUP BY 1, 2) a $$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE answer AS SELECT answers() AS answers, (SELECT mrr_agg(month, mrr) FROM line) AS company;
SELECT rollup(series) = company AS rolled_up FROM series, answer GROUP BY company;
SET work_mem = '64kB'; SET enable_sort = off;
SELECT answers() = answers AS spilt FROM answer;
RESET work_mem; RESET enable_sort; SET enable_hashagg = off;
SELECT answers() = answers AS sorted FROM answer;
RESET enable_hashagg; SET enable_partitionwise_aggregate = on;
SELECT count(*) > 1 AS partial FROM plan_of('SELECT p, month, revenue_agg(kind, before, after) FROM parted GROUP BY 1, 2') l WHERE l ~ 'Partial';
SELECT answers() = answers AS partitionwise FROM answer;
SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT count(*) > 0 AS gathered FROM plan_of('SELECT p, month, revenue_agg(kind, before, after), net_renewal_rate(after, before), trial_to_paid(month, NULL, now()) FROM parted GROUP BY 1, 2') l WHERE l ~ 'Gather';
SELECT answers() = answers AND (SELECT mrr_agg(month, mrr) FROM line) = company AS in_parallel FROM answer;
RESET ALL;
SET client_min_messages = warning;
SET search_path = revenue_test, lifecycle, public;

-- What was due, by plain SQL.
SELECT net_renewal_rate(renewed, due) = sum(renewed) FILTER (WHERE due IS NOT NULL) / sum(due) FILTER (WHERE renewed IS NOT NULL) AS net,
	gross_renewal_rate(renewed, due) = sum(least(renewed, due)) FILTER (WHERE renewed IS NOT NULL AND due IS NOT NULL) / sum(due) FILTER (WHERE renewed IS NOT NULL) AS gross,
	renewal_rate(renewed > 0) = avg((renewed > 0)::int) AS logos,
	trial_to_paid(ends, paid, '2026-02-01') = avg((paid IS NOT NULL AND paid <= '2026-02-01')::int) FILTER (WHERE ends <= '2026-02-01') AS trials
FROM (SELECT nullif(chance(i || 'r', 50), 7) * 10.01 AS renewed, nullif(chance(i || 'd', 40), 9) * 7.5 AS due, timestamptz '2026-01-01' + chance(i || 'e', 60) * interval '1 day' AS ends,
	CASE WHEN chance(i || 'p', 2) = 0 THEN timestamptz '2025-12-01' + chance(i || 'q', 90) * interval '1 day' END AS paid FROM generate_series(1, 3000) i) x;

-- Where nothing can be known.
\pset null NULL
SELECT mrr_agg(NULL, NULL), renewal_rate(NULL), net_renewal_rate(0, 0), gross_renewal_rate(NULL, 5), trial_to_paid('2026-01-01', NULL, NULL), trial_to_paid('infinity', '2026-01-01', '2026-02-01'), trial_to_paid('2026-01-01', 'infinity', '2026-02-01');
SELECT ltv(NULL, 0.1), ltv(1, NULL), ltv(1, 0), ltv(1, -0.1), ltv(1, 0.1, NULL), ltv(0, 0.1);
SELECT nrr(r), grr(r), logo_churn(r), quick_ratio(r), arpa(r) FROM unnest(ARRAY[NULL::revenue, ROW(0, 5, 0, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1), ROW(5, 0, 0, 0, -5, 0, 0, 1, 0, 0, 0, 1, 0, 0)]::revenue[]) r;
SELECT count(*) FROM mrr_movements('{}', '2026-01-01'), revenue_cohort('{}', '2026-01-01');

-- What cannot be.
SELECT mrr_agg('2026-01-01', 'NaN');
SELECT mrr_agg('2026-01-01', 'infinity');
SELECT mrr_agg('2026-01-01', -0.001);
SELECT mrr_agg(NULL, 5);
SELECT mrr_agg('-infinity', 5);
SELECT mrr_agg('10000-01-01', 5);
SELECT mrr_agg(m, 5) FROM unnest('{2026-01-01,2126-01-01}'::date[]) m;
SELECT '{5}'::mrr_series;
SELECT '[24312:24312]={-5}'::mrr_series;
SELECT '[24312:24312]={NULL}'::mrr_series;
SELECT * FROM mrr_movements('[24312:24312]={5}', 'infinity');
SELECT * FROM mrr_movements('[24312:24312]={5}', '2026-01-01', 0);
SELECT * FROM mrr_movements('[24312:24312]={5}', '2026-01-01', 1201);
SELECT * FROM mrr_movements('[24312:24312]={5}', '9999-12-31', 1) LIMIT 1;
SELECT * FROM revenue_cohort('[24312:24312]={5}', '9999-12-31');
SELECT revenue_agg('growth', 1, 2);
SELECT revenue_agg('New', 0, 2);
SELECT revenue_agg('new', 1, 2);
SELECT revenue_agg('reactivation', 0, 2), revenue_agg('new', 0, 2);
SELECT revenue_agg('churn', 0, 0);
SELECT revenue_agg('new', NULL, 2);
SELECT revenue_agg('new', 0, 'NaN');
SELECT revenue_agg('churn', 1, -1);
SELECT net_renewal_rate('NaN', 1);
SELECT net_renewal_rate(1, 'infinity');
SELECT net_renewal_rate(-1, 1);
SELECT gross_renewal_rate(1, -1);
SELECT gross_renewal_rate('NaN', 1);
DROP SCHEMA revenue_test CASCADE;
