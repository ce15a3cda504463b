/** Work of many organisations waits in turn, and not without end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/errors.ts';
import { FairTurns, type TurnTaker } from '../../src/storage/fair-turns.ts';

/** Work that ends when it is told to, and notes when it begins. */
function openTurns(limits: { readonly running: number; readonly waiting: number; readonly waitingOfOne: number }) {
  const turns = new FairTurns({ ...limits, what: 'pictures', rule: 'full', retryAfterSeconds: 5 });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const send = (name: string, taker: Partial<TurnTaker> = {}) =>
    turns.run({ organisationId: name.slice(0, 1), ...taker }, async () => {
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
  error instanceof Refusal && error.code === code && error.rule === 'full';

test('an organisation that sends much keeps none of the others waiting for more than one turn', async () => {
  const { send, end, settle, begun } = openTurns({ running: 2, waiting: 48, waitingOfOne: 12 });
  const sent = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map((name) => send(name));
  await settle();
  assert.deepEqual(begun, ['a1', 'b1'], 'one of each, however many wait before it');
  await end('a1');
  assert.deepEqual(begun, ['a1', 'b1', 'c1'], 'who was served stands behind the others');
  await end('c1');
  assert.deepEqual(begun.at(-1), 'a2');
  await end('b1');
  assert.deepEqual(begun.at(-1), 'b2');
  await end('b2');
  assert.deepEqual(begun.at(-1), 'b2', 'one of a caller at a time, also when places are free');
  await end('a2');
  assert.deepEqual(begun.at(-1), 'a3');
  await end('a3');
  await end('a4');
  assert.deepEqual(await Promise.all(sent), ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']);
});

test('what one organisation and what all together may have waiting is bounded, and refused with a time to come back', async () => {
  const { send, end, begun } = openTurns({ running: 1, waiting: 3, waitingOfOne: 2 });
  const sent = ['a1', 'a2', 'a3'].map((name) => send(name));
  await assert.rejects(send('a4'), isRefused('rate_limited'));
  sent.push(send('b1'));
  await assert.rejects(send('c1'), isRefused('unavailable'));
  await assert.rejects(send('c1'), { retryAfterSeconds: 5 });
  for (const name of ['a1', 'b1', 'a2', 'a3']) await end(name);
  assert.deepEqual(begun, ['a1', 'b1', 'a2', 'a3']);
  await Promise.all(sent);
});

test('work that fails gives its place to the next, and nothing waits afterwards', async () => {
  const limits = { running: 1, waiting: 1, waitingOfOne: 1, what: 'pictures', rule: 'full', retryAfterSeconds: 5 };
  const turns = new FairTurns(limits);
  const a = { organisationId: 'a' };
  const failing = turns.run(a, async () => Promise.reject(new Error('broken')));
  const next = turns.run(a, async () => 'decoded');
  await assert.rejects(failing, /broken/);
  assert.equal(await next, 'decoded');
  assert.equal(await turns.run({ organisationId: 'b' }, async () => 'again'), 'again');
});

test('whoever is gone leaves the line, and those behind move up', async () => {
  const { send, end, begun } = openTurns({ running: 1, waiting: 3, waitingOfOne: 2 });
  const gone = new AbortController();
  const sent = [send('a1'), send('b1')];
  const left = [send('a2', { signal: gone.signal }), send('c1', { signal: gone.signal })];
  const ended = Promise.allSettled(left);
  await assert.rejects(send('d1'), isRefused('unavailable'));
  gone.abort();
  for (const one of await ended) assert.equal(one.status === 'rejected' && one.reason.code, 'unavailable');
  await assert.rejects(send('d1', { signal: gone.signal }), { code: 'unavailable' });
  sent.push(send('d1'), send('a3'));
  for (const name of ['a1', 'b1', 'd1', 'a3']) await end(name);
  assert.deepEqual(begun, ['a1', 'b1', 'd1', 'a3']);
  await Promise.all(sent);
});

test('a job of the server waits in the line of its organisation, however many wait', async () => {
  const { send, end, begun } = openTurns({ running: 1, waiting: 1, waitingOfOne: 1 });
  const sent = [send('a1'), send('a2'), send('a3', { isJob: true }), send('b1', { isJob: true })];
  await assert.rejects(send('c1'), isRefused('unavailable'));
  for (const name of ['a1', 'b1', 'a2', 'a3']) await end(name);
  assert.deepEqual(begun, ['a1', 'b1', 'a2', 'a3']);
  await Promise.all(sent);
});
