-- Accounts: the stage of a row derived from the rows that belong to it.
--
-- A derivation is four triggers that name each other's tables (FROM), so that PostgreSQL follows renames, dumps
-- it all, and drops what is left when either table goes. On each side one trigger, which never fires, names the
-- column, and one is fired by every row; src/derivation.c reads them. The rule and the mapping are
-- arguments of the one on the accounts' side.

-- Whoever owns two tables can make such triggers by hand. What cannot be read must not keep others from the view.
CREATE FUNCTION @extschema@.mapping_argument(argument text) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN argument <> '' THEN CASE jsonb_typeof(argument::jsonb) WHEN 'object' THEN argument::jsonb ELSE '{}' END END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN '{}';
END $$;
COMMENT ON FUNCTION @extschema@.mapping_argument(text) IS 'the mapping that a trigger''s argument says; one of nothing where it says none';

CREATE VIEW @extschema@.derivations AS
	SELECT p.tgrelid::pg_catalog.regclass AS relation,
		p.arguments[1] AS name,
		(SELECT a.stage_column FROM @extschema@.attachments a WHERE a.relation = p.tgrelid AND a.key = p.arguments[3]) AS stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = p.tgrelid AND attnum = p.tgattr[0]) AS key_column,
		c.tgrelid::pg_catalog.regclass AS children,
		(SELECT a.stage_column FROM @extschema@.attachments a WHERE a.relation = c.tgrelid AND a.key = p.arguments[4]) AS child_stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = c.tgrelid AND attnum = c.tgattr[0]) AS via,
		p.arguments[5] AS rule,
		@extschema@.mapping_argument(p.arguments[6]) AS mapping
	FROM (SELECT t.*, @extschema@.trigger_arguments(t.tgargs) AS arguments FROM pg_catalog.pg_trigger t
			WHERE t.tgfoid = '@extschema@.derivation()'::pg_catalog.regprocedure AND t.tgparentid = 0) p
		JOIN (SELECT t.*, @extschema@.trigger_arguments(t.tgargs) AS arguments FROM pg_catalog.pg_trigger t
			WHERE t.tgfoid = '@extschema@.derivation()'::pg_catalog.regprocedure AND t.tgparentid = 0) c
			ON c.tgrelid = p.tgconstrrelid AND c.tgconstrrelid = p.tgrelid AND c.arguments[1] = p.arguments[1] AND c.arguments[2] = 'child'
	WHERE p.arguments[2] = 'parent';
COMMENT ON VIEW @extschema@.derivations IS 'the stages that are derived from other tables'' rows, one row a derivation';
GRANT SELECT ON @extschema@.derivations TO PUBLIC;

CREATE FUNCTION @extschema@.derivation_of(rel regclass, stage_column name DEFAULT NULL) RETURNS @extschema@.derivations
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.attachment_of(rel, stage_column);
	found @extschema@.derivations;
BEGIN
	SELECT * INTO found FROM @extschema@.derivations d WHERE d.relation = rel AND d.stage_column = a.stage_column;
	IF found.name IS NULL THEN
		RAISE EXCEPTION 'the column "%" of table % is not derived', a.stage_column, rel
			USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM lifecycle.derivations shows what is.';
	END IF;
	RETURN found;
END $$;
COMMENT ON FUNCTION @extschema@.derivation_of(regclass, name) IS 'the row of lifecycle.derivations for a table, which must have one';

CREATE FUNCTION @extschema@.derive_rows(rel regclass, name text, keys anyarray) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.derive_rows(regclass, text, anyarray) IS 'derives the stages of the rows with these keys now; for the table''s owner';

-- What ties the triggers on two tables together. It is part of their names, so it is short, in any encoding.
CREATE FUNCTION @extschema@.name_for_two(rel regclass, key text, other regclass) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	base text := (SELECT relname FROM pg_class WHERE oid = rel) || '.' || key;
	found text;
	number integer := 1;
BEGIN
	IF octet_length(base) > 35 THEN
		base := left(base, 8);
	END IF;
	found := base;
	WHILE EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid IN (rel, other)
			AND t.tgfoid IN ('@extschema@.derivation()'::regprocedure, '@extschema@.hand_over()'::regprocedure)
			AND (@extschema@.trigger_arguments(t.tgargs))[1] = found) LOOP
		number := number + 1;
		found := base || ' ' || number;
	END LOOP;
	RETURN found;
