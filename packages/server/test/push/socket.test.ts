import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { firstPrev, hashFrame, parseFrame } from '@signpost/protocol/frames/frame';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { listAudit } from '../../src/audit/store.ts';
import type { Database } from '../../src/storage/database.ts';
import { openPushScene, type PushScene } from './scene.ts';
import { type Member, openMember, openSocket, readFigure, sendTogether, write, writeMany } from './sockets.ts';

suite('a WebSocket', () => {
  let scene: PushScene;
  let database: Database;
  const figures = new Registry();

  before(async () => {
    scene = await openPushScene();
    database = scene.database;
    scene.push.register(figures);
  });

  after(() => scene.close());

  test('hears what its channels tell, in arrays of frames, and goes on where it was', async () => {
    const first = await openSocket(scene, 'channels=releases');
    await tellRelease(scene, '1.0.0');
    await first.until(() => first.frames().length === 1);
    const { epoch, sequence } = parseFrame(first.frames()[0] ?? '').payload;
    first.socket.terminate();
    await tellRelease(scene, '1.0.1');
    const second = await openSocket(scene, `channels=releases&since=${epoch}:releases.${sequence}`);
    await second.until(() => second.frames().length === 1);
    assert.equal(parseFrame(second.frames()[0] ?? '').payload.sequence, sequence + 1);
    second.socket.terminate();
  });

  test('moves to other channels, and publishes where its role allows, by frames of its session key', async () => {
    const { home, ask } = scene;
    const as = home.people.manager.session;
    assert.equal(
      (await ask('POST', '/api/push/channels', { as, json: { name: 'app.chat', visibility: 'private' } })).status,
      201,
    );
    const { listener, key } = await openMember(scene, as);
    await listener.send(key, 'client.subscribe', { channels: ['app.chat'] });
    await listener.until(() => listener.texts.some((text) => text.includes('"channel":"app.chat"')));
    await listener.send(key, 'client.publish', {
      channel: 'app.chat',
      type: 'app.hello',
      data: { text: 'hello' },
      idempotency_key: 'a',
    });
    await listener.until(() => listener.frames().length === 1);
    await listener.send(key, 'client.publish', {
      channel: 'app.chat',
      type: 'app.hello',
      data: { text: 'hello' },
      idempotency_key: 'a',
    });
    await listener.send(key, 'client.publish', {
      channel: 'app.chat',
      type: 'app.hello',
      data: { text: 'again' },
      idempotency_key: 'b',
    });
    await listener.until(() => listener.frames().length === 2);
    const said = listener.frames().map((text) => ({ ...parseFrame(text).payload.data }));
    assert.deepEqual(said, [{ text: 'hello' }, { text: 'again' }]);
    await listener.send(key, 'client.unsubscribe', { channels: ['app.chat'] });
    await listener.send(key, 'client.acknowledge', { cursor: '0123456789abcdef:trust.1' });
    listener.socket.terminate();
    const rows = await listAudit(database, { action: 'push.published', limit: 10 });
    assert.equal(rows.length, 2);
  });

  test('is told alone what was done of its frames, under the key that signed them', async () => {
    const as = scene.home.people.admin.session;
    const { listener, key } = await openMember(scene, as);
    const other = await openMember(scene, as);
    const message = { channel: 'app.chat', type: 'app.hello', data: { text: 'told' }, idempotency_key: 'told' };
    const asked = [
      await listener.send(key, 'client.acknowledge', { cursor: '0123456789abcdef:trust.1' }),
      await listener.send(key, 'client.publish', message),
      await listener.send(key, 'client.publish', message),
    ];
    const answers = () => listener.texts.filter((text) => text.includes('session.answered'));
    await listener.until(() => answers().length === 3);
    const context = {
      keys: { find: (kid: string) => (kid === key.kid ? key : undefined) },
      window: new ReplayWindow(),
    };
    const heard = await Promise.all(answers().map((text) => verifyFrame(text, { ...context, now: scene.now() })));
    const { payload: first } = heard[0] ?? assert.fail('expected an answer');
    assert.deepEqual(
      heard.map(({ payload }) => [payload.channel, payload.epoch, payload.sequence, payload.prev]),
      [
        [key.channels[0], first.epoch, 1, firstPrev(key.channels[0] ?? '', first.epoch)],
        [key.channels[0], first.epoch, 2, heard[0]?.hash],
        [key.channels[0], first.epoch, 3, heard[1]?.hash],
      ],
    );
    const { channels } = await (await scene.ask('GET', '/api/push/channels', { as })).json();
    const chat = channels.find(({ name }: { name: string }) => name === 'app.chat');
    const place = { epoch: chat.epoch, sequence: chat.head };
    assert.deepEqual(
      heard.map(({ payload }) => ({ ...payload.data })),
      asked.map((text, index) => ({ answers: hashFrame(parseFrame(text)), ...(index > 0 && place) })),
    );
    listener.socket.terminate();
    other.listener.socket.terminate();
    assert.deepEqual(
      other.listener.texts.filter((text) => text.includes('session.')),
      [],
    );
  });

  test('of a viewer publishes nothing and is let go', async () => {
    const { listener, key } = await openMember(scene, scene.home.people.viewer.session);
    await listener.send(key, 'client.publish', { channel: 'app.chat', type: 'app.hello' });
    assert.equal(await listener.closed, 4403);
  });

  test('of somebody whose role is narrowed meanwhile goes on hearing what it may, and is let go when it publishes', async () => {
    const { admin, manager } = scene.home.people;
    const { listener, key } = await openMember(scene, await manager.logIn());
    const change = (role: string) =>
      scene.ask('PATCH', `/api/people/${manager.id}`, { as: admin.session, json: { role } });
    assert.equal((await change('viewer')).status, 200);
    try {
      await listener.send(key, 'client.subscribe', { channels: ['system'] });
      await listener.until(() => listener.texts.some((text) => text.includes('"channel":"system"')));
      await listener.send(key, 'client.publish', { channel: 'app.chat', type: 'app.hello' });
      assert.equal(await listener.closed, 4403);
    } finally {
      await change('manager');
    }
  });

  const refused: readonly [string, (member: Member) => Promise<string>][] = [
    ['garbage', async () => 'garbage'],
    [
      'a frame shown twice',
      async ({ listener, key }) => listener.send(key, 'client.acknowledge', { cursor: '0123456789abcdef:trust.1' }),
    ],
    [
      'a frame whose payload was changed',
      async ({ key }) => (await write(key, 'client.subscribe', { channels: ['trust'] })).replace('trust', 'watch'),
    ],
    [
      'a frame of an hour ago',
      async ({ key }) => write(key, 'client.subscribe', { channels: ['trust'] }, scene.now() - 3_600_000),
    ],
    [
      'a frame of an hour ahead',
      async ({ key }) => write(key, 'client.subscribe', { channels: ['trust'] }, scene.now() + 3_600_000),
    ],
    [
      'a frame of the key of somebody else',
      async () =>
        write((await openMember(scene, scene.home.people.admin.session)).key, 'client.subscribe', {
          channels: ['trust'],
        }),
    ],
  ];
  for (const [what, make] of refused) {
    test(`is let go for ${what}, in the same words`, async () => {
      const member = await openMember(scene, scene.home.people.manager.session);
      member.listener.socket.send(await make(member));
      assert.equal(await member.listener.closed, 4400);
    });
  }

  test('refused frames are counted exactly, and told together in the audit log', async () => {
    await scene.push.sampledAudit.flush();
    const rows = await listAudit(database, { action: 'push.frames_refused', limit: 100 });
    const reasons = rows.map(({ detail }) => JSON.parse(detail ?? '{}'));
    const countOf = (reason: string) =>
      reasons.filter((row) => row.reason === reason).reduce((sum, row) => sum + row.count, 0);
    assert.deepEqual(
      ['malformed', 'replayed', 'bad_signature', 'clock_skew', 'key_unknown'].map((reason) => [
        reason,
        countOf(reason),
      ]),
      [
        ['malformed', 1],
        ['replayed', 1],
        ['bad_signature', 1],
        ['clock_skew', 2],
        ['key_unknown', 1],
      ],
    );
  });

  test('that sends eleven frames at once waits a second for the last one, which is done all the same', async (t) => {
    const { listener, key } = await openMember(scene, await scene.home.people.manager.logIn());
    t.after(() => listener.socket.terminate());
    const before = await readFigure(figures, 'signpost_push_acknowledged_total');
    sendTogether(listener.socket, await writeMany(key, scene, 11));
    await waitUntil(
      'the eleventh frame to be done',
      async () => (await readFigure(figures, 'signpost_push_acknowledged_total')) === before + 11,
    );
    assert.equal(listener.socket.readyState, WebSocket.OPEN);
  });

  test('that sends many more than may wait is let go, and nothing is done beyond its ten', async () => {
    const { listener, key } = await openMember(scene, await scene.home.people.manager.logIn());
    const limited = 'signpost_push_limited_total{limit="client-frames"}';
    const before = await Promise.all(
      ['signpost_push_acknowledged_total', limited].map((name) => readFigure(figures, name)),
    );
    sendTogether(listener.socket, await writeMany(key, scene, 60));
    assert.equal(await listener.closed, 4429);
    assert.ok((await readFigure(figures, 'signpost_push_acknowledged_total')) - (before[0] ?? 0) <= 10);
    assert.ok((await readFigure(figures, limited)) > (before[1] ?? 0));
    await scene.push.sampledAudit.flush();
    const rows = (await listAudit(database, { action: 'push.limited', limit: 100 })).filter(
      ({ object_id }) => object_id === 'client-frames',
    );
    assert.equal(
      rows.reduce((sum, { detail }) => sum + JSON.parse(detail ?? '{}').count, 0),
      await readFigure(figures, limited),
    );
    assert.ok(rows.every(({ organisation_id }) => organisation_id === scene.home.id));
  });

  test('session keys above ten a minute are refused, counted and told in the audit log', async () => {
    const as = await scene.home.people.manager.logIn();
    const limited = 'signpost_push_limited_total{limit="session-keys"}';
    const statuses: number[] = [];
    for (let key = 0; key < 11; key++) statuses.push((await scene.ask('POST', '/api/push/keys', { as })).status);
    assert.deepEqual(statuses, [...Array(10).fill(201), 429]);
    assert.equal(await readFigure(figures, limited), 1);
    await scene.push.sampledAudit.flush();
    const rows = await listAudit(database, { action: 'push.limited', limit: 100 });
    assert.ok(rows.some(({ detail }) => detail === '{"count":1,"reason":"session-keys"}'));
  });

  test('on which something bad came does nothing of what came with it', async () => {
    const { listener, key } = await openMember(scene, await scene.home.people.manager.logIn());
    const before = await Promise.all(
      ['signpost_push_acknowledged_total', 'signpost_push_ended_total{reason="bad-input"}'].map((name) =>
        readFigure(figures, name),
      ),
    );
    sendTogether(listener.socket, ['garbage', ...(await writeMany(key, scene, 1))]);
    assert.equal(await listener.closed, 4400);
    assert.deepEqual(
      await Promise.all(
        ['signpost_push_acknowledged_total', 'signpost_push_ended_total{reason="bad-input"}'].map((name) =>
          readFigure(figures, name),
        ),
      ),
      [before[0], (before[1] ?? 0) + 1],
    );
  });

  test('ends at once with its session, and its key with it', async () => {
    const as = await scene.home.people.viewer.logIn();
    const { listener } = await openMember(scene, as);
    assert.equal((await scene.ask('DELETE', '/api/session', { as })).status, 204);
    assert.equal(await listener.closed, 4401);
    await waitUntil('the end of the key to be recorded', async () => {
      const rows = await listAudit(database, { action: 'push_session_key.ended', limit: 10 });
      return rows.some(({ detail }) => detail?.includes('revoked'));
    });
  });

  test('ends at once when its API key is revoked, and when a channel that it hears is removed', async () => {
    const { home, ask } = scene;
    const as = home.people.admin.session;
    const { id, credential } = await scene.openKey({ organisationId: home.id, verbs: ['read'] });
    const keyed = await openSocket(scene, 'channels=system', credential);
    assert.equal((await ask('DELETE', `/api/api-keys/${id}`, { as })).status, 204);
    assert.equal(await keyed.closed, 4401);
    assert.equal(
      (await ask('POST', '/api/push/channels', { as, json: { name: 'app.gone', visibility: 'public' } })).status,
      201,
    );
    const listener = await openSocket(scene, 'channels=app.gone,trust');
    assert.equal((await ask('DELETE', '/api/push/channels/app.gone', { as })).status, 204);
    assert.equal(await listener.closed, 4403);
  });

  test('is refused to pages of other origins, without the subprotocol, and for what is no handshake', async () => {
    const target = `${scene.url.replace('http', 'ws')}/api/push/ws?channels=trust`;
    const failures = await readFigure(figures, 'signpost_push_auth_failures_total');
    assert.equal(await statusOf(new WebSocket(target, 'signpost.frames.v1', { origin: 'https://evil.example' })), 403);
    assert.equal(await readFigure(figures, 'signpost_push_auth_failures_total'), failures + 1);
    assert.equal(await statusOf(new WebSocket(target)), 400);
    assert.equal(await statusOf(new WebSocket(target.replace('trust', 'system'), 'signpost.frames.v1')), 401);
    assert.equal((await fetch(`${scene.url}/api/push/ws?channels=trust`)).status, 400);
    const own = new WebSocket(target, 'signpost.frames.v1', { origin: scene.url });
    await once(own, 'open');
    own.terminate();
  });

  test('a request for another protocol, or elsewhere, is answered as any other', async () => {
    const { port } = new URL(scene.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    const [chunk] = await once(socket, 'data');
    assert.match(String(chunk), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  test('a handshake that names the place of WebSockets in its query alone is answered as any other request', async () => {
    const { port } = new URL(scene.url);
    const socket = connect(Number(port), '127.0.0.1');
    const lines = ['GET /api/push/stream?channels=trust&x=/api/push/ws HTTP/1.1', 'Host: a', 'Upgrade: websocket'];
    socket.write([...lines, 'Connection: Upgrade', '\r\n'].join('\r\n'));
    const [chunk] = await once(socket, 'data');
    assert.match(String(chunk), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

function tellRelease(scene: PushScene, version: string): Promise<void> {
  return scene.tell('release.activated', { project: 'lighthouse', version });
}

async function statusOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
    socket.on('error', () => undefined);
  });
}
