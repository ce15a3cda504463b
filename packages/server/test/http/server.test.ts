import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { createTrustedProxies } from '../../src/http/address.ts';
import { DirectResponders, type Question } from '../../src/http/direct-responders.ts';
import type { DirectStream } from '../../src/http/direct-streams.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { PreparedAnswers } from '../../src/http/prepared.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';
import { type HttpServerParts, openHttpServer } from '../../src/http/server.ts';
import { send } from '../planes-scene.ts';

type Wish = Partial<HttpServerParts> & { readonly body?: Uint8Array };

async function open(t: TestContext, { body = Buffer.from('prepared'), ...wish }: Wish = {}) {
  const app = new Hono();
  app.all('*', (c) => c.text('the application'));
  const prepared = new PreparedAnswers(Date.now);
  const metrics = createMetrics();
  const parts = {
    ...{
      fetch: app.fetch as HttpServerParts['fetch'],
      listen: { host: '127.0.0.1', port: 0 },
      prepared: [prepared],
      responders: new DirectResponders(),
      streams: new DirectResponders<DirectStream>(),
      metrics,
    },
    ...{ reads: createRateLimit(0, Date.now), proxies: createTrustedProxies([]), secure: false, ...wish },
  };
  const server = await openHttpServer(parts);
  t.after(() => server.stop());
  const { host } = new URL(server.url);
  const headers = [['Cache-Control', 'public, max-age=60']] as const;
  const route = 'GET /api/projects/{slug}/manifest';
  const kept = { organisationId: 'a', route, headers, etag: '"x"', body, validUntil: Date.now() + 60_000 };
  prepared.keep({ host, target: '/x', generation: prepared.generation }, kept);
  return { server, metrics, prepared };
}

