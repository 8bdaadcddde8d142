-- Logistic regression: what comes out, what cannot, and what is refused, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SELECT plan(56);

CREATE FUNCTION rounded(numbers float8[], digits int DEFAULT 8) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS $$SELECT ARRAY(SELECT round(n::numeric, digits) FROM unnest(numbers) WITH ORDINALITY u(n, i) ORDER BY i)$$;

-- ---- MADlib's example: 20 patients after a heart attack ----

CREATE TABLE patients (id serial, second_attack int, treatment int, trait_anxiety int);
INSERT INTO patients (second_attack, treatment, trait_anxiety) VALUES
	(1, 1, 70), (1, 1, 80), (1, 1, 50), (1, 0, 60), (1, 0, 40), (1, 0, 65), (1, 0, 75), (1, 0, 80), (1, 0, 70), (1, 0, 60),
	(0, 1, 65), (0, 1, 50), (0, 1, 45), (0, 1, 35), (0, 1, 40), (0, 1, 50), (0, 0, 55), (0, 0, 45), (0, 0, 50), (0, 0, 60);
CREATE VIEW patient AS SELECT second_attack = 1 AS y, ARRAY[1, treatment, trait_anxiety] AS x, id FROM patients;
CREATE TABLE fit AS SELECT * FROM logregr_fit('SELECT y, x FROM patient');
SELECT is(rounded(coef), '{-6.36346994,-1.02410605,0.11904492}', 'the coefficients are those of MADlib''s documentation') FROM fit;
SELECT is(rounded(std_errors, 6), '{3.213905,1.171080,0.054979}', 'so are the standard errors') FROM fit;
SELECT is(rounded(z, 6), '{-1.979981,-0.874497,2.165273}', 'their ratio') FROM fit;
SELECT is(rounded(p_values, 6), '{0.047706,0.381848,0.030367}', 'what that means') FROM fit;
SELECT is(round(log_likelihood::numeric, 6), -9.410183, 'and the likelihood') FROM fit;
SELECT is(row(observations, converged, status)::text, '(20,t,converged)', 'it converges') FROM fit;
SELECT cmp_ok(iterations, '<=', 7, 'in a few steps') FROM fit;
SELECT is((SELECT (s).std_errors FROM (SELECT logregr_agg(y, x, (SELECT coef FROM fit)) AS s FROM patient) x), std_errors, 'the standard errors are those at the very coefficients') FROM fit;
SELECT is((SELECT (s).log_likelihood FROM (SELECT logregr_agg(y, x, (SELECT coef FROM fit)) AS s FROM patient) x), log_likelihood, 'and so is the likelihood') FROM fit;
SELECT ok((SELECT bool_and(abs(g) < 1e-9) FROM unnest((SELECT (logregr_agg(y, x, (SELECT coef FROM fit))).gradient FROM patient)) g), 'where the gradient vanishes');
SELECT is((SELECT coef::text FROM logregr_fit('SELECT y, x FROM patient ORDER BY md5(id::text)')), coef::text, 'to the last digit, whatever the order of rows') FROM fit;
SELECT is(round(logregr_predict(coef, '{1,1,70}')::numeric, 6), 0.720223, 'predictions are MADlib''s too') FROM fit;

-- ---- predictions ----

SELECT is(logregr_predict('{0,0}', '{1,5}'), 0.5::float8, 'without coefficients it is even odds');
SELECT is(logregr_predict('{1000}', '{1}'), 1::float8, 'large odds are 1');
SELECT is(logregr_predict('{-1000}', '{1}'), 0::float8, 'small ones are 0, not an error');
SELECT is(logregr_predict('{1,NULL}', '{1,2}'), NULL, 'an unknown coefficient gives no prediction');
SELECT is(logregr_predict('{1,2}', '{1,NULL}'), NULL, 'nor an unknown measure');
SELECT is(logregr_predict(NULL, '{1}'), NULL, 'nor a regression without result');
SELECT throws_ok($$SELECT logregr_predict('{1,2}', '{1}')$$, '22023', 'x has 1 elements, but 2 coefficients', 'arrays must match');

