-- A log is its owner's table: what the owner adds to it has its turn, as in an INSERT.
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
	[*] --> lead : capture
	lead --> sql : accept
	sql --> lead : back
$$);
CREATE TABLE deals (id int PRIMARY KEY, stage text);
GRANT SELECT, INSERT, UPDATE ON deals TO log_app;
SELECT lifecycle.attach('deals', 'deal', log => true);
CREATE TABLE seen (what text);

-- Moves all rows to a stage as the application, and says what was thrown.
CREATE FUNCTION move(to_stage text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL ROLE log_app;
	EXECUTE format('UPDATE shop.deals SET stage = %L', to_stage);
	SET LOCAL ROLE log_owner;
	RETURN 'moved';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlerrm;
END
$$;
INSERT INTO deals SELECT i, 'lead' FROM generate_series(1, 3) i;

-- Columns and constraints
ALTER TABLE deals_stage_log ADD unused int, ADD origin text DEFAULT 'crm', ADD twice bigint GENERATED ALWAYS AS (number * 2) STORED,
	ADD nothing text;
ALTER TABLE deals_stage_log DROP COLUMN unused;
ALTER TABLE deals_stage_log ALTER kind TYPE varchar(10), ALTER id TYPE bigint;
SELECT is(move('sql'), 'moved', 'a log that was altered is written on');
SELECT results_eq($$SELECT DISTINCT id, kind::text, origin, twice = 2 * number, nothing FROM deals_stage_log WHERE kind = 'move' ORDER BY id$$,
	$$VALUES (1::bigint, 'move', 'crm', true, NULL), (2, 'move', 'crm', true, NULL), (3, 'move', 'crm', true, NULL)$$,
	'columns of its own get their defaults, and types are cast');
ALTER TABLE deals_stage_log ADD CONSTRAINT not_two CHECK (id <> 2 OR from_stage = 'lead');
SELECT is(move('lead'), 'new row for relation "deals_stage_log" violates check constraint "not_two"', 'its constraints hold');
ALTER TABLE deals_stage_log DROP CONSTRAINT not_two;
CREATE UNIQUE INDEX once ON deals_stage_log (id, (to_stage || '')) WHERE kind = 'move';
SELECT is(move('lead'), 'moved', 'its indexes are kept');
SELECT is(move('sql'), 'duplicate key value violates unique constraint "once"', 'unique ones too');
DROP INDEX once;
CREATE TABLE movers (role text PRIMARY KEY);
ALTER TABLE deals_stage_log ADD CONSTRAINT mover FOREIGN KEY (role) REFERENCES movers NOT VALID;
SELECT is(move('sql'), 'insert or update on table "deals_stage_log" violates foreign key constraint "mover"', 'foreign keys');
INSERT INTO movers VALUES ('log_app');
SELECT is(move('sql'), 'moved', 'which find what they need');
ALTER TABLE deals_stage_log DROP CONSTRAINT mover;

-- Triggers
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	IF tg_level = 'STATEMENT' AND tg_when = 'AFTER' THEN
		SELECT count(*) INTO n FROM news;
		INSERT INTO shop.seen VALUES (concat_ws(' ', tg_when, tg_level, n, current_user));
		RETURN NULL;
	END IF;
	INSERT INTO shop.seen VALUES (concat_ws(' ', tg_when, tg_level, CASE tg_level WHEN 'ROW' THEN new.id END, current_user));
	IF tg_level = 'ROW' AND tg_when = 'BEFORE' THEN
		IF new.id = 2 THEN
			RETURN NULL;
		END IF;
		new.note := 'seen';
	END IF;
	RETURN new;
END
$$;
CREATE TRIGGER a BEFORE INSERT ON deals_stage_log FOR EACH STATEMENT EXECUTE FUNCTION see();
CREATE TRIGGER b BEFORE INSERT ON deals_stage_log FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER c AFTER INSERT ON deals_stage_log FOR EACH ROW WHEN (new.note = 'seen') EXECUTE FUNCTION see();
CREATE TRIGGER d AFTER INSERT ON deals_stage_log REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION see();
SELECT is(move('lead'), 'moved', 'its triggers');
SELECT bag_eq('TABLE seen', $$
	SELECT 'BEFORE STATEMENT log_owner' FROM generate_series(1, 3)
	UNION ALL SELECT format('BEFORE ROW %s log_owner', i) FROM generate_series(1, 3) i
	UNION ALL VALUES ('AFTER ROW 1 log_owner'), ('AFTER ROW 3 log_owner'),
		('AFTER STATEMENT 1 log_owner'), ('AFTER STATEMENT 0 log_owner'), ('AFTER STATEMENT 1 log_owner')$$,
	'fire as the table''s owner, each row a statement of its own');
SELECT results_eq($$SELECT id, note FROM deals_stage_log WHERE kind = 'move' AND note = 'seen' ORDER BY number$$,
	$$VALUES (1::bigint, 'seen'), (3, 'seen')$$, 'may alter rows, and swallow them');
DROP TRIGGER a ON deals_stage_log;
DROP TRIGGER b ON deals_stage_log;
DROP TRIGGER d ON deals_stage_log;

-- Altered while a statement is at work
CREATE FUNCTION alter_log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	IF new.id = 2 THEN
		ALTER TABLE shop.deals_stage_log DROP COLUMN nothing, ADD later text DEFAULT 'since';
	END IF;
	RETURN NULL;
END
$$;
DROP TRIGGER c ON deals_stage_log;
CREATE TRIGGER alter_log AFTER UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION alter_log();
SELECT is(move('sql'), 'moved', 'the log is altered in the midst of a statement');
SELECT is((SELECT array_agg(later ORDER BY number DESC) FROM (SELECT * FROM deals_stage_log ORDER BY number DESC LIMIT 3) l),
	'{since,since,since}', 'and the rows after it fit');

-- A column that is gone
DROP TRIGGER alter_log ON deals;
ALTER TABLE deals_stage_log DROP COLUMN note;
SELECT is(move('lead'), 'the log "deals_stage_log" has no column "note" any more', 'it must keep its own columns');

SELECT * FROM finish();
ROLLBACK;
