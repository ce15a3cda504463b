/** A short run of test/long/archive-fuzz.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzArchives } from './archive-fuzz.ts';

test('three thousand damaged archives are accepted or refused by a rule, and none is read over and over', async () => {
  const outcome = await fuzzArchives({ count: 3000, seed: 1 });
  assert.ok(outcome.mostReadings < 4, `each octet of one was read ${outcome.mostReadings} times`);
  assert.ok(outcome.accepted > 100, 'damage that changes nothing is accepted');
  assert.ok(outcome.refused.size > 25, 'the damage reaches many rules');
});
