/** A short run of the fuzzing; a million are `test/long/der-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzDer } from './der-fuzz.ts';

test('5,000 damaged certificates, lists, messages and keys are accepted or refused, and nothing else', async () => {
  const { accepted, refused } = await fuzzDer({ count: 5_000, seed: 20_261_121 });
  // Some damage does no harm, and most of it reaches more than the first octets.
  assert.ok(accepted > 100, `${accepted} accepted`);
  assert.ok(refused.size >= 4, [...refused.keys()].join(', '));
});
