-- A help desk's log of events becomes journeys.

CREATE TABLE tickets AS
SELECT case_id, lifecycle.journey_agg(activity, at, seq) AS journey
FROM ticket_event GROUP BY case_id;

-- The ways that tickets really go, the most travelled first.
SELECT lifecycle.path(journey), count(*) FROM tickets GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5;

-- How many get how far within 30 days?
SELECT s.step, s.stage, s.reached, round(100 * s.from_first::numeric, 1) AS "%"
FROM (
    SELECT lifecycle.funnel_agg(journey,
        '"Assign seriousness" > "Take in charge ticket" > "Resolve ticket" > Closed within 30 days') AS funnel
    FROM tickets
) f, lifecycle.funnel_steps(funnel) s
ORDER BY s.step;

-- What follows what, how often and after how long?
SELECT from_stage, to_stage, moves, round(extract(epoch FROM p50) / 3600, 1) AS "p50 hours",
       round(extract(epoch FROM p90) / 3600, 1) AS "p90 hours"
FROM (SELECT lifecycle.velocity_agg(journey) AS velocity FROM tickets) v,
     lifecycle.velocity_moves(velocity)
ORDER BY moves DESC, from_stage, to_stage LIMIT 10;
