-- Views for BI: what they say against plain SQL, whose they are, and what happens to them.
\set ECHO none
\set QUIET 1
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SELECT no_plan();
\ir common/refusals.sql

-- Titles come first here, so that the stages are named in another order than rows come by them.
SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2
	sql : Sales qualified
	mql : Marketing qualified
	[*] --> lead
	[*] --> mql
	lead --> lost
	lead --> mql
	mql --> lead
	mql --> sql
	mql --> won
	sql --> mql
	sql --> won
	sql --> lost
	lost --> mql
	won --> club
	club --> gone
	note right of mql\nowner: marketing\nsla: 14 days\nend note
	note right of sql\nsla: 1 month\nend note
	note right of won\noutcome: won\nend note
	note right of club\noutcome: won\nend note
	note right of gone\noutcome: closed\nend note
	note right of lost\noutcome: lost\nend note');

-- 200 rows, the same on every machine: ways of up to 40 steps, drawn or not, in three segments.
CREATE TABLE deals (id int PRIMARY KEY, gone int, segment text, stage text, journey lifecycle.journey, amount numeric);
ALTER TABLE deals DROP COLUMN gone;
CREATE TABLE walk AS
	SELECT g AS id, s AS step, (ARRAY['lead', 'mql', 'sql', 'lost', 'won', 'club', 'gone'])[1 + abs(hashint8(g * 100 + s)) % CASE WHEN s < 4 THEN 3 WHEN s < 9 THEN 4 ELSE 7 END] AS stage,
		timestamptz '2025-01-01' + make_interval(days => g % 200, hours => s * 60 + abs(hashint8(g + s * 7)) % 50) AS at
	FROM generate_series(1, 200) g, generate_series(1, 40) s WHERE s <= 1 + abs(hashint8(g)) % CASE WHEN g % 5 = 0 THEN 40 ELSE 12 END;
INSERT INTO deals
	SELECT id, CASE id % 3 WHEN 0 THEN 'smb' WHEN 1 THEN 'big' END, (array_agg(stage ORDER BY step DESC))[1], lifecycle.journey_agg(stage, at, step), id
	FROM walk GROUP BY id;
INSERT INTO deals VALUES (1000, 'smb', 'lead', NULL), (1001, 'none', 'lead', NULL);
SELECT lifecycle.attach('deals', 'deal', existing => 'defer');

SELECT results_eq($$SELECT shape, view::text, change FROM lifecycle.create_bi_views('deals', "by" => '{segment}')$$,
	$$SELECT s, 'deals_' || s, 'created' FROM unnest('{stages,history,dates,funnel,flow,cohorts,census,due}'::text[]) s$$,
	'a view of each shape is made, beside the table and called after it');
SELECT results_eq($$SELECT shape, view::text, change FROM lifecycle.create_bi_views('deals', "by" => '{segment}')$$,
	$$SELECT s, 'deals_' || s, 'replaced' FROM unnest('{stages,history,dates,funnel,flow,cohorts,census,due}'::text[]) s$$,
	'asked again, they are replaced');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relname LIKE 'deals\_%' AND relkind = 'v' AND NOT 'security_invoker=true' = ANY (reloptions)$$,
	'all read with the rights of whoever reads them');
SELECT is_empty($$SELECT c.oid::regclass, s.columns FROM lifecycle.bi_shapes() s JOIN pg_class c ON c.relname = 'deals_' || s.shape
	WHERE NOT s.columns <@ ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid)$$, 'each has the columns of its shape');
SELECT is_empty($$SELECT DISTINCT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid::regclass::text LIKE 'deals\_%' AND attnum > 0
	EXCEPT SELECT unnest('{text,boolean,integer,bigint,double precision,date,timestamp with time zone}'::text[])$$, 'of ordinary types');

-- The order of stages, and the main line.
SELECT is(lifecycle.main_line('deal'), '{lead,mql,sql,won}', 'the main line goes forward, whatever the diagram names first, and takes no shortcut');
SELECT is(lifecycle.bi_order('deal'), '{lead,mql,sql,won,club,gone,lost}', 'stages come in the order of the moves, lost and closed ones last');
SELECT is(words($$SELECT lifecycle.main_line('nobody')$$), E'lifecycle "nobody" does not exist\nSELECT name FROM lifecycle.lifecycle; lists them.', 'of a lifecycle that exists');
SELECT is(lifecycle.main_line(NULL), NULL, 'NULL for NULL');
SELECT results_eq($$SELECT d, lifecycle.diagram_line(E'stateDiagram-v2\n' || d), lifecycle.diagram_order(E'stateDiagram-v2\n' || d) FROM (VALUES
	(E'[*] --> a'), (E'[*] --> a\na --> b\nb --> c\nc --> a'), (E'[*] --> a\na --> a\na --> b'),
	(E'[*] --> a\na --> b\nb --> a\nb --> w\nnote right of w\noutcome: won\nend note'),
	(E'[*] --> x\nnote right of x\noutcome: lost\nend note\nx --> a'),
	(E'[*] --> a\na --> x\nx --> w\na --> b\nnote right of x\noutcome: lost\nend note\nnote right of w\noutcome: won\nend note'),
	(E'p --> a\n[*] --> a\na --> w\nnote right of p\noutside: yes\nend note\nnote right of w\noutcome: won\nend note'),
	(E'state "P" as p {\na\nb\n}\n[*] --> b\np --> c\nb --> a\nc --> w\nw --> b\nnote right of w\noutcome: won\nend note')) v (d)$$,
	$$VALUES (E'[*] --> a', '{a}'::text[], '{a}'::text[]), (E'[*] --> a\na --> b\nb --> c\nc --> a', '{a,b,c}', '{a,b,c}'), (E'[*] --> a\na --> a\na --> b', '{a,b}', '{a,b}'),
	(E'[*] --> a\na --> b\nb --> a\nb --> w\nnote right of w\noutcome: won\nend note', '{a,b,w}', '{a,b,w}'),
	(E'[*] --> x\nnote right of x\noutcome: lost\nend note\nx --> a', '{}', '{x,a}'),
	(E'[*] --> a\na --> x\nx --> w\na --> b\nnote right of x\noutcome: lost\nend note\nnote right of w\noutcome: won\nend note', '{a,b}', '{a,b,x,w}'),
	(E'p --> a\n[*] --> a\na --> w\nnote right of p\noutside: yes\nend note\nnote right of w\noutcome: won\nend note', '{a,w}', '{a,w,p}'),
	(E'state "P" as p {\na\nb\n}\n[*] --> b\np --> c\nb --> a\nc --> w\nw --> b\nnote right of w\noutcome: won\nend note', '{b,a,c,w}', '{b,a,c,w}')$$,
	'also with loops, cycles, shortcuts, phases, stages outside, and without any that is won');

