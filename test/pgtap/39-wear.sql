-- Wear and tear: what replaces rows, migrations that add stages, very long journeys, very many tenants.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> lead\nsql --> won') \g /dev/null

-- 7. TRUNCATE, and DELETE with INSERT of the same key
CREATE TABLE deals (id int PRIMARY KEY, stage text);
SELECT lifecycle.attach('deals', 'deal', log => true) \g /dev/null
INSERT INTO deals VALUES (1, 'lead'), (2, 'lead');
UPDATE deals SET stage = 'sql';
DELETE FROM deals WHERE id = 1;
INSERT INTO deals VALUES (1, 'lead');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead', '7: a key that comes again begins a new journey');
SELECT results_eq($$SELECT concat_ws(' ', kind, from_stage, to_stage, lifecycle.path(journey)) FROM deals_stage_log WHERE id = 1 ORDER BY number$$,
	ARRAY['insert lead', 'move lead sql', 'delete sql lead>sql', 'insert lead'], '7: the log keeps the old one, between both');
SELECT throws_ok($$WITH gone AS (DELETE FROM deals WHERE id = 2 RETURNING id) INSERT INTO deals SELECT id + 100, 'won' FROM gone$$, '23514',
	'illegal entry at "won" in lifecycle "deal"', '7: a row that is replaced in one statement is a new row');
BEGIN;
SELECT throws_ok($$DELETE FROM deals WHERE id = 2; INSERT INTO deals VALUES (2, 'won')$$, '23514',
	'illegal entry at "won" in lifecycle "deal"', '7: so nobody gets round a move by deleting and inserting');
ROLLBACK;
TRUNCATE deals;
SELECT is((SELECT count(*) FROM deals_stage_log), 6::bigint, '7: TRUNCATE is not logged, and leaves the log alone');
SELECT is_empty($$SELECT * FROM lifecycle.verify('deals')$$, '7: nor does it leave anything to mend');
INSERT INTO deals VALUES (2, 'lead');
SELECT throws_ok($$UPDATE deals SET stage = 'won'$$, '23514', NULL, '7: rules hold afterwards');

-- 28. A stage that is added and used in one migration
CREATE TYPE stage AS ENUM ('lead', 'sql', 'won');
CREATE TABLE typed (id int PRIMARY KEY, stage stage);
SELECT lifecycle.attach('typed', 'deal') \g /dev/null
INSERT INTO typed VALUES (1, 'lead'), (2, 'lead'), (3, 'lead');
UPDATE typed SET stage = 'sql' WHERE id > 1;
BEGIN;
ALTER TYPE stage ADD VALUE 'demo' BEFORE 'won';
UPDATE lifecycle.lifecycle SET diagram = E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> lead\nsql --> demo\ndemo --> won\nsql --> won' WHERE name = 'deal';
SELECT lives_ok($$UPDATE typed SET stage = 'won' WHERE id = 3$$, '28: while a label is new, other moves go on');
SELECT is_empty($$SELECT * FROM lifecycle.verify('typed')$$, '28: nothing is missing');
SELECT throws_ok($$UPDATE typed SET stage = 'demo' WHERE id = 2$$, '55P04', 'unsafe use of new value "demo" of enum type stage',
	'28: only to use it takes a commit, as PostgreSQL says');
SELECT throws_ok($$SELECT n.* FROM typed t, lifecycle.next_stages(t) n WHERE id = 2$$, '55P04', 'unsafe use of new value "demo" of enum type stage',
	'28: also to ask about it');
SELECT lives_ok($$SELECT lifecycle.can(t, 'lead') FROM typed t WHERE id = 2$$, '28: and not to ask about others');
COMMIT;
SELECT lives_ok($$UPDATE typed SET stage = 'demo' WHERE id = 2$$, '28: after which rows move there');
SELECT is((SELECT lifecycle.path(journey) FROM typed WHERE id = 2), 'lead>sql>demo', '28: with their journey');
BEGIN;
CREATE TYPE fresh AS ENUM ('lead', 'sql', 'demo', 'lost', 'won');
ALTER TABLE typed ALTER COLUMN stage TYPE fresh USING stage::text::fresh;
UPDATE lifecycle.lifecycle SET diagram = E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> demo\ndemo --> lost\ndemo --> won' WHERE name = 'deal';
SELECT lives_ok($$UPDATE typed SET stage = 'lost' WHERE id = 2$$, '28: a type made in the migration can be used in it');
COMMIT;
BEGIN;
CREATE TABLE later (id int PRIMARY KEY, stage text);
SELECT lifecycle.create_lifecycle('later', E'stateDiagram-v2\n[*] --> a\na --> b') \g /dev/null
SELECT lifecycle.attach('later', 'later', log => true) \g /dev/null
INSERT INTO later VALUES (1, 'a');
UPDATE lifecycle.lifecycle SET diagram = E'stateDiagram-v2\n[*] --> a\na --> b\nb --> c' WHERE name = 'later';
UPDATE later SET stage = 'b';
SELECT lives_ok($$UPDATE later SET stage = 'c'$$, '28: with text all of it is one transaction');
SELECT is((SELECT lifecycle.path(journey) FROM later), 'a>b>c', '28: from table to journey');
COMMIT;

