-- What is said of a transaction outlives no transaction: who says it where it is lost is told so.
\set VERBOSITY default
CREATE FUNCTION says() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM lifecycle.set_context(actor => 'ann');
	RETURN current_setting('crm_lifecycle.actor');
END $$;
CREATE FUNCTION says_in_sql() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT lifecycle.set_context(actor => 'bob');
	SELECT current_setting('crm_lifecycle.actor');
$$;
CREATE PROCEDURE proceeds() LANGUAGE plpgsql AS $$
BEGIN
	COMMIT;
	PERFORM lifecycle.set_context(actor => 'cid');
	RAISE NOTICE '%', current_setting('crm_lifecycle.actor');
END $$;

-- Lost
SELECT lifecycle.set_context(actor => 'ann');
SELECT FROM lifecycle.set_context(undo => true);
PREPARE says AS SELECT lifecycle.set_context(reason => $1);
EXECUTE says('price');
SELECT current_setting('crm_lifecycle.actor');

-- Not lost
BEGIN;
SELECT lifecycle.set_context(actor => 'ann');
SELECT current_setting('crm_lifecycle.actor');
COMMIT;
SELECT lifecycle.set_context(actor => 'ann') \; SELECT current_setting('crm_lifecycle.actor');
SELECT says();
SELECT says_in_sql();
CALL proceeds();
DO $$BEGIN PERFORM lifecycle.set_context(actor => 'dan'); RAISE NOTICE '%', current_setting('crm_lifecycle.actor'); END$$;
CREATE TABLE said AS SELECT '' AS actor;
WITH c AS MATERIALIZED (SELECT lifecycle.set_context(actor => 'eve') IS NULL AS it)
UPDATE said SET actor = current_setting('crm_lifecycle.actor') FROM c WHERE NOT it RETURNING said.actor;

DROP TABLE said;
DROP FUNCTION says, says_in_sql;
DROP PROCEDURE proceeds;
DEALLOCATE says;
