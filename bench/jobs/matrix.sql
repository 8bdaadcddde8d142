-- Transition matrix: how often each stage follows each
--
-- show: extension@1 / count@1
-- goal: sql@1 / extension@1 >= 30
-- goal: duckdb@2 / extension@2 >= 3
-- goal: clickhouse@2 / extension@2 >= 3

-- way: extension
SELECT from_stage, to_stage, moves
FROM (SELECT lifecycle.velocity_agg(journey) AS v FROM bench.journey) x, lifecycle.velocity_moves(v);

-- yardstick: count
SELECT count(journey) FROM bench.journey;

-- way: sql
SELECT from_stage, to_stage, count(*) AS moves
FROM (
	SELECT stage AS to_stage, lag(stage) OVER (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING) AS from_stage
	FROM bench.event) x
WHERE from_stage IS NOT NULL
GROUP BY from_stage, to_stage;

-- way: duckdb
SELECT from_stage, to_stage, count(*) AS moves
FROM (
	SELECT customer, lead(customer) OVER w AS next_customer, stage AS from_stage, lead(stage) OVER w AS to_stage
	FROM event WINDOW w AS (ORDER BY customer, "at"))
WHERE next_customer = customer
GROUP BY from_stage, to_stage;

-- way: clickhouse
SELECT from_stage, to_stage, count() AS moves
FROM (
		SELECT groupArray(stage) AS stages
		FROM (SELECT customer, stage FROM event ORDER BY customer, at)
		GROUP BY customer SETTINGS optimize_aggregation_in_order = 1)
ARRAY JOIN arrayPopBack(stages) AS from_stage, arrayPopFront(stages) AS to_stage
GROUP BY from_stage, to_stage;
