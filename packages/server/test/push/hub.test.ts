import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseFrame } from '@signpost/protocol/frames/frame';
import fc from 'fast-check';
import { waitUntil } from '../../../protocol/test/wait-until.ts';
import { createOrganisation } from '../../src/accounts/organisations.ts';
import { systemActor } from '../../src/audit/audit.ts';
import { Refusal } from '../../src/errors.ts';
import { Admission } from '../../src/push/hub/admission.ts';
import type { Listener } from '../../src/push/hub/audience.ts';
import { BackOff } from '../../src/push/hub/back-off.ts';
import { Hub } from '../../src/push/hub/hub.ts';
import { TokenBucket } from '../../src/push/hub/token-bucket.ts';
import type { EndReason, Wire } from '../../src/push/hub/wire.ts';
import { type Batch, Sequencer } from '../../src/push/log/sequencer.ts';
import { PushMetrics } from '../../src/push/metrics.ts';
import { openDatabase } from '../../src/storage/database/open.ts';
import type { Database } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrations/migrate.ts';
import { silentLog } from '../silent-log.ts';

/** What a client has seen, over all of its connections. */
class Client implements Wire {
  readonly framing = 'sse';
  waitingBytes = 0;
  listener: Listener | undefined;
  cursor: string | undefined;
  ended: EndReason | undefined;
  /** By channel: every sequence that came, again or not, and where holes were said. */
  readonly seen = new Map<string, number[]>();
  readonly holes = new Map<string, number>();
  /** A client that does not read: what is written stays. */
  isSlow = false;
  frames = 0;

