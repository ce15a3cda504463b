import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { createMemoryBus } from '../../src/storage/bus/memory.ts';
import type { Bus } from '../../src/storage/bus.ts';
import type { Database } from '../../src/storage/database.ts';
import { createId } from '../../src/storage/ids.ts';
import { type Relay, recordEvent, startRelay } from '../../src/storage/outbox.ts';
import { forEachEngine } from './engines.ts';

const log = pino({ level: 'silent' });
const start = 1_800_000_000_000;
const dayMs = 24 * 3600 * 1000;

forEachEngine((_name, open) => {
  test('an event of a committed transaction is published once, that of a failed one never', async (t) => {
    const { database, bus } = await openBus(open);
    const seen = collect(bus);
    await record(database, ['kept']);
    const failing = database.transaction(async (transaction) => {
      await recordEvent(transaction, eventAbout('lost'));
      throw new Error('on purpose');
    });
    await assert.rejects(failing, /on purpose/);
    const relay = startTestRelay(t, database, bus);
    await relay.drain();
    await relay.drain();
    assert.deepEqual(seen, ['kept']);
  });

  test('an event arrives as it was recorded', async (t) => {
    const { database, bus } = await openBus(open);
    const events: unknown[] = [];
    bus.subscribe('*', (event) => void events.push(event));
    const event = {
      id: createId(start),
      organisationId: 'o',
      topic: 'a.b',
      payload: { n: [1, { ü: null }] },
      at: start,
    };
    await database.transaction((transaction) => recordEvent(transaction, event));
    await startTestRelay(t, database, bus).drain();
    assert.deepEqual(events, [event]);
  });

  test('more events than a page arrive in the order of their ids', async (t) => {
    const { database, bus } = await openBus(open);
    const seen = collect(bus);
    const topics = Array.from({ length: 230 }, (_, index) => `topic.${index}`);
    await record(database, topics);
    await startTestRelay(t, database, bus).drain();
    assert.deepEqual(seen, topics);
  });

  test('any number of published events is noted, each once', async (t) => {
    const { database, bus } = await openBus(open);
    const relay = startTestRelay(t, database, bus);
    for (const count of [1, 2, 16, 17, 129, 300]) {
      const seen = collect(bus);
      await record(
        database,
        Array.from({ length: count }, (_, index) => `topic.${index}`),
      );
      await relay.drain();
      await relay.drain();
      assert.equal(seen.length, count);
      const waiting = database.query.selectFrom('outbox').select('id').where('published_at', 'is', null);
      assert.deepEqual(await waiting.execute(), []);
    }
  });

  test('waking the relay publishes without being asked again', async (t) => {
    const { database, bus } = await openBus(open);
    const relay = startTestRelay(t, database, bus);
    const arrived = new Promise<string>((resolve) => {
      bus.subscribe('*', (event) => resolve(event.topic));
    });
    await record(database, ['a']);
    relay.wake();
    assert.equal(await arrived, 'a');
  });

  test('an event that was not taken holds up the next ones until it is taken', async (t) => {
    const { database, bus } = await openBus(open);
    const seen: string[] = [];
    let refusals = 2;
    bus.subscribe('*', (event) => {
      if (event.topic === 'b' && refusals-- > 0) throw new Error('not now');
      seen.push(event.topic);
    });
    await record(database, ['a', 'b', 'c']);
    const relay = startTestRelay(t, database, bus);
    while (refusals >= 0) await relay.drain().catch(() => {});
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });

  test('after a failure the relay tries again by itself', async (t) => {
    const { database, bus } = await openBus(open);
    let calls = 0;
    const arrived = new Promise<void>((resolve) => {
      bus.subscribe('*', () => {
        if (++calls === 1) throw new Error('not now');
        resolve();
      });
    });
    await record(database, ['a']);
    startTestRelay(t, database, bus);
    await arrived;
    assert.equal(calls, 2);
  });

  test('what a stopped relay had not published the next one does', async () => {
    const { database, bus } = await openBus(open);
    const seen: string[] = [];
    const first = startRelay({ database, bus, now: () => start, log });
    bus.subscribe('*', (event) => {
      seen.push(event.topic);
      if (event.topic === 'a') void first.stop();
    });
    await record(database, ['a', 'b']);
    await first.drain();
    assert.deepEqual(seen, ['a']);
    const second = startRelay({ database, bus, now: () => start, log });
    await second.drain();
    assert.deepEqual(seen, ['a', 'b']);
    await second.stop();
  });

  test('published rows are forgotten after seven days, waiting ones never', async (t) => {
    const { database, bus } = await openBus(open);
    await record(database, ['old']);
    const first = startRelay({ database, bus, now: () => start, log });
    await first.drain();
    await first.stop();
    await pruneAt(database, start + 7 * dayMs);
    assert.deepEqual(await readTopics(database), ['old']);
    bus.subscribe('waiting', () => {
      throw new Error('not now');
    });
    await pruneAt(database, start + 7 * dayMs + 1);
    assert.deepEqual(await readTopics(database), []);
    await record(database, ['waiting']);
    await assert.rejects(startTestRelay(t, database, bus).drain());
    assert.deepEqual(await readTopics(database), ['waiting']);
  });
});

/** Starts a relay at `now` and stops it after its first turn, which prunes. */
async function pruneAt(database: Database, now: number): Promise<void> {
  const relay = startRelay({ database, bus: createMemoryBus(), now: () => now, log });
  await relay.drain();
  await relay.stop();
}

async function openBus(open: () => Promise<Database>): Promise<{ database: Database; bus: Bus }> {
  return { database: await open(), bus: createMemoryBus() };
}

function startTestRelay(t: TestContext, database: Database, bus: Bus): Relay {
  const relay = startRelay({ database, bus, now: () => start, log });
  t.after(() => relay.stop());
  return relay;
}

function collect(bus: Bus): string[] {
  const topics: string[] = [];
  bus.subscribe('*', (event) => void topics.push(event.topic));
  return topics;
}

function eventAbout(topic: string) {
  return { id: createId(start), organisationId: null, topic, payload: {}, at: start };
}

async function record(database: Database, topics: readonly string[]): Promise<void> {
  await database.transaction(async (transaction) => {
    for (const topic of topics) await recordEvent(transaction, eventAbout(topic));
  });
}

async function readTopics(database: Database): Promise<string[]> {
  const rows = await database.query.selectFrom('outbox').select('topic').orderBy('id').execute();
  return rows.map((row) => row.topic);
}
