-- What upkeep says while it works.
SELECT lifecycle.create_lifecycle('kept', E'stateDiagram-v2\n[*] --> lead\nlead --> won : sign [amount > 0]\nnote right of won\nrequires: amount\nend note');
CREATE TABLE kept (id int PRIMARY KEY, stage text, amount int);
INSERT INTO kept VALUES (1, 'won'), (2, 'lead');
SELECT lifecycle.attach('kept', 'kept');

-- Nothing but its result, in a session without a temporary table as well as after another run
\c
CALL lifecycle.backfill('kept', $$SELECT * FROM (VALUES (1, 'lead', timestamptz '2026-01-01Z'), (1, 'won', '2026-01-02Z')) h (id, stage, at)$$);
CALL lifecycle.backfill('kept', $$SELECT 2 AS id, 'won' AS stage, timestamptz '2026-01-01Z' AS at$$);
CALL lifecycle.backfill('kept', $$SELECT 2 AS id, 'lead' AS stage, timestamptz '2026-01-01Z' AS at$$);
CALL lifecycle.backfill('kept', $$SELECT 2 AS id, 'lead' AS stage, timestamptz '2999-01-01Z' AS at$$);
CALL lifecycle.backfill('kept', 'history');
CALL lifecycle.backfill('kept', $$SELECT 2 AS id, timestamptz '2026-01-01Z' AS at$$);
CALL lifecycle.fill('kept');
SELECT id, stage, journey FROM kept ORDER BY id;

-- A guard that no longer fits is named
ALTER TABLE kept RENAME COLUMN amount TO price;
SELECT problem, subject FROM lifecycle.verify('kept');

DROP TABLE kept;
SELECT lifecycle.drop_lifecycle('kept');
