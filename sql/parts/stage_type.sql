-- Enums whose labels are the stages of a lifecycle.
--
-- Which types those are is derived, never noted down: the types of attached columns, and those whose comment
-- says so, because create_stage_type() made them and perhaps no table uses them yet. Both survive dumps,
-- pg_upgrade, and renaming or moving the type.

CREATE FUNCTION @extschema@.stage_type_mark(lifecycle text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT format('stages of lifecycle %L;', lifecycle) $$;
COMMENT ON FUNCTION @extschema@.stage_type_mark(text) IS 'how the comment begins by which a lifecycle knows its types';

-- Where each row names its lifecycle, a type belongs to those lifecycles with which a row in it can begin. A
-- comment on somebody else's type is that person's business: it must not keep the owner from changing the lifecycle.
CREATE FUNCTION @extschema@.stage_types(lifecycle text, OUT type regtype, OUT attached boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT found.type::regtype, bool_or(found.attached)
	FROM (
		SELECT f.enum AS type, true AS attached
		FROM @extschema@.followers(stage_types.lifecycle) f
		WHERE f.enum IS NOT NULL AND (f.lifecycle_column IS NULL OR EXISTS (
			SELECT FROM @extschema@.stage s JOIN pg_enum e ON e.enumlabel = ANY (s.label || s.formerly)
			WHERE s.lifecycle = stage_types.lifecycle AND s.is_entry AND e.enumtypid = f.enum))
		UNION ALL
		SELECT y.oid, false
		FROM pg_type y JOIN pg_description d ON d.objoid = y.oid AND d.classoid = 'pg_type'::regclass AND d.objsubid = 0
		WHERE y.typtype = 'e' AND starts_with(d.description, @extschema@.stage_type_mark(stage_types.lifecycle))
			AND pg_has_role(y.typowner, 'USAGE')
	) found
	GROUP BY found.type ORDER BY found.type
$$;
COMMENT ON FUNCTION @extschema@.stage_types(text) IS 'the enums that follow a lifecycle, and whether attached columns have them';

CREATE FUNCTION @extschema@.check_enum_label(lifecycle text, label text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	most integer := current_setting('max_identifier_length');
BEGIN
	IF octet_length(label) > most THEN
		RAISE EXCEPTION 'label "%" of lifecycle "%" is too long for an enum', label, lifecycle
			USING ERRCODE = 'name_too_long', DETAIL = format('It has %s bytes, a label of an enum at most %s.', octet_length(label), most),
				HINT = 'Give the stage a shorter label and this one as its title, or keep stages in a column of type text.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_enum_label(text, text) IS 'refuses labels that an enum cannot have';

CREATE FUNCTION @extschema@.make_stage_type(lifecycle text, schema name, type_name text[]) RETURNS regtype
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	labels text;
	type text;
BEGIN
	PERFORM @extschema@.diagram(lifecycle);
	IF cardinality(type_name) > 2 THEN
		RAISE EXCEPTION 'improper name of a type: %', array_to_string(type_name, '.')
			USING ERRCODE = 'syntax_error', HINT = 'Name it as type or as schema.type.';
	ELSIF cardinality(type_name) = 1 AND schema IS NULL THEN
		RAISE EXCEPTION 'no schema has been selected to create in' USING ERRCODE = 'invalid_schema_name';
	END IF;
	PERFORM @extschema@.check_enum_label(s.lifecycle, s.label)
	FROM @extschema@.stage s WHERE s.lifecycle = make_stage_type.lifecycle AND NOT s.outside;
	SELECT string_agg(quote_literal(s.label), ', ' ORDER BY s.position) INTO labels
	FROM @extschema@.stage s WHERE s.lifecycle = make_stage_type.lifecycle AND NOT s.outside;
	type := CASE WHEN cardinality(type_name) = 1 THEN format('%I.%I', schema, type_name[1]) ELSE format('%I.%I', type_name[1], type_name[2]) END;
	EXECUTE format('CREATE TYPE %s AS ENUM (%s)', type, labels);
	EXECUTE format('COMMENT ON TYPE %s IS %L', type,
		@extschema@.stage_type_mark(lifecycle) || ' they follow it, see lifecycle.create_stage_type()');
	RETURN type::regtype;
END $$;
COMMENT ON FUNCTION @extschema@.make_stage_type(text, name, text[]) IS 'makes the enum of create_stage_type(), in the schema unless the name has one';

-- Without a search_path of its own: the type goes where the caller's CREATE TYPE would put it.
CREATE FUNCTION @extschema@.create_stage_type(lifecycle text, type_name text) RETURNS regtype
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
AS $$ SELECT @extschema@.make_stage_type(lifecycle, pg_catalog.current_schema(), pg_catalog.parse_ident(type_name)) $$;
COMMENT ON FUNCTION @extschema@.create_stage_type(text, text) IS 'makes an enum of a lifecycle''s stages, in diagram order, which follows it';

-- What each type lacks, and where it belongs: behind the stage drawn before it, which the type has by then.
CREATE FUNCTION @extschema@.missing_stage_labels(lifecycle text, OUT type regtype, OUT label text, OUT command text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH drawn AS (
		SELECT s.position, s.label, lag(s.label) OVER (ORDER BY s.position) AS previous
		FROM @extschema@.stage s WHERE s.lifecycle = missing_stage_labels.lifecycle AND NOT s.outside)
	SELECT t.type, d.label,
		format('ALTER TYPE %s ADD VALUE %L', format_type(t.type, NULL), d.label)
			|| coalesce(' AFTER ' || quote_literal(d.previous), (
				SELECT format(' BEFORE %L', next.label) FROM drawn next JOIN pg_enum e ON e.enumlabel = next.label
				WHERE e.enumtypid = t.type ORDER BY next.position LIMIT 1), '')
	FROM @extschema@.stage_types(missing_stage_labels.lifecycle) t CROSS JOIN drawn d
	WHERE NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = t.type AND e.enumlabel = d.label)
	ORDER BY t.type, d.position
$$;
COMMENT ON FUNCTION @extschema@.missing_stage_labels(text) IS 'the stages of a lifecycle that its enums lack, with the commands that add them in diagram order';

CREATE FUNCTION @extschema@.add_stage_labels(lifecycle text, OUT type regtype, OUT label text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	command text;
	owner name;
	added boolean := false;
BEGIN
	PERFORM @extschema@.diagram(lifecycle);
	FOR type, label, command IN SELECT * FROM @extschema@.missing_stage_labels(add_stage_labels.lifecycle) LOOP
		SELECT pg_get_userbyid(y.typowner) INTO owner FROM pg_type y WHERE y.oid = type AND NOT pg_has_role(y.typowner, 'USAGE');
		IF FOUND THEN
			RAISE EXCEPTION 'must be owner of type % to add the stages of lifecycle "%"', format_type(type, NULL), lifecycle
				USING ERRCODE = 'insufficient_privilege', DETAIL = format('It belongs to %I and lacks "%s".', owner, label),
					HINT = format('A member of %I can do it.', owner);
		END IF;
		PERFORM @extschema@.check_enum_label(lifecycle, label);
		EXECUTE command;
		added := true;
		RETURN NEXT;
	END LOOP;
	IF added THEN
		RAISE NOTICE 'rows can hold the new labels once this transaction is committed';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.add_stage_labels(text) IS 'adds to the enums of a lifecycle the stages that they lack, in diagram order; rows can hold them after the commit';
