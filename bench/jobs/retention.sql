-- Retention: of the customers won in each month, how many are still there in each month after it
--
-- Cohorts are numbered by month, 1 for January 2024.
--
-- show: extension@1 / count@1
-- goal: sql@1 / extension@1 >= 30
-- goal: duckdb@2 / extension@2 >= 2
-- goal: clickhouse@2 / extension@2 >= 1.5

-- way: extension
SELECT date_part('year', cohort) * 12 + date_part('month', cohort) - 24288 AS cohort, period, retained
FROM (SELECT lifecycle.retention_agg(journey, 'from won while won, onboarding, active, expansion, at_risk
		every 1 month for 24 as of 2026-07-01') AS r FROM bench.journey) x,
	lifecycle.retention_cells(r)
WHERE cohort IS NOT NULL AND retained > 0;

-- yardstick: count
SELECT count(journey) FROM bench.journey;

-- way: sql
WITH calendar AS (
	SELECT array_agg(month ORDER BY month) AS months
	FROM generate_series(timestamptz '2024-01-01Z', '2026-07-01Z', '1 month') month),
won AS (SELECT customer, min(at) AS won_at FROM bench.event WHERE stage = 'won' GROUP BY customer),
held AS (
	SELECT customer, at, stage, won_at, lead(at) OVER (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING) AS left_at
	FROM bench.event JOIN won USING (customer) WHERE at >= won_at),
stays AS (
	SELECT customer, at, width_bucket(won_at, (SELECT months FROM calendar)) AS cohort,
		width_bucket(at, (SELECT months FROM calendar)) AS first,
		coalesce(width_bucket(left_at - interval '1 microsecond', (SELECT months FROM calendar)), 30) AS last
	FROM held WHERE stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
-- Each month of a customer once: from where the earlier stays ended.
fresh AS (
	SELECT cohort, last, greatest(first, 1 + max(last) OVER (PARTITION BY customer ORDER BY at
		ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS first
	FROM stays),
stay AS (SELECT cohort, first, last, count(*) AS customers FROM fresh WHERE first <= last GROUP BY 1, 2, 3)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM stay, generate_series(first, last) month
WHERE month - cohort < 24 GROUP BY cohort, month;

-- way: duckdb
WITH won AS (SELECT customer, min("at") AS won_at FROM event WHERE stage = 'won' GROUP BY customer),
held AS (
	SELECT customer, "at", stage, won_at, lead("at") OVER (PARTITION BY customer ORDER BY "at") AS left_at
	FROM event JOIN won USING (customer) WHERE "at" >= won_at),
stays AS (
	SELECT customer, "at", 1 + date_diff('month', DATE '2024-01-01', won_at) AS cohort,
		1 + date_diff('month', DATE '2024-01-01', "at") AS first,
		coalesce(1 + date_diff('month', DATE '2024-01-01', left_at - INTERVAL 1 MICROSECOND), 30) AS last
	FROM held WHERE stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
fresh AS (
	SELECT cohort, last, greatest(first, 1 + max(last) OVER (PARTITION BY customer ORDER BY "at"
		ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS first
	FROM stays),
stay AS (SELECT cohort, first, last, count(*) AS customers FROM fresh WHERE first <= last GROUP BY ALL)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM (SELECT cohort, customers, unnest(range(first, last + 1)) AS month FROM stay)
WHERE month - cohort < 24 GROUP BY cohort, month;

-- way: clickhouse
WITH won AS (SELECT customer, min(at) AS won_at FROM event WHERE stage = 'won' GROUP BY customer),
stays AS (
	SELECT e.customer AS customer, at, stage, toRelativeMonthNum(won_at) - 24288 AS cohort, toRelativeMonthNum(at) - 24288 AS first,
		leadInFrame(e.customer) OVER w AS next_customer,
		if(next_customer = e.customer, toRelativeMonthNum(leadInFrame(at) OVER w - 1) - 24288, 30) AS last
	FROM event e INNER JOIN won USING (customer) WHERE at >= won_at
	WINDOW w AS (PARTITION BY e.customer ORDER BY at ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)),
unseen AS (
	SELECT cohort, last, greatest(first, 1 + max(last) OVER (PARTITION BY customer ORDER BY at
		ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS since
	FROM stays WHERE stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
stay AS (SELECT cohort, since, last, count() AS customers FROM unseen WHERE since <= last GROUP BY cohort, since, last)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM stay ARRAY JOIN range(since, last + 1) AS month
WHERE month - cohort < 24 GROUP BY cohort, month;
