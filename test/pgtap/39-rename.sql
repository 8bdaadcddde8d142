-- Renaming a stage: rows, journeys, log and enum follow, writers go on meanwhile, and what somebody renamed by
-- hand is healed by the same call.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();

CREATE FUNCTION words(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'passed';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, NULLIF(hint, ''));
END $$;

SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2
	[*] --> lead
	lead --> sql : accept [amount > 0]
	sql --> lead
	sql --> won
	sql : Sales qualified
	note right of won
		label: Closed Won
	end note
	note right of sql
		requires: amount
		undo: 1 hour
	end note');
CREATE TYPE stage AS ENUM ('lead', 'sql', 'Closed Won');
CREATE TABLE deals (id int PRIMARY KEY, stage text NOT NULL, amount int DEFAULT 1);
CREATE TABLE typed (id int PRIMARY KEY, stage stage NOT NULL, amount int DEFAULT 1);
CREATE TABLE parts (id int PRIMARY KEY, stage varchar(20), amount int DEFAULT 1) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts_2 (amount int DEFAULT 1, gone int, stage varchar(20), id int NOT NULL);
ALTER TABLE parts_2 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (100) TO (1000);
SELECT lifecycle.attach(r, 'deal', log => true) FROM unnest('{deals,typed,parts}'::regclass[]) r;
INSERT INTO deals SELECT g, 'lead' FROM generate_series(1, 500) g;
INSERT INTO typed SELECT g, 'lead' FROM generate_series(1, 500) g;
INSERT INTO parts SELECT g, 'lead' FROM generate_series(1, 500) g;
UPDATE deals SET stage = 'sql' WHERE id <= 100;
UPDATE deals SET stage = 'lead' WHERE id <= 50;
UPDATE typed SET stage = 'sql' WHERE id <= 100;
UPDATE parts SET stage = 'sql' WHERE id % 5 = 0;
CREATE TABLE before AS SELECT 'deals' AS relation, id, lifecycle.path(journey), lifecycle.last_moved_at(journey) FROM deals
	UNION ALL SELECT 'typed', id, lifecycle.path(journey), lifecycle.last_moved_at(journey) FROM typed
	UNION ALL SELECT 'parts', id, lifecycle.path(journey), lifecycle.last_moved_at(journey) FROM parts;
-- Not a view, which would keep the type of its column.
CREATE FUNCTION now_held(OUT relation text, OUT id int, OUT stage text, OUT path text, OUT last_moved_at timestamptz) RETURNS SETOF record LANGUAGE sql AS $$
	SELECT 'deals', id, stage::text, lifecycle.path(journey), lifecycle.last_moved_at(journey) FROM deals
	UNION ALL SELECT 'typed', id, stage::text, lifecycle.path(journey), lifecycle.last_moved_at(journey) FROM typed
	UNION ALL SELECT 'parts', id, stage, lifecycle.path(journey), lifecycle.last_moved_at(journey) FROM parts $$;
CREATE TABLE logged AS SELECT number, from_stage, to_stage FROM deals_stage_log;

-- The whole way.
CALL lifecycle.rename_stage('deal', 'lead', 'prospect', 2);
SELECT is_empty($$SELECT * FROM now_held() now JOIN before USING (relation, id)
	WHERE now.path <> replace(before.path, 'lead', 'prospect') OR now.last_moved_at <> before.last_moved_at
		OR now.stage <> regexp_replace(now.path, '.*>', '')$$, '29: every step of every journey is relabelled, and none is added');
SELECT is((SELECT count(*) FROM now_held()), 1500::bigint, '29: of all rows');
SELECT is(enum_range(NULL::stage)::text, '{prospect,sql,"Closed Won"}', '29: the enum follows, in its place');
SELECT is_empty($$SELECT * FROM deals_stage_log n JOIN logged o USING (number)
	WHERE n.from_stage IS DISTINCT FROM replace(o.from_stage, 'lead', 'prospect') OR n.to_stage <> replace(o.to_stage, 'lead', 'prospect')$$,
	'29: the log follows');
