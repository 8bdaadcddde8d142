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

SELECT * FROM finish();
DROP OWNED BY type_owner, type_other CASCADE;
DROP ROLE type_owner, type_other;