-- Each view against plain SQL over the events.
SELECT results_eq($$SELECT id, step, stage, previous_stage, entered_at, left_at, days, is_current, segment FROM deals_history ORDER BY id, step$$,
	$$SELECT w.id, step, w.stage, lag(w.stage) OVER v, at, lead(at) OVER v, extract(epoch FROM lead(at) OVER v - at)::float8 / 86400, lead(at) OVER v IS NULL, d.segment
		FROM walk w JOIN deals d USING (id) WINDOW v AS (PARTITION BY w.id ORDER BY step) ORDER BY w.id, step$$, 'history is the events, with where each came from and how long it stayed');
SELECT is_empty($$SELECT id FROM deals_history WHERE lifecycle <> 'deal' OR (open_days IS NULL) = is_current
	OR abs(open_days - extract(epoch FROM now() - entered_at) / 86400) > 0.001$$, 'the present step has its days until now instead');
SELECT results_eq($$SELECT id, stage, steps, started_at, stage_since, lead, mql, sql, lost, won, club, gone FROM deals_dates ORDER BY id$$,
	$$SELECT d.id, (SELECT stage FROM walk w WHERE w.id = d.id ORDER BY step DESC LIMIT 1), (SELECT nullif(count(*), 0)::int FROM walk w WHERE w.id = d.id),
		(SELECT min(at) FROM walk w WHERE w.id = d.id),
		(SELECT min(at) FROM walk w WHERE w.id = d.id AND NOT EXISTS (SELECT FROM walk l WHERE l.id = w.id AND l.step >= w.step AND l.stage <>
			(SELECT stage FROM walk e WHERE e.id = w.id ORDER BY step DESC LIMIT 1))),
		e.* FROM deals d CROSS JOIN LATERAL (SELECT min(at) FILTER (WHERE stage = 'lead'), min(at) FILTER (WHERE stage = 'mql'), min(at) FILTER (WHERE stage = 'sql'),
			min(at) FILTER (WHERE stage = 'lost'), min(at) FILTER (WHERE stage = 'won'), min(at) FILTER (WHERE stage = 'club'), min(at) FILTER (WHERE stage = 'gone')
			FROM walk w WHERE w.id = d.id) e ORDER BY d.id$$, 'dates have each row, where it is, and when it first came anywhere');
SELECT results_eq($$SELECT segment, step, stage, value, dropped FROM deals_funnel ORDER BY segment, step$$,
	$$SELECT d.segment, n, (ARRAY['lead', 'mql', 'sql', 'won'])[n], count(*) FILTER (WHERE l.level >= n),
			lag(count(*) FILTER (WHERE l.level >= n)) OVER (PARTITION BY d.segment ORDER BY n) - count(*) FILTER (WHERE l.level >= n)
		FROM deals d CROSS JOIN LATERAL (SELECT coalesce(max(array_position('{lead,mql,sql,won}', stage)), 0) AS level FROM walk w WHERE w.id = d.id) l
			CROSS JOIN generate_series(1, 4) n GROUP BY 1, 2 ORDER BY 1, 2$$, 'the funnel counts whoever came to a step, or to a later one');
SELECT is_empty($$SELECT f.* FROM deals_funnel f CROSS JOIN LATERAL (
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) AS p50 FROM (
			SELECT extract(epoch FROM x.times[f.step] - x.times[f.step - 1])::float8 / 86400 AS t
			FROM (SELECT lifecycle.funnel_times(journey, 'lead > mql > sql > won at least') AS times FROM deals d WHERE d.segment IS NOT DISTINCT FROM f.segment) x) y) p
	WHERE abs(f.p50_days - p.p50) > 0.02 * p.p50 OR (f.p50_days IS NULL) <> (f.step = 1 OR f.value = 0) AND p.p50 IS NOT NULL$$, 'with its median times, in days');

-- Flows: rounds by the order of the stages, told by plain SQL.
CREATE TEMPORARY VIEW told AS
	SELECT segment, lag(stage) OVER v AS source, stage AS target, lag(least(round, 10)) OVER v AS source_round, least(round, 10) AS target_round,
		extract(epoch FROM at - lag(at) OVER v) / 86400 AS days
	FROM (
		SELECT b.*, (1 + count(*) FILTER (WHERE back) OVER (PARTITION BY id ORDER BY step))::int AS round
		FROM (SELECT w.*, d.segment, array_position('{lead,mql,sql,won,club,gone,lost}', w.stage) <= lag(array_position('{lead,mql,sql,won,club,gone,lost}', w.stage)) OVER (PARTITION BY w.id ORDER BY step) AS back
			FROM walk w JOIN deals d USING (id)) b) r
	WINDOW v AS (PARTITION BY id ORDER BY step);
SELECT results_eq($$SELECT segment, source, target, source_round, target_round, value, round(total_days::numeric, 3) FROM deals_flow ORDER BY 1, 2, 3, 4, 5$$,
	$$SELECT segment, source, target, source_round, target_round, count(*), round(sum(days), 3) FROM told WHERE source IS NOT NULL
		GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5$$, 'flow counts every move, in its round, with its days');
SELECT cmp_ok((SELECT max(target_round) FROM deals_flow), '=', 10, 'rounds from the tenth on are one');
SELECT is_empty($$SELECT * FROM deals_flow WHERE ROW(source_node, target_node) IS DISTINCT FROM CASE
	WHEN source_round = 10 THEN ROW(NULL::text, NULL::text)
	ELSE ROW(source || CASE source_round WHEN 1 THEN '' ELSE ' (' || source_round || ')' END,
		CASE target_round WHEN 1 THEN target WHEN 10 THEN '(more)' ELSE target || ' (' || target_round || ')' END) END$$,
	'nodes say the round from the second on, and stop where rounds are not told apart');