END $$;
COMMENT ON FUNCTION @extschema@.name_for_two(regclass, text, regclass) IS 'a name for the triggers by which rows of two tables follow each other';

-- The trigger that names the accounts' key and says how their stage is derived.
CREATE FUNCTION @extschema@.register_derivation(rel regclass, key_column name, children regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trigger name := '~lifecycle_' || arguments[1] || '_derivation';
BEGIN
	EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE OF %I ON %s FROM %s FOR EACH ROW WHEN (false)'
		' EXECUTE FUNCTION @extschema@.derivation(%s)', trigger, key_column, rel, children,
		(SELECT string_agg(quote_literal(a), ', ' ORDER BY n) FROM unnest(arguments) WITH ORDINALITY u (a, n)));
	EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', trigger, rel,
		'says from what the stage is derived; lifecycle.underive() removes it');
END $$;
COMMENT ON FUNCTION @extschema@.register_derivation(regclass, name, regclass, text[]) IS 'makes the trigger that says how the stages of a table are derived';

-- The labels that a derivation maps; NULL where stages of the same lifecycle stand for themselves.
CREATE FUNCTION @extschema@.checked_mapping(lifecycle text, child_lifecycle text, mapping jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown text;
BEGIN
	IF mapping IS NULL THEN
		IF lifecycle = child_lifecycle THEN
			RETURN NULL;
		END IF;
		SELECT jsonb_object_agg(c.label, p.label) INTO mapping
		FROM @extschema@.stage c JOIN @extschema@.stage p ON p.label = c.label
		WHERE c.lifecycle = child_lifecycle AND p.lifecycle = checked_mapping.lifecycle AND NOT c.outside AND NOT p.outside;
		IF mapping IS NULL THEN
			RAISE EXCEPTION 'lifecycles "%" and "%" have no stage in common', child_lifecycle, lifecycle
				USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Say what each stage stands for: mapping => ''{"stage of a child": "stage of the account"}''.';
		END IF;
		RETURN mapping;
	END IF;
	IF jsonb_typeof(mapping) <> 'object' OR mapping = '{}'
		OR EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(mapping) WHEN 'object' THEN mapping ELSE '{}' END) m WHERE jsonb_typeof(m.value) <> 'string') THEN
		RAISE EXCEPTION 'a mapping is an object of stages: %', mapping
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Write it like {"stage of a child": "stage of the account"}.';
	END IF;
	SELECT string_agg(format('%s of lifecycle "%s"', quote_ident(m.label), m.of), ', ' ORDER BY m.of, m.label) INTO unknown
	FROM (SELECT key AS label, child_lifecycle AS of FROM jsonb_each_text(mapping)
			UNION SELECT value, checked_mapping.lifecycle FROM jsonb_each_text(mapping)) m
	WHERE NOT EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = m.of AND s.label = m.label AND NOT s.outside);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'the mapping names stages that do not exist' USING ERRCODE = 'undefined_object',
			DETAIL = format('These are: %s.', unknown), HINT = 'SELECT lifecycle, label FROM lifecycle.stage shows what rows hold.';
	END IF;
	RETURN mapping;
END $$;
COMMENT ON FUNCTION @extschema@.checked_mapping(text, text, jsonb) IS 'the mapping of a derivation, with the stages of the same name where none is given';

-- The column of the children that refers to the accounts, and the one that it refers to.
CREATE FUNCTION @extschema@.derivation_columns(rel regclass, children regclass, INOUT via name, OUT key_column name) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	number bigint;
	found name;
	via_type oid;
	key_type oid;
