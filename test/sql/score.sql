-- The language of scores: what it reads, and what it says of everything that is none, with line and column.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.refused(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text; context text;
BEGIN
	PERFORM lifecycle.create_score('x', definition);
	PERFORM lifecycle.drop_score('x');
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
	RETURN state || ' ' || message || coalesce(E'\nDETAIL: ' || nullif(detail, ''), '') || coalesce(E'\nHINT: ' || nullif(hint, ''), '')
		|| CASE WHEN context LIKE 'guard%' THEN E'\nCONTEXT: ' || split_part(context, E'\nSQL statement', 1) ELSE '' END;
END $$;
\pset format unaligned
\pset tuples_only on
\pset null NULL

\echo == Read
SELECT definition, pg_temp.refused(definition) FROM unnest(ARRAY[
	E'group a 0..5\n+5 when true',
	E'\n\n  # a comment\n\tGROUP a 0..5  \r\n  +5   WHEN true  \r\n#group b\n',
	E'group "two words" -1.5..1.5 HALF-LIFE 36 hours\n-0.000001 ON "two words" AT MOST 2147483647 PER 1 day 2 hours',
	E'group "a\\"b" 0..5\n+5 on "a\\"b"',
	E'group group 0..5\n+5 on on\n+5 on at at most 1\nbands bands >= 0, total',
	E'group naïve☃ 0..5\n+5 on naïve☃',
	E'group a 0..0\n+5 when true\ntotal 0..0\nbands a >= 0.000001, b >= 0, c >= -1000000, "C 3"',
	E'group a -1000000..1000000\n+1000000 when true\n-1000000 when true',
	E'+1 when true\ngroup a 0..5',
	E'group a 0..5\ngroup b 0..5\n+1 on x',
	E'total 0..5\nbands a\ngroup b 0..5\n+1 on x',
	E'group a 0..5\n+1 when note = ''# no comment'' OR note = ''at most 3''']) definition;

\echo == Nothing to count
SELECT definition, pg_temp.refused(definition) FROM unnest(ARRAY['', E'\n \t\r\n', '# a comment', 'group a 0..5', E'group a 0..5\ntotal 0..5\nbands a']) definition;

\echo == Lines
SELECT definition, pg_temp.refused(definition) FROM unnest(ARRAY[
	E'group a 0..5\n+5 when true\nanything', E'group a 0..5\n+5 when true\n5 when true', E'groupa 0..5', E'"group" a 0..5', E'group a 0..5\n+5 when true\n;',
	E'+5 when true', E'\n\n    +5 when true', E'group a 0..5\n+5 when true\ntotal 0..5\ntotal 0..5', E'group a 0..5\n+5 when true\nbands a\n\n  bands b']) definition;

\echo == Groups
SELECT definition, pg_temp.refused(definition || E'\n+5 when true') FROM unnest(ARRAY[
	'group', 'group a', 'group 0..5', 'group "" 0..5', 'group "a 0..5', 'group a b 0..5', 'group a 0', 'group a 0..', 'group a 0...5', 'group a 0 ..5', 'group a 0.. 5', 'group a 0.5.1', 'group a 5..0', 'group a -0..0',
	'group a x..5', 'group a 0..5x', 'group a 0..1e3', 'group a 0..1000001', 'group a -1000000.000001..0', 'group a 0..0.0000001', 'group a 0..99999999999999999999', 'group a --5..0', 'group a +0..+5',
	'group a 0..5 half', 'group a 0..5 half-life', 'group a 0..5 half-life 0 days', 'group a 0..5 half-life -1 day', 'group a 0..5 half-life 1 month', 'group a 0..5 half-life 2 years', 'group a 0..5 half-life soon',
	'group a 0..5 half-life 7', 'group a 0..5 half-life 999999999999999999 days', 'group a 0..5 half-life 7 days please', E'group a 0..5\n  group  a 0..6']) definition;

\echo == Rules
SELECT rule, pg_temp.refused(E'group a 0..5\n' || rule) FROM unnest(ARRAY[
	'+5', '+', '-', '+ 5 when true', '+5x when true', '+5. when true', '+.5 when true', '+5.1234567 when true', '+1000001 when true', '++5 when true', '+5 if true', '+5 "when" true',
	'+5 when', '+5 when (', '+5 when true; drop table company', '+5 when true, false', '+5 when true AS t', '+5 when *', '+5 when true FROM pg_class', '+5 when (SELECT true)', '+5 when EXISTS (TABLE pg_class)',
	'+5 when 1 +', '+5 when ''open', '+5 when "open', '+5 when true -- comment', '+5 when /* open', '+5 when count(*) > 1', '+5 when x = $1',
	'+5 on', '+5 on ""', '+5 on b please', '+5 on b, c', '+5 on "b', '+5 on b at', '+5 on b at least 3', '+5 on b at most', '+5 on b at most x', '+5 on b at most 0', '+5 on b at most -1', '+5 on b at most 2147483648',
	'+5 on b at most 1.5', '+5 on b at most 1 per', '+5 on b at most 1 per day', '+5 on b at most 1 per 0 days', '+5 on b at most 1 per 1 month', '+5 on b at most 1 per 7 days on c']) rule;

\echo == Totals and bands
SELECT line, pg_temp.refused(E'group a 0..5\n+5 when true\n' || line) FROM unnest(ARRAY[
	'total', 'total 5', 'total 5..0', 'total 0..5 points', 'bands', 'bands ,', 'bands a,', 'bands a >= 1,', 'bands a > 1', 'bands a >= ', 'bands a >= x', 'bands a => 1', 'bands a = 1', 'bands a >= 1 b >= 0', 'bands a >= 1, b >= 1',
	'bands a >= 1, b >= 2', 'bands a, b >= 1', 'bands a, b', 'bands "" >= 1', 'bands a >= 1, a >= 0']) line;

\echo == Limits
SELECT what, pg_temp.refused(definition) FROM (VALUES
	('1000 rules', E'group a 0..5\n' || repeat(E'+5 when true\n', 1000)), ('1001 rules', E'group a 0..5\n' || repeat(E'+5 when true\n', 1001)),
	('1000 groups', (SELECT string_agg('group a' || n || ' 0..5', E'\n') FROM generate_series(1, 1000) n) || E'\n+5 on b'), ('1001 groups', (SELECT string_agg('group a' || n || ' 0..5', E'\n') FROM generate_series(1, 1001) n)),
	('1000 bands', E'group a 0..5\n+5 on b\nbands ' || (SELECT string_agg('a' || n || ' >= ' || -n, ', ') FROM generate_series(1, 1000) n)), ('1001 bands', E'group a 0..5\n+5 on b\nbands ' || (SELECT string_agg('a' || n || ' >= ' || -n, ', ') FROM generate_series(1, 1001) n))) v(what, definition);

\echo == Names
SELECT lifecycle.create_score('', E'group a 0..5\n+5 on b');
SELECT lifecycle.create_score(repeat('x', 64), E'group a 0..5\n+5 on b');
SELECT lifecycle.create_score(repeat('é', 31) || 'x', E'group a 0..5\n+5 on b'), lifecycle.drop_score(repeat('é', 31) || 'x');
SELECT lifecycle.create_score(NULL, 'x'), lifecycle.create_score('x', NULL), lifecycle.alter_score('x', NULL), lifecycle.drop_score(NULL);
SELECT lifecycle.alter_score('nothing', E'group a 0..5\n+5 on b');
SELECT lifecycle.drop_score('nothing');
SELECT lifecycle.dump_score('nothing');
SELECT lifecycle.score_definition('nothing');
SELECT lifecycle.score_band('nothing', 5);

\echo == Dumps
CREATE FUNCTION pg_temp.dumped(definition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE call text;
BEGIN
	PERFORM lifecycle.create_score('it''s "x" \', definition);
	call := lifecycle.dump_score('it''s "x" \');
	PERFORM lifecycle.drop_score('it''s "x" \');
	EXECUTE call;
	RETURN lifecycle.score_definition('it''s "x" \') = definition AND lifecycle.dump_score('it''s "x" \') = call AND lifecycle.drop_score('it''s "x" \') IS NOT NULL;
END $$;
SELECT definition, pg_temp.dumped(definition) FROM unnest(ARRAY[E'group a 0..5\n+5 on b', E'# $$ $score1$ \\ ''\ngroup a 0..5\n+5 on b\n', E'group a 0..5\n+5 on "$"\n# $', E'group a 0..5\n+5 when note = $$x$$']) definition
WHERE pg_temp.refused(definition) = 'accepted';
