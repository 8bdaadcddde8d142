-- Enums made of a lifecycle's stages: made, used by several tables, extended, renamed, dropped, rebuilt.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();
\ir common/refusals.sql

-- Another diagram for a lifecycle, as its owner could store it.
CREATE FUNCTION redraw(lifecycle text, diagram text) RETURNS void LANGUAGE sql AS $$
	UPDATE lifecycle.lifecycle l SET diagram = lifecycle.format_diagram(redraw.diagram) WHERE l.name = redraw.lifecycle $$;
CREATE FUNCTION labels(type regtype) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = type $$;

-- Made.
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2
	[*] --> won
	prospect --> lead
	won --> lead
	won --> it_s
	note right of prospect
		outside: yes
	end note
	note right of it_s
		label: it\'s \\ "quoted", é
	end note');
SELECT is(lifecycle.create_stage_type('deal', 'stage')::text, 'stage', 'its name is told');
SELECT is(labels('stage'), E'won lead it''s \\ "quoted", é', 'the labels are the stages, in diagram order, without those outside');
SELECT is(obj_description('stage'::regtype), $$stages of lifecycle 'deal'; they follow it, see lifecycle.create_stage_type()$$, 'and a comment says what it is');
CREATE SCHEMA sales;
CREATE SCHEMA "Odd schema";
SELECT is(lifecycle.create_stage_type('deal', 'sales.stage')::text, 'sales.stage', 'it goes where the name says');
SELECT is(lifecycle.create_stage_type('deal', '"Odd schema"."A stage"')::text, '"Odd schema"."A stage"', 'also where that is odd');
BEGIN;
SET LOCAL search_path = sales, public;
SELECT is(lifecycle.create_stage_type('deal', 'Other')::text, 'other', 'else into the search_path''s first schema, under the name as SQL reads it');
ROLLBACK;
SELECT is(words($$SELECT lifecycle.make_stage_type('deal', NULL, '{x}')$$), 'no schema has been selected to create in', 'of which there must be one');
SELECT is(words($$SELECT lifecycle.create_stage_type('deal', 'stage')$$), 'type "stage" already exists', 'not twice');
SELECT matches(words($$SELECT lifecycle.create_stage_type('none', 'x')$$), '^lifecycle "none" does not exist\n', 'not of a lifecycle that does not exist');
SELECT is(fields($$SELECT lifecycle.create_stage_type('deal', 'a.b.c')$$), '42601', 'not under a name of three parts');
SELECT is(fields($$SELECT lifecycle.create_stage_type('deal', 'a b')$$), '22023', 'nor under what is no name');
SELECT is(lifecycle.create_stage_type('deal', NULL), NULL, 'NULL for NULL');
SELECT lifecycle.create_lifecycle('long', format(E'stateDiagram-v2\n[*] --> a\na --> b\nnote right of b\nlabel: %s\nend note', repeat('é', 31) || 'x'));
SELECT is(labels(lifecycle.create_stage_type('long', 'long')), 'a ' || repeat('é', 31) || 'x', '63 bytes are a label');
SELECT redraw('long', format(E'stateDiagram-v2\n[*] --> a\na --> b\nnote right of b\nlabel: %s\nend note', repeat('é', 32)));
SELECT is(words($$SELECT lifecycle.create_stage_type('long', 'longer')$$), format(E'label "%s" of lifecycle "long" is too long for an enum
It has 64 bytes, a label of an enum at most 63.
Give the stage a shorter label and this one as its title, or keep stages in a column of type text.', repeat('é', 32)), '64 bytes are not');
SELECT is(fields($$SELECT lifecycle.add_stage_labels('long')$$), '42622', 'nor can they be added');
SELECT is(words($$CALL lifecycle.rename_stage('long', 'a', repeat('y', 64), blocks => NULL)$$), format(E'label "%s" of lifecycle "long" is too long for an enum
It has 64 bytes, a label of an enum at most 63.
Give the stage a shorter label and this one as its title, or keep stages in a column of type text.', repeat('y', 64)), 'nor a stage renamed so');
DROP TYPE long;

-- Used by several tables, behind a domain too, by none, and by others.
CREATE DOMAIN stage_domain AS stage CHECK (VALUE IS NOT NULL);
CREATE TABLE deals (id int PRIMARY KEY, stage stage);
CREATE TABLE more (id int PRIMARY KEY, stage stage_domain);
CREATE TABLE plain (id int, stage stage);
SELECT lifecycle.attach('deals', 'deal');
SELECT lifecycle.attach('more', 'deal');
INSERT INTO deals VALUES (1, 'won');
INSERT INTO more VALUES (1, 'won');
SELECT results_eq($$SELECT type::text, attached FROM lifecycle.stage_types('deal') ORDER BY 1$$,
	$$VALUES ('"Odd schema"."A stage"', false), ('sales.stage', false), ('stage', true)$$, 'the types that follow are found, used or not, each once');
SELECT is_empty($$SELECT lifecycle.add_stage_labels('deal')$$, 'there is nothing to add');

-- Stages that are added.
SELECT redraw('deal', E'stateDiagram-v2\n[*] --> new\nnew --> won\nwon --> busy\nbusy --> lead\nwon --> it_s\nit_s --> last
	note right of it_s\nlabel: it\'s \\ "quoted", é\nend note');
SELECT results_eq($$SELECT problem, subject, hint FROM lifecycle.verify('more') WHERE problem LIKE 'label%'$$,
	$$SELECT 'label is missing in the type', s, 'SELECT * FROM lifecycle.add_stage_labels(''deal'');' FROM unnest('{new,busy,last}'::text[]) s$$,
	'verify() says which call adds labels');
SELECT results_eq($$SELECT type::text, label FROM lifecycle.add_stage_labels('deal') WHERE type = 'stage'::regtype$$,
	$$VALUES ('stage', 'new'), ('stage', 'busy'), ('stage', 'last')$$, 'it tells what it added');
SELECT is(labels(t), E'new won busy lead it''s \\ "quoted", é last', 'each label is where the diagram has it: ' || t)
FROM unnest('{stage,sales.stage,"\"Odd schema\".\"A stage\""}'::regtype[]) t;
SELECT is_empty($$SELECT * FROM lifecycle.verify('more')$$, 'then all is well');
SELECT is((SELECT count(*) FROM lifecycle.add_stage_labels('deal')), 0::bigint, 'and there is nothing left to add');
INSERT INTO deals VALUES (2, 'new');
INSERT INTO more VALUES (2, 'new');
UPDATE more SET stage = 'busy' WHERE id = 1;
SELECT results_eq('SELECT lifecycle.path(journey) FROM more ORDER BY id', $$VALUES ('won>busy'), ('new')$$, 'rows move through the new stages');

-- PostgreSQL's rule for new labels.
SELECT redraw('deal', lifecycle.diagram('deal') || E'\nnew --> late');
BEGIN;
SET LOCAL client_min_messages = error;
SELECT lifecycle.add_stage_labels('deal');
SELECT is(words($$INSERT INTO deals VALUES (3, 'late')$$), E'unsafe use of new value "late" of enum type stage\nNew enum values must be committed before they can be used.',
	'before the commit no row can hold the label');
COMMIT;
UPDATE deals SET stage = 'late' WHERE id = 2;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 2), 'new>late', 'after it one can');
BEGIN;
SELECT lifecycle.create_stage_type('deal', 'fresh_stage');
CREATE TABLE fresh (id int, stage fresh_stage);
SELECT lifecycle.attach('fresh', 'deal');
INSERT INTO fresh VALUES (1, 'new');
UPDATE fresh SET stage = 'late';
SELECT is((SELECT lifecycle.path(journey) FROM fresh), 'new>late', 'all in one transaction, where the type is made in it');
ROLLBACK;

-- Renamed stages, renamed types, comments.
CALL lifecycle.rename_stage('deal', 'late', 'too late');
SELECT is(labels(t), E'new won busy lead it''s \\ "quoted", é last too late', 'a renamed stage is renamed in all of them: ' || t)
FROM unnest('{stage,sales.stage,"\"Odd schema\".\"A stage\""}'::regtype[]) t;
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM deals WHERE id = 2), 'too late new>too late', 'with the rows');
ALTER TYPE sales.stage RENAME TO moved;
ALTER TYPE sales.moved SET SCHEMA public;
ALTER TYPE stage RENAME TO phase;
COMMENT ON TYPE "Odd schema"."A stage" IS 'mine';
COMMENT ON TYPE phase IS NULL;
SELECT results_eq($$SELECT type::text, attached FROM lifecycle.stage_types('deal') ORDER BY 1$$,
	$$VALUES ('moved', false), ('phase', true)$$, 'types that are renamed or moved still follow, attached ones without comment too, others with another comment not');
