-- What scores were: every change with its definition before and after, by whom and when; asking by the rules of
-- another day; whom conditions run as, then and now.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SELECT no_plan();

CREATE ROLE score_history_owner;
CREATE ROLE score_history_stranger;
SELECT format('ALTER DATABASE %I OWNER TO score_history_owner', current_database()) \gexec
CREATE SCHEMA crm;
GRANT USAGE, CREATE ON SCHEMA crm TO PUBLIC;
CREATE TABLE crm.lead (id int, staff int);
GRANT SELECT ON crm.lead TO PUBLIC;
INSERT INTO crm.lead VALUES (1, 70), (2, 10);
CREATE FUNCTION crm.who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';

SELECT clock_timestamp() AS never \gset
SET ROLE score_history_owner;
SET search_path = crm, public;
SELECT lifecycle.create_score('lead', E'group a 0..100\n+5 when staff > 50\n+1 on visit\nbands high >= 5, low');
RESET ROLE;
SELECT is((SELECT (score, number, change, before, after, owner, search_path, login, role, restored_by)::text FROM lifecycle.score_history),
	(SELECT ('lead'::text, 1, 'create'::text, NULL, lifecycle.score_definition('lead'), 'score_history_owner'::text, 'crm, public'::text, session_user, 'score_history_owner'::text, NULL)::text),
	'creating is recorded, under the role and the login');
SELECT clock_timestamp() AS first \gset
SELECT lifecycle.alter_score('lead', E'group a 0..100\n+7 when crm.who() = ''score_history_owner'' AND staff > 5\n+2 on visit\nbands high >= 8, low');
SELECT clock_timestamp() AS second \gset
SELECT results_eq('SELECT number, change, role = current_user, owner, before = lag(after) OVER (ORDER BY number) FROM lifecycle.score_history ORDER BY number OFFSET 1',
	$$VALUES (2, 'alter', true, 'score_history_owner', true)$$, 'changing too: who changed it need not be its owner');
SELECT is(lifecycle.score_definition_at('lead', :'first') LIKE '%staff > 50%', true, 'the definition of a day is there');
SELECT is(lifecycle.score_definition_at('lead', now()), lifecycle.score_definition('lead'), 'and today''s is that of today');
SELECT is(lifecycle.score_definition_at('lead', :'never'), NULL, 'before there was one it is none');
SELECT is(lifecycle.score_definition_at('lead', NULL), NULL, 'NULL for NULL');
SELECT throws_ok($$SELECT lifecycle.score_definition_at('nothing', now())$$, '42704', NULL, 'a score that never was');

-- Rules of one day and facts of another.
SELECT results_eq(format($$SELECT lifecycle.score('lead', l), lifecycle.score_by('lead', %L, l), lifecycle.score_by('lead', now(), l), lifecycle.score_by('lead', %L, l) FROM crm.lead l ORDER BY id$$, :'first', :'never'),
	'VALUES (7.0, 5.0, 7.0, NULL::numeric), (7, 0, 7, NULL)', 'score goes by today''s rules, score_by by those of a day; where there were none, NULL');
SELECT results_eq(format($$SELECT lifecycle.score('lead', l, '{visit,visit}', '{2026-01-01,2026-02-01}', as_of), lifecycle.score_by('lead', %L, l, '{visit,visit}', '{2026-01-01,2026-02-01}', as_of)
		FROM crm.lead l, unnest('{2025-01-01,2026-01-15,2026-03-01}'::timestamptz[]) as_of WHERE id = 1$$, :'first'),
	'VALUES (7.0, 5.0), (9, 6), (11, 7)', 'as_of chooses the facts, in either');
SELECT results_eq(format($$SELECT x."group", x.rule, x.decayed FROM crm.lead l, lifecycle.explain_score_by('lead', %L, l, '{visit}', '{2026-01-01}') x WHERE id = 1$$, :'first'),
	$$VALUES ('a', '+5 when staff > 50', 5.0), ('a', '+1 on visit', 1)$$, 'explained by the rules of then');
