/** A restore leaves the old state or the new one, in short; `test/long/restore-crash.ts` is the whole of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRestores } from '../crash/restore-crash.ts';

test('two kills of backups, restores and the swap leave one whole state each time, and nothing lying about', async (t) => {
  const { findings, seen } = await crashRestores(2, (line) => t.diagnostic(line));
  assert.deepEqual(findings, []);
  assert.equal(seen.old + seen.new, 2);
});