BEGIN
	SELECT count(*), min(a.attname::text), min(k.attname::text) INTO number, found, key_column
	FROM pg_constraint f
		JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
		JOIN pg_attribute k ON k.attrelid = f.confrelid AND k.attnum = f.confkey[1]
	WHERE f.contype = 'f' AND f.conrelid = children AND f.confrelid = rel AND cardinality(f.conkey) = 1
		AND a.attname = coalesce(derivation_columns.via, a.attname);
	IF number <> 1 AND derivation_columns.via IS NULL THEN
		RAISE EXCEPTION 'table % has % foreign keys of one column to %', children, CASE WHEN number = 0 THEN 'no' ELSE number::text END, rel
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Name the column that says to which row a child belongs: via => ''...''.';
	END IF;
	via := coalesce(via, found);
	IF key_column IS NULL THEN
		SELECT k.attname INTO key_column FROM pg_index i JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0]
		WHERE i.indrelid = rel AND i.indisprimary AND i.indnkeyatts = 1;
		IF key_column IS NULL THEN
			RAISE EXCEPTION 'table % has no primary key of one column', rel
				USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Give it one, or a foreign key from the children to a unique column.';
		END IF;
	END IF;
	SELECT atttypid INTO via_type FROM pg_attribute WHERE attrelid = children AND attname = via AND attnum > 0 AND attgenerated = '';
	SELECT atttypid INTO key_type FROM pg_attribute WHERE attrelid = rel AND attname = key_column;
	IF via_type IS NULL THEN
		RAISE EXCEPTION 'table % has no column "%", or it is generated', children, via USING ERRCODE = 'undefined_column';
	ELSIF EXISTS (SELECT FROM pg_attribute v, pg_attribute k, pg_collation c
		WHERE v.attrelid = children AND v.attname = via AND k.attrelid = rel AND k.attname = key_column
			AND v.attcollation <> k.attcollation AND c.oid IN (v.attcollation, k.attcollation) AND NOT c.collisdeterministic) THEN
		RAISE EXCEPTION 'columns "%" of % and "%" of % are of different collations', via, children, key_column, rel
			USING ERRCODE = 'collation_mismatch', DETAIL = 'What is one key in one of them may be several in the other.',
				HINT = format('ALTER TABLE %s ALTER COLUMN %I TYPE %s COLLATE ...;', children, via, format_type(via_type, NULL));
	ELSIF via_type <> key_type THEN
		RAISE EXCEPTION 'columns "%" of % and "%" of % are of different types', via, children, key_column, rel
			USING ERRCODE = 'datatype_mismatch', DETAIL = format('They are %s and %s.', format_type(via_type, NULL), format_type(key_type, NULL)),
				HINT = format('ALTER TABLE %s ALTER COLUMN %I TYPE %s;', children, via, format_type(key_type, NULL));
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.derivation_columns(regclass, regclass, name) IS 'by which columns the rows of one table belong to those of another';