SELECT is_empty($$WITH RECURSIVE edge AS (SELECT DISTINCT source_node AS a, target_node AS b FROM deals_flow WHERE source_node IS NOT NULL),
	reach AS (SELECT a, b FROM edge UNION SELECT r.a, e.b FROM reach r JOIN edge e ON e.a = r.b) SELECT * FROM reach WHERE a = b$$, 'so that there is no cycle');
SELECT isnt_empty($$WITH RECURSIVE edge AS (SELECT DISTINCT source AS a, target AS b FROM deals_flow),
	reach AS (SELECT a, b FROM edge UNION SELECT r.a, e.b FROM reach r JOIN edge e ON e.a = r.b) SELECT * FROM reach WHERE a = b$$, 'which there is without rounds');
SELECT is(lifecycle.journey_rounds('{a@2026-01-01,b@2026-01-02,"?"@2026-01-03,"!"@2026-01-04,b@2026-01-05,b@2026-01-06}', '{a,b}')::text,
	E'{"a\x01"@2026-01-01T00:00:00Z,"b\x01"@2026-01-02T00:00:00Z,"?\x01"@2026-01-03T00:00:00Z,"!\x02"@2026-01-04T00:00:00Z,"b\x03"@2026-01-05T00:00:00Z,"b\x04"@2026-01-06T00:00:00Z}',
	'unknown stages come behind all others, and repeats begin a round');
SELECT is((SELECT string_agg(DISTINCT right(s, 1), '') FROM unnest(lifecycle.stages(lifecycle.journey_rounds(j, '{}'))) s), chr(10), 'where labels could run out, nothing is told apart')
FROM (SELECT lifecycle.journey_agg('s' || n, timestamptz '2026-01-01' + make_interval(secs => n)) FROM generate_series(1, 1024) n) x (j);
SELECT is((SELECT count(DISTINCT right(s, 1)) FROM unnest(lifecycle.stages(lifecycle.journey_rounds(j, '{s1,s2}'))) s), 4::bigint, 'or as far as they last')
FROM (SELECT lifecycle.journey_agg('s' || n % 250, timestamptz '2026-01-01' + make_interval(secs => n)) FROM generate_series(1, 10000) n) x (j);
SELECT is(fields($$SELECT lifecycle.journey_rounds('{a@2026-01-01}', '{a,NULL}')$$), '22023', 'a list of stages has no NULL');
SELECT is(fields(format($$SELECT lifecycle.journey_rounds(lifecycle.journey(%L, now()), '{}')$$, repeat('x', 255))), '54000', 'a label of 255 bytes has no room for the round');
SELECT is(lifecycle.journey_rounds(NULL, '{a}')::text, NULL, 'NULL for NULL');

-- Cohorts and census.
SELECT results_eq($$SELECT segment, cohort, period, size, retained, round(share::numeric, 6) FROM deals_cohorts WHERE complete AND cohort < '2025-05-01' ORDER BY 1, 2, 3$$,
	$$SELECT c.segment, c.cohort::date, p, count(*), count(*) FILTER (WHERE r.retained), round(avg(r.retained::int), 6)
		FROM (SELECT w.id, d.segment, date_trunc('month', min(at)) AS cohort FROM walk w JOIN deals d USING (id) GROUP BY 1, 2) c CROSS JOIN generate_series(0, 23) p
			CROSS JOIN LATERAL (SELECT coalesce(bool_or(true), false) FROM (SELECT stage, at, lead(at) OVER (ORDER BY step) AS until FROM walk w WHERE w.id = c.id) s
				WHERE stage IN ('lead', 'mql', 'sql', 'won', 'club') AND at < c.cohort + make_interval(months => p + 1)
					AND (until > c.cohort + make_interval(months => p) AND until > at OR until IS NULL OR until = at AND at >= c.cohort + make_interval(months => p))) r (retained)
		WHERE c.cohort + make_interval(months => p + 1) <= now() AND c.cohort < '2025-05-01' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$, 'cohorts are by month of entry, whatever the stage; retained is who is neither lost nor closed');
SELECT is_empty($$SELECT 1 FROM deals_cohorts WHERE cohort IS NULL$$, 'all together are not among them');
SELECT results_eq($$SELECT segment, at, stage, value FROM deals_census WHERE day BETWEEN '2025-02-01' AND '2025-07-31' AND value > 0 ORDER BY 1, 2, 3$$,
	$$SELECT d.segment, t.at, w.stage, count(*) FROM deals d CROSS JOIN generate_series(timestamptz '2025-02-03', '2025-07-31', '7 days') t (at)
		CROSS JOIN LATERAL (SELECT stage FROM walk w WHERE w.id = d.id AND w.at <= t.at ORDER BY step DESC LIMIT 1) w GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$, 'the census is taken on Mondays');
SELECT is((SELECT count(*) FROM (SELECT DISTINCT day FROM deals_census WHERE segment = 'smb') x), (SELECT count(*) FROM generate_series(date_trunc('week', now() - interval '24 months'), now(), '7 days')), 'for two years, up to now');
SELECT results_eq($$SELECT id, stage, owner, since, due_at, overdue, segment, title FROM deals_due ORDER BY id$$,
	$$SELECT (key ->> 'id')::int, u.stage, u.owner, since, due_at, overdue, segment, CASE u.stage WHEN 'mql' THEN 'Marketing qualified' ELSE 'Sales qualified' END
		FROM lifecycle.due('deals') u JOIN deals d ON d.id = (key ->> 'id')::int ORDER BY 1$$, 'due is what due() says');
SELECT cmp_ok((SELECT count(*) FROM deals_due WHERE abs(days_left - extract(epoch FROM due_at - now()) / 86400) < 0.001), '>', 50::bigint, 'with the days that are left');
SELECT results_eq($$SELECT stage, title, position, outcome, owner, sla_days, is_entry, is_final FROM deals_stages ORDER BY position$$,
	$$SELECT label, coalesce(title, label), position, outcome, owner, extract(epoch FROM sla)::float8 / 86400, is_entry, is_final FROM lifecycle.stage WHERE lifecycle = 'deal' ORDER BY position$$, 'stages are what the diagram says');

