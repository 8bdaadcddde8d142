-- What migrations do to a table that stays attached: types of the stage column, one after the other.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
SELECT no_plan();

SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
	[*] --> lead
	lead --> qualified
	qualified --> won
$$);
CREATE TYPE stage AS ENUM ('lead', 'qualified', 'won');
CREATE TYPE new_stage AS ENUM ('lead', 'qualified', 'won', 'lost');
CREATE DOMAIN short AS varchar(20) CHECK (VALUE <> '');
CREATE TABLE deals (id int PRIMARY KEY, stage text NOT NULL);
SELECT lifecycle.attach('deals', 'deal');
INSERT INTO deals VALUES (1, 'lead');

-- The column changes its type, then its name; then a row moves and another is refused.
CREATE FUNCTION survives(type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE deals ALTER COLUMN stage TYPE %s USING stage::text::%s', type, type);
	ALTER TABLE deals RENAME COLUMN stage TO state;
	RETURN NEXT lives_ok($q$INSERT INTO deals VALUES (2, 'lead')$q$, '4, 29: ' || type || ': a row is inserted');
	RETURN NEXT lives_ok($q$UPDATE deals SET state = 'qualified' WHERE id = 2$q$, '4, 29: ' || type || ': a legal move is made');
	RETURN NEXT throws_ok($q$UPDATE deals SET state = 'won' WHERE id = 1$q$, '23514',
		'illegal move from "lead" to "won" in lifecycle "deal"', '4, 29: ' || type || ': an illegal one is refused');
	RETURN NEXT is((SELECT lifecycle.path(journey) FROM deals WHERE id = 2), 'lead>qualified',
		'4, 29: ' || type || ': the journey goes on');
	RETURN NEXT is((SELECT stage_column FROM lifecycle.attachments)::text, 'state', '4, 29: ' || type || ': and the view knows the name');
	DELETE FROM deals WHERE id = 2;
	ALTER TABLE deals RENAME COLUMN state TO stage;
END
$$;
SELECT survives('varchar(20)');
SELECT survives('stage');
SELECT survives('new_stage');
SELECT survives('short');
SELECT survives('text');

SELECT * FROM finish();
ROLLBACK;
