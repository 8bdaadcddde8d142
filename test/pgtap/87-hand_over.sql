-- A lead becomes a deal, with one journey; and duplicates become one row.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();
\ir common/refusals.sql
SET client_min_messages = warning;
GRANT USAGE ON SCHEMA public TO PUBLIC;
CREATE ROLE over_leads;
CREATE ROLE over_deals;
CREATE ROLE over_both IN ROLE over_leads, over_deals;
CREATE ROLE over_app;
CREATE ROLE over_blind;
CREATE SCHEMA shop;
GRANT ALL ON SCHEMA shop TO PUBLIC;

SELECT lifecycle.create_lifecycle('lead', E'stateDiagram-v2\n[*] --> new\nnew --> working\nworking --> converted\nworking --> junk\nconverted --> new');
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> qualification\n[*] --> converted\nqualification --> proposal\nproposal --> won');
SET LOCAL ROLE over_leads;
CREATE TABLE shop.leads (id int PRIMARY KEY, stage text DEFAULT 'new', whose text DEFAULT 'over_app');
SELECT lifecycle.attach('shop.leads', 'lead');
INSERT INTO shop.leads SELECT generate_series(1, 9);
SET LOCAL ROLE over_deals;
CREATE TABLE shop.deals (id int PRIMARY KEY, lead_id int, stage text DEFAULT 'qualification');
SELECT lifecycle.attach('shop.deals', 'deal', log => true);
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{converted}', 'lead_id')$$), '42501', 'one owner alone allows nothing');
SET LOCAL ROLE over_both;
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{converted}', 'lead_id')$$), '55000', 'a column that is not unique would hand over twice');
ALTER TABLE shop.deals ADD UNIQUE (lead_id);
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{converted}')$$), '22023', 'no foreign key says which column');
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{converted,gone}', 'lead_id')$$), '42704', 'a stage that is not drawn');
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{}', 'lead_id')$$), '22023', 'no stage');
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.leads', '{converted}', 'id')$$), '22023', 'to itself');
SELECT is(fields($$SELECT lifecycle.forbid_hand_over('shop.leads', 'shop.deals')$$), '42704', 'nothing to forbid');
SELECT lives_ok($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{converted}', 'lead_id')$$, 'a member of both does');
SELECT is(fields($$SELECT lifecycle.allow_hand_over('shop.leads', 'shop.deals', '{converted}', 'lead_id')$$), '42710', 'once');
SELECT is((SELECT concat_ws(' ', relation, via, source, key_column, stages) FROM lifecycle.hand_overs), 'shop.deals lead_id shop.leads id {converted}', 'the view says it');
SET LOCAL ROLE over_leads;
GRANT SELECT, UPDATE (stage) ON shop.leads TO over_app;
ALTER TABLE shop.leads ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.leads TO over_app USING (whose = current_user);
UPDATE shop.leads SET whose = 'x' WHERE id = 9;
SET LOCAL ROLE over_deals;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.deals TO over_app, over_blind;

-- What an application does
SET LOCAL ROLE over_app;
UPDATE shop.leads SET stage = 'working' WHERE id <= 5;
SELECT is(words($$INSERT INTO shop.deals VALUES (1, 1)$$), E'the row of "leads" is not one to be handed over\nIt is in "working"; rows are handed over in: converted.'
	'\nThe row is (id)=(1).\nMove it there first, in the same transaction if you like.', '13: a lead that is not ready');
SELECT is(fields($$INSERT INTO shop.deals VALUES (1, 1)$$), '23514 deals stage deal_hand_over', 'is refused with its constraint');
UPDATE shop.leads SET stage = 'converted' WHERE id <= 4;
SELECT lives_ok($$INSERT INTO shop.deals VALUES (1, 1), (2, 2), (3, NULL)$$, 'leads that are');
SELECT is((SELECT string_agg(lifecycle.path(journey), ', ' ORDER BY id) FROM shop.deals), 'new>working>converted>qualification, new>working>converted>qualification, qualification', 'go on as deals');
UPDATE shop.deals SET stage = 'proposal' WHERE id = 1;
SELECT is((SELECT lifecycle.path(journey) FROM shop.deals WHERE id = 1), 'new>working>converted>qualification>proposal', 'with one journey');
SELECT is((SELECT lifecycle.path(journey) FROM shop.leads WHERE id = 1), 'new>working>converted', 'and the lead keeps its own');
SELECT is(fields($$INSERT INTO shop.deals VALUES (4, 1)$$), '23505 deals deals_lead_id_key', 'once only');
SELECT is(fields($$INSERT INTO shop.deals VALUES (4, 4), (5, 4)$$), '23505 deals deals_lead_id_key', 'also within a statement');
SELECT is(fields($$INSERT INTO shop.deals VALUES (4, 99)$$), '23514 deals stage deal_hand_over', 'a lead that is not there');
UPDATE shop.leads SET stage = 'converted' WHERE id = 9;
SELECT is((SELECT message FROM caught($$INSERT INTO shop.deals VALUES (4, 9)$$)), 'there is no row of "leads" that this one could come from', '37: or that row security hides');
SELECT is(fields($$INSERT INTO shop.deals VALUES (4, 3, 'proposal')$$), '23514 deals stage deal_entry', 'the deal begins where its lifecycle begins');
SELECT is(fields($$INSERT INTO shop.deals (id, lead_id, journey) VALUES (4, 3, '{qualification@2026-01-01}')$$), '23514 deals stage journey_immutable', 'and brings no journey of its own');
SELECT is(fields($$UPDATE shop.deals SET lead_id = NULL WHERE id = 1$$), '23514 deals stage deal_hand_over', '13: where it comes from is not changed');
SELECT is(fields($$UPDATE shop.deals SET lead_id = 4 WHERE id = 1$$), '23514 deals stage deal_hand_over', 'to another lead neither');
SELECT is(fields($$UPDATE shop.deals SET lead_id = 4 WHERE id = 3$$), '23514 deals stage deal_hand_over', 'nor afterwards');
SELECT lives_ok($$UPDATE shop.deals SET lead_id = lead_id, stage = 'proposal' WHERE id = 2$$, 'written back as it is, it may be');
SELECT lives_ok($$INSERT INTO shop.deals VALUES (4, 4, 'converted')$$, 'a stage of both');
SELECT is((SELECT lifecycle.path(journey) FROM shop.deals WHERE id = 4), 'new>working>converted>converted', 'is entered in each');
SELECT lives_ok($$INSERT INTO shop.deals VALUES (3, 3) ON CONFLICT (id) DO UPDATE SET stage = 'proposal'$$, 'an upsert of a deal that is there');
SELECT is((SELECT concat_ws(' ', lead_id, lifecycle.path(journey)) FROM shop.deals WHERE id = 3), 'qualification>proposal', 'moves it and hands nothing over');
SELECT is(fields($$SELECT lifecycle.forbid_hand_over('shop.leads', 'shop.deals')$$), '42501', 'it does not end it');

-- Upserts of deals that are there: BEFORE INSERT has begun a journey behind the lead's, which becomes of no row
CREATE TEMP TABLE were AS SELECT id, journey FROM shop.deals;
SELECT is(fields($$INSERT INTO shop.deals VALUES (2, 2, 'proposal') ON CONFLICT (id)
	DO UPDATE SET (lead_id, stage, journey) = (EXCLUDED.lead_id, EXCLUDED.stage, EXCLUDED.journey)$$), 'accepted', '12: an upsert writes every column back');
SELECT is(fields($$INSERT INTO shop.deals VALUES (3, 3, 'proposal') ON CONFLICT (id) DO UPDATE SET (stage, journey) = (EXCLUDED.stage, EXCLUDED.journey)$$),
	'accepted', '12: also of a deal that came of no lead');
SELECT is((SELECT string_agg(id::text, ' ') FROM shop.deals JOIN were USING (id) WHERE deals.journey::text <> were.journey::text), NULL, '12: and each keeps its journey');
SELECT is(fields($$INSERT INTO shop.deals VALUES (2, 2, 'won') ON CONFLICT (lead_id) DO UPDATE SET (stage, journey) = (EXCLUDED.stage, EXCLUDED.journey)$$), 'accepted', '12: one that moves it');
SELECT is((SELECT lifecycle.path(journey) FROM shop.deals WHERE id = 2), 'new>working>converted>qualification>proposal>won', '12: goes on with the one it has');
SELECT is(fields($$UPDATE shop.deals SET journey = '{new@2026-01-01,won@2026-01-02}' WHERE id = 2$$), '23514 deals stage journey_immutable', '13: a journey that nothing has begun is still refused');
UPDATE shop.leads SET stage = 'new' WHERE id = 2;
SELECT is(fields($$INSERT INTO shop.deals VALUES (2, 2, 'won') ON CONFLICT (id) DO UPDATE SET (lead_id, stage, journey) = (EXCLUDED.lead_id, EXCLUDED.stage, EXCLUDED.journey)$$),
	'accepted', '10: a lead that has gone on hinders no upsert of its deal');
SELECT is(fields($$INSERT INTO shop.deals VALUES (3, 99) ON CONFLICT DO NOTHING$$), 'accepted', '11: nor does one that is not there, if nothing is done');
SELECT is(words($$INSERT INTO shop.deals VALUES (5, 5) ON CONFLICT (id) DO UPDATE SET stage = EXCLUDED.stage$$), E'the row of "leads" is not one to be handed over\n'
	'It is in "working"; rows are handed over in: converted.\nThe row is (id)=(5).\nMove it there first, in the same transaction if you like.', '10: one that becomes a new row is refused');
SET LOCAL ROLE over_blind;
SELECT is(fields($$INSERT INTO shop.deals VALUES (5, 5)$$), '42501', '37: who may not read the lead does not get its journey in a deal');
RESET ROLE;
SELECT is((SELECT string_agg(concat_ws(' ', id, kind, to_stage, lifecycle.path(journey)), ', ' ORDER BY number) FROM shop.deals_stage_log WHERE kind = 'insert'),
	'1 insert qualification new>working>converted>qualification, 2 insert qualification new>working>converted>qualification, 3 insert qualification, 4 insert converted new>working>converted>converted', 'the log has it as a new row, with what it brought');
SELECT is_empty($$SELECT * FROM lifecycle.verify('shop.deals')$$, 'all is well');
SELECT is(fields($$SELECT lifecycle.detach('shop.leads')$$), '2BP01', 'neither side is detached meanwhile');
SELECT is(fields($$SELECT lifecycle.detach('shop.deals')$$), '2BP01', 'nor the other');
DELETE FROM shop.leads WHERE id = 1;
SELECT lives_ok($$UPDATE shop.deals SET lead_id = NULL WHERE id = 1$$, 'a lead that is gone may be forgotten');
SELECT lifecycle.prepare_rename('lead', 'converted', 'handed over', true);
SELECT is((SELECT stages FROM lifecycle.hand_overs), '{"handed over"}', 'a stage that is renamed is followed');
SELECT lifecycle.forbid_hand_over('shop.leads', 'shop.deals');
INSERT INTO shop.deals VALUES (6, 5);
SELECT is((SELECT lifecycle.path(journey) FROM shop.deals WHERE id = 6), 'qualification', 'forbidden: deals begin their own');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid = 'lifecycle.hand_over()'::regprocedure), 0::bigint, 'without a trace');

