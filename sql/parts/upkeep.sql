-- Upkeep: filling in journeys on large live tables, and finding what has drifted.
--
-- These go through whole tables in committed batches, or look at many catalogs: PL/pgSQL says it best.
-- A procedure that commits cannot have a SET clause, so that names are written out in full.

CREATE FUNCTION @extschema@.attachment_of(rel regclass, stage_column name DEFAULT NULL) RETURNS @extschema@.attachments
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found @extschema@.attachments;
	number bigint;
BEGIN
	SELECT count(*) INTO number FROM @extschema@.attachments a
	WHERE a.relation = rel AND a.stage_column IS NOT DISTINCT FROM coalesce(attachment_of.stage_column, a.stage_column);
	IF number = 0 AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = rel AND t.tgfoid = '@extschema@.enforce_move()'::regprocedure) THEN
		RAISE EXCEPTION 'the attachment of table % is damaged', rel
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = format('SELECT lifecycle.detach(%L) clears it away.', rel);
	ELSIF number = 0 THEN
		RAISE EXCEPTION 'no lifecycle is attached to %',
			CASE WHEN stage_column IS NULL THEN rel::text ELSE format('column "%s" of %s', stage_column, rel) END
			USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM lifecycle.attachments shows what is attached.';
	ELSIF number > 1 THEN
		RAISE EXCEPTION 'several lifecycles are attached to table %', rel
			USING ERRCODE = 'ambiguous_parameter', HINT = 'Say which is meant: stage_column => ''...''.';
	END IF;
	SELECT * INTO found FROM @extschema@.attachments a
	WHERE a.relation = rel AND a.stage_column IS NOT DISTINCT FROM coalesce(attachment_of.stage_column, a.stage_column);
	RETURN found;
END $$;
COMMENT ON FUNCTION @extschema@.attachment_of(regclass, name) IS 'the row of lifecycle.attachments for a table, which must have one';

CREATE PROCEDURE @extschema@.fill(rel regclass, stage_column name DEFAULT NULL, blocks integer DEFAULT 1000)
LANGUAGE plpgsql
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.attachment_of(rel, stage_column);
	leaf pg_catalog.regclass;
	block bigint;
	last_block bigint;
	all_blocks bigint := 0;
	done_blocks bigint := 0;
	filled bigint := 0;
	n bigint;
	started timestamptz := pg_catalog.clock_timestamp();
	leaves pg_catalog.regclass[];
	constraint_name name;
BEGIN
	IF blocks IS NULL OR blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	leaves := CASE
		WHEN EXISTS (SELECT FROM pg_catalog.pg_partitioned_table WHERE partrelid OPERATOR(pg_catalog.=) rel)
		THEN ARRAY(SELECT relid FROM pg_catalog.pg_partition_tree(rel) WHERE isleaf)
		ELSE ARRAY[rel] END;
	FOREACH leaf IN ARRAY leaves LOOP
		all_blocks := all_blocks + pg_catalog.pg_relation_size(leaf) / pg_catalog.current_setting('block_size')::bigint;
	END LOOP;
	FOREACH leaf IN ARRAY leaves LOOP
		block := 0;
		last_block := pg_catalog.pg_relation_size(leaf) / pg_catalog.current_setting('block_size')::bigint;
		WHILE block <= last_block LOOP
			-- Writing the stage to itself is no move; the trigger gives the row its journey. Who writes several rows in
			-- a transaction may take them in another order, and may move a row to another partition. If that ends the
			-- batch, it begins again.
			BEGIN
				EXECUTE pg_catalog.format('UPDATE %s SET %I = %I WHERE %I IS NULL'
					' AND ctid OPERATOR(pg_catalog.>=) ''(%s,0)'' AND ctid OPERATOR(pg_catalog.<) ''(%s,0)''',
					leaf, a.stage_column, a.stage_column, a.journey_column, block, block + blocks);
				GET DIAGNOSTICS n = ROW_COUNT;
			EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
				n := NULL;
			END;
			COMMIT;
			CONTINUE WHEN n IS NULL;
			filled := filled + n;
			block := block + blocks;
			done_blocks := LEAST(done_blocks + blocks, all_blocks);
			IF n > 0 AND done_blocks < all_blocks THEN
				RAISE NOTICE '% rows filled, % %% of the table, about % left', filled, 100 * done_blocks / all_blocks,
					pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (all_blocks - done_blocks)::float8 / done_blocks);
			END IF;
		END LOOP;
	END LOOP;
	SELECT conname INTO constraint_name FROM pg_catalog.pg_constraint c
	WHERE conrelid OPERATOR(pg_catalog.=) rel AND contype OPERATOR(pg_catalog.=) 'c' AND NOT convalidated
		AND conkey OPERATOR(pg_catalog.@>) ARRAY(SELECT attnum FROM pg_catalog.pg_attribute
			WHERE attrelid OPERATOR(pg_catalog.=) rel AND attname IN (a.stage_column, a.journey_column));
	IF constraint_name IS NOT NULL THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', rel, constraint_name);
	END IF;
	RAISE NOTICE 'every row has its journey: % filled', filled;
