/** Files that take a parser long: they hold up nobody but whoever handed them in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { readPolicyText } from '../../../src/evidence/policies/policy-text.ts';
import { readFormat } from '../../../src/watch/formats/format-thread.ts';
import { ReadingTurns } from '../../../src/watch/formats/reading-turns.ts';
import { clusterImagePolicy, keyless, read } from './scene.ts';

const attached = new Map<string, string>();
const reading = { organisationId: 'home' };
/** The parser reports each of them, by walking through all of those before. */
const slow = '"" '.repeat(170_000);

test('a file is read apart, as it would be here', async () => {
  const text = clusterImagePolicy(keyless('subject: releases@example.org'));
  const apart = await readFormat({ format: 'policy-controller', text, attached }, reading);
  assert.deepEqual(apart, read('policy-controller', text));
  const broken = readFormat({ format: 'kyverno', text: '- [', attached }, reading);
  await assert.rejects(broken, { code: 'invalid', rule: 'watch-format' });
  const large = readFormat({ format: 'kyverno', text: 'a'.repeat(600_000), attached }, reading);
  await assert.rejects(large, { code: 'too_large', rule: 'watch-format' });
});

test('one that takes minutes is given up, and all else goes on meanwhile', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 10);
  const given = readFormat({ format: 'kyverno', text: slow, attached }, { ...reading, timeLimitMs: 1_000 });
  await assert.rejects(given, { rule: 'watch-format' });
  clearInterval(timer);
  assert.ok(turns > 10, `the loop turned ${turns} times`);
});

test('whoever hands in what takes long waits for themselves, and nobody else does', async () => {
  const ends = new AbortController();
  const timeLimitMs = 120_000;
  const greedy = { organisationId: 'greedy', timeLimitMs, signal: ends.signal };
  const order = { format: 'kyverno', text: slow, attached } as const;
  const [first, second] = [readFormat(order, greedy), readFormat(order, greedy)];
  const ended = Promise.allSettled([first, second]);
  const refusal = { code: 'rate_limited', rule: 'watch-readings', retryAfterSeconds: 10 };
  await assert.rejects(readFormat(order, greedy), refusal);
  const text = clusterImagePolicy(keyless('subject: releases@example.org'));
  assert.ok(
    await readFormat({ format: 'policy-controller', text, attached }, { organisationId: 'other', timeLimitMs }),
  );
  ends.abort();
  assert.deepEqual(
    (await ended).map((one) => one.status === 'rejected' && one.reason.code),
    ['invalid', 'unavailable'],
  );
  assert.ok(
    await readFormat({ format: 'policy-controller', text, attached }, { organisationId: 'greedy', timeLimitMs }),
  );
});

test('turns are few in all, in the order of those who came, one organisation at a time', async () => {
  const turns = new ReadingTurns();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (organisationId: string, name: string, signal?: AbortSignal) =>
    turns.run({ organisationId, signal }, () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const taken = ['a', 'a', 'b', 'b', 'c', 'c', 'd'].map((one, index) => take(one, `${one}${index}`));
  const gone = new AbortController();
  const left = take('d', 'd7', gone.signal);
  await assert.rejects(take('e', 'e'), { code: 'rate_limited', message: /on this server/ });
  gone.abort();
  await assert.rejects(left, { code: 'unavailable' });
  const again = take('e', 'e8');
  assert.deepEqual(begun, ['a0', 'b2']);
  for (const name of ['b2', 'a0', 'b3', 'a1', 'c4', 'd6', 'c5', 'e8']) {
    ends.get(name)?.();
    await setImmediate();
  }
  assert.deepEqual(begun, ['a0', 'b2', 'b3', 'a1', 'c4', 'd6', 'c5', 'e8']);
  await Promise.all([...taken, again]);
});

test('a release policy, which is read again and again, is refused before the parser sees what takes minutes', () => {
  for (const text of [`[${','.repeat(200_000)}]`, 'a:\n'.repeat(60_000), '"" '.repeat(60_000), '- '.repeat(60_000)]) {
    assert.throws(() => readPolicyText(text), { rule: 'policy-text', message: /lines and marks/ });
  }
});
