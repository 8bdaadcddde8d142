-- Funnel from events, by customer: journeys made and asked in one statement, none stored
--
-- goal: sql@1 / extension@1 >= 3.5
-- goal: extension@1 / last@1 <= 1.3
-- show: extension@1 / last_ordered@1
-- show: hashed@1 / last@1

-- way: extension
SELECT step, reached
FROM (SELECT lifecycle.funnel_agg(journey, 'lead > mql > sql > demo > proposal > won within 180 days') AS f
	FROM (SELECT lifecycle.journey_agg(stage, at) AS journey FROM (
		SELECT customer, stage, at FROM bench.event ORDER BY customer, at) e GROUP BY customer) j) x, lifecycle.funnel_steps(f);

-- way: hashed
SELECT step, reached
FROM (SELECT lifecycle.funnel_agg(journey, 'lead > mql > sql > demo > proposal > won within 180 days') AS f
	FROM (SELECT lifecycle.journey_agg(stage, at) AS journey FROM bench.event GROUP BY customer) j) x, lifecycle.funnel_steps(f);

-- yardstick: last
SELECT max(at) FROM (SELECT max(at) AS at FROM bench.event GROUP BY customer) x;

-- yardstick: last_ordered
SELECT max(at) FROM (SELECT max(at) AS at FROM (
	SELECT customer, at FROM bench.event ORDER BY customer, at) e GROUP BY customer) x;

-- way: sql
SELECT step, sum(customers) AS reached
FROM (SELECT level, count(*) AS customers FROM (
	SELECT max(CASE
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
	FROM (SELECT customer, at, stage, at - interval '4320 hours' AS since, max(at) FILTER (WHERE stage = 'lead') OVER w AS entry1
	FROM bench.event WHERE stage IN ('lead', 'mql', 'sql', 'demo', 'proposal', 'won')
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e1
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e2
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e3
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e4
	WINDOW w AS (PARTITION BY customer ORDER BY at ROWS UNBOUNDED PRECEDING)) e5
	GROUP BY customer) l GROUP BY level) levels, generate_series(1, 6) step
WHERE level >= step GROUP BY step;
