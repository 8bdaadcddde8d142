-- Whether a text is a value of one of the types can be asked without an error, where PostgreSQL can ask
-- that at all, which is since version 16.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();

SELECT throws_ok(format('SELECT %L::%s', 'this is nothing, is it?', oid::regtype), '22P02', NULL, oid::regtype || ' refuses nonsense')
FROM pg_type WHERE typnamespace = 'lifecycle'::regnamespace AND typtype = 'b' AND typelem = 0 ORDER BY oid::regtype::text;

SELECT current_setting('server_version_num')::int >= 160000 AS may_ask \gset
\if :may_ask
SELECT is(pg_input_is_valid('this is nothing, is it?', oid::regtype::text), false, oid::regtype || ': nonsense is not valid')
FROM pg_type WHERE typnamespace = 'lifecycle'::regnamespace AND typtype = 'b' AND typelem = 0 ORDER BY oid::regtype::text;
SELECT is(pg_input_is_valid('{lead@2026-01-01}', 'lifecycle.journey'), true, 'a journey is');
SELECT is(pg_input_is_valid('lead > won', 'lifecycle.funnel_spec'), true, 'and so is a specification');
SELECT is((SELECT concat_ws('|', message, sql_error_code) FROM pg_input_error_info('{lead@}', 'lifecycle.journey')),
	(SELECT concat_ws('|', message, sql_error_code) FROM pg_input_error_info('{lead@}', 'lifecycle.journey') WHERE sql_error_code = '22P02'),
	'and what is wrong is told');
\endif

SELECT * FROM finish();
ROLLBACK;
