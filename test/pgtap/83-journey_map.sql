-- The journey map: personas, touchpoints, coverage, and what touch events say, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA crm TO PUBLIC;
SET search_path = crm, public, lifecycle;
SET timezone = 'UTC';
SELECT no_plan();

SELECT create_lifecycle('deal', $$stateDiagram-v2
    stranger : Audience
    state "Sales" as sales {
        lead : Lead
        talks : In talks
    }
    [*] --> lead
    stranger --> lead
    lead --> talks
    talks --> lead
    talks --> won
    sales --> lost
    lost --> lead
    won --> gone
    note right of stranger
        outside: yes
    end note
    note right of talks
        label: En pourparlers
    end note
    note right of won
        outcome: won
    end note
    note right of lost
        outcome: lost
    end note
    note right of gone
        outcome: closed
    end note$$);

-- The tables.
INSERT INTO persona (lifecycle, name, profile, goals, pain_points, preferred_channels) VALUES
    ('deal', 'Élise', 'Directrice financière', '{prévoir,"tenir le budget"}', '{"trop d''outils"}', '{email,téléphone}'),
    ('deal', 'Tom', 'Runs IT', '{quiet nights}', '{}', '{chat}');
INSERT INTO touchpoint (lifecycle, stage, persona, name, family, channel, objective, action, emotion, pain_point, opportunity, moment_of_truth, position) VALUES
    ('deal', 'stranger', NULL, 'Talk', 'marketing', 'event', NULL, NULL, NULL, NULL, NULL, false, 0),
    ('deal', 'lead', 'Élise', 'Lettre', 'marketing', 'email', 'comprendre', 'lit', 1, NULL, 'plus court', false, 2),
    ('deal', 'lead', 'Tom', 'Docs', 'marketing', 'web', 'see whether it fits', 'reads', 2, NULL, NULL, false, 1),
    ('deal', 'lead', NULL, 'Answer', 'sales', 'email', NULL, 'asks', -1, 'slow', 'answer in an hour', true, 3),
    ('deal', 'En pourparlers', NULL, 'Demo', 'sales', 'call', 'see it', 'watches', 0, NULL, NULL, true, 0),
    ('deal', 'won', 'Tom', 'Hand-over', 'success', 'call', NULL, NULL, -2, 'tells it all again', NULL, false, 0);
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, name, family, channel) VALUES ('deal', 'talks', 'x', 'sales', 'call')$$, '42704',
    'touchpoint "x" is at stage "talks", which lifecycle "deal" does not have', 'a touchpoint is at a stage, by its label');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, name, family, channel) VALUES ('deal', 'lead', 'x', 'support', 'call')$$, '23514', NULL, 'of one of three families');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, name, family, channel) VALUES ('deal', 'lead', 'x', 'sales', '')$$, '23514', NULL, 'in a channel');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, name, family, channel, emotion) VALUES ('deal', 'lead', 'x', 'sales', 'call', 3)$$, '23514', NULL, 'emotions end at 2');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, persona, name, family, channel) VALUES ('deal', 'lead', 'Zoé', 'x', 'sales', 'call')$$, '23503', 'touchpoint "x" is persona "Zoé"''s, whom lifecycle "deal" does not have', 'a persona is described first');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, name, family, channel) VALUES ('deal', 'lead', 'Answer', 'sales', 'call')$$, '23505', NULL, 'a stage has one touchpoint of a name, for everybody too');
SELECT throws_ok($$DELETE FROM persona WHERE name = 'Tom'$$, '23503', 'persona "Tom" of lifecycle "deal" has touchpoints', 'a persona with touchpoints stays');
SELECT lives_ok('INSERT INTO persona TABLE persona', 'personas that are there may be restored again');
SELECT lives_ok('INSERT INTO touchpoint TABLE touchpoint', 'and touchpoints');
UPDATE persona SET name = 'Thomas' WHERE name = 'Tom';
SELECT is(count(*), 2::bigint, 'touchpoints follow a persona to another name') FROM touchpoint WHERE persona = 'Thomas';
UPDATE persona SET name = 'Tom' WHERE name = 'Thomas';