CREATE FUNCTION @extschema@.check_derivable(rel regclass, children regclass, a @extschema@.attachments, c @extschema@.attachments, rule text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	r regclass;
BEGIN
	FOREACH r IN ARRAY ARRAY[rel, children] LOOP
		IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = r) THEN
			RAISE EXCEPTION 'must be owner of table %', r USING ERRCODE = 'insufficient_privilege',
				HINT = 'Whoever derives one table from another has the rights of both owners.';
		END IF;
	END LOOP;
	IF rule IS NULL OR rule NOT IN ('furthest', 'all', 'any') THEN
		RAISE EXCEPTION 'unknown rule: %', coalesce('"' || rule || '"', 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'There are furthest, all and any.';
	ELSIF rel = children THEN
		RAISE EXCEPTION 'table % cannot be derived from itself', rel USING ERRCODE = 'invalid_parameter_value';
	ELSIF a.lifecycle IS NULL OR c.lifecycle IS NULL THEN
		RAISE EXCEPTION 'the rows of table % follow different lifecycles', CASE WHEN a.lifecycle IS NULL THEN rel ELSE children END
			USING ERRCODE = 'feature_not_supported', HINT = 'Attach it to one lifecycle for all rows.';
	ELSIF EXISTS (SELECT FROM @extschema@.derivations d WHERE d.relation = rel AND d.stage_column = a.stage_column) THEN
		RAISE EXCEPTION 'the column "%" of table % is already derived', a.stage_column, rel
			USING ERRCODE = 'duplicate_object', HINT = 'Call lifecycle.underive() first.';
	ELSIF EXISTS (WITH RECURSIVE source AS (
			SELECT d.children FROM @extschema@.derivations d WHERE d.relation = check_derivable.children
			UNION SELECT d.children FROM source s JOIN @extschema@.derivations d ON d.relation = s.children)
			SELECT FROM source s WHERE s.children = rel) THEN
		RAISE EXCEPTION 'table % is derived from % itself', children, rel USING ERRCODE = 'invalid_parameter_value',
			HINT = 'A circle of derivations would have no beginning.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_derivable(regclass, regclass, @extschema@.attachments, @extschema@.attachments, text) IS 'refuses unless one table''s stage can be derived from another''s';

CREATE FUNCTION @extschema@.make_derivation(rel regclass, children regclass, via name, rule text, mapping jsonb,
	stage_column name, child_stage_column name, existing text, path text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.attachment_of(rel, stage_column);
	c @extschema@.attachments := @extschema@.attachment_of(children, child_stage_column);
	key_column name;
	derivation text;
	side record;
BEGIN
	IF existing IS NULL OR existing NOT IN ('fill', 'defer') THEN
		RAISE EXCEPTION 'existing rows cannot be treated like this: %', coalesce('"' || existing || '"', 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'They follow their children at once ("fill"), or later ("defer").';
	END IF;
	PERFORM @extschema@.check_derivable(rel, children, a, c, rule);
	EXECUTE format('LOCK TABLE %s, %s IN SHARE ROW EXCLUSIVE MODE', children, rel);
	SELECT * INTO via, key_column FROM @extschema@.derivation_columns(rel, children, via);
	mapping := @extschema@.checked_mapping(a.lifecycle, c.lifecycle, mapping);
	derivation := @extschema@.name_for_two(rel, a.key, children);
	PERFORM @extschema@.register_derivation(rel, key_column, children,
		ARRAY[derivation, 'parent', a.key, c.key, rule, coalesce(mapping::text, ''), path]);
	PERFORM @extschema@.register_derivation(children, via, rel, ARRAY[derivation, 'child', c.key]);
	FOR side IN SELECT * FROM (VALUES (rel, children, 'parent', 'INSERT OR UPDATE'), (children, rel, 'child', 'INSERT OR UPDATE OR DELETE')) s (relation, other, name, events) LOOP
		EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER %s ON %s FROM %s FOR EACH ROW EXECUTE FUNCTION @extschema@.derive_stage(%L, %L)',
			'~lifecycle_' || derivation || '_derive', side.events, side.relation, side.other, derivation, side.name);
		EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', '~lifecycle_' || derivation || '_derive', side.relation,
			format('derives the stage of %s from %s; lifecycle.underive() removes it', rel, children));
	END LOOP;

	IF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attname = via
			WHERE i.indrelid = children AND i.indkey[0] = p.attnum AND i.indpred IS NULL AND i.indisvalid) THEN
		RAISE NOTICE 'column "%" of % has no index: every move reads the whole table', via, children
			USING HINT = format('CREATE INDEX ON %s (%I);', children, via);
	END IF;
	IF existing = 'fill' THEN
		EXECUTE format('SELECT @extschema@.derive_rows(%L, %L, array_agg(DISTINCT %I)) FROM %s WHERE %3$I IS NOT NULL', rel, derivation, via, children);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.make_derivation(regclass, regclass, name, text, jsonb, name, name, text, text) IS 'what derive() does, with the search_path of its caller';

CREATE FUNCTION @extschema@.derive(rel regclass, children regclass, via name DEFAULT NULL, rule text DEFAULT 'furthest',
	mapping jsonb DEFAULT NULL, stage_column name DEFAULT NULL, child_stage_column name DEFAULT NULL, existing text DEFAULT 'fill') RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
AS $$
	SELECT @extschema@.make_derivation(rel, children, via, rule, mapping, stage_column, child_stage_column, existing,
		pg_catalog.current_setting('search_path'))
$$;
COMMENT ON FUNCTION @extschema@.derive(regclass, regclass, name, text, jsonb, name, name, text) IS 'keeps the stage of a table''s rows what the rows of another table make it';

CREATE FUNCTION @extschema@.underive(rel regclass, stage_column name DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
	number integer := 0;
BEGIN
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = rel) THEN
		RAISE EXCEPTION 'must be owner of table %', rel USING ERRCODE = 'insufficient_privilege';
	END IF;
	-- By the triggers themselves: what is left of a damaged derivation goes too.
	FOR t IN
		WITH ours AS (
			SELECT g.tgrelid, g.tgconstrrelid, g.tgname, @extschema@.trigger_arguments(g.tgargs) AS arguments FROM pg_trigger g
			WHERE g.tgfoid IN ('@extschema@.derivation()'::regprocedure, '@extschema@.derive_stage()'::regprocedure) AND g.tgparentid = 0),
		name AS (
			SELECT DISTINCT o.arguments[1] AS name FROM ours o
			WHERE o.tgrelid = rel AND o.arguments[2] = 'parent' AND (underive.stage_column IS NULL
				OR o.arguments[1] = (SELECT d.name FROM @extschema@.derivations d WHERE d.relation = rel AND d.stage_column = underive.stage_column)))
		SELECT o.tgname, o.tgrelid::regclass AS relation FROM ours o JOIN name n ON o.arguments[1] = n.name
		WHERE (o.tgrelid = rel AND o.arguments[2] = 'parent') OR (o.tgconstrrelid = rel AND o.arguments[2] = 'child')
	LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
		number := number + 1;
	END LOOP;
	IF number = 0 THEN
		PERFORM @extschema@.derivation_of(rel, stage_column);
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.underive(regclass, name) IS 'ends the derivation of a table''s stage, which stays as it is';

