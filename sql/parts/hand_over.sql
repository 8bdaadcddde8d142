-- Hand-over: a row of one table goes on as a row of another.
--
-- A trigger on either table, which never fires, names the column and the other table; src/hand_over.c reads them.

CREATE FUNCTION @extschema@.stages_argument(argument text) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN argument::text[];
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN '{}';
END $$;
COMMENT ON FUNCTION @extschema@.stages_argument(text) IS 'the stages that a trigger''s argument names; none where it is no array';

CREATE VIEW @extschema@.hand_overs AS
	SELECT t.tgrelid::pg_catalog.regclass AS relation,
		t.arguments[1] AS name,
		(SELECT a.stage_column FROM @extschema@.attachments a WHERE a.relation = t.tgrelid AND a.key = t.arguments[3]) AS stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = t.tgrelid AND attnum = t.tgattr[0]) AS via,
		s.tgrelid::pg_catalog.regclass AS source,
		(SELECT a.stage_column FROM @extschema@.attachments a WHERE a.relation = s.tgrelid AND a.key = t.arguments[4]) AS source_stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = s.tgrelid AND attnum = s.tgattr[0]) AS key_column,
		@extschema@.stages_argument(t.arguments[5]) AS stages
	FROM (SELECT g.*, @extschema@.trigger_arguments(g.tgargs) AS arguments FROM pg_catalog.pg_trigger g
			WHERE g.tgfoid = '@extschema@.hand_over()'::pg_catalog.regprocedure AND g.tgparentid = 0) t
		JOIN (SELECT g.*, @extschema@.trigger_arguments(g.tgargs) AS arguments FROM pg_catalog.pg_trigger g
			WHERE g.tgfoid = '@extschema@.hand_over()'::pg_catalog.regprocedure AND g.tgparentid = 0) s
			ON s.tgrelid = t.tgconstrrelid AND s.tgconstrrelid = t.tgrelid AND s.arguments[1] = t.arguments[1] AND s.arguments[2] = 'source'
	WHERE t.arguments[2] = 'target';
COMMENT ON VIEW @extschema@.hand_overs IS 'the tables whose rows go on with the journeys of other tables'' rows';
GRANT SELECT ON @extschema@.hand_overs TO PUBLIC;

CREATE FUNCTION @extschema@.register_hand_over(rel regclass, column_name name, other regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trigger name := '~lifecycle_' || arguments[1] || '_hand_over';
BEGIN
	EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE OF %I ON %s FROM %s FOR EACH ROW WHEN (false)'
		' EXECUTE FUNCTION @extschema@.hand_over(%s)', trigger, column_name, rel, other,
		(SELECT string_agg(quote_literal(a), ', ' ORDER BY n) FROM unnest(arguments) WITH ORDINALITY u (a, n)));
	EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', trigger, rel,
		CASE arguments[2] WHEN 'target' THEN format('says which rows of %s it goes on with; lifecycle.forbid_hand_over() removes it', other)
			ELSE format('says that rows are handed over to %s; lifecycle.forbid_hand_over() removes it', other) END);
END $$;
COMMENT ON FUNCTION @extschema@.register_hand_over(regclass, name, regclass, text[]) IS 'makes one of the triggers that say who hands over to whom';