-- The map.
SELECT results_eq($$SELECT position, phase, stage, title, touchpoint, whose, emotion, moment_of_truth, gap FROM journey_map('deal')$$,
    $$VALUES (1, NULL, 'stranger', 'Audience', 'Talk', NULL, NULL::smallint, false, false), (2, 'Sales', 'lead', 'Lead', 'Docs', 'Tom', 2::smallint, false, false),
        (2, 'Sales', 'lead', 'Lead', 'Lettre', 'Élise', 1::smallint, false, false), (2, 'Sales', 'lead', 'Lead', 'Answer', NULL, -1::smallint, true, false),
        (3, 'Sales', 'En pourparlers', 'In talks', 'Demo', NULL, 0::smallint, true, false), (4, NULL, 'won', 'won', 'Hand-over', 'Tom', -2::smallint, false, false),
        (5, NULL, 'lost', 'lost', NULL, NULL, NULL, NULL, true), (6, NULL, 'gone', 'gone', NULL, NULL, NULL, NULL, true)$$,
    'stage by stage in the diagram''s order, touchpoints in theirs, stages without any as gaps');
SELECT results_eq($$SELECT stage, touchpoint, gap FROM journey_map('deal', 'Élise')$$,
    $$VALUES ('stranger', 'Talk', false), ('lead', 'Lettre', false), ('lead', 'Answer', false), ('En pourparlers', 'Demo', false), ('won', NULL, true), ('lost', NULL, true), ('gone', NULL, true)$$,
    'a persona meets its own touchpoints and everybody''s');
SELECT results_eq($$SELECT family, channel, objective, action, pain_point, opportunity FROM journey_map('deal', 'Élise') WHERE stage = 'lead'$$,
    $$VALUES ('marketing', 'email', 'comprendre', 'lit', NULL, 'plus court'), ('sales', 'email', NULL, 'asks', 'slow', 'answer in an hour')$$, 'with all that is known about them');
SELECT throws_ok($$SELECT journey_map('deal', 'Zoé')$$, '42704', 'lifecycle "deal" has no persona "Zoé"', 'a persona exists');
SELECT throws_ok($$SELECT journey_map('none')$$, '42704', 'lifecycle "none" does not exist', 'so does a lifecycle');
SELECT is_empty($$SELECT journey_map(NULL)$$, 'nothing of nothing');

-- Coverage.
SELECT is((SELECT count(*) FROM coverage('deal')), 6 * 6::bigint, 'coverage is channels times stages, preferred channels too');
SELECT results_eq($$SELECT channel, position, stage, title, touchpoints, names, round(emotion, 2), moments_of_truth FROM coverage('deal') WHERE NOT gap$$,
    $$VALUES ('call', 3, 'En pourparlers', 'In talks', 1::bigint, '{Demo}'::text[], 0.00, 1::bigint), ('call', 4, 'won', 'won', 1, '{Hand-over}', -2.00, 0),
        ('email', 2, 'lead', 'Lead', 2, '{Lettre,Answer}', 0.00, 1), ('event', 1, 'stranger', 'Audience', 1, '{Talk}', NULL, 0), ('web', 2, 'lead', 'Lead', 1, '{Docs}', 2.00, 0)$$,
    'its cells hold touchpoints');
SELECT results_eq($$SELECT channel, array_agg(CASE WHEN gap THEN '' ELSE array_to_string(names, ',') END ORDER BY position) FROM coverage('deal', 'Tom') GROUP BY channel ORDER BY channel COLLATE "C"$$,
    $$VALUES ('call', '{"","",Demo,Hand-over,"",""}'::text[]), ('chat', '{"","","","","",""}'), ('email', '{"",Answer,"","","",""}'), ('event', '{Talk,"","","","",""}'), ('web', '{"",Docs,"","","",""}')$$,
    'a persona has its own, and its preferred channels may be gaps all over');
