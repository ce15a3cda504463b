/** A short run of the fuzzing; a million are `test/long/fetching-fuzz.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzFetching } from './fetching-fuzz.ts';

test('5,000 damaged places, manifests, states and answers are taken or refused, and nothing else', async () => {
  const { accepted, refused } = await fuzzFetching({ count: 5_000, seed: 20_261_121 });
  assert.ok(accepted > 200, `${accepted} accepted`);
  for (const code of ['malformed', 'fetch_failed', 'digest_mismatch', 'state_invalid', 'too_large', 'target_unknown']) {
    assert.ok((refused.get(code) ?? 0) > 0, `${code} among ${[...refused.keys()].join(', ')}`);
  }
});
