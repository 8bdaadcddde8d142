-- Every funnel against every small journey, compared with what the words of semantics.md say.
--
-- All journeys of up to five steps over the stages a, b, c and x, at four instants. A step is written as
-- its stage and its tick: a0b0x3 is a journey. Inside one instant any order counts, so what is expected of
-- a journey is the best chain of all journeys with the same steps, its bag.
--
-- Of the 57,344 journeys of five steps each funnel is asked for one a bag, which one depends on the
-- funnel's number. With FUNNEL_CHAINS=all in the environment it is asked for all of them, which takes
-- some minutes.
SET client_min_messages = warning;
CREATE SCHEMA funnel_chains;
SET search_path = funnel_chains, lifecycle, public;
SET timezone = 'UTC';
SET jit = off;
\set sample some
\getenv sample FUNNEL_CHAINS

-- The instants: days; and where months end, so that a later entry may have the earlier deadline.
CREATE TABLE clock AS SELECT '{2026-01-01,2026-01-02,2026-01-06,2026-01-13}'::timestamptz[] AS days,
	'{2026-01-30T12:00Z,2026-01-31T00:00Z,2026-02-28T06:00Z,2026-03-01T00:00Z}'::timestamptz[] AS months;

CREATE TABLE walk AS
WITH RECURSIVE step(label, tick) AS (
	SELECT l, t FROM unnest('{a,b,c,x}'::text[]) l, generate_series(0, 3) t
), grown(walk, tick, n) AS (
	SELECT label || tick, tick, 1 FROM step
	UNION ALL
	SELECT walk || label || step.tick, step.tick, n + 1
	FROM grown JOIN step ON step.tick >= grown.tick
	WHERE n < 5
), bagged AS (
	SELECT walk, n, (SELECT string_agg(s, '' ORDER BY right(s, 1), s) FROM generate_series(1, n) i, substr(walk, 2 * i - 1, 2) s) AS bag
	FROM grown
)
SELECT walk, n, bag, row_number() OVER (PARTITION BY bag ORDER BY walk) AS member, count(*) OVER (PARTITION BY bag) AS members
FROM bagged;

CREATE TABLE journeys AS
SELECT walk, n, bag, member, members,
	journey_agg(left(s, 1), days[right(s, 1)::int + 1], i) AS of_days,
	journey_agg(left(s, 1), months[right(s, 1)::int + 1], i) AS of_months
FROM walk, clock, generate_series(1, n) i, substr(walk, 2 * i - 1, 2) s
GROUP BY walk, n, bag, member, members;

-- Every way to pick up to three steps of a journey, in its order, and the stages passed between one and
-- the next.
CREATE TABLE every_pick AS
WITH way(n, i, j, k) AS (
	SELECT n, i, NULL::int, NULL::int FROM generate_series(1, 5) n, generate_series(1, n) i
	UNION ALL SELECT n, i, j, NULL FROM generate_series(1, 5) n, generate_series(1, n) i, generate_series(i + 1, n) j
	UNION ALL SELECT n, i, j, k FROM generate_series(1, 5) n, generate_series(1, n) i, generate_series(i + 1, n) j, generate_series(j + 1, n) k
)
SELECT DISTINCT bag, substr(walk, 2 * i - 1, 2) || coalesce(substr(walk, 2 * j - 1, 2), '') || coalesce(substr(walk, 2 * k - 1, 2), '') AS choice,
	coalesce(translate(substr(walk, 2 * i + 1, 2 * (j - i - 1)), '0123', ''), '') AS passed_1,
	coalesce(translate(substr(walk, 2 * j + 1, 2 * (k - j - 1)), '0123', ''), '') AS passed_2
FROM walk JOIN way USING (n);
CREATE TABLE pick AS SELECT * FROM every_pick WHERE choice NOT LIKE '%x%' ORDER BY choice;
CREATE INDEX ON pick (choice);

