-- Renaming a stage on tables in use.
--
-- What is short and must be whole is in functions, which run as one transaction and with a safe
-- search_path. The batches are in the procedure itself: a procedure that commits cannot have a SET clause, and
-- the triggers that others have on the table must see the search_path that they know. A batch writes nothing
-- but the journey to itself; it is the row trigger that puts the present label in, as it does for everybody
-- who touches such a row.

CREATE FUNCTION @extschema@.begin_rename(lifecycle text, old text, new text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.begin_rename(text, text, text) IS 'gives a stage of a diagram another label, and keeps the old one as a former';

CREATE FUNCTION @extschema@.end_rename(lifecycle text, label text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.end_rename(text, text) IS 'forgets what a stage of a diagram was called formerly';

CREATE FUNCTION @extschema@.enum_of(type oid) RETURNS oid
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE base AS (
		SELECT y.oid, y.typtype, y.typbasetype FROM pg_type y WHERE y.oid = enum_of.type
		UNION ALL
		SELECT y.oid, y.typtype, y.typbasetype FROM base b JOIN pg_type y ON y.oid = b.typbasetype WHERE b.typtype = 'd')
	SELECT base.oid FROM base WHERE base.typtype = 'e'
$$;
COMMENT ON FUNCTION @extschema@.enum_of(oid) IS 'the enum that a type is, or that a domain is over; NULL for others';

-- The tables whose rows follow a lifecycle, or may, with the enum of the stage and the CHECK.
CREATE FUNCTION @extschema@.followers(lifecycle text,
	OUT relation regclass, OUT stage_column name, OUT journey_column name, OUT lifecycle_column name, OUT log regclass,
	OUT enum oid, OUT constraint_oid oid) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT a.relation, a.stage_column, a.journey_column, a.lifecycle_column, a.log, @extschema@.enum_of(p.atttypid),
		(SELECT c.oid FROM pg_constraint c
			WHERE c.conrelid = a.relation AND c.contype = 'c' AND c.conkey @> ARRAY[p.attnum, j.attnum]
				AND pg_get_expr(c.conbin, c.conrelid) LIKE '%ends_in(%' ORDER BY c.oid LIMIT 1)
	FROM @extschema@.attachments a
		LEFT JOIN pg_attribute p ON p.attrelid = a.relation AND p.attname = a.stage_column
		LEFT JOIN pg_attribute j ON j.attrelid = a.relation AND j.attname = a.journey_column
	WHERE a.lifecycle = followers.lifecycle OR a.lifecycle_column IS NOT NULL
	ORDER BY a.relation, a.key
$$;
COMMENT ON FUNCTION @extschema@.followers(text) IS 'the tables whose rows follow a lifecycle, or may';

CREATE FUNCTION @extschema@.touched_by_rename(lifecycle text, logs boolean) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT relation FROM @extschema@.followers(touched_by_rename.lifecycle)
	UNION SELECT t.relid FROM @extschema@.followers(touched_by_rename.lifecycle) f CROSS JOIN LATERAL pg_partition_tree(f.relation) t
	UNION SELECT log FROM @extschema@.followers(touched_by_rename.lifecycle) WHERE log IS NOT NULL AND logs
	ORDER BY 1
$$;
COMMENT ON FUNCTION @extschema@.touched_by_rename(text, boolean) IS 'the tables whose rows follow a lifecycle, or may, their partitions and their logs';

CREATE FUNCTION @extschema@.check_followers(lifecycle text, logs boolean) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	others text;
	passing text;
	hiding text;
	subjects text;
BEGIN
	SELECT string_agg(format('%s (of %I)', r, pg_get_userbyid(c.relowner)), ', ') FILTER (WHERE NOT pg_has_role(c.relowner, 'USAGE')),
		string_agg(r::text, ', ') FILTER (WHERE pg_is_other_temp_schema(c.relnamespace)),
		string_agg(r::text, ', ') FILTER (WHERE row_security_active(r))
	INTO others, passing, hiding
	FROM @extschema@.touched_by_rename(check_followers.lifecycle, logs) r JOIN pg_class c ON c.oid = r;
	IF others IS NOT NULL THEN
		RAISE EXCEPTION 'must be owner of the tables whose rows follow lifecycle "%"', lifecycle
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('Tables of others: %s.', others),
				HINT = 'A member of all these roles can do it.';
	ELSIF passing IS NOT NULL THEN
		RAISE EXCEPTION 'temporary tables of other sessions follow lifecycle "%"', lifecycle
			USING ERRCODE = 'object_in_use', DETAIL = format('Tables: %s.', passing),
				HINT = 'Drop them, or wait until these sessions end.';
	ELSIF hiding IS NOT NULL THEN
		RAISE EXCEPTION 'row security hides rows from the owner of tables that follow lifecycle "%"', lifecycle
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('Tables: %s.', hiding),
				HINT = 'ALTER TABLE ... NO FORCE ROW LEVEL SECURITY for as long as it takes, or do it as a role that bypasses it.';
	END IF;
	SELECT string_agg(f.relation::text, ', ') INTO subjects
	FROM @extschema@.followers(check_followers.lifecycle) f WHERE f.stage_column IS NULL;
	IF subjects IS NOT NULL THEN
		RAISE EXCEPTION 'the attachment of a table that follows lifecycle "%" is damaged', lifecycle
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Tables: %s.', subjects),
				HINT = 'SELECT * FROM lifecycle.verify(...) says what to do.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_followers(text, boolean) IS 'refuses unless the caller may rewrite every table that follows a lifecycle';

CREATE FUNCTION @extschema@.rename_in_enum(enum oid, lifecycle text, old text, new text, at_once boolean) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type text := format_type(enum, NULL);
	needed_by text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = enum AND e.enumlabel = old)
		OR EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = enum AND e.enumlabel = new) THEN
		RETURN;
	END IF;
	PERFORM @extschema@.check_enum_label(lifecycle, new);
	SELECT string_agg(DISTINCT quote_literal(s.lifecycle), ', ') INTO needed_by
	FROM @extschema@.attachments a
		JOIN pg_attribute p ON p.attrelid = a.relation AND p.attname = a.stage_column
		JOIN @extschema@.stage s ON s.lifecycle = coalesce(a.lifecycle, s.lifecycle)
	WHERE @extschema@.enum_of(p.atttypid) = enum AND s.lifecycle <> rename_in_enum.lifecycle AND s.label = old;
	IF needed_by IS NULL THEN
		EXECUTE format('ALTER TYPE %s RENAME VALUE %L TO %L', type, old, new);
	ELSIF at_once THEN
		RAISE EXCEPTION 'other lifecycles need the label "%" of type %', old, type
			USING ERRCODE = 'object_in_use', DETAIL = format('Lifecycles: %s.', needed_by),
				HINT = format('ALTER TYPE %s ADD VALUE %L; and commit, then call again.', type, new);
	ELSE
		EXECUTE format('ALTER TYPE %s ADD VALUE %L AFTER %L', type, new, old);
		RAISE NOTICE 'type % keeps the label "%", which other lifecycles need', type, old;
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.rename_in_enum(oid, text, text, text, boolean) IS 'renames a label of an enum, or adds the new one where other lifecycles need the old';