  write(block: Buffer): void {
    if (this.isSlow) this.waitingBytes += block.length;
    for (const event of block.toString().split('\n\n')) {
      const data = /^data: (\{"kid.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      this.cursor = /^id: (.*)$/m.exec(event)?.[1] ?? this.cursor;
      const { channel, sequence, type } = parseFrame(data).payload;
      if (type === 'snapshot') this.holes.set(channel, sequence);
      if (type === 'heartbeat' || type === 'snapshot') continue;
      this.frames += 1;
      this.seen.set(channel, [...(this.seen.get(channel) ?? []), sequence]);
    }
  }

  end(reason: EndReason): void {
    this.ended = reason;
  }
}

const names = ['releases', 'trust'] as const;
let signatures = 0;
const signer = {
  kid: '0'.repeat(32),
  sign: () => {
    signatures += 1;
    return new Uint8Array(64);
  },
};

suite('the hub', () => {
  let database: Database;
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
    database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
    await migrate(database);
  });
  after(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function openHub(pace = { capacity: 10, perSecond: 0 }) {
    const slug = `o${randomBytes(6).toString('hex')}`;
    const organisation = await database.transaction((tx) =>
      createOrganisation(tx, { slug, name: slug, host: null }, { actor: systemActor, now: Date.now() }),
    );
    const limited: (readonly [string, string | null])[] = [];
    const hub = new Hub({
      ...{ database, now: Date.now, log: silentLog, metrics: new PushMetrics(), findSigner: async () => signer },
      refusals: { countLimited: (limit, organisationId) => void limited.push([limit, organisationId]) },
      keys: { listCertificates: async () => [], findCertificates: () => [] },
      settings: { pace, heartbeatMs: 100, lifeMs: 600_000, graceMs: 150 },
    });
    const sequencer = new Sequencer({
      ...{ database, now: Date.now, log: silentLog, findSigner: async () => signer, published: async () => undefined },
      deliver: (batch) => hub.deliver(batch),
    });
    sequencer.start();
    const emit = (channel: string, count = 1) =>
      Promise.all(
        Array.from({ length: count }, () => {
          const draft = { channel, type: channel === 'trust' ? 'key.revoked' : 'release.withdrawn', since: Date.now() };
          const data = channel === 'trust' ? { key_id: 'a'.repeat(64) } : { project: 'lighthouse', version: '1.0.0' };
          return sequencer.publish({ organisationId: organisation.id, draft: { ...draft, data } });
        }),
      );
    const join = async (client: Client, channels: readonly string[] = names) => {
      const reader = { principal: undefined, address: 'a' };
      const asked = { organisationId: organisation.id, names: channels, since: client.cursor, reader };
      const start = await hub.prepare(asked);
      client.ended = undefined;
      client.waitingBytes = 0;
      client.listener = start(client);
    };
    const close = async () => {
      await hub.close(0);
      await sequencer.stop();
    };
    return { hub, sequencer, emit, join, close, limited, organisationId: organisation.id };
  }

  type Act =
    | { readonly kind: 'emit'; readonly channel: string; readonly count: number }
    | { readonly kind: 'slow' | 'fast' | 'leave' | 'resume'; readonly client: number }
    | { readonly kind: 'pause' };
  const clientAct = (kind: 'slow' | 'fast' | 'leave' | 'resume') =>
    fc.record({ kind: fc.constant(kind), client: fc.nat(2) });
  const act: fc.Arbitrary<Act> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('emit' as const),
        channel: fc.constantFrom(...names),
        count: fc.oneof(fc.integer({ min: 1, max: 15 }), fc.constant(130)),
      }),
    },
    { weight: 1, arbitrary: clientAct('slow') },
    { weight: 1, arbitrary: clientAct('fast') },
    { weight: 1, arbitrary: clientAct('leave') },
    { weight: 2, arbitrary: clientAct('resume') },
    { weight: 1, arbitrary: fc.constant({ kind: 'pause' as const }) },
  );

  test('whatever its listeners do, each one that comes back has every frame, in order, without a hole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
        const { emit, join, close } = await openHub();
        const clients = [new Client(), new Client(), new Client()];
        const sent = new Map<string, number>(names.map((name) => [name, 0]));
        for (const client of clients) await join(client);
        for (const step of acts) {
          if (step.kind === 'emit') {
            await emit(step.channel, step.count);
            sent.set(step.channel, (sent.get(step.channel) ?? 0) + step.count);
          } else if (step.kind === 'pause') await sleep(5);
          else await perform(step.kind, clients[step.client] ?? new Client(), join);
        }
        for (const client of clients) {
          await perform('fast', client, join);
          await perform('resume', client, join);
        }
        await waitUntil('the hub to settle', () => clients.every((client) => isComplete(client, sent)));
        for (const client of clients) {
          for (const [name, sequences] of client.seen) {
            const distinct = [...new Set(sequences)];
            assert.deepEqual(
              distinct,
              Array.from({ length: sent.get(name) ?? 0 }, (_, index) => index + 1),
              name,
            );
          }
          assert.equal(client.holes.size, 0);
        }
        await close();
      }),
      { numRuns: 12 },
    );
  });

  test('a listener that does not read is taken off, holds up nobody, and is let go with a reason', async () => {
    const { hub, emit, join, close, limited, organisationId } = await openHub();
    const [slow, quick] = [new Client(), new Client()];
    await join(slow);
    await join(quick);
    slow.isSlow = true;
    slow.waitingBytes = 70_000;
    await emit('releases', 300);
    await waitUntil('the hub to settle', () => quick.frames === 300);
    await waitUntil('the hub to settle', () => slow.ended === 'slow');
    assert.deepEqual(limited, [['slow', organisationId]]);
    assert.equal(slow.frames, 0);
    assert.equal([...hub.listenersOf()].length, 1);
    await close();
    assert.equal(quick.ended, 'drain');
    await assert.rejects(join(new Client()), (error) => error instanceof Refusal && error.rule === 'stopping');
  });

  test('those who come back together share two heartbeats: one on arrival, and a newer one behind what they missed', async () => {
    const { hub, emit, join, close, organisationId } = await openHub();
    await emit('releases', 5);
    const { epoch } = await hub.feedOf(organisationId);
    signatures = 0;
    const clients = Array.from({ length: 40 }, () => new Client());
    for (const client of clients) {
      client.cursor = `${epoch}:releases.0,trust.0`;
      await join(client);
      await waitUntil('the hub to settle', () => client.listener?.state === 'live');
      assert.equal(client.frames, 5);
    }
    // Two channels; heartbeats are due meanwhile, and what is older than a second is sent to nobody.
    assert.ok(signatures < clients.length, `${signatures} signatures`);
    await close();
  });

  test('a frame that comes alone is on its way before whoever published it is answered', async () => {
    const { emit, join, close } = await openHub();
    const client = new Client();
    await join(client);
    await waitUntil('the hub to settle', () => client.listener?.state === 'live');
    const answered = emit('releases').then(() => client.frames);
    assert.equal(await answered, 1);
    await close();
  });

  test('what was committed goes out before the next commit', async () => {
    const { close, organisationId } = await openHub();
    const seen: string[] = [];
    const deliver = ({ frames }: Batch) => {
      seen.push(...frames.map(({ sequence }) => `${sequence} durable`));
      // As the hub's ticks do.
      setImmediate(() => seen.push(...frames.map(({ sequence }) => `${sequence} out`)));
    };
    const sequencer = new Sequencer({
      database,
      now: Date.now,
      log: silentLog,
      findSigner: async () => signer,
      published: async () => undefined,
      deliver,
    });
    sequencer.start();
    const data = { project: 'lighthouse', version: '1.0.0' };
    const draft = { channel: 'releases', type: 'release.withdrawn', since: 0, data };
    await sequencer.publish({ organisationId, draft });
    await Promise.all([sequencer.publish({ organisationId, draft }), sequencer.publish({ organisationId, draft })]);
    await sequencer.publish({ organisationId, draft });
    await waitUntil('the hub to settle', () => seen.length === 8);
    assert.deepEqual(
      seen.map((text) => text.split(' ')[1]),
      ['durable', 'out', 'durable', 'durable', 'out', 'out', 'durable', 'out'],
    );
    await sequencer.stop();
    await close();
  });

  test('a pace delays frames to the next heartbeat at most, drops none, and word of keys goes at once', async () => {
    const { emit, join, close } = await openHub({ capacity: 10, perSecond: 1 });
    const client = new Client();
    await join(client);
    await emit('releases', 10);
    await waitUntil('the hub to settle', () => client.frames === 10);
    await emit('releases', 30);
    await emit('trust', 1);
    await waitUntil('the hub to settle', () => client.frames === 41);
    assert.deepEqual(
      client.seen.get('releases'),
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    await close();
  });

  test('ends whoever was let in before a channel became private, or was removed, and comes in after it', async () => {
    for (const change of [{ visibility: 'private' as const }, { removed: true }]) {
      const { hub, emit, close, organisationId } = await openHub();
      await emit('releases');
      const reader = { principal: undefined, address: 'a' };
      const asked = { organisationId, names: ['releases'], reader };
      const feed = await hub.feedOf(organisationId);
      const start = await hub.prepare({ ...asked, since: `${feed.epoch}:releases.0` });
      const moving = new Client();
      const other = (await hub.prepare({ ...asked, names: ['trust'], since: undefined }))(moving);
      const moved = hub.move(other, { organisationId, names: ['releases', 'trust'], since: undefined });
      hub.place(organisationId, { ...headOf(hub, organisationId, 'releases'), ...change });
      const client = new Client();
      start(client);
      await moved;
      assert.deepEqual([client.ended, moving.ended], ['forbidden', 'forbidden']);
      await emit('releases');
      assert.deepEqual([client.frames, moving.frames], [0, 0]);
      await close();
    }
  });
});

