-- What is due, and plays: in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE SCHEMA crm;
SET search_path = crm, public, lifecycle;
SET timezone = 'UTC';
SELECT no_plan();

SELECT create_lifecycle('deal', $$stateDiagram-v2
    [*] --> lead
    [*] --> trial
    lead --> trial
    lead --> lead : call again
    trial --> customer
    customer --> trial
    customer --> lost
    lost --> lead
    note right of lead
        sla: 1 month
    end note
    note right of trial
        sla: 14 days
        owner: sales
        label: On trial
    end note
    note right of lost
        sla: 2 days
    end note$$);
CREATE TABLE deal (id int PRIMARY KEY, gone int, stage text, renews_at date, trial_ends timestamptz, called timestamp, journey journey);
ALTER TABLE deal DROP COLUMN gone;
SET crm_lifecycle.import = on;
INSERT INTO deal VALUES
    (1, 'lead', NULL, NULL, NULL, '{lead@2026-01-31}'),
    (2, 'lead', NULL, NULL, NULL, '{lead@2026-01-01,lead@2026-03-01}'),
    (3, 'On trial', NULL, '2026-03-20 12:00Z', NULL, '{lead@2026-01-01,"On trial"@2026-03-02T10:00:00Z}'),
    (4, 'customer', '2026-05-01', '2026-01-01', '2026-03-03 03:04:05', '{"On trial"@2026-01-01,customer@2026-02-01}'),
    (5, 'customer', NULL, NULL, NULL, '{"On trial"@2026-01-01,customer@2026-02-01,"On trial"@2026-02-10,customer@2026-02-20}'),
    (6, 'customer', 'infinity', NULL, NULL, '{"On trial"@2026-01-01,customer@2026-02-01}');
SELECT attach('deal', 'deal');
RESET crm_lifecycle.import;

SELECT set_eq($$SELECT (key->>'id')::int, lifecycle, stage, owner, kind, since, due_at, overdue FROM due('deal', as_of => '2026-03-16 10:00Z')$$,
    $$VALUES (1, 'deal', 'lead', NULL, 'sla', timestamptz '2026-01-31', timestamptz '2026-02-28', true),
        (2, 'deal', 'lead', NULL, 'sla', '2026-01-01', '2026-02-01', true),
        (3, 'deal', 'On trial', 'sales', 'sla', '2026-03-02 10:00', '2026-03-16 10:00', true)$$,
    'time in a stage is up an SLA after it was entered, months by the calendar; loops do not begin anew');
SELECT results_eq($$SELECT overdue FROM due('deal', stages => '{On trial}', as_of => '2026-03-16 09:59:59.999999Z')$$, '{false}'::boolean[],
    'a moment earlier it is not overdue yet');
SELECT set_eq($$SELECT (key->>'id')::int, kind, due_at, overdue FROM due('deal', 'renews_at', '60 days', '{customer}', 'renewal', as_of => '2026-03-02')$$,
    $$VALUES (4, 'renewal', timestamptz '2026-03-02', true), (6, 'renewal', 'infinity', false)$$, 'a date comes a lead earlier; rows without one are not asked');
SELECT set_eq($$SELECT (key->>'id')::int, kind, due_at, overdue FROM due('deal', 'trial_ends', stages => '{On trial}', as_of => '2026-03-20 12:00Z')$$,
    $$VALUES (3, 'trial_ends', timestamptz '2026-03-20 12:00Z', true)$$, 'and only in the stages named');
SELECT set_eq($$SELECT (key->>'id')::int FROM due('deal', 'trial_ends')$$, '{3,4}'::int[], 'or in all');
SELECT is(due_at, '2026-03-03 03:04:05Z', 'a timestamp without time zone is in UTC') FROM due('deal', 'called');
SELECT is(due_at, '2026-03-03 02:04:05Z', 'or in the zone given') FROM due('deal', 'called', zone => 'Europe/Paris');
SELECT is(due_at, '2026-04-30 22:00Z', 'so is a date') FROM due('deal', 'renews_at', stages => '{customer}', zone => 'Europe/Paris') WHERE key = '{"id": 4}';
SELECT is(due_at, '2026-03-31 23:00Z', 'days and months are the zone''s: the clocks changed on 29 March') FROM due('deal', 'renews_at', '1 month -1 hour', zone => 'Europe/Paris') WHERE key = '{"id": 4}';
SET timezone = 'America/New_York';
SELECT is(due_at, '2026-05-01 00:00Z', 'the session''s time zone has no say') FROM due('deal', 'renews_at') WHERE key = '{"id": 4}';
SET timezone = 'UTC';

-- Who asks wrongly is told.
SELECT throws_ok($$SELECT due('deal', lead => '1 day')$$, '22023', 'a lead is ahead of a date', 'a lead needs a date');
SELECT throws_ok($$SELECT due('deal', 'id')$$, '42804', 'column "id" of crm.deal is of type integer, not a date or a timestamp', 'a date column is one of dates');
SELECT throws_ok($$SELECT due('deal', 'gone')$$, '42703', 'crm.deal has no column "gone"', 'a dropped column is none');
SELECT throws_ok($$SELECT due('deal', 'ctid')$$, '42703', NULL, 'nor is a system column');
SELECT throws_ok($$SELECT due('deal', stages => '{trial,NULL}')$$, '42704', 'lifecycle "deal" has no stage "trial", NULL', 'stages are what rows hold');
SELECT throws_ok($$SELECT due('deal', zone => 'Mars')$$, '22023', NULL, 'zones exist');
SELECT throws_ok($$SELECT due('deal', as_of => NULL)$$, '22004', NULL, 'NULL is no instant');
SELECT throws_ok($$SELECT due('pg_class')$$, '42704', 'no lifecycle is attached to pg_class', 'a table is attached');
CREATE TABLE keyless (stage text);
SELECT attach('keyless', 'deal');
SELECT throws_ok($$SELECT due('keyless')$$, '55000', NULL, 'a table has a key');