-- Nothing that a view reads keeps the stage column from changing its type; the key is another matter.
ALTER TABLE deals DROP CONSTRAINT lifecycle_stage_check;
CREATE TYPE deal_stage AS ENUM ('lead', 'mql', 'sql', 'lost', 'won', 'club', 'gone');
SELECT lives_ok('ALTER TABLE deals ALTER COLUMN stage TYPE deal_stage USING stage::deal_stage', 'the stage column may change its type');
SELECT is(fields('ALTER TABLE deals ALTER COLUMN id TYPE bigint'), '0A000', 'a column that a view shows may not, as ever');
SELECT is((SELECT count(*) FROM lifecycle.drop_bi_views('deals')), 8::bigint, 'until the views are dropped');
DROP VIEW told;
SELECT lives_ok('ALTER TABLE deals ALTER COLUMN id TYPE bigint', 'then it may');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relname LIKE 'deals\_%' AND relkind = 'v'$$, 'and no view is left');
SELECT is_empty($$SELECT * FROM lifecycle.drop_bi_views('deals')$$, 'nothing more to drop');
SELECT is_empty($$SELECT * FROM lifecycle.refresh_bi_views('deals')$$, 'nor to make again');

-- After a change of the lifecycle.
CREATE TABLE few (id int PRIMARY KEY, stage text);
SELECT lifecycle.create_lifecycle('few', E'stateDiagram-v2\n[*] --> a\na --> b\nb --> c\nnote right of c\noutcome: won\nend note');
SELECT lifecycle.attach('few', 'few');
INSERT INTO few SELECT n, 'a', lifecycle.journey('a', now() - interval '10 days') FROM generate_series(1, 2) n;
UPDATE few SET stage = 'b';
CREATE ROLE bi_reader;
CREATE ROLE bi_granter;
SELECT lifecycle.create_bi_views('few', every => '1 day', months => 3);
GRANT SELECT ON few_dates TO PUBLIC;
GRANT SELECT ON few_dates TO bi_granter WITH GRANT OPTION;
SELECT lifecycle.alter_lifecycle('few', lifecycle.diagram('few') || E'\nc --> d\nnote right of d\noutcome: won\nend note');
UPDATE few SET stage = 'c' WHERE id = 1;
UPDATE few SET stage = 'd' WHERE id = 1;
SELECT results_eq('SELECT stage, value FROM few_funnel ORDER BY step', $$VALUES ('a', 2::bigint), ('b', 2), ('c', 1)$$, 'the funnel follows the lifecycle');
SELECT is((SELECT sum(value) FROM few_flow WHERE target = 'd'), 1::numeric, 'flow too');
SELECT results_eq($$SELECT shape, change FROM lifecycle.refresh_bi_views('few') WHERE shape IN ('dates', 'census')$$, $$VALUES ('census', 'replaced'), ('dates', 'replaced')$$, 'a stage more is a column more');
SELECT isnt((SELECT d FROM few_dates WHERE id = 1), NULL, 'which is filled');
CREATE VIEW on_top AS SELECT c FROM few_dates;
CALL lifecycle.rename_stage('few', 'c', 'Closed', blocks => NULL);
SELECT results_eq($$SELECT problem, subject, hint FROM lifecycle.verify('few') WHERE problem LIKE 'view%'$$, $$VALUES ('view for BI lacks a stage', 'public.few_dates', 'SELECT * FROM lifecycle.refresh_bi_views(''public.few'');')$$, 'verify() says so');
SELECT results_eq($$SELECT message, hint FROM caught($q$SELECT lifecycle.refresh_bi_views('few')$q$)$$,
	$$VALUES ('cannot drop view public.few_dates because other objects depend on it', 'Drop them, call this again, and make them again.')$$, 'what depends on a column that goes is in the way');
DROP VIEW on_top;
SELECT results_eq($$SELECT shape, change FROM lifecycle.refresh_bi_views('few') WHERE change <> 'replaced'$$, $$VALUES ('dates', 'made anew')$$, 'a stage renamed is a column renamed');
SELECT is_empty($$SELECT * FROM lifecycle.verify('few')$$, 'and then is satisfied');
SELECT isnt((SELECT "Closed" FROM few_dates WHERE id = 1), NULL, 'which is filled');
SELECT is((SELECT string_agg(concat_ws(' ', grantee, privilege_type, is_grantable), ', ' ORDER BY grantee) FROM information_schema.role_table_grants
	WHERE table_name = 'few_dates' AND grantee IN ('PUBLIC', 'bi_granter')), 'PUBLIC SELECT NO, bi_granter SELECT YES', 'what was granted is granted again');
SELECT results_eq($$SELECT DISTINCT options ->> 'every', options ->> 'months' FROM lifecycle.bi_views('few')$$, $$VALUES ('1 day', '3')$$, 'and what was asked for is still asked for');
SELECT is((SELECT count(DISTINCT day) FROM few_census), (SELECT count(*) FROM generate_series(date_trunc('day', now() - interval '3 months'), now(), '1 day')), 'every day of three months');
ALTER VIEW few_flow RENAME TO moves;
SELECT is((SELECT view::text FROM lifecycle.refresh_bi_views('few') WHERE shape = 'flow'), 'moves', 'a view keeps the name that it was given');
SELECT is((SELECT count(*) FROM lifecycle.drop_bi_views('few')), 8::bigint, 'and is dropped under it');