SELECT throws_ok($$SELECT coverage('deal', 'Zoé')$$, '42704', NULL, 'for a persona that exists');

-- Touch events, at the stage held at that moment.
CREATE TABLE deal (id int, country text, stage text, journey journey, PRIMARY KEY (country, id));
CREATE TABLE touch (country text, id int, at timestamptz, channel text, emotion int, friction boolean, extra text);
SET crm_lifecycle.import = on;
INSERT INTO deal VALUES
    (1, 'fr', 'En pourparlers', '{lead@2026-01-05,"En pourparlers"@2026-01-10}'),
    (1, 'be', 'lost', '{lead@2026-01-05,lost@2026-01-06,lead@2026-01-07,lost@2026-01-08}');
SELECT attach('deal', 'deal');
RESET crm_lifecycle.import;
INSERT INTO touch VALUES ('fr', 1, '2026-01-01', 'web', 2, false), ('fr', 1, '2026-01-05', 'email', -1, true), ('fr', 1, '2026-01-09 23:59:59.999999Z', 'email', 0, false),
    ('fr', 1, '2026-01-10', 'call', NULL, NULL), ('fr', 1, '2026-02-10', 'call', -2, true), ('be', 1, '2026-01-07 12:00Z', 'email', 1, NULL), ('be', 2, '2026-01-07', 'email', 1, NULL);
CREATE FUNCTION touched() RETURNS text LANGUAGE sql AS $$SELECT 'SELECT country, id, at, channel, emotion, friction::int AS friction FROM crm.touch'$$;
SELECT bag_eq($$SELECT key, lifecycle, stage, channel, at::date, emotion, friction FROM touches('deal', touched())$$,
    $$VALUES ('{"id": 1, "country": "fr"}'::jsonb, 'deal', NULL, 'web', date '2026-01-01', 2.0, 0.0), ('{"id": 1, "country": "fr"}', 'deal', 'lead', 'email', '2026-01-05', -1, 1),
        ('{"id": 1, "country": "fr"}', 'deal', 'lead', 'email', '2026-01-09', 0, 0), ('{"id": 1, "country": "fr"}', 'deal', 'En pourparlers', 'call', '2026-01-10', NULL, NULL),
        ('{"id": 1, "country": "fr"}', 'deal', 'En pourparlers', 'call', '2026-02-10', -2, 1), ('{"id": 1, "country": "be"}', 'deal', 'lead', 'email', '2026-01-07', 1, NULL)$$,
    'each touch is at the stage that the customer held, and at none before its journey; of rows that there are');
SELECT results_eq($$SELECT position, stage, title, channel, touches, customers, round(emotion, 3), round(planned_emotion, 3), round(friction, 3), moments_of_truth FROM experience('deal', touched())$$,
    $$VALUES (NULL::int, NULL, NULL, NULL, 1::bigint, 1::bigint, 2.000, NULL, 0.000, 0::bigint), (2, 'lead', 'Lead', NULL, 3, 2, 0.000, 0.667, 0.500, 1),
        (3, 'En pourparlers', 'In talks', NULL, 2, 1, -2.000, 0.000, 1.000, 1)$$, 'emotion and friction are measured per stage, beside the plan');
SELECT results_eq($$SELECT stage, channel, touches, round(emotion, 3), round(planned_emotion, 3), moments_of_truth FROM experience('deal', touched(), true)$$,
    $$VALUES (NULL, 'web', 1::bigint, 2.000, NULL, 0::bigint), ('lead', 'email', 3, 0.000, 0.000, 1), ('En pourparlers', 'call', 2, -2.000, 0.000, 1)$$, 'and per channel');
