SELECT coalesce(segment, 'everybody') AS segment, s.step, s.stage, s.reached,
       round(100 * s.from_first::numeric, 1) AS "% of first",
       round(100 * s.from_previous::numeric, 1) AS "% of step before"
FROM (SELECT segment, lifecycle.funnel_agg(journey,
                 'lead > trial > onboarding > active within 90 days as of 2026-01-01') AS funnel
      FROM customers GROUP BY ROLLUP (segment)) f,
     lifecycle.funnel_steps(funnel) s
ORDER BY f.segment NULLS FIRST, s.step
