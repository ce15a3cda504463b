/** How the console reaches a browser: types that fit the API, a light first view, exact headers, and nothing but its files. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { writeApiTypes } from './api-description.ts';
import { type SeededServer, startEmptyServer } from './seed.ts';

const consoleFolder = join(import.meta.dirname, '../../packages/console');
const pagesFolder = join(consoleFolder, 'dist-pages');

test('the types of the API are those that the server describes (npm run build:console-api)', async () => {
  assert.equal(readFileSync(join(consoleFolder, 'src/api/openapi.d.ts'), 'utf8'), await writeApiTypes());
});

test('the script of the first view weighs at most 60 KB compressed', () => {
  const sizes = [...listFirstView()].map((file) => gzipSync(readFileSync(join(consoleFolder, 'dist', file))).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(total > 10_000 && total <= 60_000, `expected at most 60,000 bytes, got ${total}`);
});

test('the script of the page that checks files is one file of at most 60 KB compressed', () => {
  const built = readdirSync(pagesFolder).filter((name) => name.endsWith('.js'));
  assert.equal(built.length, 1);
  const script = readFileSync(join(pagesFolder, built[0] ?? ''));
  const size = gzipSync(script).length;
  assert.ok(size > 10_000 && size <= 60_000, `expected at most 60,000 bytes, got ${size}`);
  assert.doesNotMatch(script.toString(), /\bimport\s*[("'{*]|innerHTML|insertAdjacentHTML|document\.write|\beval\b/);
});

suite('the server', () => {
  let server: SeededServer;
  before(async () => {
    server = await startEmptyServer();
  });
  after(() => server?.stop());

  test('sends the page under a policy that allows nothing inline, for any address below /console/', async () => {
    for (const path of ['/console/', '/console/releases/x', '/o/default/console/no/such']) {
      const answer = await fetch(server.base + path);
      assert.equal(answer.status, 200, path);
      assert.match(await answer.text(), /^<!doctype html>/);
      assert.equal(answer.headers.get('cache-control'), 'no-cache');
      assert.equal(
        answer.headers.get('content-security-policy'),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; " +
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html",
      );
    }
  });

  test('sends files packed and for ever, and says when they have not changed', async () => {
    const [file = ''] = listFirstView();
    const first = await fetch(`${server.base}/console/${file}`, { headers: { 'accept-encoding': 'br;q=1, gzip;q=0' } });
    assert.equal(first.headers.get('content-encoding'), 'br');
    assert.match(first.headers.get('cache-control') ?? '', /immutable/);
    await first.text();
    const known = { 'accept-encoding': 'br', 'if-none-match': first.headers.get('etag') ?? '' };
    assert.equal((await fetch(`${server.base}/console/${file}`, { headers: known })).status, 304);
    const plain = await fetch(`${server.base}/console/${file}`, { headers: { 'accept-encoding': 'identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.notEqual(plain.headers.get('etag'), first.headers.get('etag'));
  });

  test('knows no file that was not built, no other method, and leads browsers from / to the console', async () => {
    for (const path of ['/console/assets/none.js', '/console/assets/..%2f..%2fpackage.json']) {
      assert.equal((await fetch(server.base + path)).status, 404, path);
    }
    assert.equal((await fetch(`${server.base}/console/`, { method: 'POST' })).status, 405);
    assert.equal((await fetch(`${server.base}/console/`, { method: 'HEAD' })).status, 200);
    const home = await fetch(server.base, { redirect: 'manual', headers: { accept: 'text/html' } });
    assert.deepEqual([home.status, home.headers.get('location')], [303, '/console/']);
    assert.equal((await fetch(server.base, { headers: { accept: 'application/json' } })).status, 404);
  });
});

test('a server whose settings switch the console off has none, and has the script of its public pages', async () => {
  const server = await startEmptyServer({ SIGNPOST_CONSOLE: 'off' });
  const [name = ''] = readdirSync(pagesFolder).filter((each) => each.endsWith('.js'));
  const script = await fetch(`${server.base}/assets/${name}`);
  const { headers } = script;
  await script.body?.cancel();
  const statuses = [];
  for (const path of ['/console/', '/', '/assets/none.js']) {
    statuses.push((await fetch(server.base + path, { headers: { accept: 'text/html' } })).status);
  }
  await server.stop();
  assert.deepEqual(statuses, [404, 404, 404]);
  assert.deepEqual([script.status, headers.get('content-type')], [200, 'text/javascript; charset=utf-8']);
  assert.match(headers.get('cache-control') ?? '', /immutable/);
});

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
}

/** What a browser loads before the overview stands: the shell, the overview, the texts of both, and what they import. */
function listFirstView(): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(consoleFolder, 'dist/manifest.json'), 'utf8')) as Record<string, Chunk>;
  const open = ['index.html', 'src/areas/overview/Overview.svelte'];
  open.push('src/language/texts.de.ts', 'src/areas/overview/texts.de.ts');
  const files = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const chunk = manifest[name];
    if (!chunk || files.has(chunk.file)) continue;
    files.add(chunk.file);
    open.push(...(chunk.imports ?? []));
  }
  return files;
}