CREATE TABLE choice AS
SELECT choice, string_to_array(rtrim(regexp_replace(choice, '(.).', '\1 ', 'g')), ' ') AS labels,
	string_to_array(rtrim(regexp_replace(choice, '.(.)', '\1 ', 'g')), ' ')::int[] AS ticks
FROM (SELECT DISTINCT choice FROM pick) p;
CREATE TABLE bag AS SELECT bag, count(*) AS journeys FROM walk WHERE n < 5 GROUP BY bag;
VACUUM ANALYZE bag, pick, choice, journeys;

-- What a case asks for.
CREATE TABLE ask (
	n int GENERATED ALWAYS AS IDENTITY, steps text[] DEFAULT '{a,b,c}', kind text DEFAULT 'ordered', within interval, limits interval[],
	first_entry bool DEFAULT false, excluding bool DEFAULT false, entered int4range, as_of int, clock text DEFAULT 'days'
);
INSERT INTO ask (within, kind, first_entry, excluding)
SELECT w, k, f, x
FROM unnest('{0,1 day,10 days,NULL}'::interval[]) w, unnest('{ordered,adjacent,any,at least}'::text[]) k, unnest('{f,t}'::bool[]) f, unnest('{f,t}'::bool[]) x;
INSERT INTO ask (steps, within, kind, first_entry, excluding)
SELECT s::text[], w, k, f, NOT f
FROM unnest('{"{a,b,a}","{a,a,b}","{a,a,a}"}'::text[]) s, unnest('{1 day,NULL}'::interval[]) w, unnest('{ordered,adjacent,any}'::text[]) k, unnest('{f,t}'::bool[]) f;
INSERT INTO ask (steps, limits, within, kind, first_entry, excluding)
SELECT s::text[], l::interval[], w, k, s = '{a,b,c}' AND w IS NULL, w IS NOT NULL
FROM unnest('{"{a,b,c}","{a,b,a}","{a,a,b}"}'::text[]) s, unnest('{"{NULL,5 days,7 days}","{NULL,NULL,1 day}","{NULL,0,NULL}"}'::text[]) l,
	unnest('{11 days,NULL}'::interval[]) w, unnest('{ordered,adjacent,at least}'::text[]) k
WHERE s = '{a,b,c}' OR k <> 'at least' AND l <> '{NULL,0,NULL}';
INSERT INTO ask (within, kind, first_entry, entered, excluding)
SELECT '10 days', k, f, r::int4range, NOT f
FROM unnest('{ordered,adjacent,any,at least}'::text[]) k, unnest('{f,t}'::bool[]) f, unnest('{"[1,2)","[,2)"}'::text[]) r;
INSERT INTO ask (within, limits, kind, first_entry, as_of, excluding)
SELECT CASE WHEN limited THEN NULL ELSE interval '5 days' END, CASE WHEN limited THEN '{NULL,1 day,7 days}'::interval[] END, k, f, t, f
FROM unnest('{ordered,adjacent,any,at least}'::text[]) k, unnest('{f,t}'::bool[]) f, unnest('{1,2}'::int[]) t, unnest('{f,t}'::bool[]) limited
WHERE NOT (limited AND (k = 'any' OR t = 1));
INSERT INTO ask (within, limits, kind, first_entry, clock)
SELECT CASE WHEN l IS NULL THEN interval '1 month' END, l::interval[], k, f, 'months'
FROM unnest('{ordered,adjacent,any,at least}'::text[]) k, unnest('{NULL,"{NULL,1 month,NULL}","{NULL,NULL,1 month 6 hours}"}'::text[]) l, unnest('{f,t}'::bool[]) f
WHERE k <> 'any' OR l IS NULL;

