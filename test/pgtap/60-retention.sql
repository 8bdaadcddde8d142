-- Retention: what its numbers mean, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(30);

CREATE TABLE client (id int, journey journey);
INSERT INTO client VALUES
	(1, '{trial@2025-12-20,customer@2026-01-15,churned@2026-03-01}'),
	(2, '{customer@2026-01-31T23:30:00Z,expansion@2026-02-10}'),
	(3, '{customer@2026-02-03,churned@2026-02-20,customer@2026-04-10}'),
	(4, '{trial@2026-02-01}');
-- The retained of one cohort, or with NULL of all together, up to an instant.
CREATE FUNCTION curve(of_cohort date, spec retention_spec, until timestamptz DEFAULT '2026-05-01') RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT array_agg(retained ORDER BY period)
	FROM retention_cells((SELECT retention_agg(journey, spec, until) FROM client)) WHERE cohort::date IS NOT DISTINCT FROM of_cohort
$$;
CREATE FUNCTION one(journey, spec retention_spec) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT array_agg(retained ORDER BY period) FROM retention_cells((SELECT retention_agg($1, spec))) WHERE cohort IS NOT NULL
$$;

SELECT is(curve('2026-01-01', 'from customer while customer, expansion every 1 month for 4'), '{2,2,1,1}'::bigint[],
	'a cohort is a calendar month; who leaves at the first instant of March is retained in February');
SELECT is(curve('2026-01-01', 'from customer while customer every 1 month for 4'), '{2,2,0,0}'::bigint[],
	'only the listed stages count');
SELECT is(curve('2026-02-01', 'from customer while customer every 1 month for 3'), '{1,0,1}'::bigint[],
	'who comes back is retained again, in the same cohort');
SELECT is(curve('2026-02-01', 'from customer while customer every 1 month for 3 at end'), '{0,0,1}'::bigint[],
	'"at end" asks for the last instant of the period');
SELECT is(curve('2026-01-01', 'from customer while customer, expansion every 1 month for 4 at end'), '{2,2,1,1}'::bigint[],
	'a move at the first instant of the next period belongs to that one');
SELECT is(curve('2026-02-01', 'from customer while customer every 1 month for 3 on'), '{0,0,1}'::bigint[],
	'"on" counts arrivals, and the entry itself is none');
SELECT is(curve('2026-02-01', 'from customer while customer every 1 month for 3 on or after'), '{1,1,1}'::bigint[],
	'"on or after" counts an arrival in every period up to it');
SELECT is(one('{login@2026-01-01,login@2026-01-01T12:00:00Z,login@2026-01-03}', 'from login while login every 1 day for 4 on as of 2026-02-01'), '{1,0,1,0}'::bigint[],
	'a repeat of the stage is a return');
SELECT is(one('{login@2026-01-01,ping@2026-01-01,login@2026-01-01}', 'from login while login every 1 day for 1 on as of 2026-02-01'), '{0}'::bigint[],
	'at the instant of the entry it is not');
SELECT is(one('{a@2026-01-15,b@2026-02-20}', 'from a while a every 1 month for 3 since entry as of 2026-06-01'), '{1,1,0}'::bigint[],
	'"since entry" counts months from the entry: February 20 is in its second');
SELECT is(one('{a@2026-01-31,b@2026-02-28,a@2026-03-30T23:59:59Z,b@2026-03-31}', 'from a while a every 1 month for 3 since entry as of 2026-06-01'), '{1,1,0}'::bigint[],
	'from January 31 the second month begins on February 28, the third on March 31');
SELECT is(one('{a@2024-01-31,b@2024-02-28T23:59:59Z,a@2024-02-29,b@2024-03-01}', 'from a while a every 1 month for 2 since entry as of 2024-06-01'), '{1,1}'::bigint[],
	'in a leap year on February 29');
SELECT is(one('{b@2026-01-01,a@2026-01-10,c@2026-01-10}', 'from a while b every 1 month for 1 as of 2026-06-01'), '{0}'::bigint[],
	'what was before the entry does not retain');
SELECT is(one('{a@2026-01-10,b@2026-01-10}', 'from a while a every 1 month for 1 as of 2026-06-01'), '{0}'::bigint[],
	'a stay of no length has no instant');

