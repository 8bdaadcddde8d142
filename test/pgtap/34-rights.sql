-- Who may do what: owners by name, applications with nothing but UPDATE.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();
\ir common/refusals.sql
CREATE ROLE rights_owner;
CREATE ROLE rights_app;
CREATE ROLE rights_other;
CREATE SCHEMA shop AUTHORIZATION rights_owner;
GRANT USAGE ON SCHEMA shop TO rights_app;

SET LOCAL ROLE rights_owner;
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> won : sign [amount > 0]\nlead --> lost');
CREATE TABLE shop.deals (id int PRIMARY KEY, stage text, amount numeric);
SELECT lifecycle.attach('shop.deals', 'deal');
GRANT SELECT, INSERT, UPDATE (stage) ON shop.deals TO rights_app;
SELECT is((SELECT owner FROM lifecycle.lifecycle), 'rights_owner', 'a lifecycle belongs to its definer');

SET LOCAL ROLE rights_app;
SELECT lives_ok($$INSERT INTO shop.deals (id, stage, amount) VALUES (1, 'lead', 5), (2, 'lead', 5)$$, '37: an application inserts rows');
SELECT lives_ok($$UPDATE shop.deals SET stage = 'won' WHERE id = 1$$, '15, 37: and moves them with UPDATE (stage) alone');
SELECT is((SELECT lifecycle.path(journey) FROM shop.deals WHERE id = 1), 'lead>won', '15: the journey is kept for it');
SELECT throws_ok($$INSERT INTO shop.deals (id, stage, journey) VALUES (3, 'won', '{lead@2026-01-01,won@2026-01-02}')$$,
	'23514', 'a new row cannot bring its own journey', '13: it cannot bring a journey');
SELECT throws_ok($$SELECT lifecycle.drop_lifecycle('deal')$$, '42501', 'must be owner of lifecycle "deal"', '37: nor edit rules');
SELECT throws_ok($$SELECT lifecycle.detach('shop.deals')$$, '42501', 'must be owner of table deals', '37: nor detach');
SELECT throws_ok($$DELETE FROM lifecycle.lifecycle$$, '42501', NULL, '37: nor write the table of rules');
SELECT throws_ok($$UPDATE lifecycle.lifecycle SET owner = 'rights_app'$$, '42501', NULL, '37: in any way');
SELECT throws_ok($$INSERT INTO lifecycle.transition (lifecycle, position, from_stage, to_stage) VALUES ('deal', 99, 'lost', 'won')$$,
	NULL, NULL, '37: nor through a view');
SELECT lives_ok($$INSERT INTO lifecycle.lifecycle VALUES ('planted', 'postgres', '', E'stateDiagram-v2\n[*] --> a')$$,
	'35: a lifecycle planted in another''s name');
SELECT is((SELECT owner FROM lifecycle.lifecycle WHERE name = 'planted'), 'rights_app', '35: belongs to the planter');
SELECT lives_ok($$INSERT INTO lifecycle.lifecycle VALUES ('planted', 'rights_app', '', E'stateDiagram-v2\n[*] --> a')$$,
	'30: restoring an identical row changes nothing');
SELECT throws_ok($$INSERT INTO lifecycle.lifecycle VALUES ('planted', 'rights_app', 'evil', E'stateDiagram-v2\n[*] --> a')$$,
	'42710', 'lifecycle "planted" is already defined, and differently', '30: a different one is an error');
SELECT throws_ok($$INSERT INTO lifecycle.lifecycle VALUES ('broken', 'rights_app', '', 'graph TD')$$,
	'22P02', NULL, 'and what is no diagram');
SELECT lives_ok($$SELECT lifecycle.drop_lifecycle('planted')$$, 'owners drop what is theirs');
RESET ROLE;

-- A role that was dropped: guards fail closed, and only superusers may act
SET LOCAL ROLE rights_other;
SELECT lifecycle.create_lifecycle('orphan', E'stateDiagram-v2\n[*] --> a\na --> b : go [1 = 1]\na --> c');
RESET ROLE;
CREATE TABLE orphan (stage text);
SELECT lifecycle.attach('orphan', 'orphan');
INSERT INTO orphan VALUES ('a'), ('a');
DROP ROLE rights_other;
SELECT throws_ok($$UPDATE orphan SET stage = 'b'$$, '42704',
	'the role that owns lifecycle "orphan" does not exist, so its guards cannot run', 'guards of a missing role fail closed');
SELECT lives_ok($$UPDATE orphan SET stage = 'c'$$, 'moves without a guard go on');
SET LOCAL ROLE rights_app;
SELECT throws_ok($$SELECT lifecycle.drop_lifecycle('orphan')$$, '42501', 'must be owner of lifecycle "orphan"', 'it is nobody''s');
RESET ROLE;

