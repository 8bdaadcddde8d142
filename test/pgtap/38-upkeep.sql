-- Upkeep: tables that are attached while writers go on, history that comes later, drift that is found.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> won\nlead --> lost');

-- 44. existing => 'defer'
CREATE TABLE deals (id int PRIMARY KEY, stage text, entered date, other int);
INSERT INTO deals SELECT g, (ARRAY['lead', 'sql', 'won'])[1 + g % 3], CASE WHEN g % 2 = 0 THEN date '2026-01-05' END FROM generate_series(1, 5000) g;
SELECT lifecycle.attach('deals', 'deal', since => 'entered', existing => 'defer');
SELECT is((SELECT count(journey) FROM deals), 0::bigint, '44: attaching with defer writes no row');
SELECT results_eq($$SELECT problem, sum(rows)::bigint FROM lifecycle.verify('deals') GROUP BY 1 ORDER BY 1$$,
	$$VALUES ('CHECK is not validated', NULL::bigint), ('row has no journey yet', 5000)$$, '44: as verify tells');
SELECT lives_ok($$UPDATE deals SET stage = 'sql' WHERE id = 6$$, '44: a row that is moved meanwhile begins where it was');
SELECT is((SELECT lifecycle.path(journey) || ' ' || lifecycle.started_at(journey)::date FROM deals WHERE id = 6), 'lead>sql 2026-01-05', '44: when the table says');
SELECT throws_ok($$UPDATE deals SET stage = 'lead' WHERE id = 4$$, '23514', NULL, '44: under the rules');
UPDATE deals SET other = 1 WHERE id = 7;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 7), 'sql', '44: one that is touched is filled');
SELECT string_agg(ctid::text, ' ' ORDER BY id) AS places FROM deals WHERE journey IS NOT NULL \gset
CALL lifecycle.fill('deals', blocks => 5);
SELECT is((SELECT count(*) FROM deals WHERE lifecycle.step_count(journey) = 1), 4999::bigint, '44: fill() fills every other row once');
SELECT is((SELECT string_agg(ctid::text, ' ' ORDER BY id) FROM deals WHERE id IN (6, 7)), :'places', '44: and writes none that has its journey');
SELECT is_empty($$SELECT * FROM lifecycle.verify('deals')$$, '44: and leaves nothing to say');
SELECT is((SELECT convalidated FROM pg_constraint WHERE conrelid = 'deals'::regclass AND contype = 'c'), true, '44: with the CHECK validated');

CREATE TABLE parts (id int, stage text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (1000);
INSERT INTO parts SELECT g, 'lead' FROM generate_series(1, 500) g;
UPDATE parts SET stage = 'sql' WHERE id < 10;
ALTER TABLE parts ADD CONSTRAINT parts_pkey PRIMARY KEY (id);
SELECT lifecycle.attach('parts', 'deal', existing => 'defer', log => true);
SELECT lives_ok($$UPDATE parts SET id = 800 WHERE id = 1$$, '44: a row without journey that changes its partition is no new row');
SELECT lives_ok($$UPDATE parts SET id = 801, stage = 'won' WHERE id = 2$$, '44: even if it moves');
UPDATE parts SET stage = 'won' WHERE id = 3;
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM parts WHERE id IN (3, 800, 801)), 'sql>won sql sql>won',
	'44: and has its journey from then on');
SELECT is((SELECT string_agg(concat_ws(' ', id, kind, from_stage, to_stage), ', ' ORDER BY number) FROM parts_stage_log),
	'801 move sql won, 3 move sql won', '44: with its moves in the log');
CALL lifecycle.fill('parts');
SELECT is((SELECT count(journey) FROM parts), 500::bigint, '44: partitions too');
SELECT is_empty($$SELECT * FROM lifecycle.verify('parts')$$, '44: and all is well');

-- backfill
SET client_min_messages = error;
CREATE TABLE accounts (region text, id int, stage text, PRIMARY KEY (region, id));
INSERT INTO accounts SELECT 'eu', g, CASE WHEN g % 10 = 0 THEN 'lead' ELSE 'won' END FROM generate_series(1, 1000) g;
SELECT lifecycle.attach('accounts', 'deal', log => true);
CREATE TABLE audit AS
	SELECT 'eu' AS region, g AS id, s.stage, timestamptz '2026-01-01Z' + s.n * interval '1 day' AS at
	FROM generate_series(1, 1000) g, (VALUES (1, 'lead'), (2, 'sql'), (3, 'won')) s (n, stage);
CALL lifecycle.backfill('accounts', 'SELECT region, id, stage, at FROM audit', batch => 300);
SELECT is((SELECT count(*) FROM accounts WHERE lifecycle.path(journey) = 'lead>sql>won'), 900::bigint, 'backfill() writes the journeys that history tells');
SELECT is((SELECT count(*) FROM accounts WHERE lifecycle.path(journey) = 'lead'), 100::bigint, 'and leaves alone what it contradicts');
SELECT is((SELECT count(*) FROM pg_temp.lifecycle_history), 100::bigint, 'which it reports');
SELECT is((SELECT count(*) FROM accounts_stage_log WHERE kind = 'import'), 900::bigint, 'the log calls it an import');
CALL lifecycle.backfill('accounts', 'SELECT region, id, stage, at FROM audit', batch => 300);
SELECT is((SELECT count(*) FROM accounts_stage_log WHERE kind = 'import'), 900::bigint, 'started again it finds nothing to do');
SELECT is(current_setting('crm_lifecycle.import'), 'off', 'and leaves no setting behind');
SELECT throws_ok($$UPDATE accounts SET stage = 'lead' WHERE id = 1$$, '23514', NULL, 'rules hold afterwards');

