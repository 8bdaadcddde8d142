// Asks every question of bench/jobs in every way, checks that the answers agree, and prints one table.
//
//   node bench/ask.mjs CUSTOMERS ROUNDS [--modules FOLDER] [--journeys-only] [--tap]
//
// PG* variables name a server with the extension installed, and a database whose schema bench it may drop.
// --modules is where DuckDB's and ClickHouse's npm packages are. --journeys-only makes no events: for sizes
// that would fill the disk. --tap prints the agreements as TAP instead of the table.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { difference } from './answers.mjs';
import { openCompetitors, postgres } from './competitors.mjs';
import { readJobs } from './jobs.mjs';
import { drawTable } from './table.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options, positionals: [customers, rounds] } = parseArgs({
  allowPositionals: true,
  options: {
    modules: { type: 'string' },
    'journeys-only': { type: 'boolean', default: false },
    tap: { type: 'boolean', default: false },
  },
});
const withEvents = !options['journeys-only'];
const say = text => { if (!options.tap) console.log(text); };

const scratch = mkdtempSync(join(tmpdir(), 'crm-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

function generate() {
  const began = Date.now();
  postgres.run(['-v', `customers=${customers}`, '-v', `events=${withEvents}`, '-f', join(here, 'generate.sql')]);
  postgres.run(['-c', 'VACUUM ANALYZE']);
  say(`${Number(customers).toLocaleString('en-US')} customers in ${Math.round((Date.now() - began) / 1000)} s.`);
}

async function open() {
  if (!withEvents) return openCompetitors();
  const csv = join(scratch, 'event.csv');
  postgres.run(['-c', `\\copy (SELECT customer, extract(epoch FROM at)::bigint, stage, segment FROM bench.event ORDER BY customer, at) TO '${csv}' (FORMAT csv)`]);
  const labels = column => postgres.rows(`SELECT DISTINCT ${column} FROM bench.event ORDER BY 1`).map(([label]) => label);
  return openCompetitors(options.modules, scratch, csv, { stages: labels('stage'), segments: labels('segment') });
}

// Jobs as far as there is somebody to do them. Without events, what they are needed for is left out of the
// table; what has no competitor stays in it.
function possible(jobs, competitors) {
  const needsEvents = (name, way) => ['duckdb', 'clickhouse'].includes(name) || /bench\.event/.test(way.sql);
  for (const job of jobs) {
    if (!withEvents) {
      for (const [name, way] of job.ways) if (needsEvents(name, way)) job.ways.delete(name);
      job.goals = job.goals.filter(({ measured, against }) =>
        job.ways.has(measured.way) && (!against || job.ways.has(against.way)));
    }
    for (const [name, way] of job.ways) {
      way.competitor = way.answers ? competitors[name] : postgres;
      if (!way.competitor) job.ways.delete(name);
    }
  }
  return jobs.filter(job => job.goals.length);
}

// Every way answers, in one process and in two; the first to answer is the one that the others must equal.
async function check(job) {
  let first;
  const checks = [];
  for (const [name, way] of job.ways) {
    for (const processes of way.answers ? (way.competitor === postgres ? [1, 2] : [2]) : []) {
      const { rows } = await way.competitor.ask(way.sql, processes);
      first ??= rows;
      checks.push({ what: `${job.name}: ${name}@${processes}`, wrong: rows.length ? difference(first, rows, job.within) : 'no rows' });
    }
  }
  return checks;
}

function runsOf(job) {
  const runs = new Map(job.goals.flatMap(({ measured, against }) => [measured, against]).filter(Boolean)
    .map(run => [run.key, run]));
  return [...runs.values()].filter(run => job.ways.has(run.way));
}

async function measure(jobs) {
  const measured = new Map();
  for (let round = 1; round <= rounds; round++) {
    say(`Round ${round} of ${rounds}.`);
    for (const job of jobs) {
      for (const run of runsOf(job)) {
        const way = job.ways.get(run.way);
        const { rows, ms, megabytes } = await way.competitor.ask(way.sql, run.processes);
        const key = `${job.name} ${run.key}`;
        const seen = measured.get(key) ?? { values: [], megabytes: [] };
        seen.values.push(job.measuresAnswer ? Number(rows[0][0]) : ms);
        seen.megabytes.push(megabytes);
        measured.set(key, seen);
      }
    }
  }
  return measured;
}

function reportTap(checks) {
  console.log(`1..${checks.length}`);
  checks.forEach(({ what, wrong }, i) => console.log(`${wrong ? 'not ok' : 'ok'} ${i + 1} - ${what}${wrong ? `\n# ${wrong}` : ''}`));
}

generate();
const all = readJobs(join(here, 'jobs'));
const { competitors, absent } = await open();
for (const [way, reason] of Object.entries(absent)) if (withEvents) say(`Without ${way}: ${reason}.`);
const jobs = possible(all, competitors);

const checks = [];
for (const job of jobs) checks.push(...await check(job));
const wrong = checks.filter(each => each.wrong);
const measured = wrong.length ? new Map() : await measure(jobs);

if (options.tap) reportTap(checks);
else if (wrong.length) wrong.forEach(({ what, wrong: how }) => console.error(`The answers differ: ${what}: ${how}`));
else {
  say(`\nAll answers agree: ${checks.length}, on ${postgres.rows('SHOW server_version')[0][0].replace(/^/, 'PostgreSQL ')}${
    ['duckdb', 'clickhouse'].filter(way => competitors[way]).map(way => `, ${competitors[way].name}`).join('')}.\n`);
  say(drawTable(jobs, measured, absent));
}
for (const way of ['duckdb', 'clickhouse']) competitors[way]?.close();
process.exit(wrong.length ? 1 : 0);
