-- One round of a writer: single moves, moves of many rows with savepoints around them, moves to another
-- partition, refused ones. :first and :last are the slots that are this session's own.
CALL soak.attempt($$UPDATE soak.deals d SET stage = (SELECT n.stage FROM lifecycle.next_stages(d) n WHERE n.allowed ORDER BY random() LIMIT 1), reason = 'price'
	WHERE slot = $1 AND EXISTS (SELECT FROM lifecycle.next_stages(d) n WHERE n.allowed)$$, (:first + random() * (:last - :first))::int);
CALL soak.attempt($$UPDATE soak.deals SET stage = 'won' WHERE slot = $1$$, (:first + random() * (:last - :first))::int);
CALL soak.attempt($$UPDATE soak.deals d SET stage = t.to_stage, reason = 'no budget', region = (ARRAY['eu', 'us', 'asia'])[1 + floor(random() * 3)::int]
	FROM (SELECT DISTINCT ON (from_stage) from_stage, to_stage FROM lifecycle.transition WHERE lifecycle = 'deal' ORDER BY from_stage, random()) t
	WHERE t.from_stage = d.stage AND slot BETWEEN $1 AND $1 + 9$$, (:first + random() * (:last - :first - 10))::int);
BEGIN;
SELECT lifecycle.set_context(actor => 'ann', note => 'soak');
CALL soak.attempt($$UPDATE soak.deals SET stage = 'lost', reason = 'price' WHERE slot BETWEEN $1 AND $1 + 2$$, (:first + random() * (:last - :first - 10))::int);
SAVEPOINT s;
CALL soak.attempt($$UPDATE soak.deals SET stage = 'lead' WHERE slot BETWEEN $1 AND $1 + 5$$, (:first + random() * (:last - :first - 10))::int);
ROLLBACK TO s;
CALL soak.attempt($$UPDATE soak.deals SET stage = 'lead' WHERE slot BETWEEN $1 AND $1 + 5$$, (:first + random() * (:last - :first - 10))::int);
COMMIT;
CALL soak.attempt($$MERGE INTO soak.deals d USING (SELECT $1 AS slot) s ON d.slot = s.slot WHEN MATCHED AND d.stage = 'lead' THEN UPDATE SET stage = 'mql'$$,
	(:first + random() * (:last - :first))::int);
CALL soak.replace(:first, :last);
