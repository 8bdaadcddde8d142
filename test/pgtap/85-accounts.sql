-- Accounts whose stage is derived from their contacts.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();
\ir common/refusals.sql
SET client_min_messages = warning;

SELECT lifecycle.create_lifecycle('contact', $$
stateDiagram-v2
	[*] --> lead
	lead --> mql : qualify
	mql --> lead
	mql --> customer : buy
	customer --> mql
	lead --> lost
	mql --> lost
	customer --> lost
	lost --> lead
	note right of lost
		outcome: lost
	end note
$$);
SELECT lifecycle.create_lifecycle('account', $$
stateDiagram-v2
	[*] --> lead
	lead --> mql : warm
	mql --> customer : win
	lead --> lost
	mql --> lost
	customer --> lost
	lost --> lead
	note right of customer
		outcome: won
	end note
	note right of lost
		outcome: lost
	end note
$$);
CREATE TABLE accounts (id int PRIMARY KEY, name text, stage text DEFAULT 'lead');
CREATE TABLE contacts (id int PRIMARY KEY, account_id int REFERENCES accounts ON UPDATE CASCADE ON DELETE CASCADE, stage text DEFAULT 'lead');
CREATE INDEX ON contacts (account_id);
SELECT lifecycle.attach('accounts', 'account', log => true);
SELECT lifecycle.attach('contacts', 'contact');
INSERT INTO accounts SELECT g FROM generate_series(1, 9) g;
INSERT INTO contacts VALUES (11, 1), (12, 1), (21, 2);
UPDATE contacts SET stage = 'mql' WHERE id = 11;

CREATE FUNCTION stages() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(id || ' ' || lifecycle.path(journey), ', ' ORDER BY id) FROM accounts WHERE lifecycle.step_count(journey) > 1 $$;
CREATE FUNCTION drift() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM lifecycle.derivation_drift('accounts') WHERE reachable $$;

-- What derive() asks for
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', rule => 'most')$$), '22023', 'an unknown rule');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'accounts')$$), '22023', 'a table from itself');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', 'nobody')$$), '42703', 'a column that does not exist');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', 'stage')$$), '42804', 'a column of another type');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', mapping => '{"mql": "sql", "odd ''one": "lead"}')$$), '42704', 'stages that do not exist');
SELECT is((SELECT detail FROM caught($$SELECT lifecycle.derive('accounts', 'contacts', mapping => '{"mql": "sql", "odd ''one": "lead"}')$$)),
	'These are: sql of lifecycle "account", "odd ''one" of lifecycle "contact".', 'which are named');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', mapping => '[1]')$$), '22023', 'a mapping that is none');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', mapping => '{}')$$), '22023', 'an empty one');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', mapping => '{"mql": 1}')$$), '22023', 'one to something else');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts', existing => 'maybe')$$), '22023', 'rows treated somehow');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'pg_class')$$), '42704', 'a table that is not attached');
SELECT is(fields($$SELECT lifecycle.underive('accounts')$$), '42704', 'nothing to end');

-- Furthest
SELECT lifecycle.derive('accounts', 'contacts');
SELECT is(stages(), '1 lead>mql', 'rows that are there follow at once');
SELECT is((SELECT concat_ws(' ', relation, stage_column, key_column, children, child_stage_column, via, rule) FROM lifecycle.derivations),
	'accounts stage id contacts stage account_id furthest', 'the view names tables and columns, found by the foreign key');