CREATE FUNCTION instants(ask) RETURNS timestamptz[] LANGUAGE sql STABLE AS
$$ SELECT CASE $1.clock WHEN 'days' THEN days ELSE months END FROM clock $$;
CREATE FUNCTION at(ask, tick int) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT (instants($1))[tick + 1] $$;
CREATE FUNCTION spec(ask) RETURNS funnel_spec LANGUAGE sql STABLE AS $$
	SELECT funnel_spec(steps => $1.steps, per_step => $1.limits, within => $1.within,
		ordering => CASE $1.kind WHEN 'at least' THEN 'ordered' ELSE $1.kind END,
		entry => CASE WHEN $1.first_entry THEN 'first' ELSE 'best' END,
		reach => CASE $1.kind WHEN 'at least' THEN 'at_least' ELSE 'exact' END,
		exclude => CASE WHEN $1.excluding THEN '{x}'::text[] ELSE '{}' END,
		entered => CASE WHEN $1.entered IS NOT NULL THEN tstzrange(at($1, lower($1.entered)), at($1, upper($1.entered))) END,
		as_of => at($1, $1.as_of))
$$;

-- The times of a chain by the funnel's step, NULL where it is skipped; NULL if the pick is no chain of
-- the funnel at all.
CREATE FUNCTION chain_times(ask, labels text[], times timestamptz[]) RETURNS timestamptz[] LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN $1.kind = 'at least' AND labels = ARRAY(SELECT s FROM unnest($1.steps) s WHERE s = ANY (labels)) THEN
			ARRAY(SELECT times[array_position(labels, s)]
				FROM unnest($1.steps[:array_position($1.steps, labels[cardinality(labels)])]) WITH ORDINALITY u(s, n) ORDER BY n)
		WHEN $1.kind = 'any' AND NOT EXISTS (
			SELECT l, count(*) FROM unnest(labels) l GROUP BY l
			HAVING count(*) > (SELECT count(*) FROM unnest($1.steps) s WHERE s = l)) THEN times
		WHEN $1.kind IN ('ordered', 'adjacent') AND labels = $1.steps[:cardinality(labels)] THEN times
	END
$$;

-- Since the previous visited step, nobody takes longer than the step's limit.
CREATE FUNCTION in_limits(limits interval[], times timestamptz[]) RETURNS bool LANGUAGE sql STABLE AS $$
	SELECT limits IS NULL OR NOT EXISTS (
		SELECT FROM (SELECT n, t, lag(t) OVER (ORDER BY n) AS previous
			FROM unnest(times) WITH ORDINALITY u(t, n) WHERE t IS NOT NULL) s
		WHERE t > previous + limits[n])
$$;

-- Per case: the picks that are chains of its funnel, the best first, and what must not lie in between if
-- x is excluded.
CREATE TABLE chain (n int, choice text, entry int, rank int, times timestamptz[], between_x text);
-- What the case at hand expects of each bag where it is not level 0, and of how many journeys of up to
-- four steps; what was found to be different; and what the aggregate says of those journeys.
CREATE TABLE expected (bag text, times timestamptz[]);
CREATE TABLE counted (n int, times timestamptz[], journeys bigint);
CREATE TABLE difference (n int, walk text, expected timestamptz[], level int, got timestamptz[]);
CREATE TABLE report (n int, step int, eligible bigint, reached bigint, pending bigint);

