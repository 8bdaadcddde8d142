// Compares what Mermaid draws of our canonical diagrams with what they mean. See run.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { canvasOfDemo, expectedOf, saysMedian } from './canvas.mjs';
import { randomDiagrams } from './random.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [modules, browser] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'mermaid-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

// What each diagram means, according to the extension. One transaction, which leaves nothing behind.
function meanings(cases) {
  const rows = cases.map(({ name, text }) => JSON.stringify({ name, text }).replace(/'/g, "''"));
  const sql = `
    BEGIN;
    SET client_min_messages = warning;
    CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
    CREATE TEMP TABLE input AS
      SELECT n, j->>'name' AS name, lifecycle.format_diagram(j->>'text') AS text
      FROM unnest(ARRAY[${rows.map(row => `'${row}'`).join(',\n')}]::jsonb[]) WITH ORDINALITY AS i(j, n);
    SELECT jsonb_build_object(
      'name', name,
      'text', text,
      'stable', lifecycle.format_diagram(text) = text,
      'stages', (SELECT jsonb_agg(s ORDER BY s.position) FROM lifecycle.diagram_stages(text) s),
      'moves', (SELECT jsonb_agg(m ORDER BY m.position) FROM lifecycle.diagram_moves(text) m))
    FROM input ORDER BY n;
    ROLLBACK;`;
  const psql = spawnSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
    { input: sql, maxBuffer: 1e9, env: { ...process.env, PGCLIENTENCODING: 'UTF8' } });
  if (psql.status !== 0) {
    console.log(`Bail out! ${psql.stderr.toString().trim().replace(/\n/g, ' ')}`);
    process.exit(1);
  }
  return psql.stdout.toString().trim().split('\n').map(line => JSON.parse(line));
}

// What a Mermaid draws of each.
function draw(version, cases) {
  const page = join(scratch, `${version}.html`);
  const list = JSON.stringify(cases.map(({ name, text }) => ({ name, text }))).replace(/</g, '\\u003c');
  const script = file => `<script src="${pathToFileURL(file)}"></script>`;
  writeFileSync(page, `<!doctype html><meta charset="utf-8"><body><script>const cases = ${list};</script>` +
    script(join(modules, `mermaid-${version}`, 'dist', 'mermaid.min.js')) + script(join(here, 'drawn.js')));
  const dom = execFileSync(browser, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage', `--user-data-dir=${join(scratch, `profile-${version}`)}`,
    // The clock runs ahead whenever the page waits, so this is no time to wait for: it is when to give up.
    '--virtual-time-budget=600000', '--dump-dom', pathToFileURL(page).href],
  { maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'], timeout: 110_000 }).toString();
  const answers = dom.match(/<pre id="answers">([^<]*)<\/pre>/);
  if (!answers) throw new Error(`Mermaid ${version} gave no answer`);
  return JSON.parse(Buffer.from(answers[1], 'base64').toString());
}

// Lines are broken where the layout likes, so white space does not count.
const words = text => (text ?? '').replace(/[\s\u00a0]+/g, '');
const label = ({ event, guard, action }) =>
  [event, guard && `[${guard}]`, action && `/ ${action}`].filter(Boolean).join(' ');

// The note as it stands in the canonical text, with its entities resolved; drawn words must be the same.
function notes(text) {
  const names = { lt: '<', gt: '>', amp: '&', quot: '"' };
  const result = {};
  for (const [, id, body] of text.matchAll(/^ +note \w+ of (\S+)\n([\s\S]*?)^ +end note$/gm))
    result[id] = body.replace(/#(\w+);/g, (_, code) => names[code] ?? String.fromCodePoint(Number(code)));
  return result;
}

// A color as browsers say it, of those in the corpus.
const rgb = color => color === 'green' ? 'rgb(0, 128, 0)'
  : `rgb(${[...color.slice(1)].map(digit => parseInt(digit + digit, 16)).join(', ')})`;

const sorted = list => [...list].sort();
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// The differences between what a diagram means and what Mermaid made of it. Mermaid 12 draws no color where an id
// is more than letters, digits and "_".
function differences(meant, drawn, drawsEveryColor) {
  const found = [];
  const compare = (what, wanted, got) => {
    if (!same(wanted, got)) found.push(`${what}: meant ${JSON.stringify(wanted)}, drawn ${JSON.stringify(got)}`);
  };
  const compareEach = (what, wanted, got) => {
    compare(`${what}, which`, sorted(Object.keys(wanted)), sorted(Object.keys(got)));
    for (const key of Object.keys(wanted)) compare(`${what} ${key}`, words(wanted[key]), words(got[key]));
  };
  if (drawn.error) return [`error: ${drawn.error}`];

  const phases = Object.create(null), stages = Object.create(null), parents = Object.create(null);
  for (const stage of meant.stages) {
    stages[stage.id] = (stage.title ?? stage.id) + (stage.description ?? '');
    parents[stage.id] = stage.phase;
    if (stage.phase) phases[stage.phase] = stage.phase_title ?? stage.phase;
  }
  const drawnParents = Object.create(null), drawnPhases = [];
  for (const [id, { parent, composite }] of Object.entries(drawn.understood.states)) {
    if (id === 'root_start' || id === 'root_end') continue;
    if (composite) drawnPhases.push(id);
    else drawnParents[id] = parent;
  }
  compare('stages', sorted(Object.entries(parents).map(String)), sorted(Object.entries(drawnParents).map(String)));
  compare('phases', sorted(Object.keys(phases)), sorted(drawnPhases));
  compare('moves', meant.moves.map(m => [m.from_stage ?? m.from_phase ?? 'root_start', m.to_stage ?? 'root_end']),
    drawn.understood.relations);
  if (drawn.seen.arrows < meant.moves.length) found.push(`${meant.moves.length} moves, ${drawn.seen.arrows} arrows`);
  compare('arrows without length', 0, drawn.seen.pointless);
  compareEach('stage', stages, drawn.seen.stages);
  compareEach('phase', phases, drawn.seen.phases);
  compareEach('note', notes(meant.text), drawn.seen.notes);
  for (const { id, color } of meant.stages)
    if (color && (drawsEveryColor || /^\w+$/.test(id))) compare(`color of ${id}`, rgb(color), drawn.seen.fills[id]?.fill);
  compare('labels', sorted(meant.moves.map(m => words(label(m))).filter(Boolean)), sorted(drawn.seen.edges.map(words)));
  return found;
}

// The differences between what plain SQL counts and what the picture of a canvas shows.
function wrongFigures(wanted, { error, seen }) {
  if (error) return [`error: ${error}`];
  const found = [];
  const compare = (what, expected, got) => {
    if (words(expected) !== words(got)) found.push(`${what}: counted ${JSON.stringify(expected)}, drawn ${JSON.stringify(got)}`);
  };
  compare('title', wanted.title, seen.title);
  for (const id of Object.keys(wanted.stages)) {
    const drawn = words(seen.stages[id]);
    compare(`stage ${id}`, wanted.stages[id], drawn.replace(/median\d+d(\d+h)?/, ''));
    if (!saysMedian(drawn, wanted.medians[id])) found.push(`median of ${id}: counted ${wanted.medians[id]} s, drawn ${drawn}`);
    compare(`color of ${id}`, wanted.fills[id], seen.fills[id]?.fill);
    compare(`border of ${id}`, wanted.late.includes(id) ? 'rgb(197, 27, 27)' : 'none', seen.fills[id]?.stroke === 'rgb(197, 27, 27)' ? seen.fills[id].stroke : 'none');
  }
  for (const id of Object.keys(wanted.phases)) compare(`phase ${id}`, wanted.phases[id], seen.phases[id]);
  compare('arrows', sorted(wanted.edges.map(words)).join(' | '), sorted(seen.edges.map(words)).join(' | '));
  return found;
}

const corpus = [join(here, 'corpus'), join(here, '../../templates')];
const cases = corpus.flatMap(folder => readdirSync(folder).filter(file => file.endsWith('.mmd')).sort()
  .map(file => ({ name: basename(file, '.mmd'), text: readFileSync(join(folder, file), 'utf8') })));
const demo = canvasOfDemo();
const meant = meanings([{ name: 'the canvas of the demo', text: demo.canvas }, ...cases, ...randomDiagrams()]);

// A comparison that sees nothing proves nothing: this is a diagram that Mermaid 10 draws wrong.
const control = { ...meanings([{ name: 'control', text: 'stateDiagram-v2\n[*] --> a\na --> b : x::int' }])[0] };
control.text = control.text.replaceAll('#58;', ':');

let n = 0, failed = 0;
const report = (ok, name, remarks) => {
  console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${name}`);
  if (ok) return;
  failed++;
  for (const remark of remarks) console.log(`# ${remark.replace(/\n/g, '\\n').slice(0, 2000)}`);
};
console.log(`1..${meant.length * 4 + 5}`);
for (const item of meant) report(item.stable, `${item.name} prints as itself`, [item.text]);
for (const version of ['oldest', 'middle', 'newest']) {
  const { version: number } = JSON.parse(readFileSync(join(modules, `mermaid-${version}`, 'package.json')));
  const drawn = draw(version, version === 'oldest' ? [...meant, control] : meant);
  for (const [i, item] of meant.entries()) {
    const found = differences(item, drawn[i], version !== 'newest');
    report(found.length === 0, `Mermaid ${number} draws ${item.name}`, [...found, item.text]);
  }
  const figures = expectedOf(demo);
  report(wrongFigures(figures, drawn[0]).length === 0, `Mermaid ${number} shows what plain SQL counts`, wrongFigures(figures, drawn[0]));
  if (version === 'oldest') {
    figures.stages.lost = figures.stages.lost.replace(/[0-9]/, '0');
    figures.medians.trial *= 1.2;
    report(wrongFigures(figures, drawn[0]).length === 2, 'the comparison sees wrong figures', ['it saw none']);
  }
  if (version === 'oldest')
    report(differences(control, drawn.at(-1), true).length > 0, 'the comparison sees a label that was lost', ['it saw none']);
}
process.exit(failed ? 1 : 0);