SELECT results_eq(format($$SELECT x.rule, x.decayed FROM crm.lead l, lifecycle.explain_score_by('lead', %L, l) x WHERE id = 2$$, :'first'), $$VALUES ('+5 when staff > 50', 0.0), ('+1 on visit', 0)$$, 'also without events');
SELECT is_empty(format($$SELECT x.* FROM crm.lead l, lifecycle.explain_score_by('lead', %L, l) x$$, :'never'), 'no rules, no lines');
SELECT results_eq(format($$SELECT lifecycle.score_band('lead', 6), lifecycle.score_band_by('lead', %L, 6), lifecycle.score_band_by('lead', %L, 6)$$, :'first', :'never'), $$VALUES ('low', 'high', NULL)$$, 'bands too are of a day');
SELECT is((SELECT array_agg(lifecycle.score_by('lead', h.at, l) ORDER BY g, number, id) FROM crm.lead l, lifecycle.score_history h, generate_series(1, 3) g),
	'{5,0,7,7,5,0,7,7,5,0,7,7}', 'days may alternate from row to row');
SELECT throws_ok($$SELECT lifecycle.score_by('lead', 'infinity', l) FROM crm.lead l$$, '22023', NULL, 'rules are of a finite instant');
SELECT throws_ok($$SELECT lifecycle.score_by('nothing', now(), l) FROM crm.lead l$$, '42704', NULL, 'and of a score that was');
SELECT is(lifecycle.score_by('lead', NULL, l), NULL, 'NULL for NULL') FROM crm.lead l LIMIT 1;

-- By hand; nothing new is nothing; dropped, and another of that name.
SELECT lifecycle.alter_score('lead', lifecycle.score_definition('lead'));
SELECT is((SELECT count(*) FROM lifecycle.score_history), 2::bigint, 'the same definition in the same search_path is no change');
UPDATE lifecycle.score_model SET owner = 'score_history_stranger' WHERE name = 'lead';
SELECT results_eq('SELECT number, change, owner FROM lifecycle.score_history ORDER BY number DESC LIMIT 1', $$VALUES (3, 'by hand', 'score_history_stranger')$$, 'a superuser''s UPDATE is recorded, and whom conditions run as since');
SELECT is((SELECT array_agg(lifecycle.score_by('lead', h.at, l) ORDER BY number) FROM crm.lead l, lifecycle.score_history h WHERE id = 1), '{5,7,0}', 'each definition''s conditions run as who owned it');
UPDATE lifecycle.score_model SET owner = 'score_history_owner' WHERE name = 'lead';
BEGIN;
SELECT lifecycle.drop_score('lead');
ROLLBACK;
SELECT clock_timestamp() AS alive \gset
SELECT lifecycle.drop_score('lead');
SELECT results_eq('SELECT number, change, after, owner FROM lifecycle.score_history ORDER BY number DESC LIMIT 1', $$VALUES (5, 'drop', NULL, 'score_history_owner')$$, 'dropping is recorded, and rolled back it is not');
SELECT is(lifecycle.score_definition_at('lead', clock_timestamp()), NULL, 'then there is none');
SELECT is(lifecycle.score_by('lead', :'alive', l), 7.0, 'its past can be asked still') FROM crm.lead l WHERE id = 1;
SELECT throws_ok($$SELECT lifecycle.score('lead', l) FROM crm.lead l$$, '42704', NULL, 'its present cannot');
SET ROLE score_history_stranger;
SELECT lifecycle.create_score('lead', E'group a 0..100\n+3 when crm.who() = ''score_history_stranger''');
SELECT is((SELECT array_agg(lifecycle.score_by('lead', h.at, l) ORDER BY number) FROM crm.lead l, lifecycle.score_history h WHERE id = 1), '{5,7,0,7,NULL,3}',
	'another''s score of that name goes on counting, and lends what was before nothing');
RESET ROLE;

-- Emptying the table is dropping each by hand.
BEGIN;
SELECT lifecycle.create_score('second', E'group a 0..100\n+1 on visit');
CREATE TEMPORARY TABLE emptied AS SELECT name, definition, owner FROM lifecycle.score_model;
TRUNCATE lifecycle.score_model;
SELECT set_eq($$SELECT DISTINCT ON (score) score, change, before, after, owner, role::text FROM lifecycle.score_history WHERE score IN (SELECT name FROM emptied) ORDER BY score, number DESC$$,
	$$SELECT name, 'by hand', definition, NULL::text, owner, current_user::text FROM emptied$$, '37: what a superuser empties by hand is recorded, each of them');
SELECT is((SELECT count(*) FROM emptied), 2::bigint, '37: all of them');
SELECT is(lifecycle.score_definition_at('second', clock_timestamp()), NULL, '37: and gone since');
ROLLBACK;

