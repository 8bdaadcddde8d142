// Opens every page of the built dashboard in a browser and compares what is drawn there with SQL. See test.
//
//   node read.mjs FOLDER
//
// PG* variables point at the database that the dashboard was built from.
import { openBrowser } from '../../tools/browser.mjs';
import { serve } from '../../tools/serve.mjs';
import { ask, check } from '../../test/tap.mjs';

const site = await serve(process.argv[2]);
const browser = await openBrowser();

// ---- what SQL says ----

const whole = number => Math.round(number).toLocaleString('en-US');
const fixed = (number, digits) => number.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = (share, digits) => (share === null ? '-' : `${fixed(100 * share, digits)}%`);
const only = segment => (segment === 'everybody' ? 'true' : `segment = '${segment}'`);

const asked = {
  today: segment => ask(`
    SELECT count(*) AS came_in, count(*) FILTER (WHERE stage IN ('lead', 'trial')) AS open_deals,
           count(*) FILTER (WHERE stage IN ('onboarding', 'active', 'expanded', 'at_risk')) AS customers,
           sum(mrr) FILTER (WHERE stage IN ('onboarding', 'active', 'expanded', 'at_risk')) AS mrr,
           count(*) FILTER (WHERE stage = 'at_risk') AS at_risk
    FROM customers WHERE ${only(segment)}`)[0],
  funnel: segment => ask(`
    SELECT s.stage, s.reached, s.from_first, s.from_previous
    FROM (SELECT lifecycle.funnel_agg(journey, 'lead > trial > onboarding > active within 90 days as of 2026-01-01') AS funnel
          FROM customers WHERE ${only(segment)}) f, lifecycle.funnel_steps(funnel) s ORDER BY step`),
  flow: segment => ask(`
    SELECT source_node AS source, target_node AS target, sum(value) AS moves, sum(total_days) / sum(value) AS days
    FROM customers_flow JOIN customers_stages s ON s.stage = source JOIN customers_stages t ON t.stage = target
    WHERE source_round = 1 AND ${only(segment)}
    GROUP BY source_node, target_node, s.position, t.position ORDER BY s.position, t.position`),
  cohorts: segment => ask(`
    SELECT to_char(cohort, 'YYYY-MM') AS cohort, period, size, retained, share
    FROM (SELECT lifecycle.retention_agg(journey, 'from onboarding while onboarding, active, expanded, at_risk
                     every 1 month for 12 at end as of 2026-01-01') AS retention
          FROM customers WHERE ${only(segment)}) r, lifecycle.retention_cells(retention)
    WHERE cohort IS NOT NULL AND complete ORDER BY cohort, period`),
  // Counted one by one, not by the census.
  census: segment => ask(`
    SELECT day::date, title, count(customers.id) AS customers
    FROM generate_series(timestamptz '2025-01-06 00:00Z', '2025-12-29 00:00Z', '7 days') day CROSS JOIN customers_stages s
         LEFT JOIN customers ON lifecycle.stage_at(journey, day) = s.stage AND ${only(segment)}
    GROUP BY day, title, position ORDER BY day, position`),
  velocity: segment => ask(`
    SELECT f.title AS from_title, t.title AS to_title, moves, share,
           extract(epoch FROM p50) / 86400 AS p50, extract(epoch FROM p90) / 86400 AS p90
    FROM (SELECT lifecycle.velocity_agg(journey) AS velocity FROM customers WHERE ${only(segment)}) v,
         lifecycle.velocity_moves(velocity)
         JOIN customers_stages f ON f.stage = from_stage JOIN customers_stages t ON t.stage = to_stage
    ORDER BY f.position, t.position`),
  // From the journeys alone: fourteen days on trial.
  overdue: segment => ask(`
    SELECT name, segment, channel, stage, 'sales' AS owner, since::date, (since + interval '14 days')::date AS due,
           extract(epoch FROM '2026-01-01Z' - since - interval '14 days') / 86400 AS days
    FROM (SELECT *, lifecycle.last_moved_at(journey) AS since FROM customers WHERE stage = 'trial' AND ${only(segment)}) c
    WHERE since + interval '14 days' < '2026-01-01Z' ORDER BY days DESC, name COLLATE "C"`),
};

// ---- what a page shows ----

