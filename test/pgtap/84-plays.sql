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

-- Plays against what events say: random journeys with loops, several steps an instant, and dates.
SELECT create_lifecycle('walk', $$stateDiagram-v2
    state "All" as everywhere {
        a
        b
        c : Sea
    }
    before : Not in the table
    [*] --> a
    [*] --> b
    [*] --> c
    before --> a
    a --> a
    a --> b
    a --> c
    b --> a
    b --> b
    b --> c
    c --> a
    c --> b
    c --> c
    everywhere --> d
    note right of c
        label: it's "c"
    end note
    note right of before
        outside: yes
    end note$$);
CREATE TABLE event (id int, seq bigint, stage text, at timestamptz);
SELECT setseed(0.4711);
INSERT INTO event SELECT id, seq, (ARRAY['a', 'b', 'it''s "c"'])[1 + floor(random() * 3)], timestamptz '2026-02-20'
        + sum(floor(greatest(random() * 16 - 6, 0)) * interval '12 hours') OVER (PARTITION BY id ORDER BY seq)
    FROM generate_series(1, 120) id, LATERAL generate_series(1, 1 + id % 11) seq;
CREATE TABLE walker (id int PRIMARY KEY, stage text, on_date date, at_instant timestamptz, journey journey);
SET crm_lifecycle.import = on;
INSERT INTO walker SELECT id, current_stage(j), date '2026-02-20' + id % 40, CASE WHEN id % 3 > 0 THEN timestamptz '2026-02-20' + id * interval '5 hours' END, j
    FROM (SELECT id, journey_agg(stage, at, seq) AS j FROM event GROUP BY id) x;
SELECT attach('walker', 'walk');
RESET crm_lifecycle.import;
INSERT INTO play (lifecycle, name, stage, from_stage, to_stage, date_column, delay, channel, message, owner, starts_at) VALUES
    ('walk', 'at once', 'a', NULL, NULL, NULL, '0', 'email', 'Hello', 'bot', '-infinity'),
    ('walk', 'in time', 'a', NULL, NULL, NULL, '1 day', NULL, NULL, NULL, '2026-02-24'),
    ('walk', 'at length', 'it''s "c"', NULL, NULL, NULL, '1 month -26 days', NULL, NULL, NULL, '-infinity'),
    ('walk', 'moved', NULL, 'a', 'it''s "c"', NULL, '36 hours', NULL, NULL, NULL, '-infinity'),
    ('walk', 'looped', NULL, 'b', 'b', NULL, '0', NULL, NULL, NULL, '2026-02-23 12:00Z'),
    ('walk', 'ahead', 'b', NULL, NULL, 'on_date', '-5 days', NULL, NULL, NULL, '-infinity'),
    ('walk', 'after', 'a', NULL, NULL, 'at_instant', '1 day 12 hours', NULL, NULL, NULL, '2026-02-25');
CREATE VIEW truth AS
    WITH visit AS (
        SELECT e.id, e.stage, e.at, (SELECT min(n.at) FROM event n WHERE n.id = e.id AND n.seq > e.seq AND n.stage <> e.stage) AS until
        FROM event e WHERE NOT EXISTS (SELECT FROM event b WHERE b.id = e.id AND b.seq = e.seq - 1 AND b.stage = e.stage)),
    happened AS (
        SELECT v.id, p.name, v.at AS occurred, v.at, v.until FROM visit v JOIN play p ON p.stage = v.stage AND p.date_column IS NULL
        UNION ALL
        SELECT DISTINCT e.id, p.name, e.at, e.at, NULL::timestamptz FROM event e JOIN event b ON b.id = e.id AND b.seq = e.seq - 1
            JOIN play p ON p.from_stage = b.stage AND p.to_stage = e.stage
        UNION ALL
        SELECT v.id, p.name, d.at, v.at, v.until FROM visit v JOIN play p ON p.stage = v.stage JOIN walker w ON w.id = v.id
            CROSS JOIN LATERAL (SELECT CASE p.date_column WHEN 'on_date' THEN w.on_date::timestamptz WHEN 'at_instant' THEN w.at_instant END AS at) d)
    SELECT h.id, p.name, h.occurred, h.occurred + p.delay AS due
    FROM happened h JOIN play p ON p.lifecycle = 'walk' AND p.name = h.name
    WHERE h.occurred + p.delay >= h.at AND (h.until IS NULL OR h.occurred + p.delay < h.until) AND h.occurred + p.delay >= p.starts_at;
