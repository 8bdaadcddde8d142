-- What user interfaces ask: the same judgement, with nothing written.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();
SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead
	lead --> sql : fast [score > 90] / call
	lead --> sql : accept [score > 50]
	lead --> lost : drop
	sql --> won
	won --> [*]
	note right of sql
		requires: email
		entry: amount > 0
	end note
	note right of lost
		reasons: price
	end note
$$);
CREATE TYPE stage AS ENUM ('lead', 'sql', 'won', 'lost');
CREATE TABLE deals (id int, gone int, stage stage, score int, email text, amount numeric, why text);
ALTER TABLE deals DROP COLUMN gone;
SELECT lifecycle.attach('deals', 'deal', reason_column => 'why');
INSERT INTO deals VALUES (1, 'lead', 60, 'a@b', 5);
INSERT INTO deals VALUES (2, 'lead', 10);
ALTER TABLE deals ADD COLUMN later int DEFAULT 3;

SELECT results_eq($$SELECT lifecycle.can(d, 'sql') FROM deals d ORDER BY id$$, ARRAY[true, false], 'can() judges the row that it gets');
SELECT is(lifecycle.can(d, 'won'), false, 'a move that is not drawn is not allowed') FROM deals d WHERE id = 1;
SELECT is(lifecycle.can(d, 'lead'), true, 'staying is') FROM deals d WHERE id = 1;
SELECT is(lifecycle.can(d, 'nowhere'), false, 'a stage that does not exist is not') FROM deals d WHERE id = 1;
SELECT is(lifecycle.can(d, NULL), NULL, 'NULL is not known') FROM deals d WHERE id = 1;
SELECT is(lifecycle.can(jsonb_populate_record(d, '{"score": 99, "email": "x", "amount": 1}'), 'sql'), true, 'what if')
	FROM deals d WHERE id = 2;
SELECT results_eq($$SELECT check_name || ' ' || passed || ' ' || message FROM deals d, lifecycle.explain_move(d, 'sql') WHERE id = 2$$,
	ARRAY['move true The move from "lead" to "sql" is drawn.',
		'guard false Move "fast" [score > 90] is not satisfied.',
		'guard false Move "accept" [score > 50] is not satisfied.',
		'guard false The entry guard of stage "sql" [amount > 0] is not satisfied.',
		'requires false Stage "sql" requires email, which is NULL.'], 'explain_move() tells all that stands in the way');
SELECT results_eq($$SELECT check_name || ' ' || passed || ' ' || message FROM deals d, lifecycle.explain_move(d, 'sql') WHERE id = 1$$,
	ARRAY['move true The move from "lead" to "sql" is drawn.',
		'guard true Move "accept" [score > 50] is satisfied.',
		'guard true The entry guard of stage "sql" [amount > 0] is satisfied.',
		'requires true The columns that stage "sql" requires are there: email.'], 'and all that does not');
SELECT results_eq($$SELECT message FROM deals d, lifecycle.explain_move(d, 'won') WHERE id = 1$$,
	ARRAY['From "lead" the legal moves are: sql, lost.'], 'for a move that is not drawn, what is');
SELECT results_eq($$SELECT id || ' ' || concat_ws(' ', n.stage, event, action, allowed, blocked_by) FROM deals d, lifecycle.next_stages(d) n ORDER BY id, n.stage$$,
	ARRAY['1 lost drop f {"Stage \"lost\" needs a reason, one of: price."}', '1 sql accept t {}', '2 lost drop f {"Stage \"lost\" needs a reason, one of: price."}',
		'2 sql fast call f {"Move \"fast\" [score > 90] is not satisfied.","Move \"accept\" [score > 50] is not satisfied.","The entry guard of stage \"sql\" [amount > 0] is not satisfied.","Stage \"sql\" requires email, which is NULL."}'],
	'next_stages() offers each stage once, with what blocks it');
UPDATE deals SET stage = 'sql' WHERE id = 1;
UPDATE deals SET stage = 'won' WHERE id = 1;
SELECT is_empty($$SELECT * FROM deals d, lifecycle.next_stages(d) WHERE id = 1$$, 'a final stage offers nothing');
SELECT is((SELECT sum(lifecycle.step_count(journey)) FROM deals), 4::bigint, 'asking moves nothing');
SELECT throws_ok($$SELECT lifecycle.can(x, 'won') FROM (SELECT 1 AS id, 'lead' AS stage) x$$, '42804', NULL, 'a row must be a table''s');
SELECT throws_ok($$SELECT lifecycle.can(3, 'won')$$, '42804', 'a value of type integer is not a row of an attached table', 'and a row at all');
CREATE TABLE loose (stage text);
INSERT INTO loose VALUES ('lead');
SELECT throws_ok($$SELECT lifecycle.can(l, 'won') FROM loose l$$, '42804', 'a row of "loose" is not a row of an attached table', 'that is attached');
ALTER TABLE deals ADD COLUMN billing text;
UPDATE deals SET billing = 'lead';
SELECT lifecycle.attach('deals', 'deal', stage_column => 'billing', journey_column => 'billing_journey');
SELECT throws_ok($$SELECT lifecycle.can(d, 'won') FROM deals d$$, '42P08', 'several lifecycles are attached to table "deals"', 'of two one must be named');
SELECT is(lifecycle.can(d, 'won', stage_column => 'billing'), false, 'and is') FROM deals d WHERE id = 1;

SELECT * FROM finish();
ROLLBACK;