END $$;
COMMENT ON PROCEDURE @extschema@.fill(regclass, name, integer) IS 'gives journeys to the rows of a table that was attached with existing => ''defer'', in committed batches';

CREATE PROCEDURE @extschema@.backfill(rel regclass, query text, stage_column name DEFAULT NULL, batch integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
	a @extschema@.attachments := @extschema@.attachment_of(rel, stage_column);
	key text;
	same_key text;
	total bigint;
	done bigint := 0;
	changed bigint := 0;
	n bigint;
	unlike bigint;
	started timestamptz := pg_catalog.clock_timestamp();
	tie text := '';
BEGIN
	IF batch IS NULL OR batch < 1 THEN
		RAISE EXCEPTION 'a batch has at least one row' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum),
		pg_catalog.string_agg(pg_catalog.format('t.%1$I OPERATOR(pg_catalog.=) h.%1$I', attname), ' AND ' ORDER BY attnum)
	INTO key, same_key
	FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = rel AND i.indisprimary;
	IF key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key, so history cannot find its rows', rel
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a primary key first.';
	END IF;
	IF pg_catalog.to_regclass('pg_temp.lifecycle_history') IS NOT NULL THEN
		DROP TABLE pg_temp.lifecycle_history;
	END IF;
	BEGIN
		EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE lifecycle_history AS
			SELECT pg_catalog.row_number() OVER (ORDER BY %1$s) AS lifecycle_number, *
			FROM (SELECT %1$s, @extschema@.journey_agg(stage::pg_catalog.text, at) AS lifecycle_journey
				FROM (%2$s) AS events GROUP BY %1$s) AS journeys', key, query);
	EXCEPTION WHEN undefined_column THEN
		RAISE EXCEPTION 'the query must have the columns %, stage and at', key
			USING ERRCODE = 'undefined_column', DETAIL = SQLERRM, HINT = 'Name them so in the query: SELECT deal_id AS id, status AS stage, changed_at AS at FROM ...';
	WHEN syntax_error THEN
		RAISE EXCEPTION 'what was given as the query is none' USING ERRCODE = 'syntax_error', DETAIL = SQLERRM,
			HINT = 'Write a SELECT without a semicolon at its end; for a whole table or view, TABLE and its name.';
	END;
	GET DIAGNOSTICS total = ROW_COUNT;
	CREATE UNIQUE INDEX ON pg_temp.lifecycle_history (lifecycle_number);
	COMMIT;
	WHILE done < total LOOP
		PERFORM pg_catalog.set_config('crm_lifecycle.import', 'on', true);
		BEGIN
			-- Rows that have the journey already are left alone, so that it can be started again.
			EXECUTE pg_catalog.format('UPDATE %1$s t SET %2$I = h.lifecycle_journey FROM pg_temp.lifecycle_history h
				WHERE %3$s AND h.lifecycle_number OPERATOR(pg_catalog.>) $1 AND h.lifecycle_number OPERATOR(pg_catalog.<=) $2
					AND @extschema@.ends_in(h.lifecycle_journey, t.%4$I)
					AND (t.%2$I OPERATOR(@extschema@.=) h.lifecycle_journey) IS NOT TRUE',
				rel, a.journey_column, same_key, a.stage_column)
			USING done, done + batch;
			GET DIAGNOSTICS n = ROW_COUNT;
		EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
			-- As in fill().
			n := NULL;
		END;
		COMMIT;
		CONTINUE WHEN n IS NULL;
		changed := changed + n;
		done := LEAST(done + batch, total);
		IF done < total THEN
			RAISE NOTICE '% of % journeys looked at, % written, about % left', done, total, changed,
				pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (total - done)::float8 / done);
		END IF;
	END LOOP;
	EXECUTE pg_catalog.format('DELETE FROM pg_temp.lifecycle_history h USING %s t WHERE %s AND @extschema@.ends_in(h.lifecycle_journey, t.%I)',
		rel, same_key, a.stage_column);
	SELECT pg_catalog.count(*) INTO unlike FROM pg_temp.lifecycle_history;
	RAISE NOTICE '% journeys written', changed;
	IF unlike > 0 THEN
		RAISE WARNING '% journeys were not written, because no row has their key and is in the stage where they end', unlike
			USING HINT = 'They are in pg_temp.lifecycle_history until you disconnect.';
	ELSE
		DROP TABLE pg_temp.lifecycle_history;
	END IF;
