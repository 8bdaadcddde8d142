-- The canvas: figures on a diagram, compared with what plain SQL counts; and in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE SCHEMA crm;
SET search_path = crm, public, lifecycle;
SET timezone = 'Asia/Tokyo';
SET client_min_messages = warning;
SELECT no_plan();

-- ---- the same figures as plain SQL, over journeys of which many go ways that are not drawn ----

SELECT create_lifecycle('deal', $$stateDiagram-v2
    state "First" as first {
        a
        b
    }
    c : Third
    [*] --> a
    [*] --> b : direct
    a --> b : go
    b --> a
    a --> c : one [id > 1]
    a --> c : two / ring
    first --> d : drop
    a --> d : explicit
    c --> c : again
    c --> d
    d --> a
    d --> [*] : leave
    note right of a
        sla: 3 days
        owner: me
    end note
    note right of c
        sla: 1 month
        outcome: won
    end note
    note right of d
        outcome: lost
    end note$$);

-- Chance is a hash, so that a failure can be seen again.
CREATE FUNCTION chance(id int, step int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT abs(hashint8extended(id * 1000 + step, 7) % 1000)::int $$;
CREATE TABLE event AS
    SELECT id, step, ('{a,b,c,d,a,b,c,x}'::text[])[1 + chance(id, step) % 8] AS stage,
        timestamptz '2026-01-01Z' + sum(make_interval(hours => 1 + chance(id, step + 100))) OVER (PARTITION BY id ORDER BY step) AS at
    FROM generate_series(1, 500) id, generate_series(1, 8) step WHERE step <= 1 + chance(id, 0) % 8;
CREATE INDEX ON event (id, step);
ANALYZE event;
CREATE VIEW people AS SELECT id, journey_agg(stage, at) AS journey FROM event GROUP BY id;

-- What had happened by an instant, in a period of moves.
CREATE FUNCTION walks(as_of timestamptz, since timestamptz, OUT id int, OUT from_stage text, OUT to_stage text, OUT dwell interval, OUT age interval, OUT held_since timestamptz)
RETURNS SETOF record LANGUAGE sql AS $$
    SELECT id, lag(stage) OVER w, stage, at - lag(at) OVER w,
        CASE WHEN lead(at) OVER w IS NULL THEN as_of - at END,
        CASE WHEN lead(at) OVER w IS NULL THEN (SELECT max(f.at) FROM event f WHERE f.id = e.id AND f.at <= e.at
            AND f.stage <> ALL (SELECT g.stage FROM event g WHERE g.id = f.id AND g.step = f.step - 1)) END
    FROM event e WHERE at <= as_of WINDOW w AS (PARTITION BY id ORDER BY step)
$$;
CREATE FUNCTION said(n numeric) RETURNS text LANGUAGE sql AS $$ SELECT ltrim(to_char(n, '999,990')) $$;
CREATE FUNCTION said_share(n bigint, whole bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN n = whole THEN '' WHEN n > 0 AND 100.0 * n / whole < 1 THEN ' (<1 %)'
        WHEN 100.0 * n / whole > 99 THEN ' (>99 %)' ELSE format(' (%s %%)', round((100.0 * n / whole)::float8)) END
$$;
CREATE FUNCTION said_span(i interval) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN s >= 864000 THEN format('%s d', floor(s / 86400))
        WHEN s >= 86400 THEN format('%s d', floor(s / 86400)) || CASE WHEN floor(mod(s, 86400) / 3600) > 0 THEN format(' %s h', floor(mod(s, 86400) / 3600)) ELSE '' END
        WHEN s >= 36000 THEN format('%s h', floor(s / 3600))
        ELSE format('%s h', floor(s / 3600)) || CASE WHEN floor(mod(s, 3600) / 60) > 0 THEN format(' %s min', floor(mod(s, 3600) / 60)) ELSE '' END END
    FROM extract(epoch FROM i) s
$$;
CREATE FUNCTION flows(as_of timestamptz) RETURNS TABLE (from_stage text, to_stage text, n bigint) LANGUAGE sql AS $$
    SELECT from_stage, to_stage, count(*) FROM walks(as_of, NULL) GROUP BY 1, 2
$$;
CREATE TEMP TABLE asked (as_of timestamptz);
INSERT INTO asked VALUES ('2026-01-10Z'), ('2026-03-01Z'), ('2026-12-31Z');

SELECT is((SELECT array_agg(format('%s: %s', id, description) ORDER BY position) FROM diagram_stages(canvas('deal', 'people', as_of))),
    (SELECT array_agg(format(E'%s: %s now%s\nmedian %s%s%s', s.id, (SELECT count(*) FROM walks(as_of, NULL) WHERE to_stage = s.id AND age IS NOT NULL),
        (SELECT ' · ' || count(*) FILTER (WHERE (coalesce(held_since, at) AT TIME ZONE 'UTC' + s.sla) AT TIME ZONE 'UTC' <= as_of) || ' late'
            FROM walks(as_of, NULL) w JOIN LATERAL (SELECT min(at) AS at FROM event e WHERE e.id = w.id) e ON true
            WHERE to_stage = s.id AND age IS NOT NULL AND s.sla IS NOT NULL HAVING count(*) > 0),
        (SELECT said_span(percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell)) FROM walks(as_of, NULL) WHERE from_stage = s.id),
        (SELECT E'\n' || said(sum(n)) || CASE sum(n) WHEN 1 THEN ' move' ELSE ' moves' END || ' not drawn' FROM flows(as_of) WHERE from_stage = s.id
            AND (from_stage, to_stage) NOT IN (VALUES ('a', 'b'), ('b', 'a'), ('a', 'c'), ('a', 'd'), ('b', 'd'), ('c', 'c'), ('c', 'd'), ('d', 'a')) HAVING sum(n) > 0),
        (SELECT E'\n' || said(sum(n)) || ' began here' FROM flows(as_of) WHERE from_stage IS NULL AND to_stage = s.id AND s.id IN ('c', 'd') HAVING sum(n) > 0))
        ORDER BY position) FROM stage s WHERE lifecycle = 'deal'),
    format('stages as of %s say what plain SQL counts', as_of))
FROM asked;

SELECT is((SELECT array_agg(format('%s>%s: %s', coalesce(from_stage, from_phase), to_stage, event) ORDER BY position) FROM diagram_moves(canvas('deal', 'people', as_of)) WHERE to_stage IS NOT NULL),
    (SELECT array_agg(format('%s>%s: %s%s%s', coalesce(w.f, w.phase), w.t, w.event || ' · ', coalesce(n, 0), said_share(coalesce(n, 0)::bigint, coalesce(whole, 0)::bigint)) ORDER BY k)
        FROM (VALUES (1, NULL, NULL, 'a', NULL), (2, NULL, NULL, 'b', 'direct'), (3, 'a', NULL, 'b', 'go'), (4, 'b', NULL, 'a', NULL), (5, 'a', NULL, 'c', 'one, two'),
            (6, NULL, 'first', 'd', 'drop'), (7, 'a', NULL, 'd', 'explicit'), (8, 'c', NULL, 'c', 'again'), (9, 'c', NULL, 'd', NULL), (10, 'd', NULL, 'a', NULL)) w (k, f, phase, t, event)
        CROSS JOIN LATERAL (SELECT sum(n) AS n FROM flows(as_of) m WHERE m.to_stage = w.t
            AND CASE WHEN w.phase IS NOT NULL THEN m.from_stage = 'b' ELSE m.from_stage IS NOT DISTINCT FROM w.f END) m
        CROSS JOIN LATERAL (SELECT sum(n) AS whole FROM flows(as_of) m
            WHERE CASE WHEN w.phase IS NOT NULL THEN m.from_stage IN ('a', 'b') AND m.to_stage NOT IN ('a', 'b') ELSE m.from_stage IS NOT DISTINCT FROM w.f END) x),
    format('so do moves as of %s: a stage''s own arrow goes before its phase''s, and two between the same stages are one', as_of))
FROM asked;

SELECT is((SELECT DISTINCT phase_title FROM diagram_stages(canvas('deal', 'people', as_of)) WHERE phase IS NOT NULL),
    format('First · %s now', (SELECT said(count(*)) FROM walks(as_of, NULL) WHERE to_stage IN ('a', 'b') AND age IS NOT NULL)), format('and phases as of %s', as_of))
FROM asked;
SELECT is((SELECT (regexp_match(canvas('deal', 'people', as_of), 'title: "([^"]*)"'))[1]), format('deal · %s · %s rows · %s in stages not drawn', (as_of AT TIME ZONE 'UTC')::date,
    said(count(DISTINCT id)), count(*) FILTER (WHERE to_stage = 'x' AND age IS NOT NULL)), format('and the title as of %s', as_of))
FROM asked, walks(as_of, NULL) GROUP BY as_of;

SELECT is(c, format_diagram(c), 'a canvas is a diagram in canonical form') FROM canvas('deal', 'people', '2026-03-01Z') c;
SELECT is(c, format_diagram(c), 'so it is with all that can be asked for') FROM canvas('deal', 'people', '2026-03-01Z', notes => true, guards => true, undrawn => true, lang => 'fr') c;
SELECT is((SELECT count(*) FROM diagram_moves(c) WHERE event LIKE 'not drawn · %'), (SELECT count(*) FROM flows('2026-03-01Z')
    WHERE (coalesce(from_stage, '*'), to_stage) NOT IN (VALUES ('*', 'a'), ('*', 'b'), ('a', 'b'), ('b', 'a'), ('a', 'c'), ('a', 'd'), ('b', 'd'), ('c', 'c'), ('c', 'd'), ('d', 'a'))),
    'undrawn draws every move that has no arrow') FROM canvas('deal', 'people', '2026-03-01Z', undrawn => true) c;
SELECT results_eq($$SELECT id, title, split_part(description, E'\n', 1) FROM diagram_stages(canvas('deal', 'people', '2026-03-01Z', undrawn => true)) WHERE position > 4$$,
    $$SELECT 'not_drawn_1', 'x', count(*) || ' now' FROM walks('2026-03-01Z', NULL) WHERE to_stage = 'x' AND age IS NOT NULL$$, 'and the stages that only journeys know');
SELECT unalike(canvas('deal', 'people', '2026-03-01Z', undrawn => true), '%in stages not drawn%', 'which are then not missing any more');

-- A period of moves: who is where stays as it was.
SELECT is((SELECT array_agg(format('%s>%s %s', from_stage, to_stage, (regexp_match(event, '\d+'))[1]) ORDER BY position) FROM diagram_moves(c) WHERE from_stage IN ('b', 'c') AND to_stage IS NOT NULL),
    (SELECT array_agg(format('%s>%s %s', w.f, w.t, (SELECT count(*) FROM event e JOIN event p ON p.id = e.id AND p.step = e.step - 1
        WHERE p.stage = w.f AND e.stage = w.t AND e.at >= '2026-02-01Z' AND e.at < '2026-02-15Z')) ORDER BY k)
        FROM (VALUES (1, 'b', 'a'), (2, 'c', 'c'), (3, 'c', 'd')) w (k, f, t)), 'moved counts the moves of a period')
FROM canvas('deal', 'people', '2026-03-01Z', '[2026-02-01Z, 2026-02-15Z)') c;
SELECT results_eq($$SELECT id, split_part(description, E'\n', 1) FROM diagram_stages(canvas('deal', 'people', '2026-03-01Z', '[2026-02-01Z, 2026-02-15Z)'))$$,
    $$SELECT id, split_part(description, E'\n', 1) FROM diagram_stages(canvas('deal', 'people', '2026-03-01Z'))$$, 'and leaves alone who is where, and late');
SELECT alike(canvas('deal', 'people', '2026-03-01Z', '[2026-02-01Z, 2026-02-15 12:30Z)'), '%rows%· moves since 2026-02-01 until 2026-02-15 12:30 UTC"%', 'the title says which period');
SELECT alike(canvas('deal', 'people', '2026-03-01Z', '[2026-02-01Z,)'), '%moves since 2026-02-01"%', 'also one that is open');

-- ---- what is shown and hidden ----

SELECT unalike(canvas('deal', 'people'), '%note%', 'notes are hidden');
SELECT alike(canvas('deal', 'people', notes => true), '%note right of a%sla: 3 days%owner: me%end note%', 'unless they are asked for');
SELECT alike(canvas('deal', 'people'), E'% / ⚡\u00A0ring%', 'automations are marked on their moves');
SELECT is(canvas('deal', 'people', '2026-03-01Z', NULL, NULL, NULL, NULL, NULL, NULL, NULL), canvas('deal', 'people', '2026-03-01Z'), 'NULL is the default');
SELECT is(canvas(NULL, 'people'), NULL, 'of no lifecycle there is no canvas');
SELECT is(canvas('deal', NULL), NULL, 'nor of no rows');
SELECT alike(canvas('deal', 'people', direction => 'LR'), E'%stateDiagram-v2\n    direction LR\n%', 'the direction can be another');
SELECT alike(canvas('deal', 'people', '2026-12-31Z', lang => 'fr'), '%a : % ici · % en retard%médiane %mouvements non dessinés%ont débuté ici%', 'French says the same in French');
SELECT ok((SELECT regexp_match(canvas('deal', 'people'), 'title: "deal · (....-..-.. ..:..) UTC'))[1]::timestamp BETWEEN (now() AT TIME ZONE 'UTC') - interval '1 minute' AND clock_timestamp() AT TIME ZONE 'UTC',
    'without an instant it is as of now, in UTC');

-- ---- a small table: exact text, colors, a stage outside, guards, titles of its own ----

SELECT create_lifecycle('order', $$---
config:
    theme: neutral
---
stateDiagram-v2
    direction LR
    crowd
    new : New order
    new : just in
    classDef canvas_late stroke:#000
    classDef hot fill:#f00
    class new hot
    class new canvas_late
    new:::canvas_open_1
    [*] --> crowd
    crowd --> new : come
    new --> paid : pay [amount > 0] / bill
    new --> paid : pay later [terms > 0]
    paid --> [*]
    note right of crowd
        outside: yes
    end note
    note right of new
        sla: 1 day
        label: New
        color: #f96
    end note
    note right of paid
        outcome: won
    end note$$);
CREATE TABLE orders (id int PRIMARY KEY, stage text, amount int, terms int, journey journey);
SELECT is((SELECT split_part(canvas('order', 'orders', '2026-01-03 10:00Z'), E'\nstateDiagram', 1)), E'---\ntitle: "order · 2026-01-03 10:00 UTC · 0 rows"\nconfig:\n    theme: neutral\n---',
    'an empty table has a canvas; front matter stays');
INSERT INTO orders VALUES (1, 'New', 1, 1, '{New@2026-01-01}'), (2, 'New', 1, 1, '{New@2026-01-02 10:00:00.000001Z}'), (3, 'New', 1, 1, '{New@2026-01-02 10:00:00Z}'),
    (4, 'paid', 1, 1, '{New@2026-01-01 00:00:00Z,paid@2026-01-01 09:05:00Z}'), (5, 'New', 1, 1, NULL), (6, 'New', 1, 1, '{New@2026-01-03 11:00:00Z}');
SELECT is(canvas('order', 'orders', '2026-01-03 10:00Z'), $$---
title: "order · 2026-01-03 10:00 UTC · 4 rows"
config:
    theme: neutral
---
stateDiagram-v2
    direction LR
    crowd
    new : New order
    new : 3 now · 2 late
    new : median 9 h 5 min
    paid : paid
    paid : 1 now
    [*] --> crowd
    crowd --> new : come · 4
    new --> paid : pay, pay later · 1 / ⚡ bill
    paid --> [*]
    classDef hot fill:#f00
    class new hot
    classDef canvas_open_4 fill:#6baed6,stroke:#4292c6,color:#08306b
    class new canvas_open_4
    classDef canvas_won_4 fill:#74c476,stroke:#41ab5d,color:#00441b
    class paid canvas_won_4
    classDef canvas_very_late stroke:#c51b1b,stroke-width:4px
    class new canvas_very_late
$$, 'late is who has been there for the SLA or longer; whoever has no journey or comes later is not drawn; who comes from outside begins; nothing of an older canvas is left');
SELECT unalike(canvas('order', 'orders'), '%[amount%', 'guards are hidden');
SELECT alike(canvas('order', 'orders', '2026-01-03 10:00Z', notes => true, guards => true, colors => false), '%new : New order
    new : 3 now · 2 late
    new : median 9 h 5 min
    new : just in
%new --> paid : pay, pay later · 1 [(amount > 0) OR (terms > 0)] / ⚡ bill
%note right of crowd
        outside: yes
%label: New
        sla: 1 day
%class new color_f96%', 'notes, descriptions, guards and the stages'' own colors on request');
SELECT alike(canvas('order', 'orders', '2026-01-01 09:00Z'), '%new : 2 now · 0 late%', 'none late is said too');
SELECT unalike(canvas('order', 'orders', '2026-01-01 09:00Z'), '%late stroke%', 'but has no border');
INSERT INTO orders VALUES (7, 'New', 1, 1, '{New@2026-01-03 09:00:00Z}'), (8, 'New', 1, 1, '{New@2026-01-03 09:00:00Z}');
SELECT alike(canvas('order', 'orders', '2026-01-03 10:00Z'), '%5 now · 2 late%classDef canvas_late stroke:#e08214%class new canvas_late%', 'two of five are less than half');
SELECT create_lifecycle('crowded', E'stateDiagram-v2\n[*] --> crowd\ncrowd --> New : come\n[*] --> New : be told\nnote right of crowd\noutside: yes\nend note');
SELECT results_eq($$SELECT coalesce(event, '') FROM diagram_moves(canvas('crowded', 'orders', '2026-01-03 10:00Z'))$$, '{"",come · 6,be told}'::text[], 'of two ways to begin in a stage the first counts, the other has no number');
SELECT create_lifecycle('titled', E'---\ntitle: Orders of the year\n---\nstateDiagram-v2\n[*] --> New');
SELECT alike(canvas('titled', 'orders'), E'---\ntitle: Orders of the year\n---\n%', 'a title that the diagram has stays');
SELECT create_lifecycle(E'odd "name"\\ \n: #x', E'stateDiagram-v2\n[*] --> New');
SELECT alike(canvas(E'odd "name"\\ \n: #x', 'orders', '2026-01-03Z'), E'---\ntitle: "odd \\\\"name\\\\"\\\\\\\\  : #x · 2026-01-03 · %"\n---\n%', 'a name is quoted as YAML does');

-- Spans, one median at a time.
CREATE TABLE dwelt (journey journey);
CREATE FUNCTION drawn_span(dwell interval, lang text DEFAULT 'en') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM dwelt;
    INSERT INTO dwelt SELECT journey_agg(stage, at) FROM (VALUES ('New', timestamptz '2000-01-01Z'), ('paid', timestamptz '2000-01-01Z' + dwell)) e (stage, at);
    RETURN (SELECT regexp_replace(description, '.*(median|médiane) ', '') FROM diagram_stages(canvas('order', 'dwelt', lang => lang)) WHERE id = 'new');
END $$;
SELECT is(drawn_span(dwell), drawn, format('%s is drawn as %s', dwell, drawn)) FROM (VALUES
    (interval '1 microsecond', '<1 s'), ('999999 microseconds', '<1 s'), ('1 second', '1 s'), ('59.9 seconds', '59 s'), ('1 minute', '1 min'), ('3 min 20 s', '3 min 20 s'), ('9 min 59.9 s', '9 min 59 s'),
    ('10 min 59 s', '10 min'), ('1 hour', '1 h'), ('23:59:59.9', '23 h'), ('24:00', '1 d'), ('4 days 3 hours', '4 d 3 h'), ('4 days 59 min', '4 d'), ('9 days 23:59', '9 d 23 h'), ('10 days 23:00', '10 d'),
    ('730 days', '730 d'), ('730 days 12:00', '2.0 y'), ('913 days', '2.4 y'), ('7304 days', '19.9 y')) v (dwell, drawn);
SELECT is(drawn_span('0'), '0 s', 'no time at all is 0 s');
SELECT is(drawn_span('4 days 3 hours', 'fr'), '4 j 3 h', 'French has its own letters');
SELECT is(drawn_span('913 days', 'fr'), '2,4 ans', 'and its own comma');

-- Shares that are nearly nothing or all.
CREATE TABLE many (journey journey);
SELECT create_lifecycle('fork', E'stateDiagram-v2\n[*] --> a\na --> b\na --> c');
INSERT INTO many SELECT format('{a@2026-01-01,%s@2026-01-02}', CASE WHEN i = 0 THEN 'b' ELSE 'c' END)::journey FROM generate_series(0, 1200) i;
SELECT results_eq($$SELECT event FROM diagram_moves(canvas('fork', 'many', '2026-02-01'))$$, '{"1,201","1 (<1 %)","1,200 (>99 %)"}'::text[], 'one of many is not nothing, and all but one not all');
SELECT alike(canvas('fork', 'many', '2026-02-01', lang => 'fr'), E'%1\u202F201 lignes%1\u202F200%', 'French has its own thousands');
DELETE FROM many WHERE path(journey) = 'a>b';
SELECT results_eq($$SELECT event FROM diagram_moves(canvas('fork', 'many', '2026-02-01'))$$, '{"1,200",0 (0 %),"1,200"}'::text[], 'a share of all is left out, one of nothing is not');

-- Labels that nobody would draw.
INSERT INTO many SELECT journey_agg(stage, at) FROM (VALUES ('a', timestamptz '2026-01-01Z'), (E'x "q" <i>\n# ; 漢 ' || repeat('é', 100), '2026-01-02Z')) e (stage, at);
INSERT INTO many SELECT journey_agg(stage, at) FROM (VALUES ('', timestamptz '2026-01-01Z'), ('not_drawn_1', '2026-01-02Z')) e (stage, at);
SELECT is((SELECT array_agg(title ORDER BY position) FROM diagram_stages(c) WHERE id LIKE 'not%'), ARRAY['""', 'not_drawn_1', 'x "q" <i> # ; 漢 ' || repeat('é', 100)],
    'labels with anything in them become titles') FROM canvas('fork', 'many', '2026-02-01', undrawn => true) c;
SELECT is(c, format_diagram(c), 'which read back') FROM canvas('fork', 'many', '2026-02-01', undrawn => true) c;
SELECT alike(canvas('fork', 'many', '2026-02-01'), '%1,202 rows · 2 in stages not drawn%1 move not drawn%', 'and are counted otherwise');
CREATE TABLE wild AS SELECT journey_agg('s' || s, timestamptz '2026-01-01Z' + s * interval '1 hour') AS journey FROM generate_series(1, 1001) s;
SELECT throws_ok($$SELECT canvas('fork', 'wild', undrawn => true)$$, '54000', 'the journeys have 1004 stages and 1001 kinds of moves, which is too much for a picture', 'there is an end to what is drawn');
SELECT lives_ok($$SELECT canvas('fork', 'wild')$$, 'but not to what is counted');

-- An SLA beyond the end of time is none; a loop does not begin the time in a stage anew.
SELECT create_lifecycle('patient', E'stateDiagram-v2\n[*] --> a\na --> a\na --> b\nnote right of a\nsla: 1 month\nend note\nnote right of b\nsla: 290000 years\nend note');
CREATE TABLE looped (journey journey);
INSERT INTO looped VALUES ('{a@2026-01-31,a@2026-02-27}'), ('{a@2026-02-28}'), ('{a@2026-01-01,b@2026-01-02}');
SELECT is((SELECT array_agg(split_part(description, E'\n', 1) ORDER BY position) FROM diagram_stages(canvas('patient', 'looped', '2026-02-28Z'))), '{2 now · 1 late,1 now · 0 late}',
    'a month after 31 January is 28 February, loops or not');
SELECT alike(canvas('patient', 'looped', '2026-02-27 23:59:59Z'), '%1 now · 0 late%', 'not a moment earlier, in UTC, whatever the session''s zone');

-- ---- where the rows are ----

CREATE TABLE pipeline (id int, line text, stage text, state text, journey journey, state_journey journey, gone int) PARTITION BY LIST (line);
CREATE TABLE pipeline_fork PARTITION OF pipeline FOR VALUES IN ('fork');
CREATE TABLE pipeline_rest (gone int, journey journey, id int, line text, stage text, state text, state_journey journey);
ALTER TABLE pipeline DROP COLUMN gone;
ALTER TABLE pipeline_rest DROP COLUMN gone;
ALTER TABLE pipeline ATTACH PARTITION pipeline_rest DEFAULT;
SELECT attach('pipeline', lifecycle_column => 'line');
SELECT attach('pipeline', 'patient', stage_column => 'state', journey_column => 'state_journey');
INSERT INTO pipeline VALUES (1, 'fork', 'a', 'a'), (2, 'fork', 'a', 'a'), (3, 'patient', 'a', 'a');
UPDATE pipeline SET stage = 'b' WHERE id = 1;
CREATE FUNCTION drawn(c text) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg(id || ' ' || split_part(description, E'\n', 1) ORDER BY position) FROM diagram_stages(c) $$;
SELECT is(drawn(canvas('fork', 'pipeline')), '{a 1 now,b 1 now,c 0 now}', 'where a column names the lifecycle, only rows of this one are drawn');
SELECT is(drawn(canvas('fork', 'pipeline_rest')), '{a 0 now,b 0 now,c 0 now}', 'of a partition, too, with its columns in other places');
SELECT is(drawn(canvas('fork', 'pipeline_fork')), '{a 1 now,b 1 now,c 0 now}', 'and of the other');
SELECT throws_ok($$SELECT canvas('patient', 'pipeline')$$, '42P08', 'lifecycle "patient" is attached to "pipeline" more than once', 'two attachments must be told apart');
SELECT is(drawn(canvas('patient', 'pipeline', journey_column => 'state_journey')), '{a 3 now · 0 late,b 0 now}', 'by the column of the journeys');
SELECT is(drawn(canvas('patient', 'pipeline', journey_column => 'journey')), '{a 1 now · 0 late,b 0 now}', 'of which the other one has its own rows');
CREATE VIEW shown AS SELECT line, journey FROM pipeline WHERE id <> 2;
CREATE VIEW unshown AS SELECT journey FROM pipeline WHERE line = 'fork' AND id <> 2;
SELECT is(drawn(canvas('fork', 'shown')), '{a 0 now,b 1 now,c 0 now}', 'a view is of its attachment');
SELECT throws_ok($$SELECT canvas('fork', 'unshown')$$, '42703', 'column "line" of "unshown" does not exist', 'and must show what tells the lifecycles apart');
CREATE MATERIALIZED VIEW kept AS SELECT id, line AS kind, journey AS way FROM pipeline;
SELECT is(drawn(canvas('fork', 'kept', journey_column => 'way', lifecycle_column => 'kind')), '{a 1 now,b 1 now,c 0 now}', 'columns may have any name');
SELECT is(drawn(canvas('fork', 'kept', journey_column => 'way')), '{a 2 now,b 1 now,c 0 now}', 'without a lifecycle''s column all rows are drawn');
SELECT throws_ok($$SELECT canvas('fork', 'kept')$$, '42703', 'column "journey" of "kept" does not exist', 'where nothing is attached, journeys are in "journey"');
SELECT throws_ok($$SELECT canvas('fork', 'kept', journey_column => 'kind')$$, '42804', 'column "kind" of "kept" is of type text, not lifecycle.journey', 'and must be journeys');
CREATE TABLE "od""d t" ("jour ney" journey, "li""ne" text);
INSERT INTO "od""d t" VALUES ('{a@2026-01-01}', 'fork'), ('{b@2026-01-01}', 'other');
SELECT is(drawn(canvas('fork', '"od""d t"', journey_column => 'jour ney', lifecycle_column => 'li"ne')), '{a 1 now,b 0 now,c 0 now}', 'names are quoted');
CREATE DOMAIN way AS journey;
CREATE TABLE domains (journey way);
SELECT is(drawn(canvas('fork', 'domains')), '{a 0 now,b 0 now,c 0 now}', 'a domain over journeys is one');

-- Half-way through a renaming, both labels mean the stage.
SELECT create_lifecycle('renamed', E'stateDiagram-v2\n[*] --> a\na --> b\nnote right of a\nformerly: old, older\nsla: 1 day\nend note');
CREATE TABLE mixed (journey journey);
INSERT INTO mixed VALUES ('{a@2026-01-01}'), ('{old@2026-01-01}'), ('{older@2026-01-01,b@2026-01-02}'), ('{a@2026-01-01,b@2026-01-04}');
SELECT results_eq($$SELECT description FROM diagram_stages(canvas('renamed', 'mixed', '2026-01-10'))$$, ARRAY[E'2 now · 2 late\nmedian 2 d', '2 now'], 'a stage counts under its former labels as well');
SELECT results_eq($$SELECT event FROM diagram_moves(canvas('renamed', 'mixed', '2026-01-10'))$$, '{4,2}'::text[], 'so do its moves');

-- ---- plays ----

INSERT INTO play (lifecycle, name, stage) VALUES ('deal', E'second\nline; x', 'a'), ('deal', 'first: "1"', 'a');
INSERT INTO play (lifecycle, name, from_stage, to_stage) VALUES ('deal', 'of two', 'a', 'c'), ('deal', 'by the phase', 'b', 'd'), ('deal', 'by the stage', 'a', 'd');
SELECT results_eq($$SELECT from_stage, from_phase, action FROM diagram_moves(canvas('deal', 'people')) WHERE action IS NOT NULL$$,
    $$VALUES ('a', NULL, E'⚡\u00A0ring, of two'), (NULL, 'first', E'⚡\u00A0by the phase'), ('a', NULL, E'⚡\u00A0by the stage')$$, 'a play of a move stands on the arrow that counts it, behind its action');
SELECT alike((SELECT description FROM diagram_stages(canvas('deal', 'people')) WHERE id = 'a'), E'%\n⚡\u00A0first: "1"\n⚡\u00A0second line; x', 'one of a stage in its box');
SELECT is(c, format_diagram(c), 'whatever they are called') FROM canvas('deal', 'people', undrawn => true) c;

-- ---- errors and rights ----

SELECT throws_ok($$SELECT canvas('nobody', 'people')$$, '42704', 'lifecycle "nobody" does not exist', 'the lifecycle must exist');
SELECT throws_ok($$SELECT canvas('deal', 'people', direction => 'up')$$, '22023', NULL, 'directions are Mermaid''s');
SELECT throws_ok($$SELECT canvas('deal', 'people', lang => 'de')$$, '22023', NULL, 'so far there are two languages');
SELECT throws_ok($$SELECT canvas('deal', 'people', 'infinity')$$, '22023', NULL, 'an instant is finite');
SELECT throws_ok($$SELECT canvas('deal', 'people', moved => 'empty')$$, '22023', NULL, 'a period is not empty');

CREATE ROLE reader;
GRANT USAGE ON SCHEMA crm, lifecycle TO reader;
SET ROLE reader;
SELECT throws_ok($$SELECT canvas('fork', 'pipeline')$$, '42501', NULL, 'who may not read the rows gets no canvas');
RESET ROLE;
GRANT SELECT (id, line, journey) ON pipeline TO reader;
SET ROLE reader;
SELECT is(drawn(canvas('fork', 'pipeline')), '{a 1 now,b 1 now,c 0 now}', 'the columns that are drawn will do');
RESET ROLE;
ALTER TABLE pipeline ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON pipeline FOR SELECT TO reader USING (id = 1);
SET ROLE reader;
SELECT is(drawn(canvas('fork', 'pipeline')), '{a 0 now,b 1 now,c 0 now}', 'and rows that one may not see are not counted');
RESET ROLE;

-- Nobody's operators or functions get in the way.
CREATE SCHEMA trap;
CREATE FUNCTION trap.spring(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR trap.= (FUNCTION = trap.spring, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION trap.count() RETURNS bigint LANGUAGE sql AS 'SELECT -1::bigint';
CREATE FUNCTION trap.canvas_trap(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR trap.<= (FUNCTION = trap.canvas_trap, LEFTARG = timestamptz, RIGHTARG = timestamptz);
SET search_path = trap, pg_catalog;
SELECT lifecycle.canvas('patient', 'crm.pipeline', journey_column => 'state_journey') AS trapped \gset
SET search_path = crm, public, lifecycle;
SELECT is(drawn(:'trapped'), '{a 3 now · 0 late,b 0 now}', 'a hostile search_path does no harm');

SELECT throws_ok($$SELECT lifecycle.canvas('deal', 0::regclass)$$, '42P01', 'relation with OID 0 does not exist', 'a table that is gone');

SELECT * FROM finish();
ROLLBACK;
