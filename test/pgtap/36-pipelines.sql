-- Several lifecycles in one table, and modes that only look on.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();
\ir common/refusals.sql
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN state IS NULL THEN 'accepted'
		ELSE concat_ws(' | ', state, message, CASE state WHEN '2BP01' THEN detail END, col, con) END
	FROM caught(statement)
$$;

-- 41. Pipelines
SELECT lifecycle.create_lifecycle('new', E'stateDiagram-v2\n[*] --> lead\nlead --> demo : show [seats > 0]\ndemo --> won\nlead --> lost');
SELECT lifecycle.create_lifecycle('renewal', E'stateDiagram-v2\n[*] --> due\ndue --> won\ndue --> lost\nwon --> due');
SELECT lifecycle.create_lifecycle('service', E'stateDiagram-v2\n[*] --> lead\nlead --> quoted\nquoted --> won');
CREATE TABLE deals (id int PRIMARY KEY, pipeline text, stage text, seats int);
INSERT INTO deals VALUES (1, 'new', 'lead', 1), (2, 'renewal', 'due', 1);
SELECT lives_ok($$SELECT lifecycle.attach('deals', lifecycle_column => 'pipeline')$$, '41: a table with pipelines is attached');
INSERT INTO deals VALUES (3, 'service', 'lead', 1);
SELECT lives_ok($$UPDATE deals SET stage = CASE pipeline WHEN 'new' THEN 'demo' WHEN 'renewal' THEN 'won' ELSE 'quoted' END$$,
	'41: each row moves by its own');
SELECT is(refusal($$UPDATE deals SET stage = 'due' WHERE id = 1$$),
	'23514 | illegal move from "demo" to "due" in lifecycle "new" | stage | new_move', '41: and is refused by its own');
SELECT is(refusal($$INSERT INTO deals VALUES (4, 'renewal', 'lead')$$),
	'23514 | illegal entry at "lead" in lifecycle "renewal" | stage | renewal_entry', '41: so are new rows');
SELECT is(refusal($$INSERT INTO deals VALUES (4, 'nothing', 'lead')$$),
	'23503 | lifecycle "nothing" does not exist | pipeline', '41: a pipeline must exist');
SELECT is(refusal($$INSERT INTO deals VALUES (4, NULL, 'lead')$$),
	'23502 | a row of table "deals" must name its lifecycle | pipeline', '41: and be named');
SELECT is(refusal($$UPDATE deals SET pipeline = 'nothing' WHERE id = 1$$),
	'23503 | lifecycle "nothing" does not exist | pipeline', '41: also when it changes');
SELECT is(refusal($$UPDATE deals SET pipeline = 'renewal' WHERE id = 1$$),
	'23514 | illegal move from "demo" to "demo" in lifecycle "renewal" | stage | renewal_move', '41: another must have the stage');
UPDATE deals SET stage = 'won' WHERE id = 1;
SELECT lives_ok($$UPDATE deals SET pipeline = 'renewal' WHERE id = 1$$, '41: then the row changes over');
SELECT lives_ok($$UPDATE deals SET stage = 'due' WHERE id = 1$$, '41: and goes on there');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead>demo>won>due', '41: with one journey');
SELECT lives_ok($$UPDATE deals SET pipeline = 'service', stage = 'lead' WHERE id = 1$$, '41: or enters the other at its beginning');
SELECT is(refusal($$UPDATE deals SET pipeline = 'renewal', stage = 'won' WHERE id = 3$$),
	'23514 | illegal entry at "won" in lifecycle "renewal" | stage | renewal_entry', '41: not in its middle');
SELECT is((SELECT concat_ws(' ', lifecycle, lifecycle_column, stage_column) FROM lifecycle.attachments), 'pipeline stage', '41: as attachments shows');
CREATE TABLE wrong (pipeline text, stage text);
INSERT INTO wrong VALUES ('renewal', 'lead'), ('gone', 'lead');
SELECT is(refusal($$SELECT lifecycle.attach('wrong', lifecycle_column => 'pipeline')$$),
	'23514 | table "wrong" has rows in stages that their lifecycle does not have', '41: rows that do not fit are found');
SELECT is(refusal($$SELECT lifecycle.attach('wrong')$$),
	'22023 | attach() takes either a lifecycle for all rows or a column that names each row''s', '41: one way or the other');