SELECT throws_ok($$SELECT touches('deal', 'SELECT country, at, channel FROM crm.touch')$$, '42703', 'the query must have the columns of the primary key of deal, and at, channel, emotion and friction', 'a query lacks a column');
SELECT throws_ok($$SELECT channel_conversion('deal', 'SELECT country, at, channel FROM crm.touch')$$, '42703', NULL, 'there too');
SELECT throws_ok($$SELECT touches('deal', 'SELECT')$$, '42703', NULL, 'lacks them all');
SELECT throws_ok($$SELECT touches('deal', 'crm.touch')$$, '42601', 'what was given as the query is none', 'or is the name of a table');
SELECT throws_ok($$SELECT channel_conversion('deal', touched() || ';')$$, '42601', 'what was given as the query is none', 'or has a semicolon at its end');
SELECT throws_ok($$SELECT touches('deal', NULL)$$, '22004', NULL, 'or NULL');
SELECT throws_ok($$SELECT touches(NULL, touched())$$, '22004', NULL, 'of no table');
SELECT throws_ok($$SELECT experience('deal', touched(), NULL)$$, '22004', NULL, 'by channel or not');
SELECT throws_ok($$SELECT channel_conversion('deal', touched(), '{talks}')$$, '42704', 'lifecycle "deal" has no stage "talks"', 'converts to a stage');
SELECT throws_ok($$SELECT channel_conversion('deal', touched(), significance => NULL)$$, '22004', NULL, 'at some level');

-- Two shares.
SELECT results_eq($$SELECT share, round(ci_low::numeric, 6), round(ci_high::numeric, 6), other_share, round(chi_square::numeric, 6), round(p_value::numeric, 6) FROM compare_shares(30, 100, 45, 90)$$,
    -- 190 (30 45 - 70 45)^2 / (75 115 100 90) = 7.930435
    $$VALUES (0.3::float8, 0.218949, 0.395849, 0.5::float8, 7.930435, 0.004861)$$, 'a share has its interval, and chi-square of the four counts');
SELECT is(compare_shares(1, 4, 3, 4)::text, compare_shares(1, 4, 3, 4)::text, 'twice the same');
SELECT is((compare_shares(1, 4, 3, 4)).p_value, NULL, 'with few of them there is no telling');
SELECT isnt((compare_shares(5, 10, 5, 10)).p_value, NULL, 'five expected of each are enough');
SELECT is((compare_shares(5, 10, 4, 10)).p_value, NULL, 'a bit less are not');
SELECT is(compare_shares(0, 0, 0, 0)::text, '(,,,,,)', 'of none there is no share');
SELECT is((compare_shares(50, 100, 50, 100)).p_value, 1::float8, 'equal shares differ by nothing');
SELECT throws_ok('SELECT compare_shares(2, 1, 0, 1)', '22023', '2 of 1 is no share', 'a part is less than the whole');
SELECT throws_ok('SELECT compare_shares(0, 1, -1, 1)', '22023', NULL, 'and not less than nothing');
SELECT is((compare_shares(9223372036854775806, 9223372036854775807, 4611686018427387904, 9223372036854775807)).p_value < 1e-10, true, 'large numbers are numbers too');

-- Conversion by channel, against customers counted one by one.
CREATE TABLE walker (id int PRIMARY KEY, stage text, journey journey);
CREATE TABLE step (id int, seq bigint, stage text, at timestamptz);
CREATE TABLE met (id int, at timestamptz, channel text);
SELECT setseed(0.3);
INSERT INTO step SELECT id, seq, CASE WHEN seq = 1 THEN 'lead' ELSE (ARRAY['lead', 'En pourparlers', 'won', 'lost', 'lost', 'gone'])[1 + floor(random() * 6)] END, timestamptz '2026-01-01' + seq * interval '10 days'
    FROM generate_series(1, 600) id, LATERAL generate_series(1, 1 + id % 5) seq;