const charts = `Object.values(window[Symbol.for('__evidence-chart-window-debug__')] ?? {}).filter(chart => !chart.isDisposed())`;
// The series of the first chart, and the words that are painted in it. As JSON, in which dates are text.
const chartOf = async page => JSON.parse(await page.evaluate(`(() => {
  const [chart] = ${charts};
  return JSON.stringify({
    series: chart.getOption().series.map(({ name, data, links }) => ({ name, data: data?.map(item => item.value ?? item),
      names: data?.map(item => item.name), links: links?.map(({ source, target, value }) => [source, target, value]) })),
    words: chart.getZr().storage.getDisplayList(true).filter(item => !item.ignore && item.style?.text).map(item => item.style.text),
  });
})()`));
const tablesOf = page => page.evaluate(`[...document.querySelectorAll('table')].filter(table => table.checkVisibility()).map(table =>
  [...table.querySelectorAll('tr')].map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent.trim())).filter(row => row.some(Boolean)))`);
const tilesOf = page => page.evaluate(`[...document.querySelectorAll('[data-testid="big-value"], .inline-block.font-sans')].map(tile => tile.innerText.trim().split(/\\n+/))`);

const number = value => Number(value);
const sortedRows = rows => rows.map(row => JSON.stringify(row)).sort();

