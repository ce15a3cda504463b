/** Pictures of many organisations wait in turn, and not without end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.ts';
import { type DecodeLimits, DecodeQueue } from '../../src/images/raster/decode-queue.ts';

/** Work that ends when it is told to, and notes when it begins. */
function openQueue(limits: DecodeLimits) {
  const queue = new DecodeQueue(limits);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const send = (caller: string, name: string) =>
    queue.run(caller, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string) => {
    ends.get(name)?.();
    await settle();
  };
  return { send, end, settle, begun };
}

const isRefused = (code: string) => (error: unknown) =>
  error instanceof Refusal && error.code === code && error.rule === 'image-queue-full';

test('an organisation that sends much keeps none of the others waiting for more than one picture', async () => {
  const { send, end, settle, begun } = openQueue({ running: 2, waiting: 48, waitingOfOne: 12 });
  const sent = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map((name) => send(name.slice(0, 1), name));
  await settle();
  assert.deepEqual(begun, ['a1', 'b1'], 'one of each, however many wait before it');
  await end('a1');
  assert.deepEqual(begun, ['a1', 'b1', 'a2'], 'the first in line stood there before c came');
  await end('a2');
  assert.deepEqual(begun.at(-1), 'c1', 'who was served stands behind the others');
  await end('b1');
  assert.deepEqual(begun.at(-1), 'b2');
  await end('c1');
  await end('b2');
  assert.deepEqual(begun.slice(-1), ['a3'], 'one of a caller at a time, also when places are free');
  await end('a3');
  await end('a4');
  assert.deepEqual(await Promise.all(sent), ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']);
});

test('what one organisation and what all together may have waiting is bounded, and refused with a time to come back', async () => {
  const { send, end, begun } = openQueue({ running: 1, waiting: 3, waitingOfOne: 2 });
  const sent = ['a1', 'a2', 'a3'].map((name) => send('a', name));
  await assert.rejects(send('a', 'a4'), isRefused('rate_limited'));
  sent.push(send('b', 'b1'));
  await assert.rejects(send('c', 'c1'), isRefused('unavailable'));
  await assert.rejects(send('c', 'c1'), { retryAfterSeconds: 5 });
  for (const name of ['a1', 'a2', 'b1', 'a3']) await end(name);
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3']);
  await Promise.all(sent);
});

test('work that fails gives its place to the next, and the queue is empty afterwards', async () => {
  const queue = new DecodeQueue({ running: 1, waiting: 1, waitingOfOne: 1 });
  const failing = queue.run('a', async () => Promise.reject(new Error('broken')));
  const next = queue.run('a', async () => 'decoded');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'decoded');
  assert.equal(await queue.run('b', async () => 'again'), 'again');
});
