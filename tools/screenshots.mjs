// Takes pictures of the demo's page and of the dashboard, as PNG. See screenshots.
//
//   node tools/screenshots.mjs PAGE SITE FOLDER
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openBrowser } from './browser.mjs';
import { serve } from './serve.mjs';

const [file, folder, pictures] = process.argv.slice(2);
const most = 150_000;
const site = await serve(folder);
const browser = await openBrowser();

// Pages are as high as what is in them, so that nothing has to be laid out anew for the picture.
async function take(name, url, drawn, selector, { width, height, margin = 0 }) {
  const page = await browser.open(url, { width, height });
  if (!await page.wait(drawn, 120)) throw new Error(`${url} was not drawn`);
  await page.settled();
  const picture = join(pictures, `${name}.png`);
  await page.picture(picture, selector, margin);
  await page.close();
  const { size } = statSync(picture);
  if (size > most) throw new Error(`${picture} has ${size} bytes, more than ${most}`);
}

try {
  mkdirSync(pictures, { recursive: true });
  await take('demo-flow', pathToFileURL(file).href, 'document.body.dataset.done', '#flow .drawing',
    { width: 1180, height: 4500, margin: 12 });
  for (const [name, height] of [['', 820], ['flow', 1060], ['cohorts', 760], ['census', 1000], ['velocity', 700], ['sla', 1060]])
    await take(`dashboard-${name || 'customers'}`, `${site.url}/${name}`, 'document.querySelectorAll("td").length > 12', 'body',
      { width: 1280, height });
} finally {
  await browser.close();
  site.close();
}
