// A headless Chromium, spoken to through a pipe: opens pages, asks what is in them, takes pictures.
//
// This is Chromium's own protocol for developer tools; nothing has to be installed for it.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The program to run: CHROMIUM, or the first on the PATH; nothing where there is none.
export function findChromium() {
  const named = process.env.CHROMIUM;
  if (named) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    for (const folder of (process.env.PATH ?? '').split(':')) {
      const program = join(folder, name);
      try {
        accessSync(program, constants.X_OK);
        return program;
      } catch { /* not here */ }
    }
  }
}

// The pipe: requests that are answered by number, and events.
function connect(child) {
  const [input, output] = [child.stdio[3], child.stdio[4]];
  const waiting = new Map(), listeners = [];
  let last = 0, rest = '';
  output.setEncoding('utf8').on('data', chunk => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop();
    for (const text of messages) {
      const message = JSON.parse(text);
      const request = waiting.get(message.id);
      if (!request) {
        for (const listener of listeners) listener(message);
        continue;
      }
      waiting.delete(message.id);
      if (message.error) request.reject(new Error(`${request.method}: ${message.error.message}`));
      else request.resolve(message.result);
    }
  });
  const end = () => {
    for (const { method, reject } of waiting.values()) reject(new Error(`${method}: Chromium has gone`));
    waiting.clear();
  };
  child.on('exit', end);
  input.on('error', end);
  return {
    listen: listener => listeners.push(listener),
    send: (method, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
      waiting.set(++last, { method, resolve, reject });
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    }),
  };
}

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export async function openBrowser(program = findChromium()) {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn(program, ['--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu',
    '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars', '--force-color-profile=srgb', '--lang=en-US',
    `--user-data-dir=${profile}`],
  { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, TZ: 'UTC' } });
  const pipe = connect(child);
  const gone = new Promise(resolve => child.on('exit', resolve));

  // A page of its own. It remembers what went wrong in it, and which other hosts it turned to.
  async function open(url, { width = 1280, height = 900, scale = 1 } = {}) {
    const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
    const send = (method, params) => pipe.send(method, params, sessionId);
    const page = { errors: [], strangers: [] };
    const home = new URL(url).host;
    pipe.listen(({ sessionId: whose, method, params }) => {
      if (whose !== sessionId) return;
      if (method === 'Runtime.exceptionThrown')
        page.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
        page.errors.push(params.args.map(arg => arg.value ?? arg.description ?? '').join(' '));
      if (method === 'Network.requestWillBeSent') {
        const asked = new URL(params.request.url);
        if (/^(https?|wss?):$/.test(asked.protocol) && asked.host !== home) page.strangers.push(asked.href);
      }
    });
    page.evaluate = async expression => {
      const { result, exceptionDetails } = await send('Runtime.evaluate',
        { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    // Until the expression is true, or the seconds are over: then false.
    page.wait = async (expression, seconds = 30) => {
      for (const end = Date.now() + 1000 * seconds; Date.now() < end; await pause(100))
        if (await page.evaluate(`Boolean(${expression})`).catch(() => false)) return true;
      return false;
    };
    // Until what it says has not changed for a second, which is longer than charts move.
    page.settled = async (seconds = 30) => {
      let last, since = 0;
      for (const end = Date.now() + 1000 * seconds; Date.now() < end; await pause(100)) {
        const now = await page.evaluate('document.body.innerText');
        if (now !== last) [last, since] = [now, Date.now()];
        else if (Date.now() - since > 1000) return true;
      }
      return false;
    };
    // What a selector matches, or everything, as PNG.
    page.picture = async (file, selector = 'html', margin = 0) => {
      const box = await page.evaluate(`(() => {
        const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
        return { x: x + scrollX, y: y + scrollY, width, height };
      })()`);
      const clip = { x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: box.height + 2 * margin };
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: true, clip: { ...clip, scale: 1 } });
      writeFileSync(file, Buffer.from(data, 'base64'));
    };
    page.close = () => pipe.send('Target.closeTarget', { targetId });
    await send('Runtime.enable');
    await send('Network.enable');
    await send('Page.enable');
    await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: false });
    await send('Page.navigate', { url });
    if (!await page.wait('document.readyState === "complete" && location.href !== "about:blank"'))
      throw new Error(`${url} did not load`);
    return page;
  }

  async function close() {
    await Promise.race([pipe.send('Browser.close').catch(() => {}), pause(5000)]);
    if (await Promise.race([gone.then(() => false), pause(5000).then(() => true)])) child.kill('SIGKILL');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  return { open, close };
}