SELECT is((SELECT derived_from::text FROM lifecycle.attachments WHERE relation = 'accounts'::regclass), 'contacts', 'and so does that of the attachments');
SELECT is(fields($$SELECT lifecycle.derive('accounts', 'contacts')$$), '42710', 'a second time is refused');
SELECT is(fields($$SELECT lifecycle.derive('contacts', 'accounts', 'id')$$), '22023', 'and so is a circle');
UPDATE contacts SET stage = 'mql' WHERE id = 21;
UPDATE contacts SET stage = 'customer' WHERE id = 21;
SELECT is(stages(), '1 lead>mql, 2 lead>mql>customer', 'an account is as far as its furthest contact');
UPDATE contacts SET stage = 'mql' WHERE id = 21;
SELECT is((SELECT stage FROM accounts WHERE id = 2), 'customer', 'no way back is drawn: it stays');
SELECT is((SELECT concat_ws(' ', key, stage, derived, reachable) FROM lifecycle.derivation_drift('accounts')), '2 customer mql f', 'which can be asked');
SELECT is_empty($$SELECT * FROM lifecycle.verify('accounts')$$, 'and is nothing to mend');
UPDATE contacts SET stage = 'lost' WHERE id = 12;
SELECT is((SELECT stage FROM accounts WHERE id = 1), 'mql', 'a lost contact does not count beside another');
UPDATE contacts SET stage = 'lost' WHERE id = 11;
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 1), 'lead>mql>lost', 'where all are lost, the account is');
UPDATE contacts SET stage = 'lead' WHERE id = 11;
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 1), 'lead>mql>lost>lead', 'and comes back with one');
SELECT is((SELECT string_agg(kind || ' ' || from_stage || '>' || to_stage || coalesce(' ' || event, ''), ', ' ORDER BY number) FROM accounts_stage_log WHERE id = 2),
	'move lead>mql warm, move mql>customer win', 'its moves are logged as moves');

-- A stage further than one move: the account walks
UPDATE contacts SET stage = 'mql' WHERE id = 11;
SELECT set_config('crm_lifecycle.import', 'on', true);
INSERT INTO contacts VALUES (31, 3, 'customer'), (41, 4, 'lost');
SELECT set_config('crm_lifecycle.import', 'off', true);
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 3), 'lead>mql>customer', 'the account goes the shortest way that is drawn');
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 4), 'lead>lost', 'also by one step');
SELECT is((SELECT count(*) FROM accounts_stage_log WHERE id IN (3, 4) AND kind = 'move'), 3::bigint, 'and is judged and logged, import or not');
UPDATE contacts SET stage = 'lead' WHERE id = 41;
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 4), 'lead>lost>lead', 'out of being lost');

-- Deleted, moved to another account, without one
INSERT INTO contacts VALUES (51, 5), (52, 5), (53, NULL);
UPDATE contacts SET stage = 'lost' WHERE id IN (51, 53);
SELECT is((SELECT stage FROM accounts WHERE id = 5), 'lead', 'one of two is lost');
UPDATE contacts SET account_id = 6 WHERE id = 52;
SELECT is((SELECT string_agg(stage, ' ' ORDER BY id) FROM accounts WHERE id IN (5, 6)), 'lost lead', 'both accounts of a contact that changes follow');
DELETE FROM contacts WHERE id = 51;
SELECT is((SELECT stage FROM accounts WHERE id = 5), 'lost', 'without contacts an account stays where it is');
UPDATE contacts SET account_id = 5 WHERE id = 52;
SELECT is((SELECT string_agg(stage, ' ' ORDER BY id) FROM accounts WHERE id IN (5, 6)), 'lead lead', 'until one comes');
INSERT INTO contacts VALUES (54, 5);
UPDATE contacts SET stage = 'mql' WHERE id = 54;
UPDATE contacts SET stage = 'lost' WHERE id = 52;
DELETE FROM contacts WHERE id = 54;
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 5), 'lead>lost>lead>mql>lost', 'a deleted contact counts no more');
UPDATE accounts SET id = 50 WHERE id = 5;
UPDATE contacts SET stage = 'lead' WHERE id = 52;
SELECT is((SELECT stage FROM accounts WHERE id = 50), 'lead', 'a key that changes is followed by a foreign key');
DELETE FROM accounts WHERE id = 50;
SELECT is((SELECT count(*) FROM contacts WHERE id = 52), 0::bigint, 'an account that is deleted takes its contacts along');
SELECT is(drift(), 0::bigint, 'all is as the contacts say');

