-- Naive Bayes: what a model counts, what it predicts and why, in words; and the figures of Odoo's own test.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET extra_float_digits = 1;
SELECT plan(67);

-- ---- what is counted ----

CREATE TABLE deals (id int, won boolean, features jsonb);
INSERT INTO deals VALUES
	(1, true, '{"country": "be", "tags": ["big", "new"]}'),
	(2, true, '{"country": "be", "tags": "big"}'),
	(3, true, '{"country": "fr"}'),
	(4, false, '{"country": "fr", "tags": []}'),
	(5, false, '{"country": null, "tags": ["new", "new", null]}'),
	(6, NULL, '{"country": "be"}'),
	(7, true, NULL);

SELECT is(naive_bayes_agg(won, features)::text, '{3 won, 2 lost; country 3/1: be 2/0, fr 1/1; tags 2/1: big 2/0, new 1/1}',
	'closed deals are counted by field and value; an open deal and one without features are not') FROM deals;
SELECT is(naive_bayes(true, '{"x": [1, 1.0, 1.00, "1"], "y": [true, "true"], "z": 1e2}')::text, '{1 won, 0 lost; x 1/0: 1 1/0; y 1/0: true 1/0; z 1/0: 100 1/0}',
	'a value is its text, and equal numbers are one value; a deal has it or has it not, however often it is listed');
SELECT is(naive_bayes(false, '{}')::text, '{0 won, 1 lost}', 'a deal of which nothing is known is a deal still');
SELECT is(naive_bayes(NULL, '{"x": 1}')::text, '{0 won, 0 lost}', 'an open one is none');
SELECT is(naive_bayes(true, NULL)::text, '{0 won, 0 lost}', 'nor is one without features');
SELECT is(naive_bayes_agg(won, features)::text, NULL, 'no rows, no model') FROM deals WHERE id > 7;
SELECT is(naive_bayes_agg(won, features)::text, NULL, 'no closed deals, no model') FROM deals WHERE id > 5;
SELECT is(naive_bayes(true, '{"": "", "a b": "c\"d\\e"}')::text, '{1 won, 0 lost; "" 1/0: "" 1/0; "a b" 1/0: "c\"d\\e" 1/0}', 'names may be empty, and are quoted where they need it');
SELECT throws_ok($$SELECT naive_bayes(true, '[1]')$$, '22023', 'features must be a JSON object', 'features are an object');
SELECT throws_ok($$SELECT naive_bayes(true, '5')$$, '22023', 'features must be a JSON object', 'and no scalar');
SELECT throws_ok($$SELECT naive_bayes(true, '{"x": {"y": 1}}')$$, '22023', 'feature "x" is neither a scalar nor an array of scalars', 'of scalars or arrays of them');
SELECT throws_ok($$SELECT naive_bayes(true, '{"x": [[1]]}')$$, '22023', 'feature "x" is neither a scalar nor an array of scalars', 'no deeper');
SELECT throws_ok($$SELECT naive_bayes(true, jsonb_build_object('x', repeat('é', 128)))$$, '54000', NULL, 'a value has at most 255 bytes');
SELECT throws_ok($$SELECT naive_bayes(true, jsonb_build_object(repeat('x', 256), 1))$$, '54000', NULL, 'and so has the name of a field');
SELECT lives_ok($$SELECT naive_bayes(true, jsonb_build_object(repeat('x', 255), repeat('y', 255)))::text::naive_bayes$$, 'that many are fine');

-- ---- adding and subtracting ----

CREATE TABLE models AS SELECT id, naive_bayes_agg(won, features) AS m FROM deals WHERE id < 6 GROUP BY id;
SELECT is((SELECT rollup(m)::text FROM models), (SELECT naive_bayes_agg(won, features)::text FROM deals), 'models roll up into the model of all their deals');
SELECT is((SELECT (a.m + b.m)::text FROM models a, models b WHERE (a.id, b.id) = (1, 4)), (SELECT naive_bayes_agg(won, features)::text FROM deals WHERE id IN (1, 4)),
	'two models add');
