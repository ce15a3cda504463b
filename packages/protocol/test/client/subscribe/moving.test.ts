import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import type { SubscribeOptions } from '@signpost/protocol/client/subscribe/subscription';
import { firstPrev, parseFrame } from '@signpost/protocol/frames/frame';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { rootA } from '../../documents.ts';
import { createPayload, epoch, sessionSecret } from '../../frames/documents.ts';
import { waitUntil } from '../../wait-until.ts';
import { MemoryStore } from '../world.ts';
import { PushServer } from './push-server.ts';
import { TestSocket } from './test-socket.ts';

/** A server that gives session keys, and the options of somebody who uses one. */
async function openScene(beatMs: number) {
  const server = await PushServer.start('releases', beatMs);
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  const [kid, secret] = [`s_${'a'.repeat(32)}`, encodeBase64(sessionSecret('a'))];
  server.sessionKey = { kid, channels: ['session.1'], secret, algorithm: 'sha256', expiresAt };
  TestSocket.opened = [];
  const options: Omit<SubscribeOptions, 'onFrame' | 'onGap'> = {
    ...{ base: server.base, roots: [rootA.pubkeyB64], store: new MemoryStore(), fetch, now: Date.now },
    ...{ channels: ['releases'], heartbeatMs: beatMs, random: () => 0.02, session: true, transports: ['web-socket'] },
    webSocket: TestSocket as unknown as typeof WebSocket,
  };
  return { server, options };
}

test('what is sent above the pace waits for its turn, since the server would let the connection go', async (t) => {
  const { server, options } = await openScene(60_000);
  t.after(() => server.close());
  const opened = Promise.withResolvers<void>();
  const listener = { onFrame: () => undefined, onGap: () => undefined, onConnection: () => opened.resolve() };
  const subscription = subscribe({ ...options, ...listener });
  t.after(() => subscription.close());
  await opened.promise;
  const begun = performance.now();
  const data = { cursor: `${epoch}:releases.0` };
  await Promise.all(Array.from({ length: 9 }, () => subscription.send('client.acknowledge', data)));
  assert.equal(TestSocket.opened[0]?.sent.length, 9);
  // Eight at once, and the ninth after 1.1 s.
  assert.ok(performance.now() - begun >= 1000);
});

test('a subscription moves to other channels by signed frames, and keeps to them when it connects again', async (t) => {
  const { server, options } = await openScene(60_000);
  t.after(() => server.close());
  const heard: string[] = [];
  const refused: string[] = [];
  const subscription = subscribe({
    ...options,
    onFrame: ({ payload }) => void heard.push(`${payload.channel} ${payload.sequence}`),
    onGap: () => undefined,
    onRefused: (reason) => void refused.push(reason),
  });
  t.after(() => subscription.close());
  const tell = async (channel: string, sequence: number, prev: string, type = 'release.activated') => {
    const data = { project: 'demo', version: '1.0.0' };
    const stated = { channel, sequence, prev, type, data: type === 'heartbeat' ? undefined : data };
    const { text, hash } = await writeFrame(server.key, createPayload(stated), { ts: Date.now() });
    TestSocket.opened.at(-1)?.hear(`[${text}]`);
    return hash;
  };
  await waitUntil('what the subscription was told', () => TestSocket.opened.length === 1);
  const [first] = TestSocket.opened;
  first?.hear(`{"channel_keys":[${server.certificates.join(',')}]}`);
  await tell('releases', 0, firstPrev('releases', epoch), 'heartbeat');
  await waitUntil('what the subscription was told', () => subscription.cursor === `${epoch}:releases.0`);
  const said = () => (first?.sent ?? []).map((text) => parseFrame(text).payload);

  await subscription.send('client.subscribe', { channels: ['catalogue'] });
  assert.deepEqual({ ...said()[0]?.data }, { channels: ['catalogue'] });
  await tell('catalogue', 0, firstPrev('catalogue', epoch), 'heartbeat');
  await waitUntil('what the subscription was told', () => subscription.cursor === `${epoch}:catalogue.0,releases.0`);

  await subscription.send('client.unsubscribe', { channels: ['releases'] });
  await tell('releases', 1, firstPrev('releases', epoch));
  await waitUntil('what the subscription was told', () => refused.includes('wrong_channel'));
  assert.deepEqual(heard, []);
  await assert.rejects(subscription.send('client.unsubscribe', { channels: ['catalogue'] }), TypeError);
  const many = Array.from({ length: 16 }, (_, index) => `app.a${index}`);
  await assert.rejects(subscription.send('client.subscribe', { channels: many }), TypeError);
  assert.equal(first?.sent.length, 2);

  await subscription.send('client.subscribe', { channels: ['releases'] });
  assert.equal(said()[2]?.data?.since, `${epoch}:releases.0`);
  await tell('releases', 1, firstPrev('releases', epoch));
  await waitUntil('what the subscription was told', () => heard.length === 1);

  first?.close();
  await waitUntil('what the subscription was told', () => TestSocket.opened.length === 2);
  const { searchParams } = new URL(TestSocket.opened[1]?.url ?? '');
  assert.equal(searchParams.get('channels'), 'catalogue,releases');
  assert.equal(searchParams.get('since'), `${epoch}:catalogue.0,releases.1`);
});
