-- Survival: what its numbers mean, in words, and what R's survival package says.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SELECT plan(52);

-- ---- who is watched, and for how long ----

CREATE FUNCTION watched(j journey, spec survival_spec) RETURNS text LANGUAGE sql
RETURN substring(survival_agg(j, spec)::text FROM '\{.*\}');
CREATE FUNCTION days(n int) RETURNS text LANGUAGE sql RETURN (n * 86400000000)::text;

SELECT is(watched('{lead@2026-01-01,sql@2026-01-03,won@2026-01-13}', 'from sql to won, lost as of 2026-05-01'),
	'{to won [' || days(10) || ']}', 'a journey is watched from its entry into the stage to its outcome');
SELECT is(watched('{sql@2026-01-03,demo@2026-02-01}', 'from sql to won, lost as of 2026-01-13'),
	'{open [' || days(10) || ']}', 'one that is still open is watched until the instant of the question');
SELECT is(watched('{sql@2026-01-03,won@2026-02-01}', 'from sql to won, lost as of 2026-01-13'),
	'{open [' || days(10) || ']}', 'what happens after that instant has not happened');
SELECT is(watched('{sql@2026-01-03,won@2026-01-13}', 'from sql to won, lost as of 2026-01-13'),
	'{to won [' || days(10) || ']}', 'what happens at that instant has');
SELECT is(watched('{sql@2026-01-03}', 'from sql to won as of 2026-01-02'), '{}', 'who enters later is not counted');
SELECT is(watched('{sql@2026-01-03}', 'from sql to won as of 2026-01-03'), '{open [0]}', 'who enters at that instant is');
SELECT is(watched('{lead@2026-01-03,won@2026-01-05}', 'from sql to won as of 2026-05-01'), '{}', 'who never enters is not counted');
SELECT is(watched('{sql@2026-01-01,lost@2026-01-02,sql@2026-02-01,won@2026-02-03}', 'from sql to won, lost as of 2026-05-01'),
	'{to lost [' || days(1) || ']}', 'the first outcome counts, and who enters again is no second subject');
SELECT is(watched('{sql@2026-01-01,lead@2026-01-05,sql@2026-02-01,won@2026-02-10}', 'from sql to won as of 2026-05-01'),
	'{to won [' || days(40) || ']}', 'time runs from the first entry, whatever lies between');
SELECT is(watched('{won@2026-01-01,sql@2026-02-01}', 'from sql to won as of 2026-02-06'), '{open [' || days(5) || ']}',
	'an outcome before the entry does not count');
SELECT is(watched('{sql@2026-01-01,won@2026-01-01}', 'from sql to won as of 2026-05-01'), '{to won [0]}', 'a duration may be zero');
SELECT is(watched('{order@2026-01-01,order@2026-01-04}', 'from order to order as of 2026-05-01'), '{to order [' || days(3) || ']}',
	'a stage may wait for itself');
SELECT is(survival_agg(j, 'from sql to won by 1 day as of 2026-05-01')::text,
	'from sql to won by 1 day as of 2026-05-01T00:00:00Z {open [10368000000000]; to won [0,86400000000,172800000000*2]}',
	'a duration counts as the end of its bucket')
FROM (VALUES (journey '{sql@2026-01-01,won@2026-01-01}'), ('{sql@2026-01-01,won@2026-01-02}'), ('{sql@2026-01-01,won@2026-01-02T00:00:00.000001Z}'),
	('{sql@2026-01-01,won@2026-01-03}'), ('{sql@2026-01-01}')) v(j);
SELECT is(survival_agg(j, 'from sql to won', '2026-01-11')::text, 'from sql to won as of 2026-01-11T00:00:00Z {open [' || days(10) || ']}',
	'the instant may be an argument') FROM (VALUES (journey '{sql@2026-01-01}')) v(j);
SELECT throws_ok($$SELECT survival_agg('{sql@2026-01-01}'::journey, 'from sql to won')$$, '22023', NULL, 'without an instant nobody is known to have lasted');

-- ---- what R says ----

-- Miller's aml, the first eleven maintained: survival 3.5-3, R 4.2.2.
CREATE TABLE aml AS
SELECT make_interval(days => t) AS time, CASE WHEN s = 1 THEN 'relapse' END AS cause, i <= 11 AS maintained
FROM unnest('{9,13,13,18,23,28,31,34,45,48,161,5,5,8,8,12,16,23,27,30,33,43,45}'::int[],
	'{1,1,0,1,1,0,1,1,0,1,0,1,1,1,1,1,0,1,1,1,1,1,1}'::int[]) WITH ORDINALITY u(t, s, i);
CREATE FUNCTION near(a float8, b float8) RETURNS bool LANGUAGE sql
RETURN a IS NULL AND b IS NULL OR coalesce(abs(a - b) <= 1e-9 * abs(b), false);

