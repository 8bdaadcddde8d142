-- The database that every other file of this suite runs in.
CREATE EXTENSION crm_lifecycle;
SELECT extname, extversion FROM pg_extension WHERE extname = 'crm_lifecycle';