SELECT is(fields('DROP TYPE phase'), '2BP01', 'a type in use is not dropped');
SELECT lives_ok('DROP TYPE moved', 'one that is not in use is');
SELECT is((SELECT count(*) FROM lifecycle.stage_types('deal')), 1::bigint, 'and forgotten');
SELECT lifecycle.create_lifecycle('d', E'stateDiagram-v2\n[*] --> a');
SELECT lifecycle.create_lifecycle('d''; x', E'stateDiagram-v2\n[*] --> a');
SELECT lifecycle.create_stage_type('d''; x', 'strange');
SELECT results_eq($$SELECT name, (SELECT string_agg(type::text, ' ') FROM lifecycle.stage_types(name)) FROM lifecycle.lifecycle WHERE name LIKE 'd%' ORDER BY 1$$,
	$$VALUES ('d', NULL), ('d''; x', 'strange'), ('deal', 'phase')$$, 'names that begin alike, or look like the comment, are told apart');

-- Where rows name their lifecycles.
SELECT lifecycle.create_lifecycle(n, format(E'stateDiagram-v2\n[*] --> %s\n%1$s --> won', e)) FROM (VALUES ('north', 'fresh'), ('south', 'fresh'), ('east', 'other')) v (n, e);
CREATE TYPE step AS ENUM ('fresh', 'won');
CREATE TABLE work (id int, pipeline text, stage step);
SELECT lifecycle.attach('work', lifecycle_column => 'pipeline');
SELECT is((SELECT string_agg(n, ' ' ORDER BY n) FROM unnest('{north,south,east}'::text[]) n, lifecycle.stage_types(n)), 'north south',
	'a type follows the lifecycles with which a row in it can begin');
