// Serves a folder of files on a port of this machine only.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.webmanifest': 'application/manifest+json',
};

// What a path stands for: a file, or the index.html of a folder; nothing else.
function find(folder, path) {
  const file = join(folder, normalize(`/${decodeURIComponent(path)}`));
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found && file;
  const index = join(file, 'index.html');
  return statSync(index, { throwIfNoEntry: false }) && index;
}

export function serve(folder) {
  const server = createServer((request, response) => {
    const file = find(folder, new URL(request.url, 'http://localhost').pathname);
    response.writeHead(file ? 200 : 404, { 'content-type': types[extname(file ?? '')] ?? 'application/octet-stream' });
    if (file) createReadStream(file).pipe(response);
    else response.end();
  });
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve({
      url: `http://127.0.0.1:${server.address().port}`,
      close: () => { server.close(); server.closeAllConnections(); },
    }));
  });
}