test('a token bucket never grants more than its capacity and what time adds', () => {
  const size = fc.record({
    capacity: fc.integer({ min: 1, max: 50 }),
    perSecond: fc.double({ min: 0.1, max: 100, noNaN: true }),
  });
  const steps = fc.array(
    fc.record({ ms: fc.integer({ min: -1000, max: 5000 }), wanted: fc.integer({ min: 0, max: 60 }) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(size, steps, (bucketSize, schedule) => {
      const bucket = new TokenBucket(bucketSize, 0);
      let [now, latest, granted] = [0, 0, 0];
      for (const { ms, wanted } of schedule) {
        now += ms;
        latest = Math.max(latest, now);
        const got = bucket.take(wanted, bucketSize, now);
        assert.ok(got >= 0 && got <= wanted);
        granted += got;
        assert.ok(granted <= bucketSize.capacity + (latest / 1000) * bucketSize.perSecond + 1e-6);
      }
    }),
  );
});

test('a bucket of one a second gives one a second', () => {
  const size = { capacity: 10, perSecond: 1 };
  const bucket = new TokenBucket(size, 0);
  let granted = 0;
  for (let now = 0; now <= 60_000; now += 500) granted += bucket.take(100, size, now);
  assert.equal(granted, 70);
});

test('connections are limited in total, by address and by principal, and those that leave make room', () => {
  const refused: string[] = [];
  const limits = { total: 4, perAddress: 3, perPrincipal: 2, newPerSecond: 100 };
  const admission = new Admission(limits, (limit) => refused.push(limit));
  const of = (address: string, id?: string) => ({
    address,
    principal: id === undefined ? undefined : { kind: 'session' as const, id },
  });
  const leave = [admission.enter(of('a', 's'), 'sse'), admission.enter(of('b', 's'), 'ws')];
  assert.throws(() => admission.enter(of('c', 's'), 'sse'), { code: 'rate_limited', rule: 'push-limit-principal' });
  admission.enter(of('a'), 'sse');
  admission.enter(of('a'), 'poll');
  assert.throws(() => admission.enter(of('d'), 'sse'), { code: 'unavailable', rule: 'push-limit-total' });
  for (const out of [...leave, ...leave]) out();
  admission.enter(of('a', 's'), 'sse');
  assert.throws(() => admission.enter(of('a'), 'sse'), { code: 'rate_limited', rule: 'push-limit-address' });
  assert.deepEqual(admission.counts, { sse: 2, ws: 0, poll: 1 });
  assert.deepEqual(refused, ['principal', 'total', 'address']);
});

test('whoever is turned away again and again is told to stay away for twice as long each time, up to a minute', () => {
  const limits = { total: 0, perAddress: 1, perPrincipal: 0, newPerSecond: 0 };
  const admission = new Admission(limits, () => undefined);
  const reader = { address: 'a', principal: undefined };
  const refusedFor = () => {
    try {
      admission.enter(reader, 'sse');
    } catch (error) {
      return error instanceof Refusal ? error.retryAfterSeconds : assert.fail('expected a refusal');
    }
    return undefined;
  };
  const leave = admission.enter(reader, 'sse');
  const waits = Array.from({ length: 9 }, refusedFor);
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
  leave();
  const leaveAgain = admission.enter(reader, 'sse');
  assert.equal(refusedFor(), 1);
  leaveAgain();
});

test('whoever stays away for longer than they were told begins anew, and few are remembered', () => {
  const backOff = new BackOff();
  assert.deepEqual([backOff.next('a', 0), backOff.next('a', 2000), backOff.next('a', 2000)], [1, 2, 4]);
  assert.equal(backOff.next('a', 10_001), 1);
  for (let other = 0; other < 10_000; other++) backOff.next(`b${other}`, 10_002);
  assert.equal(backOff.next('a', 10_003), 1);
});

function headOf(hub: Hub, organisationId: string, name: string) {
  const { head = 0, headHash = '', oldest = 1 } = hub.findFeed(organisationId)?.channels.get(name) ?? {};
  return { name, head, headHash, oldest, removed: false, visibility: 'public' as const };
}

async function perform(
  kind: 'slow' | 'fast' | 'leave' | 'resume',
  client: Client,
  join: (client: Client) => Promise<void>,
): Promise<void> {
  if (kind === 'slow') client.isSlow = true;
  else if (kind === 'fast') [client.isSlow, client.waitingBytes] = [false, 0];
  else if (kind === 'leave') {
    client.listener?.leave();
    client.ended = 'rotation';
  } else if (client.ended !== undefined) await join(client);
}

function isComplete(client: Client, sent: ReadonlyMap<string, number>): boolean {
  return [...sent].every(([name, count]) => new Set(client.seen.get(name)).size === count);
}
