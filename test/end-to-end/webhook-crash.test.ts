import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killWhilePosting } from '../crash/webhooks.ts';

test('what somebody was told has happened arrives at its webhook, wherever SIGKILL strikes', async () => {
  const { findings, acknowledged, arrived } = await killWhilePosting(2, () => undefined);
  assert.deepEqual(findings, []);
  assert.ok(acknowledged > 0 && arrived >= acknowledged);
});