-- Views show what is attached.
CREATE VIEW live AS SELECT id, journey, renews_at FROM deal WHERE id > 1;
CREATE VIEW in_view AS SELECT * FROM live WHERE id <> 2;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM live;
SELECT set_eq($$SELECT (key->>'id')::int FROM due('live')$$, '{2,3}'::int[], 'a view is asked for its rows');
SELECT set_eq($$SELECT (key->>'id')::int FROM due('in_view')$$, '{3}'::int[], 'a view of a view');
SELECT set_eq($$SELECT (key->>'id')::int FROM due('kept')$$, '{2,3}'::int[], 'a materialized one');
CREATE VIEW blind AS SELECT id FROM deal;
SELECT throws_ok($$SELECT due('blind')$$, '42704', 'view crm.blind shows no journeys of an attached table', 'not one without journeys');
CREATE VIEW nameless AS SELECT journey FROM deal;
SELECT throws_ok($$SELECT due('nameless')$$, '42703', 'crm.nameless has no column "id"', 'nor one without keys');

-- Partitions, pipelines, strange names, keys of several columns.
SELECT create_lifecycle('it''s "b"', $$stateDiagram-v2
    [*] --> lead
    lead --> won
    note right of lead
        sla: 3 days
        label: it's, "late" €
    end note$$);
CREATE TABLE "Odd one" ("the ""id""" text, at timestamptz, kind text, stage text, since date, PRIMARY KEY ("the ""id""", at)) PARTITION BY RANGE (at);
CREATE TABLE odd1 PARTITION OF "Odd one" FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE odd2 PARTITION OF "Odd one" DEFAULT;
INSERT INTO "Odd one" VALUES ('a''', '2026-01-01', 'deal', 'lead', '2026-01-05'), ('b', '2026-02-01 00:00:00.5', 'it''s "b"', 'it''s, "late" €', '2026-02-05'), ('c', 'infinity', 'deal', 'customer', NULL);
SELECT attach('"Odd one"', lifecycle_column => 'kind', since => 'since');
SET timezone = 'Asia/Tokyo';
SELECT set_eq($$SELECT key, lifecycle, stage, due_at FROM due('"Odd one"')$$,
    $$VALUES (jsonb_build_object('the "id"', 'a''', 'at', '2026-01-01T00:00:00.000000Z'), 'deal', 'lead', timestamptz '2026-02-05Z'),
        (jsonb_build_object('the "id"', 'b', 'at', '2026-02-01T00:00:00.500000Z'), 'it''s "b"', 'it''s, "late" €', '2026-02-08Z')$$,
    'each row has its own lifecycle, and a key that does not depend on the session');
SET timezone = 'UTC';
SELECT set_eq($$SELECT stage FROM due('"Odd one"', stages => ARRAY['it''s, "late" €', 'customer'])$$, ARRAY['it''s, "late" €'], 'stages of any lifecycle that rows may name');
SELECT throws_ok($$SELECT due('"Odd one"', stages => '{nowhere}')$$, '42704', 'lifecycles have no stage "nowhere"', 'of one of them at least');

-- While a stage is renamed or merged, rows and journeys hold either label.
SELECT prepare_rename('deal', 'lead', 'first contact', true);
SELECT set_eq($$SELECT (key->>'id')::int, stage, since FROM due('deal', stages => '{first contact}')$$,
    $$VALUES (1, 'first contact', timestamptz '2026-01-31'), (2, 'first contact', '2026-01-01')$$, 'a former label counts as the present one');
SELECT prepare_rename('deal', 'first contact', 'lead', true);

-- The caller's rights.
CREATE ROLE clerk;
GRANT USAGE ON SCHEMA crm TO clerk;
SET ROLE clerk;
SELECT throws_ok($$SELECT due('deal')$$, '42501', 'permission denied for table deal', 'who may not read the table is told nothing');
RESET ROLE;
GRANT SELECT (id, journey) ON deal TO clerk;
ALTER TABLE deal ENABLE ROW LEVEL SECURITY;
CREATE TABLE crm.clerk_number (number int);
INSERT INTO clerk_number VALUES (2);
CREATE FUNCTION mine(id int) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT id > (SELECT min(number) FROM clerk_number)$$;
GRANT SELECT ON clerk_number TO clerk;
CREATE POLICY own ON deal TO clerk USING (mine(id));
SET ROLE clerk;
SELECT set_eq($$SELECT (key->>'id')::int FROM due('deal')$$, '{3}'::int[], 'row security decides, and its functions see the search_path that they know');
SELECT throws_ok($$SELECT due('deal', 'renews_at')$$, '42501', NULL, 'a date column too must be readable');
RESET ROLE;

-- An impostor in the search_path.
CREATE SCHEMA bad;
CREATE FUNCTION bad.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''1999-01-01''';
CREATE FUNCTION bad.never(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR bad.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = bad.never);
SET search_path = bad, crm, public, lifecycle, pg_catalog;
SELECT lives_ok($$SELECT count(*) FROM lifecycle.due('deal')$$, 'operators of others do not get in between');
SET search_path = crm, public, lifecycle;

SELECT finish();
ROLLBACK;