-- By its name alone, another operator than the one that ORDER BY goes by might be found.
CREATE FUNCTION @extschema@.greater_operator(type oid) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.greater_operator(oid) IS 'the operator that says which of two values of a type comes later in its order';

CREATE PROCEDURE @extschema@.rederive(rel regclass, stage_column name DEFAULT NULL, batch integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
	d @extschema@.derivations := @extschema@.derivation_of(rel, stage_column);
	type oid := (SELECT atttypid FROM pg_catalog.pg_attribute
		WHERE attrelid OPERATOR(pg_catalog.=) d.children AND attname OPERATOR(pg_catalog.=) d.via);
	last text;
	n bigint;
	done bigint := 0;
BEGIN
	IF batch IS NULL OR batch < 1 THEN
		RAISE EXCEPTION 'a batch has at least one row' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	LOOP
		EXECUTE pg_catalog.format('SELECT pg_catalog.count(k), (pg_catalog.array_agg(k ORDER BY k DESC))[1]::text,'
			' @extschema@.derive_rows(%L, %L, pg_catalog.array_agg(k))'
			' FROM (SELECT %I AS k FROM %s%s ORDER BY 1 LIMIT %s) t',
			rel, d.name, d.key_column, rel,
			CASE WHEN last IS NOT NULL THEN pg_catalog.format(' WHERE %I %s %L::%s', d.key_column,
				@extschema@.greater_operator(type), last, pg_catalog.format_type(type, NULL)) ELSE '' END, batch)
		INTO n, last;
		COMMIT;
		done := done + n;
		EXIT WHEN n < batch;
		RAISE NOTICE '% rows looked at', done;
	END LOOP;
END $$;
COMMENT ON PROCEDURE @extschema@.rederive(regclass, name, integer) IS 'derives the stages of all rows of a table anew, in committed batches';

-- What each child's stage stands for, in the order in which stages count.
CREATE FUNCTION @extschema@.derivation_stages(d @extschema@.derivations,
	OUT label text, OUT stage text, OUT place integer, OUT given_up boolean) RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT held.label, p.label, p.position, p.outcome IN ('lost', 'closed')
	FROM @extschema@.attachments a
		JOIN @extschema@.attachments b ON b.relation = d.children AND b.stage_column = d.child_stage_column
		JOIN @extschema@.stage c ON c.lifecycle = b.lifecycle
		JOIN @extschema@.stage p ON p.lifecycle = a.lifecycle AND NOT p.outside
			AND p.label = CASE WHEN d.mapping IS NULL THEN c.label ELSE d.mapping ->> c.label END
		CROSS JOIN LATERAL unnest(c.label || c.formerly) held (label)
	WHERE a.relation = d.relation AND a.stage_column = d.stage_column
$$;
COMMENT ON FUNCTION @extschema@.derivation_stages(@extschema@.derivations) IS 'what the stages of children stand for in a derivation';

CREATE FUNCTION @extschema@.derivation_drift(rel regclass, stage_column name DEFAULT NULL,
	OUT key text, OUT stage text, OUT derived text, OUT reachable boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	d @extschema@.derivations := @extschema@.derivation_of(rel, stage_column);
	lifecycle text := (SELECT a.lifecycle FROM @extschema@.attachments a WHERE a.relation = rel AND a.stage_column = d.stage_column);
	journey name := (SELECT a.journey_column FROM @extschema@.attachments a WHERE a.relation = d.children AND a.stage_column = d.child_stage_column);
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH RECURSIVE counts AS MATERIALIZED (SELECT * FROM @extschema@.derivation_stages($1)),
		expected AS (
			SELECT DISTINCT ON (c.%5$I) c.%5$I AS key, m.stage
			FROM %4$s c JOIN counts m ON m.label = %7$s
			WHERE c.%5$I IS NOT NULL
			ORDER BY c.%5$I, m.given_up, m.place %6$s),
		drifted AS (
			SELECT a.%2$I::text AS key, a.%3$I::text AS stage, e.stage AS derived
			FROM %1$s a JOIN expected e ON e.key = a.%2$I
			WHERE NOT EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = $2 AND s.label = e.stage
				AND a.%3$I::text = ANY (s.label || s.formerly))),
		move AS (
			SELECT f.label AS source, f.outcome = 'won' AS won, f.outcome IN ('lost', 'closed') AS given_up, t.label AS target
			FROM @extschema@.transition m
				JOIN @extschema@.stage f ON f.lifecycle = $2 AND (f.id = m.from_stage OR f.phase = m.from_phase)
				JOIN @extschema@.stage t ON t.lifecycle = $2 AND t.id = m.to_stage
			WHERE m.lifecycle = $2),
		way AS (
			-- Being lost, or won, is not passed in between where no child has been so.
			SELECT source, target, false AS by_winning FROM move
			UNION SELECT w.source, m.target, w.by_winning OR m.won FROM way w JOIN move m ON m.source = w.target WHERE NOT m.given_up)
		SELECT d.key, d.stage, d.derived, EXISTS (
			SELECT FROM way w
				JOIN @extschema@.stage s ON s.lifecycle = $2 AND s.label = w.source
				JOIN @extschema@.stage t ON t.lifecycle = $2 AND t.label = w.target
			WHERE d.stage = ANY (s.label || s.formerly) AND w.target = d.derived AND NOT (w.by_winning AND t.outcome IN ('lost', 'closed')))
		FROM drifted d $q$,
		rel, d.key_column, d.stage_column, d.children, d.via, CASE WHEN d.rule = 'all' THEN '' ELSE 'DESC' END,
		CASE WHEN d.rule = 'any' THEN format('ANY (coalesce(@extschema@.stages(c.%I), ARRAY[c.%I::text]))', journey, d.child_stage_column)
			ELSE format('c.%I::text', d.child_stage_column) END)
	USING d, lifecycle;
