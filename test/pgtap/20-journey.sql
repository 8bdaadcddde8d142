-- What one may rely on when a journey lives in a table.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET search_path = public, lifecycle;
SET timezone = 'Europe/Paris';
SELECT plan(43);

-- The objects themselves.
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p, pg_depend d
	WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND p.pronamespace = 'lifecycle'::regnamespace
		AND 'lifecycle.journey'::regtype = ANY (p.proargtypes || p.prorettype) AND p.proparallel <> 's' AND p.provolatile <> 'v'$$,
	'every function on journeys that writes nothing is parallel safe');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'lifecycle'::regnamespace AND 'lifecycle.journey'::regtype = p.proargtypes[0] AND p.prokind = 'f'
		AND p.provolatile <> CASE WHEN 'anyenum'::regtype = ANY (p.proargtypes) OR 'anyelement'::regtype = ANY (p.proargtypes) THEN 's' ELSE 'i' END
		AND p.proname IN ('steps', 'path', 'stages', 'moves', 'current_stage', 'started_at', 'last_moved_at', 'step_count', 'in_stage_since',
			'entered_at', 'left_at', 'visits', 'time_in', 'time_between', 'stage_at', 'slice', 'crop', 'collapse', 'ends_in')$$,
	'what reads a journey is immutable, unless it looks an enum up');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p, pg_depend d
	WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crm_lifecycle')
		AND obj_description(p.oid, 'pg_proc') IS NULL$$,
	'every function has a comment');

-- A table whose journey must end in its stage, whatever type the stage has.
CREATE TYPE stage AS ENUM ('lead', 'mql', 'won');
CREATE DOMAIN text_stage AS text;
CREATE DOMAIN enum_stage AS stage;
CREATE TABLE deal (id int, stage text NOT NULL, journey journey, CONSTRAINT true_to_stage CHECK (lifecycle.ends_in(journey, stage)));
INSERT INTO deal VALUES (1, 'won', '{lead@2026-01-01,won@2026-01-02}'), (2, 'lead', '{lead@2026-01-01}');

CREATE FUNCTION refuses(what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT throws_ok($q$INSERT INTO deal VALUES (3, 'won', '{lead@2026-01-01}')$q$, '23514', NULL, what || ': a journey that ends elsewhere is refused');
	RETURN NEXT throws_ok($q$INSERT INTO deal VALUES (3, 'won', NULL)$q$, '23514', NULL, what || ': and so is none');
	RETURN NEXT lives_ok($q$INSERT INTO deal VALUES (3, 'mql', '{lead@2026-01-01,mql@2026-01-03}')$q$, what || ': a true one is let in');
	DELETE FROM deal WHERE id = 3;
END $$;
SELECT refuses('text');
ALTER TABLE deal ALTER stage TYPE stage USING stage::stage;
SELECT refuses('text to enum');
ALTER TABLE deal ALTER stage TYPE enum_stage;
SELECT refuses('enum to a domain over it');
ALTER TABLE deal ALTER stage TYPE varchar(30) USING stage::text;
SELECT refuses('that to varchar');
ALTER TABLE deal ALTER stage TYPE stage USING stage::stage;
SELECT refuses('varchar to enum');
ALTER TABLE deal ALTER stage TYPE text USING stage::text;
SELECT refuses('enum to text');
ALTER TABLE deal ALTER stage TYPE text_stage;
SELECT refuses('text to a domain over it');
ALTER TABLE deal ALTER stage TYPE enum_stage USING stage::stage;
SELECT refuses('that to a domain over an enum');
SELECT is((SELECT count(*) FROM deal WHERE ends_in(journey, stage)), 2::bigint, 'the rows came along');

-- Labels are looked up each time: nothing stale within a session.
SELECT is(entered_at('{lead@2026-01-01}', 'lead'::stage), '2026-01-01T00:00Z', 'an enum is found by its label');
ALTER TYPE stage RENAME VALUE 'lead' TO 'prospect';
SELECT is(entered_at('{prospect@2026-01-01}', 'prospect'::stage), '2026-01-01T00:00Z', 'by its new label once it is renamed');
SELECT is(entered_at('{lead@2026-01-01}', 'prospect'::stage), NULL, 'and not by the old one');

-- Indexes and statistics.
CREATE TABLE many AS
SELECT i AS id, journey_agg(s, timestamptz '2026-01-01' + (i + ord) * interval '1 day') AS journey
FROM generate_series(1, 2000) i, unnest(ARRAY['lead', 'mql', CASE WHEN i % 100 = 0 THEN 'won' ELSE 'lost' END]) WITH ORDINALITY AS u(s, ord)
GROUP BY i;
CREATE INDEX many_moves ON many USING gin (moves(journey));
CREATE INDEX many_start ON many (started_at(journey));
CREATE UNIQUE INDEX many_journey ON many (journey);
ANALYZE many;
SET LOCAL enable_seqscan = off;
CREATE FUNCTION plan_has(query text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line ~ pattern THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
SELECT ok(plan_has($$SELECT id FROM many WHERE moves(journey) @> '{mql>won}'$$, 'many_moves'), 'a GIN index serves moves()');
SELECT is((SELECT count(*) FROM many WHERE moves(journey) @> '{mql>won}'), 20::bigint, 'and finds them all');
SELECT ok(plan_has($$SELECT id FROM many WHERE started_at(journey) < '2026-01-03'$$, 'many_start'), 'a btree index serves started_at()');
SELECT throws_ok('INSERT INTO many SELECT 0, journey FROM many WHERE id = 5', '23505', NULL, 'journeys can be unique');
RESET enable_seqscan;

-- Instants in another time zone, clocks that change, intervals.
SELECT is(time_in(journey '{lead@2026-03-28T12:00:00Z,won@2026-03-30T12:00:00Z}', 'lead', '2026-04-01'), interval '2 days',
	'a dwell across the change of clocks counts hours, not calendar days');
SELECT is('{lead@2026-01-05T09:00:00+01:00}'::journey::text, '{lead@2026-01-05T08:00:00Z}', 'an offset is honoured, the time zone setting is not');
SELECT is((SELECT count(*) FROM many a JOIN many b ON a.journey = b.journey), 2000::bigint, 'equal journeys join');
SELECT is(entered_at(journey, 'won', 1), left_at(journey, 'mql'), 'a stage is left when the next is entered') FROM many WHERE id = 100;

-- Slices agree with what they were cut from.
SELECT is_empty($$
	SELECT id FROM many, generate_series(timestamptz '2026-01-01', '2026-01-10', '12 hours') at
	WHERE stage_at(slice(journey, tstzrange(at, NULL)), at) IS DISTINCT FROM stage_at(journey, at)
	AND id < 10$$, 'a slice begins with the stage held there');
SELECT is_empty($$
	SELECT id FROM many, generate_series(timestamptz '2026-01-01', '2026-01-10', '12 hours') at
	WHERE id < 10 AND COALESCE(step_count(crop(journey, '-infinity', at)), 0) + COALESCE(step_count(crop(journey, at, 'infinity')), 0) <> step_count(journey)$$,
	'two crops hold each step once');
SELECT is_empty($$SELECT id FROM many WHERE journey <> (SELECT journey_agg(stage, entered_at, step) FROM steps(journey))$$, 'the steps make the journey again');
SELECT is_empty($$SELECT id FROM many WHERE path(journey) <> (SELECT string_agg(stage, '>' ORDER BY step) FROM steps(journey))$$, 'path is what steps say');

SELECT * FROM finish();
ROLLBACK;
