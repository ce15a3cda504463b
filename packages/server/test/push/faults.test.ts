import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { createSocketServer } from '../../src/push/ws/socket-server.ts';
import { openPushScene } from './scene.ts';
import { openMember, openSocket, readFigure, write } from './sockets.ts';

async function openWatchedScene(t: TestContext) {
  const scene = await openPushScene();
  t.after(() => scene.close());
  const figures = new Registry();
  scene.push.register(figures);
  const breakTable = (table: string) => scene.database.query.schema.alterTable(table).renameTo('elsewhere').execute();
  const findLine = (message: string) =>
    scene.lines.map((line) => JSON.parse(line)).find(({ msg }: { msg: string }) => msg === message);
  return { scene, figures, breakTable, findLine };
}

test('a frame that the server fails at is logged, and ends its WebSocket as a fault of the server', async (t) => {
  const { scene, figures, breakTable, findLine } = await openWatchedScene(t);
  const { listener, key } = await openMember(scene, await scene.home.people.manager.logIn());
  const reasons: string[] = [];
  listener.socket.on('close', (_code, reason) => reasons.push(String(reason)));
  await breakTable('session');
  listener.socket.send(await write(key, 'client.acknowledge', { cursor: '0123456789abcdef:trust.1' }, scene.now()));
  assert.equal(await listener.closed, 1011);
  assert.deepEqual(reasons, ['failed']);
  assert.equal(await readFigure(figures, 'signpost_push_ended_total{reason="failed"}'), 1);
  const line = findLine('a frame of a client could not be done');
  assert.equal(line?.level, 50);
  assert.match(line?.error.message, /no such table/);
});

test('what was missed and cannot be read is logged, and ends the connection as a fault of the server', async (t) => {
  const { scene, figures, breakTable, findLine } = await openWatchedScene(t);
  await scene.tell('trust.updated', { trust_version: 1 });
  await scene.settle();
  const feed = await scene.push.hub.feedOf(scene.home.id);
  // As after a restart: nothing of it is in memory.
  for (const channel of feed.channels.values()) channel.recent = [];
  await breakTable('push_frame');
  const { closed } = await openSocket(scene, `channels=trust&since=${feed.epoch}:trust.0`);
  assert.equal(await closed, 1011);
  assert.equal(await readFigure(figures, 'signpost_push_ended_total{reason="failed"}'), 1);
  assert.ok(findLine('a listener could not be fed'));
});

test('a WebSocket that cannot be fed from its start is logged and closed, and no answer of HTTP is written into it', async (t) => {
  const { scene, findLine } = await openWatchedScene(t);
  const { push, database, now, lines } = scene;
  const log = pino({ base: null }, { write: (line) => lines.push(line) });
  const sockets = createSocketServer({ ...push, database, now, log });
  const server = createServer();
  t.after(() => server.close());
  const left = new Promise<void>((leave) => {
    const start = () => {
      throw new Error('the hub is broken');
    };
    const guest = { organisation: { id: scene.home.id, slug: 'default' }, entered: { reader, start, leave } };
    server.on('upgrade', (request, socket, head) => sockets.accept({ request, socket, head }, guest));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'signpost.frames.v1');
  const [code] = await once(socket, 'close');
  assert.equal(code, 1011);
  await left;
  assert.equal(findLine('a WebSocket could not be fed')?.error.message, 'the hub is broken');
});

const reader = { principal: undefined, address: '192.0.2.1' };
