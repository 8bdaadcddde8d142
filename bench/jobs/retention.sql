-- Retention: of the customers won in each month, how many are still there in each month after it
--
-- show: extension@1 / count@1
-- goal: sql@1 / extension@1 >= 30
-- goal: duckdb@2 / extension@2 >= 2
-- goal: clickhouse@2 / extension@2 >= 1.5

-- way: sql
WITH calendar AS (
	SELECT array_agg(month ORDER BY month) AS months
	FROM generate_series(timestamptz '2024-01-01Z', '2026-07-01Z', '1 month') month),
held AS (
	SELECT customer, at, stage, lead(at) OVER w AS left_at, min(at) FILTER (WHERE stage = 'won') OVER w AS won_at
	FROM bench.event WHERE customer IN (SELECT customer FROM bench.event WHERE stage = 'won')
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)),
stays AS (
	SELECT customer, at, width_bucket(won_at, (SELECT months FROM calendar)) AS cohort,
		width_bucket(at, (SELECT months FROM calendar)) AS first,
		coalesce(width_bucket(left_at - interval '1 microsecond', (SELECT months FROM calendar)), 30) AS last
	FROM held WHERE won_at IS NOT NULL AND stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
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
WITH held AS (
	SELECT customer, "at", stage, lead("at") OVER w AS left_at, min("at") FILTER (stage = 'won') OVER w AS won_at
	FROM event WHERE customer IN (SELECT customer FROM event WHERE stage = 'won')
	WINDOW w AS (PARTITION BY customer ORDER BY "at" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)),
stays AS (
	SELECT customer, "at", 1 + date_diff('month', DATE '2024-01-01', won_at) AS cohort,
		1 + date_diff('month', DATE '2024-01-01', "at") AS first,
		coalesce(1 + date_diff('month', DATE '2024-01-01', left_at - INTERVAL 1 MICROSECOND), 30) AS last
	FROM held WHERE won_at IS NOT NULL AND stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
fresh AS (
	SELECT cohort, last, greatest(first, 1 + max(last) OVER (PARTITION BY customer ORDER BY "at"
		ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS first
	FROM stays),
stay AS (SELECT cohort, first, last, count(*) AS customers FROM fresh WHERE first <= last GROUP BY ALL)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM (SELECT cohort, customers, unnest(range(first, last + 1)) AS month FROM stay)
WHERE month - cohort < 24 GROUP BY cohort, month;

-- way: clickhouse
WITH
	arraySort(s -> s.1, groupArray((at, stage))) AS steps,
	arraySlice(steps, indexOf(steps.2, 'won')) AS since_won,
	arrayMap(s -> toRelativeMonthNum(s.1) - 24288, since_won) AS entered,
	arrayMap(s -> toRelativeMonthNum(s.1 - 1) - 24288, arrayPopFront(since_won)) AS left
SELECT cohort, month - cohort AS period, count() AS retained
FROM (
	SELECT entered[1] AS cohort,
		arrayDistinct(arrayFlatten(arrayMap((s, first, last) -> if(s.2 IN ('won', 'onboarding', 'active', 'expansion', 'at_risk'),
			range(first, last + 1), []), since_won, entered, arrayPushBack(left, 30)))) AS months
	FROM event GROUP BY customer HAVING has(steps.2, 'won')
	SETTINGS optimize_aggregation_in_order = 1)
ARRAY JOIN months AS month
WHERE month - cohort < 24
GROUP BY cohort, month;
