-- Partitioned tables: a move that changes the partition is one move, and an arrival is no new row.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();

SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead
	lead --> mql
	mql --> sql : accept [amount > old.amount]
	sql --> won
	sql --> lost
	lost --> sql
$$);

-- 25. By stage: every move changes the partition, one leaf has its columns in another order
CREATE TABLE deals (id int, stage text, amount numeric, region text) PARTITION BY LIST (stage);
CREATE TABLE deals_early PARTITION OF deals FOR VALUES IN ('lead', 'mql');
CREATE TABLE deals_late (dropped int, region text, amount numeric, stage text, id int);
ALTER TABLE deals_late DROP COLUMN dropped;
ALTER TABLE deals ATTACH PARTITION deals_late FOR VALUES IN ('sql', 'won');
CREATE TABLE deals_rest PARTITION OF deals DEFAULT PARTITION BY LIST (region);
CREATE TABLE deals_rest_eu PARTITION OF deals_rest FOR VALUES IN ('eu');
CREATE TABLE deals_rest_us PARTITION OF deals_rest DEFAULT;
INSERT INTO deals VALUES (90, 'lost', 1, 'eu');
SELECT lifecycle.attach('deals', 'deal');
INSERT INTO deals VALUES (1, 'lead', 1, 'eu'), (2, 'lead', 1, 'us');

SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 90), 'lost', 'rows of every partition get their journey');
SELECT lives_ok($$UPDATE deals SET stage = 'mql' WHERE id < 3$$, 'a move within a partition');
SELECT lives_ok($$UPDATE deals SET stage = 'sql', amount = 2 WHERE id < 3$$, '25: a move to another, guard and all');
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ') FROM deals_late), 'lead>mql>sql lead>mql>sql',
	'25: takes the journey along and adds one step');
SELECT throws_ok($$UPDATE deals SET stage = 'lead' WHERE id = 1$$, '23514',
	'illegal move from "sql" to "lead" in lifecycle "deal"', '25: an illegal one to another is refused');
SELECT lives_ok($$UPDATE deals SET stage = 'lost' WHERE id = 1$$, '25: to a partition of a partition');
SELECT lives_ok($$UPDATE deals SET region = 'us' WHERE id IN (1, 90)$$, '25: and from one to another without a move');
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM deals_rest_us), 'lead>mql>sql>lost lost',
	'25: which adds no step, also to a row that is where no row may begin');
SELECT throws_ok($$INSERT INTO deals VALUES (3, 'sql', 1, 'eu')$$, '23514', 'illegal entry at "sql" in lifecycle "deal"',
	'25: a new row there is still refused');
SELECT throws_ok($$MERGE INTO deals d USING (VALUES (1, 'sql'), (4, 'sql')) v (id, stage) ON d.id = v.id
	WHEN MATCHED THEN UPDATE SET stage = v.stage WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.stage, 1, 'eu')$$,
	'23514', 'illegal entry at "sql" in lifecycle "deal"', '25: also in the statement that moves another row there');
SELECT lives_ok($$MERGE INTO deals d USING (VALUES (1, 'sql'), (4, 'lead')) v (id, stage) ON d.id = v.id
	WHEN MATCHED THEN UPDATE SET stage = v.stage WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.stage, 1, 'eu')$$,
	'25: whose legal rows pass');
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM deals WHERE id IN (1, 4)),
	'lead>mql>sql>lost>sql lead', '25: each with its journey');
SELECT lives_ok($$UPDATE deals SET stage = CASE stage WHEN 'sql' THEN 'lost' ELSE 'sql' END WHERE id IN (1, 2, 90)$$,
	'25: rows that swap partitions in one statement');
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM deals WHERE id IN (1, 2, 90)),
	'lead>mql>sql>lost>sql>lost lead>mql>sql>lost lost>sql', '25: keep their own journeys');

