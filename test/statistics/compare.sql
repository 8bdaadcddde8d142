-- Compares survival's estimates with answers.csv on cases.csv, and logistic regression's on rows.csv; see
-- reference.R for all three. Prints TAP.
CREATE EXTENSION crm_lifecycle;
SET search_path = public, lifecycle;

CREATE TABLE cases (data text, grp text, days int, cause text);
\copy cases FROM 'cases.csv' (FORMAT csv)
CREATE TABLE rows (data text, y boolean, x float8[]);
\copy rows FROM 'rows.csv' (FORMAT csv)
CREATE TABLE answers (data text, grp text, what text, days int, value float8);
\copy answers FROM 'answers.csv' (FORMAT csv, FORCE_NOT_NULL (grp))

CREATE TABLE parts AS
SELECT data, grp, survival_agg(make_interval(days => days), cause) AS s FROM cases GROUP BY 1, 2;
-- All cases of a data set are rolled up, so merging is tested too.
CREATE TABLE values AS
SELECT data, grp, s FROM parts UNION ALL SELECT data, '', rollup(s) FROM parts GROUP BY 1;
CREATE TABLE causes AS SELECT DISTINCT data, cause FROM cases WHERE cause IS NOT NULL;
CREATE TABLE tests AS
SELECT data, 'log-rank' AS name, NULL AS cause, array_agg(s ORDER BY grp COLLATE "C") AS groups, array_agg(grp ORDER BY grp COLLATE "C") AS names
FROM parts GROUP BY 1 HAVING count(*) > 1
UNION ALL
SELECT data, 'log-rank of ' || cause, cause, array_agg(s ORDER BY grp COLLATE "C"), array_agg(grp ORDER BY grp COLLATE "C")
FROM parts JOIN causes USING (data) GROUP BY 1, 2, 3 HAVING count(*) > 1;

CREATE TABLE ours (data text, grp text, what text, days int, value float8);
INSERT INTO ours
SELECT data, grp, what, extract(day FROM time), value
FROM values, unnest('{log-log,log}'::text[]) conf, kaplan_meier(s, conf) k,
	LATERAL (VALUES ('at risk', at_risk::float8), ('events', events), ('censored', censored), ('survival', survival), ('std err', std_err),
		('cum hazard', cum_hazard), (conf || ' lower', lower), (conf || ' upper', upper)) v(what, value)
WHERE conf = 'log-log' OR what ~ '^log';
INSERT INTO ours
SELECT data, grp, 'median', NULL, extract(day FROM median_survival(s)) FROM values;
INSERT INTO ours
SELECT data, grp, what, extract(day FROM time), value
FROM values JOIN causes USING (data), unnest('{log-log,log}'::text[]) conf, cumulative_incidence(s, cause, conf) i,
	LATERAL (VALUES ('incidence of ' || cause, incidence), ('std err of ' || cause, std_err),
		(conf || ' lower of ' || cause, lower), (conf || ' upper of ' || cause, upper)) v(what, value)
WHERE grp = '' AND (conf = 'log-log' OR what ~ '^log');
INSERT INTO ours
SELECT a.data, a.grp, a.what, a.days, win_within(s, cause, make_interval(days => a.days), make_interval(days => split_part(a.what, ' ', 2)::int))
FROM answers a JOIN values USING (data, grp) JOIN causes c ON c.data = a.data AND a.what LIKE 'within % of ' || cause;
INSERT INTO ours
SELECT data, '', name || ' ' || what, NULL, value
FROM tests, logrank_test(groups, cause), LATERAL (VALUES ('chi square', chi_square), ('df', df), ('p value', p_value)) v(what, value);
INSERT INTO ours
SELECT data, names[group_number], name || ' ' || what, NULL, value
FROM tests, logrank_groups(groups, cause), LATERAL (VALUES ('observed', observed), ('expected', expected), ('variance', variance)) v(what, value);

CREATE TABLE fits AS
SELECT data, f.* FROM (SELECT DISTINCT data FROM rows) d, logregr_fit(format('SELECT y, x FROM public.rows WHERE data = %L', data)) f;
INSERT INTO ours
SELECT data, '', 'regression ' || what, i, value
FROM fits, LATERAL (VALUES ('coefficients', coef), ('std errors', std_errors), ('z', z), ('p values', p_values)) v(what, list),
	unnest(list) WITH ORDINALITY u(value, i)
UNION ALL SELECT data, '', 'regression log likelihood', NULL, log_likelihood FROM fits
UNION ALL SELECT data, '', 'regression observations', NULL, observations FROM fits;

-- Ten digits, of numbers that are not 0 by all but rounding.
CREATE TABLE compared AS
SELECT a.data, a.grp, a.what, a.days, a.value AS r, o.value AS ours,
	o.data IS NOT NULL AND (a.value IS NULL AND o.value IS NULL
		OR coalesce(abs(o.value - a.value) <= 1e-10 * abs(a.value) + 1e-14, false)) AS same,
	abs(o.value - a.value) / nullif(abs(a.value), 0) AS error
FROM answers a LEFT JOIN ours o
	ON (o.data, o.grp, o.what, coalesce(o.days, -1)) = (a.data, a.grp, a.what, coalesce(a.days, -1));

CREATE TABLE verdict AS
SELECT data, regexp_replace(what, ' \d+ of', ' of') AS what, count(*) AS numbers, count(*) FILTER (WHERE NOT same) AS wrong, max(error) AS error
FROM compared GROUP BY 1, 2;
SELECT '1..' || count(*) + 1 FROM verdict;
SELECT CASE WHEN wrong = 0 THEN 'ok ' ELSE 'not ok ' END || row_number() OVER (ORDER BY data, what)
	|| format(' - %s: %s, %s numbers, at most %s apart', data, what, numbers, coalesce(to_char(error, '9.9EEEE'), '0'))
	|| CASE WHEN wrong = 0 THEN '' ELSE E'\n' || (
		SELECT string_agg(format('# %s day %s: R says %s, we %s', grp, days, r, c.ours), E'\n')
		FROM (SELECT * FROM compared c WHERE c.data = v.data AND regexp_replace(c.what, ' \d+ of', ' of') = v.what AND NOT same LIMIT 5) c) END
FROM verdict v ORDER BY data, what;
SELECT CASE WHEN (SELECT count(*) FROM compared) = (SELECT count(*) FROM answers) THEN 'ok ' ELSE 'not ok ' END
	|| (SELECT count(*) + 1 FROM verdict) || ' - each of the ' || (SELECT count(*) FROM answers) || ' answers of R was compared with one of ours';