END $$;
COMMENT ON PROCEDURE @extschema@.backfill(regclass, text, name, integer) IS 'fills the journeys of a table from the history that a query finds, in committed batches';

CREATE FUNCTION @extschema@.verify(rel regclass, stage_column name DEFAULT NULL,
	OUT problem text, OUT subject text, OUT "rows" bigint, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a @extschema@.attachments;
	row_lifecycle text;
	relations regclass[];
	message text;
	context text;
	-- What rows may hold to be in a stage.
	held text := $q$
		held AS MATERIALIZED (
			SELECT s.lifecycle, s.id, s.label, h.held, s.outside
			FROM @extschema@.stage s CROSS JOIN LATERAL unnest(s.label || s.formerly) h (held))$q$;
BEGIN
	a := @extschema@.attachment_of(rel, verify.stage_column);
	row_lifecycle := CASE WHEN a.lifecycle IS NULL THEN format('t.%I::text', a.lifecycle_column) ELSE quote_literal(a.lifecycle) END;
	relations := CASE
		WHEN EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = rel) THEN ARRAY(SELECT relid FROM pg_partition_tree(rel))
		ELSE ARRAY[rel] END;

	RETURN QUERY
	SELECT 'lifecycle is missing', a.lifecycle, NULL::bigint, 'Define it again: lifecycle.dump_lifecycle() prints the call where it exists.'
	WHERE a.lifecycle IS NOT NULL AND NOT EXISTS (SELECT FROM @extschema@.lifecycle l WHERE l.name = a.lifecycle);

	IF a.stage_column IS NULL AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = rel AND attname = a.key) THEN
		RETURN QUERY SELECT 'stage column is missing', a.key, NULL::bigint,
			format('SELECT lifecycle.detach(%L); and attach another column.', rel);
		RETURN;
	END IF;

	BEGIN
		PERFORM @extschema@.check_attachment(rel, a.key);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
		RETURN QUERY SELECT 'rules do not fit the table', concat_ws(': ', message, substring(context FROM '^(guard [^\n]*), on table')), NULL::bigint,
			'Moves that need them fail. Give the table the column back, or draw the lifecycle without it.';
	END;

	RETURN QUERY
	SELECT CASE WHEN t.tgname IS NULL THEN 'trigger is missing' ELSE 'trigger is disabled' END,
		coalesce(t.tgname || ' on ' || r.relation, f.function || ' on ' || r.relation), NULL::bigint,
		CASE WHEN t.tgname IS NULL THEN 'Call lifecycle.detach() and lifecycle.attach() again; the journeys stay.'
			ELSE format('ALTER TABLE %s ENABLE TRIGGER %I;', r.relation, t.tgname) END
	FROM unnest(relations) r (relation)
		CROSS JOIN (VALUES ('@extschema@.enforce_move()'::regprocedure), ('@extschema@.enforce_entry()')) f (function)
		LEFT JOIN pg_trigger t ON t.tgrelid = r.relation AND t.tgfoid = f.function
			AND (@extschema@.trigger_arguments(t.tgargs))[1] = a.key
	WHERE t.tgname IS NULL OR t.tgenabled NOT IN ('O', 'A');

	RETURN QUERY
	SELECT 'another trigger fires later', later.tgname || ' on ' || later.tgrelid::regclass, NULL::bigint,
		format('If it writes %I, rename it: ALTER TRIGGER %I ON %s RENAME TO ...;', a.stage_column, later.tgname, later.tgrelid::regclass)
	FROM pg_trigger ours JOIN pg_trigger later ON later.tgrelid = ours.tgrelid AND later.tgname > ours.tgname
	WHERE ours.tgrelid = rel AND ours.tgfoid = '@extschema@.enforce_move()'::regprocedure
		AND (@extschema@.trigger_arguments(ours.tgargs))[1] = a.key
		AND NOT later.tgisinternal AND later.tgtype::integer & 3 = 3
		AND later.tgfoid <> '@extschema@.enforce_move()'::regprocedure;

	RETURN QUERY
	SELECT 'another table inherits', i.inhrelid::regclass::text, NULL::bigint,
		'The triggers do not fire for its rows: attach it too, or end the inheritance.'
	FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
	WHERE i.inhparent = rel AND NOT k.relispartition;

	RETURN QUERY
	SELECT CASE WHEN c.conname IS NULL THEN 'CHECK is missing' ELSE 'CHECK is not validated' END,
		coalesce(c.conname::text, rel::text), NULL::bigint,
		CASE WHEN c.conname IS NULL THEN format('ALTER TABLE %s ADD CHECK (lifecycle.ends_in(%I, %I)) NOT VALID; Then ask again.', rel, a.journey_column, coalesce(a.stage_column, a.key))
			ELSE coalesce(
				(SELECT format('CALL lifecycle.rename_stage(%L, %L, %L);', s.lifecycle, s.formerly[1], s.label)
					FROM @extschema@.stage s WHERE s.lifecycle = a.lifecycle AND s.formerly <> '{}' LIMIT 1),
				format('CALL lifecycle.fill(%L);', rel)) END
	FROM (VALUES (1)) one
		LEFT JOIN pg_constraint c ON c.conrelid = rel AND c.contype = 'c' AND a.stage_column IS NOT NULL
			AND c.conkey @> ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname IN (a.stage_column, a.journey_column))
	WHERE c.conname IS NULL OR NOT c.convalidated;
	IF a.stage_column IS NULL THEN
		RETURN;
	END IF;

	RETURN QUERY EXECUTE format($q$
		SELECT 'stage is still being renamed', array_to_string(s.formerly, ', ') || ' > ' || s.label, count(t.*),
			format('CALL lifecycle.rename_stage(%%L, %%L, %%L);', s.lifecycle, s.formerly[1], s.label)
		FROM @extschema@.stage s
			LEFT JOIN %1$s t ON %4$s = s.lifecycle AND (t.%3$I::text = ANY (s.formerly)
				OR EXISTS (SELECT FROM unnest(s.formerly) f WHERE @extschema@.visits(t.%2$I, f) > 0))
		WHERE s.formerly <> '{}'
		GROUP BY s.lifecycle, s.label, s.formerly HAVING count(t.*) > 0 OR s.lifecycle = %5$L ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, row_lifecycle, a.lifecycle);

	RETURN QUERY EXECUTE format($q$
		WITH %5$s
		SELECT CASE WHEN t.%2$I IS NULL THEN 'row has no journey yet' ELSE 'journey does not end in the stage' END,
			t.%3$I::text, count(*),
			CASE WHEN t.%2$I IS NULL THEN %4$L
				WHEN s.id IS NULL AND e.id IS NOT NULL
				THEN format('If "%%s" was renamed: CALL lifecycle.rename_stage(%%L, %%L, %%L);', e.label, e.lifecycle, e.label, t.%3$I)
				ELSE 'Correct the stage, or the journey under crm_lifecycle.import.' END
		FROM %1$s t
			LEFT JOIN held s ON s.lifecycle = %6$s AND s.held = t.%3$I::text
			LEFT JOIN held e ON e.lifecycle = %6$s AND e.held = @extschema@.current_stage(t.%2$I)
		WHERE NOT @extschema@.ends_in(t.%2$I, t.%3$I) AND (s.id = e.id) IS NOT TRUE
		GROUP BY 1, 2, 4 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, format('CALL lifecycle.fill(%L);', rel), held, row_lifecycle);

	RETURN QUERY EXECUTE format($q$
		WITH %5$s
		SELECT 'stage is not in the lifecycle', t.%3$I::text, count(*), 'Draw the stage, or change the rows under crm_lifecycle.import.'
		FROM %1$s t LEFT JOIN held s ON s.lifecycle = %4$s AND s.held = t.%3$I::text AND NOT s.outside
		WHERE s.id IS NULL GROUP BY 2 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, row_lifecycle, held);

	RETURN QUERY EXECUTE format($q$
		WITH %4$s,
		legal AS (
			SELECT m.lifecycle, f.label AS source, g.label AS target
			FROM @extschema@.transition m
				JOIN @extschema@.stage g ON g.lifecycle = m.lifecycle AND g.id = m.to_stage
				JOIN @extschema@.stage f ON f.lifecycle = m.lifecycle AND (f.id = m.from_stage OR f.phase = m.from_phase)),
		visited AS (
			SELECT %3$s AS lifecycle, t.ctid AS place, t.tableoid AS leaf, s.step, s.stage
			FROM %1$s t CROSS JOIN LATERAL @extschema@.steps(t.%2$I) s%5$s),
		made AS (
			SELECT v.lifecycle, coalesce(h.label, v.stage) AS target,
				lag(coalesce(h.label, v.stage)) OVER (PARTITION BY v.place, v.leaf ORDER BY v.step) AS source
			FROM visited v LEFT JOIN held h ON h.lifecycle = v.lifecycle AND h.held = v.stage)
		SELECT 'move would be refused today', made.source || ' > ' || made.target, count(*), 'Nothing to do, if the lifecycle has changed since.'
		FROM made LEFT JOIN legal USING (lifecycle, source, target)
		WHERE made.source IS NOT NULL AND made.source <> made.target AND legal.target IS NULL GROUP BY 2 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, row_lifecycle, held,
		-- What was handed over was made by other rules.
		(SELECT string_agg(format('%s t.%I IS NULL', CASE WHEN h.n = 1 THEN ' WHERE' ELSE ' AND' END, h.via), '' ORDER BY h.n)
			FROM (SELECT v.via, row_number() OVER (ORDER BY v.name) AS n FROM @extschema@.hand_overs v
				WHERE v.relation = rel AND v.stage_column = a.stage_column) h));

	RETURN QUERY SELECT * FROM @extschema@.verify_derivations(rel, a.stage_column);

	RETURN QUERY
	SELECT 'view for BI lacks a stage', v::text, NULL::bigint, format('SELECT * FROM lifecycle.refresh_bi_views(%L);', rel)
	FROM @extschema@.outdated_bi_views(rel) v;

	RETURN QUERY
	SELECT 'label is missing in the type', s.label, NULL::bigint,
		format('SELECT * FROM lifecycle.add_stage_labels(%L);', s.lifecycle)
			|| coalesce((
				SELECT format(' Or, if it was renamed there: CALL lifecycle.rename_stage(%L, %L, %L);', s.lifecycle, s.label, e.enumlabel)
				FROM pg_enum e LEFT JOIN @extschema@.stage k ON k.lifecycle = s.lifecycle AND k.label = e.enumlabel
				WHERE e.enumtypid = y.oid AND k.label IS NULL ORDER BY e.enumsortorder LIMIT 1), '')
	FROM pg_attribute p JOIN pg_type y ON y.oid = @extschema@.enum_of(p.atttypid)
		JOIN @extschema@.stage s ON s.lifecycle = a.lifecycle AND NOT s.outside
	WHERE p.attrelid = rel AND p.attname = a.stage_column
		AND NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = y.oid AND e.enumlabel = s.label);
END $$;
COMMENT ON FUNCTION @extschema@.verify(regclass, name) IS 'everything about an attached table that is not as it should be; no rows: all is well';
