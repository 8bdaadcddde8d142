-- What a refusal says, word for word, and to whom.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE SCHEMA refuse;
SET search_path = refuse, public;
SELECT lifecycle.create_lifecycle('refused', $$
stateDiagram-v2
	[*] --> lead
	lead --> sql : accept [score >= 50]
	sql --> won
	lead --> lost
	note right of sql
		requires: email
		undo: 1 hour
	end note
	note right of lost
		reasons: price, no budget
	end note
$$);
CREATE TABLE deals (region text, id int, stage text, email text, score int, PRIMARY KEY (id, region));
SELECT lifecycle.attach('deals', 'refused');
INSERT INTO deals SELECT 'eu', i, 'lead', 'a@b', 100 FROM generate_series(1, 6) i;

-- Which row of a statement it was
UPDATE deals SET score = 7 WHERE id = 4;
UPDATE deals SET email = NULL WHERE id = 5;
UPDATE deals SET stage = 'sql';
UPDATE deals SET stage = 'sql' WHERE id <> 4;
UPDATE deals SET stage = 'lost' WHERE id = 3;
UPDATE deals SET stage = 'won' WHERE id = 2;
UPDATE deals SET stage = 'nowhere' WHERE id = 2;
UPDATE deals SET stage = NULL WHERE id = 2;
UPDATE deals SET journey = '{lead@2020-01-01}' WHERE id = 2;
INSERT INTO deals VALUES ('us', 7, 'lead'), ('us', 8, 'won');
INSERT INTO deals VALUES ('us', 7, 'lead'), ('us', 8, 'nowhere');
INSERT INTO deals (region, id, stage, journey) VALUES ('us', 9, 'lead', '{won@2026-01-01}');
-- by the key that it is stored under
UPDATE deals SET stage = 'won', id = 70 WHERE id = 2;
BEGIN;
UPDATE deals SET stage = 'sql' WHERE id = 1;
SELECT lifecycle.set_context(undo => true);
UPDATE deals SET stage = 'won' WHERE id = 1;
ROLLBACK;

-- Warnings say it too
SELECT lifecycle.set_mode('deals', 'warn');
BEGIN;
UPDATE deals SET stage = 'won' WHERE id IN (2, 3);
ROLLBACK;
SELECT lifecycle.set_mode('deals', 'enforce');

-- Only to whom may read all of the key
CREATE ROLE refuse_reader;
GRANT USAGE ON SCHEMA refuse TO refuse_reader;
GRANT UPDATE, SELECT (id, stage) ON deals TO refuse_reader;
SET ROLE refuse_reader;
UPDATE deals SET stage = 'won' WHERE id = 2;
RESET ROLE;
GRANT SELECT (region) ON deals TO refuse_reader;
SET ROLE refuse_reader;
UPDATE deals SET stage = 'won' WHERE id = 2;
RESET ROLE;
REVOKE SELECT (stage) ON deals FROM refuse_reader;
SET ROLE refuse_reader;
UPDATE deals SET stage = 'won' WHERE id = 2;
-- nor what stage the row is in, where a move cannot be taken back
BEGIN;
SELECT lifecycle.set_context(undo => true);
UPDATE deals SET stage = 'won' WHERE id = 2;
ROLLBACK;
RESET ROLE;
BEGIN;
SET LOCAL crm_lifecycle.effective_at = '2020-01-01T00:00:00Z';
INSERT INTO deals VALUES ('us', 3, 'lead', 'a@b', 100);
UPDATE deals SET stage = 'sql' WHERE id = 3 AND region = 'us';
RESET crm_lifecycle.effective_at;
SET LOCAL ROLE refuse_reader;
SELECT lifecycle.set_context(undo => true);
UPDATE deals SET stage = 'lead' WHERE id = 3 AND region = 'us';
ROLLBACK;
GRANT SELECT ON deals TO refuse_reader;
ALTER TABLE deals ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_of_them ON deals USING (true);
SET ROLE refuse_reader;
UPDATE deals SET stage = 'won' WHERE id = 2;
RESET ROLE;

