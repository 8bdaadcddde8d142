// Reads the demo's page as a browser shows it, and compares every number in it with SQL. Prints TAP without
// a plan; test/demo calls it.
//
//   node test/demo_page.mjs PAGE PAGE-WITHOUT-PICTURES
//
// PG* variables point at the demo's database.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openBrowser } from '../tools/browser.mjs';
import { ask, check } from './tap.mjs';

const statements = join(dirname(fileURLToPath(import.meta.url)), '../demo/page');
const [drawn, plain] = process.argv.slice(2);

const answers = Object.fromEntries(readdirSync(statements).filter(file => file.endsWith('.sql'))
  .map(file => [basename(file, '.sql'), ask(readFileSync(join(statements, file), 'utf8'))]));

// What stands in a section's table, as the statement answered it: numbers lose the commas that they are
// written with.
const tableOf = (page, name) => page.evaluate(`(() => {
  const table = document.querySelector('#${name} table');
  const names = [...table.querySelectorAll('th')].map(cell => cell.textContent);
  return [...table.querySelectorAll('tbody tr')].map(row => Object.fromEntries([...row.cells].map((cell, i) =>
    [names[i], cell.textContent === '' ? null : cell.className === 'number' ? Number(cell.textContent.replaceAll(',', '')) : cell.textContent])));
})()`);
// The words drawn in a section's picture, in the order in which they were drawn.
const wordsOf = (page, name) => page.evaluate(
  `[...document.querySelectorAll('#${name} .drawing svg text')].map(text => text.textContent.trim()).filter(Boolean)`);
// What a chart holds.
const seriesOf = (page, name) => page.evaluate(
  `echarts.getInstanceByDom(document.querySelector('#${name} .drawing')).getOption().series.map(({ name, data, links }) =>
    ({ name, data: data?.map(item => item.value ?? item), links: links?.map(({ source, target, value }) => [source, target, value]) }))`);
const written = number => number.toLocaleString('en-US');

async function checkNumbers(page, which) {
  const tiles = await page.evaluate(
    `[...document.querySelectorAll('#today div')].map(tile => [tile.querySelector('span').textContent, tile.querySelector('b').textContent.replace('$', '')])`);
  check(`${which}: the tiles say what SQL says`, tiles, Object.entries(answers.today[0]).map(([name, value]) => [name, written(value)]));
  for (const name of ['funnel', 'flow', 'cohorts', 'census'])
    check(`${which}: the table of the ${name} is SQL's`, await tableOf(page, name), answers[name]);
  check(`${which}: the canvas is there as text`,
    await page.evaluate(`document.querySelector('#canvas pre.numbers').textContent`), answers.canvas[0].canvas);
  check(`${which}: nothing went wrong in it`, page.errors, []);
  check(`${which}: no other host was asked`, page.strangers, []);
}

