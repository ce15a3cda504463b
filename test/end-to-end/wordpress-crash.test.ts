import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killWhileDeploying } from '../crash/wordpress.ts';

test('a plugin is in its repository as one revision of trunk and tag, or not at all, wherever SIGKILL strikes', async () => {
  const { findings, deployed } = await killWhileDeploying(2, () => undefined);
  assert.deepEqual(findings, []);
  assert.equal(deployed, 2);
});