-- By hand
SELECT is(fields($$UPDATE accounts SET stage = 'mql' WHERE id = 8$$), '23514 accounts stage account_derived', 'nobody moves a derived row by hand');
SELECT is(words($$UPDATE accounts SET stage = 'mql' WHERE id = 8$$), E'the column "stage" of table "accounts" is derived\n'
	'It follows from the rows of "contacts".' || E'\nThe row is (id)=(8).\nMove the rows of "contacts", and it follows. lifecycle.underive() ends that.', 'and is told why');
SELECT lives_ok($$UPDATE accounts SET name = 'x', stage = stage WHERE id = 8$$, 'other columns are written as ever');
SELECT is(fields($$INSERT INTO accounts VALUES (70, 'x', 'customer')$$), '23514 accounts stage account_entry', 'a new account begins where its lifecycle begins');
SELECT lifecycle.set_mode('accounts', 'observe');
SELECT is(fields($$UPDATE accounts SET stage = 'mql' WHERE id = 8$$), '23514 accounts stage account_derived', 'in no mode');
SELECT lifecycle.set_mode('accounts', 'enforce');
SELECT set_config('crm_lifecycle.import', 'on', true);
UPDATE accounts SET stage = 'mql' WHERE id = 6;
SELECT set_config('crm_lifecycle.import', 'off', true);
INSERT INTO contacts VALUES (61, 6);
SELECT is((SELECT stage FROM accounts WHERE id = 6), 'mql', 'its owner may under import; what cannot be undone stays');
SELECT is(fields($$SELECT lifecycle.detach('accounts')$$), '2BP01', 'the account is not detached while it is derived');
SELECT is(fields($$SELECT lifecycle.detach('contacts')$$), '2BP01', 'nor are the contacts');

-- Every kind of write, each account once
TRUNCATE accounts_stage_log;
CREATE TABLE writes (what text);
INSERT INTO accounts SELECT g FROM generate_series(101, 110) g;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO writes VALUES (TG_OP || ' ' || NEW.id); RETURN NEW; END $$;
CREATE TRIGGER noted AFTER UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO contacts SELECT 1000 + g, 101 + g % 10 FROM generate_series(0, 999) g;
SELECT is((SELECT count(*) FROM writes), 0::bigint, 'contacts that change nothing write no account');
UPDATE contacts SET stage = 'mql' WHERE id >= 1000;
SELECT is((SELECT count(*) FROM writes), 10::bigint, 'a statement writes each account once');
MERGE INTO contacts c USING (SELECT 1000 AS id UNION SELECT 3000) n ON c.id = n.id
	WHEN MATCHED THEN UPDATE SET stage = 'customer' WHEN NOT MATCHED THEN INSERT VALUES (n.id, 7, 'lead');
SELECT is((SELECT stage FROM accounts WHERE id = 101), 'customer', 'MERGE');
WITH moved AS (UPDATE contacts SET stage = 'mql' WHERE id = 3000 RETURNING *), other AS (UPDATE contacts SET stage = 'customer' WHERE id = 1001 RETURNING *)
	SELECT count(*) FROM moved, other;
SELECT is((SELECT string_agg(stage, ' ' ORDER BY id) FROM accounts WHERE id IN (7, 102)), 'mql customer', 'WITH');
INSERT INTO contacts VALUES (3000, 7, 'lead') ON CONFLICT (id) DO UPDATE SET stage = 'customer';
SELECT is((SELECT stage FROM accounts WHERE id = 7), 'customer', 'upserts');
COPY contacts (id, account_id) FROM stdin;
4000	8
4001	8
\.
DELETE FROM writes;
UPDATE contacts SET stage = 'mql' WHERE id IN (4000, 4001);
SELECT is((SELECT string_agg(what, ' ') FROM writes), 'UPDATE 8', 'and after COPY');
SELECT is(drift(), 0::bigint, 'all is as the contacts say');