async function checkPictures(page) {
  const everybody = answers.funnel.filter(row => row.segment === 'everybody');
  const words = await wordsOf(page, 'funnel');
  check('the funnel is labelled with stage, number and share', everybody.map(row => words.slice(words.indexOf(written(row.reached)) - 1).slice(0, 3)),
    everybody.map(row => [row.stage, written(row.reached), `${row['% of first']} %`]));
  const [funnel, ...segments] = await seriesOf(page, 'funnel');
  check('its bars are as long as SQL says', funnel.data, everybody.map(row => row.reached));
  check('and a line of each segment', Object.fromEntries(segments.map(({ name, data }) => [name, data])),
    Object.fromEntries(segments.map(({ name }) => [name, answers.funnel.filter(row => row.segment === name).map(row => row['% of first'])])));
  check('three segments have one', segments.length, 3);

  const [flow] = await seriesOf(page, 'flow');
  check('the flow has a ribbon for every move', flow.links, answers.flow.map(row => [row.from, row.to, row.customers]));
  const nodes = new Map();
  for (const row of answers.flow) for (const [i, end] of [row.from, row.to].entries())
    nodes.set(end, Object.assign(nodes.get(end) ?? [0, 0], { [i]: (nodes.get(end)?.[i] ?? 0) + row.customers }));
  const labels = await wordsOf(page, 'flow');
  const large = [...nodes].map(([name, sizes]) => [name, Math.max(...sizes)]).filter(([, size]) => size > 20);
  check('and its stages are labelled with who went through', large.map(([name]) => [name, labels[labels.indexOf(name) + 1]]),
    large.map(([name, size]) => [name, written(size)]));
  check('as many ribbons are drawn', await page.evaluate(
    `[...document.querySelectorAll('#flow .drawing svg path')].filter(path => path.getAttribute('fill-opacity') === '0.28').length`), answers.flow.length);

  const cells = (await wordsOf(page, 'cohorts')).filter(text => /^\d+$/.test(text));
  const months = Math.max(...answers.cohorts.map(row => row.months)) + 1;
  const sizes = new Map(answers.cohorts.map(row => [row.subscribed, String(row.customers)]));
  // The axes are drawn first: the sizes beside their cohort, and the months; then the cells.
  check('the cohorts show a percentage in every cell', cells.slice(months + sizes.size),
    answers.cohorts.map(row => String(Math.round(100 * row.retained / row.customers))));
  check('beside the size of each cohort', cells.slice(0, sizes.size), [...sizes.values()]);

  const census = await seriesOf(page, 'census');
  check('the census has an area for each stage, as high as SQL says', census.flatMap(({ name, data }) => data.map(([day, number]) => [name, day, number])),
    census.flatMap(({ name }) => answers.census.filter(row => row.stage === name).map(row => [name, row.day, row.customers])));
  check('and no stage is left out', census.map(({ name }) => name), [...new Set(answers.census.map(row => row.stage))]);

  // Words may be broken into lines where the layout likes.
  const canvas = await page.evaluate(`document.querySelector('#canvas .drawing svg').textContent.replace(/\\s+/g, '')`);
  const drawn = words => canvas.includes(words.replace(/\s+/g, ''));
  const held = ask('SELECT s.title, count(*) AS n FROM customers JOIN customers_stages s USING (stage) GROUP BY s.title');
  check('the canvas draws every stage with who is in it', held.filter(({ title, n }) => !drawn(`${title}${written(n)} now`)), []);
  check('there are eight', held.length, 8);
  // Arrows that begin at a phase stand for those from all of its stages: these begin at a stage.
  const moved = ask(`SELECT e.event, count(*) AS n
    FROM customers, lifecycle.steps(journey) s, lifecycle.steps(journey) n,
         (VALUES ('sign up', 'lead', 'trial'), ('subscribe', 'trial', 'onboarding'), ('go live', 'onboarding', 'active'),
                 ('upgrade', 'active', 'expanded'), ('rescue', 'at_risk', 'active'), ('cancel', 'at_risk', 'churned'),
                 ('win back', 'churned', 'onboarding'), ('come back', 'lost', 'trial')) e (event, source, target)
    WHERE n.step = s.step + 1 AND s.stage = e.source AND n.stage = e.target GROUP BY e.event`);
  check('and every move with how many made it', moved.filter(({ event, n }) => !drawn(`${event} · ${written(n)}`)), []);
  check('of which eight begin at a stage', moved.length, 8);
}

const browser = await openBrowser();
try {
  const page = await browser.open(pathToFileURL(drawn).href);
  check('the page is drawn', await page.wait('document.body.dataset.done', 120), true);
  await checkNumbers(page, 'the page');
  await checkPictures(page);
  check('and says nothing of pictures that are missing', await page.evaluate('document.getElementById("plain").hidden'), true);

  const bare = await browser.open(pathToFileURL(plain).href);
  check('without libraries there is a page, too', await bare.wait('document.body.dataset.done', 60), true);
  await checkNumbers(bare, 'without libraries');
  check('which says what is missing', await bare.evaluate('!document.getElementById("plain").hidden && document.getElementById("plain").textContent.includes("npm")'), true);
  check('and shows its tables at once', await bare.evaluate('[...document.querySelectorAll("section > details:first-of-type")].every(part => part.open)'), true);
} finally {
  await browser.close();
}