-- Partitions with other columns' places, an enum, an owner's import
CREATE TYPE phase AS ENUM ('qualification', 'proposal', 'won', 'converted');
CREATE TABLE offers (gone int, lead uuid, st phase DEFAULT 'qualification', n int, UNIQUE (lead)) PARTITION BY HASH (lead);
ALTER TABLE offers DROP COLUMN gone;
CREATE TABLE offers_0 PARTITION OF offers FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE asks (id uuid PRIMARY KEY, stage text DEFAULT 'new');
SELECT lifecycle.attach('asks', 'lead');
SELECT lifecycle.attach('offers', 'deal', stage_column => 'st');
SELECT lifecycle.allow_hand_over('asks', 'offers', '{new}', 'lead');
INSERT INTO asks SELECT ('00000000-0000-0000-0000-00000000000' || g)::uuid FROM generate_series(1, 5) g;
INSERT INTO offers (lead) SELECT id FROM asks WHERE id::text LIKE '%1';
COPY offers (lead, st) FROM stdin;
00000000-0000-0000-0000-000000000002	qualification
\N	qualification
\.
SELECT is((SELECT string_agg(lifecycle.path(journey), ', ' ORDER BY lead) FROM offers), 'new>qualification, new>qualification, qualification', 'into partitions, by COPY too');
SELECT lives_ok($$INSERT INTO offers_0 (lead) VALUES ('00000000-0000-0000-0000-000000000003')$$, 'or directly');
SELECT is((SELECT lifecycle.path(journey) FROM offers WHERE lead::text LIKE '%3'), 'new>qualification', 'the same');
CREATE FUNCTION make_ready() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE asks SET stage = 'new' WHERE id = NEW.lead; RETURN NULL; END$$;
CREATE TRIGGER a AFTER INSERT ON offers FOR EACH ROW EXECUTE FUNCTION make_ready();
UPDATE asks SET stage = 'working' WHERE id::text LIKE '%4';
SET LOCAL crm_lifecycle.import = on;
UPDATE asks SET stage = 'junk' WHERE id::text LIKE '%4';
SET LOCAL crm_lifecycle.import = off;
SELECT lifecycle.alter_lifecycle('lead', lifecycle.diagram('lead') || E'\njunk --> new');
SELECT is((SELECT message FROM caught($$INSERT INTO offers (lead) VALUES ('00000000-0000-0000-0000-000000000004')$$)),
	'the row that this one comes from was ready too late', 'a row that is made ready after its journey was asked for');
