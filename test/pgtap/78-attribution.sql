-- Attribution: what is counted, and what each model gives to whom, in words; published examples.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SELECT plan(55);

-- ---- what is counted ----

CREATE TABLE deals (id int, path text[], won boolean, amount numeric);
INSERT INTO deals VALUES
	(1, '{ads,mail}', true, 100), (2, '{ads,mail}', true, 50.50), (3, '{ads,mail}', false, 70), (4, '{mail,ads}', false, NULL),
	(5, '{mail}', true, NULL), (6, '{mail}', NULL, 30), (7, NULL, true, 30), (8, '{}', true, 30);
SELECT is(attribution_agg(path, won, amount)::text, '{ads > mail 2/1 worth 150.50, mail 1/0, mail > ads 0/1}',
	'deals are counted by path, won and lost; the value is that of the won ones') FROM deals;
SELECT is(attribution_agg(path, won)::text, '{ads > mail 2/1, mail 1/0, mail > ads 0/1}', 'it may be left out') FROM deals;
SELECT is(attribution_agg(path, won, amount)::text, '{mail 1/0}', 'a won deal without a value is won still, and worth nothing') FROM deals WHERE id = 5;
SELECT is(attribution_agg(path, won, 'NaN')::text, '{mail > ads 0/1}', 'the value of a lost deal is not looked at') FROM deals WHERE id = 4;
SELECT is(attribution_agg(path, won, amount)::text, NULL, 'an open deal, one without a path and one that nothing touched count nothing') FROM deals WHERE id > 5;
SELECT is(attribution_agg(path, won, amount)::text, NULL, 'nor does nobody') FROM deals WHERE id > 8;
SELECT is(attribution_agg('{"",a b,a b}', true)::text, '{"" > "a b" > "a b" 1/0}', 'a channel may be called anything, and touch twice');
SELECT is(attribution_agg('[3:4]={a,b}'::text[], true)::text, '{a > b 1/0}', 'from wherever the array counts');
SELECT is(attribution_agg('{a}', true, v)::text, '{a 3/0 worth -4.50}', 'values may be negative; their sum is exact') FROM (VALUES (0.50), (-10), (5.00)) v(v);
SELECT throws_ok($$SELECT attribution_agg('{a,NULL}', true)$$, '22023', 'a path must not contain NULL', 'a touch is of some channel');
SELECT throws_ok($$SELECT attribution_agg('{{a},{b}}', true)$$, '22023', 'a path must have one dimension', 'a path goes one way');
SELECT throws_ok($$SELECT attribution_agg('{a}', true, 'NaN')$$, '22023', 'the value of a deal must be a finite number', 'a value is a number');
SELECT throws_ok($$SELECT attribution_agg(ARRAY[repeat('x', 256)], true)$$, '54000', NULL, 'of a channel there are at most 255 bytes');
SELECT lives_ok($$SELECT attribution_agg(ARRAY[repeat('x', 255)], true)::text::attribution$$, 'that many are fine');
SELECT results_eq($$SELECT p.* FROM (SELECT attribution_agg(path, won, amount) AS a FROM deals) x, attribution_paths(a) p$$,
	$$VALUES ('{ads,mail}'::text[], 2::bigint, 1::bigint, 150.50), ('{mail}', 1, 0, 0), ('{mail,ads}', 0, 1, 0)$$, 'the paths can be read');
SELECT is((SELECT rollup(a)::text FROM (SELECT attribution_agg(path, won, amount) AS a FROM deals GROUP BY id) x), (SELECT attribution_agg(path, won, amount)::text FROM deals), 'attributions roll up into that of all deals');

-- ---- journeys whose steps are touches ----

CREATE TABLE journeys (id int, j journey);
INSERT INTO journeys VALUES (1, '{ads@2026-01-01,mail@2026-01-05,signed@2026-01-09,mail@2026-02-01}'), (2, '{ads@2026-01-01,ads@2026-01-05,gone@2026-01-09,signed@2026-02-01}'),
	(3, '{ads@2026-01-01}'), (4, '{signed@2026-01-01}'), (5, NULL);
