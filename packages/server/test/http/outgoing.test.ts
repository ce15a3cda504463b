/** Requests of the server to others: where they may go, and how much they take. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, suite, test } from 'node:test';
import { Refusal } from '../../src/errors.ts';
import { parseOutgoingBase } from '../../src/http/outgoing/base-url.ts';
import { createFetch } from '../../src/http/outgoing/fetch.ts';

const bounds = { limitBytes: 100 };
const fetchAny = createFetch({ addresses: 'any' });
const closers: (() => unknown)[] = [];
after(() => {
  for (const close of closers) close();
});

let requests = 0;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    requests++;
    listener(request, response);
  });
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const failed = { name: 'TrustError', code: 'fetch_failed' };

test('a body comes as it is, without cookies, credentials and codings', async () => {
  const url = await serve((request, response) => {
    const { cookie, authorization, 'accept-encoding': coding } = request.headers;
    response.end(JSON.stringify([cookie, authorization, coding]));
  });
  const bytes = await fetchAny(`${url}/file`, bounds);
  assert.equal(Buffer.from(bytes ?? []).toString(), '[null,null,"identity"]');
});

test('what is not there is no error, and every other status is', async () => {
  const url = await serve((request, response) => {
    response.writeHead(Number(request.url?.slice(1))).end('x');
  });
  assert.equal(await fetchAny(`${url}/404`, bounds), undefined);
  assert.equal(await fetchAny(`${url}/403`, bounds), undefined);
  for (const status of [204, 301, 401, 429, 500]) await assert.rejects(fetchAny(`${url}/${status}`, bounds), failed);
});

test('a body above the limit is refused without being read on', async () => {
  const url = await serve((_, response) => {
    // Without end: whoever waits for it waits for ever.
    response.write(Buffer.alloc(101));
  });
  await assert.rejects(fetchAny(url, bounds), { code: 'too_large' });
});

test('a body that breaks off is refused', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 50 });
    response.write('x');
    setImmediate(() => response.destroy());
  });
  await assert.rejects(fetchAny(url, bounds), failed);
});

test('redirects are followed within the origin, three of them', async () => {
  const url = await serve((request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end('here');
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  });
  assert.equal(Buffer.from((await fetchAny(`${url}/3`, bounds)) ?? []).toString(), 'here');
  await assert.rejects(fetchAny(`${url}/4`, bounds), failed);
});

test('a redirect to another origin is refused, and nobody there is asked', async () => {
  const other = await serve((_, response) => response.end('secret'));
  const url = await serve((_, response) => response.writeHead(302, { location: `${other}/latest/meta-data` }).end());
  const before = requests;
  await assert.rejects(fetchAny(url, bounds), failed);
  assert.equal(requests, before + 1);
});

suite('an address that the policy keeps out is not connected to', () => {
  for (const addresses of ['public', 'private'] as const) {
    test(`this machine, under ${addresses}`, async () => {
      const url = await serve((_, response) => response.end('secret'));
      const before = requests;
      const fetch = createFetch({ addresses, resolve: async () => ['127.0.0.1'] });
      await assert.rejects(fetch(url, bounds), failed);
      await assert.rejects(fetch(url.replace('127.0.0.1', 'host.example'), bounds), failed);
      await assert.rejects(fetch(url.replace('http:', 'https:'), bounds), failed);
      assert.equal(requests, before);
    });
  }

  test('a public one in the clear, whatever the policy', async () => {
    const fetch = createFetch({ addresses: 'any', resolve: async () => ['93.184.216.34'] });
    await assert.rejects(fetch('http://host.example/', bounds), failed);
  });

  test('what a name resolves to later does not count', async () => {
    const url = await serve((_, response) => response.end('here'));
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const fetch = createFetch({ addresses: 'any', resolve: async () => answers.shift() ?? [] });
    const bytes = await fetch(url.replace('127.0.0.1', 'host.example'), bounds);
    assert.equal(Buffer.from(bytes ?? []).toString(), 'here');
    assert.equal(answers.length, 1);
  });
});

test('a certificate that nobody vouches for is refused', async () => {
  // Any key will do: the handshake ends before it matters.
  const pem = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '-',
      '-subj',
      '/CN=x',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const server = createTlsServer({ key: pem, cert: pem }, (_, response) => response.end('secret'));
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await assert.rejects(fetchAny(`https://127.0.0.1:${port}/`, bounds), failed);
});

test('an aborted request throws the reason, and not a refusal', async () => {
  const url = await serve(() => undefined);
  const stopping = new AbortController();
  const asked = fetchAny(url, { ...bounds, signal: stopping.signal });
  setImmediate(() => stopping.abort(new Error('the worker stops')));
  await assert.rejects(asked, /the worker stops/);
});

test('base URLs are https, bare, and in the clear only where that was allowed', () => {
  assert.equal(parseOutgoingBase('https://tuf.example/repo//', 'public'), 'https://tuf.example/repo');
  assert.equal(parseOutgoingBase('http://tuf.internal', 'any'), 'http://tuf.internal');
  for (const text of [
    'http://tuf.example',
    'ftp://tuf.example',
    'file:///etc/passwd',
    'https://user:secret@tuf.example',
    'https://tuf.example/?q=1',
    'https://tuf.example/#x',
    'tuf.example',
    `https://tuf.example/${'x'.repeat(2048)}`,
  ]) {
    assert.throws(() => parseOutgoingBase(text, 'private'), isInvalidUrl, text);
  }
});

function isInvalidUrl(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'invalid' && error.rule === 'url';
}
