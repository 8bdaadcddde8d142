-- The view customers_due is as of now. The demo's year is over, so its last midnight is asked for here.
SELECT c.name, c.segment, c.channel, d.stage, d.owner, d.since::date::text AS since, d.due_at::date::text AS due,
       d.overdue, extract(epoch FROM '2026-01-01' - d.due_at) / 86400 AS days_over
FROM lifecycle.due('customers', as_of => '2026-01-01') d JOIN customers c ON c.id = (d.key->>'id')::bigint