-- COPY itself moves accounts
CREATE TABLE old_contacts (LIKE contacts);
SELECT lifecycle.underive('accounts');
SELECT is_empty('SELECT * FROM lifecycle.derivations', 'underive() ends it');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid IN ('lifecycle.derivation()'::regprocedure, 'lifecycle.derive_stage()'::regprocedure)), 0::bigint, 'and leaves nothing');
SELECT lives_ok($$UPDATE accounts SET stage = 'mql' WHERE id = 9$$, 'by hand again');
SELECT lifecycle.create_lifecycle('anywhere', E'stateDiagram-v2\n[*] --> lead\n[*] --> mql\n[*] --> customer\nlead --> mql\nmql --> customer');
DROP TABLE old_contacts;
CREATE TABLE people (id int PRIMARY KEY, account_id int, stage text);
CREATE INDEX ON people (account_id);
SELECT lifecycle.attach('people', 'anywhere');
INSERT INTO accounts SELECT g FROM generate_series(201, 210) g;

-- All
SELECT lifecycle.derive('accounts', 'people', 'account_id', 'all');
INSERT INTO people SELECT 1000 + g, 201 + g % 10, CASE WHEN g < 10 THEN 'mql' ELSE 'customer' END FROM generate_series(0, 19) g;
SELECT is((SELECT string_agg(DISTINCT lifecycle.path(journey), ', ') FROM accounts WHERE id > 200), 'lead>mql', 'all: as far as all of them are');
UPDATE people SET stage = 'customer' WHERE id = 1000;
SELECT is((SELECT count(*) FROM accounts WHERE id > 200 AND stage = 'customer'), 1::bigint, 'and on with the last');
DELETE FROM people WHERE id = 1001;
SELECT is((SELECT count(*) FROM accounts WHERE id > 200 AND stage = 'customer'), 2::bigint, 'or without it');
DELETE FROM writes;
COPY people (id, account_id, stage) FROM stdin;
1	203	customer
2	203	mql
3	209	mql
4	211	mql
5	\N	mql
\.
SELECT is((SELECT count(*) FROM writes), 0::bigint, 'COPY of what holds nobody back');
INSERT INTO accounts VALUES (211);
SELECT is((SELECT stage FROM accounts WHERE id = 211), 'mql', 'a row finds the children that were there before it');
UPDATE accounts SET id = 212 WHERE id = 211;
INSERT INTO people VALUES (6, 213, 'mql');
UPDATE accounts SET id = 213 WHERE id = 204;
SELECT is((SELECT stage FROM accounts WHERE id = 213), 'mql', 'under its new key too');
SELECT is(drift(), 0::bigint, 'all is as the people say');
SELECT lifecycle.underive('accounts', 'stage');

-- Any: by mapping, and for good
INSERT INTO accounts SELECT g FROM generate_series(301, 305) g;
SELECT lifecycle.derive('accounts', 'people', 'account_id', 'any', '{"mql": "mql", "customer": "customer"}');
COPY people (id, account_id, stage) FROM stdin;
31	301	lead
32	302	mql
33	302	customer
34	303	mql
\.
SELECT is((SELECT string_agg(stage, ' ' ORDER BY id) FROM accounts WHERE id BETWEEN 301 AND 303), 'lead customer mql', 'any: what the stages stand for; COPY moves accounts');
DELETE FROM people WHERE id = 33;
SELECT is((SELECT stage FROM accounts WHERE id = 302), 'customer', 'no way back');
UPDATE people SET account_id = 305 WHERE id = 34;
SELECT is((SELECT stage FROM accounts WHERE id = 305), 'mql', 'a history changes accounts along with its row');
SELECT is(drift(), 0::bigint, 'all is as the people say');
SELECT lifecycle.underive('accounts');
UPDATE contacts SET stage = 'lost' WHERE id = 3000;
SELECT lifecycle.derive('accounts', 'contacts', rule => 'any', mapping => '{"customer": "customer", "mql": "mql"}');
UPDATE contacts SET stage = 'lead' WHERE id = 3000;
SELECT is((SELECT count(*) FROM lifecycle.derivation_drift('accounts')), 0::bigint, 'any: what a contact once was counts');
INSERT INTO accounts VALUES (401);
UPDATE contacts SET account_id = 401 WHERE id = 3000;
SELECT is((SELECT lifecycle.path(journey) FROM accounts WHERE id = 401), 'lead>mql>customer', 'by its journey alone');
SELECT lifecycle.underive('accounts');