SELECT is((SELECT count(*) FROM deals_stage_log), (SELECT count(*) FROM logged), '29: and renaming is no move in it');
SELECT matches(lifecycle.diagram('deal'), 'prospect --> sql : accept', '29: the id in the diagram follows where it said the same');
SELECT unalike(lifecycle.diagram('deal'), '%formerly%', '29: the old label is forgotten');
SELECT is_empty(format('SELECT * FROM lifecycle.verify(%L)', r), '29: all is well with ' || r) FROM unnest('{deals,typed,parts}'::regclass[]) r;
SELECT is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'lifecycle%' AND contype = 'c' AND convalidated), 5::bigint, '29: every CHECK is validated');
SELECT lives_ok($$UPDATE typed SET stage = 'sql' WHERE id = 200$$, '29: rows move under the new label');
SELECT is(words($$UPDATE deals SET stage = 'lead' WHERE id = 60$$), '23514 | illegal move from "sql" to "lead" in lifecycle "deal" | '
	'Its stages are: prospect, sql, "Closed Won". To rename a stage: CALL lifecycle.rename_stage(''deal'', ''sql'', ''lead'');',
	'29: the old one is gone');
CALL lifecycle.rename_stage('deal', 'lead', 'prospect');
SELECT unalike(lifecycle.diagram('deal'), '%formerly%', '29: called once more, there is nothing to do');

-- In the middle: the first step alone, as after a crash.
SELECT lifecycle.prepare_rename('deal', 'prospect', 'Fresh lead', false);
SELECT matches(lifecycle.diagram('deal'), E'prospect : Fresh lead\n.*label: Fresh lead\n *formerly: prospect\n', '29: what can be no id becomes label and title');
SELECT results_eq($$SELECT problem, subject, rows, hint FROM lifecycle.verify('typed')$$,
	$$VALUES ('CHECK is not validated', 'lifecycle_stage_check', NULL, 'CALL lifecycle.rename_stage(''deal'', ''prospect'', ''Fresh lead'');'),
		('stage is still being renamed', 'prospect > Fresh lead', 500::bigint, 'CALL lifecycle.rename_stage(''deal'', ''prospect'', ''Fresh lead'');')$$,
	'29: verify() says that it is not finished, and nothing else');
UPDATE typed SET amount = 2 WHERE id IN (1, 300);
SELECT results_eq('SELECT stage::text, lifecycle.path(journey) FROM typed WHERE id IN (1, 300) ORDER BY id',
	$$VALUES ('sql', 'Fresh lead>sql'), ('Fresh lead', 'Fresh lead')$$, '29: a row that is touched is relabelled');
UPDATE deals SET stage = 'sql' WHERE id = 101;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 101), 'Fresh lead>sql', '29: one that moves too, and makes one step');
UPDATE deals SET stage = 'prospect' WHERE id = 102;
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM deals WHERE id = 102), 'Fresh lead Fresh lead', '29: the old label still means the stage');
SELECT throws_ok($$UPDATE deals SET stage = 'Closed Won' WHERE id = 103$$, '23514',
	'illegal move from "Fresh lead" to "Closed Won" in lifecycle "deal"', '29: rules hold');
SELECT throws_ok($$UPDATE deals SET stage = 'sql', amount = 0 WHERE id = 103$$, '23514',
	'move from "Fresh lead" to "sql" refused in lifecycle "deal"', '29: and guards');
SELECT throws_ok($$UPDATE deals SET journey = '{prospect@2020-01-01}' WHERE id = 103$$, '23514', 'a journey cannot be changed by hand',
	'29: the old label is no way to forge a journey');