suite('the listening socket', () => {
  test('answers a plain GET from the finished buffer, and everything else by the application', async (t) => {
    const { server, metrics } = await open(t);
    const ask = async (method: string, path: string, headers: Record<string, string> = {}) =>
      (await send(`${server.url}${path}`, method, { headers })).body.toString();
    assert.equal(await ask('GET', '/x'), 'prepared');
    assert.equal(await ask('GET', '/x', { range: 'bytes=0-1', accept: 'text/html' }), 'prepared');
    assert.equal(await ask('HEAD', '/x'), '');
    const others: [string, string, Record<string, string>?][] = [
      ['POST', '/x'],
      ['GET', '/x?y'],
      ['GET', '/x/'],
      ['GET', '/x', { host: 'other.example' }],
      ['GET', '/x', { authorization: 'Bearer sgp_x' }],
      ['GET', '/x', { cookie: 'a=b' }],
    ];
    for (const [method, path, headers] of others) assert.equal(await ask(method, path, headers), 'the application');
    const figures = await metrics.registry.metrics();
    assert.match(
      figures,
      /signpost_http_requests_total\{route="GET \/api\/projects\/\{slug\}\/manifest",status="200"\} 2/,
    );
  });

  test('says to who has the answer that it is unchanged, without the application', async (t) => {
    const { server, metrics } = await open(t);
    const ask = (tag: string) => send(`${server.url}/x`, 'GET', { headers: { 'if-none-match': tag } });
    const same = await ask('"x"');
    assert.deepEqual([same.status, same.body.length, same.headers['content-length']], [304, 0, undefined]);
    assert.equal(same.headers['cache-control'], 'public, max-age=60');
    assert.equal((await ask('W/"y", W/"x"')).status, 304);
    assert.equal((await ask('"y"')).body.toString(), 'prepared');
    assert.match(await metrics.registry.metrics(), /slug\}\/manifest",status="304"\} 2/);
  });

  test('sends what is large as it is', async (t) => {
    const body = Buffer.alloc(200_000, 'ä');
    const { server } = await open(t, { body });
    assert.deepEqual((await send(`${server.url}/x`, 'GET', {})).body, body);
  });

  test('answers a POST that only asks from the finished buffer for its body, and hands other bodies on whole', async (t) => {
    const app = new Hono();
    app.post('*', async (c) => c.text(`read ${(await c.req.arrayBuffer()).byteLength}`));
    const { server, prepared } = await open(t, { fetch: app.fetch as HttpServerParts['fetch'] });
    const { host } = new URL(server.url);
    const body = Buffer.from([0x30, 0xff, 0x00, 0x80]);
    const route = 'POST /x';
    const kept = {
      organisationId: 'a',
      route,
      headers: [],
      etag: '"x"',
      body: Buffer.from('known'),
      validUntil: Infinity,
    };
    const { generation } = prepared;
    prepared.keep({ host, target: '/x', body: body.toString('latin1'), generation }, kept);
    const post = async (sent: Uint8Array, type = 'application/ocsp-request') => {
      const answer = await send(`${server.url}/x`, 'POST', { body: sent, headers: { 'content-type': type } });
      return answer.body.toString();
    };
    assert.equal(await post(body), 'known');
    assert.equal(await post(body.subarray(1)), 'read 3');
    assert.equal(await post(Buffer.alloc(1025)), 'read 1025');
    assert.equal(await post(Buffer.alloc(0)), 'read 0');
    assert.equal(await post(body, 'application/octet-stream'), 'read 4');
    prepared.keep({ host, target: '/x', body: 'a', generation }, { ...kept, isCurrent: () => false });
    assert.equal(await post(Buffer.from('a')), 'read 1');
  });

  test('asks whoever is known to answer a POST, within the limit of the client and without credentials', async (t) => {
    const responders = new DirectResponders();
    const { server, metrics } = await open(t, { responders, reads: createRateLimit(3, Date.now) });
    const { host } = new URL(server.url);
    const respond = async ({ body }: Question) => ({ headers: [['X-Own', 'yes']] as const, body: body.toReversed() });
    responders.keep({ host, target: '/x', generation: responders.generation }, { route: 'POST /x', respond });
    const post = async (path: string, headers: Record<string, string> = {}) => {
      const sent = { body: Buffer.from('abc'), headers: { 'content-type': 'application/ocsp-request', ...headers } };
      const answer = await send(`${server.url}${path}`, 'POST', sent);
      return [answer.body.toString(), answer.headers['x-own'], answer.headers['access-control-allow-origin']];
    };
    const application = ['the application', undefined, undefined];
    assert.deepEqual(await post('/x'), ['cba', 'yes', undefined]);
    assert.deepEqual(await post('/x', { authorization: 'Bearer sgp_x' }), application);
    assert.deepEqual(await post('/x', { host: 'other.example' }), application);
    assert.deepEqual(await post('/y'), application);
    assert.deepEqual(await post('/x'), ['cba', 'yes', undefined]);
    assert.deepEqual(await post('/x'), ['cba', 'yes', undefined]);
    assert.deepEqual(await post('/x'), application);
    assert.match(await metrics.registry.metrics(), /requests_total\{route="POST \/x",status="200"\} 3/);
  });

  test('sends every byte of the buffer as it is', async (t) => {
    const body = Uint8Array.from({ length: 512 }, (_, index) => index).subarray(100, 500);
    const { server } = await open(t, { body });
    const answer = await send(`${server.url}/x`, 'GET');
    assert.ok(answer.body.equals(body));
    assert.equal(answer.headers['content-length'], '400');
  });

  test('counts a client by its connection, unless a proxy says who it is', async (t) => {
    const proxies = createTrustedProxies(['127.0.0.1']);
    const { server } = await open(t, { proxies, reads: createRateLimit(2, Date.now) });
    const ask = async (headers: Record<string, string> = {}) =>
      (await send(`${server.url}/x`, 'GET', { headers })).body.toString();
    const answers: string[] = [];
    for (const headers of [{}, { 'x-forwarded-for': '192.0.2.1' }, {}, { 'x-forwarded-for': '192.0.2.2' }, {}])
      answers.push(await ask(headers));
    assert.deepEqual(answers, ['prepared', 'prepared', 'prepared', 'prepared', 'the application']);
  });

  test('leaves to the application what is above the limit of a client, each client by itself', async (t) => {
    const proxies = createTrustedProxies(['127.0.0.1']);
    const { server } = await open(t, { proxies, reads: createRateLimit(2, Date.now) });
    const ask = async (address: string) =>
      (await send(`${server.url}/x`, 'GET', { headers: { 'x-forwarded-for': address } })).body.toString();
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1'])
      assert.deepEqual(
        [await ask(address), await ask(address), await ask(address)],
        ['prepared', 'prepared', 'the application'],
      );
    assert.equal(await ask('2001:db8::ffff'), 'the application', 'of the same network');
  });

  test('tells whoever came over HTTPS to insist on it', async (t) => {
    const { server } = await open(t, { secure: true });
    const { headers } = await send(`${server.url}/x`, 'GET');
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(headers['cache-control'], 'public, max-age=60');
    assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
    assert.equal(headers['content-length'], '8');
  });

  test('is not opened where another one listens', async (t) => {
    const { server } = await open(t);
    const { port } = new URL(server.url);
    await assert.rejects(open(t, { listen: { host: '127.0.0.1', port: Number(port) } }), { code: 'EADDRINUSE' });
  });

  test('names an IPv6 address as URLs do', async (t) => {
    const { server } = await open(t, { listen: { host: '::1', port: 0 } });
    assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
    assert.equal((await send(`${server.url}/y`, 'GET')).body.toString(), 'the application');
  });
});