-- Conditions hold an account back, until it is written
SELECT lifecycle.create_lifecycle('strict', $$
stateDiagram-v2
	[*] --> lead
	lead --> mql
	mql --> customer : win [name IS NOT NULL]
	customer --> lost
	note right of lost
		outcome: lost
		reasons: price
	end note
$$);
CREATE TABLE firms (id int PRIMARY KEY, name text, state text);
SELECT lifecycle.attach('firms', 'strict', stage_column => 'state');
INSERT INTO firms VALUES (203, NULL, 'lead'), (1, NULL, 'lead');
SELECT lifecycle.derive('firms', 'people', 'account_id');
SELECT is((SELECT lifecycle.path(journey) FROM firms WHERE id = 203), 'lead>mql', 'an account goes as far as its conditions let it');
SELECT is((SELECT string_agg(concat_ws(' ', problem, subject, rows), ', ') FROM lifecycle.verify('firms')),
	'stage is not what its children make it mql > customer 1', 'verify() tells of it');
SELECT is((SELECT message FROM firms f, lifecycle.explain_move(f, 'customer') WHERE id = 203 AND NOT passed), 'Move "win" [name IS NOT NULL] is not satisfied.', 'and explain_move() why');
UPDATE firms SET name = 'x' WHERE id = 203;
SELECT is((SELECT lifecycle.path(journey) FROM firms WHERE id = 203), 'lead>mql>customer', 'and on as soon as it may');
SELECT is_empty($$SELECT * FROM lifecycle.verify('firms')$$, 'all is well');
SELECT lifecycle.underive('firms', 'state');

-- What is left behind, disabled or dropped is told, and rederive() mends it
SELECT lifecycle.derive('accounts', 'contacts');
ALTER TABLE contacts DISABLE TRIGGER "~lifecycle_accounts.stage_derive";
SELECT is((SELECT string_agg(concat_ws(' ', problem, subject), ', ') FROM lifecycle.verify('accounts')),
	'trigger is disabled ~lifecycle_accounts.stage_derive on public.contacts', 'a disabled trigger');
INSERT INTO contacts VALUES (6000, 106), (6001, 105);
UPDATE contacts SET stage = 'mql' WHERE id >= 6000;
UPDATE contacts SET stage = 'customer' WHERE id >= 6000;
ALTER TABLE contacts ENABLE TRIGGER "~lifecycle_accounts.stage_derive";
SELECT is((SELECT string_agg(concat_ws(' ', problem, subject, rows), ', ' ORDER BY subject) FROM lifecycle.verify('accounts')),
	'stage is not what its children make it mql > customer 2', 'and what it missed');
SELECT lifecycle.derive_rows('accounts', 'accounts.stage', ARRAY[106, 105, NULL, 99999]);
SELECT is_empty($$SELECT * FROM lifecycle.verify('accounts')$$, 'is made up for');
DROP TRIGGER "~lifecycle_accounts.stage_derivation" ON contacts;
SELECT is((SELECT string_agg(concat_ws(' ', problem, subject), ', ') FROM lifecycle.verify('contacts')),
	'trigger is missing lifecycle.derivation() on public.contacts', 'a dropped trigger');
