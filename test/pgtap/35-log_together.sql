-- The log's rows of one statement are stored together: nobody can tell, whatever comes in between.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE EXTENSION IF NOT EXISTS pg_walinspect;
SELECT no_plan();
SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead
	lead --> sql : accept
	sql --> lead : back
	sql --> won : sign [amount >= 0]
$$);
CREATE TABLE deals (id int PRIMARY KEY, stage text, amount int DEFAULT 1);
SELECT lifecycle.attach('deals', 'deal', log => true);

-- What the log got since it was asked last: number of rows, of numbers, in the order of the key?
CREATE SEQUENCE asked MINVALUE 0 START 0;
CREATE FUNCTION news() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint := (SELECT last_value FROM asked);
	answer text := (SELECT concat_ws(' ', count(*), string_agg(DISTINCT kind, '+' ORDER BY kind),
			CASE bool_and(sorted) WHEN true THEN 'in order' WHEN false THEN 'out of order' END)
		FROM (SELECT kind, id >= lag(id, 1, id) OVER (ORDER BY number) AS sorted FROM deals_stage_log WHERE number > before) l);
BEGIN
	PERFORM setval('asked', max(number)) FROM deals_stage_log;
	RETURN answer;
END
$$;

-- How many records of the log's rows the WAL has got since then.
CREATE TABLE wal AS SELECT pg_current_wal_insert_lsn() AS lsn;
CREATE FUNCTION records(kind text) RETURNS bigint LANGUAGE sql AS $$
	SELECT pg_switch_wal();
	SELECT count(*) FROM wal, pg_get_wal_records_info(lsn, pg_current_wal_flush_lsn()) r
	WHERE record_type LIKE kind || '%' AND block_ref ~ ('/' || pg_relation_filenode('deals_stage_log') || ' ');
$$;
CREATE PROCEDURE mark() LANGUAGE sql AS 'UPDATE wal SET lsn = pg_current_wal_insert_lsn()';

CALL mark();
INSERT INTO deals SELECT i, 'lead' FROM generate_series(1, 2500) i;
SELECT is(news(), '2500 insert in order', 'the rows of one statement are there when it is over');
SELECT is(records('INSERT'), 0::bigint, 'and were not stored one by one');
SELECT cmp_ok(records('MULTI_INSERT'), '<', 100::bigint, 'but together');
UPDATE deals SET stage = 'sql';
SELECT is(news(), '2500 move in order', 'of an UPDATE too');
CALL mark();
UPDATE deals SET stage = 'lead' WHERE id = 7;
SELECT is(news(), '1 move in order', 'or of a single row');
UPDATE deals SET stage = 'sql' WHERE id = 7;
SELECT news();
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT is((SELECT count(*) FROM generate_series(1, 5002) n WHERE EXISTS (SELECT FROM deals_stage_log WHERE number = n)), 5002::bigint,
	'its index finds them all');
RESET enable_seqscan;
RESET enable_bitmapscan;

-- 19. Errors
UPDATE deals SET amount = -1 WHERE id = 2000;
SELECT throws_ok($$UPDATE deals SET stage = 'won'$$, '23514', NULL, '19: a statement that fails late');
SELECT is(news(), '0', '19: leaves nothing');
ALTER TABLE deals_stage_log ADD CONSTRAINT not_2400 CHECK (id <> 2400) NOT VALID;
SELECT throws_ok($$UPDATE deals SET stage = 'lead'$$, '23514', NULL, '19: nor one whose log fails late');
SELECT is(news(), '0', '19: when some rows were stored already');
ALTER TABLE deals_stage_log DROP CONSTRAINT not_2400;
CREATE UNIQUE INDEX once ON deals_stage_log (id, to_stage) WHERE from_stage = 'sql' AND id > 2490;
UPDATE deals SET stage = 'lead' WHERE id = 2495;
UPDATE deals SET stage = 'sql' WHERE id = 2495;
SELECT is(news(), '2 move in order', 'indexes of its own are kept');
SELECT throws_ok($$UPDATE deals SET stage = 'lead'$$, '23505', NULL, 'and unique ones hold');
DROP INDEX once;
DO $$
BEGIN
	UPDATE deals SET stage = 'lead' WHERE id BETWEEN 21 AND 25;
	BEGIN
		UPDATE deals SET stage = 'sql' WHERE id BETWEEN 21 AND 25;
		RAISE 'no';
	EXCEPTION WHEN OTHERS THEN
		UPDATE deals SET stage = 'sql' WHERE id = 23;
	END;
	BEGIN
		UPDATE deals SET stage = 'lead' WHERE id = 23;
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END;
END
$$;
SELECT is((SELECT string_agg(id || to_stage, ' ' ORDER BY number) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)),
	'21lead 22lead 23lead 24lead 25lead 23sql 23lead', '19: blocks with exceptions leave exactly what survived');
