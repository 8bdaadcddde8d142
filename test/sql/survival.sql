-- survival: the type, its specification, its aggregates and their readers.
SET search_path = public, lifecycle;
SET timezone = 'UTC';
SET intervalstyle = postgres;

-- A specification reads back as itself.
CREATE TABLE literal (n int GENERATED ALWAYS AS IDENTITY, spec survival_spec);
INSERT INTO literal (spec) VALUES
	('from sql to won'),
	('FROM sql TO won , lost BY 1 day AS OF 2026-05-01'),
	('from sql to lost,won,lost by 24 hours as of 2026-05-01T02:00:00+02:00'),
	('from from to to, by, as by 90 minutes'),
	('from "closed \"won\"" to "as of" as of 2026-05-01 08:30:00.5'),
	('from order to order by 1 microsecond');
SELECT n, spec, spec::text::survival_spec::text = spec::text AS same FROM literal ORDER BY n;
SELECT array_agg(n ORDER BY spec, n) AS by_text, count(DISTINCT spec) FROM literal;
SELECT survival_spec('sql', '{won,lost}', interval '7 days', '2026-05-01') = 'from sql to lost, won by 7 days as of 2026-05-01' AS same,
	survival_spec('a b', '{"c,d"}') AS quoted;
SELECT survival_spec '';
SELECT survival_spec 'to won';
SELECT survival_spec 'from sql';
SELECT survival_spec 'from sql to';
SELECT survival_spec 'from sql to won,';
SELECT survival_spec 'from sql to won lost';
SELECT survival_spec 'from sql to won by 1 month';
SELECT survival_spec 'from sql to won by 0 days';
SELECT survival_spec 'from sql to won by 200000000 days';
SELECT survival_spec 'from sql to won as of tomorrow';
SELECT survival_spec 'from sql to won as of 2026-05-01 by 1 day';
SELECT survival_spec(NULL, '{won}');
SELECT survival_spec('sql', NULL);
SELECT survival_spec('sql', '{won,NULL}');
SELECT survival_spec('sql', '{won}', '-1 day');
SELECT survival_spec('sql', '{won}', '1 month');
SELECT survival_spec('sql', '{won}', as_of => 'infinity');
SELECT survival_spec('sql', array_agg('s' || i)) IS NOT NULL AS most FROM generate_series(1, 1023) i;
SELECT survival_spec('sql', array_agg('s' || i)) FROM generate_series(1, 1024) i;
DROP TABLE literal;

-- The text of a survival.
SELECT v, v::text::survival::text = v::text AS same
FROM (VALUES (survival '{}'), (' { open [ 5 ] } '::text::survival), ('{to won [7,3*2,7];open [3];to lost [9];to won [1*9007199254740000]}'),
	('from sql to won, lost by 1 day as of 2026-05-01 {to lost [86400000000*3]; open [0]}'), ('{to to [1]; to open [2]; to "]" [9223372036854775806]}')) x(v);
SELECT survival '';
SELECT survival '{';
SELECT survival '{}}';
SELECT survival '{won [5]}';
SELECT survival '{open 5}';
SELECT survival '{open []}';
SELECT survival '{open [5*0]}';
SELECT survival '{open [-5]}';
SELECT survival '{open [9223372036854775807]}';
SELECT survival '{open [9223372036854775808]}';
SELECT survival '{open [5';
SELECT survival '{to won [1*9007199254740992,2]}';
SELECT survival 'from sql to won {open [5]}';
SELECT survival 'from sql to won as of 2026-05-01 {to lost [5]}';
SELECT survival 'from sql to won by 1 hour as of 2026-05-01 {open [5]}';
SELECT ('{' || string_agg(format('to s%s [%s]', i, i), ';') || '}')::survival FROM generate_series(1, 1024) i;

