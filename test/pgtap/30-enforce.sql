-- What enforcement promises, in words: legal moves only, entries only at entry stages, and the journey
-- in the row, whatever way the row is written.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();

\ir common/refusals.sql

SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	state "Discovery" as discovery {
		lead
		mql
	}
	[*] --> lead
	lead --> mql : qualify
	mql --> sql : accept
	sql --> opp
	opp --> won
	opp --> lost
	discovery --> lost : drop
	lost --> opp : recycle
	won --> [*]
$$);

CREATE TABLE deals (id int PRIMARY KEY, stage text, amount numeric);
INSERT INTO deals VALUES (1, 'lead'), (2, 'opp');
SELECT lifecycle.attach('deals', 'deal');

-- Attaching a filled table
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ' ORDER BY id) FROM deals), 'lead opp',
	'rows that were there begin their journey in the stage they are in');
SELECT is((SELECT bool_and(lifecycle.started_at(journey) = now()) FROM deals), true,
	'and begin it now');

-- Moves
SELECT lives_ok($$UPDATE deals SET stage = 'mql' WHERE id = 1$$, 'a legal move is made');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead>mql', 'and written into the journey');
SELECT is(words($$UPDATE deals SET stage = 'won' WHERE id = 1$$),
	E'illegal move from "mql" to "won" in lifecycle "deal"\n'
	'From "mql" the legal moves are: sql, lost.\n'
	'The row is (id)=(1).\n'
	'The shortest legal way is mql > sql > opp > won.',
	'an illegal move is refused, with what would be legal and the way there');
SELECT is(fields($$UPDATE deals SET stage = 'won' WHERE id = 1$$), '23514 deals stage deal_move',
	'the refusal names table, column and constraint');
SELECT is(words($$UPDATE deals SET stage = 'nowhere' WHERE id = 1$$),
	E'illegal move from "mql" to "nowhere" in lifecycle "deal"\n'
	'Lifecycle "deal" has no stage "nowhere".\n'
	'The row is (id)=(1).\n'
	'Its stages are: lead, mql, sql, opp, won, lost. To rename a stage: CALL lifecycle.rename_stage(''deal'', ''mql'', ''nowhere'');',
	'a stage that is not in the diagram is refused');
SELECT is(fields($$UPDATE deals SET stage = NULL WHERE id = 1$$), '23502 deals stage', 'and so is none at all');
SELECT lives_ok($$UPDATE deals SET stage = 'won' WHERE id = 2$$, 'a move to a final stage is made');
SELECT is(words($$UPDATE deals SET stage = 'opp' WHERE id = 2$$),
	E'illegal move from "won" to "opp" in lifecycle "deal"\n'
	'From "won" there is no legal move: it is final.\n'
	'The row is (id)=(2).\n'
	'No legal way leads there.',
	'and there is none out of it');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead>mql', 'refused moves leave no trace');

-- 9. Setting the stage to itself
SELECT lives_ok($$UPDATE deals SET stage = stage, amount = 5$$, '9: setting the stage to itself is no move');
SELECT is((SELECT sum(lifecycle.step_count(journey)) FROM deals), 4::bigint, '9: and leaves no step');

-- 18. Several moves in one transaction
UPDATE deals SET stage = 'sql' WHERE id = 1;
UPDATE deals SET stage = 'opp' WHERE id = 1;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead>mql>sql>opp',
	'18: moves of one transaction share their instant and keep their order');
SELECT is((SELECT array_agg(DISTINCT dwell) FROM deals, lifecycle.steps(journey) WHERE id = 1 AND left_at IS NOT NULL),
	'{00:00:00}', '18: so that it stayed in the stages between for no time');

-- 19. Savepoints
SAVEPOINT s;
UPDATE deals SET stage = 'lost' WHERE id = 1;
ROLLBACK TO s;
UPDATE deals SET stage = 'won' WHERE id = 1;
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 1), 'lead>mql>sql>opp>won',
	'19: a move that was rolled back is not in the journey');

-- 10 to 13. Inserts
SELECT lives_ok($$INSERT INTO deals VALUES (3, 'lead')$$, 'a row may begin at an entry stage');
SELECT is(words($$INSERT INTO deals VALUES (4, 'opp')$$),
	E'illegal entry at "opp" in lifecycle "deal"\n'
	'The entry stages are: lead.\n'
	'The row is (id)=(4).\n'
	'Insert the row at "lead" and move it from there: lead > lost > opp.',
	'13: a row may not begin elsewhere');
SELECT is(fields($$INSERT INTO deals VALUES (4, 'opp')$$), '23514 deals stage deal_entry', '13: with the fields set');
SELECT is(fields($$INSERT INTO deals VALUES (4, NULL)$$), '23502 deals stage', '13: nor at no stage');
SELECT lives_ok($$INSERT INTO deals VALUES (3, 'mql') ON CONFLICT (id) DO UPDATE SET stage = EXCLUDED.stage$$,
	'10: an upsert that becomes a legal move is made');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 3), 'lead>mql', '10: and continues the journey');