SELECT news();

-- Different moves in one statement
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' ELSE 'lead' END WHERE id BETWEEN 21 AND 30;
UPDATE deals SET stage = CASE id % 2 WHEN 0 THEN 'lead' ELSE 'sql' END WHERE id BETWEEN 21 AND 30;
SELECT results_eq($$SELECT from_stage, to_stage, event, count(*) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked) GROUP BY 1, 2, 3 ORDER BY 1, 2$$,
	$$VALUES ('lead', 'sql', 'accept', 7::bigint), ('sql', 'lead', 'back', 7)$$, 'each move has its own words');
UPDATE deals SET stage = 'sql' WHERE id BETWEEN 21 AND 30;
SELECT news();

-- One statement with several parts
WITH a AS (UPDATE deals SET stage = 'lead' WHERE id <= 3 RETURNING id), b AS (INSERT INTO deals VALUES (3001, 'lead') RETURNING id)
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 4 AND 6 AND EXISTS (TABLE a) AND EXISTS (TABLE b);
SELECT is((SELECT string_agg(kind, ' ' ORDER BY kind) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)),
	'insert move move move move move move', 'writing WITH queries');
SELECT news();
MERGE INTO deals d USING (VALUES (1, 'sql'), (2, NULL), (3002, 'lead'), (3, 'sql')) s (id, stage) ON d.id = s.id
	WHEN MATCHED AND s.stage IS NULL THEN DELETE
	WHEN MATCHED THEN UPDATE SET stage = s.stage
	WHEN NOT MATCHED THEN INSERT (id, stage) VALUES (s.id, s.stage);
SELECT bag_eq($$SELECT id || kind FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)$$,
	$$VALUES ('1move'), ('2delete'), ('3move'), ('3002insert')$$, 'MERGE');
SELECT news();
INSERT INTO deals VALUES (4, 'sql'), (3003, 'lead') ON CONFLICT (id) DO UPDATE SET stage = excluded.stage;
SELECT is(news(), '2 insert+move in order', 'an upsert');
COPY deals (id, stage) FROM stdin;
3004	lead
3005	lead
\.
SELECT is(news(), '2 insert in order', 'COPY');
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) UPDATE deals SET stage = 'lead' WHERE id = 4;
SELECT is(news(), '1 move in order', 'EXPLAIN ANALYZE');
DO $$
DECLARE
	moved int;
	seen text := '';
BEGIN
	FOR moved IN UPDATE deals SET stage = 'sql' WHERE id IN (4, 5) RETURNING id LOOP
		seen := seen || news() || ';';
	END LOOP;
	IF seen <> '2 move in order;0;' THEN
		RAISE 'seen: %', seen;
	END IF;
END
$$;
SELECT pass('a loop over RETURNING finds the rows in the log');
ALTER TABLE deals DISABLE TRIGGER "!lifecycle_stage_log";
UPDATE deals SET stage = 'lead' WHERE id = 4;
SELECT is(news(), '0', 'a disabled trigger logs nothing');
ALTER TABLE deals ENABLE TRIGGER "!lifecycle_stage_log";

-- Other people's code that looks into the log while the statement is at work
CREATE TABLE seen (what text, n bigint);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		INSERT INTO seen SELECT tg_level, count(*) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked);
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
	RETURN NULL;