-- 41. What rows name stays
CREATE ROLE pipelines_owner;
CREATE ROLE pipelines_other;
CREATE SCHEMA theirs AUTHORIZATION pipelines_other;
SET LOCAL ROLE pipelines_owner;
SELECT lifecycle.create_lifecycle('shared', E'stateDiagram-v2\n[*] --> a');
SET LOCAL ROLE pipelines_other;
CREATE TABLE theirs.rows (id int, "Pipe line" text, stage text);
SELECT lifecycle.attach('theirs.rows', lifecycle_column => 'Pipe line');
INSERT INTO theirs.rows VALUES (1, 'shared', 'a'), (2, 'shared', 'a');
SET LOCAL ROLE pipelines_owner;
SELECT throws_like($$SELECT lifecycle.drop_lifecycle('shared')$$, 'cannot drop lifecycle "shared" because rows name it', '41: rows that name a lifecycle keep it');
RESET ROLE;
SELECT is(refusal($$DELETE FROM lifecycle.lifecycle WHERE name = 'shared'$$), '2BP01 | cannot drop lifecycle "shared" because rows name it | Tables and their rows: theirs.rows (2).',
	'41: also from superusers, by hand');
SELECT is(refusal($$UPDATE lifecycle.lifecycle SET name = 'mine' WHERE name = 'shared'$$), '2BP01 | cannot drop lifecycle "shared" because rows name it | Tables and their rows: theirs.rows (2).',
	'41: nor do they rename it');
SELECT lives_ok($$UPDATE lifecycle.lifecycle SET diagram = diagram WHERE name = 'shared'$$, '41: unlike what it says');
-- The owner's type brings a cast, which must not get a superuser's rights
SET LOCAL ROLE pipelines_other;
CREATE TYPE theirs.name AS (name text);
CREATE FUNCTION theirs.name_text(theirs.name) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'pipelines_other' THEN RAISE EXCEPTION 'I am %', current_user; END IF;
	RETURN ($1).name;
END $$;
CREATE CAST (theirs.name AS text) WITH FUNCTION theirs.name_text(theirs.name);
CREATE TABLE theirs.typed (id int, pipeline theirs.name, stage text);
SELECT lifecycle.attach('theirs.typed', lifecycle_column => 'pipeline', existing => 'defer');
RESET ROLE;
SET LOCAL session_replication_role = replica;
INSERT INTO theirs.typed VALUES (1, ROW('shared'), 'a', '{a@2026-01-01}');
SET LOCAL session_replication_role = origin;
DELETE FROM theirs.rows;
SET LOCAL ROLE pipelines_owner;
SELECT throws_like($$SELECT lifecycle.drop_lifecycle('shared')$$, 'cannot drop lifecycle "shared" because rows name it', '35: they are counted as the table''s owner');
RESET ROLE;
DELETE FROM theirs.typed;
SET LOCAL ROLE pipelines_owner;
SELECT lives_ok($$SELECT lifecycle.drop_lifecycle('shared')$$, '41: without them it goes');
RESET ROLE;
DROP SCHEMA theirs CASCADE;

-- 42. Tenants: more lifecycles than are kept, every decision right
SELECT lifecycle.create_lifecycle('tenant ' || t, format(E'stateDiagram-v2\n[*] --> a%s\na%s --> b%s', t, t, t)) FROM generate_series(1, 600) t \g /dev/null
CREATE TABLE leads (id int, tenant text, stage text);
SELECT lifecycle.attach('leads', lifecycle_column => 'tenant');
SELECT lives_ok($$INSERT INTO leads SELECT t, 'tenant ' || t, 'a' || t FROM generate_series(1, 600) t$$, '42: six hundred tenants begin at once');
SELECT lives_ok($$UPDATE leads SET stage = 'b' || id$$, '42: six hundred tenants move at once');
SELECT lives_ok($$UPDATE leads SET id = id$$, '42: and again');
SELECT is(refusal($$UPDATE leads SET stage = 'a' || id WHERE id = 300$$),
	'23514 | illegal move from "b300" to "a300" in lifecycle "tenant 300" | stage | tenant 300_move', '42: each by its own rules');
SELECT cmp_ok((SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'crm_lifecycle rules'), '<=', 330::bigint,
	'42: of which only some are kept');

