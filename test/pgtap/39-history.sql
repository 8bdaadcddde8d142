-- The history of lifecycles: every change with its diagram before and after, by whom and when, which nobody
-- rewrites and nobody forges.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();

CREATE ROLE history_owner;
CREATE ROLE history_stranger;
SELECT format('ALTER DATABASE %I OWNER TO history_owner', current_database()) \gexec

SET ROLE history_owner;
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> won');
RESET ROLE;
SELECT lifecycle.diagram('deal') AS drawn \gset
SELECT is((SELECT (lifecycle, number, change, before, after, login, role, restored_by)::text FROM lifecycle.lifecycle_history),
	(SELECT ('deal'::text, 1, 'create'::text, NULL, :'drawn'::text, session_user, 'history_owner'::text, NULL)::text),
	'creating is recorded, under the role and the login');
SELECT clock_timestamp() AS created \gset
CALL lifecycle.rename_stage('deal', 'lead', 'prospect');
SELECT results_eq($$SELECT number, change, before LIKE '%formerly%', after LIKE '%formerly%' FROM lifecycle.lifecycle_history ORDER BY number OFFSET 1$$,
	$$VALUES (2, 'rename', false, true), (3, 'settle', true, false)$$, 'a renaming is recorded as it begins and as it ends');
CALL lifecycle.rename_stage('deal', 'lead', 'prospect');
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history), 5::bigint, 'called again it begins and ends again');
SELECT is_empty($$SELECT * FROM lifecycle.lifecycle_history h JOIN lifecycle.lifecycle_history n ON n.number = h.number + 1 WHERE n.before IS DISTINCT FROM h.after$$,
	'what one change left is what the next one found');
SELECT is(lifecycle.diagram_at('deal', :'created'), :'drawn', 'diagram_at() shows the diagram of that day');
SELECT is(lifecycle.diagram_at('deal', clock_timestamp()), lifecycle.diagram('deal'), 'and of today');
SELECT is(lifecycle.diagram_at('deal', '2020-01-01'), NULL, 'before it was created there was none');
SELECT is(lifecycle.diagram_at('deal', NULL), NULL, 'NULL for NULL');
SELECT throws_ok($$SELECT lifecycle.diagram_at('nothing', now())$$, '42704', NULL, 'a lifecycle that never was');

-- By hand.
UPDATE lifecycle.lifecycle SET diagram = replace(diagram, 'prospect --> won', 'prospect --> won : sign');
SELECT results_eq($$SELECT change, role = current_user FROM lifecycle.lifecycle_history ORDER BY number DESC LIMIT 1$$, $$VALUES ('by hand', true)$$,
	'what a superuser writes into the table by hand is recorded too');
UPDATE lifecycle.lifecycle SET owner = 'history_stranger';
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history), 6::bigint, 'another owner is no other diagram');
UPDATE lifecycle.lifecycle SET owner = 'history_owner';
SELECT clock_timestamp() AS alive \gset
BEGIN;
SELECT lifecycle.drop_lifecycle('deal');
ROLLBACK;
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history), 6::bigint, 'what is rolled back never was');
SELECT lifecycle.drop_lifecycle('deal');
SELECT results_eq($$SELECT number, change, after FROM lifecycle.lifecycle_history ORDER BY number DESC LIMIT 1$$, $$VALUES (7, 'drop', NULL)$$, 'dropping is recorded');
SELECT is(lifecycle.diagram_at('deal', clock_timestamp()), NULL, 'then there is none');
SELECT matches(lifecycle.diagram_at('deal', :'alive'), 'prospect --> won : sign', 'but there was');
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> other');
SELECT is((SELECT max(number) FROM lifecycle.lifecycle_history), 8, 'another of that name goes on counting');

-- Nobody rewrites it.
SELECT throws_ok($$UPDATE lifecycle.lifecycle_history SET role = 'nobody'$$, '55000', 'the history of lifecycles is only added to', '37: a superuser does not rewrite it');
SELECT throws_ok($$DELETE FROM lifecycle.lifecycle_history$$, '55000', NULL, '37: nor delete from it');
SELECT throws_ok($$TRUNCATE lifecycle.lifecycle_history$$, '55000', NULL, '37: nor empty it');
SET session_replication_role = replica;
SELECT throws_ok($$DELETE FROM lifecycle.lifecycle_history$$, '55000', NULL, '37: not even as a replica');
RESET session_replication_role;
SET ROLE history_stranger;
SELECT throws_ok($$INSERT INTO lifecycle.lifecycle_history (lifecycle, number, change, after, login, role) VALUES ('deal', 9, 'alter', 'x', 'postgres', 'postgres')$$,
	'42501', NULL, '37: nobody plants a row');
