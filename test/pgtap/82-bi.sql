-- Views for BI: their shapes, their types, whose they are, and what happens to them.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SELECT no_plan();
\ir common/refusals.sql

SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2
	[*] --> lead
	lead --> mql
	mql --> lead
	mql --> won
	mql --> lost
	lost --> lead
	note right of mql\nowner: marketing\nsla: 14 days\nend note
	note right of won\noutcome: won\nend note
	note right of lost\noutcome: lost\nend note');
CREATE TABLE sales (id int PRIMARY KEY, segment text, stage text, journey lifecycle.journey);
INSERT INTO sales VALUES
	(1, 'smb', 'won', '{lead@2026-01-01,mql@2026-01-05,won@2026-01-20}'),
	(2, 'smb', 'mql', '{lead@2026-01-02,mql@2026-01-12}'),
	(3, 'big', 'lost', '{lead@2026-02-03,mql@2026-03-03,lead@2026-04-01,mql@2026-04-05,lost@2026-05-05}');
SELECT lifecycle.attach('sales', 'deal');
SELECT results_eq($$SELECT shape, view::text, change FROM lifecycle.create_bi_views('sales', "by" => '{segment}')$$,
	$$SELECT s, 'sales_' || s, 'created' FROM unnest('{stages,history,dates,funnel,flow,cohorts,census,due}'::text[]) s$$,
	'a view of each shape is made, beside the table and called after it');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relname LIKE 'sales\_%' AND relkind = 'v' AND NOT 'security_invoker=true' = ANY (reloptions)$$,
	'all read with the rights of whoever reads them');

SELECT finish();