-- ---- no answer where there is none ----

SELECT is((SELECT status FROM logregr_fit('SELECT y, x FROM patient WHERE false')), 'no rows', 'no rows, no result');
SELECT is((SELECT row(coef, std_errors, z, p_values, log_likelihood, observations, converged)::text FROM logregr_fit('SELECT NULL::bool, x FROM patient')), '(,,,,,0,f)', 'open rows do not count');
SELECT is((SELECT observations FROM logregr_fit('SELECT y, x FROM patient UNION ALL VALUES (NULL, ARRAY[1, 2, 3]), (true, NULL), (true, ARRAY[1, NULL, 3])')), 20::bigint, 'rows with a null are left out');
SELECT matches((SELECT status FROM logregr_fit('SELECT y, ARRAY[1, y::int] FROM patient')), '^complete separation', 'a column that is the outcome separates completely');
SELECT matches((SELECT status FROM logregr_fit('SELECT i > 50, ARRAY[1, i] FROM generate_series(1, 100) i')), '^complete separation', 'so does a threshold');
SELECT matches((SELECT status FROM logregr_fit('SELECT true, ARRAY[1, i] FROM generate_series(1, 100) i')), '^complete separation', 'and an outcome that is always the same');
SELECT matches((SELECT status FROM logregr_fit('SELECT y, ARRAY[1, (id = 1)::int, x[3]] FROM patient')), '^quasi-complete separation', 'a column that tells one row for certain separates quasi-completely');
SELECT matches((SELECT status FROM logregr_fit('SELECT i > 50, ARRAY[1, least(greatest(i, 50), 51) * 1000000::float8] FROM generate_series(1, 100) i UNION ALL VALUES (true, ARRAY[1, 50000000])')), '^quasi-complete separation', 'whatever its size');
SELECT matches((SELECT status FROM logregr_fit('SELECT i > 5000 OR i % 2 = 0, ARRAY[1, (i > 5000)::int] FROM generate_series(1, 10000) i')), '^quasi-complete separation', 'in many rows too');
SELECT is((SELECT coef FROM logregr_fit('SELECT y, ARRAY[1, (id = 1)::int, x[3]] FROM patient')), NULL, 'no coefficients are made up');
SELECT is((SELECT status FROM logregr_fit('SELECT y, ARRAY[1, x[2], 1 - x[2]] FROM patient')), 'x[3] is determined by the elements before it', 'columns that say the same are told');
SELECT is((SELECT status FROM logregr_fit('SELECT y, ARRAY[1, 0] FROM patient')), 'x[2] is determined by the elements before it', 'a column of zeros tells nothing');
SELECT is((SELECT status FROM logregr_fit('SELECT y, x FROM patient', 2)), 'not converged after 2 iterations', 'running out of steps is told');
SELECT is((SELECT converged FROM logregr_fit('SELECT y, x FROM patient', 6)), true, 'as many as it takes suffice');

-- ---- nearly nothing is not nothing ----

SELECT is((SELECT rounded(coef, 6) FROM logregr_fit('SELECT y, ARRAY[1] FROM patient')), '{0.000000}', 'half and half has no log odds');
SELECT ok((SELECT abs(coef[1] - ln(1 / 99999.0)) < 1e-9 FROM logregr_fit('SELECT i = 1, ARRAY[1] FROM generate_series(1, 100000) i')), 'one in a hundred thousand converges');
SELECT ok((SELECT abs(coef[1] - ln(1 / 99999.0)) < 1e-9 AND abs(coef[2] - ln(99999.0)) < 1e-9 FROM logregr_fit('SELECT i = 1, ARRAY[1, 0] FROM generate_series(1, 100000) i UNION ALL SELECT i = 1, ARRAY[1, 1] FROM generate_series(1, 2) i')),
	'and so does a contrast as strong as that');
