-- The log: one row for each move, written for everybody and changed by nobody.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();
CREATE ROLE log_owner;
CREATE ROLE log_app;
GRANT USAGE ON SCHEMA lifecycle TO PUBLIC;
CREATE SCHEMA shop AUTHORIZATION log_owner;
GRANT USAGE ON SCHEMA shop TO log_app;

SET LOCAL ROLE log_owner;
SET LOCAL search_path = shop, public;
SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead : capture / greet
	lead --> sql : fast [score > 90] / call
	lead --> sql : accept
	sql --> won : sign
	sql --> lost : decline
	note right of sql
		undo: 15 minutes
	end note
	note right of lost
		reasons: price, no budget
	end note
$$);
CREATE TABLE deals (id int, part text, stage text, score int, why text, PRIMARY KEY (id, part));
SELECT lifecycle.attach('deals', 'deal', reason_column => 'why', log => true);
SELECT is((SELECT log::text FROM lifecycle.attachments WHERE relation = 'deals'::regclass), 'deals_stage_log', 'the log is shown');
GRANT SELECT, INSERT, UPDATE, DELETE ON deals TO log_app;
CREATE FUNCTION logged(after bigint DEFAULT 0) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', id, part, kind, from_stage, '>', to_stage, event, action, actor, reason, note)
	FROM shop.deals_stage_log WHERE number > after ORDER BY number
$$;

-- 37. Written with no right of the application's own
SET LOCAL ROLE log_app;
SELECT lifecycle.set_context(actor => 'ann', note => 'by phone');
INSERT INTO deals VALUES (1, 'a', 'lead', 95), (2, 'b', 'lead', 10);
UPDATE deals SET stage = 'sql';
SELECT lifecycle.set_context();
UPDATE deals SET stage = 'lost', why = 'price' WHERE id = 2;
UPDATE deals SET score = 7;
UPDATE deals SET stage = stage;
DELETE FROM deals WHERE id = 2;
SELECT throws_ok($$SELECT * FROM deals_stage_log$$, '42501', NULL, '37: an application does not even read the log');
SELECT throws_ok($$INSERT INTO deals_stage_log (id) VALUES (1)$$, '42501', NULL, '37: nor write it');
SELECT throws_ok($$UPDATE deals_stage_log SET kind = 'move'$$, '42501', NULL, '37: nor change it');
SELECT throws_ok($$DELETE FROM deals_stage_log$$, '42501', NULL, '37: nor delete from it');
SET LOCAL ROLE log_owner;
SELECT results_eq('SELECT * FROM logged()', ARRAY[
	'1 a insert > lead capture greet ann by phone',
	'2 b insert > lead capture greet ann by phone',
	'1 a move lead > sql fast call ann by phone',
	'2 b move lead > sql accept ann by phone',
	'2 b move sql > lost decline price',
	'2 b delete lost > price'], 'one row for each insert, move and delete, with all that is known; 9: and none for what is no move');
SELECT is((SELECT string_agg(DISTINCT login || ' ' || role, ', ') FROM deals_stage_log), session_user || ' log_app', '37: the users are the server''s word');
SELECT is((SELECT DISTINCT xid FROM deals_stage_log), pg_current_xact_id(), 'and so is the transaction');
SELECT is((SELECT lifecycle.path(journey) FROM deals_stage_log WHERE kind = 'delete'), 'lead>sql>lost',
	'7: the log keeps the journey that was deleted');
SELECT is((SELECT bool_and(at = now() AND recorded_at >= now()) FROM deals_stage_log WHERE kind <> 'delete'), true, 'instants are those of the moves');

-- 11, 19. Nothing for what did not happen
INSERT INTO deals VALUES (1, 'a', 'lead') ON CONFLICT DO NOTHING;
SAVEPOINT s;
UPDATE deals SET stage = 'won';
ROLLBACK TO s;
SELECT is((SELECT count(*) FROM deals_stage_log), 6::bigint, '11, 19: what did not happen is not in the log');

