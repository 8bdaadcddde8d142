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
	SELECT customer, width_bucket(won_at, (SELECT months FROM calendar)) AS cohort,
		width_bucket(at, (SELECT months FROM calendar)) AS first,
		coalesce(width_bucket(left_at - interval '1 microsecond', (SELECT months FROM calendar)), 30) AS last
	FROM held WHERE stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
kept AS (
	SELECT cohort, bit_or((1::bigint << last + 1) - (1::bigint << first)) AS months FROM stays GROUP BY customer, cohort),
alike AS (SELECT cohort, months, count(*) AS customers FROM kept GROUP BY cohort, months)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM alike, generate_series(1, 30) month
WHERE months >> month & 1 = 1 AND month - cohort < 24 GROUP BY cohort, month;

-- way: duckdb
WITH won AS (SELECT customer, min("at") AS won_at FROM event WHERE stage = 'won' GROUP BY customer),
held AS (
	SELECT customer, "at", stage, won_at, lead("at") OVER (PARTITION BY customer ORDER BY "at") AS left_at
	FROM event JOIN won USING (customer) WHERE "at" >= won_at),
stays AS (
	SELECT customer, 1 + date_diff('month', DATE '2024-01-01', won_at) AS cohort,
		1 + date_diff('month', DATE '2024-01-01', "at") AS first,
		coalesce(1 + date_diff('month', DATE '2024-01-01', left_at - INTERVAL 1 MICROSECOND), 30) AS last
	FROM held WHERE stage IN ('won', 'onboarding', 'active', 'expansion', 'at_risk')),
months AS (SELECT cohort, bit_or((1::BIGINT << (last + 1)::INT) - (1::BIGINT << first::INT)) AS mask FROM stays GROUP BY customer, cohort),
alike AS (SELECT cohort, mask, count(*) AS customers FROM months GROUP BY cohort, mask)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM alike, range(1, 31) m (month)
WHERE mask >> month::INT & 1 = 1 AND month - cohort < 24 GROUP BY cohort, month;

-- way: clickhouse
WITH stays AS (
	SELECT groupArray(stage) AS stages, groupArray(toRelativeMonthNum(at) - 24288) AS months, groupArray(toRelativeMonthNum(at - 1) - 24288) AS befores
	FROM (SELECT customer, stage, at FROM event WHERE customer IN (SELECT customer FROM event WHERE stage = 'won') ORDER BY customer, at)
	GROUP BY customer SETTINGS optimize_aggregation_in_order = 1),
held AS (
	SELECT indexOf(stages, 'won') AS won, months[won] AS cohort,
		arrayReduce('groupBitOr', arrayMap((s, f, l) -> if(s IN ('won', 'onboarding', 'active', 'expansion', 'at_risk'), bitShiftLeft(toUInt64(1), l + 1) - bitShiftLeft(toUInt64(1), f), 0),
			arraySlice(stages, won), arraySlice(months, won), arrayPushBack(arraySlice(befores, won + 1), 30))) AS mask
	FROM stays),
alike AS (SELECT cohort, mask, count() AS customers FROM held GROUP BY cohort, mask)
SELECT cohort, month - cohort AS period, sum(customers) AS retained
FROM alike ARRAY JOIN bitPositionsToArray(mask) AS month
WHERE month - cohort < 24 GROUP BY cohort, month;