CREATE VIEW answer AS SELECT (key->>'id')::int AS id, play AS name, occurred_at AS occurred, due_at AS due FROM due_plays('walker');
SELECT bag_eq('TABLE answer', 'TABLE truth', 'plays are due as plain SQL over the events says');
SELECT cmp_ok((SELECT min(n) FROM (SELECT count(*) FILTER (WHERE true) AS n FROM truth GROUP BY name) x), '>', 5::bigint, 'each of them often enough for that to say something');
SELECT is((SELECT count(DISTINCT name) FROM truth), 7::bigint, 'all seven of them');
SELECT is((SELECT count(*) FROM (SELECT DISTINCT id, name, occurred FROM truth) x), (SELECT count(*) FROM truth), 'what happened tells them apart');

-- Windows tile: cut time where you will, at the very instants too, and each play is due in one of them.
CREATE TABLE cut AS SELECT n AS tiling, due AS at FROM truth, generate_series(1, 12) n WHERE random() < n * 0.02
    UNION SELECT n, timestamptz '2026-02-20' + random() * interval '40 days' FROM generate_series(1, 12) n, generate_series(1, 4);
CREATE VIEW tile AS SELECT tiling, lag(at) OVER (PARTITION BY tiling ORDER BY at) AS since, at AS until FROM
    (TABLE cut UNION ALL SELECT DISTINCT tiling, now() FROM cut) x;
SELECT bag_eq($$SELECT t.tiling, (d.key->>'id')::int, d.play, d.occurred_at, d.due_at FROM tile t, due_plays('walker', t.since, t.until) d$$,
    $$SELECT n, truth.* FROM truth, generate_series(1, 12) n$$, 'each play is due in exactly one window of any tiling');
SELECT cmp_ok((SELECT count(*) FROM tile), '>', 300::bigint, 'of many windows');
SELECT bag_eq($$SELECT DISTINCT play, d.stage = current_stage(w.journey), d.channel, d.message, d.owner FROM due_plays('walker') d JOIN walker w ON w.id = (key->>'id')::int WHERE play IN ('at once', 'moved')$$,
    $$VALUES ('at once', true, 'email', 'Hello', 'bot'), ('moved', true, NULL, NULL, NULL)$$, 'with what the play says, and where the row is now');

-- Of any time zone: hours are hours where the clocks change.
CREATE TABLE change (id int PRIMARY KEY, stage text, on_date date, at_instant timestamptz, journey journey);
SET crm_lifecycle.import = on;
INSERT INTO change VALUES (1, 'b', NULL, NULL, '{a@2025-10-26T00:30:00Z,b@2025-10-26T00:45:00Z}'), (2, 'a', NULL, NULL, '{a@2025-10-25T12:00:00Z}');
SELECT attach('change', 'walk');
RESET crm_lifecycle.import;
UPDATE play SET starts_at = '-infinity' WHERE name = 'in time';
SELECT set_eq($$SELECT (key->>'id')::int, play, due_at FROM due_plays('change', zone => 'Europe/Paris')$$,
    $$VALUES (1, 'at once', timestamptz '2025-10-26 00:30Z'), (2, 'at once', '2025-10-25 12:00Z'), (2, 'in time', '2025-10-26 13:00Z')$$, 'days are the zone''s, and no delay is none');
UPDATE play SET starts_at = '2026-02-24' WHERE name = 'in time';