-- summary(survfit(Surv(time, status) ~ 1, aml, conf.type = "log-log"), censored = TRUE)
CREATE TABLE r AS SELECT * FROM (VALUES
	(5, 0.913043478260869512, 0.058753384755841409, 0.6949475375320587345, 0.97751566990071348, 0.086956521739130432),
	(8, 0.826086956521739135, 0.079034196447511806, 0.6006104112371989379, 0.93090355838711547, 0.182194616977225665),
	(9, 0.782608695652173836, 0.086006148703798302, 0.5542115066687285374, 0.90320748988188693, 0.234826195924594083),
	(12, 0.739130434782608647, 0.091560537151700067, 0.5092094387542187572, 0.87337578169767649, 0.290381751480149664),
	(13, 0.695652173913043459, 0.095943875542151391, 0.4656417497620039536, 0.84172129139176310, 0.349205280891914327),
	(16, 0.695652173913043459, 0.095943875542151391, 0.4656417497620039536, 0.84172129139176310, 0.349205280891914327),
	(18, 0.645962732919254656, 0.101142675175284608, 0.4139529507171170741, 0.80530776448207853, 0.420633852320485779),
	(23, 0.546583850931677051, 0.107250641740122291, 0.3192504139711868638, 0.72644917382063356, 0.574480006166639634),
	(27, 0.496894409937888193, 0.108401780788683025, 0.2755656280121371871, 0.68421378844781600, 0.665389097075730573),
	(28, 0.496894409937888193, 0.108401780788683025, 0.2755656280121371871, 0.68421378844781600, 0.665389097075730573),
	(30, 0.441683919944789505, 0.109518069977657145, 0.2273811684625424989, 0.63709268745988801, 0.776500208186841623),
	(31, 0.386473429951690817, 0.108858801494864363, 0.1828366186486279354, 0.58747691441794037, 0.901500208186841623),
	(33, 0.331262939958592129, 0.106390972887550561, 0.1418256934817383741, 0.53527378998906849, 1.044357351043984528),
	(34, 0.276052449965493440, 0.101983376090491865, 0.1044413432335930397, 0.48028466041656159, 1.211024017710651046),
	(43, 0.220841959972394752, 0.095367438486434419, 0.0709966489828614822, 0.42216744338092460, 1.411024017710651224),
	(45, 0.165631469979296064, 0.086035208408575106, 0.0421142812615768955, 0.36036136027318333, 1.661024017710651224),
	(48, 0.082815734989648032, 0.072661800503528301, 0.0069559667985364575, 0.28676036798091808, 2.161024017710651002),
	(161, 0.082815734989648032, 0.072661800503528301, 0.0069559667985364575, 0.28676036798091808, 2.161024017710651002)) v(day, s, e, l, u, h);
CREATE VIEW curve AS SELECT k.* FROM (SELECT survival_agg(time, cause) AS s FROM aml) x, kaplan_meier(s) k;
SELECT ok(count(*) = 18 AND bool_and(near(survival, s)), 'the curve is R''s')
FROM r FULL JOIN curve ON make_interval(days => day) = time;
SELECT ok(bool_and(near(std_err, e)), 'Greenwood''s errors are R''s') FROM r JOIN curve ON make_interval(days => day) = time;
SELECT ok(bool_and(near(lower, l) AND near(upper, u)), 'the log-log interval is R''s') FROM r JOIN curve ON make_interval(days => day) = time;
SELECT ok(bool_and(near(cum_hazard, h)), 'the cumulative hazard is R''s') FROM r JOIN curve ON make_interval(days => day) = time;
-- summary(survfit(Surv(time, status) ~ 1, aml, conf.type = "log"), times = c(5, 23, 48))
SELECT ok(count(*) = 3 AND bool_and(near(lower, l) AND near(upper, u)), 'the log interval is R''s')
FROM (SELECT survival_agg(time, cause) AS s FROM aml) x, kaplan_meier(s, 'log') k
	JOIN (VALUES (5, 0.804854797782957765, 1::float8), (23, 0.372078087249211209, 0.80293335280236955), (48, 0.014834608254847221, 0.46232740656529359)) v(day, l, u)
	ON make_interval(days => day) = time;
