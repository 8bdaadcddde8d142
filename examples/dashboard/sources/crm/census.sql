-- The view customers_census counts back from today. The demo's year is over, so its own is asked for here.
SELECT segment, at::date::text AS day, title, position, count AS customers
FROM (SELECT segment, lifecycle.census_agg(journey, 'from 2025-01-06 to 2026-01-01 every 7 days') AS census
      FROM customers GROUP BY segment) c,
     lifecycle.census_cells(census) JOIN customers_stages USING (stage)
