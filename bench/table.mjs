// The table of ratios, as Markdown that also reads well in a terminal. MB is the memory of its own that the
// first backend had at the most, of what is measured in PostgreSQL.

const names = {
  extension: 'extension', hashed: 'extension, hashed', sql: 'plain SQL', duckdb: 'DuckDB', clickhouse: 'ClickHouse',
  count: '`count(journey)`', rows: '`count(*)`', last: '`max(at)` by customer', last_ordered: '`max(at)`, so ordered',
  journey: 'bytes a journey', steps: 'steps a journey', table: "journeys' table", events: "events' table",
};

function label({ way, processes }) {
  const unit = { duckdb: 'threads', clickhouse: 'threads' }[way] ?? 'processes';
  return (names[way] ?? way) + (processes === 2 ? `, 2 ${unit}` : '');
}

export function median(values) {
  const s = [...values].sort((a, b) => a - b);
  const middle = s.length >> 1;
  return s.length % 2 ? s[middle] : (s[middle - 1] + s[middle]) / 2;
}

const digits = value => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
const whole = value => Math.round(value).toLocaleString('en-US');

// One row of the table. Ratios are taken within a round.
function line(job, { measured, against, sign, number }, seen, absent) {
  const missing = [measured, against].find(run => run && absent[run.way]);
  const goal = sign ? `${sign === '<=' ? '≤' : '≥'} ${number}` : '';
  const [a, b] = [measured, against].map(run => run && seen.get(`${job.name} ${run.key}`)?.values);
  const memory = seen.get(`${job.name} ${measured.key}`)?.megabytes[0];
  if (missing || !a || (against && !b)) {
    return [label(measured), '', '', against ? label(against) : '', '', 'not measured', '', goal, ''];
  }
  const ratios = a.map((value, round) => (against ? value / b[round] : value));
  const value = median(ratios);
  const met = sign ? (sign === '<=' ? value <= number : value >= number) : undefined;
  return [
    label(measured), against || !job.measuresAnswer ? whole(median(a)) : '',
    memory && !job.measuresAnswer ? whole(memory) : '',
    against ? label(against) : '', against ? whole(median(b)) : '',
    digits(value), `${digits(Math.min(...ratios))} – ${digits(Math.max(...ratios))}`,
    goal, met === undefined ? '' : met ? 'met' : '**missed**',
  ];
}

export function drawTable(jobs, seen, absent) {
  const head = ['question', 'measured', 'ms', 'MB', 'against', 'ms', 'ratio', 'min – max', 'goal', ''];
  const rows = jobs.flatMap(job => job.goals.map((goal, i) =>
    [i ? '' : job.title.split(':')[0], ...line(job, goal, seen, absent)]));
  const width = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column].length)));
  const right = [2, 3, 5, 6, 7];
  const draw = row => `| ${row.map((cell, column) =>
    (right.includes(column) ? cell.padStart(width[column]) : cell.padEnd(width[column]))).join(' | ')} |`;
  const rule = `|${width.map((size, column) =>
    (right.includes(column) ? `${'-'.repeat(size + 1)}:` : '-'.repeat(size + 2))).join('|')}|`;
  return [draw(head), rule, ...rows.map(draw)].join('\n');
}
