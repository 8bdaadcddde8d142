-- Every funnel against every small journey, compared with what the words of semantics.md say.
--
-- All journeys of up to four steps over the stages a, b, c and x, on four days. Inside one instant any
-- order counts, so what is expected of a journey is the best chain of all journeys with the same steps.
SET client_min_messages = warning;
CREATE SCHEMA funnel_chains;
SET search_path = funnel_chains, lifecycle, public;

CREATE TABLE walk AS
WITH RECURSIVE step(label, day) AS (
	SELECT l, d FROM unnest('{a,b,c,x}'::text[]) l, unnest('{0,1,5,12}'::int[]) d
), grown(labels, days) AS (
	SELECT ARRAY[label], ARRAY[day] FROM step
	UNION ALL
	SELECT labels || label, days || day
	FROM grown, step
	WHERE cardinality(labels) < 4 AND day >= days[cardinality(days)]
)
SELECT row_number() OVER w AS id, labels, days,
	dense_rank() OVER (ORDER BY (SELECT array_agg(d || l ORDER BY d, l) FROM unnest(labels, days) u(l, d))) AS bag
FROM grown
WINDOW w AS (ORDER BY cardinality(labels), days, labels);

CREATE FUNCTION day(n int) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT '2026-01-01 00:00+00'::timestamptz + n * interval '24 hours' $$;

CREATE TABLE journeys AS
SELECT id, bag, format('{%s}', string_agg(l || '@2026-01-' || to_char(d + 1, 'FM00'), ',' ORDER BY n))::journey AS journey
FROM walk, unnest(labels, days) WITH ORDINALITY u(l, d, n)
GROUP BY id, bag;

-- Every way to pick up to three steps of a journey, in its order: their labels, their days, and the
-- labels passed between one and the next.
CREATE TABLE pick AS
WITH RECURSIVE picked AS (
	SELECT id, bag, labels AS all_labels, days AS all_days, i AS last,
		ARRAY[labels[i]] AS labels, ARRAY[days[i]] AS days, '{}'::text[] AS passed_1, '{}'::text[] AS passed_2
	FROM walk, generate_subscripts(labels, 1) i
	UNION ALL
	SELECT id, bag, all_labels, all_days, i, labels || all_labels[i], days || all_days[i],
		CASE cardinality(labels) WHEN 1 THEN all_labels[last + 1:i - 1] ELSE passed_1 END,
		CASE cardinality(labels) WHEN 2 THEN all_labels[last + 1:i - 1] ELSE passed_2 END
	FROM picked, generate_series(last + 1, cardinality(all_labels)) i
	WHERE cardinality(labels) < 3
)
SELECT DISTINCT bag, labels, days, passed_1, passed_2,
	days[1] AS first_day, days[cardinality(days)] AS last_day,
	(SELECT min(d) FROM unnest(all_labels, all_days) u(l, d) WHERE l = 'x' AND d > days[1]) AS next_x,
	(SELECT min(d) FROM unnest(all_labels, all_days) u(l, d) WHERE l = 'a') AS first_a,
	(SELECT min(d) FROM unnest(all_labels, all_days) u(l, d) WHERE l IN ('a', 'b')) AS first_ab,
	(SELECT min(d) FROM unnest(all_labels, all_days) u(l, d) WHERE l IN ('a', 'b', 'c')) AS first_abc
FROM picked
WHERE 'x' <> ALL (labels);

CREATE TABLE choice AS SELECT DISTINCT labels, days FROM pick;
ANALYZE pick, choice;

-- What a case asks for: limits and window in days, NULL where there is none.
CREATE TABLE ask (
	n int GENERATED ALWAYS AS IDENTITY, steps text[], limits int[], within int, ordering text DEFAULT 'ordered', first_entry bool DEFAULT false,
	at_least bool DEFAULT false, excluding bool DEFAULT false, entered int4range DEFAULT '(,)'
);

INSERT INTO ask (steps, within, ordering)
SELECT s::text[], w, o
FROM unnest('{"{a,b,c}","{a,b,a}","{a,a,b}"}'::text[]) s, unnest('{0,1,10,NULL}'::int[]) w, unnest('{ordered,adjacent,any}'::text[]) o
WHERE s = '{a,b,c}' OR w = 10;
INSERT INTO ask (steps, within, ordering, first_entry, excluding)
SELECT s::text[], 10, o, f, NOT f
FROM unnest('{"{a,b,c}","{a,b,a}","{a,a,b}"}'::text[]) s, unnest('{ordered,adjacent,any}'::text[]) o, unnest('{f,t}'::bool[]) f;
INSERT INTO ask (steps, limits, within, ordering, excluding)
SELECT s::text[], l::int[], w, o, w IS NOT NULL
FROM unnest('{"{a,b,c}","{a,b,a}","{a,a,b}"}'::text[]) s, unnest('{"{NULL,5,7}","{NULL,NULL,1}"}'::text[]) l,
	unnest('{11,NULL}'::int[]) w, unnest('{ordered,adjacent}'::text[]) o