UPDATE deals d SET journey = o.journey, amount = 7 FROM (SELECT journey FROM deals WHERE id = 104) o WHERE d.id = 104;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 104), 'Fresh lead', '29: a journey that an application writes back does no harm');
INSERT INTO deals VALUES (600, 'prospect');
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM deals WHERE id = 600), 'Fresh lead Fresh lead', '29: a new row gets the new label');
INSERT INTO deals VALUES (105, 'prospect', 5) ON CONFLICT (id) DO UPDATE SET (stage, amount, journey) = (EXCLUDED.stage, EXCLUDED.amount, EXCLUDED.journey);
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) || ' ' || amount FROM deals WHERE id = 105), 'Fresh lead Fresh lead 5', '29: and so does an upsert');
SELECT ok(lifecycle.can(d, 'sql') AND lifecycle.can(d, 'Fresh lead') AND lifecycle.can(d, 'prospect'), '29: can() knows both labels') FROM deals d WHERE id = 106;
SELECT lives_ok($$UPDATE parts SET id = 700 WHERE id = 2$$, '25, 29: a row that changes its partition is no new one');
SELECT lives_ok($$UPDATE parts SET id = 710, stage = 'Closed Won' WHERE id = 10$$, '25, 29: though it moves on the way');
SELECT results_eq('SELECT tableoid::regclass::text, stage::text, lifecycle.path(journey) FROM parts WHERE id IN (700, 710) ORDER BY id',
	$$VALUES ('parts_2', 'Fresh lead', 'Fresh lead'), ('parts_2', 'Closed Won', 'Fresh lead>sql>Closed Won')$$,
	'25, 29: a row that changes its partition is relabelled, and is no new one');
DELETE FROM parts WHERE id = 3;
SELECT results_eq($$SELECT id, kind, from_stage, to_stage, lifecycle.path(journey) FROM parts_stage_log WHERE id IN (700, 710, 3) AND kind <> 'insert' ORDER BY number$$,
	$$VALUES (710, 'move', 'sql', 'Closed Won', NULL), (3, 'delete', 'Fresh lead', NULL, 'Fresh lead')$$, '29: the log has moves and nothing else');
BEGIN;
SELECT lifecycle.set_context(undo => true);
UPDATE deals SET stage = 'Fresh lead' WHERE id = 61;
COMMIT;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 61), 'Fresh lead', '29: a move from before can be taken back');
SET crm_lifecycle.import = on;
UPDATE typed SET amount = 3 WHERE id = 301;
RESET crm_lifecycle.import;
SELECT is((SELECT lifecycle.path(journey) FROM typed WHERE id = 301), 'Fresh lead', '29: under import too');
SELECT is((SELECT count(*) FROM deals_stage_log WHERE kind IN ('move', 'undo') AND at > now() - interval '1 minute' AND id IN (102, 104, 105)), 0::bigint,
	'29: being relabelled is no move');

-- The other calls on the way.
SELECT is(words($$SELECT lifecycle.begin_rename('deal', 'sql', 'prospect')$$), '55006 | stage "Fresh lead" of lifecycle "deal" is still being renamed from "prospect"'
	' | Finish that first: CALL lifecycle.rename_stage(''deal'', ''prospect'', ''Fresh lead'');', '29: an old label that rows hold is not given away');
SELECT is(words($$SELECT lifecycle.begin_rename('deal', 'sql', 'Closed Won')$$), '42710 | lifecycle "deal" has a stage "Closed Won" already | Choose another label.',
	'29: nor is another stage''s label');
SELECT is(words($$SELECT lifecycle.begin_rename('deal', 'a', 'b')$$), '42704 | lifecycle "deal" has neither a stage "a" nor a stage "b"'
	' | SELECT id, label FROM lifecycle.stage WHERE lifecycle = ''deal''; shows what rows hold.', '29: stages that do not exist');
SELECT is(words($$SELECT lifecycle.begin_rename('deal', 'sql', 'sql')$$), '22023 | "sql" is the old label and the new one', '29: a label to itself');
SELECT is(words($$SELECT lifecycle.begin_rename('deal', 'sql', E'a\nb')$$), E'22023 | "a\nb" cannot be the label of a stage | '
	'A label is one line of at most 255 bytes.', '29: a label that cannot be drawn');