SELECT redraw('north', E'stateDiagram-v2\n[*] --> fresh\nfresh --> busy\nbusy --> won');
SELECT lifecycle.add_stage_labels('north');
SELECT is(labels('step'), 'fresh busy won', 'and gets the stages that one of them gains');
SELECT is(words($$SELECT lifecycle.create_stage_type('east', 'step')$$), 'type "step" already exists', 'which makes it no other''s');

-- Rights.
CREATE ROLE type_owner;
CREATE ROLE type_other;
GRANT CREATE ON SCHEMA public TO type_owner, type_other;
SET ROLE type_owner;
SELECT lifecycle.create_lifecycle('owned', E'stateDiagram-v2\n[*] --> a');
SELECT lifecycle.create_stage_type('owned', 'owned_stage');
SELECT is((SELECT typowner::regrole::text FROM pg_type WHERE typname = 'owned_stage'), 'type_owner', 'a type belongs to its maker');
SET ROLE type_other;
SELECT lifecycle.create_stage_type('owned', 'other_stage');
SELECT is((SELECT typowner::regrole::text FROM pg_type WHERE typname = 'other_stage'), 'type_other', 'whoever has the lifecycle');
RESET ROLE;
SELECT redraw('owned', E'stateDiagram-v2\n[*] --> a\na --> b');
SET ROLE type_owner;
SELECT results_eq($$SELECT type::text FROM lifecycle.add_stage_labels('owned')$$, $$VALUES ('owned_stage')$$, 'somebody else''s comment makes nobody follow');
CREATE TABLE owned (stage other_stage);
SELECT lifecycle.attach('owned', 'owned');
SELECT is(words($$SELECT lifecycle.add_stage_labels('owned')$$), E'must be owner of type public.other_stage to add the stages of lifecycle "owned"
It belongs to type_other and lacks "b".
A member of type_other can do it.', 'somebody else''s type of an attached column is named');
RESET ROLE;
SELECT lives_ok($$SELECT lifecycle.add_stage_labels('owned')$$, 'a superuser may');

-- Rebuilt: stages that went, or changed places.
SELECT lifecycle.create_lifecycle('trip', E'stateDiagram-v2\n[*] --> a\na --> b\nb --> c\nc --> d');
CREATE ROLE trip_reader;
SELECT lifecycle.create_stage_type('trip', 'trip');
REVOKE ALL ON TYPE trip FROM PUBLIC;
GRANT USAGE ON TYPE trip TO trip_reader WITH GRANT OPTION;
CREATE DOMAIN trip_domain AS trip DEFAULT 'a' CONSTRAINT not_d CHECK (VALUE <> 'd');
COMMENT ON DOMAIN trip_domain IS 'ours';
COMMENT ON CONSTRAINT not_d ON DOMAIN trip_domain IS 'never d';
CREATE DOMAIN trip_list AS trip_domain[] NOT NULL;
CREATE TABLE trips (id int PRIMARY KEY, stage trip NOT NULL DEFAULT 'a', before trip, seen trip[] DEFAULT '{a,b}',
	kind text DEFAULT 'b'::trip::text, CONSTRAINT known CHECK (stage IN ('a', 'b', 'c')), CONSTRAINT plain CHECK (stage IS NOT NULL));
COMMENT ON CONSTRAINT known ON trips IS 'the known ones';
COMMENT ON CONSTRAINT plain ON trips IS 'merely there';
CREATE INDEX trips_open ON trips (id) WHERE stage < 'c';
CREATE INDEX trips_stage ON trips (stage, (stage = 'a'));
COMMENT ON INDEX trips_open IS 'open ones';
ALTER TABLE trips CLUSTER ON trips_stage;
CREATE STATISTICS trips_more ON stage, before FROM trips;
CREATE TABLE trips_over (id int, stage trip_domain, list trip_list DEFAULT '{b}');
CREATE TABLE trips_parts (id int, stage trip DEFAULT 'a', CHECK (stage <> 'd')) PARTITION BY RANGE (id);
CREATE TABLE trips_parts_2 (id int, stage trip DEFAULT 'b', CONSTRAINT trips_parts_stage_check CHECK (stage <> 'd'));
CREATE TABLE trips_parts_1 PARTITION OF trips_parts FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE trips_parts_11 PARTITION OF trips_parts_1 FOR VALUES FROM (0) TO (10);
CREATE INDEX own_name ON trips_parts_2 (id) WHERE stage = 'b';
ALTER TABLE trips_parts ATTACH PARTITION trips_parts_2 FOR VALUES FROM (10) TO (20);
CREATE INDEX trips_parts_b ON trips_parts (id) WHERE stage = 'b';
SELECT lifecycle.attach(r, 'trip', log => r = 'trips'::regclass) FROM unnest('{trips,trips_over,trips_parts}'::regclass[]) r;
INSERT INTO trips (id) SELECT generate_series(1, 5);
UPDATE trips SET stage = 'b', before = 'a' WHERE id > 2;
INSERT INTO trips_over VALUES (1, 'a');
UPDATE trips_over SET stage = 'b';
INSERT INTO trips_parts SELECT g, 'a' FROM generate_series(1, 19) g;
ALTER TABLE trips DROP CONSTRAINT lifecycle_stage_check;
ALTER TABLE trips ADD CONSTRAINT lifecycle_stage_check CHECK (lifecycle.ends_in(journey, stage)) NOT VALID;
-- Everything about these tables but the type's labels.
CREATE FUNCTION shape() RETURNS SETOF text LANGUAGE sql SET search_path = pg_catalog AS $$
	SELECT format('%s.%s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid))
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid::regclass::text ~ '^public.trips' AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT format('%s %s %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'), coninhcount, conislocal)
	FROM pg_constraint WHERE conrelid::regclass::text ~ '^public.trips' OR contypid::regtype::text ~ '^public.trip'
	UNION ALL SELECT format('%s %s %s %s %s', pg_get_indexdef(indexrelid), obj_description(indexrelid, 'pg_class'), indisclustered, indisvalid, inhparent::regclass)
	FROM pg_index LEFT JOIN pg_inherits ON inhrelid = indexrelid WHERE indrelid::regclass::text ~ '^public.trips'
	UNION ALL SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
	UNION ALL SELECT format('%s %s', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE tgrelid::regclass::text ~ '^public.trips'
	UNION ALL SELECT format('%s %s %s %s %s %s', oid::regtype, typowner, typacl, typnotnull, pg_get_expr(typdefaultbin, 0), obj_description(oid, 'pg_type'))
	FROM pg_type WHERE oid::regtype::text ~ '^public.trip(_|$)'
$$;
CREATE TABLE shape_before AS SELECT * FROM shape() AS line;
CREATE FUNCTION held(OUT relation text, OUT id int, OUT stage text, OUT journey text) RETURNS SETOF record LANGUAGE sql AS $$
	SELECT 'trips', id, concat_ws(' ', stage, before, seen, kind), journey::text FROM trips
	UNION ALL SELECT 'over', id, concat_ws(' ', stage, list), journey::text FROM trips_over
	UNION ALL SELECT tableoid::regclass::text, id, stage::text, journey::text FROM trips_parts $$;
CREATE TABLE held_before AS SELECT * FROM held();

SELECT is_empty($$SELECT lifecycle.rebuild_stage_type('trip')$$, 'where a type is as its diagram, nothing is done');
SELECT redraw('trip', E'stateDiagram-v2\n[*] --> b\nb --> d\nd --> a');
UPDATE trips SET seen = '{a,c}' WHERE id = 4;
UPDATE held_before SET stage = replace(stage, '{a,b}', '{a,c}') WHERE relation = 'trips' AND id = 4;
SELECT is(words($$SELECT lifecycle.rebuild_stage_type('trip')$$), 'rows hold stages that type public.trip is to lose
Columns, stages and rows: public.trips.seen at "c" (1).
Move them to other stages first, or draw these stages again. A stage that is still being renamed: call lifecycle.rename_stage() again.',
	'a stage that rows hold is not lost');
UPDATE trips SET seen = '{a,b}' WHERE id = 4;
UPDATE held_before SET stage = replace(stage, '{a,c}', '{a,b}') WHERE relation = 'trips' AND id = 4;
SELECT is(fields($$SELECT lifecycle.rebuild_stage_type('trip')$$), '23514', 'nor one that a CHECK names');
SELECT is((SELECT detail FROM caught($$SELECT lifecycle.rebuild_stage_type('trip')$$)),
	$$Failed: ALTER TABLE public.trips ADD CONSTRAINT known CHECK ((stage = ANY (ARRAY['a'::public.trip, 'b'::public.trip, 'c'::public.trip])))$$, 'which is shown');
SELECT redraw('trip', E'stateDiagram-v2\n[*] --> c\nc --> b\nb --> d\nd --> a\n[*] --> new');
SELECT results_eq($$SELECT relation::text, column_name::text COLLATE "default" FROM lifecycle.rebuild_stage_type('trip')$$, $$VALUES
	('trips', 'stage'), ('trips', 'before'), ('trips', 'seen'), ('trips_over', 'stage'), ('trips_over', 'list'), ('trips_parts', 'stage')$$, 'it tells which columns went over');
SELECT is(labels('trip'), 'c b d a new', 'the labels are in the order of the diagram, those that were missing too');
SELECT results_eq('SELECT * FROM shape() s ORDER BY 1', 'SELECT * FROM shape_before ORDER BY 1', 'all that was on tables, domains and the type is there again');
SELECT results_eq('SELECT * FROM held() ORDER BY 1, 2', 'SELECT * FROM held_before ORDER BY 1, 2', 'with every row as it was');
SELECT is_empty($$SELECT typname FROM pg_type WHERE typname ~ 'rebuilds'$$, 'nothing is left of the old type');
SELECT is_empty($$SELECT * FROM lifecycle.verify('trips_parts') WHERE problem <> 'move would be refused today'$$, 'all is well');
UPDATE trips_parts SET stage = 'c' WHERE false;
SELECT throws_ok($$UPDATE trips SET stage = 'c' WHERE id = 3$$, '23514', 'illegal move from "b" to "c" in lifecycle "trip"', 'rules are judged');
INSERT INTO trips_over VALUES (2, 'new');
SELECT is((SELECT stage || ' ' || list::text FROM trips_over WHERE id = 2), 'new {b}', 'domains have the new labels');
SELECT throws_ok($$INSERT INTO trips_over VALUES (3, 'd')$$, '23514', 'value for domain trip_domain violates check constraint "not_d"', 'and their rules');
ALTER TABLE trips DROP CONSTRAINT known;
SELECT redraw('trip', E'stateDiagram-v2\n[*] --> b\nb --> d\nd --> a');
SELECT is(fields($$SELECT lifecycle.rebuild_stage_type('trip')$$), '23514', 'nor one that an index names');
DROP INDEX trips_open;
DELETE FROM trips_over WHERE id = 2;
SELECT count(*) FROM lifecycle.rebuild_stage_type('trip');
SELECT is(labels('trip'), 'b d a', 'nothing names it any more: it is lost');
SELECT is((SELECT count(*) FROM trips WHERE stage = 'b'), 3::bigint, 'with no row');
SELECT is((SELECT lifecycle.type_name FROM (SELECT type::text AS type_name FROM lifecycle.stage_types('trip')) lifecycle), 'trip', 'it still follows');

-- What others made of the type is named, and nothing is done.
SELECT redraw('trip', E'stateDiagram-v2\n[*] --> a\na --> b\nb --> d');
CREATE VIEW trip_view AS SELECT stage FROM trips;
CREATE FUNCTION trip_function(trip) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE trip_composite AS (a int, b trip);
CREATE TABLE trip_keys (stage trip PRIMARY KEY) PARTITION BY LIST (stage);
CREATE TABLE trip_refers (stage trip REFERENCES trip_keys, old boolean GENERATED ALWAYS AS (stage > 'a') STORED);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER trip_trigger BEFORE UPDATE OF stage ON trips_over FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE POLICY trip_policy ON trips USING (stage = 'a');
SELECT results_eq($$SELECT regexp_split_to_table(left(substr(detail, 12), -1), ', ') AS d FROM caught($q$SELECT lifecycle.rebuild_stage_type('trip')$q$) ORDER BY 1$$, $$VALUES
	('column b of composite type public.trip_composite'), ('constraint trip_refers_stage_fkey on table public.trip_refers'),
	('default value for column old of table public.trip_refers'), ('function public.trip_function(public.trip)'),
	('partition key of table public.trip_keys'), ('policy trip_policy on table public.trips'), ('rule _RETURN on view public.trip_view'), ('trigger trip_trigger on table public.trips_over')$$,
	'what cannot follow is named');
DROP TABLE trip_refers, trip_keys;
DROP TYPE trip_composite;
DROP FUNCTION trip_function;
DROP VIEW trip_view;
DROP POLICY trip_policy ON trips;
DROP TRIGGER trip_trigger ON trips_over;
SELECT lives_ok($$SELECT lifecycle.rebuild_stage_type('trip')$$, 'without it, the type is rebuilt');
CREATE TYPE nobodys AS ENUM ('a');
SELECT is(words($$SELECT lifecycle.rebuild_stage_type('nobodys')$$), E'type public.nobodys follows no lifecycle\nSELECT * FROM lifecycle.stage_types(''...''); shows those that follow one.',
	'a type that follows none');
SELECT is(lifecycle.labels_of_type('step'), '{fresh,busy,won}', 'one that follows several has the stages of all');
SELECT redraw('owned', E'stateDiagram-v2\n[*] --> b\nb --> a');
SET ROLE type_other;
SELECT is(words($$SELECT lifecycle.rebuild_stage_type('other_stage')$$), E'must be owner of type public.other_stage and of all tables that use it
Of others: table public.owned (of type_owner).
A member of all these roles can do it.', 'somebody else''s tables are named');
SET ROLE type_owner;
SELECT is((SELECT detail FROM caught($$SELECT lifecycle.rebuild_stage_type('other_stage')$$)), 'Of others: type public.other_stage (of type_other).', 'and types');
RESET ROLE;
SELECT count(*) FROM lifecycle.rebuild_stage_type('other_stage');
SELECT is((SELECT typowner::regrole::text || ' ' || labels(oid) FROM pg_type WHERE typname = 'other_stage'), 'type_other b a', 'a superuser may, and the type keeps its owner');

SELECT * FROM finish();
DROP OWNED BY type_owner, type_other, trip_reader CASCADE;
DROP ROLE type_owner, type_other, trip_reader;