-- 33. Ten thousand steps
CREATE TABLE long (id int PRIMARY KEY, stage text, journey lifecycle.journey, other int);
SELECT lifecycle.create_lifecycle('long', E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> lead') \g /dev/null
SELECT lifecycle.attach('long', 'long', log => true) \g /dev/null
INSERT INTO long (id, stage, journey)
	SELECT id, 'sql', lifecycle.journey_agg(CASE i % 2 WHEN 0 THEN 'sql' ELSE 'lead' END, timestamptz '2026-01-01Z' + i * interval '1 second')
	FROM generate_series(1, 10000) i, generate_series(1, 5) id GROUP BY id;
SELECT cmp_ok((SELECT pg_column_size(journey) FROM long WHERE id = 1), '<', 100000, '33: ten thousand steps are less than 100 kB');

-- Where a journey lies in the TOAST table, and how many blocks a statement touches.
CREATE FUNCTION chunks() RETURNS oid[] LANGUAGE plpgsql AS $$
DECLARE ids oid[];
BEGIN
	EXECUTE format('SELECT array_agg(DISTINCT chunk_id ORDER BY chunk_id) FROM %s', (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'long'::regclass)) INTO ids;
	RETURN ids;
END $$;
CREATE FUNCTION blocks(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE statement;
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) ' || statement INTO plan;
	RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::bigint + (plan->0->'Plan'->>'Shared Read Blocks')::bigint;
END $$;
CREATE TABLE before AS SELECT chunks() AS ids;
UPDATE long SET other = 1;
SELECT is(chunks(), (SELECT ids FROM before), '33: writing another column does not write the journey again');
UPDATE long SET stage = stage, other = 2;
SELECT is(chunks(), (SELECT ids FROM before), '33: nor does writing the stage that it has');
SELECT cmp_ok(blocks($$SELECT count(*) FILTER (WHERE lifecycle.ends_in(journey, stage)) FROM long$$), '<', 25::bigint, '33: the CHECK does not read all of it');
SELECT cmp_ok(blocks($$SELECT sum(lifecycle.step_count(journey)), max(lifecycle.current_stage(journey)) FROM long$$), '<', 30::bigint,
	'33: nor do questions about its end');
SELECT cmp_ok(blocks($$UPDATE long SET other = other + 1$$), '<', 45::bigint, '33: nor does writing another column');
SELECT cmp_ok(blocks($$SELECT count(lifecycle.path(journey)) FROM long$$), '>', 50::bigint, '33: as some questions must');
DO $$
DECLARE
	began timestamptz;
	fastest interval := '1 hour';
BEGIN
	FOR i IN 1 .. 100 LOOP
		began := clock_timestamp();
		UPDATE long SET stage = CASE stage WHEN 'sql' THEN 'lead' ELSE 'sql' END WHERE id = 1;
		fastest := least(fastest, clock_timestamp() - began);
	END LOOP;
	PERFORM set_config('wear.fastest', fastest::text, false);
END $$;
-- About 0.2 ms; to copy the journey once for every step that it has would take 50 at least.
SELECT cmp_ok(current_setting('wear.fastest')::interval, '<', interval '5 ms', '33: a move takes no time to speak of, if nothing else is going on');
SELECT is((SELECT lifecycle.step_count(journey) FROM long WHERE id = 1)::bigint, 10100::bigint, '33: and adds its step');
SELECT is((SELECT count(*) FROM long_stage_log WHERE kind = 'move'), 100::bigint, '33: with its row of the log');
SELECT is((SELECT count(*) FROM long_stage_log WHERE kind = 'move' AND journey IS NOT NULL), 0::bigint, '33: which holds no journey');

-- 38. Row security, also where it is forced on owners: the log is written, and no refusal shows the row
CREATE ROLE wear_owner;
CREATE ROLE wear_app;
CREATE SCHEMA wear AUTHORIZATION wear_owner;
GRANT USAGE ON SCHEMA wear TO wear_app;
SET ROLE wear_owner;
SET search_path = wear, public;
SELECT lifecycle.create_lifecycle('guarded', E'stateDiagram-v2\n[*] --> lead\nlead --> sql : accept [secret > 5000]\nlead --> won') \g /dev/null
CREATE TABLE deals (id int PRIMARY KEY, stage text, tenant name DEFAULT current_user, secret int);
SELECT lifecycle.attach('deals', 'guarded', log => true) \g /dev/null
INSERT INTO deals VALUES (1, 'lead', 'wear_app', 4711), (2, 'lead', 'other', 4712);
ALTER TABLE deals ENABLE ROW LEVEL SECURITY;
ALTER TABLE deals FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON deals USING (tenant = current_user);
ALTER TABLE deals_stage_log ENABLE ROW LEVEL SECURITY;
GRANT SELECT (id, stage), UPDATE (stage), INSERT (id, stage) ON deals TO wear_app;
SET ROLE wear_app;
CREATE FUNCTION pg_temp.everything(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text; context text;
BEGIN
	EXECUTE statement;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws(E'\n', message, detail, hint, context);
END $$;
SELECT unalike(pg_temp.everything($$UPDATE deals SET stage = 'sql'$$), '%471%', '38: a refusal does not tell the row''s columns');
SELECT alike(pg_temp.everything($$UPDATE deals SET stage = 'sql'$$), '%move to "sql" refused in lifecycle "guarded"%', '38: only what was refused');
SELECT is(pg_temp.everything($$UPDATE deals SET stage = 'won'$$), 'accepted', '38: rows that are seen move');
SELECT is(pg_temp.everything($$UPDATE deals SET stage = 'nowhere' WHERE id = 2$$), 'accepted', '38: those that are not are not judged');
SELECT unalike(pg_temp.everything($$INSERT INTO deals (id, stage) VALUES (2, 'won')$$), '%471%', '38: nor told by an upsert''s failure');
RESET ROLE;
SELECT is((SELECT string_agg(concat_ws(' ', id, kind, to_stage, role), ', ' ORDER BY number) FROM wear.deals_stage_log),
	'1 insert lead wear_owner, 2 insert lead wear_owner, 1 move won wear_app', '38: and the log has what happened');
RESET search_path;
DROP SCHEMA wear CASCADE;
DROP FUNCTION pg_temp.everything;
DROP ROLE wear_owner, wear_app;

-- 42. Five thousand tenants
BEGIN;
SELECT count(lifecycle.create_lifecycle('tenant ' || t, format(E'stateDiagram-v2\n[*] --> a%s\na%s --> b%s\nb%s --> a%s', t, t, t, t, t))) FROM generate_series(1, 5000) t \g /dev/null
COMMIT;
CREATE TABLE leads (id int, tenant text, stage text);
SELECT lifecycle.attach('leads', lifecycle_column => 'tenant') \g /dev/null
CREATE FUNCTION memory() RETURNS bigint LANGUAGE sql AS 'SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts';
SELECT memory() \gset before_
INSERT INTO leads SELECT t, 'tenant ' || t, 'a' || t FROM generate_series(1, 500) t;
SELECT memory() \gset some_
INSERT INTO leads SELECT t, 'tenant ' || t, 'a' || t FROM generate_series(501, 5000) t;
UPDATE leads SET stage = 'b' || id;
SELECT memory() \gset all_
SELECT cmp_ok(:all_memory - :before_memory, '<', 30000000, '42: five thousand tenants in one session take less than 30 MB');
SELECT cmp_ok(:all_memory - :some_memory, '<', 5000000, '42: hardly more than five hundred');
SELECT is((SELECT count(*) FROM leads WHERE lifecycle.path(journey) = format('a%s>b%s', id, id)), 5000::bigint, '42: and each moved by its own rules');
SELECT throws_ok($$UPDATE leads SET stage = 'a' || id + 1 WHERE id = 4321$$, '23514',
	'illegal move from "b4321" to "a4322" in lifecycle "tenant 4321"', '42: and by no other''s');

-- 44. Attaching with defer reads and writes no row
CREATE TABLE live AS SELECT g AS id, 'lead' AS stage FROM generate_series(1, 20000) g;
BEGIN;
SELECT pg_relation_filenode('live') AS node \gset
SELECT lifecycle.attach('live', 'deal', existing => 'defer') \g /dev/null
SELECT is((SELECT coalesce(seq_tup_read, 0) + coalesce(n_tup_upd, 0) FROM pg_stat_xact_user_tables WHERE relid = 'live'::regclass), 0::bigint,
	'44: attaching with defer reads and writes no row');
SELECT is(pg_relation_filenode('live'), :node::oid, '44: and does not rewrite the table');
COMMIT;

SELECT * FROM finish();