-- What else can be asked for.
SELECT lifecycle.create_bi_views('few', prefix => 'x', funnel => 'b > Closed within 30 days', cohorts => 'from a while b every 1 day for 20 at time zone ''Pacific/Auckland''', time_zone => 'America/New_York');
SELECT results_eq('SELECT stage, value, pending FROM x_funnel ORDER BY step', $$VALUES ('b', 0::bigint, 2::bigint), ('Closed', 0, 2)$$, 'a funnel with a window is asked as of now: the young are pending');
SELECT results_eq('SELECT cohort, period, size, retained FROM x_cohorts WHERE retained > 0', $$SELECT (now() AT TIME ZONE 'Pacific/Auckland')::date - 10, 10, 2::bigint, 2::bigint$$, 'cohorts are as they are told, in their own time zone');
SELECT is((SELECT DISTINCT extract(hour FROM at AT TIME ZONE 'America/New_York') FROM x_census), 0::numeric, 'the census is taken at midnight there');
SELECT lifecycle.create_bi_views('few', prefix => 'y', funnel => 'b > Closed within 30 days as of 2020-01-01', cohorts => 'from a while b every 1 day for 9 as of 2020-01-01');
SELECT is((SELECT count(*) FROM y_cohorts) + (SELECT sum(value) FROM y_funnel), 0::numeric, 'or as of the instant that they name');
SELECT lifecycle.create_bi_views('few', prefix => 'z', funnel => 'a > b');
SELECT is((SELECT value FROM z_funnel WHERE step = 2), 2::bigint, 'one without a window is not as of any');
SELECT is((SELECT count(*) FROM lifecycle.drop_bi_views('few')), 24::bigint, 'all sets of a table are dropped together');
CREATE SCHEMA "Odd %s schema";
SELECT is((SELECT view::text FROM lifecycle.create_bi_views('few', schema => 'Odd %s schema', prefix => 'A "b" %s''') WHERE shape = 'flow'), '"Odd %s schema"."A ""b"" %s''_flow"', 'schema and prefix may be odd');
SELECT is((SELECT sum(value) FROM "Odd %s schema"."A ""b"" %s'_flow"), 4::numeric, 'and the views are read');
SELECT is(fields($$SELECT lifecycle.create_bi_views('few', schema => 'nowhere')$$), '3F000', 'the schema must exist');
SELECT is(words($$SELECT lifecycle.create_bi_views('few', "by" => '{id,nothing,more}')$$), E'public.few has no column "nothing", "more"\n"by" names columns of the table that charts are split by.', 'and the columns');
SELECT is(fields($$SELECT lifecycle.create_bi_views('walk')$$), '42704', 'the table must be attached');
SELECT is(fields($$SELECT lifecycle.create_bi_views(NULL)$$), '42704', 'and not be NULL');
SELECT is(fields(format('SELECT lifecycle.create_bi_views(''few'', %s)', a)), CASE WHEN a LIKE '%NULL' THEN '22004' ELSE '22023' END, 'mistakes are found at once: ' || a)
FROM unnest(ARRAY['months => 0', 'months => -1', 'months => NULL', 'every => ''1 month 1 day''', 'every => NULL', 'every => ''0''', 'time_zone => ''Mars''', 'time_zone => NULL']) a;
SELECT lifecycle.drop_bi_views('few');

-- Names that are taken.
CREATE TABLE few_census (x int);
SELECT is(words($$SELECT lifecycle.create_bi_views('few')$$), E'there is a relation public.few_census already, which is not your view of public.few\nGive the views another schema or prefix: create_bi_views(..., prefix => ''...'').', 'a table of that name is left alone');
SELECT hasnt_view('few_funnel', 'and then no view is made');
DROP TABLE few_census;
CREATE VIEW few_census AS SELECT 1 AS x FROM few;
SELECT is(fields($$SELECT lifecycle.create_bi_views('few')$$), '42P07', 'so is a view that is none of ours');
COMMENT ON VIEW few_census IS E'\nlifecycle.create_bi_views(): {broken}';
SELECT is(fields($$SELECT lifecycle.create_bi_views('few')$$), '42P07', 'whatever its comment says');
COMMENT ON VIEW few_census IS E'\nlifecycle.create_bi_views(): {"shape": "dates"}';
SELECT is(fields($$SELECT lifecycle.create_bi_views('few')$$), '42P07', 'or one of another shape');
DROP VIEW few_census;
SELECT is(lifecycle.bi_name(repeat('x', 55), 'history'), (repeat('x', 55) || '_history')::name, 'names fill what room there is');
SELECT is(octet_length(lifecycle.bi_name(p, 'history')), 63, 'and are cut where there is none') FROM (SELECT repeat('x', 60)) x (p);
SELECT isnt(lifecycle.bi_name(p, 'history'), lifecycle.bi_name(p || 'y', 'history'), 'without becoming another''s') FROM (SELECT repeat('x', 60)) x (p);
SELECT cmp_ok(octet_length(lifecycle.bi_name(repeat('é', 31) || 'x', 'cohorts')), '<=', 63, 'letters are not cut in two');
SELECT is(lifecycle.distinct_names('{stage,lifecycle}', ARRAY['Stage', 'stage', 'a', 'A', repeat('é', 40), repeat('é', 40) || 'x', 'É']), ARRAY['Stage_2', 'stage_3', 'a', 'A_2', repeat('é', 31), repeat('é', 30) || '_2', 'É'],
	'names that are taken are numbered, also where they differ in case or behind byte 63 only');

