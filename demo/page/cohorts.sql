SELECT to_char(cohort, 'Mon YYYY') AS subscribed, size AS customers, period AS months, retained,
       round(100 * share::numeric, 1) AS "% retained"
FROM (SELECT lifecycle.retention_agg(journey, 'from onboarding while onboarding, active, expanded, at_risk
                 every 1 month for 12 at end as of 2026-01-01') AS retention FROM customers) r,
     lifecycle.retention_cells(retention)
WHERE cohort IS NOT NULL AND complete
ORDER BY cohort, period
