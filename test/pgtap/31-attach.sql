-- What attach() accepts, refuses and leaves behind.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();

SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead
	lead --> won
	lead --> lost
	note right of won
		label: Closed Won
	end note
$$);

-- Types of the stage column
CREATE TYPE stage_enum AS ENUM ('lead', 'Closed Won', 'lost');
CREATE DOMAIN stage_domain AS text CHECK (VALUE <> '');
CREATE DOMAIN enum_domain AS stage_enum;
CREATE FUNCTION moves_in(type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE typed (id int PRIMARY KEY, stage %s NOT NULL)', type);
	INSERT INTO typed SELECT g, 'lead' FROM generate_series(1, 3) g;
	PERFORM lifecycle.attach('typed', 'deal');
	INSERT INTO typed VALUES (4, 'lead');
	RETURN NEXT lives_ok($q$UPDATE typed SET stage = 'Closed Won' WHERE id IN (1, 4)$q$, type || ': a legal move is made');
	RETURN NEXT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM typed),
		'lead>Closed Won lead lead lead>Closed Won', type || ': and written into the journey');
	RETURN NEXT throws_ok($q$UPDATE typed SET stage = 'lost' WHERE id = 1$q$, '23514',
		'illegal move from "Closed Won" to "lost" in lifecycle "deal"', type || ': an illegal one is refused');
	RETURN NEXT throws_ok($q$INSERT INTO typed VALUES (5, 'lost')$q$, '23514',
		'illegal entry at "lost" in lifecycle "deal"', type || ': an illegal entry too');
	DROP TABLE typed;
END $$;
SELECT moves_in('text');
SELECT moves_in('varchar(20)');
SELECT moves_in('char(20)');
SELECT moves_in('stage_enum');
SELECT moves_in('stage_domain');
SELECT moves_in('enum_domain');

-- Labels that are numbers or identifiers, as other systems keep them
SELECT lifecycle.create_lifecycle('numbered', $$
stateDiagram-v2
	[*] --> new
	new --> done
	note right of new
		label: 1
	end note
	note right of done
		label: 4
	end note
$$);
CREATE TABLE odoo (id int, stage_id int);
SELECT lifecycle.attach('odoo', 'numbered', stage_column => 'stage_id');
INSERT INTO odoo VALUES (1, 1);
SELECT lives_ok($$UPDATE odoo SET stage_id = 4$$, 'an integer column moves');
SELECT throws_ok($$UPDATE odoo SET stage_id = 1$$, '23514', 'illegal move from "4" to "1" in lifecycle "numbered"',
	'and is refused');

-- since
CREATE TABLE dated (id int, stage text, entered timestamptz);
INSERT INTO dated VALUES (1, 'lead', '2026-01-05 09:00+00'), (2, 'lead', NULL), (3, 'lead', '9999-01-01');
SELECT lifecycle.attach('dated', 'deal', since => 'entered');
SELECT is((SELECT array_agg(lifecycle.started_at(journey) ORDER BY id) FROM dated),
	ARRAY['2026-01-05 09:00+00', now(), now()], 'journeys begin when the row says, at the latest now');

-- Journeys that are there already
CREATE TABLE brought (id int, stage text, journey lifecycle.journey);
INSERT INTO brought VALUES (1, 'Closed Won', '{lead@2026-01-01,"Closed Won"@2026-02-01}'), (2, 'lead', NULL);
SELECT lives_ok($$SELECT lifecycle.attach('brought', 'deal')$$, 'a table that has its journeys is attached as it is');
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM brought), 'lead>Closed Won lead',
	'and only what is missing is filled');
CREATE TABLE disagreeing (id int, stage text, journey lifecycle.journey);
INSERT INTO disagreeing VALUES (1, 'lead', '{lead@2026-01-01,lost@2026-02-01}');
SELECT throws_ok($$SELECT lifecycle.attach('disagreeing', 'deal')$$, '23514',
	'table "disagreeing" has rows whose journey does not end in their stage', 'journeys must end in the stage');

-- Refusals
CREATE TABLE foreign_stages (id int, stage text);
INSERT INTO foreign_stages VALUES (1, 'lead'), (2, 'cold'), (3, 'cold'), (4, NULL);
SELECT throws_ok($$SELECT lifecycle.attach('foreign_stages', 'deal')$$, '23514',
	'table "foreign_stages" has rows in stages that lifecycle "deal" does not have', 'unknown stages are refused');
SELECT throws_ok($$SELECT lifecycle.attach('foreign_stages', 'nothing')$$, '42704',
	'lifecycle "nothing" does not exist', 'and unknown lifecycles');
SELECT throws_ok($$SELECT lifecycle.attach('foreign_stages', 'deal', stage_column => 'status')$$, '42703',
	'table "foreign_stages" has no column "status"', 'and unknown columns');
SELECT throws_ok($$SELECT lifecycle.attach('brought', 'deal')$$, '42710',
	'table "brought" is already attached to lifecycle "deal"', 'and a second time');
CREATE TABLE generated (id int, raw text, stage text GENERATED ALWAYS AS (lower(raw)) STORED);
SELECT throws_ok($$SELECT lifecycle.attach('generated', 'deal')$$, '0A000',
	'column "stage" of table "generated" is generated', 'and generated columns');