SELECT throws_ok($$CALL lifecycle.rename_stage('deal', 'sql', NULL)$$, '22004', NULL, '29: NULL');
SELECT throws_ok($$CALL lifecycle.rename_stage('deal', 'sql', 'x', 0)$$, '22023', NULL, '29: no blocks');
SELECT throws_ok($$CALL lifecycle.rename_stage('deal', 'sql', 'x')$$, '2D000', NULL, '29: inside a transaction there are no batches');

-- Renamed again before it is finished, and back.
CALL lifecycle.rename_stage('deal', 'Fresh lead', 'hot', 3);
SELECT is((SELECT count(*) FROM now_held() now WHERE path ~ 'prospect|Fresh'), 0::bigint, '29: two renamings are finished as one');
SELECT is((SELECT count(*) FROM deals_stage_log WHERE 'prospect' IN (from_stage, to_stage) OR 'Fresh lead' IN (from_stage, to_stage)), 0::bigint, '29: in the log too');
CALL lifecycle.rename_stage('deal', 'hot', 'lead');
SELECT is_empty($$SELECT * FROM now_held() now JOIN before USING (relation, id) WHERE now.path NOT LIKE before.path || '%' AND id <> 61$$, '29: and back again all is as it was');
SELECT is_empty(format('SELECT * FROM lifecycle.verify(%L)', r), '29: and well with ' || r) FROM unnest('{deals,typed,parts}'::regclass[]) r;

-- By hand.
ALTER TYPE stage RENAME VALUE 'sql' TO 'qualified';
SELECT is((SELECT count(lifecycle.path(journey)) FROM typed), 500::bigint, '29: renamed by hand, journeys stay readable');
SELECT is(words($$UPDATE typed SET amount = 4 WHERE id = 1$$), '23514 | the row is in a stage that lifecycle "deal" does not have: "qualified" | '
	'If "sql" was renamed: CALL lifecycle.rename_stage(''deal'', ''sql'', ''qualified'');', '29: a write names the call that heals');
SELECT is(words($$UPDATE typed SET stage = 'Closed Won' WHERE id = 1$$), '23514 | the row is in a stage that lifecycle "deal" does not have: "qualified" | '
	'If "sql" was renamed: CALL lifecycle.rename_stage(''deal'', ''sql'', ''qualified'');', '29: and so does a move');
SELECT is(words($$UPDATE typed SET stage = 'qualified' WHERE id = 400$$), '23514 | illegal move from "lead" to "qualified" in lifecycle "deal" | '
	'The column''s type lacks "sql". If that was renamed: CALL lifecycle.rename_stage(''deal'', ''sql'', ''qualified'');', '29: and one into it');
SELECT is((SELECT hint FROM lifecycle.verify('typed') WHERE problem = 'journey does not end in the stage'),
	'If "sql" was renamed: CALL lifecycle.rename_stage(''deal'', ''sql'', ''qualified'');', '29: verify() does');
CALL lifecycle.rename_stage('deal', 'sql', 'qualified');
SELECT is_empty(format('SELECT * FROM lifecycle.verify(%L)', r), '29: the call heals ' || r) FROM unnest('{deals,typed,parts}'::regclass[]) r;
SELECT is((SELECT count(*) FROM now_held() now WHERE path LIKE '%sql%'), 0::bigint, '29: rows, where the type was renamed, and where there was none');
SELECT matches(lifecycle.diagram('deal'), 'qualified : Sales qualified', '29: a title of its own stays');

-- An ORM builds the type anew. The old label must be gone from the journeys before.
CREATE TYPE stage_new AS ENUM ('lead', 'negotiation', 'Closed Won');
SELECT throws_ok($$ALTER TABLE typed ALTER COLUMN stage TYPE stage_new
	USING (CASE stage::text WHEN 'qualified' THEN 'negotiation' ELSE stage::text END)::stage_new$$, '23514', NULL,
	'4, 29: a type rebuilt with another label is refused by the CHECK');
