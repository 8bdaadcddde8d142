-- Lifecycles that change on tables in use: drawn anew, stages merged and retired, and whether they make sense.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();

CREATE FUNCTION words(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'passed';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, message, NULLIF(detail, ''), NULLIF(hint, ''));
END $$;

SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2
	[*] --> lead
	lead --> mql
	mql --> sql : accept [amount > 0]
	sql --> lead
	sql --> won
	note right of won
		outcome: won
	end note');
SELECT lifecycle.create_stage_type('deal', 'stage') AS made \gset
CREATE TABLE deals (id int PRIMARY KEY, stage text NOT NULL, amount int DEFAULT 1);
CREATE TABLE typed (id int PRIMARY KEY, stage stage NOT NULL, amount int DEFAULT 1);
CREATE TABLE parts (id int PRIMARY KEY, stage varchar(20), amount int DEFAULT 1) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (1000);
SELECT lifecycle.attach(r, 'deal', log => true) FROM unnest('{deals,typed,parts}'::regclass[]) r;
INSERT INTO deals SELECT g, 'lead' FROM generate_series(1, 20) g;
INSERT INTO typed SELECT g, 'lead' FROM generate_series(1, 20) g;
INSERT INTO parts SELECT g, 'lead' FROM generate_series(1, 20) g;
UPDATE deals SET stage = 'mql' WHERE id <= 9;
UPDATE deals SET stage = 'sql' WHERE id <= 4;
UPDATE typed SET stage = 'mql' WHERE id <= 9;
UPDATE parts SET stage = 'mql' WHERE id BETWEEN 5 AND 15;
CREATE FUNCTION now_held(OUT relation text, OUT id int, OUT stage text, OUT path text) RETURNS SETOF record LANGUAGE sql AS $$
	SELECT 'deals', id, stage::text, lifecycle.path(journey) FROM deals
	UNION ALL SELECT 'typed', id, stage::text, lifecycle.path(journey) FROM typed
	UNION ALL SELECT 'parts', id, stage, lifecycle.path(journey) FROM parts $$;

-- A dry run.
CREATE TABLE drawn AS SELECT E'stateDiagram-v2
	state "Early" as early {
		lead
		mql
	}
	[*] --> lead
	lead --> mql : qualify
	mql --> proposal : accept [amount > 1]
	proposal --> lead
	proposal --> won
	proposal --> lost
	note right of proposal
		formerly: sql
		sla: 7 days
	end note
	note right of won
		outcome: won
	end note
	note right of lost
		outcome: lost
	end note' AS diagram;
CREATE TABLE changes AS SELECT c.* FROM drawn, lifecycle.alter_lifecycle('deal', diagram, dry_run => true) c;
SELECT results_eq('SELECT * FROM changes', $$VALUES
	('stage renamed', 'sql', 'proposal'),
	('stage added', 'lost', NULL),
	('stage regrouped', 'lead', 'phase: early'),
	('stage regrouped', 'mql', 'phase: early'),
	('stage changed', 'proposal', 'sla: 7 days'),
	('move added', 'proposal > lost', NULL),
	('move changed', 'lead > mql', 'qualify'),
	('move changed', 'mql > proposal', 'accept [amount > 1] (was accept [amount > 0])'),
	('label added', 'lost of public.stage', 'ALTER TYPE public.stage ADD VALUE ''lost'' AFTER ''won'';')$$, '45: a dry run says what would change');
SELECT matches(lifecycle.diagram('deal'), E'    sql\n.*sql --> won', '45: and changes nothing in the diagram');
SELECT is(enum_range(NULL::stage)::text, '{lead,mql,sql,won}', '45: in enums');
SELECT is((SELECT count(*) FROM now_held() WHERE stage = 'sql' OR path LIKE '%sql%'), 4::bigint, '45: in rows');
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history), 1::bigint, '45: and in the history');