-- Nobody rewrites it.
SELECT throws_ok($$UPDATE lifecycle.score_history SET role = 'nobody'$$, '55000', 'the history of scores is only added to', 'a superuser does not rewrite it');
SELECT throws_ok($$DELETE FROM lifecycle.score_history$$, '55000', NULL, 'nor delete from it');
SELECT throws_ok($$TRUNCATE lifecycle.score_history$$, '55000', NULL, 'nor empty it');
SET session_replication_role = replica;
SELECT throws_ok($$DELETE FROM lifecycle.score_history$$, '55000', NULL, 'not even as a replica');
RESET session_replication_role;
SET ROLE score_history_stranger;
SELECT throws_ok($$INSERT INTO lifecycle.score_history (score, number, change, after, owner, search_path, login, role) VALUES ('lead', 9, 'alter', 'x', 'postgres', '', 'postgres', 'postgres')$$,
	'42501', NULL, 'nobody plants a row');
SELECT lives_ok('SELECT * FROM lifecycle.score_history', 'everybody reads it');
-- The database's owner restores dumps, and plants nothing in another's name.
SET ROLE score_history_owner;
SET search_path = public;
INSERT INTO lifecycle.score_history (score, number, change, after, owner, search_path, at, login, role) VALUES
	('lead', 100, 'alter', E'group a 0..100\n+99 when crm.who() <> ''score_history_owner''', 'score_history_stranger', 'public', '2020-01-01', 'postgres', 'postgres');
SELECT is((SELECT (owner, restored_by)::text FROM lifecycle.score_history WHERE number = 100), '(score_history_owner,score_history_owner)', '35: what the database''s owner brings says so, and runs as who brought it');
RESET ROLE;
SELECT is((SELECT lifecycle.score_by('lead', '2021-01-01', l) FROM crm.lead l WHERE id = 1), 0.0, 'whoever asks');
SET ROLE score_history_owner;
INSERT INTO lifecycle.score_history SELECT * FROM lifecycle.score_history;
SELECT is((SELECT count(*) FROM lifecycle.score_history WHERE restored_by IS NOT NULL), 1::bigint, 'what is there already is not brought again');
SELECT throws_ok($$INSERT INTO lifecycle.score_history (score, number, change, after, owner, search_path, login, role) VALUES ('lead', 1, 'alter', 'x', 'a', '', 'a', 'b')$$, '23505', NULL,
	'and nothing takes the place of what was recorded');
RESET ROLE;
SELECT throws_ok($$INSERT INTO lifecycle.score_history (score, number, change, after, owner, search_path, at, login, role) VALUES ('broken', 1, 'create', 'x', 'postgres', '', '2020-01-01', 'a', 'b');
	SELECT lifecycle.score_by('broken', '2021-01-01', l) FROM crm.lead l$$, '22P02', NULL, 'a definition that is none is an error of whoever asks for it');

-- A score that came without its history.
INSERT INTO lifecycle.score_model VALUES ('brought', current_user, 'public', E'group a 0..9\n+1 on visit');
SELECT is((SELECT count(*) FROM lifecycle.score_history WHERE score = 'brought'), 0::bigint, 'a restored score brings its own history, or none');
SELECT is(lifecycle.score_definition_at('brought', '2020-01-01'), lifecycle.score_definition('brought'), 'without one it was always as it is');
SELECT is(lifecycle.score_by('brought', '2020-01-01', l, '{visit}', '{2019-01-01}', '2020-01-01'), 1.0, 'for asking too') FROM crm.lead l LIMIT 1;
SELECT lifecycle.alter_score('brought', E'group a 0..9\n+2 on visit');
SELECT is(lifecycle.score_by('brought', '2020-01-01', l, '{visit}', '{2019-01-01}', '2020-01-01'), 1.0, 'or as the first change found it') FROM crm.lead l LIMIT 1;
INSERT INTO lifecycle.score_model VALUES ('brought', current_user, (SELECT search_path FROM lifecycle.score_model WHERE name = 'brought'), E'group a 0..9\n+2 on visit');
SELECT is((SELECT count(*) FROM lifecycle.score_model WHERE name = 'brought'), 1::bigint, 'a score that is there already is skipped');
SELECT throws_ok($$INSERT INTO lifecycle.score_model VALUES ('brought', current_user, 'public', E'group a 0..9\n+3 on visit')$$, '42710', 'score "brought" is already defined, and differently', 'a different one is an error');

SELECT * FROM finish();
SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), current_user) \gexec
DROP ROLE score_history_owner, score_history_stranger;
