import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryBus } from '../../../src/storage/bus/memory.ts';
import type { Event } from '../../../src/storage/bus.ts';

test('an event reaches those who asked for its topic, a topic above it, or all', async () => {
  const bus = createMemoryBus();
  const seen: string[] = [];
  for (const topic of ['release.activated', 'release', '*', 'releases', 'release.act', 'project']) {
    bus.subscribe(topic, () => void seen.push(topic));
  }
  await bus.publish(eventAbout('release.activated'));
  assert.deepEqual(seen, ['release.activated', 'release', '*']);
});

test('publishing waits for the subscribers', async () => {
  const bus = createMemoryBus();
  let taken = false;
  bus.subscribe('*', async () => {
    await new Promise(setImmediate);
    taken = true;
  });
  await bus.publish(eventAbout('a'));
  assert.equal(taken, true);
});

test('what one subscriber refuses the others still get, and the publisher learns of it', async () => {
  const bus = createMemoryBus();
  const seen: string[] = [];
  const refusal = new Error('no');
  bus.subscribe('*', () => {
    throw refusal;
  });
  bus.subscribe('*', async () => Promise.reject(refusal));
  bus.subscribe('*', (event) => void seen.push(event.id));
  await assert.rejects(
    bus.publish(eventAbout('a')),
    (error) => error instanceof AggregateError && error.errors.length === 2 && error.errors[0] === refusal,
  );
  assert.deepEqual(seen, ['a-1']);
});

test('who has left, and everybody after the end, gets nothing', async () => {
  const bus = createMemoryBus();
  const seen: string[] = [];
  const leave = bus.subscribe('*', () => void seen.push('first'));
  bus.subscribe('*', () => void seen.push('second'));
  leave();
  await bus.publish(eventAbout('a'));
  await bus.close();
  await bus.publish(eventAbout('a'));
  assert.deepEqual(seen, ['second']);
});

function eventAbout(topic: string): Event {
  return { id: `${topic}-1`, organisationId: null, topic, payload: {}, at: 0 };
}
