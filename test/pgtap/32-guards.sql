-- Guards, required columns and reasons: what else a drawn move has to pass.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();

\ir common/refusals.sql
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN state IS NULL THEN 'accepted' ELSE concat_ws(E'\n', message, detail, con) END FROM caught(statement)
$$;
-- Defines, attaches and drops a lifecycle whose only move has this guard.
CREATE FUNCTION guarded(guard text, columns text DEFAULT 'amount numeric') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM lifecycle.create_lifecycle('guarded', format(E'stateDiagram-v2\n[*] --> a\na --> b : go [%s]', guard));
	EXECUTE format('CREATE TABLE guarded (stage text, %s)', columns);
	PERFORM lifecycle.attach('guarded', 'guarded');
	DROP TABLE guarded;
	PERFORM lifecycle.drop_lifecycle('guarded');
	RETURN 'accepted';
END $$;

SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead : capture [email LIKE '%@%' OR email IS NULL]
	lead --> sql : fast [score >= 90] / call
	lead --> sql : accept [score >= 50 AND amount > old.amount]
	sql --> won : sign
	sql --> lost : decline
	lead --> lost
	note right of sql
		requires: email, company
		entry: amount > 0
		exit: owner <> ''
	end note
	note right of won
		entry: (new).amount >= 100 AND tags[1] = 'x]y' AND email !~ 'a/b'
	end note
	note right of lost
		reasons: price, no budget
	end note
$$);
CREATE TABLE deals (id int PRIMARY KEY, stage text, email text, company text, score int, amount numeric,
	owner text, tags text[], why text);
SELECT lifecycle.attach('deals', 'deal', reason_column => 'why');

-- Entries
SELECT is(refusal($$INSERT INTO deals (id, stage, email) VALUES (1, 'lead', 'nobody')$$),
	E'entry at "lead" refused in lifecycle "deal"\n'
	'Entry "capture" [email LIKE ''%@%'' OR email IS NULL] is not satisfied.\n'
	'The row is (id)=(1).\ndeal_guard', 'an entry has its guard');
SELECT lives_ok($$INSERT INTO deals (id, stage, amount) VALUES (1, 'lead', 10)$$, 'which may be satisfied');

-- All failures at once
SELECT is(refusal($$UPDATE deals SET stage = 'sql', amount = -1 WHERE id = 1$$),
	E'move from "lead" to "sql" refused in lifecycle "deal"\n'
	'Move "fast" [score >= 90] is not satisfied.\n'
	'Move "accept" [score >= 50 AND amount > old.amount] is not satisfied.\n'
	'The entry guard of stage "sql" [amount > 0] is not satisfied.\n'
	'Stage "sql" requires email, company, which are NULL.\n'
	'The row is (id)=(1).\ndeal_guard', 'everything in the way is said at once; NULL is not satisfied');
SELECT is(refusal($$UPDATE deals SET stage = 'sql', score = 60, email = 'a@b' WHERE id = 1$$),
	E'move from "lead" to "sql" refused in lifecycle "deal"\n'
	'Move "fast" [score >= 90] is not satisfied.\n'
	'Move "accept" [score >= 50 AND amount > old.amount] is not satisfied.\n'
	'Stage "sql" requires company, which is NULL.\n'
	'The row is (id)=(1).\ndeal_guard', 'old.column is the row before the move');
SELECT lives_ok($$UPDATE deals SET stage = 'sql', score = 60, email = 'a@b', company = 'c', amount = 11 WHERE id = 1$$,
	'of two moves one is enough');