SELECT is(((SELECT naive_bayes_agg(won, features) FROM deals) - (SELECT m FROM models WHERE id = 2) + naive_bayes(true, '{"country": "be", "tags": "big"}'))::text,
	(SELECT naive_bayes_agg(won, features)::text FROM deals), 'a deal is taken out alone and put in again');
SELECT is((SELECT (m - m)::text FROM models WHERE id = 1), '{0 won, 0 lost}', 'what no deal has any more is forgotten');
SELECT is(naive_bayes_send((SELECT a.m + b.m - a.m FROM models a, models b WHERE (a.id, b.id) = (1, 5))), naive_bayes_send((SELECT m FROM models WHERE id = 5)), 'and leaves no trace in the bytes');
SELECT is((SELECT (m + naive_bayes(NULL, features))::text FROM models, deals WHERE models.id = 1 AND deals.id = 6), (SELECT m::text FROM models WHERE id = 1), 'an open deal adds nothing, so a maintained model survives one');
SELECT throws_ok($$SELECT naive_bayes(true, '{"x": 1}') - naive_bayes(true, '{"x": 2}')$$, '22023', 'deals cannot be taken from a model that does not count them', 'what was never added cannot be subtracted');
SELECT throws_ok($$SELECT naive_bayes(true, '{"x": 1}') - naive_bayes(false, '{}')$$, '22023', NULL, 'not even a deal alone');
SELECT throws_ok($$SELECT naive_bayes(true, '{"x": [1, 2]}') + naive_bayes(true, '{"x": 3}') - naive_bayes(true, '{"x": 1}') - naive_bayes(true, '{"x": 2}')$$, '22023', NULL,
	'nor with half of its values');
SELECT is((SELECT string_agg(coalesce(field, '*') || ' ' || coalesce(value, '*') || ' ' || won || ' ' || lost, ', ') FROM naive_bayes_counts('{3 won, 1 lost; a 2/1: x 2/0, y 0/1; b 1/0: x 1/0}')),
	'* * 3 1, a * 2 1, a x 2 0, a y 0 1, b * 1 0, b x 1 0', 'the counts can be read');

-- ---- prediction, by hand ----

CREATE TABLE model AS SELECT naive_bayes '{3 won, 2 lost; country 3/1: be 2/0, fr 1/1; tags 2/1: big 2/0, new 1/1}' AS m;
SELECT ok(abs(predict(m, '{}') - 0.6) < 1e-13, 'of a deal of which nothing is known the share of the won is predicted') FROM model;
SELECT ok(abs(predict(m, '{"country": "be"}') - (0.6 * 2.1 / 3.2) / (0.6 * 2.1 / 3.2 + 0.4 * 0.1 / 1.2)) < 1e-12, 'by Bayes'' theorem, with 0.1 added to each count') FROM model;
SELECT ok(abs(predict(m, '{"country": "be"}', 1) - (0.6 * 3 / 5) / (0.6 * 3 / 5 + 0.4 * 1 / 3)) < 1e-12, 'or as much as one says') FROM model;
SELECT ok(abs(predict(m, '{"country": "fr", "tags": ["big", "new"]}') - x / (x + y)) < 1e-12, 'features multiply, each of the values of a field')
FROM model, (VALUES (0.6 * 1.1 / 3.2 * 2.1 / 3.2 * 1.1 / 3.2, 0.4 * 1.1 / 1.2 * 0.1 / 1.2 * 1.1 / 1.2)) v(x, y);
SELECT is(predict(m, '{"country": "de", "city": "ghent"}'), predict(m, '{}'), 'a value that no closed deal had tells nothing') FROM model;
SELECT is(predict(m, '{"tags": ["new", "big"]}'), predict(m, '{"tags": ["big", "new", "big"]}'), 'the order of values changes nothing, nor does repetition') FROM model;
SELECT is(predict('{3 won, 0 lost; x 1/0: a 1/0}', '{"x": "a"}'), NULL, 'where nobody lost nothing can be known');
SELECT is(predict('{0 won, 3 lost}', '{}'), NULL, 'nor where nobody won');
SELECT is(predict('{0 won, 0 lost}', '{}'), NULL, 'nor of nobody');
SELECT is(predict(m, NULL), NULL, 'of no features no prediction') FROM model;
SELECT is(predict(NULL, '{}'), NULL, 'nor by no model');
SELECT is(predict(m, '{}', NULL), NULL, 'nor with smoothing unknown') FROM model;
SELECT throws_ok($$SELECT predict(m, '{}', 0) FROM model$$, '22023', NULL, 'smoothing is above zero: a value that never won must not make it impossible');
SELECT throws_ok($$SELECT predict(m, '{}', 'NaN') FROM model$$, '22023', NULL, 'and a number');
SELECT throws_ok($$SELECT predict(m, '{}', 'Infinity') FROM model$$, '22023', NULL, 'that is finite');
SELECT throws_ok($$SELECT predict(m, '[]') FROM model$$, '22023', NULL, 'features are an object here too');
SELECT ok(predict('{9000000000000000000 won, 1 lost; x 9000000000000000000/1: a 9000000000000000000/0, b 0/1}', '{"x": "a"}', 1e-300) = 1, 'extremes are 1 or 0 and no error');