CALL lifecycle.rename_stage('deal', 'qualified', 'negotiation');
SELECT lives_ok($$ALTER TABLE typed ALTER COLUMN stage TYPE stage_new USING stage::text::stage_new$$, '4, 29: and made after the call');
DROP TYPE stage;
SELECT is_empty($$SELECT * FROM lifecycle.verify('typed')$$, '29: all is well');
SELECT lives_ok($$UPDATE typed SET stage = 'Closed Won' WHERE id = 1$$, '29: and rows move');

-- An ORM builds it anew in the middle of a renaming.
CREATE TYPE stage_3 AS ENUM ('cold', 'negotiation', 'Closed Won');
SELECT lifecycle.prepare_rename('deal', 'lead', 'cold', false);
SELECT lives_ok($$ALTER TABLE typed ALTER COLUMN stage TYPE stage_3 USING stage::text::stage_3$$, '29: the type is replaced in the middle');
CALL lifecycle.rename_stage('deal', 'lead', 'cold');
SELECT is_empty($$SELECT * FROM lifecycle.verify('typed')$$, '29: and the renaming is finished');
SELECT is((SELECT convalidated FROM pg_constraint WHERE conrelid = 'typed'::regclass AND contype = 'c'), true, '29: with its CHECK');

-- In one transaction, for migrations that are one.
BEGIN;
CALL lifecycle.rename_stage('deal', 'cold', 'lead', blocks => NULL);
SELECT is((SELECT count(*) FROM now_held() now WHERE path LIKE '%cold%'), 0::bigint, '29: with blocks => NULL all is done in the caller''s transaction');
ROLLBACK;
SELECT is((SELECT count(*) FROM now_held() now WHERE path NOT LIKE '%cold%'), 0::bigint, '29: and undone with it');
CALL lifecycle.rename_stage('deal', 'cold', 'lead', log => false);
SELECT is((SELECT count(*) FROM deals_stage_log WHERE 'lead' IN (from_stage, to_stage)), 0::bigint, '29: on request the log keeps the names of its day');