-- 6, 29. verify
ALTER TABLE deals DISABLE TRIGGER "~lifecycle_stage_move";
SELECT results_eq($$SELECT problem, subject FROM lifecycle.verify('deals')$$,
	$$VALUES ('trigger is disabled', '~lifecycle_stage_move on public.deals')$$, '6: verify() finds a trigger that was disabled');
ALTER TABLE deals ENABLE TRIGGER "~lifecycle_stage_move";
ALTER TABLE deals DROP CONSTRAINT lifecycle_stage_check;
SELECT results_eq($$SELECT problem FROM lifecycle.verify('deals')$$, ARRAY['CHECK is missing'], 'a CHECK that was dropped');
ALTER TABLE deals DISABLE TRIGGER USER;
UPDATE deals SET stage = 'odd' WHERE id = 10;
ALTER TABLE deals ENABLE TRIGGER USER;
ALTER TABLE deals ADD CONSTRAINT lifecycle_stage_check CHECK (lifecycle.ends_in(journey, stage)) NOT VALID;
SELECT results_eq($$SELECT problem, subject, rows FROM lifecycle.verify('deals')$$,
	$$VALUES ('CHECK is not validated', 'lifecycle_stage_check', NULL::bigint), ('journey does not end in the stage', 'odd', 1),
		('stage is not in the lifecycle', 'odd', 1)$$, '3: rows that slipped past');
SELECT set_config('crm_lifecycle.import', 'on', false) \g /dev/null
UPDATE deals SET stage = 'won', journey = '{lead@2026-01-01,lost@2026-01-02,won@2026-01-03}' WHERE id = 10;
RESET crm_lifecycle.import;
SELECT results_eq($$SELECT subject, rows FROM lifecycle.verify('deals') WHERE problem LIKE 'move%'$$, $$VALUES ('lost > won', 1::bigint)$$,
	'moves that would be refused today');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE TRIGGER "~~later" BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT results_eq($$SELECT subject FROM lifecycle.verify('deals') WHERE problem LIKE 'another%'$$, ARRAY['~~later on public.deals'], '2: a trigger that fires after ours');
CREATE TABLE heir () INHERITS (accounts);
SELECT results_eq($$SELECT problem, subject FROM lifecycle.verify('accounts') WHERE problem LIKE '%inherits'$$,
	$$VALUES ('another table inherits', 'public.heir')$$, '5: a table that came to inherit');
-- What has lost its lifecycle, or never named one
CREATE TABLE several (id int, pipeline text, stage text);
INSERT INTO several VALUES (1, 'deal', 'lead'), (2, 'gone', 'lead');
SELECT lifecycle.attach('several', lifecycle_column => 'pipeline', existing => 'defer');
CALL lifecycle.fill('several');
SELECT results_eq($$SELECT problem, subject FROM lifecycle.verify('several')$$,
	$$VALUES ('rules do not fit the table', 'lifecycle "gone" does not exist'), ('stage is not in the lifecycle', 'lead')$$,
	'41: verify() finds rows whose lifecycle does not exist');

-- What has lost a column
CREATE TABLE lost (id int, state text, qty int);
SELECT lifecycle.create_lifecycle('guarded', E'stateDiagram-v2\n[*] --> a\na --> b : go [qty > 0]');
SELECT lifecycle.attach('lost', 'guarded', stage_column => 'state');
ALTER TABLE lost RENAME COLUMN qty TO quantity;
SELECT results_eq($$SELECT problem, subject FROM lifecycle.verify('lost')$$, $$VALUES ('rules do not fit the table', 'column "qty" does not exist: guard [qty > 0] of the move from "a" to "b" in lifecycle "guarded"')$$,
	'verify() finds a guard that no longer fits');
ALTER TABLE lost RENAME COLUMN quantity TO qty;
ALTER TABLE lost DROP COLUMN state;
SELECT results_eq($$SELECT problem, subject FROM lifecycle.verify('lost')$$, $$VALUES ('stage column is missing', 'state')$$, 'a stage column that was dropped');
SELECT lifecycle.detach('lost');
ALTER TABLE lost ADD COLUMN state text;
SELECT lifecycle.attach('lost', 'guarded', stage_column => 'state');
ALTER TABLE lost DROP COLUMN journey CASCADE;
SELECT throws_ok($$SELECT * FROM lifecycle.verify('lost')$$, '55000', 'the attachment of table public.lost is damaged', 'a journey column that was dropped with CASCADE');
SELECT throws_ok($$SELECT lifecycle.attach('lost', 'guarded', stage_column => 'state')$$, '55000', 'table "lost" bears the rest of an earlier attachment', 'is in the way');
SELECT lives_ok($$SELECT lifecycle.detach('lost')$$, 'until it is detached');
SELECT lives_ok($$SELECT lifecycle.attach('lost', 'guarded', stage_column => 'state')$$, 'and attached again');
CREATE TABLE loose (stage text);
SELECT throws_ok($$SELECT * FROM lifecycle.verify('loose')$$, '42704', 'no lifecycle is attached to public.loose', 'and tables that are not attached');
SELECT throws_ok($$SELECT lifecycle.check_attachment(0, 'stage')$$, '42P01', 'relation with OID 0 does not exist', 'nor is one that is gone looked at');

SELECT * FROM finish();