END $$;
COMMENT ON FUNCTION @extschema@.derivation_drift(regclass, name) IS 'the rows whose stage is not what their children make it, and whether a way is drawn there';

-- A stage that is renamed, or merged into another, has its new label in mappings too.
CREATE FUNCTION @extschema@.rename_in_derivations(lifecycle text, old text, new text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	d record;
	arguments text[];
	renamed jsonb;
BEGIN
	FOR d IN
		SELECT v.*, a.lifecycle AS of, c.lifecycle AS child_of, t.tgname, @extschema@.trigger_arguments(t.tgargs) AS arguments
		FROM @extschema@.derivations v
			JOIN @extschema@.attachments a ON a.relation = v.relation AND a.stage_column = v.stage_column
			JOIN @extschema@.attachments c ON c.relation = v.children AND c.stage_column = v.child_stage_column
			JOIN pg_trigger t ON t.tgrelid = v.relation AND t.tgfoid = '@extschema@.derivation()'::regprocedure
				AND (@extschema@.trigger_arguments(t.tgargs))[1:2] = ARRAY[v.name, 'parent']
		WHERE v.mapping IS NOT NULL AND rename_in_derivations.lifecycle IN (a.lifecycle, c.lifecycle)
	LOOP
		IF d.child_of = lifecycle AND d.mapping ? old AND NOT d.mapping ? new
			AND EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = rename_in_derivations.lifecycle AND s.label = new AND NOT old = ANY (s.formerly)) THEN
			RAISE EXCEPTION 'the derivation of % from % counts the stage "%" and not "%"', d.relation, d.children, old, new
				USING ERRCODE = 'dependent_objects_still_exist', HINT = format('Call lifecycle.underive(%L) first, and derive() afterwards with another mapping.', d.relation);
		END IF;
		SELECT jsonb_object_agg(CASE WHEN d.child_of = lifecycle AND key = old THEN new ELSE key END,
			CASE WHEN d.of = lifecycle AND value = old THEN new ELSE value END) INTO renamed
		FROM jsonb_each_text(d.mapping) WHERE NOT (d.child_of = lifecycle AND key = old AND d.mapping ? new);
		IF renamed = d.mapping THEN
			CONTINUE;
		END IF;
		IF NOT (SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid IN (d.relation, d.children)) THEN
			RAISE EXCEPTION 'the derivation of % from % names the stage "%"', d.relation, d.children, old
				USING ERRCODE = 'insufficient_privilege', HINT = 'A member of the roles that own these tables can do it.';
		END IF;
		arguments := d.arguments;
		arguments[6] := renamed::text;
		EXECUTE format('DROP TRIGGER %I ON %s', d.tgname, d.relation);
		PERFORM @extschema@.register_derivation(d.relation, d.key_column, d.children, arguments);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.rename_in_derivations(text, text, text) IS 'has mappings of derivations follow a stage''s new label';