-- The same, done.
SELECT results_eq('SELECT c.* FROM drawn, lifecycle.alter_lifecycle(''deal'', diagram) c', 'SELECT * FROM changes', '45: altering says the same');
SELECT is((SELECT string_agg(DISTINCT path, ' ' ORDER BY path) FROM now_held()), 'lead lead>mql lead>mql>proposal', '45: rows and journeys are relabelled, and make no step');
SELECT is(enum_range(NULL::stage)::text, '{lead,mql,proposal,won,lost}', '45: labels are renamed and added in diagram order');
SELECT is((SELECT count(*) FROM deals_stage_log WHERE 'sql' IN (from_stage, to_stage)), 0::bigint, '45: the log follows');
SELECT unalike(lifecycle.diagram('deal'), '%formerly%', '45: the old label is forgotten');
SELECT is_empty(format('SELECT * FROM lifecycle.verify(%L)', r), '45: all is well with ' || r) FROM unnest('{deals,typed,parts}'::regclass[]) r;
SELECT is_empty('SELECT * FROM lifecycle.check_lifecycle(''deal'')', '45: and with the lifecycle');
SELECT results_eq('SELECT change FROM lifecycle.lifecycle_history ORDER BY number', $$VALUES ('create'), ('rename'), ('settle'), ('alter')$$, '45: all of it is in the history');
SELECT is_empty('SELECT c.* FROM drawn, lifecycle.alter_lifecycle(''deal'', diagram) c', '45: altered again, there is nothing to do');
SELECT is((SELECT count(*) FROM lifecycle.lifecycle_history), 4::bigint, '45: nor to record');
SELECT throws_ok($$UPDATE deals SET stage = 'proposal' WHERE id = 5$$, '23514', NULL, '45: the new guard holds');
SELECT lives_ok($$UPDATE deals SET stage = 'proposal', amount = 2 WHERE id = 5$$, '45: and lets pass');
SELECT lives_ok($$UPDATE deals SET stage = 'lost' WHERE id = 5$$, '45: new stages are entered');

-- What rows hold is not dropped.
SELECT is(words($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> proposal\nproposal --> won\nproposal --> lost')$$),
	'2BP01 | cannot drop stage "mql" of lifecycle "deal" because rows hold it | Tables and their rows: deals (4), typed (9), parts (11).'
	' | CALL lifecycle.merge_stage(''deal'', ''mql'', ...); puts them into another stage. SELECT lifecycle.retire_stage(''deal'', ''mql''); lets them leave, and no others come.',
	'45: a stage that rows hold is not dropped, and what to do is said');
SELECT is(words($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> proposal\nproposal --> won\nproposal --> lost', dry_run => true)$$),
	words($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> proposal\nproposal --> won\nproposal --> lost')$$), '45: a dry run refuses it too');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('deal', replace(diagram, '[*] --> lead', E'[*] --> lead\nnote right of mql\noutside: yes\nend note\n')) FROM drawn$$,
	'2BP01', NULL, '45: nor put outside of the table');

-- What does not fit a table.
CREATE FUNCTION fit_words(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	context text;
BEGIN
	EXECUTE command;
	RETURN 'passed';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RETURN SQLSTATE || ' ' || split_part(context, E'\n', 1);
END $$;
SELECT is(fit_words($$SELECT lifecycle.alter_lifecycle('deal', replace(diagram, 'amount > 1', 'price > 1')) FROM drawn$$),
	'42703 guard [price > 1] of the move from "mql" to "proposal" in lifecycle "deal", on table "deals"', '45: a guard that fits no table is refused by name');
SELECT is(fit_words($$SELECT lifecycle.alter_lifecycle('deal', replace(diagram, 'amount > 1', 'price > 1'), true) FROM drawn$$),
	'42703 guard [price > 1] of the move from "mql" to "proposal" in lifecycle "deal", on table "deals"', '45: in a dry run too');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('deal', replace(diagram, 'sla: 7 days', 'requires: price')) FROM drawn$$, '42703', NULL, '45: and so is a column that is required');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('deal', replace(diagram, 'amount > 1', 'amount >')) FROM drawn$$, '42601', NULL, '45: a guard that is no expression');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('deal', 'stateDiagram-v2 {')$$, '22P02', NULL, '45: a diagram that cannot be read');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('none', 'stateDiagram-v2')$$, '42704', NULL, '45: a lifecycle that does not exist');
SELECT is_empty($$SELECT lifecycle.alter_lifecycle('deal', NULL)$$, '45: NULL');
SELECT lives_ok($$UPDATE deals SET stage = 'proposal', amount = 2 WHERE id = 6$$, '45: after all this the rules are the old ones');

-- Former visits are no obstacle.
SELECT is((SELECT string_agg(change || ' ' || subject, ', ') FROM lifecycle.retire_stage('deal', 'mql')), 'move dropped lead > mql', '45: what leads to a stage is taken out');
SELECT throws_ok($$UPDATE deals SET stage = 'mql' WHERE id = 20$$, '23514', NULL, '45: a stage that is retired is not entered');
SELECT lives_ok($$UPDATE deals SET stage = 'proposal', amount = 2 WHERE stage = 'mql'$$, '45: but left');
UPDATE typed SET stage = 'proposal', amount = 2 WHERE stage = 'mql';
UPDATE parts SET stage = 'proposal', amount = 2 WHERE stage = 'mql';
SELECT results_eq($$SELECT severity, problem FROM lifecycle.check_lifecycle('deal') WHERE subject = 'mql'$$, $$VALUES ('warning', 'no way leads to the stage')$$, '45: check_lifecycle() says so');
SELECT is_empty($$SELECT lifecycle.retire_stage('deal', 'mql')$$, '45: retired again, nothing is taken out');
SELECT throws_ok($$SELECT lifecycle.retire_stage('deal', 'lead')$$, '55006', NULL, '45: the only entry is not retired');
SELECT throws_ok($$SELECT lifecycle.retire_stage('deal', 'none')$$, '42704', NULL, '45: nor a stage that does not exist');
SELECT set_eq($$SELECT change || ' ' || subject FROM lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> proposal\nproposal --> won\nproposal --> lost\nnote right of won\noutcome: won\nend note\nnote right of lost\noutcome: lost\nend note')$$,
	$$VALUES ('stage dropped mql'), ('stage regrouped lead'), ('stage changed proposal'), ('move added lead > proposal'), ('move dropped mql > proposal'), ('move dropped proposal > lead')$$,
	'45: a stage that rows only held once is dropped');