WHERE s = '{a,b,c}' OR l = '{NULL,5,7}';
INSERT INTO ask (steps, limits, within, at_least, first_entry, excluding)
SELECT '{a,b,c}', l::int[], w, true, w IS NOT DISTINCT FROM 0, w IS NOT DISTINCT FROM 10
FROM unnest('{NULL,"{NULL,5,7}","{NULL,1,NULL}"}'::text[]) l, unnest('{0,10,NULL}'::int[]) w;
INSERT INTO ask (steps, within, ordering, first_entry, at_least, excluding, entered)
SELECT '{a,b,c}', 10, o, f, l, NOT f, r::int4range
FROM (VALUES ('ordered', false), ('ordered', true), ('adjacent', false), ('any', false)) v(o, l), unnest('{f,t}'::bool[]) f, unnest('{"[1,5)","[,5)"}'::text[]) r;

CREATE FUNCTION spec(ask) RETURNS funnel_spec LANGUAGE sql AS $$
	SELECT funnel_spec(steps => $1.steps,
		per_step => (SELECT array_agg(make_interval(days => l) ORDER BY n) FROM unnest($1.limits) WITH ORDINALITY u(l, n)),
		within => make_interval(days => $1.within),
		ordering => $1.ordering,
		entry => CASE WHEN $1.first_entry THEN 'first' ELSE 'best' END,
		reach => CASE WHEN $1.at_least THEN 'at_least' ELSE 'exact' END,
		exclude => CASE WHEN $1.excluding THEN '{x}'::text[] ELSE '{}' END,
		entered => CASE WHEN $1.entered = '(,)' THEN NULL
			ELSE tstzrange(day(lower($1.entered)), day(upper($1.entered))) END)
$$;

-- The days of a chain by the funnel's step, NULL where it is skipped; NULL if the pick is no chain of
-- the funnel at all.
CREATE FUNCTION chain_days(ask, labels text[], days int[]) RETURNS int[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN $1.at_least AND labels = ARRAY(SELECT s FROM unnest($1.steps) s WHERE s = ANY (labels)) THEN
			ARRAY(SELECT days[array_position(labels, s)]
				FROM unnest($1.steps[:array_position($1.steps, labels[cardinality(labels)])]) WITH ORDINALITY u(s, n) ORDER BY n)
		WHEN $1.ordering = 'any' AND NOT EXISTS (
			SELECT l, count(*) FROM unnest(labels) l GROUP BY l
			HAVING count(*) > (SELECT count(*) FROM unnest($1.steps) s WHERE s = l)) THEN days
		WHEN $1.ordering <> 'any' AND NOT $1.at_least AND labels = $1.steps[:cardinality(labels)] THEN days
	END
$$;

-- Since the previous visited step, nobody takes longer than the step's limit.
CREATE FUNCTION in_limits(limits int[], days int[]) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
	SELECT limits IS NULL OR NOT EXISTS (
		SELECT FROM (SELECT n, d, lag(d) OVER (ORDER BY n) AS previous
			FROM unnest(days) WITH ORDINALITY u(d, n) WHERE d IS NOT NULL) s
		WHERE d - previous > limits[n])
$$;

CREATE TABLE expected (n int, bag int, days int[]);
DO $$
DECLARE
	a ask;
BEGIN
	FOR a IN SELECT * FROM ask LOOP
		INSERT INTO expected
		WITH fitting AS MATERIALIZED (
			SELECT labels, days, chain
			FROM choice, chain_days(a, labels, days) chain
			WHERE chain IS NOT NULL AND in_limits(a.limits, chain)
		)
		SELECT DISTINCT ON (bag) a.n, bag, chain
		FROM pick JOIN fitting USING (labels, days)
		WHERE (a.within IS NULL OR last_day - first_day <= a.within)
			AND (NOT a.excluding OR next_x IS NULL OR last_day < next_x)
			AND (NOT a.first_entry OR first_day = CASE WHEN a.ordering <> 'any' AND NOT a.at_least THEN first_a WHEN 'c' = ANY (a.steps) THEN first_abc ELSE first_ab END)
			AND first_day <@ a.entered
			AND (a.ordering <> 'adjacent' OR (passed_1 <@ a.steps[1:2] AND passed_2 <@ a.steps[2:3]))
		ORDER BY bag, cardinality(chain) DESC, last_day, cardinality(labels) DESC, first_day DESC, array_replace(chain, NULL, 99);
	END LOOP;
END
$$;

-- Nothing differs; and enough happens for that to say something.
SELECT count(DISTINCT n) AS cases, count(DISTINCT bag) AS bags, count(DISTINCT (n, days)) AS answers FROM expected;

CREATE TABLE found AS
SELECT n, id, bag, funnel_level(journey, spec) AS level, funnel_times(journey, spec) AS times
FROM (SELECT n, spec(ask) AS spec FROM ask OFFSET 0) a, journeys;

SELECT n, spec(a), count(*) AS different, min(id) AS journey
FROM found f JOIN ask a USING (n) LEFT JOIN expected e USING (n, bag)
WHERE level <> coalesce(cardinality(days), 0)
	OR times <> ARRAY(SELECT day(d) FROM unnest(days) WITH ORDINALITY u(d, i) ORDER BY i)
GROUP BY n, a
ORDER BY n;

DROP SCHEMA funnel_chains CASCADE;
