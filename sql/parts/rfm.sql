
-- RFM: scores by cut points, and the segments that they make.

CREATE FUNCTION @extschema@.rfm_score(value numeric, cuts numeric[], lower_is_better boolean DEFAULT false) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION @extschema@.rfm_score(numeric, numeric[], boolean) IS
'1 and the number of cut points that the value is better than: greater, or less where lower is better';

CREATE FUNCTION @extschema@.rfm_cuts_final(amounts numeric[]) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY amount) FROM unnest(amounts) amount
	-- Scores refuse what is no number, and so do cut points: it would be the largest of all.
	WHERE @extschema@.rfm_score(amount, '{}') = 1);
COMMENT ON FUNCTION @extschema@.rfm_cuts_final(numeric[]) IS 'final function of rfm_cuts';

CREATE AGGREGATE @extschema@.rfm_cuts(value numeric) (
	SFUNC = pg_catalog.array_append,
	STYPE = numeric[],
	SSPACE = 8192,
	FINALFUNC = @extschema@.rfm_cuts_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = pg_catalog.array_cat,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.rfm_cuts(numeric) IS 'the four cut points that make quintiles of a column, each of them one of its values';

-- The names are the trade's, on its usual grid of recency and frequency: each of the 25 cells has one.
CREATE FUNCTION @extschema@.rfm_rules(
	OUT "position" int,
	OUT segment text,
	OUT recency int4range,
	OUT frequency int4range,
	OUT monetary int4range
) RETURNS SETOF record
LANGUAGE SQL IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT r.position, r.segment, int4range(r.recency_from, r.recency_to, '[]'), int4range(r.frequency_from, r.frequency_to, '[]'), '(,)'::int4range
	FROM (VALUES
		(1, 'champions', 5, 5, 4, 5),
		(2, 'loyal customers', 3, 4, 4, 5),
		(3, 'potential loyalists', 4, 5, 2, 3),
		(4, 'new customers', 5, 5, 1, 1),
		(5, 'promising', 4, 4, 1, 1),
		(6, 'need attention', 3, 3, 3, 3),
		(7, 'about to sleep', 3, 3, 1, 2),
		(8, 'cannot lose them', 1, 2, 5, 5),
		(9, 'at risk', 1, 2, 3, 4),
		(10, 'hibernating', 1, 2, 1, 2)
	) r("position", segment, recency_from, recency_to, frequency_from, frequency_to)
	ORDER BY r.position;
END;
COMMENT ON FUNCTION @extschema@.rfm_rules() IS 'the usual ten segments of customers with scores from 1 to 5';

CREATE FUNCTION @extschema@.rfm_segment(recency int, frequency int, monetary int) RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN (SELECT r.segment FROM @extschema@.rfm_rules() r
	WHERE r.recency @> rfm_segment.recency AND r.frequency @> rfm_segment.frequency AND r.monetary @> rfm_segment.monetary
	ORDER BY r.position LIMIT 1);
COMMENT ON FUNCTION @extschema@.rfm_segment(int, int, int) IS 'the segment that the usual rules put scores in';

-- The caller's own table, so that whoever may change it is the caller's to grant, and dumps carry it.
CREATE FUNCTION @extschema@.create_rfm_rules(table_name text) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE AS $$
DECLARE
	parts text[] := pg_catalog.parse_ident(table_name);
	name text;
BEGIN
	-- Or a temporary table of that name would get in between.
	IF pg_catalog.cardinality(parts) OPERATOR(pg_catalog.=) 1 AND pg_catalog.current_schema() IS NOT NULL THEN
		parts := pg_catalog.array_prepend(pg_catalog.current_schema()::text, parts);
	END IF;
	name := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.' ORDER BY n)
		FROM pg_catalog.unnest(parts) WITH ORDINALITY i(part, n));
	EXECUTE pg_catalog.format('CREATE TABLE %s ('
		'"position" int PRIMARY KEY, segment text NOT NULL, '
		'recency pg_catalog.int4range NOT NULL DEFAULT ''(,)'', '
		'frequency pg_catalog.int4range NOT NULL DEFAULT ''(,)'', '
		'monetary pg_catalog.int4range NOT NULL DEFAULT ''(,)'')', name);
	EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', name,
		'segments by RFM scores: the first whose ranges hold all three');
	EXECUTE pg_catalog.format('INSERT INTO %s SELECT * FROM @extschema@.rfm_rules()', name);
	RETURN pg_catalog.to_regclass(name);
END
$$;
COMMENT ON FUNCTION @extschema@.create_rfm_rules(text) IS 'makes a table of one''s own with the usual rules, to be changed at will';

CREATE FUNCTION @extschema@.rfm_segment(recency int, frequency int, monetary int, rules regclass) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED COST 1000 AS $$
DECLARE
	found_segment text;
BEGIN
	EXECUTE pg_catalog.format('SELECT segment FROM %s '
		'WHERE recency OPERATOR(pg_catalog.@>) $1 AND frequency OPERATOR(pg_catalog.@>) $2 AND monetary OPERATOR(pg_catalog.@>) $3 '
		'ORDER BY "position" LIMIT 1', rules) INTO found_segment USING recency, frequency, monetary;
	RETURN found_segment;
END
$$;
COMMENT ON FUNCTION @extschema@.rfm_segment(int, int, int, regclass) IS 'the segment that a table of rules puts scores in; NULL where no rule does';
