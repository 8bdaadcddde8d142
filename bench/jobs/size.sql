-- Size: bytes of a journey, and of the table that holds them
--
-- measure: answer
-- goal: journey@1 <= 135
-- show: steps@1
-- goal: table@1 / events@1 <= 0.4

-- yardstick: journey
SELECT avg(pg_column_size(journey)) FROM bench.journey;

-- yardstick: steps
SELECT avg(lifecycle.step_count(journey)) FROM bench.journey;

-- yardstick: table
SELECT pg_table_size('bench.journey');

-- yardstick: events
SELECT pg_table_size('bench.event');