END
$$;
CREATE TRIGGER look AFTER UPDATE ON deals FOR EACH STATEMENT EXECUTE FUNCTION look();
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 11 AND 13;
SELECT results_eq('TABLE seen', $$VALUES ('STATEMENT', 3::bigint)$$, '19: a trigger of the statement sees all of its rows');
DROP TRIGGER look ON deals;
SELECT news();
DELETE FROM seen;
CREATE TABLE other (id int);
INSERT INTO other VALUES (1);
CREATE TRIGGER look AFTER UPDATE ON other FOR EACH STATEMENT EXECUTE FUNCTION look();
WITH moved AS (UPDATE deals SET stage = 'sql' WHERE id BETWEEN 11 AND 13 RETURNING id)
UPDATE other SET id = 2 WHERE (SELECT count(*) FROM moved) = 3;
SELECT results_eq('TABLE seen', $$VALUES ('STATEMENT', 3::bigint)$$, '19: and one of another table that the statement writes');
SELECT news();
DELETE FROM seen;
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 11 AND 13;
SELECT news();
CREATE TRIGGER "~~look" AFTER UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION look();
UPDATE deals SET stage = 'sql' WHERE id BETWEEN 11 AND 13;
SELECT results_eq('TABLE seen', $$VALUES ('ROW', 1::bigint), ('ROW', 2), ('ROW', 3)$$, '19: one of the row those until then');
DROP TRIGGER "~~look" ON deals;
SELECT news();
CREATE FUNCTION move_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		UPDATE deals SET stage = 'lead' WHERE id = new.id + 100 AND new.id < 100;
		IF new.id = 12 THEN
			RAISE 'no';
		END IF;
	EXCEPTION WHEN raise_exception THEN
		NULL;
	END;
	RETURN NULL;
END
$$;
CREATE TRIGGER "~~move_next" AFTER UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION move_next();
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 11 AND 13;
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY number) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)),
	'11 111 12 13 113', 'moves inside of moves come in their order, less those that were rolled back');
DROP TRIGGER "~~move_next" ON deals;
SELECT news();
-- What a foreign key does after an UPDATE fires other people's triggers.
CREATE TABLE lines (id int, deal int REFERENCES deals ON UPDATE CASCADE);
INSERT INTO lines VALUES (1, 42), (2, 43);
CREATE FUNCTION look_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO seen SELECT old.deal, count(*) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked);
	RETURN new;
END
$$;
CREATE TRIGGER look_before BEFORE UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION look_before();
DELETE FROM seen;
SELECT news();
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 41 AND 50 AND stage = 'sql';
SELECT news();
UPDATE deals SET stage = 'sql', id = CASE id WHEN 43 THEN 4300 ELSE id END WHERE id BETWEEN 41 AND 44;
SELECT results_eq('TABLE seen', $$VALUES ('43', 3::bigint)$$, '19: a trigger that a foreign key fires sees the rows until then');
DELETE FROM seen;
SELECT news();
UPDATE deals SET stage = CASE id WHEN 42 THEN stage ELSE 'lead' END, id = CASE id WHEN 42 THEN 4200 ELSE id END WHERE id BETWEEN 41 AND 44;
SELECT results_eq('TABLE seen', $$VALUES ('42', 1::bigint)$$, '19: also where the row does not move');
SELECT news();
CALL mark();
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 1 AND 1000 AND stage = 'sql';
SELECT is(records('INSERT'), 0::bigint, 'rows that keep their keys are stored together all the same');
DROP TABLE lines;
SELECT news();
CREATE FUNCTION how_many() RETURNS bigint LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN (SELECT count(*) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)); END';
ALTER TABLE deals_stage_log ADD before bigint DEFAULT how_many();
UPDATE deals SET stage = 'sql' WHERE id BETWEEN 11 AND 13;
SELECT is((SELECT array_agg(before ORDER BY number) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)), '{0,1,2}'::bigint[],
	'a default that looks into the log');