-- A queue: however often it is filled, however late rows turn up, each play is in it once.
SELECT is(create_play_queue('queue')::text, 'queue', 'a queue is a table of one''s own');
CREATE TABLE late AS TABLE walker;
DELETE FROM walker WHERE id % 3 <> 0;
SELECT is(collect_plays('walker', 'queue', until => '2026-02-28'), (SELECT count(*) FROM truth WHERE id % 3 = 0 AND due <= '2026-02-28'), 'what is due goes into the queue');
SELECT is(collect_plays('walker', 'queue', until => '2026-02-28'), 0::bigint, 'once');
SET crm_lifecycle.import = on;
INSERT INTO walker SELECT * FROM late WHERE id % 3 = 1;
SELECT is(collect_plays('walker', 'queue', since => '2026-02-26', until => '2026-03-05'),
    (SELECT count(*) FROM truth WHERE due <= '2026-03-05' AND due > '2026-02-26' AND (id % 3 = 1 OR (id % 3 = 0 AND due > '2026-02-28'))), 'windows that overlap do no harm');
INSERT INTO walker SELECT * FROM late WHERE id % 3 = 2;
SELECT collect_plays('walker', 'queue');
RESET crm_lifecycle.import;
SELECT bag_eq($$SELECT (key->>'id')::int, play, occurred_at, due_at FROM queue$$, 'TABLE truth', 'in the end it has all of them, each once');
SELECT set_eq('SELECT DISTINCT relation FROM queue', ARRAY['walker'::regclass], 'by the name of their table');
CREATE VIEW some_walkers AS SELECT id, journey, on_date, at_instant FROM walker;
SELECT is(collect_plays('some_walkers', 'queue'), 0::bigint, 'also through a view of it');
SELECT is(collect_plays('change', 'queue'), 2::bigint, 'the rows of another table are others');
CREATE TABLE twin (id int PRIMARY KEY, stage text, on_date date, at_instant timestamptz, journey journey);
SET crm_lifecycle.import = on;
INSERT INTO twin TABLE late;
SELECT attach('twin', 'walk');
RESET crm_lifecycle.import;
SELECT is(collect_plays('twin', 'queue'), (SELECT count(*) FROM truth), 'also where they have the same keys and instants');
SELECT throws_ok($$SELECT collect_plays('walker', NULL)$$, '22004', 'the queue must be given', 'a queue is there');
SELECT throws_ok($$SELECT due_plays('walker', until => NULL)$$, '22004', NULL, 'time has an end');
SELECT throws_ok($$SELECT create_play_queue('queue')$$, '42P07', NULL, 'a name that is taken is an error');
SELECT is_empty($$SELECT due_plays('deal')$$, 'no plays, nothing due');
SELECT is_empty($$SELECT due_plays('walker', '2026-03-01', '2026-03-01')$$, 'no time, nothing due');
SELECT is_empty($$SELECT due_plays('walker', '2026-03-02', '2026-03-01')$$, 'nor back in time');

-- Plays are about what is drawn.
CREATE FUNCTION write_play(what text) RETURNS void LANGUAGE plpgsql AS $$BEGIN
    EXECUTE format('INSERT INTO play SELECT * FROM jsonb_populate_record(NULL::play, %L::jsonb || ''{"lifecycle": "walk", "starts_at": "2026-01-01"}'')', what);
END$$;
SELECT throws_ok($$SELECT write_play('{"name": "x", "stage": "c", "delay": "0"}')$$, '42704', 'play "x" is about stage "c", in which lifecycle "walk" has no rows', 'a stage by its label');
SELECT throws_ok($$SELECT write_play('{"name": "x", "stage": "before", "delay": "0"}')$$, '42704', NULL, 'not one outside of the table');
SELECT throws_ok($$SELECT write_play('{"name": "x", "stage": "a", "from_stage": "a", "to_stage": "b", "delay": "0"}')$$, '23514', NULL, 'a stage or a move');
SELECT throws_ok($$SELECT write_play('{"name": "x", "delay": "0"}')$$, '23514', NULL, 'one of them');
SELECT throws_ok($$SELECT write_play('{"name": "x", "from_stage": "a", "delay": "0"}')$$, '23514', NULL, 'a whole move');
SELECT throws_ok($$SELECT write_play('{"name": "x", "from_stage": "a", "to_stage": "b", "date_column": "d", "delay": "0"}')$$, '23514', NULL, 'dates count in stages');
SELECT throws_ok($$SELECT write_play('{"name": "x", "stage": "a", "delay": "-1 day"}')$$, '23514', NULL, 'nothing is done before it happened');
SELECT throws_ok($$SELECT write_play('{"name": "x", "stage": "a", "delay": "178000000 years"}')$$, '23514', 'new row for relation "play" violates check constraint "play_within_a_thousand_years"', 'nor so late that no other play could be asked for');
SELECT throws_ok($$SELECT write_play('{"name": "", "stage": "a", "delay": "0"}')$$, '23514', NULL, 'a name is not empty');
SELECT throws_ok($$INSERT INTO play (lifecycle, name, stage) VALUES ('deal', 'x', 'trial')$$, '42704', 'play "x" is about stage "trial", in which lifecycle "deal" has no rows', 'a label, not an id');
SELECT throws_ok($$INSERT INTO play (lifecycle, name, from_stage, to_stage) VALUES ('deal', 'x', 'lead', 'customer')$$, '42704',
    'play "x" is about the move from "lead" to "customer", which lifecycle "deal" does not draw', 'a move that is drawn');