SELECT is((SELECT rounded(coef, 8) FROM logregr_fit('SELECT y, ARRAY[1, x[2] * 1e-100, x[3] * 1e100] FROM patient')), (SELECT rounded(ARRAY[coef[1], coef[2] * 1e100, coef[3] * 1e-100], 8) FROM fit), 'units do not matter');
SELECT ok((SELECT converged AND abs(coef[2] - f[3]) < 1e-6 FROM (SELECT coef AS f FROM fit) f, logregr_fit('SELECT y, ARRAY[1, x[3] + 10000, x[2]] FROM patient')), 'nor does where zero is');

-- ---- the query ----

SELECT is((SELECT converged FROM logregr_fit('SELECT y, x FROM patient -- all of them')), true, 'the query may end in a comment');
SELECT is((SELECT converged FROM logregr_fit(' /* all */ SELECT y, x FROM patient; ')), true, 'or in a semicolon');
SELECT is((SELECT converged FROM logregr_fit('WITH p AS (SELECT * FROM patient) SELECT y, x::numeric[] FROM p WHERE id > 0 ORDER BY id LIMIT 20')), true, 'it may be of any shape');
SELECT is((SELECT status FROM logregr_fit('VALUES (true, ARRAY[1.0]), (false, ARRAY[1])')), 'converged', 'even VALUES');
SELECT throws_ok($$SELECT logregr_fit('SELECT y FROM patient')$$, '42804', 'the query must return two columns, y and x', 'it returns two columns');
SELECT throws_ok($$SELECT logregr_fit('SELECT y::int, x FROM patient')$$, '42804', 'the query''s first column, y, must be boolean, not integer', 'a boolean');
SELECT throws_ok($$SELECT logregr_fit('SELECT y, x::text[] FROM patient')$$, '42804', 'the query''s second column, x, must be an array of numbers, not text[]', 'and an array of numbers');
SELECT throws_ok($$SELECT logregr_fit('SELECT y, x FROM patient; DROP TABLE patients')$$, '42601', 'the query must be one statement', 'it is one statement');
SELECT throws_ok($$SELECT logregr_fit('DELETE FROM patients RETURNING true, ARRAY[1]')$$, '42601', 'the query must be a SELECT', 'that reads');
SELECT throws_ok($$SELECT logregr_fit('WITH d AS (DELETE FROM patients RETURNING 1) SELECT true, ARRAY[1] FROM d')$$, '0A000', NULL, 'and nothing else');
SELECT throws_ok($$SELECT logregr_fit('SELECT true, ARRAY[1]) AS q (y, x)) AS s; DROP TABLE patients; --')$$, '42601', NULL, 'no parenthesis lets it out');
SELECT throws_ok($$SELECT logregr_fit('SELECT y, x FROM nowhere')$$, '42P01', NULL, 'its own errors are its own');
SELECT throws_ok($$SELECT logregr_fit('SELECT y, x FROM patient', 0)$$, '22023', NULL, 'without steps there is no way');
CREATE ROLE logregr_stranger;
GRANT USAGE ON SCHEMA public TO logregr_stranger;
SET ROLE logregr_stranger;
SELECT throws_ok($$SELECT lifecycle.logregr_fit('SELECT true, ARRAY[id] FROM public.patients')$$, '42501', NULL, 'it runs with the caller''s rights');
RESET ROLE;

-- ---- refused rows ----

SELECT throws_ok($$SELECT logregr_agg(true, x, NULL) FROM (VALUES ('{1,2}'::float8[]), ('{1}')) v(x)$$, '22023', 'x has 1 elements, but 2 coefficients', 'all rows are of one length');
SELECT throws_ok($$SELECT logregr_agg(true, '{{1,2}}', NULL)$$, '22023', NULL, 'and one dimension');
SELECT throws_ok($$SELECT logregr_agg(true, '{NaN}', NULL)$$, '22023', NULL, 'numbers are numbers');
SELECT throws_ok($$SELECT logregr_agg(true, array_fill(1.0::float8, ARRAY[201]), NULL)$$, '54000', NULL, 'there may be 200 of them');

SELECT * FROM finish();
ROLLBACK;