DROP TRIGGER a ON offers;
DROP TABLE asks;
SELECT is_empty('SELECT * FROM lifecycle.hand_overs', 'a source that is dropped ends it');
SELECT lives_ok($$INSERT INTO offers (lead) VALUES ('00000000-0000-0000-0000-000000000004')$$, 'and hinders nobody');

-- Duplicates
SELECT lifecycle.create_lifecycle('person', E'stateDiagram-v2\n[*] --> lead\nlead --> mql\nmql --> won\nwon --> mql');
CREATE TABLE firms (id int PRIMARY KEY, stage text DEFAULT 'lead');
CREATE TABLE people (id bigint PRIMARY KEY, mail text UNIQUE, firm int REFERENCES firms, stage text DEFAULT 'lead');
CREATE TABLE calls (id int PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE, said text);
SELECT lifecycle.attach('people', 'person', log => true);
INSERT INTO firms VALUES (1), (2);
SELECT set_config('crm_lifecycle.import', 'on', true);
INSERT INTO people VALUES
	(1, 'a', 1, 'mql', '{lead@2026-01-01,mql@2026-01-05}'),
	(2, 'b', 1, 'won', '{lead@2026-01-02,mql@2026-01-03,won@2026-01-09}'),
	(3, 'c', 2, 'lead', '{lead@2025-12-01}'),
	(4, 'd', 2, 'lead', '{lead@2025-12-02}');