-- ---- explanation ----

CREATE TABLE asked (n serial, features jsonb);
INSERT INTO asked (features) VALUES ('{}'), ('{"country": "be"}'), ('{"country": "fr", "tags": ["big", "new", "old"], "city": 5}');
SELECT is(count(*), 0::bigint, 'the sum of the log ratios is the log odds, exactly, in whatever order they are added')
FROM model, asked, unnest('{0.1,1,0.003}'::float8[]) s, unnest('{tags,NULL}'::text[]) t,
	LATERAL (SELECT sum(log_ratio) AS up, sum(log_ratio ORDER BY log_ratio) AS sorted, sum(log_ratio ORDER BY n DESC) AS down
		FROM explain_prediction(m, features, s, t) WITH ORDINALITY e(field, value, won, lost, log_ratio, n)) e
WHERE up <> sorted OR up <> down OR predict(m, features, s, t) <> CASE WHEN up >= 0 THEN 1 / (1 + exp(-up)) ELSE exp(up) / (1 + exp(up)) END;
SELECT results_eq($$SELECT field, value, won, lost, round(log_ratio::numeric, 6) FROM model, explain_prediction(m, '{"country": "fr", "tags": ["new", "odd"]}')$$,
	$$VALUES (NULL, NULL, 3::bigint, 2::bigint, 0.405465), ('country', 'fr', 1, 1, -0.980829), ('tags', 'new', 1, 1, -0.980829), ('tags', 'odd', 0, 0, NULL)$$,
	'the prior comes first, then each feature; what tells nothing has no ratio');
SELECT is((SELECT count(*) FROM explain_prediction('{1 won, 0 lost}', '{"x": 1}')), 0::bigint, 'where nothing can be known there is nothing to explain');
SELECT is((SELECT count(*) FROM explain_prediction(NULL, '{"x": 1}')), 0::bigint, 'nor by no model');

-- ---- Odoo's test: addons/crm/tests/test_crm_pls.py, test_predictive_lead_scoring ----