CREATE ROLE tenant_one;
CREATE ROLE tenant_two;
SET LOCAL ROLE tenant_one;
SELECT lifecycle.create_lifecycle('one', E'stateDiagram-v2\n[*] --> a\na --> b');
SET LOCAL ROLE tenant_two;
SELECT lifecycle.create_lifecycle('two', E'stateDiagram-v2\n[*] --> a\na --> b');
SELECT is(refusal($$SELECT lifecycle.drop_lifecycle('one')$$), '42501 | must be owner of lifecycle "one"', '42: no tenant drops another''s');
SELECT alike(refusal($$UPDATE lifecycle.lifecycle SET diagram = E'stateDiagram-v2\n[*] --> b' WHERE name = 'one'$$), '42501 | %', '42: nor edits it');
SELECT alike(refusal($$INSERT INTO lifecycle.lifecycle VALUES ('one', 'tenant_two', '', E'stateDiagram-v2\n[*] --> b')$$),
	'42710 | lifecycle "one" is already defined%', '42: nor puts one of its own in its place');
SELECT is(refusal($$SELECT lifecycle.drop_lifecycle('two')$$), 'accepted', '42: only its own');
RESET ROLE;

-- Modes
CREATE TABLE watched (id int PRIMARY KEY, stage text, seats int);
SELECT is(refusal($$SELECT lifecycle.attach('watched', 'new', mode => 'maybe')$$), '22023 | unknown mode: "maybe"', 'modes are three');
SELECT lifecycle.attach('watched', 'new', mode => 'observe', log => true);
INSERT INTO watched VALUES (1, 'lead', 1), (2, 'won', 1), (3, 'lead', 0);
SELECT lives_ok($$UPDATE watched SET stage = 'won' WHERE id = 1$$, 'observe: an illegal move passes');
SELECT lives_ok($$UPDATE watched SET stage = 'somewhere' WHERE id = 2$$, 'observe: even to a stage that is not drawn');
UPDATE watched SET stage = 'demo' WHERE id = 3;
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM watched), 'lead>won won>somewhere lead>demo', 'observe: the journey is kept');
SELECT is((SELECT string_agg(id || ' ' || kind, ', ' ORDER BY number) FROM watched_stage_log),
	'1 insert, 2 forced, 3 insert, 1 forced, 2 forced, 3 forced', 'observe: and the log says what would have been refused');
SELECT is((SELECT note FROM watched_stage_log WHERE to_stage = 'somewhere'), 'Lifecycle "new" has no stage "somewhere".',
	'observe: and why, also of stages that are not drawn');
SELECT is(refusal($$UPDATE watched SET journey = '{won@2020-01-01}' WHERE id = 1$$),
	'23514 | a journey cannot be changed by hand | stage | journey_immutable', 'observe: journeys are not written by hand');
SELECT lives_ok($$SELECT lifecycle.set_mode('watched', 'enforce')$$, 'then it is switched on');
SELECT is((SELECT mode FROM lifecycle.attachments WHERE relation = 'watched'::regclass), 'enforce', 'as attachments shows');
SELECT is(refusal($$UPDATE watched SET stage = 'lead' WHERE id = 1$$),
	'23514 | illegal move from "won" to "lead" in lifecycle "new" | stage | new_move', 'and enforces');
SELECT lifecycle.set_mode('watched', 'warn');
SET LOCAL client_min_messages = error;
SELECT lives_ok($$UPDATE watched SET stage = 'lead' WHERE id = 1$$, 'warn: an illegal move passes with a warning');

-- A guard whose function moves rows of more lifecycles than are kept does not lose its own
CREATE FUNCTION move_many() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$BEGIN UPDATE crowd SET stage = 'b' WHERE id > 0; RETURN false; END$$;
CREATE FUNCTION asks_many() RETURNS boolean LANGUAGE plpgsql STABLE AS $$BEGIN RETURN move_many(); END$$;
SELECT count(lifecycle.create_lifecycle('crowd' || i, E'stateDiagram-v2\n[*] --> a\na --> b : go [' ||
	CASE i WHEN 0 THEN 'asks_many()' ELSE 'id > 0' END || ']')) FROM generate_series(0, 200) i \g /dev/null
CREATE TABLE crowd (id int, pipeline text, stage text);
SELECT lifecycle.attach('crowd', lifecycle_column => 'pipeline');
INSERT INTO crowd SELECT i, 'crowd' || i, 'a' FROM generate_series(0, 200) i;
SELECT throws_ok($$UPDATE crowd SET stage = 'b' WHERE id = 0$$, '23514',
	'move from "a" to "b" refused in lifecycle "crowd0"', '42: a guard keeps its rules while others come and go');

SELECT * FROM finish();
ROLLBACK;
