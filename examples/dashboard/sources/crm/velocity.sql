-- Percentiles do not add up, so everybody has rows, too.
SELECT coalesce(segment, '%') AS segment, f.title AS from_title, f.position AS from_position,
       t.title AS to_title, t.position AS to_position, moves, share,
       extract(epoch FROM p50) / 86400 AS p50_days, extract(epoch FROM p90) / 86400 AS p90_days
FROM (SELECT segment, lifecycle.velocity_agg(journey) AS velocity FROM customers GROUP BY ROLLUP (segment)) v,
     lifecycle.velocity_moves(velocity)
     JOIN customers_stages f ON f.stage = from_stage
     JOIN customers_stages t ON t.stage = to_stage