-- Integers, presentation, guards.
SELECT lifecycle.create_lifecycle('ticket', E'stateDiagram-v2
	[*] --> open
	open --> done : close [state <> \'1\']
	note right of open
		label: 1
	end note
	note right of done
		label: 2
	end note
	click open "https://example.com"
	classDef hot fill:#f96
	class done hot');
CREATE TABLE tickets (id int, state int, note text);
SELECT lifecycle.attach('tickets', 'ticket', stage_column => 'state', existing => 'defer');
INSERT INTO tickets VALUES (1, 1);
ALTER TABLE tickets DISABLE TRIGGER USER;
ALTER TABLE tickets DROP CONSTRAINT lifecycle_state_check;
INSERT INTO tickets VALUES (2, 1);
ALTER TABLE tickets ADD CONSTRAINT lifecycle_state_check CHECK (lifecycle.ends_in(journey, state)) NOT VALID;
ALTER TABLE tickets ENABLE TRIGGER USER;
SET client_min_messages = error;
SELECT lifecycle.prepare_rename('ticket', '1', '10', false);
SET client_min_messages = warning;
UPDATE tickets SET note = 'x' WHERE id = 1;
SELECT is((SELECT state || ' ' || lifecycle.path(journey) FROM tickets WHERE id = 1), '10 10', '29: a stage that is a number');
CALL lifecycle.rename_stage('ticket', '1', '10');
SELECT is((SELECT state || ' ' || lifecycle.path(journey) FROM tickets WHERE id = 2), '10 10', '29: a row that had no journey yet has one');
SELECT matches(lifecycle.diagram('ticket'), E'\n    open\n.*label: 10\n.*click open', '29: an id that says something else stays');

-- An id that presentation speaks of stays too.
SELECT lifecycle.create_lifecycle('drawn', E'stateDiagram-v2\n[*] --> a\na --> b\nclick a "https://example.com"');
CALL lifecycle.rename_stage('drawn', 'a', 'c');
SELECT matches(lifecycle.diagram('drawn'), E'a : c\n.*label: c\n', '29: an id that presentation speaks of stays, with the label as its title');
CALL lifecycle.rename_stage('drawn', 'c', 'a');
SELECT is(lifecycle.diagram('drawn'), lifecycle.format_diagram(E'stateDiagram-v2\n[*] --> a\na --> b\nclick a "https://example.com"'), '29: and back again nothing is left of it');

-- A label that the column cannot hold would keep everybody from writing.
SELECT is(words($$SELECT lifecycle.prepare_rename('ticket', '2', 'two', false)$$), '22023 | column "state" of table public.tickets cannot hold "two" | '
	'Alter its type first.', '29: a word is no number');
SELECT is(words($$SELECT lifecycle.prepare_rename('ticket', '2', '02', false)$$), '22023 | column "state" of table public.tickets cannot hold "02" | '
	'Alter its type first.', '29: nor would it be found again as it was written');
SELECT is(words(format('SELECT lifecycle.prepare_rename(%L, %L, %L, false)', 'deal', 'negotiation', repeat('x', 21))), '22023 | column "stage" of table public.parts cannot hold "'
	|| repeat('x', 21) || '" | Alter its type first.', '29: nor is it cut');
CREATE TABLE numbered (id int, kind text, state int);
SELECT lifecycle.attach('numbered', lifecycle_column => 'kind', stage_column => 'state');
SELECT lifecycle.create_lifecycle('counted', E'stateDiagram-v2\n[*] --> a\nnote right of a\nlabel: 2\nend note');
SELECT is(words($$SELECT lifecycle.prepare_rename('counted', '2', '02', false)$$), '22023 | column "state" of table public.numbered cannot hold "02" | '
	'Alter its type first.', '29, 41: also where rows name their lifecycles');
SELECT is(words($$SELECT lifecycle.prepare_rename('drawn', 'a', 'c', false)$$), 'passed', '29, 41: but not for lifecycles that such a table cannot follow');
SELECT lifecycle.prepare_rename('drawn', 'c', 'a', false);
DROP TABLE numbered;
SELECT unalike(lifecycle.diagram('ticket') || lifecycle.diagram('deal'), '%formerly%', '29: nothing is begun then');

-- Several lifecycles in one table, with one type for all.
CREATE TYPE step AS ENUM ('new', 'busy', 'done');
SELECT lifecycle.create_lifecycle(n, E'stateDiagram-v2\n[*] --> new\nnew --> busy\nbusy --> done') FROM unnest('{north,south}'::text[]) n;
CREATE TABLE work (id int PRIMARY KEY, pipeline text, stage step, other int);
SELECT lifecycle.attach('work', lifecycle_column => 'pipeline');
INSERT INTO work SELECT g, CASE WHEN g % 2 = 0 THEN 'north' ELSE 'south' END, 'new' FROM generate_series(1, 100) g;
UPDATE work SET stage = 'busy' WHERE id <= 20;
SELECT throws_ok($$CALL lifecycle.rename_stage('north', 'busy', 'active', blocks => NULL)$$, '55006', 'other lifecycles need the label "busy" of type public.step',
	'29, 41: a label that others need cannot be renamed in one transaction');
CALL lifecycle.rename_stage('north', 'busy', 'active');
SELECT results_eq($$SELECT pipeline, stage::text, lifecycle.path(journey), count(*) FROM work GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$,
	$$VALUES ('north', 'active', 'new>active', 10::bigint), ('north', 'new', 'new', 40), ('south', 'busy', 'new>busy', 10), ('south', 'new', 'new', 40)$$,
	'29, 41: only the rows of this lifecycle are renamed');
SELECT is_empty($$SELECT * FROM lifecycle.verify('work')$$, '29, 41: and all is well');
SELECT lives_ok($$UPDATE work SET stage = 'done' WHERE id <= 20$$, '29, 41: rows of both move on');

-- Rights.
CREATE ROLE rename_seller;
CREATE ROLE rename_owner;
GRANT CREATE ON SCHEMA public TO rename_owner;
SET ROLE rename_owner;
SELECT lifecycle.create_lifecycle('owned', E'stateDiagram-v2\n[*] --> a\na --> b');
CREATE TABLE owned (id int, stage text, other int);
SELECT lifecycle.attach('owned', 'owned');
INSERT INTO owned VALUES (1, 'a');
GRANT ALL ON owned TO rename_seller;
SET ROLE rename_seller;
SELECT throws_ok($$CALL lifecycle.rename_stage('owned', 'a', 'c', blocks => NULL)$$, '42501', 'must be owner of lifecycle "owned"',
	'29, 37: only the lifecycle''s owner renames its stages');
SELECT throws_ok($$SELECT lifecycle.end_rename('owned', 'a')$$, '42501', 'must be owner of lifecycle "owned"', '29, 37: in none of the steps');
RESET ROLE;
CREATE TABLE others (id int, stage text);
SELECT lifecycle.attach('others', 'owned');
DROP TABLE work;
SET ROLE rename_owner;
SELECT is(words($$CALL lifecycle.rename_stage('owned', 'a', 'c', blocks => NULL)$$),
	'42501 | must be owner of the tables whose rows follow lifecycle "owned" | A member of all these roles can do it.', '29, 37: and of the tables');
SELECT unalike(lifecycle.diagram('owned'), '%formerly%', '29, 37: nothing is begun then');
RESET ROLE;
DROP TABLE others;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
SET ROLE rename_owner;
ALTER TABLE owned FORCE ROW LEVEL SECURITY;
SELECT throws_ok($$CALL lifecycle.rename_stage('owned', 'a', 'c', blocks => NULL)$$, '42501', 'row security hides rows from the owner of tables that follow lifecycle "owned"',
	'29, 38: rows that the owner cannot see are not forgotten');
ALTER TABLE owned NO FORCE ROW LEVEL SECURITY;
CALL lifecycle.rename_stage('owned', 'a', 'c');
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM owned), 'c c', '29, 37: the owner does it');
RESET ROLE;

