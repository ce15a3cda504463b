/** The token dance: who is shown which credential. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import type { Ask } from '../../../../src/watch/readers/ask.ts';
import { Authorization } from '../../../../src/watch/readers/oci/authorization.ts';
import type { RegistryCredential } from '../../../../src/watch/readers/oci/docker-config.ts';
import { putImage } from './images.ts';
import { fail, type MemoryRegistry, send, startMemoryRegistry } from './memory-registry.ts';
import { lookAt } from './scene.ts';

const images: MemoryRegistry = await startMemoryRegistry();
after(() => images.close());
beforeEach(() => images.clear());

const closers: (() => void)[] = [() => {}];
after(() => {
  for (const close of closers) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const password: RegistryCredential = { kind: 'password', user: 'u', password: 'p' };
const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;

/** A registry that asks for tokens of itself, which count once each. */
function demandTokens(grant: (request: IncomingMessage, body: string) => object): { readonly asked: string[] } {
  const asked: string[] = [];
  let valid: string | undefined;
  images.sabotage = (request, response, path) => {
    if (path.startsWith('/token')) {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'} ${body}`);
        valid = `token-${asked.length}`;
        send(response, JSON.stringify({ token: valid, ...grant(request, body) }));
      });
      return true;
    }
    if (valid !== undefined && request.headers.authorization === `Bearer ${valid}`) return false;
    const realm = `http://${images.host}/token?realm=1`;
    fail(response, 401, { 'www-authenticate': `Bearer realm="${realm}",service="tests",scope="registry:catalog:*"` });
    return true;
  };
  return { asked };
}

test('a token is asked for pulling from one repository, as whoever the configuration says, and used until it ends', async () => {
  await putImage(images, '1.0.0');
  let at = 0;
  const { asked } = demandTokens(() => ({ expires_in: 300 }));
  const look = lookAt(images.host, { findCredential: async () => password, now: () => at });
  await look.see('1.0.0');
  await look.see('1.0.0');
  assert.deepEqual(asked, [`GET /token?realm=1&service=tests&scope=repository%3Aorg%2Fapp%3Apull ${basic} `]);
  at += 300_000;
  await look.see('1.0.0');
  assert.equal(asked.length, 2);
});

test('whoever has no credential asks as anybody', async () => {
  await putImage(images, '1.0.0');
  const { asked } = demandTokens(() => ({}));
  await lookAt(images.host).see('1.0.0');
  assert.match(asked[0] ?? '', / - $/);
});

test('a refresh token is exchanged, in a body and in no URL', async () => {
  await putImage(images, '1.0.0');
  const { asked } = demandTokens(() => ({}));
  await lookAt(images.host, { findCredential: async () => ({ kind: 'refresh-token', token: 'r t' }) }).see('1.0.0');
  assert.deepEqual(asked, [
    'POST /token?realm=1 - grant_type=refresh_token&refresh_token=r+t&service=tests&scope=repository%3Aorg%2Fapp%3Apull&client_id=signpost',
  ]);
});

test('what is no token is none, and no answer of the realm is one', async () => {
  await putImage(images, '1.0.0');
  for (const grant of [{ token: '' }, { token: 7 }, { token: 'a\r\nb: c' }, { token: null }]) {
    demandTokens(() => grant);
    const seen = await lookAt(images.host).observe({ tag: '1.0.0' });
    assert.equal('reason' in seen && seen.reason, `${images.host} gave no token for ${images.host}`);
  }
});

/** Asks nobody, and notes what it would have asked. */
async function obtain(challenge: string, credential: RegistryCredential | undefined = password) {
  const urls: string[] = [];
  const ask: Ask = async ({ url, namedBy }) => {
    urls.push(`${url} by ${namedBy}`);
    return { kind: 'unknown', reason: 'nobody is asked' };
  };
  const authorization = new Authorization({ ask, findCredential: async () => credential, now: () => 0 });
  const place = { registry: 'ghcr.io', repository: 'a/b', origin: 'https://ghcr.io' };
  const answer = await authorization.answer(place, { challenge, signal: new AbortController().signal });
  return { urls, answer };
}

test('a realm is asked over TLS, and what named it is told', async () => {
  const { urls } = await obtain('Bearer realm="https://auth.example/token"');
  assert.deepEqual(urls, ['https://auth.example/token?scope=repository%3Aa%2Fb%3Apull by https://ghcr.io']);
});

const realms = [
  'http://auth.example/token',
  'ftp://auth.example/',
  'https://a:b@auth.example/',
  '/token',
  '',
  'x'.repeat(3000),
];
for (const realm of realms) {
  test(`the realm "${realm.slice(0, 40)}" is shown nothing`, async () => {
    const { urls, answer } = await obtain(`Bearer realm="${realm}"`);
    assert.deepEqual([urls, answer.kind], [[], 'unknown']);
  });
}

test('a way that is not known, or that there is no credential for, is unknown', async () => {
  const reasons = [
    await obtain('Negotiate'),
    await obtain('"'),
    await obtain('Basic realm="x"', { kind: 'refresh-token', token: 't' }),
  ];
  assert.deepEqual(
    reasons.map(({ answer }) => answer.kind === 'unknown' && answer.reason),
    [
      'ghcr.io asks to be answered in a way that is not known',
      'ghcr.io asks to be answered in a way that is not known',
      'there is no password for ghcr.io',
    ],
  );
});

test('credentials that cannot be read make it unknown, without what was read', async () => {
  await putImage(images, '1.0.0');
  demandTokens(() => ({}));
  const findCredential = async () => {
    throw new Error('top secret');
  };
  const seen = await lookAt(images.host, { findCredential }).observe({ tag: '1.0.0' });
  assert.equal('reason' in seen && seen.reason, `the credentials for ${images.host} cannot be read`);
});

test('whoever a blob is kept with is shown no credential, and gets none by asking for one', async () => {
  const digest = await putImage(images, '1.0.0');
  const seen: (string | undefined)[] = [];
  const elsewhere = await serve((request, response) => {
    seen.push(request.headers.authorization);
    fail(response, 401, { 'www-authenticate': 'Basic realm="give"' });
  });
  let isAsked = false;
  images.sabotage = (request, response) => {
    if (request.headers.authorization !== basic) fail(response, 401, { 'www-authenticate': 'Basic realm="own"' });
    else fail(response, 307, { location: `${elsewhere}/blob` });
    isAsked = true;
    return true;
  };
  const hosts = [images.host, new URL(elsewhere).host];
  const look = lookAt(images.host, { findCredential: async () => password, privateHosts: hosts });
  const observed = await look.observe({}, digest.slice('sha256:'.length));
  assert.deepEqual(
    [isAsked, seen, 'reason' in observed && observed.reason],
    [...[true, [undefined]], `${new URL(elsewhere).host} answered 401`],
  );
});
