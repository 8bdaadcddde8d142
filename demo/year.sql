-- A year at a SaaS company: 10,000 customers and how each moved between stages, generated.
--
-- The same rows on every machine and version: chance is a hash of the customer, the step and a word, never
-- random(). Dwells are lognormal (many short, few very long), as they are in real pipelines; segments
-- differ in how likely and how fast they move; leads are lost, customers churn, some are won back. History
-- runs through 2025 and is cut at midnight of 2026-01-01 UTC, so young customers are in the middle of it.

CREATE TABLE customers (
    id      bigint PRIMARY KEY,
    name    text NOT NULL,
    segment text NOT NULL,
    channel text NOT NULL,
    email   text,
    mrr     numeric,
    stage   text NOT NULL,
    reason  text,
    journey lifecycle.journey
);

-- 0 <= chance < 1
CREATE FUNCTION pg_temp.chance(customer bigint, step int, word text) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || substr(md5(customer || ':' || step || ':' || word), 1, 13))::bit(52)::bigint / 2.0 ^ 52
$$;

-- From every stage and in every segment: how likely is which move, and after how many days (the median).
CREATE TEMP TABLE habit AS
WITH likely(from_stage, to_stage, sigma, self_serve, mid_market, enterprise, days_s, days_m, days_e) AS (
    VALUES
    ('lead',       'trial',      1.0, 0.55, 0.47, 0.36,  2.0,   6.0,  15.0),
    ('lead',       'lost',       0.9, 0.37, 0.40, 0.46, 12.0,  30.0,  45.0),
    ('trial',      'onboarding', 0.7, 0.38, 0.50, 0.62,  8.0,  15.0,  30.0),
    ('trial',      'lost',       0.6, 0.55, 0.42, 0.28, 14.0,  21.0,  50.0),
    ('onboarding', 'active',     0.8, 0.84, 0.88, 0.91,  3.0,  10.0,  30.0),
    ('onboarding', 'at_risk',    0.6, 0.13, 0.10, 0.07, 10.0,  20.0,  50.0),
    ('active',     'expanded',   0.8, 0.16, 0.30, 0.42, 60.0,  75.0,  90.0),
    ('active',     'at_risk',    0.9, 0.48, 0.32, 0.18, 45.0,  70.0, 100.0),
    ('expanded',   'at_risk',    0.8, 0.22, 0.15, 0.10, 70.0,  90.0, 120.0),
    ('at_risk',    'active',     0.8, 0.34, 0.46, 0.58, 10.0,  15.0,  20.0),
    ('at_risk',    'churned',    0.7, 0.60, 0.44, 0.30, 15.0,  25.0,  40.0),
    ('churned',    'onboarding', 0.8, 0.24, 0.27, 0.30, 30.0,  40.0,  50.0),
    ('lost',       'trial',      0.7, 0.05, 0.08, 0.10, 60.0,  75.0,  90.0)
), by_segment AS (
    SELECT from_stage, to_stage, sigma, segment, likely, days
    FROM likely, LATERAL (VALUES ('self-serve', self_serve, days_s), ('mid-market', mid_market, days_m),
                                 ('enterprise', enterprise, days_e)) s (segment, likely, days)
)
SELECT from_stage, to_stage, segment, sigma::float8, ln(days)::float8 AS mu,
       (sum(likely) OVER earlier - likely)::float8 AS low, (sum(likely) OVER earlier)::float8 AS high
FROM by_segment
WINDOW earlier AS (PARTITION BY from_stage, segment ORDER BY to_stage);
ANALYZE habit;

-- What is drawn by lot and how likely it is: in every segment the channel through which somebody came, and
-- why somebody left.
CREATE TEMP TABLE lot AS
WITH likely(lot, outcome, self_serve, mid_market, enterprise) AS (
    VALUES
    ('channel', 'ads',             0.34, 0.20, 0.05),
    ('channel', 'events',          0.02, 0.12, 0.25),
    ('channel', 'outbound',        0.02, 0.20, 0.40),
    ('channel', 'referral',        0.14, 0.16, 0.18),
    ('channel', 'search',          0.48, 0.32, 0.12),
    ('lost',    'competitor',      0.12, 0.22, 0.30),
    ('lost',    'missing feature', 0.14, 0.22, 0.26),
    ('lost',    'no need',         0.44, 0.28, 0.14),
    ('lost',    'price',           0.30, 0.28, 0.30),
    ('churned', 'closed down',     0.16, 0.08, 0.02),
    ('churned', 'competitor',      0.18, 0.30, 0.40),
    ('churned', 'missing feature', 0.24, 0.30, 0.34),
    ('churned', 'price',           0.42, 0.32, 0.24)
), by_segment AS (
    SELECT lot, outcome, segment, likely
    FROM likely, LATERAL (VALUES ('self-serve', self_serve), ('mid-market', mid_market),
                                 ('enterprise', enterprise)) s (segment, likely)
)
SELECT lot, outcome, segment,
       (sum(likely) OVER earlier - likely)::float8 AS low, (sum(likely) OVER earlier)::float8 AS high