SELECT throws_ok($$UPDATE play SET name = 'y' WHERE name = 'moved'$$, '22023', 'play "moved" keeps its name, by which consumers know what they have done', 'a name stays');
SELECT throws_ok($$UPDATE play SET stage = 'nowhere' WHERE name = 'ahead'$$, '42704', NULL, 'a change is looked at too');
SELECT throws_ok($$INSERT INTO play SELECT lifecycle, name, 'b' FROM play WHERE name = 'at once'$$, '23505', NULL, 'a name is one play''s');
SELECT lives_ok('INSERT INTO play TABLE play', 'what is there already may be restored again');
SELECT lives_ok($$SELECT write_play('{"name": "left", "from_stage": "it''s \"c\"", "to_stage": "d", "delay": "0"}')$$, 'a move may be drawn from its phase');
SELECT write_play('{"name": "gone", "stage": "a", "date_column": "gone", "delay": "0"}');
SELECT throws_ok($$SELECT due_plays('walker')$$, '42703', 'crm.walker has no column "gone"', 'a date column is the table''s');
DELETE FROM play WHERE name = 'gone';

-- They follow their stages, and hold on to them.
INSERT INTO play (lifecycle, name, stage, date_column) VALUES ('deal', 'trial', 'On trial', 'trial_ends');
INSERT INTO play (lifecycle, name, from_stage, to_stage) VALUES ('deal', 'sold', 'On trial', 'customer'), ('deal', 'lost', 'customer', 'lost');
CALL rename_stage('deal', 'On trial', 'testing', blocks => NULL);
SELECT set_eq($$SELECT name, stage, from_stage, to_stage FROM play WHERE lifecycle = 'deal'$$,
    $$VALUES ('trial', 'testing', NULL, NULL), ('sold', NULL, 'testing', 'customer'), ('lost', NULL, 'customer', 'lost')$$, 'a stage that is renamed takes its plays along');
SELECT throws_ok($$CALL merge_stage('deal', 'testing', 'customer', blocks => NULL)$$, '42704',
    'play "sold" is about the move from "customer" to "customer", which lifecycle "deal" does not draw', 'a merge that would lose a move is refused');