SELECT is(fields($$INSERT INTO deals VALUES (4, 'mql') ON CONFLICT (id) DO UPDATE SET stage = EXCLUDED.stage$$),
	'23514 deals stage deal_entry', '10: one that becomes a new row is not');
SELECT lives_ok($$INSERT INTO deals VALUES (3, 'won') ON CONFLICT DO NOTHING$$, '11: an upsert that does nothing does nothing');
SELECT lives_ok($$INSERT INTO deals VALUES (3, 'sql') ON CONFLICT (id)
	DO UPDATE SET (stage, journey) = (EXCLUDED.stage, EXCLUDED.journey)$$, '12: an upsert may set the journey too');
SELECT lives_ok($$INSERT INTO deals VALUES (3, 'sql') ON CONFLICT (id)
	DO UPDATE SET (stage, journey) = (EXCLUDED.stage, EXCLUDED.journey)$$, '12: even where the stage stays');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 3), 'lead>mql>sql', '12: and the stored one continues');
SELECT is(fields($$INSERT INTO deals (id, stage, journey) VALUES (5, 'mql', '{lead@2026-01-01,sql@2026-01-02}')$$),
	'23514 deals stage journey_immutable', '13: a journey that is brought must end in the stage');
SELECT is(fields($$INSERT INTO deals (id, stage, journey) VALUES (5, 'mql', lifecycle.journey('mql', now() + '1 day'))$$),
	'23514 deals stage journey_immutable', '13: and not in the future');
SELECT is(fields($$INSERT INTO deals (id, stage, journey) VALUES (5, 'mql', '{lead@2026-01-01,odd@2026-01-01,mql@2026-01-02}')$$),
	'23514 deals stage deal_entry', '13: nor hold a stage that does not exist');
SELECT is(fields($$INSERT INTO deals (id, stage, journey) VALUES (5, 'mql', '{sql@2026-01-01,mql@2026-01-02}')$$),
	'23514 deals stage deal_entry', '13: nor begin where no row may begin');
SELECT lives_ok($$INSERT INTO deals (id, stage, journey) VALUES (5, 'mql', '{lead@2026-01-01,mql@2026-01-02}')$$,
	'13: the owner may import one that could have been kept here');

-- 14, 15. Forged history
SELECT lives_ok($$UPDATE deals SET stage = 'sql', journey = '{lead@2020-01-01}' WHERE id = 5$$,
	'14: a stale journey written back with a legal move does no harm');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 5), 'lead>mql>sql', '14: the stored one got its step');
SELECT is(fields($$UPDATE deals SET journey = '{lead@2020-01-01,sql@2020-01-02}' WHERE id = 5$$),
	'23514 deals stage journey_immutable', '15: a journey cannot be changed by hand');
SELECT lives_ok($$UPDATE deals SET amount = 6, journey = '{lead@2026-01-01,mql@2026-01-02}' WHERE id = 5$$,
	'14: one from before the last move, written back without a move, does no harm');
SELECT lives_ok($$UPDATE deals SET amount = 7, journey = NULL WHERE id = 5$$, '14: nor does none');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 5), 'lead>mql>sql', '14: the stored one stays');

-- 17. Instants never run backwards: the stored journey is ahead of this transaction's now()
SELECT lives_ok($$INSERT INTO deals (id, stage, journey)
	VALUES (6, 'mql', lifecycle.journey('lead', now()) OPERATOR(lifecycle.||) lifecycle.journey('mql', clock_timestamp()))$$, 'a journey ahead of now()');
UPDATE deals SET stage = 'sql' WHERE id = 6;
SELECT is((SELECT lifecycle.entered_at(journey, 'sql') - lifecycle.entered_at(journey, 'mql') FROM deals WHERE id = 6),
	'0'::interval, '17: the instant of a move is never before the last one');

-- 1, 2. Other triggers
CREATE FUNCTION auto_win() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.amount > 1000 THEN NEW.stage := 'won'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER auto_win BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION auto_win();
SELECT is(fields($$UPDATE deals SET amount = 2000 WHERE id = 5$$), '23514 deals stage deal_move',
	'1: a move that another trigger makes is judged');
ALTER TRIGGER auto_win ON deals RENAME TO zz_auto_win;
SELECT is(fields($$UPDATE deals SET amount = 2000 WHERE id = 5$$), '23514 deals stage deal_move',
	'2: ours fires last, also behind names that sort late');
DROP TRIGGER zz_auto_win ON deals;
CREATE TRIGGER "~~~" BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION auto_win();
SELECT is(fields($$UPDATE deals SET amount = 2000 WHERE id = 5$$), '23514 deals lifecycle_stage_check',
	'2: a move made behind our trigger is caught by the CHECK');
DROP TRIGGER "~~~" ON deals;

-- 3, 4. Where no trigger fires, the CHECK stands
SET LOCAL session_replication_role = replica;
SELECT is(fields($$UPDATE deals SET stage = 'won' WHERE id = 5$$), '23514 deals lifecycle_stage_check',
	'3: a replica''s stage must agree with its journey');
