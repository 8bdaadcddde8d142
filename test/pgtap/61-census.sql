-- Census: what its numbers mean, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(15);

CREATE TABLE client (id int, journey journey, deleted_at timestamptz);
INSERT INTO client VALUES
	(1, '{lead@2026-01-01,won@2026-03-01}', NULL),
	(2, '{lead@2026-01-15,lost@2026-02-10}', '2026-04-01'),
	(3, NULL, NULL);
CREATE FUNCTION stock(of_stage text, spec census_spec) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT array_agg(count ORDER BY at) FROM census_cells((SELECT census_agg(journey, spec) FROM client)) WHERE stage = of_stage
$$;

SELECT is(stock('lead', 'from 2026-01-01 to 2026-04-01 every 1 month'), '{1,2,0,0}'::bigint[], 'the instant of entry belongs to the new stage');
SELECT is(stock('won', 'from 2026-01-01 to 2026-04-01 every 1 month'), '{0,0,1,1}'::bigint[], 'the last stage lasts');
SELECT is(stock('lead', 'from 2025-12-31T23:59:59Z to 2025-12-31T23:59:59Z every 1 month'), NULL, 'before its first step a journey is nowhere');
SELECT is((SELECT array_agg(count ORDER BY at) FROM census_cells((SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month', deleted_at) FROM client)) WHERE stage = 'lost'),
	'{0,0,1,0}'::bigint[], '"until" ends a presence, and its instant is not in it');
SELECT is((SELECT array_agg(count ORDER BY at) FROM census_cells((SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month', deleted_at) FROM client)) WHERE stage = 'won'),
	'{0,0,1,1}'::bigint[], '"until" NULL ends nothing');
SELECT is((SELECT count(*) FROM census_cells((SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 month') FROM client))), 12::bigint,
	'every stage has a row at every instant');
SELECT is((SELECT array_agg(at::date ORDER BY at) FROM census_cells((SELECT census_agg('{a@2020-01-01}', 'from 2026-01-31 to 2026-05-31 every 1 month')))),
	'{2026-01-31,2026-02-28,2026-03-31,2026-04-30,2026-05-31}'::date[], 'instants are counted from the first one');
SELECT is((SELECT array_agg(at ORDER BY at) FROM census_cells((SELECT census_agg('{a@2020-01-01}', 'from 2026-03-28 to 2026-03-30 every 1 day at time zone ''Europe/Paris''')))),
	'{2026-03-27T23:00Z,2026-03-28T23:00Z,2026-03-29T22:00Z}'::timestamptz[], 'with a time zone they are its midnights');
SELECT is((SELECT array_agg(at ORDER BY at) FROM census_cells((SELECT census_agg('{a@2020-01-01}', 'from 2026-03-29T00:00+01 to 2026-03-29T06:00+02 every 1 hour at time zone ''Europe/Paris''')))),
	(SELECT array_agg(t ORDER BY t) FROM generate_series('2026-03-28T23:00Z'::timestamptz, '2026-03-29T04:00Z', '1 hour') t), 'hours are hours when the clocks change');
SELECT is((SELECT census_agg(journey, 'from 2026-01-01 to 2026-02-01 every 1 month')::text FROM client WHERE id = 3), '{from 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z every 1 month}',
	'a journey that is null is nobody');
SELECT is((SELECT census_agg(journey, 'from 2026-01-01 to 2026-02-01 every 1 month')::text FROM client WHERE false), NULL, 'no rows, no census');
SELECT is((SELECT rollup(c)::text FROM (SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 week') AS c FROM client GROUP BY id) x),
	(SELECT census_agg(journey, 'from 2026-01-01 to 2026-04-01 every 1 week')::text FROM client), 'rollup of the parts is the whole');
SELECT throws_ok($$SELECT rollup(c) FROM (VALUES (census '{from 2026-01-01 to 2026-02-01 every 1 month}'), ('{from 2026-01-01 to 2026-02-01 every 1 week}')) x(c)$$, '22023', NULL,
	'what was counted differently cannot be rolled up');
SELECT throws_ok($$SELECT census_spec 'from 2026-01-01 to 2026-02-01 every 1 second'$$, '54000', NULL, 'more than 100,000 instants are too many');
SELECT throws_ok($$SELECT census_spec 'from 2026-02-01 to 2026-01-01 every 1 day'$$, '22023', NULL, 'it must not end before it begins');

SELECT finish();
ROLLBACK;