SELECT set_config('crm_lifecycle.import', 'off', true);
INSERT INTO calls VALUES (1, 1), (2, 2), (3, 3), (4, 4);
GRANT SELECT, UPDATE (stage), DELETE ON people TO over_app;
GRANT SELECT, UPDATE (person) ON calls TO over_app;
CREATE TEMP TABLE expected AS SELECT lifecycle.journey_merge(journey) AS journey FROM people WHERE id <= 3;
GRANT SELECT ON expected TO over_app;
SET LOCAL ROLE over_app;
SELECT is(fields($$SELECT lifecycle.merge_duplicates('people', 1, ARRAY[1, 2])$$), '22023', 'the row that is kept is no duplicate');
SELECT is(fields($$SELECT lifecycle.merge_duplicates('people', 1, ARRAY[2, 99])$$), '22023', 'a row that is not there');
SELECT is(fields($$SELECT lifecycle.merge_duplicates('people', 1, NULL::int[])$$), '22004', 'NULL');
SELECT is(fields($$SELECT lifecycle.merge_duplicates('firms', 1, ARRAY[2])$$), '42704', 'a table that is not attached');
SELECT is((SELECT lifecycle.merge_duplicates('people', 1, ARRAY[2, 3]))::text, (SELECT journey::text FROM expected), 'an application merges three rows');
SELECT is((SELECT string_agg(concat_ws(' ', id, mail, stage, journey), ', ' ORDER BY id) FROM people WHERE id <= 3),
	(SELECT '1 a won ' || journey FROM expected), 'into the one that is kept, in the stage that their journey ends in');