-- Another trigger touches the row on its way
CREATE FUNCTION close_on_arrival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.stage = 'sql' AND NEW.amount > 50 THEN NEW.stage := 'won'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER close_on_arrival BEFORE INSERT ON deals FOR EACH ROW EXECUTE FUNCTION close_on_arrival();
UPDATE deals SET stage = 'mql' WHERE id = 4;
SELECT lives_ok($$UPDATE deals SET stage = 'sql', amount = 60 WHERE id = 4$$, '25: a trigger on the insert half may move the row on');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 4), 'lead>mql>sql>won', '25: and both moves are in the journey');
DROP TRIGGER close_on_arrival ON deals;

-- 26. Leaves, attached and detached
SELECT lives_ok($$UPDATE deals_late SET stage = 'won' WHERE id = 90$$, '26: a leaf''s rows move by its own name');
SELECT throws_ok($$UPDATE deals_late SET stage = 'sql' WHERE id = 90$$, '23514',
	'illegal move from "won" to "sql" in lifecycle "deal"', '26: or are refused');
ALTER TABLE deals DETACH PARTITION deals_early;
SELECT lives_ok($$INSERT INTO deals_early VALUES (70, 'anything', 1, 'eu', '{anything@2026-01-01}')$$, '26: a partition that was detached is free');
DELETE FROM deals_early WHERE id = 70;
SELECT lives_ok($$ALTER TABLE deals ATTACH PARTITION deals_early FOR VALUES IN ('lead', 'mql')$$, '26: and attached again');
INSERT INTO deals VALUES (71, 'lead', 1, 'eu');
SELECT throws_ok($$UPDATE deals SET stage = 'won' WHERE id = 71$$, '23514',
	'illegal move from "lead" to "won" in lifecycle "deal"', '26: under the rules again');
CREATE TABLE deals_more PARTITION OF deals_rest FOR VALUES IN ('ap');
UPDATE deals SET stage = 'lost', region = 'ap' WHERE id IN (SELECT id FROM deals WHERE stage = 'sql');
SELECT lives_ok($$UPDATE deals SET stage = 'mql' WHERE id = 71$$, '26: a new partition changes nothing for the others');

-- Renamed columns are found in every partition
ALTER TABLE deals RENAME COLUMN stage TO phase;
SELECT throws_ok($$UPDATE deals SET phase = 'won' WHERE id = 71$$, '23514',
	'illegal move from "mql" to "won" in lifecycle "deal"', 'renamed columns are found in the partitions');
SELECT lives_ok($$UPDATE deals SET phase = 'sql', amount = 9 WHERE id = 71$$, 'and rows move on');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 71), 'lead>mql>sql', 'with their journey');
SELECT lives_ok($$SELECT lifecycle.detach('deals')$$, 'a partitioned table is detached');
SELECT lives_ok($$UPDATE deals SET phase = 'lead' WHERE id = 71$$, 'and free in every partition');

-- Two stage columns: rows on their way are noted for each, also where the user may not import journeys
CREATE TABLE twice (id int, stage text, risk text, amount int, region text) PARTITION BY LIST (region);
CREATE TABLE twice_eu PARTITION OF twice FOR VALUES IN ('eu');
CREATE TABLE twice_us PARTITION OF twice FOR VALUES IN ('us');
SELECT lifecycle.attach('twice', 'deal');
SELECT lifecycle.attach('twice', 'deal', stage_column => 'risk', journey_column => 'risk_journey');
CREATE ROLE partitions_app;
GRANT SELECT, INSERT, UPDATE ON twice TO partitions_app;
SET LOCAL ROLE partitions_app;
SELECT lives_ok($$INSERT INTO twice VALUES (1, 'lead', 'lead', 1, 'eu')$$, '43: a row begins two journeys');
UPDATE twice SET stage = 'mql', risk = 'mql';
SELECT lives_ok($$UPDATE twice SET region = 'us', risk = 'sql', amount = 2$$, '43: a row that is attached twice changes its partition');
SELECT is((SELECT lifecycle.path(journey) || ' ' || lifecycle.path(risk_journey) FROM twice),
	'lead>mql lead>mql>sql', '43: with both of its journeys');