-- Undo
SELECT lifecycle.set_context(undo => true);
SELECT lives_ok($$UPDATE deals SET stage = 'lead' WHERE id = 1$$, 'a mistaken move is taken back');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead', 'its step is gone');
SELECT is((SELECT * FROM logged(6)), '1 a undo sql > lead', 'the log has both');
SELECT throws_ok($$UPDATE deals SET stage = 'sql' WHERE id = 1$$, '23514', 'there is no move from "sql" to take back', 'undo only goes back');
SELECT lifecycle.set_context();
INSERT INTO deals (id, part, stage, journey) VALUES (3, 'a', 'sql', '{lead@2026-01-01,sql@2026-01-02}');
INSERT INTO deals VALUES (4, 'a', 'lead');
SELECT lifecycle.set_context(undo => true);
SET LOCAL ROLE log_app;
SELECT throws_ok($$UPDATE deals SET stage = 'lead' WHERE id = 3$$, '23514', 'the move to "sql" can no longer be taken back', 'undo has its time');
SET LOCAL ROLE log_owner;
SELECT lives_ok($$UPDATE deals SET stage = 'lead' WHERE id = 3$$, 'which the lifecycle''s owner need not keep');
SELECT lifecycle.set_context();

-- Imports
DELETE FROM deals;
SET LOCAL ROLE log_app;
SET LOCAL crm_lifecycle.import = on;
SELECT throws_ok($$INSERT INTO deals VALUES (10, 'a', 'won')$$, '42501', '"crm_lifecycle.import" is for the owner of table "deals" only',
	'37: an application cannot import');
SET LOCAL ROLE log_owner;
CREATE FUNCTION careless() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$INSERT INTO shop.deals VALUES (10, 'a', 'won')$$;
SET LOCAL SESSION AUTHORIZATION log_app;
SET LOCAL crm_lifecycle.import = on;
SELECT throws_ok($$SELECT shop.careless()$$, '42501', NULL, '37: nor through somebody''s SECURITY DEFINER function');
RESET SESSION AUTHORIZATION;
SET LOCAL ROLE log_owner;
SET LOCAL crm_lifecycle.import = on;
SELECT lives_ok($$INSERT INTO deals (id, part, stage, journey) VALUES (10, 'a', 'odd', '{odd@2020-01-01}'), (11, 'a', 'won', NULL)$$,
	'30: under import any walk is accepted');
SELECT lives_ok($$UPDATE deals SET stage = 'lost', journey = '{won@2019-01-01,lost@2019-02-01}' WHERE id = 11$$, '30: also in place of another');
SELECT throws_ok($$UPDATE deals SET stage = 'lead', journey = '{won@2019-01-01}' WHERE id = 11$$, '23514', NULL,
	'30: as long as it ends in the stage');
SELECT is((SELECT string_agg(DISTINCT kind, ' ') FROM deals_stage_log WHERE id IN (10, 11)), 'import', 'and logged as what it is');
SELECT throws_ok($$INSERT INTO deals (id, part, stage, journey) VALUES (13, 'a', 'odd', '{odd@2999-01-01}')$$, '23514',
	'the journey that the row brings ends in the future', '13: but none that is still to come');
SELECT throws_ok($$UPDATE deals SET stage = 'lost', journey = '{won@2019-01-01,lost@2199-02-01}' WHERE id = 11$$, '23514',
	'the journey that the row brings ends in the future', '13: also in place of another');
SET LOCAL crm_lifecycle.import = restore;
SELECT lives_ok($$INSERT INTO deals (id, part, stage, journey) VALUES (13, 'a', 'odd', '{odd@2999-01-01}')$$,
	'30: a restore brings what the table had, whatever this server''s clock says');