SELECT is(fields($$INSERT INTO contacts VALUES (7000, 1)$$), '55000', 'a damaged derivation stops writes');
SELECT lives_ok($$SELECT lifecycle.underive('accounts')$$, 'and is ended like any');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid IN ('lifecycle.derivation()'::regprocedure, 'lifecycle.derive_stage()'::regprocedure)), 0::bigint, 'without a trace');

-- Renames of tables and columns are followed, and stages in mappings
SELECT lifecycle.derive('accounts', 'contacts', mapping => '{"mql": "mql", "customer": "customer", "lost": "lost"}');
DROP TRIGGER noted ON accounts;
ALTER TABLE accounts RENAME COLUMN stage TO "Stage ""now""";
ALTER TABLE accounts RENAME COLUMN id TO number;
ALTER TABLE contacts RENAME COLUMN account_id TO "of";
ALTER TABLE contacts RENAME COLUMN stage TO status;
ALTER TABLE contacts RENAME TO folk;
ALTER TABLE accounts RENAME TO "Firms ''1";
INSERT INTO "Firms ''1" VALUES (500);
INSERT INTO folk VALUES (8000, 500);
UPDATE folk SET status = 'mql' WHERE id = 8000;
SELECT is((SELECT lifecycle.path(journey) FROM "Firms ''1" WHERE number = 500), 'lead>mql', 'renamed tables and columns');
SELECT is((SELECT concat_ws(' ', relation, stage_column, key_column, children, child_stage_column, via) FROM lifecycle.derivations),
	'"Firms ''''1" Stage "now" number folk status of', 'are in the view under their names');
SELECT is(fields($$ALTER TABLE folk DROP COLUMN "of"$$), '2BP01', 'the column that says where a child belongs is needed');
SELECT lifecycle.prepare_rename('contact', 'mql', 'warm', true);
SELECT is((SELECT mapping::text FROM lifecycle.derivations), '{"lost": "lost", "warm": "mql", "customer": "customer"}', 'a child''s stage that is renamed');
SELECT lifecycle.prepare_rename('account', 'mql', 'engaged', true);
SELECT is((SELECT mapping ->> 'warm' FROM lifecycle.derivations), 'engaged', 'and an account''s');
INSERT INTO "Firms ''1" VALUES (501);
INSERT INTO folk VALUES (8001, 501);
UPDATE folk SET status = 'warm' WHERE id = 8001;
SELECT is((SELECT lifecycle.path(journey) FROM "Firms ''1" WHERE number = 501), 'lead>engaged', 'are followed');
UPDATE folk SET status = 'customer' WHERE id = 8000;
SELECT is((SELECT lifecycle.path(journey) FROM "Firms ''1" WHERE number = 500), 'lead>engaged>customer', 'also by rows that hold the former label');
SELECT is((SELECT count(*) FROM lifecycle.derivation_drift('"Firms ''''1"') WHERE reachable), 0::bigint, 'all is as it should be');
DROP TABLE folk;
SELECT is_empty('SELECT * FROM lifecycle.derivations', 'children that are dropped end the derivation');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid IN ('lifecycle.derivation()'::regprocedure, 'lifecycle.derive_stage()'::regprocedure)), 0::bigint, 'without a trace');
SELECT lives_ok($$UPDATE "Firms ''1" SET "Stage ""now""" = 'lost' WHERE number = 501$$, 'and rows move by hand again');
SELECT lifecycle.derive('"Firms ''''1"', 'people', 'account_id', mapping => '{"customer": "customer"}');
DROP TABLE "Firms ''1" CASCADE;
SELECT lives_ok($$INSERT INTO people VALUES (9000, 1, 'customer')$$, 'as do children without accounts');

SELECT * FROM finish();
ROLLBACK;
