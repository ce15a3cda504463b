import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killWhileIssuing } from '../crash/issuance.ts';

test('no certificate reaches anybody before it is in the database with its audit row, wherever SIGKILL strikes', async () => {
  const { findings, received } = await killWhileIssuing(2, () => undefined);
  assert.deepEqual(findings, []);
  assert.ok(received > 0);
});