const pages = {
  '': {
    ready: page => page.wait(`${charts}.length === 1 && document.querySelectorAll('td').length >= 4`),
    async read(page, segment) {
      const today = asked.today(segment), funnel = asked.funnel(segment);
      check(`customers, ${segment}: the tiles`, await tilesOf(page), [['Came in', whole(today.came_in)], ['Open leads and trials', whole(today.open_deals)],
        ['Customers', whole(today.customers)], ['Monthly revenue', `$${whole(today.mrr)}`], ['At risk', whole(today.at_risk)]]);
      const { series, words } = await chartOf(page);
      check(`customers, ${segment}: the funnel's bars`, series[0].data, funnel.map(row => row.reached));
      check(`customers, ${segment}: the funnel's labels`, words.filter(word => /^[\d,]+$/.test(word)), funnel.map(row => whole(row.reached)));
      check(`customers, ${segment}: the funnel's table`, (await tablesOf(page))[0],
        funnel.map(row => [row.stage, whole(row.reached), percent(row.from_first, 1), percent(row.from_previous, 1)]));
    },
  },
  flow: {
    ready: page => page.wait(`${charts}.length === 1 && document.querySelectorAll('td').length >= 10`),
    async read(page, segment) {
      const flow = asked.flow(segment);
      const { series, words } = await chartOf(page);
      check(`flow, ${segment}: the ribbons`, sortedRows(series[0].links), sortedRows(flow.map(row => [row.source, row.target, row.moves])));
      const sizes = {};
      for (const row of flow) for (const end of ['source', 'target']) (sizes[row[end]] ??= { source: 0, target: 0 })[end] += row.moves;
      const labels = Object.entries(sizes).map(([name, size]) => [name.replace(/[^a-z]/gi, '').toLowerCase(), whole(Math.max(size.source, size.target))]);
      const painted = words.map(word => word.match(/^(.*) \(([\d,]+)\)$/)).filter(Boolean).map(([, name, size]) => [name.replace(/[^a-z]/gi, '').toLowerCase(), size]);
      check(`flow, ${segment}: the stages' labels`, sortedRows(painted), sortedRows(labels));
      check(`flow, ${segment}: every stage is in the picture`, await page.evaluate(`(() => {
        const series = ${charts}[0].getModel().getSeriesByIndex(0), outside = [];
        series.getGraph().eachNode(node => {
          const { y, dy } = node.getLayout();
          if (!(y >= -1 && y + dy <= series.layoutInfo.height + 1)) outside.push(node.id);
        });
        return outside;
      })()`), []);
      check(`flow, ${segment}: the table`, (await tablesOf(page))[0], flow.map(row => [row.source, row.target, whole(row.moves), fixed(row.days, 1)]));
    },
  },
  cohorts: {
    ready: page => page.wait(`${charts}.length === 1 && document.querySelectorAll('td').length >= 12`),
    async read(page, segment) {
      const cohorts = asked.cohorts(segment);
      const { series, words } = await chartOf(page);
      check(`cohorts, ${segment}: the cells`, series[0].data.filter(([, , share]) => share !== null && share !== undefined).map(([period, cohort, share]) => [cohort, number(period), fixed(share, 6)]),
        cohorts.map(row => [row.cohort, row.period, fixed(row.share, 6)]));
      check(`cohorts, ${segment}: what is written in them`, words.filter(word => /%$/.test(word)), cohorts.map(row => percent(row.share, 0)));
      check(`cohorts, ${segment}: the table's first page`, (await tablesOf(page))[0],
        cohorts.slice(0, 12).map(row => [row.cohort, String(row.period), whole(row.size), whole(row.retained), percent(row.share, 1)]));
    },
  },
  census: {
    ready: page => page.wait(`${charts}.length === 1 && document.querySelectorAll('td').length >= 8`),
    async read(page, segment) {
      const census = asked.census(segment);
      const { series } = await chartOf(page);
      const drawn = series.flatMap(({ name, data }) => data.map(([day, customers]) => [day.slice(0, 10), name, customers]));
      check(`census, ${segment}: the areas`, sortedRows(drawn), sortedRows(census.map(row => [row.day, row.title, row.customers])));
      const last = census.filter(row => row.day === '2025-12-29');
      const [table] = await tablesOf(page);
      check(`census, ${segment}: the table`, table.slice(0, last.length), last.map(row => [row.title, whole(row.customers)]));
    },
  },
  velocity: {
    ready: page => page.wait(`document.querySelectorAll('td').length >= 10`),
    async read(page, segment) {
      check(`velocity, ${segment}: the table`, (await tablesOf(page))[0], asked.velocity(segment).map(row =>
        [row.from_title, row.to_title, whole(row.moves), percent(row.share, 0), fixed(row.p50, 1), fixed(row.p90, 1)]));
    },
  },
  sla: {
    ready: page => page.wait(`${charts}.length === 1 && document.querySelectorAll('td').length >= 15`),
    async read(page, segment) {
      const overdue = asked.overdue(segment);
      const watched = ask(`SELECT count(*) AS n FROM customers WHERE stage = 'trial' AND ${only(segment)}`)[0].n;
      const days = overdue.map(row => row.days).sort((a, b) => a - b);
      const median = (days[Math.floor((days.length - 1) / 2)] + days[Math.ceil((days.length - 1) / 2)]) / 2;
      check(`service levels, ${segment}: the tiles`, await tilesOf(page),
        [['In a stage with a limit', whole(watched)], ['Over it', whole(overdue.length)], ['Days over it, median', fixed(median, 1)]]);
      const limits = [['a week', 7], ['two weeks', 14], ['four weeks', 28], ['twelve weeks', 84], ['more', Infinity]];
      const bars = limits.map(([name, limit], i) => [name, days.filter(day => day < limit && day >= (limits[i - 1]?.[1] ?? 0)).length]);
      const { series } = await chartOf(page);
      check(`service levels, ${segment}: the bars`, series[0].data, bars);
      check(`service levels, ${segment}: who is over`, (await tablesOf(page))[0], overdue.slice(0, 15).map(row =>
        [row.name, row.segment, row.channel, row.stage, row.owner, row.since, row.due, fixed(row.days, 1)]));
    },
  },
};

try {
  for (const [name, { ready, read }] of Object.entries(pages)) {
    const page = await browser.open(`${site.url}/${name}`, { width: 1400, height: 1200 });
    check(`/${name} is drawn`, await ready(page), true);
    await page.settled();
    await read(page, 'everybody');
    // The browser asks its own copy of the data: a filter must answer what SQL with WHERE does.
    const before = await page.evaluate('document.querySelector("main").innerText');
    await page.evaluate(`[...document.querySelectorAll('button')].find(button => button.innerText.trim() === 'Enterprise').click()`);
    check(`/${name} has a filter`, await page.wait(`document.querySelector("main").innerText !== ${JSON.stringify(before)}`), true);
    await ready(page);
    await page.settled();
    await read(page, 'enterprise');
    check(`/${name}: nothing went wrong, and no other host was asked`, [page.errors, page.strangers], [[], []]);
    await page.close();
  }
} finally {
  await browser.close();
  site.close();
}
