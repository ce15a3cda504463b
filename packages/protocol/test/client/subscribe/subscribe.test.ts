import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { Gap } from '@signpost/protocol/client/subscribe/channel-log';
import { type TransportName, transportNames } from '@signpost/protocol/client/subscribe/connection';
import { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
import type { ConnectionEvent, SubscribeOptions, Subscription } from '@signpost/protocol/client/subscribe/subscription';
import { parseFrame } from '@signpost/protocol/frames/frame';
import { openSessionKey } from '@signpost/protocol/frames/session-key';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { describeKey, pushKey, pushKeyEntry, rootA, signTrust, strangerKey } from '../../documents.ts';
import { createPayload, epoch, sessionSecret } from '../../frames/documents.ts';
import { refuses } from '../../refuses.ts';
import { MemoryStore } from '../world.ts';
import { createLiveKey, heartbeatMs, PushServer, release } from './push-server.ts';

/** A listener that remembers what it was told, and can be waited for. */
class Ear {
  readonly sequences: number[] = [];
  readonly gaps: Gap[] = [];
  readonly events: string[] = [];
  readonly subscription: Subscription;
  #wake: () => void = () => undefined;

  constructor(server: PushServer, changes: Partial<SubscribeOptions> = {}) {
    const note = (event: string) => {
      this.events.push(event);
      this.#wake();
    };
    this.subscription = subscribe({
      base: server.base,
      roots: [rootA.pubkeyB64],
      store: new MemoryStore(),
      fetch,
      now: Date.now,
      channels: [server.channel],
      heartbeatMs,
      random: () => 0.02,
      onGap: (gap) => {
        this.gaps.push(gap);
      },
      onState: (_channel, state) => note(state),
      onRefused: (reason) => note(`refused ${reason}`),
      onConnection: (event: ConnectionEvent) => note(`${event.kind} ${event.transport}`),
      ...changes,
      onFrame: async (frame) => {
        await changes.onFrame?.(frame);
        this.sequences.push(frame.payload.sequence);
        this.#wake();
      },
    });
  }

  /** Resolves when `isDone` holds; a subscription that ends first fails the test. */
  async until(isDone: () => boolean): Promise<void> {
    const failed = this.subscription.ended.then(() => {
      throw new Error(`the subscription ended: ${this.events.join(', ')}`);
    });
    while (!isDone()) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, failed]);
    }
    failed.catch(() => undefined);
  }

  untilEvent(event: string, times = 1): Promise<void> {
    return this.until(() => this.events.filter((noted) => noted === event).length >= times);
  }

  untilFrames(count: number): Promise<void> {
    return this.until(() => this.sequences.length >= count);
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

for (const transport of transportNames) {
  test(`frames come over ${transport}, in order, each once, also over the end of connections`, async () => {
    await using server = await PushServer.start();
    const ear = new Ear(server, { transports: [transport] });
    await ear.untilEvent('live');
    await server.publish(5);
    await ear.untilFrames(5);
    server.drain();
    await server.publish(5);
    await ear.untilFrames(10);
    await ear.subscription.close();
    assert.deepEqual(ear.sequences, upTo(10));
    assert.deepEqual(ear.gaps, []);
    assert.equal(ear.subscription.cursor, `${epoch}:releases.10`);
  });
}

test('a stream that something buffers is left for the next way', async () => {
  await using server = await PushServer.start();
  server.buffers = true;
  const ways: readonly TransportName[] = ['event-stream', 'long-poll'];
  const ear = new Ear(server, { transports: ways });
  await ear.untilEvent('open long-poll');
  await ear.untilEvent('live');
  await server.publish(2);
  await ear.untilFrames(2);
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, [1, 2]);
});

test('where neither streams nor WebSockets come through, polls do', async () => {
  const beatMs = 400;
  await using server = await PushServer.start('releases', beatMs);
  server.buffers = true;
  server.upgrades = false;
  const ear = new Ear(server, { heartbeatMs: beatMs });
  await ear.untilEvent('live');
  await server.publish(2);
  await ear.untilFrames(2);
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, [1, 2]);
  // Polls more than once, where a busy machine lets it believe that nothing comes any more.
  assert.deepEqual(
    [...new Set(ear.events.filter((event) => event.startsWith('open')))],
    ['open event-stream', 'open long-poll'],
  );
});

test('frames that a stream leaves out are asked for, and come in their place', async () => {
  await using server = await PushServer.start();
  const ear = new Ear(server, { transports: ['event-stream'] });
  await ear.untilEvent('live');
  for (const sequence of [2, 3, 6]) server.dropped.add(sequence);
  await server.publish(6);
  await ear.untilFrames(6);
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, upTo(6));
  assert.ok(server.requests.some((request) => request.startsWith('GET /api/push/frames')));
});

