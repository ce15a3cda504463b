import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { listAudit } from '../../src/audit/store.ts';
import { PushMetrics } from '../../src/push/metrics.ts';
import { openPushScene, type PushScene } from './scene.ts';
import { networkOf, openMember, openSocket, readFigure } from './sockets.ts';

/** A message of RFC 6455, 5.2, as a client masks it; `first` is its first octet. */
function encodeMessage(first: number, payload: Uint8Array): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  const masked = payload.map((octet, index) => octet ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([first, 128 | (length[0] ?? 0), ...length.slice(1)]), mask, masked]);
}

const finalText = 0x81;
/** RSV1: the message is compressed (RFC 7692, 6). */
const compressedText = 0xc1;
const zeros = Buffer.alloc(1_048_576);

suite('what no client sends', () => {
  let scene: PushScene;
  const figures = new Registry();
  before(async () => {
    scene = await openPushScene();
    scene.push.register(figures);
  });
  after(() => scene.close());

  const refusedMessages: readonly (readonly [string, string, number, Buffer])[] = [
    ['a frame above 2,048 bytes', 'oversize', 1009, encodeMessage(finalText, Buffer.alloc(3000, 'x'))],
    ['bytes instead of text', 'binary', 4400, encodeMessage(0x82, Buffer.from('{}'))],
    ['text that is no UTF-8', 'protocol', 1007, encodeMessage(finalText, Buffer.from([0xff, 0xfe]))],
    ['a message of an unknown kind', 'protocol', 1002, encodeMessage(0x83, Buffer.from('{}'))],
    [
      'a megabyte of zeros in a compressed message',
      'protocol',
      1002,
      encodeMessage(compressedText, deflateRawSync(zeros)),
    ],
  ];
  for (const [what, reason, code, message] of refusedMessages) {
    test(`${what} ends a WebSocket, counted in the figures and in the audit log`, async () => {
      const refused = `signpost_push_refused_frames_total{reason="${reason}"}`;
      const ended = 'signpost_push_ended_total{reason="bad-input"}';
      const before = [await readFigure(figures, refused), await readFigure(figures, ended), await countRows(reason)];
      const { listener } = await openMember(scene, await scene.home.people.manager.logIn());
      networkOf(listener.socket).write(message);
      assert.equal(await listener.closed, code);
      assert.deepEqual(
        [await readFigure(figures, refused), await readFigure(figures, ended), await countRows(reason)],
        before.map((count) => count + 1),
      );
    });
  }

  test('whatever a stranger sends ends their WebSocket, counted once', async () => {
    const { socket, closed } = await openSocket(scene, 'channels=trust');
    socket.send('{}');
    socket.send('{}');
    assert.equal(await closed, 4400);
    assert.equal(await readFigure(figures, 'signpost_push_refused_frames_total{reason="anonymous"}'), 1);
  });

  test('a compressed body is refused as it came, and never unpacked', async () => {
    const { session } = scene.home.people.manager;
    const body = gzipSync(Buffer.from(`{"name":"app.bomb","visibility":"public","x":"${'0'.repeat(1_048_576)}"}`));
    const answer = await fetch(`${scene.url}/api/push/channels`, {
      method: 'POST',
      headers: { ...session, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    });
    assert.equal(answer.status, 400);
    const { channels } = await (await scene.ask('GET', '/api/push/channels', { as: session })).json();
    assert.ok(channels.every(({ name }: { name: string }) => name !== 'app.bomb'));
  });

  test('a request for a session key that is refused before it reaches the plane counts for the alert by its route', async () => {
    assert.equal((await scene.ask('POST', '/api/push/keys')).status, 401);
    const counted = 'signpost_http_requests_total{route="POST /api/push/keys",status="401"}';
    assert.equal(await readFigure(scene.app.metrics.registry, counted), 1);
  });

  async function countRows(reason: string): Promise<number> {
    await scene.push.sampledAudit.flush();
    const rows = await listAudit(scene.database, { action: 'push.frames_refused', limit: 100 });
    return rows
      .filter(({ object_id }) => object_id === reason)
      .reduce((sum, { detail }) => sum + JSON.parse(detail ?? '{}').count, 0);
  }
});

test('a session key that could not be had is counted, whatever the reason', async () => {
  const [metrics, figures] = [new PushMetrics(), new Registry()];
  metrics.register(figures, {
    ...{ countListeners: () => 0, countCatchingUp: () => 0, measureBuffers: () => 0 },
    ...{ countWaitingEvents: () => 0, measureLagSeconds: () => 0 },
  });
  assert.equal(await metrics.countKey(async () => 'key'), 'key');
  const failed = metrics.countKey(async () => {
    throw new Error('the database is away');
  });
  await assert.rejects(failed, /away/);
  assert.equal(await readFigure(figures, 'signpost_push_keys_total{result="issued"}'), 1);
  assert.equal(await readFigure(figures, 'signpost_push_keys_total{result="refused"}'), 1);
});
