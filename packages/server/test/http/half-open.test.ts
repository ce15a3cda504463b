import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { Hono } from 'hono';
import { createTrustedProxies } from '../../src/http/address.ts';
import { DirectResponders } from '../../src/http/direct-responders.ts';
import type { DirectStream } from '../../src/http/direct-streams.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';
import { type HttpServerParts, openHttpServer } from '../../src/http/server.ts';
import { send } from '../planes-scene.ts';

/** `test/long/half-open.ts` opens ten thousand, to a server in service. */
const count = 300;

/** Whatever a client may leave off after. */
const beginnings = [
  '',
  'GET ',
  'GET /api/push/stream?channels=trust HTTP/1.1\r\nHost: a\r\n',
  'GET /api/push/ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
];

suite('half-open connections', () => {
  test('are cut off when they do not say what they want, and hold up nobody meanwhile', async (t) => {
    const app = new Hono();
    app.get('*', (c) => c.text('the application'));
    const server = await openHttpServer({
      fetch: app.fetch as HttpServerParts['fetch'],
      ...{ listen: { host: '127.0.0.1', port: 0 }, prepared: [], responders: new DirectResponders() },
      ...{ streams: new DirectResponders<DirectStream>(), metrics: createMetrics(), secure: false, headersMs: 1000 },
      ...{ reads: createRateLimit(0, Date.now), proxies: createTrustedProxies([]) },
    });
    t.after(() => server.stop());
    const { port } = new URL(server.url);
    const opened = Array.from({ length: count }, (_, index) =>
      open(Number(port), beginnings[index % beginnings.length] ?? ''),
    );
    // The first may be cut off before the last is connected.
    const closed = opened.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    await Promise.all(opened.map((socket) => once(socket, 'connect')));
    assert.equal((await send(`${server.url}/`, 'GET')).body.toString(), 'the application');
    await Promise.all(closed);
    assert.equal((await send(`${server.url}/`, 'GET')).body.toString(), 'the application');
  });
});

function open(port: number, beginning: string): Socket {
  const socket = connect(port, '127.0.0.1', () => {
    if (beginning !== '') socket.write(beginning);
  });
  socket.on('error', () => undefined);
  // What the server says before it hangs up is of no interest, and must be read for the end to be seen.
  return socket.resume();
}