SELECT is(refusal($$UPDATE deals SET stage = 'won' WHERE id = 1$$),
	E'move from "sql" to "won" refused in lifecycle "deal"\n'
	'The exit guard of stage "sql" [owner <> ''''] is not satisfied.\n'
	'The entry guard of stage "won" [(new).amount >= 100 AND tags[1] = ''x]y'' AND email !~ ''a/b''] is not satisfied.\n'
	'The row is (id)=(1).\ndeal_guard',
	'a stage''s exit and another''s entry');
SELECT lives_ok($$UPDATE deals SET stage = 'won', owner = 'me', amount = 100, tags = '{x]y}' WHERE id = 1$$,
	'brackets and slashes in strings are the guard''s own');

-- Reasons
INSERT INTO deals (id, stage) VALUES (2, 'lead'), (3, 'lead'), (4, 'lead'), (5, 'lead');
SELECT is(refusal($$UPDATE deals SET stage = 'lost' WHERE id = 2$$),
	E'move from "lead" to "lost" refused in lifecycle "deal"\n'
	'Stage "lost" needs a reason, one of: price, "no budget".\n'
	'The row is (id)=(2).\ndeal_reason', 'a stage may ask for a reason');
SELECT is(refusal($$UPDATE deals SET stage = 'lost', why = 'whim' WHERE id = 2$$),
	E'move from "lead" to "lost" refused in lifecycle "deal"\n'
	'"whim" is not a reason of stage "lost", which are: price, "no budget".\n'
	'The row is (id)=(2).\ndeal_reason', 'and only for its own');
SELECT lives_ok($$UPDATE deals SET stage = 'lost', why = (ARRAY['price', 'no budget'])[id - 1] WHERE id IN (2, 3)$$,
	'each row of a bulk update brings its own');
SELECT lifecycle.set_context(reason => 'price');
SELECT lives_ok($$UPDATE deals SET stage = 'lost' WHERE id = 4$$, 'or the transaction has one');
SELECT lifecycle.set_context();
SELECT is(refusal($$UPDATE deals SET stage = 'lost' WHERE id = 5$$),
	E'move from "lead" to "lost" refused in lifecycle "deal"\n'
	'Stage "lost" needs a reason, one of: price, "no budget".\n'
	'The row is (id)=(5).\ndeal_reason', 'until it is taken back');

-- What is no guard
SELECT is(refusal($$SELECT guarded('amount > 0 FROM pg_class')$$), 'a guard must be exactly one expression', 'no FROM');
SELECT is(refusal($$SELECT guarded('true LIMIT 1')$$), 'a guard must be exactly one expression', 'no LIMIT');
SELECT is(refusal($$SELECT guarded('true, false')$$), 'a guard must be exactly one expression', 'no list');
SELECT is(refusal($$SELECT guarded('true AS x')$$), 'a guard must be exactly one expression', 'no name');
SELECT is(refusal($$SELECT guarded('*')$$), 'a guard must be exactly one expression', 'no star, which is all of a SELECT''s columns');
SELECT is(refusal($$SELECT guarded('true UNION SELECT false')$$), 'syntax error at or near "UNION"', 'no UNION');
SELECT is(refusal($$SELECT guarded('EXISTS (SELECT 1)')$$), 'a guard cannot contain a sub-select', '20: no sub-select');
SELECT is(refusal($$SELECT guarded('amount > (SELECT 1)')$$), 'a guard cannot contain a sub-select', '20: nor inside');
SELECT is(refusal($$SELECT guarded('random() > 0.5')$$), 'a guard cannot call a volatile function', 'nothing volatile');
SELECT is(refusal($$SELECT guarded('ctid IS NULL')$$), 'a guard cannot use a system column', 'no system column');
SELECT is(refusal($$SELECT guarded('double > 0', 'amount numeric, double numeric GENERATED ALWAYS AS (2 * amount) STORED')$$),
	E'a guard cannot use the generated column "double"\nGenerated columns are computed after the guard has been judged.',
	'27: no generated column');
SELECT is(refusal($$SELECT guarded('new IS NOT NULL', 'amount numeric, double numeric GENERATED ALWAYS AS (2 * amount) STORED')$$),
	'a guard cannot use the whole row of a table that has generated columns', '27: nor the row that has one');
SELECT is(refusal($$SELECT guarded('old.double > 0', 'amount numeric, double numeric GENERATED ALWAYS AS (2 * amount) STORED')$$),
	'accepted', '27: the old row''s is computed already');
SELECT is(refusal($$SELECT guarded('amount')$$), 'argument of guard must be type boolean, not type numeric', 'conditions only');
SELECT is(refusal($$SELECT guarded('amuont > 0')$$), 'column "amuont" does not exist', 'columns must exist');
SELECT is(refusal($$SELECT guarded('amount >')$$), 'syntax error at end of input', 'and be written right');
SELECT is(refusal($$SELECT guarded('amount BETWEEN 1 AND 5 AND now() > ''2020-01-01''')$$), 'accepted', 'the rest is SQL');
SELECT is(refusal($$SELECT guarded('true', 'requirement int')$$), 'accepted', 'even the shortest');

