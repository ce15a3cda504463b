/** A short run of the fuzzing; a million are `test/long/frame-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzFrames } from './frame-fuzz.ts';

test('5,000 damaged frames, certificates, cursors and streams are accepted or refused, and nothing else', async () => {
  const { accepted, refused } = await fuzzFrames({ count: 5_000, seed: 20_261_121 });
  assert.ok(accepted > 20, `${accepted} accepted`);
  assert.ok(refused.size >= 4, [...refused.keys()].join(', '));
});