CREATE TABLE leads (n int, team int, country int, state int, email text DEFAULT 'False', phone text DEFAULT 'False', source int, stage int, won boolean);
INSERT INTO leads (n, team, country, state, source, stage, won) VALUES
	(0, 1, 0, 0, 0, 0, false), (1, 1, 1, 1, 1, 1, false), (2, 1, 2, 2, 2, 2, true), (3, 1, 0, 1, 2, 1, NULL), (4, 1, 1, 1, 1, 0, NULL),
	(5, 2, 0, 1, 1, 2, false), (6, 2, 0, 1, 2, 1, false), (7, 2, 0, 2, 2, 0, true), (8, 2, 0, 1, 2, 1, NULL), (9, 2, 1, 0, 1, 1, NULL),
	(10, 3, 1, 1, 1, 2, true), (11, 3, 0, 1, 0, 0, false), (12, 3, 1, 2, 2, 0, false), (13, 3, 0, 1, 2, 1, NULL);
-- An open lead has its stage; a lost one had that and all earlier ones, a won one every stage.
CREATE FUNCTION features(l leads) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('country', l.country, 'state', l.state, 'email', l.email, 'phone', l.phone, 'source', l.source, 'stage',
		CASE WHEN l.won THEN '[0, 1, 2, 3]' WHEN NOT l.won THEN (SELECT jsonb_agg(s) FROM generate_series(0, l.stage) s) ELSE to_jsonb(l.stage) END)
$$;
CREATE TABLE team_models AS SELECT team, naive_bayes_agg(won, features(l)) AS m FROM leads l GROUP BY team;
CREATE FUNCTION odoo(m naive_bayes, l leads) RETURNS numeric LANGUAGE sql STABLE AS $$
	SELECT least(greatest(round(100 * predict(m, features(l), stages => 'stage')::numeric, 2), 0.01), 99.99)
$$;
CREATE FUNCTION odoo(lead int, stage int DEFAULT NULL, country int DEFAULT NULL) RETURNS numeric LANGUAGE sql STABLE AS $$
	SELECT odoo(m, (l.n, l.team, coalesce(odoo.country, l.country), l.state, l.email, l.phone, l.source, coalesce(odoo.stage, l.stage), l.won)::leads)
	FROM leads l JOIN team_models USING (team) WHERE l.n = odoo.lead
$$;
SELECT is(odoo(3), 33.49, 'Odoo''s lead 3 has a probability of 33.49 %');
SELECT is(odoo(8), 7.74, 'lead 8 of 7.74 %');
SELECT is(odoo(13), 35.09, 'lead 13, in a team, of 35.09 %');
SELECT is((SELECT round(100 * predict_together(array_agg(m), features(l), stages => 'stage')::numeric, 2) FROM team_models, leads l WHERE l.n = 13 GROUP BY l.*), 35.19,
	'and without a team, by the leads of all, each team smoothed on its own, of 35.19 %');
SELECT is((SELECT string_agg(f.field || ' ' || f.value || ' ' || won + 0.1 || ' ' || lost + 0.1, ', ' ORDER BY f.field, f.value) FROM team_models, naive_bayes_counts(m) f
		WHERE team = 1 AND (field, value) IN (('stage', '0'), ('stage', '3'), ('country', '1'), ('email', 'False'))),
	'country 1 0.1 1.1, email False 1.1 2.1, stage 0 1.1 2.1, stage 3 1.1 0.1', 'the frequencies are those that it asserts');
-- Lead 4 is lost and restored, lead 9 is won.
UPDATE leads SET won = false WHERE n = 4;
UPDATE team_models SET m = m + naive_bayes(won, features(l)) FROM leads l WHERE n = 4 AND team_models.team = l.team;
SELECT is((SELECT won + 0.1 || ' ' || lost + 0.1 FROM team_models, naive_bayes_counts(m) f WHERE team = 1 AND (field, value) = ('country', '1')), '0.1 2.1', 'a lost lead adds to the counts');
UPDATE team_models SET m = m - naive_bayes(won, features(l)) FROM leads l WHERE n = 4 AND team_models.team = l.team;
UPDATE leads SET won = NULL WHERE n = 4;
UPDATE leads SET won = true WHERE n = 9;
UPDATE team_models SET m = m + naive_bayes(won, features(l)) FROM leads l WHERE n = 9 AND team_models.team = l.team;
SELECT is((SELECT string_agg(m::text, E'\n' ORDER BY team) FROM team_models), (SELECT string_agg(m, E'\n' ORDER BY team) FROM (SELECT team, naive_bayes_agg(won, features(l))::text AS m FROM leads l GROUP BY team) x),
	'kept up to date deal by deal the models are those made anew');
