-- What is different between two diagrams: every kind of difference, and that nothing is overlooked.
SET search_path = lifecycle, public;
\pset null '·'

CREATE FUNCTION pg_temp.first() RETURNS text LANGUAGE sql AS $$ SELECT E'---
title: Deals
---
stateDiagram-v2
	direction LR
	state "Early days" as early {
		direction TB
		lead
		mql : Marketing qualified
	}
	sql
	won
	lost
	[*] --> lead
	lead --> mql : qualify
	mql --> sql : accept [amount > 0] / tell
	mql --> sql : force [boss]
	sql --> won : sign
	early --> lost : drop
	sql --> [*]
	classDef hot fill:#f96
	class lead hot
	note right of won
		outcome: won
		probability: 90%
		sla: 7 days
		owner: sales
		goal: sign it
		metrics: amount
		requires: amount, "Close Date"
		entry: amount #lt; 10
		exit: false
		undo: 15 minutes
		color: #ff9966
		text: first line
		text: second line
	end note
	note left of lost
		outcome: lost
		reasons: price, "too slow, too late"
	end note' $$;
CREATE FUNCTION pg_temp.diff(VARIADIC replaced text[]) RETURNS TABLE (change text, subject text, detail text) LANGUAGE plpgsql AS $$
DECLARE
	changed text := pg_temp.first();
BEGIN
	FOR i IN 1 .. cardinality(replaced) / 2 LOOP
		IF strpos(changed, replaced[2 * i - 1]) = 0 THEN
			RAISE 'there is no %', replaced[2 * i - 1];
		END IF;
		changed := replace(changed, replaced[2 * i - 1], replaced[2 * i]);
	END LOOP;
	RETURN QUERY SELECT * FROM diagram_diff(pg_temp.first(), changed);
END $$;

-- Nothing
SELECT * FROM diagram_diff(pg_temp.first(), pg_temp.first());
SELECT * FROM diagram_diff(pg_temp.first(), format_diagram(pg_temp.first()));
SELECT * FROM diagram_diff(NULL, pg_temp.first());

-- Each key of a note
SELECT * FROM pg_temp.diff('90%', '95%', '7 days', '1 month', 'owner: sales', 'owner: us', 'sign it', '" sign it "', 'metrics: amount', 'text: x',
	'amount, "Close Date"', 'amount', 'entry: amount #lt; 10', 'entry: a &lt; b', 'exit: false', 'outside: no', '15 minutes', '1 hour', '#ff9966', 'red',
	'text: first line', 'text: the first', 'outcome: lost', 'outcome: closed', '"too slow, too late"', 'slow');
SELECT * FROM pg_temp.diff('outcome: won', 'outcome: open', 'outcome: lost', 'label: Lost');
SELECT * FROM pg_temp.diff('mql : Marketing qualified', E'mql\n\tsql : Sales qualified\n\tsql : by sales');

-- Stages
SELECT * FROM pg_temp.diff(E'\tsql\n', E'\tsql\n\tproposal\n', 'sql --> won', 'sql --> proposal');
SELECT * FROM pg_temp.diff(E'\t\tlead\n', '', '[*] --> lead', E'[*] --> lead\nlead');
SELECT * FROM pg_temp.diff(E'\twon\n\tlost\n', E'\tlost\n\twon\n');
SELECT * FROM pg_temp.diff('note right of won', E'note right of sql\n\tlabel: Qualified\nend note\nnote right of won');
SELECT * FROM pg_temp.diff('sql', 'offer');
SELECT * FROM pg_temp.diff('sql', 'offer', 'note right of won', E'note right of offer\n\tlabel: sql\nend note\nnote right of won');
SELECT * FROM pg_temp.diff('sql', 'offer', 'note right of won', E'note right of offer\n\tformerly: sql\nend note\nnote right of won');
SELECT * FROM pg_temp.diff(E'\tsql --> won : sign\n', E'\tmql --> won : sign\n', E'\tsql --> [*]\n', '', E'\tsql\n', '', 'mql --> sql', 'mql --> mql',
	'note right of won', E'note right of mql\n\tformerly: sql\nend note\nnote right of won');

-- Phases
SELECT * FROM pg_temp.diff('Early days', 'Dawn', 'direction TB', 'direction BT');
SELECT * FROM pg_temp.diff('early', 'dawn');

-- Moves
SELECT * FROM pg_temp.diff('lead --> mql : qualify', 'lead --> sql : qualify');
SELECT * FROM pg_temp.diff('lead --> mql : qualify', 'lead --> mql : / go', 'amount > 0', 'amount > 1', ' / tell', '', 'sign', 'sign [now]');
SELECT * FROM pg_temp.diff('early --> lost : drop', E'lead --> lost : drop\nmql --> lost : drop');
SELECT * FROM pg_temp.diff(E'\tmql --> sql : accept [amount > 0] / tell\n\tmql --> sql : force [boss]\n', E'\tmql --> sql : force [boss]\n\tmql --> sql : accept [amount > 0] / tell\n');
SELECT * FROM pg_temp.diff('[*] --> lead', E'[*] --> lead\n[*] --> mql', 'sql --> [*]', 'won --> [*]');

-- The picture
SELECT * FROM pg_temp.diff('direction LR', 'direction TB');
SELECT * FROM pg_temp.diff('fill:#f96', 'fill:#f97');
SELECT * FROM pg_temp.diff('title: Deals', 'title: All deals');
SELECT * FROM pg_temp.diff('note left', 'note right');

-- What rows hold instead
SELECT * FROM diagram_relabels(E'stateDiagram-v2\n[*] --> a\na --> b\nb --> c\nc --> d', E'stateDiagram-v2\n[*] --> a\na --> x\nnote right of x\nformerly: b, c\nend note\nnote right of a\nlabel: A\nend note');
-- Labels that change places are the same stages, drawn elsewhere.
SELECT * FROM diagram_diff(E'stateDiagram-v2\n[*] --> a\na --> b', E'stateDiagram-v2\n[*] --> a\na --> b\nnote right of a\nlabel: b\nend note\nnote right of b\nlabel: a\nend note');
-- A renaming that is not finished, and back.
SELECT * FROM diagram_diff(E'stateDiagram-v2\n[*] --> b\nnote right of b\nformerly: a\nend note', E'stateDiagram-v2\n[*] --> a');
RESET search_path;
