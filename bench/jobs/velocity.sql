-- Velocity: each of the 35 moves, how often and how fast: count, mean, median, 90th percentile, slowest
--
-- Beyond 512 distinct dwells the extension's percentiles are good to 1 % of a neighbouring sample; the others' are exact.
--
-- within: 0 0 0 1e-6 0.02 0.02 0
-- goal: extension@1 / count@1 <= 1.8
-- show: extension@1 / extension@2
-- goal: sql@1 / extension@1 >= 50
-- goal: duckdb@2 / extension@2 >= 7
-- goal: clickhouse@2 / extension@2 >= 5

-- way: extension
SELECT from_stage, to_stage, moves, extract(epoch FROM mean), extract(epoch FROM p50), extract(epoch FROM p90), extract(epoch FROM max)
FROM (SELECT lifecycle.velocity_agg(journey) AS v FROM bench.journey) x, lifecycle.velocity_moves(v);

-- yardstick: count
SELECT count(journey) FROM bench.journey;

-- way: sql
SELECT from_stage, to_stage, moves, mean, percentiles[1], percentiles[2], slowest
FROM (
	SELECT from_stage, to_stage, count(*) AS moves, avg(dwell) AS mean,
		percentile_cont('{0.5, 0.9}'::float8[]) WITHIN GROUP (ORDER BY dwell) AS percentiles, max(dwell) AS slowest
	FROM (
		SELECT stage AS to_stage, lag(stage) OVER w AS from_stage, date_part('epoch', at - lag(at) OVER w) AS dwell
		FROM bench.event
		WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) x
	WHERE from_stage IS NOT NULL
	GROUP BY from_stage, to_stage) x;

-- way: duckdb
SELECT from_stage, to_stage, moves, mean, percentiles[1], percentiles[2], slowest
FROM (
	SELECT from_stage, to_stage, count(*) AS moves, avg(dwell) AS mean,
		quantile_cont(dwell, [0.5, 0.9]) AS percentiles, max(dwell) AS slowest
	FROM (
		SELECT customer, lead(customer) OVER w AS next_customer, stage AS from_stage, lead(stage) OVER w AS to_stage, date_diff('second', "at", lead("at") OVER w) AS dwell
		FROM event WINDOW w AS (ORDER BY customer, "at")) x
	WHERE next_customer = customer
	GROUP BY from_stage, to_stage) x;

-- way: clickhouse
SELECT from_stage, to_stage, moves, mean, percentiles[1], percentiles[2], slowest
FROM (
	SELECT from_stage, to_stage, count() AS moves, avg(dwell) AS mean,
		quantilesExactInclusive(0.5, 0.9)(dwell) AS percentiles, max(dwell) AS slowest
	FROM (
		SELECT customer, leadInFrame(customer) OVER w AS next_customer, stage AS from_stage, leadInFrame(stage) OVER w AS to_stage,
			leadInFrame(at) OVER w - at AS dwell
		FROM event WINDOW w AS (ORDER BY customer, at ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING))
	WHERE next_customer = customer
	GROUP BY from_stage, to_stage);
