-- Lifecycles ready to copy: in both languages the same one, canonical, sound, complete, and of use on a table
-- that has nothing but a stage.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT plan(33);

-- The stages that each is meant to have.
CREATE TEMP TABLE promise (name text, stages text);
INSERT INTO promise VALUES
	('b2b_canvas', 'unknown_audience identified_contact engaged_lead mql sql opportunity proposal negotiation won lost onboarding adoption renewal expansion churned win_back'),
	('b2b_sales', 'qualification needs proposal negotiation sale lost'),
	('hubspot', 'subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer evangelist other'),
	('saas_6', 'awareness conversion purchase launch renewal loyalty lost churned'),
	('saas_8', 'awareness consideration purchase onboarding adoption retention expansion advocacy lost churned'),
	('saas_9', 'awareness consideration trial purchase onboarding adoption expansion renewal advocacy lost churned');

CREATE TEMP TABLE drawn AS
	SELECT t.name, l.lang, lifecycle.template(t.name, l.lang) AS diagram
	FROM lifecycle.templates() t CROSS JOIN LATERAL unnest(t.languages) l (lang);
CREATE TEMP TABLE stage AS SELECT d.name, d.lang, s.* FROM drawn d, lifecycle.diagram_stages(d.diagram) s;
CREATE TEMP TABLE move AS SELECT d.name, d.lang, m.* FROM drawn d, lifecycle.diagram_moves(d.diagram) m;

SELECT set_eq('SELECT name, lang FROM drawn', 'SELECT name, lang FROM promise, unnest(ARRAY[''en'', ''fr'']) lang', 'all six are there, in English and French');
SELECT results_eq('SELECT name, string_agg(id, '' '' ORDER BY position) FROM stage WHERE lang = ''en'' GROUP BY name ORDER BY name COLLATE "C"',
	'SELECT name, stages FROM promise ORDER BY name COLLATE "C"', 'each has the stages that it promises, in that order');

-- The same lifecycle in both languages: journeys of two countries compare.
SELECT set_eq($$SELECT name, position, id, label, phase, outcome, probability, sla, outside, undo, is_entry, is_final FROM stage WHERE lang = 'fr'$$,
	$$SELECT name, position, id, label, phase, outcome, probability, sla, outside, undo, is_entry, is_final FROM stage WHERE lang = 'en'$$,
	'stages, labels, phases, outcomes, probabilities and SLAs are the same in French');
SELECT set_eq($$SELECT name, position, from_stage, from_phase, to_stage, event IS NULL, guard, action FROM move WHERE lang = 'fr'$$,
	$$SELECT name, position, from_stage, from_phase, to_stage, event IS NULL, guard, action FROM move WHERE lang = 'en'$$,
	'moves and their actions are the same in French');
SELECT is_empty($$SELECT name, id FROM stage f JOIN stage e USING (name, id) WHERE f.lang = 'fr' AND e.lang = 'en'
	AND (f.goal = e.goal OR f.metrics = e.metrics OR f.note = e.note OR f.reasons = e.reasons AND e.reasons <> '{}' OR cardinality(f.reasons) <> cardinality(e.reasons))$$,
	'goals, metrics, criteria and reasons are not');
SELECT is_empty($$SELECT name, position FROM move f JOIN move e USING (name, position) WHERE f.lang = 'fr' AND e.lang = 'en' AND f.event = e.event$$,
	'nor is any event');

SELECT is_empty('SELECT name, lang FROM drawn WHERE lifecycle.format_diagram(diagram) <> diagram', 'each is in canonical form');
SELECT is_empty('SELECT d.name, d.lang, f.* FROM drawn d, lifecycle.diagram_flaws(d.diagram) f', 'none has a flaw');

-- Complete.
SELECT is_empty($$SELECT name, lang, id FROM stage WHERE title IS NULL OR owner IS NULL OR goal IS NULL OR metrics IS NULL$$,
	'every stage has a title, an owner, a goal and metrics');
SELECT is_empty($$SELECT name, lang, id FROM stage WHERE outcome <> 'lost' AND NOT outside AND note IS NULL$$,
	'every stage that a row reaches by progress has entry criteria to fill in');
SELECT is_empty($$SELECT name, lang, id FROM stage WHERE outcome = 'open' AND NOT outside AND sla IS NULL$$, 'every open stage has an SLA');
SELECT is_empty($$SELECT name, lang, id FROM stage WHERE (outcome = 'lost') <> (reasons <> '{}')$$, 'lost stages have reasons, and no others');
SELECT is_empty($$SELECT d.name, d.lang FROM drawn d WHERE NOT EXISTS (SELECT FROM stage s WHERE s.name = d.name AND s.lang = d.lang AND s.outcome = 'won')
	OR NOT EXISTS (SELECT FROM stage s WHERE s.name = d.name AND s.lang = d.lang AND s.phase IS NOT NULL)$$, 'each can be won, and has phases');