CREATE FUNCTION @extschema@.what_is_unfit(rel regclass, stage_column name, label text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type text := (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = rel AND attname = stage_column);
	held text;
BEGIN
	EXECUTE format('SELECT CAST(CAST(%L AS %s) AS text)', label, type) INTO held;
	RETURN CASE WHEN held IS DISTINCT FROM label THEN format('It would hold "%s".', held) END;
EXCEPTION
	WHEN data_exception OR check_violation OR raise_exception THEN
		RETURN SQLERRM;
	-- Asked from here a domain cannot tell: it wants a search_path, or a right, of whoever writes.
	WHEN OTHERS THEN
		RETURN NULL;
END $$;
COMMENT ON FUNCTION @extschema@.what_is_unfit(regclass, name, text) IS 'why a stage column cannot hold a label as it is written; NULL if it can';

CREATE FUNCTION @extschema@.check_label_fits(follower record, old text, new text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unfit text := @extschema@.what_is_unfit(follower.relation, follower.stage_column, new);
BEGIN
	-- A table that names its lifecycles may be one for others only.
	IF unfit IS NOT NULL
		AND (follower.lifecycle_column IS NULL OR @extschema@.what_is_unfit(follower.relation, follower.stage_column, old) IS NULL) THEN
		RAISE EXCEPTION 'column "%" of table % cannot hold "%"', follower.stage_column, follower.relation, new
			USING ERRCODE = 'invalid_parameter_value', DETAIL = unfit, HINT = 'Alter its type first.';
	END IF;
END $$;
COMMENT ON FUNCTION @extschema@.check_label_fits(record, text, text) IS 'refuses a label that the stage column of a follower cannot hold';

-- Readies tables and enums for rows that hold either label. It waits for the transactions that are writing to the
-- tables: whoever writes after it knows both.
CREATE FUNCTION @extschema@.prepare_followers(lifecycle text, old text, new text, at_once boolean, logs boolean) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record;
	definition text;
	constraint_name name;
BEGIN
	PERFORM @extschema@.check_followers(lifecycle, logs);
	FOR f IN SELECT * FROM @extschema@.followers(prepare_followers.lifecycle) LOOP
		EXECUTE format('LOCK TABLE %s IN %s MODE', f.relation, CASE WHEN f.enum IS NULL THEN 'SHARE ROW EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END);
		IF f.enum IS NULL THEN
			PERFORM @extschema@.check_label_fits(f, old, new);
			CONTINUE;
		END IF;
		PERFORM @extschema@.rename_in_enum(f.enum, lifecycle, old, new, at_once);
		-- With the enum the rows have been renamed, and their journeys have not: a dump must not promise more.
		SELECT c.conname, pg_get_constraintdef(c.oid) INTO constraint_name, definition FROM pg_constraint c
		WHERE c.oid = f.constraint_oid AND c.convalidated
			AND NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = f.enum AND e.enumlabel = old);
		IF FOUND THEN
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s NOT VALID',
				f.relation, constraint_name, constraint_name, definition);
		END IF;
	END LOOP;
	PERFORM @extschema@.rename_in_derivations(prepare_followers.lifecycle, old, new);
	PERFORM @extschema@.rename_in_hand_overs(prepare_followers.lifecycle, old, new);
	-- Types that no attached table uses follow too.
	PERFORM @extschema@.rename_in_enum(t.type, prepare_followers.lifecycle, old, new, at_once)
	FROM @extschema@.stage_types(prepare_followers.lifecycle) t WHERE NOT t.attached;
END $$;
COMMENT ON FUNCTION @extschema@.prepare_followers(text, text, text, boolean, boolean) IS 'readies enums and CHECKs for rows that hold a former label';

-- The first step, in one transaction.
CREATE FUNCTION @extschema@.prepare_rename(lifecycle text, old text, new text, at_once boolean, logs boolean DEFAULT true) RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT @extschema@.begin_rename(lifecycle, old, new);
	SELECT @extschema@.prepare_followers(lifecycle, old, new, at_once, logs)
$$;
COMMENT ON FUNCTION @extschema@.prepare_rename(text, text, text, boolean, boolean) IS 'the first step of rename_stage(): diagram, enums and CHECKs';

-- The second step: for each table (the leaves of a partitioned one) and each log, what renames the rows
-- between two ctids, and what counts those that are left.
CREATE FUNCTION @extschema@.rename_work(lifecycle text, label text, logs boolean,
	OUT relation regclass, OUT batch text, OUT remaining text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH stage AS (
		SELECT s.label, s.formerly FROM @extschema@.stage s
		WHERE s.lifecycle = rename_work.lifecycle AND s.label = rename_work.label AND s.formerly <> '{}'),
	leaf AS (
		SELECT f.*, l.relid::regclass AS leaf
		FROM @extschema@.followers(rename_work.lifecycle) f
			CROSS JOIN LATERAL (
				SELECT t.relid FROM pg_partition_tree(f.relation) t WHERE t.isleaf
				UNION SELECT f.relation WHERE NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = f.relation)) l),
	target AS (
		SELECT leaf AS relation, 1 AS place, format('%I = t.%I', journey_column, journey_column) AS change,
			format('(t.%I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR %s)%s',
				stage_column, formerly,
				(SELECT string_agg(format('@extschema@.visits(t.%I, %L::pg_catalog.text) OPERATOR(pg_catalog.>) 0', journey_column, former), ' OR ')
					FROM unnest(formerly) former),
				format(' AND t.%I::pg_catalog.text OPERATOR(pg_catalog.=) %L', lifecycle_column, rename_work.lifecycle)) AS holds
		FROM leaf CROSS JOIN stage WHERE lifecycle_column IS NOT NULL
		UNION ALL
		SELECT leaf, 1, format('%I = t.%I', journey_column, journey_column),
			format('(t.%I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR %s)',
				stage_column, formerly,
				(SELECT string_agg(format('@extschema@.visits(t.%I, %L::pg_catalog.text) OPERATOR(pg_catalog.>) 0', journey_column, former), ' OR ')
					FROM unnest(formerly) former))
		FROM leaf CROSS JOIN stage WHERE lifecycle_column IS NULL
		UNION ALL
		SELECT DISTINCT log, 2,
			format('from_stage = CASE WHEN t.from_stage OPERATOR(pg_catalog.=) ANY (%1$L::pg_catalog.text[]) THEN %2$L ELSE t.from_stage END,'
				' to_stage = CASE WHEN t.to_stage OPERATOR(pg_catalog.=) ANY (%1$L::pg_catalog.text[]) THEN %2$L ELSE t.to_stage END,'
				' journey = %3$s', formerly, stage.label,
				(SELECT string_agg('@extschema@.relabel(', '') || 't.journey' || string_agg(format(', %L, %L)', former, stage.label), '')
					FROM unnest(formerly) former)),
			format('t.lifecycle OPERATOR(pg_catalog.=) %L AND (t.from_stage OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[])'
				' OR t.to_stage OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR %s)',
				rename_work.lifecycle, formerly, formerly,
				(SELECT string_agg(format('@extschema@.visits(t.journey, %L::pg_catalog.text) OPERATOR(pg_catalog.>) 0', former), ' OR ')
					FROM unnest(formerly) former))
		FROM leaf CROSS JOIN stage WHERE log IS NOT NULL AND logs)
	SELECT relation,
		format('UPDATE %s t SET %s WHERE %s AND t.ctid OPERATOR(pg_catalog.>=) $1 AND t.ctid OPERATOR(pg_catalog.<) $2', relation, change, holds),
		format('SELECT pg_catalog.count(*) FROM %s t WHERE %s', relation, holds)
	FROM target ORDER BY place, relation
$$;
COMMENT ON FUNCTION @extschema@.rename_work(text, text, boolean) IS 'the second step of rename_stage(): the statements that rename rows';

-- The third step, in one transaction, when no row holds a former label any more.
CREATE FUNCTION @extschema@.finish_rename(lifecycle text, label text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record;
	unfilled boolean;
BEGIN
	-- The lifecycle before its tables, as whoever renames next does.
	PERFORM @extschema@.lock_lifecycle(lifecycle);
	IF NOT EXISTS (SELECT FROM @extschema@.stage s WHERE s.lifecycle = finish_rename.lifecycle AND s.label = finish_rename.label) THEN
		PERFORM @extschema@.end_rename(lifecycle, label);
	END IF;
	FOR f IN
		SELECT w.relation, w.journey_column, c.conname
		FROM @extschema@.followers(finish_rename.lifecycle) w JOIN pg_constraint c ON c.oid = w.constraint_oid AND NOT c.convalidated
	LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NULL)', f.relation, f.journey_column) INTO unfilled;
		IF unfilled THEN
			RAISE NOTICE 'rows of % have no journey yet', f.relation USING HINT = format('CALL lifecycle.fill(%L);', f.relation);
		ELSE
			EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', f.relation, f.conname);
		END IF;
	END LOOP;
	PERFORM @extschema@.end_rename(lifecycle, label);
END $$;
COMMENT ON FUNCTION @extschema@.finish_rename(text, text) IS 'the third step of rename_stage(): CHECKs are validated, former labels forgotten';

-- The second step itself, and the third where no row is left over; otherwise relabelled is NULL.
CREATE PROCEDURE @extschema@.relabel_rows(lifecycle text, label text, blocks integer, log boolean, INOUT relabelled bigint DEFAULT 0)
LANGUAGE plpgsql
AS $$
DECLARE
	block_size bigint := pg_catalog.current_setting('block_size')::bigint;
	relations pg_catalog.regclass[];
	batches text[];
	remaining text[];
	block bigint;
	last_block bigint;
	all_blocks bigint := 0;
	done_blocks bigint := 0;
	relabelled_before bigint := 0;
	left_now bigint;
	overtaken boolean;
	message text;
	hint text;
	n bigint;
	written bigint;
	started timestamptz := pg_catalog.clock_timestamp();
BEGIN
	SELECT pg_catalog.array_agg(w.relation), pg_catalog.array_agg(w.batch), pg_catalog.array_agg(w.remaining),
		coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(w.relation) OPERATOR(pg_catalog./) block_size), 0)
	INTO relations, batches, remaining, all_blocks
	FROM @extschema@.rename_work(lifecycle, label, coalesce(log, true)) w;
	-- A row that a batch has waited for may turn up behind the last block: so once more, unless nothing helps.
	LOOP
		FOR i IN 1 .. coalesce(pg_catalog.cardinality(relations), 0) LOOP
			block := 0;
			last_block := pg_catalog.pg_relation_size(relations[i]) / block_size;
			WHILE block <= last_block LOOP
				n := coalesce(blocks, last_block + 1);
				-- Who writes several rows in a transaction may take them in another order, and may move a row to another
				-- partition. If that ends the batch, it begins again, having let go of its rows.
				BEGIN
					EXECUTE batches[i] USING pg_catalog.format('(%s,0)', block)::tid, pg_catalog.format('(%s,0)', block + n)::tid;
					GET DIAGNOSTICS written = ROW_COUNT;
				EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
					IF blocks IS NULL THEN RAISE; END IF;
					written := NULL;
				END;
				IF blocks IS NOT NULL THEN COMMIT; END IF;
				CONTINUE WHEN written IS NULL;
				block := block + n;
				done_blocks := LEAST(done_blocks + n, all_blocks);
				relabelled := relabelled + written;
				IF written > 0 AND done_blocks < all_blocks THEN
					RAISE NOTICE '% rows renamed, % %% of the tables, about % left', relabelled, 100 * done_blocks / all_blocks,
						pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (all_blocks - done_blocks)::float8 / done_blocks);
				END IF;
			END LOOP;
		END LOOP;

		left_now := 0;
		FOR i IN 1 .. coalesce(pg_catalog.cardinality(relations), 0) LOOP
			EXECUTE remaining[i] INTO n;
			IF n > 0 THEN
				left_now := left_now + n;
				message := pg_catalog.format('stage "%s" is not renamed yet: %s rows of %s hold the old label', label, n, relations[i]);
				hint := pg_catalog.format('SELECT * FROM lifecycle.verify(%L); says what is in the way. Then call again.', relations[i]);
			END IF;
		END LOOP;
		-- Where somebody has renamed the stage back, what is left is right, and stays: finish_rename() says so.
		overtaken := NOT EXISTS (SELECT FROM @extschema@.stage s
			WHERE s.lifecycle OPERATOR(pg_catalog.=) relabel_rows.lifecycle AND s.label OPERATOR(pg_catalog.=) relabel_rows.label);
		EXIT WHEN left_now = 0 OR left_now >= relabelled - relabelled_before OR overtaken;
		relabelled_before := relabelled;
	END LOOP;
	IF left_now > 0 AND NOT overtaken THEN
		RAISE WARNING '%', message USING HINT = hint;
		relabelled := NULL;
		RETURN;
	END IF;
	PERFORM @extschema@.finish_rename(lifecycle, label);
END $$;
COMMENT ON PROCEDURE @extschema@.relabel_rows(text, text, integer, boolean, bigint) IS 'gives rows, journeys and logs the present label of a stage, in committed batches';

CREATE PROCEDURE @extschema@.rename_stage(name text, old text, new text, blocks integer DEFAULT 1000, log boolean DEFAULT true)
LANGUAGE plpgsql
AS $$
DECLARE
	renamed bigint := 0;
BEGIN
	IF name IS NULL OR old IS NULL OR new IS NULL THEN
		RAISE EXCEPTION 'the lifecycle, the old label and the new one must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- In a transaction block this fails, before anything is done.
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	PERFORM @extschema@.prepare_rename(name, old, new, blocks IS NULL, coalesce(log, true));
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	CALL @extschema@.relabel_rows(name, new, blocks, log, renamed);
	IF renamed IS NOT NULL THEN
		RAISE NOTICE 'stage "%" of lifecycle "%" is called "%" now: % rows renamed', old, name, new, renamed;
	END IF;
END $$;
COMMENT ON PROCEDURE @extschema@.rename_stage(text, text, text, integer, boolean) IS 'gives a stage another label, in the diagram, enums, rows, journeys and logs, in committed batches; also where it was renamed by hand';