ALTER TABLE deals_stage_log DROP COLUMN before;
SELECT news();
CREATE DOMAIN looking AS bigint CHECK (how_many() IS DISTINCT FROM value);
ALTER TABLE deals_stage_log ADD before looking DEFAULT 2;
SELECT throws_ok($$UPDATE deals SET stage = 'lead' WHERE id BETWEEN 11 AND 13$$, '23514', NULL, 'a domain that does');
ALTER TABLE deals_stage_log DROP COLUMN before;
CREATE FUNCTION among(bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS
	'BEGIN RETURN $1 = (SELECT coalesce(max(number), 0) + 1 FROM deals_stage_log); END';
ALTER TABLE deals_stage_log ADD CONSTRAINT gapless CHECK (among(number)) NOT VALID;
SELECT setval(pg_get_serial_sequence('deals_stage_log', 'number'), (SELECT max(number) FROM deals_stage_log));
UPDATE deals SET stage = 'lead' WHERE id BETWEEN 11 AND 13;
SELECT is((SELECT count(*) FROM deals_stage_log WHERE number > (SELECT last_value FROM asked)), 3::bigint, 'a constraint that does');
ALTER TABLE deals_stage_log DROP CONSTRAINT gapless;

-- Moves that a foreign key makes
CREATE TABLE stages (label text PRIMARY KEY);
INSERT INTO stages SELECT DISTINCT stage FROM deals UNION VALUES ('new');
CREATE TABLE tickets (id int PRIMARY KEY, stage text REFERENCES stages ON UPDATE CASCADE);
SELECT lifecycle.create_lifecycle('ticket', $$
stateDiagram-v2
	[*] --> new
	new --> done
$$);
SELECT lifecycle.attach('tickets', 'ticket', log => true);
INSERT INTO tickets SELECT i, 'new' FROM generate_series(1, 3) i;
UPDATE stages SET label = 'done' WHERE label = 'new';
SELECT is((SELECT string_agg(id || to_stage, ' ' ORDER BY number) FROM tickets_stage_log), '1new 2new 3new 1done 2done 3done', 'a foreign key that cascades');

-- Attached twice
CREATE TABLE twice (id int PRIMARY KEY, stage text, status text, amount int);
SELECT lifecycle.attach('twice', 'deal', log => true);
SELECT lifecycle.attach('twice', 'ticket', stage_column => 'status', journey_column => 'history', log => true);
INSERT INTO twice SELECT i, 'lead', 'new' FROM generate_series(1, 1200) i;
UPDATE twice SET stage = 'sql', status = 'done';
SELECT is((SELECT string_agg(n || to_stage, ' ' ORDER BY to_stage) FROM (
	SELECT to_stage, count(*) AS n FROM twice_stage_log GROUP BY 1 UNION ALL SELECT to_stage, count(*) FROM twice_status_stage_log GROUP BY 1) l),
	'1200done 1200lead 1200new 1200sql', 'two logs of one table');

-- The log is dropped on the way
CREATE TABLE dropped (id int PRIMARY KEY, stage text, amount int DEFAULT 1);
SELECT lifecycle.attach('dropped', 'deal', log => true);
INSERT INTO dropped SELECT i, 'lead' FROM generate_series(1, 3) i;
CREATE FUNCTION drop_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id = 2 THEN
		DROP TABLE dropped_stage_log CASCADE;
	END IF;
	RETURN new;
END
$$;
CREATE TRIGGER drop_log BEFORE UPDATE ON dropped FOR EACH ROW EXECUTE FUNCTION drop_log();
SELECT throws_ok($$UPDATE dropped SET stage = 'sql'$$, '55006', 'the log of table "dropped" was dropped while its rows were moving',
	'43: dropping the log in the midst of a statement');

-- 26. Partitions
CREATE TABLE parts (id int, stage text, amount int DEFAULT 1, PRIMARY KEY (id, stage)) PARTITION BY LIST (stage);
CREATE TABLE parts_lead PARTITION OF parts FOR VALUES IN ('lead');
CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
SELECT lifecycle.attach('parts', 'deal', log => true);
INSERT INTO parts SELECT i, 'lead' FROM generate_series(1, 4) i;
INSERT INTO parts_lead VALUES (5, 'lead');
UPDATE parts SET stage = 'sql';
UPDATE parts_rest SET stage = 'won' WHERE id <= 2;
SELECT is((SELECT string_agg(concat_ws(' ', kind, to_stage, n), ', ' ORDER BY first) FROM (
	SELECT kind, to_stage, count(*) AS n, min(number) AS first FROM parts_stage_log GROUP BY 1, 2) l),
	'insert lead 5, move sql 5, move won 2', '25, 26: partitions, by way of their table or not');

SELECT * FROM finish();
ROLLBACK;
