-- Scores by rules: definitions, rows, events, explanations, rights, in words.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA crm TO PUBLIC;
SET search_path = crm, public, lifecycle;
SET timezone = 'UTC';
SELECT plan(96);

CREATE TABLE company (id int PRIMARY KEY, industry text, gone int, email text);
ALTER TABLE company DROP COLUMN gone;
INSERT INTO company VALUES (1, 'software', 'a@x.com'), (2, 'mining', 'b@gmail.com'), (3, NULL, NULL);
ALTER TABLE company ADD staff int DEFAULT 70;
CREATE FUNCTION free_mail(email text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$SELECT email LIKE '%@gmail.com'$$;
SELECT create_score('lead', $$
# Who they are
group fit 0..50
	+20 when industry = 'software'
	-10 when free_mail(email)
	+40.5 when staff > 50 AND email IS NOT NULL

# What they did
GROUP engagement -5..100 half-life 30 days
	+5 on opened at most 3 per 7 days
	+40 on "demo request"
	-20 on unsubscribed at most 1
total 0..120
bands hot >= 80, warm >= 40, cold
$$);
GRANT SELECT ON company TO PUBLIC;

-- Rows.
SELECT is(array_agg(score('lead', c) ORDER BY id), '{50,30.5,0}', 'rules add up within their group, NULL is no yes') FROM company c;
SELECT is(score('lead', NULL::company), NULL, 'no row, no score');
SELECT is(score(NULL, c), NULL, 'no name, no score') FROM company c WHERE id = 1;
SELECT is(score('lead', c, as_of => NULL), NULL, 'no instant, no score') FROM company c WHERE id = 1;
SELECT throws_ok($$SELECT score('lead', ROW(1, 'software'))$$, '42804', NULL, 'a row needs a type');
SELECT throws_ok($$SELECT score('leed', c) FROM company c$$, '42704', 'score "leed" does not exist', 'a score that does not exist is an error');
SELECT set_eq($$SELECT x.* FROM company c, explain_score('lead', c) x WHERE id = 1 AND "group" = 'fit'$$,
	$$VALUES ('fit', '+20 when industry = ''software''', 20, 20, 20), ('fit', '-10 when free_mail(email)', 0, 0, 0),
		('fit', '+40.5 when staff > 50 AND email IS NOT NULL', 40.5, 40.5, 40.5), ('fit', 'at most 50', -10.5, -10.5, -10.5)$$, 'each rule has a line, and the clamp its own');

-- Events.
CREATE TABLE event (company int, kind text, at timestamptz);
INSERT INTO event SELECT 1, 'opened', timestamptz '2026-01-01' + n * interval '1 day' FROM generate_series(0, 9) n;
INSERT INTO event VALUES (1, 'demo request', '2026-01-10'), (1, 'no rule', '2026-01-10'), (1, NULL, '2026-01-10'), (1, 'opened', NULL),
	(2, 'unsubscribed', '2026-01-10'), (2, 'unsubscribed', '2026-02-09'), (2, 'unsubscribed', '2026-02-10');
CREATE VIEW told AS
	SELECT c, array_agg(kind) AS kinds, array_agg(at) AS instants FROM company c LEFT JOIN event e ON e.company = c.id GROUP BY c.id, c;
CREATE FUNCTION by_hand(instants timestamptz[], as_of timestamptz) RETURNS numeric LANGUAGE sql AS
	$$SELECT round(sum(5 * 2 ^ (-extract(epoch FROM as_of - i)::float8 / 86400 / 30))::numeric, 6) FROM unnest(instants) i$$;
-- Three in any seven days: of ten in a row the first three, and the three from the eighth on.
SELECT is(score('lead', c, kinds, instants, '2026-02-09'),
	50 + 20 + by_hand('{2026-01-01,2026-01-02,2026-01-03,2026-01-08,2026-01-09,2026-01-10}', '2026-02-09'), 'events add to the row, capped and decayed') FROM told WHERE (c).id = 1;
SELECT is(score('lead', c, kinds, instants, '2026-01-05'), 50 + by_hand('{2026-01-01,2026-01-02,2026-01-03}', '2026-01-05'),
	'as of a past instant later events are not there') FROM told WHERE (c).id = 1;
SELECT is(score('lead', c, kinds, instants, '2026-01-01'), 55.0, 'an event of that very instant is') FROM told WHERE (c).id = 1;
SELECT is(score('lead', c, kinds, instants, '2025-12-31'), 50.0, 'before all events there is the row alone') FROM told WHERE (c).id = 1;
SELECT is(score('lead', c, kinds, instants, '2026-01-10'), 30.5 - 5, 'a group has a minimum') FROM told WHERE (c).id = 2;
SELECT is(score('lead', c, kinds, instants, '2026-03-11'), 30.5 - 5, 'without a window a cap is for all time') FROM told WHERE (c).id = 2;
SELECT is(score('lead', c, kinds, instants, '2026-04-10'), 28.0, 'and what counted first decays') FROM told WHERE (c).id = 2;
SELECT is((SELECT count(*) FROM told, LATERAL (SELECT score('lead', c, kinds, instants, as_of) AS s, (SELECT sum(decayed) FROM explain_score('lead', c, kinds, instants, as_of)) AS e
		FROM generate_series('2025-12-25', '2026-04-01', interval '17:03:01') as_of) x WHERE s IS DISTINCT FROM e), 0::bigint, 'the lines of an explanation add up to the score, exactly');
SELECT is((SELECT points || ' ' || capped || ' ' || decayed FROM told, explain_score('lead', c, kinds, instants, '2026-02-09') WHERE (c).id = 1 AND rule LIKE '+5 %'),
	'50 30 ' || by_hand('{2026-01-01,2026-01-02,2026-01-03,2026-01-08,2026-01-09,2026-01-10}', '2026-02-09'), 'a line says what all events brought, the counted ones, and these today');
SELECT is((SELECT points || ' ' || capped FROM told, explain_score('lead', c, kinds, instants, '2026-01-05') WHERE (c).id = 1 AND rule LIKE '+5 %'), '25 15', 'as of a past instant it says what was known then');
SELECT is(count(DISTINCT s), 1::bigint, 'the order of events does not matter') FROM (SELECT score('lead', (SELECT c FROM company c WHERE id = 1), array_agg(kind ORDER BY md5(at::text || n)), array_agg(at ORDER BY md5(at::text || n)), '2026-02-09') AS s
	FROM event, generate_series(1, 20) n WHERE company = 1 GROUP BY n) x;
SELECT is(score('lead', c, NULL, NULL, '2026-02-09'), 50.0, 'no events is none') FROM company c WHERE id = 1;
SELECT throws_ok($$SELECT score('lead', c, '{opened}', '{}', '2026-02-09') FROM company c$$, '2202E', NULL, 'each event has an instant');
SELECT throws_ok($$SELECT score('lead', c, '{opened}', '{infinity}', '2026-02-09') FROM company c$$, '22023', NULL, 'a finite one');
SELECT throws_ok($$SELECT score('lead', c, as_of => 'infinity') FROM company c$$, '22023', NULL, 'and the score is of a finite one');

SELECT create_score('sum', E'group a 0..60\n+60 when true\ngroup b 0..60\n+60 when true\ntotal 0..100');
SELECT is(score('sum', c), 100.0, 'groups add up within the total') FROM company c WHERE id = 1;
SELECT results_eq($$SELECT x."group", rule, decayed FROM company c, explain_score('sum', c) x WHERE id = 1$$,
	$$VALUES ('a', '+60 when true', 60.0), ('b', '+60 when true', 60), (NULL, 'at most 100', -20)$$, 'which has its line too');

-- Bands.
SELECT is(array_agg(score_band('lead', s) ORDER BY n), '{cold,cold,warm,warm,hot,cold}', 'bands begin at their thresholds')
FROM unnest('{-1,39.999999,40,79,80,0}'::numeric[]) WITH ORDINALITY x(s, n);
SELECT is(score_band('lead', NULL), NULL, 'no score, no band');
SELECT create_score('fit', E'group fit 0..100\n+60 when industry = ''software''\nbands A >= 50, B >= 25');
SELECT is(score_band('fit', 25) || score_band('lead', 80), 'Bhot', 'two scores make one grade');
SELECT is(score_band('fit', 24), NULL, 'below all bands there is none');

-- Definitions that are none.
CREATE FUNCTION refused(definition text, state text) RETURNS text LANGUAGE sql AS
	$$SELECT throws_ok(format('SELECT create_score(''x'', %L)', definition), state, NULL, 'refused: ' || replace(definition, E'\n', ' / '))$$;
SELECT refused('', '22P02');
SELECT refused('group a 0..5', '22P02');
SELECT refused('+5 when true', '22P02');
SELECT refused(E'group a 0..5\n+5', '22P02');
SELECT refused(E'group a 0..5\n+5 when', '22P02');
SELECT refused(E'group a 0..5\n+5 when (', '42601');
SELECT refused(E'group a 0..5\n+5 when true; drop table company', '42601');
SELECT refused(E'group a 0..5\n+5 when (SELECT true)', '0A000');
SELECT refused(E'group a 0..5\n+5x when true', '22P02');
SELECT refused(E'group a 0..5\n+1000001 when true', '22023');
SELECT refused(E'group a 5..0\n+5 when true', '22023');
SELECT refused(E'group a\n+5 when true', '22P02');
SELECT refused(E'group a 0..5\ngroup a 0..5\n+5 when true', '22023');
SELECT refused(E'group a 0..5 half-life 1 month\n+5 when true', '22023');
SELECT refused(E'group a 0..5\n+5 on b at most 0 per 1 day', '22023');
SELECT refused(E'group a 0..5\n+5 on b at most 1 per 0 days', '22023');
SELECT refused(E'group a 0..5\n+5 on b at most 1 per', '22P02');
SELECT refused(E'group a 0..5\n+5 on b please', '22P02');
SELECT refused(E'group a 0..5\n+5 when true\nbands a >= 1, b >= 1', '22023');
SELECT refused(E'group a 0..5\n+5 when true\nbands a, b >= 1', '22P02');
SELECT refused(E'group a 0..5\n+5 when true\ntotal 0..5\ntotal 0..5', '22P02');
SELECT refused(E'group a 0..5\n+5 when true\nanything', '22P02');
SELECT refused(E'group a 0..5\n' || string_agg('+5 when true', E'\n'), '54000') FROM generate_series(1, 1001);
SELECT throws_ok($$SELECT create_score('lead', E'group a 0..5\n+5 when true')$$, '42710', NULL, 'there is one score of a name');
SELECT throws_ok($$SELECT create_score('', E'group a 0..5\n+5 when true')$$, '42602', NULL, 'which is not empty');
SELECT create_score('dice', E'group a 0..5\n+5 when random() > 0');
SELECT throws_ok($$SELECT score('dice', c) FROM company c$$, '0A000', NULL, 'a condition cannot be volatile');

-- In a guard, and another definition at once.
CREATE TABLE lead (id int PRIMARY KEY, stage text, industry text, email text, staff int);
SELECT create_lifecycle('funnel', E'stateDiagram-v2\n[*] --> mql\nmql --> sql : accept [lifecycle.score(''lead'', new) >= 50]');
SELECT attach('lead', 'funnel');
INSERT INTO lead VALUES (1, 'mql', 'software', 'a@x.com', 60), (2, 'mql', 'mining', 'a@x.com', 60);
SELECT lives_ok($$UPDATE lead SET stage = 'sql' WHERE id = 1$$, 'a guard asks for a score');
SELECT throws_ok($$UPDATE lead SET stage = 'sql' WHERE id = 2$$, '23514', NULL, 'and refuses by it');
SELECT alter_score('lead', E'group all 0..100\n+50 when true');
SELECT lives_ok($$UPDATE lead SET stage = 'sql' WHERE id = 2$$, 'another definition counts at once');
SELECT is(score_definition('lead'), E'group all 0..100\n+50 when true', 'which can be read');
PREPARE ask AS SELECT score('lead', c) FROM company c WHERE id = 1;
SELECT results_eq('ask', '{50}'::numeric[], 'a prepared query');
SELECT alter_score('lead', E'group all 0..100\n+51 when free_mail(email) OR true');
SELECT results_eq('ask', '{51}'::numeric[], 'follows too');
SELECT alter_score('lead', E'group all 0..100\n+52 when free_mail(email)');
CREATE OR REPLACE FUNCTION free_mail(email text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$SELECT true$$;
SELECT results_eq('ask', '{52}'::numeric[], 'also what its functions become');
ALTER TABLE company ADD more int DEFAULT 5;
SELECT alter_score('lead', E'group all 0..100\n+53 when more = 5');
SELECT results_eq('ask', '{53}'::numeric[], 'and what its tables do');
SELECT create_score('nested', E'group all 0..100\n+7 when lifecycle.score(''lead'', new) = 53');
SELECT is(score('nested', c), 7.0, 'a score may ask for another') FROM company c WHERE id = 1;

SELECT create_score('round', E'group a 0..5\n+5 when lifecycle.score(''about'', new) > 1');
SELECT create_score('about', E'group a 0..5\n+5 when lifecycle.score(''round'', new) > 1');
SELECT throws_ok($$SELECT score('round', c) FROM company c$$, '54001', 'scores ask for scores more than 32 deep', 'but not in a circle');
SELECT create_score('deep 1', E'group a 0..99\n+1 when true');
SELECT create_score('deep ' || n, format(E'group a 0..99\n+1 when lifecycle.score(''deep %s'', new) > 0', n - 1)) FROM generate_series(2, 32) n;
SELECT is(score('deep 32', c), 1.0, 'thirty-two deep is fine') FROM company c WHERE id = 1;
SELECT is(score('nested', c), 7.0, 'also after a circle') FROM company c WHERE id = 1;

-- The instant of a transaction.
SELECT create_score('did', E'group a 0..100\n+5 on opened');
SELECT is(score('did', c, '{opened}', ARRAY[now()]), 5.0, 'an event of the transaction counts in it') FROM company c WHERE id = 1;
SELECT is(score('did', c, '{opened}', ARRAY[clock_timestamp()]), 0.0, 'one of the clock comes after the transaction began') FROM company c WHERE id = 1;
SELECT is(score('did', c, '{opened}', ARRAY[clock_timestamp()], clock_timestamp()), 5.0, 'and counts as of the clock') FROM company c WHERE id = 1;
SELECT is((SELECT array_agg(DISTINCT provolatile::text || proparallel::text) FROM pg_proc WHERE pronamespace = 'lifecycle'::regnamespace AND proname IN ('score', 'score_by', 'explain_score', 'explain_score_by')), '{su}',
	'what judges conditions is stable, and no worker''s');

-- Rights.
CREATE ROLE score_owner;
CREATE ROLE score_asker;
CREATE TABLE spy (n int);
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS $$SELECT current_user::text$$;
SET ROLE score_owner;
SELECT create_score('mine', E'group a 0..5\n+5 when crm.who() = ''score_owner''');
SET ROLE score_asker;
SELECT is(score('mine', c), 5.0, 'conditions run as the owner, whoever asks') FROM company c WHERE id = 1;
SELECT throws_ok($$SELECT drop_score('mine')$$, '42501', 'must be owner of score "mine"', 'others do not drop it');
SELECT throws_ok($$SELECT alter_score('mine', E'group a 0..5\n+5 when true')$$, '42501', NULL, 'nor change it');
SELECT throws_ok($$UPDATE lifecycle.score_model SET definition = 'x'$$, '42501', NULL, 'also not by hand');
INSERT INTO lifecycle.score_model VALUES ('planted', 'score_owner', 'public', E'group a 0..5\n+5 when crm.who() = ''score_owner''');
SELECT is(score('planted', c), 0.0, '35: nor plants one in another''s name') FROM company c WHERE id = 1;
SELECT throws_ok($$INSERT INTO lifecycle.score_model VALUES ('broken', 'score_asker', 'public', 'x')$$, '22P02', NULL, 'nor one that cannot be read');
SELECT throws_ok($$INSERT INTO lifecycle.score_model VALUES ('', 'score_asker', 'public', E'group a 0..5\n+5 on x')$$, '42602', NULL, 'nor one without a name');
SELECT throws_ok($$INSERT INTO lifecycle.score_model VALUES (repeat('é', 32), 'score_asker', 'public', E'group a 0..5\n+5 on x')$$, '42622', NULL, 'nor one with too long a name');
-- Whoever asks chooses the row's type, and with it among functions and operators of one name.
RESET ROLE;
CREATE SCHEMA open_to_all;
GRANT USAGE, CREATE ON SCHEMA open_to_all TO PUBLIC;
SET ROLE score_owner;
SET search_path = open_to_all, crm, public, lifecycle;
CREATE FUNCTION open_to_all.calm(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
SELECT create_score('by operator', E'group a 0..5\n+5 when email = ''x''');
SELECT create_score('by function', E'group a 0..5\n+5 when calm(email)');
SELECT create_score('by cast', E'group a 0..5\n+5 when length(email) > 99');
SELECT create_score('by temporary', E'group a 0..5\n+5 when calm(''x'')');
SET ROLE score_asker;
CREATE TYPE open_to_all.trap AS (t text);
CREATE FUNCTION open_to_all.snap(open_to_all.trap, text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$BEGIN RAISE EXCEPTION 'runs as %', current_user; END$$;
CREATE OPERATOR open_to_all.= (LEFTARG = open_to_all.trap, RIGHTARG = text, FUNCTION = open_to_all.snap);
CREATE FUNCTION open_to_all.calm(open_to_all.trap) RETURNS boolean LANGUAGE plpgsql STABLE AS $$BEGIN RAISE EXCEPTION 'runs as %', current_user; END$$;
CREATE FUNCTION open_to_all.text(open_to_all.trap) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE EXCEPTION 'runs as %', current_user; END$$;
CREATE CAST (open_to_all.trap AS text) WITH FUNCTION open_to_all.text(open_to_all.trap) AS IMPLICIT;
CREATE FUNCTION pg_temp.calm(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE TEMPORARY TABLE bait (email open_to_all.trap);
CREATE TEMPORARY TABLE own (email text);
INSERT INTO bait VALUES ('(x)');
INSERT INTO own VALUES ('x');
SELECT throws_ok($$SELECT score('by operator', b) FROM bait b$$, '42501', 'a guard cannot call function snap(trap,text)', '35: nobody lends operators to a row and the owner''s rights to them');
SELECT throws_ok($$SELECT score('by function', b) FROM bait b$$, '42501', 'a guard cannot call function calm(trap)', '35: nor functions');
SELECT throws_ok($$SELECT score('by cast', b) FROM bait b$$, '42501', 'a guard cannot cast with function text(trap)', '35: nor casts');
SELECT throws_ok($$SELECT score_by('by operator', clock_timestamp(), b) FROM bait b$$, '42501', NULL, '35: also not by the rules of another day');
-- Nor what runs because of a value's type alone: a domain's conditions, where a constant becomes a value of it, and
-- the casts that make JSON.
SET ROLE score_owner;
SELECT create_score('by constant', E'group a 0..5\n+5 when array_fill(email, ''{1}'') @> ''{x}''');
SELECT create_score('by json', E'group a 0..5\n+5 when to_json(email)::text <> ''x''');
SELECT create_score('by row', E'group a 0..5\n+5 when to_jsonb(new) ->> ''email'' = ''x''');
SELECT create_score('by other', E'group a 0..5\n+5 when id > 0');
SET ROLE score_asker;
CREATE FUNCTION open_to_all.spring(text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$BEGIN IF current_user <> 'score_asker' THEN RAISE EXCEPTION 'runs as %', current_user; END IF; RETURN true; END$$;
CREATE DOMAIN open_to_all.checked AS text CHECK (open_to_all.spring(VALUE));
CREATE DOMAIN open_to_all.plain AS text CHECK (VALUE ~ 'x');
CREATE TYPE open_to_all.kind AS ENUM ('x', 'y');
CREATE FUNCTION open_to_all.as_json(open_to_all.kind) RETURNS json LANGUAGE plpgsql STABLE AS $$BEGIN RAISE EXCEPTION 'runs as %', current_user; END$$;
CREATE TEMPORARY TABLE checked (id int, email open_to_all.checked);
CREATE TEMPORARY TABLE plain (id int, email open_to_all.plain);
CREATE TEMPORARY TABLE kinds (id int, email open_to_all.kind);
CREATE TEMPORARY TABLE kept (id int, email open_to_all.kind[]);
INSERT INTO checked VALUES (1, 'x');
INSERT INTO plain VALUES (1, 'x');
INSERT INTO kinds VALUES (1, 'x');
INSERT INTO kept VALUES (1, '{x}');
SELECT is(score('by row', k), 5.0, 'an enum of anybody''s is fine') FROM kinds k;
CREATE CAST (open_to_all.kind AS json) WITH FUNCTION open_to_all.as_json(open_to_all.kind);
SELECT throws_ok($$SELECT score('by constant', b) FROM checked b$$, '42501', 'a guard cannot call function spring(text)', '35: nor conditions of domains');
SELECT throws_ok($$SELECT score('by json', b) FROM kinds b$$, '42501', 'a guard cannot cast with function as_json(kind)', '35: nor what makes JSON');
SELECT throws_ok($$SELECT score('by row', b) FROM kinds b$$, '42501', 'a guard cannot cast with function as_json(kind)', '35: nor of rows');
SELECT throws_ok($$SELECT score('by row', b) FROM kept b$$, '42501', 'a guard cannot cast with function as_json(kind)', '35: nor of arrays');
SELECT is(score('by constant', p), 5.0, 'a domain that calls nobody''s functions is fine') FROM plain p;
SELECT is(score('by other', k), 5.0, 'and so is one that no condition mentions') FROM kinds k;
RESET ROLE;
CREATE SCHEMA asked AUTHORIZATION score_asker;
GRANT USAGE ON SCHEMA asked TO PUBLIC;
SET ROLE score_asker;
CREATE FUNCTION asked.known(text) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT current_user = 'score_owner'$$;
SET ROLE score_owner;
SELECT create_score('by schema', E'group a 0..5\n+5 when asked.known(email)');
SET ROLE score_asker;
SELECT is(score('by schema', o), 5.0, 'who names somebody''s schema trusts what its owner puts there') FROM own o;
SELECT is(score('by temporary', o), 0.0, 'temporary functions are nobody''s either') FROM own o;
SELECT is(score('by operator', o), 5.0, 'a temporary table''s rows may ask') FROM own o;
SELECT create_score('own trap', E'group a 0..5\n+5 when email = ''y''');
SELECT throws_ok($$SELECT score('own trap', b) FROM bait b$$, 'P0001', 'runs as score_asker', 'who owns both runs what is his own');
SET search_path = crm, public, lifecycle;
SELECT create_score('breakout', E'group a 0..5\n+5 when set_config(''role'', ''none'', false) IS NULL');
SELECT throws_ok($$SELECT score('breakout', c) FROM company c$$, '0A000', NULL, 'a condition does not set roles');
SET ROLE score_owner;
SELECT lives_ok($$SELECT drop_score('mine')$$, 'the owner drops it');
RESET ROLE;
SELECT throws_ok($$SELECT score('mine', c) FROM company c$$, '42704', NULL, 'and it is gone');

SELECT * FROM finish();
ROLLBACK;