SELECT is((SELECT string_agg(concat_ws(' ', id, person), ', ' ORDER BY id) FROM calls), '1 1, 2 1, 3 1, 4 4', 'and what refers to the others refers to it');
SELECT is(fields($$UPDATE people SET stage = 'lead' WHERE id = 1$$), '23514 people stage person_move', 'afterwards all is as ever');
SELECT is(current_setting('crm_lifecycle.note'), '', 'and nothing is left of it');
RESET ROLE;
SELECT is((SELECT string_agg(concat_ws(' ', id, kind, from_stage, to_stage, note), ', ' ORDER BY id, kind) FROM people_stage_log WHERE kind <> 'import' OR id = 1 AND note IS NOT NULL),
	'1 import mql won merged: 2, 3 into 1, 2 delete won merged: 2, 3 into 1, 3 delete lead merged: 2, 3 into 1', 'the log says what became of whom');
REVOKE UPDATE ON calls FROM over_app;
SET LOCAL ROLE over_app;
SELECT is(fields($$SELECT lifecycle.merge_duplicates('people', 1, ARRAY[4])$$), '42501', 'who may not write what refers to them merges nothing');
SELECT is((SELECT count(*) FROM people), 2::bigint, 'at all');
RESET ROLE;
SELECT is(fields($$UPDATE people SET journey = '{lead@2020-01-01}' WHERE id = 4$$), '23514 people stage journey_immutable', 'journeys are still not written by hand');

-- Whoever merges says which stage it is in the end
SELECT set_config('crm_lifecycle.import', 'on', true);
INSERT INTO people VALUES (11, 'k', NULL, 'won', '{lead@2026-01-01,mql@2026-01-02,won@2026-01-03}'), (12, 'l', NULL, 'lead', '{lead@2026-01-05}');
SELECT set_config('crm_lifecycle.import', 'off', true);
SELECT is(fields($$SELECT lifecycle.merge_duplicates('people', 11, ARRAY[12], 'mql')$$), '22023', 'not one that none is in');
SELECT is(lifecycle.path(lifecycle.merge_duplicates('people', 11, ARRAY[12], 'won')), 'lead>mql>won>lead>won', 'one of theirs');
SELECT is((SELECT stage FROM people WHERE id = 11), 'won', 'which it is in');
DELETE FROM people WHERE id = 11;

-- Two accounts with their contacts, the accounts derived
SELECT lifecycle.attach('firms', 'person');
INSERT INTO people VALUES (5, 'e', 2);
SELECT lifecycle.derive('firms', 'people', 'firm', 'any');
SELECT is((SELECT string_agg(stage, ' ' ORDER BY id) FROM firms), 'won lead', 'two firms');
SELECT lifecycle.merge_duplicates('firms', 2, ARRAY[1]);
SELECT is((SELECT concat_ws(' ', stage, (SELECT count(*) FROM people WHERE firm = 2)) FROM firms), 'won 3', 'with the people of both');
SELECT is((SELECT count(*) FROM lifecycle.derivation_drift('firms')), 0::bigint, 'as they say');
SELECT lifecycle.merge_duplicates('people', 4, ARRAY[5]);
SELECT is((SELECT count(*) FROM lifecycle.derivation_drift('firms')), 0::bigint, 'also when people are merged');
SELECT is_empty($$SELECT * FROM lifecycle.verify('firms')$$, 'all is well');