SELECT is(attribution_agg(j, '{signed}', '{gone}', 10)::text, '{ads > ads 0/1, ads > mail 1/0 worth 10}', 'the touches of a journey are its steps before the first outcome; without outcome, or without touches, it counts nothing') FROM journeys;
SELECT is(attribution_agg(j, '{signed}', NULL, NULL)::text, '{ads > ads > gone 1/0, ads > mail 1/0}', 'what is lost need not be told') FROM journeys;
SELECT throws_ok($$SELECT attribution_agg(j, '{}', '{gone}', 10) FROM journeys$$, '22023', NULL, 'what is won must be');
SELECT throws_ok($$SELECT attribution_agg(j, '{a,b}', '{c,b}', 10) FROM journeys$$, '22023', NULL, 'no stage is both');

-- ---- by the places of touches ----

CREATE FUNCTION shares(a attribution, model text, half_life float8 DEFAULT 1) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(channel || ' ' || conversions || ' ' || value, ', ') FROM attribution_shares(a, model, half_life)
$$;
SELECT is(shares('{a > b > c > d 1/0 worth 100}', 'first'), 'a 1 100, b 0 0, c 0 0, d 0 0', 'the first touch has all the credit');
SELECT is(shares('{a > b > c > d 1/0 worth 100}', 'last'), 'a 0 0, b 0 0, c 0 0, d 1 100', 'or the last one');
SELECT is(shares('{a > b > c > d 1/0 worth 100}', 'linear'), 'a 0.25 25, b 0.25 25, c 0.25 25, d 0.25 25', 'or each an equal part');
SELECT is(shares('{a > b > c > d 1/0 worth 100}', 'position'), 'a 0.4 40, b 0.1 10, c 0.1 10, d 0.4 40', 'or 40 % the first and the last, 20 % those between');
SELECT is(shares('{a > b 1/0 worth 100}', 'position'), 'a 0.5 50, b 0.5 50', 'two touches have one half each');
SELECT is(shares('{a 1/0 worth 100}', 'position'), 'a 1 100', 'one alone has all');
SELECT is(shares('{a > b > c > d 1/0 worth 150}', 'decay'), 'a 0.066667 10, b 0.133333 20, c 0.266667 40, d 0.533333 80', 'each touch has half of what the next one has');
SELECT is(shares('{a > b > c 1/0 worth 70}', 'decay', 0.5), 'a 0.047619 3.333334, b 0.190476 13.333333, c 0.761905 53.333333', 'or two halves less: the half-life is so many touches');
SELECT is(shares('{a > b > c 1/0 worth 90}', 'decay', 1e9), 'a 0.333333 30, b 0.333333 30, c 0.333334 30', 'of endless half-life it is linear');
SELECT is(shares('{a > b > c 1/0 worth 90}', 'decay', 1e-9), 'a 0 0, b 0 0, c 1 90', 'of none it is the last touch');
SELECT is(shares('{a > b > a 1/0 worth 90}', 'linear'), 'a 0.666667 60, b 0.333333 30', 'a channel that touched twice has two parts');
SELECT is(shares('{a > b > a 1/0 worth 90}', 'shapley'), 'a 0.5 45, b 0.5 45', 'but one among the channels of a coalition');
SELECT is(shares('{a > b 1/1 worth 100, c 0/1}', 'linear'), 'a 0.5 50, b 0.5 50, c 0 0', 'who touched lost deals only is credited with nothing');
SELECT is((SELECT share FROM attribution_shares('{a 1/0, b 1/0, c 1/0}', 'linear') WHERE channel = 'b'), 1 / 3.0::float8, 'the share is not rounded');

-- ---- sums ----