-- 36. What names mean is settled when the guard is defined
CREATE SCHEMA good;
CREATE SCHEMA evil;
CREATE FUNCTION good.allowed(numeric) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1 > 10';
CREATE FUNCTION evil.allowed(numeric) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
CREATE FUNCTION evil.always(numeric, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR evil.> (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = evil.always);
SET LOCAL search_path = good, public;
SELECT lifecycle.create_lifecycle('pathed', E'stateDiagram-v2\n[*] --> a\na --> b : go [allowed(amount) AND amount > 5]');
CREATE FUNCTION good.asks(numeric) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN allowed($1); END';
SELECT lifecycle.create_lifecycle('asking_on', E'stateDiagram-v2\n[*] --> a\na --> b : go [asks(amount)]');
SET LOCAL search_path = evil, pg_catalog, public;
CREATE TABLE public.pathed (stage text, amount numeric);
SELECT lifecycle.attach('public.pathed', 'pathed');
INSERT INTO public.pathed VALUES ('a', 1);
SELECT is(refusal($$UPDATE public.pathed SET stage = 'b'$$),
	E'move from "a" to "b" refused in lifecycle "pathed"\n'
	'Move "go" [allowed(amount) AND amount > 5] is not satisfied.\npathed_guard', '36: in the definer''s search_path, not the user''s');
SELECT lives_ok($$UPDATE public.pathed SET stage = 'b', amount = 11$$, '36: whose functions are called');
CREATE TABLE public.asking_on (stage text, amount numeric);
SELECT lifecycle.attach('public.asking_on', 'asking_on');
INSERT INTO public.asking_on VALUES ('a', 1);
SELECT matches(refusal($$UPDATE public.asking_on SET stage = 'b'$$), '^move from "a" to "b" refused', '36: and call others there');
SELECT is(current_setting('search_path'), 'evil, pg_catalog, public', '36: and which the user does not see');
RESET search_path;

-- Errors inside a guard say which
SELECT lifecycle.create_lifecycle('failing', E'stateDiagram-v2\n[*] --> a\na --> b : go [10 / amount > 1]');
CREATE TABLE failing (stage text, amount int);
SELECT lifecycle.attach('failing', 'failing');
INSERT INTO failing VALUES ('a', 0);
DO $$
DECLARE
	context text;
BEGIN
	UPDATE failing SET stage = 'b';
EXCEPTION WHEN division_by_zero THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	PERFORM set_config('test.context', split_part(context, E'\n', 1), true);
END $$;
SELECT is(current_setting('test.context', true), 'guard [10 / amount > 1] of the move from "a" to "b" in lifecycle "failing", on table "failing"',
	'an error inside a guard says which guard');

-- Functions that a guard calls may change
CREATE FUNCTION limit_of(text) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT 100.0';
SELECT lifecycle.create_lifecycle('changing', E'stateDiagram-v2\n[*] --> a\na --> b : go [amount > limit_of(stage)]');
CREATE TABLE changing (id int, stage text, amount numeric);
SELECT lifecycle.attach('changing', 'changing');
INSERT INTO changing VALUES (1, 'a', 50);
SELECT is(refusal($$UPDATE changing SET stage = 'b'$$), E'move from "a" to "b" refused in lifecycle "changing"\n'
	'Move "go" [amount > limit_of(stage)] is not satisfied.\nchanging_guard', 'a guard may call a function');
CREATE OR REPLACE FUNCTION limit_of(text) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT 10.0';
SELECT lives_ok($$UPDATE changing SET stage = 'b'$$, 'which is seen when it changes');

-- A guard whose function moves a row, so that it is evaluated in the midst of itself
CREATE FUNCTION move_second() RETURNS text LANGUAGE plpgsql VOLATILE AS $$BEGIN UPDATE nested SET stage = 'b' WHERE id = 2; RETURN ''; END$$;
CREATE FUNCTION move_other(id int) RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN RETURN CASE WHEN id = 1 THEN move_second() ELSE '' END; END$$;
SELECT lifecycle.create_lifecycle('nested', E'stateDiagram-v2\n[*] --> a\na --> b : go [who || move_other(id) = ''second'']');
CREATE TABLE nested (id int, who text, stage text);
SELECT lifecycle.attach('nested', 'nested');
INSERT INTO nested VALUES (1, 'first', 'a'), (2, 'second', 'a');
SELECT matches(refusal($$UPDATE nested SET stage = 'b' WHERE id = 1$$), '^move from "a" to "b" refused',
	'a guard within itself sees its own row');
UPDATE nested SET who = 'second' WHERE id = 1;
SELECT is(refusal($$UPDATE nested SET stage = 'b' WHERE id = 1$$), 'accepted', 'and both rows move where both may');

-- Requirements must fit the table
SELECT lifecycle.create_lifecycle('asking', E'stateDiagram-v2\n[*] --> a\na --> b\nnote right of b\nrequires: nothing_there\nend note');
CREATE TABLE asking (stage text);
SELECT is(refusal($$SELECT lifecycle.attach('asking', 'asking')$$),
	'stage "b" requires the column "nothing_there", which table "asking" does not have', 'a required column must exist');

SELECT * FROM finish();
ROLLBACK;