-- Nothing, nulls, and what is refused.
CREATE TABLE deals (id int, journey journey);
INSERT INTO deals VALUES
	(1, '{lead@2026-01-01,sql@2026-01-03,won@2026-01-13}'),
	(2, '{sql@2026-01-02,lost@2026-01-10,sql@2026-01-12,won@2026-02-10}'),
	(3, '{sql@2026-01-05}'),
	(4, '{lead@2026-01-05}'),
	(5, NULL);
SELECT survival_agg(journey, 'from sql to won, lost as of 2026-02-01') FROM deals;
SELECT survival_agg(journey, 'from sql to won, lost', '2026-02-01') FROM deals;
SELECT survival_agg(journey, 'from sql to won, lost as of 2026-02-01') FILTER (WHERE id = 1) AS one,
	survival_agg(journey, 'from sql to won, lost as of 2026-02-01') FILTER (WHERE id = 4) AS nobody,
	survival_agg(journey, 'from sql to won, lost as of 2026-02-01') FILTER (WHERE id = 5) AS only_null,
	survival_agg(journey, 'from sql to won, lost as of 2026-02-01') FILTER (WHERE id > 5) AS nothing FROM deals;
SELECT survival_agg(d, c) FROM (VALUES (interval '5 seconds', 'won'), ('1 day -2 hours', 'lost'), (NULL, 'won'), ('5 seconds', NULL)) v(d, c);
SELECT count(*) FROM kaplan_meier('{}'), cumulative_incidence('{}', 'won');
SELECT count(*) FROM kaplan_meier(NULL);
SELECT median_survival(NULL), win_within('{to won [5]}', NULL::text, '0', '0'), logrank_test(NULL) AS test, (SELECT count(*) FROM logrank_groups(NULL)) AS groups;
SELECT rollup(v) FROM (VALUES (NULL::survival), ('{open [1]}'), (NULL), ('{to won [2]}')) x(v);
SELECT survival_agg(journey, NULL) FROM deals;
SELECT survival_agg(journey, 'from sql to won', NULL) FROM deals;
SELECT survival_agg(journey, 'from sql to won', 'infinity') FROM deals;
SELECT survival_agg(journey, 'from sql to won') FROM deals;
SELECT survival_agg(journey, 'from sql to won as of 2026-01-01', '2026-01-02') FROM deals;
SELECT survival_agg(journey, survival_spec('sql', '{won}', as_of => '2026-01-01'::timestamptz + id * interval '1 day')) FROM deals;
SELECT rollup(v) FROM (VALUES (survival '{}'), ('from a to b as of 2026-01-01 {}')) x(v);
SELECT rollup(v) FROM (VALUES (survival '{open [1*9007199254740992]}'), ('{open [2]}')) x(v);
SELECT survival_agg(interval '-1 second', 'won');
SELECT survival_agg(interval '1 month', 'won');
SELECT survival_agg('1 day', rpad('', 256, 'x'));
SELECT survival_agg(interval '1 day' * i, 'cause ' || i) FROM generate_series(1, 1024) i;
SELECT survival_agg_add('{}', '{lead@2026-01-01}', 'from a to b as of 2026-01-01');
SELECT survival_agg_add_duration('{}', '1 day', 'won');
SELECT survival_agg_combine('{}', '{}');
SELECT kaplan_meier('{open [5]}', 'plain');
SELECT cumulative_incidence('from a to b as of 2026-01-01 {}', 'c');
SELECT logrank_test(array_agg('{}'::survival)) FROM generate_series(1, 1001);
SELECT (SELECT count(*) FROM kaplan_meier(s)) AS instants, (SELECT min(survival) FROM kaplan_meier(s)) AS last
FROM (SELECT survival_agg(make_interval(secs => i), 'cause ' || i) AS s FROM generate_series(1, 1023) i) x;

