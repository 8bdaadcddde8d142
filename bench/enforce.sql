-- The competitors of bench/enforce, and the table of their results.

CREATE EXTENSION crm_lifecycle;
CREATE SCHEMA bench;
CREATE SCHEMA single_plain;
CREATE SCHEMA single_attached;
CREATE TYPE bench.stage AS ENUM ('lead', 'mql', 'sql', 'won', 'lost');

SELECT lifecycle.create_lifecycle(name, format($$
stateDiagram-v2
    [*] --> lead
    lead --> mql : qualify%1$s
    mql --> lead : recycle%1$s
    mql --> sql : accept
    sql --> won : sign
    lead --> lost : drop
    mql --> lost : drop
    sql --> lost : decline
    lost --> lead : reopen
$$, guard))
FROM (VALUES ('deal', ''), ('guarded_deal', ' [score >= 50 AND amount > 0]')) l (name, guard);

-- What a team writes by hand: the moves in a table, a history that says who and why and can be looked up by
-- row, as a journey can, and one trigger that fires only where the stage changes. It is faster as one AFTER
-- trigger than as a BEFORE and an AFTER, and is spared a foreign key.
CREATE TABLE bench.moves (from_stage text, to_stage text, event text, PRIMARY KEY (from_stage, to_stage));
INSERT INTO bench.moves VALUES ('lead', 'mql', 'qualify'), ('mql', 'lead', 'recycle'), ('mql', 'sql', 'accept'),
	('sql', 'won', 'sign'), ('lead', 'lost', 'drop'), ('mql', 'lost', 'drop'), ('sql', 'lost', 'decline'),
	('lost', 'lead', 'reopen');
VACUUM (ANALYZE) bench.moves;

CREATE FUNCTION bench.keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	move_event text;
BEGIN
	SELECT event INTO move_event FROM bench.moves WHERE from_stage = OLD.stage::text AND to_stage = NEW.stage::text;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'illegal move from % to %', OLD.stage, NEW.stage USING ERRCODE = 'check_violation';
	END IF;
	INSERT INTO bench.history (deal_id, from_stage, to_stage, event)
		VALUES (NEW.id, OLD.stage, NEW.stage, move_event);
	RETURN NULL;
END
$$;

-- make(TYPE, VARIANT, ROWS): the table anew, with a stage of this type, text or bench.stage.
CREATE PROCEDURE bench.make(type text, variant text, row_count integer) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL client_min_messages = warning;
	DROP TABLE IF EXISTS bench.deals, bench.history, bench.deals_stage_log;
	EXECUTE format('CREATE TABLE bench.deals (id bigint PRIMARY KEY, company text NOT NULL, email text,
		stage %s NOT NULL, score integer, amount numeric)', type);
	INSERT INTO bench.deals
		SELECT i, 'Company number ' || i, 'contact' || i || '@example.org', 'lead', 50 + i % 50, 1 + i % 10000
		FROM generate_series(1, row_count) i;
	CASE variant
		WHEN 'attached' THEN PERFORM lifecycle.attach('bench.deals', 'deal');
		WHEN 'guarded' THEN PERFORM lifecycle.attach('bench.deals', 'guarded_deal');
		WHEN 'logged' THEN PERFORM lifecycle.attach('bench.deals', 'deal', log => true);
		WHEN 'plpgsql' THEN
			EXECUTE format('CREATE TABLE bench.history (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
				deal_id bigint NOT NULL, from_stage %1$s, to_stage %1$s, event text,
				changed_at timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL DEFAULT current_user,
				actor text DEFAULT current_setting(''app.actor'', true),
				reason text DEFAULT current_setting(''app.reason'', true))', type);
			CREATE INDEX ON bench.history (deal_id, changed_at);
			CREATE TRIGGER keep_history AFTER UPDATE OF stage ON bench.deals FOR EACH ROW
				WHEN (OLD.stage IS DISTINCT FROM NEW.stage) EXECUTE FUNCTION bench.keep_history();
		ELSE NULL;
	END CASE;
