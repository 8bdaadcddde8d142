// A canvas of the demo's year, and what plain SQL says of the same rows: compare.mjs holds the picture of the
// one against the other.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const demo = join(dirname(fileURLToPath(import.meta.url)), '../../demo');

// The figures are counted from the steps, without what canvas() is made of. A play makes an automation more.
const question = `
  WITH step AS (
    SELECT c.id, s.stage, s.entered_at, s.dwell, s.left_at IS NULL AS here,
        lag(s.stage) OVER (PARTITION BY c.id ORDER BY s.step) AS came_from
    FROM customers c, lifecycle.steps(c.journey) s)
  SELECT jsonb_build_object(
    'canvas', lifecycle.canvas('customer', 'customers', '2026-01-01', direction => 'TB'),
    'rows', (SELECT count(*) FROM customers),
    'stages', (SELECT jsonb_object_agg(stage, jsonb_build_object(
        'now', (SELECT count(*) FROM customers c WHERE c.stage = step.stage),
        'median', (SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY d.dwell)) FROM step d
            WHERE d.stage = step.stage AND NOT d.here),
        'late', (SELECT count(*) FROM step l WHERE l.here AND l.stage = step.stage AND l.stage = 'trial'
            AND l.entered_at + interval '14 days' <= '2026-01-01'))) FROM (SELECT DISTINCT stage FROM step) step),
    'moves', (SELECT jsonb_agg(m) FROM (SELECT came_from, stage, count(*) FROM step GROUP BY 1, 2) m));`;

export function canvasOfDemo() {
  const file = name => readFileSync(join(demo, name), 'utf8');
  const sql = `
    BEGIN;
    SET client_min_messages = warning;
    SET timezone = 'UTC';
    CREATE EXTENSION IF NOT EXISTS crm_lifecycle;
    CREATE SCHEMA canvas_of_demo;
    SET search_path = canvas_of_demo;
    \\o /dev/null
    ${file('lifecycle.sql')}
    ${file('year.sql')}
    ${file('attach.sql')}
    INSERT INTO lifecycle.play (lifecycle, name, stage, delay, channel) VALUES ('customer', 'offer help', 'at_risk', '2 days', 'phone');
    \\o
    ${question}
    ROLLBACK;`;
  const psql = spawnSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
    { input: sql, maxBuffer: 1e9, env: { ...process.env, PGCLIENTENCODING: 'UTF8' } });
  if (psql.status !== 0) throw new Error(psql.stderr.toString());
  return JSON.parse(psql.stdout.toString());
}

const number = n => n.toLocaleString('en-US');
const share = (n, whole) => (n === whole ? '' : ` (${Math.round(100 * n / whole)} %)`);

// Medians of many dwells are off by at most 1 %, and drawn to the hour below ten days, then to the day.
export function saysMedian(text, median) {
  const [, days, hours] = text.match(/median(\d+)d(?:(\d+)h)?/) ?? [];
  const from = days * 86400 + (hours ?? 0) * 3600, to = from + (days < 10 ? 3600 : 86400);
  return from <= median * 1.01 && to > median * 0.99;
}

// What must stand in the boxes and on the arrows, in the words of the reference.
export function expectedOf({ rows, stages, moves }) {
  const box = (title, id, ...more) => [title, `${number(stages[id].now)} now`
    + (id === 'trial' ? ` · ${number(stages[id].late)} late` : ''), ...more].join('\n');
  const count = (from, to) => moves.find(m => m.came_from === from && m.stage === to)?.count ?? 0;
  const leaving = (from, within = []) => moves.filter(m => from.includes(m.came_from) && !within.includes(m.stage))
    .reduce((sum, m) => sum + m.count, 0);
  const move = (event, from, to, action = '') =>
    `${event} · ${number(count(from, to))}${share(count(from, to), leaving([from]))}${action}`;
  const phase = (event, from, to) => {
    const n = from.reduce((sum, stage) => sum + count(stage, to), 0);
    return `${event} · ${number(n)}${share(n, leaving(from, from))}`;
  };
  const now = ids => number(ids.reduce((sum, id) => sum + stages[id].now, 0));
  const acquisition = ['lead', 'trial'], customer = ['onboarding', 'active', 'expanded'];

  return {
    title: `customer · 2026-01-01 · ${number(rows)} rows`,
    stages: {
      ...Object.fromEntries(['lead', 'trial', 'onboarding', 'active', 'expanded', 'churned', 'lost'].map(id => [id, box(id, id)])),
      at_risk: box('At risk', 'at_risk', '⚡ offer help'),
    },
    phases: {
      acquisition: `Acquisition · ${now(acquisition)} now`,
      customer: `Customer · ${now(customer)} now`,
    },
    edges: [
      number(count(null, 'lead')),
      move('sign up', 'lead', 'trial'),
      move('subscribe', 'trial', 'onboarding', ' / ⚡ send_welcome'),
      move('go live', 'onboarding', 'active'),
      move('upgrade', 'active', 'expanded'),
      phase('usage drops', customer, 'at_risk'),
      move('rescue', 'at_risk', 'active'),
      move('cancel', 'at_risk', 'churned'),
      move('win back', 'churned', 'onboarding'),
      phase('give up', acquisition, 'lost'),
      move('come back', 'lost', 'trial'),
    ],
    medians: Object.fromEntries(Object.entries(stages).map(([id, { median }]) => [id, median])),
    // The hue is the outcome's; the fullest stages are the deepest, a stage that is late has a border.
    fills: {
      lead: 'rgb(107, 174, 214)', trial: 'rgb(198, 219, 239)', onboarding: 'rgb(222, 235, 247)', at_risk: 'rgb(222, 235, 247)',
      active: 'rgb(116, 196, 118)', expanded: 'rgb(199, 233, 192)', lost: 'rgb(189, 189, 189)', churned: 'rgb(240, 240, 240)',
    },
    late: ['trial'],
  };
}