-- A pipeline of 6,000 journeys, the same on every machine.
CREATE FUNCTION chance(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::int % below;
CREATE TABLE event AS
SELECT id, step,
	(ARRAY['lead', 'sql', 'closed won', 'lost', 'trial', 'été'])[1 + least(chance(id || 'a' || step, 6), chance(id || 'b' || step, 8))] AS stage,
	timestamptz '2026-01-01' + chance(id || 'c', 90) * interval '1 day'
		+ sum(CASE WHEN step = 1 THEN 0 ELSE chance(id || 'd' || step, 12) / 2 * 1e6::bigint * (chance(id || 'e' || step, 1 << (4 + id % 17)) + 1) END)
			OVER (PARTITION BY id ORDER BY step) * interval '1 microsecond' AS at
FROM generate_series(1, 6000) id, generate_series(1, 8) step
WHERE step <= 1 + chance(id || 'f', 8);
CREATE TABLE trip (id int, part int, journey journey);
INSERT INTO trip SELECT id, CASE WHEN id < 20 THEN id % 3 ELSE 3 END, journey_agg(stage, at, step) FROM event GROUP BY id ORDER BY id;
INSERT INTO trip SELECT -id, 4, NULL FROM generate_series(1, 10) id;
ANALYZE trip;

-- What plain SQL says of the events, under several specifications: one row a subject.
CREATE TABLE wanted (spec survival_spec, from_stage text, to_stages text[], by interval, as_of timestamptz);
INSERT INTO wanted SELECT survival_spec(f, t, b, a), f, t, b, a FROM (VALUES
	('sql', '{lost,closed won}'::text[], NULL::interval, timestamptz '2026-03-15'),
	('sql', '{lost,closed won}', '1 day', '2026-03-15'),
	('lead', '{été}', '7 hours', '2026-02-20 12:34:56.789'),
	('lead', '{lead}', NULL, '2026-04-01'),
	('trial', '{lead,sql,trial}', '10 days', '2027-01-01'),
	('sql', '{nowhere}', NULL, '2026-03-01'),
	('nowhere', '{sql}', NULL, '2026-03-01')) v(f, t, b, a);
CREATE FUNCTION micros(i interval) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN (extract(epoch FROM i) * 1000000)::bigint;
CREATE INDEX ON event (id, step);
CREATE TABLE subject AS
SELECT spec, id, CASE WHEN o.at <= as_of THEN o.stage END AS cause,
	ceil(micros(CASE WHEN o.at <= as_of THEN o.at ELSE as_of END - e.at)::numeric / coalesce(micros(by), 1)) * coalesce(micros(by), 1) AS time
FROM wanted, LATERAL (SELECT DISTINCT ON (id) id, step, at FROM event WHERE stage = from_stage ORDER BY id, step) e
	LEFT JOIN LATERAL (SELECT stage, at FROM event o WHERE o.id = e.id AND o.step > e.step AND stage = ANY (to_stages) ORDER BY step LIMIT 1) o ON true
WHERE e.at <= as_of;
SELECT count(*) AS specs, min(n) AS fewest, max(n) AS most, sum(c) AS with_cause, bool_and(coalesce(s.text, '{}') = substring(a.text FROM '\{.*\}$')) AS same
FROM (SELECT spec, survival_agg(journey, spec)::text AS text FROM wanted, trip GROUP BY spec) a
LEFT JOIN (SELECT spec, count(*) AS n, count(cause) AS c, survival_agg(time * interval '1 microsecond', cause)::text AS text FROM subject GROUP BY spec) s USING (spec);

-- The curve and the incidences from counts in plain SQL.
CREATE TABLE answer AS SELECT survival_send(survival_agg(journey, spec)) AS bytes, survival_agg(journey, spec) AS s, spec FROM wanted, trip GROUP BY spec ORDER BY spec::text;
CREATE TABLE counted AS
SELECT *, CASE WHEN zero THEN 0 ELSE exp(logs) END AS survival
FROM (SELECT *, sum(CASE WHEN events < at_risk THEN ln(1 - events::float8 / at_risk) END) OVER w AS logs, bool_or(events = at_risk) OVER w AS zero,
		sum(events::float8 / at_risk) OVER w AS hazard
	FROM (SELECT spec, time, count(cause) AS events, count(*) - count(cause) AS censored, count(*) FILTER (WHERE cause = 'lost') AS lost,
			sum(count(*)) OVER (PARTITION BY spec ORDER BY time DESC) AS at_risk
		FROM subject GROUP BY spec, time) x
	WINDOW w AS (PARTITION BY spec ORDER BY time)) y;
SELECT spec, count(*) AS instants, bool_and((k.at_risk, k.events, k.censored) IS NOT DISTINCT FROM (c.at_risk, c.events, c.censored)) AS counts,
	bool_and(abs(k.survival - c.survival) < 1e-12) AS survival, bool_and(abs(k.cum_hazard - c.hazard) < 1e-11) AS hazard
FROM (SELECT spec, k.*, micros(time) AS micros FROM answer, kaplan_meier(s) k) k FULL JOIN (SELECT c.*, c.time::bigint AS micros FROM counted c) c USING (spec, micros)
GROUP BY spec ORDER BY spec;
SELECT spec, count(*) AS instants, bool_and(abs(i.incidence - c.incidence) < 1e-12) AS incidence
FROM (SELECT spec, i.*, micros(time) AS micros FROM answer, cumulative_incidence(s, 'lost') i WHERE spec::text LIKE 'from sql to "closed won", lost %') i
JOIN (SELECT spec, time::bigint AS micros, sum(lost::float8 / at_risk * coalesce(before, 1)) OVER (PARTITION BY spec ORDER BY time) AS incidence
	FROM (SELECT *, lag(survival) OVER (PARTITION BY spec ORDER BY time) AS before FROM counted) x) c USING (spec, micros)
GROUP BY spec ORDER BY spec;
-- The log-rank test of three groups, from counts in plain SQL: its expected numbers and variances.
SELECT count(*) AS groups, bool_and(observed = o) AS observed, bool_and(abs(expected - e) < 1e-9 * e) AS expected, bool_and(abs(variance - v) < 1e-9 * v) AS variance
FROM (SELECT g.* FROM (SELECT array_agg(s ORDER BY grp) AS a FROM (SELECT id % 3 AS grp, survival_agg(journey, 'from sql to lost, "closed won" by 1 day as of 2026-03-15') AS s FROM trip WHERE id > 0 GROUP BY 1) x) y, logrank_groups(a) g) ours
JOIN (SELECT grp + 1 AS group_number, sum(own) AS o, sum(events * share) AS e, sum(CASE WHEN n > 1 THEN events * share * (1 - share) * (n - events) / (n - 1) ELSE 0 END) AS v
	FROM (SELECT grp, time, own, events, n, (SELECT count(*) FROM subject s WHERE s.spec = t.spec AND s.id % 3 = grp AND s.time >= t.time)::float8 / n AS share
		FROM (SELECT spec, time, grp, count(cause) AS events, count(cause) FILTER (WHERE id % 3 = grp) AS own,
				sum(count(*)) OVER (PARTITION BY grp ORDER BY time DESC) AS n
			FROM subject, generate_series(0, 2) grp WHERE spec = 'from sql to lost, "closed won" by 1 day as of 2026-03-15' GROUP BY 1, 2, 3) t
		WHERE events > 0) u
	GROUP BY grp) r USING (group_number);

-- The same bytes, whatever the order, plan and number of workers; parts rolled up are the whole.
CREATE TABLE whole AS SELECT survival_send(survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15')) AS bytes FROM trip;
SELECT survival_send(survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15' ORDER BY id DESC)) = (TABLE whole) AS backwards,
	survival_send(survival_agg(journey, 'from sql to "closed won", lost' , '2026-03-15' ORDER BY md5(id::text))) = (TABLE whole) AS mixed FROM trip;
SELECT n, survival_send(rollup(s)) = (TABLE whole) AS rolled_up, survival_send(rollup(s ORDER BY part DESC)) = (TABLE whole) AS backwards
FROM (SELECT n, id % n AS part, survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15') AS s FROM trip, unnest('{1,2,7,3000}'::int[]) n GROUP BY 1, 2) x GROUP BY n ORDER BY n;
SELECT survival_send(survival_agg(time * interval '1 microsecond', cause)) = (SELECT survival_send(substring(s::text FROM '\{.*')::survival) FROM answer a WHERE a.spec = x.spec) AS same
FROM subject x WHERE spec::text LIKE 'from trial%' GROUP BY spec;
CREATE FUNCTION plan_has(query text, word text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF strpos(line, word) > 0 THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;
SELECT plan_has($$SELECT survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15') FROM trip$$, 'Partial Aggregate') AS parallel;
SELECT survival_send(survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15')) = (TABLE whole) AS by_workers FROM trip;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
-- Partition by partition: of one, of thousands, of nothing but null, of no row at all.
CREATE TABLE parted (id int, part int, journey journey) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0, 1, 2);
CREATE TABLE parted_3 PARTITION OF parted FOR VALUES IN (3);
CREATE TABLE parted_4 PARTITION OF parted FOR VALUES IN (4);
CREATE TABLE parted_5 PARTITION OF parted FOR VALUES IN (5);
INSERT INTO parted TABLE trip;
SET enable_partitionwise_aggregate = on;
SELECT plan_has($$SELECT survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15') FROM parted$$, 'Partial Aggregate') AS partitionwise;
SELECT survival_send(survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15')) = (TABLE whole) AS by_partitions FROM parted;
RESET enable_partitionwise_aggregate;
-- Groups that spill to disk are the groups that sorting makes.
SET work_mem = '64kB'; SET hash_mem_multiplier = 1; SET enable_sort = off;
SELECT plan_has($$SELECT id % 3000, survival_agg(journey, 'from sql to lost as of 2026-03-15') FROM trip GROUP BY 1$$, 'HashAggregate') AS hashed;
CREATE TABLE hashed AS SELECT id % 3000 AS part, survival_send(survival_agg(journey, 'from sql to lost as of 2026-03-15')) AS bytes FROM trip GROUP BY 1;
RESET work_mem; RESET hash_mem_multiplier; RESET enable_sort; SET enable_hashagg = off;
SELECT count(*), bool_and(h.bytes IS NOT DISTINCT FROM s.bytes) AS same FROM hashed h
FULL JOIN (SELECT id % 3000 AS part, survival_send(survival_agg(journey, 'from sql to lost as of 2026-03-15')) AS bytes FROM trip GROUP BY 1) s USING (part);
RESET enable_hashagg;
-- Duplicates, DISTINCT, FILTER and window frames.
CREATE FUNCTION of_trips(keep int[]) RETURNS bytea LANGUAGE sql STABLE AS $$
	SELECT survival_send(survival_agg(journey, 'from sql to lost as of 2026-03-15')) FROM trip WHERE id = ANY (keep)
$$;
SELECT survival_send(survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15')) = (SELECT survival_send(rollup(s)) FROM (SELECT s FROM answer, generate_series(1, 2) WHERE bytes = (TABLE whole)) y) AS twice
FROM (TABLE trip UNION ALL TABLE trip) x;
SELECT survival_send(survival_agg(DISTINCT journey, 'from sql to lost as of 2026-03-15')) = (SELECT survival_send(survival_agg(journey, 'from sql to lost as of 2026-03-15')) FROM (SELECT DISTINCT journey FROM trip) y) AS is_distinct
FROM (TABLE trip UNION ALL TABLE trip) x;
SELECT survival_send(survival_agg(journey, 'from sql to lost as of 2026-03-15') FILTER (WHERE id % 2 = 0)) = of_trips(array_agg(id) FILTER (WHERE id % 2 = 0)) AS filtered FROM trip;
SELECT count(*), bool_and(survival_send(framed) IS NOT DISTINCT FROM of_trips(ARRAY[id - 2, id - 1, id])) AS frames
FROM (SELECT id, survival_agg(journey, 'from sql to lost as of 2026-03-15') OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS framed FROM trip WHERE id BETWEEN 1 AND 200) w WHERE id > 2;
SELECT count(*), bool_and(survival_send(running) IS NOT DISTINCT FROM of_trips(ARRAY(SELECT generate_series(1, w.id)))) AS running
FROM (SELECT id, survival_agg(journey, 'from sql to lost as of 2026-03-15') OVER (ORDER BY id) AS running FROM trip WHERE id BETWEEN 1 AND 1500) w WHERE id % 100 = 0;
-- Causes that appear one after the other, in states that must grow for it, are put in order.
SELECT left(a::text, 60) AS counted, a::text = b::text AS same
FROM (SELECT survival_agg(i * interval '1 second', CASE WHEN i % 3 > 0 THEN 'cause ' || (97 * i) % 40 END) AS a,
	survival_agg(i * interval '1 second', CASE WHEN i % 3 > 0 THEN 'cause ' || (97 * i) % 40 END ORDER BY i DESC) AS b FROM generate_series(1, 5000) i) x;

-- Stored: toasted, compressed, and so small that the header is a byte.
CREATE TABLE stored (id serial, s survival);
INSERT INTO stored (s) SELECT survival_agg(journey, 'from sql to lost, "closed won" as of 2026-03-15') FROM trip;
INSERT INTO stored (s) VALUES ('{}'), ('{to a [1]}');
SELECT id, survival_send(s) = (TABLE whole) AS same, (SELECT count(*) FROM kaplan_meier(s)) AS instants, median_survival(s) FROM stored ORDER BY id;
SELECT survival_send(s::text::survival) = (TABLE whole) AS text_round_trip FROM stored WHERE id = 1;

-- Hostile text and hostile bytes: refused with the right code, or a value that can be read.
CREATE FUNCTION read_all(s survival) RETURNS text LANGUAGE sql AS $$
	SELECT (SELECT count(*)::text FROM kaplan_meier(s)) || (SELECT count(*)::text FROM logrank_groups(ARRAY[s, s]))
		|| coalesce(median_survival(s)::text, '') || s::text || length(survival_send(s))
$$;
CREATE TABLE target (s survival);
CREATE TABLE outcome (kind text, code text);
DO $$
DECLARE
	good text := 'from sql to lost, "closed won" by 1 hour as of 2026-05-01T00:00:00Z {open [0,3600000000*3]; to "closed won" [7200000000]; to lost [3600000000*5,10800000000]}';
	bad text;
BEGIN
	FOR i IN 1..1500 LOOP
		bad := overlay(good PLACING substr('0123456789{}[],*>;" -aZ\é', 1 + chance(i || 'x', 25), chance(i || 'n', 3)) FROM 1 + chance(i || 'p', length(good)) FOR chance(i || 'l', 3));
		BEGIN
			PERFORM read_all(bad::survival);
			INSERT INTO outcome VALUES ('text', 'read');
		EXCEPTION WHEN others THEN INSERT INTO outcome VALUES ('text', SQLSTATE);
		END;
	END LOOP;
END $$;
-- Comes in over the wire: what it reads as, or why not.
CREATE FUNCTION receive(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	path text := current_setting('data_directory') || '/survival_hostile.bin';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2));
	answer text;
BEGIN
	PERFORM lo_export(object, path);
	PERFORM lo_unlink(object);
	EXECUTE format('COPY target FROM %L (FORMAT binary)', path);
	SELECT left(read_all(s), 0) || s::text INTO answer FROM target;
	DELETE FROM target;
	RETURN answer;
EXCEPTION WHEN others THEN RETURN SQLSTATE;
END $$;
DO $$
DECLARE
	good text := 'from sql to lost, "closed won" by 1 hour as of 2026-05-01T00:00:00Z {open [0,3600000000*3]; to "closed won" [7200000000]; to lost [3600000000*5,10800000000]}';
	bytes bytea := survival_send(good::survival);
	bad bytea;
BEGIN
	INSERT INTO outcome SELECT 'unchanged', CASE WHEN receive(bytes) = good::survival::text THEN 'read' ELSE 'changed' END;
	INSERT INTO outcome SELECT 'the whole', CASE WHEN receive(w.bytes)::survival::text = s::text THEN 'read' ELSE 'changed' END FROM whole w, stored WHERE id = 1;
	FOR i IN 1..1500 LOOP
		bad := set_byte(bytes, chance(i || 'p', length(bytes)), (ARRAY[0, 1, 127, 128, 255, chance(i || 'v', 256)])[1 + chance(i || 'k', 6)]);
		IF i % 4 = 1 THEN bad := substr(bad, 1, chance(i || 't', length(bytes))); END IF;
		INSERT INTO outcome SELECT 'bytes', CASE WHEN answer ~ '^[0-9A-Z]{5}$' THEN answer ELSE 'read' END FROM receive(bad) answer;
	END LOOP;
END $$;
SELECT kind, code, count(*) > 10 AS often FROM outcome GROUP BY 1, 2 ORDER BY 1, 2;
-- The last bytes of {to b [5*7]}: how many entries, then each one's duration, cause and number.
SELECT what, receive(overlay(survival_send('{to b [5*7]}') PLACING tail FROM length(survival_send('{to b [5*7]}')) - 23)) FROM (VALUES
	('one', int4send(1) || int8send(5) || int4send(1) || int8send(7)), ('one twice', int4send(2) || int8send(5) || int4send(1) || int8send(7) || int8send(5) || int4send(1) || int8send(1)),
	('none', int4send(0)), ('out of order', int4send(2) || int8send(5) || int4send(1) || int8send(7) || int8send(4) || int4send(0) || int8send(1)),
	('one too few', int4send(2) || int8send(5) || int4send(1) || int8send(7)), ('one too many', int4send(0) || int8send(5) || int4send(1) || int8send(7)),
	('no such cause', int4send(1) || int8send(5) || int4send(2) || int8send(7)), ('negative cause', int4send(1) || int8send(5) || int4send(-1) || int8send(7)),
	('negative duration', int4send(1) || int8send(-5) || int4send(1) || int8send(7)), ('nobody', int4send(1) || int8send(5) || int4send(1) || int8send(0)),
	('too long', int4send(1) || int8send(9223372036854775807) || int4send(1) || int8send(7)),
	('the most', int4send(1) || int8send(9223372036854775806) || int4send(1) || int8send(9007199254740992)),
	('one more', int4send(1) || int8send(5) || int4send(1) || int8send(9007199254740993))) x(what, tail);
-- Without a specification its length is 0; one that is not canonical is made so; one without an instant is refused.
SELECT what, receive('\x01' || int4send(length(spec)) || spec || int4send(0) || int4send(0)) FROM (VALUES
	('none', ''::bytea), ('loose', 'FROM a TO c,b AS OF 2026-01-01'), ('without an instant', 'from a to b'), ('cut', 'from a')) x(what, spec);

-- A cause that nobody had is left out.
SELECT receive('\x01' || int4send(0) || int4send(2) || int4send(1) || 'b'::bytea || int4send(1) || 'a'::bytea || int4send(1) || int8send(5) || int4send(1) || int8send(7)),
	receive('\x01' || int4send(0) || int4send(2) || int4send(1) || 'b'::bytea || int4send(1) || 'a'::bytea || int4send(0)) AS none;

DO $$
BEGIN
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; rm "' || current_setting('data_directory') || '/survival_hostile.bin"');
END $$;

DROP TABLE deals, event, trip, subject, counted, wanted, answer, whole, parted, hashed, stored, target, outcome CASCADE;
DROP FUNCTION chance, micros, plan_has, of_trips, read_all, receive;