-- survdiff(Surv(time, status) ~ x, aml)
CREATE VIEW groups AS SELECT array_agg(s ORDER BY maintained DESC) AS g FROM (SELECT maintained, survival_agg(time, cause) AS s FROM aml GROUP BY 1) x;
SELECT ok(near(chi_square, 3.396388698977601) AND df = 1 AND near(p_value, 0.065339322040505188), 'the log-rank test is R''s')
FROM groups, logrank_test(g);
SELECT ok(count(*) = 2 AND bool_and(subjects = n AND observed = o AND near(expected, e) AND near(variance, 4.007550745938735)), 'its groups are R''s')
FROM groups, logrank_groups(g) JOIN (VALUES (1, 11, 7, 10.689335992300725), (2, 12, 11, 7.310664007699276)) v(i, n, o, e) ON i = group_number;
SELECT is((SELECT median_survival(survival_agg(time, cause)) FROM aml), '27 days'::interval, 'the median is R''s');

-- With the maintained ones' relapse called another cause:
-- s <- summary(survfit(Surv(time, factor(status * (1 + (x == "Maintained")), 0:2)) ~ 1, aml, conf.type = "log-log"))
CREATE VIEW causes AS SELECT survival_agg(time, CASE WHEN maintained THEN 'late ' ELSE 'early ' END || cause) AS s FROM aml;
-- cbind(f$pstate, f$std.err, f$lower, f$upper)[c(4, 9, 18), ] of the states 1 and 2
SELECT ok(count(*) = 6 AND bool_and(near(i.incidence, f)) AND bool_and(near(i.std_err, e)) AND bool_and(near(i.lower, l) AND near(i.upper, u)),
	'incidences of two causes, their errors and intervals are R''s')
FROM causes, (VALUES
	('early', 12, 0.21739130434782608, 0.086006148703798302, 0.079138903914785536, 0.39927054838405968),
	('early', 27, 0.31677018633540371, 0.099694245195387249, 0.1400225801020451, 0.51057922371739817),
	('early', 161, 0.53761214630779852, 0.11206621380166013, 0.30157477101104618, 0.72519822765424868),
	('late', 12, 0.043478260869565216, 0.042522577993202228, 0.0030934931758779048, 0.18243231075860611),
	('late', 27, 0.18633540372670809, 0.084386111503346226, 0.057865091599730682, 0.37132238784730148),
	('late', 161, 0.37957211870255347, 0.11439862188966381, 0.1682218445771286, 0.59069221872570421)) v(cause, day, f, e, l, u),
	cumulative_incidence(s, cause || ' relapse') i
WHERE time = make_interval(days => day);

-- ---- what holds by definition ----

SELECT ok(bool_and(abs(k.survival + a.incidence + b.incidence - 1) < 1e-15), 'at every duration the incidences and the curve add up to 1')
FROM causes, kaplan_meier(s) k JOIN cumulative_incidence(s, 'early relapse') a USING (time) JOIN cumulative_incidence(s, 'late relapse') b USING (time);
SELECT ok(bool_and(near(i.std_err, k.std_err)), 'with a single cause its error is that of the curve')
FROM (SELECT survival_agg(time, cause) AS s FROM aml) x, kaplan_meier(s) k JOIN cumulative_incidence(s, 'relapse') i USING (time);
SELECT ok(bool_and(survival = (1000 - row_number)::float8 / 1000), 'where nobody is censored the curve is the plain share, to the last digit')
FROM (SELECT k.*, row_number() OVER (ORDER BY time) FROM (SELECT survival_agg(make_interval(secs => i), 'x') AS s FROM generate_series(1, 1000) i) x, kaplan_meier(s) k) y;
SELECT is((SELECT at_risk FROM (SELECT survival_agg(d::interval, c) AS s FROM (VALUES ('5 days', 'x'), ('5 days', NULL), ('7 days', NULL)) v(d, c)) x, kaplan_meier(s) WHERE time = '5 days'),
	3::bigint, 'who is censored at a duration is at risk at it');
SELECT ok((SELECT bool_and(std_err IS NULL AND lower IS NULL AND upper IS NULL AND survival = 0) FROM kaplan_meier('{to x [5]}')),
	'where nobody is left, error and interval are not known');
SELECT results_eq($$SELECT conf, lower, upper, std_err FROM unnest('{log-log,log}'::text[]) conf, kaplan_meier('{open [5]; to x [7]}', conf) WHERE survival = 1$$,
	$$VALUES ('log-log', NULL::float8, NULL::float8, 0::float8), ('log', 1, 1, 0)$$, 'where all are left, log-log has no interval');
SELECT is(median_survival('{to x [1,2,3,4]}'), '2 microseconds'::interval, 'the median is the first duration with at most one half left');
-- 24/26 * 13/20 * 10/12; in floating point that is 0.5000000000000001.
SELECT is(median_survival('{open [2*4,4,6*8,9*2]; to x [1*2,3*7,5*2]}'), '5 microseconds'::interval, 'and no rounding hides that it is one half');
SELECT is(median_survival('{open [7*3]; to x [7*2]}'), NULL::interval, 'NULL if more than one half are left');
SELECT is(median_survival('{}'), NULL::interval, 'the median of nobody is NULL');