CREATE TABLE not_a_journey (id int, stage text, journey text);
SELECT throws_ok($$SELECT lifecycle.attach('not_a_journey', 'deal')$$, '42804',
	'column "journey" of table "not_a_journey" is not of type lifecycle.journey', 'and journey columns of another type');
CREATE VIEW a_view AS SELECT 'lead'::text AS stage;
SELECT throws_ok($$SELECT lifecycle.attach('a_view', 'deal')$$, '42809',
	'cannot attach a lifecycle to "a_view"', 'and views');

-- 43. Twice in one table, and renamed
CREATE TABLE twice (id int, stage text, billing text);
SELECT lifecycle.attach('twice', 'deal');
SELECT lives_ok($$SELECT lifecycle.attach('twice', 'deal', stage_column => 'billing', journey_column => 'billing_journey')$$,
	'43: a table with two stage columns is attached twice');
INSERT INTO twice VALUES (1, 'lead', 'lead');
UPDATE twice SET billing = 'lost';
SELECT is((SELECT lifecycle.path(journey) || ' ' || lifecycle.path(billing_journey) FROM twice), 'lead lead>lost',
	'43: and each keeps its own journey');
ALTER TABLE twice RENAME COLUMN stage TO phase;
ALTER TABLE twice RENAME COLUMN journey TO way;
ALTER TABLE twice RENAME TO renamed;
SELECT lives_ok($$UPDATE renamed SET phase = 'Closed Won'$$, '43: renamed columns of a renamed table move on');
SELECT is((SELECT lifecycle.path(way) FROM renamed), 'lead>Closed Won', '43: with their journey');
SELECT throws_ok($$UPDATE renamed SET phase = 'lead'$$, '23514', 'illegal move from "Closed Won" to "lead" in lifecycle "deal"',
	'43: and are refused as before');
SELECT is((SELECT string_agg(concat_ws(' ', relation, lifecycle, stage_column, journey_column), '; ' ORDER BY key)
	FROM lifecycle.attachments WHERE relation = 'renamed'::regclass),
	'renamed deal billing billing_journey; renamed deal phase way', '43: attachments shows them under their new names');
SELECT throws_ok($$ALTER TABLE renamed DROP COLUMN way$$, '2BP01', NULL, '43: a column in use cannot be dropped');

-- detach
SELECT lives_ok($$SELECT lifecycle.detach('renamed', 'phase')$$, 'one of two is detached');
SELECT lives_ok($$UPDATE renamed SET phase = 'lead'$$, 'and free');
SELECT throws_ok($$UPDATE renamed SET billing = 'lead'$$, '23514', 'illegal move from "lost" to "lead" in lifecycle "deal"',
	'the other one is not');
SELECT lives_ok($$SELECT lifecycle.detach('renamed')$$, 'without a column all are detached');
SELECT hasnt_trigger('renamed', '~lifecycle_billing_move', 'and no trigger stays');
SELECT is((SELECT count(*) FROM renamed WHERE way IS NOT NULL), 1::bigint, 'the journeys do');
SELECT throws_ok($$SELECT lifecycle.detach('renamed')$$, '42704', 'no lifecycle is attached to public.renamed', 'detaching twice is said');

-- Strange names
SELECT lifecycle.create_lifecycle('it''s "odd" \ €', $d$
stateDiagram-v2
	[*] --> a
	a --> b
	note right of a
		label: "O'Hara \ {x}, y"
	end note
	note right of b
		label: "élan ✓ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	end note
$d$);
CREATE TABLE "we""ird, table" ("st""age ü" text, "jour'ney" lifecycle.journey);
SELECT lives_ok($q$SELECT lifecycle.attach('"we""ird, table"', 'it''s "odd" \ €', stage_column => 'st"age ü', journey_column => 'jour''ney')$q$, 'strange names attach');
INSERT INTO "we""ird, table" VALUES ('O''Hara \ {x}, y');
SELECT lives_ok($$UPDATE "we""ird, table" SET "st""age ü" = 'élan ✓ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'$$, 'and move');
SELECT is((SELECT lifecycle.stages("jour'ney") FROM "we""ird, table"),
	ARRAY['O''Hara \ {x}, y', 'élan ✓ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'], 'with their labels intact');
SELECT lives_ok($$SELECT lifecycle.detach('"we""ird, table"')$$, 'and detach');

-- Whoever looks at the table finds out what all this is
CREATE TABLE commented (id int PRIMARY KEY, stage text);
SELECT lifecycle.attach('commented', 'deal', log => true);
SELECT lifecycle.set_mode('commented', 'warn');
SELECT is((SELECT string_agg(tgname || ' ' || obj_description(oid, 'pg_trigger'), E'\n' ORDER BY tgname)
	FROM pg_trigger WHERE tgrelid = 'commented'::regclass),
	E'!lifecycle_stage_log writes the log public.commented_stage_log; lifecycle.detach() removes it\n'
	'~lifecycle_stage_columns says what is attached to which columns, and how strictly; lifecycle.detach() removes it\n'
	'~lifecycle_stage_entry refuses rows that begin where none may; lifecycle.detach() removes it\n'
	'~lifecycle_stage_move refuses illegal moves and keeps the journey; lifecycle.detach() removes it', 'triggers say what they are');
SELECT is((SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'commented'::regclass AND contype = 'c'),
	'keeps journey and stage in step; lifecycle.detach() removes it', 'and so does the CHECK');

SELECT * FROM finish();
ROLLBACK;
