-- A CRM's export is imported, history and all, into an attached table.

SELECT lifecycle.create_lifecycle('opportunity', $$
stateDiagram-v2
    direction LR
    [*] --> Prospecting
    [*] --> Engaging
    Prospecting --> Engaging : engage
    Engaging --> Won : sign [close_value > 0]
    Engaging --> Lost : drop
    note right of Won
        outcome: won
    end note
    note right of Lost
        outcome: lost
    end note
$$);

CREATE TABLE opportunities (LIKE pipeline_export, PRIMARY KEY (opportunity_id));
SELECT lifecycle.attach('opportunities', 'opportunity', stage_column => 'deal_stage');

-- The table's owner may bring rows with their history; it is checked like any other.
--
-- What the export knows of the past is the days of engagement and of closing. When somebody became a
-- prospect it does not say: all it proves is that they were one on its last day, so their journeys begin
-- there. A made-up earlier day would be in every average afterwards.
INSERT INTO opportunities
SELECT e.*, h.journey
FROM pipeline_export e
JOIN (
    SELECT opportunity_id, lifecycle.journey_agg(stage, day::timestamp AT TIME ZONE 'UTC', seq) AS journey
    FROM (
        SELECT opportunity_id, 'Prospecting' AS stage, date '2017-12-31' AS day, 1 AS seq
        FROM pipeline_export WHERE deal_stage = 'Prospecting'
      UNION ALL
        SELECT opportunity_id, 'Engaging', engage_date, 2
        FROM pipeline_export WHERE engage_date IS NOT NULL
      UNION ALL
        SELECT opportunity_id, deal_stage, close_date, 3
        FROM pipeline_export WHERE deal_stage IN ('Won', 'Lost')
    ) event
    GROUP BY opportunity_id
) h USING (opportunity_id);

SELECT deal_stage, count(*) FROM opportunities GROUP BY deal_stage ORDER BY count(*);

-- Of the deals engaged early enough to have had 90 days: how many were won within them?
SELECT product, s.eligible, s.reached AS won, round(100 * s.from_first::numeric, 1) AS "%"
FROM (
    SELECT product, lifecycle.funnel_agg(journey, 'Engaging > Won within 90 days as of 2017-12-31') AS funnel
    FROM opportunities GROUP BY product
) f, lifecycle.funnel_steps(funnel) s
WHERE s.stage = 'Won' ORDER BY product;

-- How long does it take to win, and to lose?
SELECT from_stage, to_stage, moves, round(extract(epoch FROM p50) / 86400, 1) AS "p50 days",
       round(extract(epoch FROM p90) / 86400, 1) AS "p90 days"
FROM (SELECT lifecycle.velocity_agg(journey) AS velocity FROM opportunities) v,
     lifecycle.velocity_moves(velocity)
ORDER BY from_stage, to_stage;
