-- The triggers on the extension's own tables act as these tables' owner, so they act for no table that somebody made.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT plan(21);

SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead');
SELECT lifecycle.create_score('fit', E'group a 0..5\n+5 when true');
CREATE TABLE recorded AS SELECT number, change, before, after, at, login, role FROM lifecycle.score_history;
CREATE TABLE asked (x text);
INSERT INTO asked VALUES ('a');
GRANT SELECT ON recorded, asked TO PUBLIC;
CREATE ROLE own_tables_stranger;
CREATE SCHEMA strange AUTHORIZATION own_tables_stranger;
SET ROLE own_tables_stranger;
SET search_path = strange, public;

CREATE TABLE scores (name text, owner text, search_path text, definition text);
CREATE TABLE rules (name text, owner text, search_path text, diagram text);
CREATE TABLE score_history (score text, number int, change text, before text, after text, at timestamptz, login text,
	role text, owner text, restored_by text);
INSERT INTO scores VALUES ('forged', 'postgres', 'strange', E'group a 0..5\n+5 when true');
INSERT INTO rules VALUES ('forged', 'postgres', 'strange', E'stateDiagram-v2\n[*] --> lead');
INSERT INTO score_history VALUES ('forged');
CREATE FUNCTION guarded(tab text, guard text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER r BEFORE INSERT OR UPDATE OR DELETE ON strange.%I FOR EACH ROW EXECUTE FUNCTION lifecycle.%I()', tab, guard);
	EXECUTE format('CREATE TRIGGER t BEFORE TRUNCATE ON strange.%I FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.%I()', tab, guard);
END $$;
SELECT guarded('scores', 'guard_scores'), guarded('rules', 'guard_rules'), guarded('score_history', 'guard_history');

SELECT throws_ok(format(statement, tab), '39P01', format('function "%s" can only be called as the trigger of a table of the extension', guard),
	format('35: %s does nothing for a table of somebody''s own: %s', guard, split_part(statement, ' ', 1)))
FROM (VALUES ('scores', 'guard_scores'), ('rules', 'guard_rules'), ('score_history', 'guard_history')) t(tab, guard),
	(VALUES ('INSERT INTO strange.%1$I SELECT * FROM strange.%1$I'), ('UPDATE strange.%1$I SET owner = ''postgres'''),
		('DELETE FROM strange.%I'), ('TRUNCATE strange.%I')) s(statement);

-- So nobody records what never was: conditions of a history run as the owner that it names.
SELECT is((SELECT count(*) FROM lifecycle.score_history WHERE score = 'forged'), 0::bigint, '35: no history of scores is forged');
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history WHERE lifecycle = 'forged'), 0::bigint, '35: nor one of lifecycles');
SELECT throws_ok($$SELECT lifecycle.score_by('forged', '2020-01-01', a) FROM public.asked a$$, '42704', NULL, '35: and nothing runs by it');

-- Nor do a stranger's casts run when the triggers look for what is there.
CREATE TYPE label AS (t text);
CREATE FUNCTION spring(label) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'runs as %', current_user; END$$;
CREATE CAST (label AS text) WITH FUNCTION spring(label) AS IMPLICIT;
DROP TABLE rules, score_history;
CREATE TABLE rules (name label, owner text, search_path text, diagram text);
CREATE TABLE score_history (score label, number int, change text, before text, after text, at timestamptz, login text,
	role text, owner text, restored_by text);
SELECT guarded('rules', 'guard_rules'), guarded('score_history', 'guard_history');
SELECT throws_ok($$INSERT INTO strange.rules VALUES (ROW('deal'), 'postgres', '', E'stateDiagram-v2\n[*] --> lead')$$, '39P01', NULL, '35: looking for a lifecycle runs no stranger''s cast');
SELECT throws_ok($$INSERT INTO strange.score_history SELECT ROW('fit')::strange.label, number, change, before, after, at, login, role FROM recorded$$, '39P01', NULL, '35: nor does looking for an entry');

-- Their own tables they guard as ever.
RESET ROLE;
SELECT lives_ok($$UPDATE lifecycle.score_model SET definition = E'group a 0..6\n+6 when true'$$, 'a superuser''s change by hand is let in');
SELECT is((SELECT change FROM lifecycle.score_history ORDER BY number DESC LIMIT 1), 'by hand', 'and recorded');
SELECT throws_ok('DELETE FROM lifecycle.score_history', '55000', NULL, 'as is the history kept');
SELECT throws_ok('SELECT lifecycle.guard_scores()', '39P01', NULL, 'a trigger''s function is no plain one');

SELECT * FROM finish();
ROLLBACK;
