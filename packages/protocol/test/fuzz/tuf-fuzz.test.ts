/** A short run of the fuzzing; a million are `test/long/tuf-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzTuf } from './tuf-fuzz.ts';

test('3,000 damaged metadata files are accepted or refused, and nothing else', async () => {
  const { accepted, refused } = await fuzzTuf({ count: 3_000, seed: 20_261_121 });
  assert.ok(accepted > 50, `${accepted} accepted`);
  assert.ok(refused.size >= 4, [...refused.keys()].join(', '));
});