SELECT is((SELECT cohort FROM retention_cells((SELECT retention_agg('{a@2026-03-29T22:30:00Z}', 'from a while a every 1 day for 1 at time zone ''Europe/Paris'' as of 2026-04-01'))) LIMIT 1),
	'2026-03-29T22:00:00Z'::timestamptz, 'days begin at midnight of the zone, in summer time too');
SELECT is(one('{a@2026-03-28T23:00:00Z,b@2026-03-29T22:00:00Z}', 'from a while a every 1 day for 2 at time zone ''Europe/Paris'' as of 2026-04-10'), '{1,0}'::bigint[],
	'the day on which the clocks go forward has 23 hours');
SELECT is(one('{a@2026-10-24T22:00:00Z,b@2026-10-25T23:00:00Z}', 'from a while a every 1 day for 2 at time zone ''Europe/Paris'' as of 2026-11-10'), '{1,0}'::bigint[],
	'the day on which they go back has 25');
SELECT is((SELECT cohort::date FROM retention_cells((SELECT retention_agg('{a@2026-05-03}', 'from a while a every 1 week for 1 as of 2026-06-01'))) LIMIT 1),
	'2026-04-27'::date, 'weeks begin on Mondays');
SELECT is((SELECT cohort::date FROM retention_cells((SELECT retention_agg('{a@2026-06-30}', 'from a while a every 3 months for 1 as of 2026-07-01'))) LIMIT 1),
	'2026-04-01'::date, 'three months are quarters');

SELECT is((SELECT array_agg(complete ORDER BY period) FROM retention_cells((SELECT retention_agg('{a@2026-01-10}', 'from a while a every 1 month for 9 as of 2026-03-01'))) WHERE cohort IS NOT NULL),
	'{t,t}'::bool[], 'a period is complete when it is over, and one that has not begun has no row');
SELECT is((SELECT array_agg(complete ORDER BY period) FROM retention_cells((SELECT retention_agg('{a@2026-01-10}', 'from a while a every 1 month for 9 since entry as of 2026-03-01'))) WHERE cohort IS NOT NULL),
	'{t,f}'::bool[], 'since entry it is complete when it is over for the last who could have entered');
SELECT is(curve(NULL, 'from customer while customer, expansion every 1 month for 4', '2026-04-20'), '{3,2,1}'::bigint[],
	'the overall row pools complete cells only');
SELECT is((SELECT sum(size) FROM retention_cells((SELECT retention_agg('{a@2026-01-10}', 'from a while a every 1 month for 1 as of 2026-01-10')))), NULL,
	'who enters at "as of" has not entered yet');

SELECT is((SELECT retention_agg(journey, 'from a while a every 1 day for 1 as of 2026-01-01')::text FROM client WHERE false), NULL, 'no rows, no retention');
SELECT is((SELECT retention_agg(journey, 'from customer while customer every 1 month for 3', '2026-05-01')::text FROM client),
	(SELECT retention_agg(journey, 'from customer while customer every 1 month for 3 as of 2026-05-01')::text FROM client), 'the instant may be an argument, or part of the specification');
SELECT is((SELECT rollup(r)::text FROM (SELECT retention_agg(journey, 'from customer while customer every 1 month for 3 as of 2026-05-01') AS r FROM client GROUP BY id) x),
	(SELECT retention_agg(journey, 'from customer while customer every 1 month for 3 as of 2026-05-01')::text FROM client), 'rollup of the parts is the whole');
SELECT throws_ok($$SELECT rollup(r) FROM (VALUES (retention '{from a while a every 1 day for 1 as of 2026-01-01}'), ('{from a while a every 1 day for 2 as of 2026-01-01}')) x(r)$$, '22023', NULL,
	'what was counted differently cannot be rolled up');
SELECT throws_ok($$SELECT retention_agg(journey, 'from a while a every 1 day for 1') FROM client$$, '22023', NULL, 'without "as of" it is an error');
SELECT throws_ok($$SELECT retention_spec 'from a while a every 1 month 3 days for 1'$$, '22023', NULL, 'a period that mixes months and days has no place in a calendar');
SELECT throws_ok($$SELECT retention_spec 'from a while a every 1 month for 1 at time zone ''Atlantis/Capital'''$$, '22023', NULL, 'an unknown time zone is an error');

SELECT finish();
ROLLBACK;
