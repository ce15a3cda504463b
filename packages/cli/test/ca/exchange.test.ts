/** What leaves this machine when a certificate or a list is brought to the server: that, and no key that lies in the same file. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createWorkplace, run } from '../support/run.ts';

test('of a file with a certificate nothing else is sent, and nothing of one with a private key', async (t) => {
  const cwd = await createWorkplace(t);
  const openssl = (words: string) => promisify(execFile)('openssl', words.split(' '), { cwd });
  await openssl('req -x509 -newkey ed25519 -nodes -keyout key.pem -out root.pem -subj /CN=Root');
  await openssl('pkey -in key.pem -outform DER -out key.der');
  const [key, root] = await Promise.all(['key.pem', 'root.pem'].map((name) => readFile(join(cwd, name), 'utf8')));
  await writeFile(join(cwd, 'both.pem'), `${root}${key}`);
  await writeFile(join(cwd, 'noted.pem'), `a note\n${root}`);

  const sent: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') sent.push(await text(request));
    response.setHeader('content-type', 'application/json').end('{"name":"root","certificates":[]}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const env = { SIGNPOST_SERVER: `http://127.0.0.1:${port}`, SIGNPOST_API_KEY: 'sp_x' };

  const refused = await run(['ca', 'import-certificate', 'both.pem'], { cwd, env });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /private key/);
  for (const file of ['key.pem', 'key.der', 'pass']) {
    assert.notEqual((await run(['ca', 'import-certificate', file], { cwd, env })).code, 0, file);
  }
  for (const file of ['key.pem', 'key.der', 'both.pem', 'root.pem']) {
    assert.notEqual((await run(['ca', 'crl', 'import', 'root', file], { cwd, env })).code, 0, file);
  }
  assert.deepEqual(sent, []);
  await run(['ca', 'import-certificate', 'noted.pem'], { cwd, env });
  assert.deepEqual(sent, [JSON.stringify({ pem: root })]);
});