-- Labels, columns and names of all kinds.
SELECT lifecycle.create_lifecycle('100% odd', format(E'stateDiagram-v2\n[*] --> s1\ns1 --> s2\ns2 --> s3\ns3 --> s4\ns4 --> s5\ns5 --> s6
note right of s1\nlabel: it''s "odd", 100%%\nend note\nnote right of s2\nlabel: stage\nend note\nnote right of s3\nlabel: %1$s\nend note\nnote right of s4\nlabel: %1$sx\nend note
note right of s5\nlabel: id\nend note\nnote right of s6\nlabel: ЖЗ 客户\noutcome: won\nend note', repeat('é', 40)));
CREATE DOMAIN odd_key AS integer CHECK (VALUE > 0);
CREATE TABLE "Odd %s table" (id odd_key, "50% off" uuid, stage text, "jour%ney" lifecycle.journey, doc jsonb, tags text[], kind deal_stage, lifecycle text, PRIMARY KEY ("50% off", id));
SELECT lifecycle.attach('"Odd %s table"', '100% odd', journey_column => 'jour%ney');
INSERT INTO "Odd %s table" VALUES (1, '00000000-0000-0000-0000-000000000001', 'it''s "odd", 100%', NULL, '{"a": 1}', '{x,y}', 'won', 'l');
UPDATE "Odd %s table" SET stage = 'stage';
UPDATE "Odd %s table" SET stage = repeat('é', 40);
UPDATE "Odd %s table" SET stage = repeat('é', 40) || 'x';
UPDATE "Odd %s table" SET stage = 'id';
UPDATE "Odd %s table" SET stage = 'ЖЗ 客户';
SELECT lifecycle.create_bi_views('"Odd %s table"', prefix => 'odd', "by" => '{doc,tags,kind,lifecycle,id}');
SELECT is((SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'odd_dates'::regclass), ARRAY['lifecycle', '50% off', 'id', 'doc', 'tags', 'kind', 'lifecycle_2', 'stage', 'started_at', 'stage_since', 'days_in_stage', 'steps',
	'it''s "odd", 100%', 'stage_2', repeat('é', 31), repeat('é', 30) || '_2', 'id_2', 'ЖЗ 客户'], 'columns are called by their labels, each once');
SELECT results_eq('SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = ''odd_dates''::regclass AND attnum BETWEEN 2 AND 7 ORDER BY attnum',
	$$SELECT unnest('{uuid,integer,text,text,text,text}'::text[])$$, 'a key keeps its type, or the one under its domain; what tools do not read is text');
SELECT is_empty(format('SELECT 1 FROM odd_dates WHERE NOT (%s) OR stage <> ''ЖЗ 客户'' OR steps <> 6', string_agg(format('%I IS NOT NULL', c), ' AND ')), 'and all are filled')
FROM unnest(ARRAY['it''s "odd", 100%', 'stage_2', repeat('é', 31), repeat('é', 30) || '_2', 'id_2', 'ЖЗ 客户']) c;
SELECT is((SELECT string_agg(stage, '|' ORDER BY step) FROM odd_funnel), concat_ws('|', 'it''s "odd", 100%', 'stage', repeat('é', 40), repeat('é', 40) || 'x', 'id', 'ЖЗ 客户'), 'the funnel knows them');
SELECT results_eq('SELECT stage, id, "50% off", doc, lifecycle_2 FROM odd_history WHERE step = 2', $$VALUES ('stage', 1, '00000000-0000-0000-0000-000000000001'::uuid, '{"a": 1}', 'l')$$, 'history too');
SELECT is((SELECT string_agg(source_node || '>' || target_node, '|' ORDER BY source_node = 'stage') FROM odd_flow WHERE 'stage' IN (source, target)), 'it''s "odd", 100%>stage|stage>' || repeat('é', 40), 'and flow');
SELECT is((SELECT count(*) FROM odd_cohorts) + (SELECT count(*) FROM odd_due), 1::bigint, 'and cohorts');
SELECT lives_ok('SELECT * FROM odd_census', 'and the census');

-- Several pipelines in one table, partitioned, without a key; two lifecycles on one table; views of tables.
SELECT lifecycle.create_lifecycle(n, d) FROM (VALUES ('north', E'stateDiagram-v2\n[*] --> in\nin --> out\nnote right of in\nsla: 1 day\nend note\nnote right of out\noutcome: won\nend note'),
	('south', E'stateDiagram-v2\n[*] --> new\nnew --> in\nin --> out\nnote right of out\noutcome: won\nend note'), ('east', E'stateDiagram-v2\n[*] --> x\nnote right of x\noutcome: lost\nend note')) v (n, d);
CREATE TABLE jobs (region text, pipeline text, stage text) PARTITION BY LIST (region);
CREATE TABLE jobs_a PARTITION OF jobs FOR VALUES IN ('a');
CREATE TABLE jobs_b PARTITION OF jobs DEFAULT PARTITION BY LIST (region);
CREATE TABLE jobs_c PARTITION OF jobs_b DEFAULT;
SELECT lifecycle.attach('jobs', lifecycle_column => 'pipeline');
INSERT INTO jobs SELECT r, p, CASE p WHEN 'north' THEN 'in' ELSE 'new' END FROM unnest('{a,b,c}'::text[]) r, unnest('{north,south}'::text[]) p;
INSERT INTO jobs VALUES ('a', 'east', 'x');
UPDATE jobs SET stage = 'in' WHERE pipeline = 'south' AND region > 'a';
UPDATE jobs SET stage = 'out' WHERE region = 'c' AND pipeline <> 'east';
SELECT lifecycle.create_bi_views('jobs', "by" => '{region}');
SELECT lifecycle.create_bi_views('jobs', prefix => 'all_jobs');
SELECT results_eq('SELECT lifecycle, stage, value FROM all_jobs_funnel ORDER BY lifecycle, step', $$VALUES ('north', 'in', 3::bigint), ('north', 'out', 1), ('south', 'new', 3), ('south', 'in', 2), ('south', 'out', 1)$$,
	'each pipeline has its funnel; one that nothing is won in has none');
SELECT results_eq($$SELECT lifecycle, source, value FROM jobs_flow WHERE region = 'c' ORDER BY 1, 2$$, $$VALUES ('north', 'in', 1::bigint), ('south', 'in', 1), ('south', 'new', 1)$$, 'flow is by pipeline and column');
SELECT results_eq('SELECT lifecycle, size, retained FROM all_jobs_cohorts ORDER BY 1', $$VALUES ('north', 3::bigint, 3::bigint), ('south', 3, 3)$$, 'cohorts are by pipeline');
SELECT results_eq('SELECT DISTINCT lifecycle, stage, due_at - since FROM jobs_due', $$VALUES ('north', 'in', interval '1 day')$$, 'what is due depends on the pipeline');
SELECT results_eq('SELECT lifecycle, stage FROM jobs_stages ORDER BY lifecycle, position', $$VALUES ('east', 'x'), ('north', 'in'), ('north', 'out'), ('south', 'new'), ('south', 'in'), ('south', 'out')$$, 'stages are those of pipelines that are there');
SELECT is((SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'all_jobs_dates'::regclass), '{lifecycle,stage,started_at,stage_since,days_in_stage,steps,in,new,x,out}'::text[], 'dates have the stages of all of them, and no key where there is none');
SELECT is((SELECT count(*) FROM all_jobs_dates WHERE lifecycle = 'south' AND "in" IS NOT NULL), 2::bigint, 'each row is in one');
ALTER TABLE few ADD second text NOT NULL DEFAULT 'in';
SELECT lifecycle.attach('few', 'north', stage_column => 'second', journey_column => 'way');
SELECT is(fields($$SELECT lifecycle.create_bi_views('few')$$), '42P08', 'of two attachments one must be named');
SELECT is((SELECT view::text FROM lifecycle.create_bi_views('few', 'second') WHERE shape = 'flow'), 'few_second_flow', 'the views are called after it');
SELECT lifecycle.create_bi_views('few', 'stage');
SELECT results_eq($$SELECT DISTINCT stage FROM few_second_dates UNION ALL SELECT DISTINCT stage FROM few_stage_dates WHERE id = 1$$, $$VALUES ('in'), ('d')$$, 'each reads its own journeys');
SELECT is((SELECT count(*) FROM lifecycle.refresh_bi_views('few')), 16::bigint, 'also when they are made again');
SELECT lifecycle.create_lifecycle('long ' || l, (SELECT E'stateDiagram-v2\n[*] --> ' || l || E'1\n' || string_agg(format('%1$s%2$s --> %1$s%3$s', l, n, n + 1), E'\n' ORDER BY n) || format(E'\nnote right of %s900\noutcome: won\nend note', l) FROM generate_series(1, 899) n))
FROM unnest('{a,b}'::text[]) l;
CREATE TABLE long (id int, pipeline text, stage text);
SELECT lifecycle.attach('long', lifecycle_column => 'pipeline');
INSERT INTO long VALUES (1, 'long a', 'a1');
SELECT is((SELECT count(*) FROM lifecycle.create_bi_views('long')), 8::bigint, 'a lifecycle may have many stages');
SELECT is((SELECT array_agg(stage ORDER BY step) FILTER (WHERE step > 62) FROM long_funnel), '{a63,a900}', 'though a funnel has 64 steps');
SELECT is((SELECT count(a900) + count(a1) FROM long_dates), 1::bigint, 'dates have all');
INSERT INTO long VALUES (2, 'long b', 'b1');
SELECT is(words($$SELECT lifecycle.refresh_bi_views('long')$$), 'the dates of public.long would have 1806 columns
A view has at most 1,600, and this one a column for each stage of each lifecycle in the table.
Make a view of the rows of one lifecycle, or of some, and create_bi_views() of that.', 'as far as a view can');
SELECT lifecycle.drop_bi_views('long');
CREATE VIEW live AS SELECT * FROM deals WHERE segment = 'big';
SELECT lifecycle.create_bi_views('live');
SELECT is((SELECT count(*) FROM live_dates), (SELECT count(*) FROM deals WHERE segment = 'big'), 'a view of the table has views too, of what it shows');
SELECT is((SELECT count(*) FROM lifecycle.refresh_bi_views('live')), 8::bigint, 'which are its own');
SELECT is_empty($$SELECT * FROM lifecycle.bi_views('deals')$$, 'not the table''s');
CREATE TABLE empty (id int PRIMARY KEY, stage text);
SELECT lifecycle.attach('empty', 'north');
SELECT lifecycle.create_bi_views('empty');
SELECT is((SELECT count(*) FROM empty_history) + (SELECT count(*) FROM empty_dates) + (SELECT count(*) FROM empty_funnel) + (SELECT count(*) FROM empty_flow) + (SELECT count(*) FROM empty_cohorts)
	+ (SELECT count(*) FROM empty_census) + (SELECT count(*) FROM empty_due), 0::bigint, 'an empty table is fine');


-- Whose they are, and what whoever reads them sees.
CREATE SCHEMA reports;
GRANT USAGE, CREATE ON SCHEMA reports TO bi_reader;
SET ROLE bi_reader;
SELECT is(fields($$SELECT lifecycle.create_bi_views('deals')$$), '42501', 'views are made where the caller may make them');
SELECT is((SELECT view::text FROM lifecycle.create_bi_views('deals', schema => 'reports') WHERE shape = 'census'), 'reports.deals_census', 'which needs no right to the table');
SELECT is((SELECT DISTINCT viewowner::text FROM pg_views WHERE schemaname = 'reports'), 'bi_reader', 'they are the caller''s');
SELECT is(words('SELECT * FROM reports.deals_' || shape), CASE WHEN shape = 'stages' THEN 'accepted' ELSE 'permission denied for table deals' END, 'reading needs one: ' || shape)
FROM lifecycle.bi_shapes();
SELECT is_empty($$SELECT * FROM lifecycle.bi_views('empty')$$, 'those of others are not theirs');
SELECT is((SELECT count(*) FROM lifecycle.bi_views('deals')), 8::bigint, 'their own are');
RESET ROLE;
GRANT SELECT ON deals, few_second_funnel, few_second_dates TO bi_reader;
SET ROLE bi_reader;
SELECT is((SELECT count(*) FROM reports.deals_dates), 202::bigint, 'with it they are read');
SELECT is(words('SELECT * FROM few_second_dates'), 'permission denied for table few', 'a right to somebody else''s view lends none to its table');
RESET ROLE;
ALTER TABLE deals ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_segment ON deals TO bi_reader USING (segment = 'smb');
CREATE TABLE seen AS SELECT 'all' AS who, (SELECT count(*) FROM reports.deals_history) AS history, (SELECT count(*) FROM reports.deals_dates) AS dates, (SELECT max(value) FROM reports.deals_funnel) AS funnel,
	(SELECT sum(value) FROM reports.deals_flow) AS flow, (SELECT sum(size) FROM reports.deals_cohorts WHERE period = 0) AS cohorts, (SELECT sum(value) FROM reports.deals_census) AS census, (SELECT count(*) FROM reports.deals_due) AS due;
GRANT SELECT ON seen TO bi_reader;
SET ROLE bi_reader;
SELECT is_empty($$SELECT * FROM seen WHERE history <= (SELECT count(*) FROM reports.deals_history) OR dates <= (SELECT count(*) FROM reports.deals_dates) OR funnel <= (SELECT max(value) FROM reports.deals_funnel)
	OR flow <= (SELECT sum(value) FROM reports.deals_flow) OR cohorts <= (SELECT sum(size) FROM reports.deals_cohorts WHERE period = 0) OR census <= (SELECT sum(value) FROM reports.deals_census)
	OR due <= (SELECT count(*) FROM reports.deals_due)$$, 'row security keeps its rows out of every view');
SELECT is((SELECT count(*) FROM reports.deals_dates), (SELECT count(*) FROM deals WHERE segment = 'smb'), 'and lets the others in');
RESET ROLE;
SELECT lives_ok('SET ROLE bi_reader; SELECT lifecycle.refresh_bi_views(''deals''); RESET ROLE', 'the owner makes them again');
SELECT lifecycle.refresh_bi_views('deals');
SELECT is((SELECT DISTINCT viewowner::text FROM pg_views WHERE schemaname = 'reports'), 'bi_reader', 'a superuser who does leaves them to the owner');
SELECT throws_ok($$DROP EXTENSION crm_lifecycle$$, '2BP01', NULL, 'the extension stays as long as there are views');

-- A filter on the key or on a column in "by" reaches the table's index, whatever the shape.
CREATE TABLE many (id int PRIMARY KEY, segment int, stage text);
CREATE INDEX ON many (segment);
SELECT lifecycle.attach('many', 'few');
INSERT INTO many SELECT n, n / 10, 'a' FROM generate_series(1, 5000) n;
ANALYZE many;
SELECT lifecycle.create_bi_views('many', "by" => '{segment}');
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query; END $$;
SELECT is((SELECT count(*) FROM plan(format('SELECT * FROM many_%s WHERE %s = 7', shape, c)) p WHERE p ~ 'Index Cond:|Index Scan on') > 0, true, shape || ' of one ' || c)
FROM lifecycle.bi_shapes(), unnest('{id,segment}'::text[]) c WHERE shape <> 'stages' AND (per_row OR c = 'segment');
SELECT cmp_ok((SELECT count(*) FROM plan('SELECT * FROM many_history LIMIT 5') p WHERE p ~ 'Sort|Aggregate|Materialize'), '=', 0::bigint, 'a LIMIT on history stops after some rows');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT lifecycle.create_bi_views('many', prefix => 'whole');
SELECT is((SELECT count(*) FROM plan(format('SELECT count(*) FROM whole_%s', shape)) p WHERE p ~ 'Parallel Seq Scan on many'), 1::bigint, shape || ' is read by workers')
FROM lifecycle.bi_shapes() WHERE shape <> 'stages';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

SELECT is((SELECT count(*) FROM plan('SELECT * FROM jobs_' || shape) p WHERE p ~ 'Subquery Scan on m'), 1::bigint, shape || ' asks each lifecycle once, not for each row')
FROM unnest('{funnel,flow,cohorts}'::text[]) shape;

-- Steps by their number, in line and out of line.
SELECT results_eq('SELECT n, lifecycle.step_stage(j, n), lifecycle.step_at(j, n) FROM (SELECT journey AS j, lifecycle.step_numbers(journey) AS n FROM deals WHERE id = 20) x',
	'SELECT s.step, s.stage, s.entered_at FROM deals, lifecycle.steps(journey) s WHERE id = 20', 'steps are asked for by their number');
SELECT results_eq($$SELECT lifecycle.step_stage('{a@2026-01-01,b@2026-01-02}', n), lifecycle.step_at('{a@2026-01-01,b@2026-01-02}', n) FROM unnest('{-2147483648,-3,-2,-1,0,2,3,2147483647,NULL}'::int[]) n$$,
	$$VALUES (NULL, NULL::timestamptz), (NULL, NULL), ('a', '2026-01-01'), ('b', '2026-01-02'), (NULL, NULL), ('b', '2026-01-02'), (NULL, NULL), (NULL, NULL), (NULL, NULL)$$, 'from the end too; there are no others');
SELECT is_empty($$SELECT lifecycle.step_numbers(NULL)$$, 'no steps for NULL');
CREATE TABLE toasted (id int, j lifecycle.journey);
ALTER TABLE toasted ALTER j SET STORAGE EXTERNAL;
INSERT INTO toasted SELECT g, lifecycle.journey_agg('s' || n % 7 * g, timestamptz '2026-01-01' + make_interval(mins => n)) FROM generate_series(1, 3) g, generate_series(1, 10000) n GROUP BY g;
SELECT results_eq($$SELECT id, n, lifecycle.step_stage(j, n), lifecycle.step_at(j, n) FROM (SELECT id, j, lifecycle.step_numbers(j) AS n FROM toasted) x WHERE n % 500 = 1$$,
	$$SELECT id, step, stage, entered_at FROM toasted, lifecycle.steps(j) WHERE step % 500 = 1$$, 'journeys out of line are told apart');
SELECT results_eq($$SELECT lifecycle.journey_begun(j, l)::text FROM (VALUES ('{a@2026-01-01,b@2026-01-02,a@2026-01-03}'::lifecycle.journey, 'x'), ('{a@2026-01-01,b@2026-01-02}', 'b'), ('{a@2026-01-01}', 'a'), (NULL, 'a'), ('{a@2026-01-01}', NULL)) v (j, l)$$,
	$$VALUES ('{x@2026-01-01T00:00:00Z,a@2026-01-01T00:00:00Z,b@2026-01-02T00:00:00Z,a@2026-01-03T00:00:00Z}'), ('{b@2026-01-01T00:00:00Z,a@2026-01-01T00:00:00Z,b@2026-01-02T00:00:00Z}'), ('{a@2026-01-01T00:00:00Z,a@2026-01-01T00:00:00Z}'), (NULL), (NULL)$$,
	'one step more before the first');
SELECT is((SELECT count(*) FROM toasted WHERE lifecycle.journey_begun(j, 'x')::text <> lifecycle.journey_concat(lifecycle.journey('x', lifecycle.started_at(j)), j)::text), 0::bigint, 'as if it had been put together');
SELECT is(fields($$SELECT lifecycle.journey_begun((SELECT lifecycle.journey_agg('s' || n, timestamptz '2026-01-01' + make_interval(secs => n)) FROM generate_series(1, 1024) n), 'x')$$), '54000', 'unless labels run out');
SELECT is(fields(format($$SELECT lifecycle.journey_begun('{a@2026-01-01}', %L)$$, repeat('x', 256))), '54000', 'or the label is too long');

RESET ROLE;
DROP OWNED BY bi_reader, bi_granter;
DROP ROLE bi_reader, bi_granter;
SELECT finish();