INSERT INTO met SELECT id, timestamptz '2026-01-06' + floor(random() * 12) * interval '5 days', (ARRAY['email', 'call', 'web', NULL])[1 + floor(random() * 4)] FROM generate_series(1, 620) id, LATERAL generate_series(1, id % 4);
SET crm_lifecycle.import = on;
INSERT INTO walker SELECT id, current_stage(j), j FROM (SELECT id, journey_agg(stage, at, seq) AS j FROM step GROUP BY id) x;
SELECT attach('walker', 'deal');
RESET crm_lifecycle.import;
CREATE INDEX ON step (id);
CREATE TABLE placed AS SELECT m.*, (SELECT s.stage FROM step s WHERE s.id = m.id AND s.at <= m.at ORDER BY s.seq DESC LIMIT 1) AS stage FROM met m WHERE m.id <= 600;
CREATE INDEX ON placed (id);
CREATE TABLE fate AS SELECT f.*, (SELECT min(s.at) FROM step s WHERE s.id = f.id AND s.stage = 'won' AND s.at > f.first) AS won_at,
        (SELECT s.stage FROM step s WHERE s.id = f.id ORDER BY s.seq DESC LIMIT 1) AS ends
    FROM (SELECT id, stage, min(at) AS first FROM placed GROUP BY id, stage) f WHERE f.stage IS DISTINCT FROM 'won';
CREATE TABLE counted AS SELECT f.stage, c.channel, count(*) FILTER (WHERE t.by_it) AS customers, count(*) FILTER (WHERE t.by_it AND f.won_at IS NOT NULL) AS converted,
        count(*) FILTER (WHERE NOT t.by_it) AS others, count(*) FILTER (WHERE NOT t.by_it AND f.won_at IS NOT NULL) AS others_converted
    FROM fate f CROSS JOIN (VALUES ('email'), ('call'), ('web')) c (channel)
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM placed p WHERE p.id = f.id AND p.stage IS NOT DISTINCT FROM f.stage AND p.channel = c.channel
            AND (f.won_at IS NULL OR p.at < f.won_at)) AS by_it) t
    WHERE f.won_at IS NOT NULL OR f.ends IN ('lost', 'gone')
    GROUP BY 1, 2;
CREATE TABLE answer AS SELECT * FROM channel_conversion('walker', 'SELECT id, at, channel, NULL AS emotion, NULL AS friction FROM crm.met');
SELECT bag_eq('SELECT stage, channel, customers, converted, others FROM answer', 'SELECT stage, channel, customers, converted, others FROM counted WHERE customers > 0',
    'customers are counted once at each stage, by what became of them after the first touch there');
SELECT cmp_ok((SELECT count(*) FROM answer WHERE stage IS NULL OR stage IN ('lead', 'lost')), '=', 9::bigint, 'there is enough to count');
SELECT bag_eq('SELECT stage, channel, share, other_share, p_value FROM answer', $$SELECT stage, channel, r.share, r.other_share, r.p_value FROM counted, compare_shares(converted, customers, others_converted, others) r WHERE customers > 0$$,
    'and compared with those touched by others only');
SELECT is_empty($$SELECT FROM answer WHERE stage = 'won'$$, 'who has converted is not asked again');
SELECT bag_eq($$SELECT stage, channel, customers FROM channel_conversion('walker', 'SELECT id, at, channel, NULL AS emotion, NULL AS friction FROM crm.met', '{won}')$$, 'SELECT stage, channel, customers FROM answer', 'stages of won are what one converts to');
SELECT isnt_empty($$SELECT FROM channel_conversion('walker', 'SELECT id, at, channel, NULL AS emotion, NULL AS friction FROM crm.met', '{En pourparlers}') WHERE stage = 'won'$$, 'or others');