SELECT is_empty($$SELECT name, lang, position FROM move WHERE event IS NULL AND to_stage IS NOT NULL AND (from_stage IS NOT NULL OR from_phase IS NOT NULL)$$,
	'every move has a name');
SELECT set_eq($$SELECT m.name, m.lang FROM move m
		JOIN stage a ON (a.name, a.lang, a.id) = (m.name, m.lang, m.from_stage) JOIN stage b ON (b.name, b.lang, b.id) = (m.name, m.lang, m.to_stage)
	WHERE a.owner = 'marketing' AND b.owner IN ('sales', 'commercial') AND m.event ~ '^(hand over|transmettre)' AND m.action = 'assign_sales_owner'
		AND a.outcome = 'open'$$,
	'SELECT name, lang FROM drawn', 'marketing hands over to sales in each: the owner changes, with an event and an action');
SELECT set_eq($$SELECT DISTINCT m.name FROM move m JOIN stage a ON (a.name, a.lang, a.id) = (m.name, m.lang, m.from_stage)
	WHERE a.outcome = 'lost' AND m.event ~ '^(recycle|win back|approach again)'$$, 'SELECT name FROM promise', 'what is lost is recycled or won back in each');
SELECT is_empty($$SELECT name, lang, id FROM stage WHERE requires <> '{}' OR entry_guard IS NOT NULL OR exit_guard IS NOT NULL
	UNION ALL SELECT name, lang, to_stage FROM move WHERE guard IS NOT NULL$$, 'none asks for a column that a table need not have');

-- Of use.
SELECT lives_ok(format('SELECT lifecycle.create_lifecycle(%L, lifecycle.template(%L, %L))', name || '_' || lang, name, lang), format('%s in %s makes a lifecycle', name, lang))
FROM drawn WHERE lang = 'fr' ORDER BY name;
SELECT is_empty($$SELECT name, f.* FROM promise, lifecycle.check_lifecycle(name || '_fr') f$$, 'and none of these has a flaw either');
SELECT is(lifecycle.diagram('b2b_sales_fr'), lifecycle.template('b2b_sales', 'fr'), 'which is what was copied');

-- Every drawn way can be gone, in a table that has a stage column and nothing else. Each row is one move: it is
-- brought into the stage that the move leaves by a plain insert while nothing is judged.
CREATE FUNCTION pg_temp.walk(name text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	m record;
BEGIN
	EXECUTE format('CREATE TEMP TABLE of_%I (stage text)', name);
	PERFORM lifecycle.attach(format('of_%I', name), name || '_fr', mode => 'observe');
	FOR m IN
		SELECT a.id AS from_stage, b.id AS to_stage, b.reasons[1] AS reason
		FROM move v JOIN stage a ON a.name = v.name AND a.lang = v.lang AND (a.id = v.from_stage OR a.phase = v.from_phase)
			JOIN stage b ON b.name = v.name AND b.lang = v.lang AND b.id = v.to_stage
		WHERE v.name = walk.name AND v.lang = 'fr' AND NOT a.outside
	LOOP
		BEGIN
			PERFORM lifecycle.set_mode(format('of_%I', name), 'observe');
			EXECUTE format('INSERT INTO of_%I VALUES (%L)', name, m.from_stage);
			PERFORM lifecycle.set_mode(format('of_%I', name), 'enforce');
			PERFORM lifecycle.set_context(reason => m.reason);
			EXECUTE format('UPDATE of_%I SET stage = %L WHERE stage = %L', name, m.to_stage, m.from_stage);
			EXECUTE format('DELETE FROM of_%I', name);
		EXCEPTION WHEN check_violation THEN
			RETURN NEXT format('%s: %s > %s: %s', name, m.from_stage, m.to_stage, SQLERRM);
		END;
	END LOOP;
END $$;
SELECT is_empty('SELECT w FROM promise, pg_temp.walk(name) w', 'every move of each can be made where the table has only a stage');

-- Asking for what is not there, and in what.
SELECT throws_ok($$SELECT lifecycle.template('saas_7')$$, '42704', 'there is no template "saas_7" in the language "en"', 'a name that is none');
SELECT throws_ok($$SELECT lifecycle.template('saas_8', 'de')$$, '42704', 'there is no template "saas_8" in the language "de"', 'a language that is none');
SELECT is(lifecycle.template(NULL), NULL, 'NULL for NULL');
SELECT is((SELECT count(*) FROM lifecycle.templates('de')), 0::bigint, 'a list in a language that is none is empty');
SELECT is((SELECT title FROM lifecycle.templates('fr') WHERE name = 'saas_8'), 'SaaS en huit ' || U&'\00E9' || 'tapes', 'titles are in the language asked for');
SELECT is_empty('SELECT name, lang FROM lifecycle.templates(), unnest(languages) lang WHERE title IS NULL OR description IS NULL', 'each has a title and a description');
SELECT is_empty($$SELECT name, lang FROM lifecycle.template_texts() WHERE escaped ~ '[^[:ascii:]]'$$,
	'the texts are built in as ASCII: a database of any encoding can have the extension');

SELECT finish();
ROLLBACK;