INSERT INTO deals (id, part, stage, journey) VALUES (14, 'a', 'odd', '{odd@2020-01-01}'), (15, 'a', 'won', '{lead@2020-01-01,won@2020-01-02}');
UPDATE deals SET stage = 'lost' WHERE id = 15;
DELETE FROM deals WHERE id = 15;
SELECT is((SELECT count(*) FROM deals_stage_log WHERE id IN (14, 15)), 0::bigint, '30: a restore brings its log itself');
SET LOCAL ROLE log_app;
SELECT throws_ok($$UPDATE deals SET stage = 'won' WHERE id = 14$$, '42501', '"crm_lifecycle.import" is for the owner of table "deals" only',
	'37: an application cannot keep a move out of the log');
SET LOCAL ROLE log_owner;
SET LOCAL crm_lifecycle.import = off;
SET LOCAL crm_lifecycle.effective_at = '2026-02-03T04:05:06Z';
INSERT INTO deals VALUES (12, 'a', 'lead');
UPDATE deals SET stage = 'sql' WHERE id = 12;
SELECT is((SELECT lifecycle.last_moved_at(journey) FROM deals WHERE id = 12), '2026-02-03T04:05:06Z'::timestamptz, 'owners may say when');
SET LOCAL ROLE log_app;
SELECT throws_ok($$INSERT INTO deals VALUES (13, 'a', 'lead')$$, '42501', '"crm_lifecycle.effective_at" is for the owner of table "deals" only',
	'37: an application may not');
SET LOCAL ROLE log_owner;
SELECT throws_ok($$SET LOCAL crm_lifecycle.effective_at = 'soon'$$, '22023', NULL, 'if they say it right');
SET LOCAL crm_lifecycle.effective_at = '2999-01-01';
SELECT throws_ok($$INSERT INTO deals VALUES (13, 'a', 'lead')$$, '22023',
	'"crm_lifecycle.effective_at" cannot lie in the future: "2999-01-01"', 'nor in the future');
RESET crm_lifecycle.effective_at;

-- 25. Partitions: one row of kind move
CREATE TABLE parts (id int, stage text, region text, PRIMARY KEY (id, stage, region)) PARTITION BY LIST (stage);
CREATE TABLE parts_lead PARTITION OF parts FOR VALUES IN ('lead');
CREATE TABLE parts_rest PARTITION OF parts DEFAULT PARTITION BY LIST (region);
CREATE TABLE parts_rest_a PARTITION OF parts_rest FOR VALUES IN ('a');
CREATE TABLE parts_rest_b PARTITION OF parts_rest DEFAULT;
SELECT lifecycle.create_lifecycle('plain', E'stateDiagram-v2\n[*] --> lead\nlead --> sql : accept\nsql --> won : sign');
SELECT lifecycle.attach('parts', 'plain', log => true);
INSERT INTO parts VALUES (1, 'lead', 'a'), (2, 'lead', 'b');
UPDATE parts SET stage = 'sql';
UPDATE parts SET region = 'b' WHERE id = 1;
UPDATE parts SET stage = 'won', region = 'a' WHERE id = 2;
DELETE FROM parts WHERE id = 1;
SELECT results_eq($$SELECT concat_ws(' ', id, kind, from_stage, '>', to_stage, event) FROM parts_stage_log ORDER BY number$$,
	ARRAY['1 insert > lead', '2 insert > lead', '1 move lead > sql accept', '2 move lead > sql accept', '2 move sql > won sign', '1 delete sql >'],
	'25: changing the partition is one move, or none');

-- Partitions whose columns stand in another order
CREATE TABLE kept (tenant int, gone int, id int, stage text DEFAULT 'lead', region text, PRIMARY KEY (tenant, id, region)) PARTITION BY LIST (region);
ALTER TABLE kept DROP COLUMN gone;
CREATE TABLE kept_a (stage text DEFAULT 'lead', id int NOT NULL, tenant int NOT NULL, region text NOT NULL);
ALTER TABLE kept ATTACH PARTITION kept_a FOR VALUES IN ('a');
CREATE TABLE kept_b PARTITION OF kept FOR VALUES IN ('b');
SELECT lifecycle.attach('kept', 'plain', log => true);
INSERT INTO kept (tenant, id, region) VALUES (1, 10, 'a'), (2, 20, 'b');
INSERT INTO kept_a (tenant, id, region) VALUES (3, 30, 'a');
UPDATE kept SET stage = 'sql' WHERE tenant < 3;
UPDATE kept SET region = 'a', stage = 'won' WHERE tenant = 2;
DELETE FROM kept WHERE tenant = 1;
SELECT is((SELECT string_agg(concat_ws(' ', tenant, id, region, kind), ', ' ORDER BY number) FROM kept_stage_log),
	'1 10 a insert, 2 20 b insert, 3 30 a insert, 1 10 a move, 2 20 b move, 2 20 a move, 1 10 a delete', '25: the log has each key under its column''s name');

