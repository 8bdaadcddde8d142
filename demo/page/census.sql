SELECT at::date AS day, s.title AS stage, sum(count) AS customers
FROM (SELECT lifecycle.census_agg(journey, 'from 2025-01-01 to 2026-01-01 every 7 days') AS census
      FROM customers) c,
     lifecycle.census_cells(census) JOIN customers_stages s USING (stage)
GROUP BY at, s.title, s.position
ORDER BY at, s.position