SELECT is((SELECT count(*) FROM now_held() WHERE path LIKE '%mql%'), 29::bigint, '45: journeys stay as they are');
SELECT lives_ok($$UPDATE deals SET stage = 'won' WHERE id = 7$$, '45: and go on');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 7), 'lead>mql>proposal>won', '45: with all their steps');

-- Renaming by the id, and merging by what a stage was called formerly.
SELECT lives_ok($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> proposal\nproposal --> won\nproposal --> lost\nnote right of won\noutcome: won\nend note\nnote right of lost\noutcome: lost\nend note\nnote right of lead\nlabel: Fresh lead\nend note')$$, '45: another label for the same id');
SELECT is((SELECT count(*) FROM now_held() WHERE path LIKE 'Fresh lead%'), 60::bigint, '45: is a new name');
SELECT results_eq($$SELECT * FROM lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> won\nnote right of won\noutcome: won\nformerly: proposal, lost\nend note\nnote right of lead\nlabel: Fresh lead\nend note')$$,
	$$VALUES ('stage merged', 'proposal', 'into won'), ('stage merged', 'lost', 'into won'), ('move dropped', 'proposal > won', NULL), ('move dropped', 'proposal > lost', NULL)$$,
	'45, 46: stages that another was called formerly are merged into it');
SELECT is((SELECT string_agg(DISTINCT path, ' ' ORDER BY path) FROM now_held()), 'Fresh lead Fresh lead>mql>won Fresh lead>mql>won>won', '46: with both steps, where there were two');
SELECT is_empty(format('SELECT * FROM lifecycle.verify(%L) WHERE problem <> %L', r, 'move would be refused today'), '45, 46: all is well with ' || r) FROM unnest('{deals,typed,parts}'::regclass[]) r;

-- While a renaming is not finished.
SELECT lifecycle.prepare_rename('deal', 'won', 'signed', false);
SELECT is(words($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> signed\nlead --> won\nnote right of lead\nlabel: Fresh lead\nend note')$$),
	'55006 | stage "signed" of lifecycle "deal" is still being renamed from "won" | Finish that first: CALL lifecycle.rename_stage(''deal'', ''won'', ''signed'');',
	'45: the old label is not given to another stage');
SELECT lives_ok($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> signed : sign\nnote right of lead\nlabel: Fresh lead\nend note')$$, '45: all else may change');
SELECT matches(lifecycle.diagram('deal'), 'formerly: won', '45: and what rows may still hold is kept');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nnote right of lead\nlabel: Fresh lead\nend note')$$, '2BP01', NULL, '45: rows that hold the former label hold the stage');
CALL lifecycle.rename_stage('deal', 'won', 'signed');
SELECT is((SELECT count(*) FROM now_held() WHERE path LIKE '%won%'), 0::bigint, '45: and the renaming is finished');

-- Merging.
SELECT lifecycle.create_lifecycle('ticket', E'stateDiagram-v2
	state early {
		fresh
		open
	}
	[*] --> fresh
	[*] --> open
	fresh --> open
	open --> busy : take [level > 0]
	fresh --> busy : take [level > 0]
	early --> gone : close
	busy --> done
	done --> open : again
	open --> open : bump
	note right of open
		requires: level
	end note');
CREATE TABLE tickets (id int PRIMARY KEY, stage text, level int DEFAULT 1);
SELECT lifecycle.attach('tickets', 'ticket', log => true);
INSERT INTO tickets SELECT g, CASE WHEN g % 2 = 0 THEN 'open' ELSE 'fresh' END FROM generate_series(1, 100) g;
UPDATE tickets SET stage = 'open' WHERE id <= 50;
SELECT count(*) AS logged FROM tickets_stage_log \gset
CREATE TABLE before AS SELECT id, lifecycle.path(journey), lifecycle.last_moved_at(journey) AS moved FROM tickets;
SELECT lifecycle.prepare_merge('ticket', 'open', 'fresh', false);
UPDATE tickets SET level = 2 WHERE id = 2;
SELECT is((SELECT stage || ' ' || lifecycle.path(journey) FROM tickets WHERE id = 2), 'fresh fresh', '46: a row that is touched meanwhile is relabelled');
INSERT INTO tickets VALUES (200, 'open');
SELECT is((SELECT stage FROM tickets WHERE id = 200), 'fresh', '46: a new one too');
UPDATE tickets SET stage = 'busy' WHERE id = 4;
SELECT is((SELECT lifecycle.path(journey) FROM tickets WHERE id = 4), 'fresh>busy', '46: and one that moves');
SELECT is((SELECT hint FROM lifecycle.verify('tickets') WHERE problem = 'stage is still being renamed'),
	'CALL lifecycle.rename_stage(''ticket'', ''open'', ''fresh'');', '46: verify() names a call that finishes it');
BEGIN;
CALL lifecycle.rename_stage('ticket', 'open', 'fresh', NULL);
SELECT is((SELECT count(*) FROM tickets WHERE 'open' = ANY (lifecycle.stages(journey))), 0::bigint, '46: which it does');
ROLLBACK;
SELECT is((SELECT count(*) FROM tickets WHERE 'open' = ANY (lifecycle.stages(journey))), 73::bigint, '46: until then rows hold both');
CALL lifecycle.merge_stage('ticket', 'open', 'fresh', 1);
SELECT is_empty($$SELECT * FROM tickets t JOIN before b USING (id) WHERE id NOT IN (2, 4)
	AND (lifecycle.path(t.journey) <> replace(b.path, 'open', 'fresh') OR lifecycle.last_moved_at(t.journey) <> b.moved OR t.stage <> 'fresh')$$,
	'46: every step of every journey is relabelled, and none is lost');
SELECT is((SELECT lifecycle.path(journey) FROM tickets WHERE id = 1), 'fresh>fresh', '46: a move between the two stays, with its instant');
SELECT is((SELECT lifecycle.path(lifecycle.collapse(journey)) FROM tickets WHERE id = 1), 'fresh', '46: until it is collapsed');
SELECT is((SELECT count(*) FROM tickets_stage_log WHERE 'open' IN (from_stage, to_stage)), 0::bigint, '46: the log follows');
SELECT is((SELECT count(*) FROM tickets_stage_log), (:logged + 2)::bigint, '46: and merging is no move in it');
SELECT is(lifecycle.diagram('ticket'), lifecycle.format_diagram(E'stateDiagram-v2
	state early {
		fresh
	}
	[*] --> fresh
	fresh --> busy : take [level > 0]
	early --> gone : close
	busy --> done
	done --> fresh : again'), '46: the diagram leads to and from the other, each way once');
SELECT is_empty($$SELECT * FROM lifecycle.verify('tickets')$$, '46: all is well');
SELECT throws_ok($$CALL lifecycle.merge_stage('ticket', 'busy', 'busy', NULL)$$, '22023', NULL, '46: a stage into itself');
SELECT throws_ok($$CALL lifecycle.merge_stage('ticket', 'open', 'busy', NULL)$$, '42704', NULL, '46: one that does not exist');
SELECT throws_ok($$CALL lifecycle.merge_stage('ticket', 'busy', 'open', NULL)$$, '42704', NULL, '46: into one that does not exist');
SELECT throws_ok($$CALL lifecycle.merge_stage('ticket', NULL, 'open', NULL)$$, '22004', NULL, '46: NULL');
SELECT throws_ok($$CALL lifecycle.merge_stage('ticket', 'busy', 'done')$$, '2D000', NULL, '46: inside a transaction there are no batches');
CALL lifecycle.merge_stage('ticket', 'fresh', 'busy');
SELECT matches(lifecycle.diagram('ticket'), 'busy --> gone : close', '46: the way out of a phase that is empty now stays');
SELECT unalike(lifecycle.diagram('ticket'), '%early%', '46: the phase does not');
SELECT is((SELECT count(*) FROM tickets WHERE stage = 'busy'), 101::bigint, '46: all rows are in the other stage');

-- From a phase to a stage that becomes one of its own.
SELECT lifecycle.create_lifecycle('phased', E'stateDiagram-v2\nstate early {\na\nb\nc\n}\n[*] --> a\na --> b\nb --> c\nearly --> lost : drop [true]\nearly --> won\nlost --> c');
CALL lifecycle.merge_stage('phased', 'lost', 'c');
SELECT is(lifecycle.diagram('phased'), lifecycle.format_diagram(E'stateDiagram-v2\nstate early {\na\nb\nc\n}\nwon\n[*] --> a\na --> b\nb --> c\na --> c : drop [true]\nb --> c : drop [true]\nearly --> won'),
	'46: what led from a phase to a stage leads from its other stages, where the stage becomes one of them');

-- What presentation says about a stage that is gone goes too, and nothing else.
SELECT lifecycle.create_lifecycle('styled', E'stateDiagram-v2\nstate early {\na\n}\n[*] --> a\na --> b\nb --> c\nclassDef hot fill:#f96\nclass a, b,c hot\nclass early,a hot\nclass a hot\nclick a "https://a.example"\nclick b "https://b.example"\nstyle a,b fill:#ff0\na:::hot\nab:::hot\nb --> ab');
CALL lifecycle.merge_stage('styled', 'a', 'b');
SELECT is(lifecycle.diagram('styled'), lifecycle.format_diagram(E'stateDiagram-v2\nb\nc\nab\n[*] --> b\nb --> c\nb --> ab\nclassDef hot fill:#f96\nclass b,c hot\nclick b "https://b.example"\nclassDef style_a fill:#ff0\nclassDef style_b fill:#ff0\nb:::style_b\nab:::hot'),
	'46: what presentation says about a stage that is gone goes too, and nothing else');

-- Several lifecycles in one table.
SELECT lifecycle.create_lifecycle(n, E'stateDiagram-v2\n[*] --> new\nnew --> busy\nbusy --> done') FROM unnest('{north,south}'::text[]) n;
CREATE TABLE work (id int PRIMARY KEY, pipeline text, stage text);
SELECT lifecycle.attach('work', lifecycle_column => 'pipeline');
INSERT INTO work SELECT g, CASE WHEN g % 2 = 0 THEN 'north' ELSE 'south' END, 'new' FROM generate_series(1, 10) g;
UPDATE work SET stage = 'busy' WHERE pipeline = 'south';
SELECT lives_ok($$SELECT lifecycle.alter_lifecycle('north', E'stateDiagram-v2\n[*] --> new\nnew --> done')$$, '41, 45: only the rows of this lifecycle count');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('south', E'stateDiagram-v2\n[*] --> new\nnew --> done')$$, '2BP01', NULL, '41, 45: where it has some the stage stays');
CALL lifecycle.merge_stage('south', 'busy', 'new');
SELECT is((SELECT count(*) FROM work WHERE stage = 'new'), 10::bigint, '41, 46: and is merged');

-- A type that other lifecycles use too; a label that is needed at once.
CREATE TYPE shared AS ENUM ('new', 'busy');
CREATE TABLE shared_work (id int, pipeline text, stage shared);
SELECT lifecycle.attach('shared_work', lifecycle_column => 'pipeline');
INSERT INTO shared_work VALUES (1, 'south', 'new');
CREATE FUNCTION alter_and_move() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM lifecycle.alter_lifecycle('south', E'stateDiagram-v2\n[*] --> new\nnew --> done\nnew --> lost');
	UPDATE shared_work SET stage = 'lost';
END $$;
SELECT throws_ok('SELECT alter_and_move()', '55P04', NULL, '28, 45: a label that was added is not held in the same transaction');
SELECT lives_ok($$SELECT lifecycle.alter_lifecycle('south', E'stateDiagram-v2\n[*] --> new\nnew --> done\nnew --> lost')$$, '28, 45: but');
SELECT lives_ok($$UPDATE shared_work SET stage = 'lost'$$, '28, 45: in the next');
SELECT is(enum_range(NULL::shared)::text, '{new,done,lost,busy}', '45: labels stand where they are drawn');

-- Rights. The lifecycle and the table belong to two roles.
CREATE ROLE alter_owner;
CREATE ROLE alter_other;
GRANT CREATE ON SCHEMA public TO alter_owner, alter_other;
SET ROLE alter_owner;
SELECT lifecycle.create_lifecycle('owned', E'stateDiagram-v2\n[*] --> a\na --> b\nb --> c');
SET ROLE alter_other;
CREATE TYPE others AS ENUM ('a', 'b', 'c');
CREATE TABLE owned (id int, stage others, secret int);
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
SELECT lifecycle.attach('owned', 'owned');
INSERT INTO owned VALUES (1, 'a'), (2, 'a');
UPDATE owned SET stage = 'b' WHERE id = 1;
SELECT is(words(format('%s(%L, %L)', c, 'owned', 'stateDiagram-v2')), '42501 | must be owner of lifecycle "owned" | It belongs to the role "alter_owner".', '37, 45: ' || c)
FROM unnest('{SELECT lifecycle.alter_lifecycle,SELECT lifecycle.retire_stage,SELECT lifecycle.redraw_lifecycle}'::text[]) c;
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('owned', 'stateDiagram-v2', true)$$, '42501', NULL, '37, 45: a dry run is for the owner too');
SELECT throws_ok($$SELECT lifecycle.check_lifecycle('owned')$$, '42501', NULL, '37, 45: and so is check_lifecycle()');
SELECT throws_ok($$CALL lifecycle.merge_stage('owned', 'c', 'b', NULL)$$, '42501', NULL, '37, 46: nobody merges the stages of others');
SET ROLE alter_owner;
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('owned', E'stateDiagram-v2\n[*] --> a\na --> c')$$, '2BP01', NULL, '45: rows of tables that the owner may not read hold a stage too');
SELECT results_eq($$SELECT * FROM lifecycle.alter_lifecycle('owned', E'stateDiagram-v2\n[*] --> a\na --> b\nb --> d')$$,
	$$VALUES ('stage added', 'd', NULL), ('stage dropped', 'c', NULL), ('move added', 'b > d', NULL), ('move dropped', 'b > c', NULL),
		('label missing', 'd of public.others', 'its owner alter_other may add it: ALTER TYPE public.others ADD VALUE ''d'' AFTER ''b'';')$$,
	'45: the owner of a type that lacks a label is named');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('owned', E'stateDiagram-v2\n[*] --> a\na --> b\nb --> e\nnote right of e\nformerly: b\nend note')$$, '22023', NULL, '45: a diagram that contradicts itself');
SELECT throws_ok($$SELECT lifecycle.alter_lifecycle('owned', E'stateDiagram-v2\n[*] --> a\na --> e\ne --> d\nnote right of e\nformerly: b\nend note')$$, '42501', 'must be owner of the tables whose rows follow lifecycle "owned"', '45: nobody relabels the rows of others');
RESET ROLE;

-- Whether a lifecycle makes sense.
SELECT lifecycle.create_lifecycle('odd', E'stateDiagram-v2
	[*] --> a
	a --> b
	b --> c : go [size > 1]
	c --> b
	a --> d
	d --> [*]
	a --> stuck
	a --> won
	lost --> a
	note right of won
		outcome: won
		reasons: price
		requires: size
	end note');
SELECT results_eq($$SELECT severity, problem, subject FROM lifecycle.check_lifecycle('odd')$$, $$VALUES
	('warning', 'no way leads from the stage to an outcome', 'b'),
	('warning', 'no way leads from the stage to an outcome', 'c'),
	('warning', 'rows may end in the stage, and it has no outcome', 'd'),
	('warning', 'no way leads out of the stage, and it has no outcome', 'stuck'),
	('warning', 'no way leads to the stage', 'lost')$$, '45: circles, traps, ends and stages out of reach are found');
CREATE TABLE odd (id int, stage text, size int);
SELECT lifecycle.attach('odd', 'odd');
SELECT results_eq($$SELECT severity, problem, subject FROM lifecycle.check_lifecycle('odd') WHERE severity <> 'warning'$$,
	$$VALUES ('notice', 'reasons have no column', 'public.odd: won')$$, '45: reasons without a column are noticed');
ALTER TABLE odd DROP COLUMN size;
SELECT results_eq($$SELECT severity, problem, subject FROM lifecycle.check_lifecycle('odd') WHERE severity = 'error'$$, $$VALUES
	('error', 'rule does not fit the table', 'public.odd: column "size" does not exist: guard [size > 1] of the move from "b" to "c" in lifecycle "odd"'),
	('error', 'rule does not fit the table', 'public.odd: stage "won" requires the column "size", which table "odd" does not have')$$,
	'45: each guard and each column that does not fit is found');
SELECT results_eq($$SELECT severity, problem, subject FROM lifecycle.diagram_flaws(E'stateDiagram-v2\n[*] --> site\nnote right of site\noutside: yes\nend note')$$, $$VALUES
	('error', 'no row can begin', NULL), ('warning', 'no stage has an outcome', NULL)$$,
	'45: no entry, no outcome');
SELECT lifecycle.create_lifecycle('lamed', E'stateDiagram-v2\n[*] --> a\na --> b : go [qty > 0]') \g /dev/null
CREATE TABLE lamed (id int, qty int, stage text);
SELECT lifecycle.attach('lamed', 'lamed') \g /dev/null
ALTER TABLE lamed DROP COLUMN stage;
SELECT results_eq($$SELECT subject FROM lifecycle.check_lifecycle('lamed') WHERE severity = 'error'$$, ARRAY['public.lamed: the attachment of table "lamed" is damaged'],
	'45: a table that lost its stage column is named once');
DROP TABLE lamed;
SELECT throws_ok($$SELECT lifecycle.check_lifecycle('none')$$, '42704', NULL, '45: a lifecycle that does not exist has no flaws');
-- What a stage column cannot hold.
CREATE DOMAIN short_word AS text CHECK (length(VALUE) < 6);
CREATE TABLE narrow (id int PRIMARY KEY, stage varchar(5));
CREATE TABLE fixed (id int PRIMARY KEY, stage char(5));
CREATE TABLE checked (id int PRIMARY KEY, "Stage of it" short_word);
CREATE TYPE short_stage AS ENUM ('1', '2');
CREATE TABLE enumerated (id int PRIMARY KEY, stage short_stage);
CREATE TABLE counted (id int PRIMARY KEY, stage int);
CREATE TABLE keyed (id int PRIMARY KEY, stage uuid);
CREATE FUNCTION chain(VARIADIC labels text[]) RETURNS text LANGUAGE sql AS $$
	SELECT E'stateDiagram-v2\n[*] --> s1' || string_agg(CASE WHEN n > 1 THEN format(E'\ns%s --> s%s', n - 1, n) ELSE '' END, '' ORDER BY n)
		|| string_agg(format(E'\nnote right of s%s\nlabel: %s\nend note', n, l), '' ORDER BY n)
	FROM unnest(labels) WITH ORDINALITY x (l, n) $$;
CREATE FUNCTION both_words(lifecycle text, VARIADIC labels text[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT words(format('SELECT lifecycle.alter_lifecycle(%L, %L, dry_run => %L)', lifecycle, chain(VARIADIC labels), dry)), ' AND ')
	FROM unnest('{true,false}'::boolean[]) dry $$;
SELECT lifecycle.create_lifecycle('fit', chain('1', '2'));
SELECT lifecycle.attach('narrow', 'fit');
INSERT INTO narrow VALUES (1, '1');
SELECT is(both_words('fit', '1', '2', 'toolong'), '22023 | column "stage" of table public.narrow cannot hold "toolong" | It would hold "toolo". | Alter its type first.',
	'45: a stage that is too long for a varchar is not added, nor in a dry run');
SELECT is(both_words('fit', '1', 'toolong'), '22023 | column "stage" of table public.narrow cannot hold "toolong" | It would hold "toolo". | Alter its type first.',
	'45: nor is a stage called so');
SELECT is(words($$SELECT lifecycle.alter_lifecycle('fit', E'stateDiagram-v2\n[*] --> s1\nnote right of s1\nlabel: toolong\nformerly: 1\nend note', true)$$),
	'22023 | column "stage" of table public.narrow cannot hold "toolong" | It would hold "toolo". | Alter its type first.', '45: nor where it says what it was called formerly');
SELECT lifecycle.detach('narrow');
SELECT lifecycle.attach('fixed', 'fit');
SELECT is(both_words('fit', '1', '2', 'toolong'), '22023 | column "stage" of table public.fixed cannot hold "toolong" | It would hold "toolo". | Alter its type first.', '45: a char');
SELECT lifecycle.detach('fixed');
SELECT lifecycle.attach('checked', 'fit', stage_column => 'Stage of it');
SELECT is(both_words('fit', '1', '2', 'toolong'), '22023 | column "Stage of it" of table public.checked cannot hold "toolong" | '
	'value for domain public.short_word violates check constraint "short_word_check" | Alter its type first.', '45: a domain');
SELECT lifecycle.detach('checked');
SELECT lifecycle.attach('counted', 'fit');
SELECT is(both_words('fit', '1', '2', 'three'), '22023 | column "stage" of table public.counted cannot hold "three" | invalid input syntax for type integer: "three" | Alter its type first.',
	'45: a number');
SELECT is(both_words('fit', '1', '2', '03'), '22023 | column "stage" of table public.counted cannot hold "03" | It would hold "3". | Alter its type first.', '45: one that is written otherwise');
SELECT is(both_words('fit', '1', '2', '3'), 'passed', '45: what fits is added');
SELECT lifecycle.attach('enumerated', 'fit');
SELECT is(both_words('fit', '1', '2', '3', '4'), 'passed', '45: an enum follows');
SELECT lifecycle.detach('enumerated');
SELECT lifecycle.detach('counted');
SELECT lifecycle.create_lifecycle('keys', chain('b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'));
SELECT lifecycle.attach('keyed', 'keys');
SELECT is(both_words('keys', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'done'), '22023 | column "stage" of table public.keyed cannot hold "done" | '
	'invalid input syntax for type uuid: "done" | Alter its type first.', '45: a uuid');
-- Rows that name their lifecycle: only tables that have such rows are asked.
CREATE TABLE several (id int PRIMARY KEY, kind text, stage int);
SELECT lifecycle.attach('several', lifecycle_column => 'kind');
SELECT is(both_words('fit', '1', '2', '3', '4', 'five'), 'passed', '45: a table whose rows do not name the lifecycle does not mind');
INSERT INTO several VALUES (1, 'fit', 1);
SELECT is(both_words('fit', '1', '2', '3', '4', 'five', 'six'), '22023 | column "stage" of table public.several cannot hold "six" | invalid input syntax for type integer: "six" | Alter its type first.',
	'45: but one whose rows do');
SELECT is(both_words('fit', '1', '2', '3', 'five'), 'passed', '45: what did not fit before is no obstacle');
SELECT results_eq($$SELECT severity, problem, subject FROM lifecycle.check_lifecycle('fit') WHERE severity = 'error'$$,
	$$VALUES ('error', 'stage does not fit the column', 'public.several: column "stage" cannot hold "five": invalid input syntax for type integer: "five"')$$, '45: but it is found');
DROP TABLE several;
SELECT is_empty($$SELECT * FROM lifecycle.check_lifecycle('fit') WHERE severity = 'error'$$, '45: and nothing that fits is');
-- A domain with words of its own, or that needs to be written from elsewhere.
CREATE FUNCTION pg_temp_words() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$;
CREATE FUNCTION well_spoken(word text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	IF word = 'foul' THEN RAISE EXCEPTION 'no such words'; END IF;
	IF word = 'lost' THEN RETURN pg_temp_words() IS NOT NULL; END IF;
	RETURN true;
END $$;
CREATE DOMAIN spoken AS text CHECK (well_spoken(VALUE));
CREATE TABLE speech (id int PRIMARY KEY, stage spoken);
SELECT lifecycle.create_lifecycle('talk', chain('a'));
SELECT lifecycle.attach('speech', 'talk');
SELECT is(both_words('talk', 'a', 'foul'), '22023 | column "stage" of table public.speech cannot hold "foul" | no such words | Alter its type first.', '45: a domain with words of its own');
SELECT is(both_words('talk', 'a', 'lost'), 'passed', '45: a domain that cannot tell from here');
-- The table of another: asked as that owner, who says no more than is in the catalogs.
CREATE SCHEMA kept AUTHORIZATION alter_other;
SET ROLE alter_other;
CREATE FUNCTION kept.asked(word text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
	IF word = 'who' THEN RAISE EXCEPTION 'asked as %', current_user; END IF;
	RETURN true;
END $$;
CREATE DOMAIN kept.word AS varchar(5) CHECK (kept.asked(VALUE));
CREATE TABLE kept.secret (id int PRIMARY KEY, stage kept.word);
SET ROLE alter_owner;
SELECT lifecycle.create_lifecycle('own', chain('a'));
SET ROLE alter_other;
SELECT lifecycle.attach('kept.secret', 'own');
SET ROLE alter_owner;
SELECT is(both_words('own', 'a', 'who'), '22023 | column "stage" of table kept.secret cannot hold "who" | Its type is kept.word. | '
	'Its owner alter_other can alter its type; or give the stage another label.', '45: a table of another''s');
SELECT is(both_words('own', 'a', 'so'), 'passed', '45: nor is any right needed for it');
SELECT throws_ok($$SELECT * FROM lifecycle.unfit_stages('fit')$$, '42501', NULL, '45: nobody asks about lifecycles of others');
SET ROLE alter_other;
DROP TABLE kept.secret;
CREATE TABLE kept.secret (id int PRIMARY KEY, stage varchar(1));
SELECT lifecycle.attach('kept.secret', 'own');
SET ROLE alter_owner;
SELECT results_eq($$SELECT problem, subject, hint FROM lifecycle.check_lifecycle('own') WHERE severity = 'error'$$,
	$$VALUES ('stage does not fit the column', 'kept.secret: column "stage" cannot hold "so"', 'Its owner alter_other can alter its type; or give the stage another label.')$$,
	'45: which is found without its reason');
RESET ROLE;
SELECT results_eq($$SELECT subject, hint FROM lifecycle.check_lifecycle('own') WHERE severity = 'error'$$,
	$$VALUES ('kept.secret: column "stage" cannot hold "so": It would hold "s".', 'Alter the type of the column, or give the stage another label.')$$, '45: and with it by whoever may know');
-- What an older server took for an expression.
ALTER TABLE lifecycle.lifecycle DISABLE TRIGGER guard_rows;
UPDATE lifecycle.lifecycle SET diagram = replace(diagram, 'new --> done', 'new --> done : [select]') WHERE name = 'north';
ALTER TABLE lifecycle.lifecycle ENABLE ALWAYS TRIGGER guard_rows;
DELETE FROM work;
SELECT is((SELECT problem || ' ' || subject FROM lifecycle.check_lifecycle('north') WHERE severity = 'error'), 'guard is no expression [select]: syntax error at or near "select"',
	'45: a guard that no longer parses is found without a table');

SELECT * FROM finish();
DROP OWNED BY alter_owner, alter_other;
DROP ROLE alter_owner, alter_other;