CREATE PROCEDURE expect(a ask) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO chain
	SELECT a.n, choice, ticks[1], dense_rank() OVER (ORDER BY cardinality(c.times) DESC, last, cardinality(labels) DESC, picked[1] DESC, array_replace(c.times, NULL, 'infinity')),
		c.times, 'x[' || nullif(array_to_string(ARRAY(SELECT * FROM generate_series(ticks[1] + 1, ticks[cardinality(ticks)])), ''), '') || ']'
	FROM (SELECT *, ARRAY(SELECT at(a, t) FROM unnest(ticks) WITH ORDINALITY u(t, i) ORDER BY i) AS picked, ticks[cardinality(ticks)] AS last FROM choice) p,
		chain_times(a, labels, picked) c(times)
	WHERE c.times IS NOT NULL AND in_limits(a.limits, c.times)
		AND (a.within IS NULL OR at(a, last) <= picked[1] + a.within)
		AND (a.entered IS NULL OR ticks[1] <@ a.entered)
		AND (a.as_of IS NULL OR last <= a.as_of);

	TRUNCATE expected;
	INSERT INTO expected
	SELECT bag, times
	FROM (
		SELECT bag, min(rank) AS rank
		FROM chain c JOIN pick p USING (choice)
		WHERE c.n = a.n
			AND (NOT a.excluding OR between_x IS NULL OR bag !~ between_x)
			AND (a.kind <> 'adjacent' OR (translate(passed_1, a.steps[1] || a.steps[2], '') = '' AND translate(passed_2, a.steps[2] || a.steps[3], '') = ''))
			AND (NOT a.first_entry OR entry = substring(bag, format('[%s](.)', CASE WHEN a.kind IN ('any', 'at least') THEN array_to_string(a.steps, '') ELSE a.steps[1] END))::int)
		GROUP BY bag) best JOIN (SELECT DISTINCT rank, times FROM chain WHERE n = a.n) t USING (rank);
	INSERT INTO counted
	SELECT a.n, times, sum(journeys) FROM expected LEFT JOIN bag USING (bag) GROUP BY times;
END
$$;

CREATE PROCEDURE compare(a ask, spec funnel_spec, every_one bool) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO difference
	SELECT a.n, walk, times, level, got
	FROM (
		SELECT walk, times, funnel_times(journey, spec) AS got, CASE WHEN j.n < 4 THEN funnel_level(journey, spec) END AS level
		FROM (SELECT *, CASE a.clock WHEN 'days' THEN of_days ELSE of_months END AS journey FROM journeys) j
			LEFT JOIN expected USING (bag)
		WHERE j.n < 5 OR every_one OR member = 1 + a.n % members
		OFFSET 0) f
	WHERE got IS DISTINCT FROM coalesce(times, '{}') OR level <> cardinality(got);

	INSERT INTO report
	SELECT a.n, s.step, s.eligible, s.reached, s.pending
	FROM (SELECT funnel_agg(CASE a.clock WHEN 'days' THEN of_days ELSE of_months END, spec) AS f FROM journeys j WHERE j.n < 5) f, funnel_steps(f) s;
END
$$;

CREATE PROCEDURE answer(every_one bool) LANGUAGE plpgsql AS $$
DECLARE
	a ask;
BEGIN
	FOR a IN SELECT * FROM ask ORDER BY n LOOP
		CALL expect(a);
		CALL compare(a, spec(a), every_one);
	END LOOP;
END
$$;
CALL answer(:'sample' = 'all');

-- Nothing differs; and enough happens for that to say something.
SELECT (SELECT count(*) FROM walk) AS journeys, count(DISTINCT n) AS cases, count(*) AS answers FROM counted;
SELECT n, spec(a), count(*) AS different, min(walk) AS journey
FROM difference JOIN ask a USING (n) GROUP BY n, a ORDER BY n;

-- The aggregate counts them: the young apart from the others, the others by their level.
CREATE VIEW expected_report AS
SELECT n, step, sum(journeys) FILTER (WHERE eligible) AS eligible, sum(journeys) FILTER (WHERE eligible AND cardinality(times) >= step) AS reached,
	sum(journeys) FILTER (WHERE NOT eligible) AS pending
FROM (
	SELECT n, times, journeys, as_of IS NULL OR (SELECT min(t) FROM unnest(times) t) + coalesce(within, (SELECT sum(l) FROM unnest(limits) l)) <= at(ask, as_of) AS eligible
	FROM counted JOIN ask USING (n)) e, generate_series(1, 3) step
GROUP BY n, step;
SELECT count(*) AS rows, count(*) FILTER (WHERE r.pending > 0) AS with_young, count(*) FILTER (WHERE (r.eligible, r.reached, r.pending) IS DISTINCT FROM
	(coalesce(c.eligible, 0), coalesce(c.reached, 0), coalesce(c.pending, 0))) AS different
FROM report r LEFT JOIN expected_report c USING (n, step);

DROP SCHEMA funnel_chains CASCADE;
