-- Customers, their events and their journeys: what bench/questions asks its questions of.
--
--   psql -v customers=1000000 -v events=true -f bench/generate.sql
--
-- The same customers for the same number, on every machine: chance is a hash of customer and step. Block by
-- block, so that time grows linearly and memory does not. events=false makes the journeys only.
--
--   bench.event           in the order of customers, with the index that plain SQL wants
--   bench.event_by_time   the same rows as they would have come in, without it
--   bench.journey         a row for each customer: the same events as journeys

\set ON_ERROR_STOP on
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE SCHEMA bench;

-- 15 stages and 35 moves, with how likely each is and how many days it takes in the median. Where the odds
-- of a stage do not add up to 1, journeys end there. Loops: mql, sql, demo, proposal, at_risk; win-backs:
-- lost, churned.
CREATE TABLE bench.move AS
	SELECT from_stage, to_stage, (days * 86400)::float8 AS dwell,
		(sum(odds) OVER (PARTITION BY from_stage ORDER BY to_stage) - odds)::float8 AS low,
		(sum(odds) OVER (PARTITION BY from_stage ORDER BY to_stage))::float8 AS high
	FROM (VALUES
		('visitor', 'lead', 0.84, 3), ('visitor', 'lost', 0.16, 30),
		('lead', 'mql', 0.70, 5), ('lead', 'nurture', 0.18, 14), ('lead', 'lost', 0.12, 30),
		('nurture', 'lead', 0.30, 40), ('nurture', 'mql', 0.45, 30), ('nurture', 'lost', 0.25, 60),
		('mql', 'sql', 0.74, 4), ('mql', 'nurture', 0.13, 10), ('mql', 'lost', 0.13, 20),
		('sql', 'demo', 0.76, 6), ('sql', 'mql', 0.10, 8), ('sql', 'lost', 0.14, 15),
		('demo', 'proposal', 0.72, 7), ('demo', 'sql', 0.10, 9), ('demo', 'lost', 0.18, 14),
		('proposal', 'contract', 0.68, 8), ('proposal', 'demo', 0.12, 6), ('proposal', 'lost', 0.20, 21),
		('contract', 'won', 0.66, 10), ('contract', 'proposal', 0.16, 7), ('contract', 'lost', 0.18, 20),
		('lost', 'nurture', 0.13, 90), ('lost', 'lead', 0.08, 60),
		('won', 'onboarding', 1.00, 2),
		('onboarding', 'active', 0.90, 21), ('onboarding', 'at_risk', 0.10, 30),
		('active', 'expansion', 0.45, 120), ('active', 'at_risk', 0.55, 150),
		('expansion', 'active', 0.80, 30), ('expansion', 'at_risk', 0.20, 60),
		('at_risk', 'active', 0.60, 20), ('at_risk', 'churned', 0.40, 40),
		('churned', 'contract', 0.20, 90)
	) m (from_stage, to_stage, odds, days);

-- The n-th number of some bits in [0, 1): by hash, because random() depends on the plan.
CREATE FUNCTION bench.chance(bits bigint, n integer) RETURNS float8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (((bits >> (21 * n)) & 2097151) + float8 '0.5') / 2097152;

-- The events of some customers in their order. Everybody comes in one of 24 monthly cohorts, in one of
-- 3 segments; dwells are lognormal, and longer in larger companies; no event is later than 2026-07-01.
CREATE FUNCTION bench.walk(first_customer bigint, last_customer bigint)
	RETURNS TABLE (customer bigint, at timestamptz, stage text, segment text)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE walk AS (
		SELECT c AS customer, s.segment, s.pace, 'visitor' AS stage, 1 AS step,
			(extract(epoch FROM month) + bench.chance(bits, 2) * extract(epoch FROM month + '1 month' - month))::bigint AS at
		FROM generate_series(first_customer, last_customer) c
			CROSS JOIN LATERAL (SELECT hashint8extended(c, 1) AS bits) h
			CROSS JOIN LATERAL (SELECT timestamptz '2024-01-01Z' AT TIME ZONE 'UTC'
				+ make_interval(months => floor(24 * bench.chance(bits, 1))::integer) AS month) m
			JOIN (VALUES ('smb', float8 '0.0', float8 '0.6', float8 '0.7'), ('mid_market', 0.6, 0.9, 1.0), ('enterprise', 0.9, 1.0, 1.6))
				s (segment, low, high, pace) ON bench.chance(bits, 0) >= s.low AND bench.chance(bits, 0) < s.high
		UNION ALL
		SELECT w.customer, w.segment, w.pace, m.to_stage, w.step + 1, w.at + d.dwell
		FROM walk w
			CROSS JOIN LATERAL (SELECT hashint8extended(w.customer, w.step + 1) AS bits) h
			JOIN bench.move m ON m.from_stage = w.stage
				AND bench.chance(bits, 0) >= m.low AND bench.chance(bits, 0) < m.high
			CROSS JOIN LATERAL (SELECT 1 + (m.dwell * w.pace * exp(0.9 * sqrt(-2 * ln(bench.chance(bits, 1)))
				* cos(2 * pi() * bench.chance(bits, 2))))::bigint AS dwell) d
		WHERE w.at + d.dwell < extract(epoch FROM timestamp '2026-07-01')::bigint
	)
	SELECT walk.customer, to_timestamp(walk.at), walk.stage, walk.segment
	FROM walk ORDER BY walk.customer, walk.at;
END;

-- Blocks of customers: first and last.
CREATE FUNCTION bench.blocks(customers bigint) RETURNS TABLE (first_customer bigint, last_customer bigint)
	LANGUAGE sql IMMUTABLE ROWS 100
BEGIN ATOMIC
	SELECT first, least(first + 19999, customers) FROM generate_series(1, customers, 20000) first;
END;

CREATE TABLE bench.journey (customer bigint NOT NULL, segment text COLLATE "C" NOT NULL, journey lifecycle.journey NOT NULL);

\if :events
CREATE TABLE bench.event (customer bigint NOT NULL, at timestamptz NOT NULL,
	stage text COLLATE "C" NOT NULL, segment text COLLATE "C" NOT NULL);
INSERT INTO bench.event
	SELECT w.* FROM bench.blocks(:customers) b, bench.walk(b.first_customer, b.last_customer) w;
CREATE UNIQUE INDEX event_of_customer ON bench.event (customer, at) INCLUDE (stage, segment);
VACUUM ANALYZE bench.event;
CREATE TABLE bench.event_by_time AS SELECT * FROM bench.event ORDER BY at, customer;
INSERT INTO bench.journey
	SELECT customer, min(segment), lifecycle.journey_agg(stage, at) FROM bench.event GROUP BY customer ORDER BY customer;
\else
INSERT INTO bench.journey
	SELECT j.* FROM bench.blocks(:customers) b CROSS JOIN LATERAL (
		SELECT w.customer, w.segment, lifecycle.journey_agg(w.stage, w.at)
		FROM bench.walk(b.first_customer, b.last_customer) w GROUP BY w.customer, w.segment ORDER BY w.customer) j;
\endif