test('a hub that keeps frames back is found out', async () => {
  await using server = await PushServer.start();
  const ear = new Ear(server, { transports: ['event-stream'] });
  await ear.untilEvent('live');
  server.refusals.set('/api/push/frames', { status: 500 });
  server.dropped.add(1);
  await server.publish(1);
  await ear.untilEvent('withheld');
  server.refusals.clear();
  await ear.untilFrames(1);
  await ear.untilEvent('live', 2);
  await ear.subscription.close();
});

test('who stored how far it has read goes on from there, and is told nothing twice', async () => {
  await using server = await PushServer.start();
  const positions = new MemoryStore();
  const first = new Ear(server, { positions });
  await first.untilEvent('live');
  await server.publish(3);
  await first.untilFrames(3);
  await first.subscription.close();
  await server.publish(3);
  const second = new Ear(server, { positions });
  await second.untilFrames(3);
  await second.subscription.close();
  assert.deepEqual(
    [first.sequences, second.sequences],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
});

test('a cursor from elsewhere is where it begins', async () => {
  await using server = await PushServer.start();
  await server.publish(4);
  const ear = new Ear(server, { since: `${epoch}:releases.2` });
  await ear.untilFrames(2);
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, [3, 4]);
});

test('a listener that throws ends the subscription, and gets its frame again', async () => {
  await using server = await PushServer.start();
  const positions = new MemoryStore();
  const failure = new TypeError('the disk is full');
  const ear = new Ear(server, {
    positions,
    onFrame: ({ payload }) => {
      if (payload.sequence === 2) throw failure;
    },
  });
  await ear.untilEvent('live');
  await server.publish(3);
  await assert.rejects(ear.subscription.ended, failure);
  const again = new Ear(server, { positions });
  await again.untilFrames(2);
  await again.subscription.close();
  assert.deepEqual([ear.sequences, again.sequences], [[1], [2, 3]]);
});

test('a key that comes with the stream is used at once, and the one before it counts on', async () => {
  await using server = await PushServer.start();
  const ear = new Ear(server, { transports: ['event-stream'] });
  await ear.untilEvent('live');
  const next = await createLiveKey('next');
  const before = server.key;
  server.certificates = [...server.certificates, next.certificate];
  await server.publish(1);
  server.key = next;
  await server.publish(1);
  await server.publish(1, release, before);
  await ear.untilFrames(3);
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, [1, 2, 3]);
});

test('frames of unknown keys cost one request for keys, and no good key', async () => {
  await using server = await PushServer.start();
  const ear = new Ear(server, { transports: ['event-stream'] });
  await ear.untilEvent('live');
  const thief = { kid: 'ab'.repeat(16), sign: server.key.sign };
  await server.publish(5, release, thief);
  await ear.untilEvent('refused key_unknown', 5);
  const asked = server.requests.filter((request) => request === 'GET /api/push/keys');
  assert.equal(asked.length, 1);
  // The heartbeats that vouch for what the thief wrote are signed by a key that still counts.
  await ear.untilFrames(5);
  await ear.subscription.close();
});

test('when the trust list changes it is fetched, and a push key that it revokes counts no more', async () => {
  await using server = await PushServer.start('trust');
  const ear = new Ear(server, { transports: ['event-stream'] });
  await ear.untilEvent('live');
  const revocation = { ...describeKey(pushKey), reason: 'stolen', revoked_at: '2027-01-02T00:00:00Z' };
  server.trust = await signTrust({ trust_version: 4, push_keys: [pushKeyEntry(pushKey)], revoked_keys: [revocation] });
  await server.publish(1, { type: 'trust.updated', data: { trust_version: 4, sha256: 'ab'.repeat(32) } });
  await ear.untilFrames(1);
  await server.publish(1, { type: 'key.revoked', data: { key_id: pushKey.keyId } });
  await ear.untilEvent('refused key_unknown');
  await ear.untilEvent('stale');
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, [1]);
});

test('without a trust list nothing is heard, and it is asked for again', async () => {
  await using server = await PushServer.start();
  const { trust } = server;
  server.trust = await signTrust({ push_keys: [pushKeyEntry(pushKey)] }, [strangerKey]);
  const ear = new Ear(server);
  await ear.untilEvent('end event-stream', 2);
  assert.deepEqual(ear.sequences, []);
  server.trust = trust;
  await ear.untilEvent('live');
  await ear.subscription.close();
});