FROM by_segment
WINDOW earlier AS (PARTITION BY lot, segment ORDER BY outcome);
ANALYZE lot;

CREATE TEMP TABLE newcomer AS
SELECT id, segment, outcome AS channel,
       -- the power: the company grows, so a few more arrive late in the year than early
       timestamptz '2025-01-01 00:00Z' + pg_temp.chance(id, 0, 'arrival') ^ 0.8 * interval '365 days' AS at
FROM (
    SELECT id, CASE WHEN pg_temp.chance(id, 0, 'segment') < 0.62 THEN 'self-serve'
                    WHEN pg_temp.chance(id, 0, 'segment') < 0.90 THEN 'mid-market'
                    ELSE 'enterprise' END AS segment,
           pg_temp.chance(id, 0, 'channel') AS luck
    FROM generate_series(1, 10000) id
) somebody
JOIN lot USING (segment)
WHERE lot = 'channel' AND luck >= low AND luck < high;

CREATE TEMP TABLE event AS
WITH RECURSIVE walk AS (
    SELECT id, segment, channel, 'lead' AS stage, at, 1 AS step FROM newcomer
  UNION ALL
    SELECT id, segment, channel, to_stage, next_at, step + 1
    FROM (
        SELECT w.id, w.segment, w.channel, h.to_stage, w.step,
               w.at + exp(h.mu + h.sigma * sqrt(-2 * ln(1 - pg_temp.chance(w.id, w.step, 'radius')))
                                         * cos(2 * pi() * pg_temp.chance(w.id, w.step, 'angle')))
                    * interval '1 day' AS next_at
        -- before they buy, whoever was recommended is luckier than who saw an ad: "lost" is what little luck
        -- means there, being the first by name
        FROM (SELECT *, pg_temp.chance(id, step, 'move')
                        ^ CASE WHEN stage NOT IN ('lead', 'trial') THEN 1 WHEN channel = 'referral' THEN 0.7
                               WHEN channel = 'ads' THEN 1.3 ELSE 1 END AS luck
              FROM walk OFFSET 0) w
        JOIN habit h ON h.from_stage = w.stage AND h.segment = w.segment AND luck >= low AND luck < high
    ) moved
    WHERE next_at < timestamptz '2026-01-01 00:00Z' AND step < 40
)
SELECT id, stage, date_trunc('second', at) AS at, step FROM walk;

INSERT INTO customers
SELECT id,
       (ARRAY['Amber', 'Birch', 'Cedar', 'Delta', 'Ember', 'Fjord', 'Garnet', 'Harbor', 'Iris', 'Juniper',
              'Kestrel', 'Lumen', 'Maple', 'Nimbus', 'Onyx', 'Prairie', 'Quartz', 'River', 'Slate', 'Tundra']
       )[1 + floor(20 * pg_temp.chance(id, 0, 'first'))::int] || ' ' ||
       (ARRAY['Analytics', 'Bakery', 'Clinics', 'Design', 'Energy', 'Foods', 'Garage', 'Hotels', 'Insurance',
              'Logistics', 'Media', 'Networks', 'Optics', 'Press', 'Robotics', 'Studio', 'Textiles', 'Works']
       )[1 + floor(18 * pg_temp.chance(id, 0, 'second'))::int] || ' ' || id,
       segment, channel,
       CASE WHEN paid OR tried OR pg_temp.chance(id, 0, 'email') < 0.8 THEN 'hello@customer' || id || '.example' END,
       CASE WHEN paid THEN round((CASE segment WHEN 'self-serve' THEN 40 WHEN 'mid-market' THEN 400 ELSE 4000 END
                                  * (0.5 + 2 * pg_temp.chance(id, 0, 'mrr')))::numeric, 2) END,
       lifecycle.current_stage(journey),
       (SELECT outcome FROM lot
        WHERE lot = lifecycle.current_stage(journey) AND lot.segment = history.segment
              AND pg_temp.chance(id, lifecycle.step_count(journey), 'reason') >= low
              AND pg_temp.chance(id, lifecycle.step_count(journey), 'reason') < high),
       journey
FROM (
    SELECT id, segment, channel, lifecycle.journey_agg(stage, event.at, step) AS journey,
           bool_or(stage = 'trial') AS tried, bool_or(stage = 'onboarding') AS paid
    FROM newcomer JOIN event USING (id)
    GROUP BY id, segment, channel
) history;
ANALYZE customers;