-- Another trigger moves the row on as soon as it has moved
CREATE TABLE pushed (id int PRIMARY KEY, stage text, score int);
SELECT lifecycle.attach('pushed', 'deal', log => true);
CREATE FUNCTION push() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN UPDATE pushed SET stage = 'sql' WHERE id = NEW.id AND stage = 'lead'; RETURN NULL; END $$;
CREATE TRIGGER a_push AFTER INSERT ON pushed FOR EACH ROW EXECUTE FUNCTION push();
INSERT INTO pushed VALUES (1, 'lead');
SELECT is((SELECT string_agg(concat_ws(' ', kind, to_stage), ', ' ORDER BY number) FROM pushed_stage_log), 'insert lead, move sql',
	'18: the log numbers moves as they happened, also where a trigger makes the next one');

-- 43. The log renamed and dropped
ALTER TABLE deals_stage_log RENAME TO history;
SELECT lives_ok($$UPDATE deals SET stage = 'won' WHERE id = 12$$, '43: a log that was renamed is found');
SELECT is((SELECT kind FROM history ORDER BY number DESC LIMIT 1), 'move', '43: and goes on');
DROP TABLE history;
INSERT INTO deals VALUES (20, 'a', 'lead');
SELECT lives_ok($$UPDATE deals SET stage = 'sql' WHERE id = 20$$, '43: without its log the table goes on');
SELECT throws_ok($$UPDATE deals SET stage = 'lead' WHERE id = 20$$, '23514', NULL, '43: under its rules');
CREATE TABLE keyless (stage text);
SELECT throws_ok($$SELECT lifecycle.attach('keyless', 'plain', log => true)$$, '55000',
	'table "keyless" has no primary key, so a log could not say which row has moved', 'a log needs a key');
CREATE TABLE awkward (kind int, number int, stage text, PRIMARY KEY (kind, number));
SELECT lives_ok($$SELECT lifecycle.attach('awkward', 'plain', log => true)$$, 'whose columns may be called as the log''s');
INSERT INTO awkward VALUES (3, 4, 'lead');
SELECT is((SELECT key_kind || ' ' || key_number || ' ' || kind FROM awkward_stage_log), '3 4 insert', 'and are told apart');

-- Attached by somebody else who may, here a superuser
RESET ROLE;
CREATE TABLE shop.others (id int PRIMARY KEY, stage text);
ALTER TABLE shop.others OWNER TO log_owner;
SELECT lifecycle.attach('shop.others', 'plain', log => true);
SET LOCAL ROLE log_owner;
SELECT lives_ok($$INSERT INTO shop.others VALUES (1, 'lead')$$, 'a log is the table owner''s, whoever attached');

-- Given away: what its owner puts into it has nobody else's rights
RESET ROLE;
CREATE ROLE log_auditor;
ALTER TABLE shop.others_stage_log OWNER TO log_auditor;
ALTER TABLE shop.others_stage_log ADD written_as text DEFAULT current_user;
SET LOCAL ROLE log_owner;
INSERT INTO shop.others VALUES (2, 'lead');
RESET ROLE;
SELECT is((SELECT written_as FROM shop.others_stage_log WHERE id = 2), 'log_auditor', '35: a log that was given away is written as its owner');

SELECT * FROM finish();
ROLLBACK;