-- What stands in the way is said, and the work can be taken up again.
ALTER TABLE owned DISABLE TRIGGER "~lifecycle_stage_move";
SET client_min_messages = error;
CALL lifecycle.rename_stage('owned', 'c', 'd');
SET client_min_messages = warning;
SELECT alike(lifecycle.diagram('owned'), '%formerly: c%', '6, 29: where the trigger is disabled, renaming does not end');
ALTER TABLE owned ENABLE TRIGGER "~lifecycle_stage_move";
CALL lifecycle.rename_stage('owned', 'c', 'd');
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM owned), 'd d', '6, 29: but when it is called again');

-- Partitions and logs may be others', or hide rows, though their table does not.
CREATE TABLE owned_parts (id int PRIMARY KEY, stage text) PARTITION BY RANGE (id);
CREATE TABLE owned_part PARTITION OF owned_parts FOR VALUES FROM (0) TO (100);
ALTER TABLE owned_parts OWNER TO rename_owner;
SELECT lifecycle.attach('owned_parts', 'owned', log => true);
INSERT INTO owned_parts VALUES (1, 'd');
SET ROLE rename_owner;
SELECT throws_ok($$CALL lifecycle.rename_stage('owned', 'd', 'e', blocks => NULL)$$, '42501', 'must be owner of the tables whose rows follow lifecycle "owned"',
	'29, 37: also of their partitions');
