-- Building the enum of a lifecycle's stages anew, for stages that went or changed their order: PostgreSQL can
-- do neither to an enum. Every column of every table goes over to the new one, attached or not.
--
-- PostgreSQL takes along by itself what merely is on such a column. What names the type (a default, a CHECK or
-- an index with a literal of it) is read as text first, taken off, and put back when the name means the new
-- type. What others made of it (views, functions, policies ...) is theirs: it is named, and nothing is done.

-- The enum, domains over it, and the arrays of each, in the order in which one can make them.
CREATE FUNCTION @extschema@.types_over(enum oid, OUT type oid, OUT depth integer, OUT is_array boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE family AS (
		SELECT y.oid, y.typarray, 0 AS depth, false AS is_array FROM pg_type y WHERE y.oid = types_over.enum
		UNION ALL
		SELECT y.oid, y.typarray, f.depth + 1, f.is_array OR y.oid = f.typarray
		FROM family f JOIN pg_type y ON y.oid = f.typarray OR (y.typtype = 'd' AND y.typbasetype = f.oid))
	SELECT f.oid, f.depth, f.is_array FROM family f
$$;
COMMENT ON FUNCTION @extschema@.types_over(oid) IS 'an enum, the domains over it, and their arrays';

CREATE FUNCTION @extschema@.columns_over(enum oid,
	OUT relation regclass, OUT number smallint, OUT column_name name, OUT type text, OUT is_array boolean, OUT inherited boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT p.attrelid, p.attnum, p.attname, format_type(p.atttypid, p.atttypmod), o.is_array, p.attinhcount > 0
	FROM @extschema@.types_over(columns_over.enum) o
		JOIN pg_attribute p ON p.atttypid = o.type AND p.attnum > 0 AND NOT p.attisdropped
		JOIN pg_class c ON c.oid = p.attrelid AND c.relkind IN ('r', 'p')
	ORDER BY p.attrelid, p.attnum
$$;
COMMENT ON FUNCTION @extschema@.columns_over(oid) IS 'the columns of tables whose type is an enum, a domain over it, or their arrays';

-- What depends on one of these types, or on one of these columns.
CREATE FUNCTION @extschema@.dependents_of_type(enum oid, OUT classid oid, OUT objid oid, OUT objsubid integer, OUT names_type boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT d.classid, d.objid, d.objsubid, bool_or(d.refclassid = 'pg_type'::regclass)
	FROM pg_depend d
	WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT o.type FROM @extschema@.types_over(dependents_of_type.enum) o)
		OR d.refclassid = 'pg_class'::regclass
			AND (d.refobjid, d.refobjsubid) IN (SELECT c.relation, c.number FROM @extschema@.columns_over(dependents_of_type.enum) c)
	GROUP BY 1, 2, 3
$$;
COMMENT ON FUNCTION @extschema@.dependents_of_type(oid) IS 'what depends on an enum, and whether it names the type or merely a column of it';

CREATE FUNCTION @extschema@.labels_of_type(enum regtype) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	labels text[] := '{}';
	s record;
	known boolean := false;
BEGIN
	-- Where lifecycles share the type, the stages of each stay in its order as far as they agree.
	FOR s IN
		SELECT t.lifecycle, t.label, lag(t.label) OVER (PARTITION BY t.lifecycle ORDER BY t.position) AS previous
		FROM @extschema@.stage t
		WHERE NOT t.outside AND t.lifecycle IN (
			SELECT l.name FROM @extschema@.lifecycle l CROSS JOIN LATERAL @extschema@.stage_types(l.name) y WHERE y.type = enum)
		ORDER BY t.lifecycle, t.position
	LOOP
		known := true;
		PERFORM @extschema@.check_enum_label(s.lifecycle, s.label);
		IF s.label <> ALL (labels) THEN
			labels := labels[:coalesce(array_position(labels, s.previous), 0)] || s.label
				|| labels[coalesce(array_position(labels, s.previous), 0) + 1:];
		END IF;
	END LOOP;
	RETURN CASE WHEN known THEN labels END;
END $$;
COMMENT ON FUNCTION @extschema@.labels_of_type(regtype) IS 'the labels that an enum should have, by the lifecycles that it follows; NULL where it follows none';

CREATE FUNCTION @extschema@.check_rebuild(enum regtype, labels text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	name text := format_type(enum, NULL);
	subjects text;
	held text;
	c record;
BEGIN
	SELECT string_agg(DISTINCT o.subject, ', ') INTO subjects
	FROM (
		SELECT format('type %s (of %I)', format_type(y.oid, NULL), pg_get_userbyid(y.typowner)) AS subject, y.typowner AS owner
		FROM @extschema@.types_over(enum) f JOIN pg_type y ON y.oid = f.type AND y.typtype IN ('e', 'd')
		UNION ALL
		SELECT format('table %s (of %I)', r.oid::regclass, pg_get_userbyid(r.relowner)), r.relowner
		FROM @extschema@.columns_over(enum) k JOIN pg_class r ON r.oid = k.relation) o
	WHERE NOT pg_has_role(o.owner, 'USAGE');
	IF subjects IS NOT NULL THEN
		RAISE EXCEPTION 'must be owner of type % and of all tables that use it', name
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('Of others: %s.', subjects), HINT = 'A member of all these roles can do it.';
	END IF;

	FOR c IN SELECT DISTINCT k.relation FROM @extschema@.columns_over(enum) k ORDER BY k.relation LOOP
		EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.relation);
	END LOOP;

	-- A partition key depends on its column the other way about.
	SELECT string_agg(DISTINCT s.subject, ', ') INTO subjects
	FROM (
		SELECT CASE WHEN r.relkind = 'p' AND d.objsubid = 0 THEN 'partition key of ' ELSE '' END
			|| pg_describe_object(d.classid, d.objid, d.objsubid)
		FROM (
			SELECT * FROM @extschema@.dependents_of_type(enum)
			UNION
			SELECT 'pg_class'::regclass, p.partrelid, 0, true
			FROM @extschema@.columns_over(enum) o JOIN pg_partitioned_table p ON p.partrelid = o.relation
				JOIN pg_depend i ON i.classid = 'pg_class'::regclass AND i.objid = o.relation AND i.objsubid = o.number
			WHERE i.refclassid = 'pg_class'::regclass AND i.refobjid = o.relation AND i.refobjsubid = 0 AND i.deptype = 'i') d
			LEFT JOIN pg_class r ON d.classid = 'pg_class'::regclass AND r.oid = d.objid
			LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
			LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
			LEFT JOIN pg_attribute g ON g.attrelid = e.adrelid AND g.attnum = e.adnum
		WHERE NOT (
			k.contype IN ('c', 'p', 'u', 'x', 'n')
			OR g.attgenerated = ''
			OR r.relkind IN ('i', 'I')
			OR r.relkind IN ('r', 'p', 'v', 'm') AND d.objsubid > 0	-- of views, the rule is named
			OR d.classid = 'pg_type'::regclass AND d.objid IN (SELECT o.type FROM @extschema@.types_over(enum) o)
			OR d.classid = 'pg_statistic_ext'::regclass AND NOT d.names_type) IS TRUE) s (subject);
	IF subjects IS NOT NULL THEN
		RAISE EXCEPTION 'type % cannot be rebuilt because of what depends on it', name
			USING ERRCODE = 'dependent_objects_still_exist', DETAIL = format('Dependent: %s.', subjects),
				HINT = 'Drop these, rebuild the type, and create them again, all in one transaction.';
	END IF;

	subjects := NULL;
	FOR c IN SELECT k.* FROM @extschema@.columns_over(enum) k WHERE NOT k.inherited LOOP
		EXECUTE format($q$
			SELECT string_agg(format('%%s at "%%s" (%%s)', %L, label, n), ', ' ORDER BY label)
			FROM (SELECT label, count(*) AS n
				FROM %s t CROSS JOIN LATERAL unnest(%s) label
				WHERE label <> ALL ($1) GROUP BY label) gone$q$,
			format('%s.%I', c.relation, c.column_name), c.relation,
			format(CASE WHEN c.is_array THEN 't.%I::text::text[]' ELSE 'ARRAY[t.%I::text]' END, c.column_name))
		INTO held USING labels;
		subjects := concat_ws(', ', NULLIF(subjects, ''), held);
	END LOOP;
	IF subjects <> '' THEN
		RAISE EXCEPTION 'rows hold stages that type % is to lose', name
			USING ERRCODE = 'check_violation', DETAIL = format('Columns, stages and rows: %s.', subjects),
				HINT = 'Move them to other stages first, or draw these stages again. '
					'A stage that is still being renamed: call lifecycle.rename_stage() again.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_rebuild(regtype, text[]) IS 'locks the tables that use an enum, and refuses to rebuild it where something is in the way';

-- What COMMENT, OWNER TO and GRANT had said about a type, for another of this name.
CREATE FUNCTION @extschema@.properties_of_type(type oid) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY(
		SELECT said.command FROM (
			SELECT 1 AS place, format('COMMENT ON TYPE %s IS %L', n.name, obj_description(y.oid, 'pg_type')) AS command
			WHERE obj_description(y.oid, 'pg_type') IS NOT NULL
			UNION ALL
			SELECT 2, format('REVOKE ALL ON TYPE %s FROM PUBLIC', n.name) WHERE y.typacl IS NOT NULL
			UNION ALL
			SELECT 3, format('GRANT USAGE ON TYPE %s TO %s%s', n.name,
				CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
				CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
			FROM aclexplode(y.typacl) a WHERE a.grantee <> y.typowner
			UNION ALL
			SELECT 4, format('ALTER TYPE %s OWNER TO %I', n.name, pg_get_userbyid(y.typowner))) said
		ORDER BY said.place)
	FROM pg_type y CROSS JOIN LATERAL (SELECT format_type(y.oid, NULL) AS name) n
	WHERE y.oid = properties_of_type.type
$$;
COMMENT ON FUNCTION @extschema@.properties_of_type(oid) IS 'the commands that give a type the comment, rights and owner that this one has';

-- A domain, for another base of the same name.
CREATE FUNCTION @extschema@.definition_of_domain(domain oid) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('CREATE DOMAIN %s AS %s%s', n.name, format_type(y.typbasetype, y.typtypmod),
			' DEFAULT ' || pg_get_expr(y.typdefaultbin, 0))
		-- Since version 17, NOT NULL is a constraint with a name.
		|| CASE WHEN y.typnotnull AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.contypid = y.oid AND c.contype = 'n')
			THEN ARRAY[format('ALTER DOMAIN %s SET NOT NULL', n.name)] END
		|| ARRAY(
			SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', n.name, c.conname, pg_get_constraintdef(c.oid))
			FROM pg_constraint c WHERE c.contypid = y.oid AND c.contype IN ('c', 'n') ORDER BY c.oid)
		|| ARRAY(
			SELECT format('COMMENT ON CONSTRAINT %I ON DOMAIN %s IS %L', c.conname, n.name, obj_description(c.oid, 'pg_constraint'))
			FROM pg_constraint c WHERE c.contypid = y.oid AND obj_description(c.oid, 'pg_constraint') IS NOT NULL)
	FROM pg_type y CROSS JOIN LATERAL (SELECT format_type(y.oid, NULL) AS name) n
	WHERE y.oid = definition_of_domain.domain
$$;
COMMENT ON FUNCTION @extschema@.definition_of_domain(oid) IS 'the commands that make a domain as this one is';

-- What names the type on tables: the commands that take it off, and those that put it back.
CREATE FUNCTION @extschema@.names_of_type(enum oid, OUT take_off text[], OUT put_back text[])
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH dependent AS (SELECT * FROM @extschema@.dependents_of_type(names_of_type.enum)),
	index AS (
		SELECT i.indexrelid, i.indexrelid::regclass::text AS name, i.indisclustered, i.indrelid::regclass AS relation, r.relname, r.reltablespace,
			h.inhparent::regclass AS parent
		FROM dependent d JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
			JOIN pg_class r ON r.oid = i.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
		WHERE d.names_type AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)),
	command AS (
		SELECT 1 AS place, 0::bigint AS depth, e.oid, format('ALTER TABLE ONLY %s ALTER COLUMN %I DROP DEFAULT', e.adrelid::regclass, p.attname) AS take_off,
			ARRAY[format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT %s', e.adrelid::regclass, p.attname, pg_get_expr(e.adbin, e.adrelid))] AS put_back
		FROM dependent d JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
			JOIN pg_attribute p ON p.attrelid = e.adrelid AND p.attnum = e.adnum
		UNION ALL
		SELECT 2, (SELECT count(*) FROM pg_partition_ancestors(c.conrelid)), c.oid,
			format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', c.conrelid::regclass, c.conname),
			ARRAY[format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)),
				format('COMMENT ON CONSTRAINT %I ON %s IS ', c.conname, c.conrelid::regclass) || quote_literal(obj_description(c.oid, 'pg_constraint'))]
		FROM dependent d JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
		WHERE d.names_type AND c.conrelid <> 0 AND c.conislocal
		UNION ALL
		SELECT 3, (SELECT count(*) FROM pg_partition_ancestors(i.indexrelid)), i.indexrelid, format('DROP INDEX IF EXISTS %s', i.name),
			ARRAY[format('SET LOCAL default_tablespace = %L', coalesce((SELECT s.spcname FROM pg_tablespace s WHERE s.oid = i.reltablespace), '')),
				pg_get_indexdef(i.indexrelid),
				format('COMMENT ON INDEX %s IS ', i.name) || quote_literal(obj_description(i.indexrelid, 'pg_class')),
				CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', i.relation, i.relname) END]
		FROM index i
		UNION ALL
		SELECT 4, (SELECT count(*) FROM pg_partition_ancestors(i.indexrelid)), i.indexrelid, NULL,
			ARRAY[format('ALTER INDEX %s ATTACH PARTITION %s', i.parent, i.name)]
		FROM index i WHERE i.parent IS NOT NULL)
	-- What is taken off a parent goes from its children too, unless it is theirs as well. On the way back
	-- children come first, and their parent's merges into theirs.
	SELECT ARRAY(SELECT c.take_off FROM command c WHERE c.take_off IS NOT NULL ORDER BY c.place, c.depth, c.oid),
		ARRAY(SELECT b.command FROM command c CROSS JOIN LATERAL unnest(c.put_back) WITH ORDINALITY b (command, number)
			WHERE b.command IS NOT NULL ORDER BY c.place, c.depth DESC, c.oid, b.number)
$$;
COMMENT ON FUNCTION @extschema@.names_of_type(oid) IS 'the commands that take off tables what names a type, and those that put it back for another of this name';

CREATE FUNCTION @extschema@.rebuild_stage_type(type regtype, OUT relation regclass, OUT column_name name) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET default_tablespace = ''
AS $$
DECLARE
	name text := format_type(type, NULL);
	labels text[] := @extschema@.labels_of_type(type);
	names record;
	create_types text[] := '{}';
	properties text[] := '{}';
	drop_types text[] := '{}';
	move_columns text[];
	t record;
	statement text;
BEGIN
	IF labels IS NULL THEN
		RAISE EXCEPTION 'type % follows no lifecycle', name
			USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM lifecycle.stage_types(''...''); shows those that follow one.';
	ELSIF labels = ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = type ORDER BY e.enumsortorder) THEN
		RETURN;
	END IF;
	PERFORM @extschema@.check_rebuild(type, labels);

	-- Everything is read while the names mean the present types.
	names := @extschema@.names_of_type(type);
	FOR t IN
		SELECT y.oid, format_type(y.oid, NULL) AS name, y.typnamespace::regnamespace AS schema, 'lifecycle rebuilds ' || y.oid AS aside, y.typtype
		FROM @extschema@.types_over(type) o JOIN pg_type y ON y.oid = o.type WHERE y.typtype IN ('e', 'd') ORDER BY o.depth
	LOOP
		names.take_off := names.take_off || format('ALTER TYPE %s RENAME TO %I', t.name, t.aside);
		create_types := create_types || CASE WHEN t.typtype = 'd' THEN @extschema@.definition_of_domain(t.oid)
			ELSE ARRAY[format('CREATE TYPE %s AS ENUM (%s)', t.name, (SELECT string_agg(quote_literal(l), ', ' ORDER BY n) FROM unnest(labels) WITH ORDINALITY u (l, n)))] END;
		properties := properties || @extschema@.properties_of_type(t.oid);
		drop_types := format('DROP TYPE %s.%I', t.schema, t.aside) || drop_types;
	END LOOP;
	move_columns := ARRAY(
		SELECT format('ALTER TABLE %s %s', c.relation, string_agg(format('ALTER COLUMN %I TYPE %s USING %1$I::text::%2$s', c.column_name, c.type), ', '))
		FROM @extschema@.columns_over(type) c WHERE NOT c.inherited GROUP BY c.relation ORDER BY c.relation);
	RETURN QUERY SELECT c.relation, c.column_name FROM @extschema@.columns_over(type) c WHERE NOT c.inherited;

	FOREACH statement IN ARRAY names.take_off || create_types || move_columns || names.put_back || properties || drop_types LOOP
		EXECUTE statement;
	END LOOP;
EXCEPTION WHEN invalid_text_representation THEN
	RAISE EXCEPTION 'type % cannot be rebuilt: %', name, SQLERRM
		USING ERRCODE = 'check_violation', DETAIL = format('Failed: %s', statement),
			HINT = 'Change what names a stage that the type is to lose first.';
END $$;
COMMENT ON FUNCTION @extschema@.rebuild_stage_type(regtype) IS 'makes an enum anew with the labels and in the order of its lifecycle''s diagram, and takes all its columns along';