SELECT is(shares('{a > b > c 1/0 worth 100.00}', 'linear'), 'a 0.333334 33.333334, b 0.333333 33.333333, c 0.333333 33.333333', 'what cannot be divided is dealt out in last digits, to the first of equals');
SELECT is((SELECT sum(value) FROM attribution_shares('{a > b > c 1/0 worth 0.000000000000000000000000001}', 'linear')), 0.000000000000000000000000001, 'down to any digit');
SELECT is((SELECT sum(value) FROM attribution_shares('{a > b > c 1/0 worth -100.01, a > b > c > a > b > c > d 1/0 worth 1}', 'decay', 0.37)), -99.01, 'below zero too');
SELECT is((SELECT sum(value) FROM attribution_shares('{a > b > c 1/0 worth 123456789012345678901234567890.01, d > b 0/7}', 'markov')), 123456789012345678901234567890.01, 'and where the shares are not rational');
SELECT is(shares('{a 9223372036854775807/0, b 9223372036854775807/0}', 'markov'), 'a 9223372036854775807 0, b 9223372036854775807 0', 'of very many deals');

-- ---- Shapley: the glove game, where c makes the deal with either of two others ----

SELECT is(shares('{a > c 1/0 worth 6, b > c 1/0 worth 6, a > b > c 1/0 worth 6}', 'shapley'), 'a 0.833334 5, b 0.833333 5, c 1.333333 8', 'each deal is shared among the channels that it needed');

-- ---- Markov ----

-- S. Bryl, Marketing Multi-Channel Attribution Model with R, part 1: removal effects of 0.5, 1 and 1.
SELECT results_eq($$SELECT * FROM removal_effects('{C1 > C2 > C3 1/0, C1 0/1, C2 > C3 0/1}')$$, $$VALUES ('C1', 0.5::float8), ('C2', 1), ('C3', 1)$$, 'without C1 half of the won deals are lost, without C2 or C3 all');
SELECT is(shares('{C1 > C2 > C3 1/0 worth 100, C1 0/1, C2 > C3 0/1}', 'markov'), 'C1 0.2 20, C2 0.4 40, C3 0.4 40', 'so the credit is one fifth and twice two fifths');
-- S. Puzyrov, Markov Chain Attribution: simple explanation of removal effect.
SELECT results_eq($$SELECT * FROM removal_effects('{google 2/1, mailing 1/0, google > mailing 1/0}')$$, $$VALUES ('google', 0.75::float8), ('mailing', 0.5)$$, 'of 80 % won 20 % are left without Google, 40 % without mailing');
SELECT is(shares('{google 2/1, mailing 1/0, google > mailing 1/0}', 'markov'), 'google 2.4 0, mailing 1.6 0', 'which divides four deals');
SELECT is(shares('{a > a > a > b 1/1}', 'markov'), shares('{a > b 1/1}', 'markov'), 'to be touched again by the same channel changes nothing');
SELECT results_eq($$SELECT * FROM removal_effects('{a > b > a > c 3/5}')$$, $$VALUES ('a', 1::float8), ('b', 0.5), ('c', 1)$$, 'a chain remembers one touch only: half of those at a go on to c without b');
SELECT is((SELECT effect FROM removal_effects('{a 999999999999/0, a > b 1/0, b 0/1}') WHERE channel = 'b') > 0, true, 'an effect of one in a million millions is not rounded away');
SELECT is(shares('{a > b 0/3}', 'markov'), 'a 0 0, b 0 0', 'where nothing was won nobody is credited');
SELECT is((SELECT count(*) FROM attribution_shares('{a > b 0/3}', 'linear') WHERE share IS NULL), 2::bigint, 'and shares cannot be known');
SELECT is((SELECT count(*) FROM removal_effects('{a > b 0/3}') WHERE effect IS NULL), 2::bigint, 'nor effects');

-- ---- arguments ----

SELECT throws_ok($$SELECT shares('{a 1/0}', 'lats')$$, '22023', 'unknown model: "lats"', 'a model that there is not is an error');
SELECT throws_ok($$SELECT shares('{a 1/0}', 'decay', 0)$$, '22023', NULL, 'a half-life is above 0');
SELECT throws_ok($$SELECT shares('{a 1/0}', 'decay', 'NaN')$$, '22023', NULL, 'and a number');
SELECT throws_ok($$SELECT shares('{a 1/0}', 'decay', 'Infinity')$$, '22023', NULL, 'that is finite');
SELECT is((SELECT count(*) FROM attribution_shares(NULL, 'last')), 0::bigint, 'of no attribution there are no shares');

SELECT * FROM finish();
ROLLBACK;