-- The part of verify() that is about derivations: this table's from its children, and those that it is the children of.
CREATE FUNCTION @extschema@.verify_derivations(rel regclass, stage_column name,
	OUT problem text, OUT subject text, OUT rows bigint, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	d @extschema@.derivations;
BEGIN
	-- Each side has both of its triggers, and so does the other one.
	RETURN QUERY
	WITH ours AS (
		SELECT t.tgrelid, t.tgconstrrelid, t.tgfoid, t.tgname, t.tgenabled, @extschema@.trigger_arguments(t.tgargs) AS arguments FROM pg_trigger t
		WHERE t.tgfoid IN ('@extschema@.derivation()'::regprocedure, '@extschema@.derive_stage()'::regprocedure) AND t.tgparentid = 0),
	wanted AS (
		SELECT DISTINCT o.arguments[1] AS name, CASE WHEN side = 'parent' THEN p ELSE c END AS relation,
			CASE WHEN side = 'parent' THEN c ELSE p END AS other, side, f.function
		FROM ours o
			CROSS JOIN LATERAL (SELECT CASE o.arguments[2] WHEN 'parent' THEN o.tgrelid ELSE o.tgconstrrelid END AS p,
				CASE o.arguments[2] WHEN 'parent' THEN o.tgconstrrelid ELSE o.tgrelid END AS c) r
			CROSS JOIN (VALUES ('parent'), ('child')) s (side)
			CROSS JOIN (VALUES ('@extschema@.derivation()'::regprocedure), ('@extschema@.derive_stage()')) f (function)
		WHERE rel IN (p, c))
	SELECT CASE WHEN o.tgname IS NULL THEN 'trigger is missing' ELSE 'trigger is disabled' END,
		coalesce(o.tgname::text, w.function::text) || ' on ' || w.relation::regclass, NULL::bigint,
		CASE WHEN o.tgname IS NULL THEN format('Call lifecycle.underive(%L) and lifecycle.derive() again.', CASE w.side WHEN 'parent' THEN w.relation ELSE w.other END::regclass)
			ELSE format('ALTER TABLE %s ENABLE TRIGGER %I;', w.relation::regclass, o.tgname) END
	FROM wanted w
		LEFT JOIN ours o ON o.tgrelid = w.relation AND o.tgconstrrelid = w.other AND o.tgfoid = w.function
			AND o.arguments[1] = w.name AND o.arguments[2] = w.side
	WHERE o.tgname IS NULL OR (o.tgenabled NOT IN ('O', 'A') AND w.function = '@extschema@.derive_stage()'::regprocedure)
	ORDER BY 2;

	FOR d IN SELECT * FROM @extschema@.derivations v WHERE v.relation = rel AND v.stage_column = verify_derivations.stage_column LOOP
		RETURN QUERY
		SELECT 'derivation maps a stage that is not drawn', m.label, NULL::bigint,
			format('Call lifecycle.underive(%L), and lifecycle.derive() with another mapping.', rel)
		FROM @extschema@.attachments a, @extschema@.attachments c, jsonb_each_text(d.mapping) e,
			LATERAL (VALUES (c.lifecycle, e.key), (a.lifecycle, e.value)) m (lifecycle, label)
		WHERE a.relation = rel AND a.stage_column = d.stage_column AND c.relation = d.children AND c.stage_column = d.child_stage_column
			AND NOT EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = m.lifecycle AND s.label = m.label)
		GROUP BY m.label ORDER BY m.label;

		RETURN QUERY
		SELECT 'stage is not what its children make it', v.stage || ' > ' || v.derived, count(*),
			format('CALL lifecycle.rederive(%L); What holds a row back then, lifecycle.explain_move() tells.', rel)
		FROM @extschema@.derivation_drift(rel, verify_derivations.stage_column) v WHERE v.reachable
		GROUP BY 2 ORDER BY 3 DESC, 2;
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.verify_derivations(regclass, name) IS 'what verify() says about derived stages';
