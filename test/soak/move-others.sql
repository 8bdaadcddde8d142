-- One round of a writer: enum stages, undo, rows that name their lifecycle and change it, and plain statements
-- without an exception handler around them, which always succeed.
CALL soak.attempt($$UPDATE soak.accounts a SET stage = (SELECT n.stage::soak.account_stage FROM lifecycle.next_stages(a) n WHERE n.allowed ORDER BY random() LIMIT 1)
	WHERE slot BETWEEN $1 AND $1 + 9$$, (1 + random() * 590)::int);
CALL soak.attempt($$UPDATE soak.accounts SET stage = 'gone' WHERE slot = $1$$, (1 + random() * 599)::int);
BEGIN;
SELECT lifecycle.set_context(actor => 'bob', undo => true);
CALL soak.attempt($$UPDATE soak.accounts a SET stage = lifecycle.stage_at(journey, lifecycle.last_moved_at(journey) - interval '1 microsecond')::soak.account_stage
	WHERE slot = $1 AND lifecycle.step_count(journey) > 1$$, (1 + random() * 599)::int);
COMMIT;
CALL soak.attempt($$UPDATE soak.accounts SET measures = measures || '{"usage": 5}' WHERE slot BETWEEN $1 AND $1 + 5$$, (1 + random() * 590)::int);
CALL soak.attempt($$UPDATE soak.tickets t SET stage = (SELECT n.stage FROM lifecycle.next_stages(t) n ORDER BY random() LIMIT 1) WHERE slot BETWEEN $1 AND $1 + 4$$, (1 + random() * 290)::int);
CALL soak.attempt($$UPDATE soak.tickets SET pipeline = CASE pipeline WHEN 'urgent' THEN 'support' ELSE 'urgent' END WHERE slot = $1 AND stage = 'open'$$, (1 + random() * 299)::int);
UPDATE soak.leads SET stage = CASE stage WHEN 'new' THEN 'known' ELSE 'new' END WHERE slot BETWEEN 1 AND 100;
UPDATE soak.leads SET rounds = rounds + 1 WHERE slot > 200;
INSERT INTO soak.leads VALUES (1, 'new'), (301, 'new') ON CONFLICT (slot) DO UPDATE SET stage = CASE leads.stage WHEN 'new' THEN 'known' ELSE 'new' END;
DELETE FROM soak.leads WHERE lifecycle.step_count(journey) > 30;
INSERT INTO soak.leads SELECT g, 'new' FROM generate_series(1, 300) g ON CONFLICT DO NOTHING;
COPY (SELECT 9000 + g, 'new' FROM generate_series(1, 20) g) TO :'copied' (FORMAT binary);
COPY soak.leads (slot, stage) FROM :'copied' (FORMAT binary);
DELETE FROM soak.leads WHERE slot > 9000;
CALL soak.replace(1, 600);
