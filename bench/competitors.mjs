// Who is asked: PostgreSQL through psql, and DuckDB and ClickHouse inside this process. Each answers a
// statement with its rows and the milliseconds that it took.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const memory = process.env.WORK_MEM ?? '512MB';

// Parallel plans are wanted or not, whatever the planner thinks of small tables.
const settings = {
  1: { max_parallel_workers_per_gather: 0 },
  2: {
    max_parallel_workers_per_gather: 1, min_parallel_table_scan_size: 0,
    parallel_setup_cost: 0, parallel_tuple_cost: 0,
  },
};

function psql(args, processes, input) {
  const options = Object.entries({ timezone: 'UTC', work_mem: memory, synchronize_seqscans: 'off', ...settings[processes] });
  return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...args], {
    env: { ...process.env, PGOPTIONS: options.map(([name, value]) => `-c ${name}=${value}`).join(' ') },
    input, encoding: 'utf8', maxBuffer: 1e9, stdio: ['pipe', 'pipe', 'inherit'],
  });
}

export const postgres = {
  name: 'PostgreSQL',
  run: args => psql(args, 1),
  rows: sql => psql(['--csv', '-c', sql], 1).trim().split('\n').map(line => line.split(',')),
  // The question is asked twice in one session, and the second answer is timed, by psql: DuckDB and ClickHouse have
  // been asked before, too. The last statement, on Linux, says what memory the backend has had at most, and how much
  // of that belongs to everybody.
  ask(sql, processes) {
    const output = psql(['--csv', '-c', '\\o /dev/null', '-c', sql, '-c', '\\o', '-c', '\\timing on', '-c', sql,
      '-c', '\\timing off', '-c', "SELECT pg_read_file('/proc/self/status', 0, 65536, true)"], processes);
    const [answer, time, status] = output.split(/^Time: ([0-9.]+) ms.*\n/m);
    const megabytes = word => Number(status.match(new RegExp(`^${word}:\\s*([0-9]+) kB`, 'm'))?.[1]) / 1024;
    return {
      rows: answer.trim().split('\n').map(line => line.split(',')),
      ms: Number(time),
      megabytes: megabytes('VmHWM') - megabytes('RssShmem'),
    };
  },
};

function timed(began) {
  return Number(process.hrtime.bigint() - began) / 1e6;
}

// Stages and segments are enums on both: they are fastest so.
async function openDuckdb(modules, folder, csv, { stages, segments }) {
  const { DuckDBInstance } = createRequire(join(modules, 'package.json'))('@duckdb/node-api');
  const instance = await DuckDBInstance.create(join(folder, 'duckdb.db'), { threads: '2' });
  const connection = await instance.connect();
  const list = labels => labels.map(label => `'${label}'`).join(', ');
  await connection.run(`CREATE TYPE stage AS ENUM (${list(stages)})`);
  await connection.run(`CREATE TYPE segment AS ENUM (${list(segments)})`);
  await connection.run(`CREATE TABLE event AS
    SELECT customer, make_timestamp(seconds * 1000000) AS "at", stage::stage AS stage, segment::segment AS segment
    FROM read_csv('${csv}', header = false,
      columns = {customer: 'BIGINT', seconds: 'BIGINT', stage: 'VARCHAR', segment: 'VARCHAR'})`);
  await connection.run('CHECKPOINT');
  const version = (await connection.runAndReadAll('SELECT version()')).getRowsJson()[0][0];
  return {
    name: `DuckDB ${version}`,
    async ask(sql) {
      const began = process.hrtime.bigint();
      const rows = (await connection.runAndReadAll(sql)).getRowsJson();
      return { rows: rows.map(row => row.map(String)), ms: timed(began) };
    },
    close: () => connection.closeSync(),
  };
}

async function openClickhouse(modules, folder, csv, { stages, segments }) {
  const { Session } = createRequire(join(modules, 'package.json'))('chdb');
  const session = new Session(join(folder, 'clickhouse'));
  const list = labels => labels.map((label, index) => `'${label}' = ${index}`).join(', ');
  session.query('SET max_threads = 2');
  session.query('CREATE DATABASE bench');
  session.query('USE bench');
  session.query(`CREATE TABLE event (customer UInt64, at DateTime('UTC'), stage Enum8(${list(stages)}),
    segment Enum8(${list(segments)})) ENGINE = MergeTree ORDER BY (customer, at)`);
  session.query(`INSERT INTO event SELECT * FROM file('${csv}', CSV,
    'customer UInt64, at UInt32, stage String, segment String')`);
  session.query('OPTIMIZE TABLE event FINAL');
  const version = session.query('SELECT version()', 'TSV').trim();
  return {
    name: `ClickHouse ${version}`,
    async ask(sql) {
      const began = process.hrtime.bigint();
      const output = session.query(sql, 'JSONCompact');
      const ms = timed(began);
      return { rows: JSON.parse(output).data.map(row => row.map(String)), ms };
    },
    close: () => session.close(),
  };
}

// The competitors by the name of their way. One that cannot be loaded is a reason in `absent`.
export async function openCompetitors(modules, folder, csv, labels) {
  const competitors = { extension: postgres, hashed: postgres, sql: postgres };
  const absent = {};
  for (const [way, open] of [['duckdb', openDuckdb], ['clickhouse', openClickhouse]]) {
    try {
      if (!modules) throw new Error('its npm package is not installed');
      competitors[way] = await open(modules, folder, csv, labels);
    } catch (error) {
      absent[way] = error.message.split('\n')[0];
    }
  }
  return { competitors, absent };
}