-- In a partition by the rights to the table that was attached
CREATE TABLE parted (id text PRIMARY KEY, email text, score int, stage text) PARTITION BY LIST (id);
CREATE TABLE parted_1 (stage text, junk int, score int, id text NOT NULL, email text);
ALTER TABLE parted_1 DROP COLUMN junk;
ALTER TABLE parted ATTACH PARTITION parted_1 DEFAULT;
SELECT lifecycle.attach('parted', 'refused');
INSERT INTO parted (id, stage) VALUES (repeat('é', 40), 'lead');
GRANT SELECT, UPDATE ON parted TO refuse_reader;
SET ROLE refuse_reader;
UPDATE parted SET stage = 'won';
RESET ROLE;

-- Nothing where there is no key
CREATE TABLE keyless (id int, stage text, email text, score int);
SELECT lifecycle.attach('keyless', 'refused');
INSERT INTO keyless VALUES (1, 'won');

-- Guards that cannot be read, or do not fit the table, say which they are
SELECT lifecycle.create_lifecycle('unread', E'stateDiagram-v2\n[*] --> a\na --> b : go [amount > ]');
SELECT lifecycle.create_lifecycle('unread', E'stateDiagram-v2\n[*] --> a : come [amount >> > 1]');
SELECT lifecycle.create_lifecycle('unread', E'stateDiagram-v2\nstate "P" as p {\na\n}\n[*] --> a\np --> c : go [amount > 1 LIMIT 1]');
SELECT lifecycle.create_lifecycle('unread', E'stateDiagram-v2\n[*] --> a\nnote right of a\nexit: amount = = 1\nend note');
SELECT lifecycle.create_lifecycle('unfit', E'stateDiagram-v2\n[*] --> a\na --> b\nnote right of b\nentry: amuont > 1\nend note');
CREATE TABLE unfit (id int, stage text, amount int);
SELECT lifecycle.attach('unfit', 'unfit');
SELECT lifecycle.attach('unfit', 'refused');
SELECT lifecycle.drop_lifecycle('unfit');

-- Labels that are no plain words stand in quotes wherever there may be several
SELECT lifecycle.create_lifecycle('quoted', $$
stateDiagram-v2
	[*] --> lead
	lead --> won
	lead --> lost
	won --> paid
	note right of won
		label: Closed, Won
	end note
	note right of lost
		reasons: price, no budget
	end note
$$);
CREATE TABLE quoted (id int PRIMARY KEY, stage text);
SELECT lifecycle.attach('quoted', 'quoted');
INSERT INTO quoted VALUES (1, 'lead');
UPDATE quoted SET stage = 'paid';
UPDATE quoted SET stage = 'lost';
UPDATE quoted SET stage = 'gone';

-- What attach() says of columns and rows
CREATE TABLE wrong (id int, status text);
INSERT INTO wrong VALUES (1, NULL), (2, NULL);
SELECT lifecycle.attach('wrong', 'quoted');
SELECT lifecycle.attach('wrong', 'quoted', stage_column => 'status', reason_column => 'why');
SELECT lifecycle.attach('wrong', lifecycle_column => 'pipeline', stage_column => 'status');
SELECT lifecycle.attach('wrong', 'quoted', stage_column => 'status', since => 'begun');
SELECT lifecycle.attach('wrong', 'quoted', stage_column => 'status');
INSERT INTO wrong VALUES (3, 'closed, won');
SELECT lifecycle.attach('wrong', 'quoted', stage_column => 'status');
SELECT lifecycle.attach('wrong', 'quoted', 'status');

DROP SCHEMA refuse CASCADE;
SELECT lifecycle.drop_lifecycle('refused');
SELECT lifecycle.drop_lifecycle('quoted');
DROP ROLE refuse_reader;