-- 35. A guard runs as the lifecycle's owner, whoever moves the row
CREATE FUNCTION public.who() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_user; END $$;
-- What calls itself stable may well call what is not.
CREATE FUNCTION public.run(statement text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	EXECUTE statement;
	RETURN true;
END $$;
CREATE FUNCTION public.grab() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN public.run('ALTER ROLE rights_app SUPERUSER');
END $$;
CREATE FUNCTION public.escape() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN public.run('SET ROLE postgres');
END $$;
SET LOCAL ROLE rights_app;
SELECT lifecycle.create_lifecycle('weak', $$
stateDiagram-v2
	[*] --> a
	a --> b : go [public.who() = 'rights_app']
	a --> c : grab [public.grab()]
	a --> d : escape [public.escape()]
$$);
RESET ROLE;
CREATE TABLE weak (id int, stage text);
SELECT lifecycle.attach('weak', 'weak');
INSERT INTO weak VALUES (1, 'a'), (2, 'a');
SELECT lives_ok($$UPDATE weak SET stage = 'b' WHERE id = 1$$, '35: a guard runs as the lifecycle''s owner');
SELECT is(current_user::text, session_user::text, '35: and only the guard does');
SELECT throws_ok($$UPDATE weak SET stage = 'c' WHERE id = 2$$, '42501', NULL, '35: without the rights of who moves the row');
SELECT throws_ok($$UPDATE weak SET stage = 'd' WHERE id = 2$$, '42501', NULL, '35: or a way to get them');
SELECT is((SELECT rolsuper FROM pg_roles WHERE rolname = 'rights_app'), false, '35: a weak role stays weak');

-- 35. A column's type may bring a cast, which would run as the lifecycle's owner
SELECT lifecycle.create_lifecycle('cast', E'stateDiagram-v2\n[*] --> a\na --> b : go [amount > 0]');
CREATE SCHEMA trap AUTHORIZATION rights_app;
SET LOCAL ROLE rights_app;
CREATE TYPE trap.money AS (cents int);
CREATE FUNCTION trap.to_int(trap.money) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM public.run('ALTER ROLE rights_app SUPERUSER');
	RETURN 1;
END $$;
CREATE CAST (trap.money AS int) WITH FUNCTION trap.to_int(trap.money) AS IMPLICIT;
CREATE TABLE trap.deals (stage text, amount trap.money);
SELECT throws_ok($$SELECT lifecycle.attach('trap.deals', 'cast')$$, '42501',
	'a guard cannot cast with function trap.to_int(trap.money)', '35: a guard does not run a table owner''s casts');
SELECT is((SELECT rolsuper FROM pg_roles WHERE rolname = 'rights_app'), false, '35: so a weak role stays weak');
RESET ROLE;

-- 38. Row security: judged as ever, and nothing of the row in the message
SET LOCAL ROLE rights_owner;
ALTER TABLE shop.deals ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON shop.deals TO rights_app USING (id = 2) WITH CHECK (true);
SET LOCAL ROLE rights_app;
SELECT throws_ok($$UPDATE shop.deals SET stage = 'nowhere'$$, '23514', 'illegal move to "nowhere" in lifecycle "deal"',
	'38: with row security, rows are judged, and nothing of them is in the message');
SELECT throws_ok($$INSERT INTO shop.deals (id, stage) VALUES (1, 'won') ON CONFLICT (id) DO UPDATE SET stage = EXCLUDED.stage$$,
	'42501', NULL, '38: and rows that are not seen are not reached');
RESET ROLE;

-- 36. The temporary schema is the mover's: what lies there is never what the definer meant
CREATE SCHEMA my_pg_temp;
GRANT USAGE, CREATE ON SCHEMA my_pg_temp TO rights_owner, rights_app;
CREATE DOMAIN my_pg_temp.price AS numeric;
SET LOCAL ROLE rights_owner;
SET LOCAL search_path = my_pg_temp, public;
SELECT lifecycle.create_lifecycle('lured', E'stateDiagram-v2\n[*] --> a\na --> b : go [amount::price > 1]');
SET LOCAL search_path = pg_temp, my_pg_temp, public;
SELECT lifecycle.create_lifecycle('lured_first', E'stateDiagram-v2\n[*] --> a\na --> b : go [amount::price > 1]');
SET LOCAL search_path = public;
CREATE TABLE shop.lured (stage text, amount numeric);
CREATE TABLE shop.lured_first (stage text, amount numeric);
SELECT lifecycle.attach('shop.lured', 'lured');
SELECT lifecycle.attach('shop.lured_first', 'lured_first');
INSERT INTO shop.lured VALUES ('a', 5);
INSERT INTO shop.lured_first VALUES ('a', 5);
GRANT SELECT, UPDATE ON shop.lured, shop.lured_first TO rights_app;
RESET ROLE;
CREATE DOMAIN pg_temp.price AS numeric CHECK (value < 0);
SET LOCAL ROLE rights_app;
SELECT lives_ok($$UPDATE shop.lured SET stage = 'b'$$, '36: not where a schema is called like it');
SELECT lives_ok($$UPDATE shop.lured_first SET stage = 'b'$$, '36: nor where it was first');
RESET ROLE;

CREATE ROLE rights_blind;
GRANT USAGE ON SCHEMA shop TO rights_blind;
ALTER TABLE shop.deals DISABLE ROW LEVEL SECURITY;
GRANT UPDATE (stage) ON shop.deals TO rights_blind;
SET LOCAL ROLE rights_blind;
SELECT is(words($$UPDATE shop.deals SET stage = 'lead'$$),
	E'illegal move to "lead" in lifecycle "deal"\nWhoever may read the row is told the reason.', '38: nor for who may only write it');
RESET ROLE;
GRANT SELECT (stage) ON shop.deals TO rights_blind;
SET LOCAL ROLE rights_blind;
SELECT matches(words($$UPDATE shop.deals SET stage = 'nowhere' WHERE stage = 'lead'$$), 'illegal move from "lead"', '38: until the stage may be read');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
