-- What crm.sql and tickets.sql must answer. Counts are known; times are compared with plain SQL.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION pgtap;

SELECT plan(13);

-- ---- opportunities ----

SELECT results_eq(
    'SELECT deal_stage, count(*) FROM opportunities GROUP BY 1 ORDER BY 1',
    $$VALUES ('Engaging', 1589::bigint), ('Lost', 2473), ('Prospecting', 500), ('Won', 4238)$$,
    'every opportunity is in its stage');

SELECT is((SELECT count(*) FROM opportunities WHERE lifecycle.current_stage(journey) IS DISTINCT FROM deal_stage),
    0::bigint, 'every journey ends in its row''s stage');

SELECT throws_matching(
    $$UPDATE opportunities SET deal_stage = 'Won' WHERE opportunity_id = (SELECT min(opportunity_id)
      FROM opportunities WHERE deal_stage = 'Prospecting')$$,
    'illegal move', 'the filled table is held to its lifecycle');

CREATE TEMP VIEW deal_moves AS
SELECT m.* FROM (SELECT lifecycle.velocity_agg(journey) AS velocity FROM opportunities) v,
    lifecycle.velocity_moves(velocity) m;

CREATE TEMP TABLE won_dwell AS
SELECT sales_agent, (close_date - engage_date) * interval '1 day' AS dwell FROM pipeline_export WHERE deal_stage = 'Won';

SELECT is((SELECT moves FROM deal_moves WHERE (from_stage, to_stage) = ('Engaging', 'Won')), 4238::bigint,
    'every won deal is one move from engaging to won');

-- Exact: 4,238 deals, but in whole days not more than 512 different times.
SELECT results_eq(
    $$SELECT p50, p90 FROM deal_moves WHERE (from_stage, to_stage) = ('Engaging', 'Won')$$,
    $$SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell), percentile_cont(0.9) WITHIN GROUP (ORDER BY dwell)
      FROM won_dwell$$,
    'median and ninth decile of won deals'' days from engage to close are percentile_cont''s, exactly');

SELECT results_eq(
    $$SELECT sales_agent, p50, p90
      FROM (SELECT sales_agent, lifecycle.velocity_agg(journey) AS velocity FROM opportunities GROUP BY 1) v,
          lifecycle.velocity_moves(velocity)
      WHERE to_stage = 'Won' ORDER BY sales_agent COLLATE "C"$$,
    $$SELECT sales_agent, percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell),
          percentile_cont(0.9) WITHIN GROUP (ORDER BY dwell)
      FROM won_dwell GROUP BY 1 ORDER BY sales_agent COLLATE "C"$$,
    'each agent''s median and ninth decile are percentile_cont''s, exactly');

SELECT results_eq(
    $$SELECT product, eligible, reached
      FROM (SELECT product, lifecycle.funnel_agg(journey, 'Engaging > Won within 90 days as of 2017-12-31') AS funnel
            FROM opportunities GROUP BY 1) f, lifecycle.funnel_steps(funnel)
      WHERE stage = 'Won' ORDER BY product COLLATE "C"$$,
    $$SELECT product, count(*), count(*) FILTER (WHERE deal_stage = 'Won' AND close_date - engage_date <= 90)
      FROM pipeline_export WHERE engage_date + 90 <= date '2017-12-31' GROUP BY 1 ORDER BY product COLLATE "C"$$,
    'the funnel by product is the count of deals won within 90 days');

-- ---- tickets ----

SELECT is((SELECT count(*) FROM tickets), 4580::bigint, 'every ticket has a journey');
SELECT is((SELECT sum(lifecycle.step_count(journey)) FROM tickets), 21348::bigint, 'every event is a step');
SELECT is((SELECT count(DISTINCT lifecycle.path(journey)) FROM tickets), 226::bigint, 'tickets go 226 ways');

CREATE TEMP VIEW ticket_moves AS
SELECT m.* FROM (SELECT lifecycle.velocity_agg(journey) AS velocity FROM tickets) v,
    lifecycle.velocity_moves(velocity) m;

SELECT results_eq('SELECT sum(moves)::bigint, count(*) FROM ticket_moves', 'VALUES (16768::bigint, 55::bigint)',
    '16,768 events follow another, in 55 kinds');

CREATE TEMP VIEW follows AS
SELECT lag(activity) OVER w AS from_stage, activity AS to_stage, at - lag(at) OVER w AS dwell
FROM ticket_event WINDOW w AS (PARTITION BY case_id ORDER BY at, seq);

SELECT results_eq(
    $$SELECT from_stage, to_stage, moves FROM ticket_moves ORDER BY from_stage COLLATE "C", to_stage COLLATE "C"$$,
    $$SELECT from_stage, to_stage, count(*) FROM follows WHERE from_stage IS NOT NULL
      GROUP BY 1, 2 ORDER BY from_stage COLLATE "C", to_stage COLLATE "C"$$,
    'each kind as often as plain SQL counts');

SELECT results_eq(
    $$SELECT from_stage, to_stage, p50 FROM ticket_moves WHERE moves <= 512 ORDER BY from_stage COLLATE "C", to_stage COLLATE "C"$$,
    $$SELECT from_stage, to_stage, percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell)
      FROM follows WHERE from_stage IS NOT NULL GROUP BY 1, 2 HAVING count(*) <= 512
      ORDER BY from_stage COLLATE "C", to_stage COLLATE "C"$$,
    'the median of each rarer kind is percentile_cont''s, exactly');

SELECT * FROM finish();
