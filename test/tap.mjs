// Says in TAP, without numbers and without a plan, whether what was found is what was wanted. Whoever calls
// the script gives the lines their numbers.
import { execFileSync } from 'node:child_process';

const shown = value => JSON.stringify(value).slice(0, 2000);

export function check(name, got, wanted) {
  const ok = JSON.stringify(got) === JSON.stringify(wanted);
  console.log(`${ok ? 'ok' : 'not ok'} - ${name}`);
  if (!ok) console.log(`# got    ${shown(got)}\n# wanted ${shown(wanted)}`);
}

// The rows of a statement, asked by psql of the database that PG* variables point at.
export function ask(sql) {
  const answer = execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', `SELECT coalesce(json_agg(q), '[]') FROM (${sql}) q`],
    { maxBuffer: 1e8 });
  return JSON.parse(answer);
}
