\echo Use "CREATE EXTENSION crm_lifecycle" to load this file. \quit

-- The extension makes its schema itself. Were it told to PostgreSQL in the control file, the schema would
-- belong to whoever creates this trusted extension: a plain owner of a database, who could rename it and
-- put another in its place for the superuser's functions to trust, or have operators lie in wait in one
-- that was there before. So it belongs to a superuser, like everything in it, and must be new.

CREATE SCHEMA @extschema@;
COMMENT ON SCHEMA @extschema@ IS 'customer lifecycles: everything that the extension crm_lifecycle brings';
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;
