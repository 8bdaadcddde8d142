-- For files that look at what is said to somebody whose statement fails; they include it with \ir.

-- Everything that a client library gets to know; state is NULL where the statement was accepted.
CREATE FUNCTION caught(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text,
	OUT tab text, OUT col text, OUT con text) RETURNS record LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT, tab = TABLE_NAME, col = COLUMN_NAME, con = CONSTRAINT_NAME;
	detail := nullif(detail, '');
	hint := nullif(hint, '');
	tab := nullif(tab, '');
	col := nullif(col, '');
	con := nullif(con, '');
END $$;

-- State, table, column and constraint.
CREATE FUNCTION fields(statement text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN state IS NULL THEN 'accepted' ELSE concat_ws(' ', state, tab, col, con) END FROM caught(statement)
$$;

-- Message, detail and hint.
CREATE FUNCTION words(statement text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN state IS NULL THEN 'accepted' ELSE concat_ws(E'\n', message, detail, hint) END FROM caught(statement)
$$;
