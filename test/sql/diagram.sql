-- Diagrams: what is read, what is refused and where, and that the canonical text is canonical.
SET search_path = lifecycle, public;
\pset null '·'

--
-- Every element of the grammar
--
SELECT format_diagram(replace(E'
---
title: All of it
---
%%{init: {"theme": "dark"}}%%

stateDiagram
  direction lr;
  %% a comment
  accTitle: Deals
  accDescr {
  two lines
  }
  state "Discovery phase" as discovery {
    direction TB
    lead
    mql : Marketing qualified lead
    mql : The first line
    mql : and the second one;
    lead --> mql : qualify [email IS NOT NULL]
  }
  state closing { offer }
  closing : Closing
  state "Signed" as won
  state lost
\t[*]-->lead
  lead-->lead
  mql-->offer:accept[score >= 50]/notify_sales;
  offer --> won : sign [a = '']'' and b[c[1]] > 0]
  discovery --> lost : / tell_them
  closing --> lost %% a comment
  won --> [*];
  classDef big font-size:20pt;
  class lead,mql big
  won:::big
  offer:::big --> lost:::big : [x]
  style lead, mql fill:#f96,stroke:#333
  note left of lost
    Outcome: LOST
    reasons: price, "too slow, too late", "say ""no"""
    color: #FF9966
  end note

  NOTE RIGHT OF won
    outcome: won
    %% a comment in a note
    label: "Closed Won"
    probability: 100 %
    sla: 1 month 2 days 4 hours
    owner: sales
    goal: sign it
    metrics: amount, days to close
    requires: amount, "Close Date"
    entry: amount::int > 0
    exit: false
    outside: no
    undo: 90 minutes
    text: first
    text: ""
    text: third
    color: green
  end note
  note right of lead
    outside: yes
    probability: 0.125
    label: ""
    formerly: prospect, "Lead, cold", " "
  end note
', E'\n', E'\r\n')) AS canonical \gset
\echo :canonical

\x on
SELECT * FROM diagram_stages(:'canonical');
\x off
SELECT * FROM diagram_moves(:'canonical');

-- Canonical means: printing what was read from it changes nothing.
SELECT format_diagram(:'canonical') = :'canonical' AS prints_as_itself;

-- Line ends and a byte order mark change nothing either.
SELECT format_diagram(replace(:'canonical', E'\n', E'\r\n')) = :'canonical' AS crlf,
       format_diagram(replace(:'canonical', E'\n', E'\r')) = :'canonical' AS cr,
       format_diagram(U&'\FEFF' || :'canonical') = :'canonical' AS with_mark,
       format_diagram(replace(:'canonical', '    ', E'\t')) = :'canonical' AS tabs;

--
-- Order: by first appearance, a phase's stages together at the place of its first
--
SELECT string_agg(format('%s%s', id, '/' || phase), ' ' ORDER BY position) AS stages
FROM diagram_stages($$stateDiagram-v2
  [*] --> a
  a --> p2
  b --> q1
  q1 --> c
  state q {
    q2
    q1
  }
  state p {
    p1 --> p2
  }
$$);

-- A move from a phase may be drawn before the phase is.
SELECT from_stage, from_phase, to_stage FROM diagram_moves($$stateDiagram-v2
  p --> lost
  [*] --> a
  state p {
    a
  }
$$);

-- Final: no way out, or one to [*]; of a phase, for all of its stages.
SELECT id, is_entry, is_final FROM diagram_stages($$stateDiagram-v2
  [*] --> a
  [*] --> d
  a --> b
  b --> [*]
  b --> a
  c --> a
  state p {
    d --> e
    e --> d
  }
  p --> [*]
  state q {
    f
    g --> f
  }
  q --> a
  a --> h
$$);

\pset format unaligned
\pset fieldsep '  |  '
\pset footer off

--
-- Labels: event [guard] / action, where SQL says what ends a guard
--
WITH labels(label) AS (VALUES
  ('just an event'),
  ('[just_a_guard]'),
  ('/ just_an_action'),
  ('event/action'),
  ('event [guard]/action / with a slash [and brackets]'),
  ('e [a / b > 1] / f'),
  ('e [a = '']'']'),
  ('e [a = ''it''''s ]'']'),
  ('e [a = E''\''] '' and b = e''\\'']'),
  ('e [name_e''\'' and b]'),
  ('e ["a]""b" > 0]'),
  ('e [$$ ] $$ <> $t$ ]$$ ] $t$ and a$$ and $1 > 0]'),
  ('e [tags[1] = m[2][a[3]]]'),
  ('e [a::int > 5 and b <> '';'']'),
  ('e [a #> b and c # d > 0 and e = ''#35;'']'),
  ('and#47;or #91;x#93; [y]'),
  ('e #lt;#gt;#amp;#quot;#apos; #233;#128522; #58;'),
  ('été [prénom = ''é''] / 商談 🦊'),
  ('x % y %%{z}%% direction TB;'),
  ('- a list'), ('1. a list'), ('> a quotation'), ('*a* _b_ `c` ~~d~~ d_e')
), read AS (
  SELECT label, E'stateDiagram-v2\n[*] --> a\na --> b : ' || label AS diagram FROM labels
)
SELECT label, event, guard, action,
       (SELECT string_agg(again::text, '') FROM diagram_moves(format_diagram(diagram)) again WHERE position = 2)
       = m::text AS round_trip,
       substring(format_diagram(diagram) FROM 'a --> b : ([^\n]*)') AS canonical
FROM read, diagram_moves(diagram) m WHERE position = 2;

-- A long guard comes back byte for byte.
SELECT length(guard), guard = repeat('a[1] = '']'' AND ', 20000) || 'true' AS same
FROM diagram_moves(format_diagram(E'stateDiagram-v2\n[*] --> a : [' || repeat('a[1] = '']'' AND ', 20000) || 'true]'));

--
-- Notes
--
WITH keys(line) AS (VALUES
  ('probability: 10%'), ('probability: 0.1'), ('probability: 33.3 %'), ('probability: 1'), ('probability: 0'),
  ('probability: 0.0000001%'), ('probability: .5'),
  ('sla: 36 hours'), ('undo: 0.5 hours'),
  ('label: Closed Won'), ('label: "  x "'), ('label: "a ""b"""'), ('label: ""'), ('label: 3'), ('label: b'),
  ('owner: "quoted"'), ('owner: "half'), ('owner: say "x" or "y"'), ('owner: """x"""'),
  ('requires: a, "b, c" , "d""e"'), ('reasons: too: much, #35;1'),
  ('entry: a::int < 5 and b[1] = '']'''), ('exit: x ~ E''\n'''),
  ('text: <b>*bold*</b> %%{init}%% #35; end note'), ('text: see https://example.com/a_b?c=d'),
  ('text: style a:b#35;c fa:fa-car'), ('color: #f96'), ('color: rebeccapurple'), ('outcome: open'), ('outside: no')
), read AS (
  SELECT line, format_diagram(format(E'stateDiagram-v2\n[*] --> b\nnote right of b\n%s\nend note', line)) AS printed
  FROM keys
)
SELECT line, regexp_replace(substring(printed FROM '--> b\n(.*)$'), '\s*\n\s*', ' | ', 'g') AS printed,
       format_diagram(printed) = printed AS prints_as_itself
FROM read;

-- A class of ours gives the color back; others are kept.
SELECT id, color FROM diagram_stages($$stateDiagram-v2
  [*] --> a:::color_f96
  a --> b:::color_teal
  b:::other --> c
  c --> d
  class c,d color_teal
$$);

--
-- What is refused, and where
--
CREATE FUNCTION pg_temp.refusal(diagram text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  hint text;
BEGIN
  PERFORM lifecycle.format_diagram(diagram);
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  RETURN concat(SQLSTATE, ': ', message, E'\n    ' || nullif(hint, ''));
END $$;

-- Whole texts
SELECT replace(text, E'\n', '↵') AS text, pg_temp.refusal(text)
FROM (VALUES
  (''), (E' \n\n'), ('flowchart LR'), (E'```mermaid\nstateDiagram-v2\n```'), ('stateDiagram-v3'), ('stateDiagram-v2x'), ('stateDiagram-v2 lead'),
  ('stateDiagram-v2'), (E'stateDiagram-v2\nlead'), (E'stateDiagram-v2\na --> b'),
  (E'---\ntitle: x\nstateDiagram-v2'), (E'%%{init\nstateDiagram-v2\n[*] --> a'),
  (E'stateDiagram-v2\n[*] --> a\nstate p {\na'), (E'stateDiagram-v2\n[*] --> a\n}'),
  (E'stateDiagram-v2\n[*] --> a\nnote right of a\nowner: x'),
  (E'stateDiagram-v2\n[*] --> a\naccDescr {\nx')
) AS t(text);

-- Statements, the third line of a diagram
SELECT replace(line, E'\n', '↵') AS line, pg_temp.refusal(E'stateDiagram-v2\n  [*] --> lead\n  ' || line)
FROM (VALUES
  -- ids
  ('lead --> closed won'), ('closed won --> lead'), ('closed-won --> lead'), ('lead --> closed-won'),
  ('closed/won'), ('"x" --> lead'), ('#x'), ('lead[1]'), ('état' || chr(160) || 'x'), ('a--'), ('x' || repeat('y', 63)),
  ('state'), ('Note --> lead'), ('class : x'), ('lead --> default'), ('classDef'), ('style --> a'), ('CLICK'),
  ('href.x'), ('clické'), ('scale : x'), ('root'), ('root_end'), ('redirection'), ('stateDiagram'), ('accTitle --> lead'),
  ('state as {'), ('constructor'), ('__proto__'),
  -- moves
  ('lead -> won'), ('lead == won'), ('lead -->'), ('--> won'), ('[*] --> [*]'), ('[*]'), ('[*] : x'), ('lead --> won --> lost'),
  ('lead --> won :'), ('lead --> won : ;'), ('lead --> won; won --> lost'), ('lead --> won : go; won --> lost'),
  ('lead --> [*]x'), ('lead won'),
  -- labels
  ('lead --> a : e ['), ('lead --> a : e [x'), ('lead --> a : e []'), ('lead --> a : e [x] y'), ('lead --> a : e ] y'),
  ('lead --> a : e [x = '']'), ('lead --> a : e ["x]'), ('lead --> a : e [$a$ x $b$]'), ('lead --> a : e [x] /'),
  ('lead --> a : e [x -- y]'), ('lead --> a : e [x /* y */]'), ('lead --> a : e [a[1]'), ('lead --> a : #foo;'),
  ('lead --> a : #0;'), ('lead --> a : #10;'), ('lead --> a : #55296;'), ('lead --> a : #1114112;'), ('lead --> a : #99999999999;'),
  -- stages and phases
  ('lead :'), ('lead : a;b'), ('state "x'), ('state "x" lead'), ('state "x" as'), ('lead {'), ('state {'),
  ('state p { }'), ('lead : Lead' || E'\n  state lead { x }'), ('state p { x }' || E'\n  state q { x }'),
  ('state p { state q { x } }'), ('state p {' || E'\n    x\n    lead --> p\n  }'), ('state p { [*] --> x }'),
  ('state p { x --> [*] }'), ('state p { x }' || E'\n  lead --> p'), ('[*] --> p' || E'\n  state p { x }'),
  ('state p { x }' || E'\n  p --> x'), ('state "a" as p { x }' || E'\n  p : b'), ('state p { x'), ('}'),
  ('state p' || E'\n  {'),
  -- what a lifecycle has not
  ('state x <<choice>>'), ('state x <<fork>>'), ('state x <<join>>'), ('state x [[fork]]'), ('--'), ('state p { x' || E'\n  --\n  y }'),
  ('direction'), ('direction TD'), ('direction LR' || E'\n  direction TB'),
  -- notes
  ('note right of ghost' || E'\n  owner: x\n  end note'), ('note over lead'), ('note "x" as y'), ('note right of lead : x'),
  ('note right of lead' || E'\n    hello\n  end note'), ('note right of lead' || E'\n    prio: 1\n  end note'),
  ('lead --> won' || E'\n  note right of lead\n    formerly: won\n  end note'), ('note right of lead' || E'\n    formerly: lead\n  end note'),
  ('lead --> won' || E'\n  note right of lead\n    label: a\n    formerly: x\n  end note\n  note right of won\n    formerly: y, x\n  end note'),
  ('note right of lead' || E'\n    formerly: a, a\n  end note'), ('note right of lead' || E'\n    formerly: ' || repeat('x', 256) || E'\n  end note'),
  ('note right of lead' || E'\n    owner:\n  end note'), ('note right of lead' || E'\n    owner: a\n    owner: b\n  end note'),
  ('note right of lead' || E'\n    owner: a\n  end note\n  note left of lead\n    goal: b\n  end note'),
  ('note right of lead' || E'\n    outcome: maybe\n  end note'), ('note right of lead' || E'\n    probability: 110%\n  end note'),
  ('note right of lead' || E'\n    probability: 10\n  end note'), ('note right of lead' || E'\n    probability: -1\n  end note'),
  ('note right of lead' || E'\n    probability: 0.1234567891\n  end note'), ('note right of lead' || E'\n    probability: .\n  end note'),
  ('note right of lead' || E'\n    sla: soon\n  end note'), ('note right of lead' || E'\n    sla: 0 days\n  end note'),
  ('note right of lead' || E'\n    sla: 5 days or so\n  end note'), ('note right of lead' || E'\n    requires: a,,b\n  end note'),
  ('note right of lead' || E'\n    requires: a, a\n  end note'), ('note right of lead' || E'\n    requires: "a\n  end note'),
  ('note right of lead' || E'\n    reasons: a,\n  end note'), ('note right of lead' || E'\n    entry: x]\n  end note'),
  ('note right of lead' || E'\n    exit: [x\n  end note'), ('note right of lead' || E'\n    exit: ''x\n  end note'),
  ('note right of lead' || E'\n    outside: maybe\n  end note'), ('note right of lead' || E'\n    color: url(x)\n  end note'),
  ('note right of lead' || E'\n    label: "x\n  end note'), ('note right of lead' || E'\n    label: ' || repeat('x', 256) || E'\n  end note'),
  ('note right of lead' || E'\n    text: #foo;\n  end note'), ('state p { x }' || E'\n  note right of p\n    text: x\n  end note'),
  ('state p {' || E'\n    x\n    note right of lead\n      text: y\n    end note\n  }'),
  ('a --> b' || E'\n  note right of b\n    label: a\n  end note'),
  -- presentation
  ('class ghost big'), ('class qualifié big'), ('ghost:::'), ('lead:::color_f96' || E'\n  lead:::color_red'), (E'class lead color_f96\n  class won,lead color_red'),
  ('classDef color_f96 fill:#000'), ('classDef a-b x'), ('accTitle: direction TB'), ('style ghost fill:red'), ('style lead'), ('click ghost "x"')
) AS t(line);

-- Limits
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> s1\n' || string_agg('s' || i, E'\n')) FROM generate_series(1, 1000) i;
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> s1\n' || string_agg('s' || i, E'\n')) FROM generate_series(1, 1001) i;
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> s1\n' || string_agg('s' || i, E'\n')) FROM generate_series(1, 3000) i;
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> a\n' || repeat(E'a --> b\n', 9999));
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> a\n' || repeat(E'a --> b\n', 10000));
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> ' || repeat('x', 63));
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> ' || repeat('é', 32));

SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> a\n' || repeat(' ', 5000000));
SELECT pg_temp.refusal(E'stateDiagram-v2\n[*] --> a\nnote right of a\nreasons: ' || string_agg('r' || i, ',') || E'\nend note')
FROM generate_series(1, 1001) i;

-- Long texts take time in proportion, whatever they consist of; never with the square of their length.
SET statement_timeout = '60s';
SELECT what, length(format_diagram(E'stateDiagram-v2\n[*] --> a\n' || text)) > length(text) / 2 AS done
FROM (VALUES
  ('lines of a description', repeat(E'a : x\n', 300000)),
  ('lines of a note', E'note right of a\n' || repeat(E'text: x\n', 300000) || 'end note'),
  ('colons in a note', E'note right of a\ntext: ' || repeat('a:', 1000000) || E'\nend note'),
  ('dollars in a guard', 'a --> a : [' || repeat('a$b ', 500000) || ']'),
  ('brackets in a guard', 'a --> a : [' || repeat('[', 500000) || repeat(']', 500000) || ']'),
  ('hashes in a label', 'a --> a : ' || repeat('#a', 1000000)),
  ('a long line', 'state "' || repeat('<', 1000000) || '" as a'),
  ('classes', repeat(E'a:::x\n', 300000))
) AS t(what, text);
RESET statement_timeout;

-- The error itself, as a user sees it
SELECT format_diagram(E'stateDiagram-v2\n  [*] --> lead\n  lead --> closed won');

SELECT format_diagram(NULL) IS NULL AS strict, (SELECT count(*) FROM diagram_stages(NULL)) AS no_stages;