RESET ROLE;
ALTER TABLE owned_part OWNER TO rename_owner;
ALTER TABLE owned_part ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE rename_owner;
SELECT throws_ok($$CALL lifecycle.rename_stage('owned', 'd', 'e', blocks => NULL)$$, '42501', 'row security hides rows from the owner of tables that follow lifecycle "owned"',
	'29, 38: rows that the owner of a partition cannot see are not forgotten');
RESET ROLE;
ALTER TABLE owned_part DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
ALTER TABLE owned_parts_stage_log OWNER TO rename_seller;
SET ROLE rename_owner;
SELECT throws_ok($$CALL lifecycle.rename_stage('owned', 'd', 'e', blocks => NULL)$$, '42501', 'must be owner of the tables whose rows follow lifecycle "owned"',
	'29, 37: and of their logs');
CALL lifecycle.rename_stage('owned', 'd', 'e', log => false);
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM owned_parts), 'e e', '29, 37: unless these are left alone');
CALL lifecycle.rename_stage('owned', 'e', 'd', log => false);
RESET ROLE;

-- Renamed on by somebody else in the meantime.
SELECT lifecycle.prepare_rename('owned', 'd', 'e', true);
SELECT lifecycle.prepare_rename('owned', 'e', 'f', true);
SELECT is(words($$SELECT lifecycle.finish_rename('owned', 'e')$$), '55006 | stage "e" of lifecycle "owned" was renamed to "f" by somebody else meanwhile'
	' | Wait for it, or finish it: CALL lifecycle.rename_stage(''owned'', ''e'', ''f'');', '29: whose renaming was overtaken is told what is to be done');
CALL lifecycle.rename_stage('owned', 'e', 'f');
SELECT is(words($$SELECT lifecycle.finish_rename('owned', 'e')$$), '42704 | stage "e" of lifecycle "owned" was renamed, merged or dropped by somebody else meanwhile'
	' | SELECT * FROM lifecycle.lifecycle_history WHERE lifecycle = ''owned''; shows who did what. Rename the stage again if that was not meant.', '29: also where that is over by now');

-- A tool drops the CHECK, and rebuilds the type with another label.
SELECT lifecycle.create_lifecycle('rebuilt', E'stateDiagram-v2\n[*] --> a\na --> b');
CREATE TYPE rebuilt_old AS ENUM ('a', 'b');
CREATE TYPE rebuilt_new AS ENUM ('a', 'bee');
CREATE TABLE rebuilt (id int PRIMARY KEY, stage rebuilt_old);
SELECT lifecycle.attach('rebuilt', 'rebuilt');
INSERT INTO rebuilt VALUES (1, 'a'), (2, 'a');
UPDATE rebuilt SET stage = 'b' WHERE id = 2;
ALTER TABLE rebuilt DROP CONSTRAINT lifecycle_stage_check;
ALTER TABLE rebuilt ALTER COLUMN stage TYPE rebuilt_new USING replace(stage::text, 'b', 'bee')::rebuilt_new;
SELECT is((SELECT lifecycle.path(journey) FROM rebuilt WHERE id = 2), 'a>b', '28: journeys stay readable');
SELECT problem, hint FROM lifecycle.verify('rebuilt') \gset missing_
SELECT lives_ok(replace(:'missing_hint', ' Then ask again.', ''), '28: what verify() says is possible');
SELECT is((SELECT hint FROM lifecycle.verify('rebuilt') WHERE problem = 'journey does not end in the stage'),
	'If "b" was renamed: CALL lifecycle.rename_stage(''rebuilt'', ''b'', ''bee'');', '28: and then it knows the call');
CALL lifecycle.rename_stage('rebuilt', 'b', 'bee');
SELECT is_empty($$SELECT * FROM lifecycle.verify('rebuilt')$$, '28: which repairs it, the CHECK too');
SELECT is((SELECT lifecycle.path(journey) FROM rebuilt WHERE id = 2), 'a>bee', '28: and the journeys');

SELECT * FROM finish();
DROP OWNED BY rename_owner, rename_seller;
DROP ROLE rename_owner, rename_seller;