RESET ROLE;

-- 23. A trigger moves the row on, from one partition to the next, while it is still arriving
CREATE TABLE hasty (id int, stage text, amount int, region text) PARTITION BY LIST (stage);
CREATE TABLE hasty_lost PARTITION OF hasty FOR VALUES IN ('lost');
CREATE TABLE hasty_sql PARTITION OF hasty FOR VALUES IN ('sql');
CREATE TABLE hasty_won PARTITION OF hasty FOR VALUES IN ('won');
INSERT INTO hasty VALUES (1, 'lost', 1, 'eu');
SELECT lifecycle.attach('hasty', 'deal');
CREATE FUNCTION move_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE hasty SET stage = 'won' WHERE id = NEW.id AND stage = 'sql';
	RETURN NULL;
END $$;
CREATE TRIGGER move_on AFTER INSERT ON hasty FOR EACH ROW EXECUTE FUNCTION move_on();
SELECT lives_ok($$UPDATE hasty SET stage = 'sql'$$, '23: a statement that moves one row twice, through a trigger');
SELECT is((SELECT lifecycle.path(journey) FROM hasty), 'lost>sql>won', '23: writes both steps, in their order');

-- A row that another trigger swallows on its way does not lend its passage to the next one
CREATE TABLE lossy (id int, stage text, amount int, region text) PARTITION BY LIST (region);
CREATE TABLE lossy_eu PARTITION OF lossy FOR VALUES IN ('eu');
CREATE TABLE lossy_us PARTITION OF lossy FOR VALUES IN ('us');
SELECT lifecycle.attach('lossy', 'deal');
INSERT INTO lossy VALUES (1, 'lead', 1, 'eu');
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE INSERT ON lossy_us FOR EACH ROW EXECUTE FUNCTION swallow();
SELECT throws_ok($$MERGE INTO lossy USING (VALUES (1), (2)) v (id) ON lossy.id = v.id
	WHEN MATCHED THEN UPDATE SET region = 'us' WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'won', 1, 'eu')$$,
	'23514', 'illegal entry at "won" in lifecycle "deal"', '25: a row that never arrived leaves no gap behind');

-- 30. A parallel restore copies into a partition while the partitioned table's triggers come one by one
CREATE TABLE halfway (id int, stage text, amount int) PARTITION BY LIST (id);
CREATE TABLE halfway_1 PARTITION OF halfway FOR VALUES IN (1, 2, 3);
SELECT lifecycle.attach('halfway', 'deal');
DROP TRIGGER "~lifecycle_stage_columns" ON halfway;
SELECT throws_ok($$INSERT INTO halfway_1 (id, stage, journey) VALUES (1, 'lead', '{lead@2026-01-01}')$$, '55000', 'the attachment of table "halfway_1" is damaged',
	'30: without one of its triggers an attachment lets nothing in');
SET LOCAL crm_lifecycle.import = restore;
SELECT lives_ok($$INSERT INTO halfway_1 (id, stage, journey) VALUES (1, 'won', '{lead@2026-01-01,won@2026-01-02}')$$, '30: but what is restored');
DROP TRIGGER "~lifecycle_stage_move" ON halfway;
SELECT lives_ok($$INSERT INTO halfway_1 (id, stage, journey) VALUES (2, 'won', '{lead@2026-01-01,won@2026-01-02}')$$, '30: also where only the last trigger is made');
SELECT throws_ok($$INSERT INTO halfway_1 (id, stage, journey) VALUES (3, 'won', '{lead@2026-01-01}')$$, '23514', NULL, '30: under the CHECK');
RESET crm_lifecycle.import;

SELECT * FROM finish();
ROLLBACK;
