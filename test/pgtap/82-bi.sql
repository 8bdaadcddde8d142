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

SELECT finish();
