/** A short run of test/long/archive-fuzz.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzArchives } from './archive-fuzz.ts';

test('three thousand damaged archives are accepted or refused by a rule, each within a second', async () => {
  const outcome = await fuzzArchives({ count: 3000, seed: 1 });
  assert.ok(outcome.slowestMs < 1000, `the slowest took ${outcome.slowestMs} ms`);
  assert.ok(outcome.accepted > 100, 'damage that changes nothing is accepted');
  assert.ok(outcome.refused.size > 25, 'the damage reaches many rules');
});
