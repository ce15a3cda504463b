/** Invariant 6, in short; `test/long/crash.ts` is the whole of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRepeatedly } from '../crash/crash.ts';

test('two kills under load lose nothing that was acknowledged and publish nothing that was not', async (t) => {
  const { findings, history } = await crashRepeatedly(2, (line) => t.diagnostic(line));
  assert.deepEqual(findings, []);
  assert.ok(
    history.releases.some(({ state }) => state === 'active'),
    'expected the load to activate releases',
  );
  assert.ok(history.rotations > 0, 'expected the load to rotate keys');
});