SELECT is((SELECT odoo(3, stage => 0)), 20.87, 'lead 3, back in the first stage, has 20.87 %');
SELECT is((SELECT odoo(8, stage => 0)), 2.43, 'lead 8 has 2.43 % after one more win');
SELECT is((SELECT odoo(8, stage => 0, country => 1)), 34.38, 'and in another country 34.38 %');
-- Its tags: 50 leads with the first, 50 with the second, 50 with both.
CREATE TABLE tagged AS SELECT CASE WHEN i IN (30, 90, 135) THEN NULL WHEN i BETWEEN 31 AND 49 OR i BETWEEN 91 AND 99 OR i > 135 THEN true ELSE false END AS won,
	CASE WHEN i < 50 THEN '[1]' WHEN i < 100 THEN '[2]' ELSE '[1, 2]' END::jsonb AS tags FROM generate_series(0, 149) i;
CREATE TABLE tag_model AS SELECT naive_bayes_agg(won, jsonb_build_object('tags', tags, 'stage', CASE WHEN won THEN '[0, 1, 2, 3]' ELSE '[0]' END::jsonb)) AS m FROM tagged;
SELECT is((SELECT string_agg(value || ' ' || won + 0.1 || ' ' || lost + 0.1, ', ') FROM tag_model, naive_bayes_counts(m) WHERE field = 'tags' AND value IS NOT NULL), '1 33.1 65.1, 2 23.1 75.1', 'a lead counts for each of its tags');
SELECT is((SELECT round(100 * predict(m, '{"stage": 0, "tags": 1}', stages => 'stage')::numeric, 2) FROM tag_model), 33.69, 'the first tag gives 33.69 %');
SELECT is((SELECT round(100 * predict(m, '{"stage": 0, "tags": 2}', stages => 'stage')::numeric, 2) FROM tag_model), 23.51, 'the second 23.51 %');
SELECT is((SELECT round(100 * predict(m, '{"stage": 0, "tags": [1, 2]}', stages => 'stage')::numeric, 2) FROM tag_model), 28.05, 'both 28.05 %');
SELECT is((SELECT round(100 * predict(m, '{"stage": 0}', stages => 'stage')::numeric, 2) FROM tag_model), 28.60, 'none 28.60 %');

-- ---- stages ----

SELECT is(predict('{5 won, 5 lost; stage 1/2: a 1/2, b 1/0}', '{}', 0.1, 'stage'), predict('{1 won, 2 lost; stage 1/2: a 1/2, b 1/0}', '{}', 0.1, 'stage'), 'the prior is of the deals that have a stage');
SELECT ok(abs(predict('{1 won, 2 lost; stage 1/2: a 1/2, b 1/0}', '{"stage": "a"}', 0.1, 'stage') - 1.1 / 3.2) < 1e-12, 'to be in the stage in which all begin tells nothing');
SELECT is(predict('{5 won, 5 lost}', '{}', 0.1, 'stage'), NULL, 'where no deal has a stage nothing can be known');
SELECT is(predict('{5 won, 5 lost; stage 5/0: a 5/0}', '{}', 0.1, 'stage'), NULL, 'nor where no lost one has');
SELECT is(predict_together(ARRAY[m, NULL, m], '{}'), predict(m, '{}'), 'models are read together; NULL is none') FROM model;
SELECT is(predict_together('{}', '{}'), NULL, 'of no models no prediction');

SELECT * FROM finish();
ROLLBACK;
