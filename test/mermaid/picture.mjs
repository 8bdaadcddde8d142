// Draws the canvas of the demo as a PNG, with the newest Mermaid, and refuses one in which words lie on words.
// See run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canvasOfDemo } from './canvas.mjs';

const [modules, browser, file] = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'picture-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

// Runs in the browser: draws, and tells how large it became and which words overlap.
async function draw(text) {
  mermaid.initialize({ startOnLoad: false, themeVariables: { edgeLabelBackground: '#ffffff' } });
  document.body.innerHTML = (await mermaid.render('canvas', text)).svg;
  const svg = document.querySelector('svg');
  const { width, height } = svg.viewBox.baseVal;
  svg.style.maxWidth = 'none';
  svg.setAttribute('width', width);
  svg.setAttribute('height', height);
  const boxes = [...svg.querySelectorAll('g.node, g.edgeLabels > g.edgeLabel, .cluster-label, .statediagramTitleText')]
    .map(element => ({ words: element.textContent.trim(), at: element.getBoundingClientRect() })).filter(({ words }) => words !== '');
  const overlaps = boxes.flatMap(({ words, at }, i) => boxes.slice(i + 1)
    .filter(({ at: other }) => at.left < other.right && other.left < at.right && at.top < other.bottom && other.top < at.bottom)
    .map(other => `"${words}" and "${other.words}"`));
  document.title = JSON.stringify({ width: Math.ceil(width), height: Math.ceil(height), boxes: boxes.length, overlaps });
}

const page = join(scratch, 'page.html');
writeFileSync(page, `<!doctype html><meta charset="utf-8"><style>body { margin: 8px; background: #fff }</style><body>
<script src="${pathToFileURL(join(modules, 'mermaid-newest', 'dist', 'mermaid.min.js'))}"></script>
<script>(${draw})(${JSON.stringify(canvasOfDemo().canvas).replace(/</g, '\\u003c')})</script>`);
const look = (...options) => execFileSync(browser, ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
  '--disable-dev-shm-usage', `--user-data-dir=${join(scratch, 'profile')}`, '--virtual-time-budget=60000', ...options, pathToFileURL(page).href],
{ maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'ignore'], timeout: 110_000 }).toString();

const told = look('--dump-dom').match(/<title>(.*?)<\/title>/);
if (!told) throw new Error('Mermaid drew nothing');
const { width, height, boxes, overlaps } = JSON.parse(told[1].replace(/&amp;/g, '&').replace(/&lt;/g, '<').replace(/&gt;/g, '>'));
if (overlaps.length > 0) throw new Error(`words lie on words: ${overlaps.join('; ')}`);
look(`--screenshot=${file}`, '--force-device-scale-factor=1.5', `--window-size=${width + 16},${height + 16}`);
console.log(`${file}: ${width} x ${height}, ${boxes} boxes and labels, ${Math.round(readFileSync(file).length / 1024)} kB`);