SELECT is(fields($$INSERT INTO deals VALUES (50, 'lead')$$), '23514 deals lifecycle_stage_check', '3: and it must have one');
SET LOCAL session_replication_role = origin;
SELECT is(fields($$ALTER TABLE deals ALTER COLUMN stage TYPE text USING 'won'$$),
	'23514 deals lifecycle_stage_check', '4: a rewrite that disagrees with the journeys is refused');
CREATE TYPE deal_stage AS ENUM ('won', 'opp', 'lost', 'sql', 'mql', 'lead');
SELECT lives_ok($$ALTER TABLE deals ALTER COLUMN stage TYPE deal_stage USING stage::deal_stage$$,
	'4, 29: one that agrees is made, as migration tools do it');
SELECT is(fields($$UPDATE deals SET stage = 'won' WHERE id = 5$$), '23514 deals stage deal_move',
	'4, 29: and rows are judged as before');
ALTER TABLE deals ALTER COLUMN stage TYPE varchar(30) USING stage::text;

-- 8. COPY, MERGE and INSERT ... SELECT
SELECT is(fields($$INSERT INTO deals SELECT g, 'sql' FROM generate_series(100, 110) g$$),
	'23514 deals stage deal_entry', '8: INSERT ... SELECT is judged row by row');
SELECT is(fields($$INSERT INTO deals SELECT g, CASE g WHEN 105 THEN 'sql' ELSE 'lead' END FROM generate_series(100, 110) g$$),
	'23514 deals stage deal_entry', '8: one among many is enough');
SELECT is(fields($$MERGE INTO deals d USING (VALUES (5, 'lead')) v (id, stage) ON d.id = v.id
	WHEN MATCHED THEN UPDATE SET stage = v.stage$$), '23514 deals stage deal_move', '8: and so is MERGE');
SELECT lives_ok($$MERGE INTO deals d USING (VALUES (5, 'opp'), (7, 'lead')) v (id, stage) ON d.id = v.id
	WHEN MATCHED THEN UPDATE SET stage = v.stage WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.stage)$$,
	'8: whose legal rows pass');
COPY deals (id, stage) FROM stdin;
200	lead
201	lead
\.
SELECT is((SELECT string_agg(lifecycle.path(journey), ' ') FROM deals WHERE id >= 200), 'lead lead', '8: COPY begins journeys too');

-- 5. Inheritance
CREATE TABLE parent (id int, stage text);
CREATE TABLE child () INHERITS (parent);
SELECT throws_ok($$SELECT lifecycle.attach('parent', 'deal')$$, '42809', NULL, '5: parents by inheritance cannot be attached');
CREATE TABLE later (id int, stage text);
SELECT lifecycle.attach('later', 'deal');
CREATE TABLE heir () INHERITS (later);
SELECT lives_ok($$SELECT lifecycle.detach('later')$$, '5: one that became a parent afterwards can be detached');

-- 23. One row hit twice in a statement
SELECT lives_ok($$UPDATE deals SET stage = 'mql' FROM (VALUES (200), (200)) twice (id) WHERE deals.id = twice.id$$,
	'23: a row that a statement hits twice moves once');
SELECT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 200), 'lead>mql', '23: and has one step');

-- 21. A trigger that fires before ours changes the rules in the midst of a statement
SELECT lifecycle.create_lifecycle('midst', E'stateDiagram-v2\n[*] --> a\na --> b');
CREATE TABLE midst (id int, stage text);
SELECT lifecycle.attach('midst', 'midst');
INSERT INTO midst VALUES (1, 'a'), (2, 'a'), (3, 'a'), (4, 'a');
CREATE FUNCTION change_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE lifecycle.lifecycle SET diagram = E'stateDiagram-v2\n[*] --> a\na --> c\nc --> b' WHERE name = 'midst' AND NEW.id = 2;
	RETURN NEW;
END $$;
CREATE TRIGGER change_rules BEFORE UPDATE ON midst FOR EACH ROW EXECUTE FUNCTION change_rules();
SELECT lives_ok($$UPDATE midst SET stage = 'b' WHERE id < 4$$, '21: a statement judges all its rows by the rules that it began with');
SELECT is(fields($$UPDATE midst SET stage = 'b' WHERE id = 4$$), '23514 midst stage midst_move', '21: and the next by the new ones');

-- 6. A trigger that the table's owner has disabled: the other one stands alone
CREATE TABLE half (id int, stage text);
SELECT lifecycle.attach('half', 'deal');
ALTER TABLE half DISABLE TRIGGER "~lifecycle_stage_move";
SELECT throws_ok($$INSERT INTO half VALUES (1, 'nowhere', '{nowhere@2026-01-01}')$$, '23514',
	'illegal entry at "nowhere" in lifecycle "deal"', '6: half disabled, a row in a stage that does not exist');
SELECT throws_ok($$INSERT INTO half VALUES (1, 'lead', '{nowhere@2026-01-01,lead@2026-01-02}')$$, '23514',
	'illegal entry at "nowhere" in lifecycle "deal"', '6: or that came from one');

SELECT * FROM finish();
ROLLBACK;