-- A channel that converts worse is told from chance.
CREATE TABLE pick (id int PRIMARY KEY, stage text, journey journey);
SET crm_lifecycle.import = on;
INSERT INTO pick SELECT id, s, ('{lead@2026-01-01,' || s || '@2026-02-01}')::journey
    FROM (SELECT id, CASE WHEN id % 20 < CASE id % 3 WHEN 0 THEN 5 WHEN 1 THEN 10 ELSE 11 END THEN 'won' ELSE 'lost' END AS s FROM generate_series(1, 600) id) x;
SELECT attach('pick', 'deal');
RESET crm_lifecycle.import;
SELECT results_eq($$SELECT channel, customers, converted, others, p_value < 0.001, inconsistent FROM channel_conversion('pick', 'SELECT id, timestamp ''2026-01-02'' AS at, (ARRAY[''a'', ''b'', ''c''])[1 + id % 3] AS channel, 0 AS emotion, 0 AS friction FROM crm.pick')$$,
    $$VALUES ('a', 200::bigint, 50::bigint, 400::bigint, true, true), ('b', 200, 100, 400, false, false), ('c', 200, 110, 400, true, true)$$, 'inconsistent are those that differ by more than chance');
-- Three comparisons in the stage: 0.0165 is less than 0.05, three times it is just not less than 0.0494.
SELECT is((SELECT bool_or(inconsistent) FROM channel_conversion('pick', 'SELECT id, timestamp ''2026-01-02'' AS at, (ARRAY[''a'', ''b'', ''c''])[1 + id % 3] AS channel, 0 AS emotion, 0 AS friction FROM crm.pick', significance => 0)), false, 'at no significance none is');
SELECT is((SELECT array_agg(inconsistent = (3 * p_value < 0.3) ORDER BY channel) FROM channel_conversion('pick', 'SELECT id, timestamp ''2026-01-02'' AS at, (ARRAY[''a'', ''b'', ''c''])[1 + id % 3] AS channel, 0 AS emotion, 0 AS friction FROM crm.pick', significance => 0.3)),
    '{t,t,t}'::boolean[], 'as many comparisons as there are make it harder');