END
$$;

-- Microseconds a row, or transactions a second.
CREATE TABLE bench.measured (round integer, what text, type text, variant text, value float8);

CREATE PROCEDURE bench.bulk(round integer, type text, variant text) LANGUAGE plpgsql AS $$
DECLARE
	begun timestamptz := clock_timestamp();
	moved bigint;
BEGIN
	UPDATE bench.deals SET stage = 'mql';
	UPDATE bench.deals SET stage = 'lead';
	GET DIAGNOSTICS moved = ROW_COUNT;
	INSERT INTO bench.measured VALUES (round, 'bulk', type, variant,
		extract(epoch FROM clock_timestamp() - begun) * 1e6 / (2 * moved));
END
$$;

-- Takes the table out of the way, for moves of single rows.
CREATE PROCEDURE bench.keep(variant text) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL client_min_messages = warning;
	EXECUTE format('DROP TABLE IF EXISTS %I.deals', 'single_' || variant);
	EXECUTE format('ALTER TABLE bench.deals SET SCHEMA %I', 'single_' || variant);
END
$$;

-- Each question with its answer in every round.
CREATE VIEW bench.answers AS
	WITH r AS (
		SELECT round, type,
			max(value) FILTER (WHERE what = 'bulk' AND variant = 'plain') AS plain,
			max(value) FILTER (WHERE what = 'bulk' AND variant = 'attached') AS attached,
			max(value) FILTER (WHERE what = 'bulk' AND variant = 'guarded') AS guarded,
			max(value) FILTER (WHERE what = 'bulk' AND variant = 'logged') AS logged,
			max(value) FILTER (WHERE what = 'bulk' AND variant = 'plpgsql') AS plpgsql,
			max(value) FILTER (WHERE what = 'single' AND variant = 'plain') AS plain_tps,
			max(value) FILTER (WHERE what = 'single' AND variant = 'attached') AS attached_tps
		FROM (SELECT round, what, type, variant, 1 / avg(1 / value) AS value
			FROM bench.measured GROUP BY round, what, type, variant) m
		GROUP BY round, type)
	SELECT a.* FROM r CROSS JOIN LATERAL (VALUES
		(1, type, 'plain table', 'µs a row', plain, NULL, 2),
		(2, type, 'attached, over plain', 'µs a row', attached - plain, '<= 4', 2),
		(3, type, 'attached with log, over plain', 'µs a row', logged - plain, NULL, 2),
		(4, type, 'PL/pgSQL, over plain', 'µs a row', plpgsql - plain, NULL, 2),
		(5, type, 'PL/pgSQL''s overhead / attached''s', 'times', (plpgsql - plain) / (attached - plain), '>= 5', 1),
		(6, type, 'PL/pgSQL''s overhead / with log''s', 'times', (plpgsql - plain) / (logged - plain), '>= 3', 1),
		(7, type, 'a guard of two comparisons', 'µs a row', guarded - attached, '< 1', 2),
		(8, type, 'single-row UPDATE, plain', 'a second', plain_tps, NULL, 0),
		(9, type, 'single-row UPDATE, attached', 'a second', attached_tps, NULL, 0),
		(10, type, 'single-row UPDATE, fewer', '%', 100 * (1 - attached_tps / plain_tps), '<= 15', 1)
	) a (number, type, question, unit, value, goal, digits);

CREATE VIEW bench.result AS
	SELECT regexp_replace(type, '.*stage', 'enum') AS "stage is", question AS "UPDATE of the stage",
		round(percentile_cont(0.5) WITHIN GROUP (ORDER BY value)::numeric, digits) AS median,
		round(min(value)::numeric, digits) AS min, round(max(value)::numeric, digits) AS max, unit, goal
	FROM bench.answers
	GROUP BY number, type, question, unit, goal, digits
	ORDER BY "stage is" DESC, number;
