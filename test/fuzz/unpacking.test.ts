/** A short run of the fuzzing; more are `test/long/unpack-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzUnpacking } from './unpacking.ts';

test('150 damaged archives are unpacked into their folder or refused, and nothing else', async () => {
  const { accepted, refused } = await fuzzUnpacking({ count: 150, seed: 20_261_121 });
  assert.ok(accepted > 5, `${accepted} accepted`);
  assert.ok(refused.size >= 8, [...refused.keys()].join('\n'));
});
