-- Win rates, and enums where velocity and win rates take stages: what they mean, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(18);

CREATE TABLE deals (id int, journey journey);
INSERT INTO deals VALUES
	(1, '{lead@2026-01-01,won@2026-01-13}'),
	(2, '{lead@2026-01-02,lost@2026-01-10,lead@2026-01-12,won@2026-02-10}'),
	(3, '{lead@2026-01-05}'),
	(4, '{lead@2026-01-05,won@2026-02-01,lost@2026-02-02}');

SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2026-01-01,2026-03-01)')::float8, 2 / 3.0::float8,
	'the win rate is won by won and lost; who is open does not count') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2026-01-01,2026-02-01)')::float8, 0.5::float8,
	'a journey counts in the period of its first outcome') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2026-02-01,2026-03-01)')::float8, 1::float8,
	'and only there: what follows on the first outcome changes nothing') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2026-01-10,2026-01-13)')::text, 'won against lost closed 2026-01-10T00:00:00Z to 2026-01-13T00:00:00Z {0 won, 1 lost}',
	'the period''s first instant is in it, its end is not') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2026-01-10,2026-01-13]')::text, 'won against lost closed 2026-01-10T00:00:00Z to 2026-01-13T00:00:00.000001Z {1 won, 1 lost}',
	'unless the range says so') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2027-01-01,)')::float8, NULL::float8, 'where nothing was decided there is no rate') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', NULL)::float8, 2 / 3.0::float8, 'without a period all times count') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', '[2026-01-01,2026-02-01)')::text, win_rate_agg(journey, 'won against lost closed 2026-01-01 to 2026-02-01')::text,
	'the specification may be a literal') FROM deals;
SELECT is(win_rate_agg(journey, '{won}', '{lost}', NULL)::text, NULL, 'no journeys, no win rate') FROM deals WHERE id > 4;
SELECT is(win_rate_agg(journey, '{won}', '{lost,lead}', NULL)::text, 'won against lead, lost {0 won, 4 lost}', 'several stages may be lost') FROM deals;
SELECT is((SELECT row(c.*)::text FROM (SELECT win_rate_agg(journey, 'won against lost') AS w FROM deals) x, win_rate_counts(w) c),
	row(2, 1, 2 / 3.0::float8, 0.20765960080204768::float8, 0.9385080552796037::float8)::text, 'the counts are there, with Wilson''s interval');
-- binom::binom.wilson(80, 100)
SELECT ok(abs(ci_low - 0.7111708) < 1e-6 AND abs(ci_high - 0.8666331) < 1e-6, 'which is the known one') FROM win_rate_counts('won against lost {80 won, 20 lost}');
SELECT is((SELECT rollup(w)::text FROM (SELECT win_rate_agg(journey, 'won against lost') AS w FROM deals GROUP BY id) x),
	(SELECT win_rate_agg(journey, 'won against lost')::text FROM deals), 'rollup of the parts is the whole');
SELECT throws_ok($$SELECT win_rate_agg(journey, '{won}', '{lost,won}', NULL) FROM deals$$, '22023', NULL, 'no stage is both won and lost');

CREATE TYPE stage AS ENUM ('lead', 'won', 'lost');
SELECT is(win_probability('{lead > won [1]; lead > lost [1*3]}', 'lead'::stage, '{won}', '{lost}'), 0.25::float8, 'win_probability takes an enum');
SELECT is(expected_time('{lead > won [1000000]; lead > lost [3000000]}', 'lead'::stage, ARRAY['won']::stage[], ARRAY['lost']::stage[]), '2 seconds'::interval, 'so does expected_time');
SELECT throws_ok($$SELECT win_probability('{}', 'lead'::stage, '{wonn}', '{lost}')$$, '22P02', NULL, 'a stage that the enum does not know is an error');
SELECT throws_ok($$SELECT win_probability('{won start 1}', 'lead'::stage, '{won,NULL}', '{lost}')$$, '22004', NULL, 'and so is NULL in a list');

SELECT * FROM finish();
ROLLBACK;
