-- Rows whose stage, journey and log do not tell the same, step for step; and what verify() finds, moves apart that
-- were legal in their day. No rows: all is well.

-- A dump may have been taken in the middle of a renaming, which goes on where it is restored.
SELECT format('CALL lifecycle.rename_stage(%L, %L, %L)', lifecycle, f, label) FROM lifecycle.stage, unnest(formerly) f \gexec

CREATE FUNCTION soak.tell(steps text[], kind text, stage text, at timestamptz) RETURNS text[] IMMUTABLE LANGUAGE sql
	RETURN CASE kind WHEN 'delete' THEN NULL WHEN 'undo' THEN trim_array(steps, 1) ELSE array_append(steps, (stage, at)::text) END;
CREATE AGGREGATE soak.told(kind text, stage text, at timestamptz) (SFUNC = soak.tell, STYPE = text[]);

WITH kept AS (
		SELECT name, id, max(r.stage) AS stage, array_agg((s.stage, s.entered_at)::text ORDER BY s.step) AS steps, (array_agg(s.stage ORDER BY s.step DESC))[1] AS last
		FROM (SELECT 'deals' AS name, id, stage, journey FROM soak.deals
			UNION ALL SELECT 'accounts', id, stage::text, journey FROM soak.accounts
			UNION ALL SELECT 'tickets', id, stage, journey FROM soak.tickets) r, lifecycle.steps(journey) s
		GROUP BY name, id),
	logged AS (
		SELECT name, id, soak.told(kind, to_stage, at ORDER BY number) AS steps
		FROM (SELECT 'deals' AS name, id, number, kind, to_stage, at FROM soak.deals_stage_log
			UNION ALL SELECT 'accounts', id, number, kind, to_stage, at FROM soak.accounts_stage_log
			UNION ALL SELECT 'tickets', id, number, kind, to_stage, at FROM soak.tickets_stage_log) l
		GROUP BY name, id)
SELECT 'stage, journey and log disagree' AS problem, name || ' ' || id AS subject FROM kept FULL JOIN logged USING (name, id)
	WHERE kept.steps IS DISTINCT FROM logged.steps OR kept.stage IS DISTINCT FROM kept.last
UNION ALL
SELECT 'stage and journey disagree', 'leads ' || slot FROM soak.leads WHERE stage IS DISTINCT FROM lifecycle.current_stage(journey)
UNION ALL
SELECT v.problem, relation || ': ' || v.subject FROM (SELECT DISTINCT relation FROM lifecycle.attachments) a, lifecycle.verify(relation) v
	WHERE v.problem <> 'move would be refused today';