-- Keys that are cast to text otherwise than they are written, and of a type that only some paths know
CREATE TYPE shop.letter AS ENUM ('a', 'b', 'c');
SET LOCAL search_path = shop, public;
CREATE TABLE coded (id char(5) PRIMARY KEY, stage text DEFAULT 'lead');
CREATE TABLE hosts (id inet PRIMARY KEY, stage text DEFAULT 'lead');
CREATE TABLE lettered (id letter PRIMARY KEY, stage text DEFAULT 'lead');
SELECT lifecycle.attach(t, 'person') FROM unnest('{coded,hosts,lettered}'::regclass[]) t;
INSERT INTO coded VALUES ('a'), ('b');
INSERT INTO hosts VALUES ('10.0.0.1'), ('10.0.0.2');
INSERT INTO lettered VALUES ('a'), ('b');
SELECT is(lifecycle.path(lifecycle.merge_duplicates('coded', 'a'::char(5), ARRAY['b']::char(5)[])), 'lead>lead', 'padded keys');
SELECT is(lifecycle.path(journey), 'lead>lead', 'whose row has the journey') FROM coded;
SELECT is(lifecycle.path(lifecycle.merge_duplicates('hosts', '10.0.0.1'::inet, '{10.0.0.2}'::inet[])), 'lead>lead', 'addresses');
SELECT is(lifecycle.path(journey), 'lead>lead', 'whose row has it too') FROM hosts;

-- Whoever may refer to a table can have triggers on what refers to it, but not make who merges fire them as himself
GRANT REFERENCES, SELECT, DELETE, UPDATE (stage) ON lettered TO over_leads, over_app;
CREATE TABLE fired (by name, path text, import text);
GRANT ALL ON fired TO PUBLIC;
SET LOCAL ROLE over_leads;
CREATE TABLE trap (id letter REFERENCES lettered);
CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO shop.fired VALUES (current_user, current_setting('search_path'), current_setting('crm_lifecycle.import'));
	RETURN NEW;
END $$;
CREATE TRIGGER trap BEFORE UPDATE ON trap FOR EACH ROW EXECUTE FUNCTION trap();
INSERT INTO trap VALUES ('b');
RESET ROLE;
SELECT lifecycle.merge_duplicates('lettered', 'a'::letter, '{b}'::letter[]);
SELECT is((SELECT string_agg(by, ' ') FROM fired), 'over_leads', 'a superuser who merges does not run others'' triggers as himself');
SELECT is((SELECT id::text FROM trap), 'a', 'and references follow');
TRUNCATE fired;
INSERT INTO lettered VALUES ('b');
ALTER TABLE lettered OWNER TO over_app;
SET LOCAL ROLE over_app;
SET LOCAL crm_lifecycle.import = on;
SELECT is(fields($$SELECT lifecycle.merge_duplicates('lettered', 'b'::letter, '{a}'::letter[])$$), '42501', 'nobody writes references that are not his to write');
RESET ROLE;
GRANT SELECT, UPDATE ON trap TO over_app;
ALTER TABLE trap ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE over_app;
SELECT is(fields($$SELECT lifecycle.merge_duplicates('lettered', 'b'::letter, '{a}'::letter[])$$), '42501', 'nor past row security');
RESET ROLE;
ALTER TABLE trap DISABLE ROW LEVEL SECURITY;
SET LOCAL ROLE over_app;
SELECT lives_ok($$SELECT lifecycle.merge_duplicates('lettered', 'b'::letter, '{a}'::letter[])$$, 'who may, does');
SELECT is((SELECT concat_ws(' ', by, path, import) FROM fired), 'over_leads pg_catalog, pg_temp off', 'and gives others'' triggers no settings of his');
RESET ROLE;
SELECT is(current_setting('search_path'), 'shop, public', 'which he keeps');
SET LOCAL crm_lifecycle.import = off;
RESET search_path;

SELECT * FROM finish();
ROLLBACK;
