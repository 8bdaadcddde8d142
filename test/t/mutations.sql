-- How 013_mutations.pl damages texts and bytes, and what it does with them. Everything is drawn by random(), so the
-- same seed does the same again.

CREATE TABLE seed (type regtype NOT NULL, input text NOT NULL);
CREATE TABLE text_seed (what text NOT NULL, input text NOT NULL);
-- What was accepted, as the type prints it.
CREATE TABLE accepted (type regtype, form text, value text);
-- What was refused, and what went wrong otherwise.
CREATE TABLE refused (type regtype, form text, code text, message text, input bytea);

CREATE FUNCTION one_of(list anyarray) RETURNS anyelement LANGUAGE sql AS $$SELECT list[1 + floor(random() * cardinality(list))]$$;
CREATE FUNCTION somewhere(length int) RETURNS int LANGUAGE sql RETURN 1 + floor(random() * greatest(length, 1))::int;

-- Words and marks that break grammars, and those of the seeds themselves.
CREATE FUNCTION pieces(kind regtype) RETURNS text[] STABLE LANGUAGE sql RETURN
	ARRAY['', ' ', ',', ';', ':', '@', '#', '*', '~', '{', '}', '[', ']', '(', ')', '<', '>', '-', '+', '.', '/', '\', '\\', '\"', '"', '""', '''', '%%', E'\n', E'\t', E'\x01', E'\x7f',
		'0', '-1', '1e9', '1e-300', 'NaN', 'Infinity', '-0', '9223372036854775807', '9223372036854775808', '4294967296', '00000000000001', '99999999999999999999999999',
		'infinity', '-infinity', '294276-12-31T23:59:59.999999Z', '294277-01-01', '4714-11-24 BC', '4714-11-23 BC', '2026-02-30', '2026-03-29T02:30', '2026-01-01T24:00:00Z', '2026-13-01',
		'1 year', '178000000 years', '2147483647 months', '-1 day', '0 seconds', '0.0000001 seconds', 'é', '商', '🦊', 'ﬀ', E'\u200b', repeat('x', 63), repeat('y', 255), repeat('é', 200), 'null', 'as of', 'within', 'at']
	|| (SELECT array_agg(DISTINCT word[1]) FROM seed, regexp_matches(input, '\w+|[^\w\s]|\s+', 'g') word WHERE type = kind);

CREATE FUNCTION mutate_text(input text, other text, pieces text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	at int;
	n int;
	c text;
BEGIN
	-- Mostly one blow: two seldom leave anything that can be read.
	FOR i IN 0 .. floor(random() * random() * 4) LOOP
		at := somewhere(length(input) + 1);
		n := somewhere(12);
		c := substr(input, at, 1);
		input := CASE floor(random() * 12)
			WHEN 0 THEN overlay(input PLACING '' FROM at FOR n)
			WHEN 1 THEN overlay(input PLACING one_of(pieces) FROM at FOR 0)
			WHEN 2 THEN overlay(input PLACING one_of(pieces) FROM at FOR n)
			WHEN 3 THEN overlay(input PLACING substr(input, somewhere(length(input)), n) FROM at FOR 0)
			WHEN 4 THEN overlay(input PLACING one_of(pieces) FROM at FOR 1)
			WHEN 5 THEN left(input, at - 1)
			WHEN 6 THEN left(input, at - 1) || substr(other, somewhere(length(other)))
			WHEN 7 THEN overlay(input PLACING repeat(substr(input, at, n), somewhere(40)) FROM at FOR 0)
			WHEN 8 THEN overlay(input PLACING chr(somewhere(126)) FROM at FOR 1)
			ELSE overlay(input PLACING CASE WHEN c ~ '\d' THEN somewhere(10) - 1 || '' WHEN c ~ '\w' THEN chr(96 + somewhere(26)) ELSE one_of(pieces) END FROM at FOR 1) END;
	END LOOP;
	RETURN input;
END $$;

-- Counts, lengths and instants at the edges of what fits.
CREATE FUNCTION numbers() RETURNS bytea[] IMMUTABLE LANGUAGE sql RETURN
	ARRAY['\x00000000', '\x00000001', '\x00000002', '\x000000ff', '\x00000100', '\x000003ff', '\x00000400', '\x00000401', '\x7fffffff', '\x80000000', '\xffffffff', '\x04000000', '\x04000001',
		'\x0000000000000000', '\x7fffffffffffffff', '\x8000000000000000', '\x8000000000000001', '\xffffffffffffffff', '\x7fffffffffffff00', '\x003fffffffffffff', '\x0040000000000000',
		'\x7ff0000000000000', '\x7ff8000000000000', '\xfff0000000000000', '\x0000000000000001']::bytea[];

CREATE FUNCTION random_bytes(n int) RETURNS bytea LANGUAGE sql RETURN
	(SELECT string_agg(decode(lpad(to_hex(floor(random() * 256)::int), 2, '0'), 'hex'), '') FROM generate_series(1, n));

CREATE FUNCTION mutate_bytes(input bytea, other bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	at int;
	n int;
	number bytea;
BEGIN
	FOR i IN 0 .. floor(random() * random() * 4) LOOP
		at := somewhere(length(input));
		n := somewhere(12);
		number := one_of(numbers());
		input := CASE
			WHEN length(input) = 0 THEN number
			ELSE CASE floor(random() * 9)
				WHEN 0 THEN set_byte(input, at - 1, floor(random() * 256)::int)
				WHEN 1 THEN set_bit(input, (at - 1) * 8 + floor(random() * 8)::int, 1 - get_bit(input, (at - 1) * 8 + floor(random() * 8)::int))
				WHEN 2 THEN substring(input FOR at - 1)
				WHEN 3 THEN input || random_bytes(n)
				WHEN 4 THEN overlay(input PLACING ''::bytea FROM at FOR n)
				WHEN 5 THEN overlay(input PLACING substring(input FROM somewhere(length(input)) FOR n) FROM at FOR 0)
				WHEN 6 THEN substring(input FOR at - 1) || substring(other FROM somewhere(length(other)))
				ELSE overlay(input PLACING number FROM at FOR length(number)) END END;
	END LOOP;
	RETURN input;
END $$;

-- So many rounds over one type in one form. Damaged seeds are damaged further now and then: what was accepted
-- becomes a seed too.
CREATE FUNCTION attack(kind regtype, is_binary boolean, rounds int, chance float8) RETURNS TABLE (accepts bigint, refusals bigint) LANGUAGE plpgsql AS $$
DECLARE
	inputs bytea[];
	words text[] := pieces(kind);
	form text := CASE WHEN is_binary THEN 'binary' ELSE 'text' END;
	input bytea;
	value text;
	is_taken boolean;
	code text;
	message text;
BEGIN
	PERFORM setseed(chance);
	EXECUTE format('SELECT array_agg(%s ORDER BY input) FROM seed WHERE type = $1',
		CASE WHEN is_binary THEN format('%s(input::%s)', (SELECT typsend FROM pg_type WHERE oid = kind), kind) ELSE $q$convert_to(input, 'UTF8')$q$ END)
	INTO inputs USING kind;
	accepts := 0;
	refusals := 0;
	FOR round IN 1 .. rounds LOOP
		input := CASE WHEN is_binary THEN mutate_bytes(one_of(inputs), one_of(inputs))
			ELSE convert_to(mutate_text(convert_from(one_of(inputs), 'UTF8'), convert_from(one_of(inputs), 'UTF8'), words), 'UTF8') END;
		is_taken := false;
		BEGIN
			PERFORM take_in(kind, input, is_binary);
			is_taken := true;
			-- Events are a set: their labels are kept as they came, and printed in order.
			value := round_trip(kind, input, is_binary, kind <> 'lifecycle.journey_events'::regtype);
			accepts := accepts + 1;
			INSERT INTO accepted VALUES (kind, form, value);
			IF random() < 0.05 AND length(input) < 2000 THEN
				inputs := CASE WHEN cardinality(inputs) < 60 THEN inputs || input ELSE inputs[2:] || input END;
			END IF;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
			refusals := refusals + 1;
			INSERT INTO refused VALUES (kind, form, CASE WHEN is_taken THEN 'taken in, and then ' ELSE '' END || code, message, input);
		END;
	END LOOP;
	RETURN NEXT;
END $$;

-- Everything that reads a value of the type and needs nothing else, applied to all that was accepted.
CREATE FUNCTION read_all(kind regtype, form text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	reader record;
	v text;
	code text;
	message text;
BEGIN
	FOR reader IN
		SELECT p.oid::regproc AS name, p.proname FROM pg_proc p
		WHERE pronamespace = 'lifecycle'::regnamespace AND prokind = 'f' AND proargtypes[0] = kind AND pronargs - pronargdefaults = 1
			AND prorettype NOT IN ('cstring'::regtype, 'internal'::regtype)
			AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (a.aggfinalfn, a.aggtransfn))
	LOOP
		FOR v IN SELECT DISTINCT value FROM accepted WHERE type = kind AND accepted.form = read_all.form LOOP
			BEGIN
				EXECUTE format('SELECT count(*) FROM (SELECT f FROM %s(%L::%s) f) x', reader.name, v, kind);
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
				IF code !~ '^(22|54|0A)' THEN
					RETURN NEXT format('%s of %s: %s %s', reader.name, v, code, message);
				END IF;
			END;
		END LOOP;
	END LOOP;
END $$;

-- Diagrams and definitions of scores: no types, but texts that are read as carefully. What can be read is printed as
-- itself again, and can be defined unless a guard in it is no expression. To define takes a while, so of diagrams
-- only some are. What succeeds ends with ZZ000: nothing of it shall stay.
CREATE FUNCTION try_diagram(input text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	printed text := lifecycle.format_diagram(input);
	example text := (SELECT min(s.input) FROM text_seed s WHERE what = 'diagram');
BEGIN
	IF lifecycle.format_diagram(printed) <> printed THEN
		RAISE 'printing again prints something else' USING ERRCODE = 'XX001';
	ELSIF EXISTS (SELECT FROM lifecycle.diagram_diff(input, printed)) OR EXISTS (SELECT FROM lifecycle.diagram_diff(printed, input)) THEN
		RAISE 'what is printed is another diagram' USING ERRCODE = 'XX001';
	END IF;
	PERFORM lifecycle.diagram_flaws(printed), lifecycle.diagram_stages(printed), lifecycle.diagram_moves(printed),
		lifecycle.diagram_diff(printed, example), lifecycle.diagram_relabels(printed, example);
	IF random() < 0.95 THEN RETURN; END IF;
	PERFORM lifecycle.create_lifecycle('mutant', input);
	IF lifecycle.diagram('mutant') <> printed THEN
		RAISE 'the lifecycle is another diagram' USING ERRCODE = 'XX001';
	END IF;
	PERFORM lifecycle.check_lifecycle('mutant');
	RAISE 'is well' USING ERRCODE = 'ZZ000';
END $$;

CREATE FUNCTION try_score(input text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM lifecycle.create_score('mutant', input);
	IF lifecycle.score_definition('mutant') <> input THEN
		RAISE 'the definition is another text' USING ERRCODE = 'XX001';
	END IF;
	PERFORM lifecycle.score_band('mutant', n) FROM generate_series(-10, 100, 10) n;
	RAISE 'is well' USING ERRCODE = 'ZZ000';
END $$;

CREATE FUNCTION attack_text(kind text, rounds int, chance float8) RETURNS TABLE (accepts bigint, refusals bigint) LANGUAGE plpgsql AS $$
DECLARE
	inputs text[];
	words text[];
	input text;
	code text;
	message text;
BEGIN
	PERFORM setseed(chance);
	SELECT array_agg(s.input ORDER BY s.input) INTO inputs FROM text_seed s WHERE what = kind;
	SELECT array_agg(DISTINCT word[1]) || '{"[*] --> "," --> ","state \"","\" as "," {","}","note right of ","end note",": "," / "," [","] ","
","direction LR","classDef a fill:#fff","%% ","---","label: ","formerly: ","outcome: won","probability: 10%","sla: ","requires: ","reasons: ","outside: yes","undo: ",<<choice>>,--,:::,#35;,#lt;,🦊,é,1e9,-1,1000001,"half-life "}'::text[] || repeat('x', 64)
	INTO words FROM text_seed s, regexp_matches(s.input, '\w+|[^\w\s]+|\s+', 'g') word WHERE what = kind;
	accepts := 0;
	refusals := 0;
	FOR round IN 1 .. rounds LOOP
		input := mutate_text(one_of(inputs), one_of(inputs), words);
		BEGIN
			EXECUTE format('SELECT try_%s($1)', kind) USING input;
			accepts := accepts + 1;
		EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
			accepts := accepts + 1;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
			refusals := refusals + 1;
			INSERT INTO refused VALUES (NULL, kind, code, message, convert_to(input, 'UTF8'));
		END;
	END LOOP;
	RETURN NEXT;
END $$;