DELETE FROM play WHERE name = 'sold';
CALL merge_stage('deal', 'testing', 'customer', blocks => NULL);
SELECT is(stage, 'customer', 'a stage that is merged takes them along too') FROM play WHERE lifecycle = 'deal' AND name = 'trial';
SELECT throws_ok($$SELECT retire_stage('deal', 'lost')$$, '42704', 'play "lost" is about the move from "customer" to "lost", which lifecycle "deal" does not draw', 'a move that is taken out is held on to');
CREATE FUNCTION without_customers(dry_run boolean) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM alter_lifecycle('deal', 'stateDiagram-v2
[*] --> lead
lead --> lost', dry_run)$$;
DELETE FROM play WHERE lifecycle = 'deal' AND name = 'lost';
UPDATE deal SET stage = 'lost' WHERE stage = 'customer';
DELETE FROM "Odd one";
SELECT throws_ok('SELECT without_customers(true)', '42704', 'play "trial" is about stage "customer", in which lifecycle "deal" has no rows', 'so is a stage, in a dry run');
SELECT throws_ok('SELECT without_customers(false)', '42704', NULL, 'and in earnest');
SELECT throws_ok($$UPDATE lifecycle SET diagram = replace(diagram, 'customer', 'client') WHERE name = 'deal'$$, '42704', NULL, 'and by hand');

-- Owners of lifecycles own the plays.
CREATE ROLE boss;
GRANT boss TO clerk;
GRANT USAGE ON SCHEMA crm TO boss;
SET ROLE boss;
SELECT create_lifecycle('theirs', 'stateDiagram-v2
[*] --> x
x --> y');
RESET ROLE;
SET ROLE clerk;
SELECT lives_ok($$INSERT INTO play (lifecycle, name, stage) VALUES ('theirs', 'p', 'x')$$, 'members of the owner write plays');
SELECT throws_ok($$INSERT INTO play (lifecycle, name, stage) VALUES ('walk', 'p', 'a')$$, '42501', 'must be owner of lifecycle "walk"', 'others do not');
SELECT throws_ok($$UPDATE play SET message = 'Bad' WHERE lifecycle = 'walk'$$, '42501', NULL, 'nor change them');
SELECT throws_ok($$UPDATE play SET lifecycle = 'walk', stage = 'a' WHERE lifecycle = 'theirs'$$, '42501', NULL, 'nor slip theirs in');
SELECT throws_ok($$DELETE FROM play WHERE lifecycle = 'walk'$$, '42501', NULL, 'nor delete them');
SELECT throws_ok($$TRUNCATE play$$, '42501', NULL, 'nor all at once');
SELECT throws_ok($$INSERT INTO play (lifecycle, name, stage) VALUES ('none', 'p', 'a')$$, '42704', 'lifecycle "none" does not exist', 'nor for lifecycles to come');
SELECT throws_ok($$SELECT due_plays('walker')$$, '42501', 'permission denied for table walker', 'plays are due to those who may read the rows');
UPDATE play SET delay = '1 day' WHERE lifecycle = 'theirs';
DELETE FROM play WHERE lifecycle = 'theirs';
SELECT is_empty($$SELECT FROM play WHERE lifecycle = 'theirs'$$, 'their own they change and delete');
INSERT INTO play (lifecycle, name, stage) VALUES ('theirs', 'p', 'x');
SELECT drop_lifecycle('theirs');
SELECT is_empty($$SELECT FROM play WHERE lifecycle = 'theirs'$$, 'and their lifecycle takes them along');
RESET ROLE;
SELECT lives_ok($$INSERT INTO play (lifecycle, name, stage) VALUES ('none', 'p', 'a')$$, 'who restores a dump may bring plays before their lifecycle');

-- An impostor in the search_path.
CREATE SCHEMA bad;
CREATE FUNCTION bad.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''1999-01-01''';
CREATE FUNCTION bad.never(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR bad.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = bad.never);
CREATE FUNCTION bad.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR bad.= (LEFTARG = text, RIGHTARG = text, FUNCTION = bad.same);
CREATE FUNCTION bad.same(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR bad.= (LEFTARG = name, RIGHTARG = name, FUNCTION = bad.same);
CREATE DOMAIN bad.text AS int;
CREATE DOMAIN bad.timestamptz AS int;
CREATE FUNCTION ask() RETURNS bigint LANGUAGE plpgsql SET search_path = bad, crm, public, lifecycle, pg_catalog AS $$BEGIN
    RETURN (SELECT pg_catalog.count(*) FROM lifecycle.due('deal', 'renews_at')) + (SELECT pg_catalog.count(*) FROM lifecycle.due('deal'))
        + (SELECT pg_catalog.count(*) FROM lifecycle.due_plays('walker')) + lifecycle.collect_plays('walker', lifecycle.create_play_queue('other_queue'));
END$$;
SELECT lives_ok('SELECT ask()', 'what lies in wait in the search_path does not get in between');

SELECT finish();
ROLLBACK;