SELECT ok(near(win_within('{open [10]; to lost [3,5]; to won [2,4,8]}', 'won', '2 microseconds', '3 microseconds'), 1/5.0),
	'win_within: of the five who are there after 2, one is won until 5');
SELECT is(win_within('{open [10]; to won [2,4]}', 'won', '0', '11 microseconds'), NULL::float8, 'beyond the longest duration nothing is known');
SELECT is(win_within('{open [10]; to won [2,4]}', 'won', '11 microseconds', '0'), NULL::float8, 'nor there with no horizon');
SELECT throws_ok($$SELECT win_within('{to won [2]}', 'won', '0', '1 month')$$, '22023', NULL, 'a month has no length');
SELECT throws_ok($$SELECT win_within('{to won [2]}', 'won', '-1 day', '1 day')$$, '22023', NULL, 'an age is not negative');
SELECT is(win_within('{to lost [10]; to won [2]}', 'won', '0', '99 days'), 0.5::float8, 'unless all have ended');
SELECT is(win_within('{to lost [10]; to won [2]}', 'won', '10 microseconds', '1 day'), NULL::float8, 'of an age that nobody outlasts nothing is known');
SELECT is(win_within('{to lost [10]}', 'won', '0', '5 microseconds'), 0::float8, 'a cause that nobody had has no incidence');
SELECT throws_ok($$SELECT win_within('from a to b as of 2026-01-01 {to b [5]}', 'c', '0', '0')$$, '22023', NULL, 'unless it is one that was not waited for: that is an error');
CREATE TYPE outcome AS ENUM ('won', 'lost');
SELECT is(win_within('{to lost [10]; to won [2]}', 'won'::outcome, '0', '99 days'), 0.5::float8, 'a cause may be an enum');
SELECT is((SELECT survival_agg(d::interval, c::outcome)::text FROM (VALUES ('5 seconds', 'won'), ('3 seconds', NULL)) v(d, c)), '{open [3000000]; to won [5000000]}',
	'also where it is counted');

SELECT ok(bool_and(near(t.chi_square, u.chi_square)) AND bool_and(t.df = 1 AND u.df = 1), 'a group of nobody changes nothing')
FROM groups, logrank_test(g) t, logrank_test(g || NULL::survival || '{}'::survival) u;
SELECT ok(abs(chi_square) < 1e-12 AND df = 1 AND abs(p_value - 1) < 1e-6, 'groups that are alike do not differ') FROM logrank_test('{"{to x [1,2,3]}","{to x [1,2,3]}"}');
SELECT ok(bool_and(chi_square IS NULL AND df = 0 AND p_value IS NULL), 'fewer than two groups cannot be compared')
FROM (VALUES ('{}'::survival[]), ('{"{to x [1,2]}"}'), ('{"{to x [1,2]}",NULL}'), ('{"{to x [9]}","{open [5]}"}')) v(g), logrank_test(g);
SELECT is(t.chi_square, (SELECT chi_square FROM logrank_test('{"{open [2]; to won [1,5]}","{open [1]; to won [3,4]}"}')), 'for one cause the others leave like the censored')
FROM logrank_test('{"{to lost [2]; to won [1,5]}","{to lost [1]; to won [3,4]}"}', 'won') t;
SELECT throws_ok($$SELECT logrank_test('{"{to x [1]}","from a to x as of 2026-01-01 {to x [1]}"}')$$, '22023', NULL, 'different questions cannot be compared');

-- Without censoring a bucket's end tells what had happened by then.
SELECT ok(count(*) > 20 AND bool_and(b.survival = (SELECT e.survival FROM kaplan_meier(exact) e WHERE e.time <= b.time ORDER BY e.time DESC LIMIT 1)), 'buckets do not run ahead')
FROM (SELECT survival_agg(j, 'from a to b as of 2030-01-01') AS exact, survival_agg(j, 'from a to b by 36 hours as of 2030-01-01') AS bucketed
	FROM (SELECT ('{a@2026-01-01,b@' || to_char(timestamp '2026-01-01' + i * i * interval '17 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '}')::journey AS j FROM generate_series(1, 80) i) x) y,
	kaplan_meier(bucketed) b;

-- A summary that is stored has no room to spare; one of nobody has none at all.
SELECT is((SELECT rollup(s ORDER BY n)::text FROM (SELECT 0 AS n, survival '{}' AS s UNION ALL SELECT n, survival_agg(n * interval '1 second', 'won') FROM generate_series(1, 2000) n GROUP BY n) x),
	(SELECT survival_agg(n * interval '1 second', 'won')::text FROM generate_series(1, 2000) n), 'what begins with nobody rolls up like anything else');

SELECT * FROM finish();
ROLLBACK;
