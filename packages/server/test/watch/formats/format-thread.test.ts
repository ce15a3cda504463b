/** Files that take a parser long: they hold up nobody but whoever handed them in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPolicyText } from '../../../src/evidence/policies/policy-text.ts';
import { readFormat } from '../../../src/watch/formats/format-thread.ts';
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
  const order = { format: 'kyverno', text: slow, attached } as const;
  const ends = new AbortController();
  let isRead = false;
  const long = readFormat(order, { ...reading, timeLimitMs: 120_000, signal: ends.signal })
    .catch(() => undefined)
    .then(() => {
      isRead = true;
    });
  for (let turn = 0; turn < 10; turn += 1) await sleep(10);
  assert.equal(isRead, false);
  ends.abort();
  await long;
  await assert.rejects(readFormat(order, { ...reading, timeLimitMs: 1_000 }), { rule: 'watch-format' });
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

test('a release policy, which is read again and again, is refused before the parser sees what takes minutes', () => {
  for (const text of [`[${','.repeat(200_000)}]`, 'a:\n'.repeat(60_000), '"" '.repeat(60_000), '- '.repeat(60_000)]) {
    assert.throws(() => readPolicyText(text), { rule: 'policy-text', message: /lines and marks/ });
  }
});
