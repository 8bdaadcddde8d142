// Reads bench/jobs/*.sql: each file is a job, and holds every way to do it.
//
//   -- Title
//   -- goal: WAY@N [/ WAY@N] <= NUMBER   what is wanted, with N processes or threads; `show:` wants nothing
//   -- within: 0 0 0.02                  how far answers may differ, a column each; as a rule they may not
//   -- measure: answer                   the number answered counts, not the time
//   -- way: NAME                         a statement that answers the question: all of them must agree
//   -- yardstick: NAME                   a statement that does not, to compare with
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const order = ['funnel', 'funnel_by_segment', 'velocity', 'matrix', 'retention'];
const rank = name => (order.indexOf(name) + order.length + 1) % (order.length + 1);

function parseRun(text, file) {
  const run = text.match(/^(\w+)@([12])$/);
  if (!run) throw new Error(`${file}: ${text} is not WAY@1 or WAY@2`);
  return { way: run[1], processes: Number(run[2]), key: text };
}

function parseGoal(kind, text, file) {
  const [, runs, sign, number] = text.match(/^(.*?)(?: (<=|>=) ([0-9.]+))?$/);
  if ((kind === 'goal') !== Boolean(sign)) throw new Error(`${file}: ${kind}: ${text}`);
  const [measured, against] = runs.split(' / ').map(run => parseRun(run, file));
  return { measured, against, sign, number: Number(number) };
}

function parseJob(path) {
  const name = basename(path, '.sql');
  const [head, ...sections] = readFileSync(path, 'utf8').split(/^(?=-- (?:way|yardstick): )/m);
  const ways = new Map(sections.map(section => {
    const [, kind, way, sql] = section.match(/^-- (way|yardstick): (\w+)\n([^]*)$/);
    return [way, { answers: kind === 'way', sql: sql.trim().replace(/;$/, '') }];
  }));
  const said = word => [...head.matchAll(new RegExp(`^-- (${word}): (.*)$`, 'mg'))];
  const goals = said('goal|show').map(([, kind, text]) => parseGoal(kind, text, path));
  return {
    name,
    title: head.match(/^-- (.*)$/m)[1],
    within: said('within').flatMap(([, , text]) => text.split(' ').map(Number)),
    measuresAnswer: said('measure').some(([, , text]) => text === 'answer'),
    ways,
    goals: goals.filter(({ measured, against }) => ways.has(measured.way) && (!against || ways.has(against.way))),
  };
}

export function readJobs(folder) {
  return readdirSync(folder).filter(file => file.endsWith('.sql'))
    .map(file => parseJob(join(folder, file)))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}