-- Stages change, and touchpoints with them.
CALL rename_stage('deal', 'En pourparlers', 'talking', blocks => NULL);
SELECT is(stage, 'talking', 'a stage that is renamed takes its touchpoints along') FROM touchpoint WHERE name = 'Demo';
INSERT INTO touchpoint (lifecycle, stage, name, family, channel) VALUES ('deal', 'talking', 'Answer', 'sales', 'call');
SELECT throws_ok($$CALL merge_stage('deal', 'talking', 'lead', blocks => NULL)$$, '23505', 'a stage of lifecycle "deal" would have two touchpoints "Answer"', 'two of one name do not merge');
DELETE FROM touchpoint WHERE name = 'Answer' AND stage = 'talking';
CALL merge_stage('deal', 'talking', 'lead', blocks => NULL);
SELECT is(stage, 'lead', 'a stage that is merged takes them along too') FROM touchpoint WHERE name = 'Demo';
SELECT throws_ok($$SELECT * FROM alter_lifecycle('deal', 'stateDiagram-v2
[*] --> lead
lead --> won
lead --> lost
won --> gone', dry_run => true)$$, '42704', 'touchpoint "Talk" is at stage "stranger", which lifecycle "deal" does not have', 'a stage with touchpoints is held on to');

-- Owners of lifecycles own their maps.
CREATE ROLE clerk;
SET ROLE clerk;
SELECT create_lifecycle('mine', 'stateDiagram-v2
[*] --> x');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, persona, name, family, channel) VALUES ('mine', 'x', 'p', 't', 'sales', 'call')$$, '23503', NULL, 'personas come first, but for who restores a dump');
SELECT lives_ok($$INSERT INTO persona (lifecycle, name) VALUES ('mine', 'p')$$, 'owners write personas');
SELECT lives_ok($$INSERT INTO touchpoint (lifecycle, stage, persona, name, family, channel) VALUES ('mine', 'x', 'p', 't', 'sales', 'call')$$, 'and touchpoints');
SELECT throws_ok($$INSERT INTO persona (lifecycle, name) VALUES ('deal', 'p')$$, '42501', 'must be owner of lifecycle "deal"', 'others do not write personas');
SELECT throws_ok($$UPDATE persona SET profile = '' WHERE lifecycle = 'deal'$$, '42501', NULL, 'nor change them');
SELECT throws_ok($$UPDATE persona SET lifecycle = 'deal' WHERE lifecycle = 'mine'$$, '42501', NULL, 'nor slip theirs in');
SELECT throws_ok($$DELETE FROM persona WHERE lifecycle = 'deal'$$, '42501', NULL, 'nor delete them');
SELECT throws_ok($$INSERT INTO touchpoint (lifecycle, stage, name, family, channel) VALUES ('deal', 'lead', 't', 'sales', 'call')$$, '42501', NULL, 'nor touchpoints');
SELECT throws_ok($$UPDATE touchpoint SET emotion = 2 WHERE lifecycle = 'deal'$$, '42501', NULL, 'nor change these');
SELECT throws_ok($$DELETE FROM touchpoint WHERE lifecycle = 'deal'$$, '42501', NULL, 'nor delete these');
SELECT throws_ok($$TRUNCATE touchpoint, persona$$, '42501', NULL, 'nor all at once');
SELECT throws_ok($$INSERT INTO persona (lifecycle, name) VALUES ('none', 'p')$$, '42704', NULL, 'nor for lifecycles to come');
SELECT isnt_empty($$SELECT FROM journey_map('deal')$$, 'all may read the map');
SELECT throws_ok($$SELECT touches('deal', 'SELECT NULL AS country, 1 AS id, now() AS at, NULL AS channel, NULL AS emotion, NULL AS friction')$$, '42501', NULL, 'and not the rows');
SELECT drop_lifecycle('mine');
SELECT is_empty($$SELECT lifecycle FROM persona WHERE lifecycle = 'mine' UNION SELECT lifecycle FROM touchpoint WHERE lifecycle = 'mine'$$, 'a lifecycle takes its map along');
RESET ROLE;
SELECT lives_ok($$INSERT INTO persona (lifecycle, name) VALUES ('none', 'p')$$, 'who restores a dump may bring them before their lifecycle');
SELECT lives_ok($$INSERT INTO touchpoint (lifecycle, stage, persona, name, family, channel) VALUES ('none', 'x', 'p', 't', 'sales', 'call')$$, 'touchpoints too');

-- An impostor in the search_path.
CREATE SCHEMA bad;
CREATE FUNCTION bad.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR bad.= (LEFTARG = text, RIGHTARG = text, FUNCTION = bad.same);
CREATE FUNCTION bad.same(jsonb, jsonb) RETURNS boolean LANGUAGE sql AS 'SELECT 1/0 = 1';
CREATE OPERATOR bad.= (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = bad.same);
CREATE DOMAIN bad.text AS int;
CREATE DOMAIN bad.timestamptz AS int;
CREATE FUNCTION ask() RETURNS bigint LANGUAGE plpgsql SET search_path = bad, crm, public, lifecycle, pg_catalog AS $$BEGIN
    RETURN (SELECT pg_catalog.count(*) FROM lifecycle.experience('deal', 'SELECT country, id, at, channel, emotion, NULL AS friction FROM crm.touch', true))
        + (SELECT pg_catalog.count(*) FROM lifecycle.channel_conversion('pick', 'SELECT id, now() AS at, NULL AS channel, 0 AS emotion, 0 AS friction FROM crm.pick', '{lost}'))
        + (SELECT pg_catalog.count(*) FROM lifecycle.journey_map('deal')) + (SELECT pg_catalog.count(*) FROM lifecycle.coverage('deal'));
END$$;
SELECT lives_ok('SELECT ask()', 'what lies in wait in the search_path does not get in between');

SELECT finish();
ROLLBACK;