SELECT lives_ok('SELECT * FROM lifecycle.lifecycle_history', 'everybody reads it');
SET ROLE history_owner;
INSERT INTO lifecycle.lifecycle_history (lifecycle, number, change, after, login, role, restored_by) VALUES ('planted', 1, 'alter', 'x', 'postgres', 'postgres', NULL);
SELECT is((SELECT restored_by FROM lifecycle.lifecycle_history WHERE lifecycle = 'planted'), 'history_owner', '35: what the database''s owner brings says so');
INSERT INTO lifecycle.lifecycle_history SELECT * FROM lifecycle.lifecycle_history;
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history WHERE restored_by IS NOT NULL), 1::bigint, 'what is there already is not brought again');
SELECT throws_ok($$INSERT INTO lifecycle.lifecycle_history (lifecycle, number, change, after, login, role) VALUES ('deal', 8, 'alter', 'x', 'a', 'b')$$, '23505', NULL,
	'35: and nothing takes the place of what was recorded');
-- Numbers that leave none behind them do not keep others from changing what is theirs.
INSERT INTO lifecycle.lifecycle_history (lifecycle, number, change, after, login, role) VALUES
	('deal', 2147483647, 'alter', 'x', 'a', 'b'), ('deal', -2147483648, 'alter', 'x', 'a', 'b'), ('later', 2147483647, 'alter', 'x', 'a', 'b');
SET ROLE history_stranger;
SELECT lifecycle.create_lifecycle('later', E'stateDiagram-v2\n[*] --> a\na --> b');
SELECT lifecycle.alter_lifecycle('later', E'stateDiagram-v2\n[*] --> a');
RESET ROLE;
SELECT results_eq($$SELECT number, change FROM lifecycle.lifecycle_history WHERE lifecycle = 'later' AND restored_by IS NULL ORDER BY 1$$, $$VALUES (1, 'create'), (2, 'alter')$$,
	'35: the last number there is, brought, stops nobody');
SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> a');
SELECT is((SELECT max(number) FROM lifecycle.lifecycle_history WHERE restored_by IS NULL AND lifecycle = 'deal'), 9, '35: also behind others');
SELECT lifecycle.drop_lifecycle('later');

-- Emptying the table is dropping each by hand.
BEGIN;
CREATE TABLE attached (id int PRIMARY KEY, stage text);
SELECT lifecycle.attach('attached', 'deal');
SELECT throws_ok('TRUNCATE lifecycle.lifecycle', '2BP01', 'cannot drop lifecycle "deal" because tables are attached to it', '37: not even a superuser empties what tables need');
SELECT isnt(lifecycle.diagram('deal'), NULL, '37: and nothing has happened');
SET session_replication_role = replica;
SELECT lives_ok('TRUNCATE lifecycle.lifecycle', '37: as a replica the publisher has decided');
RESET session_replication_role;
ROLLBACK;
BEGIN;
INSERT INTO lifecycle.lifecycle VALUES ('second', current_user, 'public', E'stateDiagram-v2\n    a\n    [*] --> a\n');
CREATE TEMPORARY TABLE emptied AS SELECT name, diagram FROM lifecycle.lifecycle;
TRUNCATE lifecycle.lifecycle;
SELECT set_eq($$SELECT DISTINCT ON (lifecycle) lifecycle, change, before, after, role::text FROM lifecycle.lifecycle_history WHERE lifecycle IN (SELECT name FROM emptied)
		AND restored_by IS NULL ORDER BY lifecycle, number DESC$$,
	$$SELECT name, 'by hand', diagram, NULL::text, current_user::text FROM emptied$$, '37: what a superuser empties by hand is recorded, each of them');
SELECT is((SELECT count(*) FROM emptied), 2::bigint, '37: all of them');
SELECT throws_ok($$SELECT lifecycle.diagram('deal')$$, '42704', NULL, '37: and gone at once');
ROLLBACK;
SELECT isnt(lifecycle.diagram('deal'), NULL, '37: rolled back, it is there again');

-- A lifecycle that came without its history.
INSERT INTO lifecycle.lifecycle VALUES ('brought', current_user, 'public', E'stateDiagram-v2\n    a\n    [*] --> a\n');
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history WHERE lifecycle = 'brought'), 0::bigint, 'a restored lifecycle brings its own history, or none');
SELECT is(lifecycle.diagram_at('brought', '2020-01-01'), lifecycle.diagram('brought'), 'without one it was always as it is');
CALL lifecycle.rename_stage('brought', 'a', 'b');
SELECT matches(lifecycle.diagram_at('brought', '2020-01-01'), E'\\[\\*\\] --> a', 'or as the first change found it');

SELECT * FROM finish();
SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), current_user) \gexec
DROP ROLE history_owner, history_stranger;
