-- Health: a weighted mean of the measures that are there, and what it is made of.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SELECT plan(31);

CREATE FUNCTION of(measures jsonb, weights jsonb DEFAULT '{"usage": 3, "nps": 2, "support": 1}') RETURNS text LANGUAGE sql AS $$
	SELECT format('%s of %s', COALESCE(score::text, 'nothing'), COALESCE(round(coverage, 3)::text, 'nothing')) FROM health(measures, weights)
$$;

SELECT is(of('{"usage": 80, "nps": 60, "support": 50}'), '68.3333333333333333 of 1.000', 'the weighted mean: (3 x 80 + 2 x 60 + 50) / 6');
SELECT is(of('{"usage": 80, "support": 50}'), '72.5 of 0.667', 'a measure that is not there is left out, and the weights of the others count for all');
SELECT is(of('{"usage": 80, "nps": null, "support": 50}'), '72.5 of 0.667', 'neither is one that is null');
SELECT is(of('{"usage": 0, "support": 0}'), '0 of 0.667', 'a 0 is there');
SELECT is(of('{}'), 'nothing of 0.000', 'without a measure there is no score, and nothing is covered');
SELECT is(of('{"usage": 80}', '{}'), 'nothing of nothing', 'without weights nothing can be known');
SELECT is(of('{"usage": 80}', '{"usage": 0}'), 'nothing of nothing', 'nor with those that are 0');
SELECT is(of('{"usage": 80}', '{"usage": 0, "nps": 1}'), 'nothing of 0.000', 'nor where only such measures are there');
SELECT is(of('{"usage": 80, "nps": 10}', '{"usage": 0, "nps": 1}'), '10 of 1.000', 'a weight of 0 is no weight');
SELECT is(of('{"usage": 80, "colour": "red"}', '{"usage": 1}'), '80 of 1.000', 'what has no weight is not looked at');
SELECT is(of('{"usage": 100, "nps": 100, "support": 100}', '{"usage": 1, "nps": 1, "support": 1}'), '100 of 1.000', 'where all are 100 so is the score, whatever the weights');
SELECT is(of('{"a": 0.1, "b": 0.2}', '{"a": 0.7, "b": 0.1}'), '0.1125 of 1.000', 'numbers are decimal, on any scale');
SELECT is(of('{"a": -10, "b": 1e3}', '{"a": 1, "b": 1}'), '495 of 1.000', 'and of any sign');
SELECT is(of('{"usage": 80}', '{"usage": 7}'), of('{"usage": 80}', '{"usage": 0.007}'), 'weights are proportions');
SELECT ok((SELECT score IS NULL AND coverage IS NULL FROM health(NULL, '{"a": 1}')) AND (SELECT score IS NULL AND coverage IS NULL FROM health('{"a": 1}', NULL)), 'unknown in, unknown out');
SELECT is((SELECT count(*) FROM explain_health(NULL, '{"a": 1}')), 0::bigint, 'which has no explanation');

SELECT results_eq($$SELECT measure, value, weight, share, points FROM explain_health('{"usage": 80, "nps": null, "support": 50}', '{"usage": 3, "nps": 2, "support": 1}') ORDER BY measure$$,
	$$VALUES ('nps', NULL::numeric, 2::numeric, NULL::numeric, NULL::numeric), ('support', 50, 1, 0.25, 12.5), ('usage', 80, 3, 0.75, 60)$$, 'the explanation says what was missing, and what the others gave');
SELECT is((SELECT count(points) FROM explain_health('{}', '{"a": 1}')), 0::bigint, 'where nothing is known nothing gave points');
SELECT is((SELECT sum(points) FROM explain_health('{"a": 100, "b": 100, "c": 100}', '{"a": 1, "b": 1, "c": 1}')), 100::numeric, 'thirds of 100 add up to 100');

CREATE TABLE customer AS SELECT i AS id, jsonb_strip_nulls(jsonb_build_object('a', NULLIF(i % 11, 3), 'b', NULLIF(i % 7, 2) / 3.0, 'c', NULLIF(i % 5, 4) * 17.3)) AS measures FROM generate_series(1, 500) i;
SELECT is((SELECT count(*) FROM customer, health(measures, '{"a": 0.3, "b": 1.7, "c": 2}') h WHERE h.score IS DISTINCT FROM
	(SELECT sum(points) FROM explain_health(measures, '{"a": 0.3, "b": 1.7, "c": 2}'))), 0::bigint, 'the points add up to the score, to the last digit');
SELECT is((SELECT count(*) FROM customer, health(measures, '{"a": 0.3, "b": 1.7, "c": 2}') h, LATERAL
	(SELECT sum(m.value::numeric * w.value::numeric) / sum(w.value::numeric) AS score, COALESCE(sum(w.value::numeric), 0) / 4.0 AS coverage
		FROM jsonb_each(measures) m JOIN jsonb_each('{"a": 0.3, "b": 1.7, "c": 2}') w USING (key)) r
	WHERE h.score IS DISTINCT FROM r.score OR h.coverage IS DISTINCT FROM r.coverage), 0::bigint, 'score and coverage are those of plain SQL');
SELECT is((SELECT count(*) FROM customer, health(measures, '{"a": 0.3, "b": 1.7, "c": 2}') h WHERE h.coverage = 1), (SELECT count(*) FROM customer WHERE measures ?& '{a,b,c}'), 'some are covered in part');
SELECT is((SELECT round(sum(share), 15) FROM explain_health('{"a": 1, "b": 1, "c": 1}', '{"a": 1, "b": 1, "c": 1}')), 1::numeric, 'the shares are of the whole');

SELECT throws_ok($$SELECT health('{"a": "high"}', '{"a": 1}')$$, '22023', 'the value of "a" must be a number', 'a value must be a number');
SELECT throws_ok($$SELECT health('{"a": true}', '{"a": 1}')$$, '22023', NULL, 'which true is not');
SELECT throws_ok($$SELECT health('{"a": [1]}', '{"a": 1}')$$, '22023', NULL, 'nor a list');
SELECT throws_ok($$SELECT health('{"a": 1}', '{"a": null}')$$, '22023', 'the weight of "a" must be a number', 'a weight must be one');
SELECT throws_ok($$SELECT health('{"a": 1}', '{"a": -1}')$$, '22023', 'the weight of "a" must not be negative', 'and not below 0');
SELECT throws_ok($$SELECT health('[1]', '{"a": 1}')$$, '22023', 'the measures must be a JSON object', 'measures have names');
SELECT throws_ok($$SELECT health('{"a": 1}', '1')$$, '22023', 'the weights must be a JSON object', 'and so have weights');
SELECT throws_ok($$SELECT * FROM explain_health('{"a": {}}', '{"a": 1}')$$, '22023', NULL, 'an explanation refuses the same');

SELECT finish();
ROLLBACK;