CREATE FUNCTION @extschema@.allow_hand_over(source regclass, rel regclass, stages text[], via name DEFAULT NULL,
	source_stage_column name DEFAULT NULL, stage_column name DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s @extschema@.attachments := @extschema@.attachment_of(source, source_stage_column);
	a @extschema@.attachments := @extschema@.attachment_of(rel, stage_column);
	r regclass;
	key_column name;
	unknown text;
	name text;
BEGIN
	FOREACH r IN ARRAY ARRAY[source, rel] LOOP
		IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = r) THEN
			RAISE EXCEPTION 'must be owner of table %', r USING ERRCODE = 'insufficient_privilege',
				HINT = 'Whoever lets one table hand rows over to another has the rights of both owners.';
		END IF;
	END LOOP;
	IF source = rel THEN
		RAISE EXCEPTION 'table % cannot hand rows over to itself', rel USING ERRCODE = 'invalid_parameter_value';
	ELSIF s.lifecycle IS NULL THEN
		RAISE EXCEPTION 'the rows of table % follow different lifecycles', source USING ERRCODE = 'feature_not_supported',
			HINT = 'Attach it to one lifecycle for all rows.';
	ELSIF coalesce(cardinality(stages), 0) = 0 THEN
		RAISE EXCEPTION 'no stage is named in which rows are handed over' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Name those after which a row goes on elsewhere: stages => ARRAY[''converted''].';
	END IF;
	SELECT string_agg(coalesce(quote_ident(l), 'NULL'), ', ') INTO unknown FROM unnest(stages) l
	WHERE NOT EXISTS (SELECT FROM @extschema@.stage k WHERE k.lifecycle = s.lifecycle AND k.label = l);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'lifecycle "%" has no such stages', s.lifecycle USING ERRCODE = 'undefined_object',
			DETAIL = format('These are: %s.', unknown), HINT = 'SELECT lifecycle, label FROM lifecycle.stage shows what rows hold.';
	END IF;
	SELECT * INTO via, key_column FROM @extschema@.derivation_columns(source, rel, via);
	IF EXISTS (SELECT FROM @extschema@.hand_overs h WHERE h.relation = rel AND h.stage_column = a.stage_column AND (h.source = allow_hand_over.source OR h.via = allow_hand_over.via)) THEN
		RAISE EXCEPTION 'table % hands rows over to % already, or column "%" is taken', source, rel, via
			USING ERRCODE = 'duplicate_object', HINT = 'Call lifecycle.forbid_hand_over() first.';
	ELSIF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attname = via
			WHERE i.indrelid = rel AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = p.attnum) THEN
		RAISE EXCEPTION 'column "%" of table % is not unique, so a row could be handed over twice', via, rel
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('ALTER TABLE %s ADD UNIQUE (%I);', rel, via);
	END IF;
	name := @extschema@.name_for_two(rel, a.key, source);
	PERFORM @extschema@.register_hand_over(rel, via, source, ARRAY[name, 'target', a.key, s.key, stages::text]);
	PERFORM @extschema@.register_hand_over(source, key_column, rel, ARRAY[name, 'source']);
END $$;
COMMENT ON FUNCTION @extschema@.allow_hand_over(regclass, regclass, text[], name, name, name) IS 'lets new rows of a table go on with the journeys of another table''s rows';

CREATE FUNCTION @extschema@.forbid_hand_over(source regclass, rel regclass) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
	number integer := 0;
BEGIN
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = rel) THEN
		RAISE EXCEPTION 'must be owner of table %', rel USING ERRCODE = 'insufficient_privilege';
	END IF;
	FOR t IN
		SELECT g.tgname, g.tgrelid::regclass AS relation FROM pg_trigger g
		WHERE g.tgfoid = '@extschema@.hand_over()'::regprocedure AND g.tgparentid = 0
			AND (g.tgrelid, g.tgconstrrelid, (@extschema@.trigger_arguments(g.tgargs))[2]) IN ((rel, source, 'target'), (source, rel, 'source'))
	LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
		number := number + 1;
	END LOOP;
	IF number = 0 THEN
		RAISE EXCEPTION 'table % hands no rows over to %', source, rel USING ERRCODE = 'undefined_object',
			HINT = 'SELECT * FROM lifecycle.hand_overs shows who does.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.forbid_hand_over(regclass, regclass) IS 'has new rows of a table begin journeys of their own again';

CREATE FUNCTION @extschema@.rename_in_hand_overs(lifecycle text, old text, new text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	h record;
	arguments text[];
BEGIN
	FOR h IN
		SELECT v.*, t.tgname, @extschema@.trigger_arguments(t.tgargs) AS arguments
		FROM @extschema@.hand_overs v
			JOIN @extschema@.attachments s ON s.relation = v.source AND s.stage_column = v.source_stage_column
			JOIN pg_trigger t ON t.tgrelid = v.relation AND t.tgfoid = '@extschema@.hand_over()'::regprocedure
				AND (@extschema@.trigger_arguments(t.tgargs))[1:2] = ARRAY[v.name, 'target']
		WHERE s.lifecycle = rename_in_hand_overs.lifecycle AND old = ANY (v.stages)
	LOOP
		IF NOT (SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid IN (h.relation, h.source)) THEN
			RAISE EXCEPTION 'the hand-over from % to % names the stage "%"', h.source, h.relation, old
				USING ERRCODE = 'insufficient_privilege', HINT = 'A member of the roles that own these tables can do it.';
		END IF;
		arguments := h.arguments;
		arguments[5] := (SELECT array_agg(DISTINCT l)::text FROM unnest(array_replace(h.stages, old, new)) l);
		EXECUTE format('DROP TRIGGER %I ON %s', h.tgname, h.relation);
		PERFORM @extschema@.register_hand_over(h.relation, h.via, h.source, arguments);
	END LOOP;
END $$;
COMMENT ON FUNCTION @extschema@.rename_in_hand_overs(text, text, text) IS 'has hand-overs follow a stage''s new label';