for (const status of [400, 401, 403, 404]) {
  test(`status ${status} ends a subscription`, async () => {
    await using server = await PushServer.start();
    server.refusals.set('/api/push/stream', { status });
    const ear = new Ear(server);
    await assert.rejects(ear.subscription.ended, refuses('fetch_failed', new RegExp(`got ${status}`)));
  });
}

for (const [closeCode, isFinal] of [
  [4401, true],
  [4403, true],
  [4408, false],
  [3001, false],
] as const) {
  test(`close code ${closeCode} ${isFinal ? 'ends a subscription' : 'is followed by the next connection'}`, async () => {
    await using server = await PushServer.start();
    server.closeCode = closeCode;
    const ear = new Ear(server, { transports: ['web-socket'] });
    await ear.untilEvent('live');
    server.drain();
    if (isFinal) await assert.rejects(ear.subscription.ended, refuses('fetch_failed', new RegExp(String(closeCode))));
    else await ear.untilEvent('open web-socket', 2);
    await ear.subscription.close();
  });
}

test('a server that failed is given a pause', async () => {
  await using server = await PushServer.start();
  server.closeCode = 1011;
  const ended = Promise.withResolvers<number>();
  const ear = new Ear(server, {
    transports: ['web-socket'],
    onConnection: (event) => {
      if (event.kind === 'end') ended.resolve(event.nextInMs);
    },
  });
  await ear.untilEvent('live');
  server.drain();
  assert.ok((await ended.promise) >= 5000);
  await ear.subscription.close();
});

test('a server that asks for a pause is given it', async () => {
  await using server = await PushServer.start();
  server.refusals.set('/api/push/stream', { status: 503, retryAfter: '1' });
  const waits: number[] = [];
  const ear = new Ear(server, {
    onConnection: (event) => {
      if (event.kind === 'end') waits.push(event.nextInMs);
      server.refusals.clear();
    },
  });
  await ear.untilEvent('live');
  await ear.subscription.close();
  assert.ok((waits[0] ?? 0) >= 1000, String(waits));
});

test('a session key is fetched once, and a frame that it signed and that answers nothing is refused', async () => {
  await using server = await PushServer.start('session.1');
  const fields = { kid: `s_${'a'.repeat(32)}`, channels: ['session.1'] };
  const secret = sessionSecret('a');
  const expiresAt = new Date(Date.now() + 600_000).toISOString();
  server.sessionKey = { ...fields, secret: encodeBase64(secret), algorithm: 'sha256', expiresAt };
  const key = await openSessionKey({ ...fields, secret, notBefore: 0, notAfter: Date.now() + 600_000 });
  const ear = new Ear(server, { session: true, transports: ['event-stream'] });
  await ear.untilEvent('live');
  await server.publish(1, { type: 'client.acknowledge', data: { cursor: `${epoch}:trust.1` } }, key);
  await ear.untilEvent('refused payload_invalid');
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, []);
  assert.equal(server.requests.filter((request) => request === 'POST /api/push/keys').length, 1);
});

test('a listener whose clock is six seconds ahead is told that no heartbeat counts', async () => {
  await using server = await PushServer.start();
  const ear = new Ear(server, { now: () => Date.now() + 6000 });
  await ear.untilEvent('refused clock_skew');
  await ear.subscription.close();
});

test('frames of other channels, and what is none, are refused and disturb nothing', async () => {
  await using server = await PushServer.start();
  const ear = new Ear(server, { transports: ['event-stream'] });
  await ear.untilEvent('live');
  const other = await writeFrame(server.key, createPayload({ channel: 'trust', type: 'heartbeat', data: undefined }), {
    ts: Date.now(),
  });
  const [first = ''] = await server.publish(1);
  assert.equal(parseFrame(other.text).payload.channel, 'trust');
  server.inject(other.text);
  server.inject('{"not":"a frame"}');
  server.inject(first);
  await ear.untilEvent('refused wrong_channel');
  await ear.untilEvent('refused malformed');
  await ear.untilEvent('refused duplicate');
  await server.publish(1);
  await ear.untilFrames(2);
  await ear.subscription.close();
  assert.deepEqual(ear.sequences, [1, 2]);
});

test('options that cannot work are a mistake of the programmer', async () => {
  const options = {
    base: 'http://localhost',
    roots: [rootA.pubkeyB64],
    store: new MemoryStore(),
    fetch,
    now: Date.now,
  };
  const listener = { onFrame: () => undefined, onGap: () => undefined };
  for (const wrong of [
    { channels: [] },
    { channels: ['Trust'] },
    { channels: upTo(17).map((index) => `app.${index}`) },
    { channels: ['trust'], transports: [] },
    { channels: ['trust'], heartbeatMs: 0 },
  ]) {
    assert.throws(() => subscribe({ ...options, ...listener, ...wrong }), TypeError);
  }
});
