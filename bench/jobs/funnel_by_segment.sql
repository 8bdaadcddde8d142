-- Funnel by segment: the same six steps within 180 days, for each of three segments
--
-- goal: extension@1 / count@1 <= 1.4
-- goal: extension@1 / extension@2 >= 1.8
-- show: sql@1 / extension@1
-- show: duckdb@2 / extension@2
-- show: clickhouse@2 / extension@2

-- way: extension
SELECT segment, step, reached
FROM (SELECT segment, lifecycle.funnel_agg(journey, 'lead > mql > sql > demo > proposal > won within 180 days') AS f
	FROM bench.journey GROUP BY segment) x, lifecycle.funnel_steps(f);

-- yardstick: count
SELECT segment, count(journey) FROM bench.journey GROUP BY segment;

-- way: sql
SELECT segment, step, sum(customers) AS reached
FROM (SELECT segment, level, count(*) AS customers FROM (
	SELECT segment, max(CASE
		WHEN stage = 'won' AND entry5 >= since THEN 6
		WHEN stage = 'proposal' AND entry4 >= since THEN 5
		WHEN stage = 'demo' AND entry3 >= since THEN 4
		WHEN stage = 'sql' AND entry2 >= since THEN 3
		WHEN stage = 'mql' AND entry1 >= since THEN 2
		WHEN stage = 'lead' THEN 1 END) AS level
	FROM (SELECT *, max(entry4) FILTER (WHERE stage = 'proposal' AND entry4 >= since) OVER w AS entry5
	FROM (SELECT *, max(entry3) FILTER (WHERE stage = 'demo' AND entry3 >= since) OVER w AS entry4
	FROM (SELECT *, max(entry2) FILTER (WHERE stage = 'sql' AND entry2 >= since) OVER w AS entry3
	FROM (SELECT *, max(entry1) FILTER (WHERE stage = 'mql' AND entry1 >= since) OVER w AS entry2
	FROM (SELECT customer, at, stage, segment, at - interval '4320 hours' AS since, max(at) FILTER (WHERE stage = 'lead') OVER w AS entry1
	FROM bench.event WHERE stage IN ('lead', 'mql', 'sql', 'demo', 'proposal', 'won')
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e1
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e2
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e3
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e4
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e5
	GROUP BY customer, segment) l GROUP BY segment, level) levels, generate_series(1, 6) step
WHERE level >= step GROUP BY segment, step;

-- way: duckdb
WITH visits AS (
	SELECT customer, any_value(segment) AS segment,
		list("at" ORDER BY "at") FILTER (stage = 'lead') AS leads,
		list("at" ORDER BY "at") FILTER (stage = 'mql') AS mqls,
		list("at" ORDER BY "at") FILTER (stage = 'sql') AS sqls,
		list("at" ORDER BY "at") FILTER (stage = 'demo') AS demos,
		list("at" ORDER BY "at") FILTER (stage = 'proposal') AS proposals,
		list("at" ORDER BY "at") FILTER (stage = 'won') AS wins
	FROM event WHERE stage IN ('lead', 'mql', 'sql', 'demo', 'proposal', 'won') GROUP BY customer),
s1 AS (SELECT *, unnest(leads) AS t1 FROM visits),
s2 AS (SELECT *, list_min(list_filter(mqls, lambda t: t > t1)) AS t2 FROM s1),
s3 AS (SELECT *, list_min(list_filter(sqls, lambda t: t > t2)) AS t3 FROM s2),
s4 AS (SELECT *, list_min(list_filter(demos, lambda t: t > t3)) AS t4 FROM s3),
s5 AS (SELECT *, list_min(list_filter(proposals, lambda t: t > t4)) AS t5 FROM s4),
s6 AS (SELECT *, list_min(list_filter(wins, lambda t: t > t5)) AS t6, t1 + INTERVAL 180 DAYS AS till FROM s5),
levels AS (
	SELECT segment, max(CASE WHEN t6 <= till THEN 6 WHEN t5 <= till THEN 5 WHEN t4 <= till THEN 4
		WHEN t3 <= till THEN 3 WHEN t2 <= till THEN 2 ELSE 1 END) AS level
	FROM s6 GROUP BY customer, segment)
SELECT segment, step, sum(customers) AS reached
FROM (SELECT segment, level, count(*) AS customers FROM levels GROUP BY segment, level) l, generate_series(1, 6) g (step)
WHERE level >= step GROUP BY segment, step;

-- way: clickhouse
SELECT segment, step, sum(customers) AS reached
FROM (SELECT segment, level, count() AS customers FROM (
	SELECT any(segment) AS segment, windowFunnel(15552000)(at, stage = 'lead', stage = 'mql', stage = 'sql', stage = 'demo', stage = 'proposal', stage = 'won') AS level
	FROM event WHERE stage IN ('lead', 'mql', 'sql', 'demo', 'proposal', 'won') GROUP BY customer
	SETTINGS optimize_aggregation_in_order = 1)
	GROUP BY segment, level)
ARRAY JOIN range(1, level + 1) AS step
GROUP BY segment, step;
