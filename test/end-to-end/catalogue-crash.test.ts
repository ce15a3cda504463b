/** In short; `test/long/catalogue-crash.ts` is the whole of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killWhileActivating } from '../crash/catalogue.ts';

test('wherever SIGKILL strikes, the catalogue was true before or after, and its version never goes back', async (t) => {
  const { findings, changes, read } = await killWhileActivating(2, (line) => t.diagnostic(line));
  assert.deepEqual(findings, []);
  assert.ok(changes > 0 && read > 2, `${changes} changes, ${read} catalogues read`);
});
