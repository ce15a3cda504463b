/** A short run of the fuzzing; a million are `test/long/tlog-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzTlog } from './tlog-fuzz.ts';

test('5,000 damaged notes, keys, tiles and proofs of logs are accepted or refused, and what is accepted is true', async () => {
  const { accepted, refused } = await fuzzTlog({ count: 5_000, seed: 20_261_121 });
  assert.ok(accepted > 500, `${accepted} accepted`);
  assert.ok(refused.size >= 4, [...refused.keys()].join(', '));
});
